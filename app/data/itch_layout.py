"""The messages of Nasdaq TotalView-ITCH 5.0, byte for byte.

Every number is big-endian. A price counts 1e-4 US dollars; a time counts nanoseconds
since midnight New York in six bytes, here read as an upper and a lower part.

Nasdaq, "Nasdaq TotalView-ITCH 5.0" (2014, with the additions up to 2023: operational
halts, market-wide circuit breakers, direct listings with capital raise).
"""

from typing import Any, Final

import numpy as np

PRICE_DIGITS: Final = 4
HEADER: Final = np.dtype(
    [
        ("type", "S1"),
        ("locate", ">u2"),  # number of the stock on this day; 0 = none
        ("tracking", ">u2"),
        ("time_high", ">u2"),
        ("time_low", ">u4"),
    ]
)

_FIELDS: Final[dict[str, list[tuple[str, str]]]] = {
    # System event: O messages begin, S system hours, Q market hours, M market hours
    # end, E system hours end, C messages end.
    "S": [("event", "S1")],
    # Stock directory.
    "R": [
        ("stock", "S8"),
        ("category", "S1"),
        ("status", "S1"),
        ("lot", ">u4"),
        ("lots_only", "S1"),
        ("class", "S1"),
        ("subtype", "S2"),
        ("authenticity", "S1"),
        ("short_threshold", "S1"),
        ("ipo", "S1"),
        ("luld_tier", "S1"),
        ("etp", "S1"),  # Y = an exchange-traded product
        ("leverage", ">u4"),
        ("inverse", "S1"),
    ],
    # Trading action: H halted, P paused, Q quotation only, T trading.
    "H": [("stock", "S8"), ("state", "S1"), ("reserved", "S1"), ("reason", "S4")],
    "Y": [("stock", "S8"), ("action", "S1")],  # short-sale price test
    # Market participant's position.
    "L": [
        ("participant", "S4"),
        ("stock", "S8"),
        ("primary", "S1"),
        ("mode", "S1"),
        ("state", "S1"),
    ],
    # Market-wide circuit breaker: its levels; the level that was breached.
    "V": [("level_1", ">u8"), ("level_2", ">u8"), ("level_3", ">u8")],
    "W": [("level", "S1")],
    # Quoting period of an initial offering.
    "K": [
        ("stock", "S8"),
        ("release", ">u4"),
        ("qualifier", "S1"),
        ("price", ">u4"),
    ],
    # Collar of an auction after a pause.
    "J": [
        ("stock", "S8"),
        ("reference_price", ">u4"),
        ("upper", ">u4"),
        ("lower", ">u4"),
        ("extension", ">u4"),
    ],
    # Operational halt: market Q, B or X; H halted, T resumed.
    "h": [("stock", "S8"), ("market", "S1"), ("action", "S1")],
    # Add an order, without and with its participant.
    "A": [
        ("reference", ">u8"),
        ("side", "S1"),
        ("size", ">u4"),
        ("stock", "S8"),
        ("price", ">u4"),
    ],
    "F": [
        ("reference", ">u8"),
        ("side", "S1"),
        ("size", ">u4"),
        ("stock", "S8"),
        ("price", ">u4"),
        ("participant", "S4"),
    ],
    # Executed at its own price; at another price (printable: counts as volume).
    "E": [("reference", ">u8"), ("size", ">u4"), ("match", ">u8")],
    "C": [
        ("reference", ">u8"),
        ("size", ">u4"),
        ("match", ">u8"),
        ("printable", "S1"),
        ("price", ">u4"),
    ],
    "X": [("reference", ">u8"), ("size", ">u4")],  # cancelled in part
    "D": [("reference", ">u8")],  # deleted
    # Replaced: a new order, last in its queue, in place of the old one.
    "U": [
        ("reference", ">u8"),
        ("new_reference", ">u8"),
        ("size", ">u4"),
        ("price", ">u4"),
    ],
    # Trade against a hidden order; its side has been B always since 2014.
    "P": [
        ("reference", ">u8"),
        ("side", "S1"),
        ("size", ">u4"),
        ("stock", "S8"),
        ("price", ">u4"),
        ("match", ">u8"),
    ],
    # Cross: O opening, C closing, H after a halt or offering.
    "Q": [
        ("size", ">u8"),
        ("stock", "S8"),
        ("price", ">u4"),
        ("match", ">u8"),
        ("cross", "S1"),
    ],
    "B": [("match", ">u8")],  # a trade that was broken
    # Net order imbalance before an auction.
    "I": [
        ("paired", ">u8"),
        ("imbalance", ">u8"),
        ("direction", "S1"),
        ("stock", "S8"),
        ("far", ">u4"),
        ("near", ">u4"),
        ("reference_price", ">u4"),
        ("cross", "S1"),
        ("variation", "S1"),
    ],
    "N": [("stock", "S8"), ("interest", "S1")],  # retail interest
    # Direct listing with capital raise.
    "O": [
        ("stock", "S8"),
        ("eligible", "S1"),
        ("minimum", ">u4"),
        ("maximum", ">u4"),
        ("near", ">u4"),
        ("near_time", ">u8"),
        ("lower", ">u4"),
        ("upper", ">u4"),
    ],
}


def _layout(fields: list[tuple[str, str]]) -> np.dtype[Any]:
    return np.dtype([*[(n, HEADER[n]) for n in HEADER.names or ()], *fields])


MESSAGES: Final[dict[int, np.dtype[Any]]] = {
    ord(code): _layout(fields) for code, fields in _FIELDS.items()
}
"""Layout of each type of message, by the code of its letter."""

LENGTHS: Final = np.array(
    [MESSAGES[code].itemsize if code in MESSAGES else 0 for code in range(256)],
    np.int64,
)
"""Bytes of each type of message; 0 = there is no such type."""

NAMES_A_STOCK: Final = tuple(
    code for code, layout in MESSAGES.items() if "stock" in (layout.names or ())
)
"""Types that tell which stock a locate number means."""
