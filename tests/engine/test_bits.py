"""Bit scans and 128-bit products beside Python's integers."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from app.engine.bits import folded_product, highest_bit, integer, lowest_bit, scaled
from app.engine.compile import entry
from app.engine.memory import words
from app.engine.records import MARKET, EventKind

INT64 = st.integers(-(2**63), 2**63 - 1)
UINT64 = st.integers(1, 2**64 - 1)


@entry
def lowest(word: int, _b: int, _c: int) -> int:
    return int(lowest_bit(np.uint64(word)))


@entry
def highest(word: int, _b: int, _c: int) -> int:
    return int(highest_bit(np.uint64(word)))


@entry
def folded(a: int, b: int, _c: int) -> int:
    return int(folded_product(np.uint64(a), np.uint64(b)))


@entry
def scaled_at(call: int, _b: int, _c: int) -> int:
    a, b, numerator, denominator = words(call, 4)
    return scaled(a, b, numerator, denominator)


def signed(word):
    """The int64 with the bits of a uint64."""
    return word - 2**64 if word >= 2**63 else word


def compiled_scaled(*numbers):
    call = np.array(numbers, np.int64)
    return scaled_at(call.ctypes.data)


@given(UINT64)
def test_the_scans_find_the_outermost_bits(word):
    assert lowest(signed(word)) == (word & -word).bit_length() - 1
    assert highest(signed(word)) == word.bit_length() - 1


@pytest.mark.parametrize("bit", range(64))
def test_the_scans_find_every_single_bit(bit):
    assert lowest(signed(1 << bit)) == highest(signed(1 << bit)) == bit


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
@example(2**64 - 1, 2**64 - 1)
@example(0, 2**64 - 1)
def test_a_folded_product_joins_both_halves(a, b):
    product = a * b
    expected = (product >> 64) ^ (product & (2**64 - 1))

    assert folded(signed(a), signed(b)) == signed(expected)


@given(
    st.integers(-(2**31), 2**31),
    st.integers(-(2**31), 2**31),
    st.integers(-(10**9), 10**9),
    st.integers(1, 10**12),
)
def test_scaled_rounds_the_exact_quotient_half_even(a, b, numerator, denominator):
    exact = round(Fraction(a * b * numerator, denominator))

    if abs(exact) < 2**63:
        assert compiled_scaled(a, b, numerator, denominator) == exact


@given(st.integers(-(2**62), 2**62), INT64, st.integers(1, 2**63 - 1))
def test_scaled_keeps_products_of_127_bits(a, b, denominator):
    exact = round(Fraction(a * b, denominator))

    if abs(exact) < 2**63:
        assert compiled_scaled(a, b, 1, denominator) == exact


@pytest.mark.parametrize(
    ("a", "denominator", "rounded"),
    [
        (5, 2, 2),
        (7, 2, 4),
        (-5, 2, -2),
        (-7, 2, -4),
        (1, 2, 0),
        (-1, 2, 0),
        (3, 2, 2),
        (-3, 2, -2),
        (8, 3, 3),
        (-8, 3, -3),
        (7, 3, 2),
        (-7, 3, -2),
        (0, 7, 0),
        (10, 4, 2),
        (14, 4, 4),
        (2**63 - 1, 1, 2**63 - 1),
        (-(2**63), 1, -(2**63)),
        (2**63 - 1, 2**63 - 1, 1),
        (2**62, 2**63 - 1, 1),
        (2**62 - 1, 2**63 - 1, 0),
    ],
)
def test_halves_go_to_the_even_neighbour(a, denominator, rounded):
    assert compiled_scaled(a, 1, 1, denominator) == rounded


@entry
def widened(record: int, _b: int, _c: int) -> int:
    """Sum over shifts that would overflow the fields' own types."""
    values = words(record, 8)
    small = np.int8(values[0])
    return (integer(small) << 40) + integer(EventKind.TRADE)


def test_a_narrow_integer_is_widened_before_it_is_shifted():
    record = np.zeros(1, MARKET)
    record.view(np.int64)[0] = -1

    assert widened(record.ctypes.data) == -(1 << 40) + EventKind.TRADE
