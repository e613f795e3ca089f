"""Bars of a backtest that nothing of ours can meet: a loop of their own.

While nothing is on its way, a bar that reaches no price for which an order of ours
rests is its book's last price, a mark, and a call of the handlers of the bar before.
None of that needs the whole way: here the steps of `folding.fold` stand one behind
another in one loop, which finds the rows of an instrument once, not at each bar. It
leaves the same bytes, and returns as soon as more could follow: a strategy has asked
for what does not take the short way either (backtest_orders.py), a loss limit is
broken, the record is no such bar, a session, a timer or an order's end is due. What it
knows of each instrument stands in backtest_lanes.py.
"""

from enum import IntEnum
from typing import Any, Final

import numpy as np

from app.engine.accounts import account_row
from app.engine.arena import USED, Section, section_words
from app.engine.atomics import load_acquire
from app.engine.backtest_block import MOST_HELD, RUN_WORDS, Run, has_room, keep_worth
from app.engine.backtest_lanes import (
    concerns,
    is_known,
    known_lane,
    lane_of,
    may_pass,
)
from app.engine.backtest_marks import mark_at
from app.engine.backtest_orders import fill, let_wait, send
from app.engine.bars import rows as bar_rows, wait
from app.engine.bits import integer, lowest_bit
from app.engine.book_events import note_record
from app.engine.book_state import books
from app.engine.compile import inlined, rare
from app.engine.conditional.state import conditional
from app.engine.folding import tell_waiting
from app.engine.gate_marks import new_loss
from app.engine.gate_reports import forget_findings
from app.engine.links import Link, linked
from app.engine.memory import view, words
from app.engine.rare import out_of_line
from app.engine.records import BAR, MARKET, MARKET_BYTES, NO_PRICE, Reason
from app.engine.state import engine, instruments, positions
from app.engine.strategy import Handler, call_now, has_requests
from app.engine.venue.bar_fills import share_of
from app.engine.venue.quiet import hear, is_settled
from app.engine.venue.state import models, venue_instruments

__all__ = ["Left", "keeps_worth", "mark_at", "pass_bars"]

Stretch = tuple[int, int, int, int, int, int, int]
_HIGHEST: Final = 2**63 - 1


class Left(IntEnum):
    """What is left to do about the record at which a quiet loop returned."""

    ALL = 0  # nothing is done yet
    ASKED = 1  # time has come to it; what strategies have asked for comes first
    LOSS = 2  # it is marked; a loss limit is broken
    TOLD = 3  # it is marked; without room to wait, its handlers run at once
    MOVED = 4  # the venue and its book have it; the gate is to mark it
    DONE = 5  # all but what strategies have asked for


@inlined
def _is_quiet(arena: int, links: int) -> bool:
    """Whether nothing but handlers and money can follow from bars, until one asks."""
    if not is_settled(arena) or has_requests(arena):
        return False
    if linked(links, Link.MARKET_OUT):
        return False
    nobody = section_words(arena, Section.STRATEGIES)[USED] <= 1
    if nobody or section_words(arena, Section.BARS)[USED] == 0:
        return False
    # Time bars that are built close at times of their own.
    return bar_rows(arena)[0]["timed"] == 0 and new_loss(arena) == Reason.NONE


@inlined
def keeps_worth(arena: int, block: Any, now: int) -> bool:
    """Write down the worth before time moves on, if it is due; False without room."""
    if now - block[Run.WORTH_TS] > block[Run.WORTH_EVERY]:
        if block[Run.WORTHS_USED] == block[Run.WORTHS_ROOM]:
            return False
        if now:
            keep_worth(arena, block)
    return True


@inlined
def _new_stretch(arena: int, book: Any) -> Stretch:
    """A stretch without a bar yet: see `_stretched`."""
    low = integer(book["low"])
    low = integer(_HIGHEST) if low == NO_PRICE else low
    none, reached = integer(0), integer(engine(arena)[0]["venue_now"])
    return none, none, reached, integer(book["high"]), low, none, none


@inlined
def _stretched(stretch: Stretch, at: int) -> Stretch:
    """A stretch of bars of one instrument with the BAR at an address.

    What only the venue and the book keep of bars is written down once for many of them
    (`_tell_stretch`), for no handler sees it: the newest bar (its address), how many
    there were, the venue's time, high and low, volume and trades.
    """
    record, bar = view(at, 1, MARKET)[0], view(at, 1, BAR)[0]
    _, count, reached, high, low, volume, trades = stretch
    opened = bar["open"]
    return (
        integer(at),
        count + 1,
        max(reached, min(record["ts_venue"], record["ts_received"])),
        max(high, opened + bar["high_offset"]),
        min(low, opened + bar["low_offset"]),
        volume + bar["volume"],
        trades + bar["trades"],
    )


@inlined
def _is_acted_out(state: Any, stretch: Stretch, at: int) -> bool:
    """Whether the venue would let our orders meet the BAR at an address.

    Of several bars of one time it is the first.
    """
    record = view(at, 1, MARKET)[0]
    _, count, reached, _, _, _, _ = stretch
    before = reached if count else integer(state["bar_ts"])
    return max(reached, min(record["ts_venue"], record["ts_received"])) > before


@inlined
def _leave_room(arena: int, instrument: int, state: Any, volume: int) -> None:
    """Write down what we may have of the last bar that was acted out; below 0 = none.

    None of it is taken, for the bar met nobody.
    """
    if volume >= 0:
        ppm = models(arena)[instrument]["participation"]
        state["bar_room"] = share_of(volume, ppm)


@inlined
def _tell_stretch(arena: int, book: Any, state: Any, stretch: Stretch) -> None:
    """Let the venue and the book take a stretch of bars, as `quiet.pass_bar` does."""
    newest, count, reached, high, low, volume, trades = stretch
    if count == 0:
        return
    record, bar = view(newest, 1, MARKET)[0], view(newest, 1, BAR)[0]
    engine(arena)[0]["venue_now"] = reached
    hear(arena, record)
    note_record(book, record)
    opened = bar["open"]
    book["high"], book["low"] = high, low
    book["last_price"] = opened + bar["close_offset"]
    book["last_size"], book["last_aggressor"] = 0, 0
    book["last_ts"] = bar["ts_venue"]
    book["volume"] += volume
    book["trades"] += trades
    book["sequence"] += count
    state["bar_ts"] = reached
    engine(arena)[0]["market_records"] += count


@inlined
def _call(arena: int, links: int, callers: Any, handler: int, bar: int) -> None:
    """Call a handler of each of these strategies with the BAR at an address."""
    while callers != np.uint64(0):
        strategy = integer(lowest_bit(callers))
        callers &= callers - np.uint64(1)
        call_now(arena, links, strategy, handler, bar)


@inlined
def _tell_held(arena: int, links: int, block: Any, first: int, end: int) -> None:
    """Call the handlers of bars that waited in their block, as `tell_waiting` does."""
    everyone, at = np.uint64(0), block[Run.RECORDS] + first * MARKET_BYTES
    for _ in range(first, end):
        lane = known_lane(block, view(at, 1, MARKET)[0]["instrument"])
        _call(arena, links, lane["bar_callers"], integer(Handler.ON_BAR), at)
        everyone |= lane["bars_callers"]
        at += MARKET_BYTES
    last = at - MARKET_BYTES
    _call(arena, links, everyone, integer(Handler.ON_BARS), last)


@inlined
def _moves_on(arena: int, links: int, address: int, first: int, end: int) -> int:
    """Let time come to a later bar: the worth, then the handlers of what waited.

    Parameters
    ----------
    first, end : int
        The bars from `first` up to `end` wait in their block; none if these are equal.

    Returns
    -------
    int
        `Left.ALL` if the loop must look first; `Left.ASKED`; else -1.
    """
    session, block = engine(arena)[0], words(address, RUN_WORDS)
    if load_acquire(address + 8 * Run.STOP):
        return integer(Left.ALL)
    if not keeps_worth(arena, block, integer(session["now"])):
        return integer(Left.ALL)
    session["event"] += 1
    if first < end:
        _tell_held(arena, links, block, first, end)
    elif bar_rows(arena)[0]["next"]:
        tell_waiting(arena, links)
    return integer(Left.ASKED) if has_requests(arena) else integer(-1)


@rare
def _put(arena: int, block: Any, first: int, end: int) -> None:
    """Let bars that wait in their block wait in the arena, as they do elsewhere."""
    out_of_line()
    for index in range(first, end):
        wait(arena, block[Run.RECORDS] + index * MARKET_BYTES)


@inlined
def pass_bars(  # noqa: C901, PLR0912, PLR0915  (one loop, its rows found once)
    arena: int, links: int, address: int, index: int
) -> tuple[int, int]:
    """Fold the bars of a block from `index` on, for as long as all is quiet.

    Bars wait for their handlers where they stand, in the block; what is left waiting
    when the loop is left goes into the arena.

    Returns
    -------
    (int, int)
        The first record that is not folded, and what is left to do about it (`Left`).
    """
    block = words(address, RUN_WORDS)
    if not has_room(block) or not _is_quiet(arena, links):
        return index, integer(Left.ALL)
    records, count = block[Run.RECORDS], block[Run.COUNT]
    block[Run.TURN] += 1
    session, instrument = engine(arena)[0], integer(-1)
    book, state = books(arena)[0], venue_instruments(arena)[0]
    position = positions(arena)[0]
    first, sent, left = index, integer(0), integer(Left.ALL)
    stretch, lane, rests = (
        _new_stretch(arena, book),
        known_lane(block, integer(0)),
        integer(0),
    )
    shared = integer(-1)
    until = integer(conditional(arena)["next_expiry"] or _HIGHEST)
    while index < count:
        at = records + index * MARKET_BYTES
        record, bar = view(at, 1, MARKET)[0], view(at, 1, BAR)[0]
        if not may_pass(session, record, bar) or record["ts_received"] > until:
            break
        if record["instrument"] != instrument:
            _tell_stretch(arena, book, state, stretch)
            _leave_room(arena, instrument, state, shared)
            stretch, shared = _new_stretch(arena, book), integer(-1)
            instrument = integer(record["instrument"])
            if not is_known(arena, instrument):
                break
            lane = lane_of(arena, links, address, instrument)
            if lane["is_plain"] == 0:
                break
            rests = integer(lane["rests"])
            book = books(arena)[instruments(arena)[instrument]["book"]]
            state = venue_instruments(arena)[instrument]
            position = positions(arena)[account_row(arena, instrument)]
            stretch = _new_stretch(arena, book)
            forget_findings(arena)
        if rests and concerns(lane, bar):
            break
        if record["ts_received"] > session["now"]:
            found = _moves_on(arena, links, address, first, index)
            if found == Left.ALL:
                break
            first = index
            if found == Left.ASKED:
                _tell_stretch(arena, book, state, stretch)
                stretch = _new_stretch(arena, book)
                sent = send(arena, links, address, index)
                if sent == 0:
                    left = found
                    break
            session["now"] = record["ts_received"]
        else:
            session["event"] += 1
        if rests and _is_acted_out(state, stretch, at):
            shared = integer(bar["volume"])
        stretch = _stretched(stretch, at)
        close = bar["open"] + bar["close_offset"]
        book["last_price"] = close
        awaited = sent > 0
        if awaited and known_lane(block, instrument)["order"]:
            _tell_stretch(arena, book, state, stretch)
            stretch = _new_stretch(arena, book)
            fill(arena, links, address, instrument, at)
            sent -= 1
        if mark_at(arena, instrument, position, 2 * close):
            left = integer(Left.LOSS)
            break
        if bar_rows(arena)[0]["next"] or index - first == MOST_HELD:
            _put(arena, block, first, index)
            first = index + 1
            if not wait(arena, at):
                left = integer(Left.TOLD)
                first = index
                break
        if awaited and has_requests(arena):
            # Who heard of an order has asked for more.
            _put(arena, block, first, index + 1)
            first, left = index, integer(Left.DONE)
            break
        index += 1
    _tell_stretch(arena, book, state, stretch)
    _leave_room(arena, instrument, state, shared)
    _put(arena, block, first, index)
    if sent:
        let_wait(arena, block)
    return index, left
