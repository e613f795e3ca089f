"""A sweep of a thousand cells over two thousand bars: one thread, two, and the fold.

The strategy is the crossing averages that ship, over a seeded walk of bars that are a
day apart. What a cell costs above its fold is what `Template` and `Stage` are for: a
`Backtest` of its own costs some hundred milliseconds before its first bar. Threads are
compared in turns, since the machine's other work would favour one of them. Cells run at
the lowest priority, so on a busy machine the wall clock says little of scaling: beside
it stand the load and the processor time of one thread over that of two, which is 1
where threads neither wait nor work for each other.
"""

import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from app.data.catalog import Catalog
from app.sessions.backtest.run import Backtest
from app.sweeps.axes import grid, parse_axis
from app.sweeps.pool import Runner, Templates
from app.sweeps.sweep import Sweep, SweepResult, SweepTerms, pool_over
from benchmarks.backtest import _walk, _write

BARS = 2000
AXES = ("fast=2:41:1", "slow=42:91:2")
ROUNDS = 3
PROBES = 100


def _terms() -> SweepTerms:
    axes = [parse_axis(each) for each in AXES]
    table = {
        "symbols": ["RSTK"],
        "initial_capital": 1_000_000,
        "strategies": [{"id": "one", "name": "SMA Cross"}],
    }
    return SweepTerms(table, axes, grid(axes))


def _timed(
    terms: SweepTerms, catalog: Catalog, threads: int
) -> tuple[float, float, SweepResult]:
    """Time by the clock and of the processor, s, and what came of it."""
    begun, used = time.perf_counter(), time.process_time()
    result = Sweep(terms, pool_over(catalog, threads=threads)).run()
    return time.perf_counter() - begun, time.process_time() - used, result


def _probed(terms: SweepTerms, catalog: Catalog) -> tuple[float, float]:
    """Median time of a cell on the calling thread, and of its fold alone, s."""
    runner = Runner(Templates(catalog, interpreted=False))
    cells = [runner.run(task) for task in terms.tasks()[:PROBES]]
    return (
        statistics.median(each.seconds for each in cells),
        statistics.median(each.fold_seconds for each in cells),
    )


def run() -> dict[str, Any]:
    """Measure, and return the figures."""
    terms = _terms()
    with tempfile.TemporaryDirectory() as made:
        catalog = _write(Path(made), _walk(BARS), daily=True)
        before = psutil.Process().memory_info().rss
        times: dict[int, list[float]] = {1: [], 2: []}
        processors: dict[int, list[float]] = {1: [], 2: []}
        results: dict[int, SweepResult] = {}
        for _ in range(ROUNDS):
            for threads, each in times.items():
                took, spent, results[threads] = _timed(terms, catalog, threads)
                each.append(took)
                processors[threads].append(spent)
        after = psutil.Process().memory_info().rss
        cell, fold = _probed(terms, catalog)
        begun = time.perf_counter()
        assert results[2].overfitting.combinations
        overfitting = time.perf_counter() - begun
        begun = time.thread_time()
        Backtest(results[1].request_of(results[1].cells[0]), catalog)
        alone = time.thread_time() - begun
    best = {threads: min(each) for threads, each in times.items()}
    used = {threads: min(each) for threads, each in processors.items()}
    cells = len(terms.points)
    return {
        "cells": cells,
        "bars": BARS,
        "ms_a_cell_1_thread": best[1] / cells * 1e3,
        "ms_a_cell_2_threads": best[2] / cells * 1e3,
        "scaling_2_threads": best[1] / best[2] / 2,
        "processor_ms_a_cell_1_thread": used[1] / cells * 1e3,
        "processor_ms_a_cell_2_threads": used[2] / cells * 1e3,
        "processor_1_to_2_threads": used[1] / used[2],
        "load_average": round(os.getloadavg()[0], 2),
        "median_ms_a_cell": cell * 1e3,
        "median_ms_a_fold": fold * 1e3,
        "ms_above_the_fold": (cell - fold) * 1e3,
        "cpu_ms_of_a_set_up_alone": alone * 1e3,
        "overfitting_s": overfitting,
        "memory_mb": (after - before) / 1e6,
    }


if __name__ == "__main__":
    for name, figure in run().items():
        print(f"  {name:26} {figure}")
