"""A venue on a bench: books, trades and orders as a trader writes them down.

The gate here only keeps the reports, as records, in the order of their delivery.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from app.engine.arena import Arena, Section
from app.engine.book import book_market, displayed, layout as book_layout, open_book
from app.engine.compile import entry
from app.engine.instruments import load_instruments
from app.engine.links import Link, new_links
from app.engine.memory import copy_bytes, words
from app.engine.records import (
    BAR,
    BUY,
    MARKET,
    NO_PRICE,
    REPORT,
    SELL,
    EventKind,
    OrderOption,
    OrderStatus,
    OrderType,
    Reason,
    RecordFlag,
    ReportType,
    SessionState,
    TimeInForce,
)
from app.engine.risk_state import ORDER_CAPACITY
from app.engine.state import ORDER, fixed_layout
from app.engine.venue import simulated
from app.engine.venue.fees import write_fees
from app.engine.venue.levels import taken_at
from app.engine.venue.simulated import VenueModels
from app.instrument import Fees, Instrument, InstrumentKind

_KEPT = 1000  # words of the links table: where reports go, and how many there are
_MOST = 20_000
_BYTES = REPORT.itemsize
SIDES = {"buy": BUY, "sell": SELL, "bid": 1, "ask": -1, None: 0}


@entry
def keep_report(arena: int, links: int, address: int) -> int:
    """Append a report to the bench's buffer."""
    table = words(links, _KEPT + 2)
    copy_bytes(table[_KEPT] + _BYTES * table[_KEPT + 1], address, _BYTES)
    table[_KEPT + 1] += 1
    return 0


@dataclass(frozen=True)
class Told:
    """One report, without what a test seldom asks for."""

    order: int
    report: ReportType
    reason: Reason
    filled: int
    leaves: int


def instrument(fees: Fees | None = None, **fields: Any) -> Instrument:
    """A future: 0.01 a price unit, one contract a quantity unit."""
    return Instrument(
        name="X",
        kind=InstrumentKind.FUTURE,
        venue="SIM",
        currency="USD",
        price_unit=Decimal("0.01"),
        max_price=2**40,  # type: ignore[arg-type]
        order_max=2**20,  # type: ignore[arg-type]
        fees=fees or Fees(),
        **fields,
    )


class Bench:
    """One instrument, or several alike, at a simulated venue.

    Parameters
    ----------
    models : fields of VenueModels; latencies are 0 unless given
    """

    def __init__(
        self,
        *,
        full_depth: bool = True,
        consolidated: bool = False,
        fees: Fees | None = None,
        protection_ticks: int = -1,
        count: int = 1,
        **models: Any,
    ) -> None:
        self.arena = Arena(
            {
                **fixed_layout(count),
                **book_layout(count),
                **simulated.layout(count),
                Section.ORDERS: (ORDER, ORDER_CAPACITY + 1),
            }
        )
        load_instruments(self.arena, [instrument(fees)] * count)
        latencies = {"order_latency_ns": 0, "report_latency_ns": 0}
        for number in range(count):
            record = self.arena.records(Section.INSTRUMENTS)[number]
            record["book"] = record["venue_book"] = open_book(
                self.arena, number, consolidated=consolidated
            )
            record["full_depth"], record["consolidated"] = full_depth, consolidated
            record["protection_ticks"] = protection_ticks
            write_fees(self.arena, number, instrument(fees))
            VenueModels(**{**latencies, **models}).write(self.arena, number)
        self._kept = np.zeros(_MOST, REPORT)
        self.links = new_links()
        self.links[Link.GATE_REPORT] = keep_report.address
        self.links[Link.BOOK_MARKET] = book_market.address
        self.links[_KEPT] = self._kept.ctypes.data
        self._orders = 0

    @property
    def session(self) -> Any:
        return self.arena.records(Section.ENGINE)[0]

    def order(self, index: int) -> Any:
        """The venue's account of an order."""
        return self.arena.records(Section.VENUE_ORDERS)[index]

    @property
    def book_state(self) -> Any:
        return self.arena.records(Section.BOOKS)[1]

    # The market.

    def feed(self, *records: Any) -> None:
        """Market records, received when they happened unless they say otherwise."""
        for record in records:
            self.session["now"] = max(self.session["now"], record["ts_received"][0])
            simulated.venue_market(
                self.arena.address, self.links.ctypes.data, record.ctypes.data
            )

    def event(
        self, t: int, kind: EventKind, *, last: bool = True, **fields: Any
    ) -> Any:
        record = np.zeros(1, MARKET)
        record["ts_venue"] = record["ts_received"] = t
        record["kind"] = kind
        record["flags"] = RecordFlag.LAST if last else 0
        for name, value in fields.items():
            record[name] = value
        return record

    def book(self, t: int, bids: str = "", asks: str = "") -> None:
        """A whole book, as ``"100x10 99x5"``."""
        records = [self.event(t, EventKind.SNAPSHOT_BEGIN, last=False)]
        for side, text in ((1, bids), (-1, asks)):
            for each in text.split():
                price, size = (int(part) for part in each.split("x"))
                row: Any = {"side": side, "price": price, "size": size}
                records.append(self.event(t, EventKind.LEVEL, last=False, **row))
        self.feed(*records, self.event(t, EventKind.SNAPSHOT_END))

    def level(self, t: int, side: str, price: int, size: int, **fields: Any) -> None:
        row: Any = {"side": SIDES[side], "price": price, "size": size, **fields}
        self.feed(self.event(t, EventKind.LEVEL, **row))

    def trade(
        self, t: int, price: int, size: int, aggressor: str | None, conditions: int = 0
    ) -> None:
        row: Any = {"price": price, "size": size, "conditions": conditions}
        self.feed(self.event(t, EventKind.TRADE, aggressor=SIDES[aggressor], **row))

    def bar(self, t: int, text: str, volume: int = 1000, number: int = 0) -> None:
        """A bar that closes at `t`, as ``"open high low close"``."""
        opened, high, low, close = map(int, text.split())
        record = np.zeros(1, BAR)
        record["ts_venue"] = record["ts_received"] = t
        record["kind"], record["flags"] = EventKind.BAR, RecordFlag.LAST
        record["instrument"], record["open"], record["volume"] = number, opened, volume
        record["high_offset"], record["low_offset"] = high - opened, low - opened
        record["close_offset"] = close - opened
        self.feed(record)

    def gap(self, t: int) -> None:
        self.feed(self.event(t, EventKind.GAP))

    def enter(self, t: int, state: SessionState) -> None:
        self.feed(self.event(t, EventKind.SESSION, count=state))

    def clock(self, t: int) -> None:
        self.session["now"] = max(self.session["now"], t)
        simulated.venue_clock(self.arena.address, self.links.ctypes.data, t)

    # Orders.

    def submit(
        self,
        t: int,
        side: str,
        quantity: int,
        price: int = NO_PRICE,
        *,
        tif: TimeInForce = TimeInForce.GTC,
        options: int = 0,
        kind: OrderType | None = None,
        **fields: Any,
    ) -> int:
        """Send an order at `t`; no price makes it a market order. Returns its index."""
        self._orders += 1
        index = self._orders
        record = self.arena.records(Section.ORDERS)[index]
        record["client_order_id"] = 1000 + index
        record["side"], record["quantity"] = SIDES[side], quantity
        record["leaves"], record["price"] = quantity, price
        for name in ("stop_price", "new_price", "new_stop_price"):
            record[name] = NO_PRICE
        record["time_in_force"], record["options"] = tif, options
        record["protection_ticks"] = -1
        limit = OrderType.MARKET if price == NO_PRICE else OrderType.LIMIT
        record["order_type"] = limit if kind is None else kind
        for name, value in fields.items():
            record[name] = value
        self._send(t, simulated.venue_submit, index)
        return index

    def cancel(self, t: int, index: int) -> None:
        self._send(t, simulated.venue_cancel, index)

    def replace(
        self,
        t: int,
        index: int,
        quantity: int = 0,
        price: int = NO_PRICE,
        *,
        stop: int = NO_PRICE,
        trail: int = 0,
        options: int = 0,
    ) -> None:
        record = self.arena.records(Section.ORDERS)[index]
        record["new_options"] = options
        record["new_quantity"], record["new_price"] = quantity, price
        record["new_stop_price"], record["new_trail"] = stop, trail
        self._send(t, simulated.venue_replace, index)

    def stop(self, t: int, side: str, quantity: int, stop: int, **more: Any) -> int:
        """Send a stop, with a price a stop-limit, and let it arrive."""
        kind = OrderType.STOP_LIMIT if "price" in more else OrderType.STOP
        price = more.pop("price", NO_PRICE)
        more = {"kind": kind, "stop_price": stop, **more}
        return self.rest(t, side, quantity, price, **more)

    def trail(self, t: int, side: str, quantity: int, trail: int, **more: Any) -> int:
        """Send a trailing stop and let it arrive."""
        kind = OrderType.TRAILING_STOP
        if "price" in more:
            kind = OrderType.TRAILING_STOP_LIMIT
        price = more.pop("price", NO_PRICE)
        return self.rest(t, side, quantity, price, kind=kind, trail=trail, **more)

    def rest(
        self, t: int, side: str, quantity: int, price: int = NO_PRICE, **more: Any
    ) -> int:
        """Send an order and let it arrive."""
        index = self.submit(t, side, quantity, price, **more)
        self.clock(t)
        return index

    def _send(self, t: int, request: Any, index: int) -> None:
        self.session["now"] = max(self.session["now"], t)
        request(self.arena.address, self.links.ctypes.data, index)

    # What came of it.

    @property
    def reports(self) -> Any:
        return self._kept[: self.links[_KEPT + 1]]

    def told(self) -> list[Told]:
        return [
            Told(
                int(each["client_order_id"]) - 1000,
                ReportType(int(each["report"])),
                Reason(int(each["reason"])),
                int(each["filled"]),
                int(each["leaves"]),
            )
            for each in self.reports
        ]

    def fills(self) -> list[tuple[int, int, int]]:
        """Order, price, quantity."""
        rows = self.reports[self.reports["report"] == ReportType.FILL]
        return [
            (
                int(each["client_order_id"]) - 1000,
                int(each["last_price"]),
                int(each["last_quantity"]),
            )
            for each in rows
        ]

    def status(self, index: int) -> OrderStatus:
        """Status that an order's last report told."""
        mine = self.reports["client_order_id"] == 1000 + index
        return OrderStatus(int(self.reports["status"][mine][-1]))

    def stop_of(self, index: int) -> int:
        """Stop price that an order's last report told."""
        mine = self.reports["client_order_id"] == 1000 + index
        return int(self.reports["stop_price"][mine][-1])

    def last(self, index: int) -> tuple[ReportType, Reason]:
        """Type and reason of an order's last report."""
        told = [each for each in self.told() if each.order == index][-1]
        return told.report, told.reason

    def ahead(self, index: int) -> float:
        return float(self.order(index)["ahead"])

    def available(self, side: str, price: int) -> int:
        """Displayed size less what we took."""
        address = self.arena.address
        number = SIDES[side]
        shown = displayed(address, 1, number, price)
        return int(shown - taken_at(address, 0, number, price))


POST_ONLY = int(OrderOption.POST_ONLY)
REDUCE_ONLY = int(OrderOption.REDUCE_ONLY)
OUTSIDE_HOURS = int(OrderOption.OUTSIDE_HOURS)
