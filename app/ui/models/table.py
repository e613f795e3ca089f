"""A Qt table over structured records: block updates, sorting by value, export.

One idea: the table shows `source()`'s records through an array of row numbers. `sync`
computes the numbers wanted now (filtered, sorted by a column's values or newest first)
and tells Qt the least: rows before the first one, or one change of layout, and one
`dataChanged` for the block. Text is made for visible cells only.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TextIO

import numpy as np
from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
)
from PySide6.QtGui import QColor

from app.ui.formatting import plain

Index = QModelIndex | QPersistentModelIndex
_ROOT: Final = QModelIndex()


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes
    ----------
    title : str
    text : callable
        A record to what is shown.
    values : callable
        Records to what they are sorted by.
    colour : callable or None
        A record to ``#rrggbb``; None = plain.
    is_number : bool
        Aligned right.
    tip : str
        What the column means, where the title does not say it.
    width : int
        In figures.
    """

    title: str
    text: Callable[[np.void], str]
    values: Callable[[np.ndarray], np.ndarray]
    colour: Callable[[np.void], str] | None = None
    is_number: bool = True
    tip: str = ""
    width: int = 11


class RecordTable(QAbstractTableModel):
    """Records of a source as a table, newest first until sorted.

    Parameters
    ----------
    columns : tuple of Column
    source : callable
        Returns the records, oldest first.
    wanted : callable or None
        Records to a mask of those to show; None = all.
    """

    def __init__(
        self,
        columns: tuple[Column, ...],
        source: Callable[[], np.ndarray],
        wanted: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> None:
        super().__init__()
        self.columns = columns
        self._source = source
        self._wanted = wanted
        self._sorted_by = -1
        self._is_descending = False
        self._records = source()
        self._rows = np.zeros(0, np.intp)
        self.sync()

    def show_where(self, wanted: Callable[[np.ndarray], np.ndarray] | None) -> None:
        """Show other records of the source."""
        self._wanted = wanted
        self.sync()

    def sync(self) -> None:
        """Bring the table up to date with its source."""
        self._records = self._source()
        rows = self._ordered()
        old = self._rows
        added = len(rows) - len(old)
        if added > 0 and np.array_equal(rows[added:], old):
            self.beginInsertRows(_ROOT, 0, added - 1)
            self._rows = rows
            self.endInsertRows()
        elif not np.array_equal(rows, old):
            self._resize_to(len(rows))
            self._arrange(rows)
        if len(rows):
            last = self.index(len(rows) - 1, len(self.columns) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def record(self, row: int) -> np.void:
        """The record shown in a row."""
        found: np.void = self._records[self._rows[row]]
        return found

    def cell(self, row: int, column: int) -> tuple[str, str, bool]:
        """A cell's text, its colour ("" = plain) and whether it is a number."""
        shown, record = self.columns[column], self.record(row)
        colour = shown.colour(record) if shown.colour is not None else ""
        return shown.text(record), colour, shown.is_number

    def export(self, file: TextIO) -> None:
        """Write the rows as shown as CSV, numbers without thousands."""
        writer = csv.writer(file)
        writer.writerow([column.title for column in self.columns])
        for record in self._records[self._rows]:
            writer.writerow([plain(column.text(record)) for column in self.columns])

    # Qt's face.

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if (
            role not in _ANSWERED
            or not index.isValid()
            or index.row() >= len(self._rows)
        ):
            return None
        column = self.columns[index.column()]
        if role == _DISPLAY:
            return column.text(self.record(index.row()))
        if role == _FOREGROUND and column.colour is not None:
            return QColor(column.colour(self.record(index.row())))
        if role == _ALIGNMENT:
            return _RIGHT if column.is_number else _LEFT
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tip or None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.is_number else _LEFT
        return None

    def sort(
        self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder
    ) -> None:
        self._sorted_by = column
        self._is_descending = order == Qt.SortOrder.DescendingOrder
        self.sync()

    def _ordered(self) -> np.ndarray:
        rows = np.arange(len(self._records))[::-1]
        if self._wanted is not None and len(rows):
            rows = rows[self._wanted(self._records)[::-1]]
        if self._sorted_by >= 0 and len(rows):
            values = self.columns[self._sorted_by].values(self._records[rows])
            by_value = np.argsort(values, kind="stable")
            rows = rows[by_value[::-1] if self._is_descending else by_value]
        return rows

    def _resize_to(self, count: int) -> None:
        """Add or remove rows at the end, so that only their order is left to change."""
        have = len(self._rows)
        if count > have:
            self.beginInsertRows(_ROOT, have, count - 1)
            self._rows = (
                np.resize(self._rows, count) if have else np.zeros(count, np.intp)
            )
            self.endInsertRows()
        elif count < have:
            self.beginRemoveRows(_ROOT, count, have - 1)
            self._rows = self._rows[:count]
            self.endRemoveRows()

    def _arrange(self, rows: np.ndarray) -> None:
        self.layoutAboutToBeChanged.emit()
        held = self.persistentIndexList()
        place = {record: row for row, record in enumerate(rows.tolist())}
        moved = [place.get(int(self._rows[index.row()]), -1) for index in held]
        self._rows = rows
        self.changePersistentIndexList(
            held,
            [
                self.index(row, index.column()) if row >= 0 else QModelIndex()
                for row, index in zip(moved, held, strict=True)
            ],
        )
        self.layoutChanged.emit()


_DISPLAY: Final = int(Qt.ItemDataRole.DisplayRole)
_FOREGROUND: Final = int(Qt.ItemDataRole.ForegroundRole)
_ALIGNMENT: Final = int(Qt.ItemDataRole.TextAlignmentRole)
_ANSWERED: Final = frozenset((_DISPLAY, _FOREGROUND, _ALIGNMENT))
_RIGHT: Final = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT: Final = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
