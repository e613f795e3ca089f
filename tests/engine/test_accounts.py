"""Positions, average cost and money: SEMANTICS 42-45, 48."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings, strategies as st

from app.engine import accounts
from app.engine.arena import Arena, Section
from app.engine.instruments import load_instruments
from app.engine.records import NO_PRICE
from app.engine.state import MAX_STRATEGIES, fixed_layout
from app.instrument import Instrument, InstrumentKind
from tests.engine.gate_session import MONEY, stock
from tests.engine.reference_accounts import ReferencePosition

ACME = stock()
COIN = stock(
    "COIN",
    kind=InstrumentKind.CRYPTO_SPOT,
    quantity_unit=Decimal("1e-8"),
    order_max=None,
)
"""A money unit of 1e-8 dollars is a hundred price × quantity units."""
FUTURE = stock("FUT", kind=InstrumentKind.FUTURE, multiplier=Decimal(50))
EURO = stock("EURO", currency="EUR")


class Ledger:
    """Accounts of a few instruments."""

    def __init__(self, *table: Instrument, rates: dict[str, Decimal] | None = None):
        self.arena = Arena(fixed_layout(len(table)))
        load_instruments(self.arena, table, base_currency="USD", rates=rates)
        accounts.open_accounts(self.arena, 1000 * MONEY)
        self.count = len(table)

    def fill(self, price, quantity, fee=0, instrument=0, strategy=0):
        accounts.book_fill(
            self.arena.address, instrument, strategy, price, quantity, fee
        )

    def mark(self, doubled, instrument=0):
        return accounts.set_mark(self.arena.address, instrument, doubled)

    def row(self, instrument=0, strategy=MAX_STRATEGIES):
        rows = self.arena.records(Section.POSITIONS)
        return rows[strategy * self.count + instrument]

    def total(self, account=0):
        return self.arena.records(Section.ACCOUNTS)[account]

    def average(self, instrument=0, strategy=MAX_STRATEGIES):
        row = strategy * self.count + instrument
        return accounts.average_price(self.arena.address, row)


fills = st.lists(
    st.tuples(
        st.integers(-(10**5), 10**5),
        st.integers(-(10**4), 10**4).filter(bool),
        st.integers(-1000, 1000),
    ),
    max_size=40,
)


@given(fills=fills, table=st.sampled_from([ACME, COIN, FUTURE]), mark=st.integers())
@settings(max_examples=300)
def test_rule_43_average_cost_equals_the_reference_in_fractions(fills, table, mark):
    ledger = Ledger(table)
    reference = ReferencePosition(Fraction(*table.money_ratio))
    doubled = mark % 200_001 - 100_000
    ledger.mark(doubled)

    for price, quantity, fee in fills:
        ledger.fill(price, quantity, fee)
        reference.fill(price, quantity, fee)

        row = ledger.row()
        assert row["quantity"] == reference.quantity
        assert row["realised"] == reference.realised
        assert row["fees"] == reference.fees
        assert row["cash"] == reference.cash
        assert row["unrealised"] == reference.unrealised(Fraction(doubled, 2))


@given(fills=fills, table=st.sampled_from([ACME, COIN, FUTURE]))
def test_rule_43_the_sum_when_flat_is_exact(fills, table):
    ledger = Ledger(table)
    exact = Fraction(0)

    for price, quantity, _ in fills:
        ledger.fill(price, quantity)
        exact -= price * quantity * Fraction(*table.money_ratio)
    held = int(ledger.row()["quantity"])
    if held:
        ledger.fill(777, -held)
        exact += 777 * held * Fraction(*table.money_ratio)

    row = ledger.row()
    assert (row["quantity"], row["cost_high"], row["cost_low"]) == (0, 0, 0)
    if Fraction(*table.money_ratio).denominator == 1:
        assert row["realised"] == exact == row["cash"]
    # With a finer product each time through flat rounds once.
    assert abs(row["realised"] - exact) <= Fraction(len(fills) + 1, 2)


@given(fills=fills, marks=st.lists(st.integers(-(10**5), 10**5), max_size=40))
def test_cash_and_position_at_the_mark_move_only_by_pnl_and_fees(fills, marks):
    ledger = Ledger(ACME)
    ratio = ACME.money_ratio[0]

    for (price, quantity, fee), mark in zip(fills, marks, strict=False):
        ledger.fill(price, quantity, fee)
        ledger.mark(2 * mark)

        row, total = ledger.row(), ledger.total()
        pnl = int(row["realised"]) + int(row["unrealised"])
        assert int(row["cash"]) + int(row["quantity"]) * mark * ratio == pnl
        assert total["equity"] == 1000 * MONEY + pnl - int(row["fees"])
        worth = int(row["quantity"]) * mark * ratio
        assert total["cash"] + worth == total["equity"]


def test_rule_43_through_zero_closes_then_opens():
    ledger = Ledger(ACME)
    ledger.fill(100, 10)

    ledger.fill(110, -25)

    assert ledger.row()["quantity"] == -15
    assert ledger.row()["realised"] == 10 * 10 * MONEY // 100
    assert ledger.average() == 110.0


def test_rule_43_a_partial_close_keeps_the_remainder():
    ledger = Ledger(replace(COIN, price_unit=Decimal("1e-8"), quantity_unit=Decimal(1)))
    for price in (1, 1, 2):
        ledger.fill(price, 1)

    realised = []
    for _ in range(3):
        before = int(ledger.row()["realised"])
        ledger.fill(1, -1)
        realised.append(int(ledger.row()["realised"]) - before)

    # Cost 4 over 3: a third is 1, what is left 3 over 2 is 1.5, rounded to even.
    assert realised == [0, -1, 0]
    assert sum(realised) == 3 * 1 - (1 + 1 + 2)


def test_the_average_price_of_a_short_is_positive():
    ledger = Ledger(ACME)
    ledger.fill(100, -1)
    ledger.fill(101, -1)

    assert ledger.average() == 100.5


def test_rule_42_positions_are_kept_per_strategy_and_for_the_account():
    ledger = Ledger(ACME)
    ledger.fill(100, 10, strategy=1)
    ledger.fill(120, -10, strategy=2)
    ledger.fill(100, 5)

    assert ledger.row(strategy=1)["quantity"] == 10
    assert ledger.row(strategy=2)["quantity"] == -10
    assert ledger.row(strategy=0)["quantity"] == 5
    assert ledger.row()["quantity"] == 5
    # The account sold what strategy 1 had bought; each strategy's own is still open.
    assert ledger.row()["realised"] == 200 * MONEY // 100
    assert ledger.total(1)["realised"] == 0


def test_strategies_and_account_agree_in_total_pnl():
    ledger = Ledger(ACME)
    ledger.fill(100, 10, fee=3, strategy=1)
    ledger.fill(120, -10, fee=4, strategy=2)
    ledger.mark(2 * 110)

    parts = [ledger.total(1), ledger.total(2)]
    for field in ("equity", "fees"):
        expected = sum(int(part[field]) for part in parts)
        if field == "equity":
            expected += 1000 * MONEY
        assert ledger.total()[field] == expected


def test_rule_44_the_mark_may_lie_on_a_half_unit():
    ledger = Ledger(ACME)
    ledger.fill(100, 1)

    assert ledger.mark(2 * 100 + 1)

    assert ledger.row()["unrealised"] == MONEY // 200
    assert ledger.row()["mark"] == 100
    assert not ledger.mark(2 * 100 + 1)


def test_a_position_without_a_mark_is_worth_its_cost():
    ledger = Ledger(ACME)
    ledger.fill(100, 3)

    assert ledger.row()["mark"] == NO_PRICE
    assert ledger.row()["unrealised"] == 0
    assert ledger.total()["gross_exposure"] == 3 * MONEY
    assert ledger.total()["equity"] == 1000 * MONEY


def test_rule_45_a_rebate_is_a_negative_fee():
    ledger = Ledger(ACME)
    ledger.fill(100, 1, fee=-25)

    assert ledger.row()["fees"] == -25
    assert ledger.total()["equity"] == 1000 * MONEY + 25


def test_cash_of_a_future_moves_by_what_is_realised():
    ledger = Ledger(FUTURE)
    ledger.fill(100, 2)
    assert ledger.total()["cash"] == 1000 * MONEY

    ledger.fill(101, -1, fee=7)

    assert ledger.total()["cash"] == 1000 * MONEY + MONEY // 2 - 7


def test_rule_48_without_a_rate_exposure_is_unknown():
    ledger = Ledger(ACME, EURO)
    ledger.fill(100, 1, instrument=1)

    assert ledger.total()["exposure_known"] == 0
    assert ledger.total()["gross_exposure"] == 0
    ledger.fill(100, -1, instrument=1)
    assert ledger.total()["exposure_known"] == 1


def test_money_is_converted_to_the_base_currency():
    ledger = Ledger(ACME, EURO, rates={"EUR": Decimal("1.25")})
    ledger.fill(100, 4, instrument=1)
    ledger.mark(2 * 110, instrument=1)

    assert ledger.total()["unrealised"] == 40 * MONEY // 100 * 5 // 4
    assert ledger.total()["gross_exposure"] == 440 * MONEY // 100 * 5 // 4


@given(fills=fills, rates=st.lists(st.integers(0, 3 * 10**9), min_size=1, max_size=5))
@settings(max_examples=50)
def test_a_new_rate_converts_everything(fills, rates):
    ledger = Ledger(ACME, EURO)

    for rate, (price, quantity, fee) in zip(rates, fills, strict=False):
        ledger.fill(price, quantity, fee, instrument=1, strategy=3)
        accounts.set_conversion(ledger.arena.address, 1, rate)

        row = ledger.row(instrument=1)
        for field in ("realised", "unrealised", "fees"):
            expected = round(Fraction(int(row[field]) * rate, 10**9))
            assert ledger.total()[field] == expected
        own = ledger.row(instrument=1, strategy=3)
        expected = round(Fraction(int(own["realised"]) * rate, 10**9))
        assert ledger.total(3)["realised"] == expected


def test_equity_keeps_its_peak():
    ledger = Ledger(ACME)
    ledger.fill(100, 100)
    ledger.mark(2 * 120)
    ledger.mark(2 * 90)

    assert ledger.total()["peak_equity"] == 1020 * MONEY
    assert ledger.total()["equity"] == 990 * MONEY


def test_rule_13_daily_figures_begin_with_the_trade_date():
    ledger = Ledger(ACME)
    ledger.fill(100, 100)
    ledger.mark(2 * 90)
    assert ledger.total()["day_pnl"] == -10 * MONEY

    accounts.start_account_day(ledger.arena.address)

    assert ledger.total()["day_pnl"] == 0
    ledger.mark(2 * 91)
    assert ledger.total()["day_pnl"] == 1 * MONEY


def test_money_that_is_no_fill_is_realised():
    ledger = Ledger(ACME)
    accounts.book_pnl(ledger.arena.address, 0, 2, -5 * MONEY)

    assert ledger.row(strategy=2)["realised"] == -5 * MONEY
    assert ledger.total()["equity"] == 995 * MONEY
    assert ledger.total()["cash"] == 995 * MONEY


@pytest.mark.parametrize("strategy", [0, 1, 31])
def test_a_holder_is_known_while_it_holds(strategy):
    ledger = Ledger(ACME)
    ledger.fill(100, 1, strategy=strategy)
    assert ledger.row()["holders"] == 1 << strategy

    ledger.fill(100, -1, strategy=strategy)
    assert ledger.row()["holders"] == 0
