"""Where things lie in a ladder: columns, rows, and what is under a point."""

from dataclasses import dataclass
from enum import IntEnum

from PySide6.QtCore import QPointF, QRect, QRectF

from app.engine.records import BUY, SELL


class Column(IntEnum):
    """A ladder's columns, left to right."""

    OWN_BUYS = 0
    BID = 1
    PRICE = 2
    ASK = 3
    OWN_SELLS = 4

    @property
    def side(self) -> int:
        """Side of the orders that a click here is about; 0 in the price column."""
        return {0: BUY, 1: BUY, 3: SELL, 4: SELL}.get(int(self), 0)

    @property
    def is_own(self) -> bool:
        """Whether it shows our orders."""
        return self in (Column.OWN_BUYS, Column.OWN_SELLS)


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
    price_width, own_width : int
        Of the price column and of each own-order column at least, px.
    """

    def __init__(
        self,
        width: int,
        height: int,
        row_height: int,
        header: int,
        price_width: int,
        own_width: int,
    ) -> None:
        self.width = width
        self.row_height = row_height
        self.rows = max(1, (height - header) // row_height)
        # What no whole row fills goes to the band above, so that no strip is left.
        self.header = max(header, height - self.rows * row_height)
        own = max(own_width, round(width * 0.17))
        size = max(24, (width - price_width - 2 * own) // 2)
        own = max(0, (width - price_width - 2 * size) // 2)
        price = width - 2 * own - 2 * size
        widths = (own, size, price, size, own)
        self.lefts = [sum(widths[:i]) for i in range(len(widths))]
        self.widths = widths

    def row_rect(self, row: int) -> QRect:
        """The whole of a row."""
        return QRect(
            0, self.header + row * self.row_height, self.width, self.row_height
        )

    def cell(self, row: int, column: Column) -> QRectF:
        """One cell."""
        return QRectF(
            self.lefts[column],
            self.header + row * self.row_height,
            self.widths[column],
            self.row_height,
        )

    def heading(self, column: Column) -> QRectF:
        """A column's part of the band above the rows."""
        return QRectF(self.lefts[column], 0, self.widths[column], self.header)

    def spot(self, point: QPointF) -> Spot | None:
        """The cell under a point, or None outside the rows."""
        x, y = point.x(), point.y() - self.header
        row = int(y // self.row_height)
        if y < 0 or row >= self.rows or not 0 <= x < self.width:
            return None
        column = max(i for i, left in enumerate(self.lefts) if x >= left)
        return Spot(row, Column(column))
