"""Writes views: a copy of what the window shows, taken between two events."""

from typing import Any

from app.engine.accounts import account_row, average_price, position_row
from app.engine.arena import USED, Section, section_words
from app.engine.bits import integer
from app.engine.book_levels import depth_into, displayed
from app.engine.book_state import books
from app.engine.compile import entry, kernel
from app.engine.control import CONTROL_WORDS, Control
from app.engine.links import Link, call_link, linked
from app.engine.log import log_durable
from app.engine.memory import view, words
from app.engine.records import BUY, NO_PRICE, SELL
from app.engine.ring import ring_claim, ring_publish
from app.engine.state import (
    MAX_STRATEGIES,
    accounts,
    engine,
    instruments,
    orders,
    positions,
)
from app.engine.strategy import strategies
from app.engine.views import (
    DEPTH,
    HISTOGRAM_BUCKETS,
    VIEW,
    VIEW_HOLDINGS,
    VIEW_INSTRUMENTS,
    VIEW_ORDERS,
)


@kernel
def _write_session(arena: int, links: int, target: Any, wall: int) -> None:
    session = engine(arena)[0]
    target["wall"] = wall
    target["event"] = session["event"]
    target["now"] = session["now"]
    target["safety_state"] = session["safety_state"]
    target["state_reason"] = session["state_reason"]
    target["state_since"] = session["state_since"]
    target["halted"] = session["halted"]
    target["market_records"] = session["market_records"]
    target["commands"] = session["commands"]
    target["reports"] = session["reports"]
    target["rejects"] = session["rejects"]
    target["fills"] = session["fills"]
    target["instruments"] = min(session["instruments"], VIEW_INSTRUMENTS)
    control = words(linked(links, Link.CONTROL), CONTROL_WORDS)
    target["events_lost"] = control[Control.EVENTS_LOST]
    target["market_lost"] = control[Control.MARKET_LOST]
    target["views_skipped"] = control[Control.VIEWS_SKIPPED]
    target["log_records"] = control[Control.LOGGED]
    log = linked(links, Link.LOG)
    target["log_durable"] = log_durable(log) if log else 0
    for bucket in range(HISTOGRAM_BUCKETS):
        target["histogram"][bucket] = control[Control.HISTOGRAM + bucket]
        target["command_histogram"][bucket] = control[
            Control.COMMAND_HISTOGRAM + bucket
        ]


@kernel
def _write_account(arena: int, target: Any) -> None:
    account = accounts(arena)[0]
    target["equity"] = account["equity"]
    target["realised"] = account["realised"]
    target["unrealised"] = account["unrealised"]
    target["fees"] = account["fees"]
    target["day_pnl"] = account["day_pnl"]
    target["drawdown"] = account["peak_equity"] - account["equity"]
    target["gross_exposure"] = account["gross_exposure"]
    target["net_exposure"] = account["net_exposure"]
    target["exposure_known"] = account["exposure_known"]
    target["cash"] = account["cash"]
    target["settled_cash"] = account["settled_cash"]
    target["initial_margin"] = account["initial_margin"]
    target["maintenance_margin"] = account["maintenance_margin"]
    target["borrow_fees"] = account["borrow_fees"]
    target["funding"] = account["funding"]
    for strategy in range(1, MAX_STRATEGIES):
        row = target["strategy"][strategy]
        own = accounts(arena)[strategy]
        row["state"] = strategies(arena)[strategy]["state"]
        row["realised"] = own["realised"]
        row["unrealised"] = own["unrealised"]
        row["fees"] = own["fees"]


@kernel
def _write_book(arena: int, instrument: int, target: Any) -> None:
    book = integer(instruments(arena)[instrument]["book"])
    source = books(arena)[book]
    target["book_sequence"] = source["sequence"]
    target["ts_venue"] = source["ts_venue"]
    target["ts_received"] = source["ts_received"]
    target["stale"] = source["stale"]
    target["stale_since"] = source["stale_since"]
    target["session"] = source["session"]
    target["last_price"] = source["last_price"]
    target["last_size"] = source["last_size"]
    target["last_aggressor"] = source["last_aggressor"]
    target["last_ts"] = source["last_ts"]
    target["high"] = source["high"]
    target["low"] = source["low"]
    target["volume"] = source["volume"]
    window = integer(instruments(arena)[instrument]["window_price"])
    bids, asks = target["bids"], target["asks"]
    target["bid_levels"] = depth_into(arena, book, BUY, window, DEPTH, bids)
    target["ask_levels"] = depth_into(arena, book, SELL, window, DEPTH, asks)


@kernel
def _write_position(arena: int, row: int, target: Any) -> None:
    position = positions(arena)[row]
    target["position"] = position["quantity"]
    target["average_price"] = average_price(arena, row)
    target["mark"] = position["mark_doubled"]
    target["realised"] = position["realised"]
    target["unrealised"] = position["unrealised"]
    target["fees"] = position["fees"]
    target["working_buy"] = position["working_buy"]
    target["working_sell"] = position["working_sell"]
    target["exposure"] = position["exposure"]
    instrument = row % engine(arena)[0]["instruments"]
    definition = instruments(arena)[instrument]
    paid = position["cash"] if definition["cash_product"] else position["realised"]
    target["cash"] = paid - position["fees"]
    target["conversion"] = definition["conversion"]


@kernel
def _write_holdings(arena: int, target: Any) -> None:
    """List who has what of each position, as far as there is room."""
    filled, count = 0, min(engine(arena)[0]["instruments"], VIEW_INSTRUMENTS)
    for strategy in range(MAX_STRATEGIES):
        if strategy > 0 and strategies(arena)[strategy]["state"] == 0:
            continue
        for instrument in range(count):
            own = position_row(arena, integer(instrument), integer(strategy))
            source = positions(arena)[own]
            moved = source["realised"] | source["fees"]
            if source["quantity"] | moved == 0 or filled == VIEW_HOLDINGS:
                continue
            row = target["holding"][filled]
            row["instrument"], row["strategy"] = instrument, strategy
            row["unmanaged"] = source["unmanaged"]
            row["position"] = source["quantity"]
            row["average_price"] = average_price(arena, own)
            row["realised"] = source["realised"]
            row["unrealised"] = source["unrealised"]
            row["fees"] = source["fees"]
            filled += 1
    target["holdings"] = filled


@kernel
def _write_orders(arena: int, links: int, target: Any) -> None:
    """List working orders with their place in the queue, as far as there is room."""
    filled = 0
    every = orders(arena)
    for index in range(1, section_words(arena, Section.ORDERS)[USED]):
        order = every[index]
        if order["client_order_id"] == 0 or order["leaves"] == 0:
            continue
        if filled == VIEW_ORDERS:
            break
        row = target["working"][filled]
        book = instruments(arena)[order["instrument"]]["book"]
        row["client_order_id"] = order["client_order_id"]
        row["queue_ahead"] = call_link(arena, links, Link.VENUE_QUEUE, index)
        row["queue_total"] = -1
        if order["price"] != NO_PRICE:
            side, price = integer(order["side"]), integer(order["price"])
            row["queue_total"] = displayed(arena, book, side, price)
        filled += 1
    target["orders"] = filled


@entry
def publish_view(arena: int, links: int, wall: int) -> int:
    """Write a VIEW into its ring (argument: wall clock, ns); 0 if the ring is full."""
    ring = linked(links, Link.VIEWS_OUT)
    if ring == 0:
        return 1
    address = ring_claim(ring)
    if address == 0:
        return 0
    target = view(address, 1, VIEW)[0]
    _write_session(arena, links, target, wall)
    _write_account(arena, target)
    count = engine(arena)[0]["instruments"]
    for i in range(min(count, VIEW_INSTRUMENTS)):
        row = target["instrument"][i]
        _write_book(arena, i, row)
        _write_position(arena, account_row(arena, i), row)
    _write_holdings(arena, target)
    _write_orders(arena, links, target)
    call_link(arena, links, Link.GATE_VIEW, address)
    ring_publish(ring)
    return 1
