"""Sub-panes of what was traded: volume with its buying part, cumulative delta."""

from typing import Any

import numpy as np

from app.ui.items.chart_candles import bar_boxes, body_px
from app.ui.items.chart_scale import Scale
from app.ui.items.plot_picture import argb, boxes_of
from app.ui.models.chart_columns import Columns
from app.ui.theme import Theme


def volume_boxes(theme: Theme, shown: Columns, scale: Scale) -> Any:
    """Boxes of volume: what buyers took below, what sellers took on top of it."""
    rows = shown.rows
    known = rows["buys"] + rows["sells"]
    whole = np.maximum(rows["volume"], known)
    steps = np.stack([np.zeros(len(rows)), rows["buys"], known, whole])
    edges = np.rint(scale.y(steps) * shown.ratio)
    gap, width = body_px(shown)
    lefts = shown.places - shown.origin + gap
    inks = theme.gain, theme.loss, theme.muted
    parts = [
        boxes_of(lefts, edges[i + 1], lefts + width, edges[i], argb(ink))
        for i, ink in enumerate(inks)
    ]
    return np.concatenate(parts)


def delta_range(shown: Columns) -> tuple[float, float]:
    """Lowest and highest cumulative delta of columns."""
    cumulative = shown.cumulative
    high = cumulative + shown.rows["delta_high"]
    low = cumulative + shown.rows["delta_low"]
    return float(low.min()), float(high.max())


def delta_boxes(theme: Theme, shown: Columns, scale: Scale) -> Any:
    """Boxes of cumulative delta: where it began, went and ended in a bar."""
    rows, base = shown.rows, shown.cumulative
    values = [
        base,
        base + rows["delta_high"],
        base + rows["delta_low"],
        base + rows["buys"] - rows["sells"],
    ]
    ys = scale.y(np.stack(values)) * shown.ratio
    return bar_boxes(theme, shown, ys, "candles")
