"""A backtest beside a plain loop over the same bars, written without an engine.

The workload of a comparison of backtesters: z of the newest 20 closes, in at ±2 with
100 shares, out within ±0.5, filled at the next open, half a thousandth in fees. Three
instruments in one account.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.data.instrument_master import InstrumentMaster
from app.sessions.backtest.request import parse_request
from app.sessions.backtest.result import Result
from app.sessions.backtest.run import Backtest
from tests.bar_catalog import UNIT, write_bars

pytestmark = pytest.mark.slow

CASH, SIZE, FEE, LOOKBACK, ENTRY, EXIT = 10_000_000.0, 100.0, 0.0005, 20, 2.0, 0.5
SOURCE = """
from app.strategies import Strategy, ZScore


class Reversion(Strategy):
    lookback: int = 20

    def __init__(self):
        self.scores = self.each(ZScore, self.lookback)

    def on_bar(self, ctx, bar):
        score = self.scores[bar.instrument].update(bar.close)
        held = ctx.position(bar.instrument)
        if held == 0.0:
            if score < -2.0:
                ctx.market(bar.instrument, 100.0)
            elif score > 2.0:
                ctx.market(bar.instrument, -100.0)
        elif abs(score) < 0.5:
            ctx.close(bar.instrument)
"""


def closes(count: int, seed: int) -> np.ndarray:
    """Prices that wander around a mean, with rare jumps; price units, on the tick."""
    random = np.random.default_rng(seed)
    moves = random.standard_normal(count) * 0.0006
    moves += (random.random(count) < 0.002) * random.standard_normal(count) * 0.004
    level, found = 0.0, np.empty(count)
    for index, move in enumerate(moves):
        level += move - 0.002 * level
        found[index] = level
    return np.round(np.exp(found) * 100, 2) * UNIT // 100 * 100


def plain_loop(prices: np.ndarray) -> tuple[int, int, np.ndarray]:
    """Fills, trades that ended, and equity after each bar; a bar opens at the close."""
    bars, count = prices.shape
    cash, held, wanted = CASH, np.zeros(count), np.zeros(count)
    fills: int = 0
    trades: int = 0
    equity = np.empty(bars)
    for bar in range(bars):
        for i in np.flatnonzero(wanted).tolist():
            price = prices[max(bar - 1, 0), i]
            cash -= wanted[i] * price + abs(wanted[i]) * price * FEE
            held[i] += wanted[i]
            fills += 1
            trades += 1 if held[i] == 0.0 else 0
        wanted[:] = 0.0
        for i in range(count if bar >= LOOKBACK - 1 else 0):
            window = prices[bar - LOOKBACK + 1 : bar + 1, i]
            if window.std() == 0.0:
                continue
            score = (window[-1] - window.mean()) / window.std()
            if held[i] == 0.0 and abs(score) > ENTRY:
                wanted[i] = -SIZE * np.sign(score)
            elif held[i] != 0.0 and abs(score) < EXIT:
                wanted[i] = -held[i]
        equity[bar] = cash + held @ prices[bar]
    return fills, trades, equity


def test_fills_trades_and_equity_are_those_of_a_plain_loop(tmp_path: Path) -> None:
    names = ("FIRST", "SECOND", "THIRD")
    master = InstrumentMaster.beside(tmp_path / "catalog")
    for name in names:
        master.add(replace(master.instrument("RSTK"), name=name))
    master.save()
    units = np.array([closes(4000, seed) for seed in range(len(names))], np.int64)
    catalogs = [
        write_bars(tmp_path, name, row) for name, row in zip(names, units, strict=True)
    ]
    source = tmp_path / "reversion.py"
    source.write_text(SOURCE)
    request = parse_request(
        {
            "symbols": [*names],
            "initial_capital": CASH,
            "strategies": [{"name": str(source)}],
            "fees": {"maker": FEE, "taker": FEE},
            "models": {"participation": None},
        }
    )

    run = Result(Backtest(request, catalogs[0]).run()).data

    fills, trades, equity = plain_loop(units.T / UNIT)
    assert fills > 300
    assert len(run.fills) == fills
    assert np.count_nonzero(run.trades["closed"]) == trades
    # A worth is written down for each bar, once more at the end; money has 8 decimals.
    np.testing.assert_allclose(run.equity[:-1], equity, rtol=0, atol=1e-6)
