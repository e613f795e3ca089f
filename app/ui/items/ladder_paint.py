"""How a ladder's rows look. Colours and text are cached; nothing is computed twice.

The same code draws bids and asks: a side's columns, colours and the direction in which
its bars grow are looked up in `_Side`.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QPainter, QPen, QPolygonF

from app.engine.records import BUY, SELL
from app.ui import formatting
from app.ui.items.glyphs import Glyphs
from app.ui.items.ladder_geometry import Column, Geometry, Spot
from app.ui.models.ladder import LadderFrame, Mark
from app.ui.theme import Theme

_PAD: Final = 6.0


@dataclass(frozen=True, slots=True)
class _Side:
    """What differs between the two sides of a row."""

    side: int
    size: Column
    own: Column
    size_field: str
    own_field: str
    ahead_field: str
    pending: Mark
    stop: Mark
    align: float  # size text stands at the price
    ground: QColor
    bar: QColor
    own_bar: QColor
    chip: QColor


class LadderPaint:
    """Draws rows of frames.

    Parameters
    ----------
    theme : Theme
    font, bold, small : QFont
        For sizes; for prices at the touch and own orders; for marks and notes.
    """

    def __init__(self, theme: Theme, font: QFont, bold: QFont, small: QFont) -> None:
        self.theme = theme
        self._glyphs = Glyphs(font)
        self._bold = Glyphs(bold)
        self._small = Glyphs(small)
        self._pens: dict[str, QPen] = {}
        self._brushes: dict[str, QBrush] = {}
        t = theme
        self._sides = (
            _Side(
                BUY, Column.BID, Column.OWN_BUYS, "bid", "buy", "buy_ahead",
                Mark.PENDING_BUY, Mark.STOP_BUY, 1.0,
                QColor(t.bid_cell), QColor(t.bid_bar), QColor(t.bid_own), QColor(t.bid),
            ),
            _Side(
                SELL, Column.ASK, Column.OWN_SELLS, "ask", "sell", "sell_ahead",
                Mark.PENDING_SELL, Mark.STOP_SELL, 0.0,
                QColor(t.ask_cell), QColor(t.ask_bar), QColor(t.ask_own), QColor(t.ask),
            ),
        )  # fmt: skip

    def heading(self, painter: QPainter, geometry: Geometry, frame: LadderFrame) -> None:
        """Draw the band above the rows: totals of both sides and the spread."""
        t, text = self.theme, frame.listed.text
        painter.fillRect(QRectF(0, 0, geometry.width, geometry.header), self._brush(t.panel))
        painter.setPen(self._pen(t.line))
        y = geometry.header - 0.5
        painter.drawLine(QLineF(0, y, geometry.width, y))
        ticks = frame.spread_ticks
        if ticks is None:
            spread = "one-sided" if len(frame.bids) or len(frame.asks) else formatting.DASH
        else:
            spread = f"{ticks} tick" + ("s" if ticks != 1 else "")
        totals = {
            Column.OWN_BUYS: ("my buys", t.muted),
            Column.BID: (text.size(frame.bid_total), t.bid),
            Column.PRICE: (spread, t.muted),
            Column.ASK: (text.size(frame.ask_total), t.ask),
            Column.OWN_SELLS: ("my sells", t.muted),
        }
        painter.setFont(self._small.font)
        for column, (words, colour) in totals.items():
            painter.setPen(self._pen(colour))
            align = {Column.BID: 1.0, Column.ASK: 0.0}.get(column, 0.5)
            self._small.draw(painter, geometry.heading(column), words, align, _PAD)

    def row(self, painter: QPainter, geometry: Geometry, frame: LadderFrame, row: int) -> None:
        """Draw one row of a frame."""
        cell = frame.cells[row]
        marks = int(cell["marks"])
        shaded = (frame.top - row) % 5 == 0
        ground = self.theme.shade if shaded else self.theme.panel
        painter.fillRect(geometry.row_rect(row), self._brush(ground))
        for side in self._sides:
            self._size(painter, geometry, frame, row, cell, side)
            self._own(painter, geometry, frame, row, cell, marks, side)
        self._price(painter, geometry, frame, row, cell, marks)
        if marks & Mark.INSIDE == 0 and shaded:
            painter.setPen(self._pen(self.theme.line))
            rect = geometry.row_rect(row)
            painter.drawLine(QLineF(0, rect.bottom() + 0.5, rect.width(), rect.bottom() + 0.5))

    def _size(
        self,
        painter: QPainter,
        geometry: Geometry,
        frame: LadderFrame,
        row: int,
        cell: np.void,
        side: _Side,
    ) -> None:
        box = geometry.cell(row, side.size)
        painter.fillRect(box, side.ground)
        size = int(cell[side.size_field])
        if size <= 0:
            return
        room = box.width() - 2
        length = max(2.0, room * min(1.0, size / frame.full))
        painter.fillRect(_bar(box, 0.0, length, side.align), side.bar)
        own = min(int(cell[side.own_field]), size)
        if own:
            ahead = max(0, min(int(cell[side.ahead_field]), size - own))
            start, part = length * ahead / size, max(2.0, length * own / size)
            painter.fillRect(_bar(box, start, part, side.align), side.own_bar)
        painter.setFont(self._glyphs.font)
        painter.setPen(self._pen(self.theme.text))
        self._glyphs.draw(painter, box, frame.listed.text.size(size), side.align, _PAD)

    def _own(
        self,
        painter: QPainter,
        geometry: Geometry,
        frame: LadderFrame,
        row: int,
        cell: np.void,
        marks: int,
        side: _Side,
    ) -> None:
        leaves = int(cell[side.own_field])
        if leaves <= 0:
            return
        text = frame.listed.text
        words = text.size(leaves) + (" stp" if marks & side.stop else "")
        box = geometry.cell(row, side.own).adjusted(3, 1.5, -3, -1.5)
        self.chip(painter, box, words, side.side, hollow=bool(marks & side.pending))
        ahead = int(cell[side.ahead_field])
        width = self._bold.width(words) + 14
        if ahead >= 0 and box.width() - width > 24:
            painter.setFont(self._small.font)
            painter.setPen(self._pen(self.theme.text))
            room = (
                box.adjusted(width, 0, 0, 0)
                if side.side == SELL
                else box.adjusted(0, 0, -width, 0)
            )
            queue = self._small.elided(f"{text.size(ahead)} ahead", room.width() - 4)
            self._small.draw(painter, room, queue, side.align, 3)

    def chip(
        self, painter: QPainter, box: QRectF, words: str, side: int, *, hollow: bool
    ) -> None:
        """Draw an order of ours; hollow while the venue has not answered."""
        which = self._sides[0 if side == BUY else 1]
        width = min(box.width(), self._bold.width(words) + 12)
        left = box.right() - width if side == BUY else box.left()
        chip = QRectF(left, box.top(), width, box.height())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(QPen(which.chip, 1.2))
        painter.setBrush(Qt.BrushStyle.NoBrush if hollow else QBrush(which.chip))
        painter.drawRoundedRect(chip, 3, 3)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setFont(self._bold.font)
        painter.setPen(which.chip if hollow else self._pen(self.theme.on_side))
        self._bold.draw(painter, chip, words, 0.5)

    def _price(
        self,
        painter: QPainter,
        geometry: Geometry,
        frame: LadderFrame,
        row: int,
        cell: np.void,
        marks: int,
    ) -> None:
        t = self.theme
        box = geometry.cell(row, Column.PRICE)
        is_last = bool(marks & Mark.LAST)
        painter.fillRect(box, self._brush(t.last_cell if is_last else t.price_cell))
        at_touch = marks & (Mark.BEST_BID | Mark.BEST_ASK)
        glyphs = self._bold if is_last or at_touch else self._glyphs
        painter.setFont(glyphs.font)
        painter.setPen(self._pen(self._price_colour(marks)))
        glyphs.draw(painter, box, frame.listed.text.price(int(cell["price"])), 0.5)
        if is_last:
            self._last(painter, box, frame, cell, marks)
        if marks & (Mark.HIGH | Mark.LOW):
            painter.setFont(self._small.font)
            painter.setPen(self._pen(t.muted))
            self._small.draw(painter, box, "H" if marks & Mark.HIGH else "L", 0.0, 3)
        if marks & Mark.AVERAGE:
            self._average(painter, box, frame.position)

    def _price_colour(self, marks: int) -> str:
        t = self.theme
        if marks & Mark.LAST:
            return t.last
        if marks & Mark.BEST_BID:
            return t.bid
        if marks & Mark.BEST_ASK:
            return t.ask
        return t.muted if marks & Mark.INSIDE else t.text

    def _last(
        self, painter: QPainter, box: QRectF, frame: LadderFrame, cell: np.void, marks: int
    ) -> None:
        """The last trade: its size, on the side and in the colour of the aggressor."""
        t = self.theme
        colour = t.bid if marks & Mark.LAST_BUY else t.ask if marks & Mark.LAST_SELL else t.text
        painter.fillRect(
            QRectF(box.left() if marks & Mark.LAST_SELL else box.right() - 3, box.top(), 3, box.height()),
            self._brush(colour),
        )
        size = frame.listed.text.size(int(cell["last_size"]))
        price = frame.listed.text.price(int(cell["price"]))
        room = (box.width() - self._bold.width(price)) / 2
        if self._small.width(size) + 8 <= room:
            painter.setFont(self._small.font)
            painter.setPen(self._pen(colour))
            self._small.draw(painter, box, size, 0.0 if marks & Mark.LAST_SELL else 1.0, 6)

    def _average(self, painter: QPainter, box: QRectF, position: int) -> None:
        """A pointer at the position's average price."""
        x, y, h = box.left(), box.center().y(), box.height() * 0.32
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._brush(self.theme.side(position)))
        painter.drawPolygon(
            QPolygonF([QPointF(x, y - h), QPointF(x + 1.2 * h, y), QPointF(x, y + h)])
        )
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def outline(self, painter: QPainter, geometry: Geometry, spot: Spot, *, dashed: bool) -> None:
        """Draw the pointer's cell, or (dashed) the keyboard's."""
        style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
        colour = self.theme.accent if dashed else self.theme.muted
        painter.setPen(QPen(QColor(colour), 1, style))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(geometry.cell(spot.row, spot.column).adjusted(0.5, 0.5, -1.5, -1.5))

    def note(
        self, painter: QPainter, geometry: Geometry, row: int, words: str, *, is_error: bool
    ) -> None:
        """Write something across a row: a refusal, or what waits for a confirm."""
        left = geometry.lefts[Column.BID]
        right = geometry.lefts[Column.OWN_SELLS]
        rect = geometry.row_rect(row)
        box = QRectF(left, rect.top() + 1, right - left, rect.height() - 2)
        t = self.theme
        colour = t.error if is_error else t.warning
        painter.fillRect(box, self._brush(t.raised if is_error else t.warning_cell))
        painter.setPen(self._pen(colour))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
        painter.setFont(self._small.font)
        shown = self._small.elided(words, box.width() - 2 * _PAD)
        self._small.draw(painter, box, shown, 0.5, _PAD)

    def away(
        self, painter: QPainter, geometry: Geometry, rows: int, *, is_flash: bool
    ) -> None:
        """Show that the market is out of view: negative `rows` above, else below."""
        t = self.theme
        row = 0 if rows < 0 else geometry.rows - 1
        rect = geometry.row_rect(row)
        edge = rect.top() if rows < 0 else rect.bottom() - 2
        painter.fillRect(QRectF(0, edge, geometry.width, 3), self._brush(t.accent))
        box = geometry.cell(row, Column.PRICE)
        ground = t.last if is_flash else t.accent
        painter.fillRect(box, self._brush(ground))
        painter.setFont(self._bold.font)
        painter.setPen(self._pen(t.panel if is_flash else t.on_accent))
        arrow = "▲" if rows < 0 else "▼"
        self._bold.draw(painter, box, f"{arrow} {abs(rows)} · Space", 0.5)

    def _pen(self, colour: str) -> QPen:
        pen = self._pens.get(colour)
        if pen is None:
            pen = self._pens[colour] = QPen(QColor(colour))
        return pen

    def _brush(self, colour: str) -> QBrush:
        brush = self._brushes.get(colour)
        if brush is None:
            brush = self._brushes[colour] = QBrush(QColor(colour))
        return brush


def _bar(box: QRectF, start: float, length: float, align: float) -> QRectF:
    """A bar that grows away from the price column, `start` px from it."""
    left = box.right() - 1 - start - length if align else box.left() + 1 + start
    return QRectF(left, box.top() + 1, length, box.height() - 2)
