"""An order arrives: it trades as far as its limit reaches, then rests or ends.

Trades happen at the price of the order that rests, best price first, then longest
waiting. An order that meets one of its own account loses its rest there (SEMANTICS 41).
"""

from typing import Any, Final

from app.engine.arena import Section, give
from app.engine.bits import integer
from app.engine.compile import inlined
from app.engine.matching_ids import link_order, unlink_order
from app.engine.matching_output import publish, report_cancelled, report_fill
from app.engine.matching_queue import join, leave, leave_head
from app.engine.matching_state import (
    PRICE_BOUND,
    match_level,
    match_order,
    match_side,
    matching,
    side_index,
)
from app.engine.records import EventKind, Reason, TimeInForce

MAKER: Final = 1
TAKER: Final = -1


@inlined
def reaches(side: int, limit: int, price: int) -> bool:
    """Whether an order of `side` with this limit may trade at `price`."""
    return side * (limit - price) >= 0


@inlined
def best_level(arena: int, instrument: int, side: int) -> int:
    """Best level of one side; 0 if it is empty."""
    return integer(match_side(arena, side_index(instrument, side))["best"])


@inlined
def _count(arena: int, book: Any, price: int, quantity: int) -> None:
    state = matching(arena)
    state["executions"] += 1
    state["volume"] += quantity
    state["turnover"] += price * quantity
    book["volume"] += quantity
    book["last_price"] = price


@inlined
def _execute(
    arena: int, index: int, maker_index: int, level_index: int, limit: int
) -> None:
    """Match two orders at the price of the one that rests."""
    order = match_order(arena, index)
    maker = match_order(arena, maker_index)
    level = match_level(arena, level_index)
    price = level["price"]
    quantity = min(order["leaves"], maker["leaves"])
    order["leaves"] -= quantity
    maker["leaves"] -= quantity
    _count(arena, match_side(arena, level["side_index"]), price, quantity)
    kind = integer(EventKind.ORDER_EXECUTE)
    publish(arena, maker, kind, price, quantity, integer(order["side"]))
    report_fill(arena, maker, price, quantity, price, MAKER)
    report_fill(arena, order, price, quantity, limit, TAKER)
    if maker["leaves"]:
        level["size"] -= quantity
        return
    unlink_order(arena, maker_index)
    leave_head(arena, level_index, maker_index, quantity)
    give(arena, Section.MATCH_ORDERS, maker_index)


@inlined
def _trade(arena: int, index: int, limit: int) -> bool:
    """Trade as far as the limit reaches; False if an order of its own was met."""
    order = match_order(arena, index)
    side = integer(order["side"])
    instrument = integer(order["instrument"])
    while order["leaves"] > 0:
        level_index = best_level(arena, instrument, -side)
        if level_index == 0:
            return True
        level = match_level(arena, level_index)
        if not reaches(side, limit, level["price"]):
            return True
        maker = integer(level["head"])
        if match_order(arena, maker)["account"] == order["account"]:
            return False
        _execute(arena, index, maker, level_index, limit)
    return True


@inlined
def _rest_refusal(order: Any, limit: int, met_own: bool) -> int:
    """Say why what an order could not trade may not rest; NONE if it may."""
    if met_own:
        return integer(Reason.SELF_MATCH)
    if order["time_in_force"] == TimeInForce.IOC:
        return integer(Reason.IOC_REMAINDER)
    if abs(limit) >= PRICE_BOUND:
        # A market order without protection has no price at which it could rest.
        return integer(Reason.NO_OPPOSITE_SIDE)
    return integer(Reason.NONE)


@inlined
def arrive(arena: int, index: int, limit: int) -> None:
    """Let an order trade as far as `limit` reaches, then rest there, or end."""
    order = match_order(arena, index)
    met_own = not _trade(arena, index, limit)
    if order["leaves"] > 0:
        reason = _rest_refusal(order, limit, met_own)
        if reason == Reason.NONE:
            if order["mapped"] == 0:
                link_order(arena, index)
            join(arena, index, limit)
            kind = integer(EventKind.ORDER_ADD)
            publish(arena, order, kind, limit, order["leaves"], 0)
            return
        report_cancelled(arena, order, reason, limit)
    if order["mapped"]:
        unlink_order(arena, index)
    give(arena, Section.MATCH_ORDERS, index)


@inlined
def end_resting(arena: int, index: int) -> None:
    """Take a resting order out of book, map and pool."""
    leave(arena, index)
    unlink_order(arena, index)
    give(arena, Section.MATCH_ORDERS, index)
