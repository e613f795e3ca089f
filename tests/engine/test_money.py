"""Money: products, shares of costs and conversions, against fractions."""

from fractions import Fraction

import numpy as np
from hypothesis import given, strategies as st

from app.engine import money
from app.engine.compile import kernel

words = st.integers(-(2**62), 2**62)
small = st.integers(-(2**40), 2**40)


@kernel
def add(high, low, a, b, c):
    return money.cost_plus(high, low, a, b, c)


@kernel
def share(high, low, part, whole, denominator):
    return money.cost_money(high, low, part, whole, denominator)


def split(cost: int) -> tuple[int, np.uint64]:
    return cost >> 64, np.uint64(cost & (2**64 - 1))


def saturated(value: int) -> int:
    return max(-money.MOST, min(money.MOST, value))


@given(words, small, st.integers(1, 2**20), st.integers(1, 2**30))
def test_money_is_rounded_half_even_and_never_wraps(a, b, numerator, denominator):
    exact = round(Fraction(a * b * numerator, denominator))

    assert money.money_of(a, b, numerator, denominator) == saturated(exact)


@given(st.integers(-(2**100), 2**100), words, small, st.integers(0, 2**16))
def test_a_cost_is_exact(cost, a, b, c):
    high, low = add(*split(cost), a, b, c)

    assert (high << 64) + (low & (2**64 - 1)) == cost + a * b * c


@given(
    st.integers(-(2**120), 2**120),
    st.integers(1, 2**40),
    st.integers(1, 2**40),
    st.integers(1, 1000),
)
def test_a_share_of_a_cost_is_rounded_once(cost, one, other, denominator):
    part, whole = min(one, other), max(one, other)
    exact = round(Fraction(cost * part, whole * denominator))

    assert share(*split(cost), part, whole, denominator) == saturated(exact)


@given(
    st.integers(-(2**90), 2**90),
    small,
    small,
    st.integers(1, 2**20),
    st.integers(1, 2**20),
)
def test_gain_is_worth_less_cost(cost, doubled, quantity, numerator, denominator):
    exact = Fraction(doubled * quantity * numerator - 2 * cost, 2 * denominator)

    gain = money.gain(*split(cost), doubled, quantity, (numerator, denominator))
    assert gain == saturated(round(exact))


@given(words, st.integers(0, 2**62))
def test_conversion_is_rounded_half_even(amount, rate):
    exact = round(Fraction(amount * rate, money.CONVERSION_SCALE))

    assert money.converted(amount, rate) == saturated(exact)


@given(st.integers(-(2**63) + 1, 2**63 - 1), st.integers(-(2**63) + 1, 2**63 - 1))
def test_sums_do_not_wrap(a, b):
    assert money.plus(a, b) == saturated(a + b)


@given(st.integers(-(2**100), 2**100), st.integers(-(2**30), 2**30), st.integers(1, 99))
def test_the_average_price_is_the_nearest_float(cost, quantity, numerator):
    price = money.cost_price(*split(cost), quantity, numerator)

    if quantity == 0:
        assert np.isnan(price)
    else:
        exact = Fraction(cost, quantity * numerator)
        assert abs(price - float(exact)) <= 1e-15 * abs(float(exact))
