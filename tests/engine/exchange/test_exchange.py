"""The built-in exchange, stepped without a clock."""

import numpy as np
import pytest

from app.engine.arena import Section
from app.engine.exchange.state import SLOTS, USER_ORDERS
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
)
from tests.engine.exchange.market_folding import (
    INSTRUMENTS,
    PlainBook,
    best,
    command,
    levels,
    mid,
    order,
)

RSTK, RFUT, RBTC, REUR = range(4)
ALL = range(len(INSTRUMENTS))


@pytest.fixture
def exchange():
    return BuiltInExchange(INSTRUMENTS, seed=7, messages_per_s=200)


def step(exchange, turns):
    """Let agents act, and empty the rings."""
    exchange.turns(turns)
    return exchange.market.drain(), exchange.reports.drain()


def send(exchange, *commands):
    """Let the exchange act on commands alone; return the reports."""
    for each in commands:
        assert exchange.orders.push(each) == 1
    return step(exchange, 0)[1]


def day(seed, commands=()):
    """All that an exchange of this seed says, with these commands at these turns."""
    exchange = BuiltInExchange(INSTRUMENTS, seed, 200)
    said = []
    exchange.push_books()
    for turn in range(40):
        for at, each in commands:
            if at == turn:
                exchange.orders.push(each)
        said += [part.tobytes() for part in step(exchange, 50)]
    return b"".join(said)


def test_same_seed_and_commands_give_the_same_bytes():
    commands = [
        (3, order(1, RSTK, BUY, 500)),
        (9, order(2, RBTC, SELL, 10**7, 6_000_000)),
        (20, command(Action.CANCEL, 2, instrument=RBTC)),
    ]

    first, again = day(5, commands), day(5, commands)

    assert first == again
    assert first != day(6, commands)
    assert first != day(5, commands[:1])


def test_every_book_stays_two_sided_and_uncrossed(exchange):
    for _ in range(2000):
        step(exchange, 20)
        for instrument in ALL:
            assert best(exchange, instrument, BUY) < best(exchange, instrument, SELL)


def test_every_instrument_is_deep_with_a_believable_spread(exchange):
    spreads: dict[int, list[float]] = {instrument: [] for instrument in ALL}
    for _ in range(500):
        step(exchange, 40)
        for instrument in ALL:
            bid, ask = (best(exchange, instrument, side) for side in (BUY, SELL))
            spreads[instrument].append((ask - bid) / bid)
            for side in (BUY, SELL):
                assert len(levels(exchange, instrument, side)) >= 4

    for instrument in ALL:
        assert np.median(spreads[instrument]) < 3e-4, INSTRUMENTS[instrument].name
        assert min(spreads[instrument]) > 0


def test_live_orders_stay_bounded(exchange):
    most = 0
    for _ in range(200):
        step(exchange, 500)
        live = sum(
            int(row["orders"]) for row in exchange.arena.records(Section.MATCH_BOOKS)
        )
        most = max(most, live)

    assert len(INSTRUMENTS) * 50 < most <= len(INSTRUMENTS) * SLOTS


def test_prices_lie_on_the_tick_table_and_quantities_on_the_order_step(exchange):
    market, _ = step(exchange, 20_000)

    added = market[market["kind"] == EventKind.ORDER_ADD]
    for number, instrument in enumerate(INSTRUMENTS):
        mine = added[added["instrument"] == number]
        assert len(mine) > 1000
        assert all(instrument.is_valid_price(int(p)) for p in mine["price"])
        full = mine["size"] % instrument.order_step
        assert not full.any()


def test_market_data_rebuild_exactly_the_exchanges_own_book(exchange):
    book = PlainBook()
    exchange.push_books()
    for turn in range(300):
        if turn % 10 == 0:
            touch = best(exchange, turn // 10 % 4, SELL)
            quantity = 3 * INSTRUMENTS[turn // 10 % 4].order_min
            exchange.orders.push(order(turn + 1, turn // 10 % 4, BUY, quantity, touch))
        book.fold(step(exchange, 37)[0])

        for instrument in ALL:
            for side in (BUY, SELL):
                own = levels(exchange, instrument, side)
                assert book.levels(instrument, side) == own


def test_books_are_sent_whole_in_queue_order(exchange):
    step(exchange, 100)

    exchange.push_books()

    market, _ = step(exchange, 0)
    kinds = market["kind"]
    opened = market[kinds == EventKind.SESSION]
    assert opened["count"].tolist() == [SessionState.OPEN] * 4
    assert (kinds == EventKind.SNAPSHOT_BEGIN).sum() == 4
    assert (kinds == EventKind.SNAPSHOT_END).sum() == 4
    for number in ALL:
        adds = market[(kinds == EventKind.ORDER_ADD) & (market["instrument"] == number)]
        for side in (BUY, SELL):
            prices = adds["price"][adds["side"] == side]
            assert (np.diff(prices) * side <= 0).all()


def test_user_marketable_order_is_filled_with_reports(exchange):
    ask = best(exchange, RSTK, SELL)

    reports = send(exchange, order(1, RSTK, BUY, 100, ask))

    assert reports["report"][0] == ReportType.NEW
    fills = reports[reports["report"] == ReportType.FILL]
    assert fills["last_quantity"].sum() == 100
    assert (fills["last_price"] == ask).all()
    assert (fills["liquidity"] == -1).all()
    assert (fills["fee"] == 0).all()
    assert reports["status"][-1] == OrderStatus.FILLED
    assert (reports["client_order_id"] == 1).all()


def test_user_resting_order_at_the_touch_is_hit_by_agents(exchange):
    bid = best(exchange, RFUT, BUY)
    reports = [send(exchange, order(1, RFUT, BUY, 5, bid))]
    for _ in range(400):
        if reports[-1].size and reports[-1]["leaves"][-1] == 0:
            break
        reports.append(step(exchange, 50)[1])

    told = np.concatenate(reports)
    fills = told[told["report"] == ReportType.FILL]
    assert fills["last_quantity"].sum() == 5
    assert (fills["liquidity"] == 1).all()
    assert (fills["last_price"] == bid).all()


def test_user_cancels_and_replaces_through_the_ring(exchange):
    low = best(exchange, RSTK, BUY) - 5000

    told = send(
        exchange,
        order(1, RSTK, BUY, 300, low),
        command(Action.REPLACE, 1, instrument=RSTK, quantity=200),
        command(Action.REPLACE, 1, instrument=RSTK, price=low - 100),
        command(Action.CANCEL, 1, instrument=RSTK),
        command(Action.CANCEL, 1, instrument=RSTK),
    )

    assert told["report"].tolist() == [
        ReportType.NEW,
        ReportType.REPLACED,
        ReportType.REPLACED,
        ReportType.CANCELLED,
        ReportType.CANCEL_REJECTED,
    ]
    assert told["quantity"][:4].tolist() == [300, 200, 200, 200]
    assert told["price"][:4].tolist() == [low, low, low - 100, low - 100]
    assert told["reason"][-1] == Reason.UNKNOWN_ORDER


def test_rule_4_an_off_step_order_is_refused_with_the_nearest_price(exchange):
    bid = best(exchange, RSTK, BUY)

    told = send(
        exchange,
        order(1, RSTK, BUY, 100, bid + 49),
        order(2, RSTK, BUY, 100, bid - 1),
        order(3, RSTK, BUY, 100, bid - 50),
    )

    assert told["reason"].tolist() == [Reason.OFF_TICK] * 3
    # On a tie the less aggressive price is named.
    assert told["last_price"].tolist() == [bid, bid, bid - 100]


@pytest.mark.parametrize(
    ("instrument", "quantity", "reason"),
    [
        (REUR, 1500, Reason.BAD_QUANTITY),
        (RBTC, 1, Reason.BAD_QUANTITY),
        (RSTK, 0, Reason.BAD_QUANTITY),
        (RFUT, 10_001, Reason.QUANTITY_TOO_LARGE),
        (4, 1, Reason.UNKNOWN_INSTRUMENT),
        (-1, 1, Reason.UNKNOWN_INSTRUMENT),
    ],
)
def test_an_order_outside_its_instruments_rules_is_refused(
    exchange, instrument, quantity, reason
):
    told = send(exchange, order(1, instrument, BUY, quantity))

    assert told["report"].tolist() == [ReportType.REJECTED]
    assert told["reason"].tolist() == [reason]


def test_a_price_beyond_the_instruments_bounds_is_refused(exchange):
    told = send(exchange, order(1, RSTK, BUY, 100, 100_000 * 10_000 + 100))

    assert told["reason"].tolist() == [Reason.BAD_PRICE]


@pytest.mark.parametrize("side", [BUY, SELL])
@pytest.mark.parametrize("instrument", ALL)
def test_a_large_order_moves_the_market(instrument, side):
    moves = []
    for seed in range(10):
        moved, quiet = (BuiltInExchange(INSTRUMENTS, seed, 200) for _ in range(2))
        lot = int(moved.arena.records(Section.AGENTS)[instrument]["lot"])
        big = order(1, instrument, side, 100 * lot, protection_ticks=10_000)
        send(moved, big)
        for each in (moved, quiet):
            step(each, 400)
        moves.append(side * (mid(moved, instrument) - mid(quiet, instrument)))

    assert np.mean(moves) > INSTRUMENTS[instrument].step_at(10**6)


def test_a_wall_of_the_user_is_traded_against_or_moves_the_market(exchange):
    lot = int(exchange.arena.records(Section.AGENTS)[RSTK]["lot"])
    bid = best(exchange, RSTK, BUY)
    before = mid(exchange, RSTK)

    filled = send(exchange, order(1, RSTK, BUY, 500 * lot, bid))["filled"].max()
    for _ in range(100):
        reports = step(exchange, 100)[1]
        filled = max(filled, reports["filled"].max() if reports.size else 0)

    assert filled > 0 or mid(exchange, RSTK) > before
    assert best(exchange, RSTK, BUY) < best(exchange, RSTK, SELL)


def test_a_swept_side_is_quoted_again(exchange):
    for attempt in range(20):
        levels_left = levels(exchange, RFUT, SELL)
        quantity = sum(size for _, size, _ in levels_left)
        worst = levels_left[-1][0]
        send(
            exchange,
            order(
                attempt + 1, RFUT, BUY, quantity, worst, time_in_force=TimeInForce.IOC
            ),
        )
        assert levels(exchange, RFUT, SELL) == []
        step(exchange, 400)
        assert len(levels(exchange, RFUT, SELL)) >= 4


def test_makers_lean_away_from_what_they_hold(exchange):
    market = exchange.arena.records(Section.AGENTS)[RFUT]
    exchange.arena.records(Section.AGENTS)[RFUT]["noise"] = 0.0
    before = float(market["inventory"].sum())

    send(exchange, order(1, RFUT, SELL, 100))

    assert float(market["inventory"].sum()) > before


def test_the_user_cannot_trade_with_himself(exchange):
    bid, ask = (best(exchange, RBTC, side) for side in (BUY, SELL))
    middle = (bid + ask) // 2
    told = send(
        exchange,
        order(1, RBTC, SELL, 20_000, middle),
        order(2, RBTC, BUY, 20_000, middle),
    )

    mine = told[told["client_order_id"] == 2]
    assert mine["reason"][-1] == Reason.SELF_MATCH
    assert mine["filled"][-1] == 0


def test_the_users_orders_are_bounded_by_the_pool():
    exchange = BuiltInExchange(INSTRUMENTS[:1], 3, 200)
    low = best(exchange, RSTK, BUY) - 100_000
    reasons = []
    for start in range(0, USER_ORDERS + SLOTS + 2, 512):
        for i in range(start, start + 512):
            exchange.orders.push(order(i + 1, RSTK, BUY, 1, low))
        reasons += step(exchange, 0)[1]["reason"].tolist()

    assert set(reasons) == {Reason.NONE, Reason.POOL_FULL}
    assert reasons.count(Reason.NONE) >= USER_ORDERS
