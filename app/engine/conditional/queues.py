"""Queues of waiting orders: first in, first out, in a level of a shelf or by Wait."""

from typing import Any

from app.engine.arena import Section, give, take
from app.engine.bits import integer
from app.engine.book_levels import link_level, unlink_level
from app.engine.compile import kernel, rare
from app.engine.conditional.state import (
    Wait,
    condition,
    condition_levels,
    condition_markets,
)
from app.engine.price_index import level_at
from app.engine.rare import out_of_line
from app.engine.records import Trigger


@kernel
def shelf_index(trigger: int, side: int) -> int:
    """Index of the shelf of one side's stops with one trigger."""
    return 2 * (trigger - Trigger.LAST) + (side < 0)


@kernel
def _append(arena: int, index: int, ends: Any) -> None:
    """Link a condition behind the last of a queue (`first` and `last` in `ends`)."""
    row, last = condition(arena, index), integer(ends["last"])
    row["next"], row["previous"] = 0, last
    if last:
        condition(arena, last)["next"] = index
    else:
        ends["first"] = index
    ends["last"] = index


@kernel
def _take_out(arena: int, index: int, ends: Any) -> None:
    """Unlink a condition from its queue."""
    row = condition(arena, index)
    before, after = integer(row["previous"]), integer(row["next"])
    if before:
        condition(arena, before)["next"] = after
    else:
        ends["first"] = after
    if after:
        condition(arena, after)["previous"] = before
    else:
        ends["last"] = before


@rare
def put_on_shelf(arena: int, index: int) -> bool:
    """Let a stop wait for its price, behind others of that price; False = no room."""
    out_of_line()
    row = condition(arena, index)
    market = condition_markets(arena)[row["instrument"]]
    side = integer(row["side"])
    shelf = market["shelves"][shelf_index(integer(row["trigger"]), side)]
    every = condition_levels(arena)
    level = level_at(arena, shelf, row["stop_price"])
    if level == 0:
        level = take(arena, Section.CONDITION_LEVELS)
        if level == 0:
            return False
        record = every[level]
        # The lowest stop of buyers is reached first: a shelf is sorted as the
        # opposite side of a book.
        record["price"], record["side"] = row["stop_price"], -side
        record["first"], record["last"] = 0, 0
        if not link_level(arena, shelf, every, level):
            give(arena, Section.CONDITION_LEVELS, level)
            return False
    _append(arena, index, every[level])
    row["level"], row["wait"] = level, Wait.TRIGGER
    market["waiting"] += 1
    market["trailing"] += row["trail"] != 0
    return True


@rare
def _take_off_shelf(arena: int, index: int) -> None:
    out_of_line()
    row = condition(arena, index)
    market = condition_markets(arena)[row["instrument"]]
    every, level = condition_levels(arena), integer(row["level"])
    _take_out(arena, index, every[level])
    if every[level]["first"] == 0:
        which = shelf_index(integer(row["trigger"]), integer(row["side"]))
        unlink_level(arena, market["shelves"][which], every, level)
        give(arena, Section.CONDITION_LEVELS, level)
    row["level"] = 0
    market["waiting"] -= 1
    market["trailing"] -= row["trail"] != 0


@rare
def put_in_queue(arena: int, index: int, wait: int) -> None:
    """Let an order wait, behind others, for its hours or an auction."""
    out_of_line()
    row = condition(arena, index)
    market = condition_markets(arena)[row["instrument"]]
    _append(arena, index, market["queues"][wait])
    row["wait"] = wait


@rare
def stop_waiting(arena: int, index: int) -> None:
    """Take a condition out of whatever queue it is in."""
    out_of_line()
    row = condition(arena, index)
    if row["wait"] == Wait.TRIGGER:
        _take_off_shelf(arena, index)
    elif row["wait"] > Wait.ENTRY:
        market = condition_markets(arena)[row["instrument"]]
        _take_out(arena, index, market["queues"][row["wait"]])
    row["wait"] = Wait.NOTHING


@kernel
def first_waiting(arena: int, instrument: int, wait: int) -> int:
    """Return the condition that waits longest for hours or an auction; 0 if none."""
    return integer(condition_markets(arena)[instrument]["queues"][wait]["first"])
