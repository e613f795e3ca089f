"""Levels and queues of the matching engine: an order joins, leaves or shrinks.

Both sides share the code: an order's side is +1 or -1, and one price is better than
another when ``side * (a - b) > 0``. The level links make the next best price one step
away; the price tree is asked only where a level appears or goes.
"""

from app.engine.arena import Section, give, take
from app.engine.bits import integer
from app.engine.compile import inlined, kernel
from app.engine.matching_state import (
    match_level,
    match_order,
    match_side,
    side_index,
)
from app.engine.price_index import insert_level, level_at, neighbour, remove_level


@kernel
def _new_level(arena: int, here: int, side: int, price: int) -> int:
    """Make the level at a price where none stands; the pools have room for it."""
    book = match_side(arena, here)
    index = take(arena, Section.MATCH_LEVELS)
    best = integer(book["best"])
    better = 0
    if best and side * (price - match_level(arena, best)["price"]) < 0:
        better = neighbour(arena, book, price, side)
    insert_level(arena, book, price, index)
    worse = best
    if better:
        worse = integer(match_level(arena, better)["worse"])
        match_level(arena, better)["worse"] = index
    else:
        book["best"] = index
    if worse:
        match_level(arena, worse)["better"] = index
    level = match_level(arena, index)
    level["price"] = price
    level["size"] = 0
    level["count"] = 0
    level["head"] = 0
    level["tail"] = 0
    level["side_index"] = here
    level["better"] = better
    level["worse"] = worse
    book["levels"] += 1
    return index


@kernel
def drop_level(arena: int, index: int) -> None:
    """Take an empty level out of its book."""
    level = match_level(arena, index)
    book = match_side(arena, level["side_index"])
    better = integer(level["better"])
    worse = integer(level["worse"])
    if better:
        match_level(arena, better)["worse"] = worse
    else:
        book["best"] = worse
    if worse:
        match_level(arena, worse)["better"] = better
    remove_level(arena, book, level["price"])
    book["levels"] -= 1
    give(arena, Section.MATCH_LEVELS, index)


@inlined
def join(arena: int, index: int, price: int) -> None:
    """Put an order at the back of the queue at `price`."""
    order = match_order(arena, index)
    side = integer(order["side"])
    here = side_index(integer(order["instrument"]), side)
    book = match_side(arena, here)
    level_index = level_at(arena, book, price)
    if level_index == 0:
        level_index = _new_level(arena, here, side, price)
    level = match_level(arena, level_index)
    last = integer(level["tail"])
    order["level"] = level_index
    order["next"] = 0
    order["previous"] = last
    if last:
        match_order(arena, last)["next"] = index
    else:
        level["head"] = index
    level["tail"] = index
    level["size"] += order["leaves"]
    level["count"] += 1
    book["orders"] += 1


@inlined
def leave(arena: int, index: int) -> None:
    """Take a resting order out of its queue, and its level with it if it was alone."""
    order = match_order(arena, index)
    level_index = integer(order["level"])
    level = match_level(arena, level_index)
    previous = integer(order["previous"])
    following = integer(order["next"])
    # `previous` of a head is not kept: a match need not touch the order behind.
    if level["head"] == index:
        level["head"] = following
        previous = 0
    else:
        match_order(arena, previous)["next"] = following
    if level["tail"] == index:
        level["tail"] = previous
    else:
        match_order(arena, following)["previous"] = previous
    level["size"] -= order["leaves"]
    level["count"] -= 1
    order["level"] = 0
    match_side(arena, level["side_index"])["orders"] -= 1
    if level["count"] == 0:
        drop_level(arena, level_index)


@inlined
def leave_head(arena: int, level_index: int, index: int, quantity: int) -> None:
    """Take out the order at a level's head, which has traded its last `quantity`."""
    level = match_level(arena, level_index)
    order = match_order(arena, index)
    level["size"] -= quantity
    level["count"] -= 1
    level["head"] = order["next"]
    order["level"] = 0
    match_side(arena, level["side_index"])["orders"] -= 1
    if level["count"] == 0:
        drop_level(arena, level_index)
