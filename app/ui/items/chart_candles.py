"""Bars of a chart as boxes: candles, hollow candles, bars, thin columns."""

from typing import Any, Final

import numpy as np

from app.ui.items.plot_picture import argb, boxes_of
from app.ui.models.chart_columns import Columns
from app.ui.theme import Theme

_SHARE: Final = 0.72


def body_px(shown: Columns) -> tuple[int, int]:
    """Where a bar's body begins in its column, and its width, px of the device."""
    pen = shown.pen
    if shown.is_thin:
        return 0, pen
    body = max(pen, int(shown.scale * _SHARE))
    if body > pen and (body - pen) % 2:
        body -= 1  # the wick in the middle
    return int((shown.scale - body) // 2), body


def bar_boxes(theme: Theme, shown: Columns, ys: Any, style: str) -> Any:
    """Boxes of bars in a style; thin ones are lines from low to high.

    Parameters
    ----------
    ys : (4, n) float64
        Open, high, low, close, px of the device.

    Returns
    -------
    (m,) BOX
    """
    ys = np.rint(ys)
    inks = np.where(ys[3] <= ys[0], argb(theme.gain), argb(theme.loss))
    gap, body = body_px(shown)
    lefts, pen = shown.places - shown.origin + gap, shown.pen
    if shown.is_thin:
        return boxes_of(lefts, ys[1], lefts + pen, ys[2] + pen, inks)
    if style == "bars":
        return _bars(lefts, ys, body, pen, inks)
    if style == "hollow" and body >= 3 * pen:
        return _hollow(lefts, ys, body, pen, inks)
    return np.concatenate(
        [
            _wicks(lefts, ys[1], ys[2] + pen, body, pen, inks),
            _bodies(lefts, ys, lefts + body, pen, inks),
        ]
    )


def _wicks(lefts: Any, tops: Any, bottoms: Any, body: int, pen: int, inks: Any) -> Any:
    middles = lefts + (body - pen) // 2
    return boxes_of(middles, tops, middles + pen, bottoms, inks)


def _bodies(lefts: Any, ys: Any, rights: Any, pen: int, inks: Any) -> Any:
    tops, bottoms = np.minimum(ys[0], ys[3]), np.maximum(ys[0], ys[3])
    return boxes_of(lefts, tops, rights, bottoms + pen, inks)


def _bars(lefts: Any, ys: Any, body: int, pen: int, inks: Any) -> Any:
    middles = lefts + (body - pen) // 2
    return np.concatenate(
        [
            _wicks(lefts, ys[1], ys[2] + pen, body, pen, inks),
            boxes_of(lefts, ys[0], middles, ys[0] + pen, inks),
            boxes_of(middles, ys[3], lefts + body, ys[3] + pen, inks),
        ]
    )


def _hollow(lefts: Any, ys: Any, body: int, pen: int, inks: Any) -> Any:
    """Rising bars are frames through which the grid is seen; falling ones are full."""
    tops, bottoms = np.minimum(ys[0], ys[3]), np.maximum(ys[0], ys[3])
    is_full, rights = ys[3] > ys[0], lefts + body
    sides = np.where(is_full, rights, lefts + pen)
    return np.concatenate(
        [
            _wicks(lefts, ys[1], tops, body, pen, inks),
            _wicks(lefts, bottoms + pen, ys[2] + pen, body, pen, inks),
            boxes_of(lefts, tops, sides, bottoms + pen, inks),
            boxes_of(rights - pen, tops, rights, bottoms + pen, inks),
            boxes_of(lefts, tops, rights, tops + pen, inks),
            boxes_of(lefts, bottoms, rights, bottoms + pen, inks),
        ]
    )
