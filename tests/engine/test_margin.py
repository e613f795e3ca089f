"""Margin and cash accounts (47, 51, 52): the published requirements, and the gate."""

from decimal import Decimal

import pytest

from app.engine.margin import initial_margin, maintenance_margin
from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    Action,
    Reason,
    ReportType,
    RiskLimit,
)
from app.instrument import InstrumentKind, Margin, QuantityUnits
from tests.engine.gate_session import MONEY, GateSession, stock

REG_T = Margin(Decimal("0.5"), Decimal("0.25"))
SHARE = stock(margin=REG_T)
FUTURE = stock(
    "FUT",
    kind=InstrumentKind.FUTURE,
    multiplier=Decimal(50),
    margin=Margin(Decimal(12000), Decimal(11000), per_contract=True),
)


def session(*table, equity=10_000, cash=False):
    made = GateSession(table or (SHARE,), equity=equity).arm()
    made.limit(RiskLimit.CASH_ACCOUNT if cash else RiskLimit.MARGIN, 1)
    return made


def fill(made, order, price, quantity):
    made.accept(order)
    made.fill(order, quantity, price)


@pytest.mark.parametrize(
    ("price", "asked"),
    [
        # FINRA 4210 (c) (2), (3): what 100 shares sold short ask to be kept.
        ("60.00", "1800.00"),  # 30 per cent
        ("10.00", "500.00"),  # 5 dollars a share are more than 30 per cent
        ("4.00", "400.00"),  # below 5 dollars: 100 per cent
        ("1.50", "250.00"),  # below 2.50: 2.50 a share
    ],
)
def test_rule_47_a_short_asks_for_what_finra_4210_says(price, asked):
    definition = GateSession((SHARE,)).instruments[0]
    value = int(Decimal(price) * 100 * MONEY)

    assert maintenance_margin(definition, value, -100) == Decimal(asked) * MONEY


def test_rule_47_a_long_asks_for_a_quarter_and_half_to_open():
    definition = GateSession((SHARE,)).instruments[0]
    value = 6000 * MONEY

    assert maintenance_margin(definition, value, 100) == 1500 * MONEY
    assert initial_margin(definition, value, 100) == 3000 * MONEY


def test_futures_ask_for_money_per_contract():
    definition = GateSession((FUTURE,)).instruments[0]

    assert initial_margin(definition, 10**15, 3) == 36_000 * MONEY
    assert maintenance_margin(definition, 10**15, -2) == 22_000 * MONEY


def test_new_risk_passes_while_the_equity_covers_the_initial_margin():
    made = session()
    exact = made.new(BUY, 200, 100_00)
    assert made.order(exact)["leaves"] == 200
    assert made.account["initial_margin"] == 10_000 * MONEY

    made.new(BUY, 1, 100_00)

    assert made.refusal() == Reason.INSUFFICIENT_MARGIN
    assert made.last()["last_quantity"] == 10_000 * MONEY
    assert made.last()["fee"] == 10_050 * MONEY


def test_rule_51_margin_is_asked_for_the_worse_side():
    made = session()
    made.new(BUY, 120, 100_00)
    made.new(SELL, 200, 100_00)

    assert made.account["initial_margin"] == 10_000 * MONEY
    made.new(BUY, 80, 100_00)
    assert made.last()["report"] == ReportType.PENDING_NEW


def test_rule_52_exits_and_what_reduces_pass_without_margin():
    made = session()
    fill(made, made.new(BUY, 200, 100_00), 100_00, 200)
    made.last_trade(60_00)
    assert made.account["equity"] == 2_000 * MONEY
    assert made.account["maintenance_margin"] == 3_000 * MONEY

    made.new(SELL, 200, 61_00, options=2)
    assert made.last()["report"] == ReportType.PENDING_NEW
    made.new(SELL, 100, 61_00)
    assert made.last()["report"] == ReportType.PENDING_NEW
    made.new(BUY, 1, 60_00)
    assert made.refusal() == Reason.INSUFFICIENT_MARGIN


def test_a_replace_is_asked_for_its_larger_version():
    made = session()
    order = made.new(BUY, 100, 100_00)
    made.report(ReportType.NEW, order)

    made.replace(order, quantity=201)

    assert made.refusal() == Reason.INSUFFICIENT_MARGIN
    made.replace(order, quantity=200)
    assert made.last()["report"] == ReportType.PENDING_REPLACE


def test_margin_comes_back_when_an_order_ends():
    made = session()
    order = made.new(BUY, 200, 100_00)
    made.report(ReportType.NEW, order)

    made.report(ReportType.CANCELLED, order)

    assert made.account["initial_margin"] == 0
    assert made.account["maintenance_margin"] == 0


def test_margin_of_all_instruments_is_one_sum():
    made = session(SHARE, FUTURE, equity=25_000)
    made.new(BUY, 100, 100_00)
    made.new(BUY, 2, 100_00, instrument=1)

    assert made.refusal() == Reason.INSUFFICIENT_MARGIN
    made.new(SELL, 1, 100_00, instrument=1)
    assert made.account["initial_margin"] == (5_000 + 12_000) * MONEY


# Cash accounts.


def test_a_cash_account_pays_in_full():
    made = session(cash=True)
    made.new(BUY, 100, 100_00)

    made.new(BUY, 1, 1_00)

    assert made.refusal() == Reason.INSUFFICIENT_MARGIN


def test_rule_47_a_cash_account_sells_nothing_short():
    made = session(cash=True)
    fill(made, made.new(BUY, 10, 100_00), 100_00, 10)

    made.new(SELL, 11, 100_00)

    assert made.refusal() == Reason.SHORT_SALE
    made.new(SELL, 10, 100_00)
    assert made.last()["report"] == ReportType.PENDING_NEW


def test_rule_47_proceeds_buy_again_once_settled():
    made = session(cash=True)
    made.on(19_755)  # Friday, 2 February 2024
    fill(made, made.new(BUY, 100, 100_00), 100_00, 100)
    fill(made, made.new(SELL, 100, 101_00), 101_00, 100)
    assert made.account["cash"] == 10_100 * MONEY
    assert made.account["settled_cash"] == 0

    made.new(BUY, 1, 100_00)
    assert made.refusal() == Reason.INSUFFICIENT_MARGIN
    for weekend in (19_756, 19_757):
        made.on(weekend)
        assert made.account["settled_cash"] == 0
    made.on(19_758)

    assert made.account["settled_cash"] == 10_100 * MONEY
    made.new(BUY, 101, 100_00)
    assert made.last()["report"] == ReportType.PENDING_NEW


def test_turning_an_account_into_a_cash_account_counts_anew():
    made = session()
    made.new(BUY, 100, 100_00)
    assert made.account["initial_margin"] == 5_000 * MONEY

    made.limit(RiskLimit.CASH_ACCOUNT, 1)

    assert made.account["initial_margin"] == 10_000 * MONEY


# Locates.


def test_rule_47_no_more_is_sold_short_than_was_located():
    made = GateSession((stock(located=QuantityUnits(50)),)).arm()
    made.new(SELL, 30, 100_00)

    made.new(SELL, 21, 100_00)

    assert made.refusal() == Reason.NO_LOCATE
    assert made.last()["last_quantity"] == 50
    assert made.last()["fee"] == 51
    made.new(SELL, 20, 100_00)
    assert made.last()["report"] == ReportType.PENDING_NEW


def test_rule_47_a_locate_may_be_given_while_the_session_runs():
    made = GateSession((stock(located=QuantityUnits(0)),)).arm()
    made.new(SELL, 1, 100_00)
    assert made.refusal() == Reason.NO_LOCATE

    made.command(Action.SET_BORROW, instrument=0, quantity=5, value=12_000)
    made.new(SELL, 5, 100_00)

    assert made.last()["report"] == ReportType.PENDING_NEW
    assert made.instruments[0]["borrow_rate"] == 12_000


def test_the_sums_are_zero_when_nothing_is_held_or_works():
    made = session()
    order = made.new(SELL, 100, 50_00)
    fill(made, order, 50_00, 100)
    made.last_trade(70_00)
    back = made.new(BUY, 100, NO_PRICE, order_type=1)
    fill(made, back, 70_00, 100)

    assert made.position()["quantity"] == 0
    assert made.account["initial_margin"] == 0
    assert made.account["maintenance_margin"] == 0
