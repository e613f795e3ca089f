"""Borrow, rollover and funding (47)."""

from decimal import Decimal

import pytest

from app.engine.borrow import borrow_cost
from app.engine.funding import spot_days
from app.engine.records import BUY, SELL, EventKind, ReportType
from app.instrument import InstrumentKind
from tests.engine.gate_session import MONEY, GateSession, stock
from tests.engine.test_margin import fill

FRIDAY = 19_755  # 2 February 2024


def held(table, side=SELL, quantity=100, price=50_00, strategy=0):
    made = GateSession((table,)).arm()
    made.on(FRIDAY)
    order = made.new(side, quantity, price, strategy=strategy)
    fill(made, order, price, quantity)
    made.last_trade(price)
    return made


def test_a_day_of_borrow_is_the_published_example():
    # Interactive Brokers, "Short sale cost": 100,000 dollars at 5 %, a day over 360.
    assert borrow_cost(100_000 * MONEY, 50_000, 1) == round(
        Decimal(100_000) * Decimal("0.05") / 360 * MONEY
    )


def test_rule_47_borrow_accrues_per_calendar_day_at_the_close():
    made = held(stock(borrow_rate=Decimal("0.036")))
    made.last_trade(60_00)

    made.on(FRIDAY + 3)

    assert made.account["borrow_fees"] == Decimal("1.80") * MONEY
    assert made.account["fees"] == made.account["borrow_fees"]
    assert made.position()["fees"] == made.account["borrow_fees"]
    made.on(FRIDAY + 3)
    assert made.account["borrow_fees"] == Decimal("1.80") * MONEY


@pytest.mark.parametrize("side", [BUY])
def test_rule_47_a_long_borrows_nothing(side):
    made = held(stock(borrow_rate=Decimal("0.036")), side)

    made.on(FRIDAY + 3)

    assert made.account["fees"] == 0


def test_rule_42_strategies_share_the_borrow_and_the_parts_add_up():
    made = held(stock(borrow_rate=Decimal("0.05")), quantity=7, strategy=1)
    fill(made, made.new(SELL, 11, 50_00, strategy=2), 50_00, 11)
    fill(made, made.new(BUY, 2, 50_00, strategy=3), 50_00, 2)

    made.on(FRIDAY + 1)

    parts = [int(made.position(strategy=each)["fees"]) for each in (1, 2, 3)]
    assert parts[2] == 0
    assert sum(parts) == made.position()["fees"] > 0
    assert abs(parts[0] * 11 - parts[1] * 7) <= 18


def test_rule_47_a_perpetual_pays_funding_at_its_time():
    made = held(stock("PERP", kind=InstrumentKind.PERPETUAL), BUY, 100, 50_00)

    made.action(EventKind.FUNDING, price=100_000)  # 0.01 per cent

    assert made.position()["realised"] == -MONEY // 2
    assert made.account["funding"] == -MONEY // 2
    assert made.account["cash"] == made.account["start_equity"] - MONEY // 2


def test_rule_47_shorts_receive_positive_funding():
    made = held(stock("PERP", kind=InstrumentKind.PERPETUAL), SELL, 100, 50_00)

    made.action(EventKind.FUNDING, price=100_000)

    assert made.account["funding"] == MONEY // 2


@pytest.mark.parametrize(
    ("before", "days"),
    [
        (FRIDAY - 4, 1),  # Monday to Tuesday: spot moves from Wednesday to Thursday
        (FRIDAY - 2, 3),  # Wednesday to Thursday: from Friday to Monday
        (FRIDAY - 1, 1),
    ],
)
def test_rule_47_wednesday_rolls_three_days(before, days):
    assert spot_days(before, before + 1) == days


def test_rule_47_an_fx_position_is_rolled_when_its_date_changes():
    pair = stock("EURUSD", kind=InstrumentKind.FX_SPOT, rollover=Decimal("0.018"))
    made = held(pair, BUY, 100_000, 1_00)

    made.on(FRIDAY + 3)

    # 100,000 dollars at 1.8 % for one day over 360: spot moves Tuesday to Wednesday.
    assert made.account["funding"] == -5 * MONEY


def test_nothing_is_told_of_a_day_without_interest():
    made = held(stock())
    before = len(made.reports)

    made.on(FRIDAY + 3)

    assert ReportType.REJECTED not in made.kinds()[before:]
