"""The depth profile, painted: both sides as steps, or as bars by level."""

from typing import Final

import numpy as np
from PySide6.QtCore import QElapsedTimer, QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from app.ui import formatting, theme as themes
from app.ui.items.ink import Ink
from app.ui.models.axis import multiples, price_step, round_step
from app.ui.models.depth_profile import DepthFrame, DepthSide
from app.ui.models.ladder_build import bar_scale
from app.ui.theme import Theme

_NOTCH: Final = 120
_PAD: Final = 4.0
_LINES: Final = 4
"""At most so many sizes are named."""


class DepthView(QWidget):
    """Shows the newest frame.

    Signals
    -------
    zoomed(float)
        More (above 1) or fewer prices are wanted.
    hovered(object)
        Price under the pointer in price units, or None.

    Attributes
    ----------
    is_summed : bool
        Sums from the touch outwards; else the size of each level.
    paint_ns : int
        How long the last painting took.
    """

    zoomed = Signal(float)
    hovered = Signal(object)

    def __init__(self, theme: Theme, scale: float) -> None:
        super().__init__()
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Depth profile")
        self.setMinimumSize(200, 120)
        small = themes.text_font(scale, 0.85)
        usual, bold = themes.text_font(scale), themes.text_font(scale, bold=True)
        self._ink = Ink(theme, usual, bold, small)
        self._dash = QPen(self._ink.pen(theme.muted))
        self._dash.setStyle(Qt.PenStyle.DashLine)
        self.is_summed = True
        self.frame: DepthFrame | None = None
        self.paint_ns = 0
        self._pointer: QPointF | None = None
        self._plot = QRectF()
        self._full = 1.0

    def sizeHint(self) -> QSize:
        return QSize(520, 300)

    def show_frame(self, frame: DepthFrame | None) -> None:
        """Show the newest frame; None = there is nothing."""
        self.frame = frame
        self.update()

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        timer = QElapsedTimer()
        timer.start()
        painter = QPainter(self)
        self._ink.begin()
        low = round(self._ink.small.height * 1.5)
        self._plot = QRectF(0, 4, self.width(), max(1, self.height() - low - 4))
        if self.frame is None:
            self._ink.write_in(painter, self._ink.usual)
            painter.setPen(self._ink.pen(self._ink.theme.muted))
            self._ink.usual.draw(painter, QRectF(self.rect()), "No depth yet", 0.5)
        else:
            self._paint(painter, self.frame)
        painter.end()
        self.paint_ns = timer.nsecsElapsed()

    def _paint(self, painter: QPainter, frame: DepthFrame) -> None:
        theme = self._ink.theme
        self._full = float(bar_scale(round(self._most(frame))))
        sides = (
            (frame.bids, theme.bid_bar, theme.bid),
            (frame.asks, theme.ask_bar, theme.ask),
        )
        for side, fill, line in sides:
            if self.is_summed:
                self._steps(painter, side, fill, line)
            else:
                self._bars(painter, side, fill)
        self._axes(painter, frame)
        if self._pointer is not None:
            self._crosshair(painter, frame, self._pointer)

    def _most(self, frame: DepthFrame) -> float:
        if self.is_summed:
            return frame.largest
        every = (frame.bids.sizes, frame.asks.sizes)
        return max((float(each.max()) for each in every if len(each)), default=1.0)

    def _steps(self, painter: QPainter, side: DepthSide, fill: str, line: str) -> None:
        """Draw what rests up to each price, the touch in the middle."""
        if not len(side.prices):
            return
        xs = np.repeat(self._xs(side.prices), 2)
        ys = np.repeat(self._ys(side.sums), 2)
        floor = self._plot.bottom()
        edge = 0.0 if side.side > 0 else self._plot.right()
        # A step up at each price; the last sum goes on to the edge.
        outline = [
            QPointF(x, y)
            for x, y in zip([*xs.tolist(), edge], [floor, *ys.tolist()], strict=True)
        ]
        painter.setPen(Qt.PenStyle.NoPen)
        ground = QColor(fill)
        ground.setAlphaF(0.75)
        painter.setBrush(ground)
        painter.drawPolygon(QPolygonF([*outline, QPointF(edge, floor)]))
        painter.setPen(self._ink.pen(line))
        painter.drawPolyline(QPolygonF(outline))

    def _bars(self, painter: QPainter, side: DepthSide, fill: str) -> None:
        """Draw the size of each level."""
        assert self.frame is not None
        span = self.frame.high - self.frame.low
        step = self.frame.listed.instrument.tick_table[0].step
        wide = max(1.0, self._plot.width() * step / span - 1)
        floor = self._plot.bottom()
        xs, ys = self._xs(side.prices) - wide / 2, self._ys(side.sizes)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._ink.brush(fill))
        painter.drawRects(
            [
                QRectF(x, y, wide, floor - y)
                for x, y in zip(xs.tolist(), ys.tolist(), strict=True)
            ]
        )

    def _axes(self, painter: QPainter, frame: DepthFrame) -> None:
        ink, plot, text = self._ink, self._plot, frame.listed.text
        ink.write_in(painter, ink.small)
        size_step = max(1, round(round_step(self._full / _LINES)))
        for size in multiples(size_step, 1, self._full):
            y = float(self._ys(np.array([size]))[0])
            painter.setPen(ink.pen(ink.theme.line))
            painter.drawLine(QPointF(0, y), QPointF(plot.right(), y))
            painter.setPen(ink.pen(ink.theme.muted))
            box = QRectF(0, y, plot.width(), ink.small.height)
            ink.small.draw(painter, box, text.size(size), 0, _PAD)
        span = frame.high - frame.low
        sample = ink.small.width(text.price(round(frame.high))) + 6 * _PAD
        tick = frame.listed.instrument.tick_table[0].step
        least = sample * span / max(1.0, plot.width())
        step = price_step(frame.listed.instrument, tick, least)
        for price in multiples(step, frame.low, frame.high):
            words = text.price(price)
            x, half = float(self._xs(np.array([price]))[0]), ink.small.width(words) / 2
            if half < x < plot.width() - half:
                box = QRectF(x - half, plot.bottom(), 2 * half, ink.small.height * 1.5)
                ink.small.draw(painter, box, words, 0.5)

    def _crosshair(self, painter: QPainter, frame: DepthFrame, at: QPointF) -> None:
        painter.setPen(self._dash)
        painter.drawLine(QPointF(at.x(), 0), QPointF(at.x(), self._plot.bottom()))
        price = self._price_at(at.x())
        for side in (frame.bids, frame.asks):
            levels = side.upto(price)
            # The pointer is on this side of the market, not in it.
            if levels and side.side * (price - side.prices[0]) <= 0:
                y = float(self._ys(side.sums[levels - 1 : levels])[0])
                if self.is_summed:
                    painter.drawLine(QPointF(0, y), QPointF(self._plot.right(), y))
        words = frame.listed.text.price(round(price))
        ink = self._ink
        wide = ink.small.width(words) + 2 * _PAD
        left = min(max(0.0, at.x() - wide / 2), self._plot.width() - wide)
        box = QRectF(left, self._plot.bottom() + 1, wide, ink.small.height * 1.4)
        painter.fillRect(box, ink.brush(ink.theme.accent))
        painter.setPen(ink.pen(ink.theme.on_accent))
        ink.small.draw(painter, box, words, 0.5)

    # Geometry.

    def _xs(self, prices: np.ndarray) -> np.ndarray:
        assert self.frame is not None
        span = max(1.0, self.frame.high - self.frame.low)
        return np.asarray((prices - self.frame.low) * (self._plot.width() / span))

    def _ys(self, sizes: np.ndarray) -> np.ndarray:
        scale = self._plot.height() / self._full
        return np.asarray(self._plot.bottom() - sizes * scale)

    def _price_at(self, x: float) -> float:
        assert self.frame is not None
        share = x / max(1.0, self._plot.width())
        return self.frame.low + share * (self.frame.high - self.frame.low)

    # The hand.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(event.position())

    def leaveEvent(self, event: QEvent) -> None:
        self._point(None)

    def _point(self, at: QPointF | None) -> None:
        self._pointer = at
        is_known = at is not None and self.frame is not None
        self.hovered.emit(self._price_at(at.x()) if at and is_known else None)
        self.update()

    def pointed_price(self) -> float | None:
        """Price under the pointer, price units; None if it is elsewhere."""
        if self._pointer is None or self.frame is None:
            return None
        return self._price_at(self._pointer.x())

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta().y() or event.angleDelta().x()
        self.zoomed.emit(1.25 ** (-turned / _NOTCH))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoomed.emit(0.8)
        elif key == Qt.Key.Key_Minus:
            self.zoomed.emit(1.25)
        else:
            super().keyPressEvent(event)


def words_at(frame: DepthFrame, price: float) -> str:
    """What rests up to a price, and what taking it would cost, in words."""
    text, tick = frame.listed.text, frame.listed.instrument.tick_table[0].step
    for side in (frame.bids, frame.asks):
        levels = side.upto(price)
        if not levels or side.side * (price - side.prices[0]) > 0:
            continue
        total, average = float(side.sums[levels - 1]), side.average(levels)
        away = abs(average - float(side.prices[0])) / tick
        verb = "sell" if side.side > 0 else "buy"
        return (
            f" to {text.price(int(side.prices[levels - 1]))}: "
            f"{text.quantity(round(total))} in {formatting.plural(levels, 'level')} · "
            f"{verb} it all at {text.average(average)} on average, "
            f"{away:.1f} ticks past the touch"
        )
    return " inside the spread"
