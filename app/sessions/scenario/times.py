"""Times of a scenario: integers, or ISO 8601 where a calendar matters."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.session_rows import SessionFlag

EPOCH: Final = 1_709_650_800_000_000_000
"""Tuesday 5 March 2024, 15:00 UTC, ns: 10:00 in New York, 9:00 in Chicago.

Integer times are nanoseconds after this, an instant inside everyone's regular hours.
"""

_UNITS: Final = {
    "ns": 1,
    "us": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
    "d": 86400 * 10**9,
}
_AMOUNT: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")
_CLOCK: Final = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")
_CLOSE: Final = int(SessionFlag.REGULAR_ENDS | SessionFlag.STOPS)
_OPEN: Final = int(SessionFlag.REGULAR_BEGINS)
_AROUND: Final = {
    "before_close": (1, _CLOSE),
    "after_close": (-1, _CLOSE),
    "before_open": (1, _OPEN),
    "after_open": (-1, _OPEN),
}


def nanoseconds(time: int | str) -> int:
    """Turn a scenario's time into nanoseconds since 1970 UTC."""
    if isinstance(time, int):
        return EPOCH + time
    moment = datetime.fromisoformat(time)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    whole = moment.replace(microsecond=0)
    return int(whole.timestamp()) * 10**9 + moment.microsecond * 1000


def duration(value: int | str) -> int:
    """Turn a span of time into nanoseconds: ``300``, ``5min``, ``1h 30m``, ``PT5M``.

    Raises
    ------
    ValueError
        If it cannot be read as one.
    """
    if isinstance(value, int):
        return value
    plain = value.casefold().removeprefix("pt")
    total, rest = 0.0, plain
    for amount, unit in _AMOUNT.findall(plain):
        rest = rest.replace(amount, "", 1).replace(unit, "", 1)
        name = unit if unit in _UNITS else unit[0]
        total += float(amount) * _UNITS.get(name, 0)
    if rest.strip() or total <= 0:
        raise ValueError(f"a span of time must read like 5min or 30s, was {value!r}")
    return round(total)


def timer_terms(event: Mapping[str, Any], now: int, zone: str) -> tuple[int, int]:
    """When a timer is to wake: an instant (ns) and 0, or before what (SessionFlag).

    See `strategy.timer_entry`.

    Raises
    ------
    ValueError
        If the event says nothing of it.
    """
    for key, (sign, flags) in _AROUND.items():
        if event.get(key) is not None:
            return sign * duration(event[key]), flags
    if event.get("in") is not None:
        return now + duration(event["in"]), 0
    at = event.get("at")
    if at is None:
        raise ValueError("a timer needs one of at, in, before_close, before_open")
    if isinstance(at, str) and _CLOCK.fullmatch(at):
        day = datetime.fromtimestamp(now // 10**9, ZoneInfo(zone)).date()
        moment = datetime.combine(day, time.fromisoformat(at), ZoneInfo(zone))
        return int(moment.timestamp()) * 10**9, 0
    return nanoseconds(at), 0
