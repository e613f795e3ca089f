"""An order arrives: it trades as far as its limit reaches, then rests or ends.

Trades happen at the price of the order that rests, best price first, then longest
waiting. An order that meets one of its own account loses its rest there (SEMANTICS 41).
"""

from typing import Any, Final

from app.engine.arena import Section, give
from app.engine.bits import integer
from app.engine.compile import inlined, kernel, rare
from app.engine.conditional.groups import awaits_entry
from app.engine.matching_groups import after_match
from app.engine.matching_ids import link_order, unlink_order
from app.engine.matching_orders import end_special, rest, to_entry
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
from app.engine.rare import out_of_line
from app.engine.records import BUY, NO_PRICE, SELL, EventKind, Reason, TimeInForce

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
    book["execution"] = state["executions"]


@kernel
def last_price(arena: int, instrument: int) -> int:
    """Price of an instrument's last trade; NO_PRICE before the first."""
    bids = match_side(arena, side_index(instrument, integer(BUY)))
    asks = match_side(arena, side_index(instrument, integer(SELL)))
    book = bids if bids["execution"] > asks["execution"] else asks
    return book["last_price"] if book["execution"] else NO_PRICE


@inlined
def _is_plain(arena: int, order: Any, maker: Any) -> bool:
    """Whether a match concerns its two orders alone: no condition, no position kept."""
    accounts = matching(arena)["accounts"]
    kept = order["account"] < accounts or maker["account"] < accounts
    return order["condition"] | maker["condition"] == 0 and not kept


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
    if not _is_plain(arena, order, maker):
        after_match(arena, index, maker_index, level_index, quantity)
        return
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


@rare
def _settle_rest(arena: int, index: int, limit: int, met_own: bool) -> None:
    """Let what an order with a condition could not trade rest, wait, or end."""
    out_of_line()
    order = match_order(arena, index)
    if order["leaves"] > 0:
        reason = _rest_refusal(order, limit, met_own)
        if reason == Reason.NONE:
            rest(arena, index, limit)
            return
        report_cancelled(arena, order, reason, limit)
    elif awaits_entry(arena, integer(order["condition"])):
        to_entry(arena, index, limit)
        return
    end_special(arena, index)


@inlined
def arrive(arena: int, index: int, limit: int) -> None:
    """Let an order trade as far as `limit` reaches, then rest there, or end."""
    order = match_order(arena, index)
    met_own = not _trade(arena, index, limit)
    if order["condition"]:
        _settle_rest(arena, index, limit, met_own)
        return
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


@rare
def arrive_again(arena: int, index: int, limit: int) -> None:
    """Let an order `arrive` that is not a new plain one: compiled once for all."""
    out_of_line()
    arrive(arena, index, limit)


@inlined
def end_resting(arena: int, index: int) -> None:
    """Take a resting order out of book, map and pool."""
    leave(arena, index)
    unlink_order(arena, index)
    give(arena, Section.MATCH_ORDERS, index)
