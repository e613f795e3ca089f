"""Integers of strategies keep to 64 bits, compiled and as Python alike."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from app.errors import StrategyError
from app.sessions.backtest.request import parse_request
from app.sessions.backtest.result import Result
from app.sessions.backtest.run import Backtest
from app.strategies import whole_numbers
from app.strategies.loader import load_file
from app.strategies.running import prepare
from tests.bar_catalog import walk, write_bars

LEAST, MOST = -(2**63), 2**63 - 1
EDGES = (0, 1, -1, 2, 3_037_000_499, 3_037_000_500, 2**62, -(2**62), MOST, LEAST)
INTEGERS = st.one_of(
    st.sampled_from(EDGES), st.integers(LEAST, MOST), st.integers(-(2**33), 2**33)
)
PLAIN = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
}


@pytest.fixture(scope="module")
def compiled() -> dict[str, Any]:
    from numba import njit

    whole_numbers.offer()
    made: dict[str, Any] = {}
    for name in whole_numbers.NAMES:
        terms = "x" if name in ("negate", "integer", "rounded") else "a, b"
        scope = {"f": getattr(whole_numbers, name)}
        exec(f"def call({terms}):\n    return f({terms})", scope)
        made[name] = njit(scope["call"])
    return made


def told(function: Any, *values: Any) -> Any:
    try:
        return function(*values)
    except (OverflowError, ValueError) as error:
        return type(error)


@pytest.mark.parametrize("name", sorted(PLAIN))
@given(a=INTEGERS, b=INTEGERS)
def test_what_fits_is_exact_and_what_does_not_is_an_error(
    compiled: dict[str, Any], name: str, a: int, b: int
) -> None:
    true = PLAIN[name](a, b)
    expected = true if LEAST <= true <= MOST else OverflowError

    assert told(getattr(whole_numbers, name), a, b) == expected
    assert told(getattr(whole_numbers, name), np.int64(a), np.int64(b)) == expected
    assert told(compiled[name], a, b) == expected


@given(a=INTEGERS, b=st.integers(0, 70))
def test_shifts_and_signs_keep_to_64_bits(
    compiled: dict[str, Any], a: int, b: int
) -> None:
    true = a << b
    expected = true if LEAST <= true <= MOST else OverflowError

    assert told(whole_numbers.shift, a, b) == told(compiled["shift"], a, b) == expected
    signed = -a if a != LEAST else OverflowError
    assert told(whole_numbers.negate, a) == told(compiled["negate"], a) == signed


@given(x=st.floats() | st.floats(-1e6, 1e6).map(lambda x: round(x * 2) / 2))
def test_floats_become_integers_or_an_error(compiled: dict[str, Any], x: float) -> None:
    for name, plain in (("integer", int), ("rounded", round)):
        expected: Any = ValueError
        if math.isfinite(x):
            fits = LEAST <= plain(x) <= MOST
            expected = plain(x) if fits else OverflowError
        elif math.isinf(x):
            expected = ValueError
        assert told(getattr(whole_numbers, name), x) == expected
        assert told(compiled[name], x) == expected


@given(a=st.floats(), b=st.floats())
def test_floats_pass_as_they_are(compiled: dict[str, Any], a: float, b: float) -> None:
    for name, plain in PLAIN.items():
        expected = np.float64(plain(a, b)).tobytes()
        made = np.float64(getattr(whole_numbers, name)(a, b))
        assert made.tobytes() == expected or math.isnan(made)
        made = np.float64(compiled[name](a, b))
        assert made.tobytes() == expected or math.isnan(made)


UNSIGNED = st.sampled_from((0, 1, MOST, MOST + 1, 2**64 - 1)) | st.integers(
    0, 2**64 - 1
)


@given(a=UNSIGNED, b=INTEGERS, swapped=st.booleans())
def test_an_unsigned_operand_is_exact_or_an_error_both_ways(
    compiled: dict[str, Any], a: int, b: int, swapped: bool
) -> None:
    wide: tuple[Any, Any] = (np.uint64(a), np.int64(b))
    plain: tuple[int, int] = (a, b)
    if swapped:
        wide, plain = wide[::-1], plain[::-1]
    for name, exact in PLAIN.items():
        true = exact(*plain)
        fits = a <= MOST and LEAST <= true <= MOST
        expected = true if fits else OverflowError

        assert told(getattr(whole_numbers, name), *wide) == expected
        assert told(getattr(whole_numbers, name), *plain) == expected
        assert told(compiled[name], *wide) == expected
    for name in ("negate", "integer", "rounded"):
        signed = -a if name == "negate" else a
        expected = signed if a <= MOST else OverflowError

        assert told(getattr(whole_numbers, name), np.uint64(a)) == expected
        assert told(compiled[name], np.uint64(a)) == expected


@pytest.mark.parametrize(
    "line",
    ["x = np.uint64(bar.volume)", "x = np.zeros(3, dtype=np.uint)", "x = wide(1)"],
)
def test_unsigned_integers_are_refused_with_their_line(
    tmp_path: Path, line: str
) -> None:
    path = tmp_path / "own.py"
    path.write_text(
        "import numpy as np\nfrom numpy import uint64 as wide\n"
        "from app.strategies import *\n\n\nclass Own(Strategy):\n"
        f"    def on_bar(self, ctx, bar):\n        {line}\n"
    )

    with pytest.raises(StrategyError, match=r"own\.py: line 8: .* 64 bits with a sign"):
        prepare(load_file(path), interpreted=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("state", "lines", "line"),
    [
        ("self.n = 2**60", ("self.n += self.n",), 10),
        ("self.n = 3037000000", ("self.n += 1000", "q = self.n * self.n"), 11),
        ("self.n = np.full(3, 2**62)", ("q = self.n[0] + self.n[1]",), 10),
        ("self.n = 1", ("self.n = int(bar.close * 1e30)",), 10),
        ("self.n = 10", ("q = 9223372036854775818 - self.n",), 10),
    ],
)
def test_a_strategy_that_counts_beyond_stops_at_the_same_line_both_ways(
    tmp_path: Path, state: str, lines: tuple[str, ...], line: int
) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(50, 8))
    path = tmp_path / "own.py"
    body = "".join(f"        {each}\n" for each in lines)
    path.write_text(
        "import numpy as np\nfrom app.strategies import *\n\n\nclass Own(Strategy):\n"
        f"    def __init__(self):\n        {state}\n\n"
        f"    def on_bar(self, ctx, bar):\n{body}"
    )
    request = parse_request(
        {"symbols": ["RSTK"], "strategies": [{"id": "one", "name": str(path)}]}
    )

    results = [
        Result(Backtest(request, catalog, interpreted=each).run())
        for each in (False, True)
    ]

    rows = [each.run_rows()["strategies"][0] for each in results]
    assert [each["is_compiled"] for each in rows] == [True, False]
    # The line is found by running the event again, with the memory as it was left.
    first, second = (each["failure"].partition("bits: ")[0] for each in rows)
    assert first == second
    assert rows[0]["calls"] == rows[1]["calls"]
    assert "Own.on_bar" in rows[0]["failure"]
    assert "OverflowError: an integer left 64 bits" in rows[0]["failure"]
    assert f"line {line}" in rows[0]["failure"]
