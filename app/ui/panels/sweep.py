"""The Sweep panel: a request over many parameters, its map as it fills, its worth."""

import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.data.listing import Entry, entries
from app.errors import RingsideError
from app.sessions.backtest.request import load_request
from app.ui import formatting
from app.ui.backtests import RunningBacktest
from app.ui.context import Context
from app.ui.items.form_field import label_of
from app.ui.items.panel_area import PanelArea
from app.ui.items.running_backtests import RunningList
from app.ui.items.sweep_cells import SweepCells
from app.ui.items.sweep_map import SweepMap
from app.ui.items.sweep_setup import SweepSetup
from app.ui.items.sweep_shelf import SweepShelf
from app.ui.items.sweep_walk import SweepWalk
from app.ui.models.backtest_data import Shelf
from app.ui.models.messages import Level
from app.ui.models.strategy_list import Found, StrategyList
from app.ui.models.sweep_form import SweepForm
from app.ui.sweeps import RunningSweep

if TYPE_CHECKING:
    from app.sweeps.store import SweepSummary

_FILES: Final = "Requests (*.json *.toml)"
_FORMS: Final = "CSV of the cells (*.csv);;JSON (*.json)"
_FROM_FORM: Final = "as the Backtest panel's form says"


class SweepPanel(QWidget):
    """Sets a sweep up, runs it and shows it; a cell is opened as a run."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context, self._library = context, context.library
        self._sweeps, theme = self._library.sweeps, context.theme
        scale = context.settings.scale
        self.form = SweepForm(StrategyList(self._library.strategies))
        self.setup = SweepSetup(theme, scale, self.form)
        self.map, self.cells = SweepMap(theme, scale), SweepCells(theme)
        self.walk, self.shelf = SweepWalk(theme, scale), SweepShelf(theme)
        self.map_page, self.walk_page = PanelArea(), PanelArea()
        self.pages = QTabWidget()
        self.running = RunningList(self._library.backtests)
        self.progress, self._said, self._words = (
            QProgressBar(),
            QLabel(),
            label_of("error"),
        )
        self.buttons: dict[str, QPushButton] = {}
        self._shelf, self._file = Shelf(), ""
        self._is_stale = True
        self._watched: RunningSweep | None = None
        self._runs: dict[int, str] = {}
        self._wanted: dict[RunningBacktest, int] = {}
        self._lay_out()
        self._connect()
        self._take_form()
        self._on_begun()
        self._on_opened()

    def _lay_out(self) -> None:
        self.pages.setDocumentMode(True)
        self.pages.tabBar().setAccessibleName("Pages of the sweep panel")
        # Where room is short the pages scroll: Start and the tabs stay in sight. What
        # wraps would have Qt give the pages all that they would like.
        self.pages.setSizePolicy(
            QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored
        )
        self.pages.setMinimumHeight(9 * self.fontMetrics().height())
        self.map_page.put(self.map)
        self.walk_page.put(self.walk)
        for widget, title in (
            (self.setup, "Set-up"),
            (self.map_page, "Map"),
            (self.cells, "Cells"),
            (self.walk_page, "Walk forward"),
            (self.shelf, "Kept"),
        ):
            self.pages.addTab(widget, title)
        self.progress.setRange(0, 1000)
        self.progress.setAccessibleName("Progress of the sweep")
        self._said.setProperty("role", "muted")
        self._said.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.running)
        layout.addWidget(self._words)
        layout.addLayout(self._bar())

    def _bar(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        bar.setContentsMargins(8, 5, 8, 6)
        bar.setSpacing(6)
        for name, title, tip, pressed in (
            ("export", "Export…", "Write the cells, CSV or JSON", self._on_export),
            ("cancel", "Cancel", "End it with the cells that it has", self.cancel),
            ("start", "Start", "Run the sweep", self.start),
        ):
            made = self.buttons[name] = QPushButton(title)
            made.setToolTip(tip)
            made.clicked.connect(pressed)
        self.buttons["start"].setProperty("role", "primary")
        bar.addWidget(self.buttons["export"])
        bar.addWidget(self._said, 1)
        bar.addWidget(self.progress, 1)
        bar.addWidget(self.buttons["cancel"])
        bar.addWidget(self.buttons["start"])
        return bar

    def _connect(self) -> None:
        sweeps, setup = self._sweeps, self.setup
        sweeps.request_shown.connect(self._take_form)
        sweeps.begun.connect(self._on_begun)
        sweeps.opened.connect(self._on_opened)
        sweeps.failed.connect(self._on_failed)
        sweeps.stored.connect(self.refresh)
        self._library.changed.connect(self.refresh)
        self._library.backtests.ended.connect(self._on_run_ended)
        setup.edited.connect(self._judge)
        setup.open_wanted.connect(self._on_open)
        setup.form_wanted.connect(self._on_use_form)
        self.map.picked.connect(self.open_cell)
        self.cells.picked.connect(self.open_cell)
        self.shelf.open_wanted.connect(self._on_open_sweep)
        self.shelf.delete_wanted.connect(self._on_delete)

    # What is there.

    def showEvent(self, event: QShowEvent) -> None:
        if self._is_stale:
            self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        # The command line may keep others meanwhile.
        self._is_stale = True

    def _on_offers(self, found: Found) -> None:
        """The user's own strategies are known: their parameters can vary."""
        self.form.offers.take(found)
        if found.offers:
            self.setup.show_form()
        self._judge()

    def refresh(self) -> None:
        """List the catalog and what is kept anew, once it can be seen."""
        self._is_stale = True
        if not self.isVisible():
            return
        self._is_stale = False
        library, root = self._library, self._sweeps.root
        self._read_files()

        def work() -> "tuple[list[Entry], list[SweepSummary]]":
            # Late: the engine's units are loaded with it.
            from app.sweeps.store import list_sweeps

            return entries(library.catalog()), list_sweeps(root)

        library.jobs.run(work, self._on_listed, self._on_not_listed)

    def _read_files(self) -> None:
        """Read the user's strategies beside the window, where they have changed."""
        self._library.read_strategies(
            self.form.offers, self._on_offers, self._on_not_listed
        )

    def _on_listed(self, found: "tuple[list[Entry], list[SweepSummary]]") -> None:
        self._shelf = Shelf(found[0])
        self.shelf.show_sweeps(found[1])
        self._judge()

    def _on_not_listed(self, error: BaseException) -> None:
        self._tell(f"sweeps cannot be listed: {error}", Level.ERROR)

    def _tell(self, words: str, level: Level = Level.INFO) -> None:
        self._context.bridge.tell(words, level, "sweep")

    def state(self) -> dict[str, Any]:
        """The set-up, for a workspace."""
        kept: dict[str, Any] = {"form": self.form.state()}
        if self._file and self.form.table is not None:
            kept |= {"request": self.form.table, "file": self._file}
        return kept

    def restore(self, state: dict[str, Any]) -> None:
        """Take what `state` told; what is not sound is passed over."""
        form, table, file = (state.get(x) for x in ("form", "request", "file"))
        if isinstance(form, dict):
            self.form.restore(form)
        if isinstance(table, dict) and isinstance(file, str):
            self._file = file
            self.form.take_table(table)
        else:
            self.form.take_table(self._sweeps.request)
        self._show_request()

    # The request and the form.

    def _take_form(self) -> None:
        """Take the request of the Backtest panel, unless a file's was opened."""
        if not self._file:
            self.form.take_table(self._sweeps.request)
            self._show_request()

    def _on_use_form(self) -> None:
        self._file = ""
        self._take_form()

    def _on_open(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open a request", "", _FILES)
        if path:
            self.open(Path(path))

    def open(self, path: Path) -> None:
        """Take the request of a file."""
        try:
            table = dict(load_request(path).table)
        except RingsideError as error:
            self._tell(str(error), Level.ERROR)
            return
        self._file = path.name
        self.form.take_table(table)
        self._show_request()

    def _show_request(self) -> None:
        source = f"from {self._file}" if self._file else _FROM_FORM
        has_one = self.form.table is not None
        self.setup.show_request(source if has_one else "", is_file=bool(self._file))
        self.setup.show_form()
        self._judge()

    def _judge(self) -> None:
        """Say what is wrong, or how many cells it will be."""
        table = self.form.table
        self.form.reach = None if table is None else self._reach(table)
        problems = self.form.problems()
        self.setup.show_problems(problems)
        if self.form.offers.unread:
            self._read_files()
        self.buttons["start"].setEnabled(not problems and self._sweeps.running is None)
        if self._sweeps.running is None:
            wrong = "something is marked in the set-up" if table is not None else ""
            self._said.setText(wrong if problems else self.form.size_text())

    def _reach(self, table: Mapping[str, Any]) -> tuple[date, date] | None:
        interval = str(table.get("interval") or "")
        symbols = [str(each).partition("@")[0] for each in table["symbols"]]
        named = str(table["symbols"][0]).partition("@")[2]
        return self._shelf.reach(symbols, f"bars-{interval}" if interval else named)

    # A sweep under way.

    def start(self) -> None:
        """Run the sweep as it is set up."""
        try:
            self._sweeps.start(self.form.plan())
        except RingsideError as error:
            self._tell(str(error), Level.ERROR)
            return
        self.pages.setCurrentWidget(self.map_page)

    def cancel(self) -> None:
        """End it with the cells that it has."""
        if self._sweeps.running is not None:
            self.buttons["cancel"].setEnabled(False)
            self._sweeps.running.cancel()

    def _on_begun(self) -> None:
        running = self._watched = self._sweeps.running
        if running is None:
            return
        self._words.hide()
        self.buttons["start"].setEnabled(False)
        running.changed.connect(self._on_progress)
        self._show_book()
        self._on_progress()

    def _on_progress(self) -> None:
        running = self._watched
        if running is None:
            return
        is_over = running.is_over
        self.buttons["cancel"].setEnabled(not is_over)
        for widget in (self.progress, self.buttons["cancel"]):
            widget.setVisible(not is_over)
        self._said.setVisible(is_over)
        self.progress.setValue(round(1000 * running.done / max(1, running.total)))
        self.progress.setFormat(words_of(running))
        self.progress.setToolTip(words_of(running))
        if self._sweeps.book is running.book:
            if self.map.isVisible() or is_over:
                self.map.renew()
            if self.cells.isVisible():
                self.cells.sync()

    def _on_failed(self, words: str) -> None:
        self._words.setText(words)
        self._words.show()
        self._tell(words, Level.ERROR)

    def _on_opened(self) -> None:
        """Another sweep is shown, or the one that ran is over."""
        is_over = self._sweeps.running is None
        for widget in (self.progress, self.buttons["cancel"]):
            widget.setVisible(not is_over)
        self._said.setVisible(is_over)
        if self._sweeps.current is not None:
            self._words.hide()
        self._show_book()
        self._judge()
        current = self._sweeps.current
        if current is not None and current.result.best is None:
            reasons = {each.error for each in current.result.cells if each.error}
            why = f": {min(reasons)}" if len(reasons) == 1 else ""
            self._words.setText(f"no cell has figures{why}")
            self._words.show()

    def _show_book(self) -> None:
        sweeps = self._sweeps
        book, current = sweeps.book, sweeps.current
        is_same = book is not None and book is self.map.book
        if is_same:
            self.map.judge(current)
            self.map.renew()
            self.cells.finish()
        else:
            self._runs, self._wanted = {}, {}
            self.map.show_book(book, current)
            self.cells.show_book(book)
        walk = None if current is None else current.walk
        self.walk.show_walk(walk, book.objective if book is not None else "sharpe")
        self.buttons["export"].setEnabled(current is not None)

    # Cells and kept sweeps.

    def open_cell(self, number: int) -> None:
        """Open a cell's run; it is run, unless it was from here."""
        book = self._sweeps.book
        if book is None or number not in book.cells or number in self._wanted.values():
            return
        if number in self._runs:
            self._library.runs.open(self._runs[number])
            return
        from app.sweeps.axes import with_point

        values = book.cells[number].values
        point = tuple(values[each.name] for each in book.axes)
        try:
            running = self._library.backtests.start(
                with_point(book.table, book.axes, point)
            )
        except RingsideError as error:
            self._tell(str(error), Level.ERROR)
            return
        self._wanted[running] = number

    def _on_run_ended(self, running: RunningBacktest, run_id: str) -> None:
        number = self._wanted.pop(running, None)
        if number is not None and run_id:
            self._runs[number] = run_id

    def _on_open_sweep(self, name: str) -> None:
        self._sweeps.open(name)
        self.pages.setCurrentWidget(self.map_page)

    def _on_delete(self, names: list[str]) -> None:
        root = self._sweeps.root

        def work() -> None:
            from app.sweeps.store import delete_sweep

            for each in names:
                delete_sweep(root, each)

        def over(error: object = None) -> None:
            if isinstance(error, BaseException):
                self._tell(str(error), Level.ERROR)
            self._sweeps.stored.emit()

        self._library.jobs.run(work, over, over)

    def _on_export(self) -> None:
        current = self._sweeps.current
        if current is None:
            return
        path, _ = QFileDialog.getSaveFileName(
            self, "Export the sweep", f"sweep-{current.name}.csv", _FORMS
        )
        if path:
            self.export(Path(path))

    def export(self, path: Path) -> None:
        """Write the sweep by a file's suffix: cells as CSV, all of it as JSON."""
        current, root = self._sweeps.current, self._sweeps.root
        if current is None:
            return

        def work() -> Path:
            from app.sweeps.report import write_csv, write_json
            from app.sweeps.store import load_table

            if path.suffix.lower() == ".json":
                write_json(load_table(root / current.name), path)
            else:
                write_csv(current.result, path)
            return path

        self._library.jobs.run(
            work,
            lambda to: self._tell(f"{to} is written"),
            lambda error: self._tell(f"{path} is not written: {error}", Level.ERROR),
        )


def words_of(running: RunningSweep) -> str:
    """How far a sweep is, in words."""
    if running.state == "preparing":
        return "opening data, compiling"
    if running.state == "judging":
        return "judging the best"
    what = "runs" if running.plan.scheme is not None else "cells"
    said = (
        f"{formatting.count(running.done)} of {formatting.count(running.total)} {what} "
        f"· {formatting.rate(running.rate)}"
    )
    left = running.left_s
    if math.isfinite(left):
        said += f" · {formatting.countdown(round(left * 1e9))} left"
    return said
