"""An order of ours meets the book: what it takes, and where the rest waits.

Arriving orders come here, triggered stops, orders whose hours have begun, exits whose
entry was filled, and orders that lost their place by a replace.
"""

from app.engine.bits import integer
from app.engine.book_levels import best_price
from app.engine.compile import kernel
from app.engine.conditional.capabilities import has_limit, is_immediate
from app.engine.conditional.state import condition
from app.engine.instruments import step_price
from app.engine.records import (
    NO_PRICE,
    OrderType,
    Reason,
    ReportType,
    TimeInForce,
)
from app.engine.state import instruments
from app.engine.venue.bars import fills_from_bars, wait_for_bar
from app.engine.venue.levels import join_queue, venue_book
from app.engine.venue.reports import end
from app.engine.venue.state import venue_orders
from app.engine.venue.sweep import (
    fill_beyond_depth,
    fillable,
    is_matched,
    meets_own,
    sweep,
)


@kernel
def is_at_once(order_type: int, time_in_force: int) -> bool:
    """Whether an order cannot wait in the book as it is."""
    return order_type == OrderType.MARKET or is_immediate(time_in_force)


@kernel
def protect_from(arena: int, index: int, price: int) -> None:
    """Bound an order n steps from a price: the touch (17) or its stop (22)."""
    order = venue_orders(arena)[index]
    ticks = order["protection_ticks"]
    if ticks < 0:
        ticks = instruments(arena)[order["instrument"]]["protection_ticks"]
    order["price"] = integer(NO_PRICE)
    if ticks >= 0:
        order["price"] = step_price(
            arena, order["instrument"], price, ticks, order["side"]
        )


@kernel
def touch_of(arena: int, index: int) -> int:
    """Best price that an order could take; NO_PRICE = none."""
    order = venue_orders(arena)[index]
    return best_price(arena, venue_book(arena, order["instrument"]), -order["side"])


@kernel
def would_cross(arena: int, index: int, limit: int) -> bool:
    """Whether a limit would trade at once, with the market or with one of ours.

    Bars show no book: there the first open that it meets tells.
    """
    order = venue_orders(arena)[index]
    instrument, side = order["instrument"], order["side"]
    if fills_from_bars(arena, instrument):
        return False
    touch = touch_of(arena, index)
    if touch != NO_PRICE and side * (limit - touch) >= 0:
        return True
    return meets_own(arena, instrument, side, limit)


@kernel
def _is_filled_whole(arena: int, index: int) -> bool:
    """Whether all of an order can be had now (FOK)."""
    order = venue_orders(arena)[index]
    whole = order["leaves"]
    return is_matched(arena, order["instrument"]) and (
        fillable(arena, index, whole) == whole
    )


@kernel
def meet_book(arena: int, links: int, index: int, is_new: bool) -> None:
    """Let an order take what it can; the rest waits, or ends with the reason why.

    Parameters
    ----------
    is_new : bool
        It has just begun to work, so an order without a limit reaches beyond a depth
        that is cut off (36). The rest of a market order is a limit (17).
    """
    order = venue_orders(arena)[index]
    instrument, force = order["instrument"], order["time_in_force"]
    if fills_from_bars(arena, instrument):
        wait_for_bar(arena, links, index)
        return
    if force == TimeInForce.FOK and not _is_filled_whole(arena, index):
        reason = integer(Reason.FOK_NOT_FILLABLE)
        end(arena, links, index, ReportType.CANCELLED, reason)
        return
    own = False
    if is_matched(arena, instrument):
        last = sweep(arena, links, index)
        if is_new and not has_limit(order["order_type"]):
            fill_beyond_depth(arena, links, index, last)
        own = meets_own(arena, instrument, order["side"], order["price"])
    if order["leaves"] == 0:
        return
    if own:
        end(arena, links, index, ReportType.CANCELLED, Reason.SELF_MATCH)
    elif force == TimeInForce.IOC:
        end(arena, links, index, ReportType.CANCELLED, Reason.IOC_REMAINDER)
    elif order["price"] == NO_PRICE:
        # A market order without a bound has nowhere to wait.
        end(arena, links, index, ReportType.CANCELLED, Reason.NO_OPPOSITE_SIDE)
    else:
        rest(arena, links, index)


@kernel
def rest(arena: int, links: int, index: int) -> None:
    """Let what is left of an order wait in the queue of its price."""
    order = venue_orders(arena)[index]
    if not join_queue(arena, index):
        end(arena, links, index, ReportType.CANCELLED, Reason.POOL_FULL)
        return
    if order["condition"]:
        row = condition(arena, order["condition"])
        peak = row["display"] or order["leaves"]
        row["hidden"] = max(order["leaves"] - peak, 0)
