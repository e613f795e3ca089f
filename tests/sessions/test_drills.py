"""Every fire drill through a whole paper session: what must hold, holds.

No order is lost, a stale book is shown and blocks new risk, positions are the sum of
the fills, and after the drill everything is fresh again and trades.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.engine.exchange.drill_table import DRILLS, Drill
from app.engine.records import (
    SELL,
    Action,
    OrderOption,
    OrderStatus,
    OrderType,
    Reason,
    ReportType,
    TimeInForce,
)
from app.feeds.exchange import ExchangeFeed
from tests.sessions.test_composition import Trader
from tests.waiting import eventually

pytestmark = [pytest.mark.threads, pytest.mark.slow]
LOCAL = [row.drill for row in DRILLS if row.is_local]
LIVE = (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)
ENDED = (OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED)


@pytest.fixture
def trader(tmp_path: Path) -> Iterator[Trader]:
    one = Trader(tmp_path)
    try:
        eventually(one.has_market)
        one.arm()
        yield one
        assert not one.failures
    finally:
        one.engine.stop()


def said(trader: Trader) -> list[tuple[int, int]]:
    """Drills that began (1) and ended (0) so far."""
    trader.of(0)
    return [
        (int(each["group"]), int(each["quantity"]))
        for each in trader.reports
        if each["report"] == ReportType.DRILL
    ]


def begin(trader: Trader, drill: Drill, instrument: int = 0) -> None:
    trader.send(Action.FIRE_DRILL, value=drill, instrument=instrument)
    eventually(lambda: (drill, 1) in said(trader))


def end(trader: Trader, drill: Drill) -> None:
    eventually(lambda: (drill, 0) in said(trader))


@contextmanager
def held(trader: Trader, drill: Drill) -> Iterator[None]:
    """A drill that lasts as long as what is looked at in it, on any machine."""
    begin(trader, drill)
    feed = trader.engine.feed
    assert isinstance(feed, ExchangeFeed)
    state = feed.exchange.state
    state["drill_ends"] = 1 << 62
    yield
    state["drill_ends"] = 0
    end(trader, drill)


def settled(trader: Trader, order: int) -> bool:
    """Whether nothing about an order is still under way."""
    reports = trader.of(order)
    return bool(reports) and reports[-1]["status"] in (*LIVE, *ENDED)


def settle(trader: Trader, orders: list[int]) -> None:
    eventually(lambda: all(settled(trader, order) for order in orders))


def bid(trader: Trader, place: int = 0) -> int:
    return int(trader.book()["bids"][place]["price"])


def filled(trader: Trader) -> int:
    """Position by the fills that were told."""
    trader.of(0)
    fills = [e for e in trader.reports if e["report"] == ReportType.FILL]
    unique = {(int(e["venue_order_id"]), int(e["filled"])): e for e in fills}
    return sum(int(e["last_quantity"]) * int(e["side"]) for e in unique.values())


def all_is_well(trader: Trader, orders: list[int]) -> None:
    """What must hold after every drill."""
    eventually(trader.has_market)
    settle(trader, orders)
    last = [trader.last(order) for order in orders]
    assert all(each["filled"] + each["leaves"] <= each["quantity"] for each in last)
    eventually(lambda: trader.book()["position"] == filled(trader))
    after = trader.buy(1)
    eventually(lambda: trader.has(after, ReportType.FILL))
    working = [o for o in orders if trader.last(o)["status"] in LIVE]
    for order in working:
        trader.send(Action.CANCEL, instrument=0, client_order_id=order)
    eventually(lambda: all(trader.last(o)["status"] in ENDED for o in working))
    eventually(lambda: trader.book()["working_buy"] == 0)
    eventually(lambda: trader.book()["position"] == filled(trader))


@pytest.mark.parametrize("drill", LOCAL)
def test_after_a_drill_in_the_market_everything_is_fresh(trader, drill):
    orders = [trader.buy(300, bid(trader)), trader.buy(200, bid(trader, 4))]
    begin(trader, drill)
    if drill is not Drill.ONE_SIDED:
        orders.append(trader.buy(500, bid(trader) + 300))

    end(trader, drill)

    all_is_well(trader, orders)


def test_in_a_crash_resting_bids_are_filled_and_the_loss_is_shown(trader):
    order = trader.buy(100, bid(trader))
    begin(trader, Drill.FLASH_CRASH)

    eventually(lambda: trader.has(order, ReportType.FILL))
    eventually(lambda: trader.book()["unrealised"] < 0)
    end(trader, Drill.FLASH_CRASH)

    all_is_well(trader, [order])


def test_without_offers_a_market_order_is_rejected_by_the_venue(trader):
    with held(trader, Drill.ONE_SIDED):
        eventually(lambda: trader.book()["ask_levels"] == 0)

        order = trader.buy(10)
        eventually(lambda: trader.has(order, ReportType.REJECTED))

        assert trader.last(order)["reason"] in (
            Reason.NO_OPPOSITE_SIDE,
            Reason.NO_PRICE_REFERENCE,
        )

    all_is_well(trader, [])


def test_in_a_gap_books_are_stale_and_new_risk_is_refused(trader):
    resting = trader.buy(100, bid(trader, 6))
    eventually(lambda: settled(trader, resting))
    with held(trader, Drill.GAP):
        eventually(lambda: trader.book()["stale"] != 0)

        refused = trader.buy(10)
        eventually(lambda: trader.has(refused, ReportType.REJECTED))
        trader.send(Action.CANCEL, instrument=0, client_order_id=resting)
        eventually(lambda: trader.has(resting, ReportType.CANCELLED))

        assert trader.last(refused)["reason"] == Reason.STALE_BOOK
        assert trader.book()["stale"] != 0, "the cancel passed while it was stale"

    told = [
        int(e["quantity"]) for e in trader.reports if e["report"] == ReportType.STALE
    ]
    assert told.count(1) >= 1
    all_is_well(trader, [resting])


def test_a_reject_storm_leaves_working_orders_as_they_were(trader):
    resting = trader.buy(100, bid(trader, 6))
    eventually(lambda: settled(trader, resting))
    with held(trader, Drill.REJECT_STORM):
        refused = [trader.buy(10 + i, bid(trader, 6)) for i in range(20)]
        trader.send(
            Action.REPLACE,
            instrument=0,
            client_order_id=resting,
            quantity=50,
            price=int(trader.last(resting)["price"]),
            order_type=OrderType.LIMIT,
        )
        eventually(lambda: all(trader.has(o, ReportType.REJECTED) for o in refused))
        eventually(lambda: trader.has(resting, ReportType.REPLACE_REJECTED))

        assert {int(trader.last(each)["reason"]) for each in refused} <= {
            Reason.VENUE_BUSY,
            Reason.DUPLICATE,
            Reason.MESSAGE_RATE,
        }
        assert trader.last(resting)["leaves"] + trader.last(resting)["filled"] == 100

    all_is_well(trader, [resting])


def test_late_acknowledgements_lose_nothing(trader):
    with held(trader, Drill.LATE_ACKS):
        order = trader.buy(100)
        eventually(lambda: trader.has(order, ReportType.PENDING_NEW))
        assert trader.last(order)["status"] == OrderStatus.PENDING_NEW
        resting = trader.buy(100, bid(trader, 6))
        trader.send(Action.CANCEL, instrument=0, client_order_id=resting)
        eventually(lambda: trader.has(order, ReportType.FILL))

        first = trader.of(order)[-1]
        assert first["ts_received"] - first["ts_venue"] > 1_900_000_000

    eventually(lambda: trader.has(resting, ReportType.CANCELLED))
    all_is_well(trader, [order, resting])


def test_partial_fills_add_up(trader):
    with held(trader, Drill.PARTIAL_FILLS):
        order = trader.buy(900, bid(trader))

        eventually(
            lambda: (
                len([e for e in trader.of(order) if e["report"] == ReportType.FILL])
                >= 3
            )
        )

        for each in trader.of(order):
            assert each["status"] not in LIVE or each["filled"] + each["leaves"] == 900

    all_is_well(trader, [order])


def test_a_disconnection_with_open_orders_ends_with_what_was_missed(trader):
    low = trader.buy(100, bid(trader, 8))
    touch = trader.buy(50, bid(trader))
    settle(trader, [low, touch])
    with held(trader, Drill.DISCONNECT):
        eventually(lambda: trader.book()["stale"] != 0)
        assert trader.engine.feed.status().state == "disconnected"

        refused = trader.buy(10)
        eventually(lambda: trader.has(refused, ReportType.REJECTED))
        assert trader.last(refused)["reason"] == Reason.STALE_BOOK
        trader.send(Action.CANCEL, instrument=0, client_order_id=low)
        eventually(lambda: trader.has(low, ReportType.CANCEL_REJECTED))
        assert trader.last(low)["reason"] == Reason.NOT_CONNECTED

    assert trader.engine.feed.status().state == "connected"
    all_is_well(trader, [low, touch])


def test_kill_in_a_disconnection_is_carried_out_once_the_line_is_back(trader):
    order = trader.buy(100, bid(trader, 8))
    eventually(lambda: settled(trader, order))
    with held(trader, Drill.DISCONNECT):
        trader.send(Action.KILL, instrument=-1)
        eventually(lambda: trader.has(order, ReportType.CANCEL_REJECTED))

    eventually(lambda: trader.last(order)["status"] in ENDED)


def test_an_exit_in_a_disconnection_is_refused_and_told(trader):
    bought = trader.buy(100)
    settle(trader, [bought])
    eventually(lambda: trader.last(bought)["status"] == OrderStatus.FILLED)
    with held(trader, Drill.DISCONNECT):
        out = trader.send(
            Action.NEW,
            side=SELL,
            order_type=OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            quantity=100,
            price=bid(trader),
            options=OrderOption.REDUCE_ONLY,
            instrument=0,
        )
        eventually(lambda: trader.has(out, ReportType.REJECTED))

        assert trader.last(out)["reason"] in (Reason.NOT_CONNECTED, Reason.UNSUPPORTED)

    all_is_well(trader, [bought])


def test_the_seed_is_told(trader):
    assert trader.engine.feed.status().seed == trader.settings.exchange.seed
