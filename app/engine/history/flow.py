"""What happens at a price: volume by aggressor, and size that comes and goes.

Size added to a level counts as stacked, size withdrawn as pulled; what trades take
counts as neither. A feed by order says which is which. A feed by level tells a trade
and the decrease of its level apart, in either order (SEMANTICS 33), as in
`venue.queue`: a trade waits at its price for the decrease that reports it, until a
later change of the level, which has it in any case; a trade after its decrease takes
that back.

Nothing counts while a book is not whole: snapshots build it, they do not stack.
"""

from typing import Any

from app.engine.bits import integer
from app.engine.book_levels import displayed
from app.engine.book_state import Stale, books, side_index
from app.engine.compile import inlined, kernel
from app.engine.history.state import find_price, heads, price_rows
from app.engine.records import BUY, NO_PRICE, SELL, EventKind, RecordFlag


@kernel
def is_whole(arena: int, book: int, flags: int) -> bool:
    """Whether changes of a book are the market's own."""
    row = books(arena)[book]
    if row["in_snapshot"] or flags & RecordFlag.SNAPSHOT:
        return False
    return row["stale"] in (Stale.FRESH, Stale.CROSSED, Stale.SILENT)


@kernel
def _add(arena: int, track: Any, side: int, price: int, change: int) -> None:
    """Count size stacked (> 0) or pulled (< 0)."""
    if change == 0:
        return
    index = find_price(arena, track, price)
    if index:
        price_rows(arena)[index]["sides"][side_index(side)]["change"] += change


@kernel
def _change_level(
    arena: int, track: Any, side: int, price: int, change: int, ts: int
) -> None:
    """Count a change of a level's displayed size, less what trades explain."""
    if change == 0:
        return
    index = find_price(arena, track, price)
    if index == 0:
        return
    half = price_rows(arena)[index]["sides"][side_index(side)]
    traded = half["traded"]
    if half["traded_ts"] == ts:
        # More decreases of this instant may follow.
        explained = min(max(-change, 0), traded)
        half["traded"] = traded - explained
    else:
        # Trades of an earlier instant are all in this change: an increase hides them.
        explained = traded
        half["traded"] = 0
    half["change"] += change + explained
    if half["decreased_ts"] != ts:
        half["decreased"], half["decreased_ts"] = 0, ts
    if change + explained < 0:
        half["decreased"] -= change + explained


@kernel
def note_level(arena: int, track: Any, record: Any) -> None:
    """Count a LEVEL that the book has taken; HEAD has the size before."""
    side, ts = integer(record["side"]), record["ts_venue"]
    change = record["size"] - heads(arena)[0]["size"]
    _change_level(arena, track, side, record["price"], change, ts)


@kernel
def note_order(arena: int, track: Any, record: Any) -> None:
    """Count an ORDER_ADD, _MODIFY or _CANCEL; HEAD has the order as it was."""
    head, kind = heads(arena)[0], record["kind"]
    side, size = head["side"], record["size"]
    if kind == EventKind.ORDER_ADD:
        _add(arena, track, integer(record["side"]), record["price"], size)
    elif kind == EventKind.ORDER_CANCEL:
        taken = min(size, head["size"]) if size else head["size"]
        _add(arena, track, side, head["price"], -taken)
    elif kind == EventKind.ORDER_MODIFY:
        _add(arena, track, side, head["price"], -head["size"])
        _add(arena, track, side, record["price"], size)


@kernel
def note_quote(arena: int, track: Any, quote: Any) -> None:
    """Count a QUOTE; HEAD has the touch before.

    Of a touch that improves, the new level is stacked; of one that goes, the old level
    was pulled or traded. What was or will be behind it nobody sees.
    """
    head, ts = heads(arena)[0], quote["ts_venue"]
    for side in (BUY, SELL):
        before = head["bid"] if side > 0 else head["ask"]
        old = head["bid_size"] if side > 0 else head["ask_size"]
        now = quote["bid_price"] if side > 0 else quote["ask_price"]
        size = quote["bid_size"] if side > 0 else quote["ask_size"]
        if size == 0:
            now = NO_PRICE
        if before == now:
            if now != NO_PRICE:
                _change_level(arena, track, side, now, size - old, ts)
        elif before == NO_PRICE or (now != NO_PRICE and side * (now - before) > 0):
            _change_level(arena, track, side, now, size, ts)
        else:
            _change_level(arena, track, side, before, -old, ts)


@inlined
def note_volume(arena: int, track: Any, price: int, size: int, aggressor: int) -> None:
    """Count a trade at its price."""
    index = find_price(arena, track, price)
    if index == 0:
        return
    row = price_rows(arena)[index]
    row["volume"] += size
    if aggressor > 0:
        row["bought"] += size
        row["buys"] += size
    elif aggressor < 0:
        row["sold"] += size
        row["sells"] += size
    else:
        row["buys"] += size - size // 2
        row["sells"] += size // 2


@kernel
def expect_decrease(arena: int, track: Any, record: Any) -> None:
    """Let a TRADE of a book kept by level meet the decrease that reports it.

    HEAD has the trade with its aggressor; the book has not yet changed by it, or has
    already.
    """
    head, ts = heads(arena)[0], record["ts_venue"]
    side = -head["aggressor"]
    if side == 0:
        return
    index = find_price(arena, track, head["price"])
    if index == 0:
        return
    half = price_rows(arena)[index]["sides"][side_index(side)]
    size = head["size"]
    if half["decreased_ts"] == ts:
        part = min(half["decreased"], size)
        half["decreased"] -= part
        half["change"] += part
        size -= part
    if half["traded_ts"] != ts:
        half["traded"], half["traded_ts"] = 0, ts
    shown = displayed(arena, track["book"], side, head["price"])
    half["traded"] = min(half["traded"] + size, shown)
