"""Folding a market's history: a regression here makes the charts lag behind the market.

The streams of `book`, folded into tape, flow, profile, samples and a book of the view
thread's own; then footprints and bars over a long tape. Readers are timed on a history
that stands still.
"""

import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any, Final

import numpy as np

from app.engine.history.history import History
from app.engine.history.records import BarKind
from app.engine.records import MARKET, EventKind
from app.instrument import Instrument, InstrumentKind
from app.sessions.history import BarSpec
from benchmarks.book import level_stream, order_stream

_ROUNDS: Final = 5
_TRADES: Final = 1_000_000
_RUNS: Final = 2_000
_CALLS: Final = 2_000


def run(settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """Measure the fold by record, and bars and footprints by trade."""
    figures: dict[str, Any] = {"rounds": _ROUNDS, "trades": _TRADES, "runs": _RUNS}
    for name, records in (("level", level_stream()), ("order", order_stream())):
        rounds = [_folded(records) for _ in range(_ROUNDS)]
        figures[f"{name}_ns_per_record"] = min(rounds)
        figures[f"{name}_median_ns_per_record"] = float(np.median(rounds))
    history = _long_tape()
    edges = np.linspace(0, _TRADES, _RUNS + 1).astype(np.int64)
    rounds = [_timed(lambda: history.footprint(0, edges)) for _ in range(_ROUNDS)]
    figures["footprint_ns_per_trade"] = min(rounds) / _TRADES
    for kind, size in ((BarKind.TIME, 10**9), (BarKind.TICKS, 100), (BarKind.RANGE, 8)):
        spec = BarSpec(kind, size)
        rounds = [_timed(partial(_bars, history, spec)) for _ in range(_ROUNDS)]
        figures[f"{kind.name.lower()}_bars_ns_per_trade"] = min(rounds) / _TRADES
    return figures | _readers(history)


_FUTURE: Final = Instrument(
    name="RSX",
    kind=InstrumentKind.FUTURE,
    venue="SIM",
    currency="USD",
    price_unit=Decimal("0.25"),
)


def _folded(records: Any) -> float:
    history = History((_FUTURE,))
    history.fold(records[:1000])
    return _timed(lambda: history.fold(records[1000:])) / (len(records) - 1000)


def _long_tape() -> History:
    """A million trades of a random walk, 2 ms apart."""
    random = np.random.default_rng(7)
    records = np.zeros(_TRADES, MARKET)
    records["kind"] = EventKind.TRADE
    records["ts_venue"] = records["ts_received"] = np.arange(_TRADES) * 2_000_000
    steps = random.choice((-1, 0, 1), _TRADES, p=(0.1, 0.8, 0.1))
    records["price"] = 100_000 + np.cumsum(steps)
    records["size"] = random.integers(1, 50, _TRADES)
    records["aggressor"] = random.choice((-1, 1), _TRADES)
    history = History((_FUTURE,))
    history.fold(records)
    return history


def _bars(history: History, spec: BarSpec) -> None:
    """Follow bars until the whole tape is in them."""
    bars = history.bars(0, spec)
    while not bars.is_complete:
        history.fold(np.empty(0, MARKET))
    bars.release()


def _timed(work: Callable[[], Any]) -> int:
    start = time.perf_counter_ns()
    work()
    return time.perf_counter_ns() - start


def _readers(history: History) -> dict[str, Any]:
    calls: dict[str, Callable[[], Any]] = {
        "stats": lambda: history.stats(0),
        "trades_100": lambda: history.trades(0, _TRADES - 100, _TRADES),
        "flow_100": lambda: history.flow(0, 100_000, 100_100),
        "depth": lambda: history.depth(0, 100_000, 100_100),
    }
    return {
        f"{name}_us": float(np.median([_timed(call) for _ in range(_CALLS)])) / 1000
        for name, call in calls.items()
    }
