"""The built-in exchange on its thread."""

import time

import numpy as np
import pytest

from app.config import Settings
from app.engine.exchange.state import Control
from app.engine.records import BUY, SELL, EventKind, ReportType
from app.errors import FeedError
from app.feeds.exchange import ExchangeFeed, open_exchange
from app.feeds.protocol import ExternalVenue, Feed
from tests.engine.exchange.market_folding import (
    INSTRUMENTS,
    PlainBook,
    best,
    levels,
    order,
)
from tests.waiting import eventually

pytestmark = pytest.mark.threads


@pytest.fixture
def feed():
    made = ExchangeFeed(INSTRUMENTS, seed=3, messages_per_s=20_000)
    yield made
    made.stop()


def collect(feed, enough):
    """Drain the market ring until `enough` of what has come says so."""
    parts = []

    def is_enough():
        parts.append(feed.market.drain())
        return enough(np.concatenate(parts))

    eventually(is_enough)
    return np.concatenate(parts)


def more_than(count):
    return lambda records: len(records) > count


def test_it_meets_the_protocols(feed):
    assert feed.rings == (feed.market,)
    assert isinstance(feed, Feed)
    assert isinstance(feed, ExternalVenue)


def test_settings_choose_its_instruments_and_pace():
    feed = open_exchange(Settings())

    assert [each.name for each in feed.instruments] == ["RSTK", "RFUT", "RBTC", "REUR"]
    assert feed.exchange.control[Control.RATE] == Settings().exchange.messages_per_s


def test_it_starts_with_whole_books_and_goes_on_without_a_hole(feed):
    book = PlainBook()

    feed.start()
    records = collect(feed, more_than(5000))
    feed.stop()
    book.fold(records)
    book.fold(feed.market.drain())

    assert records["kind"][:2].tolist() == [EventKind.SESSION, EventKind.SNAPSHOT_BEGIN]
    for instrument in range(4):
        for side in (BUY, SELL):
            own = levels(feed.exchange, instrument, side)
            assert book.levels(instrument, side) == own


def test_it_restarts_with_the_book_it_had(feed):
    book = PlainBook()
    for _ in range(3):
        feed.start()
        feed.start()
        assert feed.is_running
        assert feed.status().state == "connected"
        records = collect(feed, more_than(2000))
        # At once: a ring that fills meanwhile makes it wait, and leave some unsent.
        feed.stop()
        feed.stop()
        book.fold(records)
        assert not feed.is_running
        assert feed.status().state == "waiting"
        book.fold(feed.market.drain())

    assert book.levels(0, BUY) == levels(feed.exchange, 0, BUY)


def test_records_carry_the_wall_clock_and_never_go_back(feed):
    began = time.time_ns()

    feed.start()
    records = collect(feed, more_than(3000))
    feed.stop()

    assert (np.diff(records["ts_venue"]) >= 0).all()
    assert (records["ts_venue"] == records["ts_received"]).all()
    assert records["ts_venue"][0] >= began
    assert records["ts_venue"][-1] <= time.time_ns()


def test_a_full_market_ring_is_waited_for_and_nothing_is_lost(feed):
    book = PlainBook()
    feed.set_pace(200_000)

    feed.start()
    collected = []
    eventually(lambda: feed.exchange.control[Control.WAITS] > 0)
    collected += [feed.market.drain() for _ in range(3)]
    feed.stop()
    collected.append(feed.market.drain())
    for part in collected:
        book.fold(part)

    assert book.last_sequence >= feed.market.capacity
    assert "waited" in feed.status().detail


def test_what_a_stop_interrupts_is_counted_and_the_next_start_is_whole(feed):
    feed.set_pace(200_000)
    feed.start()
    eventually(lambda: feed.exchange.control[Control.WAITS] > 0)
    feed.stop()
    assert feed.exchange.control[Control.UNSENT] > 0
    assert "stopped" in feed.status().detail
    feed.market.drain()
    book = PlainBook()
    book.last_sequence = int(feed.exchange.control[Control.SEQUENCE])

    feed.set_pace(2000)
    feed.start()
    records = collect(feed, more_than(2000))
    feed.stop()
    book.fold(records)
    book.fold(feed.market.drain())

    for instrument in range(4):
        own = levels(feed.exchange, instrument, BUY)
        assert book.levels(instrument, BUY) == own


def test_a_quiet_exchange_sends_timers(feed):
    feed.set_paused(True)

    feed.start()
    records = collect(feed, lambda all_: (all_["kind"] == EventKind.TIMER).sum() >= 3)

    assert feed.status().state == "paused"
    timers = records[records["kind"] == EventKind.TIMER]
    assert (timers["instrument"] == -1).all()
    assert (np.diff(timers["ts_received"]) >= 100_000_000).all()


def test_orders_are_matched_while_the_agents_rest(feed):
    feed.set_paused(True)
    ask = best(feed.exchange, 0, SELL)

    feed.start()
    feed.orders.push(order(1, 0, BUY, 10, ask))
    reports: list[np.ndarray] = []

    def is_filled():
        reports.append(feed.reports.drain())
        return any(ReportType.FILL in part["report"] for part in reports)

    eventually(is_filled)
    feed.stop()

    told = np.concatenate(reports)
    assert told["report"][0] == ReportType.NEW
    assert told["last_price"][-1] == ask


def test_the_pace_is_bounded(feed):
    for bad in (0, -1, 200_001):
        with pytest.raises(FeedError, match="messages_per_s must lie in"):
            feed.set_pace(bad)


def test_an_exchange_without_instruments_is_refused():
    with pytest.raises(FeedError, match="needs an instrument"):
        ExchangeFeed((), 1, 200)
