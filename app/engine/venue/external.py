"""An external venue: orders leave through a ring, reports come back through another.

The unit knows nothing of who reads the ring; in paper mode it is the built-in exchange.
Fees are ours to work out, as a venue's reports carry none: the same fee models as the
simulated venue's.
"""

from app.engine.arena import Section, section
from app.engine.bits import integer
from app.engine.book import book_market
from app.engine.book_state import book_orders, find_order as find_book_order
from app.engine.compile import entry, kernel
from app.engine.id_map import id_map
from app.engine.links import Link, call_link, linked
from app.engine.memory import record_address, view, words
from app.engine.records import (
    COMMAND,
    NO_PRICE,
    REPORT,
    Action,
    EventKind,
    Reason,
    ReportType,
)
from app.engine.reports import copy_terms
from app.engine.ring import ring_claim, ring_publish, ring_push
from app.engine.state import engine, instruments, orders
from app.engine.venue.fees import fill_fee

_NOT_SENT = -1
_COMMAND_WORDS = COMMAND.itemsize // 8

replies = section(Section.EXTERNAL_VENUE, REPORT)

LAYOUT = {Section.EXTERNAL_VENUE: (REPORT, 1)}
"""Sections of a session whose venue is external."""

find_order, _, _ = id_map(
    Section.ORDER_BUCKETS, Section.ORDERS, orders, "client_order_id"
)


@kernel
def _send(arena: int, links: int, index: int, action: int) -> int:
    """Put a request about an order into the venue's ring; `_NOT_SENT` if it is full."""
    address = ring_claim(linked(links, Link.ORDERS_OUT))
    if address == 0:
        return _NOT_SENT
    order = orders(arena)[index]
    session = engine(arena)[0]
    command = view(address, 1, COMMAND)[0]
    command["ts_venue"] = 0
    command["ts_received"] = session["now"]
    command["sequence"] = session["event"]
    command["instrument"] = order["instrument"]
    command["kind"] = EventKind.COMMAND
    command["source"] = 0
    command["flags"] = 0
    command["action"] = action
    command["side"] = order["side"]
    command["order_type"] = order["order_type"]
    command["time_in_force"] = order["time_in_force"]
    command["trigger"] = order["trigger"]
    command["role"] = order["role"]
    command["options"] = order["options"]
    command["client_order_id"] = order["client_order_id"]
    command["quantity"] = order["quantity"]
    command["price"] = order["price"]
    command["stop_price"] = order["stop_price"]
    command["display_quantity"] = order["display_quantity"]
    command["trail"] = order["trail"]
    command["expire_ts"] = order["expire_ts"]
    command["book_sequence"] = 0
    command["value"] = 0
    command["group"] = order["group"]
    command["strategy"] = order["strategy"]
    command["account"] = 0
    command["protection_ticks"] = order["protection_ticks"]
    if action == Action.REPLACE:
        command["quantity"] = order["new_quantity"]
        command["price"] = order["new_price"]
        command["stop_price"] = order["new_stop_price"]
        command["trail"] = order["new_trail"]
        command["options"] = order["new_options"]
    ring_publish(linked(links, Link.ORDERS_OUT))
    return 0


@kernel
def _refuse(arena: int, links: int, index: int, report_type: int) -> None:
    """Tell the gate that a request never left."""
    order = orders(arena)[index]
    session = engine(arena)[0]
    report = replies(arena)[0]
    report["ts_venue"] = session["now"]
    report["ts_received"] = session["now"]
    copy_terms(report, order)
    report["kind"] = EventKind.REPORT
    report["report"] = report_type
    report["reason"] = Reason.NOT_CONNECTED
    report["last_price"] = NO_PRICE
    report["last_quantity"] = 0
    report["fee"] = 0
    call_link(arena, links, Link.GATE_REPORT, record_address(report))


@entry
def external_submit(arena: int, links: int, index: int) -> int:
    """Send a new order (argument: index of the ORDER)."""
    if _send(arena, links, index, Action.NEW) == _NOT_SENT:
        _refuse(arena, links, index, ReportType.REJECTED)
    return 0


@entry
def external_cancel(arena: int, links: int, index: int) -> int:
    """Send a cancel (argument: index of the ORDER)."""
    if _send(arena, links, index, Action.CANCEL) == _NOT_SENT:
        _refuse(arena, links, index, ReportType.CANCEL_REJECTED)
    return 0


@entry
def external_replace(arena: int, links: int, index: int) -> int:
    """Send a replace (argument: index of the ORDER with its new_… fields)."""
    if _send(arena, links, index, Action.REPLACE) == _NOT_SENT:
        _refuse(arena, links, index, ReportType.REPLACE_REJECTED)
    return 0


@entry
def external_session(arena: int, links: int, instrument: int) -> int:
    """Tell a venue that follows our calendar what its session is (the instrument's)."""
    address = ring_claim(linked(links, Link.ORDERS_OUT))
    if address == 0:
        return _NOT_SENT
    words(address, _COMMAND_WORDS)[:] = 0
    command = view(address, 1, COMMAND)[0]
    command["ts_received"] = engine(arena)[0]["now"]
    command["kind"] = EventKind.COMMAND
    command["action"] = Action.SET_SESSION
    command["instrument"] = instrument
    command["value"] = instruments(arena)[instrument]["session"]
    ring_publish(linked(links, Link.ORDERS_OUT))
    return 0


@entry
def external_drill(arena: int, links: int, address: int) -> int:
    """Send a FIRE_DRILL on (argument: its address); 0 if the ring is full."""
    return int(ring_push(linked(links, Link.ORDERS_OUT), address))


@entry
def external_report(arena: int, links: int, address: int) -> int:
    """Price a venue's report (argument: its address) and hand it to the gate.

    What is about no order, a fire drill that begins or ends, is given out as it is.
    """
    report = view(address, 1, REPORT)[0]
    if report["report"] == ReportType.DRILL:
        return call_link(arena, links, Link.EMIT, address)
    index = find_order(arena, report["client_order_id"])
    if index and report["report"] == ReportType.FILL:
        report["fee"] = fill_fee(arena, index, report)
    return call_link(arena, links, Link.GATE_REPORT, address)


@entry
def external_queue(arena: int, links: int, index: int) -> int:
    """Size ahead of an order of ours (argument: its index), quantity units.

    Exact where the feed shows order by order and calls orders by the venue's ids;
    -1 where the order is not seen in the book.
    """
    order = orders(arena)[index]
    book = integer(instruments(arena)[order["instrument"]]["book"])
    here = find_book_order(arena, book, integer(order["venue_order_id"]))
    if here == 0:
        return -1
    every = book_orders(arena)
    ahead = 0
    here = integer(every[here]["previous"])
    while here:
        ahead += every[here]["size"]
        here = integer(every[here]["previous"])
    return ahead


LINKS = {
    Link.VENUE_SUBMIT: external_submit,
    Link.VENUE_CANCEL: external_cancel,
    Link.VENUE_REPLACE: external_replace,
    Link.VENUE_REPORT: external_report,
    Link.VENUE_DRILL: external_drill,
    Link.VENUE_QUEUE: external_queue,
    Link.VENUE_MARKET: book_market,
}
"""What a composer links of this unit; `external_session` besides, to a venue that has
no calendar of its own."""
