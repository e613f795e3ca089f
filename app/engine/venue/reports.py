"""Reports of the simulated venue: filled in, sent on their way, delivered.

A report leaves at the venue's time and reaches the gate after the report latency. It
waits in the PENDING record that carries it, so delivering one copies nothing.
"""

from typing import Any

from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.conditional.groups import (
    await_entry,
    awaits_entry,
    end_condition,
    note_fill,
)
from app.engine.conditional.state import Wait, condition
from app.engine.links import Link, call_link
from app.engine.memory import record_address, words
from app.engine.records import (
    NO_PRICE,
    REPORT,
    EventKind,
    OrderStatus,
    Reason,
    ReportType,
)
from app.engine.reports import copy_terms
from app.engine.venue.fees import charge
from app.engine.venue.impact import book_impact
from app.engine.venue.latency import delivery_time
from app.engine.venue.levels import leave_queue, refill
from app.engine.venue.pending import merged, new_pending, release, without_first
from app.engine.venue.state import (
    Message,
    Stage,
    pending,
    venue,
    venue_instruments,
    venue_orders,
)

_WORDS = REPORT.itemsize // 8
FAR = 2**62
"""Beyond every price: where a trailing stop stands until it has seen a price."""


@kernel
def _begun(arena: int, index: int, waiting: int, report_type: int) -> Any:
    """Begin the report in a PENDING record: where an order stands."""
    order = venue_orders(arena)[index]
    report = pending(arena)[waiting]["report"]
    words(record_address(report), _WORDS)[:] = 0
    report["ts_venue"] = venue(arena)[0]["at"]
    report["ts_received"] = pending(arena)[waiting]["time"]
    copy_terms(report, order)
    report["kind"] = EventKind.REPORT
    report["report"] = report_type
    report["stop_price"] = shown_stop(order)
    report["status"] = _status(arena, order)
    return report


@kernel
def _status(arena: int, order: Any) -> int:
    """Status of an order that still works, or is filled."""
    if order["stage"] == Stage.ENDED:
        return OrderStatus.FILLED
    if order["stage"] == Stage.WAITING:
        wait = condition(arena, order["condition"])["wait"]
        if wait == Wait.TRIGGER:
            return OrderStatus.INACTIVE
        if wait == Wait.ENTRY or wait == Wait.HOURS:
            return OrderStatus.HELD
    if order["filled"]:
        return OrderStatus.PARTIALLY_FILLED
    return OrderStatus.TRIGGERED if order["triggered_ts"] else OrderStatus.NEW


@kernel
def shown_stop(order: Any) -> int:
    """Stop price of an order as reports tell it: none while no price was seen yet."""
    stop = integer(order["stop_price"])
    return integer(NO_PRICE) if abs(stop) == FAR else stop


@kernel
def _send(arena: int, links: int, waiting: int) -> None:
    """Put a finished report on its way; without room it is delivered at once."""
    if waiting:
        state = venue(arena)[0]
        state["deliveries"] = merged(arena, state["deliveries"], waiting)
        return
    venue(arena)[0]["overflows"] += 1
    report = pending(arena)[0]["report"]
    call_link(arena, links, Link.GATE_REPORT, record_address(report))
    book_impact(arena, links, waiting)


@kernel
def _new_report(arena: int, index: int) -> int:
    """PENDING record of a report that the venue sends now."""
    order = venue_orders(arena)[index]
    at = venue(arena)[0]["at"]
    due = delivery_time(arena, order["instrument"], at)
    order["report_latency"] = due - at
    return new_pending(arena, due, Message.REPORT, index)


@kernel
def tell(arena: int, links: int, index: int, report_type: int, reason: int) -> None:
    """Send a report of where an order stands."""
    waiting = _new_report(arena, index)
    report = _begun(arena, index, waiting, report_type)
    report["reason"] = reason
    _send(arena, links, waiting)


@kernel
def finish(arena: int, index: int) -> None:
    """End an order: nothing waits for it or with it any more."""
    order = venue_orders(arena)[index]
    leave_queue(arena, index)
    order["stage"], order["leaves"] = Stage.ENDED, 0
    if order["condition"]:
        end_condition(arena, order["condition"])
        order["condition"] = 0


@kernel
def end(arena: int, links: int, index: int, report_type: int, reason: int) -> None:
    """End an order that is not filled, and report it."""
    finish(arena, index)
    waiting = _new_report(arena, index)
    report = _begun(arena, index, waiting, report_type)
    report["reason"] = reason
    if report_type == ReportType.REJECTED:
        report["status"] = OrderStatus.REJECTED
    elif report_type == ReportType.EXPIRED:
        report["status"] = OrderStatus.EXPIRED
    else:
        report["status"] = OrderStatus.CANCELLED
    _send(arena, links, waiting)


@kernel
def fall_asleep(arena: int, index: int) -> None:
    """Let a bracket's exit with nothing to close wait for more of its entry (28)."""
    order = venue_orders(arena)[index]
    leave_queue(arena, index)
    order["stage"], order["leaves"] = Stage.WAITING, 0
    await_entry(arena, order["condition"])


@kernel
def displayed_part(arena: int, order: Any) -> int:
    """What of a resting order stands in the queue; of an iceberg its peak."""
    if order["condition"] == 0:
        return integer(order["leaves"])
    return order["leaves"] - condition(arena, order["condition"])["hidden"]


@kernel
def _note_fill(arena: int, index: int, quantity: int) -> None:
    """Let a fill act on the order's group, and on its own place."""
    order = venue_orders(arena)[index]
    mine = order["condition"]
    if mine:
        note_fill(arena, mine, quantity)
    if order["leaves"] == 0:
        if mine and awaits_entry(arena, mine):
            fall_asleep(arena, index)
        else:
            finish(arena, index)
        return
    if mine == 0:
        return
    row = condition(arena, mine)
    if row["hidden"] and row["hidden"] >= order["leaves"]:
        row["hidden"] = max(order["leaves"] - row["display"], 0)
        if order["level"]:
            order["peaks"] += 1
            refill(arena, index)


@kernel
def fill(
    arena: int, links: int, index: int, price: int, quantity: int, role: int
) -> None:
    """Fill an order: its account, its fee, its report; one filled whole ends.

    Parameters
    ----------
    role : int
        +1 maker, -1 taker.
    """
    order = venue_orders(arena)[index]
    instrument = order["instrument"]
    order["filled"] += quantity
    order["leaves"] -= quantity
    fee = charge(arena, instrument, order, (price, quantity, role))
    order["fee"] += fee
    venue_instruments(arena)[instrument]["fills"] += 1
    _note_fill(arena, index, quantity)
    waiting = _new_report(arena, index)
    report = _begun(arena, index, waiting, ReportType.FILL)
    report["flags"] = venue(arena)[0]["flags"]
    report["reason"] = Reason.NONE
    report["last_price"], report["last_quantity"] = price, quantity
    report["fee"], report["liquidity"] = fee, role
    _pay_impact(arena, order, waiting)
    _send(arena, links, waiting)


@kernel
def _pay_impact(arena: int, order: Any, waiting: int) -> None:
    """Let the money that the fill pays for its impact travel with its report."""
    state = venue(arena)[0]
    order["impact"] += state["impact"]
    pending(arena)[waiting]["impact"] = state["impact"]
    state["impact"] = 0


@kernel
def deliver(arena: int, links: int, now: int) -> int:
    """Hand the gate every report that is due by `now`; returns how many."""
    count = 0
    state = venue(arena)[0]
    while True:
        first = state["deliveries"]
        if first == 0 or pending(arena)[first]["time"] > now:
            return count
        state["deliveries"] = without_first(arena, first)
        report = pending(arena)[first]["report"]
        call_link(arena, links, Link.GATE_REPORT, record_address(report))
        book_impact(arena, links, first)
        release(arena, first)
        count += 1
