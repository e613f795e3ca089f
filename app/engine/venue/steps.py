"""What the simulated venue does for each step of the waiting room (conditional/steps).

A stop triggers or moves, an exit begins, grows or ends with its group, an order's time
runs out, or its hours begin. What follows from a step is lined up behind it.
"""

from app.engine.bits import integer
from app.engine.compile import inlined, kernel, rare
from app.engine.conditional.capabilities import (
    has_limit,
    is_stop,
)
from app.engine.conditional.queues import stop_waiting
from app.engine.conditional.state import (
    Step,
    Wait,
    condition,
    order_of,
)
from app.engine.conditional.steps import has_steps, next_step
from app.engine.conditional.triggers import (
    watch,
)
from app.engine.rare import out_of_line
from app.engine.records import (
    NO_PRICE,
    OrderOption,
    OrderType,
    Reason,
    ReportType,
)
from app.engine.state import orders
from app.engine.venue.entering import (
    meet_book,
    protect_from,
    would_cross,
)
from app.engine.venue.levels import leave_queue
from app.engine.venue.reports import FAR, end, fall_asleep, finish, tell
from app.engine.venue.state import (
    Stage,
    venue,
    venue_orders,
)
from app.engine.venue.waiting import (
    begin_trail,
    begin_work,
    bound_market,
    find_wait,
    keep_peak,
)


@kernel
def _triggered(arena: int, links: int, index: int) -> None:
    """Let a stop work: as a market order protected from its stop, or as a limit."""
    order = venue_orders(arena)[index]
    row = condition(arena, order["condition"])
    order["triggered_ts"] = venue(arena)[0]["at"]
    order["stop_price"] = row["stop_price"]
    if not has_limit(order["order_type"]):
        protect_from(arena, index, integer(row["stop_price"]))
    elif order["order_type"] == OrderType.TRAILING_STOP_LIMIT:
        order["price"] = row["stop_price"] + row["offset"]
    order["stage"] = Stage.IN_FLIGHT
    tell(arena, links, index, ReportType.TRIGGERED, Reason.NONE)
    meet_book(arena, links, index, True)


@kernel
def _moved(arena: int, links: int, index: int) -> None:
    """Tell where a trailing stop stands now."""
    order = venue_orders(arena)[index]
    row = condition(arena, order["condition"])
    if abs(order["stop_price"]) == FAR and order["price"] != NO_PRICE:
        row["offset"] = order["price"] - row["stop_price"]
    order["stop_price"] = row["stop_price"]
    if order["order_type"] == OrderType.TRAILING_STOP_LIMIT:
        order["price"] = row["stop_price"] + row["offset"]
    tell(arena, links, index, ReportType.REPLACED, Reason.TRAILED)


@kernel
def _resized(arena: int, links: int, index: int) -> None:
    """Give a group's exit the leaves that its condition says (28, 29)."""
    order = venue_orders(arena)[index]
    mine = integer(order["condition"])
    row = condition(arena, mine)
    before, after = integer(order["leaves"]), integer(row["leaves"])
    if before == after:
        return
    order["leaves"], order["quantity"] = after, order["filled"] + after
    group, replaced = integer(Reason.GROUP), integer(ReportType.REPLACED)
    if after == 0:
        fall_asleep(arena, index)
        tell(arena, links, index, replaced, group)
    elif row["wait"] == Wait.ENTRY:
        _activated(arena, links, index)
    elif order["stage"] == Stage.RESTING and after > before:
        leave_queue(arena, index)
        tell(arena, links, index, replaced, group)
        meet_book(arena, links, index, False)
    else:
        keep_peak(arena, index)
        tell(arena, links, index, replaced, group)


@kernel
def _activated(arena: int, links: int, index: int) -> None:
    """Let a bracket's exit, now sized, begin to work: a stop waits anew."""
    order = venue_orders(arena)[index]
    stop_waiting(arena, order["condition"])
    order["triggered_ts"] = 0
    if is_stop(order["order_type"]) and not has_limit(order["order_type"]):
        order["price"] = integer(NO_PRICE)
    if condition(arena, order["condition"])["trail"]:
        source = orders(arena)[index]
        condition(arena, order["condition"])["stop_price"] = source["stop_price"]
        begin_trail(arena, index)
    waits = find_wait(arena, index)
    tell(arena, links, index, ReportType.REPLACED, Reason.GROUP)
    if not waits:
        begin_work(arena, links, index)


@kernel
def _released(arena: int, links: int, index: int) -> None:
    """Let an order that was held for its hours begin, or wait for what comes next."""
    order = venue_orders(arena)[index]
    stop_waiting(arena, order["condition"])
    if is_stop(order["order_type"]) and order["triggered_ts"] == 0:
        # It waits for the first price of its hours, not for one before them.
        order["stage"] = Stage.WAITING
        if not watch(arena, order["condition"]):
            end(arena, links, index, ReportType.CANCELLED, Reason.POOL_FULL)
            return
        tell(arena, links, index, ReportType.REPLACED, Reason.CLOSED)
        return
    if find_wait(arena, index):
        return
    post_only = order["options"] & OrderOption.POST_ONLY
    if post_only and would_cross(arena, index, order["price"]):
        reason = integer(Reason.POST_ONLY_WOULD_CROSS)
        end(arena, links, index, ReportType.CANCELLED, reason)
        return
    bound_market(arena, index)
    tell(arena, links, index, ReportType.REPLACED, Reason.CLOSED)
    begin_work(arena, links, index)


@kernel
def _dismissed(arena: int, links: int, index: int, reason: int) -> None:
    """End an order for its group; an exit that closed all there was is filled."""
    order = venue_orders(arena)[index]
    sleeps = condition(arena, order["condition"])["wait"] == Wait.ENTRY
    if sleeps and order["filled"]:
        order["quantity"] = order["filled"]
        finish(arena, index)
        tell(arena, links, index, ReportType.REPLACED, reason)
    else:
        end(arena, links, index, ReportType.CANCELLED, reason)


@inlined
def perform_steps(arena: int, links: int) -> None:
    """Do what is lined up, and what follows from it, until there is nothing left."""
    if has_steps(arena):
        _perform(arena, links)


@rare
def _perform(arena: int, links: int) -> None:
    """Take one step after another."""
    out_of_line()
    while has_steps(arena):
        step, mine, reason = next_step(arena)
        if step == Step.NONE:
            return
        index = order_of(arena, mine)
        if step == Step.TRIGGER:
            _triggered(arena, links, index)
        elif step == Step.MOVED:
            _moved(arena, links, index)
        elif step == Step.ACTIVATE or step == Step.RESIZE:
            _resized(arena, links, index)
        elif step == Step.CANCEL:
            _dismissed(arena, links, index, reason)
        elif step == Step.EXPIRE:
            end(arena, links, index, ReportType.EXPIRED, Reason.EXPIRED)
        elif step == Step.RELEASE:
            _released(arena, links, index)
