"""Bars of a chart painted straight into a picture's memory: candles, volume, delta.

What a bar looks like is said here, once for one bar and for a thousand: the newest one
is painted with every trade, alone, and lands on the pixels that it keeps when it is
painted among others. Edges are whole px of the device.
"""

from typing import Any, Final

import numpy as np

from app.engine.compile import entry, kernel
from app.engine.history.records import BAR_ROW
from app.engine.memory import view, words
from app.engine.plot import JOB_WORDS, LEFT, RIGHT, fill

BAR_JOB: Final = np.dtype(
    [
        ("rows", "<i8"),  # address of BAR_ROW
        ("places", "<i8"),  # address of int64: left edges of columns
        ("bases", "<i8"),  # address of float64: cumulative delta before each column
        ("count", "<i8"),
        ("shift", "<i8"),  # place of the left edge of a body that is at 0
        ("body", "<i8"),  # its width
        ("pen", "<i8"),
        ("what", "<i8"),
        ("style", "<i8"),
        ("low", "<f8"),  # value at the scale's lower end
        ("bottom", "<f8"),  # which is there
        ("per", "<f8"),  # px that a 1 is worth
        ("gain", "<i8"),  # 0xAARRGGBB
        ("loss", "<i8"),
        ("rest", "<i8"),
    ]
)
"""What bars are painted by, beside the picture's job; all in px of the device."""

PRICES, DELTA, VOLUME = range(3)
"""What is painted."""
CANDLES, HOLLOW, BARS, THIN = range(4)
"""Styles; thin ones are lines from low to high."""
_BOUND: Final = 1e6


@kernel
def _y(bars: Any, value: float) -> Any:
    """The px of a value, cut off far outside of pictures."""
    at = bars["bottom"] - (value - bars["low"]) * bars["per"]
    return np.int64(np.rint(min(max(at, -_BOUND), _BOUND)))


@kernel
def _hollow(
    job: Any, bars: Any, left: int, top: int, bottom: int, is_full: bool, ink: int
) -> None:
    """A body: full, or a frame through which the grid is seen."""
    pen, right = bars["pen"], left + bars["body"]
    if is_full or bottom - top <= 2 * pen:
        fill(job, left, top, right, bottom, ink)
        return
    fill(job, left, top, left + pen, bottom, ink)
    fill(job, right - pen, top, right, bottom, ink)
    fill(job, left, top, right, top + pen, ink)
    fill(job, left, bottom - pen, right, bottom, ink)


@kernel
def _bar(
    job: Any, bars: Any, left: int, begin: float, high: float, low: float, end: float
) -> None:
    """One bar in the style."""
    first, last = _y(bars, begin), _y(bars, end)
    upper, lower = _y(bars, high), _y(bars, low)
    pen, body, style = bars["pen"], bars["body"], bars["style"]
    ink = bars["gain"] if end >= begin else bars["loss"]
    top, bottom = min(first, last), max(first, last) + pen
    middle = left + (body - pen) // 2
    if style == THIN:
        fill(job, left, upper, left + pen, lower + pen, ink)
    elif style == BARS:
        fill(job, middle, upper, middle + pen, lower + pen, ink)
        fill(job, left, first, middle, first + pen, ink)
        fill(job, middle, last, left + body, last + pen, ink)
    elif style == HOLLOW and body >= 3 * pen:
        fill(job, middle, upper, middle + pen, top, ink)
        fill(job, middle, bottom, middle + pen, lower + pen, ink)
        _hollow(job, bars, left, top, bottom, end < begin, ink)
    else:
        fill(job, middle, upper, middle + pen, lower + pen, ink)
        fill(job, left, top, left + body, bottom, ink)


@kernel
def _volume(job: Any, bars: Any, left: int, row: Any) -> None:
    """What buyers took below, what sellers took on top of it, then the rest."""
    right, known = left + bars["body"], row["buys"] + row["sells"]
    whole = max(row["volume"], known)
    base, bought = _y(bars, 0.0), _y(bars, float(row["buys"]))
    sold, top = _y(bars, float(known)), _y(bars, float(whole))
    fill(job, left, bought, right, base, bars["gain"])
    fill(job, left, sold, right, bought, bars["loss"])
    fill(job, left, top, right, sold, bars["rest"])


@kernel
def _paint(job: Any, bars: Any, left: int, row: Any, base: float) -> None:
    """One column; `base` is the cumulative delta before it."""
    if bars["what"] == PRICES:
        opened, closed = float(row["open"]), float(row["close"])
        _bar(job, bars, left, opened, float(row["high"]), float(row["low"]), closed)
    elif bars["what"] == DELTA:
        high, low = base + row["delta_high"], base + row["delta_low"]
        _bar(job, bars, left, base, high, low, base + (row["buys"] - row["sells"]))
    else:
        _volume(job, bars, left, row)


@entry
def draw_bars(job_address: int, bars_address: int, _c: int) -> int:
    """Paint the columns of a BAR_JOB that are in the clip; how many there are."""
    job = words(job_address, JOB_WORDS)
    bars = view(bars_address, 1, BAR_JOB)[0]
    rows = view(bars["rows"], bars["count"], BAR_ROW)
    places = view(bars["places"], bars["count"], np.int64)
    bases = view(bars["bases"], bars["count"], np.float64)
    for i in range(len(rows)):
        left = places[i] - bars["shift"]
        if left < job[RIGHT] and left + bars["body"] > job[LEFT]:
            _paint(job, bars, left, rows[i], bases[i])
    return len(rows)
