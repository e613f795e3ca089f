"""How a ladder's rows look. Colours and text are cached; nothing is computed twice.

The same code draws bids and asks: a side's columns, colours and the direction in which
its bars grow are looked up in `_Side`.
"""

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPolygonF

from app.engine.records import BUY, SELL
from app.ui import formatting
from app.ui.items.ink import Ink
from app.ui.items.ladder_geometry import Column, Geometry
from app.ui.models.ladder import Cell, LadderFrame, Mark

_PAD: Final = 6.0
# Looked up here once: in Python 3.11 a member of an enum costs a call each time.
_LAST: Final = int(Mark.LAST)
_LAST_BUY: Final = int(Mark.LAST_BUY)
_LAST_SELL: Final = int(Mark.LAST_SELL)
_BEST_BID: Final = int(Mark.BEST_BID)
_BEST_ASK: Final = int(Mark.BEST_ASK)
_INSIDE: Final = int(Mark.INSIDE)
_AVERAGE: Final = int(Mark.AVERAGE)
_HIGH: Final = int(Mark.HIGH)
_LOW: Final = int(Mark.LOW)
_AT_TOUCH: Final = _LAST | _BEST_BID | _BEST_ASK
_BESIDE: Final = _LAST | _HIGH | _LOW | _AVERAGE
_PRICE: Final = Column.PRICE
_SMOOTH: Final = QPainter.RenderHint.Antialiasing
_NO_BRUSH: Final = Qt.BrushStyle.NoBrush
_NO_PEN: Final = Qt.PenStyle.NoPen


@dataclass(frozen=True, slots=True)
class _Side:
    """What differs between the two sides of a row."""

    side: int
    size: Column
    own: Column
    size_at: int  # place in Cell
    own_at: int
    ahead_at: int
    pending: int  # Mark
    stop: int  # Mark
    align: float  # size text stands at the price
    bar: QColor
    own_bar: QColor
    chip_pen: QPen
    chip_brush: QBrush


class LadderPaint:
    """Draws rows of frames.

    Parameters
    ----------
    ink : Ink
        Usual text for sizes and prices, bold for the touch and own orders, small for
        marks.
    """

    def __init__(self, ink: Ink) -> None:
        self._ink = ink
        self.theme = t = ink.theme
        self._usual, self._bold, self._small = ink.usual, ink.bold, ink.small
        self._sides = (
            _Side(
                BUY, Column.BID, Column.OWN_BUYS, 1, 3, 5,
                int(Mark.PENDING_BUY), int(Mark.STOP_BUY), 1.0,
                QColor(t.bid_bar), QColor(t.bid_own),
                QPen(QColor(t.bid), 1.2), QBrush(QColor(t.bid)),
            ),
            _Side(
                SELL, Column.ASK, Column.OWN_SELLS, 2, 4, 6,
                int(Mark.PENDING_SELL), int(Mark.STOP_SELL), 0.0,
                QColor(t.ask_bar), QColor(t.ask_own),
                QPen(QColor(t.ask), 1.2), QBrush(QColor(t.ask)),
            ),
        )  # fmt: skip

    def heading(
        self, painter: QPainter, geometry: Geometry, frame: LadderFrame
    ) -> None:
        """Draw the band above the rows: totals of both sides and the spread."""
        t, text = self.theme, frame.listed.text
        painter.fillRect(
            QRectF(0, 0, geometry.width, geometry.header), self._ink.brush(t.panel)
        )
        painter.setPen(self._ink.pen(t.line))
        y = geometry.header - 0.5
        painter.drawLine(QLineF(0, y, geometry.width, y))
        ticks = frame.spread_ticks
        if ticks is None:
            spread = (
                "one-sided" if len(frame.bids) or len(frame.asks) else formatting.DASH
            )
        else:
            spread = f"{ticks} tick" + ("s" if ticks != 1 else "")
        totals = {
            Column.OWN_BUYS: ("my buys", t.muted),
            Column.BID: (text.size(frame.bid_total), t.bid),
            Column.PRICE: (spread, t.muted),
            Column.ASK: (text.size(frame.ask_total), t.ask),
            Column.OWN_SELLS: ("my sells", t.muted),
        }
        self._ink.write_in(painter, self._small)
        for column, (words, colour) in totals.items():
            painter.setPen(self._ink.pen(colour))
            align = {Column.BID: 1.0, Column.ASK: 0.0}.get(column, 0.5)
            self._small.draw(painter, geometry.heading(column), words, align, _PAD)

    def grounds(
        self,
        painter: QPainter,
        geometry: Geometry,
        frame: LadderFrame,
        first: int,
        last: int,
    ) -> None:
        """Draw what lies under a block of rows, from `first` to `last`."""
        t = self.theme
        rect = geometry.row_rect(first).united(geometry.row_rect(last))
        painter.fillRect(rect, self._ink.brush(t.panel))
        for row in range(first, last + 1):
            if (frame.top - row) % 5 == 0:
                painter.fillRect(geometry.row_rect(row), self._ink.brush(t.shade))
        colours = (
            (Column.BID, t.bid_cell),
            (Column.PRICE, t.price_cell),
            (Column.ASK, t.ask_cell),
        )
        for column, colour in colours:
            top, bottom = geometry.cell(first, column), geometry.cell(last, column)
            painter.fillRect(top.united(bottom), self._ink.brush(colour))
        painter.setPen(self._ink.pen(t.line))
        for row in range(first, last + 1):
            if (frame.top - row) % 5 == 0:
                y = geometry.row_rect(row).bottom() + 0.5
                painter.drawLine(QLineF(0, y, geometry.width, y))

    def row(
        self, painter: QPainter, geometry: Geometry, frame: LadderFrame, row: int
    ) -> None:
        """Draw one row of a frame upon its ground."""
        cell = frame.cell(row)
        for side in self._sides:
            self._size(painter, geometry, frame, row, cell, side)
            if cell[side.own_at] > 0:
                self._own(painter, geometry, frame, row, cell, side)
        self._price(painter, geometry, frame, row, cell)

    def _size(
        self,
        painter: QPainter,
        geometry: Geometry,
        frame: LadderFrame,
        row: int,
        cell: Cell,
        side: _Side,
    ) -> None:
        size = cell[side.size_at]
        if size <= 0:
            return
        box = geometry.cell(row, side.size)
        room = box.width() - 2
        length = max(2.0, room * min(1.0, size / frame.full))
        painter.fillRect(_bar(box, 0.0, length, side.align), side.bar)
        own = min(cell[side.own_at], size)
        if own:
            ahead = max(0, min(cell[side.ahead_at], size - own))
            start, part = length * ahead / size, max(2.0, length * own / size)
            painter.fillRect(_bar(box, start, part, side.align), side.own_bar)
        self._ink.write_in(painter, self._usual)
        painter.setPen(self._ink.pen(self.theme.text))
        self._usual.draw(painter, box, frame.listed.text.size(size), side.align, _PAD)

    def _own(
        self,
        painter: QPainter,
        geometry: Geometry,
        frame: LadderFrame,
        row: int,
        cell: Cell,
        side: _Side,
    ) -> None:
        leaves, marks = cell[side.own_at], cell.marks
        text = frame.listed.text
        words = text.size(leaves) + (" stp" if marks & side.stop else "")
        box = geometry.cell(row, side.own).adjusted(3, 1.5, -3, -1.5)
        self.chip(painter, box, words, side.side, hollow=bool(marks & side.pending))
        ahead = cell[side.ahead_at]
        width = self._bold.width(words) + 14
        if ahead >= 0 and box.width() - width > 24:
            self._ink.write_in(painter, self._small)
            painter.setPen(self._ink.pen(self.theme.text))
            room = (
                box.adjusted(width, 0, 0, 0)
                if side.side == SELL
                else box.adjusted(0, 0, -width, 0)
            )
            queue = f"{text.size(ahead)} ahead"
            if self._small.width(queue) > room.width() - 6:
                queue = text.size(ahead)
            self._small.draw(painter, room, queue, side.align, 3)

    def chip(
        self, painter: QPainter, box: QRectF, words: str, side: int, *, hollow: bool
    ) -> None:
        """Draw an order of ours; hollow while the venue has not answered."""
        which = self._sides[0 if side == BUY else 1]
        width = min(box.width(), self._bold.width(words) + 12)
        left = box.right() - width if side == BUY else box.left()
        chip = QRectF(left, box.top(), width, box.height())
        painter.setRenderHint(_SMOOTH, True)
        painter.setPen(which.chip_pen)
        painter.setBrush(_NO_BRUSH if hollow else which.chip_brush)
        painter.drawRoundedRect(chip, 3, 3)
        painter.setRenderHint(_SMOOTH, False)
        self._ink.write_in(painter, self._bold)
        painter.setPen(which.chip_pen if hollow else self._ink.pen(self.theme.on_side))
        self._bold.draw(painter, chip, words, 0.5)

    def _price(
        self,
        painter: QPainter,
        geometry: Geometry,
        frame: LadderFrame,
        row: int,
        cell: Cell,
    ) -> None:
        t, marks = self.theme, cell.marks
        box = geometry.cell(row, _PRICE)
        glyphs = self._usual
        if marks & _AT_TOUCH:
            glyphs = self._bold
        if marks & _LAST:
            painter.fillRect(box, self._ink.brush(t.last_cell))
        painter.setPen(self._ink.pen(self._price_colour(marks)))
        self._ink.write_in(painter, glyphs)
        glyphs.draw(painter, box, frame.listed.text.price(cell.price), 0.5)
        if marks & _BESIDE:
            self._marks(painter, box, frame, cell)

    def _marks(
        self, painter: QPainter, box: QRectF, frame: LadderFrame, cell: Cell
    ) -> None:
        """What stands beside a price: last trade, session high and low, our average."""
        marks = cell.marks
        is_right = bool(marks & _LAST and not marks & _LAST_SELL)
        if marks & _LAST:
            self._last(painter, box, frame, cell, is_right=is_right)
        if marks & (_HIGH | _LOW):
            letter = "H" if marks & _HIGH else "L"
            self._ink.write_in(painter, self._small)
            painter.setPen(self._ink.pen(self.theme.muted))
            # On the side that the last trade's size and the average leave free.
            is_left = is_right or not marks & (_LAST | _AVERAGE)
            self._small.draw(painter, box, letter, 0.0 if is_left else 1.0, 5)
        if marks & _AVERAGE:
            self._average(painter, box, frame.position)

    def _price_colour(self, marks: int) -> str:
        t = self.theme
        if marks & _LAST:
            return t.last
        if marks & _BEST_BID:
            return t.bid
        if marks & _BEST_ASK:
            return t.ask
        return t.muted if marks & _INSIDE else t.text

    def _last(
        self,
        painter: QPainter,
        box: QRectF,
        frame: LadderFrame,
        cell: Cell,
        *,
        is_right: bool,
    ) -> None:
        """The last trade: its size, on the side and in the colour of the aggressor."""
        t, marks, text = self.theme, cell.marks, frame.listed.text
        colour = t.text
        if marks & (_LAST_BUY | _LAST_SELL):
            colour = t.bid if marks & _LAST_BUY else t.ask
        left = box.right() - 3 if is_right else box.left()
        painter.fillRect(
            QRectF(left, box.top(), 3, box.height()), self._ink.brush(colour)
        )
        size = text.size(cell.last_size)
        room = (box.width() - self._bold.width(text.price(cell.price))) / 2
        if self._small.width(size) + 8 <= room:
            self._ink.write_in(painter, self._small)
            painter.setPen(self._ink.pen(colour))
            self._small.draw(painter, box, size, 1.0 if is_right else 0.0, 6)

    def _average(self, painter: QPainter, box: QRectF, position: int) -> None:
        """A pointer at the position's average price."""
        x, y, h = box.left(), box.center().y(), box.height() * 0.32
        painter.setRenderHint(_SMOOTH, True)
        painter.setPen(_NO_PEN)
        painter.setBrush(self._ink.brush(self.theme.side(position)))
        painter.drawPolygon(
            QPolygonF([QPointF(x, y - h), QPointF(x + 1.2 * h, y), QPointF(x, y + h)])
        )
        painter.setRenderHint(_SMOOTH, False)


def _bar(box: QRectF, start: float, length: float, align: float) -> QRectF:
    """A bar that grows away from the price column, `start` px from it."""
    left = box.right() - 1 - start - length if align else box.left() + 1 + start
    return QRectF(left, box.top() + 1, length, box.height() - 2)
