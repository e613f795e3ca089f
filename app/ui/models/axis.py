"""Where an axis has its labels: round prices that are ticks, round values and times."""

import math
from decimal import Decimal
from typing import Any, Final

import numpy as np

from app.instrument import Instrument
from app.ui import formatting

SECOND: Final = 1_000_000_000
DAY: Final = 86_400 * SECOND
_DIGITS: Final = (1, 2, 5)
_TIMES: Final = tuple(
    round(each * SECOND)
    for each in (
        0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900,
        1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000,
    )
)  # fmt: skip
_MOST: Final = 200


# How far labels are apart.


def round_step(least: float) -> float:
    """Smallest 1, 2 or 5 times a power of ten that is not below a step."""
    if not least > 0 or not math.isfinite(least):
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    found = (each * power for each in _DIGITS if each * power >= least * (1 - 1e-9))
    return next(found, 10 * power)


def price_step(instrument: Instrument, tick: int, least: float) -> int:
    """Distance of labels: the least round one that is ticks and not below `least`.

    Round means round as it is read, in currency.

    Parameters
    ----------
    instrument : Instrument
    tick : int
        Step of its tick table here, price units.
    least : float
        Price units.
    """
    if not math.isfinite(least) or least <= tick:
        return tick
    unit = instrument.price_unit
    power = Decimal(10) ** math.floor(math.log10(least * float(unit)))
    for _ in range(40):
        for digit in _DIGITS:
            step = power * digit / unit
            is_ticks = step == step.to_integral_value() and int(step) % tick == 0
            if is_ticks and step >= least:
                return int(step)
        power *= 10
    return tick * math.ceil(least / tick)


def time_step(least_ns: float) -> int:
    """Distance of labels of time, ns: the least round one not below `least_ns`."""
    months = math.ceil(least_ns / _TIMES[-1]) * _TIMES[-1]
    return next((each for each in _TIMES if each >= least_ns), months)


# Where they are.


def multiples(step: int, low: float, high: float) -> list[int]:
    """Multiples of a step in [low, high]; none where there would be too many."""
    first, last = math.ceil(low / step), math.floor(high / step)
    return [] if last - first > _MOST else [i * step for i in range(first, last + 1)]


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
        return ([0] if len(begins) else []), SECOND
    span, room = int(begins[-1] - begins[0]), float(xs[-1] - xs[0])
    step = time_step(max(span * least_px / max(room, 1.0), SECOND))
    turns = np.flatnonzero(np.diff(_local(begins) // step)) + 1
    kept, last = [], -math.inf
    for at in turns.tolist():
        if xs[at] - last >= least_px:
            kept.append(at)
            last = float(xs[at])
    # Of a chart that has just begun the first bar says when, to the second.
    return (kept, step) if kept else ([0], SECOND)


def day_breaks(begins: Any) -> list[int]:
    """Bars that are the first of a local day."""
    if len(begins) < 2:
        return []
    return [int(i) + 1 for i in np.flatnonzero(np.diff(_local(begins) // DAY))]


def _local(begins: Any) -> Any:
    return begins + SECOND * formatting.zone_offset(int(begins[-1]))
