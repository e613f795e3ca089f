"""What has a shape in a ladder's rows: order chips, marks beside prices, hatching.

Each is a sprite that the raster lays over its cell: drawn by Qt once, and again only
where it shows something new.
"""

from collections.abc import Hashable
from typing import Final

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPolygonF

from app.engine.ladder_rows import Mark
from app.ui.formatting import InstrumentText
from app.ui.items.ink import Ink
from app.ui.items.ladder_cells import AHEAD
from app.ui.items.ladder_chips import Chip, Chips
from app.ui.items.ladder_geometry import Column, Geometry
from app.ui.items.raster import RasterGrid, Sprites, rgb
from app.ui.models.ladder import LadderFrame, Own, Shape
from app.ui.models.market import Listed

BESIDE: Final = int(
    Mark.LAST | Mark.LAST_BUY | Mark.LAST_SELL | Mark.HIGH | Mark.LOW | Mark.AVERAGE
    | Mark.OPEN | Mark.PREVIOUS_CLOSE | Mark.VWAP | Mark.BREAK_EVEN
)  # fmt: skip
"""Marks that are drawn beside a price."""
_LETTERS: Final = (
    (int(Mark.HIGH), "H"),
    (int(Mark.LOW), "L"),
    (int(Mark.OPEN), "O"),
    (int(Mark.PREVIOUS_CLOSE), "C"),
    (int(Mark.VWAP), "V"),
)
_LAST, _AVERAGE = int(Mark.LAST), int(Mark.AVERAGE)
_BREAK_EVEN: Final = int(Mark.BREAK_EVEN)
_UNKNOWN: Final = {
    Column.BID: int(Mark.UNKNOWN_BID),
    Column.ASK: int(Mark.UNKNOWN_ASK),
}
_OWN: Final = {Column.OWN_BUYS: "buy_ahead", Column.OWN_SELLS: "sell_ahead"}
_NO_ROWS: Final = np.zeros(0, np.intp)
_SMOOTH: Final = QPainter.RenderHint.Antialiasing
_KEPT: Final = 512
_HATCH_PX: Final = 8  # after so many px a hatching repeats itself


class LadderShapes:
    """Puts sprites into the cells of a grid."""

    def __init__(self, ink: Ink, sprites: Sprites) -> None:
        self._ink, self._sprites = ink, sprites
        self.theme = ink.theme
        self._small, self._bold = ink.small, ink.bold
        self.chips = Chips(ink)

    def arrange(self, grid: RasterGrid, geometry: Geometry, ratio: float) -> None:
        """Another size or other columns follow."""
        self._geometry, self._ratio = geometry, ratio
        self._body = grid.cells[1:]
        self._widths = self._body["width"][0].tolist()
        self._heights = self._body["height"][:, 0].tolist()
        self._listed: Listed | None = None
        self._put_there: dict[Column, list[tuple[int, int]]] = {}
        self._forget()
        self._places = {each: i for i, each in enumerate(geometry.columns)}
        self._written = rgb(self.theme.text)

    def _forget(self) -> None:
        """Drop what is known of an instrument's words."""
        self._chips: dict[Hashable, tuple[int, int]] = {}
        self._marked: dict[Hashable, int] = {}
        self._chipped: dict[Column, tuple[object, np.ndarray]] = {}

    def place(self, frame: LadderFrame) -> None:
        """Give the cells of a frame their sprites; most stay from frame to frame."""
        cells, places = self._body, self._places
        if frame.listed is not self._listed:
            self._listed = frame.listed
            self._forget()
        marks: list[int] = frame.cells["marks"].tolist()
        rows = [row for row, mark in enumerate(marks) if mark & BESIDE]
        beside = [(row, self._beside(frame, row, marks[row] & BESIDE)) for row in rows]
        self._put(cells[:, places[Column.PRICE]], Column.PRICE, beside)
        for column, mark in _UNKNOWN.items():
            if column in places:
                rows = [row for row, each in enumerate(marks) if each & mark]
                hatched = [(row, self._hatch(row, column)) for row in rows]
                self._put(cells[:, places[column]], column, hatched)
        for column in _OWN:
            if column in places:
                self._orders(cells[:, places[column]], frame, column)

    def _put(
        self, part: np.ndarray, column: Column, sprites: list[tuple[int, int]]
    ) -> None:
        """Lay sprites (row, number) over a column's cells, and none over the others."""
        if self._put_there.get(column) != sprites:
            self._put_there[column] = sprites
            part["sprite"] = 0
            for row, sprite in sprites:
                part["sprite"][row] = sprite

    # Orders.

    def _orders(self, part: np.ndarray, frame: LadderFrame, column: Column) -> None:
        """Draw our orders' chips where they differ; the queue ahead of them always."""
        ahead = _OWN[column]
        key = frame.looks, self._sprites.generation
        known, rows = self._chipped.get(column, (None, _NO_ROWS))
        if known != key:
            rows = self._draw_orders(part, frame, column)
            self._chipped[column] = key, rows
        if len(rows):
            waits = frame.cells[ahead][rows]
            part["number"][rows] = np.where(waits >= 0, AHEAD, 0)
            part["value"][rows] = waits

    def _draw_orders(
        self, part: np.ndarray, frame: LadderFrame, column: Column
    ) -> np.ndarray:
        """Draw a column's chips; the rows in which something may wait ahead."""
        part["sprite"] = part["number"] = 0
        rows = []
        for (row, side), own in frame.looks.items():
            if side != column.side:
                continue
            cell = part[row]
            cell["sprite"], cell["pad"] = self._chip(own, frame, column, row)
            cell["ink"] = self._written
            if not own.shape & Shape.GHOST:
                rows.append(row)
        return np.array(rows, np.intp)

    def _chip(
        self, own: Own, frame: LadderFrame, column: Column, row: int
    ) -> tuple[int, int]:
        """Sprite of a chip, and what the number beside it keeps free, device px."""
        size = self._size(row, column)
        key = own, column, size, self._sprites.generation
        known = self._chips.get(key)
        if known is None:
            words = chip_words(own, frame.listed.text)
            chip, box = Chip(words, column.side, own.shape), self._inner(size)
            sprite = self._sprites.of(
                chip, size, lambda painter: self._draw_chip(painter, box, chip)
            )
            pad = round((self.chips.width(chip, box) + 6) * self._ratio)
            if len(self._chips) >= _KEPT:
                self._chips.clear()
            known = self._chips[key] = sprite, pad
        return known

    def _draw_chip(self, painter: QPainter, box: QRectF, chip: Chip) -> None:
        self._ink.begin()
        self.chips.draw(painter, box, chip)

    # Beside prices.

    def _beside(self, frame: LadderFrame, row: int, marks: int) -> int:
        """What stands beside a price: last trade, marks of the session, our average."""
        side = (frame.position > 0) - (frame.position < 0)
        size = self._size(row, Column.PRICE)
        key: tuple[Hashable, ...] = (
            marks, side, size, self._sprites.generation,
        )  # fmt: skip
        if marks & _LAST:
            cell = frame.cells[row]
            key = (*key, int(cell["last_size"]), int(cell["price"]))
        known = self._marked.get(key)
        if known is None:
            if len(self._marked) >= _KEPT:
                self._marked.clear()
            known = self._marked[key] = self._mark(frame, row, marks, side)
        return known

    def _mark(self, frame: LadderFrame, row: int, marks: int, side: int) -> int:
        """Draw what stands beside a price, unless there is such a picture."""
        words, taken = "", 0.0
        if marks & _LAST:
            text = frame.listed.text
            words = text.size(int(frame.cells["last_size"][row]))
            taken = self._bold.width(text.price(int(frame.cells["price"][row])))
        size = self._size(row, Column.PRICE)
        return self._sprites.of(
            (marks, words, taken, side),
            size,
            lambda painter: self._draw_beside(
                painter, self._whole(size), marks, words, taken, side
            ),
        )

    def _draw_beside(
        self,
        painter: QPainter,
        box: QRectF,
        marks: int,
        size: str,
        taken: float,
        position: int,
    ) -> None:
        """Draw last size, letters, pointer; `taken` is the width of the price, px."""
        self._ink.begin()
        is_right = bool(marks & _LAST and not marks & int(Mark.LAST_SELL))
        if marks & _LAST:
            self._last(painter, box, marks, size, taken)
        letters = "".join(letter for mark, letter in _LETTERS if marks & mark)
        points = marks & (_AVERAGE | _BREAK_EVEN)
        if letters:
            self._ink.write_in(painter, self._small)
            painter.setPen(self._ink.pen(self.theme.muted))
            # On the side that the last trade's size leaves free.
            pad = 6 + (box.height() * 0.5 if is_right and points else 0)
            self._small.draw(painter, box, letters, 0.0 if is_right else 1.0, pad)
        if points:
            self._point(painter, box, position, hollow=not marks & _AVERAGE)

    def _last(
        self, painter: QPainter, box: QRectF, marks: int, size: str, taken: float
    ) -> None:
        """The last trade: its size, on the side and in the colour of the aggressor."""
        t, is_right = self.theme, not marks & int(Mark.LAST_SELL)
        colour = t.text
        if marks & int(Mark.LAST_BUY | Mark.LAST_SELL):
            colour = t.bid if marks & int(Mark.LAST_BUY) else t.ask
        left = box.right() - 3 if is_right else box.left()
        painter.fillRect(
            QRectF(left, box.top(), 3, box.height()), self._ink.brush(colour)
        )
        if self._small.width(size) + 8 <= (box.width() - taken) / 2:
            self._ink.write_in(painter, self._small)
            painter.setPen(self._ink.pen(colour))
            self._small.draw(painter, box, size, 1.0 if is_right else 0.0, 6)

    def _point(
        self, painter: QPainter, box: QRectF, position: int, *, hollow: bool
    ) -> None:
        """A pointer at the position's average price; hollow: at its break-even."""
        x, y, h = box.left() + 1, box.center().y(), box.height() * 0.32
        colour = self.theme.side(position)
        painter.setRenderHint(_SMOOTH, True)
        painter.setPen(self._ink.pen(colour))
        painter.setBrush(Qt.BrushStyle.NoBrush if hollow else self._ink.brush(colour))
        painter.drawPolygon(
            QPolygonF([QPointF(x, y - h), QPointF(x + 1.2 * h, y), QPointF(x, y + h)])
        )
        painter.setRenderHint(_SMOOTH, False)

    # What is not known.

    def _hatch(self, row: int, column: Column) -> int:
        """Sizes here are not known: that is not the same as none."""
        cell, size = self._body[row, self._places[column]], self._size(row, column)
        phase = int(cell["x"]) % _HATCH_PX, int(cell["y"]) % _HATCH_PX
        return self._sprites.of(
            phase,
            size,
            lambda painter: self._draw_hatch(painter, self._whole(size), phase),
        )

    def _draw_hatch(
        self, painter: QPainter, box: QRectF, phase: tuple[int, int]
    ) -> None:
        # The stripes run on from cell to cell.
        painter.setBrushOrigin(QPoint(-phase[0], -phase[1]))
        brush = QBrush(QColor(self.theme.line), Qt.BrushStyle.BDiagPattern)
        painter.fillRect(box.adjusted(1, 1, -1, -1), brush)

    # Boxes, with the cell's top left at 0, 0.

    def _size(self, row: int, column: Column) -> tuple[int, int]:
        return self._widths[self._places[column]], self._heights[row]

    def _whole(self, size: tuple[int, int]) -> QRectF:
        return QRectF(0, 0, size[0] / self._ratio, size[1] / self._ratio)

    def _inner(self, size: tuple[int, int]) -> QRectF:
        return self._whole(size).adjusted(3, 1.5, -3, -1.5)


def chip_words(own: Own, text: InstrumentText) -> str:
    """What a chip says: the size, an iceberg's peak, how many orders."""
    words = text.size(own.size)
    if own.shape & Shape.ICEBERG:
        words = f"{text.size(own.display)}/{words}"
    if own.shape & (Shape.STOP | Shape.TRAILING):
        words += " trl" if own.shape & Shape.TRAILING else " stp"
    return words + (f" ×{own.orders}" if own.orders > 1 else "")
