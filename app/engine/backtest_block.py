"""What a backtest's loop shares with its session: a block of words, and two arrays."""

from enum import IntEnum
from typing import Any, Final

import numpy as np

from app.engine.compile import inlined, kernel
from app.engine.memory import view
from app.engine.state import accounts, engine

RESERVE: Final = 8192
"""Reports that one record may cause; with less room for them the loop returns."""


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


RUN_WORDS: Final = 16

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
