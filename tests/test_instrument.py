"""Instruments: units, tick tables, bounds and money, exactly."""

import math
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st

from app.engine import records
from app.errors import InstrumentError
from app.instrument import (
    MONEY_SCALE,
    PRODUCT_BOUND,
    Hours,
    Instrument,
    InstrumentKind,
    PriceUnits,
    QuantityUnits,
    TickBand,
    exact,
)

STOCK = Instrument(
    name="RSTK",
    kind=InstrumentKind.STOCK,
    venue="RINGSIDE",
    currency="USD",
    price_unit=Decimal("0.0001"),
    tick_table=(TickBand(None, 1), TickBand(PriceUnits(10_000), 100)),
)
FUTURE = replace(
    STOCK,
    name="RFUT",
    kind=InstrumentKind.FUTURE,
    price_unit=Decimal("0.25"),
    multiplier=Decimal(50),
    tick_table=(TickBand(None, 1),),
)
COIN = replace(
    STOCK,
    name="RBTC",
    kind=InstrumentKind.CRYPTO_SPOT,
    price_unit=Decimal("0.01"),
    quantity_unit=Decimal("1e-8"),
    order_step=QuantityUnits(10_000),
    order_min=QuantityUnits(10_000),
    order_max=QuantityUnits(10_000_000_000),
    max_price=PriceUnits(100_000_000),
    tick_table=(TickBand(None, 1),),
)
# Steps 1, 5 and 50 with edges on their own step, from below zero.
BANDED = replace(
    STOCK,
    tick_table=(
        TickBand(None, 5),
        TickBand(PriceUnits(0), 1),
        TickBand(PriceUnits(103), 1),
        TickBand(PriceUnits(150), 50),
    ),
)


def test_money_scale_is_the_engines():
    assert MONEY_SCALE == records.MONEY_SCALE


def test_rule_1_prices_count_the_price_unit():
    assert STOCK.price_units("10.0001") == 100_001
    assert STOCK.price_units(Decimal("1e1")) == 100_000
    assert STOCK.price_units(10.1) == 101_000
    assert STOCK.price(PriceUnits(100_001)) == Decimal("10.0001")
    assert FUTURE.price_units(4810.25) == 19_241


def test_rule_1_a_float_means_the_decimal_it_prints():
    assert all(COIN.price_units(cents / 100) == cents for cents in range(100_000))

    with pytest.raises(InstrumentError, match=r"0\.30000000000000004 of RBTC"):
        COIN.price_units(0.1 + 0.2)


@pytest.mark.parametrize(
    "value",
    ["", "abc", "nan", "inf", "-inf", "1e999999999", math.nan, math.inf, "1 0", "0x1"],
)
def test_what_is_no_number_is_refused_by_name(value: str | float):
    with pytest.raises(InstrumentError, match="price of RSTK"):
        STOCK.price_units(value)


def test_off_grid_is_refused_with_the_unit():
    with pytest.raises(InstrumentError, match=r"price 10\.10 of RFUT .* unit 0\.25"):
        FUTURE.price_units("10.10")
    with pytest.raises(InstrumentError, match=r"quantity 0\.5 of RFUT .* unit 1"):
        FUTURE.quantity_units("0.5")


def test_rule_1_tick_table_has_a_step_per_band():
    assert STOCK.step_at(9_999) == 1
    assert STOCK.step_at(10_000) == 100
    assert STOCK.is_valid_price(9_999)
    assert not STOCK.is_valid_price(10_001)
    assert STOCK.next_valid_price(9_999) == 10_000
    assert STOCK.next_valid_price(10_000) == 10_100
    assert STOCK.previous_valid_price(10_000) == 9_999


def test_rule_2_quantities_count_the_finest_fill():
    assert COIN.quantity_units("0.00000001") == 1
    assert COIN.order_step == 10_000
    assert COIN.quantity(1) == Decimal("1e-8")


def test_rule_3_money_is_price_times_quantity_times_multiplier():
    assert FUTURE.money_ratio == (1_250_000_000, 1)
    assert FUTURE.money(19_241, 2) == Decimal("4810.25") * 100 * MONEY_SCALE
    assert COIN.money_ratio == (1, 100)
    assert COIN.money(1, 50) == 0  # half a unit of money, to even
    assert COIN.money(1, 150) == 2


def test_rule_4_nearest_valid_price_and_on_a_tie_the_less_aggressive():
    assert STOCK.nearest_valid_price(12_349, 1) == 12_300
    assert STOCK.nearest_valid_price(12_351, 1) == 12_400
    assert STOCK.nearest_valid_price(12_350, 1) == 12_300
    assert STOCK.nearest_valid_price(12_350, -1) == 12_400
    assert STOCK.nearest_valid_price(9_998, 1) == 9_998


def test_rule_5_prices_may_be_negative():
    assert FUTURE.price_units("-37.50") == -150
    assert BANDED.nearest_valid_price(-3, 1) == -5
    assert BANDED.previous_valid_price(0) == -5


@pytest.mark.parametrize("kind", ["option", "bond", "combo", "STOCK", ""])
def test_rule_7_other_kinds_are_refused_by_name(kind: str):
    with pytest.raises(InstrumentError, match=f"'{kind}' are refused"):
        InstrumentKind.named(kind)


@given(st.integers(-300, 400), st.sampled_from([1, -1]))
def test_valid_prices_agree_with_a_plain_search(price: int, side: int):
    valid = [p for p in range(-400, 600) if BANDED.is_valid_price(p)]
    above = min(p for p in valid if p > price)
    below = max(p for p in valid if p < price)
    nearest = min(valid, key=lambda p: (abs(p - price), side * p))

    assert BANDED.next_valid_price(price) == above
    assert BANDED.previous_valid_price(price) == below
    assert BANDED.nearest_valid_price(price, side) == nearest


@given(st.integers(-(2**33), 2**33), st.sampled_from([STOCK, FUTURE]))
def test_price_units_round_trip(units: int, instrument: Instrument):
    price = instrument.price(units)

    assert instrument.price_units(price) == units
    assert instrument.price_units(str(price)) == units
    assert instrument.prices(np.array([units]))[0] == float(price)


@given(
    st.integers(-(2**40), 2**40),
    st.sampled_from(["0.01", "0.25", "1e-8", "5e-5", "12.5", "10", "0.0175", "1000"]),
)
def test_floats_are_the_nearest_of_the_exact_price(units: int, unit: str):
    instrument = replace(STOCK, price_unit=Decimal(unit))

    assert instrument.prices(np.array([units]))[0] == float(Fraction(unit) * units)


def test_bounds_of_price_times_quantity_stay_within_2_to_the_62():
    with pytest.raises(
        InstrumentError, match=r"within 2\*\*62 units, was 2147483648 x"
    ):
        replace(STOCK, max_price=PriceUnits(2**31), order_max=QuantityUnits(2**31 + 1))
    for instrument in (STOCK, FUTURE, COIN):
        assert instrument.price_bound * instrument.quantity_bound <= PRODUCT_BOUND
    with pytest.raises(InstrumentError, match=r"beyond its bound 1000000\.00"):
        COIN.price_units("1000000.01")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"price_unit": Decimal(0)}, "price_unit must be a positive"),
        ({"multiplier": Decimal("NaN")}, "multiplier must be a positive"),
        ({"order_step": 0}, "order_step must be at least"),
        ({"order_max": 5, "order_min": 6}, "order_max must not be below"),
        ({"tick_table": ()}, "tick_table must start"),
        ({"tick_table": (TickBand(None, 0),)}, "steps of tick_table"),
        ({"tick_table": (TickBand(None, 1), TickBand(None, 1))}, "must have a from"),
        (
            {"tick_table": (TickBand(None, 1), TickBand(PriceUnits(7), 5))},
            "begin on its own step",
        ),
        ({"time_zone": "Mars/Olympus"}, "time_zone must be an IANA"),
        ({"price_bands": (9, 8)}, "price_bands must be lowest"),
        ({"name": " x"}, "name must not"),
    ],
)
def test_an_instrument_that_breaks_a_rule_is_refused_by_name(changes, rule: str):
    with pytest.raises(InstrumentError, match=rule):
        replace(STOCK, **changes)


def test_hours_are_read_and_written():
    assert str(Hours.parse("17:00-16:00")) == "17:00-16:00"
    with pytest.raises(InstrumentError, match="was '9-5'"):
        Hours.parse("9-5")


def test_exact_takes_numpy_numbers():
    assert exact(np.float64(0.1)) == Decimal("0.1")
    assert exact(np.int64(7)) == 7
    assert exact(np.float32(0.5)) == Decimal("0.5")
