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
from app.engine.compile import inlined, kernel, rare
from app.engine.history.flow import (
    expect_decrease,
    is_whole,
    note_level,
    note_order,
    note_quote,
)
from app.engine.history.heat_fold import columns_lack_room, take_columns
from app.engine.history.state import Need, heads, tracks
from app.engine.history.tape import (
    begin_trade_date,
    is_sample_due,
    note_bar,
    note_session,
    note_split,
    note_trade,
    sample_all,
    samples_lack_room,
)
from app.engine.memory import record_address, view
from app.engine.rare import out_of_line
from app.engine.records import (
    BAR,
    BUY,
    NO_PRICE,
    QUOTE,
    SELL,
    EventKind,
    RecordFlag,
    TradeCondition,
)
from app.engine.venue.aggressor import inferred_aggressor

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
def _lacking(arena: int, head: Any, record: Any) -> int:
    """What a record needs more disk for before it can be folded, as a `Need`."""
    ts, kind = record["ts_received"], record["kind"]
    if is_sample_due(head, ts) and samples_lack_room(arena):
        return integer(Need.SAMPLES)
    instrument = integer(record["instrument"])
    if instrument < 0 or instrument >= head["instruments"]:
        return integer(Need.NOTHING)
    track = tracks(arena)[instrument]
    if kind in (EventKind.TRADE, EventKind.ORDER_EXECUTE):
        if track["trade_count"] >= track["trade_room"]:
            return integer(Need.TRADES)
    elif kind == EventKind.BAR and track["bar_count"] >= track["bar_room"]:
        return integer(Need.BARS)
    return integer(Need.NOTHING)


@kernel
def pass_time(arena: int, head: Any, ts: int) -> int:
    """Let time come to an instant, also where no record tells of it; a `Need`.

    A feed that is lost sends nothing: its gap begins when it begins, not when it ends.
    """
    if ts >= head["next_cut"]:
        if head["full"] == 0 and columns_lack_room(arena):
            return integer(Need.COLUMNS)
        take_columns(arena, ts)
    head["now"] = ts
    return integer(Need.NOTHING)


@kernel
def fold_next(arena: int, head: Any, record: Any) -> int:
    """Fold one record, unless there is no room for what it leaves: then a `Need`."""
    need = _lacking(arena, head, record)
    if need != Need.NOTHING and head["full"] == 0:
        return need
    need = pass_time(arena, head, record["ts_received"])
    if need != Need.NOTHING:
        return need
    _fold(arena, record)
    head["records"] += 1
    return integer(Need.NOTHING)


@kernel
def take_resets(arena: int) -> None:
    """Let resets of the flow that readers asked for hold from here on."""
    for number in range(heads(arena)[0]["instruments"]):
        track = tracks(arena)[number]
        track["flow"] = track["flow_asked"]
