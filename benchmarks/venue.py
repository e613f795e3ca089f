"""One market record through the simulated venue and the book.

A regression here slows every paper session and every backtest on ticks. The stream is
that of benchmarks/book.py, level by level with 12 % trades; each record ends a venue
event, so that quotes are judged. Three runs: no order of ours; ten orders resting far
from the touch; a maker that moves its bid and ask to the touch every 500 records.
"""

import time
from decimal import Decimal
from typing import Any, Final

import numpy as np

from app.engine.arena import Arena, Section
from app.engine.book import best_price, book_market, layout as book_layout, open_book
from app.engine.compile import entry, kernel
from app.engine.instruments import load_instruments
from app.engine.links import Link, call_link, new_links
from app.engine.memory import view, words
from app.engine.records import (
    BUY,
    MARKET,
    NO_PRICE,
    SELL,
    OrderType,
    RecordFlag,
    TimeInForce,
)
from app.engine.risk_state import ORDER_CAPACITY
from app.engine.state import ORDER, engine, fixed_layout, orders
from app.engine.venue import simulated
from app.engine.venue.simulated import VenueModels
from app.instrument import Instrument, InstrumentKind
from benchmarks.book import level_stream

_COUNT: Final = 500_000
_ROUNDS: Final = 7
_EVERY: Final = 500
_LATENCY_NS: Final = 1_000_000
_MARKET_BYTES: Final = MARKET.itemsize
_FAR: Final = 300
"""Steps from the touch."""
_STATE: Final = 900
"""Words of the links table: the next order, and the maker's two."""


@kernel
def _quote(arena: int, links: int, index: int, side: int, price: int) -> None:
    """Send a limit order as the gate does."""
    order = orders(arena)[index]
    order["client_order_id"] = index
    order["side"], order["quantity"], order["leaves"] = side, 1, 1
    order["price"], order["stop_price"] = price, NO_PRICE
    order["order_type"] = OrderType.LIMIT
    order["time_in_force"] = TimeInForce.GTC
    call_link(arena, links, Link.VENUE_SUBMIT, index)


@kernel
def _move_quotes(arena: int, links: int) -> None:
    """Cancel the maker's orders and send new ones at the touch."""
    table = words(links, 1024)
    for side in (BUY, SELL):
        slot = _STATE + 1 + (side > 0)
        if table[slot]:
            call_link(arena, links, Link.VENUE_CANCEL, table[slot])
        table[_STATE] = table[_STATE] % (ORDER_CAPACITY - 1) + 1
        table[slot] = table[_STATE]
        price = best_price(arena, 1, side)
        if price != NO_PRICE:
            _quote(arena, links, table[slot], side, price)


@entry
def run_records(arena: int, links: int, job: int) -> int:
    """Move the venue by a batch (argument: address of address, count, maker)."""
    work = words(job, 3)
    for i in range(work[1]):
        address = work[0] + _MARKET_BYTES * i
        session = engine(arena)[0]
        session["now"] = view(address, 1, MARKET)[0]["ts_received"]
        call_link(arena, links, Link.VENUE_MARKET, address)
        if work[2] and i % _EVERY == 0:
            _move_quotes(arena, links)
    return 0


def run(settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """Best and median of several rounds for each of the three runs."""
    records = level_stream(_COUNT)
    records["flags"] = RecordFlag.LAST
    figures: dict[str, Any] = {
        "records": _COUNT,
        "rounds": _ROUNDS,
        "latency_ns": _LATENCY_NS,
        "maker_moves_every_records": _EVERY,
    }
    for name, resting, maker in (
        ("idle", 0, False),
        ("ten_far", 10, False),
        ("maker", 0, True),
    ):
        rounds = [_timed(records, resting, maker) for _ in range(_ROUNDS)]
        figures[f"{name}_ns_per_record"] = min(rounds)
        figures[f"{name}_median_ns_per_record"] = float(np.median(rounds))
    return figures


def _timed(records: Any, resting: int, maker: bool) -> float:
    arena, links = _session()
    warm = 1000
    _run(arena, links, records[:warm], maker=False)
    for i in range(resting):
        side = 1 - 2 * (i % 2)
        touch = int(best_price(arena.address, 1, side))
        _rest(arena, links, 1 + i, side, touch - side * (_FAR + i // 2))
    start = time.perf_counter_ns()
    _run(arena, links, records[warm:], maker=maker)
    return (time.perf_counter_ns() - start) / (len(records) - warm)


def _run(arena: Arena, links: Any, records: Any, *, maker: bool) -> None:
    job = np.array([records.ctypes.data, len(records), maker], np.int64)
    run_records(arena.address, links.ctypes.data, job.ctypes.data)


def _rest(arena: Arena, links: Any, index: int, side: int, price: int) -> None:
    order = arena.records(Section.ORDERS)[index]
    order["client_order_id"], order["side"], order["price"] = index, side, price
    order["quantity"] = order["leaves"] = 1
    order["order_type"], order["time_in_force"] = OrderType.LIMIT, TimeInForce.GTC
    simulated.venue_submit(arena.address, links.ctypes.data, index)


def _session() -> tuple[Arena, Any]:
    arena = Arena(
        {
            **fixed_layout(1),
            **book_layout(1),
            **simulated.layout(1),
            Section.ORDERS: (ORDER, ORDER_CAPACITY + 1),
        }
    )
    future = Instrument(
        name="X",
        kind=InstrumentKind.FUTURE,
        venue="TEST",
        currency="USD",
        price_unit=Decimal(1),
    )
    load_instruments(arena, [future])
    record = arena.records(Section.INSTRUMENTS)[0]
    record["book"] = record["venue_book"] = open_book(arena, 0)
    record["full_depth"], record["protection_ticks"] = 1, -1
    models = VenueModels(
        order_latency_ns=_LATENCY_NS,
        report_latency_ns=_LATENCY_NS,
        queue=simulated.Queue.PROBABILISTIC,
    )
    models.write(arena, 0)
    links = new_links()
    links[Link.VENUE_SUBMIT] = simulated.venue_submit.address
    links[Link.VENUE_CANCEL] = simulated.venue_cancel.address
    links[Link.VENUE_MARKET] = simulated.venue_market.address
    links[Link.BOOK_MARKET] = book_market.address
    return arena, links
