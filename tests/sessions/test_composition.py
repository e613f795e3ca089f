"""A paper session from end to end: feed, engine, venue, log; no window."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app import config
from app.engine.arena import Section
from app.engine.kernel import fold_record
from app.engine.links import Link
from app.engine.log import Stream
from app.engine.log_reader import LogReader, verify
from app.engine.records import (
    BUY,
    COMMAND,
    NO_PRICE,
    REPORT,
    Action,
    EventKind,
    OrderType,
    Reason,
    ReportType,
    SafetyState,
    TimeInForce,
)
from app.engine.snapshot import load_arena
from app.sessions.composition import START_FILE, PaperEngine
from tests.waiting import eventually

pytestmark = [pytest.mark.threads, pytest.mark.slow]


class Trader:
    """A paper session, and what a trader has seen of it."""

    def __init__(self, folder: Path, feed: str = "exchange", **more: str) -> None:
        environment = {
            "RINGSIDE_PATHS_LOGS": str(folder / "logs"),
            "RINGSIDE_PATHS_DATA": str(folder / "catalog"),
            "RINGSIDE_RISK_FILE": str(folder / "limits.toml"),
            **more,
        }
        self.settings = config.load(None, environment).settings
        self.failures: list[BaseException] = []
        self.engine = PaperEngine(feed, self.settings, self.failures.append)
        self.reports: list[np.void] = []
        self._view: Any = None
        self._id = 1 << 40
        self.engine.start()

    def view(self) -> Any:
        """Newest view; None before the first."""
        newest = self.engine.views.newest()
        if newest is not None:
            self._view = newest
        return self._view

    def book(self, instrument: int = 0) -> Any:
        return self.view()["instrument"][instrument]

    def has_market(self) -> bool:
        view = self.view()
        if view is None:
            return False
        rows = view["instrument"][: view["instruments"]]
        both = (rows["bid_levels"] > 0) & (rows["ask_levels"] > 0)
        return bool((both & (rows["stale"] == 0)).all())

    def send(self, action: Action, **fields: int) -> int:
        """Send a command; its client order id."""
        command = np.zeros(1, COMMAND)
        command["kind"], command["action"] = EventKind.COMMAND, action
        command["price"] = command["stop_price"] = NO_PRICE
        command["protection_ticks"] = -1
        self._id += 1
        command["client_order_id"] = self._id
        for name, value in fields.items():
            command[name] = value
        assert self.engine.submit(command)
        return self._id

    def arm(self) -> None:
        self.send(Action.SET_STATE, value=SafetyState.ARMED, instrument=-1)
        eventually(lambda: self.view()["safety_state"] == SafetyState.ARMED)

    def buy(self, quantity: int, price: int = NO_PRICE, instrument: int = 0) -> int:
        kind = OrderType.MARKET if price == NO_PRICE else OrderType.LIMIT
        return self.send(
            Action.NEW,
            side=BUY,
            order_type=kind,
            time_in_force=TimeInForce.GTC,
            quantity=quantity,
            price=price,
            instrument=instrument,
        )

    def of(self, order: int) -> list[np.void]:
        """Reports of one order so far."""
        self.reports.extend(self.engine.events.drain())
        return [each for each in self.reports if each["client_order_id"] == order]

    def has(self, order: int, kind: ReportType) -> bool:
        return any(each["report"] == kind for each in self.of(order))

    def last(self, order: int) -> np.void:
        return self.of(order)[-1]


@pytest.fixture
def trader(tmp_path: Path) -> Iterator[Trader]:
    one = Trader(tmp_path)
    try:
        eventually(one.has_market)
        yield one
        assert not one.failures
    finally:
        one.engine.stop()


def test_session_starts_in_view_and_refuses_new_risk(trader):
    order = trader.buy(100)

    eventually(lambda: trader.has(order, ReportType.REJECTED))

    assert trader.last(order)["reason"] == Reason.STATE_VIEW


def test_marketable_order_is_filled_and_makes_a_position_with_fees(trader):
    trader.arm()

    order = trader.buy(100)
    eventually(lambda: trader.has(order, ReportType.FILL))
    eventually(lambda: trader.last(order)["leaves"] == 0)

    fills = [each for each in trader.of(order) if each["report"] == ReportType.FILL]
    assert sum(int(each["last_quantity"]) for each in fills) == 100
    assert sum(int(each["fee"]) for each in fills) > 0
    eventually(lambda: trader.book()["position"] == 100)
    paid = sum(int(each["last_price"]) * int(each["last_quantity"]) for each in fills)
    assert trader.book()["average_price"] == pytest.approx(paid / 100)


def test_resting_order_shows_its_queue_and_is_cancelled(trader):
    trader.arm()
    bids = trader.book()["bids"]
    order = trader.buy(10, int(bids[5]["price"]))
    eventually(lambda: trader.has(order, ReportType.NEW))

    def queue() -> int:
        view = trader.view()
        rows = view["working"][: view["orders"]]
        mine = rows[rows["client_order_id"] == order]
        return int(mine["queue_ahead"][0]) if len(mine) else -1

    eventually(lambda: queue() >= 0)
    cancel = trader.send(Action.CANCEL, client_order_id=order)

    assert cancel > order
    eventually(lambda: trader.has(order, ReportType.CANCELLED))
    assert trader.last(order)["leaves"] == 0


def test_kill_cancels_entries_and_refuses_new_ones(trader):
    trader.arm()
    bids = trader.book()["bids"]
    order = trader.buy(10, int(bids[8]["price"]))
    eventually(lambda: trader.has(order, ReportType.NEW))

    trader.send(Action.KILL, instrument=-1)

    eventually(lambda: trader.has(order, ReportType.CANCELLED))
    refused = trader.buy(10)
    eventually(lambda: trader.has(refused, ReportType.REJECTED))
    assert trader.last(refused)["reason"] == Reason.STATE_KILLED


def test_everything_is_in_the_log_and_the_log_is_sound(trader):
    trader.arm()
    order = trader.buy(100)
    eventually(lambda: trader.has(order, ReportType.FILL))

    trader.engine.stop()

    report = verify(trader.engine.log.directory)
    assert report.is_sound, report.faults
    told = {int(each["sequence"]) for each in trader.reports}
    logged = _decisions(trader.engine.log.directory)
    assert told <= logged


def _decisions(directory: Path) -> set[int]:
    found: set[int] = set()
    for batch in LogReader(directory).batches():
        records = batch.records(Stream.DECISION, REPORT)
        reports = records[records["kind"] == EventKind.REPORT]
        found.update(int(each) for each in reports["sequence"])
    return found


def test_stopping_twice_is_harmless(trader):
    trader.engine.stop()
    trader.engine.stop()

    assert not trader.engine.thread.is_running


def test_restarted_engine_keeps_its_position(tmp_path):
    one = Trader(tmp_path)
    try:
        eventually(one.has_market)
        one.arm()
        order = one.buy(100)
        eventually(lambda: one.has(order, ReportType.FILL))
        eventually(lambda: one.last(order)["leaves"] == 0)

        one.engine.thread.stop()
        one.engine.thread.start()

        eventually(lambda: one.book()["position"] == 100)
        assert one.engine.arena.records(Section.ENGINE)["fills"][0] >= 1
    finally:
        one.engine.stop()


def test_the_logged_events_give_the_same_bytes_again(trader, tmp_path):
    trader.arm()
    order = trader.buy(100)
    resting = trader.buy(10, int(trader.book()["bids"][3]["price"]))
    eventually(lambda: trader.has(order, ReportType.FILL))
    eventually(lambda: trader.has(resting, ReportType.NEW))
    trader.engine.stop()

    twin = PaperEngine("exchange", trader.settings, trader.failures.append)
    assert twin.venue is not None
    start = np.fromfile(trader.engine.log.directory / START_FILE, np.uint8)
    try:
        load_arena(twin.arena.address, start.ctypes.data)
        twin.links[Link.EVENTS_OUT] = twin.links[Link.LOG] = 0
        for stream, _, record in LogReader(trader.engine.log.directory):
            if stream == Stream.INBOUND:
                memory = np.frombuffer(record, np.uint8).copy()
                address = memory.ctypes.data
                fold_record(twin.arena.address, twin.links.ctypes.data, address)
                twin.venue.orders.drain()  # or the exchange's ring fills
    finally:
        twin.stop()

    for section, (dtype, _) in twin.arena.layout.items():
        used = trader.engine.arena.used(section)
        assert twin.arena.used(section) == used, section
        ours = twin.arena.records(section)[:used].tobytes()
        assert ours == trader.engine.arena.records(section)[:used].tobytes(), section
        assert dtype.itemsize * used == len(ours)
