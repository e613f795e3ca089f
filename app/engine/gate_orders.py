"""New orders, cancels and replaces through the gate to the venue.

Everything that is refused says why (gate_reports.refuse); everything that passes is an
order, a PENDING_… report and a call of the venue, in this order, so that the log has an
order before the venue has it. Cancels and size decreases always pass, exits meet the
collar alone (SEMANTICS 52).
"""

from typing import Any, Final

from app.engine.bits import integer
from app.engine.book_state import books
from app.engine.compile import kernel
from app.engine.gate_reports import (
    blank_report,
    forget_findings,
    refuse,
    refuse_request,
    send,
    tell_order,
)
from app.engine.links import Link, call_link
from app.engine.order_rules import (
    order_fault,
    quantity_fault,
    value_fault,
)
from app.engine.orders import (
    ask_cancel,
    find_order,
    is_ended,
    is_sized_by_entry,
    new_order,
)
from app.engine.records import (
    NO_PRICE,
    GroupRole,
    OrderStatus,
    OrderType,
    Reason,
    ReportType,
)
from app.engine.risk import judge
from app.engine.risk_exposure import closable, recount, refresh_exposure, touch_price
from app.engine.risk_prepare import prepare_new
from app.engine.risk_recent import note_message, note_order
from app.engine.risk_state import (
    CONFIRMED,
    GESTURE,
    REDUCE_ONLY,
    RESTING_INTENT,
    checks,
    is_exit,
    working,
)
from app.engine.state import engine, instruments, orders

_MEANT_TO_REST: Final = GESTURE | RESTING_INTENT


@kernel
def _capped(arena: int, command: Any) -> int:
    """Quantity of a new order; an exit's is cut to what it may close (20)."""
    quantity, role = integer(command["quantity"]), integer(command["role"])
    if is_sized_by_entry(role) or not is_exit(role, integer(command["options"])):
        return quantity
    room = closable(
        arena,
        integer(command["instrument"]),
        integer(command["strategy"]),
        integer(command["side"]),
    )
    return min(quantity, room)


@kernel
def _size_fault(arena: int, command: Any, quantity: int) -> int:
    """Judge a new order's quantity; an exit of all that is held may be off the step."""
    instrument = integer(command["instrument"])
    if is_sized_by_entry(integer(command["role"])):
        # Whatever it says: its quantity will be what of its entry is filled (28).
        return Reason.BAD_QUANTITY if command["quantity"] < 0 else Reason.NONE
    if command["quantity"] <= 0:
        return Reason.BAD_QUANTITY
    if is_exit(integer(command["role"]), integer(command["options"])):
        if quantity == 0:
            return Reason.NOT_REDUCING
        strategy, side = integer(command["strategy"]), integer(command["side"])
        if quantity == closable(arena, instrument, strategy, side):
            return Reason.NONE
    return quantity_fault(arena, instrument, quantity)


@kernel
def means_other(arena: int, command: Any, side: int, price: int) -> bool:
    """Tell whether a gesture meant to rest would now trade, on a book since changed."""
    options = integer(command["options"])
    if options & _MEANT_TO_REST != _MEANT_TO_REST or options & CONFIRMED:
        return False
    instrument = integer(command["instrument"])
    book = integer(instruments(arena)[instrument]["book"])
    if price == NO_PRICE or books(arena)[book]["sequence"] == command["book_sequence"]:
        return False
    touch = touch_price(arena, instrument, -side)
    return touch != NO_PRICE and side * (price - touch) >= 0


@kernel
def hold_gesture(
    arena: int, links: int, command: Any, side: int, terms: tuple[int, int, int]
) -> None:
    """Say that a gesture waits for a confirm; nothing of it is kept.

    Parameters
    ----------
    terms : (int, int, int)
        Total and what of it would be open (quantity units), and limit (price units).
    """
    total, leaves, price = terms
    instrument = integer(command["instrument"])
    report = blank_report(arena, ReportType.HELD, instrument)
    report["status"] = OrderStatus.HELD
    report["reason"] = Reason.MEANING_CHANGED
    report["side"] = side
    report["order_type"] = command["order_type"]
    report["options"] = command["options"]
    report["client_order_id"] = command["client_order_id"]
    report["quantity"] = total
    report["leaves"] = leaves
    report["price"] = price
    report["strategy"] = command["strategy"]
    report["time_in_force"] = command["time_in_force"]
    report["last_price"] = touch_price(arena, instrument, -side)
    send(arena, links)


@kernel
def new_fault(arena: int, command: Any) -> int:
    """Judge a new order by the instrument's rules, then by the risk checks."""
    fault = order_fault(arena, command)
    if fault != Reason.NONE:
        return integer(fault)
    quantity = _capped(arena, command)
    fault = _size_fault(arena, command, quantity)
    if fault != Reason.NONE:
        return integer(fault)
    prepare_new(arena, command, quantity)
    reason = judge(arena)
    if reason == Reason.NONE:
        reason = integer(value_fault(arena, integer(command["instrument"])))
    return reason


@kernel
def take_terms(order: Any, check: Any) -> None:
    """Give a new order what the check has made of its command."""
    order["quantity"] = check["total"]
    order["leaves"] = check["total"]
    order["protection_ticks"] = check["ticks"]
    if check["is_exit"]:
        order["options"] = integer(order["options"]) | REDUCE_ONLY


@kernel
def _accepted(arena: int, command: Any) -> int:
    """Make the order that was judged; 0 if there is no room for it."""
    index = new_order(arena, command)
    if index == 0:
        return 0
    order, check = orders(arena)[index], checks(arena)[0]
    take_terms(order, check)
    if check["is_exit"]:
        if check["price"] != NO_PRICE and order["order_type"] == OrderType.MARKET:
            # Even the touch is beyond the collar: wait at the collar's price.
            order["order_type"] = OrderType.LIMIT
            order["price"] = check["price"]
    else:
        note_order(arena, check)
    recount(arena, index)
    refresh_exposure(arena, integer(order["instrument"]))
    return index


@kernel
def command_new(arena: int, links: int, command: Any) -> None:
    """Action.NEW."""
    forget_findings(arena)
    reason = new_fault(arena, command)
    if reason != Reason.NONE:
        refuse(arena, links, command, reason)
        _dismiss_exits(arena, links, command)
        return
    side, price = integer(command["side"]), integer(command["price"])
    if means_other(arena, command, side, price):
        quantity = integer(command["quantity"])
        hold_gesture(arena, links, command, side, (quantity, quantity, price))
        return
    index = _accepted(arena, command)
    if index == 0:
        refuse(arena, links, command, integer(Reason.POOL_FULL))
        _dismiss_exits(arena, links, command)
        return
    note_message(arena)
    tell_order(arena, links, index, integer(ReportType.PENDING_NEW))
    call_link(arena, links, Link.VENUE_SUBMIT, index)


@kernel
def _dismiss_exits(arena: int, links: int, command: Any) -> None:
    """Cancel the exits, sent before it, of a bracket whose entry was refused (28)."""
    instrument = integer(command["instrument"])
    known = 0 <= instrument < engine(arena)[0]["instruments"]
    if command["role"] != GroupRole.BRACKET_ENTRY or not known:
        return
    index = next_working(arena, instrument, integer(0))
    while index:
        following = next_working(arena, instrument, index)
        order = orders(arena)[index]
        waits = is_sized_by_entry(integer(order["role"])) and order["filled"] == 0
        asked = order["status"] == OrderStatus.PENDING_CANCEL
        if waits and not asked and order["group"] == command["group"]:
            request_cancel(arena, links, index, integer(Reason.GROUP))
        index = still_working(arena, instrument, following)


@kernel
def owned_order(arena: int, command: Any) -> int:
    """Order that a command names; a strategy names its own only. 0 if there is none."""
    index = find_order(arena, command["client_order_id"])
    strategy = command["strategy"]
    if index and strategy > 0 and orders(arena)[index]["strategy"] != strategy:
        return 0
    return index


@kernel
def request_cancel(arena: int, links: int, index: int, reason: int) -> None:
    """Ask the venue to cancel a working order.

    Parameters
    ----------
    reason : int
        Reason of the end; NONE for a user's cancel.
    """
    ask_cancel(arena, index, reason)
    note_message(arena)
    tell_order(arena, links, index, integer(ReportType.PENDING_CANCEL))
    call_link(arena, links, Link.VENUE_CANCEL, index)


@kernel
def asked_reason(command: Any) -> int:
    """Reason of what a cancel ends: STRATEGY for a strategy's, NONE for a user's."""
    asks = command["strategy"] > 0
    return integer(Reason.STRATEGY) if asks else integer(Reason.NONE)


@kernel
def command_cancel(arena: int, links: int, command: Any) -> None:
    """Action.CANCEL: passes in every state (52)."""
    forget_findings(arena)
    index = owned_order(arena, command)
    if index and not is_ended(orders(arena)[index]["status"]):
        request_cancel(arena, links, index, asked_reason(command))
        return
    reason = integer(Reason.ORDER_ENDED) if index else integer(Reason.UNKNOWN_ORDER)
    kind = integer(ReportType.CANCEL_REJECTED)
    refuse_request(arena, links, command, index, reason, kind)


@kernel
def next_working(arena: int, instrument: int, index: int) -> int:
    """Working order after this one, or the first after 0; 0 at the end."""
    if index == 0:
        return integer(working(arena)[instrument]["first"])
    return integer(orders(arena)[index]["next"])


@kernel
def still_working(arena: int, instrument: int, index: int) -> int:
    """Return an order if it still works; if a call ended it, start again: 0 at the end.

    Every walk that calls the venue leaves alone what it dealt with before, so that
    starting again ends.
    """
    if index == 0:
        return 0
    order = orders(arena)[index]
    if not is_ended(order["status"]) and order["instrument"] == instrument:
        return index
    return integer(working(arena)[instrument]["first"])
