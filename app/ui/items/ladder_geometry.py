"""Where things lie in a ladder: columns, rows, and what is under a point."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from PySide6.QtCore import QPointF, QRect, QRectF

from app.engine.records import BUY, SELL


class Column(IntEnum):
    """A ladder's columns, left to right as they ship."""

    OWN_BUYS = 0
    BID_CHANGE = 1  # pulled or stacked
    SOLD = 2  # at the bid
    BID = 3
    PRICE = 4
    ASK = 5
    BOUGHT = 6  # at the ask
    ASK_CHANGE = 7
    OWN_SELLS = 8
    VOLUME = 9
    NOTES = 10

    @property
    def side(self) -> int:
        """Side of the orders that a click here is about; 0 where it is about none."""
        return _SIDES.get(self, 0)

    @property
    def is_own(self) -> bool:
        """Whether it shows our orders."""
        return self in (Column.OWN_BUYS, Column.OWN_SELLS)

    @property
    def title(self) -> str:
        """What a menu calls it."""
        return _TITLES[self]


_SIDES: Final = {
    Column.OWN_BUYS: BUY,
    Column.BID: BUY,
    Column.ASK: SELL,
    Column.OWN_SELLS: SELL,
}
_TITLES: Final = {
    Column.OWN_BUYS: "My buys",
    Column.BID_CHANGE: "Bids pulled or stacked",
    Column.SOLD: "Sold at bid",
    Column.BID: "Bid size",
    Column.PRICE: "Price",
    Column.ASK: "Ask size",
    Column.BOUGHT: "Bought at ask",
    Column.ASK_CHANGE: "Asks pulled or stacked",
    Column.OWN_SELLS: "My sells",
    Column.VOLUME: "Volume at price",
    Column.NOTES: "Notes",
}
_FOLDS: Final = (
    (Column.NOTES,),
    (Column.BID_CHANGE, Column.ASK_CHANGE),
    (Column.VOLUME,),
    (Column.SOLD, Column.BOUGHT),
)
"""What goes first where there is no room, both sides alike."""
_LEAST: Final = {
    Column.OWN_BUYS: 7.0,
    Column.BID_CHANGE: 7.0,
    Column.SOLD: 6.0,
    Column.BID: 7.0,
    Column.ASK: 7.0,
    Column.BOUGHT: 6.0,
    Column.ASK_CHANGE: 7.0,
    Column.OWN_SELLS: 7.0,
    Column.VOLUME: 8.0,
    Column.NOTES: 9.0,
}
"""Figures that a column holds at least."""
_BESIDE: Final = 10
"""Figures of room beside a price: the last size, marks."""
_GROWS: Final = {Column.BID: 3, Column.ASK: 3, Column.NOTES: 3, Column.VOLUME: 2}
"""Shares of the room that is left; 1 where nothing is said."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A cell of the ladder."""

    row: int
    column: Column


class Geometry:
    """Columns and rows for one size of the widget.

    Parameters
    ----------
    width, height : int
        Of the widget, px.
    row_height, header : int
        Of one row, and of the band above the rows, px.
    figure : float
        Width of a figure, px.
    price_figures : int
        Figures of the longest price.
    wanted : sequence of Column
        The columns to show, left to right; the least of them go where there is no room.

    Attributes
    ----------
    columns : tuple of Column
        Those that are shown.
    """

    def __init__(
        self,
        width: int,
        height: int,
        row_height: int,
        header: int,
        figure: float,
        price_figures: int,
        wanted: Sequence[Column] = tuple(Column),
    ) -> None:
        self.width = width
        self.height = height
        self.row_height = row_height
        self.rows = max(1, (height - header) // row_height)
        # What no whole row fills goes to the band above, so that no strip is left.
        self.header = max(header, height - self.rows * row_height)
        least = {column: round(_LEAST.get(column, 0) * figure) for column in wanted}
        least[Column.PRICE] = round((price_figures + _BESIDE) * figure)
        self.columns = _that_fit(wanted, least, width)
        self._share(least)

    def _share(self, least: dict[Column, int]) -> None:
        """Give what is left to the columns by their shares."""
        shares = [0 if c is Column.PRICE else _GROWS.get(c, 1) for c in self.columns]
        total = sum(shares) or 1
        left_over = self.width - sum(least[column] for column in self.columns)
        edges = [0]
        for i, column in enumerate(self.columns):
            given = left_over * sum(shares[: i + 1]) // total
            given -= left_over * sum(shares[:i]) // total
            edges.append(edges[-1] + max(0, least[column] + given))
        edges[-1] = max(edges[-2], self.width)
        self.edges = edges
        self._places = {column: i for i, column in enumerate(self.columns)}

    def has(self, column: Column) -> bool:
        """Whether a column is shown."""
        return column in self._places

    def left(self, column: Column) -> int:
        """Left edge of a column, px; the widget's width where it is not shown."""
        place = self._places.get(column)
        return self.width if place is None else self.edges[place]

    def column_width(self, column: Column) -> int:
        """Width of a column, px; 0 where it is not shown."""
        place = self._places.get(column)
        return 0 if place is None else self.edges[place + 1] - self.edges[place]

    def row_rect(self, row: int) -> QRect:
        """The whole of a row."""
        return QRect(
            0, self.header + row * self.row_height, self.width, self.row_height
        )

    def cell(self, row: int, column: Column) -> QRectF:
        """One cell."""
        return QRectF(
            self.left(column),
            self.header + row * self.row_height,
            self.column_width(column),
            self.row_height,
        )

    def heading(self, column: Column) -> QRectF:
        """A column's part of the band above the rows."""
        return QRectF(self.left(column), 0, self.column_width(column), self.header)

    def column_at(self, x: float) -> Column | None:
        """The column at a place, or None outside."""
        if not 0 <= x < self.width:
            return None
        place = max(i for i, left in enumerate(self.edges[:-1]) if x >= left)
        return self.columns[place]

    def spot(self, point: QPointF) -> Spot | None:
        """The cell under a point, or None outside the rows."""
        y = point.y() - self.header
        row = int(y // self.row_height)
        column = self.column_at(point.x())
        if y < 0 or row >= self.rows or column is None:
            return None
        return Spot(row, column)


def _that_fit(
    wanted: Sequence[Column], least: dict[Column, int], width: int
) -> tuple[Column, ...]:
    """Leave out columns until the others have room."""
    shown = list(dict.fromkeys(wanted))
    if Column.PRICE not in shown:
        shown.append(Column.PRICE)
    for fold in _FOLDS:
        if sum(least[column] for column in shown) <= width:
            break
        shown = [column for column in shown if column not in fold]
    return tuple(shown)
