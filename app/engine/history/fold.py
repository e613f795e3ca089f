"""Folding the market's records into history: one pass, in the order of the log.

What a record does is read in three steps: what it meets is noted in HEAD, before; the
view thread's own book takes it; and what followed is written to tape, flow and figures.
"""

from typing import Any, Final

from app.engine.bits import integer
from app.engine.book_events import apply_bar, apply_record
from app.engine.book_levels import best, best_price, displayed
from app.engine.book_stale import feed_status
from app.engine.book_state import (
    Change,
    book_orders,
    books,
    find_order,
    levels,
)
from app.engine.compile import entry, inlined, kernel, rare
from app.engine.history.flow import (
    expect_decrease,
    is_whole,
    note_level,
    note_order,
    note_quote,
)
from app.engine.history.state import heads, tracks
from app.engine.history.tape import (
    begin_trade_date,
    is_sample_due,
    note_bar,
    note_session,
    note_split,
    note_trade,
    sample_all,
)
from app.engine.history.turns import begin_folding, end_folding
from app.engine.memory import record_address, view, words
from app.engine.rare import out_of_line
from app.engine.records import (
    BAR,
    BUY,
    MARKET,
    NO_PRICE,
    QUOTE,
    SELL,
    EventKind,
    RecordFlag,
    TradeCondition,
)
from app.engine.venue.aggressor import inferred_aggressor

_TURN: Final = 256
"""Records in one turn: some 15 µs."""
RECORDS, COUNT, DONE = range(3)
"""Words of a job: address of the records, how many, how many are folded."""
JOB_WORDS: Final = 4
_UNSEEN: Final = int(TradeCondition.HIDDEN | TradeCondition.LATE)
"""Trades that no displayed level's decrease reports."""


# Before the book has the record.


@kernel
def _note_touch(arena: int, head: Any, book: int) -> None:
    head["bid"] = best_price(arena, book, integer(BUY))
    head["ask"] = best_price(arena, book, integer(SELL))


@kernel
def _note_sizes(arena: int, head: Any, book: int) -> None:
    bid, ask = best(arena, book, integer(BUY)), best(arena, book, integer(SELL))
    head["bid_size"] = levels(arena)[bid]["size"] if bid else 0
    head["ask_size"] = levels(arena)[ask]["size"] if ask else 0


@kernel
def _foresee_order(arena: int, head: Any, book: int, record: Any) -> None:
    """Note the order that a record is about."""
    order = find_order(arena, book, record["reference"])
    head["side"], head["size"] = 0, 0
    if order == 0:
        return
    level = levels(arena)[book_orders(arena)[order]["level"]]
    head["price"], head["side"] = level["price"], level["side"]
    head["size"] = book_orders(arena)[order]["size"]


@kernel
def _foresee_execution(arena: int, head: Any, book: int, record: Any) -> None:
    """Note the trade that an ORDER_EXECUTE is, where its order is known."""
    _foresee_order(arena, head, book, record)
    _note_touch(arena, head, book)
    head["aggressor"], head["inferred"] = -head["side"], 0
    head["size"] = min(record["size"], head["size"])
    if record["price"] != NO_PRICE:
        head["price"] = record["price"]


@kernel
def _foresee_trade(arena: int, head: Any, book: int, record: Any) -> None:
    """Note a TRADE, with an aggressor if one can be inferred (SEMANTICS 31)."""
    _note_touch(arena, head, book)
    price, aggressor = record["price"], integer(record["aggressor"])
    head["price"], head["size"] = price, record["size"]
    head["inferred"] = record["flags"] & RecordFlag.INFERRED
    if aggressor == 0:
        aggressor = inferred_aggressor(arena, book, price)
        head["inferred"] = 1 if aggressor else 0
    head["aggressor"] = aggressor


@inlined
def _foresee(arena: int, book: int, record: Any) -> None:
    """Note what a record meets."""
    head, kind = heads(arena)[0], record["kind"]
    if kind == EventKind.LEVEL:
        side = integer(record["side"])
        head["size"] = displayed(arena, book, side, record["price"])
    elif kind == EventKind.ORDER_EXECUTE:
        _foresee_execution(arena, head, book, record)
    elif kind in (EventKind.ORDER_MODIFY, EventKind.ORDER_CANCEL):
        _foresee_order(arena, head, book, record)
    elif kind == EventKind.TRADE:
        _foresee_trade(arena, head, book, record)
    elif kind == EventKind.QUOTE:
        _note_touch(arena, head, book)
        _note_sizes(arena, head, book)


# After the book has it.


@rare
def _follow_status(
    arena: int, track: Any, record: Any, session: int, changed: int
) -> None:
    """Follow what is neither level, order nor trade."""
    out_of_line()
    kind = record["kind"]
    if kind in (EventKind.GAP, EventKind.FEED_STATUS):
        if kind == EventKind.GAP or changed:
            track["after_gap"] = 1
    elif kind == EventKind.SESSION:
        state = books(arena)[track["book"]]["session"]
        note_session(track, session, state, record["ts_received"])
    elif kind == EventKind.SPLIT and changed & Change.CLEARED:
        note_split(arena, track, record["ts_received"])


@inlined
def _follow(
    arena: int, track: Any, record: Any, changed: int, before: int, was_whole: bool
) -> None:
    """Write what a record did; `before` is the session's state as it was."""
    kind = record["kind"]
    if kind == EventKind.LEVEL:
        if was_whole and changed & (Change.BID | Change.ASK):
            note_level(arena, track, record)
    elif kind in (EventKind.TRADE, EventKind.ORDER_EXECUTE):
        if changed & Change.TRADE:
            note_trade(arena, track, record)
            is_seen = integer(record["conditions"]) & _UNSEEN == 0
            if kind == EventKind.TRADE and is_seen and was_whole:
                expect_decrease(arena, track, record)
    elif EventKind.ORDER_ADD <= kind <= EventKind.ORDER_CANCEL:
        if was_whole and changed & (Change.BID | Change.ASK):
            note_order(arena, track, record)
    elif kind == EventKind.QUOTE:
        if was_whole and changed & (Change.BID | Change.ASK):
            quote = view(record_address(record), 1, QUOTE)[0]
            note_quote(arena, track, quote)
    else:
        _follow_status(arena, track, record, before, changed)


# One record.


@rare
def _fold_for_all(arena: int, record: Any) -> None:
    """Fold a record without an instrument."""
    out_of_line()
    if record["kind"] != EventKind.FEED_STATUS:
        return
    feed_status(arena, record)
    for number in range(heads(arena)[0]["instruments"]):
        track = tracks(arena)[number]
        if books(arena)[track["book"]]["stale"]:
            track["after_gap"] = 1


@rare
def _fold_bar(arena: int, track: Any, record: Any) -> None:
    out_of_line()
    bar = view(record_address(record), 1, BAR)[0]
    if apply_bar(arena, track["book"], bar):
        note_bar(arena, track, bar)


@inlined
def _fold(arena: int, record: Any) -> None:
    head, ts = heads(arena)[0], record["ts_received"]
    if is_sample_due(head, ts):
        sample_all(arena, ts)
    instrument = integer(record["instrument"])
    if instrument < 0 or instrument >= head["instruments"]:
        _fold_for_all(arena, record)
        return
    track = tracks(arena)[instrument]
    if ts >= track["next_session"]:
        begin_trade_date(track, ts)
    if record["kind"] == EventKind.BAR:
        _fold_bar(arena, track, record)
        return
    book = track["book"]
    before = books(arena)[book]["session"]
    was_whole = is_whole(arena, book, integer(record["flags"]))
    _foresee(arena, book, record)
    changed = apply_record(arena, book, record)
    _follow(arena, track, record, changed, before, was_whole)


@kernel
def _fold_turn(arena: int, records: Any, first: int, last: int) -> int:
    """Fold records up to `last`, or to the next cut; where it stopped."""
    head = heads(arena)[0]
    for i in range(first, last):
        if records[i]["ts_received"] >= head["next_cut"]:
            return i
        _fold(arena, records[i])
    return last


@kernel
def _take_resets(arena: int) -> None:
    """Let resets of the flow that readers asked for hold from here on."""
    for number in range(heads(arena)[0]["instruments"]):
        track = tracks(arena)[number]
        track["flow"] = track["flow_asked"]


@entry
def history_fold(arena: int, unused: int, address: int) -> int:
    """Fold a batch, or what is left of it up to the next cut; how many are done.

    `address` is that of a job, see `RECORDS`.
    """
    job = words(address, JOB_WORDS)
    records = view(job[RECORDS], job[COUNT], MARKET)
    head = heads(arena)[0]
    place = record_address(head)
    done = job[DONE]
    while done < job[COUNT]:
        last = min(done + _TURN, job[COUNT])
        begin_folding(place)
        _take_resets(arena)
        reached = _fold_turn(arena, records, done, last)
        head["records"] += reached - done
        end_folding(place)
        done = reached
        if reached < last:
            break
    job[DONE] = done
    return done
