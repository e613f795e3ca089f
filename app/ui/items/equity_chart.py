"""P&L over time, painted: curves above, the drawdown of the first below, a crosshair.

Painted by hand because it is live: of each curve only the lowest and the highest value
of each pixel column are drawn, so that a frame costs what the screen is wide, however
long the session (pyqtgraph takes ten times as long for the same picture; it draws the
window in which the whole course is explored, `explorer.py`).
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPolygonF,
)
from PySide6.QtWidgets import QWidget

from app.ui import formatting, theme as themes
from app.ui.items.ink import Ink
from app.ui.items.polygon import polygon
from app.ui.models.axis import SECOND, round_step, time_step
from app.ui.models.pnl import drawdown
from app.ui.theme import Theme

_FILL_ALPHA: Final = 38
_SHADES: Final = 100
"""Corners of a shade at most."""
_UNDER: Final = 0.24
"""Part of the height that the drawdown takes."""
_SMOOTH: Final = QPainter.RenderHint.Antialiasing


@dataclass(frozen=True, slots=True)
class Curve:
    """A line of the chart: its name, colour and values in the base currency."""

    name: str
    colour: str
    values: np.ndarray


class EquityChart(QWidget):
    """Shows curves over common times; arrows or the pointer move the crosshair."""

    def __init__(self, theme: Theme, scale: float) -> None:
        super().__init__()
        usual, small = themes.text_font(scale), themes.text_font(scale, 0.85)
        self._ink = Ink(theme, usual, themes.text_font(scale, bold=True), small)
        self._times = np.zeros(0)
        self._curves: tuple[Curve, ...] = ()
        self._at: int | None = None
        self._axis = round(self._ink.small.width("−1,000,000") + 10)
        self._foot = round(self._ink.small.height * 1.5)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 90)
        self.setAccessibleName("P&L over time")

    def sizeHint(self) -> QSize:
        return QSize(480, 260)

    def show_curves(self, times: np.ndarray, curves: tuple[Curve, ...]) -> None:
        """Show curves over times, seconds since 1970; the first is filled to zero."""
        self._times, self._curves = times, curves
        if self._at is not None and self._at >= len(times):
            self._at = None
        if curves and len(times):
            last = formatting.currency(float(curves[0].values[-1]))
            self.setAccessibleName(f"P&L over time: {curves[0].name} {last}")
        self.update()

    # The hand.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        box = self._upper()
        if (
            len(self._times) < 2
            or not box.left() <= event.position().x() <= self.width()
        ):
            self._point_at(None)
            return
        part = (event.position().x() - box.left()) / max(1.0, box.width())
        wanted = self._times[0] + part * (self._times[-1] - self._times[0])
        at = int(np.searchsorted(self._times, wanted))
        self._point_at(min(at, len(self._times) - 1))

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        step = steps.get(Qt.Key(event.key()))
        if step is None or not len(self._times):
            super().keyPressEvent(event)
            return
        jump = max(1, len(self._times) // 200)
        at = len(self._times) - 1 if self._at is None else self._at + step * jump
        self._point_at(max(0, min(len(self._times) - 1, at)))

    def _point_at(self, at: int | None) -> None:
        if at != self._at:
            self._at = at
            self.update()

    # Painting.

    def _upper(self) -> QRectF:
        top = self._ink.small.height * 1.5
        height = (self.height() - self._foot - self._strip - top) * (1 - _UNDER)
        return QRectF(6, top, max(1, self.width() - self._axis - 6), max(1.0, height))

    @property
    def _strip(self) -> float:
        """Height between the curves and the drawdown, where its name stands."""
        return self._ink.small.height * 1.2

    def _lower(self) -> QRectF:
        upper = self._upper()
        top = upper.bottom() + self._strip
        height = max(1.0, self.height() - self._foot - top)
        return QRectF(upper.left(), top, upper.width(), height)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, t = QPainter(self), self._ink.theme
        self._ink.begin()
        painter.fillRect(self.rect(), self._ink.brush(t.panel))
        if len(self._times) < 2 or not self._curves:
            painter.setPen(self._ink.pen(t.muted))
            words = "No P&L yet." if self._curves else "No curve is chosen."
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, words)
            painter.end()
            return
        upper, lower = self._upper(), self._lower()
        low, high, step = span_of([curve.values for curve in self._curves])
        self._times_axis(painter, upper, lower)
        self._values_axis(painter, upper, (low, high), step)
        for i, curve in enumerate(self._curves):
            line = columns_of(curve.values, upper, low, high)
            if i == 0:
                last = float(curve.values[-1])
                zero = _height_of(0.0, upper, low, high)
                self._fill(painter, line, zero, t.change(last))
            self._line(painter, line, curve.colour)
        self._underwater(painter, lower)
        self._legend(painter)
        if self._at is not None:
            self._cross(painter, upper, lower)
        painter.end()

    def _line(self, painter: QPainter, line: QPolygonF, colour: str) -> None:
        painter.setPen(self._ink.pen(colour))
        painter.drawPolyline(line)

    def _fill(
        self, painter: QPainter, line: QPolygonF, zero: float, colour: str
    ) -> None:
        """Shade what lies between a line and zero, coarsely: each corner is dear."""
        shade = QColor(colour)
        shade.setAlpha(_FILL_ALPHA)
        each = max(1, line.size() // _SHADES)
        points = [line.at(i) for i in range(0, line.size(), each)]
        if not points:
            return
        ends = [QPointF(points[-1].x(), zero), QPointF(points[0].x(), zero)]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shade)
        painter.drawPolygon(QPolygonF(points + ends))
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _underwater(self, painter: QPainter, box: QRectF) -> None:
        t, first = self._ink.theme, self._curves[0]
        under = drawdown(first.values)
        low, _, step = span_of([under])
        line = columns_of(under, box, low or -step, 0.0)  # none lies at the top
        self._fill(painter, line, box.top(), t.loss)
        self._line(painter, line, t.loss)
        painter.setPen(self._ink.pen(t.line))
        painter.drawLine(QLineF(box.left(), box.top(), box.right(), box.top()))
        self._ink.write_in(painter, self._ink.small)
        painter.setPen(self._ink.pen(t.muted))
        tall = self._ink.small.height
        room = QRectF(box.right(), box.bottom() - tall, self._axis, tall)
        self._ink.small.draw(painter, room, formatting.axis_number(low, step), 1.0, 5)
        name = QRectF(box.left(), box.top() - self._strip, 240, self._strip)
        self._ink.small.draw(painter, name, f"drawdown of {first.name}", 0.0, 3)

    def _values_axis(
        self, painter: QPainter, box: QRectF, span: tuple[float, float], step: float
    ) -> None:
        t, small = self._ink.theme, self._ink.small
        self._ink.write_in(painter, small)
        first = math.ceil(span[0] / step)
        # Labels that would cover one another are left out, with their lines.
        apart = step / max(span[1] - span[0], step) * box.height()
        every = max(1, math.ceil(small.height / max(apart, 1e-9)))
        for i in range(first, math.floor(span[1] / step) + 1):
            if i % every:
                continue
            y = _height_of(i * step, box, *span)
            painter.setPen(self._ink.pen(t.muted if i == 0 else t.line))
            painter.drawLine(QLineF(box.left(), y, box.right(), y))
            painter.setPen(self._ink.pen(t.muted))
            room = QRectF(box.right(), y - small.height / 2, self._axis, small.height)
            small.draw(painter, room, formatting.axis_number(i * step, step), 1.0, 5)

    def _times_axis(self, painter: QPainter, upper: QRectF, lower: QRectF) -> None:
        t, small = self._ink.theme, self._ink.small
        begin, end = float(self._times[0]), float(self._times[-1])
        width = small.width("00:00:00") * 1.8
        wanted = (end - begin) * width / max(1.0, upper.width())
        step = time_step(max(wanted, 1.0) * SECOND) / SECOND
        self._ink.write_in(painter, small)
        for i in range(math.ceil(begin / step), math.floor(end / step) + 1):
            x = upper.left() + (i * step - begin) / (end - begin) * upper.width()
            painter.setPen(self._ink.pen(t.line))
            painter.drawLine(QLineF(x, upper.top(), x, lower.bottom()))
            if x - width / 2 > 0 and x + width / 2 < self.width():
                painter.setPen(self._ink.pen(t.muted))
                room = QRectF(x - width / 2, lower.bottom(), width, self._foot)
                words = formatting.clock_time(round(i * step * 1e9))
                small.draw(painter, room, words, 0.5)

    def _legend(self, painter: QPainter) -> None:
        """Names with their values, at the crosshair or now, as many as fit."""
        t, small = self._ink.theme, self._ink.small
        at = -1 if self._at is None else self._at
        self._ink.write_in(painter, small)
        x, height = 8.0, small.height * 1.4
        if self._at is not None:
            painter.setPen(self._ink.pen(t.muted))
            when = formatting.clock_time(int(self._times[at] * 1e9))
            small.draw(painter, QRectF(x, 0, 200, height), when, 0.0)
            x += small.width(when) + 14
        for curve in self._curves:
            words = f"{curve.name} {formatting.currency(float(curve.values[at]))}"
            if x + small.width(words) + 24 > self.width():
                break
            painter.fillRect(QRectF(x, height / 2 - 1, 10, 2), QColor(curve.colour))
            painter.setPen(self._ink.pen(t.text))
            small.draw(painter, QRectF(x + 14, 0, 300, height), words, 0.0)
            x += small.width(words) + 30

    def _cross(self, painter: QPainter, upper: QRectF, lower: QRectF) -> None:
        assert self._at is not None
        begin, end = float(self._times[0]), float(self._times[-1])
        part = (float(self._times[self._at]) - begin) / max(1e-9, end - begin)
        x = upper.left() + part * upper.width()
        painter.setPen(self._ink.pen(self._ink.theme.muted))
        painter.drawLine(QLineF(x, upper.top(), x, lower.bottom()))


def span_of(series: list[np.ndarray]) -> tuple[float, float, float]:
    """A range that holds all values and zero, and the step of its axis.

    The ends stand on steps, so that the picture moves seldom.
    """
    finite = [values[np.isfinite(values)] for values in series]
    low = min(0.0, *(float(v.min()) for v in finite if len(v)), 0.0)
    high = max(0.0, *(float(v.max()) for v in finite if len(v)), 0.0)
    reach = max(high - low, 1e-2)
    step = round_step(reach / 4)
    return math.floor(low / step) * step, max(math.ceil(high / step), 0) * step, step


def columns_of(values: np.ndarray, box: QRectF, low: float, high: float) -> QPolygonF:
    """A line through the lowest and the highest value of each pixel column."""
    width = max(1, int(box.width()))
    count = len(values)
    if count > 2 * width:
        edges = np.linspace(0, count, width + 1).astype(np.intp)[:-1]
        pairs = np.stack(
            [np.fmin.reduceat(values, edges), np.fmax.reduceat(values, edges)], axis=1
        )
        xs = np.repeat(np.linspace(0, 1, width), 2)
        values = pairs.reshape(-1)
    else:
        xs = np.linspace(0, 1, count)
    is_known = np.isfinite(values)
    xs, values = xs[is_known], values[is_known]
    reach = high - low
    part = (values - low) / reach if reach > 0 else np.zeros(len(values))
    py = box.bottom() - np.clip(part, 0, 1) * box.height()
    return polygon(box.left() + xs * box.width(), py)


def _height_of(value: float, box: QRectF, low: float, high: float) -> float:
    part = (value - low) / (high - low) if high > low else 0.0
    return box.bottom() - part * box.height()
