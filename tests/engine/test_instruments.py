"""Tick arithmetic in kernels, beside `Instrument`'s own methods."""

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from app.engine import instruments as unit
from app.engine.arena import Arena, Section
from app.engine.state import fixed_layout
from app.errors import InstrumentError
from app.instrument import (
    Instrument,
    InstrumentKind,
    PriceUnits,
    QuantityUnits,
    TickBand,
)

BANDED = Instrument(
    name="BANDED",
    kind=InstrumentKind.STOCK,
    venue="TEST",
    currency="EUR",
    price_unit=Decimal("0.0001"),
    tick_table=(
        TickBand(None, 7),
        TickBand(PriceUnits(-700), 1),
        TickBand(PriceUnits(0), 5),
        TickBand(PriceUnits(1000), 100),
        TickBand(PriceUnits(5000), 250),
    ),
    order_max=QuantityUnits(1_000_000),
)
COIN = Instrument(
    name="COIN",
    kind=InstrumentKind.CRYPTO_SPOT,
    venue="TEST",
    currency="USDT",
    price_unit=Decimal("0.01"),
    quantity_unit=Decimal("1e-8"),
    min_value=Decimal(10),
    order_min=QuantityUnits(1000),
)


@pytest.fixture(scope="module")
def arena():
    made = Arena(fixed_layout(2))
    unit.load_instruments(made, [BANDED, COIN], base_currency="USDT")
    return made


def test_rule_48_a_missing_rate_is_unknown(arena):
    records = unit.instrument_records(arena)

    assert records["conversion"].tolist() == [0, 1_000_000_000]


def test_rates_convert_to_the_base_currency():
    made = Arena(fixed_layout(2))

    unit.load_instruments(
        made, [BANDED, COIN], base_currency="USD", rates={"EUR": Decimal("1.0825")}
    )

    assert unit.instrument_records(made)["conversion"].tolist() == [1_082_500_000, 0]


def test_rule_2_quantity_rules_are_separate_fields(arena):
    record = unit.instrument_records(arena)[1]

    assert (record["order_step"], record["order_min"]) == (1, 1000)
    assert record["min_value"] == 10 * 10**8


def test_rule_3_money_is_a_ratio(arena):
    record = unit.instrument_records(arena)[1]

    assert (record["money_numerator"], record["money_denominator"]) == (1, 100)


def test_rule_7_cash_products_take_cash(arena):
    assert unit.instrument_records(arena)["cash_product"].tolist() == [1, 1]


@given(price=st.integers(-5000, 20_000), side=st.sampled_from([1, -1]))
def test_rule_4_nearest_valid_price_agrees(arena, price: int, side: int):
    address = arena.address

    assert unit.step_at(address, 0, price) == BANDED.step_at(price)
    assert unit.is_valid_price(address, 0, price) == BANDED.is_valid_price(price)
    nearest = unit.nearest_valid_price(address, 0, price, side)
    assert nearest == BANDED.nearest_valid_price(price, side)


@given(
    price=st.integers(-3000, 9000),
    steps=st.integers(0, 80),
    direction=st.sampled_from([1, -1]),
)
def test_rule_17_steps_follow_the_tick_table(arena, price, steps, direction):
    expected = price
    for _ in range(steps):
        if direction > 0:
            expected = BANDED.next_valid_price(expected)
        else:
            expected = BANDED.previous_valid_price(expected)

    assert unit.step_price(arena.address, 0, price, steps, direction) == expected


def test_rule_5_zero_and_negative_prices_are_legal(arena):
    assert unit.is_valid_price(arena.address, 0, 0)
    assert unit.is_valid_price(arena.address, 0, -7 * 200)
    assert not unit.is_valid_price(arena.address, 0, -7 * 200 + 1)


def test_an_instrument_whose_money_cannot_be_held_is_refused():
    wide = Instrument(
        name="WIDE",
        kind=InstrumentKind.FUTURE,
        venue="TEST",
        currency="USD",
        price_unit=Decimal(1),
        multiplier=Decimal(10**9),
    )

    with pytest.raises(InstrumentError, match=r"WIDE.*units and multiplier"):
        unit.load_instruments(Arena(fixed_layout(1)), [wide])


def test_more_instruments_than_room_are_refused():
    with pytest.raises(InstrumentError, match="1 to 1 instruments, was 2"):
        unit.load_instruments(Arena(fixed_layout(1)), [BANDED, COIN])


def test_the_table_counts_its_instruments(arena):
    assert arena.records(Section.ENGINE)[0]["instruments"] == 2
