"""A blotter: a table of fixed rows with a line of buttons above it."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QElapsedTimer, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.ui.items.cell_delegate import CellDelegate
from app.ui.models.table import RecordTable

_LEAST_MS: Final = 100


class BlotterView(QWidget):
    """Shows a RecordTable; sorts on a click on a heading, exports to CSV.

    Attributes
    ----------
    bar : QHBoxLayout
        The line above the table, for a panel's own buttons.
    table : QTableView
    """

    def __init__(self, model: RecordTable, empty: str) -> None:
        super().__init__()
        self.model = model
        self._since = QElapsedTimer()
        self._since.start()
        self.bar = QHBoxLayout()
        self.bar.setContentsMargins(6, 4, 6, 4)
        self.table = QTableView()
        self._empty = QLabel(empty, self.table)
        self._empty.setProperty("role", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._dress()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self.bar)
        layout.addWidget(self.table)

    def add_button(
        self, title: str, tip: str, pressed: Callable[[], None]
    ) -> QPushButton:
        """Add a button to the line above the table."""
        button = QPushButton(title)
        button.setToolTip(tip)
        button.clicked.connect(pressed)
        self.bar.addWidget(button)
        return button

    def add_export(self, name: str, failed: Callable[[str], None]) -> None:
        """Add the button that writes the rows to a CSV file."""
        self.bar.addStretch(1)
        self.add_button(
            "Export CSV…",
            "Write the rows as shown to a file",
            lambda: self._export(name, failed),
        )

    def on_news(self) -> None:
        """Bring the table up to date, at most ten times a second."""
        if self._since.hasExpired(_LEAST_MS):
            self.sync()

    def sync(self) -> None:
        """Bring the table up to date, if anyone can see it."""
        if self.isVisible():
            self._since.start()
            self.model.sync()
            self._empty.setVisible(self.model.rowCount() == 0)

    def chosen(self) -> list[int]:
        """Rows that are selected."""
        return [index.row() for index in self.table.selectionModel().selectedRows()]

    def showEvent(self, event: object) -> None:
        self.sync()
        self._empty.setGeometry(self.table.rect())

    def resizeEvent(self, event: object) -> None:
        self._empty.setGeometry(0, 0, self.width(), max(40, self.table.height()))

    def _dress(self) -> None:
        table = self.table
        table.setModel(self.model)
        table.setShowGrid(False)
        table.setItemDelegate(CellDelegate(self.model, table))
        table.setWordWrap(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.verticalHeader().hide()
        row = round(QFontMetrics(self.font()).height() * 1.55)
        vertical = table.verticalHeader()
        vertical.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        vertical.setMinimumSectionSize(row)
        vertical.setDefaultSectionSize(row)
        heading = table.horizontalHeader()
        heading.setHighlightSections(False)
        heading.setSectionsMovable(True)
        heading.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        heading.setSortIndicatorClearable(True)
        table.setSortingEnabled(True)
        figure = QFontMetrics(self.font()).horizontalAdvance("0")
        for section, column in enumerate(self.model.columns):
            heading.resizeSection(section, figure * column.width + 8)
        heading.setStretchLastSection(True)

    def _export(self, name: str, failed: Callable[[str], None]) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, "Export", f"{name}.csv", "CSV (*.csv)"
        )
        if not path:
            return
        try:
            with open(path, "w", newline="", encoding="utf-8") as file:
                self.model.export(file)
        except OSError as error:
            failed(f"{name} not exported: {error}")
