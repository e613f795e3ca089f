"""Sub-panes of what was traded: volume with its buying part, cumulative delta."""

from typing import Any

import numpy as np
from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter

from app.ui.items.chart_candles import paint_candles_of
from app.ui.items.chart_scale import Scale
from app.ui.items.ink import Ink
from app.ui.models.chart_columns import Columns


def paint_volume(
    painter: QPainter, ink: Ink, shown: Columns, scale: Scale, left: float
) -> None:
    """Paint bars of volume: what buyers took below, what sellers took on top of it."""
    rows = shown.rows
    known = rows["buys"] + rows["sells"]
    unknown = np.maximum(rows["volume"] - known, 0)
    steps = np.stack([rows["buys"], known, known + unknown]).astype(np.float64)
    edges = np.rint(np.vstack([scale.y(np.zeros(len(rows))), scale.y(steps)]))
    xs = np.floor(left + shown.xs).astype(int).tolist()
    width = 1 if shown.is_thin else max(1, int(shown.width * 0.72))
    gap = 0 if shown.is_thin else int((shown.width - width) / 2)
    t = ink.theme
    for part, colour in enumerate((t.gain, t.loss, t.muted)):
        tops, bottoms = edges[part + 1].astype(int), edges[part].astype(int)
        if (bottoms > tops).any():
            painter.setPen(ink.pen(colour))
            painter.setBrush(ink.brush(colour))
            _boxes(painter, xs, tops, bottoms, gap, width)


def _boxes(
    painter: QPainter, xs: list[int], tops: Any, bottoms: Any, gap: int, width: int
) -> None:
    each = zip(xs, tops.tolist(), (bottoms - tops).tolist(), strict=True)
    painter.drawRects(
        [
            QRect(x + gap, top, width - 1, height - 1)
            for x, top, height in each
            if height > 0
        ]
    )


def delta_range(shown: Columns) -> tuple[float, float]:
    """Lowest and highest cumulative delta in view."""
    high = shown.cumulative + shown.rows["delta_high"]
    low = shown.cumulative + shown.rows["delta_low"]
    return float(low.min()), float(high.max())


def paint_delta(
    painter: QPainter, ink: Ink, shown: Columns, scale: Scale, left: float
) -> None:
    """Paint cumulative delta as candles: where it began, went and ended in a bar."""
    rows, base = shown.rows, shown.cumulative
    values = [
        base,
        base + rows["delta_high"],
        base + rows["delta_low"],
        base + rows["buys"] - rows["sells"],
    ]
    paint_candles_of(painter, ink, shown, scale.y(np.stack(values)), left)
