"""The strategies that run in the session: a list, and what the chosen one does."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.engine.strategy import StrategyState
from app.ui.context import Context
from app.ui.items.blotter_view import BlotterView
from app.ui.items.row_menu import Entry, row_menu
from app.ui.items.strategy_form import StrategyForm
from app.ui.items.strategy_pages import StrategyPages
from app.ui.models.messages import Level
from app.ui.models.strategies import (
    StrategyColumns,
    Watched,
    compiling_text,
    strategy_rows,
)
from app.ui.models.table import RecordTable

_EMPTY = "No strategy. Add one of those that ship, of your folder, or a file."
_MAY_START = (
    StrategyState.LOADED,
    StrategyState.PAUSED,
    StrategyState.STOPPED,
    StrategyState.FAILED,
)
_ENDED = (StrategyState.LOADED, StrategyState.STOPPED, StrategyState.FAILED)


class StrategiesPanel(QWidget):
    """Strategies of the session, started, paused, stopped, changed and looked into."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._watch = context.strategies
        desk, bridge = context.desk, context.bridge
        watched = self._watch
        columns = StrategyColumns(desk, context.theme, lambda: watched.watched)
        self.table = RecordTable(
            columns.columns(), lambda: strategy_rows(watched.watched)
        )
        self.view = BlotterView(self.table, _EMPTY)
        self.view.table.setAccessibleName("Strategies")
        self.view.spare_columns("Per call", "Calls/s", "Requests")
        self.buttons = self._make_buttons()
        self.view.add_export("strategies", lambda text: bridge.tell(text, Level.ERROR))
        self.view.spare(*(self.buttons[name] for name in ("stop", "reload", "remove")))
        self.told = QLabel()
        self.told.setProperty("role", "error")
        self.told.setWordWrap(True)
        self.told.setTextFormat(Qt.TextFormat.PlainText)
        self.told.hide()
        self.cancel = QPushButton("&Cancel")
        self.cancel.setToolTip("End the compiler; what was asked for is not done")
        self.cancel.hide()
        self.cancel.clicked.connect(self._watch.cancel_compile)
        self.pages = StrategyPages(context.theme, context.settings.scale)
        self._lay_out()
        insert = QShortcut(QKeySequence(Qt.Key.Key_Insert), self, self.ask)
        insert.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._number = 0
        self.view.menu_wanted.connect(self._on_menu)
        self.view.table.entered_row.connect(lambda _: self.pages.setFocus())
        self.view.table.deleted.connect(self._on_remove)
        self.view.table.selectionModel().selectionChanged.connect(self._on_chosen)
        self.pages.applied.connect(self._on_applied)
        self.pages.currentChanged.connect(lambda _: self._show())
        watched.changed.connect(self._on_changed)
        watched.pulsed.connect(self._on_pulse)
        watched.failed.connect(self._say)
        bridge.session_changed.connect(self._on_changed)
        self._on_changed()

    def _make_buttons(self) -> dict[str, QPushButton]:
        made = {
            name: self.view.add_button(title, tip, act)
            for name, title, tip, act in (
                ("add", "&Add…", "Add a strategy to the session (Insert)", self.ask),
                (
                    "start",
                    "&Start",
                    "Let it run: on from a pause, or afresh",
                    self._start,
                ),
                ("pause", "Pa&use", "Its entries go, its state stays", self._pause),
                ("stop", "St&op", "End its run: entries go, exits stay", _none),
                (
                    "reload",
                    "Re&load",
                    "Read its file again; not while it runs",
                    self._reload,
                ),
                ("remove", "Remo&ve", "Take it out (Delete)", self._on_remove),
            )
        }
        menu = QMenu(made["stop"])
        menu.addAction("&Keep the position, unmanaged", self._stop)
        menu.addAction("&Close the position", lambda: self._stop(flatten=True))
        made["stop"].setMenu(menu)
        return made

    def _lay_out(self) -> None:
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.view)
        split.addWidget(self.pages)
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 3)
        split.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 4)
        layout.setSpacing(0)
        line = QHBoxLayout()
        line.setContentsMargins(8, 0, 8, 0)
        line.addWidget(self.told, 1)
        line.addWidget(self.cancel)
        layout.addLayout(line)
        layout.addWidget(split, 1)
        self.split = split

    def state(self) -> dict[str, Any]:
        """Columns and sorting, how high the list is, and the page below it."""
        return self.view.state() | {
            "split": self.split.sizes(),
            "page": self.pages.currentIndex(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take what `state` told."""
        self.view.restore(state)
        sizes = state.get("split")
        if isinstance(sizes, list) and all(isinstance(each, int) for each in sizes):
            self.split.setSizes(sizes)
        page = state.get("page")
        if isinstance(page, int) and 0 <= page < self.pages.count():
            self.pages.setCurrentIndex(page)

    # What is shown.

    def chosen(self) -> Watched | None:
        """The strategy whose details are shown."""
        return self._watch.watched.get(self._number)

    def choose(self, number: int) -> None:
        """Show the details of one."""
        for row in range(self.table.rowCount()):
            if int(self.table.record(row)["number"]) == number:
                self.view.table.selectRow(row)

    def _on_chosen(self) -> None:
        rows = self.view.chosen()
        if rows:
            self._number = int(self.table.record(rows[0])["number"])
        self._show()

    def _on_changed(self) -> None:
        # States stand in the cells: what is written there has changed with them.
        self.view.renew()
        known = self._watch.watched
        if self._number not in known:
            self._number = max(known, default=0)
        if known and not self.view.chosen():
            self.choose(self._number)
        compiling = self._watch.compiling
        self.cancel.setVisible(compiling is not None)
        if compiling is not None:
            now = self._context.bridge.clock.monotonic_ns()
            self._say(compiling_text(compiling, now), role="muted")
        elif self._watch.loading:
            self._say(self._watch.loading, role="muted")
        elif self.told.property("role") == "muted":
            self._say("")
        self._show()

    def _on_pulse(self) -> None:
        if self.isVisible():
            self.view.sync()
            self._show()

    def _show(self) -> None:
        watched, strategies = self.chosen(), self._watch.strategies
        arena = strategies.arena if strategies is not None else None
        names = [each.instrument.name for each in self._context.desk.market.listed]
        self.pages.show_watched(watched, arena, names)
        state = watched.state if watched is not None else None
        may = watched is not None and not watched.busy
        runs = state in (StrategyState.RUNNING, StrategyState.PAUSED)
        enabled = {
            "add": strategies is not None,
            "start": may and state in _MAY_START,
            "pause": may and state is StrategyState.RUNNING,
            "stop": may and (runs or _holds(watched)),
            "reload": may and state is not StrategyState.RUNNING,
            "remove": may and state in _ENDED,
        }
        for name, is_on in enabled.items():
            self.buttons[name].setEnabled(bool(is_on))

    def _say(self, words: str, role: str = "error") -> None:
        self.told.setText(words)
        self.told.setVisible(bool(words))
        if self.told.property("role") != role:
            self.told.setProperty("role", role)
            self.told.style().unpolish(self.told)
            self.told.style().polish(self.told)

    # What is asked for.

    def ask(self) -> None:
        """Ask which strategy is added."""
        self._watch.expect()
        names = [each.instrument.name for each in self._context.desk.market.listed]
        self.form = StrategyForm(
            self,
            self._context.theme,
            names,
            self._context.focus.number,
            self._watch.folder,
            self._context.library.reading,
        )
        self.form.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.form.wanted.connect(self._on_wanted)
        self.form.open()

    def _on_wanted(self, terms: Any, start: bool) -> None:
        self._say("")
        self._watch.add(terms, start=start)

    def _with(self, act: Callable[[int], None]) -> None:
        watched = self.chosen()
        if watched is not None:
            self._say("")
            act(watched.live.number)

    def _start(self) -> None:
        self._with(self._watch.start)

    def _pause(self) -> None:
        self._with(self._watch.pause)

    def _stop(self, *, flatten: bool = False) -> None:
        self._with(lambda number: self._watch.stop(number, flatten=flatten))

    def _reload(self) -> None:
        self._with(self._watch.reload)

    def _on_remove(self) -> None:
        if self.buttons["remove"].isEnabled():
            self._with(self._watch.remove)

    def _on_applied(self, number: int, values: dict[str, Any]) -> None:
        self._say("")
        self._watch.reload(number, values)

    def _on_menu(self, row: int, place: QPoint) -> None:
        self.choose(int(self.table.record(row)["number"]))
        does = {
            "start": self._start,
            "pause": self._pause,
            "reload": self._reload,
            "remove": self._on_remove,
        }
        entries: list[Entry] = [
            (self.buttons[name].text().replace("&", ""), act)
            for name, act in does.items()
            if self.buttons[name].isEnabled()
        ]
        if self.buttons["stop"].isEnabled():
            entries.insert(1, ("Stop, keep the position", self._stop))
            close = lambda: self._stop(flatten=True)  # noqa: E731
            entries.insert(2, ("Stop, close the position", close))
        self.menu = row_menu(self, entries, place)


def _holds(watched: Watched | None) -> bool:
    return watched is not None and bool(watched.reading.held)


def _none() -> None:
    """A button with a menu does nothing by itself."""
