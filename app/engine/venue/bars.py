"""Orders of ours that wait for bars, where a feed has nothing finer (SEMANTICS 38).

What arrives before a bar's stamp, its close, meets that bar; what is decided at a close
meets the next. Where there is no book there is no queue, no opposite side to be missing
(17) and no protection price (22). What a bar fills is said in bar_fills.py.
"""

from enum import IntEnum

from app.engine.arena import Section, take
from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.conditional.capabilities import is_for_auction, is_immediate
from app.engine.records import NO_PRICE, Reason, ReportType
from app.engine.venue.levels import append, join_queue
from app.engine.venue.reports import end
from app.engine.venue.state import (
    models,
    venue,
    venue_instruments,
    venue_levels,
    venue_orders,
)


class FillSource(IntEnum):
    """What the orders of an instrument are filled from."""

    BOOK = 0
    BARS = 1


@kernel
def fills_from_bars(arena: int, instrument: int) -> bool:
    """Whether an instrument's orders are filled from bars."""
    return models(arena)[instrument]["fills_from"] == FillSource.BARS


# Waiting for a bar.


@kernel
def waiting_level(arena: int, instrument: int) -> int:
    """Level that holds what has no price to wait at; made if need be, 0 = no room.

    It stands beside the sides; what is taken of it, a phantom unit, keeps it.
    """
    state = venue_instruments(arena)[instrument]
    if state["waiting"] == 0:
        level = take(arena, Section.VENUE_LEVELS)
        if level == 0:
            return 0
        row = venue_levels(arena)[level]
        row["price"], row["side"], row["taken"] = NO_PRICE, 1, 1
        row["first"], row["last"], row["shown"] = 0, 0, 0
        state["waiting"] = level
    return integer(state["waiting"])


@kernel
def ends_with_bar(time_in_force: int) -> bool:
    """Whether an order waits for one bar only: its first, or that of its auction."""
    return is_immediate(time_in_force) or is_for_auction(time_in_force)


@kernel
def wait_for_bar(arena: int, links: int, index: int) -> None:
    """Let an order that has arrived, or was replaced, wait for a bar."""
    order = venue_orders(arena)[index]
    order["arrived_ts"] = venue(arena)[0]["at"]
    if order["price"] != NO_PRICE:
        has_room = join_queue(arena, index)
        if ends_with_bar(order["time_in_force"]):
            venue_instruments(arena)[order["instrument"]]["judged"] += 1
    else:
        level = waiting_level(arena, order["instrument"])
        has_room = level != 0
        if has_room:
            append(arena, level, index)
    if not has_room:
        end(arena, links, index, ReportType.CANCELLED, Reason.POOL_FULL)
