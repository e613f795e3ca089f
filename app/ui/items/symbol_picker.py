"""Symbols of the catalog to tick, with what there is of each and how far it reaches."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.ui.models.backtest_data import Shelf, reach_of, stream_title

_ON, _OFF = Qt.CheckState.Checked, Qt.CheckState.Unchecked
_ROWS = 7


class _Rows(QTreeWidget):
    """A list that a form may cut between two of its rows."""

    row_px = 0


class SymbolPicker(QWidget):
    """A filter and a list with boxes to tick.

    Signals
    -------
    picked(object)
        All symbols that are ticked, in the order in which they were.
    """

    picked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter symbols")
        self.filter.setAccessibleName("Filter of symbols")
        self.filter.setClearButtonEnabled(True)
        self.list = _Rows()
        self.list.setAccessibleName("Symbols; space ticks one")
        self.list.setHeaderLabels(["Symbol", "Data", "From", "To"])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setAlternatingRowColors(True)
        self.list.setFrameShape(QTreeWidget.Shape.NoFrame)
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self._line = self.fontMetrics().height() + 8
        self.list.setMinimumHeight(_ROWS * self._line)
        self.list.row_px = self._line
        header.setFixedHeight(self._line)
        self.chosen: list[str] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.filter)
        layout.addWidget(self.list, 1)
        self.filter.textChanged.connect(self._on_filter)
        self.list.itemChanged.connect(self._on_item)

    def show_shelf(self, shelf: Shelf) -> None:
        """Show what the catalog holds; what is ticked stays."""
        self.list.blockSignals(True)
        self.list.clear()
        names = sorted({*shelf.by_name, *self.chosen})
        for name in names:
            streams = shelf.by_name.get(name, {})
            days = map(str, reach_of(streams.values()) or ("", ""))
            titles = ", ".join(map(stream_title, shelf.common([name])))
            item = QTreeWidgetItem([name, titles or "not in the catalog", *days])
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(0, _ON if name in self.chosen else _OFF)
            item.setToolTip(1, titles)
            # As high as the rows of tables, and with room for the box.
            width = self.fontMetrics().horizontalAdvance(name) + 2 * self._line
            item.setSizeHint(0, QSize(width, self._line))
            self.list.addTopLevelItem(item)
        self.list.blockSignals(False)
        self._on_filter(self.filter.text())

    def show_chosen(self, symbols: Sequence[str]) -> None:
        """Tick these and no others, without telling of it."""
        self.chosen = list(symbols)
        self.list.blockSignals(True)
        for item in self._items():
            item.setCheckState(0, _ON if item.text(0) in self.chosen else _OFF)
        self.list.blockSignals(False)

    def _items(self) -> list[QTreeWidgetItem]:
        every = (
            self.list.topLevelItem(i) for i in range(self.list.topLevelItemCount())
        )
        return [each for each in every if each is not None]

    def _on_item(self, item: QTreeWidgetItem) -> None:
        name, is_on = item.text(0), item.checkState(0) is _ON
        if is_on == (name in self.chosen):
            return
        if is_on:
            self.chosen.append(name)
        else:
            self.chosen.remove(name)
        self.picked.emit(list(self.chosen))

    def _on_filter(self, text: str) -> None:
        words = text.lower().split()
        for item in self._items():
            heap = f"{item.text(0)} {item.text(1)}".lower()
            item.setHidden(not all(word in heap for word in words))
