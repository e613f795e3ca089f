"""Volume by price beside the bars: who took, the value area, the busiest price."""

from typing import Any, Final

import numpy as np
from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen

from app.ui.items.chart_scale import Pane
from app.ui.items.ink import Ink

_SHARE: Final = 0.2
_VALUE: Final = 0.7
_LEAST_ROW: Final = 2.0


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
    painter: QPainter, ink: Ink, pane: Pane, profile: Any, tick: int
) -> None:
    """Paint a profile from the right edge: bought and sold, brighter where valued."""
    scale, box = pane.scale, pane.box
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
    width = box.width() * _SHARE / max(1.0, float(total.max()))
    tops = scale.y(prices + size - tick / 2)
    height = max(1.0, size / scale.per_px - (1 if size / scale.per_px > 3 else 0))
    painter.setPen(QPen(QColor(0, 0, 0, 0)))
    for area, alpha in ((slice(low, high + 1), 130), (slice(None), 55)):
        for sums, start, colour in (
            (buys, np.zeros_like(buys), ink.theme.bid),
            (sells, buys, ink.theme.ask),
        ):
            ground = QColor(colour)
            ground.setAlpha(alpha)
            painter.setBrush(ground)
            chosen = np.zeros(len(total), bool)
            chosen[area] = True
            if alpha < 100:
                chosen[low : high + 1] = False
            chosen &= (sums > 0) & (tops > box.top() - height) & (tops < box.bottom())
            lefts = box.right() - (start + sums)[chosen] * width
            each = zip(
                lefts.tolist(),
                tops[chosen].tolist(),
                (sums[chosen] * width).tolist(),
                strict=True,
            )
            painter.drawRects([QRectF(x, y, w, height) for x, y, w in each])
    painter.setPen(QPen(QColor(ink.theme.warning), 1))
    y = float(tops[busiest]) + height / 2
    if box.top() <= y <= box.bottom():
        left = box.right() - float(total[busiest]) * width
        painter.drawLine(QLineF(left, y, box.right(), y))
        ink.write_in(painter, ink.small)
        words = "POC"
        room = QRectF(left - ink.small.width(words) - 4, y - 8, 40, 16)
        ink.small.draw(painter, room, words, 0.0)
