"""The simulated venue: fills our orders against a market that does not know of them.

It keeps two queues of messages. Requests meet the book at decision + order latency
(SEMANTICS 10); reports come back a report latency later. A market record first lets in
the requests that arrived before it, then acts on our resting orders, then on the book:
at equal venue time the market goes first, then our orders in sending order.

What a record does to a resting order stands in trading.py, what an arriving order takes
in sweep.py, its place in the queue in queue.py; each model is one file.

Time. A record is as old as its venue time says, but no younger than when we received
it, since recorders' clocks are behind as often as ahead; `ENGINE.venue_now` never goes
back. `venue_clock` moves the venue where no data flow.
"""

import math
from typing import Any

from app.engine.arena import Section
from app.engine.bits import integer
from app.engine.book import book_market
from app.engine.book_stale import check_silence
from app.engine.book_state import Change, Stale, books
from app.engine.compile import entry, kernel
from app.engine.conditional.state import condition_markets, conditional
from app.engine.conditional.times import expire_until
from app.engine.links import Link, call_link
from app.engine.memory import record_address, view
from app.engine.records import (
    MARKET,
    NO_PRICE,
    EventKind,
    RecordFlag,
)
from app.engine.state import engine, orders
from app.engine.venue.arrival import (
    cancel_arrived,
    replace_arrived,
    submit_arrived,
)
from app.engine.venue.auctions import auction_printed, awaits_auction
from app.engine.venue.bar_fills import bar_closed
from app.engine.venue.bars import fills_from_bars
from app.engine.venue.corporate import act_on_record, adjust, is_corporate
from app.engine.venue.hours import follow_session
from app.engine.venue.levels import venue_book
from app.engine.venue.models import Queue, Through, VenueModels
from app.engine.venue.pending import release, without_first
from app.engine.venue.prices import look_at_record, look_at_touch
from app.engine.venue.queue import QueueModel
from app.engine.venue.quiet import hear, pass_bar
from app.engine.venue.reduce_only import cut_all
from app.engine.venue.reports import deliver
from app.engine.venue.sending import begin_order, send_request, use_up_to
from app.engine.venue.state import (
    Message,
    Stage,
    layout,
    models,
    pending,
    venue,
    venue_instruments,
    venue_orders,
)
from app.engine.venue.steps import perform_steps
from app.engine.venue.sweep import meet_quotes
from app.engine.venue.trading import (
    before_order_event,
    follow_book,
    follow_level,
    is_auction,
    trade_printed,
)

__all__ = [
    "LINKS",
    "Queue",
    "Through",
    "VenueModels",
    "layout",
    "venue_cancel",
    "venue_clock",
    "venue_due",
    "venue_market",
    "venue_queue",
    "venue_replace",
    "venue_session",
    "venue_submit",
]


# Requests.


@entry
def venue_submit(arena: int, links: int, index: int) -> int:
    """Send a new order (argument: index of the ORDER)."""
    use_up_to(arena, Section.VENUE_ORDERS, index)
    instrument = integer(orders(arena)[index]["instrument"])
    use_up_to(arena, Section.VENUE_INSTRUMENTS, instrument)
    begin_order(arena, index)
    send_request(arena, links, index, Message.SUBMIT)
    return 0


@entry
def venue_cancel(arena: int, links: int, index: int) -> int:
    """Send a cancel (argument: index of the ORDER)."""
    send_request(arena, links, index, Message.CANCEL)
    return 0


@entry
def venue_replace(arena: int, links: int, index: int) -> int:
    """Send a replace (argument: index of the ORDER with its new_… fields)."""
    send_request(arena, links, index, Message.REPLACE)
    return 0


@kernel
def _arrive(arena: int, links: int, waiting: int) -> None:
    """Let a request meet the book."""
    record = pending(arena)[waiting]
    index, message = record["order"], record["message"]
    if venue_orders(arena)[index]["client_order_id"] != record["client_order_id"]:
        return  # its order ended long ago; the gate has forgotten it
    if message == Message.SUBMIT:
        submit_arrived(arena, links, index)
    elif message == Message.CANCEL:
        cancel_arrived(arena, links, index)
    else:
        replace_arrived(arena, links, waiting)
    perform_steps(arena, links)
    instrument = integer(venue_orders(arena)[index]["instrument"])
    cut_all(arena, links, instrument)
    _settle(arena, links, instrument)


@kernel
def _settle(arena: int, links: int, instrument: int) -> None:
    """Do what has followed for our orders until nothing follows any more."""
    fills = integer(-1)
    while venue_instruments(arena)[instrument]["fills"] != fills:
        fills = integer(venue_instruments(arena)[instrument]["fills"])
        perform_steps(arena, links)
        if venue_instruments(arena)[instrument]["fills"] != fills:
            cut_all(arena, links, instrument)
            perform_steps(arena, links)


@kernel
def _expire_before(arena: int, links: int, time: int) -> None:
    """End the orders whose time runs out before `time`, each at its time."""
    state, session = venue(arena)[0], engine(arena)[0]
    while 0 < conditional(arena)["next_expiry"] < time:
        ends = integer(conditional(arena)["next_expiry"])
        session["venue_now"] = max(session["venue_now"], ends)
        state["at"] = session["venue_now"]
        expire_until(arena, ends)
        perform_steps(arena, links)


@kernel
def _arrive_before(arena: int, links: int, time: int) -> None:
    """Let every request that is due before `time` meet the book, in order.

    Orders that end by then end; at one time requests go first, timers last (11).
    """
    state, session = venue(arena)[0], engine(arena)[0]
    while True:
        first = state["arrivals"]
        if first == 0 or pending(arena)[first]["time"] >= time:
            _expire_before(arena, links, time)
            return
        _expire_before(arena, links, pending(arena)[first]["time"])
        session["venue_now"] = max(session["venue_now"], pending(arena)[first]["time"])
        state["at"] = session["venue_now"]
        state["arrivals"] = without_first(arena, first)
        _arrive(arena, links, first)
        release(arena, first)


# The market.


@kernel
def _follow(arena: int, links: int, record: Any, changed: int, price: int) -> None:
    """Let our orders follow the book after a record, and meet its quotes."""
    instrument, kind = integer(record["instrument"]), record["kind"]
    book, ts = venue_book(arena, instrument), record["ts_venue"]
    state, row = venue_instruments(arena)[instrument], books(arena)[book]
    if row["stale"] not in (
        Stale.FRESH,
        Stale.CROSSED,
        Stale.SILENT,
        Stale.NO_SNAPSHOT,
    ):
        state["lost"] = 1
    if row["in_snapshot"]:
        exact = models(arena)[instrument]["queue"] == QueueModel.EXACT
        state["lost"] |= exact
        return
    if kind == EventKind.QUOTE or kind == EventKind.SNAPSHOT_END:
        whole = row["stale"] == Stale.FRESH or row["stale"] == Stale.CROSSED
        follow_book(arena, instrument, ts, state["lost"] != 0 and whole)
        if whole:
            state["lost"] = 0
    elif changed & (Change.BID | Change.ASK):
        for side in (1, -1):
            follow_level(arena, instrument, side, price, ts)
            if kind == EventKind.ORDER_MODIFY and record["price"] != price:
                follow_level(arena, instrument, side, record["price"], ts)
    if record["flags"] & RecordFlag.LAST:
        meet_quotes(arena, links, instrument)


@kernel
def _concerns_us(arena: int, instrument: int) -> bool:
    """Whether an order of ours works, or depth is taken, in an instrument."""
    sides = venue_instruments(arena)[instrument]["sides"]
    if sides[0]["levels"] + sides[1]["levels"] > 0:
        return True
    if condition_markets(arena)[instrument]["waiting"]:
        return True
    return awaits_auction(arena, instrument)


@kernel
def _bar_market(arena: int, links: int, record: Any) -> int:
    """Act a record out where bars fill our orders; the rest moves the book alone."""
    instrument = integer(record["instrument"])
    fills = venue_instruments(arena)[instrument]["fills"]
    changed = call_link(arena, links, Link.BOOK_MARKET, record_address(record))
    if changed & Change.SESSION:
        follow_session(arena, links, instrument)
    if record["kind"] == EventKind.BAR:
        bar_closed(arena, links, record)
    perform_steps(arena, links)
    if venue_instruments(arena)[instrument]["fills"] != fills:
        cut_all(arena, links, instrument)
    _settle(arena, links, instrument)
    return changed


@kernel
def _market(arena: int, links: int, record: Any) -> int:
    """Act a record out in the way of its instrument."""
    instrument, kind = integer(record["instrument"]), record["kind"]
    known = 0 <= instrument < engine(arena)[0]["instruments"]
    address = record_address(record)
    if known and is_corporate(kind):
        return act_on_record(arena, links, record)
    if not known:
        return call_link(arena, links, Link.BOOK_MARKET, address)
    if fills_from_bars(arena, instrument):
        return _bar_market(arena, links, record)
    if not _concerns_us(arena, instrument):
        changed = call_link(arena, links, Link.BOOK_MARKET, address)
        if changed & Change.SESSION:
            follow_session(arena, links, instrument)
        return changed
    return _book_market(arena, links, record)


@kernel
def _book_market(arena: int, links: int, record: Any) -> int:
    """Act a record out on our orders, then on the book, then on who waits for it."""
    instrument, kind = integer(record["instrument"]), record["kind"]
    address = record_address(record)
    price, fills = record["price"], venue_instruments(arena)[instrument]["fills"]
    if kind == EventKind.TRADE:
        if is_auction(integer(record["conditions"])):
            auction_printed(arena, links, record)
        trade_printed(arena, links, record)
    elif EventKind.ORDER_ADD < kind <= EventKind.ORDER_EXECUTE:
        price = before_order_event(arena, links, record)
    changed = call_link(arena, links, Link.BOOK_MARKET, address)
    if changed & Change.SESSION:
        follow_session(arena, links, instrument)
    _follow(arena, links, record, changed, price)
    perform_steps(arena, links)
    if venue_instruments(arena)[instrument]["fills"] != fills:
        cut_all(arena, links, instrument)
    if kind == EventKind.TRADE or record["price"] != NO_PRICE:
        price = record["price"]
    look_at_record(arena, instrument, record, price)
    _settle(arena, links, instrument)
    return changed


@entry
def venue_market(arena: int, links: int, address: int) -> int:
    """Move the venue, and the book, by a market record (argument: its address)."""
    record = view(address, 1, MARKET)[0]
    if record["kind"] == EventKind.BAR and pass_bar(arena, address):
        return 0
    session = engine(arena)[0]
    time = min(record["ts_venue"], record["ts_received"])
    _arrive_before(arena, links, time)
    deliver(arena, links, session["now"])
    hear(arena, record)
    changed = _market(arena, links, record)
    deliver(arena, links, session["now"])
    return changed


@entry
def venue_adjust(arena: int, links: int, index: int) -> int:
    """Take over the terms that a corporate action changed (argument: order index)."""
    adjust(arena, links, index)
    return 0


@entry
def venue_clock(arena: int, links: int, now: int) -> int:
    """Let what is due by `now` happen where no data flow (argument: time, ns).

    What the venue shows at a time reaches us a lag later; until that has passed, a
    request must wait for the book that it will meet (SEMANTICS 9, 10).
    """
    session, state = engine(arena)[0], venue(arena)[0]
    lag = state["lag"] if now - state["heard"] <= 2 * state["lag"] else 0
    while True:
        _arrive_before(arena, links, now - lag + 1)
        if deliver(arena, links, now) == 0:
            break
    session["venue_now"] = max(session["venue_now"], now - lag)
    state["at"] = session["venue_now"]
    for instrument in range(session["instruments"]):
        book = venue_book(arena, instrument)
        if book:
            check_silence(arena, book, now)
            look_at_touch(arena, instrument)
            _settle(arena, links, integer(instrument))
    deliver(arena, links, now)
    return 0


@entry
def venue_session(arena: int, links: int, instrument: int) -> int:
    """Let our orders follow a session that the calendar changed (argument: whose)."""
    session, state = engine(arena)[0], venue(arena)[0]
    session["venue_now"] = max(session["venue_now"], session["now"])
    state["at"] = session["venue_now"]
    use_up_to(arena, Section.VENUE_INSTRUMENTS, instrument)
    follow_session(arena, links, instrument)
    meet_quotes(arena, links, instrument)
    _settle(arena, links, instrument)
    deliver(arena, links, session["now"])
    return 0


@kernel
def _sooner(first: int, second: int) -> int:
    """Earlier of two times; 0 stands for never."""
    if first == 0 or second == 0:
        return first + second
    return min(first, second)


@entry
def venue_due(arena: int, links: int, unused: int) -> int:
    """When something is due next, ns; 0 = nothing waits."""
    state, every = venue(arena)[0], pending(arena)
    arrival, delivery = state["arrivals"], state["deliveries"]
    due = integer(every[arrival]["time"]) if arrival else integer(0)
    if delivery:
        due = _sooner(due, integer(every[delivery]["time"]))
    ends = integer(conditional(arena)["next_expiry"])
    return _sooner(due, ends + state["lag"] if ends else ends)


@entry
def venue_queue(arena: int, links: int, index: int) -> int:
    """Size ahead of an order (argument: its index), rounded up; -1 = not resting."""
    order = venue_orders(arena)[index]
    if order["stage"] != Stage.RESTING:
        return -1
    if order["client_order_id"] != orders(arena)[index]["client_order_id"]:
        return -1
    return math.ceil(order["ahead"])


LINKS = {
    Link.VENUE_SUBMIT: venue_submit,
    Link.VENUE_CANCEL: venue_cancel,
    Link.VENUE_REPLACE: venue_replace,
    Link.VENUE_MARKET: venue_market,
    Link.VENUE_ADJUST: venue_adjust,
    Link.VENUE_CLOCK: venue_clock,
    Link.VENUE_DUE: venue_due,
    Link.VENUE_QUEUE: venue_queue,
    Link.VENUE_SESSION: venue_session,
    Link.BOOK_MARKET: book_market,
}
"""What a composer links of this unit."""
