"""Wilder's indicators: relative strength index and average true range."""

import math
from typing import Any, Final

from app.engine.compile import kernel
from app.engine.indicators.averages import HEADER, ema_step, wilder_open

_BEFORE: Final = 2 * HEADER
RSI_SIZE: Final = 2 * HEADER + 1
"""Words of an RSI's state: two averages and the value before."""
ATR_SIZE: Final = HEADER + 1
"""Words of an ATR's state: an average and the close before."""


@kernel
def rsi_open(state: Any, length: int) -> None:
    """Begin a relative strength index."""
    wilder_open(state[:HEADER], length)
    wilder_open(state[HEADER:_BEFORE], length)
    state[_BEFORE] = math.nan


@kernel
def rsi_step(state: Any, value: float) -> float:
    """Relative strength index, 0 to 100; 50 where nothing has moved.

    The averages begin with simple ones of the first `length` changes. Wilder (1978),
    "New Concepts in Technical Trading Systems", section VI.
    """
    before = state[_BEFORE]
    state[_BEFORE] = value
    if math.isnan(before):
        return math.nan
    change = value - before
    gain = ema_step(state[:HEADER], max(change, 0.0))
    loss = ema_step(state[HEADER:_BEFORE], max(-change, 0.0))
    if math.isnan(gain):
        return math.nan
    if gain + loss == 0.0:
        return 50.0
    return float(100.0 * gain / (gain + loss))


@kernel
def atr_open(state: Any, length: int) -> None:
    """Begin an average true range."""
    wilder_open(state[:HEADER], length)
    state[HEADER] = math.nan


@kernel
def atr_step(state: Any, high: float, low: float, close: float) -> float:
    """Average true range: Wilder's average of the true range.

    The first bar has no close before it and its true range is high - low, as in
    Wilder (1978), section III; the average begins with a simple one.
    """
    before = state[HEADER]
    state[HEADER] = close
    reach = high - low
    if not math.isnan(before):
        reach = max(reach, abs(high - before), abs(low - before))
    return float(ema_step(state[:HEADER], reach))
