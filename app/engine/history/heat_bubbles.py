"""Trades on a heatmap: a disc for each side and stretch of time, by volume.

Stretches are fixed in time, not on the screen, so no disc changes while time moves on.
"""

from typing import Any

import numpy as np

from app.engine.bits import integer
from app.engine.compile import inlined, kernel
from app.engine.history.heat_search import first_from, grain_at
from app.engine.history.heat_state import COLUMNS, FAN_BITS, TIMES, columns_at
from app.engine.memory import words


@inlined
def _blend(under: int, over: int, share: int) -> int:
    """Mix two colours; `share` of 256 is the upper one's."""
    mixed = 0xFF
    for shift in (16, 8, 0):
        a, b = (under >> shift) & 255, (over >> shift) & 255
        mixed = (mixed << 8) | (a + (((b - a) * share) >> 8))
    return mixed


@kernel
def _draw_disc(
    job: Any, image: Any, x: float, y: float, radius: float, colour: int
) -> None:
    """Draw a disc with a rim, its edge smoothed."""
    reach = radius + 1.5
    rim, width, stride = integer(job["rim"]), job["width"], job["stride"]
    for row in range(max(0, int(y - reach)), min(job["height"], int(y + reach) + 2)):
        down = row + 0.5 - y
        for right in range(max(0, int(x - reach)), min(width, int(x + reach) + 2)):
            across = right + 0.5 - x
            inside = radius + 0.5 - np.sqrt(across * across + down * down)
            if inside <= -1.0:
                continue
            place = row * stride + right
            under = integer(image[place])
            # The rim lies outside of the disc, one pixel wide.
            under = _blend(under, rim, int(180 * min(1.0, inside + 1.0)))
            if inside > 0.0:
                under = _blend(under, colour, int(225 * min(1.0, inside)))
            image[place] = under


@kernel
def _sum(job: Any, control: Any, first: int, end: int, side: int) -> Any:
    """Volume of a side in columns [first, end), and its value."""
    volume, value, i = 0, 0.0, first
    while i < end:
        grain = grain_at(job["control"], i, end)
        index = i >> (FAN_BITS * grain)
        column = columns_at(control[COLUMNS + grain], index + 1)[index]
        volume += column["buys"] if side > 0 else column["sells"]
        value += column["buy_value"] if side > 0 else column["sell_value"]
        i += 1 << (FAN_BITS * grain)
    return volume, value


@kernel
def _draw_stretch(
    job: Any, control: Any, image: Any, first: int, end: int, x: float
) -> None:
    """Draw both sides' trades of one stretch of time."""
    for side in (-1, 1):
        volume, value = _sum(job, control, first, end, side)
        if volume <= 0:
            continue
        job["largest"] = max(job["largest"], volume)
        if job["bubble_volume"] <= 0.0:
            continue
        share = min(1.0, volume / job["bubble_volume"])
        radius = max(1.5, job["bubble_radius"] * np.sqrt(share))
        y = (job["top"] - value / volume) / job["units_per_px"]
        if -radius < y < job["height"] + radius:
            colour = job["buy"] if side > 0 else job["sell"]
            _draw_disc(job, image, x, y, radius, integer(colour))


@kernel
def draw_bubbles(job: Any, control: Any, count: int, image: Any) -> None:
    """Draw the trades of all that is in the picture."""
    job["largest"] = 0
    if count == 0:
        return
    times = words(control[TIMES], count)
    span = max(1, int(job["bubble_px"] * job["ns_per_px"]))
    begin = job["begin"] - job["begin"] % span
    last = job["begin"] + int(job["width"] * job["ns_per_px"])
    near = first_from(times, count, begin, 0)
    while begin < last and near < count:
        end = first_from(times, count, begin + span, near)
        x = (begin + 0.5 * span - job["begin"]) / job["ns_per_px"]
        if end > near:
            _draw_stretch(job, control, image, near, end, x)
        near, begin = end, begin + span
