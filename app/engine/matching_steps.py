"""What was lined up is performed, until nothing is left (conditional.steps).

A triggered stop may trade, its trades trigger others, a fill wakes a bracket's exits:
each step is performed whole, stops see what it did to their prices, then comes the
next.
"""

from app.engine.bits import integer
from app.engine.compile import kernel, rare
from app.engine.conditional.capabilities import has_limit
from app.engine.conditional.queues import stop_waiting
from app.engine.conditional.state import Step, Wait, condition, order_of
from app.engine.conditional.steps import next_step
from app.engine.conditional.triggers import trailing_stop
from app.engine.instruments import step_price, valid_towards
from app.engine.matching_begin import begin, trigger_if_reached, work
from app.engine.matching_groups import cancel_member, resize_member
from app.engine.matching_orders import end_with, set_open
from app.engine.matching_output import report_with_status, report_working
from app.engine.matching_positions import closable, is_reduce_only
from app.engine.matching_prices import see_prices, trigger_price
from app.engine.matching_rules import is_price
from app.engine.matching_special import set_offset
from app.engine.matching_state import FAR, PRICE_BOUND, match_order, matching
from app.engine.rare import out_of_line
from app.engine.records import (
    NO_PRICE,
    OrderStatus,
    Reason,
    ReportType,
)
from app.engine.state import instruments


@kernel
def _triggered_limit(arena: int, here: int, index: int) -> int:
    """Limit of a stop that triggered: its own, or protected from its stop (22)."""
    order, row = match_order(arena, index), condition(arena, here)
    if row["limit"] != NO_PRICE:
        return row["limit"]
    instrument, side = integer(order["instrument"]), integer(order["side"])
    ticks = integer(row["protection_ticks"])
    if ticks < 0:
        ticks = integer(instruments(arena)[instrument]["protection_ticks"])
    if ticks < 0:
        return side * PRICE_BOUND
    limit = step_price(arena, instrument, integer(row["stop_price"]), ticks, side)
    if is_price(limit):
        return limit
    return valid_towards(arena, instrument, side * (PRICE_BOUND - 1), -side)


@rare
def _trigger(arena: int, here: int) -> None:
    """Make a stop a market order, or a limit order (22)."""
    out_of_line()
    index, row = order_of(arena, here), condition(arena, here)
    order = match_order(arena, index)
    if row["wait"] != Wait.NOTHING or row["triggered"]:
        # Its hours have ended since, or it waits for its entry again.
        return
    limit = _triggered_limit(arena, here, index)
    row["triggered"], row["limit"] = 1, limit
    kind, status = integer(ReportType.TRIGGERED), integer(OrderStatus.TRIGGERED)
    report_with_status(arena, order, kind, status, integer(Reason.NONE), limit)
    work(arena, index, limit)


@rare
def _tell_moved(arena: int, here: int, reason: int) -> None:
    """Tell that a trailing stop moved; a limit moves with it."""
    out_of_line()
    order, row = match_order(arena, order_of(arena, here)), condition(arena, here)
    if row["limit"] != NO_PRICE and row["offset"] == NO_PRICE:
        set_offset(row)
    elif row["limit"] != NO_PRICE:
        instrument, side = integer(order["instrument"]), integer(order["side"])
        wanted = row["stop_price"] + row["offset"]
        row["limit"] = valid_towards(arena, instrument, wanted, -side)
    kind = integer(ReportType.REPLACED)
    report_working(arena, order, kind, reason, row["limit"])


@kernel
def _restart_trail(arena: int, here: int) -> None:
    """Let a trailing stop that was afar, or has triggered before, begin where it is."""
    row = condition(arena, here)
    instrument, side = integer(row["instrument"]), integer(row["side"])
    price = trigger_price(arena, instrument, integer(row["trigger"]), side)
    begins = abs(row["stop_price"]) == FAR or row["triggered"]
    if price != NO_PRICE and begins:
        trail = integer(row["trail"])
        row["stop_price"] = trailing_stop(arena, instrument, side, price, trail)
        set_offset(row)


@rare
def _activate(arena: int, here: int, reason: int) -> None:
    """Let a bracket's exit close what of its entry was filled (28)."""
    out_of_line()
    index, row = order_of(arena, here), condition(arena, here)
    order = match_order(arena, index)
    left = integer(row["leaves"])
    if row["wait"] != Wait.ENTRY or left == 0:
        return
    if is_reduce_only(order):
        left = min(left, closable(arena, order))
    if left == 0:
        # What the entry opened closed something else: there is nothing to exit (20).
        kind, why = integer(ReportType.CANCELLED), integer(Reason.NOT_REDUCING)
        end_with(arena, index, kind, why)
        return
    stop_waiting(arena, here)
    if row["trail"]:
        _restart_trail(arena, here)
    row["triggered"] = 0
    if not has_limit(integer(order["order_type"])):
        row["limit"] = NO_PRICE
    set_open(arena, index, left)
    begin(arena, index, integer(ReportType.REPLACED), reason, integer(row["limit"]))
    if row["number"]:
        trigger_if_reached(arena, index, True)


@rare
def _release(arena: int, here: int) -> None:
    """Let an order whose hours have begun work."""
    out_of_line()
    index, row = order_of(arena, here), condition(arena, here)
    stop_waiting(arena, here)
    reason = integer(Reason.CLOSED)
    begin(arena, index, integer(ReportType.REPLACED), reason, integer(row["limit"]))
    if row["number"]:
        trigger_if_reached(arena, index, False)


@rare
def _perform(arena: int, step: int, here: int, reason: int) -> None:
    """Do one step."""
    out_of_line()
    if step == Step.TRIGGER:
        _trigger(arena, here)
    elif step == Step.MOVED:
        _tell_moved(arena, here, reason)
    elif step == Step.ACTIVATE:
        _activate(arena, here, reason)
    elif step == Step.RESIZE:
        resize_member(arena, here, reason)
    elif step == Step.CANCEL:
        cancel_member(arena, here, reason)
    elif step == Step.EXPIRE:
        kind = integer(ReportType.EXPIRED)
        end_with(arena, order_of(arena, here), kind, reason)
    elif step == Step.RELEASE:
        _release(arena, here)


@rare
def settle(arena: int) -> None:
    """Let stops see what the command in hand did, and perform all that follows."""
    out_of_line()
    see_prices(arena, integer(matching(arena)["touched"]))
    while True:
        step, here, reason = next_step(arena)
        if step == Step.NONE:
            return
        instrument = integer(condition(arena, here)["instrument"])
        _perform(arena, step, here, reason)
        see_prices(arena, instrument)
