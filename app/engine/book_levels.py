"""The levels of a book: making, moving and reading them, in either shape.

The reading interface is the same for a book kept by level and one kept by order:
`best`, `worse`, `find_level`, `level_from`, `depth_into`. None of it allocates.
"""

from typing import Any

from app.engine.arena import Section, give, take
from app.engine.book_state import (
    book_orders,
    books,
    forget_order,
    levels,
    side_index,
)
from app.engine.compile import kernel
from app.engine.price_index import (
    insert_level,
    level_at,
    neighbour,
    remove_level,
)
from app.engine.records import NO_PRICE


@kernel
def best(arena: int, book: int, side: int) -> int:
    """Level at the touch of a side; 0 if the side is empty."""
    return books(arena)[book]["sides"][side_index(side)]["best"]


@kernel
def worse(arena: int, level: int) -> int:
    """Next level away from the touch; 0 if there is none."""
    return levels(arena)[level]["worse"]


@kernel
def find_level(arena: int, book: int, side: int, price: int) -> int:
    """Level at `price`; 0 if nothing rests there."""
    return level_at(arena, books(arena)[book]["sides"][side_index(side)], price)


@kernel
def level_from(arena: int, book: int, side: int, price: int) -> int:
    """Best level at `price` or worse, `NO_PRICE` = the touch; 0 if there is none."""
    if price == NO_PRICE:
        return best(arena, book, side)
    half = books(arena)[book]["sides"][side_index(side)]
    level = level_at(arena, half, price)
    return level or neighbour(arena, half, price, -side)


@kernel
def best_price(arena: int, book: int, side: int) -> int:
    """Price at the touch, price units; `NO_PRICE` if the side is empty."""
    level = best(arena, book, side)
    return levels(arena)[level]["price"] if level else NO_PRICE


@kernel
def displayed(arena: int, book: int, side: int, price: int) -> int:
    """Size shown at a price, quantity units; 0 if nothing rests there."""
    level = find_level(arena, book, side, price)
    return levels(arena)[level]["size"] if level else 0


@kernel
def depth_into(
    arena: int, book: int, side: int, from_price: int, max_levels: int, target: Any
) -> int:
    """Copy levels, best first, into rows of `views.VIEW_LEVEL`.

    Parameters
    ----------
    from_price : int
        Price units: levels better than this are left out; `NO_PRICE` = none are.
    max_levels : int
        At most the length of `target`.
    target : (n,) VIEW_LEVEL

    Returns
    -------
    int
        Rows written.
    """
    every = levels(arena)
    level = level_from(arena, book, side, from_price)
    count = 0
    while level and count < max_levels:
        row = every[level]
        target[count]["price"] = row["price"]
        target[count]["size"] = row["size"]
        target[count]["count"] = row["count"]
        level = row["worse"]
        count += 1
    return count


@kernel
def link_level(arena: int, half: Any, every: Any, level: int) -> bool:
    """Link a level, whose `price` and `side` are set, into a side that has none there.

    Parameters
    ----------
    half : SIDE
    every : array of levels of any record type with price, side, better and worse

    Returns
    -------
    bool
        False, and nothing changed, if there is no room.
    """
    record = every[level]
    price, side = record["price"], record["side"]
    above, below = 0, half["best"]
    if below and side * (every[below]["price"] - price) > 0:
        above = neighbour(arena, half, price, side)
        below = every[above]["worse"]
    if not insert_level(arena, half, price, level):
        return False
    record["better"], record["worse"] = above, below
    if above:
        every[above]["worse"] = level
    else:
        half["best"] = level
    if below:
        every[below]["better"] = level
    half["levels"] += 1
    return True


@kernel
def unlink_level(arena: int, half: Any, every: Any, level: int) -> None:
    """Undo `link_level`."""
    record = every[level]
    above, below = record["better"], record["worse"]
    if above:
        every[above]["worse"] = below
    else:
        half["best"] = below
    if below:
        every[below]["better"] = above
    half["levels"] -= 1
    remove_level(arena, half, record["price"])


@kernel
def new_level(arena: int, book: int, side: int, price: int) -> int:
    """Add an empty level where none is, linked in its place; 0 if a pool is full."""
    level = take(arena, Section.BOOK_LEVELS)
    if level == 0:
        return 0
    every = levels(arena)
    record = every[level]
    record["price"], record["size"], record["count"] = price, 0, 0
    record["side"], record["first"], record["last"] = side, 0, 0
    if link_level(arena, books(arena)[book]["sides"][side_index(side)], every, level):
        return level
    give(arena, Section.BOOK_LEVELS, level)
    return 0


@kernel
def drop_level(arena: int, book: int, level: int) -> None:
    """Take a level out, and whatever orders it still holds."""
    every = levels(arena)
    half = books(arena)[book]["sides"][side_index(every[level]["side"])]
    unlink_level(arena, half, every, level)
    drop_orders(arena, level)
    give(arena, Section.BOOK_LEVELS, level)


@kernel
def drop_orders(arena: int, level: int) -> None:
    """Forget the orders of a level; its size stays."""
    record = levels(arena)[level]
    order = record["first"]
    while order:
        following = book_orders(arena)[order]["next"]
        forget_order(arena, order)
        give(arena, Section.BOOK_ORDERS, order)
        order = following
    record["first"], record["last"] = 0, 0


@kernel
def clear_side(arena: int, book: int, side: int) -> None:
    """Empty one side."""
    level = best(arena, book, side)
    while level:
        drop_level(arena, book, level)
        level = best(arena, book, side)
