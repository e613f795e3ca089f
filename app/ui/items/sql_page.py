"""A box for SQL over the catalog, and the answer as a table."""

from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.data.catalog import Catalog
from app.data.sql import query, texts_of, write_rows
from app.errors import CatalogError
from app.ui import formatting
from app.ui.context import Context
from app.ui.items.running_line import RunningLine
from app.ui.items.text_table import TextTable
from app.ui.jobs import Report

_MOST_ROWS: Final = 10_000
_FILES: Final = "CSV (*.csv);;Parquet (*.parquet)"
_FIRST: Final = "SELECT * FROM catalog"
_HINT: Final = (
    'Each stream is a view: spy_trades, or "SPY@trades" in quotes; catalog lists them. '
    "Times are UTC, prices and sizes exact."
)
Answer = tuple[list[str], list[tuple[str, ...]], bool]
"""Columns, rows, and whether there were more."""


class SqlPage(QWidget):
    """Runs a query as a job; Ctrl+Enter runs it, too."""

    def __init__(self, context: Context, running: RunningLine) -> None:
        super().__init__()
        self._context = context
        self._library = context.library
        self._running = running
        self.text = QPlainTextEdit(_FIRST)
        self.text.setAccessibleName("SQL query")
        self.text.setTabChangesFocus(True)
        self.text.setAcceptDrops(False)  # a file is for the window
        self.text.setProperty("role", "field")
        self.text.setMinimumHeight(QFontMetrics(self.font()).height() * 3)
        self.start = QPushButton("Run")
        self.start.setToolTip("Run the query (Ctrl+Enter)")
        self.start.clicked.connect(self.run)
        self.save = QPushButton("Save answer…")
        self.save.setToolTip("Write the whole answer to CSV or Parquet")
        self.save.clicked.connect(self._on_save)
        self.says = QLabel(_HINT)
        self.says.setProperty("role", "muted")
        self.says.setTextFormat(Qt.TextFormat.PlainText)
        self.says.setWordWrap(True)
        self.answer = TextTable("Answer")
        self._lay_out()
        running.busy_changed.connect(self._on_busy)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(self.run)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setContentsMargins(6, 4, 6, 4)
        buttons.addWidget(self.start)
        buttons.addWidget(self.save)
        buttons.addSpacing(8)
        buttons.addWidget(self.says, 1)
        upper = QWidget()
        column = QVBoxLayout(upper)
        column.setContentsMargins(6, 6, 6, 0)
        column.setSpacing(0)
        column.addWidget(self.text)
        column.addLayout(buttons)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(upper)
        split.addWidget(self.answer)
        split.setStretchFactor(1, 1)
        split.setChildrenCollapsible(False)
        split.setSizes([120, 400])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(split)

    def run(self) -> None:
        """Run what stands in the box."""
        text, library = self.text.toPlainText(), self._library
        if self._running.is_busy:
            return
        self._say("running …")
        self._running.run(
            "Query",
            lambda report: fetch(library.catalog(), text, report),
            self._on_answer,
            self._on_failed,
        )

    def _on_failed(self, words: str) -> None:
        self.answer.show_rows((), ())
        self._say(words, is_error=True)

    def _say(self, words: str, *, is_error: bool = False) -> None:
        theme = self._context.theme
        colour = theme.error if is_error else theme.muted
        self.says.setStyleSheet(f"color: {colour};")
        self.says.setText(words)

    def _on_answer(self, answer: Answer) -> None:
        names, rows, is_cut = answer
        self.answer.show_rows(names, rows)
        count = formatting.plural(len(rows), "row")
        self._say(f"the first {count}; Save writes all" if is_cut else count)

    def _on_busy(self, is_busy: bool) -> None:
        self.start.setEnabled(not is_busy)
        self.save.setEnabled(not is_busy)

    def _on_save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save", "answer.csv", _FILES)
        if path:
            self.write(Path(path))

    def write(self, path: Path) -> None:
        """Write the whole answer to a file, as a job."""
        text, library = self.text.toPlainText(), self._library

        def work(report: Report) -> int:
            if path.suffix not in (".csv", ".parquet"):
                raise CatalogError(f"{path} must end with .parquet or .csv")
            report(0, 0)
            rows = query(library.catalog(), text)
            try:
                return write_rows(rows, path)
            finally:
                rows.close()

        self._running.run(
            "Save",
            work,
            lambda count: self._say(f"{formatting.plural(count, 'row')} in {path}"),
            lambda words: self._say(words, is_error=True),
        )


def fetch(catalog: Catalog, text: str, report: Report) -> Answer:
    """Run a query and take its first rows as text; on the job's thread."""
    rows = query(catalog, text)
    try:
        found: list[tuple[str, ...]] = []
        for batch in rows.batches():
            report(0, len(found))
            columns: list[Any] = [texts_of(column) for column in batch.columns]
            found.extend(zip(*columns, strict=True))
            if len(found) > _MOST_ROWS:
                return rows.names, found[:_MOST_ROWS], True
        return rows.names, found, False
    finally:
        rows.close()
