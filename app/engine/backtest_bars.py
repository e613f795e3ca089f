"""Bars of a backtest that nothing of ours can meet: a loop of their own.

While no order works and nothing is on its way, a bar is its book's last price, a mark,
and a call of the handlers of the bar before. None of that needs the whole way: here the
steps of `folding.fold` stand one behind another in one loop, which finds the rows of an
instrument once, not at each bar. It leaves the same bytes, and returns as soon as more
could follow: a strategy has asked for something, a loss limit is broken, the record is
no such bar, a session or a timer is due.
"""

from enum import IntEnum
from typing import Any, Final

import numpy as np

from app.engine.accounts import account_row
from app.engine.arena import USED, Section, section_words
from app.engine.atomics import load_acquire
from app.engine.backtest_block import RUN_WORDS, Run, has_room, keep_worth
from app.engine.backtest_marks import mark_at
from app.engine.backtest_orders import fill, may_send, send
from app.engine.bars import forget_waiting, rows as bar_rows, wait
from app.engine.bits import integer, lowest_bit
from app.engine.book_events import is_bar, note_record
from app.engine.book_state import Stale, books
from app.engine.compile import inlined, rare
from app.engine.folding import TIME_BOUND, tell_waiting
from app.engine.gate_marks import moves_money_alone, new_loss
from app.engine.gate_reports import forget_findings
from app.engine.links import Link, linked
from app.engine.memory import view, words
from app.engine.rare import out_of_line
from app.engine.records import (
    BAR,
    MARKET,
    MARKET_BYTES,
    NO_PRICE,
    EventKind,
    Reason,
)
from app.engine.state import engine, instruments, positions
from app.engine.strategy import (
    Handler,
    call_now,
    follows,
    has_handler,
    has_requests,
    strategies,
)
from app.engine.venue.bars import fills_from_bars
from app.engine.venue.levels import venue_book
from app.engine.venue.quiet import has_orders, hear, is_idle
from app.engine.venue.state import venue_instruments

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
    if not is_idle(arena) or has_requests(arena) or linked(links, Link.MARKET_OUT):
        return False
    nobody = section_words(arena, Section.STRATEGIES)[USED] <= 1
    if nobody or section_words(arena, Section.BARS)[USED] == 0:
        return False
    # Time bars that are built close at times of their own.
    return bar_rows(arena)[0]["timed"] == 0 and new_loss(arena) == Reason.NONE


@inlined
def _is_plain(arena: int, instrument: int) -> bool:
    """Whether an instrument's bars are all there is to it, while nothing is asked."""
    if instrument < 0 or instrument >= engine(arena)[0]["instruments"]:
        return False
    book = integer(instruments(arena)[instrument]["book"])
    row = books(arena)[book]
    whole = row["stale"] == Stale.FRESH
    whole = whole and row["sides"][0]["best"] == 0 and row["sides"][1]["best"] == 0
    if book == 0 or book != venue_book(arena, instrument) or not whole:
        return False
    if not fills_from_bars(arena, instrument) or has_orders(arena, instrument):
        return False
    return moves_money_alone(arena, instrument)


@inlined
def _may_pass(session: Any, record: Any, bar: Any) -> bool:
    """Whether a record is a bar that can be true, with nothing due before it."""
    ts = integer(record["ts_received"])
    timely = abs(ts) < TIME_BOUND and ts < session["schedule_due"]
    return timely and record["kind"] == EventKind.BAR and is_bar(bar)


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
def _callers(arena: int, instrument: int, handler: int) -> Any:
    """Strategies that have a handler for a feed's bars of an instrument: a bit each."""
    found = np.uint64(0)
    for strategy in range(1, section_words(arena, Section.STRATEGIES)[USED]):
        record = strategies(arena)[strategy]
        takes = record["bars"] == 0 and follows(record, instrument)
        if takes and has_handler(record, handler):
            found |= np.uint64(1) << np.uint64(strategy)
    return found


@inlined
def _call(arena: int, links: int, callers: Any, handler: int, bar: int) -> None:
    """Call a handler of each of these strategies with the BAR at an address."""
    while callers != np.uint64(0):
        strategy = integer(lowest_bit(callers))
        callers &= callers - np.uint64(1)
        call_now(arena, links, strategy, handler, bar)


@inlined
def _moves_on(arena: int, links: int, address: int, held: Any) -> int:
    """Let time come to a later bar: the worth, then the handlers of what waited.

    Parameters
    ----------
    held : (int, uint64, uint64)
        A bar that waits in its block (its address, 0 = none), and the strategies whose
        `on_bar` and whose `on_bars` it waits for.

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
    bar = held[0]
    if bar:
        _call(arena, links, held[1], Handler.ON_BAR, bar)
        _call(arena, links, held[2], Handler.ON_BARS, bar)
    elif bar_rows(arena)[0]["next"]:
        tell_waiting(arena, links)
    return integer(Left.ASKED) if has_requests(arena) else integer(-1)


@rare
def _put(arena: int, bar: int, told: int) -> None:
    """Let a bar that waits in its block wait in the arena, as it does elsewhere.

    Once it is `told`, nothing but the bytes of its place is left of it.
    """
    out_of_line()
    wait(arena, bar)
    if told:
        forget_waiting(arena)


@inlined
def pass_bars(  # noqa: C901, PLR0912, PLR0915  (one loop, its rows found once)
    arena: int, links: int, address: int, index: int
) -> tuple[int, int]:
    """Fold the bars of a block from `index` on, for as long as all is quiet.

    A bar that is alone at its time waits for its handlers where it stands, in the
    block; what is left waiting when the loop is left goes into the arena.

    Returns
    -------
    (int, int)
        The first record that is not folded, and what is left to do about it (`Left`).
    """
    block = words(address, RUN_WORDS)
    if not has_room(block) or not _is_quiet(arena, links):
        return index, integer(Left.ALL)
    records, count = block[Run.RECORDS], block[Run.COUNT]
    session, instrument = engine(arena)[0], integer(-1)
    book, state = books(arena)[0], venue_instruments(arena)[0]
    position = positions(arena)[0]
    nobody = np.uint64(0)
    bar_callers, bars_callers = nobody, nobody
    held, left = (integer(0), nobody, nobody), integer(Left.ALL)
    stretch = _new_stretch(arena, book)
    sends = False
    while index < count:
        at = records + index * MARKET_BYTES
        record, bar = view(at, 1, MARKET)[0], view(at, 1, BAR)[0]
        if not _may_pass(session, record, bar):
            break
        if record["instrument"] != instrument:
            _tell_stretch(arena, book, state, stretch)
            stretch = _new_stretch(arena, book)
            instrument = integer(record["instrument"])
            if not _is_plain(arena, instrument):
                break
            book = books(arena)[instruments(arena)[instrument]["book"]]
            state = venue_instruments(arena)[instrument]
            position = positions(arena)[account_row(arena, instrument)]
            bar_callers = _callers(arena, instrument, Handler.ON_BAR)
            bars_callers = _callers(arena, instrument, Handler.ON_BARS)
            sends = may_send(arena, links, instrument)
            stretch = _new_stretch(arena, book)
            forget_findings(arena)
        order = integer(0)
        if record["ts_received"] > session["now"]:
            found = _moves_on(arena, links, address, held)
            if sends and found == Left.ASKED:
                _tell_stretch(arena, book, state, stretch)
                order = send(arena, links, address, instrument, at)
                stretch = _new_stretch(arena, book)
            if found >= 0 and order == 0:
                left = found
                break
            session["now"] = record["ts_received"]
        else:
            session["event"] += 1
            if held[0]:
                _put(arena, held[0], integer(0))
        held = (integer(0), nobody, nobody)
        stretch = _stretched(stretch, at)
        close = bar["open"] + bar["close_offset"]
        book["last_price"] = close
        if order:
            _tell_stretch(arena, book, state, stretch)
            stretch = _new_stretch(arena, book)
            fill(arena, address, instrument, order, at)
        if mark_at(arena, instrument, position, 2 * close):
            left = integer(Left.LOSS)
            break
        if bar_rows(arena)[0]["next"] == 0:
            held = (at, bar_callers, bars_callers)
        elif not wait(arena, at):
            left = integer(Left.TOLD)
            break
        index += 1
    _tell_stretch(arena, book, state, stretch)
    if held[0]:
        _put(arena, held[0], integer(left == Left.ASKED))
    return index, left
