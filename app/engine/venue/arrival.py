"""What happens when a request of ours reaches the venue.

The order is the report: NEW first, then fills, then what becomes of the rest. What the
venue does not offer is rejected by name (`CAPABILITIES`).
"""

from typing import Final

from app.engine.book_levels import best_price
from app.engine.book_state import books
from app.engine.compile import kernel
from app.engine.instruments import step_price
from app.engine.records import (
    NO_PRICE,
    OrderOption,
    OrderType,
    Reason,
    ReportType,
    SessionState,
    TimeInForce,
)
from app.engine.state import engine, instruments, orders
from app.engine.venue.bars import bar_refusal, fills_from_bars, wait_for_bar
from app.engine.venue.levels import join_queue, leave_queue, venue_book
from app.engine.venue.reduce_only import closable, cut, is_reduce_only
from app.engine.venue.reports import end, tell
from app.engine.venue.state import Stage, pending, venue, venue_orders
from app.engine.venue.sweep import (
    fill_beyond_depth,
    fillable,
    is_matched,
    meets_own,
    sweep,
)

CAPABILITIES: Final = {
    OrderType.MARKET: (
        TimeInForce.DAY,
        TimeInForce.GTC,
        TimeInForce.IOC,
        TimeInForce.FOK,
    ),
    OrderType.LIMIT: (
        TimeInForce.DAY,
        TimeInForce.GTC,
        TimeInForce.IOC,
        TimeInForce.FOK,
    ),
}
"""What the venue holds natively (SEMANTICS 27): times in force by order type."""

_TYPES: Final = 1 + max(OrderType)
_TIMES: Final = tuple(
    sum(1 << time for time in CAPABILITIES.get(OrderType(each), ())) if each else 0
    for each in range(_TYPES)
)


@kernel
def is_supported(order_type: int, time_in_force: int, display_quantity: int) -> bool:
    """Whether the venue offers this kind of order."""
    if not 0 <= order_type < _TYPES or display_quantity != 0:
        return False
    return (_TIMES[order_type] >> time_in_force) & 1 == 1


@kernel
def _protection_price(arena: int, index: int, touch: int) -> int:
    """Worst price of a market order: n steps from the touch; NO_PRICE = no bound."""
    order = venue_orders(arena)[index]
    ticks = order["protection_ticks"]
    if ticks < 0:
        ticks = instruments(arena)[order["instrument"]]["protection_ticks"]
    if ticks < 0:
        return NO_PRICE
    return step_price(arena, order["instrument"], touch, ticks, order["side"])


@kernel
def _would_cross(arena: int, index: int, limit: int) -> bool:
    """Whether a limit would trade at once, with the market or with one of ours."""
    order = venue_orders(arena)[index]
    instrument, side = order["instrument"], order["side"]
    touch = best_price(arena, venue_book(arena, instrument), -side)
    if touch != NO_PRICE and side * (limit - touch) >= 0:
        return True
    return meets_own(arena, instrument, side, limit)


@kernel
def _session_refusal(arena: int, index: int) -> int:
    """Why an order that cannot wait is refused while nothing is matched."""
    order = venue_orders(arena)[index]
    book = venue_book(arena, order["instrument"])
    session = books(arena)[book]["session"]
    if session in (SessionState.UNKNOWN, SessionState.OPEN):
        return Reason.NONE
    at_once = order["time_in_force"] in (TimeInForce.IOC, TimeInForce.FOK)
    if order["order_type"] == OrderType.MARKET or at_once:
        return Reason.CLOSED if session == SessionState.CLOSED else Reason.HALTED
    return Reason.NONE


@kernel
def _refusal(arena: int, index: int) -> int:
    """Why an arriving order is rejected; sets a market order's protection price."""
    order = venue_orders(arena)[index]
    instrument = order["instrument"]
    if fills_from_bars(arena, instrument):
        return bar_refusal(arena, index)
    book = venue_book(arena, instrument)
    if book == 0:
        return Reason.UNKNOWN_INSTRUMENT
    source = orders(arena)[index]
    if not is_supported(
        order["order_type"], order["time_in_force"], source["display_quantity"]
    ):
        return Reason.UNSUPPORTED
    if is_reduce_only(arena, index) and closable(arena, index) == 0:
        return Reason.NOT_REDUCING
    refusal = _session_refusal(arena, index)
    if refusal != Reason.NONE:
        return refusal
    if order["order_type"] == OrderType.MARKET:
        touch = best_price(arena, book, -order["side"])
        if touch == NO_PRICE:
            return Reason.NO_OPPOSITE_SIDE
        order["price"] = _protection_price(arena, index, touch)
        return Reason.NONE
    post_only = order["options"] & OrderOption.POST_ONLY
    if post_only and _would_cross(arena, index, order["price"]):
        return Reason.POST_ONLY_WOULD_CROSS
    return Reason.NONE


@kernel
def submit_arrived(arena: int, links: int, index: int) -> None:
    """Accept or reject an order, let it take what it can, and rest or end it."""
    order = venue_orders(arena)[index]
    order["arrived_ts"] = venue(arena)[0]["at"]
    refusal = _refusal(arena, index)
    if refusal != Reason.NONE:
        end(arena, links, index, ReportType.REJECTED, refusal)
        return
    session = engine(arena)[0]
    session["next_venue_order_id"] += 1
    order["venue_order_id"] = session["next_venue_order_id"]
    tell(arena, links, index, ReportType.NEW, Reason.NONE)
    if is_reduce_only(arena, index):
        cut(arena, links, index)
    from_bars = fills_from_bars(arena, order["instrument"])
    if order["time_in_force"] == TimeInForce.FOK and not from_bars:
        whole = is_matched(arena, order["instrument"]) and (
            fillable(arena, index, order["leaves"]) == order["leaves"]
        )
        if not whole:
            reason = Reason.FOK_NOT_FILLABLE
            end(arena, links, index, ReportType.CANCELLED, reason)
            return
    _match_and_rest(arena, links, index)


@kernel
def _match_and_rest(arena: int, links: int, index: int) -> None:
    """Take what is there; the rest waits, or ends with the reason why."""
    order = venue_orders(arena)[index]
    if fills_from_bars(arena, order["instrument"]):
        wait_for_bar(arena, links, index)
        return
    own = False
    if is_matched(arena, order["instrument"]):
        last = sweep(arena, links, index)
        # The rest of a market order is a limit, also when it is replaced (rule 17).
        is_new = order["arrived_ts"] == venue(arena)[0]["at"]
        if is_new and order["order_type"] == OrderType.MARKET:
            fill_beyond_depth(arena, links, index, last)
        own = meets_own(arena, order["instrument"], order["side"], order["price"])
    if order["leaves"] == 0:
        return
    if own:
        end(arena, links, index, ReportType.CANCELLED, Reason.SELF_MATCH)
    elif order["time_in_force"] == TimeInForce.IOC:
        end(arena, links, index, ReportType.CANCELLED, Reason.IOC_REMAINDER)
    elif order["price"] == NO_PRICE:
        # A market order without a bound has nowhere to wait.
        end(arena, links, index, ReportType.CANCELLED, Reason.NO_OPPOSITE_SIDE)
    elif not join_queue(arena, index):
        end(arena, links, index, ReportType.CANCELLED, Reason.POOL_FULL)


@kernel
def cancel_arrived(arena: int, links: int, index: int) -> None:
    """Cancel a resting order."""
    if venue_orders(arena)[index]["stage"] == Stage.RESTING:
        end(arena, links, index, ReportType.CANCELLED, Reason.USER)
    else:
        reason = Reason.ORDER_ENDED
        tell(arena, links, index, ReportType.CANCEL_REJECTED, reason)


@kernel
def replace_arrived(arena: int, links: int, waiting: int) -> None:
    """Give a resting order the total and the limit of a PENDING record.

    A smaller total at the same price keeps the place (SEMANTICS 16); at or below what
    is filled it ends the order as FILLED (15).
    """
    request = pending(arena)[waiting]
    index = request["order"]
    order = venue_orders(arena)[index]
    quantity = request["quantity"] or order["quantity"]
    price = order["price"] if request["price"] == NO_PRICE else request["price"]
    if order["stage"] != Stage.RESTING:
        reason = Reason.ORDER_ENDED
        tell(arena, links, index, ReportType.REPLACE_REJECTED, reason)
        return
    moved = price != order["price"]
    post_only = order["options"] & OrderOption.POST_ONLY
    if moved and post_only and _would_cross(arena, index, price):
        reason = Reason.POST_ONLY_WOULD_CROSS
        tell(arena, links, index, ReportType.REPLACE_REJECTED, reason)
        return
    if quantity <= order["filled"]:
        leave_queue(arena, index)
        order["stage"], order["quantity"] = Stage.ENDED, order["filled"]
        order["leaves"], order["price"] = 0, price
        tell(arena, links, index, ReportType.REPLACED, Reason.NONE)
        return
    keeps_place = not moved and quantity <= order["quantity"]
    if not keeps_place:
        leave_queue(arena, index)
        order["decided_ts"] = request["decided_ts"]
    order["price"], order["quantity"] = price, quantity
    order["leaves"] = quantity - order["filled"]
    tell(arena, links, index, ReportType.REPLACED, Reason.NONE)
    if not keeps_place:
        _match_and_rest(arena, links, index)
