"""The kernel follows calendars: sessions, trade dates, expiry and timers, in order."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from app.calendar import Cutoffs
from app.engine import book_state, gate, schedule, strategy
from app.engine.arena import Arena, Section, record_at
from app.engine.compile import Entry
from app.engine.control import CONTROL_WORDS
from app.engine.instruments import instrument_records, load_instruments
from app.engine.kernel import emit, fold_record
from app.engine.links import Link, link_entries, new_links
from app.engine.records import (
    BAR,
    BUY,
    COMMAND,
    MARKET,
    NO_PRICE,
    REPORT,
    SELL,
    Action,
    EventKind,
    OrderType,
    Reason,
    RecordFlag,
    ReportType,
    RiskLimit,
    SafetyState,
    SessionState,
    TimeInForce,
)
from app.engine.ring import Ring
from app.engine.schedule import load_schedules
from app.engine.state import MAX_STRATEGIES, fixed_layout
from app.engine.strategy import PAUSE, Handler, Interpreted, hang, timer_entry
from app.engine.venue import external
from app.errors import EngineError
from app.instrument import Instrument, InstrumentKind
from app.session_rows import SESSION_ROW, SessionFlag
from app.sessions.hours import open_schedules

SECOND = 10**9
MINUTE = 60 * SECOND
CLOSE = int(SessionFlag.REGULAR_ENDS | SessionFlag.STOPS)


def ns(text: str) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return int(moment.timestamp()) * SECOND


def listed(calendar: str | None, kind: str = "stock", **fields: Any) -> Instrument:
    return Instrument(
        name=fields.pop("name", "X"),
        kind=InstrumentKind(kind),
        venue="V",
        currency="USD",
        price_unit=Decimal(1),
        calendar=calendar,
        **fields,
    )


@dataclass
class Table:
    """A schedule of rows made by hand."""

    rows: Any
    cutoffs: Cutoffs = field(default_factory=Cutoffs)


class Session:
    """Kernel, gate and an external venue that nobody answers for; a strategy looks."""

    def __init__(self, begin: str, *instruments: Instrument, days: int = 20) -> None:
        count = len(instruments)
        layout = {
            **fixed_layout(count),
            **gate.layout(count),
            **book_state.layout(count),
            **strategy.LAYOUT,
            **schedule.LAYOUT,
            **external.LAYOUT,
        }
        self.arena = Arena(layout)
        load_instruments(self.arena, instruments, base_currency="USD")
        for index, record in enumerate(instrument_records(self.arena)):
            record["book"] = book_state.open_book(self.arena, index)
        gate.open_session(self.arena, 1_000_000 * 10**8)
        self.begin = ns(begin)
        end = self.begin + days * 86_400 * SECOND
        open_schedules(self.arena, instruments, self.begin, end)
        self.events, self.orders = Ring(REPORT, 1 << 10), Ring(COMMAND, 1 << 8)
        self.control = np.zeros(CONTROL_WORDS, np.int64)
        self.links = new_links()
        link_entries(self.links, gate.LINKS)
        link_entries(self.links, external.LINKS)
        self.links[Link.EMIT] = emit.address
        self.links[Link.EVENTS_OUT] = self.events.address
        self.links[Link.ORDERS_OUT] = self.orders.address
        self.links[Link.CONTROL] = self.control.ctypes.data
        self.told: list[tuple[str, str, int]] = []
        self.handlers: dict[Handler, Entry | Interpreted] = {
            Handler.ON_SESSION: Interpreted(self._on_session),
            Handler.ON_TIMER: Interpreted(self._on_timer),
            Handler.ON_TRADE: Interpreted(self._on_trade),
        }
        hang(self.arena, self.links, self.handlers, list(range(count)))
        self.command(Action.START_STRATEGY, begin, strategy=1)
        self.command(Action.SET_STATE, begin, value=SafetyState.ARMED)
        self.told.clear()
        self.reports()

    def _note(self, kind: str, event: int, value: int) -> int:
        ts = int(record_at(event, MARKET)["ts_received"])
        assert ts == self.engine["now"]
        moment = datetime.fromtimestamp(ts // SECOND, UTC)
        self.told.append((kind, f"{moment:%d %H:%M}", value))
        return 0

    def _on_session(self, _arena: int, _strategy: int, event: int) -> int:
        return self._note("session", event, int(record_at(event, MARKET)["count"]))

    def _on_timer(self, _arena: int, _strategy: int, event: int) -> int:
        return self._note("timer", event, int(record_at(event, MARKET)["reference"]))

    def _on_trade(self, _arena: int, _strategy: int, event: int) -> int:
        return self._note("trade", event, int(record_at(event, MARKET)["price"]))

    @property
    def engine(self) -> Any:
        return self.arena.records(Section.ENGINE)[0]

    def instrument(self, index: int = 0) -> Any:
        return instrument_records(self.arena)[index]

    def position(self, strategy: int = MAX_STRATEGIES, instrument: int = 0) -> Any:
        count = int(self.engine["instruments"])
        return self.arena.records(Section.POSITIONS)[strategy * count + instrument]

    def trade_date(self, index: int = 0) -> str:
        return str(np.datetime64(int(self.instrument(index)["trade_date"]), "D"))

    def reports(self, *kinds: ReportType) -> list[Any]:
        found = [
            each for each in self.events.drain() if not kinds or each["report"] in kinds
        ]
        return list(found)

    def fold(self, record: Any) -> None:
        address = self.arena.address, self.links.ctypes.data
        fold_record(*address, record.ctypes.data)

    def command(self, action: Action, at: str, **fields: Any) -> None:
        record = np.zeros(1, COMMAND)
        record["kind"], record["action"] = EventKind.COMMAND, action
        record["price"] = record["stop_price"] = NO_PRICE
        record["instrument"], record["protection_ticks"] = -1, -1
        record["ts_received"] = ns(at)
        for name, value in fields.items():
            record[name] = value
        self.fold(record)

    def order(self, at: str, number: int, **fields: Any) -> Any:
        """Send an order; return the newest report of it."""
        terms = {
            "instrument": 0,
            "client_order_id": number,
            "side": BUY,
            "quantity": 1,
            "order_type": OrderType.MARKET
            if "price" not in fields
            else OrderType.LIMIT,
        }
        self.command(Action.NEW, at, **(terms | fields))
        return self.reports(ReportType.PENDING_NEW, ReportType.REJECTED)[-1]

    def fill(self, at: str, number: int, quantity: int, price: int) -> None:
        record = np.zeros(1, REPORT)
        record["kind"], record["report"] = EventKind.REPORT, ReportType.FILL
        record["client_order_id"], record["ts_received"] = number, ns(at)
        record["last_quantity"], record["last_price"] = quantity, price
        self.fold(record)

    def clock(self, at: str) -> None:
        self.market(EventKind.TIMER, at, instrument=-1)

    def market(self, kind: EventKind, at: str, **fields: int) -> None:
        record = np.zeros(1, MARKET)
        record["kind"], record["flags"] = kind, RecordFlag.LAST
        record["ts_venue"] = record["ts_received"] = ns(at)
        for name, value in fields.items():
            record[name] = value
        self.fold(record)

    def timer(self, number: int, instant: int, flags: int = 0) -> int:
        terms = np.array([number, 0, instant, flags], np.int64)
        return timer_entry(self.arena.address, 1, terms.ctypes.data)


def test_rule_13_sessions_come_at_their_times_in_order():
    session = Session("2024-11-29T08:00", listed("NYSE"))
    assert session.instrument()["session"] == SessionState.CLOSED

    session.clock("2024-11-29T23:00")

    assert session.told == [
        ("session", "29 09:00", SessionState.EXTENDED),
        ("session", "29 14:30", SessionState.OPEN),
        ("session", "29 18:00", SessionState.EXTENDED),
        ("session", "29 22:00", SessionState.CLOSED),
    ]
    assert session.instrument()["session"] == SessionState.CLOSED
    assert session.engine["now"] == ns("2024-11-29T23:00")
    assert session.engine["schedule_due"] == ns("2024-11-30T05:00")


def test_rule_13_each_instrument_has_the_trade_date_of_its_calendar():
    coin = listed(None, "crypto_spot", name="C")
    session = Session("2024-03-10T12:00", coin, listed("CME", "future"), listed("NYSE"))
    # The first that names a calendar governs the session's own.
    assert str(np.datetime64(int(session.engine["trade_date"]), "D")) == "2024-03-11"
    assert [session.trade_date(i) for i in range(3)] == [
        "2024-03-10",
        "2024-03-11",
        "2024-03-11",
    ]

    session.clock("2024-03-11T22:00")

    assert str(np.datetime64(int(session.engine["trade_date"]), "D")) == "2024-03-12"
    assert [session.trade_date(i) for i in range(3)] == [
        "2024-03-11",
        "2024-03-12",
        "2024-03-11",
    ]


def test_rule_13_the_daily_loss_restarts_with_the_trade_date():
    session = Session("2024-03-04T15:00", listed("CME", "future"))
    session.order("2024-03-04T15:00", 1, price=100)
    session.fill("2024-03-04T15:01", 1, 1, 100)
    session.command(Action.SET_MARK, "2024-03-04T15:02", instrument=0, price=90)
    account = session.arena.records(Section.ACCOUNTS)[0]
    assert account["day_pnl"] == -10 * 10**8

    session.clock("2024-03-04T22:59")
    assert account["day_pnl"] == -10 * 10**8
    session.clock("2024-03-04T23:00")
    assert account["day_pnl"] == 0


def test_rule_11_sessions_go_before_data_and_bars_before_the_session_they_end():
    session = Session("2024-03-05T14:00", listed("NYSE"))
    session.market(EventKind.TRADE, "2024-03-05T14:30", price=5, size=1)
    assert [each[0] for each in session.told] == ["session", "trade"]

    bar = np.zeros(1, BAR)
    bar["kind"], bar["open"], bar["volume"] = EventKind.BAR, 100, 10
    bar["ts_venue"] = bar["ts_received"] = ns("2024-03-05T21:00")
    session.fold(bar)
    assert session.instrument()["session"] == SessionState.OPEN
    session.clock("2024-03-05T21:00")
    assert session.instrument()["session"] == SessionState.EXTENDED


def test_rule_11_timers_come_after_the_data_of_their_instant():
    session = Session("2024-03-05T15:00", listed("NYSE"))
    session.timer(7, ns("2024-03-05T15:30"))

    session.market(EventKind.TRADE, "2024-03-05T15:30", price=1, size=1)
    session.market(EventKind.TRADE, "2024-03-05T15:30", price=2, size=1)
    assert [each[0] for each in session.told] == ["trade", "trade"]
    session.market(EventKind.TRADE, "2024-03-05T15:31", price=3, size=1)

    assert session.told == [
        ("trade", "05 15:30", 1),
        ("trade", "05 15:30", 2),
        ("timer", "05 15:30", 7),
        ("trade", "05 15:31", 3),
    ]


def test_rule_11_a_session_goes_before_a_timer_of_its_instant():
    session = Session("2024-03-05T15:00", listed("NYSE"))
    session.timer(7, ns("2024-03-05T21:00"))

    session.clock("2024-03-05T21:00")

    assert session.told == [
        ("session", "05 21:00", SessionState.EXTENDED),
        ("timer", "05 21:00", 7),
    ]


def test_timers_wake_once_in_order_and_the_earlier_set_first():
    session = Session("2024-03-05T15:00", listed("NYSE"))
    for number, minute in ((1, 20), (2, 10), (3, 20), (4, 10)):
        assert session.timer(number, ns(f"2024-03-05T15:{minute}"))

    session.clock("2024-03-05T15:30")
    session.clock("2024-03-05T16:00")

    assert [each[2] for each in session.told] == [2, 4, 1, 3]


def test_timers_that_fall_due_in_a_pause_wake_their_strategy_when_it_goes_on():
    session = Session("2024-03-05T15:00", listed("NYSE"))
    for number, minute in ((1, 20), (2, 10), (3, 40), (4, 10)):
        assert session.timer(number, ns(f"2024-03-05T15:{minute}"))
    session.command(Action.STOP_STRATEGY, "2024-03-05T15:05", strategy=1, value=PAUSE)
    session.clock("2024-03-05T15:30")
    assert session.told == []

    session.command(Action.START_STRATEGY, "2024-03-05T15:31", strategy=1)
    session.clock("2024-03-05T15:32")
    session.clock("2024-03-05T15:50")

    assert session.told == [
        ("timer", "05 15:31", 2),
        ("timer", "05 15:31", 4),
        ("timer", "05 15:31", 1),
        ("timer", "05 15:40", 3),
    ]


def test_timers_that_fell_due_in_a_pause_are_gone_with_a_stop():
    session = Session("2024-03-05T15:00", listed("NYSE"))
    session.timer(1, ns("2024-03-05T15:10"))
    session.command(Action.STOP_STRATEGY, "2024-03-05T15:05", strategy=1, value=PAUSE)
    session.clock("2024-03-05T15:30")
    session.command(Action.STOP_STRATEGY, "2024-03-05T15:31", strategy=1)
    session.clock("2024-03-05T15:32")

    session.command(Action.START_STRATEGY, "2024-03-05T15:33", strategy=1)
    session.clock("2024-03-05T15:50")

    assert session.told == []


def test_a_timer_of_the_past_wakes_at_once():
    session = Session("2024-03-05T15:00", listed("NYSE"))
    session.clock("2024-03-05T15:10")

    assert session.timer(1, ns("2024-03-05T15:05")) == ns("2024-03-05T15:10")
    session.clock("2024-03-05T15:10")

    assert session.told == [("timer", "05 15:10", 1)]


@pytest.mark.parametrize(
    ("begin", "calendar", "close"),
    [
        ("2024-11-29T14:00", "NYSE", "2024-11-29T18:00"),
        ("2024-11-29T18:00", "NYSE", "2024-12-02T21:00"),
        ("2024-11-28T14:00", "CME", "2024-11-28T18:00"),  # Thanksgiving stops at noon
        ("2024-11-28T23:00", "CME", "2024-11-29T18:15"),
    ],
)
def test_rule_13_before_the_close_knows_short_days(begin, calendar, close):
    session = Session(begin, listed(calendar, "future"))

    assert session.timer(1, 5 * MINUTE, CLOSE) == ns(close) - 5 * MINUTE


def test_without_a_close_there_is_no_timer_before_it():
    session = Session("2024-11-29T14:00", listed("NYSE"))
    session.instrument()["calendar"] = 0

    assert session.timer(1, 5 * MINUTE, CLOSE) == 0


def test_timers_have_a_bound():
    session = Session("2024-03-05T15:00", listed("NYSE"))
    at = ns("2024-03-06T15:00")

    made = [session.timer(number, at) for number in range(schedule.MAX_TIMERS + 1)]

    assert made.count(0) == 2


# Orders.


def cut_off(
    session: Session, at: str, number: int, force: TimeInForce, **fields: Any
) -> Any:
    return session.order(at, number, time_in_force=force, **fields)["reason"]


def test_rule_25_orders_at_the_close_are_refused_after_the_cut_off():
    session = Session("2024-03-05T20:49", listed("NYSE"))
    close = TimeInForce.AT_THE_CLOSE
    session.command(Action.SET_MARK, "2024-03-05T20:49", instrument=0, price=100)

    assert cut_off(session, "2024-03-05T20:49", 1, close, price=100) == Reason.NONE
    late = Reason.MARKET_CLOSED_CUTOFF
    assert cut_off(session, "2024-03-05T20:50", 2, close, price=100) == late
    assert cut_off(session, "2024-03-05T20:59", 3, close, price=100) == late
    # After the auction it is for the next one.
    assert cut_off(session, "2024-03-05T21:00", 4, close, price=100) == Reason.NONE


def test_rule_25_the_cut_off_of_a_half_day_is_early():
    session = Session("2024-11-29T17:49", listed("NYSE"))
    close, late = TimeInForce.AT_THE_CLOSE, Reason.MARKET_CLOSED_CUTOFF

    assert cut_off(session, "2024-11-29T17:49", 1, close, price=100) == Reason.NONE
    assert cut_off(session, "2024-11-29T17:50", 2, close, price=100) == late


def test_rule_25_nasdaq_takes_limits_later():
    session = Session("2024-03-05T14:27", listed("NASDAQ"))
    opening, late = TimeInForce.AT_THE_OPEN, Reason.MARKET_CLOSED_CUTOFF

    assert cut_off(session, "2024-03-05T14:28", 1, opening, price=100) == Reason.NONE
    assert cut_off(session, "2024-03-05T14:28", 2, opening) == late
    assert cut_off(session, "2024-03-05T14:29:30", 3, opening, price=100) == late
    assert cut_off(session, "2024-03-05T14:30", 4, opening, price=100) == Reason.NONE


@pytest.mark.parametrize(
    ("kind", "at", "outside", "passes"),
    [
        ("stock", "2024-03-05T15:00", 0, True),
        ("stock", "2024-03-05T12:00", 0, False),
        ("stock", "2024-03-05T12:00", 1, True),
        ("future", "2024-03-05T12:00", 0, True),
        ("future", "2024-03-09T12:00", 0, False),
    ],
)
def test_rule_24_session_hours_are_those_of_the_calendar(kind, at, outside, passes):
    session = Session(at, listed("NYSE", kind))
    fields = {"group": RiskLimit.SESSION_HOURS, "value": 1}
    session.command(Action.SET_LIMIT, at, **fields)

    report = session.order(at, 1, price=100, options=4 * outside)

    assert report["reason"] == (Reason.NONE if passes else Reason.SESSION_HOURS)


# The end of a contract.


def expiring(**fields: Any) -> Instrument:
    return listed("CME", "future", expiry=date(2024, 3, 15), **fields)


def held(session: Session, number: int, quantity: int, price: int, owner: int) -> None:
    at = "2024-03-15T15:00"
    side, size = (BUY if quantity > 0 else SELL), abs(quantity)
    order = session.order(
        at, number, side=side, quantity=size, price=price, strategy=owner
    )
    assert order["report"] == ReportType.PENDING_NEW
    session.fill(at, number, size, price)


def test_rule_8_what_each_holds_closes_at_settlement_flagged():
    session = Session("2024-03-15T15:00", expiring())
    held(session, 1, 3, 100, 0)
    held(session, 2, -1, 110, 1)
    session.command(Action.SET_MARK, "2024-03-15T16:00", instrument=0, price=107)
    session.reports()

    session.clock("2024-03-15T20:59")
    assert session.position()["quantity"] == 2
    session.clock("2024-03-15T21:00")

    fills = session.reports(ReportType.FILL)
    told = [
        (int(f["strategy"]), int(f["side"]), int(f["last_quantity"])) for f in fills
    ]
    assert told == [(0, SELL, 3), (1, BUY, 1)]
    for fill in fills:
        assert fill["flags"] == RecordFlag.SETTLEMENT
        assert fill["reason"] == Reason.SETTLED
        assert (fill["last_price"], fill["fee"]) == (107, 0)
        assert fill["client_order_id"] > 0
    assert session.position()["quantity"] == 0
    assert session.position(0)["realised"] == 21 * 10**8
    assert session.position(1)["realised"] == 3 * 10**8


def test_rule_8_after_the_last_day_orders_are_refused_and_cancelled():
    session = Session("2024-03-15T15:00", expiring())
    session.order("2024-03-15T15:00", 1, price=90)

    session.clock("2024-03-15T21:00")
    (asked,) = session.reports(ReportType.PENDING_CANCEL)
    assert asked["client_order_id"] == 1
    refused = session.order("2024-03-17T22:30", 2, price=90)

    assert refused["reason"] == Reason.NOT_TRADING


def test_rule_8_a_mark_that_comes_late_settles_when_it_comes():
    session = Session("2024-03-15T15:00", expiring())
    session.position(0)["quantity"] = session.position()["quantity"] = 2
    session.position()["holders"] = 1
    session.clock("2024-03-15T21:00")
    assert session.position()["quantity"] == 2

    session.command(Action.SET_MARK, "2024-03-15T22:00", instrument=0, price=101)
    session.clock("2024-03-15T22:01")

    assert session.position()["quantity"] == 0


def test_rule_8_first_notice_and_the_end_are_told_days_before():
    session = Session("2024-03-08T15:00", expiring(first_notice=date(2024, 3, 14)))

    session.clock("2024-03-13T15:00")

    told = [
        (Reason(int(each["reason"])), int(each["quantity"]))
        for each in session.reports(ReportType.LOG)
    ]
    assert told[0] == (Reason.FIRST_NOTICE, ns("2024-03-13T22:00"))
    assert (Reason.LAST_TRADING, ns("2024-03-15T21:00")) in told
    assert len(told) == len({each[1] for each in told}) * 2 + 1


# Schedules.


def rows_of(*terms: Sequence[int]) -> Any:
    rows = np.zeros(len(terms), SESSION_ROW)
    for index, each in enumerate(terms):
        rows[index] = (*each, 0, 0, SessionState.OPEN, 0)
    return rows


def test_a_schedule_that_begins_too_late_is_refused():
    session = Session("2024-03-05T15:00", listed("NYSE"))
    late = Table(rows_of((session.begin + 1, 1)))

    with pytest.raises(EngineError, match="begins after the session"):
        load_schedules(session.arena, [late], [1], session.begin)


def test_a_halt_of_the_feed_shows_and_ends_with_the_schedules_state():
    session = Session("2024-03-05T15:00", listed("NYSE"))
    at = "2024-03-05T15:01"

    session.market(EventKind.SESSION, at, count=SessionState.HALTED)
    assert session.instrument()["session"] == SessionState.HALTED
    session.market(EventKind.SESSION, at, count=SessionState.OPEN)
    assert session.instrument()["session"] == SessionState.OPEN
    session.market(EventKind.SESSION, at, count=SessionState.CLOSED)
    assert session.instrument()["session"] == SessionState.OPEN


def test_the_same_records_give_the_same_bytes_with_a_calendar():
    ends = []
    for _ in range(2):
        session = Session("2024-11-27T15:00", listed("NYSE"), listed("CME", "future"))
        session.timer(1, 5 * MINUTE, CLOSE)
        session.clock("2024-12-03T15:00")
        ends.append((session.told, session.arena.bytes[8192:65536].tobytes()))

    assert ends[0] == ends[1]
