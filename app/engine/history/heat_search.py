"""Finding columns: by time, and the coarsest that tile a range."""

from typing import Any, Final

from app.engine.atomics import load_acquire
from app.engine.compile import kernel
from app.engine.history.heat_state import COUNTS, FAN_BITS, GRAINS

_NEAR: Final = 64


@kernel
def first_from(times: Any, count: int, ts: int, near: int) -> int:
    """Index of the first column at or after `ts`, searched from `near` on."""
    low, step = near, _NEAR
    high = min(count, low + step)
    while high < count and times[high - 1] < ts:
        low, step = high, step * 4
        high = min(count, low + step)
    while low < high:
        middle = (low + high) >> 1
        if times[middle] < ts:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def grain_at(control: int, index: int, end: int) -> int:
    """Coarsest grain that begins at column `index`, ends by `end` and is there."""
    grain = 0
    while grain + 1 < GRAINS:
        bits = FAN_BITS * (grain + 1)
        span = 1 << bits
        if index & (span - 1) or index + span > end:
            break
        if index >> bits >= load_acquire(control + 8 * (COUNTS + grain + 1)):
            break
        grain += 1
    return grain
