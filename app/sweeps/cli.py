"""The command `ringside sweep`."""

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from app.data.catalog import Catalog
from app.errors import RequestError, RunError
from app.sessions.backtest.progress import (
    compile_teller,
    interruptible,
    tell_build,
)
from app.sessions.backtest.request import load_request
from app.strategies.compiling import watched
from app.sweeps.axes import grid, parse_axis, sample
from app.sweeps.windows import parse_scheme, windows_of
from app.whole_files import attempting

if TYPE_CHECKING:
    from app.sweeps.stage import Cell
    from app.sweeps.sweep import Executor, SweepResult, SweepTerms
    from app.sweeps.walk_forward import WalkForward

    # argparse gives the type of its sub-commands no public name.
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001

_SECOND: float = 1.0


def add_sweep_parser(subparsers: "Subparsers") -> None:
    """Declare ``ringside sweep``."""
    parser = subparsers.add_parser(
        "sweep",
        help="run a request over many parameters",
        description="Run a request (see docs/sweeps.md) over a grid of parameters.",
    )
    parser.add_argument("request", type=Path, metavar="REQUEST")
    parser.add_argument(
        "--grid",
        action="append",
        default=[],
        metavar="NAME=VALUES",
        help="what varies: NAME=1,2,5 or NAME=FIRST:LAST:STEP; ID.NAME for one of "
        "several strategies; allocation, interval, models.KEY, fees.KEY",
    )
    parser.add_argument(
        "--random", type=int, metavar="N", help="so many of the cells, drawn at random"
    )
    parser.add_argument("--seed", type=int, default=1, help="of --random (1)")
    parser.add_argument(
        "--walk-forward",
        metavar="IN:OUT[:anchored]",
        help="choose in sample, run out of sample: 2y:6m, 90d:30d, 1y:1w:anchored",
    )
    parser.add_argument(
        "--objective", default="sharpe", help="what is best, by the name of a statistic"
    )
    parser.add_argument("--threads", type=int, metavar="N", help="all cores by default")
    parser.add_argument(
        "--scheduler", metavar="tcp://HOST:PORT", help="run on a Dask cluster"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the cells")
    parser.add_argument("--catalog", type=Path, metavar="FOLDER", help="other data")
    parser.add_argument(
        "--interpreted", action="store_true", help="run strategies as Python"
    )
    parser.add_argument(
        "--no-store", action="store_true", help="do not keep the sweep (paths.sweeps)"
    )
    parser.set_defaults(func=run_sweep_command)


def run_sweep_command(parsed: argparse.Namespace) -> int:
    """Run a sweep and tell what came of it; 1 if no cell has a figure."""
    terms = _terms(parsed)
    catalog = Catalog(parsed.catalog or parsed.settings.paths.data)
    # The engine's units are loaded with these: not before a request that stands.
    from app.engine.build import build
    from app.sweeps import report
    from app.sweeps.stage import UNITS
    from app.sweeps.sweep import Sweep
    from app.sweeps.walk_forward import span_of, walk_forward

    terms.check([parsed.settings.paths.strategies])
    windows = None
    if parsed.walk_forward is not None:
        scheme = parse_scheme(parsed.walk_forward)
        windows = windows_of(scheme, *span_of(terms, catalog))
    print(report.summary_of(terms), flush=True)
    if parsed.scheduler is None:
        build(tell_build, UNITS)
    begun, walk = time.perf_counter(), None
    with watched(compile_teller()):
        sweep = Sweep(terms, _executor(parsed, catalog))
        with interruptible(sweep.cancel) as asked:
            result = sweep.run(_Progress())
        took = time.perf_counter() - begun
        if windows is not None and not asked.is_set():
            executor = _executor(parsed, catalog)
            with interruptible(executor.cancel) as asked:
                walk = walk_forward(terms, windows, executor, _Progress())
    if not result.cells:
        raise KeyboardInterrupt
    for line in [
        *report.best_lines(result),
        *report.failure_lines(result),
        *report.overfitting_lines(result),
        f"{len(result.cells):,} cells in {took:.2f} s"
        + ("" if result.is_whole else f", of {len(terms.points):,}: interrupted"),
    ]:
        print(line)
    if walk is not None:
        print("\n".join(report.walk_lines(walk, terms.axes, terms.objective)))
    _keep(parsed, result, walk)
    if asked.is_set():
        raise KeyboardInterrupt
    return 0 if result.best is not None else 1


def _keep(
    parsed: argparse.Namespace, result: "SweepResult", walk: "WalkForward | None"
) -> None:
    """Store a sweep and write its files: each of them, though another cannot be.

    Raises
    ------
    RunError
        If some could not be, with the reasons.
    """
    from app.sweeps import report
    from app.sweeps.store import save_sweep

    faults: list[str] = []
    if not parsed.no_store:
        with attempting(faults):
            kept = save_sweep(parsed.settings.paths.sweeps, result, walk)
            print(f"kept in {kept}")
    if parsed.json is not None:
        with attempting(faults):
            report.write_json(report.sweep_table(result, walk), parsed.json)
    if parsed.csv is not None:
        with attempting(faults):
            report.write_csv(result, parsed.csv)
    if faults:
        raise RunError("; ".join(faults))


def _terms(parsed: argparse.Namespace) -> "SweepTerms":
    """Read what is to be run.

    Raises
    ------
    RequestError
        If something breaks a rule; it is named.
    """
    if not parsed.grid:
        raise RequestError("a sweep varies something: --grid NAME=VALUES")
    if parsed.threads is not None and parsed.threads < 1:
        raise RequestError(f"--threads must be 1 or more, was {parsed.threads}")
    request = load_request(parsed.request)
    axes = [parse_axis(each) for each in parsed.grid]
    from app.sweeps.axes import normal_table
    from app.sweeps.sweep import SweepTerms

    if parsed.random is None:
        points, seed = grid(axes), None
    else:
        points, seed = sample(axes, parsed.random, parsed.seed), parsed.seed
    table = normal_table(request.table)
    return SweepTerms(table, axes, points, parsed.objective, seed)


def _executor(parsed: argparse.Namespace, catalog: Catalog) -> "Executor":
    folders, interpreted = [parsed.settings.paths.strategies], parsed.interpreted
    if parsed.scheduler is not None:
        from app.sweeps.cluster import Cluster

        root = catalog.root
        return Cluster(parsed.scheduler, root, folders, interpreted=interpreted)
    from app.sweeps.sweep import pool_over

    return pool_over(catalog, folders, threads=parsed.threads, interpreted=interpreted)


class _Progress:
    """Tells on a terminal how far a sweep is, once a second."""

    def __init__(self) -> None:
        self._begun = self._told = time.perf_counter()

    def __call__(self, _: "Cell", done: int, total: int) -> None:
        now = time.perf_counter()
        if not sys.stderr.isatty() or (now - self._told < _SECOND and done < total):
            return
        self._told = now
        left = (now - self._begun) / done * (total - done)
        text = f"{done:,} of {total:,} cells, about {left:.0f} s left"
        if done == total:
            text = " " * len(text)
        print(f"\r{text:60}", end="\r", file=sys.stderr, flush=True)
