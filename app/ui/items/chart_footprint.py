"""Footprint: sold x bought at each price in wide bars, and where one side won.

A price where buyers took three times what sellers took a tick below (or the other way
round) carries a mark and heavy figures. Prices are joined to rows that text fits in.
"""

from typing import Any, Final

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter, QPen

from app.ui.formatting import InstrumentText
from app.ui.items.chart_scale import Pane
from app.ui.items.ink import Ink

LEAST_PX: Final = 62.0
"""Narrower bars show no footprint."""
_RATIO: Final = 3
_MOST_ROWS: Final = 400


def grouped(cells: Any, size: int) -> tuple[Any, Any, Any]:
    """Join a bar's profile to rows of `size` price units on multiples of it.

    Returns
    -------
    tuple of (n,) arrays
        Lowest price, bought, sold; lowest first, empty rows included.
    """
    rows = cells["price"] // size
    first = int(rows[0])
    count = int(rows[-1]) - first + 1
    if count > _MOST_ROWS:
        empty = np.empty(0, np.int64)
        return empty, empty, empty
    at = rows - first
    buys = np.bincount(at, weights=cells["buys"], minlength=count).astype(np.int64)
    sells = np.bincount(at, weights=cells["sells"], minlength=count).astype(np.int64)
    return (first + np.arange(count)) * size, buys, sells


def imbalances(buys: Any, sells: Any) -> tuple[Any, Any]:
    """Rows where buyers won over the sellers a row below, and sellers over buyers."""
    below = np.concatenate([[0], sells[:-1]])
    above = np.concatenate([buys[1:], [0]])
    is_inner = np.ones(len(buys), bool)
    has_below, has_above = is_inner.copy(), is_inner.copy()
    if len(buys):
        has_below[0] = has_above[-1] = False
    won = has_below & (buys > 0) & (buys >= _RATIO * np.maximum(below, 1))
    lost = has_above & (sells > 0) & (sells >= _RATIO * np.maximum(above, 1))
    return won, lost


def row_size(pane: Pane, tick: int, height: float) -> int:
    """Price units of a row that text fits in."""
    ticks = max(1, int(-(-height * pane.scale.per_px // tick)))
    for round_ in (1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000):
        if round_ >= ticks:
            return round_ * tick
    return ticks * tick


def paint_footprint(
    painter: QPainter,
    ink: Ink,
    pane: Pane,
    text: InstrumentText,
    cells: Any,
    box: tuple[float, float],
) -> None:
    """Paint one bar's footprint.

    Parameters
    ----------
    cells : (n,) PROFILE
        Lowest price first.
    box : tuple of float
        Left edge and width, px.
    """
    if not len(cells):
        return
    tick = text.instrument.step_at(int(cells["price"][0]))
    size = row_size(pane, tick, ink.small.height)
    prices, buys, sells = grouped(cells, size)
    if not len(prices):
        return
    won, lost = imbalances(buys, sells)
    left, width = box
    height = size / pane.scale.per_px
    tops = pane.scale.y(prices + size - tick / 2)
    most = max(1, int((buys + sells).max()))
    busiest = int(np.argmax(buys + sells))
    middle = left + width / 2
    t = ink.theme
    for i in range(len(prices)):
        y = float(tops[i])
        if y + height < pane.box.top() or y > pane.box.bottom():
            continue
        _ground(painter, t, (left, y, width, height), int(buys[i] - sells[i]), most)
        if i == busiest:
            painter.setPen(QPen(QColor(t.muted), 1))
            painter.setBrush(QColor(0, 0, 0, 0))
            painter.drawRect(QRectF(left + 0.5, y + 0.5, width - 2, height - 1))
        halves = (
            (QRectF(left, y, middle - left, height), sells[i], lost[i], t.ask, 1.0),
            (QRectF(middle, y, middle - left, height), buys[i], won[i], t.bid, 0.0),
        )
        for half, volume, is_won, colour, align in halves:
            glyphs = ink.bold if is_won else ink.small
            ink.write_in(painter, glyphs)
            painter.setPen(ink.pen(colour if is_won else t.text))
            mark = ("▸" if align == 0.0 else "◂") if is_won else ""
            words = text.size(int(volume))
            words = words + mark if align == 0.0 else mark + words
            glyphs.draw(painter, half, words, align, 4.0)


def _ground(
    painter: QPainter,
    t: Any,
    box: tuple[float, float, float, float],
    delta: int,
    most: int,
) -> None:
    """A row's ground: the heavier side's colour, the stronger the more it won by."""
    colour = QColor(t.bid_bar if delta > 0 else t.ask_bar if delta < 0 else t.raised)
    colour.setAlpha(40 + min(170, 170 * abs(delta) // most))
    left, y, width, height = box
    painter.fillRect(QRectF(left, y, width - 1, height), colour)
