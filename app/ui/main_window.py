"""The window: docks of panels, the top bar, the status bar, the menus.

It makes the models, hands them to the panels, binds the commands, and does nothing
else. Panels are rows of `PANELS`: a new one is a file and a line.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QByteArray, QSettings, Qt, QTimer
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QFileDialog,
    QMainWindow,
    QMessageBox,
    QTabWidget,
    QToolBar,
)

from app.clock import Clock
from app.config import Settings
from app.engine.exchange.drill_table import DRILLS
from app.engine.records import SafetyState
from app.sessions.session import Mode
from app.ui import formatting, theme as themes
from app.ui.bridge import Bridge
from app.ui.commands import Commands
from app.ui.context import Context
from app.ui.docks import DockTitles
from app.ui.failures import Failures
from app.ui.focus import Focus
from app.ui.help import HelpWindow
from app.ui.jobs import Jobs
from app.ui.library import Library
from app.ui.models.desk import Desk
from app.ui.models.messages import Level
from app.ui.models.pace import next_speed
from app.ui.opening import Opening, Sessions
from app.ui.panel_host import Factory, PanelHost
from app.ui.panels.data import DataPanel
from app.ui.panels.fills import FillsPanel
from app.ui.panels.instruments import InstrumentsPanel
from app.ui.panels.ladder import LadderPanel
from app.ui.panels.messages import MessagesPanel
from app.ui.panels.monitor import MonitorPanel
from app.ui.panels.orders import OrdersPanel
from app.ui.panels.pnl import PnlPanel
from app.ui.panels.positions import PositionsPanel
from app.ui.panels.risk import RiskPanel
from app.ui.panels.tape import TapePanel
from app.ui.panels.watchlist import WatchlistPanel
from app.ui.recording import Recording
from app.ui.status_bar import StatusBar
from app.ui.top_bar import TopBar, unbuilt_text
from app.ui.trading import Trading

LAYOUT_VERSION: Final = 2
_IMPORTED: Final = "Market data (*)"
_SIZE: Final = (1480, 920)
_NORTH: Final = QTabWidget.TabPosition.North
_MENUS: Final = (
    ("file", "&File"),
    ("session", "&Session"),
    ("safety", "S&afety"),
    ("trade", "&Trade"),
    ("ladder", "&Ladder"),
    ("drill", "&Drills"),
    ("window", "&Window"),
    ("help", "&Help"),
)
_LEAVE: Final = QMessageBox.StandardButton.Yes
_STAY: Final = QMessageBox.StandardButton.Cancel


@dataclass(frozen=True, slots=True)
class PanelRow:
    """A panel of the window."""

    name: str
    title: str
    factory: Factory


PANELS: Final = (
    PanelRow("ladder", "Ladder", LadderPanel),
    PanelRow("pnl", "P&L", PnlPanel),
    PanelRow("risk", "Risk", RiskPanel),
    PanelRow("orders", "Orders", OrdersPanel),
    PanelRow("fills", "Fills", FillsPanel),
    PanelRow("positions", "Positions", PositionsPanel),
    PanelRow("messages", "Log", MessagesPanel),
    PanelRow("watchlist", "Watchlist", WatchlistPanel),
    PanelRow("tape", "Time & sales", TapePanel),
    PanelRow("monitor", "System", MonitorPanel),
    PanelRow("data", "Data", DataPanel),
    PanelRow("instruments", "Instruments", InstrumentsPanel),
)


def _files_of(event: QDropEvent) -> list[Path]:
    """Files and folders of this machine that are dropped."""
    urls = event.mimeData().urls()
    return [Path(each.toLocalFile()) for each in urls if each.isLocalFile()]


class MainWindow(QMainWindow):
    """The whole window.

    Attributes
    ----------
    hosts, docks : dict
        Panel name to its PanelHost, and to the dock around it.

    Parameters
    ----------
    settings : Settings
    sessions : Sessions
        What can be opened.
    clock : Clock
    layout : QSettings or None
        Where the layout is kept from one run to the next; None = nowhere.
    """

    def __init__(
        self,
        settings: Settings,
        sessions: Sessions,
        clock: Clock,
        layout: QSettings | None = None,
    ) -> None:
        super().__init__()
        self._settings = settings
        self._store = layout
        self._clock = clock
        self.desk = Desk()
        self.focus = Focus(self.desk)
        self.bridge = Bridge(self.desk, clock, settings.ui.frames_per_s)
        self.bridge.setParent(self)
        # Before any panel hears of it: they look for the instrument there.
        self.bridge.session_changed.connect(self.focus.reset)
        self.commands = Commands(self)
        self.trading = Trading(self.desk, self.bridge, clock)
        self.jobs = Jobs()
        self.opening = Opening(sessions, self.bridge, self.jobs)
        self.library = Library(settings.paths.data)
        self.recording = Recording(settings, self.bridge, self.library)
        self.failures = Failures()
        self.hosts = {row.name: PanelHost(row.title, row.factory) for row in PANELS}
        self.docks = {row.name: self._dock(row) for row in PANELS}
        self.setWindowTitle("Ringside")
        self.setDockNestingEnabled(True)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, _NORTH)
        self._bind()
        self._bar = QToolBar("Session")
        self._bar.setObjectName("session")
        self._bar.setMovable(False)
        self._bar.toggleViewAction().setEnabled(False)
        self.addToolBar(self._bar)
        self.dress(themes.THEMES[settings.ui.theme])
        self._menus()
        self._titles = DockTitles(self, list(self.docks.values()))
        self.resize(*_SIZE)
        self._is_arranged = False
        self._connect()

    # What it is made of.

    def dress(self, theme: themes.Theme) -> None:
        """Build every panel in a theme; the session goes on."""
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        themes.apply(application, theme, self._settings.ui.scale)
        self.theme = theme
        self.context = Context(
            self.desk,
            self.bridge,
            self.commands,
            self.trading,
            theme,
            self._settings.ui,
            self._clock,
            self.library,
            self.focus,
        )
        for host in self.hosts.values():
            host.build(self.context)
        self._build_bars()

    def _build_bars(self) -> None:
        self._bar.clear()
        self.top_bar = TopBar(self.context, self.opening.sessions.built, self.recording)
        self._bar.addWidget(self.top_bar)
        self.top_bar.mode_chosen.connect(self._on_mode)
        self.top_bar.unbuilt_chosen.connect(self._on_unbuilt)
        self.top_bar.feed_chosen.connect(self._on_feed)
        self.top_bar.instrument_chosen.connect(self.select)
        self.setStatusBar(StatusBar(self.context))
        self._show_session()

    def _dock(self, row: PanelRow) -> QDockWidget:
        dock = QDockWidget(row.title.replace("&", "&&"), self)
        dock.setObjectName(row.name)
        dock.setWidget(self.hosts[row.name])
        return dock

    def _menus(self) -> None:
        bar = self.menuBar()
        self._shown: dict[str, QAction] = {}
        for group, title in _MENUS:
            menu = bar.addMenu(title)
            if group == "window":
                for dock in self.docks.values():
                    menu.addAction(dock.toggleViewAction())
                menu.addSeparator()
            menu.addActions(list(self.commands.group(group)))
            self._shown[group] = menu.menuAction()
        for action in self.commands.group("safety"):
            self.addAction(action)

    def _bind(self) -> None:
        bind, trading = self.commands.bind, self.trading
        bind("file.import", self.library.ask_import)
        bind("file.data", partial(self._show_dock, "data"))
        bind("file.instruments", partial(self._show_dock, "instruments"))
        bind("session.record", self.recording.toggle)
        bind("session.restart", self.opening.reopen)
        bind("session.pause", self._pause)
        bind("session.faster", partial(self._pace, 1))
        bind("session.slower", partial(self._pace, -1))
        bind("session.quit", self._quit)
        bind("safety.view", lambda: trading.set_state(SafetyState.VIEW))
        bind("safety.armed", lambda: self._leave_killed_first(SafetyState.ARMED))
        bind("safety.reduce", lambda: self._leave_killed_first(SafetyState.REDUCE))
        bind("safety.kill", trading.kill)
        bind("safety.flatten_all", lambda: trading.kill(flatten=True))
        bind("trade.cancel_all", trading.cancel_all)
        bind("window.theme", self._other_theme)
        bind("window.layout", self.default_layout)
        bind("help.keys", self._help)
        for row in DRILLS:
            name = f"drill.{row.drill.name.lower()}"
            bind(name, partial(self._drill, row.drill))
        for action in self.commands.group("ladder"):
            command_id = action.objectName()
            bind(command_id, partial(self._ladder, command_id))

    def _connect(self) -> None:
        self.bridge.instruments_changed.connect(self._show_session)
        self.bridge.session_changed.connect(self._show_session)
        self.bridge.session_changed.connect(self._show_drills)
        self.focus.changed.connect(self._show_session)
        self.bridge.status_changed.connect(self._show_drills)
        self.failures.told.connect(self._on_failure)
        self.library.play_wanted.connect(self._on_feed)
        self.library.import_wanted.connect(self._on_import)
        self.library.changed.connect(self._show_session)
        self.setAcceptDrops(True)

    # The session.

    def open(self, mode: Mode, feed: str) -> None:
        """Open a session; what is open is left."""
        self.opening.open(mode, feed)
        self._show_session()

    def select(self, number: int) -> None:
        """Show an instrument."""
        self.focus.choose(number)

    def ladder(self) -> LadderPanel | None:
        """The ladder, unless it has failed."""
        panel = self.hosts["ladder"].panel
        return panel if isinstance(panel, LadderPanel) else None

    def _show_session(self) -> None:
        opening, bar = self.opening, self.top_bar
        bar.show_mode(opening.mode)
        bar.show_feeds(opening.sessions.feeds(), opening.feed)
        names = [listed.instrument.name for listed in self.desk.market.listed]
        bar.show_instruments(names, self.focus.number)
        where = f" · {opening.feed}" if opening.feed else ""
        self.setWindowTitle(f"Ringside · {opening.mode.title}{where}")

    def _on_mode(self, mode: Mode) -> None:
        if mode is self.opening.mode:
            self.top_bar.show_mode(mode)
        else:
            self._leave_for(mode, self.opening.feed)

    def _on_unbuilt(self, mode: Mode) -> None:
        words = unbuilt_text(mode, self.opening.sessions.built)
        self.bridge.tell(words, Level.WARNING)

    def _on_feed(self, feed: str) -> None:
        if feed != self.opening.feed:
            self._leave_for(self.opening.mode, feed)

    def _leave_for(self, mode: Mode, feed: str) -> None:
        """Open another session; asks first where something is still open."""
        working = len(self.desk.orders.working())
        view = self.desk.market.view
        held = (
            int((view["instrument"]["position"] != 0).sum()) if view is not None else 0
        )
        if not working and not held:
            self.open(mode, feed)
            return
        left = f"{formatting.plural(working, 'working order')} and "
        left += formatting.plural(held, "open position")
        self._question = QMessageBox(self)
        self._question.setWindowTitle("Leave this session?")
        self._question.setText(f"{left} end with this session.")
        self._question.setStandardButtons(_LEAVE | _STAY)
        self._question.button(_LEAVE).setText("Leave")
        self._question.finished.connect(
            lambda answer: self._on_answer(answer, mode, feed)
        )
        self._question.open()

    def _on_answer(self, answer: int, mode: Mode, feed: str) -> None:
        if answer == _LEAVE.value:
            self.open(mode, feed)
        else:
            self._show_session()

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

    def _show_dock(self, name: str) -> None:
        self.docks[name].show()
        self.docks[name].raise_()

    # Commands.

    def _ladder(self, command_id: str) -> None:
        ladder = self.ladder()
        if ladder is not None:
            ladder.run(command_id)

    def _show_drills(self) -> None:
        """Fire drills are the built-in exchange's: elsewhere there is no such menu."""
        has_drills = self.bridge.status.seed is not None
        self._shown["drill"].setVisible(has_drills)
        for action in self.commands.group("drill"):
            action.setVisible(has_drills)

    def _drill(self, drill: int) -> None:
        self.trading.fire_drill(drill, self.focus.number)

    def _pause(self) -> None:
        status = self.bridge.status
        if status.speed is None:
            self.bridge.tell("this feed cannot be paused: it is no recording")
        else:
            self.bridge.set_paused(status.feed_state != "paused")

    def _pace(self, step: int) -> None:
        speed = self.bridge.status.speed
        if speed is None:
            self.bridge.tell("this feed has no pace: it is no recording")
        else:
            self.bridge.set_speed(next_speed(speed, step))

    def _leave_killed_first(self, state: SafetyState) -> None:
        """Change the state, but never out of KILLED with one press."""
        if self.desk.market.safety_state is SafetyState.KILLED:
            self.bridge.tell(
                "KILLED is left in the risk panel, by typing the word it asks for",
                Level.WARNING,
            )
            self.docks["risk"].show()
            self.docks["risk"].raise_()
        else:
            self.trading.set_state(state)

    def _other_theme(self) -> None:
        other = "light" if self.theme.name == "dark" else "dark"
        # Later: the menu that asked for it is about to be built anew.
        QTimer.singleShot(0, self, lambda: self.dress(themes.THEMES[other]))

    def _help(self) -> None:
        HelpWindow(self, self.theme).show()

    def _on_failure(self, words: str) -> None:
        self.bridge.tell(words, Level.ERROR)

    def _quit(self) -> None:
        self.close()

    # Layout and end.

    def default_layout(self) -> None:
        """Put every panel back in its place."""
        docks = self.docks
        for dock in docks.values():
            dock.setFloating(False)
            # WORKAROUND Qt 6.11: docks arranged a second time leave their tab bars
            # behind unless they were removed; it can go when no bar stays on screen.
            self.removeDockWidget(dock)
        left = Qt.DockWidgetArea.LeftDockWidgetArea
        self.addDockWidget(left, docks["ladder"])
        self.splitDockWidget(docks["ladder"], docks["pnl"], Qt.Orientation.Horizontal)
        self.splitDockWidget(docks["pnl"], docks["orders"], Qt.Orientation.Vertical)
        self.splitDockWidget(docks["pnl"], docks["risk"], Qt.Orientation.Horizontal)
        self.splitDockWidget(
            docks["orders"], docks["positions"], Qt.Orientation.Vertical
        )
        self.tabifyDockWidget(docks["orders"], docks["fills"])
        self.tabifyDockWidget(docks["positions"], docks["messages"])
        self.tabifyDockWidget(docks["pnl"], docks["data"])
        self.tabifyDockWidget(docks["data"], docks["instruments"])
        self.tabifyDockWidget(docks["instruments"], docks["monitor"])
        self.tabifyDockWidget(docks["fills"], docks["watchlist"])
        self.tabifyDockWidget(docks["risk"], docks["tape"])
        for dock in docks.values():
            dock.show()
        for name in ("pnl", "orders", "positions", "risk"):
            docks[name].raise_()
        self._proportion()

    def _proportion(self) -> None:
        docks = self.docks
        across, down = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        self.resizeDocks(
            [docks["ladder"], docks["pnl"], docks["risk"]], [460, 680, 320], across
        )
        self.resizeDocks(
            [docks["pnl"], docks["orders"], docks["positions"]], [420, 230, 150], down
        )

    def restore_layout(self) -> None:
        """Arrange the docks as they were left, or as they ship."""
        if self._store is not None:
            geometry, state = self._store.value("geometry"), self._store.value("state")
            if isinstance(geometry, QByteArray) and isinstance(state, QByteArray):
                self.restoreGeometry(geometry)
                if self.restoreState(state, LAYOUT_VERSION):
                    return
        self.default_layout()

    def showEvent(self, event: QShowEvent) -> None:
        # Arranged before it is shown, Qt would leave a second tab bar behind.
        if not self._is_arranged:
            self._is_arranged = True
            self.restore_layout()

    def fit_screen(self) -> None:
        """Become no larger than the screen."""
        self.resize(self.size().boundedTo(self.screen().availableSize()))

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._store is not None:
            self._store.setValue("geometry", self.saveGeometry())
            self._store.setValue("state", self.saveState(LAYOUT_VERSION))
        self.recording.close()
        self.opening.close()
        self.jobs.close()
        self.library.jobs.close()
        event.accept()
