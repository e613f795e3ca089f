"""Corporate actions at the simulated venue: its orders follow the gate's (rule 46).

Before the record acts, every report on its way is delivered, for it speaks of the old
quantities; a split empties the book, whose prices are of yesterday's share. Then the
gate changes each order and asks for `adjust`: the venue takes the new terms over and
lets the order join the back of its new price; what has nothing left is cancelled.
"""

from typing import Any, Final

from app.engine.arena import USED, Section, section_words
from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.conditional.state import condition_markets
from app.engine.links import Link, call_link
from app.engine.memory import record_address
from app.engine.records import NO_PRICE, EventKind, Reason, ReportType
from app.engine.state import orders
from app.engine.venue.bars import fills_from_bars, wait_for_bar
from app.engine.venue.levels import join_queue, leave_queue
from app.engine.venue.reports import deliver, end
from app.engine.venue.state import Message, Stage, pending, venue_orders
from app.engine.venue.trading import follow_book
from app.engine.venue.waiting import take_terms

_EVER: Final = 2**62


@kernel
def is_corporate(kind: int) -> bool:
    """Tell whether a record is a DIVIDEND, SPLIT or FUNDING."""
    return EventKind.DIVIDEND <= kind <= EventKind.FUNDING


@kernel
def act_on_record(arena: int, links: int, record: Any) -> int:
    """Move the book by a corporate action; returns `Change` bits."""
    deliver(arena, links, _EVER)
    changed = call_link(arena, links, Link.BOOK_MARKET, record_address(record))
    if record["kind"] == EventKind.SPLIT:
        instrument = integer(record["instrument"])
        follow_book(arena, instrument, record["ts_venue"], False)
        # Stops have seen no price of the new share yet.
        condition_markets(arena)[instrument]["seen"][:] = NO_PRICE
    return changed


@kernel
def adjust(arena: int, links: int, index: int) -> None:
    """Take over an order's terms from the gate, index of the ORDER."""
    order, source = venue_orders(arena)[index], orders(arena)[index]
    if order["client_order_id"] != source["client_order_id"]:
        return
    if order["stage"] == Stage.ENDED:
        return
    rests = order["stage"] == Stage.RESTING
    if rests:
        leave_queue(arena, index)
    order["quantity"], order["filled"] = source["quantity"], source["filled"]
    order["leaves"] = source["leaves"]
    order["price"], order["stop_price"] = source["price"], source["stop_price"]
    take_terms(arena, index)
    _adjust_requests(arena, index)
    worthless = order["price"] != NO_PRICE and order["price"] <= 0
    if order["leaves"] == 0 or worthless:
        reason = Reason.CORPORATE_ACTION
        end(arena, links, index, ReportType.CANCELLED, reason)
    elif rests and fills_from_bars(arena, order["instrument"]):
        wait_for_bar(arena, links, index)
    elif rests and not join_queue(arena, index):
        end(arena, links, index, ReportType.CANCELLED, Reason.POOL_FULL)


@kernel
def _adjust_requests(arena: int, index: int) -> None:
    """Give replaces on their way the new terms."""
    source = orders(arena)[index]
    for waiting in range(1, section_words(arena, Section.PENDING)[USED]):
        record = pending(arena)[waiting]
        if record["message"] == Message.REPLACE and record["order"] == index:
            record["quantity"] = source["new_quantity"]
            record["price"] = source["new_price"]
            record["stop_price"] = source["new_stop_price"]
