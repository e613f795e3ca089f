"""Volume by price beside the bars: who took, the value area, the busiest price."""

from typing import Any, Final

import numpy as np
from PySide6.QtCore import QRectF

from app.ui.items.chart_scale import Pane
from app.ui.items.ink import Ink
from app.ui.items.plot_picture import PlotPicture, argb, boxes_of

_SHARE: Final = 0.2
_VALUE: Final = 0.7
_LEAST_ROW: Final = 2.0
_NAME_PX: Final = 14
_VALUED, _OTHER = 130, 55
"""How much of a row's colour is seen, of 255, in the value area and outside."""


def value_area(volumes: Any) -> tuple[int, int, int]:
    """Busiest row and the rows around it that hold 70 % of the volume.

    Grown row by row towards the heavier neighbour.

    Returns
    -------
    tuple of int
        Busiest, first and last row.
    """
    busiest = int(np.argmax(volumes))
    low = high = busiest
    held, wanted = float(volumes[busiest]), _VALUE * float(volumes.sum())
    while held < wanted and (low > 0 or high < len(volumes) - 1):
        below = float(volumes[low - 1]) if low > 0 else -1.0
        above = float(volumes[high + 1]) if high < len(volumes) - 1 else -1.0
        if above >= below:
            high += 1
            held += above
        else:
            low -= 1
            held += below
    return busiest, low, high


def binned(profile: Any, size: int) -> tuple[Any, Any, Any]:
    """Volume by rows of some price units, lowest first, empty rows included.

    Returns
    -------
    tuple of (n,) arrays
        Lowest price of each row, bought, sold.
    """
    rows = (profile["price"] - profile["price"][0]) // size
    count = int(rows[-1]) + 1
    buys = np.bincount(rows, weights=profile["buys"], minlength=count)
    sells = np.bincount(rows, weights=profile["sells"], minlength=count)
    return int(profile["price"][0]) + size * np.arange(count), buys, sells


def paint_profile(
    picture: PlotPicture, ink: Ink, pane: Pane, profile: Any, tick: int
) -> None:
    """Paint a profile from the right edge: bought and sold, brighter where valued."""
    scale, box, ratio = pane.scale, pane.box, picture.image.devicePixelRatio()
    is_seen = (profile["price"] >= scale.low) & (profile["price"] <= scale.high)
    if not is_seen.any():
        return
    least = _LEAST_ROW * scale.per_px
    size = max(tick, int(-(-least // tick)) * tick)
    span = int(profile["price"][-1] - profile["price"][0])
    if span // size > 200_000:
        return  # one absurd price: nothing to read
    prices, buys, sells = binned(profile, size)
    total = buys + sells
    busiest, low, high = value_area(total)
    tops = np.rint(scale.y(prices + size - tick / 2) * ratio)
    height = size / scale.per_px * ratio
    bottoms = np.maximum(tops + 1, np.rint(tops + height) - (height > 3 * ratio))
    chosen = np.flatnonzero(
        (bottoms > box.top() * ratio) & (tops < box.bottom() * ratio)
    )
    right = round(box.right() * ratio)
    per = right * _SHARE / max(1.0, float(total.max()))
    is_valued = (chosen >= low) & (chosen <= high)
    edges = right - np.rint(np.stack([0 * buys, buys, total])[:, chosen] * per)
    for part, colour in enumerate((ink.theme.bid, ink.theme.ask)):
        inks = np.where(is_valued, argb(colour, _VALUED), argb(colour, _OTHER))
        given = edges[part + 1], tops[chosen], edges[part], bottoms[chosen], inks
        picture.boxes(boxes_of(*given))
    y = round(float(tops[busiest] + bottoms[busiest]) / 2)
    if box.top() * ratio <= y <= box.bottom() * ratio:
        left = right - round(float(total[busiest]) * per)
        pen = max(1, int(ratio))
        line = np.array([left]), y, right, y + pen, argb(ink.theme.warning)
        picture.boxes(boxes_of(*line))
        above = y / ratio - box.top() >= _NAME_PX
        _name(picture, ink, right / ratio, y / ratio - _NAME_PX * above)


def _name(picture: PlotPicture, ink: Ink, right: float, top: float) -> None:
    """Write what the line of the busiest price is: on the profile, not on bars."""
    painter = picture.painter()
    ink.begin()
    ink.write_in(painter, ink.small)
    painter.setPen(ink.pen(ink.theme.warning))
    width = ink.small.width("POC") + 8
    room = QRectF(right - width, top, width, _NAME_PX)
    painter.fillRect(room, ink.brush(ink.theme.panel))
    ink.small.draw(painter, room, "POC", 0.5)
    painter.end()
