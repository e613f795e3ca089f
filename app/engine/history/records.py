"""Records of a market's history: what charts, tape, ladder columns and heatmap read.

Prices are price units, sizes and volumes quantity units, times ns since 1970 UTC as
received (SEMANTICS 9). Everything is append-only or replaced whole, so that a reader
needs no lock.
"""

from enum import IntEnum
from typing import Final

import numpy as np


class TapeFlag(IntEnum):
    """Bits of a tape row's `flags`."""

    INFERRED = 1  # aggressor inferred from the quote or the tick rule (SEMANTICS 31)
    NOT_LAST = 2  # does not set the last price (SEMANTICS 37)
    AFTER_GAP = 4  # data were lost just before


TAPE: Final = np.dtype(
    [
        ("ts", "<i8"),  # received, ns since 1970 UTC
        ("price", "<i8"),
        ("size", "<i8"),
        ("bid", "<i8"),  # touch before the trade; NO_PRICE = none
        ("ask", "<i8"),
        ("aggressor", "i1"),  # +1 buyer, -1 seller, 0 unknown
        ("flags", "u1"),  # TapeFlag
        ("conditions", "<u2"),  # TradeCondition
        ("reserved", "<i4"),
    ],
    align=True,
)
"""One trade: 48 bytes."""


class BarKind(IntEnum):
    """What closes a bar."""

    TIME = 1  # `size` ns
    TICKS = 2  # `size` trades
    VOLUME = 3  # `size` quantity units
    RANGE = 4  # high - low of `size` price units


BAR_ROW: Final = np.dtype(
    [
        ("begin", "<i8"),  # TIME: the interval's begin; else the first trade's time
        ("end", "<i8"),  # TIME: begin + size; else the last trade's time
        ("open", "<i8"),
        ("high", "<i8"),
        ("low", "<i8"),
        ("close", "<i8"),
        ("volume", "<i8"),
        ("buys", "<i8"),  # volume of buying aggressors
        ("sells", "<i8"),
        ("delta_high", "<i8"),  # greatest buys - sells within the bar, from 0
        ("delta_low", "<i8"),
        ("trades", "<i8"),
        ("first_trade", "<i8"),  # index in the tape; -1 = the feed sends bars alone
        ("turnover", "<f8"),  # sum of price * size
    ]
)
"""One bar: 112 bytes. Intervals without trades have none (SEMANTICS 12)."""

FLOW: Final = np.dtype(
    [
        ("price", "<i8"),
        ("sold", "<i8"),  # volume of selling aggressors, since the last reset
        ("bought", "<i8"),
        ("bid_change", "<i8"),  # bid size added (stacked) less withdrawn (pulled)
        ("ask_change", "<i8"),  # trades do not count; since the last reset
        ("volume", "<i8"),  # traded at this price in the session
    ]
)
"""What happened at one price."""

PROFILE: Final = np.dtype([("price", "<i8"), ("buys", "<i8"), ("sells", "<i8")])
"""Volume at one price by aggressor; an unknown one counts half to each side."""

SAMPLE: Final = np.dtype(
    [("ts", "<i8"), ("bid", "<i8"), ("ask", "<i8"), ("last", "<i8")]
)
"""The touch and the last price, once a second; NO_PRICE = none."""

SESSION_STATS: Final = np.dtype(
    [
        ("begin", "<i8"),  # of the session (trade date), ns
        ("open", "<i8"),  # NO_PRICE = no trade yet
        ("high", "<i8"),
        ("low", "<i8"),
        ("last", "<i8"),
        ("previous_close", "<i8"),  # NO_PRICE = unknown
        ("volume", "<i8"),
        ("buys", "<i8"),
        ("sells", "<i8"),
        ("trades", "<i8"),
        ("turnover", "<f8"),  # VWAP = turnover / volume, price units
    ]
)
"""One instrument's session so far."""
