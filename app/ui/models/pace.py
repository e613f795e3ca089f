"""Paces of a recording that are offered, times its own."""

from bisect import bisect_left, bisect_right
from typing import Final

SPEEDS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 25.0, 100.0, 1_000.0)


def next_speed(speed: float, step: int) -> float:
    """The next faster (step > 0) or slower pace; the fastest and slowest stay."""
    at = bisect_right(SPEEDS, speed) if step > 0 else bisect_left(SPEEDS, speed) - 1
    return SPEEDS[max(0, min(len(SPEEDS) - 1, at))]


def speed_text(speed: float) -> str:
    """Write a pace: ``2×``."""
    return f"{speed:g}×"
