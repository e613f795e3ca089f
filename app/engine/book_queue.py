"""The orders of a book kept by order: their queues, first come first served.

Each kernel returns the level it changed, or what was wrong with the record, `BAD` or
`FULL`, which are negative: bad data never crash and never make a size negative.
"""

from typing import Final

from app.engine.arena import Section, give, take
from app.engine.book_levels import drop_level, find_level, new_level
from app.engine.book_state import (
    book_orders,
    books,
    find_order,
    forget_order,
    levels,
    register_order,
)
from app.engine.compile import kernel

BAD: Final = -1
"""A kernel's result: the record cannot be true."""
FULL: Final = -2
"""A kernel's result: a pool has no room."""


@kernel
def _join(arena: int, book: int, order: int, level: int) -> None:
    """Put an order at the back of a level's queue."""
    every = book_orders(arena)
    record, row = every[order], levels(arena)[level]
    last = row["last"]
    record["level"], record["next"], record["previous"] = level, 0, last
    record["priority"] = books(arena)[book]["sequence"]
    if last:
        every[last]["next"] = order
    else:
        row["first"] = order
    row["last"] = order
    row["size"] += record["size"]
    row["count"] += 1


@kernel
def _leave(arena: int, book: int, order: int) -> None:
    """Take an order out of its queue; a level left empty goes."""
    every = book_orders(arena)
    record = every[order]
    level = record["level"]
    row = levels(arena)[level]
    before, after = record["previous"], record["next"]
    if before:
        every[before]["next"] = after
    else:
        row["first"] = after
    if after:
        every[after]["previous"] = before
    else:
        row["last"] = before
    row["count"] = max(0, row["count"] - 1)
    _shrink(arena, book, level, record["size"])


@kernel
def _shrink(arena: int, book: int, level: int, size: int) -> None:
    """Lower a level; one that is empty goes.

    A LEVEL record may have set a size below the sum of the orders (a correction of a
    book whose outer levels are seen in part): the level then goes with its orders.
    """
    row = levels(arena)[level]
    row["size"] -= size
    if row["size"] <= 0:
        drop_level(arena, book, level)


@kernel
def _level_for(arena: int, book: int, side: int, price: int) -> int:
    level = find_level(arena, book, side, price)
    return level or new_level(arena, book, side, price)


@kernel
def add_order(
    arena: int, book: int, reference: int, side: int, price: int, size: int
) -> int:
    """Put a new order at the back of its queue; a known reference is `BAD`."""
    if find_order(arena, book, reference):
        return BAD
    order = take(arena, Section.BOOK_ORDERS)
    if order == 0:
        return FULL
    level = _level_for(arena, book, side, price)
    if level == 0:
        give(arena, Section.BOOK_ORDERS, order)
        return FULL
    book_orders(arena)[order]["size"] = size
    register_order(arena, order, book, reference)
    _join(arena, book, order, level)
    return level


@kernel
def reduce_order(arena: int, book: int, order: int, size: int) -> None:
    """Take `size` off an order; all of it when nothing is left then."""
    record = book_orders(arena)[order]
    if size < record["size"]:
        record["size"] -= size
        _shrink(arena, book, record["level"], size)
        return
    _leave(arena, book, order)
    forget_order(arena, order)
    give(arena, Section.BOOK_ORDERS, order)


@kernel
def modify_order(arena: int, book: int, order: int, price: int, size: int) -> int:
    """Give an order a new price and size.

    A smaller size keeps the place; a larger size or another price goes to the back
    (SEMANTICS 16).
    """
    record = book_orders(arena)[order]
    level = record["level"]
    row = levels(arena)[level]
    if size == 0:
        reduce_order(arena, book, order, record["size"])
        return level
    if price == row["price"] and size <= record["size"]:
        reduction = record["size"] - size
        record["size"] = size
        _shrink(arena, book, level, reduction)
        return level
    side = row["side"]
    # The new level first: if there is no room the order stays where it is.
    target = _level_for(arena, book, side, price)
    if target == 0:
        return FULL
    if target == level and row["count"] == 1:
        # Alone in its queue: leaving would drop the level it comes back to.
        row["size"] += size - record["size"]
        record["size"] = size
        record["priority"] = books(arena)[book]["sequence"]
        return level
    _leave(arena, book, order)
    record["size"] = size
    _join(arena, book, order, target)
    return target
