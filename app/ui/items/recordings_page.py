"""The catalog's listing, and what can be done with a recording."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.data.export import write_export
from app.data.listing import Entry, bytes_text, entries
from app.data.sql import alias
from app.errors import CatalogError
from app.ui import formatting
from app.ui.context import Context
from app.ui.items.blotter_view import BlotterView
from app.ui.items.question import ask
from app.ui.items.row_menu import row_menu
from app.ui.items.running_line import RunningLine
from app.ui.items.sample_offer import SampleOffer
from app.ui.jobs import Report
from app.ui.models.messages import Level
from app.ui.models.recordings import Recordings
from app.ui.models.table import RecordTable

_EMPTY: Final = (
    "Nothing is recorded yet.\n\n"
    "Drop a file on the window or press Import…\n"
    "(CSV, Parquet, Databento, ITCH, LOBSTER, Binance, Lean),\n"
    "or press Record while a market is open."
)
_READING: Final = "Reading the catalog …"
_FILES: Final = "Parquet (*.parquet);;CSV (*.csv)"


class RecordingsPage(QWidget):
    """Lists the streams; plays, exports, verifies and deletes them.

    Signals
    -------
    query_wanted(str)
        SQL to be shown and run.
    """

    query_wanted = Signal(str)

    def __init__(self, context: Context, running: RunningLine) -> None:
        super().__init__()
        self._context = context
        self._running = running
        self._library = context.library
        self.recordings = Recordings()
        self.table = RecordTable(
            self.recordings.columns(context.theme), lambda: self.recordings.rows
        )
        self.view = BlotterView(self.table, _READING)
        self.view.table.setAccessibleName("Recordings")
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter")
        self.filter.setAccessibleName("Filter of recordings")
        self.filter.setToolTip("Words of name, kind or stream")
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._on_filter)
        self.sample = SampleOffer(self._library, self._tell)
        self._question: QMessageBox | None = None
        self._total = QLabel()
        self._total.setProperty("role", "muted")
        self._is_stale = True
        self.buttons: dict[str, QPushButton] = {}
        self._lay_out()
        self._library.changed.connect(self.refresh)
        running.busy_changed.connect(self._on_selected)
        selection = self.view.table.selectionModel()
        selection.selectionChanged.connect(self._on_selected)
        self.table.modelReset.connect(self._on_selected)
        self.view.table.doubleClicked.connect(lambda _: self._on_play())
        self.view.menu_wanted.connect(self._on_menu)
        self._on_selected()

    def _lay_out(self) -> None:
        run = self._context.commands.run
        self.buttons["import"] = self.view.add_button(
            "Import…", "Import a file into the catalog", lambda: run("file.import")
        )
        for name, title, tip, pressed in (
            ("play", "Play", "Open a session on what is selected", self._on_play),
            ("export", "Export…", "Write it to Parquet or CSV", self._on_export),
            ("query", "Query", "Look at its rows with SQL", self._on_query),
            ("verify", "Verify", "Compare every checksum", self._on_verify),
            ("delete", "Delete…", "Delete what is selected", self._on_delete),
        ):
            self.buttons[name] = self.view.add_button(title, tip, pressed)
        self.view.bar.addStretch(1)
        self.view.bar.addWidget(self._total)
        self.view.bar.addSpacing(8)
        self.filter.setMinimumWidth(90)
        self.filter.setMaximumWidth(260)
        self.view.bar.addWidget(self.filter, 1)
        # Their verbs are in the row's menu, too.
        may_go = (self.buttons[name] for name in ("export", "query", "verify"))
        self.view.spare(*may_go, self._total)
        self.view.spare_columns("On disk", "Kind", "Rows", "To")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        layout.addWidget(self.sample)

    # What is shown.

    def refresh(self) -> None:
        """List the catalog anew, once it can be seen."""
        self._is_stale = True
        if self.isVisible():
            self._is_stale = False
            library = self._library
            library.jobs.run(
                lambda: entries(library.catalog()), self._on_listed, self._on_failed
            )

    def _on_listed(self, listed: list[Entry]) -> None:
        kept = {each.name for each in self.chosen()}
        self.recordings.show(listed)
        self.sample.offer(is_empty=not listed)
        self.view.table.clearSelection()
        self.view.say_empty(_EMPTY)
        for row in range(self.table.rowCount()):
            if self.recordings.entry(self.table.record(row)).name in kept:
                self.view.table.selectRow(row)
        total = sum(each.size for each in listed)
        self._total.setText(
            f"{formatting.plural(len(listed), 'stream')}, {bytes_text(total)}"
            if listed
            else ""
        )
        self._on_selected()

    def _on_failed(self, error: BaseException) -> None:
        self._tell(f"the catalog cannot be listed: {error}", Level.ERROR)

    def _tell(self, text: str, level: Level = Level.INFO) -> None:
        self._context.bridge.tell(text, level, "data")

    def showEvent(self, event: QShowEvent) -> None:
        if self._is_stale:
            self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        # A recorder, or the command line, may change it meanwhile.
        self._is_stale = True

    def _on_filter(self, text: str) -> None:
        self.table.show_where(self.recordings.matching(text))

    def chosen(self) -> list[Entry]:
        """Streams that are selected."""
        rows = [row for row in self.view.chosen() if row < self.table.rowCount()]
        return [self.recordings.entry(self.table.record(row)) for row in rows]

    def _on_selected(self) -> None:
        count, is_free = len(self.chosen()), not self._running.is_busy
        for name, is_possible in (
            ("play", count > 0),
            ("export", count == 1 and is_free),
            ("query", count == 1 and is_free),
            ("verify", count > 0 and is_free),
            ("delete", count > 0 and is_free),
        ):
            self.buttons[name].setEnabled(is_possible)

    def _on_menu(self, row: int, place: QPoint) -> None:
        """Offer for a row what the buttons do, as far as it can be done now."""
        if row not in self.view.chosen():
            self.view.table.selectRow(row)
        does = {
            "play": self._on_play,
            "export": self._on_export,
            "query": self._on_query,
            "verify": self._on_verify,
            "delete": self._on_delete,
        }
        entries = [
            (
                self.buttons[name].text(),
                each if self.buttons[name].isEnabled() else None,
            )
            for name, each in does.items()
        ]
        self.menu = row_menu(self, [*entries, ("Copy rows", self.view.copy)], place)

    # What can be done.

    def _on_play(self) -> None:
        names = [each.name for each in self.chosen()]
        if names:
            self._library.play(",".join(names))

    def _on_query(self) -> None:
        for each in self.chosen()[:1]:
            view = alias(each.instrument, each.stream)
            self.query_wanted.emit(f"SELECT * FROM {view} LIMIT 200")

    def _on_export(self) -> None:
        (entry,) = self.chosen()
        path, _ = QFileDialog.getSaveFileName(
            self, "Export", f"{entry.instrument}-{entry.stream}.parquet", _FILES
        )
        if path:
            self.export(entry, Path(path))

    def export(self, entry: Entry, path: Path) -> None:
        """Write a stream to a file, as a job."""
        library = self._library

        def work(report: Report) -> int:
            recording = library.catalog().open(entry.instrument, entry.stream)
            return write_export(recording, path, report)

        self._running.run(
            f"Export of {entry.name}",
            work,
            lambda rows: self._tell(
                f"{formatting.count(rows)} rows of {entry.name} are in {path}"
            ),
        )

    def _on_verify(self) -> None:
        chosen, library = self.chosen(), self._library

        def work(report: Report) -> list[tuple[str, str]]:
            found = []
            for done, each in enumerate(chosen):
                report(done / len(chosen), done)
                try:
                    library.catalog().open(each.instrument, each.stream).verify()
                    found.append((each.name, ""))
                except CatalogError as error:
                    found.append((each.name, str(error)))
            return found

        self._running.run("Verify", work, self._on_verified)

    def _on_verified(self, found: Sequence[tuple[str, str]]) -> None:
        for name, problem in found:
            if problem:
                self._tell(f"{name}: {problem}", Level.ERROR)
        sound = [name for name, problem in found if not problem]
        if sound:
            self._tell(f"sound, every checksum fits: {', '.join(sound)}")

    def _on_delete(self) -> None:
        chosen = self.chosen()
        rows = formatting.count(sum(each.rows for each in chosen))
        names = ", ".join(each.name for each in chosen[:6])
        more = f" and {len(chosen) - 6} more" if len(chosen) > 6 else ""
        self._question = ask(
            self,
            "Delete?",
            f"{names}{more}: {rows} rows will be gone for good.",
            "Delete",
            partial(self._delete, chosen),
            keeps="Keep",
        )

    def _delete(self, chosen: Sequence[Entry]) -> None:
        library = self._library

        def work(report: Report) -> int:
            catalog = library.catalog()
            for done, each in enumerate(chosen):
                report(done / len(chosen), done)
                catalog.delete(each.instrument, each.stream)
            return len(chosen)

        def over(_: object) -> None:
            library.changed.emit()

        self._running.run(
            "Delete", work, partial(self._on_deleted, chosen), failed=over
        )

    def _on_deleted(self, chosen: Sequence[Entry], count: int) -> None:
        self._tell(f"deleted {', '.join(each.name for each in chosen)}")
        self._library.changed.emit()
