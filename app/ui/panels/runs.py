"""The Runs panel: backtests that were run; open, compare, describe, delete, export."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QPoint
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QInputDialog,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.sessions.backtest.store import RunSummary
from app.ui import formatting
from app.ui.context import Context
from app.ui.items.blotter_view import BlotterView
from app.ui.items.question import ask
from app.ui.items.row_menu import row_menu
from app.ui.items.run_compare import RunCompare
from app.ui.items.running_line import RunningLine
from app.ui.items.sparkline import SparklineDelegate
from app.ui.jobs import Report
from app.ui.models.messages import Level
from app.ui.models.run_list import COURSE, RunList
from app.ui.models.table import RecordTable
from app.ui.runs import OpenRun

_EMPTY: Final = "No backtest was run yet.\n\nFill in the Backtest panel and press Run."
_READING: Final = "Reading the runs …"
_FORMS: Final = (
    "HTML (*.html);;PDF (*.pdf);;JSON (*.json);;Folder of CSV (*.csv);;"
    "Folder of Parquet (*.parquet)"
)
_FILES: Final = (".html", ".pdf", ".json")
_MOST: Final = 6
"""Runs that are compared at once."""
_SPARE: Final = (
    "To",
    "From",
    "Equity",
    "Note",
    "Run at (UTC)",
    "Trades",
    COURSE,
    "Drawdown",
    "Sharpe",
)
"""Columns that go where there is no room, the first one first."""


class RunsPanel(QWidget):
    """Lists the store; the run that is opened is shown by the report's panels."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context, self._runs = context, context.library.runs
        self.list = RunList()
        self.table = RecordTable(
            self.list.columns(context.theme), lambda: self.list.rows
        )
        self.view = BlotterView(self.table, _READING)
        self.view.spare_columns(*_SPARE)
        table = self.view.table
        table.setAccessibleName("Runs")
        curve = next(
            i for i, each in enumerate(self.table.columns) if each.title == COURSE
        )
        table.setItemDelegateForColumn(
            curve, SparklineDelegate(context.theme, table, self._course)
        )
        self.filter = QLineEdit()
        self.compare = RunCompare(context.theme, context.settings.scale)
        self.pages = QTabWidget()
        self.running = RunningLine(context.library.jobs, self._tell)
        self.buttons: dict[str, QPushButton] = {}
        self.dialog: QMessageBox | QInputDialog | None = None
        self._is_stale = True
        self._lay_out()
        self._connect()
        self._on_opened()
        self._on_selected()

    def _lay_out(self) -> None:
        for name, title, tip, pressed in (
            ("open", "Open", "Show its report (Enter)", self.open),
            ("compare", "Compare", "Two runs or more side by side", self.compare_runs),
            ("export", "Export…", "HTML, PDF, JSON; CSV, Parquet", self._on_export),
            ("note", "Note…", "Write a note to it", self._on_note),
            ("delete", "Delete…", "Delete what is selected", self.ask_delete),
            ("undo", "Undo", "Bring back what was deleted last", self.undo),
        ):
            self.buttons[name] = self.view.add_button(title, tip, pressed)
        self.buttons["undo"].hide()
        self.filter.setPlaceholderText("Filter")
        self.filter.setAccessibleName("Filter of runs")
        self.filter.setClearButtonEnabled(True)
        self.filter.setMinimumWidth(90)
        self.filter.setMaximumWidth(260)
        self.view.bar.addStretch(1)
        self.view.bar.addWidget(self.filter, 1)
        # The row's menu has them, too.
        self.view.spare(*(self.buttons[name] for name in ("export", "delete", "note")))
        self.pages.setDocumentMode(True)
        self.pages.tabBar().setAccessibleName("Pages of the runs panel")
        self.pages.addTab(self.view, "Runs")
        self.pages.addTab(self.compare, "Compare")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.running)

    def _connect(self) -> None:
        table, runs = self.view.table, self._runs
        self.filter.textChanged.connect(self._on_filter)
        table.selectionModel().selectionChanged.connect(self._on_selected)
        table.doubleClicked.connect(lambda _: self.open())
        table.entered_row.connect(lambda _: self.open())
        table.deleted.connect(self.ask_delete)
        self.view.menu_wanted.connect(self._on_menu)
        runs.stored.connect(self.refresh)
        runs.failed.connect(self._on_not_opened)
        runs.opened.connect(self._on_opened)
        self.running.busy_changed.connect(self._on_selected)

    def state(self) -> dict[str, Any]:
        """Columns and sorting."""
        return self.view.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Take what `state` told."""
        self.view.restore(state)

    # What is shown.

    def _course(self, row: int) -> np.ndarray:
        """A run's equity, for the line of its row."""
        return np.array(self.list.run(self.table.record(row)).course)

    def refresh(self) -> None:
        """List the store anew, once it can be seen."""
        self._is_stale = True
        if self.isVisible():
            self._is_stale = False
            store = self._runs.store
            self._context.library.jobs.run(store.list, self._on_listed, self._on_failed)

    def _on_listed(self, runs: Sequence[RunSummary]) -> None:
        kept = {each.run_id for each in self.chosen()}
        self.list.show(runs)
        self.view.table.clearSelection()
        self.view.renew()
        self.view.say_empty(_EMPTY)
        for row in range(self.table.rowCount()):
            if self.list.run(self.table.record(row)).run_id in kept:
                self.view.table.selectRow(row)
        self._on_selected()

    def _on_failed(self, error: BaseException) -> None:
        self._tell(f"the runs cannot be listed: {error}", Level.ERROR)

    def _on_opened(self) -> None:
        """Mark the run whose report is shown."""
        current = self._runs.current
        self.list.open_id = current.data.run_id if current is not None else ""
        self.view.renew()

    def _on_not_opened(self, words: str) -> None:
        self._tell(words, Level.ERROR)

    def _tell(self, words: str, level: Level = Level.INFO) -> None:
        self._context.bridge.tell(words, level, "backtest")

    def showEvent(self, event: QShowEvent) -> None:
        if self._is_stale:
            self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        # The command line may store others meanwhile.
        self._is_stale = True

    def _on_filter(self, text: str) -> None:
        self.table.show_where(self.list.matching(text))
        self.view.sync()

    def chosen(self) -> list[RunSummary]:
        """Runs that are selected."""
        rows = [row for row in self.view.chosen() if row < self.table.rowCount()]
        return [self.list.run(self.table.record(row)) for row in rows]

    def _on_selected(self, *_: object) -> None:
        chosen, is_free = self.chosen(), not self.running.is_busy
        sound = [each for each in chosen if not each.damaged]
        for name, is_possible in (
            ("open", len(chosen) == len(sound) == 1),
            ("compare", 2 <= len(chosen) == len(sound) <= _MOST and is_free),
            ("note", len(chosen) == len(sound) == 1),
            ("export", len(chosen) == len(sound) == 1 and is_free),
            ("delete", len(chosen) > 0 and is_free),
        ):
            self.buttons[name].setEnabled(is_possible)

    def _on_menu(self, row: int, place: QPoint) -> None:
        entries = (
            ("Open", self.open),
            ("Export…", self._on_export),
            ("Note…", self._on_note),
            ("Copy rows", self.view.copy),
            ("Delete…", self.ask_delete),
        )
        self.menu = row_menu(self, entries, place)

    # What can be done.

    def open(self) -> None:
        """Show the report of the run that is selected."""
        chosen = self.chosen()
        if len(chosen) == 1:
            if chosen[0].damaged:
                self._tell(chosen[0].damaged, Level.ERROR)
            else:
                self._runs.open(chosen[0].run_id)

    def compare_runs(self) -> None:
        """Put the selected runs side by side."""
        ids, read = [each.run_id for each in self.chosen()], self._runs.read

        def work(report: Report) -> list[OpenRun]:
            found = []
            for done, run_id in enumerate(ids):
                report(done / len(ids), done)
                found.append(read(run_id))
            return found

        self.running.run("Compare", work, self._on_compared)

    def _on_compared(self, runs: list[OpenRun]) -> None:
        self.compare.show_runs(runs)
        self.pages.setCurrentWidget(self.compare)

    def _on_export(self) -> None:
        for each in self.chosen()[:1]:
            path, _ = QFileDialog.getSaveFileName(
                self, "Export the report", f"{each.run_id}.html", _FORMS
            )
            if path:
                self.export(each.run_id, Path(path))

    def export(self, run_id: str, path: Path) -> None:
        """Write a run by a file's suffix, as a job; tables into a folder."""
        from app.sessions.backtest.runs_cli import export_targets

        write = export_targets().get(path.suffix.lower().removeprefix("."))
        if write is None:
            self._tell(f"{path}: its suffix is none of {_FORMS}", Level.ERROR)
            return
        read = self._runs.read
        to = path if path.suffix.lower() in _FILES else path.with_suffix("")

        def work(_: Report) -> Path:
            write(read(run_id).report, to)
            return to

        self.running.run(
            f"Export to {to.name}", work, lambda to: self._tell(f"{to} is written")
        )

    def _on_note(self) -> None:
        chosen = self.chosen()
        if len(chosen) != 1:
            return
        dialog = self.dialog = QInputDialog(self)
        dialog.setWindowTitle("Note")
        dialog.setLabelText(f"Note to {chosen[0].name}:")
        dialog.setTextValue(chosen[0].note)
        dialog.textValueSelected.connect(partial(self.describe, chosen[0].run_id))
        dialog.open()

    def describe(self, run_id: str, note: str) -> None:
        """Write a note to a run."""
        store, runs = self._runs.store, self._runs
        self._context.library.jobs.run(
            lambda: store.describe(run_id, note=note),
            lambda _: runs.stored.emit(),
            lambda error: self._tell(str(error), Level.ERROR),
        )

    def ask_delete(self) -> None:
        """Ask whether the selected runs are to go."""
        chosen = self.chosen()
        if not chosen:
            return
        names = ", ".join(each.name or each.run_id for each in chosen[:4])
        more = f" and {len(chosen) - 4} more" if len(chosen) > 4 else ""
        self.dialog = ask(
            self,
            "Delete?",
            f"{names}{more}: {formatting.plural(len(chosen), 'run')} will be deleted. "
            "Undo brings back what was deleted last.",
            "Delete",
            partial(self._delete, [each.run_id for each in chosen]),
            keeps="Keep",
        )

    def _delete(self, ids: list[str]) -> None:
        store = self._runs.store

        def over(_: object = None) -> None:
            self._runs.forget(set(ids))
            self.buttons["undo"].show()
            self._runs.stored.emit()

        self.running.run("Delete", lambda _: store.put_aside(ids), over, failed=over)

    def undo(self) -> None:
        """Bring back what was deleted last."""
        self.buttons["undo"].hide()

        def over(_: object = None) -> None:
            self._runs.stored.emit()

        store = self._runs.store
        self.running.run("Undo", lambda _: store.bring_back(), over, failed=over)
