"""The bars of a chart as columns on the screen: read, joined where pixels are fewer.

Which bars make a column goes by their place in px of the device from the first bar, not
by what is in view: a window that moves keeps its columns and reads those that come in.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from app.engine.history.records import BAR_ROW
from app.ui.models.chart_bars import FACTOR, ChartBars, joined
from app.ui.models.chart_window import ChartWindow

MARGIN_PX: Final = 3
"""Past the edges as much is read: lines come from outside."""


@dataclass(frozen=True)
class Columns:
    """What a chart paints from left to right.

    Attributes
    ----------
    rows : (n,) BAR_ROW
    starts : (n,) int64
        Index of each column's first bar.
    last : int
        Past the last bar.
    places : (n,) int64
        Left edges, px of the device from the first bar.
    sums : (n, 3) float64
        Delta, volume and turnover of all bars before each column.
    origin : int
        What the plot's left edge is at, px of the device from the first bar.
    extent : int
        Width of the plot, px of the device.
    scale : float
        Width of a bar, px of the device.
    ratio : float
        Device px for one logical px.
    is_thin : bool
        A column is a line; it may stand for several bars.
    base : (n, 3) float64
        `sums` at the begin of each column's session.
    """

    rows: Any
    starts: Any
    last: int
    places: Any
    sums: Any
    origin: int = 0
    extent: int = 1
    scale: float = 1.0
    ratio: float = 1.0
    is_thin: bool = False
    base: Any = 0.0

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def first(self) -> int:
        """Index of the first bar."""
        return int(self.starts[0]) if len(self.starts) else 0

    @property
    def is_each(self) -> bool:
        """Whether a column is a bar."""
        return len(self.rows) == self.last - self.first

    @property
    def pen(self) -> int:
        """Px of the device that make a line."""
        return max(1, int(self.ratio))

    @property
    def width(self) -> float:
        """Width of a column, px."""
        return self.pen / self.ratio if self.is_thin else self.scale / self.ratio

    @cached_property
    def xs(self) -> Any:
        """Left edges, px from the plot's left edge."""
        return (self.places - self.origin) / self.ratio

    @cached_property
    def addresses(self) -> tuple[int, int, int]:
        """Where `rows`, `places` and `cumulative` lie, for the compiled painter."""
        rows, places, bases = self.rows, self.places, self.cumulative
        return int(rows.ctypes.data), int(places.ctypes.data), int(bases.ctypes.data)

    @cached_property
    def cumulative(self) -> Any:
        """Delta of what its session traded before each column, (n,) float64."""
        return np.ascontiguousarray((self.sums - self.base)[:, 0])

    @property
    def vwap(self) -> Any:
        """VWAP of its session at each column's end, price units; NaN = none."""
        total = self.sums - self.base + _own(self.rows)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(total[:, 1] > 0, total[:, 2] / total[:, 1], np.nan)

    def newest_vwap(self) -> float:
        """The last of `vwap` alone."""
        row = self.rows[-1]
        _, volume, turnover = (self.sums[-1] - self.base[-1]).tolist()
        volume += float(row["volume"])
        turnover += float(row["turnover"])
        return turnover / volume if volume > 0 else math.nan

    def centres(self) -> Any:
        """Middles of the columns, px."""
        return self.xs + self.width / 2

    def seen(self) -> slice:
        """Columns of which something is in the plot."""
        width = self.pen if self.is_thin else self.scale
        first = np.searchsorted(self.places, self.origin - width, side="right")
        last = np.searchsorted(self.places, self.origin + self.extent)
        return slice(int(first), max(int(first), int(last)))

    def part(self, first: int, last: int) -> "Columns":
        """Some of the columns, by their number."""
        end = int(self.starts[last]) if last < len(self) else self.last
        base = self.base if isinstance(self.base, float) else self.base[first:last]
        return Columns(
            self.rows[first:last],
            self.starts[first:last],
            end,
            self.places[first:last],
            self.sums[first:last],
            self.origin,
            self.extent,
            self.scale,
            self.ratio,
            self.is_thin,
            base,
        )

    def by_session(self, bars: ChartBars, begins: Any) -> "Columns":
        """The same with sums that begin anew in each session.

        Parameters
        ----------
        begins : (k,) int64
            Bars at which sessions begin, ascending.
        """
        at = np.searchsorted(begins, self.starts, side="right")
        base = np.zeros((len(self), 3))
        for session in np.unique(at[at > 0]).tolist():
            base[at == session] = bars.sums_before(int(begins[session - 1]))
        return replace(self, base=base)


NO_COLUMNS: Final = Columns(
    np.empty(0, BAR_ROW),
    np.empty(0, np.int64),
    0,
    np.empty(0, np.int64),
    np.empty((0, 3)),
)


def columns(bars: ChartBars, window: ChartWindow) -> Columns:
    """Read what a window shows."""
    return _read(bars, window, 0, bars.count)


def moved(bars: ChartBars, window: ChartWindow, shown: Columns, closed: int) -> Columns:
    """What a window shows, of what it showed and what came in; equal to `columns`.

    Parameters
    ----------
    shown : Columns
        Read before of the same bars.
    closed : int
        Bars before this index have not changed since.
    """
    is_same = (shown.scale, shown.ratio) == (window.scale, window.ratio)
    left, right = _edges(window)
    is_kept = (shown.places >= left) & (shown.places < right)
    ends = np.append(shown.starts[1:], shown.last)
    kept = np.flatnonzero(is_kept & (ends <= closed))
    if not is_same or not len(kept):
        return columns(bars, window)
    old = shown.part(int(kept[0]), int(kept[-1]) + 1)
    parts = [_read(bars, window, 0, old.first), old]
    parts.append(_read(bars, window, old.last, bars.count))
    return Columns(
        np.concatenate([each.rows for each in parts]),
        np.concatenate([each.starts for each in parts]),
        max(old.last, parts[2].last),
        np.concatenate([each.places for each in parts]),
        np.concatenate([each.sums for each in parts]),
        *_frame(window),
    )


def with_newest(bars: ChartBars, window: ChartWindow, shown: Columns) -> Columns | None:
    """The same columns with the last one as it is now; None if there are more."""
    first = int(shown.starts[-1])
    if shown.last == bars.count and first == bars.count - 1:
        shown.rows[-1] = bars.newest()[0]
        return shown
    fresh = _read(bars, window, first, bars.count)
    if len(fresh) != 1:
        return None
    shown.rows[-1:] = fresh.rows
    return replace(shown, last=fresh.last)


def _edges(window: ChartWindow) -> tuple[int, int]:
    """Between which places columns begin that lines in view go through.

    Both are places where a column may begin: one that is cut at an edge would be kept
    when the window has moved on, without the bars past that edge.
    """
    width = window.pen if window.is_thin else int(window.scale) + 1
    margin = width + round(MARGIN_PX * window.ratio)
    left = window.origin - width - margin
    right = window.origin + window.extent + margin
    return left - left % window.pen, right + -right % window.pen


def _frame(window: ChartWindow) -> tuple[int, int, float, float, bool]:
    given = window.origin, window.extent, window.scale, window.ratio
    return (*given, window.is_thin)


def _read(bars: ChartBars, window: ChartWindow, low: int, high: int) -> Columns:
    """Columns in view of the bars [low, high), both where columns begin."""
    size = FACTOR ** window.level() if window.is_thin else 1
    left, right = _edges(window)
    per = window.scale * size
    first = max(low, size * (int(max(0, left) / per) - 1))
    last = min(high, size * (int(max(0, right) / per) + 2))
    if first >= last:
        return _none(window, low)
    rows = bars.read_joined(first, last, window.level() if size > 1 else 0)
    starts = first + size * np.arange(len(rows))
    places = np.floor(starts * window.scale).astype(np.int64)
    if window.is_thin:
        places -= places % window.pen
    begin, end = np.searchsorted(places, (left, right)).tolist()
    last = min(last, first + size * end)
    rows, starts, places = rows[begin:end], starts[begin:end], places[begin:end]
    if not len(rows):
        return _none(window, low)
    if window.is_thin:
        begins = np.append(0, np.flatnonzero(np.diff(places)) + 1)
        if len(begins) < len(rows):
            rows = joined(rows, begins)
            starts, places = starts[begins], places[begins]
    return Columns(
        rows, starts, last, places, _sums(bars, rows, starts), *_frame(window)
    )


def _none(window: ChartWindow, last: int) -> Columns:
    names = ("origin", "extent", "scale", "ratio", "is_thin")
    given: dict[str, Any] = dict(zip(names, _frame(window), strict=True))
    return replace(NO_COLUMNS, last=last, **given)


def _sums(bars: ChartBars, rows: Any, starts: Any) -> Any:
    made = np.zeros((len(rows), 3))
    if len(rows):
        made[1:] = np.cumsum(_own(rows)[:-1], axis=0)
        made += bars.sums_before(int(starts[0]))
    return made


def _own(rows: Any) -> Any:
    """Delta, volume and turnover of each row."""
    parts = rows["buys"] - rows["sells"], rows["volume"], rows["turnover"]
    return np.stack(parts, axis=1).astype(np.float64)
