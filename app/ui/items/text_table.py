"""A small table of text: previews, answers of queries. No sorting, no editing."""

from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

Index = QModelIndex | QPersistentModelIndex
_ROOT: Final = QModelIndex()
_WIDEST: Final = 44
"""Figures; longer text is elided."""
_LEFT: Final = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT: Final = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class TextModel(QAbstractTableModel):
    """Rows of text under headings; columns of numbers are aligned right."""

    def __init__(self) -> None:
        super().__init__()
        self.heads: Sequence[str] = ()
        self.rows: Sequence[Sequence[str]] = ()
        self._numbers: list[bool] = []

    def show_rows(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Show other rows; where their number stays, selection and scroll stay too."""
        if heads == self.heads and len(rows) == len(self.rows) and rows:
            self.rows = rows
            last = self.index(len(rows) - 1, len(heads) - 1)
            self.dataChanged.emit(self.index(0, 0), last)
            return
        self.beginResetModel()
        self.heads, self.rows = heads, rows
        self._numbers = [
            any(row[i] for row in rows[:50])
            and all(_is_number(row[i]) for row in rows[:50] if row[i])
            for i in range(len(heads))
        ]
        self.endResetModel()

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.heads)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self.rows[index.row()][index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if self._numbers[index.column()] else _LEFT
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.heads[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if self._numbers[section] else _LEFT
        return None


class TextTable(QTableView):
    """Shows a `TextModel`, its columns as wide as their text."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.text = TextModel()
        self.setModel(self.text)
        self.setAccessibleName(name)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        row = round(QFontMetrics(self.font()).height() * 1.5)
        vertical = self.verticalHeader()
        vertical.setMinimumSectionSize(row)
        vertical.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        vertical.setDefaultSectionSize(row)
        self.horizontalHeader().setHighlightSections(False)

    def show_rows(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Show other rows."""
        self.text.show_rows(heads, rows)
        metrics = QFontMetrics(self.font())
        heading = self.horizontalHeader()
        for i, head in enumerate(heads):
            longest = max([head, *(row[i] for row in rows[:100])], key=len)
            width = metrics.horizontalAdvance(longest[:_WIDEST])
            heading.resizeSection(i, width + 26)


def _is_number(text: str) -> bool:
    return text.lstrip("-−+").replace(",", "").replace(".", "", 1).isdigit()
