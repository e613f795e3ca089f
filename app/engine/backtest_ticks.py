"""Records of books in a backtest that nothing of ours meets: a loop of their own.

Most records of a book leave our orders alone: no request or report is due by then, the
record's price is none of ours, and no quote reaches one. Such a record is a change of
the book, perhaps a mark, and the handlers that strategies have. Here the steps of
`folding.fold` and of the venue's way stand one behind another, with the rows of an
instrument found once. The loop leaves the same bytes, and returns as soon as more could
follow: a strategy has asked for something, the record may meet an order, a report, a
session or a timer is due, the book went stale, a loss limit is broken.
"""

from typing import Any, Final

from app.engine.accounts import account_row, mark_of
from app.engine.arena import USED, Section, section_words
from app.engine.atomics import load_acquire
from app.engine.backtest_bars import Left, keeps_worth, mark_at
from app.engine.backtest_block import RUN_WORDS, Run, has_room
from app.engine.bars import is_due, note_trade
from app.engine.bits import integer
from app.engine.book_events import is_sound_trade, note_record, set_level
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
    StrategyState,
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

_NEVER: Final = 2**62
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
def _wanted(arena: int) -> int:
    """Bits of the handlers that a running strategy has."""
    wanted = integer(0)
    for strategy in range(1, section_words(arena, Section.STRATEGIES)[USED]):
        record = strategies(arena)[strategy]
        if record["state"] == StrategyState.RUNNING:
            wanted |= record["handlers"]
    return wanted


@inlined
def _handler(kind: int) -> int:
    """Handler of a record beside ON_BOOK; ON_BOOK for none."""
    if kind == EventKind.TRADE or kind == EventKind.ORDER_EXECUTE:
        return Handler.ON_TRADE
    return Handler.ON_QUOTE if kind == EventKind.QUOTE else Handler.ON_BOOK


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
def _may_meet(arena: int, half: Any, other: Any, side: int, record: Any) -> bool:
    """Whether a LEVEL or TRADE may concern our orders, or depth taken, of one side.

    Parameters
    ----------
    half : SIDE
        Our levels of the side; they are not empty.
    other : SIDE
        The book's opposite side.
    """
    limit, price = venue_levels(arena)[half["best"]]["price"], record["price"]
    touch = other["best"]
    if touch and side * (limit - levels(arena)[touch]["price"]) >= 0:
        return True
    if side * (limit - price) < 0:
        return False
    if record["kind"] == EventKind.TRADE:
        return record["aggressor"] != side
    if record["side"] != side and record["size"] > 0:
        return True
    if half["levels"] == 1:
        return limit == price
    return level_at(arena, half, price) != 0


@inlined
def _concerns_us(arena: int, state: Any, row: Any, record: Any) -> bool:
    """Whether a record may concern an order of ours, or depth that we took."""
    bids, asks = state["sides"][0], state["sides"][1]
    if bids["best"] | asks["best"] == 0:
        return False
    if record["kind"] != EventKind.LEVEL and record["kind"] != EventKind.TRADE:
        return True
    sides = row["sides"]
    if bids["best"] and _may_meet(arena, bids, sides[1], integer(1), record):
        return True
    return asks["best"] != 0 and _may_meet(arena, asks, sides[0], integer(-1), record)


@inlined
def _move(arena: int, links: int, book: int, row: Any, record: Any, at: int) -> int:
    """Move a book that can be trusted; `Change` bits, negative if nothing was done."""
    if record["kind"] != EventKind.LEVEL:
        return call_link(arena, links, Link.BOOK_MARKET, at)
    price, size = record["price"], record["size"]
    side, count = integer(record["side"]), integer(record["count"])
    changed = set_level(arena, book, side, price, size, count)
    if changed < 0:
        return changed
    note_record(row, record)
    row["sequence"] += changed != 0
    if record["flags"] & _LAST:
        changed |= judge_crossed(arena, book, record["ts_received"])
    return changed


@kernel
def _mark(arena: int, instrument: int, position: Any) -> bool:
    """Mark an instrument by its book; whether that breaks a loss limit."""
    settlement = integer(working(arena)[instrument]["settlement"])
    doubled = mark_of(arena, instrument, settlement)
    return mark_at(arena, instrument, position, doubled)


@kernel
def _tell(arena: int, links: int, handler: int, instrument: int, event: int) -> None:
    """Call a handler of every strategy that follows the instrument."""
    for strategy in range(1, section_words(arena, Section.STRATEGIES)[USED]):
        record = strategies(arena)[strategy]
        if has_handler(record, handler) and follows(record, instrument):
            call_now(arena, links, strategy, handler, event)


@inlined
def _hand_on(arena: int, links: int, wanted: int, record: Any, at: int) -> None:
    """Call the handlers of a record that any strategy has, as `folding.hand_on`."""
    instrument, handler = integer(record["instrument"]), _handler(record["kind"])
    if handler != Handler.ON_BOOK and wanted >> handler & 1:
        _tell(arena, links, integer(handler), instrument, at)
    if record["flags"] & _LAST and wanted >> Handler.ON_BOOK & 1:
        _tell(arena, links, integer(Handler.ON_BOOK), instrument, at)


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
    wanted, session = _wanted(arena), engine(arena)[0]
    records, count = block[Run.RECORDS], block[Run.COUNT]
    instrument, book, is_marked = integer(-1), integer(0), False
    row, state = books(arena)[0], venue_instruments(arena)[0]
    position = positions(arena)[0]
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
        if _concerns_us(arena, state, row, record):
            break
        now, ts = integer(session["now"]), integer(record["ts_received"])
        if ts > now and (
            load_acquire(address + 8 * Run.STOP) or not keeps_worth(arena, block, now)
        ):
            break
        changed = _move(arena, links, book, row, record, at)
        if changed < 0:
            break
        session["event"] += 1
        session["market_records"] += 1
        session["now"] = max(now, ts)
        hear(arena, record)
        if changed & Change.TRADE:
            note_trade(arena, record, changed)
        if row["stale"] != Stale.FRESH:
            return index, integer(Left.MOVED)
        if not is_marked:
            forget_findings(arena)
        if not is_marked or changed & _MOVES_MARK:
            is_marked = True
            if _mark(arena, instrument, position):
                return index, integer(Left.LOSS)
        _hand_on(arena, links, wanted, record, at)
        if has_requests(arena):
            return index, integer(Left.DONE)
        index += 1
    return index, integer(Left.ALL)
