"""Backtests over bars and level data, in one run with hand-written loops.

Over a seeded walk of one-minute bars: a strategy that does nothing, the mean reversion
that ships, and one that sends a market order at every bar. The same number of bars of
three and of thirty stocks that close together tells what a portfolio costs. Over a
seeded stream of level updates and trades: a strategy that does nothing at each event,
and the market maker that ships. The yardstick (`_reference`) keeps sums of the window
by hand, fills at the next open and keeps no orders, fees or accounts: what one core can
do with the arithmetic alone. Counted is the time in the engine, that of reading the
catalog apart.

`python -m benchmarks.backtest memory` tells what a run over ten million level events
takes beyond the same process idle.
"""

import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from app.data.catalog import Catalog
from app.data.catalog_writer import ImportJob, Target
from app.data.instrument_master import InstrumentMaster
from app.engine.records import BAR, MARKET, NO_PRICE, EventKind, RecordFlag
from app.instrument import Instrument
from app.sessions.backtest.request import parse_request
from app.sessions.backtest.result import Result
from app.sessions.backtest.run import Backtest, Outcomes
from benchmarks.book import level_stream

BARS = 1_000_000
EVENTS = 1_000_000
MEMORY_EVENTS = 10_000_000
ROUNDS = 3
PORTFOLIOS = (3, 30)
"""Symbols of a portfolio."""
_TICK = 100
"""Price units of a step, for the instruments that ship."""
_START = 1_700_000_040_000_000_000
_MINUTE = 60_000_000_000
_DAY = 1440 * _MINUTE
_EMPTY = """from app.strategies import Strategy


class Empty(Strategy):
    def on_bar(self, ctx, bar):
        pass

    def on_book(self, ctx, update):
        pass
"""
_HEARD = """from app.strategies import Strategy, ZScore


class Heard(Strategy):
    def __init__(self):
        self.scores = self.each(ZScore, 20)
        self.fills = 0

    def on_bar(self, ctx, bar):
        score = self.scores[bar.instrument].update(bar.close)
        held = ctx.position(bar.instrument)
        if held == 0.0:
            if score < -2.0:
                ctx.target(bar.instrument, ctx.size(bar.instrument))
            elif score > 2.0:
                ctx.target(bar.instrument, -ctx.size(bar.instrument))
        elif abs(score) < 0.5:
            ctx.target(bar.instrument, 0.0)

    def on_fill(self, ctx, fill):
        self.fills += 1
"""
_ORDERS = """from app.strategies import Strategy


class Orders(Strategy):
    def __init__(self):
        self.side = 1.0

    def on_bar(self, ctx, bar):
        ctx.market(bar.instrument, 10.0 * self.side)
        self.side = -self.side
"""


def _write(
    folder: Path,
    closes: np.ndarray,
    *,
    daily: bool = False,
    instrument: Instrument | None = None,
) -> Catalog:
    bars = np.zeros(len(closes), BAR)
    bars["kind"], bars["flags"] = EventKind.BAR, RecordFlag.LAST
    bars["ts_received"] = bars["ts_venue"] = _START + (
        (_DAY if daily else _MINUTE) * np.arange(len(closes))
    )
    opens = np.concatenate([closes[:1], closes[:-1]])
    bars["open"], bars["volume"] = opens, 1_000_000
    bars["close_offset"] = closes - opens
    bars["high_offset"] = np.maximum(bars["close_offset"], 0) + 100
    bars["low_offset"] = np.minimum(bars["close_offset"], 0) - 100
    stream = "bars-1d" if daily else "bars-1m"
    return _import(folder, stream, "bars", [bars.view(MARKET)], instrument)


def _write_portfolio(folder: Path, count: int) -> tuple[Catalog, list[str]]:
    """Write `BARS` bars of so many stocks that close together; with their symbols."""
    folder.mkdir()
    master = InstrumentMaster.beside(folder / "catalog")
    stocks = [replace(master.instrument("RSTK"), name=f"S{i}") for i in range(count)]
    for stock in stocks:
        master.add(stock)
    master.save()
    for seed, stock in enumerate(stocks):
        closes = _walk(BARS // count, 11 + seed)
        _write(folder, closes, instrument=stock)
    return Catalog(folder / "catalog"), [stock.name for stock in stocks]


def _write_levels(folder: Path, count: int) -> Catalog:
    """Write a stream of levels and trades, repeated as often as need be."""
    stream = level_stream(min(count, EVENTS))
    stream["flags"] = RecordFlag.LAST
    priced = stream["price"] != NO_PRICE
    stream["price"][priced] *= _TICK
    stream["ts_received"] += _START
    stream["ts_venue"] = stream["ts_received"]
    lasts = stream["ts_received"][-1] + 200_000 - _START
    parts = []
    for turn in range(-(-count // len(stream))):
        part = stream.copy()
        part["ts_received"] += turn * lasts
        part["ts_venue"] = part["ts_received"]
        parts.append(part)
    return _import(folder, "depth", "depth", parts)


def _import(
    folder: Path,
    stream: str,
    basis: str,
    parts: list[Any],
    instrument: Instrument | None = None,
) -> Catalog:
    catalog = Catalog(folder / "catalog")
    if instrument is None:
        instrument = InstrumentMaster.beside(catalog.root).instrument("RSTK")
    source = folder / f"{instrument.name}-{stream}.csv"
    source.write_text(f"made by a benchmark: {instrument.name}")
    with ImportJob(catalog, "benchmark", [source]) as job:
        for part in parts:
            target = Target(instrument, stream, basis, by_year=basis == "bars")
            job.append(target, part)
        job.commit()
    return catalog


def _walk(count: int, seed: int = 11) -> np.ndarray:
    steps = np.random.default_rng(seed).integers(-30, 31, count)
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


def _ran(catalog: Catalog, name: str, *symbols: str) -> Outcomes:
    request = parse_request(
        {
            "symbols": list(symbols) or ["RSTK"],
            "initial_capital": 1_000_000,
            "strategies": [{"id": "one", "name": name}],
        }
    )
    return Backtest(request, catalog).run()


def run() -> dict[str, Any]:
    """Measure, and return the figures."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        figures = _over_bars(folder)
        figures |= _over_portfolios(folder)
        figures |= _over_levels(folder)
    return figures


def _own(folder: Path, name: str, source: str) -> str:
    path = folder / f"{name}.py"
    path.write_text(source)
    return str(path)


def _over_bars(folder: Path) -> dict[str, Any]:
    """Figures of bars, beside a bare loop of the same arithmetic."""
    closes = _walk(BARS)
    catalog = _write(folder, closes)
    prices = closes / 10_000.0
    reference = _reference(prices)
    names = {
        "empty": _own(folder, "empty", _EMPTY),
        "mean_reversion": "Mean Reversion",
        "orders": _own(folder, "orders", _ORDERS),
        "heard": _own(folder, "heard", _HEARD),
    }
    times: dict[str, list[float]] = {name: [] for name in (*names, "loop")}
    fills = {}
    for _ in range(ROUNDS):
        for name, strategy in names.items():
            outcomes = _ran(catalog, strategy)
            times[name].append(outcomes.seconds)
            fills[name] = len(Result(outcomes).fills)
        begun = time.perf_counter()
        reference(prices, 20, 2.0, 0.5)
        times["loop"].append(time.perf_counter() - begun)
    best = {name: min(each) / BARS * 1e9 for name, each in times.items()}
    return {
        "bars": BARS,
        "fills": fills["mean_reversion"],
        "empty_ns_a_bar": best["empty"],
        "mean_reversion_ns_a_bar": best["mean_reversion"],
        "loop_ns_a_bar": best["loop"],
        "empty_to_loop": best["empty"] / best["loop"],
        "mean_reversion_to_loop": best["mean_reversion"] / best["loop"],
        "order_with_fill_ns": (best["orders"] - best["empty"])
        * (BARS / fills["orders"]),
        "on_fill_ns_a_bar": best["heard"],
        "on_fill_to_mean_reversion": best["heard"] / best["mean_reversion"],
    }


def _over_portfolios(folder: Path) -> dict[str, Any]:
    """Figures of bars of several symbols beside as many of one."""
    cases = {n: _write_portfolio(folder / f"{n}", n) for n in (1, *PORTFOLIOS)}
    names = {
        "empty": _own(folder, "empty", _EMPTY),
        "mean_reversion": "Mean Reversion",
        "orders": _own(folder, "orders", _ORDERS),
    }
    times: dict[tuple[str, int], list[float]] = {}
    for _ in range(ROUNDS):
        for count, (catalog, symbols) in cases.items():
            for name, strategy in names.items():
                outcomes = _ran(catalog, strategy, *symbols)
                took = outcomes.seconds / outcomes.events * 1e9
                times.setdefault((name, count), []).append(took)
    best = {case: min(each) for case, each in times.items()}
    found = {}
    for name in names:
        for count in PORTFOLIOS:
            found[f"{name}_{count}_symbols_ns_a_bar"] = best[name, count]
            found[f"{name}_{count}_symbols_to_one"] = best[name, count] / best[name, 1]
    return found


def _over_levels(folder: Path) -> dict[str, Any]:
    """Figures of level updates and trades."""
    catalog = _write_levels(folder, EVENTS)
    names = {
        "empty": _own(folder, "empty", _EMPTY),
        "market_maker": "Avellaneda-Stoikov Market Maker",
    }
    times: dict[str, list[float]] = {name: [] for name in names}
    fills = 0
    for _ in range(ROUNDS):
        for name, strategy in names.items():
            outcomes = _ran(catalog, strategy, "RSTK@depth")
            times[name].append(outcomes.seconds)
            fills = len(Result(outcomes).fills)
    best = {name: min(each) / EVENTS * 1e9 for name, each in times.items()}
    return {
        "level_events": EVENTS,
        "empty_ns_a_level_event": best["empty"],
        "market_maker_ns_a_level_event": best["market_maker"],
        "market_maker_fills": fills,
    }


def memory() -> dict[str, Any]:
    """Memory that a run over many level events takes beyond the process idle.

    Anonymous memory, sampled each 20 ms; what is mapped of the data is the system's to
    take back. Run it in a process of its own.
    """
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        catalog = _write_levels(folder, MEMORY_EVENTS)
        own = _own(folder, "empty", _EMPTY)
        _ran(catalog, own, "RSTK@depth")
        before = peak = _anonymous()
        done = threading.Event()

        def watch() -> None:
            nonlocal peak
            while not done.wait(0.02):
                peak = max(peak, _anonymous())

        watcher = threading.Thread(target=watch)
        watcher.start()
        outcomes = _ran(catalog, "Avellaneda-Stoikov Market Maker", "RSTK@depth")
        done.set()
        watcher.join()
    return {
        "memory_events": outcomes.events,
        "memory_reports": len(outcomes.reports),
        "memory_mb_beyond_idle": (peak - before) / 1e6,
    }


def _anonymous() -> int:
    """Anonymous memory of this process that is resident, bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return 1024 * int(line.split()[1])
    return 0


if __name__ == "__main__":
    chosen = memory if "memory" in sys.argv[1:] else run
    for name, figure in chosen().items():
        print(f"  {name:32} {figure}")
