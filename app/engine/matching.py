"""The matching engine: price-time priority (SEMANTICS 14-29, 41).

`match` acts on one COMMAND: NEW, CANCEL or REPLACE of an order, or SET_SESSION. What a
command would change is judged before anything is changed (matching_rules), so a refused
one leaves no trace. An arriving order takes its slot first, trades with the best of the
other side as far as its limit reaches, and what is left joins its queue
(matching_trade, matching_queue). Nothing is allocated; both sides share the code.

A plain order, a market or limit order that is GTC, IOC or FOK, goes a way inlined into
`match`. What is rare is called: orders that wait, are hidden, grouped, end at a time or
only reduce (matching_special, matching_change), what follows of them (matching_steps),
sessions and auctions (matching_session, matching_auction).
"""

from typing import Any

from app.engine.bits import integer
from app.engine.compile import inlined, rare
from app.engine.matching_change import replace_special
from app.engine.matching_ids import find_order, key_hash
from app.engine.matching_orders import begin_order, end_with
from app.engine.matching_output import (
    end_event,
    market_mark,
    publish,
    report_cancelled,
    report_refused,
    report_working,
)
from app.engine.matching_queue import leave
from app.engine.matching_rules import (
    is_plain,
    limit_of,
    malformed,
    names_instrument,
    protected_limit,
    refusal,
    replace_refusal,
)
from app.engine.matching_session import set_session
from app.engine.matching_special import new_special
from app.engine.matching_state import (
    match_level,
    match_order,
    match_side,
    matching,
    side_index,
)
from app.engine.matching_steps import settle
from app.engine.matching_trade import arrive, end_resting
from app.engine.rare import out_of_line
from app.engine.records import (
    NO_PRICE,
    Action,
    EventKind,
    OrderType,
    Reason,
    ReportType,
)


@inlined
def _is_regular(arena: int, instrument: int, side: int) -> bool:
    """Whether plain orders are matched as they come."""
    return match_side(arena, side_index(instrument, side))["session"] == 0


@inlined
def _new(arena: int, command: Any) -> int:
    reason = integer(Reason.UNKNOWN_INSTRUMENT)
    if names_instrument(arena, command):
        instrument, side = integer(command["instrument"]), integer(command["side"])
        matching(arena)["touched"] = instrument
        if not is_plain(command) or not _is_regular(arena, instrument, side):
            return new_special(arena, command)
        reason = malformed(command)
    if reason == Reason.NONE:
        limit = limit_of(arena, command)
        hashed = key_hash(integer(command["account"]), command["client_order_id"])
        reason = refusal(arena, command, limit, hashed)
        if reason == Reason.NONE:
            index = begin_order(arena, command, hashed)
            kind = integer(ReportType.NEW)
            report_working(arena, match_order(arena, index), kind, reason, limit)
            arrive(arena, index, limit)
            return reason
    report_refused(arena, command, integer(ReportType.REJECTED), reason)
    return reason


@inlined
def withdraw(arena: int, index: int, reason: int) -> None:
    """Cancel a working order."""
    order = match_order(arena, index)
    if order["condition"]:
        end_with(arena, index, integer(ReportType.CANCELLED), reason)
        return
    price = match_level(arena, order["level"])["price"]
    kind = integer(EventKind.ORDER_CANCEL)
    publish(arena, order, kind, price, order["leaves"], 0)
    report_cancelled(arena, order, reason, price)
    end_resting(arena, index)


@inlined
def _cancel(arena: int, command: Any) -> int:
    account = integer(command["account"])
    index = find_order(arena, account, command["client_order_id"])
    if index == 0:
        kind, reason = integer(ReportType.CANCEL_REJECTED), Reason.UNKNOWN_ORDER
        report_refused(arena, command, kind, integer(reason))
        return integer(reason)
    matching(arena)["touched"] = match_order(arena, index)["instrument"]
    withdraw(arena, index, integer(Reason.USER))
    return integer(Reason.NONE)


@rare
def _replace(arena: int, command: Any) -> int:
    out_of_line()
    account = integer(command["account"])
    index = find_order(arena, account, command["client_order_id"])
    if index == 0:
        reason = integer(Reason.UNKNOWN_ORDER)
        kind = integer(ReportType.REPLACE_REJECTED)
        report_refused(arena, command, kind, reason)
        return reason
    order = match_order(arena, index)
    instrument, side = integer(order["instrument"]), integer(order["side"])
    matching(arena)["touched"] = instrument
    if order["condition"] or not _is_regular(arena, instrument, side):
        return replace_special(arena, command, index)
    old = match_level(arena, order["level"])["price"]
    kind, limit = _new_terms(arena, command, order, old)
    quantity = command["quantity"]
    if quantity == 0:
        quantity = order["quantity"]
    reason = replace_refusal(arena, command, order, kind, limit, quantity)
    if reason != Reason.NONE:
        rejected = integer(ReportType.REPLACE_REJECTED)
        report_working(arena, order, rejected, reason, old)
        return reason
    keeps = limit == old and kind == order["order_type"]
    order["order_type"] = kind
    if quantity <= order["quantity"] - order["leaves"]:
        _fill_up(arena, index, old)
    elif keeps and quantity <= order["quantity"]:
        _shrink(arena, order, quantity, old)
    else:
        _move(arena, index, quantity, limit)
    return reason


@inlined
def _new_terms(arena: int, command: Any, order: Any, old: int) -> tuple[int, int]:
    """Type and limit that a replace asks for; see `protected_limit`."""
    kind = integer(command["order_type"])
    if kind == 0:
        kind = integer(order["order_type"])
    if command["price"] != NO_PRICE:
        return kind, command["price"]
    if kind == OrderType.MARKET and order["order_type"] != OrderType.MARKET:
        instrument, side = integer(order["instrument"]), integer(order["side"])
        ticks = integer(command["protection_ticks"])
        return kind, protected_limit(arena, instrument, side, ticks)
    return kind, old


@rare
def _fill_up(arena: int, index: int, price: int) -> None:
    """End an order whose new total is not above what it has filled (rule 15)."""
    out_of_line()
    order = match_order(arena, index)
    left = order["leaves"]
    publish(arena, order, integer(EventKind.ORDER_CANCEL), price, left, 0)
    end_resting(arena, index)
    # The record keeps its bytes until the pool gives it out again, but for the link.
    order["quantity"] -= left
    order["leaves"] = 0
    report_working(
        arena, order, integer(ReportType.REPLACED), integer(Reason.NONE), price
    )


@inlined
def _shrink(arena: int, order: Any, quantity: int, price: int) -> None:
    """Reduce an order in its place (rule 16)."""
    less = order["quantity"] - quantity
    order["quantity"] = quantity
    order["leaves"] -= less
    match_level(arena, order["level"])["size"] -= less
    if less:
        kind = integer(EventKind.ORDER_MODIFY)
        publish(arena, order, kind, price, order["leaves"], 0)
    report_working(
        arena, order, integer(ReportType.REPLACED), integer(Reason.NONE), price
    )


@rare
def _move(arena: int, index: int, quantity: int, limit: int) -> None:
    """Send an order to the back of a queue, as if it arrived now."""
    out_of_line()
    order = match_order(arena, index)
    price = match_level(arena, order["level"])["price"]
    kind = integer(EventKind.ORDER_CANCEL)
    publish(arena, order, kind, price, order["leaves"], 0)
    leave(arena, index)
    order["leaves"] += quantity - order["quantity"]
    order["quantity"] = quantity
    report_working(
        arena, order, integer(ReportType.REPLACED), integer(Reason.NONE), limit
    )
    arrive(arena, index, limit)


@rare
def _other(arena: int, command: Any) -> int:
    """Act on a command that is about no order; return a Reason."""
    out_of_line()
    if command["action"] == Action.SET_SESSION:
        instrument = integer(command["instrument"])
        return set_session(arena, instrument, command["value"])
    reason = integer(Reason.UNSUPPORTED)
    report_refused(arena, command, integer(ReportType.REJECTED), reason)
    return reason


@inlined
def match(arena: int, command: Any) -> int:
    """Act on one COMMAND; what it causes is written as MATCHING `outputs` says.

    Returns
    -------
    int
        records.Reason why it was refused; 0 if it was acted on.
    """
    action = command["action"]
    before = market_mark(arena)
    if action == Action.NEW:
        reason = _new(arena, command)
    elif action == Action.CANCEL:
        reason = _cancel(arena, command)
    elif action == Action.REPLACE:
        reason = _replace(arena, command)
    else:
        reason = _other(arena, command)
    if matching(arena)["conditions"]:
        settle(arena)
    end_event(arena, before)
    return reason
