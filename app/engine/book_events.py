"""How one MARKET record changes a book.

`apply_record` is the only way in. It never breaks the book: what cannot be true is
counted in `bad_records`, leaves the levels as they are and marks the book BAD_DATA.
"""

from typing import Any, Final

from app.engine.bits import integer
from app.engine.book_levels import (
    best,
    clear_side,
    drop_level,
    find_level,
    new_level,
)
from app.engine.book_queue import BAD, FULL, add_order, modify_order, reduce_order
from app.engine.book_stale import apply_status, judge_crossed, lose, set_stale
from app.engine.book_state import Change, Stale, book_orders, books, find_order, levels
from app.engine.compile import inlined, kernel
from app.engine.memory import record_address, view
from app.engine.money import is_split
from app.engine.records import (
    BUY,
    NO_PRICE,
    QUOTE,
    SELL,
    EventKind,
    RecordFlag,
    SessionState,
    TradeCondition,
)

_BOUND: Final = 1 << 62
MAX_SIZE: Final = 1 << 53
"""Larger sizes are damaged data; so no sum over a book leaves int64."""
_LAST: Final = int(RecordFlag.LAST)
NOT_LAST: Final = int(
    TradeCondition.AVERAGE_PRICE
    | TradeCondition.LATE
    | TradeCondition.EXTENDED_HOURS
    | TradeCondition.ODD_LOT
)
"""Conditions that on consolidated feeds do not set the last price (SEMANTICS 37)."""
_SESSION_STATES: Final = 1 + max(SessionState)


@kernel
def sets_last(consolidated: int, conditions: int) -> bool:
    """Whether a trade counts: on one venue's own feed every trade does."""
    return consolidated == 0 or conditions & NOT_LAST == 0


@kernel
def _fault(arena: int, book: int, fault: int, now: int) -> int:
    """Count what could not be applied."""
    books(arena)[book]["bad_records"] += 1
    if fault == FULL:
        return lose(arena, book, Stale.POOL_FULL, now)
    return lose(arena, book, Stale.BAD_DATA, now)


@kernel
def _side_change(side: int, level: int, touch: int) -> int:
    """Bits for a change at `level`, which was or is the touch when they are equal."""
    changed = integer(Change.BID) if side > 0 else integer(Change.ASK)
    return changed | Change.TOUCH if level == touch else changed


@kernel
def _is_price(price: int) -> bool:
    return -_BOUND < price < _BOUND


@kernel
def _is_size(size: int) -> bool:
    return 0 <= size <= MAX_SIZE


@kernel
def _is_side(side: int) -> bool:
    return side in (BUY, SELL)


@kernel
def is_sound_trade(price: int, size: int, aggressor: int) -> bool:
    """Tell whether a trade can be true: its price, size and side exist."""
    return _is_size(size) and _is_price(price) and SELL <= aggressor <= BUY


@inlined
def set_level(
    arena: int, book: int, side: int, price: int, size: int, count: int
) -> int:
    """Give a price its displayed size, 0 = gone; `Change` bits, or `BAD`, `FULL`."""
    if not (_is_size(size) and _is_price(price) and _is_side(side)):
        return BAD
    touch = best(arena, book, side)
    level = find_level(arena, book, side, price)
    if size == 0:
        if level == 0:
            return 0
        drop_level(arena, book, level)
        return _side_change(side, level, touch)
    if level == 0:
        level = new_level(arena, book, side, price)
        if level == 0:
            return FULL
        touch = best(arena, book, side)
    row = levels(arena)[level]
    row["size"], row["count"] = size, count
    return _side_change(side, level, touch)


@kernel
def _set_quote_side(arena: int, book: int, side: int, price: int, size: int) -> int:
    """Make one level the whole side."""
    if price == NO_PRICE or size == 0:
        if best(arena, book, side) == 0:
            return 0
        clear_side(arena, book, side)
        return _side_change(side, 0, 0)
    if not (_is_size(size) and _is_price(price)):
        return BAD
    only = best(arena, book, side)
    if only and (levels(arena)[only]["price"] != price or levels(arena)[only]["worse"]):
        clear_side(arena, book, side)
    return set_level(arena, book, side, price, size, 0)


@kernel
def _quote(arena: int, book: int, record: Any) -> int:
    """Apply a QUOTE: a whole book of one level per side."""
    quote = view(record_address(record), 1, QUOTE)[0]
    changed = 0
    for side in (BUY, SELL):
        price = quote["bid_price"] if side > 0 else quote["ask_price"]
        size = quote["bid_size"] if side > 0 else quote["ask_size"]
        outcome = _set_quote_side(arena, book, side, price, size)
        if outcome < 0:
            return outcome
        changed |= outcome
    return changed | _whole(arena, book, record["ts_received"])


@kernel
def _whole(arena: int, book: int, now: int) -> int:
    """Make the book fresh, whatever was lost before."""
    if books(arena)[book]["stale"] == Stale.CROSSED:
        return 0
    return set_stale(arena, book, Stale.FRESH, now)


@inlined
def _order_event(arena: int, book: int, record: Any) -> int:
    """Apply ORDER_ADD, MODIFY, CANCEL, EXECUTE; `Change` bits or `BAD`, `FULL`."""
    kind = record["kind"]
    price, size = record["price"], record["size"]
    reference, side = record["reference"], integer(record["side"])
    if not _is_size(size):
        return BAD
    if kind == EventKind.ORDER_ADD:
        if size == 0 or not (_is_price(price) and _is_side(side)):
            return BAD
        level = add_order(arena, book, reference, side, price, size)
        if level < 0:
            return level
        return _side_change(side, level, best(arena, book, side))
    order = find_order(arena, book, reference)
    if order == 0:
        return BAD
    level = book_orders(arena)[order]["level"]
    side = levels(arena)[level]["side"]
    touch = best(arena, book, side)
    changed = _side_change(side, level, touch)
    if kind == EventKind.ORDER_MODIFY:
        if not _is_price(price):
            return BAD
        target = modify_order(arena, book, order, price, size)
        if target < 0:
            return target
        after = best(arena, book, side)
        return changed | _side_change(side, target, after)
    return changed | _withdraw(arena, book, order, record)


@inlined
def _withdraw(arena: int, book: int, order: int, record: Any) -> int:
    """Apply an ORDER_CANCEL or ORDER_EXECUTE to a known order."""
    left = book_orders(arena)[order]["size"]
    size = record["size"]
    changed = 0
    if record["kind"] == EventKind.ORDER_EXECUTE:
        level = levels(arena)[book_orders(arena)[order]["level"]]
        price, side = record["price"], level["side"]
        if price == NO_PRICE:
            price = level["price"]
        changed = print_trade(arena, book, record, price, min(size, left), -side)
        if changed < 0:
            return changed
    elif size == 0:
        size = left
    reduce_order(arena, book, order, size)
    if size > left:
        changed |= _fault(arena, book, BAD, record["ts_received"])
    return changed


@kernel
def print_trade(
    arena: int, book: int, record: Any, price: int, size: int, aggressor: int
) -> int:
    """Remember a trade: last, high, low, volume and the tick rule's memory."""
    if not is_sound_trade(price, size, aggressor):
        return BAD
    if size == 0:
        return 0
    row = books(arena)[book]
    row["volume"] += size
    row["trades"] += 1
    if not sets_last(row["consolidated"], integer(record["conditions"])):
        return integer(Change.TRADE)
    last = row["last_price"]
    if last == NO_PRICE:
        row["high"], row["low"] = price, price
    else:
        if price != last:
            row["tick_direction"] = 1 if price > last else -1
        if row["high"] == NO_PRICE or price > row["high"]:
            row["high"] = price
        if row["low"] == NO_PRICE or price < row["low"]:
            row["low"] = price
    row["last_price"], row["last_size"] = price, size
    row["last_aggressor"], row["last_ts"] = aggressor, record["ts_venue"]
    return integer(Change.TRADE)


@inlined
def is_bar(bar: Any) -> bool:
    """Whether a bar can be true: high and low hold open and close, nothing is wild."""
    high, low, close = bar["high_offset"], bar["low_offset"], bar["close_offset"]
    holds = low <= min(0, close) and high >= max(0, close)
    return holds and _is_price(bar["open"]) and _is_size(bar["volume"])


@kernel
def apply_bar(arena: int, book: int, bar: Any) -> bool:
    """Let a BAR be the newest that is known, where a feed has nothing finer.

    Its close is the last price; what was lost before matters no more. A bar that cannot
    be true makes the book stale until the next, and is False.
    """
    row, now = books(arena)[book], bar["ts_received"]
    if not is_bar(bar):
        _fault(arena, book, BAD, now)
        return False
    take_bar(row, bar)
    set_stale(arena, book, integer(Stale.FRESH), now)
    return True


@inlined
def take_bar(row: Any, bar: Any) -> None:
    """Let a bar that can be true be the newest that a BOOK knows."""
    opened = bar["open"]
    high, low = opened + bar["high_offset"], opened + bar["low_offset"]
    if row["high"] == NO_PRICE or high > row["high"]:
        row["high"] = high
    if row["low"] == NO_PRICE or low < row["low"]:
        row["low"] = low
    row["last_price"] = opened + bar["close_offset"]
    row["last_size"], row["last_aggressor"] = 0, 0
    row["last_ts"] = bar["ts_venue"]
    row["volume"] += bar["volume"]
    row["trades"] += bar["trades"]
    row["sequence"] += 1


@kernel
def clear_book(arena: int, book: int) -> int:
    """Empty both sides."""
    for side in (BUY, SELL):
        clear_side(arena, book, side)
    return integer(Change.CLEARED | Change.BID | Change.ASK | Change.TOUCH)


@kernel
def _session(arena: int, book: int, state: int) -> int:
    """Change the session; a new one begins high, low and volume anew."""
    row = books(arena)[book]
    if row["session"] == state:
        return 0
    if not 0 <= state < _SESSION_STATES:
        return BAD
    if state == SessionState.PRE_OPEN or row["session"] == SessionState.CLOSED:
        row["high"], row["low"] = NO_PRICE, NO_PRICE
        row["volume"], row["trades"] = 0, 0
    row["session"] = state
    return integer(Change.SESSION)


@kernel
def _split(arena: int, book: int, record: Any) -> int:
    """Empty the book and bring the last price to the new share (SEMANTICS 46)."""
    row, new, old = books(arena)[book], record["size"], record["reference"]
    if not is_split(new, old):
        return BAD
    if row["last_price"] != NO_PRICE:
        row["last_price"] = (2 * row["last_price"] * old + new) // (2 * new)
    row["high"], row["low"] = NO_PRICE, NO_PRICE
    return clear_book(arena, book)


@kernel
def _status_event(arena: int, book: int, record: Any) -> int:
    """Apply what is neither level, order nor trade."""
    row, kind = books(arena)[book], record["kind"]
    now = record["ts_received"]
    if kind == EventKind.SNAPSHOT_BEGIN:
        row["in_snapshot"] = 1
        return clear_book(arena, book) | lose(arena, book, Stale.NO_SNAPSHOT, now)
    if kind == EventKind.SNAPSHOT_END:
        row["in_snapshot"] = 0
        return _whole(arena, book, now)
    if kind == EventKind.GAP:
        row["gaps"] += 1
        if row["stale"] == Stale.NO_SNAPSHOT:
            return 0
        return set_stale(arena, book, Stale.GAP, now)
    if kind == EventKind.SESSION:
        return _session(arena, book, integer(record["count"]))
    if kind == EventKind.FEED_STATUS:
        bound = record["reference"]
        return apply_status(arena, book, integer(record["count"]), bound, now)
    if kind == EventKind.SPLIT:
        return _split(arena, book, record)
    return 0


@inlined
def _event(arena: int, book: int, record: Any) -> int:
    """Dispatch on the kind; `Change` bits or `BAD`, `FULL`."""
    kind = record["kind"]
    if kind == EventKind.LEVEL:
        return set_level(
            arena,
            book,
            integer(record["side"]),
            record["price"],
            record["size"],
            integer(record["count"]),
        )
    if EventKind.ORDER_ADD <= kind <= EventKind.ORDER_EXECUTE:
        return _order_event(arena, book, record)
    if kind == EventKind.TRADE:
        price, size = record["price"], record["size"]
        aggressor = integer(record["aggressor"])
        return print_trade(arena, book, record, price, size, aggressor)
    if kind == EventKind.QUOTE:
        return _quote(arena, book, record)
    return _status_event(arena, book, record)


@inlined
def note_record(row: Any, record: Any) -> None:
    """Remember which record a BOOK has last heard."""
    row["ts_venue"], row["ts_received"] = record["ts_venue"], record["ts_received"]
    row["source_sequence"], row["source"] = record["sequence"], record["source"]


@inlined
def apply_record(arena: int, book: int, record: Any) -> int:
    """Fold one MARKET record into a book.

    Parameters
    ----------
    arena, book : int
    record : MARKET
        QUOTE lies over the same bytes; BAR, TIMER and others change nothing.

    Returns
    -------
    int
        `Change` bits.
    """
    row = books(arena)[book]
    now = record["ts_received"]
    changed = 0
    if row["stale"] == Stale.SILENT:
        changed = set_stale(arena, book, Stale.FRESH, now)
    note_record(row, record)
    outcome = _event(arena, book, record)
    if outcome < 0:
        changed |= _fault(arena, book, outcome, now)
    else:
        changed |= outcome
    row["sequence"] += changed != 0
    if record["flags"] & _LAST and row["in_snapshot"] == 0:
        changed |= judge_crossed(arena, book, now)
    return changed
