"""Levels and queues of the matching engine: an order joins, leaves or shrinks.

Both sides share the code: an order's side is +1 or -1, and one price is better than
another when ``side * (a - b) > 0``. The level links make the next best price one step
away; the price tree is asked only where a level appears or goes.
"""

import numpy as np

from app.engine.arena import Section, give, take
from app.engine.compile import kernel
from app.engine.matching_state import (
    match_levels,
    match_orders,
    match_sides,
    side_index,
)
from app.engine.price_index import insert_level, level_at, neighbour, remove_level


@kernel
def _new_level(arena: int, instrument: int, side: int, price: int) -> int:
    """Make the level at a price where none stands; the caller saw to room for it."""
    here = side_index(instrument, side)
    book = match_sides(arena)[here]
    index = take(arena, Section.MATCH_LEVELS)
    levels = match_levels(arena)
    best = np.int64(book["best"])
    better = 0
    if best and side * (price - levels[best]["price"]) < 0:
        better = neighbour(arena, book, price, side)
    insert_level(arena, book, price, index)
    worse = np.int64(levels[better]["worse"]) if better else best
    level = levels[index]
    level["price"] = price
    level["size"] = 0
    level["count"] = 0
    level["head"] = 0
    level["tail"] = 0
    level["side_index"] = here
    level["better"] = better
    level["worse"] = worse
    if better:
        levels[better]["worse"] = index
    else:
        book["best"] = index
    if worse:
        levels[worse]["better"] = index
    book["levels"] += 1
    return index


@kernel
def drop_level(arena: int, index: int) -> None:
    """Take an empty level out of its book."""
    levels = match_levels(arena)
    level = levels[index]
    book = match_sides(arena)[level["side_index"]]
    better = np.int64(level["better"])
    worse = np.int64(level["worse"])
    if better:
        levels[better]["worse"] = worse
    else:
        book["best"] = worse
    if worse:
        levels[worse]["better"] = better
    remove_level(arena, book, level["price"])
    book["levels"] -= 1
    give(arena, Section.MATCH_LEVELS, index)


@kernel
def _level_for(arena: int, instrument: int, side: int, price: int) -> int:
    book = match_sides(arena)[side_index(instrument, side)]
    level = level_at(arena, book, price)
    if level:
        return level
    return _new_level(arena, instrument, side, price)


@kernel
def join(arena: int, index: int, price: int) -> None:
    """Put an order at the back of the queue at `price`."""
    orders = match_orders(arena)
    order = orders[index]
    side = np.int64(order["side"])
    instrument = np.int64(order["instrument"])
    level_index = _level_for(arena, instrument, side, price)
    level = match_levels(arena)[level_index]
    last = np.int64(level["tail"])
    order["level"] = level_index
    order["next"] = 0
    order["previous"] = last
    if last:
        orders[last]["next"] = index
    else:
        level["head"] = index
    level["tail"] = index
    level["size"] += order["leaves"]
    level["count"] += 1
    match_sides(arena)[side_index(instrument, side)]["orders"] += 1


@kernel
def leave(arena: int, index: int) -> None:
    """Take a resting order out of its queue, and its level with it if it was alone."""
    orders = match_orders(arena)
    order = orders[index]
    level_index = np.int64(order["level"])
    level = match_levels(arena)[level_index]
    previous = np.int64(order["previous"])
    following = np.int64(order["next"])
    # `previous` of a head is not kept: a match need not touch the order behind.
    if level["head"] == index:
        level["head"] = following
        previous = 0
    else:
        orders[previous]["next"] = following
    if level["tail"] == index:
        level["tail"] = previous
    else:
        orders[following]["previous"] = previous
    level["size"] -= order["leaves"]
    level["count"] -= 1
    order["level"] = 0
    match_sides(arena)[level["side_index"]]["orders"] -= 1
    if level["count"] == 0:
        drop_level(arena, level_index)
