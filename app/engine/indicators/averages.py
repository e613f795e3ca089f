"""Moving averages: simple, exponential, Wilder's; and MACD of them.

Simple averages keep their values and sum them anew each time the window has wrapped, so
that rounding does not pile up over a long run.
"""

import math
from typing import Any, Final

from app.engine.compile import kernel

LENGTH, COUNT, HEAD, SUM, VALUE, FACTOR, HEADER = range(7)
"""Words of a state: window, values seen, place of the oldest, sum, newest average,
smoothing factor; behind them a window's values."""
_SIGNAL: Final = 2 * HEADER


@kernel
def average_open(state: Any, length: int) -> None:
    """Begin a simple average, a window (`rolling_step`) or an exponential one."""
    for i in range(len(state)):
        state[i] = 0.0
    state[LENGTH] = length
    state[FACTOR] = 2.0 / (length + 1.0)
    state[VALUE] = math.nan


@kernel
def wilder_open(state: Any, length: int) -> None:
    """Begin Wilder's average, an exponential one of factor 1 / length."""
    average_open(state, length)
    state[FACTOR] = 1.0 / length


@kernel
def rolling_step(state: Any, value: float) -> float:
    """Put a value into a window; the one that left it, NaN while it fills.

    `state` has `HEADER` + length words.
    """
    length, head = int(state[LENGTH]), int(state[HEAD])
    is_full = state[COUNT] >= length
    left = state[HEADER + head] if is_full else math.nan
    state[HEADER + head] = value
    state[HEAD] = head + 1 if head + 1 < length else 0
    state[COUNT] += 1.0
    if is_full:
        state[SUM] -= left
    state[SUM] += value
    if state[HEAD] == 0.0:
        total = 0.0
        for i in range(length):
            total += state[HEADER + i]
        state[SUM] = total
    return float(left)


@kernel
def sma_step(state: Any, value: float) -> float:
    """Simple moving average of the newest `length` values.

    `state` has `HEADER` + length words. Murphy (1999), "Technical Analysis of the
    Financial Markets", chapter 9.
    """
    rolling_step(state, value)
    if state[COUNT] < state[LENGTH]:
        return math.nan
    state[VALUE] = state[SUM] / state[LENGTH]
    return float(state[VALUE])


@kernel
def ema_step(state: Any, value: float) -> float:
    """Exponential moving average, begun with the simple average of the first values.

    Roberts (1959), "Control chart tests based on geometric moving averages",
    Technometrics 1(3); Murphy (1999), chapter 9, for the factor.

    `state` has `HEADER` words. Factor 2 / (length + 1), or Wilder's 1 / length
    (Wilder 1978, "New Concepts in Technical Trading Systems").
    """
    state[COUNT] += 1.0
    if state[COUNT] <= state[LENGTH]:
        state[SUM] += value
        if state[COUNT] < state[LENGTH]:
            return math.nan
        state[VALUE] = state[SUM] / state[LENGTH]
    else:
        state[VALUE] += state[FACTOR] * (value - state[VALUE])
    return float(state[VALUE])


MACD_SIZE: Final = 3 * HEADER
"""Words of a MACD's state."""


@kernel
def macd_open(state: Any, fast: int, slow: int, signal: int) -> None:
    """Begin MACD: two exponential averages and one of their difference."""
    average_open(state[:HEADER], fast)
    average_open(state[HEADER:_SIGNAL], slow)
    average_open(state[_SIGNAL : _SIGNAL + HEADER], signal)


@kernel
def macd_step(state: Any, value: float) -> Any:
    """Moving average convergence and divergence: line, signal, histogram.

    Both averages begin with simple ones of their own first values. Appel (1979), "The
    Moving Average Convergence-Divergence Method".
    """
    fast = ema_step(state[:HEADER], value)
    slow = ema_step(state[HEADER:_SIGNAL], value)
    line = fast - slow
    if math.isnan(line):
        return math.nan, math.nan, math.nan
    signal = ema_step(state[_SIGNAL : _SIGNAL + HEADER], line)
    return line, signal, line - signal
