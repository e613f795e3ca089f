"""The cells of a sweep as they come: the best, and pictures of two axes.

A cell has a place, its number; the points of all cells are known before any has ended.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from app.sweeps.axes import Axis
from app.sweeps.objectives import OBJECTIVES
from app.ui.models.sweep_text import short

if TYPE_CHECKING:
    from app.sweeps.stage import Cell

BINS: Final = 12
"""Parts that a continuous axis is shown in."""
_MANY: Final = 50
_TAILS: Final = (0.02, 0.98)


class Scale:
    """An axis as a picture has it: values in order, or parts of a continuous one.

    Attributes
    ----------
    axis : Axis
    labels : tuple of str
    codes : (n,) intp
        Of each cell's place, where on the axis it stands; -1: it is not known.
    """

    def __init__(self, axis: Axis, column: Sequence[Any]) -> None:
        self.axis = axis
        if axis.bounds is not None:
            edges = np.linspace(*axis.bounds, BINS + 1)
            middle = (edges[:-1] + edges[1:]) / 2
            self.labels = tuple(f"{each:.3g}" for each in middle)
            values = [np.nan if each is None else float(each) for each in column]
            codes = np.searchsorted(edges[1:-1], values, side="right")
            self.codes = np.where(np.isfinite(values), codes, -1)
            return
        ordered = _ordered(axis.values)
        place = {each: i for i, each in enumerate(ordered)}
        self.labels = tuple(short(each) for each in ordered)
        self.codes = np.array([place.get(each, -1) for each in column], np.intp)


def _ordered(values: Sequence[Any]) -> list[Any]:
    if all(isinstance(x, int | float) and not isinstance(x, bool) for x in values):
        return sorted(values)
    return list(values)


@dataclass(frozen=True, eq=False)
class Picture:
    """Two axes of a sweep, or one.

    Attributes
    ----------
    across, up : Scale
        `up` is None where there is one axis alone.
    values : (m, n) float64
        From the lowest row up; NaN: there is none.
    numbers : (m, n) int64
        The cell that stands there, the best of several; -1: none has ended.
    failed, refused, is_due : (m, n) bool
        All that ended there have no figure; none was run, since parameters break a
        rule; some are to come.
    low, high : float
        What the colours reach from and to.
    is_cut : bool
        Some values lie beyond.
    """

    across: Scale
    up: Scale | None
    values: Any
    numbers: Any
    failed: Any
    refused: Any
    is_due: Any
    low: float
    high: float
    is_cut: bool


class SweepBook:
    """Cells of a sweep.

    Parameters
    ----------
    axes : sequence of Axis
    points : mapping of int to point
        A value of each axis by the cell's number.
    objective : str
    table : mapping
        The request's.

    Attributes
    ----------
    cells : dict of int to Cell
        By number.
    order : list of Cell
        As they ended.
    is_over : bool
        No other will come.
    """

    def __init__(
        self,
        axes: Sequence[Axis],
        points: Mapping[int, Sequence[Any]],
        objective: str,
        table: Mapping[str, Any],
    ) -> None:
        self.axes, self.objective, self.table = tuple(axes), objective, table
        self.points = points
        self.cells: dict[int, Cell] = {}
        self.order: list[Cell] = []
        self.is_over = False
        size = max(points, default=-1) + 1
        self.total = len(points)
        columns: list[list[Any]] = [[None] * size for _ in axes]
        for number, point in points.items():
            for column, value in zip(columns, point, strict=True):
                column[number] = value
        self.scales = tuple(
            Scale(axis, column) for axis, column in zip(axes, columns, strict=True)
        )
        self._has_ended = np.zeros(size, np.bool_)
        self._is_refused = np.zeros(size, np.bool_)
        self._stats: dict[str, Any] = {}
        self.best: Cell | None = None

    def add(self, cells: Sequence["Cell"]) -> None:
        """Take cells that have ended."""
        sign = OBJECTIVES[self.objective]
        for cell in cells:
            self.cells[cell.number] = cell
            self.order.append(cell)
            self._has_ended[cell.number] = True
            self._is_refused[cell.number] = cell.is_refused
            for name, column in self._stats.items():
                column[cell.number] = _number(cell, name)
            value = cell.stats.get(self.objective)
            if value is None:
                continue
            lead = (
                -np.inf
                if self.best is None
                else (sign * self.best.stats[self.objective])
            )
            is_first = self.best is not None and cell.number < self.best.number
            if sign * value > lead or (sign * value == lead and is_first):
                self.best = cell

    @property
    def failed(self) -> int:
        """Cells that were run and have no figures."""
        return sum(bool(each.error) for each in self.order) - self.refused

    @property
    def refused(self) -> int:
        """Cells that were not run, since their parameters break a rule."""
        return int(np.count_nonzero(self._is_refused))

    def stat(self, name: str) -> Any:
        """A statistic of all cells by their numbers; NaN where there is none."""
        if name not in self._stats:
            column = np.full(len(self._has_ended), np.nan)
            for number, cell in self.cells.items():
                column[number] = _number(cell, name)
            self._stats[name] = column
        return self._stats[name]

    def picture(
        self, across: int, up: int, fixed: Mapping[int, int], statistic: str
    ) -> Picture:
        """Two axes; of what falls together, the best by the objective.

        Parameters
        ----------
        across, up : int
            Numbers of axes; the same: that one alone.
        fixed : mapping of int to int
            Where on other axes; those that are not given are free.
        statistic : str
            What is shown.
        """
        x, y = self.scales[across], self.scales[up] if up != across else None
        rows, width = (1 if y is None else len(y.labels)), len(x.labels)
        flat = x.codes if y is None else y.codes * width + x.codes
        is_in = x.codes >= 0
        if y is not None:
            is_in &= y.codes >= 0
        for axis, code in fixed.items():
            if axis not in (across, up):
                is_in &= self.scales[axis].codes == code
        ended = is_in & self._has_ended
        score = OBJECTIVES[self.objective] * self.stat(self.objective)
        # A cell that failed stands before one that was not run.
        without = np.where(self._is_refused, -np.inf, -np.finfo(np.float64).max)
        score = np.where(np.isfinite(score), score, without)
        places = np.flatnonzero(ended)[::-1]  # of equal ones the first is written last
        places = places[np.argsort(score[places], kind="stable")]
        numbers = np.full(rows * width, -1, np.int64)
        numbers[flat[places]] = places
        shown, size = self.stat(statistic), (rows, width)
        found = numbers >= 0
        refused = found & self._is_refused[numbers]
        values = np.where(found, shown[numbers], np.nan)
        is_due = np.zeros(rows * width, np.bool_)
        is_due[flat[is_in & ~self._has_ended]] = True
        low, high, is_cut = _range(shown)
        return Picture(
            x,
            y,
            values.reshape(size),
            numbers.reshape(size),
            (found & ~np.isfinite(values) & ~refused).reshape(size),
            refused.reshape(size),
            (is_due & (not self.is_over)).reshape(size),
            low,
            high,
            is_cut,
        )


def _number(cell: "Cell", name: str) -> float:
    value = cell.stats.get(name)
    return float(value) if isinstance(value, int | float) else np.nan


def _range(values: Any) -> tuple[float, float, bool]:
    """What colours reach over: all values, of many all but the tails."""
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 0.0, False
    low, high = float(known.min()), float(known.max())
    if len(known) < _MANY:
        return low, high, False
    inner = np.quantile(known, _TAILS)
    return float(inner[0]), float(inner[1]), bool(inner[0] > low or inner[1] < high)
