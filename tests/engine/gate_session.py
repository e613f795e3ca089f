"""A gate with books and accounts, and a venue that does what a test tells it to."""

import ctypes
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from app.engine import gate
from app.engine.arena import Arena, Section
from app.engine.book import book_market, layout as book_layout, open_book
from app.engine.instruments import load_instruments
from app.engine.links import Link, new_links
from app.engine.records import (
    BUY,
    COMMAND,
    MARKET,
    NO_PRICE,
    QUOTE,
    REPORT,
    Action,
    EventKind,
    OrderStatus,
    OrderType,
    Reason,
    RecordFlag,
    ReportType,
    RiskLimit,
    SafetyState,
)
from app.engine.schedule import LAYOUT as SCHEDULE_LAYOUT
from app.engine.state import MAX_STRATEGIES, fixed_layout
from app.engine.strategy import LAYOUT as STRATEGY_LAYOUT
from app.instrument import Instrument, InstrumentKind, QuantityUnits
from app.session_rows import SessionFlag

ENTRY = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)
START = 1_700_000_000_000_000_000
ENGINE_IDS = 1 << 40
MONEY = 10**8


def stock(name: str = "ACME", **changes: Any) -> Instrument:
    """A share with cents, lots of one and prices in cents."""
    fields: dict[str, Any] = {
        "name": name,
        "kind": InstrumentKind.STOCK,
        "venue": "TEST",
        "currency": "USD",
        "price_unit": Decimal("0.01"),
        "order_max": QuantityUnits(1_000_000),
    }
    return Instrument(**(fields | changes))


class GateSession:
    """The gate between commands and a venue, all by hand.

    Attributes
    ----------
    reports : list of REPORT records
        What went out, oldest first.
    venue : list of (str, int)
        Calls of the venue: what, and the client order id.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument] = (stock(),),
        equity: int = 1_000_000,
        rates: dict[str, Decimal] | None = None,
    ) -> None:
        count = len(instruments)
        layout = {
            **fixed_layout(count),
            **gate.layout(count),
            **book_layout(count, 1 << 10, 1 << 10),
            **STRATEGY_LAYOUT,
            **SCHEDULE_LAYOUT,
        }
        self.arena = Arena(layout)
        load_instruments(self.arena, instruments, base_currency="USD", rates=rates)
        for index in range(count):
            book = open_book(self.arena, index)
            self.instruments[index]["book"] = book
            self.instruments[index]["calendar"] = 1
        gate.open_session(self.arena, equity * MONEY)
        self.engine["now"] = START
        self.engine["next_engine_order_id"] = ENGINE_IDS
        self.links = new_links()
        self.reports: list[Any] = []
        self.venue: list[tuple[str, int]] = []
        self._kept: list[Any] = []
        self._link(Link.EMIT, self._emit)
        for link, name in (
            (Link.VENUE_SUBMIT, "submit"),
            (Link.VENUE_CANCEL, "cancel"),
            (Link.VENUE_REPLACE, "replace"),
            (Link.VENUE_ADJUST, "adjust"),
        ):
            self._link(link, self._venue(name))
        self._next_id = 0

    # What there is.

    @property
    def engine(self) -> Any:
        return self.arena.records(Section.ENGINE)[0]

    @property
    def instruments(self) -> Any:
        return self.arena.records(Section.INSTRUMENTS)

    @property
    def risk(self) -> Any:
        return self.arena.records(Section.RISK)[0]

    @property
    def account(self) -> Any:
        return self.arena.records(Section.ACCOUNTS)[0]

    @property
    def state(self) -> SafetyState:
        return SafetyState(self.engine["safety_state"])

    def position(self, instrument: int = 0, strategy: int = MAX_STRATEGIES) -> Any:
        """A position row; by default the account's."""
        count = int(self.engine["instruments"])
        return self.arena.records(Section.POSITIONS)[strategy * count + instrument]

    def order(self, client_order_id: int) -> Any:
        """The order's record, working or remembered."""
        used = self.arena.used(Section.ORDERS)
        every = self.arena.records(Section.ORDERS)[1:used]
        return every[every["client_order_id"] == client_order_id][0]

    def last(self, *kinds: ReportType) -> Any:
        """The newest report, of these types if any are named."""
        for report in reversed(self.reports):
            if not kinds or report["report"] in kinds:
                return report
        raise AssertionError(f"no report of {kinds}")

    def kinds(self) -> list[ReportType]:
        return [ReportType(report["report"]) for report in self.reports]

    def told(self) -> list[tuple[str, int]]:
        """Calls of the venue since the last time."""
        calls, self.venue = self.venue, []
        return calls

    # What happens.

    def arm(self) -> "GateSession":
        self.command(Action.SET_STATE, value=SafetyState.ARMED)
        return self

    def limit(self, limit: RiskLimit, value: int, instrument: int = -1) -> None:
        self.command(Action.SET_LIMIT, instrument=instrument, group=limit, value=value)

    def command(self, action: Action, **fields: Any) -> Any:
        """Send a command; returns the newest report."""
        record = np.zeros(1, COMMAND)
        defaults = {
            "kind": EventKind.COMMAND,
            "action": action,
            "instrument": fields.pop("instrument", -1),
            "price": NO_PRICE,
            "stop_price": NO_PRICE,
            "protection_ticks": -1,
            "ts_received": self.engine["now"],
        }
        for name, value in (defaults | fields).items():
            record[name] = value
        self._call(gate.gate_command, int(record.ctypes.data))
        return self.reports[-1] if self.reports else None

    def new(
        self,
        side: int = BUY,
        quantity: int = 10,
        price: int | None = 100_00,
        **fields: Any,
    ) -> int:
        """Send a new order, limit or (no price) market; returns its id."""
        self._next_id += 1
        kind = OrderType.MARKET if price is None else OrderType.LIMIT
        defaults = {
            "instrument": 0,
            "order_type": kind,
            "side": side,
            "quantity": quantity,
            "price": NO_PRICE if price is None else price,
            "client_order_id": self._next_id,
        }
        self.command(Action.NEW, **(defaults | fields))
        return self._next_id

    def cancel(self, order: int, **fields: Any) -> Any:
        return self.command(
            Action.CANCEL, instrument=0, client_order_id=order, **fields
        )

    def replace(self, order: int, **fields: Any) -> Any:
        return self.command(
            Action.REPLACE, instrument=0, client_order_id=order, **fields
        )

    def report(self, kind: ReportType, order: int, **fields: Any) -> Any:
        """Let the venue report on an order; returns the newest report."""
        record = np.zeros(1, REPORT)
        defaults = {
            "kind": EventKind.REPORT,
            "report": kind,
            "client_order_id": order,
            "price": NO_PRICE,
            "stop_price": NO_PRICE,
            "ts_venue": self.engine["now"],
        }
        for name, value in (defaults | fields).items():
            record[name] = value
        self._call(gate.gate_report, int(record.ctypes.data))
        return self.reports[-1] if self.reports else None

    def accept(self, order: int) -> None:
        self.report(ReportType.NEW, order, venue_order_id=order + 1000)

    def fill(self, order: int, quantity: int, price: int, fee: int = 0) -> Any:
        return self.report(
            ReportType.FILL, order, last_quantity=quantity, last_price=price, fee=fee
        )

    def trade(self, side: int, quantity: int, price: int, **fields: Any) -> int:
        """Place an order at a price and let it fill there at once."""
        order = self.new(side, quantity, price, **fields)
        assert self.last()["report"] == ReportType.PENDING_NEW, self.last()
        self.accept(order)
        self.fill(order, quantity, price)
        return order

    def quote(self, bid: int | None, ask: int | None, instrument: int = 0) -> None:
        """Let the market show one level per side."""
        record = np.zeros(1, QUOTE)
        record["kind"], record["flags"] = EventKind.QUOTE, RecordFlag.LAST
        record["instrument"] = instrument
        record["ts_venue"] = record["ts_received"] = self.engine["now"]
        record["bid_price"] = NO_PRICE if bid is None else bid
        record["ask_price"] = NO_PRICE if ask is None else ask
        record["bid_size"] = 0 if bid is None else 100
        record["ask_size"] = 0 if ask is None else 100
        self.market(record)

    def last_trade(self, price: int, instrument: int = 0) -> None:
        """Let the market trade."""
        record = np.zeros(1, MARKET)
        record["kind"], record["flags"] = EventKind.TRADE, RecordFlag.LAST
        record["instrument"], record["price"], record["size"] = instrument, price, 1
        record["ts_venue"] = record["ts_received"] = self.engine["now"]
        self.market(record)

    def market(self, record: Any) -> None:
        """Let a market record move its book, as without a venue of ours."""
        book_market(self.arena.address, 0, int(record.ctypes.data))
        self._call(gate.gate_marked, int(record["instrument"][0]))

    def action(self, kind: EventKind, instrument: int = 0, **values: int) -> None:
        """Let a DIVIDEND, SPLIT or FUNDING record come."""
        record = np.zeros(1, MARKET)
        record["kind"], record["instrument"] = kind, instrument
        record["ts_venue"] = record["ts_received"] = self.engine["now"]
        for name, value in values.items():
            record[name] = value
        book_market(self.arena.address, 0, int(record.ctypes.data))
        self._call(gate.gate_action, int(record.ctypes.data))
        self._call(gate.gate_marked, instrument)

    def on(self, date: int) -> None:
        """Let the session's trade date be this, days since 1970."""
        self.engine["trade_date"] = date
        self.clock(1)

    def clock(self, passed_ns: int) -> None:
        """Let time pass."""
        self.engine["now"] += passed_ns
        self._call(gate.gate_clock, int(self.engine["now"]))

    def next_trade_date(self, instrument: int = 0) -> None:
        """Let a trade date of an instrument's calendar begin."""
        calendar = self.instruments[instrument]["calendar"]
        row = self.arena.records(Section.SCHEDULES)[calendar]
        row["flags"], row["governs"] = SessionFlag.DAY_BEGINS, 1
        self._call(gate.gate_session, instrument)

    def refusal(self) -> Reason:
        """Reason of the newest report, which refuses something."""
        report = self.last()
        refused = (
            ReportType.REJECTED,
            ReportType.CANCEL_REJECTED,
            ReportType.REPLACE_REJECTED,
        )
        assert report["report"] in refused, ReportType(report["report"])
        if report["report"] == ReportType.REJECTED:
            assert report["status"] in (OrderStatus.REJECTED, OrderStatus.NONE)
        return Reason(report["reason"])

    # How it works.

    def _call(self, entry: Any, argument: int) -> None:
        entry(self.arena.address, int(self.links.ctypes.data), argument)
        self._send_requests()

    def _send_requests(self) -> None:
        """Send the engine's own requests through the gate, as the kernel does."""
        index = 1
        while index < self.arena.used(Section.REQUESTS):
            record = self.arena.records(Section.REQUESTS)[index : index + 1]
            gate.gate_command(
                self.arena.address,
                int(self.links.ctypes.data),
                int(record.ctypes.data),
            )
            index += 1
        self.arena.set_used(Section.REQUESTS, 1)

    def _link(self, link: Link, function: Any) -> None:
        callback = ENTRY(function)
        self._kept.append(callback)
        self.links[link] = ctypes.cast(callback, ctypes.c_void_p).value

    def _emit(self, arena: int, links: int, address: int) -> int:
        text = ctypes.string_at(address, REPORT.itemsize)
        self.reports.append(np.frombuffer(text, REPORT)[0])
        return 0

    def _venue(self, name: str) -> Any:
        def called(arena: int, links: int, index: int) -> int:
            order = self.arena.records(Section.ORDERS)[index]
            self.venue.append((name, int(order["client_order_id"])))
            return 0

        return called
