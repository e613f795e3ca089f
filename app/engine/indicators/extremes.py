"""Rolling extremes: highest and lowest of a window, and Donchian's channel of them.

A monotonic queue of candidates (each smaller than what came before it) gives a step of
constant cost on average: a value enters once and leaves once.
"""

import math
from typing import Any

from app.engine.compile import kernel
from app.engine.indicators.averages import COUNT, HEAD, HEADER, LENGTH

_USED = 3
"""Word of a state: candidates in the queue."""


@kernel
def extreme_size(length: int) -> int:
    """Words of a state: a ring of values and of when they came."""
    return HEADER + 2 * length


@kernel
def extreme_open(state: Any, length: int) -> None:
    """Begin a rolling extreme."""
    for i in range(len(state)):
        state[i] = 0.0
    state[LENGTH] = length


@kernel
def extreme_step(state: Any, value: float, sign: int) -> float:
    """Highest (`sign` +1) or lowest (-1) of the newest `length` values.

    NaN until the window is full. Lemire (2006), "Streaming maximum-minimum filter using
    no more than three comparisons per element".
    """
    length, head, used = int(state[LENGTH]), int(state[HEAD]), int(state[_USED])
    now = state[COUNT]
    if used and state[HEADER + length + head] <= now - length:
        head = head + 1 if head + 1 < length else 0
        used -= 1
    while used:
        last = (head + used - 1) % length
        if sign * (state[HEADER + last] - value) > 0:
            break
        used -= 1
    place = (head + used) % length
    state[HEADER + place] = value
    state[HEADER + length + place] = now
    state[HEAD], state[_USED], state[COUNT] = head, used + 1, now + 1.0
    if state[COUNT] < length:
        return math.nan
    return float(state[HEADER + head])


@kernel
def donchian_step(highs: Any, lows: Any, high: float, low: float) -> Any:
    """Donchian's channel: upper, lower, middle; two extremes' states.

    Donchian (1960), "High finance in copper", Financial Analysts Journal 16(6).
    """
    upper = extreme_step(highs, high, 1)
    lower = extreme_step(lows, low, -1)
    return upper, lower, (upper + lower) / 2.0
