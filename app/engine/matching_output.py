"""What the matching engine tells: reports to owners, order-by-order market data.

Records are appended to MATCH_REPORTS and MATCH_MARKET, where the driver takes them and
calls `clear_outputs`; what nobody wants (MATCHING `outputs`) is not written. A match is
one ORDER_EXECUTE, which is its trade as well. A replace that loses its place is an
ORDER_CANCEL and an ORDER_ADD under the same reference; one that keeps it is an
ORDER_MODIFY; an iceberg's refill is an ORDER_ADD. Only what is displayed is published.
A report's `sequence` is its owner's account until the driver numbers it.

Reports of changes that nobody asked for are REPLACED with a Reason: GROUP, TRAILED,
NOT_REDUCING, or CLOSED where hours begin or end.
"""

from typing import Any, Final

from app.engine.arena import CAPACITY, USED, Section, section_words
from app.engine.bits import integer
from app.engine.compile import inlined, kernel, rare
from app.engine.conditional.groups import awaits_entry
from app.engine.conditional.state import Wait, condition
from app.engine.matching_state import (
    FAR,
    PRICE_BOUND,
    Output,
    market_record,
    match_report,
    matching,
)
from app.engine.rare import out_of_line
from app.engine.records import (
    NO_PRICE,
    EventKind,
    OrderStatus,
    OrderType,
    RecordFlag,
    ReportType,
)

# numba takes IntEnum for an integer, but not IntFlag.
_REPORTS: Final = int(Output.REPORTS)
_MARKET: Final = int(Output.MARKET)
_LAST: Final = int(RecordFlag.LAST)


@kernel
def clear_outputs(arena: int) -> None:
    """Forget what was written; the next record comes at index 1."""
    section_words(arena, Section.MATCH_REPORTS)[USED] = 1
    section_words(arena, Section.MATCH_MARKET)[USED] = 1


@inlined
def outputs_have_room(arena: int) -> bool:
    """Whether whatever one more command causes can be written."""
    state = matching(arena)
    reports = section_words(arena, Section.MATCH_REPORTS)[USED]
    market = section_words(arena, Section.MATCH_MARKET)[USED]
    return reports <= state["reports_until"] and market <= state["market_until"]


@inlined
def wants(arena: int, output: int) -> bool:
    """Whether the driver takes this kind of output."""
    return matching(arena)["outputs"] & output != 0


@kernel
def _place(arena: int, which: int) -> int:
    """Index for the next output; the last one again, and counted, if there is none."""
    entry = section_words(arena, which)
    if entry[USED] >= entry[CAPACITY]:
        matching(arena)["lost"] += 1
        return entry[CAPACITY] - 1
    entry[USED] += 1
    return entry[USED] - 1


@kernel
def _next_report(arena: int) -> Any:
    record = match_report(arena, _place(arena, Section.MATCH_REPORTS))
    now = matching(arena)["now"]
    record["ts_venue"] = now
    record["ts_received"] = now
    record["kind"] = EventKind.REPORT
    record["source"] = 0
    record["flags"] = 0
    record["stop_price"] = NO_PRICE
    record["last_price"] = NO_PRICE
    record["last_quantity"] = 0
    record["fee"] = 0
    record["strategy"] = 0
    record["liquidity"] = 0
    return record


@kernel
def _report_order(
    arena: int, order: Any, kind: int, status: int, reason: int, limit: int
) -> Any:
    record = _next_report(arena)
    record["instrument"] = order["instrument"]
    record["report"] = kind
    record["status"] = status
    record["side"] = order["side"]
    record["order_type"] = order["order_type"]
    record["reason"] = reason
    record["options"] = order["options"]
    record["client_order_id"] = order["client_order_id"]
    record["venue_order_id"] = order["venue_order_id"]
    record["quantity"] = order["quantity"]
    record["filled"] = order["quantity"] - order["leaves"]
    record["leaves"] = order["leaves"]
    record["price"] = limit if abs(limit) < PRICE_BOUND else NO_PRICE
    record["group"] = 0
    record["strategy"] = order["strategy"]
    record["time_in_force"] = order["time_in_force"]
    record["sequence"] = order["account"]
    if order["condition"]:
        _add_condition(arena, record, integer(order["condition"]))
    return record


@rare
def _add_condition(arena: int, record: Any, index: int) -> None:
    """Complete a report with what a plain order has not."""
    out_of_line()
    row = condition(arena, index)
    record["filled"] -= row["hidden"]
    record["leaves"] += row["hidden"]
    far = abs(row["stop_price"]) == FAR
    record["stop_price"] = NO_PRICE if far else row["stop_price"]
    record["group"] = row["group_number"]


@inlined
def working_status(arena: int, order: Any) -> int:
    """Status of an accepted order that has not been ended otherwise."""
    if order["condition"]:
        return conditional_status(arena, order)
    return plain_status(order)


@inlined
def plain_status(order: Any) -> int:
    """`working_status` of an order without a condition."""
    if order["leaves"] == 0:
        return integer(OrderStatus.FILLED)
    if order["leaves"] < order["quantity"]:
        return integer(OrderStatus.PARTIALLY_FILLED)
    return integer(OrderStatus.NEW)


@rare
def conditional_status(arena: int, order: Any) -> int:
    """`working_status` of an order with a condition: it may wait."""
    out_of_line()
    index = integer(order["condition"])
    row = condition(arena, index)
    wait = row["wait"]
    if wait == Wait.ENTRY or wait == Wait.HOURS:
        return integer(OrderStatus.HELD)
    if order["order_type"] >= OrderType.STOP and row["triggered"] == 0:
        return integer(OrderStatus.INACTIVE)
    left = order["leaves"] + row["hidden"]
    if left == 0:
        # A bracket's exit that closed all may grow again.
        if awaits_entry(arena, index):
            return integer(OrderStatus.HELD)
        return integer(OrderStatus.FILLED)
    if left < order["quantity"]:
        return integer(OrderStatus.PARTIALLY_FILLED)
    return integer(OrderStatus.NEW)


@inlined
def report_working(arena: int, order: Any, kind: int, reason: int, limit: int) -> None:
    """Tell the owner of an order that goes on, or is complete."""
    if wants(arena, _REPORTS):
        status = working_status(arena, order)
        _report_order(arena, order, kind, status, reason, limit)


@inlined
def report_cancelled(arena: int, order: Any, reason: int, limit: int) -> None:
    """Tell the owner that the rest was withdrawn; leaves are zero from here on."""
    if wants(arena, _REPORTS):
        kind, status = integer(ReportType.CANCELLED), integer(OrderStatus.CANCELLED)
        record = _report_order(arena, order, kind, status, reason, limit)
        record["leaves"] = 0


@rare
def report_with_status(
    arena: int, order: Any, kind: int, status: int, reason: int, limit: int
) -> Any:
    """Tell the owner of an order that it has this status now."""
    out_of_line()
    if wants(arena, _REPORTS):
        record = _report_order(arena, order, kind, status, reason, limit)
        if status == OrderStatus.CANCELLED or status == OrderStatus.EXPIRED:
            record["leaves"] = 0


@inlined
def report_fill(
    arena: int, order: Any, price: int, quantity: int, limit: int, liquidity: int
) -> None:
    """Tell the owner of one fill; `liquidity` is +1 for the maker, -1 for the taker."""
    if wants(arena, _REPORTS):
        kind, status = integer(ReportType.FILL), working_status(arena, order)
        record = _report_order(arena, order, kind, status, 0, limit)
        record["last_price"] = price
        record["last_quantity"] = quantity
        record["liquidity"] = liquidity


@inlined
def report_refused(arena: int, command: Any, kind: int, reason: int) -> None:
    """Answer a command that changed nothing."""
    if wants(arena, _REPORTS):
        _report_command(arena, command, kind, reason)


@kernel
def _report_command(arena: int, command: Any, kind: int, reason: int) -> None:
    record = _next_report(arena)
    record["instrument"] = command["instrument"]
    record["report"] = kind
    rejected = kind == ReportType.REJECTED
    record["status"] = OrderStatus.REJECTED if rejected else OrderStatus.NONE
    record["side"] = command["side"]
    record["order_type"] = command["order_type"]
    record["reason"] = reason
    record["options"] = command["options"]
    record["client_order_id"] = command["client_order_id"]
    record["venue_order_id"] = 0
    record["quantity"] = command["quantity"]
    record["filled"] = 0
    record["leaves"] = 0
    record["price"] = command["price"]
    record["group"] = command["group"]
    record["time_in_force"] = command["time_in_force"]
    record["sequence"] = command["account"]


@inlined
def publish(
    arena: int, order: Any, kind: int, price: int, size: int, aggressor: int
) -> None:
    """Append one market record about a resting order."""
    if wants(arena, _MARKET):
        _publish(arena, order, kind, price, size, aggressor)


@kernel
def _publish(
    arena: int, order: Any, kind: int, price: int, size: int, aggressor: int
) -> None:
    record = _next_market(arena, integer(order["instrument"]), kind)
    record["price"] = price
    record["size"] = size
    record["reference"] = order["venue_order_id"]
    record["side"] = order["side"]
    record["aggressor"] = aggressor


@kernel
def blank_market(arena: int, record: Any, instrument: int, kind: int) -> None:
    """Begin a MARKET record of now that is about no order and no price yet."""
    now = matching(arena)["now"]
    record["ts_venue"] = now
    record["ts_received"] = now
    record["sequence"] = 0
    record["instrument"] = instrument
    record["kind"] = kind
    record["source"] = 0
    record["flags"] = 0
    record["price"] = NO_PRICE
    record["size"] = 0
    record["reference"] = 0
    record["count"] = 0
    record["side"] = 0
    record["aggressor"] = 0
    record["conditions"] = 0


@kernel
def _next_market(arena: int, instrument: int, kind: int) -> Any:
    record = market_record(arena, _place(arena, Section.MATCH_MARKET))
    blank_market(arena, record, instrument, kind)
    return record


@rare
def publish_session(arena: int, instrument: int, session: int, flags: int) -> None:
    """Append that an instrument's session is another now; `flags` are SessionFlag."""
    out_of_line()
    if wants(arena, _MARKET):
        record = _next_market(arena, instrument, integer(EventKind.SESSION))
        record["count"], record["reference"] = session, flags


@rare
def publish_print(arena: int, instrument: int, price: int, conditions: int) -> None:
    """Append an auction's trade; `complete_print` gives it its size."""
    out_of_line()
    if wants(arena, _MARKET):
        record = _next_market(arena, instrument, integer(EventKind.TRADE))
        record["price"], record["conditions"] = price, conditions


@rare
def complete_print(arena: int, mark: int, size: int) -> None:
    """Give the print that was written at a `market_mark` its size."""
    out_of_line()
    if wants(arena, _MARKET):
        market_record(arena, mark)["size"] = size


@inlined
def end_event(arena: int, before: int) -> None:
    """Mark the last market record of a command, if it wrote any after `before`."""
    used = section_words(arena, Section.MATCH_MARKET)[USED]
    if used > before:
        market_record(arena, used - 1)["flags"] = _LAST


@inlined
def market_mark(arena: int) -> int:
    """Where market records of the command in hand begin."""
    return section_words(arena, Section.MATCH_MARKET)[USED]
