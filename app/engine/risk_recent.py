"""The rolling windows of the gate: equal orders, and messages to the venue (52)."""

from typing import Any

import numpy as np

from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.risk_state import (
    MESSAGE_CAPACITY,
    RECENT_BUCKETS,
    RECENT_CAPACITY,
    recent_orders,
    risk,
)
from app.engine.state import engine


@kernel
def _bucket(check: Any) -> int:
    """Bucket of an order's side, quantity and price (multiplicative hashing)."""
    mixed = np.uint64(check["price"]) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= np.uint64(check["total"]) * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed ^= np.uint64(check["instrument"] * 2 + check["side"])
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    return integer((mixed >> np.uint64(32)) & np.uint64(RECENT_BUCKETS - 1))


@kernel
def seen_before(arena: int, check: Any, window: int, most: int) -> int:
    """How many equal orders were accepted within the window, counted up to `most`.

    It looks back on `RECENT_CAPACITY` orders at most.
    """
    state, every = risk(arena)[0], recent_orders(arena)
    number = integer(state["recent_heads"][_bucket(check)])
    oldest = state["recent"] - RECENT_CAPACITY
    since = engine(arena)[0]["now"] - window
    count = 0
    while number > 0 and number > oldest and count < most:
        record = every[number & (RECENT_CAPACITY - 1)]
        if record["ts"] < since:
            break
        if (
            record["price"] == check["price"]
            and record["quantity"] == check["total"]
            and record["side"] == check["side"]
            and record["instrument"] == check["instrument"]
        ):
            count += 1
        number = integer(record["older"])
    return count


@kernel
def note_order(arena: int, check: Any) -> None:
    """Remember an accepted order for the duplicate check."""
    state = risk(arena)[0]
    bucket = _bucket(check)
    state["recent"] += 1
    number = state["recent"]
    record = recent_orders(arena)[number & (RECENT_CAPACITY - 1)]
    record["ts"] = engine(arena)[0]["now"]
    record["price"] = check["price"]
    record["quantity"] = check["total"]
    record["side"] = check["side"]
    record["instrument"] = check["instrument"]
    record["older"] = state["recent_heads"][bucket]
    state["recent_heads"][bucket] = number


@kernel
def note_message(arena: int) -> None:
    """Count a message to the venue."""
    state = risk(arena)[0]
    state["message_ts"][state["messages"] & (MESSAGE_CAPACITY - 1)] = engine(arena)[0][
        "now"
    ]
    state["messages"] += 1


@kernel
def is_rate_exceeded(arena: int, most: int, window: int) -> bool:
    """Tell whether one more message would be more than `most` within the window."""
    state = risk(arena)[0]
    before = state["messages"] - most
    if before < 0:
        return False
    ts = state["message_ts"][before & (MESSAGE_CAPACITY - 1)]
    return engine(arena)[0]["now"] - ts < window


@kernel
def messages_within(arena: int, window: int) -> int:
    """How many of the last messages were sent within the window."""
    state, now = risk(arena)[0], engine(arena)[0]["now"]
    count = integer(0)
    while count < min(state["messages"], MESSAGE_CAPACITY):
        newest = state["messages"] - 1 - count
        if now - state["message_ts"][newest & (MESSAGE_CAPACITY - 1)] >= window:
            break
        count += 1
    return count
