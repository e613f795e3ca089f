"""Walk-forward: the best cell of a stretch of time, tried on the stretch behind it.

Pardo (2008), "The Evaluation and Optimization of Trading Strategies", chapter 11. Each
window has an in-sample part, over which all cells run and the best is chosen, and an
out-of-sample part behind it, over which that one runs. The parts out of sample lie end
to end; their daily returns, compounded, are what choosing in this way would have made.

Parts begin and end at midnight UTC. A run out of sample begins with the initial capital
and with strategies that have seen nothing: their indicators warm up inside the part.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.analytics.performance import (
    NAN,
    TRADING_DAYS,
    Performance,
    performance,
)
from app.data.catalog import Catalog
from app.data.local_time import DAY_NS
from app.data.spans import day_of
from app.sessions.backtest.composing import open_data
from app.sessions.backtest.request import parse_request
from app.sweeps.axes import normal_table
from app.sweeps.pool import Task
from app.sweeps.stage import Cell
from app.sweeps.sweep import Executor, SweepTerms, best_of
from app.sweeps.windows import Window


def span_of(terms: SweepTerms, catalog: Catalog) -> tuple[date, date]:
    """First and last day of the data of a request (app/data/spans.py)."""
    data = open_data(parse_request(terms.table), catalog)
    days = [
        day_of(each, int(each.column("ts_received", row, row + 1)[0]))
        for each, rows in zip(data.recordings, data.rows, strict=True)
        for row in (rows.start, rows.stop - 1)
    ]
    return min(days), max(days)


@dataclass(frozen=True)
class Step:
    """What came of one window.

    Attributes
    ----------
    window : Window
    best : Cell or None
        The best in sample; None if none has a figure.
    outside : Cell or None
        The same out of sample; with `error` if it could not run.
    failed, refused : int
        Cells in sample that have no figures; that were not run, since their
        parameters break a rule.
    """

    window: Window
    best: Cell | None
    outside: Cell | None
    failed: int
    refused: int = 0


@dataclass(frozen=True)
class WalkForward:
    """What came of a walk forward.

    Attributes
    ----------
    steps : tuple of Step
    days : (n,) int64
        Trade dates out of sample, days since 1970.
    returns : (n,) float64
    equity : (n,) float64
        The returns compounded, from the initial capital.
    performance : Performance
        Of that curve.
    efficiency : float
        Mean daily return out of sample ÷ that of the chosen in sample; NaN where that
        is not positive.
    is_whole : bool
    """

    steps: tuple[Step, ...]
    days: NDArray[np.int64]
    returns: NDArray[np.float64]
    equity: NDArray[np.float64]
    performance: Performance
    efficiency: float
    is_whole: bool

    def figures(self) -> dict[str, Any]:
        """The curve's statistics, by name."""
        return {**asdict(self.performance), "efficiency": self.efficiency}


def walk_forward(
    terms: SweepTerms,
    windows: Sequence[Window],
    executor: Executor,
    told: Callable[[Cell, int, int], None] | None = None,
) -> WalkForward:
    """Walk forward through windows.

    Parameters
    ----------
    told : callable, optional
        Told each cell as it ends, how many are done and how many there are.
    """
    size = len(terms.points)
    total = size * len(windows) + len(windows)
    tasks = [
        task
        for place, each in enumerate(windows)
        for task in _between(terms, each.start, each.split).tasks(first=place * size)
    ]
    cells: dict[int, Cell] = {}
    for cell in executor.cells(tasks):
        cells[cell.number] = cell
        if told is not None:
            told(cell, len(cells), total)
    groups = [
        [cells[i] for i in range(place * size, (place + 1) * size) if i in cells]
        for place in range(len(windows))
    ]
    chosen = [best_of(each, terms.objective) for each in groups]
    outside: dict[int, Cell] = {}
    if len(cells) == len(tasks):
        for cell in executor.cells(_outside(terms, windows, chosen)):
            outside[cell.number] = cell
            if told is not None:
                told(cell, len(cells) + len(outside), total)
    steps = tuple(
        Step(
            window,
            best,
            outside.get(place),
            failed=sum(bool(c.error) and not c.is_refused for c in group),
            refused=sum(c.is_refused for c in group),
        )
        for place, (window, best, group) in enumerate(
            zip(windows, chosen, groups, strict=True)
        )
    )
    wanted = sum(each is not None for each in chosen)
    is_whole = len(cells) == len(tasks) and len(outside) == wanted
    return _stitched(terms, steps, is_whole=is_whole)


def _between(terms: SweepTerms, start: date, end: date) -> SweepTerms:
    table = {
        **normal_table(terms.table),
        "start_date": start.isoformat(),
        "end_date": (end - timedelta(days=1)).isoformat(),
    }
    return SweepTerms(table, terms.axes, terms.points, terms.objective)


def _outside(
    terms: SweepTerms, windows: Sequence[Window], chosen: Sequence[Cell | None]
) -> list[Task]:
    """The chosen of each window, out of sample; numbered by window."""
    size = len(terms.points)
    return [
        task
        for place, (window, best) in enumerate(zip(windows, chosen, strict=True))
        if best is not None
        for task in _between(terms, window.split, window.end).tasks(
            [best.number % size], first=place
        )
    ]


def _stitched(
    terms: SweepTerms, steps: tuple[Step, ...], *, is_whole: bool
) -> WalkForward:
    run = [each.outside for each in steps if each.outside and not each.outside.error]
    days = np.concatenate([np.empty(0, np.int64), *(each.days for each in run)])
    returns = np.concatenate([np.empty(0), *(each.returns for each in run)])
    start = float(parse_request(terms.table).initial_capital)
    equity = (start * np.cumprod(1.0 + returns)).astype(np.float64)
    inside = [
        each.best.returns
        for each in steps
        if each.best and each.outside and not each.outside.error
    ]
    before = float(np.mean(np.concatenate(inside))) if inside else NAN
    after = float(np.mean(returns)) if len(returns) else NAN
    per_year = run[0].days_per_year if run else TRADING_DAYS
    return WalkForward(
        steps,
        days,
        returns,
        equity,
        performance(days * DAY_NS, equity, days, start, per_year),
        after / before if before > 0 else NAN,
        is_whole,
    )
