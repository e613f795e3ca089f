"""Where an axis has its labels: round prices that are ticks, round times."""

import math
from decimal import Decimal
from typing import Final

from app.instrument import Instrument

_SECOND: Final = 1_000_000_000
_TIMES: Final = tuple(
    round(each * _SECOND)
    for each in (
        0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900,
        1800, 3600, 7200, 14400, 21600, 43200, 86400,
    )
)  # fmt: skip
_MOST: Final = 200


def price_step(instrument: Instrument, tick: int, least: float) -> int:
    """Distance of labels: the least round one that is ticks and not below `least`.

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
        for digit in (1, 2, 5):
            step = power * digit / unit
            is_ticks = step == step.to_integral_value() and int(step) % tick == 0
            if is_ticks and step >= least:
                return int(step)
        power *= 10
    return tick * math.ceil(least / tick)


def multiples(step: int, low: float, high: float) -> list[int]:
    """Multiples of a step in [low, high]; none where there would be too many."""
    first, last = math.ceil(low / step), math.floor(high / step)
    return [] if last - first > _MOST else [i * step for i in range(first, last + 1)]


def time_step(least_ns: float) -> int:
    """Distance of labels of time, ns: the least round one not below `least_ns`."""
    days = math.ceil(least_ns / _TIMES[-1]) * _TIMES[-1]
    return next((each for each in _TIMES if each >= least_ns), days)
