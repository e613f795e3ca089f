"""What a backtest's loop shares with its session: a block of words, and two arrays."""

from enum import IntEnum
from typing import Any, Final

import numpy as np

from app.engine.compile import inlined, kernel
from app.engine.memory import view
from app.engine.state import accounts, engine

RESERVE: Final = 8192
"""Reports that one record may cause; with less room for them the loop returns."""

MOST_HELD: Final = 1024
"""Bars of one time that wait in their block; where there are more, all in the arena."""


class Run(IntEnum):
    """Words of a backtest's block."""

    RECORDS = 0  # address of MARKET records
    COUNT = 1
    NEXT = 2  # the first that is not folded yet
    STOP = 3  # 1: return before the next record
    REPORTS = 4  # address of REPORT records
    REPORTS_USED = 5
    REPORTS_ROOM = 6
    WORTHS = 7  # address of WORTH records
    WORTHS_USED = 8
    WORTHS_ROOM = 9
    WORTH_EVERY = 10  # least time between two of them, ns; 0 = each time
    WORTH_TS = 11  # time of the newest one, ns
    LOST = 12  # reports for which there was no room
    LANES = 13  # address of LANE records, one for each instrument
    TURN = 14  # how often the loop of bars was entered
    STANDS = 15  # 1: orders that it has sent are in the lists of what works
    HEARS = 16  # 1: a strategy has handlers for its orders
    SENT = 17  # instrument of the first of them; -1 = none


RUN_WORDS: Final = 24

LANE: Final = np.dtype(
    [
        ("turn", "<i8"),  # of the loop, for which the rest holds
        ("is_plain", "<i8"),  # 1: bars are all there is to it, but orders that rest
        ("sends", "<i8"),  # 1: orders may take the short way
        ("rests", "<i8"),  # 1: orders of ours rest, and wait for these prices
        ("floor", "<i8"),  # price units: a low at or below it concerns one
        ("ceiling", "<i8"),  # … a high at or above it
        ("bar_callers", "<u8"),  # bit s: strategy s has on_bar for its bars
        ("bars_callers", "<u8"),  # bit s: … on_bars
        ("asked", "<i8"),  # number of the event at which an order was asked for
        ("bar", "<i8"),  # address of the BAR that fills it
        ("order", "<i8"),  # the ORDER that was sent; 0 = none
        ("behind", "<i8"),  # instrument of the order that was sent next; -1 = none
    ]
)
"""What the loop of bars knows of an instrument (backtest_lanes.py)."""
LANE_BYTES: Final = LANE.itemsize

WORTH: Final = np.dtype(
    [
        ("ts", "<i8"),  # ns since 1970 UTC
        ("equity", "<i8"),  # money, base currency
        ("gross_exposure", "<i8"),
        ("net_exposure", "<i8"),
        ("cash", "<i8"),
    ]
)
"""What the account was worth once everything of a time had happened."""
WORTH_BYTES: Final = WORTH.itemsize


@kernel
def keep_worth(arena: int, block: Any) -> None:
    """Write down what the account is worth now."""
    used = block[Run.WORTHS_USED]
    row = view(block[Run.WORTHS] + used * WORTH_BYTES, 1, WORTH)[0]
    account = accounts(arena)[0]
    row["ts"] = engine(arena)[0]["now"]
    row["equity"] = account["equity"]
    row["gross_exposure"] = account["gross_exposure"]
    row["net_exposure"] = account["net_exposure"]
    row["cash"] = account["cash"]
    block[Run.WORTHS_USED] = used + 1
    block[Run.WORTH_TS] = row["ts"]


@inlined
def has_room(block: Any) -> bool:
    """Whether the reports of a record would find room."""
    return block[Run.REPORTS_ROOM] - block[Run.REPORTS_USED] >= RESERVE
