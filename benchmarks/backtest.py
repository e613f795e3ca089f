"""Backtests over bars, in one run with a hand-written loop of the same strategy.

The strategy is the mean reversion that ships, over a seeded walk of one-minute bars;
the loop (`_reference`) keeps sums of the window by hand and no orders, no fees to
bounds, no accounts: what one core can do with the arithmetic alone. Counted is the time
in the engine, that of reading the catalog apart. A regression here is a sweep that
takes an evening instead of a minute.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from app.data.catalog import Catalog
from app.data.catalog_writer import ImportJob, Target
from app.data.instrument_master import InstrumentMaster
from app.engine.records import BAR, MARKET, EventKind, RecordFlag
from app.sessions.backtest.request import parse_request
from app.sessions.backtest.result import Result
from app.sessions.backtest.run import Backtest, Outcomes

BARS = 1_000_000
ROUNDS = 3
_START = 1_700_000_040_000_000_000
_MINUTE = 60_000_000_000
_EMPTY = """from app.strategies import Strategy


class Empty(Strategy):
    def on_bar(self, ctx, bar):
        pass
"""


def _write(folder: Path, closes: np.ndarray) -> Catalog:
    catalog = Catalog(folder / "catalog")
    instrument = InstrumentMaster.beside(catalog.root).instrument("RSTK")
    bars = np.zeros(len(closes), BAR)
    bars["kind"], bars["flags"] = EventKind.BAR, RecordFlag.LAST
    bars["ts_received"] = bars["ts_venue"] = _START + _MINUTE * np.arange(len(closes))
    opens = np.concatenate([closes[:1], closes[:-1]])
    bars["open"], bars["volume"] = opens, 1_000_000
    bars["close_offset"] = closes - opens
    bars["high_offset"] = np.maximum(bars["close_offset"], 0) + 100
    bars["low_offset"] = np.minimum(bars["close_offset"], 0) - 100
    source = folder / "bars.csv"
    source.write_text("made by a benchmark")
    with ImportJob(catalog, "benchmark", [source]) as job:
        job.append(Target(instrument, "bars-1m", "bars"), bars.view(MARKET))
        job.commit()
    return catalog


def _walk(count: int) -> np.ndarray:
    steps = np.random.default_rng(11).integers(-30, 31, count)
    return np.maximum(1_000_000 + 100 * np.cumsum(steps), 10_000)


def _reference(closes: np.ndarray) -> Any:  # noqa: C901  (one loop)
    """Compile the loop, and return it."""
    import numba

    @numba.njit
    def run(closes: Any, lookback: int, entry: float, leave: float) -> Any:
        total = squares = held = cash = 0.0
        fills = 0
        want = 0.0
        for i in range(len(closes)):
            price = closes[i]
            if want != held:
                cash -= (want - held) * price
                held = want
                fills += 1
            total += price
            squares += price * price
            if i >= lookback:
                total -= closes[i - lookback]
                squares -= closes[i - lookback] ** 2
            if i < lookback - 1:
                continue
            mean = total / lookback
            variance = squares / lookback - mean * mean
            if variance <= 1e-12:
                continue
            z = (price - mean) / variance**0.5
            if held == 0.0:
                if z < -entry:
                    want = 100.0
                elif z > entry:
                    want = -100.0
            elif abs(z) < leave:
                want = 0.0
        return fills, cash

    run(closes[:100], 20, 2.0, 0.5)
    return run


def _ran(catalog: Catalog, name: str) -> Outcomes:
    request = parse_request(
        {
            "symbols": ["RSTK"],
            "initial_capital": 1_000_000,
            "strategies": [{"id": "one", "name": name}],
        }
    )
    return Backtest(request, catalog).run()


def run() -> dict[str, Any]:
    """Measure, and return the figures."""
    closes = _walk(BARS)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        catalog = _write(folder, closes)
        empty = folder / "empty.py"
        empty.write_text(_EMPTY)
        reference = _reference(closes / 10_000.0)
        times: dict[str, list[float]] = {"empty": [], "mean_reversion": [], "loop": []}
        fills = 0
        for _ in range(ROUNDS):
            times["empty"].append(_ran(catalog, str(empty)).seconds)
            outcomes = _ran(catalog, "Mean Reversion")
            fills = len(Result(outcomes).fills)
            times["mean_reversion"].append(outcomes.seconds)
            begun = time.perf_counter()
            reference(closes / 10_000.0, 20, 2.0, 0.5)
            times["loop"].append(time.perf_counter() - begun)
    best = {name: min(each) for name, each in times.items()}
    return {
        "bars": BARS,
        "fills": fills,
        "empty_ns_a_bar": best["empty"] / BARS * 1e9,
        "mean_reversion_ns_a_bar": best["mean_reversion"] / BARS * 1e9,
        "loop_ns_a_bar": best["loop"] / BARS * 1e9,
        "mean_reversion_to_loop": best["mean_reversion"] / best["loop"],
    }


if __name__ == "__main__":
    for name, figure in run().items():
        print(f"  {name:26} {figure}")
