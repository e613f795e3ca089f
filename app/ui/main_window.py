"""The window: docks of panels, the top bar, the status bar, the menus.

It makes the models, hands them to the panels, and does nothing else. Panels are rows of
`panel_rows.PANELS`; what commands do is in `window_commands`.
"""

from pathlib import Path
from typing import Final

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QKeyEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QMainWindow,
    QTabWidget,
    QToolBar,
)

from app.clock import Clock
from app.config import Settings
from app.sessions.session import Mode
from app.settings_file import SettingsFile
from app.ui import theme as themes
from app.ui.amenities import Amenities
from app.ui.arrangements import BACKTEST, REPLAY
from app.ui.bridge import Bridge
from app.ui.commands import Commands
from app.ui.context import Context
from app.ui.docks import Docks
from app.ui.failures import Failures
from app.ui.garbage import Garbage
from app.ui.hotkeys import Hotkeys
from app.ui.jobs import Jobs
from app.ui.leaving import Leaving
from app.ui.library import Library
from app.ui.links import GROUPS, Links
from app.ui.look import Look
from app.ui.memory import Memory, keep_keys
from app.ui.menus import Menus
from app.ui.models.desk import Desk
from app.ui.models.messages import Level
from app.ui.opening import Opening, Sessions
from app.ui.panel_host import PanelHost
from app.ui.panels.ladder import LadderPanel
from app.ui.recording import Recording
from app.ui.safety import Safety
from app.ui.session_bar import SessionBar
from app.ui.status_bar import StatusBar
from app.ui.strategy_watch import StrategyWatch
from app.ui.top_bar import TopBar
from app.ui.trading import Trading
from app.ui.window_commands import WindowCommands
from app.ui.workspace_bar import WorkspaceBar, WorkspaceCommands
from app.ui.workspace_files import WorkspaceFiles
from app.ui.workspace_layout import WorkspaceLayout
from app.ui.workspaces import Workspaces

_IMPORTED: Final = "Market data (*)"
_SIZE: Final = (1480, 920)
_NORTH: Final = QTabWidget.TabPosition.North


def _files_of(event: QDropEvent) -> list[Path]:
    """Files and folders of this machine that are dropped."""
    urls = event.mimeData().urls()
    return [Path(each.toLocalFile()) for each in urls if each.isLocalFile()]


class MainWindow(QMainWindow):
    """The whole window.

    Attributes
    ----------
    panels : Docks
        The panels that there are, each in its dock.
    docks : dict
        A panel's name to its dock.

    Parameters
    ----------
    settings : Settings
    sessions : Sessions
        What can be opened.
    clock : Clock
    folder : Path or None
        Where workspaces and keys are kept from one run to the next; None = nowhere.
    file : SettingsFile or None
        Where changed settings are written; None = they cannot be changed.
    """

    def __init__(
        self,
        settings: Settings,
        sessions: Sessions,
        clock: Clock,
        folder: Path | None = None,
        file: SettingsFile | None = None,
    ) -> None:
        super().__init__()
        self._clock = clock
        self.garbage = Garbage(clock, self)
        self.desk = Desk()
        self.links = Links(self.desk, self)
        self.focus = self.links.groups[GROUPS[0]]
        self.bridge = Bridge(self.desk, clock, settings.ui.frames_per_s)
        self.bridge.setParent(self)
        # Before any panel hears of it: they look for the instrument there.
        self.bridge.session_changed.connect(self.links.reset)
        self.bridge.instruments_changed.connect(self.links.reset)
        self.commands = Commands(self)
        self.trading = Trading(self.desk, self.bridge, clock)
        self.safety = Safety(self.desk, self.bridge, self.trading)
        self.jobs = Jobs()
        self.opening = Opening(sessions, self.bridge, self.jobs)
        paths = settings.paths
        self.library = Library(paths.data, paths.strategies, paths.runs, paths.sweeps)
        self.strategies = StrategyWatch(self.bridge, paths.strategies)
        self.recording = Recording(settings, self.bridge, self.library)
        self.failures = Failures()
        self.leaving = Leaving(self, self.desk)
        self.session = SessionBar(self.opening, self.bridge, self.focus, self.leaving)
        self.files = WorkspaceFiles(folder, self._warn)
        self.memory = Memory(self.files)
        self.look = Look(settings.ui, self.memory, self.dress, self)
        self.amenities = Amenities(self, settings, file)
        self._furnish()
        self._connect()

    def _furnish(self) -> None:
        """Make docks, bars, menus and workspaces around what there is to show."""
        # The keyboard begins with the window itself, not with its first button.
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._write()
        self.setDockNestingEnabled(True)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, _NORTH)
        self.panels = Docks(self, self.desk, self.links)
        self.docks = self.panels.by_name
        self.hotkeys = Hotkeys(self.commands, self)
        self._is_arranged = self._was_active = self._is_fitted = False
        self._bar = QToolBar("Session")
        self._bar.setObjectName("session")
        self._bar.setMovable(False)
        self._bar.toggleViewAction().setEnabled(False)
        self.addToolBar(self._bar)
        self.dress()
        layout = WorkspaceLayout(self, self.panels, self.links)
        self.workspaces = Workspaces(layout, self.panels, self.files)
        self.bridge.session_changed.connect(self.workspaces.drop_in_hand)
        self.workspace_commands = WorkspaceCommands(
            self, self.workspaces, self.commands
        )
        self._bound = WindowCommands(self)
        self.menus = Menus(self, self.commands, self.panels, self.panels.add)
        self.menuBar().setNativeMenuBar(False)  # the strip is in it
        self.strip = WorkspaceBar(self.workspaces, self.commands)
        self.menuBar().setCornerWidget(self.strip)
        self.resize(*_SIZE)
        self._before_backtest = self.workspaces.current
        geometry = self.memory.text("geometry").encode("ascii", "ignore")
        self.restoreGeometry(QByteArray.fromBase64(geometry))

    @property
    def hosts(self) -> dict[str, PanelHost]:
        """The panels' hosts by name."""
        return self.panels.hosts()

    # What it is made of.

    @property
    def theme(self) -> themes.Theme:
        """The colours it has now."""
        return self.look.theme

    def dress(self) -> None:
        """Build every panel in the look of now; the session goes on."""
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        look = self.look
        was_inside, before = self.panels.has_keyboard(), self.panels.worked_in()
        self.panels.strip()
        self._write()
        themes.apply(application, look.theme, look.settings.scale)
        self.context = Context(
            self.desk,
            self.bridge,
            self.commands,
            self.trading,
            look.theme,
            look.settings,
            self._clock,
            self.library,
            self.focus,
            self.safety,
            self.strategies,
        )
        self.panels.give(self.context)
        self.amenities.give(self.context)
        self._build_bars()
        if was_inside and self._is_arranged:
            self.panels.go_on(before)

    def _write(self) -> None:
        """Take the font of the look: for what is made, before docks are.

        Of the application's font Qt tells widgets in its event loop alone, and a dock
        with a weight of the style sheet keeps the rest of the font it was made in.
        """
        self.setFont(themes.text_font(self.look.settings.scale))

    def _build_bars(self) -> None:
        for action in self._bar.actions():
            self._bar.removeAction(action)
            action.deleteLater()  # and the bar that it holds
        self.top_bar = TopBar(self.context, self.opening.sessions.built, self.recording)
        self._bar.addWidget(self.top_bar)
        self.session.take(self.top_bar)
        self.setStatusBar(StatusBar(self.context))

    def _connect(self) -> None:
        self.session.named.connect(self.setWindowTitle)
        self.session.mode_pressed.connect(self._on_mode)
        self.workspaces.changed.connect(self._on_workspace)
        self.session.show_session()
        self.workspaces.kept.connect(self._remember)
        self.panels.key_pressed.connect(self.hotkeys.press)
        self.panels.search_wanted.connect(self._bound.search_instruments)
        self.bridge.session_changed.connect(self._show_drills)
        self.bridge.status_changed.connect(self._show_drills)
        self.bridge.view_changed.connect(self._on_live)
        self.failures.told.connect(self._on_failure)
        self.library.play_wanted.connect(self.session.choose_feed)
        self.library.import_wanted.connect(self._on_import)
        self.library.changed.connect(self.session.show_session)
        for words in keep_keys(self.commands, self.files):
            self._warn(f"keys.json: {words}")
        self.setAcceptDrops(True)

    # The session.

    def open(self, mode: Mode, feed: str) -> None:
        """Open a session; what is open is left."""
        self.session.open(mode, feed)

    def select(self, number: int) -> None:
        """Show an instrument."""
        self.focus.choose(number)

    def ladder(self) -> LadderPanel | None:
        """The ladder that was used last, unless it has failed or none is shown."""
        dock = self.panels.used("ladder")
        panel = dock.host.panel if dock is not None else None
        return panel if isinstance(panel, LadderPanel) else None

    def _show_drills(self) -> None:
        """Fire drills are the built-in exchange's: elsewhere there is no such menu."""
        has_drills = self.bridge.status.seed is not None
        self.menus.show_group("drill", has_drills)
        for action in self.commands.group("drill"):
            action.setVisible(has_drills)

    def _on_live(self) -> None:
        """Once a market is shown there is time for what the start did without."""
        view = self.desk.market.view
        if view is not None and view["instrument"]["bid_levels"].any():
            self.bridge.view_changed.disconnect(self._on_live)
            self.panels.import_soon()

    def _on_mode(self, mode: Mode) -> None:
        """Backtests have a workspace and need no session; what is open goes on."""
        if mode is Mode.BACKTEST:
            self.workspaces.switch(BACKTEST)
        elif self.workspaces.current == BACKTEST:
            self.workspaces.switch(self._before_backtest)

    def _on_workspace(self) -> None:
        current = self.workspaces.current
        if current != BACKTEST:
            self._before_backtest = current
        self.session.is_backtest = current == BACKTEST
        self.session.is_replay = current == REPLAY
        self.session.show_session()

    # Files.

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _files_of(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = _files_of(event)
        if files:
            event.acceptProposedAction()
            # Later: whoever dragged waits until this returns.
            QTimer.singleShot(0, self, lambda: self._on_import(files))

    def _on_import(self, paths: list[Path]) -> None:
        """Ask what is missing of some files and import them; none: ask for files."""
        if not paths:
            names, _ = QFileDialog.getOpenFileNames(self, "Import", "", _IMPORTED)
            paths = [Path(name) for name in names]
        if paths:
            # Late: the importers take a quarter of a second of every start.
            from app.ui.import_dialog import ImportDialog

            self.import_dialog = ImportDialog(self, self.theme, self.library, paths)
            self.import_dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            self.import_dialog.open()

    # The keyboard, and what goes wrong.

    def _on_failure(self, words: str) -> None:
        self.bridge.tell(words, Level.ERROR)

    def _warn(self, words: str) -> None:
        self.bridge.tell(words, Level.WARNING)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # A key that a widget was handed (input methods, assistive technology).
        # Escape comes here where nobody had anything to drop.
        is_escape = event.key() == Qt.Key.Key_Escape
        if is_escape and self.amenities.tour is not None:
            self.amenities.end_tour()
        elif not self.hotkeys.press(event):
            super().keyPressEvent(event)

    # Layout and end.

    def showEvent(self, event: QShowEvent) -> None:
        # Arranged before it is shown, Qt would leave a second tab bar behind.
        if not self._is_arranged:
            self._is_arranged = True
            self.workspaces.open(self.memory.text("workspace"))
            self.setFocus()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        is_activation = event.type() == QEvent.Type.ActivationChange
        if is_activation and self.isActiveWindow() and not self._was_active:
            # Only now it has come to the front, and maybe before its own floats.
            self._was_active = True
            if self._is_fitted:
                self.fit_screen()  # only now its frame is known
            QTimer.singleShot(0, self.panels, self.panels.raise_floats)
            QTimer.singleShot(0, self.panels, self.panels.begin)

    def _remember(self) -> None:
        """Keep what belongs to no workspace."""
        geometry = bytes(self.saveGeometry().toBase64().data()).decode("ascii")
        self.memory.put(workspace=self.workspaces.current, geometry=geometry)

    def fit_screen(self) -> None:
        """Become no larger than the screen, with the frame around it if it has one."""
        self._is_fitted = True
        if self.isMaximized() or self.isFullScreen():
            return
        screen = self.screen().availableGeometry()
        frame = self.frameGeometry().size() - self.size()
        self.resize(self.size().boundedTo(screen.size() - frame))

    def quit(self) -> None:
        """Close as a user asks for it: open orders and positions are asked about."""
        if not self.leaving.is_asking:
            self.leaving.ask(self._end, lambda: None, "Quit Ringside?", "Quit")

    def _end(self) -> None:
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        # The cross in the title bar, not the program itself.
        if event.spontaneous() and self.leaving.open_ends():
            event.ignore()
            self.quit()
            return
        self.workspaces.close()
        self.amenities.close()
        self.recording.close()
        self.opening.close()
        self.jobs.close()
        self.library.close()
        self.strategies.close()
        self.garbage.close()
        event.accept()
