"""What happens when a request of ours reaches the venue.

The order is the report: NEW first, then fills, then what becomes of the rest. What the
venue does not offer the gate refuses (capabilities.py).
"""

from typing import Any

from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.conditional.capabilities import (
    is_for_auction,
    is_immediate,
    is_stop,
    was_to_rest,
)
from app.engine.conditional.groups import comes_late, note_resize
from app.engine.conditional.queues import stop_waiting
from app.engine.conditional.state import Wait, condition
from app.engine.conditional.times import is_continuous, is_within_hours
from app.engine.conditional.triggers import is_reached, watch
from app.engine.records import (
    NO_PRICE,
    GroupRole,
    OrderOption,
    OrderType,
    Reason,
    ReportType,
)
from app.engine.state import engine, instruments, orders
from app.engine.venue.bars import fills_from_bars
from app.engine.venue.entering import (
    is_at_once,
    meet_book,
    touch_of,
    would_cross,
)
from app.engine.venue.levels import leave_queue, venue_book
from app.engine.venue.prices import price_now
from app.engine.venue.reduce_only import closable, cut, is_reduce_only
from app.engine.venue.reports import end, finish, tell
from app.engine.venue.state import Stage, pending, venue, venue_orders
from app.engine.venue.waiting import (
    begin_trail,
    begin_work,
    bound_market,
    find_wait,
    is_bracket_exit,
    keep_peak,
    need_condition,
    waits_off,
    works_outside_hours,
)


@kernel
def _session_refusal(arena: int, index: int) -> int:
    """Why an order that is judged at its arrival is refused: nothing is matched."""
    order = venue_orders(arena)[index]
    session = integer(instruments(arena)[order["instrument"]]["session"])
    force = order["time_in_force"]
    judged = is_at_once(order["order_type"], force) and not is_for_auction(force)
    if not judged or is_stop(order["order_type"]):
        return integer(Reason.NONE)
    if not is_within_hours(session, works_outside_hours(arena, index)):
        # A market order is held until its hours begin (24).
        return integer(Reason.CLOSED if is_immediate(force) else Reason.NONE)
    return integer(Reason.NONE if is_continuous(session) else Reason.HALTED)


@kernel
def _is_through(arena: int, index: int, stop: int) -> bool:
    """Whether a stop is already through the market, by its own trigger (22)."""
    order = venue_orders(arena)[index]
    if stop == NO_PRICE:
        return False
    return is_reached(order["side"], stop, price_now(arena, order["condition"]))


@kernel
def _refusal(arena: int, index: int) -> int:
    """Why an arriving order is rejected."""
    order, source = venue_orders(arena)[index], orders(arena)[index]
    from_bars = fills_from_bars(arena, order["instrument"])
    sleeps = is_bracket_exit(integer(source["role"]))
    if is_reduce_only(arena, index) and not sleeps and closable(arena, index) == 0:
        return integer(Reason.NOT_REDUCING)
    refusal = _session_refusal(arena, index)
    if refusal != Reason.NONE and not from_bars:
        return refusal
    if is_stop(order["order_type"]):
        if not sleeps and _is_through(arena, index, integer(order["stop_price"])):
            return integer(Reason.STOP_THROUGH_MARKET)
        return integer(Reason.NONE)
    if from_bars:
        # The first open will tell.
        return integer(Reason.NONE)
    if order["order_type"] == OrderType.MARKET:
        lacks = not waits_off(arena, index) and touch_of(arena, index) == NO_PRICE
        return integer(Reason.NO_OPPOSITE_SIDE if lacks else Reason.NONE)
    meant = was_to_rest(integer(order["options"]))
    rests = meant or order["options"] & OrderOption.POST_ONLY
    if rests and not sleeps and would_cross(arena, index, order["price"]):
        refusal = Reason.MEANING_CHANGED if meant else Reason.POST_ONLY_WOULD_CROSS
        return integer(refusal)
    return integer(Reason.NONE)


@kernel
def _comes_late(arena: int, index: int) -> bool:
    """Whether an entry arrives when another of its OCO was filled (29)."""
    source = orders(arena)[index]
    role = integer(source["role"])
    if role != GroupRole.OCO_ENTRY and role != GroupRole.BRACKET_ENTRY:
        return False
    account, number = integer(source["account"]), integer(source["group"])
    return comes_late(arena, account, role, number)


@kernel
def submit_arrived(arena: int, links: int, index: int) -> None:
    """Accept or reject an order, let it wait, or take what it can and rest."""
    order = venue_orders(arena)[index]
    order["arrived_ts"] = venue(arena)[0]["at"]
    if venue_book(arena, integer(order["instrument"])) == 0:
        refusal = integer(Reason.UNKNOWN_INSTRUMENT)
    elif not need_condition(arena, index):
        refusal = integer(Reason.POOL_FULL)
    else:
        refusal = _refusal(arena, index)
    if refusal != Reason.NONE:
        end(arena, links, index, ReportType.REJECTED, refusal)
        return
    session = engine(arena)[0]
    session["next_venue_order_id"] += 1
    order["venue_order_id"] = session["next_venue_order_id"]
    if _comes_late(arena, index):
        end(arena, links, index, ReportType.CANCELLED, Reason.GROUP)
        return
    if is_stop(order["order_type"]) and condition(arena, order["condition"])["trail"]:
        begin_trail(arena, index)
    waits = find_wait(arena, index)
    if not waits:
        bound_market(arena, index)
    tell(arena, links, index, ReportType.NEW, Reason.NONE)
    if is_reduce_only(arena, index) and order["leaves"]:
        cut(arena, links, index)
    if not waits and order["stage"] != Stage.ENDED:
        begin_work(arena, links, index)


@kernel
def cancel_arrived(arena: int, links: int, index: int) -> None:
    """Cancel a resting or waiting order."""
    stage = venue_orders(arena)[index]["stage"]
    if stage == Stage.RESTING or stage == Stage.WAITING:
        end(arena, links, index, ReportType.CANCELLED, Reason.USER)
    else:
        reason = Reason.ORDER_ENDED
        tell(arena, links, index, ReportType.CANCEL_REJECTED, reason)


@kernel
def _replace_refusal(
    arena: int, index: int, price: int, stop: int, options: int
) -> int:
    """Why an order cannot have another limit or another stop; it stays as it was.

    Parameters
    ----------
    options : int
        OrderOption bits of the gesture that chose the limit.
    """
    order = venue_orders(arena)[index]
    stage = order["stage"]
    if stage != Stage.RESTING and stage != Stage.WAITING:
        return integer(Reason.ORDER_ENDED)
    watches = stage == Stage.WAITING and (
        condition(arena, order["condition"])["wait"] == Wait.TRIGGER
    )
    passed = order["triggered_ts"] or (watches and _is_through(arena, index, stop))
    if stop != order["stop_price"] and passed:
        return integer(Reason.STOP_THROUGH_MARKET)
    meant = was_to_rest(options)
    rests = meant or order["options"] & OrderOption.POST_ONLY
    moves = stage == Stage.RESTING and price != order["price"]
    if moves and rests and would_cross(arena, index, price):
        refusal = Reason.MEANING_CHANGED if meant else Reason.POST_ONLY_WOULD_CROSS
        return integer(refusal)
    return integer(Reason.NONE)


@kernel
def _place_stop(arena: int, index: int, request: Any, stop: int) -> None:
    """Give a waiting order another stop, and another distance to follow at."""
    order = venue_orders(arena)[index]
    row = condition(arena, order["condition"])
    watches = row["wait"] == Wait.TRIGGER
    if watches:
        stop_waiting(arena, order["condition"])
    row["stop_price"] = stop
    if row["trail"] and request["trail"]:
        row["trail"] = request["trail"]
        orders(arena)[index]["trail"] = request["trail"]
        if request["stop_price"] == NO_PRICE:
            row["stop_price"] = integer(NO_PRICE)
            begin_trail(arena, index)
    order["stop_price"] = row["stop_price"]
    if row["trail"] and order["price"] != NO_PRICE:
        row["offset"] = order["price"] - row["stop_price"]
    if watches:
        # It left a place on the shelf, so there is room for its new one.
        watch(arena, order["condition"])


@kernel
def _end_replaced(arena: int, links: int, index: int, price: int) -> None:
    """End an order whose new total is filled already (15)."""
    order = venue_orders(arena)[index]
    finish(arena, index)
    order["quantity"], order["price"] = order["filled"], price
    tell(arena, links, index, ReportType.REPLACED, Reason.NONE)


@kernel
def replace_arrived(arena: int, links: int, waiting: int) -> None:
    """Give an order the total, the limit and the stop of a PENDING record.

    A smaller total at the same price keeps the place (SEMANTICS 16); at or below what
    is filled it ends the order as FILLED (15). A bracket's exit that waits for its
    entry takes new prices alone: its size is the entry's.
    """
    request = pending(arena)[waiting]
    index = request["order"]
    order = venue_orders(arena)[index]
    mine = integer(order["condition"])
    sleeps = mine != 0 and condition(arena, mine)["wait"] == Wait.ENTRY
    quantity = integer(request["quantity"])
    if quantity == 0 or sleeps:
        quantity = integer(order["quantity"])
    price, stop = integer(order["price"]), integer(order["stop_price"])
    price = price if request["price"] == NO_PRICE else integer(request["price"])
    stop = stop if request["stop_price"] == NO_PRICE else integer(request["stop_price"])
    refusal = _replace_refusal(arena, index, price, stop, integer(request["options"]))
    if refusal != Reason.NONE:
        tell(arena, links, index, ReportType.REPLACE_REJECTED, refusal)
        return
    if quantity <= order["filled"] and not sleeps:
        _end_replaced(arena, links, index, price)
        return
    waits = order["stage"] == Stage.WAITING
    keeps_place = price == order["price"] and quantity <= order["quantity"]
    if not keeps_place:
        order["decided_ts"] = request["decided_ts"]
        if not waits:
            leave_queue(arena, index)
    order["price"], order["quantity"] = price, quantity
    order["leaves"] = quantity - order["filled"]
    if waits:
        _place_stop(arena, index, request, stop)
    if mine:
        keep_peak(arena, index)
        if not sleeps:
            note_resize(arena, mine, integer(order["leaves"]))
    tell(arena, links, index, ReportType.REPLACED, Reason.NONE)
    if not keeps_place and not waits:
        meet_book(arena, links, index, False)
