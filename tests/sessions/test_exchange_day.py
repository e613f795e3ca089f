"""A paper session on the built-in exchange with days: auctions, trading, night."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.data.log_tail import LogTail
from app.engine.records import (
    BUY,
    Action,
    EventKind,
    OrderType,
    ReportType,
    SessionState,
    TimeInForce,
)
from tests.sessions.test_composition import Trader
from tests.waiting import eventually

pytestmark = [pytest.mark.threads, pytest.mark.slow]


@pytest.fixture
def trader(tmp_path: Path) -> Iterator[Trader]:
    one = Trader(
        tmp_path,
        RINGSIDE_EXCHANGE_DAY_MINUTES="0.4",
        RINGSIDE_EXCHANGE_MESSAGES_PER_S="4000",
    )
    try:
        eventually(lambda: one.view() is not None)
        yield one
        assert not one.failures
    finally:
        one.engine.stop()


def test_a_day_goes_by_and_its_sessions_are_seen(trader):
    tail = LogTail(trader.engine.log.directory)
    seen: list[int] = []

    def note() -> bool:
        records = tail.read()
        told = records[records["kind"] == EventKind.SESSION]
        seen.extend(int(each) for each in told["count"][told["instrument"] == 0])
        return seen.count(SessionState.OPENING_AUCTION) > 1

    # Views are conflated: a session that is short is in the log for certain.
    eventually(note)
    parts = [
        each for each in seen if each not in (SessionState.UNKNOWN, SessionState.HALTED)
    ]

    start = parts.index(SessionState.CLOSING_AUCTION)
    assert parts[start : start + 3] == [
        SessionState.CLOSING_AUCTION,
        SessionState.CLOSED,
        SessionState.OPENING_AUCTION,
    ]
    # Books that cross while orders gather are not stale.
    eventually(lambda: trader.book()["session"] == SessionState.OPENING_AUCTION)
    assert trader.book()["stale"] == 0


def test_an_order_for_the_close_is_filled_at_the_auctions_price(trader):
    eventually(trader.has_market)
    eventually(lambda: trader.book()["session"] == SessionState.OPEN)
    trader.arm()

    order = trader.send(
        Action.NEW,
        side=BUY,
        order_type=OrderType.MARKET,
        time_in_force=TimeInForce.AT_THE_CLOSE,
        quantity=100,
        instrument=0,
    )
    eventually(lambda: trader.has(order, ReportType.NEW))
    assert not trader.has(order, ReportType.FILL)

    eventually(lambda: trader.has(order, ReportType.FILL))
    fills = [e for e in trader.of(order) if e["report"] == ReportType.FILL]
    assert len({int(e["last_price"]) for e in fills}) == 1
    eventually(lambda: trader.book()["position"] == 100)
