"""Orders of ours as chips: the outline says what kind of order, the fill how it stands.

A limit is round, a stop has a tip, a trailing stop two, an iceberg a second edge. What
the venue has not confirmed is hollow; what is not there yet, a bracket's exit before
its entry is filled or an order that waits for the hand, is dashed.
"""

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPolygonF

from app.ui.items.ink import Ink
from app.ui.models.ladder import Shape

_SMOOTH: Final = QPainter.RenderHint.Antialiasing
_STOP, _TRAILING = int(Shape.STOP), int(Shape.TRAILING)
_ROUND_PX: Final = 3.0
_EDGE_PX: Final = 2.5
"""What shows of an iceberg's second edge."""
_PEN_PX: Final = 1.2
_TIP: Final = 0.4
"""Width of a tip by the chip's height."""
_GAP: Final = 12.0
"""Beside a chip's words, both sides together."""


@dataclass(frozen=True, slots=True)
class Chip:
    """What a chip shows.

    Attributes
    ----------
    words : str
    side : int
    shape : int
        Shape bits.
    """

    words: str
    side: int
    shape: int


class Chips:
    """Draws chips.

    Parameters
    ----------
    ink : Ink
        Chips are written in its bold.
    """

    def __init__(self, ink: Ink) -> None:
        self._ink = ink
        t = ink.theme
        self._colours = {1: t.bid, -1: t.ask}

    def width(self, chip: Chip, box: QRectF) -> float:
        """Width of a chip in a box, px."""
        width = self._ink.bold.width(chip.words) + _GAP + _tip(chip, box)
        width += _EDGE_PX if chip.shape & Shape.ICEBERG else 0.0
        return min(box.width(), width)

    def draw(self, painter: QPainter, box: QRectF, chip: Chip) -> None:
        """Draw a chip at the side of a box that lies towards the prices."""
        width = self.width(chip, box)
        left = box.right() - width if chip.side > 0 else box.left()
        body = QRectF(left, box.top(), width, box.height())
        colour = self._colour(chip)
        pen = QPen(QColor(colour), _PEN_PX)
        is_filled = not chip.shape & (Shape.PENDING | Shape.GHOST | Shape.WAITING)
        if chip.shape & (Shape.GHOST | Shape.WAITING):
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setRenderHint(_SMOOTH, True)
        painter.setPen(pen)
        brush = QBrush(QColor(colour)) if is_filled else QBrush()
        if chip.shape & Shape.WAITING:
            brush = QBrush(QColor(self._ink.theme.warning_cell))
        painter.setBrush(brush)
        inner = self._outline(painter, body, chip)
        painter.setRenderHint(_SMOOTH, False)
        self._ink.write_in(painter, self._ink.bold)
        written = self._ink.theme.on_side if is_filled else colour
        painter.setPen(self._ink.pen(written))
        words = self._ink.bold.elided(chip.words, inner.width() - 4)
        self._ink.bold.draw(painter, inner, words, 0.5)

    def _colour(self, chip: Chip) -> str:
        if chip.shape & Shape.WAITING:
            return self._ink.theme.warning
        return self._colours[chip.side]

    def _outline(self, painter: QPainter, body: QRectF, chip: Chip) -> QRectF:
        """Draw the shape; return where the words stand."""
        towards = 1.0 if chip.side > 0 else -1.0  # the prices lie to the right of buys
        if chip.shape & (_STOP | _TRAILING):
            tip = body.height() * _TIP
            painter.drawPolygon(_pointed(body, tip, towards))
            if chip.shape & _TRAILING:
                self._second_tip(painter, body, tip, towards)
            taken = _tip(chip, body) * 0.6
            return body.adjusted(
                taken if towards < 0 else 0, 0, -taken if towards > 0 else 0, 0
            )
        inner = body
        if chip.shape & Shape.ICEBERG:
            # A second edge, away from the prices: more lies behind what is shown.
            brush = painter.brush()
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(body, _ROUND_PX, _ROUND_PX)
            painter.setBrush(brush)
            inner = body.adjusted(
                _EDGE_PX if towards > 0 else 0, 0, -_EDGE_PX if towards < 0 else 0, 0
            )
        painter.drawRoundedRect(inner, _ROUND_PX, _ROUND_PX)
        return inner

    def _second_tip(
        self, painter: QPainter, body: QRectF, tip: float, towards: float
    ) -> None:
        """Draw the mark of a stop that follows the price: another tip behind."""
        pen, colour = painter.pen(), painter.pen().color()
        if painter.brush().style() != Qt.BrushStyle.NoBrush:
            colour = QColor(self._ink.theme.on_side)
        painter.setPen(QPen(colour, _PEN_PX))
        outer = body.right() if towards > 0 else body.left()
        x, inner = outer - towards * tip, outer - towards * 2 * tip
        top, bottom = body.top() + 2.5, body.bottom() - 2.5
        painter.drawPolyline(
            [
                QPointF(inner, top),
                QPointF(x, body.center().y()),
                QPointF(inner, bottom),
            ]
        )
        painter.setPen(pen)


def _tip(chip: Chip, box: QRectF) -> float:
    """Width of a chip's tip; a stop that follows the price has two."""
    tips = 2 if chip.shape & _TRAILING else int(bool(chip.shape & _STOP))
    return box.height() * _TIP * tips


def _pointed(body: QRectF, tip: float, towards: float) -> QPolygonF:
    """A box with a tip at its right (towards 1) or its left (-1)."""
    is_right = towards > 0
    outer, flat = body.right(), body.left()
    if not is_right:
        outer, flat = flat, outer
    inner = outer - towards * tip
    return QPolygonF(
        [
            QPointF(flat, body.top()),
            QPointF(inner, body.top()),
            QPointF(outer, body.center().y()),
            QPointF(inner, body.bottom()),
            QPointF(flat, body.bottom()),
        ]
    )
