"""Where the axes of a chart carry labels: round prices, round times."""

import math
from typing import Any, Final

import numpy as np

from app.ui import formatting

_MANTISSAS: Final = (1, 2, 5)
_SECOND: Final = 1_000_000_000
TIME_STEPS: Final = tuple(
    seconds * _SECOND
    for seconds in (
        *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800),
        *(3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000),
    )
)
DAY: Final = 86_400 * _SECOND


def round_step(least: float) -> float:
    """Smallest 1, 2 or 5 times a power of ten that is not below a step."""
    if not least > 0 or not math.isfinite(least):
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    for mantissa in (*_MANTISSAS, 10):
        if mantissa * power >= least * (1 - 1e-9):
            return float(mantissa * power)
    return float(10 * power)


def price_marks(low: float, high: float, room: int, tick: int, ten: float) -> list[int]:
    """Round prices in a range, price units.

    Parameters
    ----------
    low, high : float
    room : int
        How many labels fit.
    tick : int
        Tick there, price units: no label lies off the ticks.
    ten : float
        Price units of a whole 1 of currency: round means round as it is read.
    """
    if not high > low or room < 1:
        return []
    least = (high - low) / room
    step = max(tick, round(round_step(least / ten) * ten))
    step = -(-step // tick) * tick
    first = math.ceil(low / step) * step
    count = min(int((high - first) // step) + 1, 4 * room)
    return [int(first + i * step) for i in range(max(0, count))]


def value_marks(low: float, high: float, room: int) -> list[float]:
    """Round values in a range; no more than fit."""
    if not high > low or room < 1:
        return []
    step = round_step((high - low) / room)
    first = math.ceil(low / step) * step
    return [first + i * step for i in range(int((high - first) / step + 1e-9) + 1)]


def time_marks(begins: Any, xs: Any, least_px: float) -> tuple[list[int], int]:
    """Which bars carry a label of time.

    Parameters
    ----------
    begins : (n,) int64
        When bars begin, ns since 1970 UTC, ascending.
    xs : (n,) float64
        Where they stand, px.
    least_px : float
        Room of a label.

    Returns
    -------
    tuple
        Indices of bars that are the first of a round span, no two closer than
        `least_px`, and the span, ns.
    """
    if len(begins) < 2:
        return ([0] if len(begins) else []), _SECOND
    span, room = int(begins[-1] - begins[0]), float(xs[-1] - xs[0])
    wanted = span * least_px / max(room, 1.0)
    step = next((each for each in TIME_STEPS if each >= wanted), TIME_STEPS[-1])
    local = begins + _SECOND * formatting.zone_offset(int(begins[-1]))
    turns = np.flatnonzero(np.diff(local // step)) + 1
    kept, last = [], -math.inf
    for at in turns.tolist():
        if xs[at] - last >= least_px:
            kept.append(at)
            last = float(xs[at])
    return kept, step


def day_breaks(begins: Any) -> list[int]:
    """Bars that are the first of a local day."""
    if len(begins) < 2:
        return []
    local = begins + _SECOND * formatting.zone_offset(int(begins[-1]))
    return [int(i) + 1 for i in np.flatnonzero(np.diff(local // DAY))]
