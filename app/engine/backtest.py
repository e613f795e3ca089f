"""Running a backtest: records from memory, one after another, as fast as they fold.

There is no log and no ring: what comes in stands in the catalog, and what goes out is
written into arrays that the session owns, the reports and the account's worth at each
time. The loop returns when the records of a block are folded, when an array is nearly
full, or when it is told to stop; called again, it goes on.
"""

from enum import IntEnum
from typing import Any, Final

import numpy as np

from app.engine.atomics import load_acquire
from app.engine.bits import integer
from app.engine.compile import entry, inlined, kernel
from app.engine.folding import act_on, come_to, fold, hand_on, leave
from app.engine.gate_marks import MARKED, move_mark, moves_money_alone, new_loss
from app.engine.gate_reports import forget_findings
from app.engine.links import Link, call_link, linked
from app.engine.memory import copy_bytes, view, words
from app.engine.records import MARKET, MARKET_BYTES, WIDE_BYTES, EventKind, Reason
from app.engine.state import accounts, engine
from app.engine.telling import number_report, tell_owner
from app.engine.venue.quiet import pass_bar

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


class Outcome(IntEnum):
    """Why `run_backtest` returned."""

    BLOCK_ENDED = 0
    STOPPED = 1
    FULL = 2


@entry
def keep_report(arena: int, links: int, address: int) -> int:
    """Give out one REPORT: into the session's array, and to its strategy."""
    number_report(arena, address)
    block = words(linked(links, Link.BACKTEST), RUN_WORDS)
    used = block[Run.REPORTS_USED]
    if used < block[Run.REPORTS_ROOM]:
        copy_bytes(block[Run.REPORTS] + used * WIDE_BYTES, address, WIDE_BYTES)
        block[Run.REPORTS_USED] = used + 1
    else:
        block[Run.LOST] += 1
    tell_owner(arena, links, address)
    return 0


@kernel
def _keep_worth(arena: int, block: Any) -> None:
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
def _mark(arena: int, links: int, instrument: int) -> None:
    """Mark an instrument; the gate is asked where more than money follows from it."""
    if not moves_money_alone(arena, instrument):
        call_link(arena, links, Link.GATE_MARKED, instrument)
        return
    forget_findings(arena)
    if move_mark(arena, instrument) and new_loss(arena) != Reason.NONE:
        call_link(arena, links, Link.GATE_MARKED, integer(MARKED) - instrument)


@kernel
def _fold(arena: int, links: int, address: int) -> None:
    """Fold a record; a bar that concerns no order goes no farther than this unit.

    Its steps are those of `folding.fold`, taken in here instead of called by address.
    """
    record = view(address, 1, MARKET)[0]
    if not come_to(arena, links, record):
        return
    if record["kind"] == EventKind.BAR and pass_bar(arena, address):
        engine(arena)[0]["market_records"] += 1
        _mark(arena, links, integer(record["instrument"]))
        hand_on(arena, links, address)
    else:
        act_on(arena, links, address)
    leave(arena, links, record)


@entry
def run_backtest(arena: int, links: int, unused: int) -> int:
    """Fold the records of a block; see `Run` and `Outcome`."""
    address = linked(links, Link.BACKTEST)
    block = words(address, RUN_WORDS)
    records, count = block[Run.RECORDS], block[Run.COUNT]
    every = block[Run.WORTH_EVERY]
    session = engine(arena)[0]
    index = block[Run.NEXT]
    while index < count:
        if load_acquire(address + 8 * Run.STOP):
            block[Run.NEXT] = index
            return integer(Outcome.STOPPED)
        if block[Run.REPORTS_ROOM] - block[Run.REPORTS_USED] < RESERVE:
            block[Run.NEXT] = index
            return integer(Outcome.FULL)
        record = view(records + index * MARKET_BYTES, 1, MARKET)[0]
        now = session["now"]
        if record["ts_received"] > now and now - block[Run.WORTH_TS] > every:
            if block[Run.WORTHS_USED] == block[Run.WORTHS_ROOM]:
                block[Run.NEXT] = index
                return integer(Outcome.FULL)
            if now:
                _keep_worth(arena, block)
        _fold(arena, links, records + index * MARKET_BYTES)
        index += 1
    block[Run.NEXT] = index
    return integer(Outcome.BLOCK_ENDED)


@entry
def fold_one(arena: int, links: int, address: int) -> int:
    """Fold one inbound record of any kind."""
    fold(arena, links, address)
    return 0
