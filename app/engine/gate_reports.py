"""The reports that the gate writes: one scratch record, filled and given out.

`Link.EMIT` copies the record before anything else happens, so one is enough.
"""

from typing import Any

from app.engine.bits import integer
from app.engine.compile import kernel
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
from app.engine.risk_state import REASON_COUNT, checks, gate_reports, risk
from app.engine.state import engine, orders

_WORDS = REPORT.itemsize // 8


@kernel
def blank_report(arena: int, report_type: int, instrument: int) -> Any:
    """Begin a report of the gate's own."""
    report = gate_reports(arena)[0]
    words(record_address(report), _WORDS)[:] = 0
    now = engine(arena)[0]["now"]
    report["ts_venue"] = now
    report["ts_received"] = now
    report["instrument"] = instrument
    report["kind"] = EventKind.REPORT
    report["report"] = report_type
    report["price"] = NO_PRICE
    report["stop_price"] = NO_PRICE
    report["last_price"] = NO_PRICE
    return report


@kernel
def send(arena: int, links: int) -> None:
    """Give out the report in hand."""
    call_link(arena, links, Link.EMIT, record_address(gate_reports(arena)[0]))


@kernel
def order_report(arena: int, index: int, report_type: int) -> Any:
    """Begin a report that says where an order stands."""
    order = orders(arena)[index]
    report = blank_report(arena, report_type, integer(order["instrument"]))
    copy_terms(report, order)
    report["status"] = order["status"]
    return report


@kernel
def tell_order(arena: int, links: int, index: int, report_type: int) -> None:
    """Report where an order stands."""
    order_report(arena, index, report_type)
    send(arena, links)


@kernel
def count_reject(arena: int, reason: int) -> None:
    """Count a refusal by its reason."""
    if 0 < reason < REASON_COUNT:
        risk(arena)[0]["reject_counts"][reason] += 1


@kernel
def _found(arena: int, report: Any, reason: int) -> None:
    """Say which limit was broken: its value, the order's, and the bounding price."""
    check = checks(arena)[0]
    report["last_price"] = check["collar"]
    report["last_quantity"] = check["limit"]
    report["fee"] = check["stands"]
    report["reason"] = reason


@kernel
def refuse(arena: int, links: int, command: Any, reason: int) -> None:
    """Reject a command that has no order: a new one, or a SET_… of the gate.

    The check's `collar` is the price that would have been right, `limit` the limit's
    value and `stands` what the command would have made of it.
    """
    report = blank_report(arena, ReportType.REJECTED, integer(command["instrument"]))
    report["status"] = OrderStatus.REJECTED
    report["side"] = command["side"]
    report["order_type"] = command["order_type"]
    report["options"] = command["options"]
    report["client_order_id"] = command["client_order_id"]
    report["quantity"] = command["quantity"]
    report["price"] = command["price"]
    report["stop_price"] = command["stop_price"]
    report["group"] = command["group"]
    report["strategy"] = command["strategy"]
    report["time_in_force"] = command["time_in_force"]
    _found(arena, report, reason)
    count_reject(arena, reason)
    send(arena, links)


@kernel
def refuse_request(
    arena: int, links: int, command: Any, index: int, reason: int, report_type: int
) -> None:
    """Reject a cancel or replace; the order, if there is one (index), is as it was."""
    if index:
        report = order_report(arena, index, report_type)
    else:
        report = blank_report(arena, report_type, integer(command["instrument"]))
        report["client_order_id"] = command["client_order_id"]
        report["strategy"] = command["strategy"]
    _found(arena, report, reason)
    count_reject(arena, reason)
    send(arena, links)


@kernel
def forget_findings(arena: int) -> None:
    """Clear what the last check found."""
    check = checks(arena)[0]
    check["collar"] = NO_PRICE
    check["limit"] = 0
    check["stands"] = 0


@kernel
def pass_on(arena: int, links: int, index: int, venue: Any) -> None:
    """Report what a venue's report made of an order."""
    order = orders(arena)[index]
    report = order_report(arena, index, integer(venue["report"]))
    report["ts_venue"] = venue["ts_venue"]
    report["reason"] = venue["reason"]
    asked = order["end_reason"]
    if venue["report"] == ReportType.CANCELLED and asked != Reason.NONE:
        unexplained = venue["reason"] == Reason.NONE or venue["reason"] == Reason.USER
        if unexplained:
            report["reason"] = asked
    report["last_price"] = venue["last_price"]
    report["last_quantity"] = venue["last_quantity"]
    report["fee"] = venue["fee"]
    report["liquidity"] = venue["liquidity"]
    report["flags"] = venue["flags"]
    if report["reason"] != Reason.NONE and venue["report"] == ReportType.REJECTED:
        count_reject(arena, integer(venue["reason"]))
    send(arena, links)
