"""Requests of the gate on their way to the simulated venue.

A request meets the book at decision + order latency (SEMANTICS 10); the venue begins
its own account of an order when it is sent.
"""

from typing import Final

from app.engine.arena import USED, section_words
from app.engine.compile import kernel
from app.engine.memory import record_address
from app.engine.prefetch import prefetch
from app.engine.records import (
    Reason,
    ReportType,
)
from app.engine.state import engine, instruments, orders
from app.engine.venue.latency import arrival_time
from app.engine.venue.pending import merged, new_pending
from app.engine.venue.reports import end, tell
from app.engine.venue.state import (
    VENUE_ORDER,
    Message,
    Stage,
    pending,
    venue,
    venue_orders,
)

_ORDER_BYTES: Final = VENUE_ORDER.itemsize
_LINE: Final = 64
"""Bytes of a cache line."""


@kernel
def begin_order(arena: int, index: int) -> None:
    """Begin the venue's own account of an order."""
    source, order = orders(arena)[index], venue_orders(arena)[index]
    order["client_order_id"] = source["client_order_id"]
    order["venue_order_id"] = 0
    order["stage"] = Stage.IN_FLIGHT
    order["instrument"] = source["instrument"]
    order["side"] = source["side"]
    order["order_type"] = source["order_type"]
    order["time_in_force"] = source["time_in_force"]
    order["options"] = source["options"]
    order["protection_ticks"] = source["protection_ticks"]
    order["group"], order["strategy"] = source["group"], source["strategy"]
    order["price"], order["stop_price"] = source["price"], source["stop_price"]
    order["quantity"], order["filled"] = source["quantity"], 0
    order["leaves"], order["fee"] = source["quantity"], 0
    fee = instruments(arena)[order["instrument"]]["fee_per_order"]
    order["fee_unbounded"], order["traded"] = fee, 0
    order["level"], order["next"], order["previous"] = 0, 0, 0
    order["ahead"], order["ahead_before"], order["priority"] = 0.0, -1.0, 0
    order["sent_ts"], order["arrived_ts"] = engine(arena)[0]["now"], 0
    order["ahead_at_arrival"], order["traded_at_price"] = 0, 0
    order["traded_ahead"], order["cancelled_ahead"] = 0.0, 0.0
    order["beyond_depth"], order["report_latency"] = 0, 0
    order["decided_ts"], order["met_ts"] = order["sent_ts"], 0
    order["condition"], order["impact"] = 0, 0
    order["peaks"], order["triggered_ts"] = 0, 0
    order["target_share"] = source["target_share"]
    # The next order most likely has the row behind, long out of every cache.
    behind = record_address(order) + _ORDER_BYTES
    for line in range(0, _ORDER_BYTES, _LINE):
        prefetch(behind + line)


@kernel
def use_up_to(arena: int, which: int, index: int) -> None:
    """Count a record of a table as used, for snapshots."""
    entry_words = section_words(arena, which)
    entry_words[USED] = max(entry_words[USED], index + 1)


@kernel
def send_request(arena: int, links: int, index: int, message: int) -> None:
    """Send a request on its way; without room it is refused at once."""
    order, source = venue_orders(arena)[index], orders(arena)[index]
    due = arrival_time(arena, order["instrument"], engine(arena)[0]["now"])
    waiting = new_pending(arena, due, message, index)
    if waiting == 0:
        venue(arena)[0]["at"] = engine(arena)[0]["now"]
        if message == Message.SUBMIT:
            end(arena, links, index, ReportType.REJECTED, Reason.POOL_FULL)
        elif message == Message.CANCEL:
            tell(arena, links, index, ReportType.CANCEL_REJECTED, Reason.POOL_FULL)
        else:
            tell(arena, links, index, ReportType.REPLACE_REJECTED, Reason.POOL_FULL)
        return
    record = pending(arena)[waiting]
    record["client_order_id"] = order["client_order_id"]
    record["decided_ts"] = engine(arena)[0]["now"]
    record["quantity"] = source["new_quantity"]
    record["price"] = source["new_price"]
    record["stop_price"] = source["new_stop_price"]
    record["trail"] = source["new_trail"]
    record["options"] = source["new_options"]
    state = venue(arena)[0]
    state["arrivals"] = merged(arena, state["arrivals"], waiting)
