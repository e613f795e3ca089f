"""Bars of a chart as the compiled painter takes them: candles, volume, delta."""

from typing import Final

import numpy as np

from app.engine.plot_bars import (
    BARS,
    CANDLES,
    DELTA,
    HOLLOW,
    PRICES,
    THIN,
    VOLUME,
)
from app.ui.items.chart_scale import Pane
from app.ui.items.plot_picture import PlotPicture, argb
from app.ui.models.chart_columns import Columns
from app.ui.theme import Theme

_SHARE: Final = 0.72
_OF_LINES: Final = ("hollow", "bars")
_LINES: Final = 7
"""Widths of a line that a body has at the least."""
_WHAT: Final = {"delta": DELTA, "volume": VOLUME}
_STYLES: Final = {"candles": CANDLES, "hollow": HOLLOW, "bars": BARS}


def body_px(shown: Columns, width: float, style: str) -> tuple[int, int, int]:
    """Where a body begins in a column of a width, its own, and that of its lines.

    All in px of the device. What is made of lines alone has stronger ones where there
    is room.
    """
    pen = shown.pen
    if shown.is_thin:
        return 0, pen, pen
    body = max(pen, int(width * _SHARE))
    if style in _OF_LINES:
        pen = max(pen, min(2 * pen, body // _LINES))
    if body > pen and (body - pen) % 2:
        body -= 1  # the wick in the middle
    return int((width - body) // 2), body, pen


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
    width = shown.scale if slim is None else slim
    what = _WHAT.get(pane.name, PRICES)
    if what != PRICES:
        style = "candles"
    gap, body, pen = body_px(shown, width, style)
    scale, ratio = pane.scale, shown.ratio
    rows, places, bases = shown.addresses
    job = picture.bar_job
    per = (scale.bottom - scale.top) / (scale.high - scale.low) * ratio
    form = THIN if shown.is_thin else _STYLES.get(style, CANDLES)
    job[0] = (
        rows, places, bases, len(shown), shown.origin - gap, body, pen, what, form,
        scale.low, scale.bottom * ratio, per,
        argb(theme.gain), argb(theme.loss), argb(theme.muted),
    )  # fmt: skip
    picture.bars()


def delta_range(shown: Columns) -> tuple[float, float]:
    """Lowest and highest cumulative delta of columns."""
    cumulative = shown.cumulative
    high = cumulative + shown.rows["delta_high"]
    low = cumulative + shown.rows["delta_low"]
    return float(np.min(low)), float(np.max(high))
