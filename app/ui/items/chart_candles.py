"""Bars of a chart, painted: candles, hollow candles, bars, a line, or thin columns."""

from typing import Any, Final

import numpy as np
from PySide6.QtCore import QLine, QLineF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen

from app.ui.items.chart_scale import Scale
from app.ui.items.ink import Ink
from app.ui.items.polygon import polygon
from app.ui.models.chart_columns import Columns

STYLES: Final = ("candles", "hollow", "bars", "line")


def paint_bars(
    painter: QPainter, ink: Ink, shown: Columns, scale: Scale, left: float, style: str
) -> None:
    """Paint the bars in a style; thin ones are lines from low to high."""
    rows = shown.rows
    if not len(rows):
        return
    if style == "line":
        _line(painter, ink, shown, scale, left)
    elif shown.is_thin:
        _thin(painter, ink, shown, scale, left)
    else:
        ys = [scale.y(rows[name]) for name in ("open", "high", "low", "close")]
        _whole(painter, ink, shown, np.rint(np.stack(ys)), left, style)


def paint_candles_of(
    painter: QPainter, ink: Ink, shown: Columns, ys: Any, left: float
) -> None:
    """Paint candles of other values than prices.

    Parameters
    ----------
    ys : (4, n) float64
        Open, high, low, close as pixels.
    """
    ys = np.rint(ys)
    if shown.is_thin:
        _verticals(painter, ink, shown, ys, left)
    else:
        _whole(painter, ink, shown, ys, left, "candles")


def _line(
    painter: QPainter, ink: Ink, shown: Columns, scale: Scale, left: float
) -> None:
    xs, t = left + shown.centres(), ink.theme
    painter.setPen(QPen(QColor(t.accent), 1.4))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, not shown.is_thin)
    painter.drawPolyline(polygon(xs, scale.y(shown.rows["close"])))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _thin(
    painter: QPainter, ink: Ink, shown: Columns, scale: Scale, left: float
) -> None:
    rows = shown.rows
    ys = [scale.y(rows[name]) for name in ("open", "high", "low", "close")]
    _verticals(painter, ink, shown, np.rint(np.stack(ys)), left)


def _verticals(
    painter: QPainter, ink: Ink, shown: Columns, ys: Any, left: float
) -> None:
    xs = np.floor(left + shown.xs).astype(int)
    tops, bottoms = ys[1].astype(int), ys[2].astype(int)
    is_up = ys[3] <= ys[0]
    for chosen, colour in ((is_up, ink.theme.gain), (~is_up, ink.theme.loss)):
        painter.setPen(ink.pen(colour))
        lines = zip(
            xs[chosen].tolist(),
            tops[chosen].tolist(),
            bottoms[chosen].tolist(),
            strict=True,
        )
        painter.drawLines([QLine(x, top, x, bottom) for x, top, bottom in lines])


def _whole(
    painter: QPainter, ink: Ink, shown: Columns, ys: Any, left: float, style: str
) -> None:
    xs = np.floor(left + shown.xs)
    body = max(1.0, np.floor(shown.width * 0.72))
    if shown.width > 4 and body % 2 == 0:
        body -= 1  # the wick in the middle
    gap = np.floor((shown.width - body) / 2)
    is_up = ys[3] <= ys[0]
    for chosen, is_gain in ((is_up, True), (~is_up, False)):
        if not chosen.any():
            continue
        colour = ink.theme.gain if is_gain else ink.theme.loss
        painter.setPen(ink.pen(colour))
        part = ys[:, chosen]
        columns = zip(xs[chosen] + gap, *part, strict=True)
        each = [tuple(map(float, values)) for values in columns]
        if style == "bars":
            _ticks(painter, each, body)
        else:
            is_hollow = style == "hollow" and is_gain and body >= 3
            ground = ink.theme.panel if is_hollow else colour
            _bodies(painter, ink, each, body, ground)


def _bodies(
    painter: QPainter, ink: Ink, each: list[Any], body: float, ground: str
) -> None:
    half = body // 2
    painter.drawLines(
        [QLineF(x + half, high, x + half, low) for x, _, high, low, _ in each]
    )
    painter.setBrush(ink.brush(ground))
    if body >= 3:
        boxes = [
            QRectF(x, min(open_, close), body - 1, max(1.0, abs(close - open_)))
            for x, open_, _, _, close in each
        ]
        painter.drawRects(boxes)


def _ticks(painter: QPainter, each: list[Any], body: float) -> None:
    half = body // 2
    lines = []
    for x, open_, high, low, close in each:
        middle = x + half
        lines.append(QLineF(middle, high, middle, low))
        lines.append(QLineF(x, open_, middle, open_))
        lines.append(QLineF(middle, close, x + body - 1, close))
    painter.drawLines(lines)
