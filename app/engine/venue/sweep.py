"""Orders against what is displayed: what an arriving order takes, what a quote fills.

Only displayed size that we did not take already counts (SEMANTICS 18, 35). An order
that would meet another of ours stops there: the rest of the newest is cancelled (41).
"""

import math

from app.engine.bits import integer
from app.engine.book_levels import best, worse
from app.engine.book_state import Stale, books, levels
from app.engine.compile import kernel
from app.engine.conditional.times import is_continuous
from app.engine.records import NO_PRICE, RecordFlag
from app.engine.state import instruments
from app.engine.venue.fees import MAKER, TAKER
from app.engine.venue.impact import note_impact
from app.engine.venue.levels import (
    first_resting,
    our_best,
    take_depth,
    taken_at,
    venue_book,
)
from app.engine.venue.reduce_only import allowed
from app.engine.venue.reports import fill
from app.engine.venue.state import (
    venue,
    venue_instruments,
    venue_levels,
    venue_orders,
)


@kernel
def is_matched(arena: int, instrument: int) -> bool:
    """Whether the venue matches now: a fresh book, continuous trading (26, 40)."""
    book = venue_book(arena, instrument)
    if book == 0:
        return False
    record = books(arena)[book]
    fresh = record["stale"] in (Stale.FRESH, Stale.SILENT)
    return fresh and is_continuous(integer(instruments(arena)[instrument]["session"]))


@kernel
def _is_within(side: int, price: int, limit: int) -> bool:
    """Whether an order with this limit takes this price; NO_PRICE takes any."""
    return limit == NO_PRICE or side * (limit - price) >= 0


@kernel
def meets_own(arena: int, instrument: int, side: int, limit: int) -> bool:
    """Whether an order would trade with one of ours that rests."""
    resting = first_resting(arena, instrument, -side)
    if resting == 0:
        return False
    return _is_within(side, venue_orders(arena)[resting]["price"], limit)


@kernel
def _room(arena: int, instrument: int, side: int, level: int) -> int:
    """Size at an opposite level that an order of `side` can take, quantity units.

    -1 if an order of ours stands before it; at our own price only what is ahead of
    ours can be taken.
    """
    row = levels(arena)[level]
    price = row["price"]
    available = row["size"] - taken_at(arena, instrument, -side, price)
    resting = first_resting(arena, instrument, -side)
    if resting == 0:
        return max(available, 0)
    own = venue_orders(arena)[resting]
    distance = side * (own["price"] - price)
    if distance < 0:
        return -1
    if distance == 0:
        available = min(available, math.floor(own["ahead"]))
    return max(available, 0)


@kernel
def fillable(arena: int, index: int, most: int) -> int:
    """Quantity that an arriving order could take now, at most `most` (FOK)."""
    order = venue_orders(arena)[index]
    instrument, side = order["instrument"], order["side"]
    level = best(arena, venue_book(arena, instrument), -side)
    total = 0
    while level and total < most:
        price = levels(arena)[level]["price"]
        room = _room(arena, instrument, side, level)
        if room < 0 or not _is_within(side, price, order["price"]):
            break
        total += room
        resting = first_resting(arena, instrument, -side)
        if resting and venue_orders(arena)[resting]["price"] == price:
            break
        level = worse(arena, level)
    return min(total, most)


@kernel
def sweep(arena: int, links: int, index: int) -> int:
    """Let an arriving order take what is displayed within its limit.

    Returns
    -------
    int
        Last opposite level looked at; 0 if there was none.
    """
    order = venue_orders(arena)[index]
    instrument, side = order["instrument"], order["side"]
    level, last = best(arena, venue_book(arena, instrument), -side), 0
    while level and order["leaves"]:
        price = levels(arena)[level]["price"]
        room = _room(arena, instrument, side, level)
        if room < 0 or not _is_within(side, price, order["price"]):
            return last
        quantity = allowed(arena, index, min(room, order["leaves"]))
        if quantity and take_depth(arena, instrument, -side, price, quantity):
            fill(arena, links, index, price, quantity, integer(TAKER))
        last = level
        resting = first_resting(arena, instrument, -side)
        if resting and venue_orders(arena)[resting]["price"] == price:
            return last
        level = worse(arena, level)
    return last


@kernel
def fill_beyond_depth(arena: int, links: int, index: int, level: int) -> None:
    """Fill the rest of a market order, or triggered stop, beyond what is shown (36).

    Only where the feed's depth is cut off and its last level was reached: there the
    rest fills at that level, and pays for its impact; its share is kept and the report
    carries BEYOND_DEPTH.
    """
    order = venue_orders(arena)[index]
    instrument = order["instrument"]
    if instruments(arena)[instrument]["full_depth"] or level == 0:
        return
    if worse(arena, level) or order["leaves"] == 0:
        return
    if meets_own(arena, instrument, order["side"], order["price"]):
        return
    quantity = allowed(arena, index, order["leaves"])
    if quantity == 0:
        return
    order["beyond_depth"] += quantity
    venue_instruments(arena)[instrument]["beyond_depth"] += quantity
    venue(arena)[0]["flags"] = RecordFlag.BEYOND_DEPTH
    price = levels(arena)[level]["price"]
    note_impact(arena, index, price, quantity)
    fill(arena, links, index, price, quantity, integer(TAKER))
    venue(arena)[0]["flags"] = 0


@kernel
def _fill_from_quote(arena: int, links: int, index: int) -> None:
    """Fill a resting order at its price from opposite quotes at or through it."""
    order = venue_orders(arena)[index]
    instrument, side, limit = order["instrument"], order["side"], order["price"]
    level = best(arena, venue_book(arena, instrument), -side)
    while level and order["leaves"]:
        price = levels(arena)[level]["price"]
        if not _is_within(side, price, limit):
            return
        size = levels(arena)[level]["size"]
        room = max(size - taken_at(arena, instrument, -side, price), 0)
        quantity = allowed(arena, index, min(room, order["leaves"]))
        if quantity and take_depth(arena, instrument, -side, price, quantity):
            fill(arena, links, index, limit, quantity, integer(MAKER))
        level = worse(arena, level)


@kernel
def meet_quotes(arena: int, links: int, instrument: int) -> None:
    """Fill resting orders that the opposite quote has reached (32), best first."""
    if not is_matched(arena, instrument):
        return
    book = venue_book(arena, instrument)
    for side in (1, -1):
        level = our_best(arena, instrument, side)
        while level:
            row = venue_levels(arena)[level]
            touch = best(arena, book, -side)
            if touch == 0:
                break
            if not _is_within(side, levels(arena)[touch]["price"], row["price"]):
                break
            following, index = row["worse"], row["first"]
            while index:
                behind = venue_orders(arena)[index]["next"]
                _fill_from_quote(arena, links, index)
                index = behind
            level = following
