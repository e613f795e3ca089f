"""Arrays that handlers make and fill: compiled without memory, or told with the line.

Both ways of running are held to the same bytes by `both_ways`.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.sessions.backtest.request import parse_request
from app.sessions.backtest.result import Result
from app.sessions.backtest.run import Backtest
from tests.bar_catalog import write_bars
from tests.sessions.backtest.test_context import both_ways, rising, source

pytestmark = pytest.mark.slow

BARS = 12
STATE = """
    gain: float = 0.5

    def __init__(self):
        self.seen = 0
        self.x = np.zeros(3)
        self.y = np.array([1.0, 2.0, 4.0])
        self.p = np.array([[1.0, 2.0], [3.0, 4.0]])
        self.n = np.array([1, 2, 3])

    def on_bar(self, ctx, bar):
        self.seen += 1
"""


def body_of(lines: str, methods: str) -> str:
    """A strategy's body: lines of its handler, and methods."""
    indented = (f"        {line}\n" for line in lines.strip().splitlines())
    return STATE + "".join(indented) + methods


def values(folder: Path, lines: str, methods: str = "") -> list[float]:
    """What a handler of these lines plots, the same compiled and as Python."""
    catalog = write_bars(folder, "RSTK", rising(BARS))
    result = both_ways(folder, catalog, body_of(lines, methods))
    found: list[float] = result.data.notes["one"]["plots"]["v"]["values"]
    return found


def test_arrays_of_a_constant_size_begin_anew_at_each_turn(tmp_path: Path) -> None:
    lines = """
for k in range(2):
    d = np.zeros(3)
    e = np.full((2, 2), 1.5)
    n = np.zeros(2, dtype=np.int64)
    d[k] += bar.close
    e[0, 1] += k
    n[1] += 7
ctx.plot("v", d[0] + d.sum() + e[0, 1] + e[1, 1] + len(d) + n[1])
"""
    found = values(tmp_path, lines)

    closes = 100 + 0.1 * np.arange(BARS)
    assert found == pytest.approx((closes + 2.5 + 1.5 + 3 + 7).tolist())


def test_whole_arrays_are_written_element_by_element(tmp_path: Path) -> None:
    lines = """
d = np.ones(3)
d[:] = self.gain * (d - self.y) + 2.0 * self.seen
self.x[:] = -d / self.y + np.sqrt(self.y)
self.x[:] *= self.y[1]
self.p[:] = 0.5 * self.p + self.p
ctx.plot("v", self.x[2] + self.p[1, 0])
"""
    found = values(tmp_path, lines)

    seen = np.arange(1, BARS + 1)
    third = 2 * (-(0.5 * (1 - 4) + 2 * seen) / 4 + 2)
    assert found == pytest.approx((third + 3 * 1.5**seen).tolist())


def test_an_array_may_stand_on_both_sides(tmp_path: Path) -> None:
    lines = """
self.x[:] = self.x + self.y
self.n[:] = self.n + 1
ctx.plot("v", self.x[1] + self.n[0])
"""
    seen = np.arange(1, BARS + 1)

    assert values(tmp_path, lines) == (2.0 * seen + 1 + seen).tolist()


def test_an_array_is_lent_to_functions_that_give_it_no_other_name(
    tmp_path: Path,
) -> None:
    lines = """
d = np.zeros(3)
self.fill(ctx, d, float(self.seen))
ctx.plot("v", self.total(d))
"""
    methods = """
    def fill(self, ctx, into, value):
        for k in range(len(into)):
            into[k] = value + k
        self.double(into)

    def double(self, every):
        every[1] *= 2.0

    def total(self, d):
        return d.sum() + d[1] + np.dot(d, self.y)
"""
    found = values(tmp_path, lines, methods)

    seen = np.arange(1, BARS + 1)
    d = np.array([seen, 2 * (seen + 1), seen + 2])
    assert found == (d.sum(axis=0) + d[1] + np.array([1, 2, 4]) @ d).tolist()


def test_dot_is_the_sum_of_products_from_the_first_on(tmp_path: Path) -> None:
    lines = 'ctx.plot("v", np.dot(self.y, self.y) + (self.y @ self.y))'

    assert values(tmp_path, lines) == [42.0] * BARS


def outcome(folder: Path, lines: str, methods: str = "", **more: Any) -> Any:
    catalog = write_bars(folder, "RSTK", rising(BARS))
    body = body_of(lines, methods)
    terms = {
        "symbols": ["RSTK"],
        "strategies": [{"id": "one", "name": source(folder, body)}],
        "initialCapital": 1_000_000,
    }
    run = Backtest(parse_request(terms), catalog, **more).run()
    return Result(run).outcomes.strategies["one"]


@pytest.mark.parametrize("interpreted", [False, True])
def test_arrays_of_different_lengths_are_an_error_with_its_line(
    tmp_path: Path, interpreted: bool
) -> None:
    ended = outcome(tmp_path, "self.x[:] = np.ones(2)", interpreted=interpreted)
    assert "line 19" in ended.failure

    mixed = "d = np.ones(2)\nself.x[:] = d + self.y"
    ended = outcome(tmp_path, mixed, interpreted=interpreted)

    assert "line 20" in ended.failure
    assert "different lengths" in ended.failure


@pytest.mark.parametrize("does", ["e = d", "self.x[:] = 2.0 * d", "d = self.x"])
def test_what_gives_a_lent_array_another_name_runs_as_python_and_says_where(
    tmp_path: Path, does: str
) -> None:
    solve = f"""
    def solve(self, d):
        {does}
        return self.x[0] + d[0]
"""
    lines = "d = np.zeros(3)\nctx.plot('v', self.solve(d))"

    ended = outcome(tmp_path, lines, solve)

    assert not ended.failure
    assert "line 19: np.zeros(3) makes a new array" in ended.reason


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("d = self.x - self.y\nctx.plot('v', d[0])", "line 19: self.x - self.y"),
        ("ctx.plot('v', np.sum(self.x * self.y))", "line 19: self.x * self.y"),
        (
            "d = np.zeros(self.seen)\nctx.plot('v', d[0])",
            "line 19: np.zeros(self.seen)",
        ),
        ("d = np.zeros(2)\ne = d\nctx.plot('v', e[0])", "line 19: np.zeros(2)"),
    ],
)
def test_what_makes_a_new_array_runs_as_python_and_says_where(
    tmp_path: Path, lines: str, told: str
) -> None:
    ended = outcome(tmp_path, lines)

    assert not ended.failure
    assert f"{told} makes a new array" in ended.reason
