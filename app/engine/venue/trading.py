"""Trades and book changes of the market, and what they do to our resting orders.

A trade *through* our price fills us there, a trade *at* it fills what is ahead of us
first, then us (SEMANTICS 30). Its size is shared by all our orders, best price, then
time: an order gets what is left of it beyond the size ahead and beyond what went to
ours before it. The size ahead goes down by the whole trade, for those others are gone.
"""

import math
from typing import Any, Final

from app.engine.bits import integer
from app.engine.book_events import NOT_LAST, is_sound_trade
from app.engine.book_levels import displayed, level_from
from app.engine.book_state import book_orders, find_order, levels
from app.engine.compile import kernel
from app.engine.records import (
    EventKind,
    OrderOption,
    RecordFlag,
    TradeCondition,
)
from app.engine.state import instruments
from app.engine.venue.aggressor import inferred_aggressor
from app.engine.venue.fees import MAKER
from app.engine.venue.levels import (
    forget_if_idle,
    our_best,
    our_level,
    to_the_back,
    venue_book,
)
from app.engine.venue.queue import QueueModel, level_changed, reclaim, settle
from app.engine.venue.reduce_only import allowed
from app.engine.venue.reports import displayed_part, fill
from app.engine.venue.state import models, venue, venue_levels, venue_orders
from app.engine.venue.sweep import is_matched

_UNKNOWN: Final = -1
"""Priority of an order that the feed does not show."""
_AUCTION: Final = int(TradeCondition.AUCTION | TradeCondition.CROSS)
_HIDDEN: Final = int(TradeCondition.HIDDEN)
_EXTENDED: Final = int(TradeCondition.EXTENDED_HOURS)


@kernel
def is_auction(conditions: int) -> bool:
    """Whether a print is an auction's: its price, for all that it matched."""
    return conditions & _AUCTION != 0


@kernel
def counts(arena: int, instrument: int, conditions: int, options: int) -> bool:
    """Whether a print acts on an order with these options (SEMANTICS 37, 24)."""
    return not is_auction(conditions) and tells_last(
        arena, instrument, conditions, options
    )


@kernel
def tells_last(arena: int, instrument: int, conditions: int, options: int) -> bool:
    """Whether a print's price is a last price to an order: stops go by it (21)."""
    excluded = conditions & NOT_LAST
    if excluded == 0 or not instruments(arena)[instrument]["consolidated"]:
        return True
    return excluded == _EXTENDED and options & OrderOption.OUTSIDE_HOURS != 0


@kernel
def _is_whole(arena: int, instrument: int, options: int) -> bool:
    """Whether a trade through fills the whole order (the choice of rule 30)."""
    chosen = models(arena)[instrument]["whole_order"] != 0
    return chosen or options & OrderOption.WHOLE_ORDER_FILL != 0


@kernel
def _advance(order: Any, size: int, hidden: bool, priority: int) -> int:
    """Let a trade at an order's price take off what is ahead of it.

    Parameters
    ----------
    size : int
        Of the trade, quantity units.
    hidden : bool
        It met a hidden order: the displayed queue did not move.
    priority : int
        Of the order that was executed, where the feed shows it; -1 = unknown.

    Returns
    -------
    int
        What of the trade reaches us, rounded down.
    """
    ahead = order["ahead"]
    if hidden:
        return size if ahead == 0.0 else 0
    order["traded_at_price"] += size
    if priority >= order["priority"]:
        # One behind us was executed: its aggressor would have met us first.
        return max(math.floor(size - ahead), 0)
    order["ahead"] = max(ahead - size, 0.0)
    order["traded_ahead"] += min(ahead, size)
    if priority >= 0:
        return 0
    return max(math.floor(size - ahead), 0)


@kernel
def trade(
    arena: int, links: int, record: Any, side: int, price: int, priority: int
) -> None:
    """Let a trade act on our orders of one side of the book (buyers meet asks).

    Parameters
    ----------
    record : MARKET
        The TRADE or ORDER_EXECUTE.
    priority : int
        Of the executed order in the exact queue model; -1 = unknown.
    """
    instrument = integer(record["instrument"])
    size, conditions = record["size"], integer(record["conditions"])
    hidden = conditions & _HIDDEN != 0
    given = 0
    level = our_best(arena, instrument, side)
    while level and side * (venue_levels(arena)[level]["price"] - price) >= 0:
        row = venue_levels(arena)[level]
        through = row["price"] != price
        index, following = row["first"], row["worse"]
        while index:
            order = venue_orders(arena)[index]
            behind = order["next"]
            if counts(arena, instrument, conditions, order["options"]):
                if through:
                    order["ahead"], order["ahead_before"] = 0.0, -1.0
                    reached = size
                else:
                    reached = _advance(order, size, hidden, priority)
                quantity = min(max(reached - given, 0), order["leaves"])
                if through and _is_whole(arena, instrument, order["options"]):
                    quantity = order["leaves"]
                elif not through:
                    quantity = min(quantity, displayed_part(arena, order))
                quantity = allowed(arena, index, quantity)
                if quantity:
                    given += quantity
                    peaks = order["peaks"]
                    fill(arena, links, index, row["price"], quantity, integer(MAKER))
                    if order["peaks"] != peaks and not through:
                        # The next peak is the last of the queue; it is met again.
                        order["ahead"] += venue(arena)[0]["reclaimed"]
                        behind = behind or index
            index = behind
        level = following


@kernel
def trade_printed(arena: int, links: int, record: Any) -> None:
    """Let a TRADE act on our orders, before the book has it."""
    instrument = integer(record["instrument"])
    if not is_matched(arena, instrument) or record["size"] <= 0:
        return
    price, aggressor = record["price"], integer(record["aggressor"])
    if not is_sound_trade(price, record["size"], aggressor):
        return
    state = venue(arena)[0]
    if aggressor == 0:
        aggressor = inferred_aggressor(arena, venue_book(arena, instrument), price)
        state["flags"] = RecordFlag.INFERRED
    conditions = integer(record["conditions"])
    if aggressor and counts(arena, instrument, conditions, OrderOption.OUTSIDE_HOURS):
        hidden = conditions & _HIDDEN
        _trade_at(arena, links, record, -aggressor, hidden != 0)
    state["flags"] = 0


@kernel
def _trade_at(arena: int, links: int, record: Any, side: int, hidden: bool) -> None:
    """Act a trade out and remember it until its decrease comes (SEMANTICS 33)."""
    instrument, price = integer(record["instrument"]), record["price"]
    size, ts = record["size"], record["ts_venue"]
    level = our_level(arena, instrument, side, price)
    if level == 0 or hidden:
        trade(arena, links, record, side, price, integer(_UNKNOWN))
        return
    part = reclaim(arena, instrument, level, size, ts)
    venue(arena)[0]["reclaimed"] = part
    # A level may go with its last order; `taken` of a phantom unit keeps it until then.
    venue_levels(arena)[level]["taken"] += 1
    trade(arena, links, record, side, price, integer(_UNKNOWN))
    venue_levels(arena)[level]["taken"] -= 1
    venue(arena)[0]["reclaimed"] = 0
    _remember(arena, level, record, part)
    forget_if_idle(arena, instrument, level)


@kernel
def _remember(arena: int, level: int, record: Any, part: int) -> None:
    """Remember a trade at a level of ours, but for the part whose decrease was seen."""
    row = venue_levels(arena)[level]
    row["traded"] += record["size"] - part
    row["traded_ts"] = record["ts_venue"]
    settle(arena, integer(record["instrument"]), level, part)


@kernel
def passes_ahead(arena: int, level: int, record: Any) -> bool:
    """Let a TRADE take what is ahead of our orders at its price, where that is all.

    Parameters
    ----------
    level : int
        Ours at its price and side; none of ours is better.

    Returns
    -------
    bool
        False, and nothing is done, if it may reach an order of ours, or is no plain
        print.
    """
    instrument, size = integer(record["instrument"]), record["size"]
    if record["conditions"] or not is_matched(arena, instrument):
        return False
    every, first = venue_orders(arena), venue_levels(arena)[level]["first"]
    index = first
    while index:
        if every[index]["ahead"] < size:
            return False
        index = every[index]["next"]
    part = reclaim(arena, instrument, level, size, record["ts_venue"])
    index = first
    while index:
        _advance(every[index], size, False, integer(_UNKNOWN))
        index = every[index]["next"]
    _remember(arena, level, record, part)
    return True


@kernel
def before_order_event(arena: int, links: int, record: Any) -> int:
    """Act on an order-by-order record before the book has it.

    Returns
    -------
    int
        Price at which the order rested; the record's where it is not known.
    """
    instrument = integer(record["instrument"])
    book = venue_book(arena, instrument)
    order = find_order(arena, book, record["reference"])
    if order == 0:
        return record["price"]
    resting = book_orders(arena)[order]
    row = levels(arena)[resting["level"]]
    side, price = row["side"], row["price"]
    exact = models(arena)[instrument]["queue"] == QueueModel.EXACT
    if record["kind"] == EventKind.ORDER_EXECUTE:
        if is_matched(arena, instrument) and record["size"] > 0:
            if exact:
                trade(arena, links, record, side, price, resting["priority"])
            else:
                _executed(arena, links, record, side, price)
    elif exact:
        _withdrawn(arena, instrument, order, record)
    return price


@kernel
def _executed(arena: int, links: int, record: Any, side: int, price: int) -> None:
    """Act out an execution as a trade whose decrease comes with the same record."""
    instrument = integer(record["instrument"])
    trade(arena, links, record, side, price, integer(_UNKNOWN))
    level = our_level(arena, instrument, side, price)
    if level:
        row = venue_levels(arena)[level]
        row["traded"] += record["size"]
        row["traded_ts"] = record["ts_venue"]


@kernel
def _withdrawn(arena: int, instrument: int, order: int, record: Any) -> None:
    """Take what an order ahead of ours withdraws off our exact queue."""
    resting = book_orders(arena)[order]
    row = levels(arena)[resting["level"]]
    size, moved = resting["size"], False
    if record["kind"] == EventKind.ORDER_MODIFY:
        moved = record["price"] != row["price"] or record["size"] > size
        left = 0 if moved else record["size"]
    else:
        left = max(size - record["size"], 0) if record["size"] else 0
    level = our_level(arena, instrument, row["side"], row["price"])
    if level == 0:
        return
    ours = venue_levels(arena)[level]
    withdrawn = size - left
    # After a TRADE the orders it met are taken off the book by cancels.
    explained = min(withdrawn, ours["traded"])
    index = ours["first"]
    while index:
        mine = venue_orders(arena)[index]
        if resting["priority"] < mine["priority"]:
            ahead = max(mine["ahead"] - (withdrawn - explained), 0.0)
            mine["cancelled_ahead"] += mine["ahead"] - ahead
            mine["ahead"] = ahead
        index = mine["next"]


@kernel
def _is_known(arena: int, instrument: int, book: int, side: int, price: int) -> bool:
    """Whether the feed would show a level here: it shows this far, or all."""
    if instruments(arena)[instrument]["full_depth"]:
        return True
    return level_from(arena, book, side, price) != 0


@kernel
def follow_level(arena: int, instrument: int, side: int, price: int, ts: int) -> None:
    """Let our orders and what we took follow the size now displayed at a price."""
    level = our_level(arena, instrument, side, price)
    if level == 0:
        return
    size = displayed(arena, venue_book(arena, instrument), side, price)
    follow_shown(arena, instrument, level, size, ts)


@kernel
def follow_shown(arena: int, instrument: int, level: int, size: int, ts: int) -> None:
    """Let our orders and what we took at a level of ours follow the size now shown."""
    row = venue_levels(arena)[level]
    if size == 0:
        book = venue_book(arena, instrument)
        if not _is_known(arena, instrument, book, row["side"], row["price"]):
            return
    level_changed(arena, instrument, level, size, ts)
    forget_if_idle(arena, instrument, level)


@kernel
def follow_book(arena: int, instrument: int, ts: int, rejoin: bool) -> None:
    """Follow every level of ours; after a gap our orders rejoin at the back (40)."""
    for side in (1, -1):
        level = our_best(arena, instrument, side)
        while level:
            row = venue_levels(arena)[level]
            following, index = row["worse"], row["first"]
            if rejoin:
                size = displayed(
                    arena, venue_book(arena, instrument), side, row["price"]
                )
                row["shown"], row["traded"], row["cancelled"] = size, 0, 0
                row["taken"] = min(row["taken"], size)
            while index and rejoin:
                to_the_back(arena, index)
                index = venue_orders(arena)[index]["next"]
            follow_level(arena, instrument, side, row["price"], ts)
            level = following
