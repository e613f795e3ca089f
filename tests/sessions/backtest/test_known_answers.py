"""Answers that others have worked out, from the same data and the same rules.

backtesting.py's own test suite runs averages of 10 and 30 closes over its GOOG bars
with 10,000 in cash and all of the equity in each trade, sized by the price of the fill:
66 trades, a return of 414.2299 %, a Sharpe ratio of 0.5806232 by its own formula and a
largest drawdown of 47.98013 %. It closes the last trade at the open of the last bar,
where ours is still held and worth the close.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.__main__ import main
from app.analytics.performance import drawdowns
from app.data.catalog import Catalog
from app.sessions.backtest.request import parse_request
from app.sessions.backtest.result import Result
from app.sessions.backtest.run import Backtest
from tests.shared_data import shared_data

pytestmark = pytest.mark.slow

START = 10_000.0
DAYS = 252
LAST_OPEN, LAST_CLOSE = 797.80, 806.19


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    folder = tmp_path / "catalog"
    monkeypatch.setenv("RINGSIDE_PATHS_DATA", str(folder))
    file = shared_data("backtestingpy", "GOOG.csv")
    assert main(["import", "auto", "--time-zone", "America/New_York", str(file)]) == 0
    return Catalog(folder)


def cross(catalog: Catalog, **models: Any) -> Result:
    strategy = {"name": "SMA Cross", "parameters": {"fast": 10, "slow": 30}}
    request = parse_request(
        {
            "symbols": ["GOOG"],
            "initial_capital": START,
            "strategies": [strategy],
            "models": {"participation": None, **models},
        }
    )
    return Result(Backtest(request, catalog).run())


def peer_sharpe(equity: np.ndarray) -> float:
    """Annual return ÷ annual deviation, both compounded, as backtesting.py has it."""
    returns = equity[1:] / equity[:-1] - 1
    mean = np.exp(np.log1p(returns).sum() / len(returns)) - 1
    variance = np.var(returns, ddof=1)
    a_year = (1 + mean) ** DAYS - 1
    spread = (variance + (1 + mean) ** 2) ** DAYS - (1 + mean) ** (2 * DAYS)
    return float(a_year / np.sqrt(spread))


def test_crossing_averages_give_what_backtesting_py_says(catalog: Catalog) -> None:
    result = cross(catalog, sizing="at_fill")
    trades = result.data.trades
    held = trades.row(len(trades) - 1)

    equity = result.equity[:-1].copy()  # the last one is said twice
    equity[-1] += (LAST_OPEN - LAST_CLOSE) * held["quantity"]

    assert len(trades) == 66
    assert np.count_nonzero(trades["closed"]) == 65
    assert (held["side"], held["closed"]) == (1, 0)
    assert equity[-1] / START - 1 == pytest.approx(4.142299, abs=1e-7)
    assert drawdowns(equity, START).max() == pytest.approx(0.4798012577, abs=1e-7)
    assert peer_sharpe(equity) == pytest.approx(0.5806232, rel=1e-6)


def test_sized_at_the_decision_the_trades_are_the_same_and_the_sizes_not(
    catalog: Catalog,
) -> None:
    by_fill, by_decision = cross(catalog, sizing="at_fill"), cross(catalog)

    one, other = by_fill.data.trades, by_decision.data.trades
    np.testing.assert_array_equal(one["opened"], other["opened"])
    assert (one["quantity"] != other["quantity"]).any()
