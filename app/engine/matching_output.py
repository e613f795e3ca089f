"""What the matching engine tells: reports to owners, order-by-order market data.

Records are appended to MATCH_REPORTS and MATCH_MARKET, where the driver takes them and
calls `clear_outputs`; what nobody wants (MATCHING `outputs`) is not written. A match is
one ORDER_EXECUTE, which is its trade as well. A replace that loses its place is an
ORDER_CANCEL and an ORDER_ADD under the same reference; one that keeps it is an
ORDER_MODIFY. A report's `sequence` is its owner's account until the driver
numbers it.
"""

from typing import Any, Final

from app.engine.arena import CAPACITY, LIVE, USED, Section, section_words
from app.engine.bits import integer
from app.engine.compile import inlined, kernel
from app.engine.matching_state import (
    PRICE_BOUND,
    Output,
    market_record,
    match_report,
    matching,
)
from app.engine.records import (
    NO_PRICE,
    EventKind,
    OrderStatus,
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


@kernel
def outputs_have_room(arena: int) -> bool:
    """Whether whatever one more command causes can be written."""
    worst = section_words(arena, Section.MATCH_ORDERS)[LIVE] + 4
    reports = section_words(arena, Section.MATCH_REPORTS)
    market = section_words(arena, Section.MATCH_MARKET)
    return (
        reports[CAPACITY] - reports[USED] >= 2 * worst
        and market[CAPACITY] - market[USED] >= worst
    )


@inlined
def wants(arena: int, output: int) -> bool:
    """Whether the driver takes this kind of output."""
    return matching(arena)["outputs"] & output != 0


@kernel
def _next_report(arena: int) -> Any:
    entry = section_words(arena, Section.MATCH_REPORTS)
    record = match_report(arena, entry[USED])
    entry[USED] += 1
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
    record["group"] = order["group"]
    record["time_in_force"] = order["time_in_force"]
    record["sequence"] = order["account"]
    return record


@inlined
def working_status(order: Any) -> int:
    """Status of an accepted order that has not been ended otherwise."""
    if order["leaves"] == 0:
        return integer(OrderStatus.FILLED)
    if order["leaves"] < order["quantity"]:
        return integer(OrderStatus.PARTIALLY_FILLED)
    return integer(OrderStatus.NEW)


@inlined
def report_working(arena: int, order: Any, kind: int, reason: int, limit: int) -> None:
    """Tell the owner of an order that goes on, or is complete."""
    if wants(arena, _REPORTS):
        _report_order(arena, order, kind, working_status(order), reason, limit)


@inlined
def report_cancelled(arena: int, order: Any, reason: int, limit: int) -> None:
    """Tell the owner that the rest was withdrawn; leaves are zero from here on."""
    if wants(arena, _REPORTS):
        kind, status = integer(ReportType.CANCELLED), integer(OrderStatus.CANCELLED)
        record = _report_order(arena, order, kind, status, reason, limit)
        record["leaves"] = 0


@inlined
def report_fill(
    arena: int, order: Any, price: int, quantity: int, limit: int, liquidity: int
) -> None:
    """Tell the owner of one fill; `liquidity` is +1 for the maker, -1 for the taker."""
    if wants(arena, _REPORTS):
        kind, status = integer(ReportType.FILL), working_status(order)
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
    now = matching(arena)["now"]
    entry = section_words(arena, Section.MATCH_MARKET)
    record = market_record(arena, entry[USED])
    entry[USED] += 1
    record["ts_venue"] = now
    record["ts_received"] = now
    record["sequence"] = 0
    record["instrument"] = order["instrument"]
    record["kind"] = kind
    record["source"] = 0
    record["flags"] = 0
    record["price"] = price
    record["size"] = size
    record["reference"] = order["venue_order_id"]
    record["count"] = 0
    record["side"] = order["side"]
    record["aggressor"] = aggressor
    record["conditions"] = 0


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
