"""Bars before the start: what a strategy knows when it begins to trade."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.data.catalog import Catalog
from app.errors import RequestError
from app.sessions.backtest.request import parse_request
from app.sessions.backtest.result import Result
from app.sessions.backtest.run import Backtest
from tests.bar_catalog import MINUTE, START, walk, write_bars

pytestmark = pytest.mark.slow

BEGIN = 60


def begin_at(bar: int) -> str:
    """When a bar opens."""
    return f"{np.datetime64(START + (bar - 1) * MINUTE, 'ns')}Z"


def run(catalog: Catalog, name: str, *, interpreted: bool = False, **more: Any) -> Any:
    strategy = {"id": "one", "name": name}
    request = parse_request({"symbols": ["RSTK"], "strategies": [strategy], **more})
    return Result(Backtest(request, catalog, interpreted=interpreted).run())


def test_warmed_up_a_strategy_knows_what_it_would_have_known(tmp_path: Path) -> None:
    """Averages of closes are those of a run that began earlier."""
    path = tmp_path / "own.py"
    path.write_text(
        "from app.strategies import SMA, Strategy\n\n\n"
        "class Own(Strategy):\n"
        "    def __init__(self):\n"
        "        self.average = SMA(30)\n\n"
        "    def on_bar(self, ctx, bar):\n"
        "        ctx.plot('average', self.average.update(bar.close))\n"
        "        ctx.log('at', bar.close)\n"
        "        ctx.market(bar.instrument, 1.0)\n"
    )
    catalog = write_bars(tmp_path, "RSTK", walk(100, 5))

    whole = run(catalog, str(path))
    cold = run(catalog, str(path), startDate=begin_at(BEGIN))
    warm = run(catalog, str(path), startDate=begin_at(BEGIN), warmUp=40)
    same = run(
        catalog, str(path), startDate=begin_at(BEGIN), warmUp=40, interpreted=True
    )

    def averages(result: Any) -> list[float | None]:
        values = result.data.notes["one"]["plots"]["average"]["values"]
        return list(values[-(100 - BEGIN) :])

    assert averages(warm) == averages(same)
    assert averages(warm) == pytest.approx(averages(whole), rel=1e-12)
    assert averages(cold)[:29] == [None] * 29
    # Its log begins when it does: past bars are no news.
    logs = [each.data.notes["one"] for each in (cold, warm, same)]
    assert logs[0]["log"] == logs[1]["log"] == logs[2]["log"]
    assert [each["lines"] for each in logs] == [100 - BEGIN] * 3
    # Nothing that it asked for while it warmed up was sent.
    assert len(warm.data.orders) == len(cold.data.orders) == 100 - BEGIN
    assert warm.digest() == same.digest()


@pytest.mark.parametrize(
    ("warm_up", "told"),
    [
        (BEGIN + 1, "asks for 61 bars before the start, and RSTK@bars-1m has 60"),
        (-1, "warm_up must not be negative, was -1"),
    ],
)
def test_bars_that_are_not_there_are_told(
    tmp_path: Path, warm_up: int, told: str
) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(100, 5))

    with pytest.raises(RequestError, match=told):
        run(catalog, "SMA Cross", startDate=begin_at(BEGIN), warmUp=warm_up)
