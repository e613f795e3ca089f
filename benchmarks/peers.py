"""Our backtests beside the peers', on the peers' own workloads, in one run.

The workloads are those of `../shared/peers` (see `shared_peers`): a mean reversion over
seeded one-minute bars, and a market maker over seeded level updates and trades. Ours
run as a user's do: written into a catalog, a request, a `Backtest`; strategies are
compiled. Peers run in turn with them, each in a process of its own, where PEERS_HOME
has their environments; what is not there is listed under `absent`. Of each the best
round counts. *Engine* is the time in the engine; *whole* has composing, reading the
catalog and the equity with it. Trades and P&L must be the reference's.

`python -m benchmarks.peers ticks` runs one workload alone.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from app.data.catalog import Catalog
from app.engine.records import MONEY_SCALE
from app.errors import RingsideError
from app.sessions.backtest.request import BacktestRequest, parse_request
from app.sessions.backtest.result import Result
from app.sessions.backtest.run import Backtest
from benchmarks import peer_data
from benchmarks.shared_peers import interpreter, peers_folder, ran, workload

BARS: Final = 1_000_000
SLOW_BARS: Final = 100_000
"""For peers that take a second for a hundred thousand."""
EVENTS: Final = 2_000_000
ROUNDS: Final = 3
_BAR_PEERS: Final = {
    "vectorbt_rust": ("vbt", "bars_vectorbt.py", "signals_rust", BARS),
    "vectorbt_numba": ("vbt", "bars_vectorbt.py", "signals", BARS),
    "vectorbt_by_event": ("vbt", "bars_vectorbt.py", "orderfunc", BARS),
    "backtesting_py": ("bars", "bars_backtesting.py", "", SLOW_BARS),
    "backtrader": ("bars", "bars_backtrader.py", "", SLOW_BARS),
}
_TICK_PEERS: Final = {
    "hftbacktest": ("hft", "ticks_hftbacktest.py", "mm", "roivec"),
    "hftbacktest_unlimited": ("hft", "ticks_hftbacktest.py", "mm", "hashmap"),
}

Figures = dict[str, Any]


def bars_request(
    names: list[str], capital: float, fee: float, strategy: Path
) -> BacktestRequest:
    """The bars workload as a request: filled whole at the next open, fee by value."""
    return parse_request(
        {
            "symbols": names,
            "initial_capital": capital,
            "strategies": [{"id": "one", "name": str(strategy)}],
            "fees": {"maker": str(fee), "taker": str(fee)},
            "models": {
                "order_latency_us": 0,
                "report_latency_us": 0,
                "participation": None,
            },
        }
    )


def ticks_request(name: str, latency_ns: int, strategy: Path) -> BacktestRequest:
    """The ticks workload as a request: latencies both ways, a place in the queue."""
    return parse_request(
        {
            "symbols": [f"{name}@depth"],
            "initial_capital": 10_000_000,
            "strategies": [{"id": "one", "name": str(strategy)}],
            "fees": {"maker": "0", "taker": "0.0005"},
            "models": {
                "order_latency_us": latency_ns / 1000,
                "report_latency_us": latency_ns / 1000,
                "queue": "probabilistic",
            },
        }
    )


def timed(request: BacktestRequest, catalog: Catalog) -> Figures:
    """Run, and time the engine and the whole."""
    begun = time.perf_counter()
    outcomes = Backtest(request, catalog).run()
    equity = outcomes.worths["equity"][-1] / MONEY_SCALE
    whole = time.perf_counter() - begun
    result = Result(outcomes)
    for each in outcomes.strategies.values():
        if each.failure or not each.is_compiled:
            raise RingsideError(each.failure or each.reason)
    return {
        "engine_s": outcomes.seconds,
        "whole_s": whole,
        "pnl": float(equity) - float(request.initial_capital),
        "fills": len(result.fills),
        "orders": len(result.data.orders),
    }


def _best(rounds: list[Figures], name: str) -> float:
    return min(float(each[name]) for each in rounds)


def _peer(python: Path, script: str, count: int, *arguments: str) -> Figures:
    return ran(python, script, "--n", str(count), "--reps", "3", *arguments)


def _bar_contenders(absent: list[str]) -> dict[str, Callable[[], Figures]]:
    found: dict[str, Callable[[], Figures]] = {
        "loop": lambda: _peer(Path(sys.executable), "bars_numba_ref.py", BARS)
    }
    for name, (place, script, variant, count) in _BAR_PEERS.items():
        python = interpreter(place)
        if python is None:
            absent.append(name)
            continue
        more = ["--variant", variant] if variant else []
        found[name] = lambda python=python, script=script, count=count, more=more: (  # type: ignore[misc]
            _peer(python, script, count, *more)
        )
    return found


def over_bars(folder: Path) -> Figures:
    """Compare over bars."""
    defined = workload("bars_data")
    catalog, names = peer_data.write_bars(folder, defined.make(BARS, 1))
    ours = {}
    for name, source in (
        ("ours", peer_data.SUMS),
        ("ours_zscore", peer_data.REVERSION),
    ):
        path = folder / f"{name}.py"
        path.write_text(source)
        ours[name] = bars_request(names, defined.CASH, defined.FEE, path)
        timed(ours[name], catalog)
    absent: list[str] = []
    contenders = _bar_contenders(absent)
    rounds: dict[str, list[Figures]] = {name: [] for name in (*ours, *contenders)}
    for _ in range(ROUNDS):
        for name, request in ours.items():
            rounds[name].append(timed(request, catalog))
        for name, run_it in contenders.items():
            rounds[name].append(run_it())
    figures: Figures = {"bars": BARS, "bars_absent": absent}
    for name in ours:
        figures[f"{name}_engine_ns_a_bar"] = (
            _best(rounds[name], "engine_s") / BARS * 1e9
        )
        figures[f"{name}_whole_ns_a_bar"] = _best(rounds[name], "whole_s") / BARS * 1e9
    for name in contenders:
        figures[f"{name}_ns_a_bar"] = 1e9 / max(
            float(each["bars_per_s"]) for each in rounds[name]
        )
        for kind in ("engine", "whole"):
            figures[f"ours_{kind}_to_{name}"] = (
                figures[f"ours_{kind}_ns_a_bar"] / figures[f"{name}_ns_a_bar"]
            )
    for name, each in rounds.items():
        if name in ours or _BAR_PEERS.get(name, ("", "", "", BARS))[3] == BARS:
            figures[f"{name}_fills"] = each[0].get("fills")
            figures[f"{name}_pnl"] = round(each[0]["pnl"], 2)
    return figures


def over_ticks(folder: Path) -> Figures:
    """Compare over level updates and trades, with the market maker."""
    defined = workload("ticks_data")
    catalog, name = peer_data.write_ticks(folder, defined.make(EVENTS))
    path = folder / "maker.py"
    path.write_text(peer_data.MAKER)
    request = ticks_request(name, defined.LAT_NS, path)
    timed(request, catalog)
    absent = [each for each, row in _TICK_PEERS.items() if not interpreter(row[0])]
    rounds: dict[str, list[Figures]] = {}
    for _ in range(ROUNDS):
        rounds.setdefault("ours", []).append(timed(request, catalog))
        for each, (place, script, variant, depth) in _TICK_PEERS.items():
            python = interpreter(place)
            if python is not None:
                more = ["--variant", variant, "--depth", depth]
                told = _peer(python, script, EVENTS, *more)
                rounds.setdefault(each, []).append(told)
    figures: Figures = {"events": EVENTS, "ticks_absent": absent}
    figures["ours_engine_ns_an_event"] = (
        _best(rounds["ours"], "engine_s") / EVENTS * 1e9
    )
    figures["ours_whole_ns_an_event"] = _best(rounds["ours"], "whole_s") / EVENTS * 1e9
    figures["ours_maker_fills"] = rounds["ours"][0]["fills"]
    figures["ours_maker_orders"] = rounds["ours"][0]["orders"]
    for each in rounds.keys() - {"ours"}:
        best = _best(rounds[each], "ns_per_event")
        figures[f"{each}_ns_an_event"] = best
        figures[f"ours_engine_to_{each}"] = figures["ours_engine_ns_an_event"] / best
        figures[f"{each}_fills"] = rounds[each][0]["fills"]
        figures[f"{each}_orders"] = rounds[each][0]["orders"]
    return figures


def run() -> Figures:
    """Measure, and return the figures."""
    if not peers_folder().exists():
        return {"absent": f"{peers_folder()}: the peers' workloads are not at hand"}
    with tempfile.TemporaryDirectory() as made:
        figures = over_bars(Path(made) / "bars")
    with tempfile.TemporaryDirectory() as made:
        figures |= over_ticks(Path(made) / "ticks")
    return figures


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        chosen = over_ticks if "ticks" in sys.argv[1:] else over_bars
        for title, figure in chosen(Path(scratch)).items():
            print(f"  {title:36} {figure}")
