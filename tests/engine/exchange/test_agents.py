"""The kinds of agents, each by what it leaves in the market."""

import numpy as np
import pytest

from app.engine.arena import Section
from app.engine.exchange.state import HIDDEN_PLACE, PARENTS, first_slot
from app.engine.exchange.venue import BuiltInExchange
from app.engine.records import BUY, SELL, EventKind
from tests.engine.exchange.market_folding import INSTRUMENTS, levels, mid

RSTK, RFUT = 0, 1
NEVER = 1 << 40


def opened(seed):
    """An exchange in which no hidden trader comes by itself."""
    exchange = BuiltInExchange(INSTRUMENTS, seed, 200)
    for market in exchange.arena.records(Section.AGENTS):
        market["hidden_wait"], market["hidden_side"] = NEVER, 0
    return exchange


def step(exchange, turns):
    exchange.turns(turns)
    exchange.reports.drain()
    return exchange.market.drain()


def step_far(exchange):
    for _ in range(5):
        step(exchange, 4800)


def venue_order_id(exchange, client_order_id):
    orders = exchange.arena.records(Section.MATCH_ORDERS)
    mine = orders[orders["client_order_id"] == client_order_id]
    return int(mine["venue_order_id"][0]) if client_order_id and len(mine) else -1


def begin_hidden(exchange, instrument, side, lots):
    market = exchange.arena.records(Section.AGENTS)[instrument]
    market["hidden_side"], market["hidden_wait"] = side, 1
    market["hidden_left"] = market["hidden_total"] = lots * market["lot"]
    return market


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_hidden_parent_order_is_worked_to_its_end(side):
    exchange = opened(4)
    market = begin_hidden(exchange, RSTK, side, 60)
    lot = int(market["lot"])
    shown, working = [], []
    for _ in range(3000):
        market_data = step(exchange, 20)
        slot = first_slot(RSTK) + HIDDEN_PLACE
        order = exchange.arena.records(Section.AGENT_ORDERS)[slot]
        working.append(int(order["leaves"]))
        new = market_data[market_data["kind"] == EventKind.ORDER_ADD]
        mine = new["reference"] == venue_order_id(
            exchange, int(order["client_order_id"])
        )
        shown += new["size"][mine].tolist()
        if market["hidden_side"] == 0:
            break

    assert market["hidden_side"] == 0
    assert market["hidden_left"] == 0
    # An iceberg: far more works than shows.
    assert 0 < max(shown) <= 2.25 * lot < max(working)
    assert market["hidden_wait"] > 0


def test_a_hidden_parent_order_leaves_its_footprint():
    """Its price drifts its way: a buyer's market ends above a seller's of one seed."""
    drifts = []
    for seed in range(6):
        bought, sold = opened(seed), opened(seed)
        begin_hidden(bought, RFUT, BUY, 500)
        begin_hidden(sold, RFUT, SELL, 500)
        step_far(bought)
        step_far(sold)
        drifts.append(mid(bought, RFUT) - mid(sold, RFUT))

    assert np.mean(drifts) > 2 * np.std(drifts) / len(drifts) ** 0.5


def test_hidden_traders_come_now_and_then_on_either_side():
    exchange = BuiltInExchange(INSTRUMENTS, 3, 200)
    seen = set()
    for _ in range(2000):
        step(exchange, 400)
        for market in exchange.arena.records(Section.AGENTS):
            seen.add(int(market["hidden_side"]))

    assert seen == {-1, 0, 1}
    counts = exchange.arena.records(Section.AGENTS)["hidden_count"]
    # 200,000 messages of each instrument; some 30,000 from one to the next.
    assert (counts >= 2).all()
    assert (counts <= 40).all()


def test_trend_followers_hold_what_the_trend_says():
    exchange = opened(5)
    market = exchange.arena.records(Section.AGENTS)[RSTK]
    for _ in range(300):
        market["fair"] += 60.0
        step(exchange, 20)
    up = market["held"].sum()
    for _ in range(600):
        market["fair"] -= 60.0
        step(exchange, 20)

    assert up > 0
    assert market["held"].sum() < 0


def test_parents_have_lengths_of_every_order():
    exchange = opened(6)
    longest = 0
    for _ in range(1000):
        step(exchange, 200)
        left = exchange.arena.records(Section.AGENTS)["parent_left"]
        longest = max(longest, int(left.max()))
        assert left.shape == (len(INSTRUMENTS), PARENTS)
        assert (left >= 0).all()

    assert longest > 100


def test_noise_traders_leave_a_price_that_the_market_has_left():
    """The book follows what agents think within a few steps."""
    exchange = opened(7)
    market = exchange.arena.records(Section.AGENTS)[RFUT]
    for _ in range(20):
        market["fair"] += 5.0
        step(exchange, 2400)
        assert abs(mid(exchange, RFUT) - market["fair"]) < 4.0
        assert levels(exchange, RFUT, SELL)
