"""The cells of a sweep as a table, sorted and filtered; the failed with reasons."""

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.sweeps.objectives import OBJECTIVES
from app.ui.items.blotter_view import BlotterView
from app.ui.items.row_menu import row_menu
from app.ui.laid_out import take_out
from app.ui.models.sweep_book import SweepBook
from app.ui.models.sweep_table import CellRows
from app.ui.models.sweep_text import stat_title
from app.ui.models.table import RecordTable
from app.ui.theme import Theme

_EMPTY = "No cell has ended yet."


class SweepCells(QWidget):
    """Shows a SweepBook, whose axes are the first columns.

    Signals
    -------
    picked(int)
        A cell whose run is wanted.
    """

    picked = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.view: BlotterView | None = None
        self.rows: CellRows | None = None
        self.filter = QLineEdit()
        self.failed = QPushButton("Failed")
        self.open: QPushButton | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)

    def show_book(self, book: SweepBook | None) -> None:
        """Show another sweep; the best first."""
        if self.view is not None:
            take_out(self._layout, self.view)
            self.view.hide()
            self.view.deleteLater()
            self.view = self.rows = self.open = None
        if book is None:
            return
        rows = self.rows = CellRows(book)
        table = RecordTable(rows.columns(self._theme), rows.rows)
        view = self.view = BlotterView(table, _EMPTY)
        view.table.setAccessibleName("Cells of the sweep")
        self.open = view.add_button(
            "Open", "Run the cell and open its report (Enter)", self._on_open
        )
        self._add_filter(view)
        view.table.doubleClicked.connect(self._on_open)
        view.table.entered_row.connect(self._on_open)
        view.menu_wanted.connect(self._on_menu)
        view.table.selectionModel().selectionChanged.connect(self._on_selected)
        names = [each.title for each in table.columns]
        column = names.index(stat_title(book.objective))
        is_more = OBJECTIVES[book.objective] > 0
        order = Qt.SortOrder.DescendingOrder if is_more else Qt.SortOrder.AscendingOrder
        view.table.sortByColumn(column, order)
        self._layout.addWidget(view)
        self._on_selected()
        view.sync()

    def _add_filter(self, view: BlotterView) -> None:
        self.filter, self.failed = QLineEdit(), QPushButton("Failed")
        self.filter.setPlaceholderText("Filter: fast=10")
        self.filter.setAccessibleName("Filter of cells")
        self.filter.setClearButtonEnabled(True)
        self.filter.setMinimumWidth(90)
        self.filter.setMaximumWidth(260)
        self.failed.setCheckable(True)
        self.failed.setProperty("role", "pad")
        self.failed.setToolTip("Show only cells without figures")
        view.bar.addStretch(1)
        view.bar.addWidget(self.failed)
        view.bar.addWidget(self.filter, 1)
        self.filter.textChanged.connect(self._on_filter)
        self.failed.toggled.connect(self._on_filter)

    def sync(self) -> None:
        """Show the cells that are there now."""
        if self.view is not None:
            self.view.on_news()

    def finish(self) -> None:
        """Show all of them."""
        if self.view is not None:
            self.view.sync()

    def _on_filter(self, *_: object) -> None:
        if self.view is not None and self.rows is not None:
            text, is_failed = self.filter.text(), self.failed.isChecked()
            self.view.model.show_where(self.rows.matching(text, is_failed=is_failed))
            self.view.sync()

    def _on_selected(self, *_: object) -> None:
        if self.open is not None and self.view is not None:
            self.open.setEnabled(len(self.view.chosen()) == 1)

    def _on_open(self, *_: object) -> None:
        view = self.view
        if view is not None and len(view.chosen()) == 1:
            self.picked.emit(int(view.model.record(view.chosen()[0])["number"]))

    def _on_menu(self, _: int, place: QPoint) -> None:
        view = self.view
        if view is not None:
            entries = (("Open its run", self._on_open), ("Copy rows", view.copy))
            self.menu = row_menu(self, entries, place)

    def showEvent(self, event: object) -> None:
        self.finish()
