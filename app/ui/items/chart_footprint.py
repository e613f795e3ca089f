"""Footprint: sold x bought at each price in wide bars, and where one side won.

A price where buyers took three times what sellers took a tick below (or the other way
round) carries a mark and heavy figures. Prices are joined to rows that text fits in.
"""

import math
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QPainter

from app.ui import formatting
from app.ui.formatting import InstrumentText
from app.ui.items.chart_scale import Pane
from app.ui.items.glyphs import Glyphs
from app.ui.items.ink import Ink
from app.ui.items.plot_picture import PlotPicture, argb, boxes_of
from app.ui.theme import Theme

LEAST_PX: Final = 62.0
"""Narrower bars show no footprint."""
_RATIO: Final = 3
_MOST_ROWS: Final = 400
_PAD: Final = 4.0
_MORE: Final = 1 / 64


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
    picture: PlotPicture,
    painter: QPainter,
    ink: Ink,
    pane: Pane,
    text: InstrumentText,
    cells: Any,
    box: tuple[int, int],
) -> None:
    """Paint one bar's footprint.

    Parameters
    ----------
    picture : PlotPicture
    painter : QPainter
        Of the picture.
    cells : (n,) PROFILE
        Lowest price first.
    box : tuple of int
        Left edge and width, px of the device.
    """
    if not len(cells):
        return
    tick = text.instrument.step_at(int(cells["price"][0]))
    size = row_size(pane, tick, ink.small.height)
    prices, buys, sells = grouped(cells, size)
    if not len(prices):
        return
    ratio = picture.image.devicePixelRatio()
    edges = np.rint(pane.scale.y(np.stack([prices, prices + size]) - tick / 2) * ratio)
    bottom, top = (round(y * ratio) for y in (pane.box.bottom(), pane.box.top()))
    is_seen = (edges[0] > top) & (edges[1] < bottom)
    if not is_seen.any():
        return
    picture.boxes(_grounds(ink.theme, buys, sells, edges, box, max(1, int(ratio))))
    won, lost = imbalances(buys, sells)
    left, width = box
    middle = left + width // 2
    for i in np.flatnonzero(is_seen).tolist():
        y = (edges[0][i] + edges[1][i]) / 2
        given = ink, text, width / 2 / ratio - _PAD
        sold = figure(*given, int(sells[i]), "◂" if lost[i] else "")
        bought = figure(*given, int(buys[i]), "▸" if won[i] else "")
        _write(painter, ink, *sold, (middle, y), -1)
        _write(painter, ink, *bought, (middle, y), 1)


def figure(
    ink: Ink, text: InstrumentText, room: float, units: int, mark: str
) -> tuple[str, Glyphs]:
    """Words of a size and what to write them with, so that they keep to their cell.

    Heavy where marked, as long as that fits; in two figures where nothing else does.
    """
    narrow = formatting.narrow_number(float(text.instrument.quantity(units)))
    made = [
        (words + mark if mark == "▸" else mark + words, glyphs)
        for words in (text.size(units), narrow)
        for glyphs in ((ink.bold, ink.small) if mark else (ink.small,))
    ]
    fitting = (each for each in made if each[1].width(each[0]) <= room)
    return next(fitting, made[-1])


def _write(
    painter: QPainter,
    ink: Ink,
    words: str,
    glyphs: Glyphs,
    at: tuple[float, float],
    side: int,
) -> None:
    """Write a figure left (-1) or right (1) of a place, px of the device.

    On whole pixels, and a little more, so that wherever a bar moves it is the same.
    """
    is_won = words[0] == "◂" or words[-1] == "▸"
    ratio = painter.device().devicePixelRatio()
    width = glyphs.width(words)
    # Of the distance alone: with the bar's place in the sum, its last bit would decide.
    away = math.floor((_PAD if side > 0 else -_PAD - width) * ratio)
    y = math.floor(at[1] - glyphs.height / 2 * ratio)
    place = QPointF(at[0] + away + _MORE, y + _MORE) / ratio
    t = ink.theme
    ink.write_in(painter, glyphs)
    painter.setPen(ink.pen(t.text if not is_won else t.bid if side > 0 else t.ask))
    glyphs.draw(painter, QRectF(place, QSizeF(width, glyphs.height)), words, 0.0)


def _grounds(
    t: Theme, buys: Any, sells: Any, edges: Any, box: tuple[int, int], pen: int
) -> Any:
    """Boxes of rows in the heavier side's colour, the stronger the more it won by.

    The busiest row has a frame.
    """
    delta, total = buys - sells, buys + sells
    strength = 40 + np.minimum(170, 170 * np.abs(delta) // max(1, int(total.max())))
    sides = np.where(delta > 0, argb(t.bid_bar, 0), argb(t.ask_bar, 0))
    inks = np.where(delta == 0, argb(t.raised, 0), sides) | (strength << 24)
    left, width = box
    right = left + width - pen
    lefts = np.full(len(buys), left)
    rows = boxes_of(lefts, edges[1], right, edges[0], inks)
    busiest = int(np.argmax(total))
    top, bottom = float(edges[1][busiest]), float(edges[0][busiest])
    return np.concatenate(
        [
            rows,
            boxes_of(
                np.array([left, left, left, right - pen]),
                np.array([top, bottom - pen, top, top]),
                np.array([right, right, left + pen, right]),
                np.array([top + pen, bottom, bottom, bottom]),
                argb(t.muted),
            ),
        ]
    )
