"""Random small strategies: compiled and as Python, the same bytes.

Each is put together of indicators, sums, conditions and requests by a seed.
RINGSIDE_SEED begins elsewhere, RINGSIDE_WALK tries so many.
"""

import os
import random
from pathlib import Path
from typing import Any

import pytest

from app.sessions.backtest.request import parse_request
from app.sessions.backtest.result import Result
from app.sessions.backtest.run import Backtest
from tests.bar_catalog import UNIT, walk, write_bars

pytestmark = pytest.mark.slow

FIRST = int(os.environ.get("RINGSIDE_SEED", "20261129"))
COUNT = int(os.environ.get("RINGSIDE_WALK", "3"))
INDICATORS = (
    *("SMA, 7", "EMA, 5", "RSI, 6", "ZScore, 9", "Highest, 8", "Lowest, 8"),
    *("Bollinger, 10, 1.5", "MACD, 4, 9, 3"),
)
VALUES = (
    *(
        "bar.close",
        "bar.high - bar.low",
        "self.sums[i]",
        "self.last",
        "ctx.position(i)",
    ),
    *("ctx.equity / 1000.0", "float(self.count % 7)", "ctx.random", "ctx.normal"),
    *("ctx.history(i, 3).mean()", "bar.volume ** 0.5", "math.sin(self.last)"),
    *("np.log(bar.close)", "ctx.average_price(i)", "ctx.working(i)", "self.a[i].value"),
    *("self.memory.std()", "self.memory[self.count % 5]", "self.helper(bar.close)"),
)
REQUESTS = (
    "ctx.target(i, {x})",
    "ctx.target_share(i, max(-1.0, min(1.0, {x})))",
    "ctx.market(i, {x})",
    "ctx.limit(i, 10.0, bar.close * 0.999)",
    "ctx.stop(i, -10.0, bar.low * 0.995)",
    "ctx.stop_limit(i, 10.0, bar.high * 1.002, bar.high * 1.004)",
    "ctx.trailing_stop(i, -10.0, bar.close * 0.01)",
    "ctx.bracket(i, 10.0, bar.close * 1.01, bar.close * 0.99)",
    "ctx.breakout(i, 10.0, bar.high * 1.003, bar.low * 0.997)",
    "ctx.exits(i, bar.close * 1.02, bar.close * 0.98)",
    "ctx.quote(i, bar.close * 0.999, bar.close * 1.001, 10.0)",
    "ctx.limit(i, 10.0, bar.close * 1.001, tif=IOC)",
    "ctx.limit(i, -5.0, bar.close * 1.002, tif=DAY, reduce_only=True)",
    "ctx.stop(i, 10.0, bar.high * 1.002, until=bar.ts + 600_000_000_000)",
    "ctx.oco(ctx.limit(i, 5.0, bar.low), ctx.stop(i, -5.0, bar.low * 0.998))",
    "ctx.oco(ctx.stop_bracket(i, 5.0, bar.high * 1.001, bar.high * 1.01, bar.low),"
    " ctx.stop_bracket(i, -5.0, bar.low * 0.999, bar.low * 0.99, bar.high))",
    "ctx.cancel_all(i)",
    "ctx.close(i)",
)


def written(seed: int) -> str:
    """The source of a strategy."""
    pick = random.Random(seed)

    def value(depth: int = 0) -> str:
        if depth > 2 or pick.random() < 0.4:
            return pick.choice([*VALUES, f"{pick.uniform(-3, 3):.3f}"])
        sign = pick.choice("+-*")
        return f"({value(depth + 1)} {sign} {value(depth + 1)})"

    def condition() -> str:
        if pick.random() < 0.5:
            return f"self.count % {pick.randint(2, 9)} == 1"
        return f"bounded({value()}) {pick.choice(['<', '>'])} bounded({value()})"

    asked = pick.choice(REQUESTS[:3]).format(x=f"bounded({value()})")
    lines = ["if self.count % 5 == 0:", f"    {asked}"]
    for _ in range(pick.randint(3, 6)):
        bounded = f"bounded({value()})"
        kind = pick.random()
        if kind < 0.3:
            lines.append(f"self.sums[i] = {bounded}")
        elif kind < 0.5:
            lines += [f"for step in range({pick.randint(1, 5)}):"]
            lines += [f"    self.memory[step] = {bounded} / (step + 1)"]
        else:
            asked = pick.choice(REQUESTS).format(x=bounded)
            lines += [f"if {condition()}:", f"    {asked}"]
    body = "\n        ".join(lines)
    return f"""
import math

import numpy as np

from app.strategies import *


def bounded(x):
    if math.isnan(x):
        return 1.0
    return max(-50.0, min(50.0, x))


class Own(Strategy):
    history_length = 5

    def __init__(self):
        self.a = self.each({pick.choice(INDICATORS)})
        self.sums = self.each(0.0)
        self.memory = np.zeros(5)
        self.last = 0.0
        self.count = 0

    def helper(self, x):
        return x / (1.0 + abs(self.last))

    def on_bar(self, ctx, bar):
        i = bar.instrument
        self.count += 1
        self.a[i].update(bar.close)
        {body}
        self.last = bounded({value()})

    def on_fill(self, ctx, fill):
        self.last = bounded(self.last + fill.quantity * 0.1)
"""


@pytest.mark.parametrize("seed", range(FIRST, FIRST + COUNT))
def test_a_random_strategy_gives_the_same_bytes_both_ways(
    tmp_path: Path, seed: int
) -> None:
    write_bars(tmp_path, "RSTK", walk(250, seed))
    catalog = write_bars(tmp_path, "RFUT", walk(250, seed + 1, start=4000 * UNIT))
    path = tmp_path / "own.py"
    path.write_text(written(seed))
    request = parse_request(
        {
            "symbols": ["RSTK", "RFUT"],
            "strategies": [{"id": "one", "name": str(path)}],
            "initialCapital": 1_000_000,
            "seed": seed,
        }
    )

    def run(**how: Any) -> Result:
        return Result(Backtest(request, catalog, **how).run())

    compiled, interpreted = run(), run(interpreted=True)

    ends = [each.outcomes.strategies["one"] for each in (compiled, interpreted)]
    assert [each.failure for each in ends] == ["", ""], written(seed)
    assert ends[0].is_compiled, ends[0].reason
    assert ends[0].requests > 0
    assert compiled.digest() == interpreted.digest(), written(seed)
    same = compiled.outcomes, interpreted.outcomes
    assert same[0].reports.tobytes() == same[1].reports.tobytes()
