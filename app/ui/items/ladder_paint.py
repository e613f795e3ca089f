"""How a ladder looks: compiled cells first, and upon them what has a shape.

Order chips, marks beside prices and hatching are drawn by Qt into the same picture, and
only where the cell beneath was painted anew.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPolygonF

from app.engine.records import BUY, SELL
from app.ui import formatting
from app.ui.items.ink import Ink
from app.ui.items.ladder_cells import LadderCells
from app.ui.items.ladder_geometry import Column, Geometry
from app.ui.items.raster import Lettering, RasterGrid
from app.ui.models.ladder import LadderFrame, Mark

_PAD: Final = 6.0
_LETTERS: Final = (
    (int(Mark.HIGH), "H"),
    (int(Mark.LOW), "L"),
    (int(Mark.OPEN), "O"),
    (int(Mark.PREVIOUS_CLOSE), "C"),
    (int(Mark.VWAP), "V"),
)
_LAST, _AVERAGE = int(Mark.LAST), int(Mark.AVERAGE)
_BREAK_EVEN: Final = int(Mark.BREAK_EVEN)
_SMOOTH: Final = QPainter.RenderHint.Antialiasing
_TITLES: Final = {
    Column.OWN_BUYS: "my buys",
    Column.BID_CHANGE: "pull/stack",
    Column.SOLD: "sold",
    Column.BOUGHT: "bought",
    Column.ASK_CHANGE: "pull/stack",
    Column.OWN_SELLS: "my sells",
    Column.VOLUME: "volume",
    Column.NOTES: "notes",
}


@dataclass(frozen=True, slots=True)
class _Side:
    """What differs between the own-order columns of the two sides."""

    side: int
    own: Column
    name: str  # fields of CELL
    pending: int  # Mark
    stop: int  # Mark
    align: float
    pen: QPen
    brush: QBrush


class LadderPaint:
    """Paints frames into a picture of its own.

    Parameters
    ----------
    ink : Ink
        Usual text for sizes and prices, bold for the touch and own orders, small for
        marks.
    ratio : float
        Device px for one logical px.
    """

    def __init__(self, ink: Ink, ratio: float) -> None:
        self._ink = ink
        self._ratio = ratio
        self.theme = t = ink.theme
        self._usual, self._bold, self._small = ink.usual, ink.bold, ink.small
        fonts = (ink.usual.font, ink.bold.font, ink.small.font)
        self._lettering = Lettering(fonts, ratio)
        self._cells = LadderCells(t, self._lettering)
        self._sides = {
            Column.OWN_BUYS: _Side(
                BUY, Column.OWN_BUYS, "buy", int(Mark.PENDING_BUY),
                int(Mark.STOP_BUY), 1.0,
                QPen(QColor(t.bid), 1.2), QBrush(QColor(t.bid)),
            ),
            Column.OWN_SELLS: _Side(
                SELL, Column.OWN_SELLS, "sell", int(Mark.PENDING_SELL),
                int(Mark.STOP_SELL), 0.0,
                QPen(QColor(t.ask), 1.2), QBrush(QColor(t.ask)),
            ),
        }  # fmt: skip

    def arrange(self, geometry: Geometry) -> None:
        """Make a picture for another size or other columns."""
        ratio, self._geometry = self._ratio, geometry
        size = round(geometry.width * ratio), round(geometry.height * ratio)
        shape = geometry.rows, len(geometry.columns)
        self._grid = RasterGrid(self._lettering, size, shape, ratio)
        self._cells.arrange(self._grid, geometry, ratio)

    def paint(self, frame: LadderFrame, notes: dict[int, str]) -> QRect:
        """Bring the picture to a frame; return what changed, logical px.

        Parameters
        ----------
        frame : LadderFrame
        notes : dict
            The user's words by row.
        """
        grid = self._grid
        self._cells.fill(grid, frame)
        self._orders(frame)
        self._notes(notes)
        if not grid.paint():
            return QRect()
        self._draw_shapes(frame)
        return grid.drawn_rect(self._ratio)

    def forget(self) -> None:
        """Let the next `paint` paint everything."""
        self._grid.forget()

    def blit(self, painter: QPainter, rect: QRect) -> None:
        """Copy a part of the picture (logical px) to the screen, unscaled."""
        ratio = self._ratio
        left, top = int(rect.x() * ratio), int(rect.y() * ratio)
        right = math.ceil((rect.x() + rect.width()) * ratio)
        bottom = math.ceil((rect.y() + rect.height()) * ratio)
        source = QRect(left, top, right - left, bottom - top)
        # A rectangle as the target would be taken for a change of scale: 2 ms.
        painter.drawImage(
            QPointF(left / ratio, top / ratio), self._grid.image, QRectF(source)
        )

    # The band above.

    def heading(self, painter: QPainter, frame: LadderFrame) -> None:
        """Draw the band above the rows: totals of both sides and the spread."""
        t, text, geometry = self.theme, frame.listed.text, self._geometry
        painter.fillRect(
            QRectF(0, 0, geometry.width, geometry.header), self._ink.brush(t.panel)
        )
        painter.setPen(self._ink.pen(t.line))
        y = geometry.header - 0.5
        painter.drawLine(QLineF(0, y, geometry.width, y))
        totals = {
            Column.BID: (text.size(frame.bid_total), t.bid, 1.0),
            Column.PRICE: (_spread(frame), t.muted, 0.5),
            Column.ASK: (text.size(frame.ask_total), t.ask, 0.0),
        }
        self._ink.write_in(painter, self._small)
        for column in geometry.columns:
            usual = (_TITLES.get(column, ""), t.muted, 0.5)
            words, colour, align = totals.get(column, usual)
            painter.setPen(self._ink.pen(colour))
            box = geometry.heading(column)
            pad = 2.0 if column in _TITLES else _PAD
            shown = self._small.elided(words, box.width() - 2 * pad)
            self._small.draw(painter, box, shown, align, pad)

    # What has a shape.

    def _orders(self, frame: LadderFrame) -> None:
        """Tell the grid which order cells look different."""
        cells = frame.cells
        for column, side in self._sides.items():
            if not self._geometry.has(column):
                continue
            part = self._grid.cells[:, self._geometry.columns.index(column)]
            part["special"] = 0
            for row in np.flatnonzero(cells[side.name]).tolist():
                leaves = int(cells[side.name][row])
                ahead = int(cells[f"{side.name}_ahead"][row])
                marks = int(cells["marks"][row]) & (side.pending | side.stop)
                count = len(frame.own.get((row, side.side), ()))
                key = hash((leaves, ahead, marks, count, frame.listed.number))
                part["special"][row] = key or 1

    def _notes(self, notes: dict[int, str]) -> None:
        if not self._geometry.has(Column.NOTES):
            return
        at = self._geometry.columns.index(Column.NOTES)
        part = self._grid.cells[:, at]
        part["run"], part["ink"] = 0, self._ink.pen(self.theme.text).color().rgb()
        room = self._geometry.column_width(Column.NOTES) - 2 * _PAD
        for row, words in notes.items():
            if 0 <= row < len(part):
                shown = self._small.elided(words, room)
                part["run"][row] = self._lettering.run(2, shown)

    def _draw_shapes(self, frame: LadderFrame) -> None:
        grid = self._grid
        shaped = np.argwhere(grid.drawn & (grid.cells["special"] != 0)).tolist()
        if not shaped:
            return
        painter = QPainter(grid.image)
        self._ink.begin()
        for row, at in shaped:
            column = self._geometry.columns[at]
            if column is Column.PRICE:
                self._beside(painter, frame, row)
            elif column in self._sides:
                self._own(painter, frame, row, self._sides[column])
            else:
                self._hatch(painter, row, column)
        painter.end()

    def _hatch(self, painter: QPainter, row: int, column: Column) -> None:
        """Sizes here are not known: that is not the same as none."""
        box = self._geometry.cell(row, column).adjusted(1, 1, -1, -1)
        brush = QBrush(QColor(self.theme.line), Qt.BrushStyle.BDiagPattern)
        painter.fillRect(box, brush)

    def _own(
        self, painter: QPainter, frame: LadderFrame, row: int, side: _Side
    ) -> None:
        cell, text = frame.cells[row], frame.listed.text
        marks, leaves = int(cell["marks"]), int(cell[side.name])
        is_stop = bool(marks & side.stop)
        count = len(frame.own.get((row, side.side), ()))
        words = text.size(leaves) + (" stp" if is_stop else "")
        words += f" ×{count}" if count > 1 else ""
        box = self._geometry.cell(row, side.own).adjusted(3, 1.5, -3, -1.5)
        is_pending = bool(marks & side.pending)
        width = self._chip(
            painter, box, words, side, hollow=is_pending, pointed=is_stop
        )
        ahead = int(cell[f"{side.name}_ahead"])
        room = box.width() - width - 6
        if ahead < 0 or room < 12:
            return
        queue = f"{text.size(ahead)} ahead"
        if self._small.width(queue) > room:
            queue = text.size(ahead)
        if self._small.width(queue) > room:
            return
        self._ink.write_in(painter, self._small)
        painter.setPen(self._ink.pen(self.theme.text))
        is_left = side.side == BUY
        beside = (
            box.adjusted(0, 0, -width, 0) if is_left else box.adjusted(width, 0, 0, 0)
        )
        self._small.draw(painter, beside, queue, side.align, 3)

    def _chip(
        self,
        painter: QPainter,
        box: QRectF,
        words: str,
        side: _Side,
        *,
        hollow: bool,
        pointed: bool,
    ) -> float:
        """Draw orders of ours: pointed = a stop, hollow = waits for the venue."""
        tip = box.height() * 0.4 if pointed else 0.0
        width = min(box.width(), self._bold.width(words) + 12 + tip)
        left = box.right() - width if side.side == BUY else box.left()
        chip = QRectF(left, box.top(), width, box.height())
        painter.setRenderHint(_SMOOTH, True)
        painter.setPen(side.pen)
        painter.setBrush(Qt.BrushStyle.NoBrush if hollow else side.brush)
        if pointed:
            painter.drawPolygon(_pointed(chip, tip, is_left=side.side == SELL))
        else:
            painter.drawRoundedRect(chip, 3, 3)
        painter.setRenderHint(_SMOOTH, False)
        self._ink.write_in(painter, self._bold)
        painter.setPen(side.pen if hollow else self._ink.pen(self.theme.on_side))
        self._bold.draw(painter, chip, self._bold.elided(words, width - 4), 0.5)
        return width

    def _beside(self, painter: QPainter, frame: LadderFrame, row: int) -> None:
        """What stands beside a price: last trade, marks of the session, our average."""
        box = self._geometry.cell(row, Column.PRICE)
        marks = int(frame.cells["marks"][row])
        is_right = bool(marks & _LAST and not marks & int(Mark.LAST_SELL))
        if marks & _LAST:
            self._last(painter, box, frame, row, is_right=is_right)
        letters = "".join(letter for mark, letter in _LETTERS if marks & mark)
        points = marks & (_AVERAGE | _BREAK_EVEN)
        if letters:
            self._ink.write_in(painter, self._small)
            painter.setPen(self._ink.pen(self.theme.muted))
            # On the side that the last trade's size leaves free.
            is_left = is_right
            pad = 6 + (box.height() * 0.5 if is_left and points else 0)
            self._small.draw(painter, box, letters, 0.0 if is_left else 1.0, pad)
        if points:
            self._point(painter, box, frame.position, hollow=not marks & _AVERAGE)

    def _last(
        self,
        painter: QPainter,
        box: QRectF,
        frame: LadderFrame,
        row: int,
        *,
        is_right: bool,
    ) -> None:
        """The last trade: its size, on the side and in the colour of the aggressor."""
        t, text = self.theme, frame.listed.text
        marks = int(frame.cells["marks"][row])
        colour = t.text
        if marks & int(Mark.LAST_BUY | Mark.LAST_SELL):
            colour = t.bid if marks & int(Mark.LAST_BUY) else t.ask
        left = box.right() - 3 if is_right else box.left()
        painter.fillRect(
            QRectF(left, box.top(), 3, box.height()), self._ink.brush(colour)
        )
        size = text.size(int(frame.cells["last_size"][row]))
        price = text.price(int(frame.cells["price"][row]))
        room = (box.width() - self._bold.width(price)) / 2
        if self._small.width(size) + 8 <= room:
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


def _pointed(chip: QRectF, tip: float, *, is_left: bool) -> QPolygonF:
    """A chip with a tip at its left or right: the shape of a stop."""
    left, right, y = chip.left(), chip.right(), chip.center().y()
    inner = left + tip if is_left else right - tip
    outer, flat = (left, right) if is_left else (right, left)
    return QPolygonF(
        [
            QPointF(flat, chip.top()),
            QPointF(inner, chip.top()),
            QPointF(outer, y),
            QPointF(inner, chip.bottom()),
            QPointF(flat, chip.bottom()),
        ]
    )


def _spread(frame: LadderFrame) -> str:
    """The spread in words, and how many ticks a row has."""
    ticks = frame.spread_ticks
    if ticks is not None:
        words = f"{ticks} tick" + ("s" if ticks != 1 else "")
    else:
        is_any = len(frame.bids) or len(frame.asks)
        words = "one-sided" if is_any else formatting.DASH
    return words if frame.group == 1 else f"{words} · {frame.group} a row"
