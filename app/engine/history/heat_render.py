"""The heatmap's picture: columns, touch and trades into RGB32 pixels, without the GIL.

A pixel stands for the columns that begin in it and the one that stood when it began,
and shows the largest size at its prices. A stretch of many columns is read in the
coarsest grains that tile it, so a picture costs the same however much time it spans.
Sixteen columns of pixels are painted at a time: that is a cache line of a picture that
lies row by row.
"""

from typing import Any, Final

import numpy as np

from app.engine.atomics import load_acquire
from app.engine.bits import integer
from app.engine.compile import entry, inlined, kernel
from app.engine.history.heat_bubbles import draw_bubbles
from app.engine.history.heat_search import first_from, grain_at
from app.engine.history.heat_state import (
    COLUMNS,
    CONTROL_WORDS,
    COUNTS,
    FAN_BITS,
    HEAP,
    MOST_ENTRIES,
    STALE,
    TIMES,
    columns_at,
    entries_at,
)
from app.engine.history.heat_view import (
    BLOCK,
    BUCKET_BITS,
    HEAT_VIEW,
    HISTOGRAM,
    PIXEL,
    Ground,
)
from app.engine.memory import view, words
from app.engine.records import NO_PRICE

_COARSE: Final = 16
_SAMPLED: Final = 3
"""Every fourth column of pixels is counted in the histogram."""


@kernel
def _row(job: Any, price: float) -> int:
    """Row of pixels where a price is, kept near the picture."""
    y = (job["top"] - price) / job["units_per_px"]
    return int(np.floor(max(-4.0e4, min(4.0e4, y))))


@inlined
def _paint_entries(
    job: Any, rows: Any, heap: Any, first: int, count: int, base: int, at: int
) -> None:
    """Raise the pixels of one column to the codes of a run of entries."""
    height, top = job["height"], job["top"]
    per_unit = 1.0 / job["units_per_px"]
    half = 0.5 * job["tick"]
    is_tall = job["tick"] > job["units_per_px"]
    for i in range(first, first + count):
        away = top - float(base + heap[i]["offset"])
        upper = (away - half) * per_unit if is_tall else away * per_unit
        if upper >= height:
            continue
        lower = (away + half) * per_unit if is_tall else upper + 1.0
        if lower <= 0.0:
            continue
        begin = max(0, int(np.floor(upper)))
        end = min(height, max(begin + 1, int(np.floor(lower))))
        code = heap[i]["code"]
        for y in range(begin, end):
            place = y * BLOCK + at
            rows[place] = max(rows[place], code)


@kernel
def _note_column(pixel: Any, column: Any) -> None:
    """Take a column's touch and flags into a pixel's."""
    pixel["flags"] |= column["flags"]
    pixel["bid"], pixel["ask"] = column["bid"], column["ask"]
    low, high = column["bid_low"], column["ask_high"]
    if low != NO_PRICE and (pixel["low"] == NO_PRICE or low < pixel["low"]):
        pixel["low"] = low
    pixel["high"] = max(pixel["high"], high)


@kernel
def _paint_pixel(
    job: Any, control: Any, rows: Any, pixel: Any, first: int, end: int, at: int
) -> None:
    """Paint columns [first, end) of grain 0 into one column of pixels."""
    heap = entries_at(control[HEAP], control[MOST_ENTRIES])
    i = first
    while i < end:
        grain = grain_at(job["control"], i, end)
        index = i >> (FAN_BITS * grain)
        column = columns_at(control[COLUMNS + grain], index + 1)[index]
        _note_column(pixel, column)
        bids, asks = integer(column["bids"]), integer(column["asks"])
        place, base = column["entries"], column["base"]
        if not column["flags"] & STALE or grain:
            _paint_entries(job, rows, heap, place, bids, base, at)
            _paint_entries(job, rows, heap, place + bids, asks, base, at)
        i += 1 << (FAN_BITS * grain)


@kernel
def _range_of(job: Any, control: Any, count: int, x: int, near: int) -> Any:
    """Columns [first, end) that a pixel shows; both -1 before the first column."""
    times = words(control[TIMES], count)
    begin = job["begin"] + int(x * job["ns_per_px"])
    end = job["begin"] + int((x + 1) * job["ns_per_px"])
    first = first_from(times, count, begin + 1, max(near, 0)) - 1
    last = first_from(times, count, end, max(first, 0))
    if last <= 0:
        return -1, -1
    return max(first, 0), last


@kernel
def _coarsened(first: int, end: int, count: int) -> Any:
    """Round a long range to a grain of 4 to 16 in it, so that few columns tile it."""
    if end - first < _COARSE:
        return first, end
    grain = 1
    while (1 << (FAN_BITS * (grain + 2))) <= end - first:
        grain += 1
    mask = ~((1 << (FAN_BITS * grain)) - 1)
    first &= mask
    if end < count and (end & mask) > first:
        end &= mask
    return first, end


@kernel
def _clear_pixel(pixel: Any, ground: int) -> None:
    pixel["ground"], pixel["flags"] = ground, 0
    pixel["bid"], pixel["ask"] = NO_PRICE, NO_PRICE
    pixel["low"], pixel["high"] = NO_PRICE, NO_PRICE


@kernel
def _paint_block(
    job: Any, control: Any, count: int, rows: Any, pixels: Any, x: int, near: int
) -> int:
    """Paint the columns of pixels [x, x + BLOCK) into `rows`; where to search next."""
    rows[: job["height"] * BLOCK] = 0
    for at in range(min(BLOCK, job["width"] - x)):
        pixel = pixels[x + at]
        _clear_pixel(pixel, integer(Ground.OUTSIDE))
        if job["begin"] + int((x + at) * job["ns_per_px"]) >= job["end"]:
            continue
        first, end = _range_of(job, control, count, x + at, near)
        if first < 0:
            continue
        near = first
        pixel["ground"] = Ground.MARKET
        first, end = _coarsened(first, end, count)
        _paint_pixel(job, control, rows, pixel, first, end, at)
        newest = columns_at(control[COLUMNS], count)[end - 1]
        pixel["bid"], pixel["ask"] = newest["bid"], newest["ask"]
        if pixel["flags"] & STALE:
            pixel["ground"] = Ground.GAP
    return near


@kernel
def _ground_colour(job: Any, ground: int, x: int, y: int) -> Any:
    if ground == Ground.GAP:
        is_line = (x + job["phase"] + y) & 7 < 2
        return job["gap_line"] if is_line else job["gap"]
    return job["ground"] if ground == Ground.MARKET else job["outside"]


@kernel
def _write_block(job: Any, rows: Any, pixels: Any, image: Any, x: int) -> None:
    """Turn codes into colours."""
    palette = view(job["palette"], 512, np.uint32)
    counts = view(job["histogram"], HISTOGRAM, np.int32)
    low = integer(job["low"])
    scale = (255 << 24) // max(1, integer(job["high"]) - low)
    width = min(BLOCK, job["width"] - x)
    for y in range(job["height"]):
        line = y * job["stride"] + x
        for at in range(width):
            code = integer(rows[y * BLOCK + at])
            if code == 0:
                ground = pixels[x + at]["ground"]
                image[line + at] = _ground_colour(job, ground, x + at, y)
                continue
            if at & _SAMPLED == 0:
                counts[code >> BUCKET_BITS] += 1
            step = max(0, min(255, ((code - low) * scale) >> 24))
            image[line + at] = palette[((code & 1) << 8) + step]


# The touch.


@kernel
def _stroke(job: Any, image: Any, x: int, first: int, last: int, colour: Any) -> None:
    """Draw a line down a column of pixels, from row to row, as thick as lines are."""
    thick = job["line_px"]
    begin = max(0, min(first, last) - (thick >> 1))
    end = min(job["height"], max(first, last) - (thick >> 1) + thick)
    for y in range(begin, end):
        for right in range(min(thick, job["width"] - x)):
            image[y * job["stride"] + x + right] = colour


@kernel
def _draw_touch(job: Any, pixels: Any, image: Any, side: int) -> None:
    """Draw best bid or ask as steps; where there is none, or a gap, nothing."""
    colour = job["bid_line"] if side > 0 else job["ask_line"]
    before = NO_PRICE
    for x in range(job["width"]):
        pixel = pixels[x]
        price = pixel["bid"] if side > 0 else pixel["ask"]
        if pixel["ground"] != Ground.MARKET or price == NO_PRICE:
            before = NO_PRICE
            continue
        y = _row(job, float(price))
        extreme = pixel["low"] if side > 0 else pixel["high"]
        if extreme != NO_PRICE:
            _stroke(job, image, x, y, _row(job, float(extreme)), colour)
        if before != NO_PRICE:
            _stroke(job, image, x, _row(job, float(before)), y, colour)
        before = price


@kernel
def _note_touch(job: Any, pixels: Any) -> None:
    """Tell how far the touch went within the picture."""
    low, high = NO_PRICE, NO_PRICE
    for x in range(job["width"]):
        pixel = pixels[x]
        if pixel["ground"] == Ground.MARKET:
            if pixel["low"] != NO_PRICE and (low == NO_PRICE or pixel["low"] < low):
                low = pixel["low"]
            high = max(high, pixel["high"])
    job["touch_low"], job["touch_high"] = low, high


@entry
def heat_render(unused: int, also: int, address: int) -> int:
    """Paint a picture; `address` is that of a HEAT_VIEW. Returns the columns there are.

    The picture is whole when this returns; it allocates nothing and waits for nobody.
    """
    job = view(address, 1, HEAT_VIEW)[0]
    control = words(job["control"], CONTROL_WORDS)
    count = load_acquire(job["control"] + 8 * COUNTS)
    rows = view(job["rows"], job["height"] * BLOCK, np.int32)
    pixels = view(job["pixels"], job["width"], PIXEL)
    image = view(job["image"], job["stride"] * job["height"], np.uint32)
    view(job["histogram"], HISTOGRAM, np.int32)[:] = 0
    near = 0
    for x in range(0, job["width"], BLOCK):
        near = _paint_block(job, control, count, rows, pixels, x, near)
        _write_block(job, rows, pixels, image, x)
    _note_touch(job, pixels)
    _draw_touch(job, pixels, image, 1)
    _draw_touch(job, pixels, image, -1)
    draw_bubbles(job, control, count, image)
    return count
