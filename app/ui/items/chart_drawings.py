"""Drawings on a chart: painted, found under the pointer, drawn and moved by hand."""

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.ui.models.chart_drawings import KINDS, Drawing, Drawings

if TYPE_CHECKING:
    from app.ui.items.chart_surface import ChartSurface

_NEAR_PX: Final = 6.0
_SNAP_PX: Final = 8.0
_LEVELS: Final = (0.0, 0.236, 0.382, 0.5, 0.618, 0.786, 1.0)
_FAR_PX: Final = 20_000.0


class DrawingLayer:
    """Drawings of the instrument that a chart shows.

    Attributes
    ----------
    drawings : Drawings or None
    tool : str
        Kind that the next presses draw; "" = none.
    selected : Drawing or None
    """

    def __init__(self) -> None:
        self.drawings: Drawings | None = None
        self.tool = ""
        self.note = ""
        self.selected: Drawing | None = None
        self._begun: tuple[tuple[int, float], ...] = ()
        self._held: tuple[Drawing, int, QPointF] | None = None
        self._moved: Drawing | None = None

    # Painting.

    def paint(self, chart: "ChartSurface", painter: QPainter) -> None:
        """Paint the drawings that do not move."""
        if self.drawings is None:
            return
        painter.save()
        painter.setClipRect(chart.plot, Qt.ClipOperation.IntersectClip)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for each in self.drawings.items:
            if self._held is None or each is not self._held[0]:
                _paint(painter, chart, each, is_selected=each is self.selected)
        painter.restore()
        chart.ink.begin()

    def paint_hand(self, chart: "ChartSurface", painter: QPainter) -> None:
        """Paint what is being drawn or moved."""
        made = self._moved
        if self._begun and chart.pointer is not None:
            points = (*self._begun, snapped(chart, chart.pointer))
            made = Drawing(self.tool, points[: KINDS[self.tool]])
        if made is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            _paint(painter, chart, made, is_selected=True)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    # The hand.

    @property
    def is_busy(self) -> bool:
        """Whether a drawing is in the hand."""
        return bool(self.tool) or self._held is not None

    def press(self, chart: "ChartSurface", at: QPointF) -> bool:
        """A press on the plot: draws a point, or takes a drawing; False if neither."""
        if self.drawings is None:
            return False
        if self.tool:
            self._begun = (*self._begun, snapped(chart, at))
            if len(self._begun) >= KINDS[self.tool]:
                made = Drawing(self.tool, self._begun, self.note)
                self.escape()
                self.drawings.add(made)
                self.selected = made
            return True
        found = self.find(chart, at)
        self.selected = found[0] if found else None
        self._held = (*found, at) if found else None
        return found is not None

    def move(self, chart: "ChartSurface", at: QPointF) -> bool:
        """The pointer moves; True if a drawing moves with it."""
        if self._held is None:
            return bool(self._begun)
        drawing, number, begin = self._held
        if number >= 0:
            self._moved = drawing.with_point(number, snapped(chart, at))
        else:
            (ts, price), (ts0, price0) = chart.point_of(at), chart.point_of(begin)
            self._moved = drawing.moved(ts - ts0, price - price0)
        return True

    def release(self) -> bool:
        """Let go; True if a drawing was moved."""
        held, moved = self._held, self._moved
        self._held = self._moved = None
        if held is None or moved is None or self.drawings is None:
            return False
        self.selected = moved
        self.drawings.change(held[0], moved)
        return True

    def delete(self) -> bool:
        """Take the selected drawing away."""
        if self.selected is None or self.drawings is None:
            return False
        self.drawings.remove(self.selected)
        self.selected = None
        return True

    def escape(self) -> bool:
        """Stop drawing or moving; False if nothing was in the hand."""
        was_busy = self.is_busy or self.selected is not None
        self.tool, self._begun, self.selected = "", (), None
        self._held = self._moved = None
        return was_busy

    def find(self, chart: "ChartSurface", at: QPointF) -> tuple[Drawing, int] | None:
        """Drawing near a point, and the number of its point there (-1 = between)."""
        for each in reversed(self.drawings.items if self.drawings else ()):
            points = [chart.place_of(point) for point in each.points]
            for number, point in enumerate(points):
                if math.dist(point.toTuple(), at.toTuple()) <= _NEAR_PX:
                    return each, number
            lines = _lines(chart, each, points)
            if any(_distance(line, at) <= _NEAR_PX for line in lines):
                return each, -1
        return None


def snapped(chart: "ChartSurface", at: QPointF) -> tuple[int, float]:
    """Time and price of a point, drawn to the bar's open, high, low or close nearby."""
    ts, price = chart.point_of(at)
    rows = chart.shown.rows
    if not len(rows):
        return ts, price
    column = int(np.searchsorted(chart.shown.xs, at.x(), side="right")) - 1
    row = rows[max(0, min(len(rows) - 1, column))]
    values = [float(row[name]) for name in ("open", "high", "low", "close")]
    nearest = min(values, key=lambda value: abs(value - price))
    if abs(nearest - price) <= _SNAP_PX * chart.price_scale.per_px:
        return ts, nearest
    return ts, float(chart.price_at(at.y()))


def _lines(
    chart: "ChartSurface", drawing: Drawing, points: list[QPointF]
) -> list[QLineF]:
    """A drawing's lines on the screen."""
    plot, first, kind = chart.plot, points[0], drawing.kind
    if kind == "horizontal":
        return [QLineF(plot.left(), first.y(), plot.right(), first.y())]
    if kind == "vertical":
        return [QLineF(first.x(), plot.top(), first.x(), plot.bottom())]
    if len(points) < 2:
        return []
    second = points[1]
    if kind == "ray":
        line = QLineF(first, second)
        if line.length() > 0:
            line.setLength(max(line.length(), _FAR_PX))
        return [line]
    if kind == "rectangle":
        corners = [first, QPointF(second.x(), first.y()), second]
        corners += [QPointF(first.x(), second.y()), first]
        return [QLineF(a, b) for a, b in pairwise(corners)]
    if kind == "fibonacci":
        left, right = sorted((first.x(), second.x()))
        height = second.y() - first.y()
        ys = [second.y() - level * height for level in _LEVELS]
        return [QLineF(left, y, right, y) for y in ys] + [QLineF(first, second)]
    return [QLineF(first, second)]


def _paint(
    painter: QPainter, chart: "ChartSurface", drawing: Drawing, *, is_selected: bool
) -> None:
    t = chart.ink.theme
    colour = QColor(t.accent if is_selected else t.warning)
    points = [chart.place_of(point) for point in drawing.points]
    painter.setPen(QPen(colour, 1.6 if is_selected else 1.2))
    if drawing.kind == "rectangle" and len(points) == 2:
        ground = QColor(colour)
        ground.setAlpha(28)
        painter.fillRect(QRectF(points[0], points[1]).normalized(), ground)
    painter.drawLines(_lines(chart, drawing, points))
    chart.ink.begin()
    _paint_words(painter, chart, drawing, points)
    if is_selected:
        painter.setBrush(chart.ink.brush(t.panel))
        for point in points:
            painter.drawEllipse(point, 3.5, 3.5)


def _paint_words(
    painter: QPainter, chart: "ChartSurface", drawing: Drawing, points: list[QPointF]
) -> None:
    listed, small = chart.listed, chart.ink.small
    if listed is None:
        return
    chart.ink.write_in(painter, small)
    if drawing.kind == "note":
        box = QRectF(points[0].x() + 6, points[0].y() - 10, 400, 20)
        painter.drawEllipse(points[0], 2.0, 2.0)
        small.draw(painter, box, drawing.text or "note", 0.0)
    elif drawing.kind == "horizontal":
        words = listed.text.price(round(drawing.points[0][1]))
        small.draw(painter, QRectF(6, points[0].y() - 16, 300, 16), words, 0.0)
    elif drawing.kind == "fibonacci" and len(points) == 2:
        (_, low), (_, high) = drawing.points
        for level in _LEVELS:
            price = high - level * (high - low)
            y = points[1].y() - level * (points[1].y() - points[0].y())
            words = f"{level:g}  {listed.text.average(price)}"
            left = min(points[0].x(), points[1].x())
            small.draw(painter, QRectF(left + 3, y - 15, 300, 15), words, 0.0)


def _distance(line: QLineF, at: QPointF) -> float:
    """Distance of a point from a stretch of line, px."""
    dx, dy = line.dx(), line.dy()
    square = dx * dx + dy * dy
    along = 0.0
    if square > 0:
        along = ((at.x() - line.x1()) * dx + (at.y() - line.y1()) * dy) / square
    along = max(0.0, min(1.0, along))
    return math.dist((line.x1() + along * dx, line.y1() + along * dy), (at.x(), at.y()))
