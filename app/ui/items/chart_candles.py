"""Bars of a chart as the compiled painter takes them: candles, volume, delta."""

from typing import Final

import numpy as np

from app.engine.plot_bars import (
    BARS,
    CANDLES,
    HOLLOW,
    THIN,
    draw_delta,
    draw_prices,
    draw_volume,
)
from app.ui.items.chart_scale import Pane
from app.ui.items.plot_picture import PlotPicture, argb
from app.ui.models.chart_columns import Columns
from app.ui.theme import Theme

_SHARE: Final = 0.72
_STYLES: Final = {"candles": CANDLES, "hollow": HOLLOW, "bars": BARS}


def body_px(shown: Columns, width: float) -> tuple[int, int]:
    """Where a body begins in a column of a width, and its own; px of the device."""
    pen = shown.pen
    if shown.is_thin:
        return 0, pen
    body = max(pen, int(width * _SHARE))
    if body > pen and (body - pen) % 2:
        body -= 1  # the wick in the middle
    return int((width - body) // 2), body


def paint_bars(
    picture: PlotPicture,
    theme: Theme,
    shown: Columns,
    pane: Pane,
    style: str,
    slim: float | None = None,
) -> None:
    """Paint columns into a pane: prices in a style, or volume or delta.

    Parameters
    ----------
    slim : float or None
        Width of a bar at its column's left, px of the device; None = the column's.
    """
    if not len(shown):
        return
    gap, body = body_px(shown, shown.scale if slim is None else slim)
    scale, ratio = pane.scale, shown.ratio
    rows, places = shown.addresses
    job = picture.bar_job
    per = (scale.bottom - scale.top) / (scale.high - scale.low) * ratio
    bases, draw = 0, draw_prices
    if pane.name == "delta":
        bases, draw, style = int(shown.cumulative.ctypes.data), draw_delta, "candles"
    elif pane.name == "volume":
        draw = draw_volume
    form = THIN if shown.is_thin else _STYLES.get(style, CANDLES)
    job[0] = (
        rows, places, bases, len(shown), shown.origin - gap, body, shown.pen, form,
        scale.low, scale.bottom * ratio, per,
        argb(theme.gain), argb(theme.loss), argb(theme.muted),
    )  # fmt: skip
    picture.bars(draw)


def delta_range(shown: Columns) -> tuple[float, float]:
    """Lowest and highest cumulative delta of columns."""
    cumulative = shown.cumulative
    high = cumulative + shown.rows["delta_high"]
    low = cumulative + shown.rows["delta_low"]
    return float(np.min(low)), float(np.max(high))
