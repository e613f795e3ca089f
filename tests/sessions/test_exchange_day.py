"""A paper session on the built-in exchange with days: auctions, trading, night."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.engine.records import (
    BUY,
    Action,
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
    seen: list[int] = []

    def note() -> bool:
        now = int(trader.book()["session"])
        if not seen or seen[-1] != now:
            seen.append(now)
        return seen.count(SessionState.OPENING_AUCTION) > 1

    eventually(note, 60)
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
    assert trader.book()["stale"] == 0


def test_an_order_for_the_close_is_filled_at_the_auctions_price(trader):
    eventually(trader.has_market, 60)
    eventually(lambda: trader.book()["session"] == SessionState.OPEN, 60)
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

    eventually(lambda: trader.has(order, ReportType.FILL), 60)
    fills = [e for e in trader.of(order) if e["report"] == ReportType.FILL]
    assert len({int(e["last_price"]) for e in fills}) == 1
    eventually(lambda: trader.book()["position"] == 100)
