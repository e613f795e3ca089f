"""Our orders: the pool, the map from client order id, the lists, the status machine.

An order lives in the pool from the gate's acceptance to its end, and a while longer:
the last `ENDED_KEPT` ended orders are remembered in the order of their ends, so that a
late fill still counts and a client order id that is used twice is refused.

Statuses are those of SEMANTICS 14-16. While a request is pending the order can fill,
and fills win; `resting_status` is what it returns to. While working
``quantity == filled + leaves``.
"""

from typing import Any, Final

from app.engine.arena import Section, give, take
from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.id_map import id_map
from app.engine.memory import record_address
from app.engine.prefetch import prefetch
from app.engine.records import (
    NO_PRICE,
    GroupRole,
    OrderStatus,
    OrderType,
    Reason,
    ReportType,
)
from app.engine.risk_state import ENDED_KEPT, is_exit, risk, working
from app.engine.state import ORDER, engine, orders

find_order, _link_id, _unlink_id = id_map(
    Section.ORDER_BUCKETS, Section.ORDERS, orders, "client_order_id"
)

_ORDER_BYTES: Final = ORDER.itemsize
_LINE: Final = 64
"""Bytes of a cache line."""
HALT_OVERFILL: Final = 1
"""ENGINE's `halt_code`: a fill beyond what was open."""
IGNORED: Final = 0
"""A report that changes nothing: unknown, late or a duplicate; it is counted."""
CHANGED: Final = 1
"""A report that changed its order."""
FILLED: Final = 2
"""A report with a fill to book."""


@kernel
def is_ended(status: int) -> bool:
    """Tell whether an order's life is over."""
    return (
        status == OrderStatus.FILLED
        or status == OrderStatus.CANCELLED
        or status == OrderStatus.REJECTED
        or status == OrderStatus.EXPIRED
    )


@kernel
def new_order(arena: int, command: Any) -> int:
    """Make a PENDING_NEW order of a command; 0 if the pool is full."""
    index = known_order(arena, command)
    if index:
        join(arena, index)
    return index


@kernel
def known_order(arena: int, command: Any) -> int:
    """Make a PENDING_NEW order that is in the map, not yet in a list; 0 if full."""
    index = take(arena, Section.ORDERS)
    if index == 0 and risk(arena)[0]["ended"]:
        forget_oldest(arena)
        index = take(arena, Section.ORDERS)
    if index == 0:
        return 0
    _write_terms(orders(arena)[index], command)
    _link_id(arena, index)
    return index


@kernel
def _write_terms(order: Any, command: Any) -> None:
    """Fill in a new order's record from its command."""
    order["client_order_id"] = command["client_order_id"]
    order["venue_order_id"] = 0
    order["instrument"] = command["instrument"]
    order["strategy"] = command["strategy"]
    order["account"] = command["account"]
    order["group"] = command["group"]
    order["side"] = command["side"]
    order["order_type"] = command["order_type"]
    order["time_in_force"] = command["time_in_force"]
    order["trigger"] = command["trigger"]
    order["role"] = command["role"]
    order["options"] = command["options"]
    order["quantity"] = command["quantity"]
    order["price"] = command["price"]
    order["stop_price"] = command["stop_price"]
    order["display_quantity"] = command["display_quantity"]
    order["trail"] = command["trail"]
    order["expire_ts"] = command["expire_ts"]
    order["target_share"] = command["value"]
    order["decided_ts"] = command["ts_received"]
    order["protection_ticks"] = command["protection_ticks"]
    _begin(order)


@kernel
def _begin(order: Any) -> None:
    """Set what every order begins with."""
    order["status"] = OrderStatus.PENDING_NEW
    order["resting_status"] = OrderStatus.PENDING_NEW
    order["filled"] = 0
    order["leaves"] = order["quantity"]
    order["new_quantity"] = 0
    order["new_price"] = NO_PRICE
    order["new_stop_price"] = NO_PRICE
    order["new_trail"] = 0
    order["new_options"] = 0
    order["accepted_ts"] = 0
    order["fee"] = 0
    order["counted"] = 0
    order["counted_price"] = 0
    order["pending_replaces"] = 0
    order["end_reason"] = Reason.NONE


@kernel
def join(arena: int, index: int) -> None:
    """Put an order that is known at the front of its instrument's working orders."""
    every = orders(arena)
    row = working(arena)[every[index]["instrument"]]
    first = integer(row["first"])
    every[index]["next"] = first
    every[index]["previous"] = 0
    if first:
        every[first]["previous"] = index
    row["first"] = index
    row["count"] += 1
    row["exits"] += is_exit(
        integer(every[index]["role"]), integer(every[index]["options"])
    )


@kernel
def _leave(arena: int, index: int) -> None:
    """Take an order out of its instrument's working orders."""
    every = orders(arena)
    order = every[index]
    row = working(arena)[order["instrument"]]
    following, before = integer(order["next"]), integer(order["previous"])
    if before:
        every[before]["next"] = following
    else:
        row["first"] = following
    if following:
        every[following]["previous"] = before
    row["count"] -= 1
    row["exits"] -= is_exit(integer(order["role"]), integer(order["options"]))


@kernel
def end_order(arena: int, index: int, status: int) -> None:
    """End an order: it leaves the working orders and joins those remembered."""
    _leave(arena, index)
    remember(arena, index, status)


@kernel
def remember(arena: int, index: int, status: int) -> None:
    """End an order that is in no list: it joins those remembered."""
    every, state = orders(arena), risk(arena)[0]
    order = every[index]
    order["status"] = status
    order["resting_status"] = status
    order["leaves"] = 0
    order["pending_replaces"] = 0
    order["next"] = 0
    last = integer(state["last_ended"])
    order["previous"] = last
    if last:
        every[last]["next"] = index
    else:
        state["first_ended"] = index
    state["last_ended"] = index
    state["ended"] += 1
    if state["ended"] > ENDED_KEPT:
        forget_oldest(arena)


@kernel
def forget_oldest(arena: int) -> None:
    """Give back the record of the order that ended first."""
    every, state = orders(arena), risk(arena)[0]
    index = integer(state["first_ended"])
    following = integer(every[index]["next"])
    state["first_ended"] = following
    if following:
        every[following]["previous"] = 0
    else:
        state["last_ended"] = 0
    state["ended"] -= 1
    _unlink_id(arena, index)
    give(arena, Section.ORDERS, index)
    # It is forgotten next, and written by the order after next: far from every cache.
    for line in range(0, _ORDER_BYTES, _LINE):
        prefetch(record_address(every[following]) + line)


@kernel
def ask_cancel(arena: int, index: int, reason: int) -> None:
    """Note that a cancel is on its way, and why if no user asked for it.

    The first reason of the engine's own stays: who asks again does not take it away.
    Only KILL's replaces another, for KILL counts the orders that it waits for.
    """
    order = orders(arena)[index]
    order["status"] = OrderStatus.PENDING_CANCEL
    asked = order["end_reason"] == Reason.NONE or order["end_reason"] == Reason.STRATEGY
    if asked or reason == Reason.KILLED:
        order["end_reason"] = reason


@kernel
def ask_replace(
    arena: int, index: int, quantity: int, terms: tuple[int, int, int], options: int
) -> None:
    """Note that a replace to these values is on its way.

    What is left unchanged (0, NO_PRICE) is not sent: by then the venue may have changed
    it itself, a group an exit's size, a trail a stop. What an earlier replace that is
    still on its way asked for is asked for again.

    Parameters
    ----------
    terms : (int, int, int)
        Limit, stop and distance of a trail.
    options : int
        What the gesture that chose the limit meant by it (OrderOption).
    """
    order = orders(arena)[index]
    price, stop_price, trail = terms
    if quantity:
        order["new_quantity"] = quantity
    if price != NO_PRICE:
        order["new_price"] = price
        order["new_options"] = options
    if stop_price != NO_PRICE:
        order["new_stop_price"] = stop_price
    if trail:
        order["new_trail"] = trail
    order["pending_replaces"] += 1
    if order["status"] != OrderStatus.PENDING_CANCEL:
        order["status"] = OrderStatus.PENDING_REPLACE


@kernel
def _settle(order: Any) -> None:
    """Give an order the status that its pending requests leave it."""
    if order["status"] == OrderStatus.PENDING_CANCEL:
        return
    if order["pending_replaces"]:
        order["status"] = OrderStatus.PENDING_REPLACE
    else:
        order["status"] = order["resting_status"]


@kernel
def _stand(order: Any, report: Any) -> None:
    """Take over from the venue what an order without a request pending is doing."""
    status = integer(report["status"])
    waits = status == OrderStatus.INACTIVE or status == OrderStatus.HELD
    if not waits and order["filled"]:
        status = integer(OrderStatus.PARTIALLY_FILLED)
    elif not waits and status != OrderStatus.TRIGGERED:
        status = integer(OrderStatus.NEW)
    order["resting_status"] = status


@kernel
def is_sized_by_entry(role: int) -> bool:
    """Tell whether an order's quantity is the venue's to say: a bracket's exit (28)."""
    return role == GroupRole.BRACKET_TARGET or role == GroupRole.BRACKET_STOP


@kernel
def _accept(arena: int, order: Any, report: Any) -> int:
    """Apply NEW: the venue has the order, or one that was held begins to work."""
    begins = order["resting_status"] == OrderStatus.HELD
    begins = begins and report["status"] != OrderStatus.HELD
    if order["accepted_ts"] and not begins:
        risk(arena)[0]["duplicate_reports"] += 1
        return IGNORED
    if order["accepted_ts"] == 0:
        order["accepted_ts"] = report["ts_venue"]
        order["venue_order_id"] = report["venue_order_id"]
    _stand(order, report)
    if order["order_type"] == OrderType.MARKET and report["price"] != NO_PRICE:
        # What a market order leaves rests at its protection price (17).
        order["price"] = report["price"]
    if order["order_type"] >= OrderType.STOP and report["stop_price"] != NO_PRICE:
        order["stop_price"] = report["stop_price"]
    if is_sized_by_entry(integer(order["role"])):
        order["quantity"] = report["quantity"]
        order["leaves"] = report["leaves"]
    _settle(order)
    return CHANGED


@kernel
def _fill(arena: int, index: int, report: Any) -> int:
    """Apply FILL; after the order's end too, for fills win (14)."""
    order, state = orders(arena)[index], risk(arena)[0]
    quantity = report["last_quantity"]
    if quantity <= 0 or (report["filled"] > 0 and report["filled"] <= order["filled"]):
        state["duplicate_reports"] += 1
        return IGNORED
    ended = is_ended(order["status"])
    order["filled"] += quantity
    if order["filled"] > order["quantity"]:
        state["overfills"] += 1
        engine(arena)[0]["halted"] = 1
        engine(arena)[0]["halt_code"] = HALT_OVERFILL
        order["quantity"] = order["filled"]
    order["fee"] += report["fee"]
    if ended:
        if order["filled"] == order["quantity"]:
            order["status"] = OrderStatus.FILLED
        return FILLED
    order["leaves"] = order["quantity"] - order["filled"]
    order["resting_status"] = OrderStatus.PARTIALLY_FILLED
    sleeps = report["status"] == OrderStatus.HELD
    if sleeps:
        # A bracket's exit closed all there was; its entry may be filled further (28).
        order["resting_status"] = OrderStatus.HELD
    if order["leaves"] == 0 and not sleeps:
        end_order(arena, index, OrderStatus.FILLED)
    else:
        _settle(order)
    return FILLED


@kernel
def is_by_venue(reason: int) -> bool:
    """Tell whether a change with this reason is the venue's own: it answers nothing."""
    return (
        reason == Reason.NOT_REDUCING
        or reason == Reason.GROUP
        or reason == Reason.TRAILED
        or reason == Reason.CLOSED
        or reason == Reason.CORPORATE_ACTION
        or reason == Reason.SIZED
    )


@kernel
def _replaced(arena: int, index: int, report: Any) -> int:
    """Apply REPLACED: the new total; at or below what is filled it ends as FILLED."""
    order = orders(arena)[index]
    if order["pending_replaces"] and not is_by_venue(report["reason"]):
        order["pending_replaces"] -= 1
    quantity = report["quantity"]
    sleeps = report["status"] == OrderStatus.HELD
    if quantity <= 0 and order["new_quantity"] and not sleeps:
        quantity = order["new_quantity"]
    order["price"] = report["price"]
    if order["order_type"] >= OrderType.STOP:
        order["stop_price"] = report["stop_price"]
    if report["status"] != OrderStatus.NONE:
        _stand(order, report)
    if quantity <= order["filled"] and not sleeps:
        order["quantity"] = order["filled"]
        end_order(arena, index, OrderStatus.FILLED)
        return CHANGED
    order["quantity"] = quantity
    order["leaves"] = quantity - order["filled"]
    _end_replace(order)
    return CHANGED


@kernel
def _end_replace(order: Any) -> None:
    """Forget the replace asked for, once none is on its way."""
    if order["pending_replaces"] == 0:
        order["new_quantity"] = 0
        order["new_price"] = NO_PRICE
        order["new_stop_price"] = NO_PRICE
        order["new_trail"] = 0
        order["new_options"] = 0
    _settle(order)


@kernel
def _request_rejected(order: Any, kind: int) -> int:
    """Apply a refused cancel or replace: the order is as before it."""
    if kind == ReportType.REPLACE_REJECTED:
        if order["pending_replaces"]:
            order["pending_replaces"] -= 1
        _end_replace(order)
        return CHANGED
    if order["status"] == OrderStatus.PENDING_CANCEL:
        order["status"] = order["resting_status"]
        _settle(order)
    return CHANGED


@kernel
def _end_status(kind: int) -> int:
    """Status of an order that a report of this type ends; NONE if it does not."""
    if kind == ReportType.CANCELLED:
        return OrderStatus.CANCELLED
    if kind == ReportType.EXPIRED:
        return OrderStatus.EXPIRED
    if kind == ReportType.REJECTED:
        return OrderStatus.REJECTED
    return OrderStatus.NONE


@kernel
def apply_report(arena: int, index: int, report: Any) -> int:
    """Apply a venue's report to its order: IGNORED, CHANGED or FILLED."""
    kind, order = integer(report["report"]), orders(arena)[index]
    if kind == ReportType.FILL:
        return _fill(arena, index, report)
    if is_ended(order["status"]):
        risk(arena)[0]["late_reports"] += 1
        return IGNORED
    status = _end_status(kind)
    if status != OrderStatus.NONE:
        end_order(arena, index, status)
        return CHANGED
    if kind == ReportType.NEW:
        return _accept(arena, order, report)
    if kind == ReportType.REPLACED:
        return _replaced(arena, index, report)
    if kind == ReportType.TRIGGERED:
        order["resting_status"] = OrderStatus.TRIGGERED
        order["price"] = report["price"]
        order["stop_price"] = report["stop_price"]
        _settle(order)
        return CHANGED
    if kind == ReportType.CANCEL_REJECTED or kind == ReportType.REPLACE_REJECTED:
        return _request_rejected(order, kind)
    risk(arena)[0]["unknown_reports"] += 1
    return IGNORED
