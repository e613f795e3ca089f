"""When bars are stamped: at their open by some sources, here at their close.

A bar is [open, close) and carries its close (SEMANTICS 12); what a source stamps at the
open is moved by the bar's length. Every importer of bars moves its stamps here.
"""

import re
from typing import Any, Final

UNITS_NS: Final = {"s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86400 * 10**9}
"""Nanoseconds of the units of intervals."""
_INTERVAL: Final = re.compile(r"([1-9]\d{0,3})([smhd])")
STAMPED_AT_OPEN: Final = frozenset(
    ("binance", "databento", "ib", "interactive brokers", "lean")
)
"""Sources that stamp bars at their open; others do at their close."""


def interval_ns(text: str) -> int:
    """Length of bars of an interval like 1s, 5m, 4h, 1d, ns.

    Raises
    ------
    ValueError
        If it is none.
    """
    match = _INTERVAL.fullmatch(text)
    if match is None:
        raise ValueError(f"an interval of bars must be like 1m, 4h, 1d, was {text!r}")
    return int(match[1]) * UNITS_NS[match[2]]


def is_interval(text: str) -> bool:
    """Whether a text is an interval of bars."""
    return _INTERVAL.fullmatch(text) is not None


def stamps_at_open(source: str) -> bool:
    """Whether a source, by its name, stamps bars at their open."""
    return source.lower().replace("_", " ") in STAMPED_AT_OPEN


def at_close(stamps: Any, length_ns: int) -> Any:
    """Closes of bars whose opens are given, ns: one number or an array of them."""
    return stamps + length_ns
