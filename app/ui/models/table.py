"""A Qt table over structured records: block updates, sorting by value, export.

One idea: the table shows `source()`'s records through an array of row numbers. `sync`
computes the numbers wanted now (filtered, sorted by a column's values or newest first)
and tells Qt the least: rows before the first one, or one change of layout, and one
`dataChanged` for the block, whose very cells stand in `changes`. Text is made for
visible cells only.
"""

import csv
from collections.abc import Callable, Iterable
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
Cell = tuple[str, str]
"""A text and its colour ("" = plain)."""
_KEPT_ROWS: Final = 2_000
_IDS: Final = ("client_order_id", "instrument", "strategy")
"""Fields by which a record is the same one as before."""


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
    is_live : bool
        Its text may change while the record does not.
    edits : str
        What editing a cell changes; "" = it is not for editing.
    does : str
        What a click on a cell does; "" = nothing. Such a column is not exported.
    """

    title: str
    text: Callable[[np.void], str]
    values: Callable[[np.ndarray], np.ndarray]
    colour: Callable[[np.void], str] | None = None
    is_number: bool = True
    tip: str = ""
    width: int = 11
    is_live: bool = False
    edits: str = ""
    does: str = ""


class RecordTable(QAbstractTableModel):
    """Records of a source as a table, newest first until sorted.

    Parameters
    ----------
    columns : tuple of Column
    source : callable
        Returns the records, oldest first.
    wanted : callable or None
        Records to a mask of those to show; None = all.

    Attributes
    ----------
    columns : tuple of Column
    may_edit : callable
        Whether a record's cells of columns with `edits` can be edited now.
    changes : list of (int, list of int)
        Rows and the columns in them that differ, while `dataChanged` is emitted;
        empty where nothing finer than its block is known.
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
        self._known: dict[int, tuple[bytes, list[Cell]]] = {}
        self._live = [i for i, column in enumerate(columns) if column.is_live]
        self._seen: tuple[int, list[list[Cell]]] = -1, []
        self._order = Order()
        self.changes: list[tuple[int, list[int]]] = []
        self.may_edit: Callable[[np.void], bool] = _never
        self.sync()

    def show_where(self, wanted: Callable[[np.ndarray], np.ndarray] | None) -> None:
        """Show other records of the source."""
        self._wanted = wanted
        self.sync()

    def sync(self, on_screen: tuple[int, int] | None = None) -> None:
        """Bring the table up to date with its source.

        Parameters
        ----------
        on_screen : (int, int), optional
            First and last row that anyone can see: only of those is told what has
            changed; what scrolls into view is read anew. None = all of them.
        """
        self._records = self._source()
        rows = self._ordered()
        old = self._rows
        added = len(rows) - len(old)
        is_moved = True
        if added > 0 and np.array_equal(rows[added:], old):
            self.beginInsertRows(_ROOT, 0, added - 1)
            self._rows = rows
            self.endInsertRows()
        elif not np.array_equal(rows, old):
            self._resize_to(len(rows))
            self._arrange(rows)
        else:
            is_moved = False
        self._tell_changes(on_screen, is_moved=is_moved)

    def sync_values(self, on_screen: tuple[int, int]) -> None:
        """Bring what the rows say up to date; no row comes, goes or moves.

        Where the source has other records by now nothing is done: a row would come to
        stand for another.
        """
        records = self._source()
        if len(records) != len(self._records):
            return
        names = [name for name in _IDS if name in (records.dtype.names or ())]
        if all(np.array_equal(records[x], self._records[x]) for x in names):
            self._records = records
            self._tell_changes(on_screen, is_moved=False)

    def forget(self) -> None:
        """Write every text anew: names or numbers of instruments have changed."""
        self._known.clear()
        self._seen = -1, []

    def _tell_changes(
        self, on_screen: tuple[int, int] | None, *, is_moved: bool
    ) -> None:
        """Emit one `dataChanged` for the block of rows that differ."""
        last = len(self._rows) - 1
        if last < 0:
            return
        width = len(self.columns) - 1
        if on_screen is None:
            self.dataChanged.emit(self.index(0, 0), self.index(last, width))
            return
        first, end = on_screen[0], min(on_screen[1], last)
        seen = [self.cells(row) for row in range(first, end + 1)]
        (top, before), self._seen = self._seen, (first, seen)
        if is_moved or top != first or len(before) != len(seen):
            if seen:
                self.dataChanged.emit(self.index(first, 0), self.index(end, width))
            return
        for row, (old, new) in enumerate(zip(before, seen, strict=True), first):
            if old != new:
                columns = [i for i in range(width + 1) if old[i] != new[i]]
                self.changes.append((row, columns))
        if self.changes:
            every = [i for _, columns in self.changes for i in columns]
            rows = self.changes[0][0], self.changes[-1][0]
            self.dataChanged.emit(
                self.index(rows[0], min(every)), self.index(rows[1], max(every))
            )
            self.changes.clear()

    def record(self, row: int) -> np.void:
        """The record shown in a row."""
        found: np.void = self._records[self._rows[row]]
        return found

    def source_row(self, row: int) -> int:
        """Number that a row's record has in the source."""
        return int(self._rows[row])

    def cell(self, row: int, column: int) -> tuple[str, str, bool]:
        """A cell's text, its colour ("" = plain) and whether it is a number."""
        shown, record = self.columns[column], self.record(row)
        colour = shown.colour(record) if shown.colour is not None else ""
        return shown.text(record), colour, shown.is_number

    def cells(self, row: int) -> list[Cell]:
        """A row's texts with their colours; written anew where its record differs."""
        number = int(self._rows[row])
        record = self._records[number]
        raw = record.tobytes()
        known = self._known.get(number)
        if known is None or known[0] != raw:
            if len(self._known) >= _KEPT_ROWS:
                self._known.clear()
            known = raw, [self._cell(column, record) for column in self.columns]
            self._known[number] = known
            return known[1]
        if not self._live:
            return known[1]
        cells = known[1].copy()
        for column in self._live:
            cells[column] = self._cell(self.columns[column], record)
        return cells

    @staticmethod
    def _cell(column: Column, record: np.void) -> Cell:
        colour = column.colour(record) if column.colour is not None else ""
        return column.text(record), colour

    def export(self, file: TextIO, columns: Iterable[int] | None = None) -> None:
        """Write the rows as shown as CSV, numbers without thousands.

        Parameters
        ----------
        file : text file
        columns : iterable of int, optional
            Which, in this order; all by default.
        """
        writer = csv.writer(file)
        chosen = range(len(self.columns)) if columns is None else columns
        shown = [self.columns[i] for i in chosen if not self.columns[i].does]
        writer.writerow([column.title for column in shown])
        for record in self._records[self._rows]:
            writer.writerow([plain(column.text(record)) for column in shown])

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

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        row = index.row()
        is_cell = index.isValid() and row < len(self._rows)
        if is_cell and self.columns[index.column()].edits:
            may = self.may_edit(self.record(row))
            return flags | Qt.ItemFlag.ItemIsEditable if may else flags
        return flags

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
            by_value = self._order.of(values)
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


class Order:
    """Keeps the order of values to which new ones come at the front."""

    def __init__(self) -> None:
        self._values = np.zeros(0)
        self._order = np.zeros(0, np.intp)

    def of(self, values: np.ndarray) -> np.ndarray:
        """Places of values in ascending order, equal ones as they stand."""
        new = len(values) - len(self._values)
        is_kept = (
            0 <= new <= len(values) // 8
            and values.dtype == self._values.dtype
            and np.array_equal(values[new:], self._values)
        )
        if not is_kept:  # NaN is in order nowhere: it is sorted each time
            order = np.argsort(values, kind="stable")
        elif new:
            first = np.argsort(values[:new], kind="stable")
            at = np.searchsorted(self._values[self._order], values[first])
            order = np.insert(self._order + new, at, first)
        else:
            return self._order
        self._values, self._order = values.copy(), order
        return order


def _never(_: np.void) -> bool:
    return False


_DISPLAY: Final = int(Qt.ItemDataRole.DisplayRole)
_FOREGROUND: Final = int(Qt.ItemDataRole.ForegroundRole)
_ALIGNMENT: Final = int(Qt.ItemDataRole.TextAlignmentRole)
_ANSWERED: Final = frozenset((_DISPLAY, _FOREGROUND, _ALIGNMENT))
_RIGHT: Final = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT: Final = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
