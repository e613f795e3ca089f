"""Records of books in a backtest that nothing of ours meets: a loop of their own.

Most records of a book leave our orders alone: no request or report is due by then, and
no quote or trade reaches one; at most the queue at a price of ours moves. Such a record
is a change of the book, perhaps a mark, and the handlers that strategies have. Here the
steps of `folding.fold` and of the venue's way stand one behind another, with the rows
of an instrument found once, and the touch and our best prices again only when they may
have moved. The loop leaves the same bytes, and returns as soon as more could follow: a
strategy has asked for something, the record may meet an order, a report, a session or a
timer is due, the book went stale, a loss limit is broken.
"""

from typing import Any, Final

import numpy as np

from app.engine.accounts import account_row, mark_of
from app.engine.arena import USED, Section, section_words
from app.engine.atomics import load_acquire
from app.engine.backtest_bars import Left, keeps_worth, mark_at
from app.engine.backtest_block import RUN_WORDS, Run, has_room
from app.engine.bars import is_due, note_trade
from app.engine.bits import integer, lowest_bit
from app.engine.book_events import is_sound_trade, note_record, print_trade, set_level
from app.engine.book_stale import judge_crossed
from app.engine.book_state import Change, Stale, books, levels
from app.engine.compile import inlined, kernel
from app.engine.conditional.state import condition_markets, conditional
from app.engine.folding import TIME_BOUND
from app.engine.gate_marks import moves_money_alone, new_loss
from app.engine.gate_reports import forget_findings
from app.engine.links import Link, call_link, linked
from app.engine.memory import view, words
from app.engine.price_index import level_at
from app.engine.records import MARKET, MARKET_BYTES, EventKind, Reason, RecordFlag
from app.engine.risk_state import working
from app.engine.state import engine, instruments, positions
from app.engine.strategy import (
    Handler,
    call_now,
    follows,
    has_handler,
    has_requests,
    strategies,
)
from app.engine.venue.auctions import awaits_auction
from app.engine.venue.bars import fills_from_bars
from app.engine.venue.levels import venue_book
from app.engine.venue.quiet import hear
from app.engine.venue.state import pending, venue, venue_instruments, venue_levels
from app.engine.venue.trading import follow_shown, passes_ahead

_NEVER: Final = 2**62
_FAR: Final = 2**62
"""A price beyond all prices (`book_events` takes none so large)."""
_MORE: Final = -1
_MOVES_MARK: Final = int(Change.TOUCH | Change.TRADE)
_LAST: Final = int(RecordFlag.LAST)


@inlined
def _is_quiet(arena: int, links: int) -> bool:
    """Whether nothing is asked for, lined up or lost, and nobody else wants records."""
    if has_requests(arena) or linked(links, Link.MARKET_OUT):
        return False
    return conditional(arena)["first_step"] == 0 and new_loss(arena) == Reason.NONE


@inlined
def _next_arrival(arena: int) -> int:
    """Venue time after which a request has arrived, or an order's time has run out."""
    first, due = integer(venue(arena)[0]["arrivals"]), integer(_NEVER)
    if first:
        due = integer(pending(arena)[first]["time"])
    ends = integer(conditional(arena)["next_expiry"])
    return min(due, ends) if ends else due


@inlined
def _next_delivery(arena: int) -> int:
    """Time at which the next report is delivered."""
    first = integer(venue(arena)[0]["deliveries"])
    return integer(pending(arena)[first]["time"]) if first else integer(_NEVER)


@inlined
def _is_plain(arena: int, instrument: int) -> bool:
    """Whether an instrument's book is whole, and none of ours waits for its prices."""
    if instrument < 0 or instrument >= engine(arena)[0]["instruments"]:
        return False
    book = integer(instruments(arena)[instrument]["book"])
    if book == 0 or book != venue_book(arena, instrument):
        return False
    row = books(arena)[book]
    if row["stale"] != Stale.FRESH or row["in_snapshot"]:
        return False
    if fills_from_bars(arena, instrument) or not moves_money_alone(arena, instrument):
        return False
    waits = condition_markets(arena)[instrument]["waiting"] != 0
    return not waits and not awaits_auction(arena, instrument)


@inlined
def _may_pass(arena: int, record: Any, arrives: int, delivers: int) -> bool:
    """Whether a record changes a book, with nothing due before it."""
    kind, ts = integer(record["kind"]), integer(record["ts_received"])
    if kind < EventKind.QUOTE or kind > EventKind.ORDER_EXECUTE:
        return False
    session = engine(arena)[0]
    if abs(ts) >= TIME_BOUND or ts >= session["schedule_due"] or is_due(arena, ts):
        return False
    if min(integer(record["ts_venue"]), ts) > arrives:
        return False
    return max(integer(session["now"]), ts) < delivers


@inlined
def _is_sound(record: Any) -> bool:
    """Whether a record, if it is a TRADE, can be true."""
    if record["kind"] != EventKind.TRADE:
        return True
    price, size = record["price"], record["size"]
    return size > 0 and is_sound_trade(price, size, integer(record["aggressor"]))


@inlined
def _touch(arena: int, sides: Any) -> tuple[int, int]:
    """Best prices of a BOOK; of an empty side one that no price can reach."""
    bid, ask = integer(-_FAR), integer(_FAR)
    if sides[0]["best"]:
        bid = levels(arena)[sides[0]["best"]]["price"]
    if sides[1]["best"]:
        ask = levels(arena)[sides[1]["best"]]["price"]
    return bid, ask


@inlined
def _ours(arena: int, sides: Any) -> tuple[int, int]:
    """Best prices of our orders, and of depth that we took, as `_touch`."""
    bid, ask = integer(-_FAR), integer(_FAR)
    if sides[0]["best"]:
        bid = venue_levels(arena)[sides[0]["best"]]["price"]
    if sides[1]["best"]:
        ask = venue_levels(arena)[sides[1]["best"]]["price"]
    return bid, ask


@inlined
def _level_meets(arena: int, sides: Any, ours: tuple[int, int], record: Any) -> int:
    """`_meets` of a LEVEL, where the touch has reached none of our prices."""
    price, side = record["price"], integer(record["side"])
    own, other = (ours[0], ours[1]) if side > 0 else (ours[1], ours[0])
    if side * (price - other) >= 0:
        against = sides[1] if side > 0 else sides[0]
        if record["size"] > 0 or level_at(arena, against, price):
            return integer(_MORE)
    half = sides[0] if side > 0 else sides[1]
    if own == price:
        return integer(half["best"])
    if half["levels"] > 1 and side * (own - price) > 0:
        return level_at(arena, half, price)
    return integer(0)


@inlined
def _meets(
    arena: int, sides: Any, ours: tuple[int, int], touch: tuple[int, int], record: Any
) -> int:
    """Level of ours whose queue a record moves; 0 = none, `_MORE` = it may do more."""
    if ours[0] == -_FAR and ours[1] == _FAR:
        return integer(0)
    if ours[0] >= touch[1] or ours[1] <= touch[0]:
        return integer(_MORE)
    if record["kind"] == EventKind.LEVEL:
        return _level_meets(arena, sides, ours, record)
    if record["kind"] != EventKind.TRADE:
        return integer(_MORE)
    price, aggressor = record["price"], integer(record["aggressor"])
    if price <= ours[0] and aggressor <= 0:
        alone = price == ours[0] and aggressor < 0
        return integer(sides[0]["best"]) if alone else integer(_MORE)
    if price >= ours[1] and aggressor >= 0:
        alone = price == ours[1] and aggressor > 0
        return integer(sides[1]["best"]) if alone else integer(_MORE)
    return integer(0)


@inlined
def _move(arena: int, links: int, book: int, row: Any, record: Any, at: int) -> int:
    """Move a book that can be trusted; `Change` bits, negative if nothing was done."""
    price, size = record["price"], record["size"]
    if record["kind"] == EventKind.LEVEL:
        side, count = integer(record["side"]), integer(record["count"])
        changed = set_level(arena, book, side, price, size, count)
        if changed < 0:
            return changed
    elif record["kind"] == EventKind.TRADE:
        aggressor = integer(record["aggressor"])
        changed = print_trade(arena, book, record, price, size, aggressor)
    else:
        return call_link(arena, links, Link.BOOK_MARKET, at)
    note_record(row, record)
    row["sequence"] += changed != 0
    return changed


@inlined
def _stands(position: Any, touch: tuple[int, int]) -> bool:
    """Whether an instrument has the mark of a touch already."""
    whole = touch[0] != -_FAR and touch[1] != _FAR
    return whole and position["mark_doubled"] == touch[0] + touch[1]


@kernel
def _mark(arena: int, instrument: int, position: Any, touch: tuple[int, int]) -> bool:
    """Mark an instrument by its book; whether that breaks a loss limit."""
    if touch[0] != -_FAR and touch[1] != _FAR:
        doubled = touch[0] + touch[1]
    else:
        settlement = integer(working(arena)[instrument]["settlement"])
        doubled = mark_of(arena, instrument, settlement)
    return mark_at(arena, instrument, position, doubled)


@inlined
def _callers(arena: int, instrument: int, handler: int) -> Any:
    """Strategies that have a handler, and follow the instrument: a bit each."""
    found = np.uint64(0)
    for strategy in range(1, section_words(arena, Section.STRATEGIES)[USED]):
        record = strategies(arena)[strategy]
        if has_handler(record, handler) and follows(record, instrument):
            found |= np.uint64(1) << np.uint64(strategy)
    return found


@inlined
def _tell(arena: int, links: int, callers: Any, handler: int, event: int) -> None:
    """Call a handler of each of these strategies that runs."""
    while callers != np.uint64(0):
        strategy = integer(lowest_bit(callers))
        callers &= callers - np.uint64(1)
        call_now(arena, links, strategy, handler, event)


@kernel
def pass_ticks(  # noqa: C901, PLR0912, PLR0915  (one loop, whose rows stay at hand)
    arena: int, links: int, address: int, index: int
) -> tuple[int, int]:
    """Fold the records of books of a block from `index` on, while all is quiet.

    Returns
    -------
    (int, int)
        The first record that is not folded, and what is left to do about it (`Left`).
    """
    block = words(address, RUN_WORDS)
    if not has_room(block) or not _is_quiet(arena, links):
        return index, integer(Left.ALL)
    # Handlers ask, and set timers; what is due at the venue only others change.
    arrives, delivers = _next_arrival(arena), _next_delivery(arena)
    session, has_bars = engine(arena)[0], section_words(arena, Section.BARS)[USED] > 0
    records, count = block[Run.RECORDS], block[Run.COUNT]
    instrument, book, is_marked = integer(-1), integer(0), False
    row, state = books(arena)[0], venue_instruments(arena)[0]
    position = positions(arena)[0]
    touch, ours = (integer(0), integer(0)), (integer(0), integer(0))
    on_book, on_trade, on_quote = np.uint64(0), np.uint64(0), np.uint64(0)
    while index < count:
        at = records + index * MARKET_BYTES
        record = view(at, 1, MARKET)[0]
        if not _may_pass(arena, record, arrives, delivers) or not _is_sound(record):
            break
        if record["instrument"] != instrument:
            instrument = integer(record["instrument"])
            if not _is_plain(arena, instrument):
                break
            book, is_marked = integer(instruments(arena)[instrument]["book"]), False
            row, state = books(arena)[book], venue_instruments(arena)[instrument]
            position = positions(arena)[account_row(arena, instrument)]
            touch, ours = _touch(arena, row["sides"]), _ours(arena, state["sides"])
            on_book = _callers(arena, instrument, integer(Handler.ON_BOOK))
            on_trade = _callers(arena, instrument, integer(Handler.ON_TRADE))
            on_quote = _callers(arena, instrument, integer(Handler.ON_QUOTE))
        level = _meets(arena, state["sides"], ours, touch, record)
        if level == _MORE:
            break
        now, ts = integer(session["now"]), integer(record["ts_received"])
        if ts > now and (
            load_acquire(address + 8 * Run.STOP) or not keeps_worth(arena, block, now)
        ):
            break
        kind = integer(record["kind"])
        trades = level and kind == EventKind.TRADE
        if trades and not passes_ahead(arena, level, record):
            break
        changed = _move(arena, links, book, row, record, at)
        if changed < 0:
            break
        session["event"] += 1
        session["market_records"] += 1
        session["now"] = max(now, ts)
        hear(arena, record)
        if changed & _MOVES_MARK:
            touch = _touch(arena, row["sides"])
        if has_bars and changed & Change.TRADE:
            note_trade(arena, record, changed)
        if level and changed and kind == EventKind.LEVEL:
            size, time = record["size"], record["ts_venue"]
            follow_shown(arena, instrument, level, size, time)
            ours = _ours(arena, state["sides"])
        if touch[0] > touch[1] and record["flags"] & _LAST:
            judge_crossed(arena, book, record["ts_received"])
        if row["stale"] != Stale.FRESH:
            return index, integer(Left.MOVED)
        if not is_marked:
            forget_findings(arena)
        moves = not is_marked or changed & _MOVES_MARK != 0
        moves = moves and not _stands(position, touch)
        is_marked = True
        if moves and _mark(arena, instrument, position, touch):
            return index, integer(Left.LOSS)
        if kind == EventKind.TRADE or kind == EventKind.ORDER_EXECUTE:
            _tell(arena, links, on_trade, integer(Handler.ON_TRADE), at)
        elif kind == EventKind.QUOTE:
            _tell(arena, links, on_quote, integer(Handler.ON_QUOTE), at)
        if record["flags"] & _LAST:
            _tell(arena, links, on_book, integer(Handler.ON_BOOK), at)
        if has_requests(arena):
            return index, integer(Left.DONE)
        index += 1
    return index, integer(Left.ALL)
