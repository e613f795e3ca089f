"""Text to integers: exact where it converts at once, and where it does not."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from app.data.text_columns import Issues, read_table, scaled, to_units
from app.errors import FileFormatError


@given(
    st.lists(st.decimals(-(10**9), 10**9, places=4).map(str), min_size=1),
    st.integers(4, 9),
)
def test_scaled_is_exact(texts: list[str], digits: int):
    values, bad = scaled(pa.array(texts), digits)

    assert not bad.any()
    assert values.tolist() == [int(Decimal(text) * 10**digits) for text in texts]


@given(st.lists(st.text(alphabet="0123456789.eE+-_ xn", max_size=12), min_size=1))
def test_scaled_says_which_text_is_no_number(texts: list[str]):
    values, bad = scaled(pa.array(texts, pa.string()), 3)
    for text, value, is_bad in zip(texts, values.tolist(), bad.tolist(), strict=True):
        alone, alone_bad = scaled(pa.array([text], pa.string()), 3)
        assert (value, is_bad) == (alone[0], alone_bad[0])
        if not is_bad:
            assert Fraction(Decimal(text)) * 1000 == value


@pytest.mark.parametrize(
    "text", ["9223372036854775808", "1e30", "-9223372036854775809"]
)
def test_scaled_refuses_what_int64_does_not_hold(text: str):
    assert scaled(pa.array([text]), 0)[1].tolist() == [True]
    assert scaled(pa.array([text, "1"]), 0)[0].tolist() == [0, 1]


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1))
def test_to_units_counts_a_unit_or_says_off_the_grid(values: list[int]):
    units, off = to_units(np.array(values), 4, Decimal("0.25"))

    for value, unit, is_off in zip(values, units.tolist(), off.tolist(), strict=True):
        exact = Fraction(value, 10**4) / Fraction("0.25")
        assert is_off == (exact.denominator != 1)
        assert is_off or unit == exact


def test_to_units_refuses_what_would_overflow():
    _, off = to_units(np.array([2**62, -(2**62), 5]), 0, Decimal("0.01"))

    assert off.tolist() == [True, True, False]


def table(block: bytes, *, skip_bad: bool = True):
    issues = Issues(Path("f"), skip_bad=skip_bad)
    return read_table(block, ("a", "b"), issues, 10), issues


def test_rows_keep_their_numbers_where_one_is_unfit():
    read, issues = table(b"1,2\n3\n4,5\n6,7,8\n9,10")

    assert read.column("a").to_pylist() == ["1", "4", "9"]
    assert read.rows.tolist() == [10, 12, 14]
    assert issues.reported == [
        "f, row 11: a row must have 2 columns, has 1",
        "f, row 13: a row must have 2 columns, has 3",
    ]


@pytest.mark.parametrize(
    ("block", "first"),
    [
        (b'"x,y",2\n3,4\n', ["x,y", "3"]),
        (b'"x,2\n3,4\n', ['"x', "3"]),  # a quote that does not close
        (b"\xff,2\n3,4\r\n", ["\\xff", "3"]),
        (b"\x00,2\n3,4", ["\x00", "3"]),
        (b"1,2\r\n3,4\r\n", ["1", "3"]),
    ],
)
def test_odd_bytes_and_quotes_lose_no_line(block: bytes, first: list[str]):
    read, _ = table(block)

    assert read.column("a").to_pylist() == first
    assert read.rows[-1] == 11


def test_the_first_fault_is_raised_unless_they_are_counted():
    with pytest.raises(FileFormatError, match="f, row 10: a row must have 2 columns"):
        table(b"1\n2\n", skip_bad=False)
    _, issues = table(b"1\n2\n")
    assert issues.count == 2


def test_only_the_first_faults_are_kept_in_words():
    _, issues = table(b"1\n" * 100)

    assert issues.count == 100
    assert len(issues.reported) == 20
