"""Running a backtest: records from memory, one after another, as fast as they fold.

There is no log and no ring: what comes in stands in the catalog, and what goes out is
written into arrays that the session owns, the reports and the account's worth at each
time. The loop returns when the records of a block are folded, when an array is nearly
full, or when it is told to stop; called again, it goes on.
"""

from enum import IntEnum
from typing import Any

from app.engine.atomics import load_acquire
from app.engine.backtest_bars import Left, keeps_worth, pass_bars
from app.engine.backtest_block import RUN_WORDS, Run, has_room
from app.engine.backtest_ticks import pass_ticks
from app.engine.bits import integer
from app.engine.compile import entry, inlined, kernel
from app.engine.folding import act_on, come_to, fold, fold_requests, hand_on, leave
from app.engine.gate_marks import MARKED, move_mark, moves_money_alone, new_loss
from app.engine.gate_reports import forget_findings
from app.engine.links import Link, call_link, linked
from app.engine.memory import copy_bytes, view, words
from app.engine.records import MARKET, MARKET_BYTES, WIDE_BYTES, EventKind, Reason
from app.engine.state import engine
from app.engine.telling import number_report, tell_owner
from app.engine.venue.quiet import pass_bar


class Outcome(IntEnum):
    """Why `run_backtest` returned."""

    BLOCK_ENDED = 0
    STOPPED = 1
    FULL = 2


@entry
def keep_report(arena: int, links: int, address: int) -> int:
    """Give out one REPORT: into the session's array, and to its strategy."""
    number_report(arena, address)
    # Handlers can but ask; by now what was written of the report is in the cache, and
    # copying it by large words need not wait for that.
    tell_owner(arena, links, address)
    block = words(linked(links, Link.BACKTEST), RUN_WORDS)
    used = block[Run.REPORTS_USED]
    if used < block[Run.REPORTS_ROOM]:
        copy_bytes(block[Run.REPORTS] + used * WIDE_BYTES, address, WIDE_BYTES)
        block[Run.REPORTS_USED] = used + 1
    else:
        block[Run.LOST] += 1
    return 0


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
def _act(arena: int, links: int, address: int) -> None:
    """Fold a record for which time has come.

    A bar that concerns no order goes no farther than this unit. Its steps are those of
    `folding.fold`, taken in here instead of called by address.
    """
    record = view(address, 1, MARKET)[0]
    if record["kind"] == EventKind.BAR and pass_bar(arena, address):
        engine(arena)[0]["market_records"] += 1
        _mark(arena, links, integer(record["instrument"]))
        hand_on(arena, links, address)
    else:
        act_on(arena, links, address)
    leave(arena, links, record)


@kernel
def _finish(arena: int, links: int, address: int, left: int) -> None:
    """Do what `pass_bars` or `pass_ticks` has left to do about a record."""
    record = view(address, 1, MARKET)[0]
    if left == Left.DONE:
        leave(arena, links, record)
    elif left == Left.ASKED:
        fold_requests(arena, links)
        session = engine(arena)[0]
        session["now"] = max(session["now"], record["ts_received"])
        _act(arena, links, address)
    elif left == Left.LOSS or left == Left.TOLD or left == Left.MOVED:
        instrument = integer(record["instrument"])
        if left == Left.MOVED:
            call_link(arena, links, Link.GATE_MARKED, instrument)
        elif left == Left.LOSS:
            call_link(arena, links, Link.GATE_MARKED, integer(MARKED) - instrument)
        hand_on(arena, links, address)
        leave(arena, links, record)
    elif come_to(arena, links, record):
        _act(arena, links, address)


@inlined
def _is_bar(records: int, index: int) -> bool:
    """Whether a record of a block is a bar."""
    return view(records + index * MARKET_BYTES, 1, MARKET)[0]["kind"] == EventKind.BAR


@kernel
def _pass(arena: int, links: int, address: int, index: int) -> tuple[int, int]:
    """Fold what is quiet, in the loops for bars and for books in turn."""
    block = words(address, RUN_WORDS)
    records, left = block[Run.RECORDS], integer(Left.ALL)
    while index < block[Run.COUNT]:
        is_bar = _is_bar(records, index)
        if is_bar:
            index, left = pass_bars(arena, links, address, index)
        else:
            index, left = pass_ticks(arena, links, address, index)
        if left != Left.ALL or index == block[Run.COUNT]:
            break
        if _is_bar(records, index) == is_bar:
            break
    return index, left


@inlined
def _why_not(arena: int, block: Any, address: int, ts: int) -> int:
    """Outcome with which the loop returns before a record, if it must; else -1."""
    if load_acquire(address + 8 * Run.STOP):
        return integer(Outcome.STOPPED)
    if not has_room(block):
        return integer(Outcome.FULL)
    now = engine(arena)[0]["now"]
    if ts > now and not keeps_worth(arena, block, now):
        return integer(Outcome.FULL)
    return integer(-1)


@entry
def run_backtest(arena: int, links: int, unused: int) -> int:
    """Fold the records of a block; see `Run` and `Outcome`."""
    address = linked(links, Link.BACKTEST)
    block = words(address, RUN_WORDS)
    index = block[Run.NEXT]
    while True:
        index, left = _pass(arena, links, address, index)
        block[Run.NEXT] = index
        if index >= block[Run.COUNT]:
            return integer(Outcome.BLOCK_ENDED)
        at = block[Run.RECORDS] + index * MARKET_BYTES
        if left == Left.ALL:
            ts = view(at, 1, MARKET)[0]["ts_received"]
            outcome = _why_not(arena, block, address, ts)
            if outcome >= 0:
                return outcome
        _finish(arena, links, at, left)
        index += 1


@entry
def fold_one(arena: int, links: int, address: int) -> int:
    """Fold one inbound record of any kind."""
    fold(arena, links, address)
    return 0
