"""The exchange's compressed day, stepped: a turn is a millisecond of its time."""

import numpy as np
import pytest

from app.engine.arena import Section
from app.engine.exchange.drill_table import Drill
from app.engine.exchange.venue import BuiltInExchange
from app.engine.records import (
    BUY,
    SELL,
    Action,
    EventKind,
    OrderStatus,
    Reason,
    ReportType,
    SessionState,
    TimeInForce,
    TradeCondition,
)
from tests.engine.exchange.market_folding import (
    INSTRUMENTS,
    PlainBook,
    best,
    command,
    levels,
    order,
)

RSTK = 0
DAY = 40_000
OPENING, TRADING, CLOSING = 2_400, 33_600, 2_000
"""Turns of a day, and of its parts."""
TRADED = (EventKind.TRADE, EventKind.ORDER_EXECUTE)
PARTS = [
    SessionState.OPENING_AUCTION,
    SessionState.OPEN,
    SessionState.CLOSING_AUCTION,
    SessionState.CLOSED,
]


class Floor:
    """An exchange with days, and all that it has said."""

    def __init__(self, seed=5):
        self.exchange = BuiltInExchange(INSTRUMENTS, seed, 200)
        self.exchange.push_books()
        self.said = [self.exchange.market.drain()]
        self.exchange.state["day_ns"] = DAY * 10**6
        self.agents = self.exchange.arena.records(Section.AGENTS)

    def step(self, turns):
        came, told = [], []
        for start in range(0, turns, 1000):
            self.exchange.turns(min(1000, turns - start))
            came.append(self.exchange.market.drain())
            told.append(self.exchange.reports.drain())
        self.said += came
        return np.concatenate(came), np.concatenate(told)

    def send(self, *commands):
        for each in commands:
            assert self.exchange.orders.push(each) == 1
        self.exchange.turns(0)
        self.said.append(self.exchange.market.drain())
        return self.exchange.reports.drain()


@pytest.fixture
def floor():
    return Floor()


def sessions(market, instrument=RSTK):
    mine = market[
        (market["kind"] == EventKind.SESSION) & (market["instrument"] == instrument)
    ]
    return mine["count"].tolist()


def calm(floor):
    """Keep the market from running: no halts."""
    for market in floor.agents:
        market["noise"] = 0.0


def test_a_day_has_its_parts_in_their_order_and_the_next_begins(floor):
    calm(floor)

    market, _ = floor.step(2 * DAY)

    for instrument in range(len(INSTRUMENTS)):
        assert sessions(market, instrument) == PARTS * 2
    assert floor.exchange.state["day"] == 1


def test_without_a_length_the_exchange_is_always_open(floor):
    floor.exchange.state["day_ns"] = 0

    market, _ = floor.step(20_000)

    assert sessions(market) == []


def test_nothing_trades_in_auctions_and_at_night_but_at_their_end(floor):
    calm(floor)
    opening, _ = floor.step(OPENING)
    assert not np.isin(opening["kind"], TRADED).any()
    crossed = [
        best(floor.exchange, i, BUY) >= best(floor.exchange, i, SELL) for i in range(4)
    ]
    assert any(crossed)

    opened, _ = floor.step(10)
    prints = opened[opened["kind"] == EventKind.TRADE]
    assert prints["instrument"].tolist() == [0, 1, 2, 3]
    assert (prints["conditions"] & TradeCondition.CROSS != 0).all()
    assert (prints["size"] > 0).all()
    for instrument in range(4):
        bid, ask = (best(floor.exchange, instrument, side) for side in (BUY, SELL))
        assert bid < ask

    floor.step(TRADING + CLOSING)
    night, _ = floor.step(1000)
    assert not np.isin(night["kind"], TRADED).any()
    assert levels(floor.exchange, RSTK, BUY) == []


def test_the_book_is_rebuilt_from_the_data_through_days(floor):
    for turns in (OPENING - 100, 200, TRADING, CLOSING, 1800, OPENING, 3000):
        floor.step(turns)
        book = PlainBook()
        book.fold(np.concatenate(floor.said))
        for instrument in range(len(INSTRUMENTS)):
            for side in (BUY, SELL):
                own = levels(floor.exchange, instrument, side)
                assert book.levels(instrument, side) == own


def test_after_the_opening_the_market_is_deep_and_uncrossed(floor):
    floor.step(OPENING + 4000)

    for instrument in range(4):
        for side in (BUY, SELL):
            assert len(levels(floor.exchange, instrument, side)) >= 4
        bid, ask = (best(floor.exchange, instrument, side) for side in (BUY, SELL))
        assert bid < ask


def test_a_days_market_is_the_same_every_time():
    def run():
        floor = Floor(seed=9)
        floor.step(OPENING + 500)
        floor.send(order(1, RSTK, BUY, 300, best(floor.exchange, RSTK, BUY)))
        floor.step(DAY)
        return np.concatenate(floor.said).tobytes()

    assert run() == run()


def test_a_user_takes_part_in_the_opening(floor):
    calm(floor)
    floor.step(1000)
    told = floor.send(order(1, RSTK, BUY, 100, time_in_force=TimeInForce.AT_THE_OPEN))
    assert ReportType.REJECTED not in told["report"]

    _, told = floor.step(OPENING)

    fills = told[told["report"] == ReportType.FILL]
    assert fills["last_quantity"].sum() == 100
    assert len(set(fills["last_price"].tolist())) == 1


def test_a_day_order_ends_with_the_day_and_a_gtc_order_comes_back(floor):
    calm(floor)
    floor.step(OPENING + 2000)
    low = best(floor.exchange, RSTK, BUY) - 50_000
    floor.send(
        order(1, RSTK, BUY, 100, low, time_in_force=TimeInForce.DAY),
        order(2, RSTK, BUY, 100, low, time_in_force=TimeInForce.GTC),
    )

    _, told = floor.step(DAY)

    first = told[told["client_order_id"] == 1]
    assert first["status"][-1] == OrderStatus.EXPIRED
    assert first["reason"][-1] == Reason.EXPIRED
    kept = [level for level in levels(floor.exchange, RSTK, BUY) if level[0] == low]
    assert [level[1] for level in kept] == [100]


def test_a_run_halts_one_instrument_which_comes_back_by_an_auction(floor):
    calm(floor)
    floor.step(OPENING + 4000)
    floor.agents[RSTK]["fair"] -= 3000.0
    fell, _ = floor.step(4000)
    assert SessionState.HALTED in sessions(fell)
    assert floor.agents[RSTK]["halts"] >= 1
    assert sessions(fell, 1) == []

    rest, _ = floor.step(2000)

    both = sessions(np.concatenate([fell, rest]))
    assert both[:2] == [SessionState.HALTED, SessionState.OPEN]
    assert best(floor.exchange, RSTK, BUY) < best(floor.exchange, RSTK, SELL)


def test_a_flash_crash_in_a_day_is_halted(floor):
    calm(floor)
    floor.step(OPENING + 4000)
    floor.send(command(Action.FIRE_DRILL, 0, value=Drill.FLASH_CRASH, instrument=RSTK))

    market, _ = floor.step(6000)

    assert SessionState.HALTED in sessions(market)


def test_halts_come_now_and_then():
    """Fewer than one in a hundred days' worth of messages would be none to meet."""
    halts = 0
    for seed in (1, 2, 3):
        floor = Floor(seed)
        floor.exchange.state["day_ns"] = 200_000 * 10**6
        floor.step(600_000)
        halts += int(floor.agents["halts"].sum())

    # Four instruments, nine days of 50,000 messages each.
    assert 1 <= halts <= 36
