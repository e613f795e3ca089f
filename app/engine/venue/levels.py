"""The prices that concern us: where orders of ours rest, and where we took depth.

Depth taken (SEMANTICS 35): the feed goes on showing what we took, since it never
traded. `taken` remembers it per level: available = displayed - taken; a decrease of the
level lowers `taken` first, an increase is new size, an empty level clears it. All our
orders share it. Compare nautilus_trader's `liquidity_consumption`.
"""

from app.engine.arena import Section, give, take
from app.engine.book_levels import displayed, link_level, unlink_level
from app.engine.book_state import Stale, books, side_index
from app.engine.compile import kernel
from app.engine.price_index import level_at
from app.engine.state import instruments
from app.engine.venue.state import (
    Stage,
    venue_instruments,
    venue_levels,
    venue_orders,
)


@kernel
def venue_book(arena: int, instrument: int) -> int:
    """Book that the venue moves; 0 if the instrument has none."""
    record = instruments(arena)[instrument]
    return 0 + (record["venue_book"] or record["book"])


@kernel
def our_best(arena: int, instrument: int, side: int) -> int:
    """Our level nearest the touch on a side; 0 if none is."""
    return venue_instruments(arena)[instrument]["sides"][side_index(side)]["best"]


@kernel
def our_level(arena: int, instrument: int, side: int, price: int) -> int:
    """Our level at a price; 0 if none is."""
    half = venue_instruments(arena)[instrument]["sides"][side_index(side)]
    return level_at(arena, half, price)


@kernel
def need_level(arena: int, instrument: int, side: int, price: int) -> int:
    """Our level at a price, made if there is none; 0 if there is no room."""
    level = our_level(arena, instrument, side, price)
    if level:
        return level
    level = take(arena, Section.VENUE_LEVELS)
    if level == 0:
        return 0
    every = venue_levels(arena)
    row = every[level]
    row["price"], row["side"], row["first"], row["last"] = price, side, 0, 0
    row["taken"], row["traded"], row["traded_ts"] = 0, 0, 0
    row["cancelled"], row["cancelled_ts"], row["before"] = 0, 0, 0
    row["shown"] = displayed(arena, venue_book(arena, instrument), side, price)
    half = venue_instruments(arena)[instrument]["sides"][side_index(side)]
    if link_level(arena, half, every, level):
        return level
    give(arena, Section.VENUE_LEVELS, level)
    return 0


@kernel
def forget_if_idle(arena: int, instrument: int, level: int) -> None:
    """Drop a level where nothing of ours rests and nothing is taken."""
    row = venue_levels(arena)[level]
    if row["first"] or row["taken"]:
        return
    half = venue_instruments(arena)[instrument]["sides"][side_index(row["side"])]
    unlink_level(arena, half, venue_levels(arena), level)
    give(arena, Section.VENUE_LEVELS, level)


@kernel
def taken_at(arena: int, instrument: int, side: int, price: int) -> int:
    """What we took of the size displayed at a price, quantity units."""
    level = our_level(arena, instrument, side, price)
    return venue_levels(arena)[level]["taken"] if level else 0


@kernel
def take_depth(
    arena: int, instrument: int, side: int, price: int, quantity: int
) -> bool:
    """Remember that we took displayed size; False if there is no room to remember."""
    level = need_level(arena, instrument, side, price)
    if level == 0:
        return False
    venue_levels(arena)[level]["taken"] += quantity
    return True


@kernel
def first_resting(arena: int, instrument: int, side: int) -> int:
    """Our order that is first in price and time on a side; 0 if none rests."""
    every = venue_levels(arena)
    level = our_best(arena, instrument, side)
    while level and every[level]["first"] == 0:
        level = every[level]["worse"]
    return every[level]["first"] if level else 0


@kernel
def append(arena: int, level: int, index: int) -> None:
    """Let an order rest at a level, behind ours that are there."""
    every = venue_orders(arena)
    order, row = every[index], venue_levels(arena)[level]
    order["level"], order["next"], order["previous"] = level, 0, row["last"]
    if row["last"]:
        every[row["last"]]["next"] = index
    else:
        row["first"] = index
    row["last"] = index
    order["stage"] = Stage.RESTING


@kernel
def join_queue(arena: int, index: int) -> bool:
    """Put an order at the back of its price: all that is displayed is ahead of it."""
    order = venue_orders(arena)[index]
    instrument = order["instrument"]
    level = need_level(arena, instrument, order["side"], order["price"])
    if level == 0:
        return False
    append(arena, level, index)
    order["traded_ahead"], order["cancelled_ahead"] = 0.0, 0.0
    order["traded_at_price"] = 0
    to_the_back(arena, index)
    stale = books(arena)[venue_book(arena, instrument)]["stale"]
    if stale not in (Stale.FRESH, Stale.CROSSED, Stale.SILENT):
        # What is displayed now is no queue: it joins for good after the snapshot.
        venue_instruments(arena)[instrument]["lost"] = 1
    return True


@kernel
def to_the_back(arena: int, index: int) -> None:
    """Let all that is displayed at its price now be ahead of a resting order."""
    order = venue_orders(arena)[index]
    book = venue_book(arena, order["instrument"])
    size = displayed(arena, book, order["side"], order["price"])
    order["ahead"], order["ahead_before"] = size, -1.0
    order["ahead_at_arrival"] = size
    order["priority"] = books(arena)[book]["sequence"]


@kernel
def _unlink(arena: int, index: int) -> None:
    """Take an order out of its level, which stays."""
    every = venue_orders(arena)
    order = every[index]
    row = venue_levels(arena)[order["level"]]
    before, after = order["previous"], order["next"]
    if before:
        every[before]["next"] = after
    else:
        row["first"] = after
    if after:
        every[after]["previous"] = before
    else:
        row["last"] = before
    order["level"] = 0


@kernel
def refill(arena: int, index: int) -> None:
    """Let an iceberg's next peak join the back of its queue (SEMANTICS 16)."""
    level = venue_orders(arena)[index]["level"]
    _unlink(arena, index)
    append(arena, level, index)
    order = venue_orders(arena)[index]
    order["traded_ahead"], order["cancelled_ahead"] = 0.0, 0.0
    order["traded_at_price"] = 0
    to_the_back(arena, index)


@kernel
def leave_queue(arena: int, index: int) -> None:
    """Take an order out of the queue of its price."""
    order = venue_orders(arena)[index]
    level = order["level"]
    if level == 0:
        return
    _unlink(arena, index)
    forget_if_idle(arena, order["instrument"], level)
