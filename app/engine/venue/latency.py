"""Latency: how long a request takes to the venue, and a report back.

- constant: always the same;
- log-normal: median x exp(spread x z), z standard normal. Delays on a network add up
  from many small ones and have a long upper tail;
- recorded: round trips that were measured, interpolated between the neighbours in time
  and held beyond the ends [hftbacktest, `IntpOrderLatency`].

One connection keeps its order: a message never overtakes the one sent before it.

Random numbers come from a counter: number k is a hash of the seed and k (splitmix64,
Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators"), made
normal by Box and Muller (1958). The counter stands in state, so a snapshot holds it.
"""

import math
from enum import IntEnum
from typing import Final

import numpy as np

from app.engine.compile import kernel
from app.engine.venue.state import latencies, models, venue_instruments


class LatencyModel(IntEnum):
    """How latencies are found."""

    CONSTANT = 0
    LOG_NORMAL = 1
    RECORDED = 2


_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_TO_UNIT: Final = 2.0**-53


@kernel
def uniform(seed: int, counter: int) -> float:
    """Random number `counter` of a seed, in (0, 1]."""
    word = np.uint64(seed) + np.uint64(counter) * _STEP
    word = (word ^ (word >> np.uint64(30))) * _FIRST
    word = (word ^ (word >> np.uint64(27))) * _SECOND
    word ^= word >> np.uint64(31)
    return (np.float64(word >> np.uint64(11)) + 1.0) * _TO_UNIT


@kernel
def standard_normal(arena: int, instrument: int) -> float:
    """Draw from the instrument's generator."""
    state = venue_instruments(arena)[instrument]
    seed = models(arena)[instrument]["seed"]
    state["draws"] += 2
    first = uniform(seed, state["draws"] - 1)
    second = uniform(seed, state["draws"])
    return math.sqrt(-2.0 * math.log(first)) * math.cos(2.0 * math.pi * second)


@kernel
def _row_after(arena: int, first: int, count: int, now: int) -> int:
    """Index of the first recorded row later than `now`; first + count if none is."""
    rows = latencies(arena)
    low, high = first, first + count
    while low < high:
        middle = (low + high) // 2
        if rows[middle]["ts"] <= now:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def _recorded(arena: int, instrument: int, now: int, is_report: bool) -> int:
    model = models(arena)[instrument]
    first, count = model["first_latency"], model["latencies"]
    rows = latencies(arena)
    after = _row_after(arena, first, count, now)
    before = max(after - 1, first)
    after = min(after, first + count - 1)
    field = rows["report_latency"] if is_report else rows["order_latency"]
    span = rows[after]["ts"] - rows[before]["ts"]
    if span == 0:
        return field[before]
    part = (now - rows[before]["ts"]) / span
    return field[before] + round(part * (field[after] - field[before]))


@kernel
def latency(arena: int, instrument: int, now: int, is_report: bool) -> int:
    """Latency of a message sent at `now`, ns."""
    model = models(arena)[instrument]
    kind = model["latency"]
    if kind == LatencyModel.RECORDED:
        return _recorded(arena, instrument, now, is_report)
    median = model["report_latency"] if is_report else model["order_latency"]
    if kind == LatencyModel.LOG_NORMAL:
        factor = math.exp(model["spread"] * standard_normal(arena, instrument))
        return round(median * factor)
    return median


@kernel
def arrival_time(arena: int, instrument: int, now: int) -> int:
    """When a request sent now reaches the venue, ns."""
    state = venue_instruments(arena)[instrument]
    due = now + latency(arena, instrument, now, False)
    state["last_arrival"] = max(state["last_arrival"], due)
    return state["last_arrival"]


@kernel
def delivery_time(arena: int, instrument: int, at: int) -> int:
    """When a report that the venue sends at `at` reaches us, ns."""
    state = venue_instruments(arena)[instrument]
    due = at + latency(arena, instrument, at, True)
    state["last_delivery"] = max(state["last_delivery"], due)
    return state["last_delivery"]
