"""Dividends and splits on positions and orders (46)."""

from decimal import Decimal
from fractions import Fraction

import pytest

from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    Action,
    EventKind,
    OrderStatus,
    OrderType,
    Reason,
    ReportType,
    TimeInForce,
)
from app.instrument import TickBand
from tests.engine.gate_session import MONEY, GateSession, stock

GTC = TimeInForce.GTC
NICKELS = stock(tick_table=(TickBand(None, 5),))
SHARES = stock(quantity_unit=Decimal("0.001"), order_max=None)


def held(quantity, price=100_00, table=None, **fields):
    made = GateSession((table or stock(),)).arm()
    side = BUY if quantity > 0 else SELL
    made.trade(side, abs(quantity), price, **fields)
    made.last_trade(price)
    return made


def resting(made, side, quantity, price, **fields):
    order = made.new(side, quantity, price, time_in_force=GTC, **fields)
    made.accept(order)
    return order


def stop(made, side, quantity, trigger, limit=None):
    kind = OrderType.STOP if limit is None else OrderType.STOP_LIMIT
    price = NO_PRICE if limit is None else limit
    terms = {"order_type": kind, "stop_price": trigger}
    return resting(made, side, quantity, price, **terms)


# Dividends.


@pytest.mark.parametrize("quantity", [100, -100])
def test_rule_46_longs_are_credited_and_shorts_debited(quantity):
    made = held(quantity)

    made.action(EventKind.DIVIDEND, price=47 * MONEY // 100)

    assert made.position()["realised"] == quantity * 47 * MONEY // 100
    assert made.account["equity"] == 1_000_000 * MONEY + quantity * 47 * MONEY // 100
    assert made.position()["quantity"] == quantity


def test_rule_46_a_dividend_is_each_strategys_own():
    made = held(100, strategy=1)
    made.trade(SELL, 30, 100_00, strategy=2)

    made.action(EventKind.DIVIDEND, price=MONEY)

    assert made.position(strategy=1)["realised"] == 100 * MONEY
    assert made.position(strategy=2)["realised"] == -30 * MONEY
    assert made.position()["realised"] == 70 * MONEY


def test_rule_46_a_dividend_of_a_fractional_share_is_its_fraction():
    made = held(1_500, table=SHARES)

    made.action(EventKind.DIVIDEND, price=MONEY)

    assert made.position()["realised"] == 3 * MONEY // 2


def test_rule_46_buy_limits_and_sell_stops_drop_by_the_dividend():
    made = held(10, table=NICKELS)
    buy = resting(made, BUY, 1, 95_00)
    low = stop(made, SELL, 1, 90_00, 89_50)
    kept = [resting(made, SELL, 1, 105_00), stop(made, BUY, 1, 110_00)]
    day = made.new(BUY, 1, 95_00)
    made.accept(day)

    made.action(EventKind.DIVIDEND, price=47 * MONEY // 100)

    # 94.53 and 89.53, 89.03 to the nickel below (FINRA 5330).
    assert made.order(buy)["price"] == 94_50
    assert (made.order(low)["stop_price"], made.order(low)["price"]) == (89_50, 89_00)
    assert made.order(kept[0])["price"] == 105_00
    assert made.order(kept[1])["stop_price"] == 110_00
    assert made.order(day)["price"] == 95_00
    told = [r for r in made.reports if r["reason"] == Reason.CORPORATE_ACTION]
    assert sorted(r["client_order_id"] for r in told) == [buy, low]
    assert {r["report"] for r in told} == {ReportType.REPLACED}


# Splits.


def test_rule_46_a_split_keeps_cost_and_value():
    made = held(100)
    equity = int(made.account["equity"])

    made.action(EventKind.SPLIT, size=7, reference=1)

    row = made.position()
    assert row["quantity"] == 700
    assert row["mark_doubled"] == 2 * 1429  # 100.00 / 7 to the cent
    assert row["realised"] == 0
    assert row["unrealised"] == 700 * 1429 * MONEY // 100 - 10_000 * MONEY
    made.fill(made.new(SELL, 700, 14_29), 700, 14_29)
    assert made.account["equity"] == equity + 3 * MONEY


def test_rule_46_a_fraction_is_paid_in_cash():
    made = held(101)

    made.action(EventKind.SPLIT, size=3, reference=2)

    row = made.position()
    assert row["quantity"] == 151
    # Half a new share at 66.67 (100 / 1.5): no gain, for the mark is the cost.
    assert row["realised"] == 0
    assert row["cash"] == -10_100 * MONEY + round(Fraction(100, 3) * MONEY)


def test_rule_46_a_fraction_realises_its_share_of_the_gain():
    made = held(3, 100_00)
    made.last_trade(130_00)

    made.action(EventKind.SPLIT, size=1, reference=2)

    row = made.position()
    assert row["quantity"] == 1
    # One old share of three is paid for: 130 - 100.
    assert row["realised"] == 30 * MONEY
    assert row["unrealised"] == 60 * MONEY


def test_rule_46_a_short_pays_for_its_fraction():
    made = held(-3, 100_00)
    made.last_trade(130_00)

    made.action(EventKind.SPLIT, size=1, reference=2)

    row = made.position()
    assert (row["quantity"], row["realised"]) == (-1, -30 * MONEY)
    assert row["unrealised"] == -60 * MONEY


def test_rule_46_what_is_all_fraction_is_paid_out():
    made = held(3)

    made.action(EventKind.SPLIT, size=1, reference=10)

    row = made.position()
    assert (row["quantity"], row["cash"], row["realised"]) == (0, 0, 0)
    assert (row["cost_high"], row["cost_low"], row["holders"]) == (0, 0, 0)
    assert made.account["equity"] == 1_000_000 * MONEY


def test_rule_42_after_a_split_the_account_is_the_sum_of_its_parts():
    made = held(101, strategy=1)
    made.trade(BUY, 101, 100_00, strategy=2)
    made.trade(SELL, 51, 100_00, strategy=3)

    made.action(EventKind.SPLIT, size=3, reference=2)

    owns = [made.position(strategy=each) for each in (1, 2, 3)]
    assert [int(own["quantity"]) for own in owns] == [151, 151, -76]
    assert made.position()["quantity"] == sum(int(own["quantity"]) for own in owns)
    assert made.position()["cash"] == sum(int(own["cash"]) for own in owns)


def test_rule_46_orders_follow_a_split():
    made = held(100)
    buy, sell = resting(made, BUY, 10, 99_99), resting(made, SELL, 10, 100_01)
    low = stop(made, SELL, 10, 90_01)
    made.fill(buy, 3, 99_99)

    made.action(EventKind.SPLIT, size=2, reference=1)

    order = made.order(buy)
    assert (order["filled"], order["leaves"], order["quantity"]) == (6, 14, 20)
    assert order["price"] == 49_99  # 49.995, away from the market
    assert made.order(sell)["price"] == 50_01
    assert made.order(low)["stop_price"] == 45_00
    row = made.position()
    assert row["working_buy"] == 14
    assert row["working_sell"] == 40
    made.cancel(buy)
    made.report(ReportType.CANCELLED, buy)
    assert made.order(buy)["status"] == OrderStatus.CANCELLED
    assert made.position()["working_buy"] == 0


def test_rule_46_the_last_price_follows_a_split_and_the_book_is_empty():
    made = held(100)
    made.quote(99_99, 100_01)

    made.action(EventKind.SPLIT, size=4, reference=1)

    assert made.position()["mark_doubled"] == 2 * 25_00
    made.quote(25_05, 25_07)
    assert made.position()["mark_doubled"] == 25_05 + 25_07


def test_rule_46_the_settlement_and_the_locate_follow_a_split():
    made = GateSession((stock(located=100),)).arm()
    made.command(Action.SET_MARK, instrument=0, price=80_00)

    made.action(EventKind.SPLIT, size=2, reference=1)

    assert made.position()["mark_doubled"] == 2 * 40_00
    assert made.instruments[0]["located"] == 200


def test_a_split_of_nothing_changes_nothing():
    made = held(100)

    made.action(EventKind.SPLIT, size=0, reference=1)

    assert made.position()["quantity"] == 100
    assert made.position()["mark_doubled"] == 2 * 100_00
