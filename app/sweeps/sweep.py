"""A sweep: a request, axes, and the cells that came of them."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from app.analytics.overfitting import (
    Deflated,
    Overfitting,
    backtest_overfitting,
    deflated_sharpe,
    independent_trials,
)
from app.analytics.performance import sharpe_ratio
from app.data.catalog import Catalog
from app.errors import RequestError
from app.sessions.backtest.request import BacktestRequest, parse_request
from app.sessions.hanging import strategy_named
from app.strategies.strategy import parameters_of
from app.sweeps.axes import Axis, Point, check_names, normal_table, with_point
from app.sweeps.objectives import OBJECTIVES
from app.sweeps.pool import Pool, Task, Templates
from app.sweeps.stage import Cell


class Executor(Protocol):
    """What runs tasks."""

    def cells(self, tasks: Sequence[Task]) -> Iterator[Cell]:
        """Run tasks, and yield each as it ends."""
        ...

    def cancel(self) -> None:
        """Run no further cell; from any thread."""
        ...


@dataclass(frozen=True)
class SweepTerms:
    """What is to be run.

    Attributes
    ----------
    table : mapping
        The request's.
    axes : sequence of Axis
    points : sequence of tuple
        A value of each axis for each cell.
    objective : str
        What the best cell is chosen by.
    seed : int or None
        Of the sample; None: the whole grid.
    """

    table: Mapping[str, Any]
    axes: Sequence[Axis]
    points: Sequence[Point]
    objective: str = "sharpe"
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.objective not in OBJECTIVES:
            raise RequestError(
                f"the objective must be one of {', '.join(OBJECTIVES)}, "
                f"was {self.objective!r}"
            )
        if not self.points:
            raise RequestError("a sweep has one cell at least")

    def check(self, folders: Sequence[Path] = ()) -> None:
        """Check the request, and that each axis names something in it.

        Raises
        ------
        RingsideError
            If it cannot be run whatever the cell.
        """
        request = parse_request(self.table)
        known = {
            each.id: [*parameters_of(strategy_named(each.name, folders))]
            for each in request.strategies
            if each.enabled
        }
        check_names(self.axes, known)
        for each in known:
            # An axis without an owner goes to the strategies that know it.
            if "." in each:
                raise RequestError(f"a strategy's id may have no dot here, was {each}")

    def table_of(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The request's table with the values of a cell."""
        point = tuple(values[each.name] for each in self.axes)
        return with_point(self.table, self.axes, point)

    def tasks(self, numbers: Sequence[int] | None = None, first: int = 0) -> list[Task]:
        """Make the tasks of these points, all by default, numbered on from `first`.

        Those that can share a template stand together.
        """
        base = normal_table(self.table)
        varied = [i for i, each in enumerate(self.axes) if not each.is_parameter]
        # A copy of the whole request for each cell took longer than telling them apart.
        rows = [
            (
                row,
                [
                    (i, axis.key)
                    for i, axis in enumerate(self.axes)
                    if _is_of(axis, row)
                ],
            )
            for row in base["strategies"]
        ]
        names = [each.name for each in self.axes]
        tables: dict[Point, dict[str, Any]] = {}
        found: list[Task] = []
        for place in range(len(self.points)) if numbers is None else numbers:
            point = self.points[place]
            kept = tuple(point[i] for i in varied)
            if kept not in tables:
                tables[kept] = with_point(base, [self.axes[i] for i in varied], kept)
            given = {
                row["id"]: {**row["parameters"], **{key: point[i] for i, key in own}}
                for row, own in rows
            }
            values = dict(zip(names, point, strict=True))
            found.append(Task(first + len(found), tables[kept], values, given))
        order = {id(each): place for place, each in enumerate(tables.values())}
        return sorted(found, key=lambda task: order[id(task.table)])


def _is_of(axis: Axis, row: Mapping[str, Any]) -> bool:
    """Whether an axis varies a parameter of a strategy."""
    return axis.is_parameter and axis.owner in ("", row["id"])


def best_of(cells: Sequence[Cell], objective: str) -> Cell | None:
    """The best cell; of equal ones the first. None if none has a figure."""
    sign = OBJECTIVES[objective]
    best, most = None, -math.inf
    for each in sorted(cells, key=lambda cell: cell.number):
        value = each.stats.get(objective)
        if value is not None and sign * value > most:
            best, most = each, sign * value
    return best


@dataclass(frozen=True)
class SweepResult:
    """What came of a sweep.

    Attributes
    ----------
    terms : SweepTerms
    cells : tuple of Cell
        By number.
    is_whole : bool
        False if it was cancelled.
    """

    terms: SweepTerms
    cells: tuple[Cell, ...]
    is_whole: bool = True
    seconds: float = field(default=0.0, compare=False)

    @cached_property
    def known(self) -> tuple[Cell, ...]:
        """Cells that have figures."""
        return tuple(each for each in self.cells if not each.error)

    @property
    def refused(self) -> int:
        """Cells that were not run, since their parameters break a rule."""
        return sum(each.is_refused for each in self.cells)

    @property
    def failed(self) -> int:
        """Cells that have no figures otherwise."""
        return len(self.cells) - len(self.known) - self.refused

    @cached_property
    def best(self) -> Cell | None:
        """The best cell by the objective."""
        return best_of(self.cells, self.terms.objective)

    @cached_property
    def returns(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Trade dates, and daily returns of the cells that have figures.

        Returns
        -------
        (t,) int64, (t, n) float64
            0 where a cell's data have no such day.
        """
        if not self.known:
            return np.empty(0, np.int64), np.empty((0, 0))
        days = self.known[0].days
        if not all(np.array_equal(days, each.days) for each in self.known):
            days = np.unique(np.concatenate([each.days for each in self.known]))
        found = np.zeros((len(days), len(self.known)))
        for column, each in enumerate(self.known):
            found[np.searchsorted(days, each.days), column] = each.returns
        return days, found

    @cached_property
    def overfitting(self) -> Overfitting:
        """How often the best in sample disappoints out of sample."""
        return backtest_overfitting(self.returns[1])

    @cached_property
    def deflated(self) -> Deflated:
        """What is left of the best cell's Sharpe ratio after so many trials."""
        return self._deflated(None)

    @cached_property
    def deflated_independent(self) -> Deflated:
        """The same, correlated trials counted as fewer."""
        return self._deflated(independent_trials(self.returns[1]))

    def judge(self) -> tuple[Overfitting, Deflated, Deflated]:
        """Work out how much is luck, which is dear, where nobody waits for it."""
        return self.overfitting, self.deflated, self.deflated_independent

    def _deflated(self, trials: float | None) -> Deflated:
        ratios = np.array([sharpe_ratio(each.returns, 1) for each in self.known])
        best = np.empty(0) if self.best is None else self.best.returns
        return deflated_sharpe(best, ratios, trials)

    def table_of(self, cell: Cell) -> dict[str, Any]:
        """The request's table of a cell."""
        return self.terms.table_of(cell.values)

    def request_of(self, cell: Cell) -> BacktestRequest:
        """The request of a cell: run again, it is the cell with all its fills."""
        return parse_request(self.table_of(cell))


class Sweep:
    """Runs a sweep.

    Parameters
    ----------
    terms : SweepTerms
    executor : Executor
    """

    def __init__(self, terms: SweepTerms, executor: Executor) -> None:
        self.terms = terms
        self._executor = executor

    def cancel(self) -> None:
        """Let the sweep end with the cells that it has; from any thread."""
        self._executor.cancel()

    def cells(self) -> Iterator[Cell]:
        """Run, and yield each cell as it ends."""
        return self._executor.cells(self.terms.tasks())

    def run(self, told: Callable[[Cell, int, int], None] | None = None) -> SweepResult:
        """Run to the end.

        Parameters
        ----------
        told : callable, optional
            Told each cell as it ends, how many are done and how many there are; on the
            calling thread.
        """
        found = []
        total = len(self.terms.points)
        for cell in self.cells():
            found.append(cell)
            if told is not None:
                told(cell, len(found), total)
        found.sort(key=lambda cell: cell.number)
        return SweepResult(self.terms, tuple(found), len(found) == total)


def pool_over(
    catalog: Catalog,
    folders: Sequence[Path] = (),
    *,
    threads: int | None = None,
    interpreted: bool = False,
) -> Pool:
    """Make what runs a sweep's tasks on threads of this process."""
    return Pool(Templates(catalog, folders, interpreted=interpreted), threads)
