"""Replaces through the gate, and exits cut to the position that is left.

What a replace leaves out stays as it is, or as was last asked for; what only makes an
order smaller passes in every state (SEMANTICS 52).
"""

from typing import Any

from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.gate_orders import (
    hold_gesture,
    means_other,
    next_working,
    owned_order,
    request_cancel,
    still_working,
)
from app.engine.gate_reports import (
    forget_findings,
    refuse_request,
    tell_order,
)
from app.engine.links import Link, call_link
from app.engine.order_rules import (
    price_fault,
    quantity_fault,
    trail_fault,
)
from app.engine.orders import (
    ask_replace,
    is_ended,
    is_sized_by_entry,
)
from app.engine.records import (
    NO_PRICE,
    OrderStatus,
    Reason,
    ReportType,
)
from app.engine.risk import judge
from app.engine.risk_exposure import closable, recount, refresh_exposure
from app.engine.risk_prepare import prepare_replace
from app.engine.risk_recent import note_message
from app.engine.risk_state import (
    REDUCE_ONLY,
    is_exit,
)
from app.engine.state import orders


@kernel
def request_replace(
    arena: int,
    links: int,
    index: int,
    quantity: int,
    terms: tuple[int, int, int],
    options: int,
) -> None:
    """Ask the venue to replace a working order by these values.

    Parameters
    ----------
    quantity : int
        New total; 0 = unchanged.
    terms : (int, int, int)
        Limit and stop, NO_PRICE = unchanged; distance of a trail, 0 = unchanged.
    options : int
        OrderOption bits of a gesture: what it meant the limit to do.
    """
    ask_replace(arena, index, quantity, terms, options)
    recount(arena, index)
    refresh_exposure(arena, integer(orders(arena)[index]["instrument"]))
    note_message(arena)
    tell_order(arena, links, index, integer(ReportType.PENDING_REPLACE))
    call_link(arena, links, Link.VENUE_REPLACE, index)


@kernel
def _replace_prices_fault(arena: int, order: Any, price: int, stop: int) -> int:
    """Judge the prices of a replace that change."""
    instrument, side = integer(order["instrument"]), integer(order["side"])
    gains_limit = (price == NO_PRICE) != (order["price"] == NO_PRICE)
    if gains_limit or (stop == NO_PRICE) != (order["stop_price"] == NO_PRICE):
        return integer(Reason.BAD_PRICE)
    fault = integer(Reason.NONE)
    if price != order["price"]:
        fault = integer(price_fault(arena, instrument, side, price))
    if fault == Reason.NONE and stop != order["stop_price"]:
        fault = integer(price_fault(arena, instrument, side, stop))
    return fault


@kernel
def _replace_size_fault(arena: int, order: Any, total: int) -> int:
    """Judge a total that changes and leaves something open (2).

    As when it was new, an exit of all that is held may be off the step.
    """
    if total <= order["filled"] or total == _last_asked(order)[0]:
        return integer(Reason.NONE)
    instrument, side = integer(order["instrument"]), integer(order["side"])
    if is_exit(integer(order["role"]), integer(order["options"])):
        room = closable(arena, instrument, integer(order["strategy"]), side)
        if total - order["filled"] == room:
            return integer(Reason.NONE)
    return integer(quantity_fault(arena, instrument, total))


@kernel
def _replace_fault(arena: int, index: int, total: int, price: int, stop: int) -> int:
    """Judge a replace; what only makes an order smaller passes in every state (52)."""
    order = orders(arena)[index]
    if total <= 0 and not _sleeps(order):
        return integer(Reason.BAD_QUANTITY)
    most, limit, trigger = _last_asked(order)
    fault = _replace_size_fault(arena, order, total)
    if fault != Reason.NONE:
        return fault
    if price == limit and stop == trigger and total <= most:
        return integer(Reason.NONE)
    fault = _replace_prices_fault(arena, order, price, stop)
    if fault != Reason.NONE:
        return fault
    prepare_replace(arena, index, total, price, stop)
    return judge(arena)


@kernel
def _last_asked(order: Any) -> tuple[int, int, int]:
    """Total, limit and stop that an order has once what is pending has come true."""
    total, price = integer(order["quantity"]), integer(order["price"])
    stop = integer(order["stop_price"])
    if order["pending_replaces"]:
        total = integer(order["new_quantity"]) or total
        if order["new_price"] != NO_PRICE:
            price = integer(order["new_price"])
        if order["new_stop_price"] != NO_PRICE:
            stop = integer(order["new_stop_price"])
    return total, price, stop


@kernel
def _sleeps(order: Any) -> bool:
    """Tell whether a bracket's exit waits, without size, for its entry (28)."""
    return order["leaves"] == 0 and is_sized_by_entry(integer(order["role"]))


@kernel
def _new_total(arena: int, order: Any, asked: int) -> int:
    """Total that a replace asks for, 0 = unchanged; an exit's is cut (20)."""
    total = asked if asked != 0 else _last_asked(order)[0]
    if not is_exit(integer(order["role"]), integer(order["options"])):
        return total
    room = closable(
        arena,
        integer(order["instrument"]),
        integer(order["strategy"]),
        integer(order["side"]),
    )
    return min(total, max(order["filled"] + room, order["quantity"]))


@kernel
def command_replace(arena: int, links: int, command: Any) -> None:
    """Action.REPLACE: `quantity` is the new total (15); what is absent stays."""
    forget_findings(arena)
    kind = integer(ReportType.REPLACE_REJECTED)
    index = owned_order(arena, command)
    if index == 0 or is_ended(orders(arena)[index]["status"]):
        reason = integer(Reason.ORDER_ENDED) if index else integer(Reason.UNKNOWN_ORDER)
        refuse_request(arena, links, command, index, reason, kind)
        return
    order = orders(arena)[index]
    if order["status"] == OrderStatus.PENDING_CANCEL:
        ended = integer(Reason.ORDER_ENDED)
        refuse_request(arena, links, command, index, ended, kind)
        return
    asked, trail = integer(command["quantity"]), integer(command["trail"])
    total = _new_total(arena, order, asked)
    price, stop = integer(command["price"]), integer(command["stop_price"])
    price = _last_asked(order)[1] if price == NO_PRICE else price
    stop = _last_asked(order)[2] if stop == NO_PRICE else stop
    reason = _replace_fault(arena, index, total, price, stop)
    if trail and trail_fault(integer(order["order_type"]), trail):
        reason = integer(Reason.BAD_PRICE)
    elif asked and _sleeps(order):
        reason = integer(Reason.GROUP)
    if reason != Reason.NONE:
        refuse_request(arena, links, command, index, reason, kind)
        return
    side = integer(order["side"])
    if price != order["price"] and means_other(arena, command, side, price):
        leaves = total - integer(order["filled"])
        hold_gesture(arena, links, command, side, (total, leaves, price))
        return
    terms = (integer(command["price"]), integer(command["stop_price"]), trail)
    options = integer(command["options"])
    request_replace(arena, links, index, total if asked else asked, terms, options)


@kernel
def shrink_exits(arena: int, links: int, instrument: int) -> None:
    """Cut working exits to the position that is left; cut to nothing they end (20)."""
    index = next_working(arena, instrument, 0)
    while index:
        following = next_working(arena, instrument, index)
        _shrink(arena, links, index)
        index = still_working(arena, instrument, following)


@kernel
def _shrink(arena: int, links: int, index: int) -> None:
    order = orders(arena)[index]
    if not integer(order["options"]) & REDUCE_ONLY:
        return
    if is_exit(integer(order["role"]), integer(0)):
        return  # its group sizes it, at the venue (28, 29)
    if order["status"] == OrderStatus.PENDING_CANCEL:
        return
    strategy, side = integer(order["strategy"]), integer(order["side"])
    room = closable(arena, integer(order["instrument"]), strategy, side)
    if room == 0:
        request_cancel(arena, links, index, integer(Reason.NOT_REDUCING))
        return
    total = order["filled"] + room
    if _last_asked(order)[0] > total:
        terms = (integer(NO_PRICE), integer(NO_PRICE), integer(0))
        request_replace(arena, links, index, total, terms, integer(0))
