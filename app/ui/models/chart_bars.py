"""Bars of a chart at any distance: a pyramid of joined bars, and sums to any bar.

A screen has some thousand columns, a session may have a million bars. Eight bars joined
make one of the next level, eight of those one more, so that any stretch is read as at
most eight rows a column. Levels are built of closed bars as they come, a bounded piece
at a time; what is not joined yet is read from the level below.
"""

from typing import Any, Final

import numpy as np

from app.engine.history.records import BAR_ROW
from app.sessions.history import BarSeries

FACTOR: Final = 8
_LEVELS: Final = 6
_GROUP: Final = FACTOR * FACTOR
_PIECE: Final = 512 * _GROUP
ALIGNED: Final = FACTOR**4
"""Older bars that come in whole numbers of it leave what was joined as it is."""
_SUMMED: Final = ("volume", "buys", "sells", "trades", "turnover")


def joined(rows: Any, starts: Any) -> Any:
    """Join runs of bars into one each.

    Parameters
    ----------
    rows : (n,) BAR_ROW
        Consecutive bars, oldest first.
    starts : (m,) int
        Where each run begins, ascending, the first at 0.

    Returns
    -------
    (m,) BAR_ROW
    """
    made = np.empty(len(starts), BAR_ROW)
    if not len(starts):
        return made
    ends = np.append(starts[1:], len(rows)) - 1
    for name in ("begin", "open", "first_trade"):
        made[name] = rows[name][starts]
    for name in ("end", "close"):
        made[name] = rows[name][ends]
    for name in _SUMMED:
        made[name] = np.add.reduceat(rows[name], starts)
    made["high"] = np.maximum.reduceat(rows["high"], starts)
    made["low"] = np.minimum.reduceat(rows["low"], starts)
    delta = rows["buys"] - rows["sells"]
    before = np.cumsum(delta) - delta
    for name, reduce in (("delta_high", np.maximum), ("delta_low", np.minimum)):
        made[name] = reduce.reduceat(before + rows[name], starts) - before[starts]
    return made


class _Rows:
    """An array that grows."""

    def __init__(self, dtype: Any, width: tuple[int, ...] = ()) -> None:
        self._array = np.zeros((64, *width), dtype)
        self.count = 0

    @property
    def rows(self) -> Any:
        return self._array[: self.count]

    def put_before(self, rows: Any) -> None:
        """Put rows before all others."""
        self._array = np.concatenate([rows, self.rows])
        self.count = len(self._array)

    def append(self, rows: Any) -> None:
        room = len(self._array)
        wanted = self.count + len(rows)
        if wanted > room:
            more = np.zeros((max(room, wanted), *self._array.shape[1:]), rows.dtype)
            self._array = np.concatenate([self._array, more])
        self._array[self.count : wanted] = rows
        self.count = wanted


class ChartBars:
    """Reads one series of bars; releases it when another is followed.

    Attributes
    ----------
    series : BarSeries or None
    count : int
        Bars at the last `update`; the last one may be open.
    generation : int
        Changes when other bars follow: nothing read before is of these.
    """

    def __init__(self) -> None:
        self.series: BarSeries | None = None
        self.generation = 0
        self._clear()

    def _clear(self) -> None:
        self.generation += 1
        self.count = 0
        self._version = -1
        self._newest: Any = None
        self._forget_joined()

    def _forget_joined(self) -> None:
        self._levels = [_Rows(BAR_ROW) for _ in range(_LEVELS)]
        self._sums = _Rows(np.float64, (3,))
        self._sums.append(np.zeros((1, 3)))
        self._done = 0

    def follow(self, series: BarSeries | None) -> None:
        """Show another series, or none."""
        if self.series is not None:
            self.series.release()
        self.series = series
        self._clear()

    def put_before(self, rows: Any) -> None:
        """The series has older bars than before: bar 0 is the first of these.

        Parameters
        ----------
        rows : (n,) BAR_ROW
        """
        self.generation += 1
        self.count += len(rows)
        self._version, self._newest = -1, None
        if len(rows) % ALIGNED:
            self._forget_joined()
            return
        self._done += len(rows)
        finer = rows
        for level, kept in enumerate(self._levels):
            if FACTOR ** (level + 1) > ALIGNED:
                # Bars of these levels are few: they are joined again of the finer ones.
                kept.count = 0
                self._join_level(level)
                continue
            finer = joined(finer, np.arange(0, len(finer), FACTOR))
            kept.put_before(finer)
        grown = _sums_of(rows)
        later = self._sums.rows[1:] + grown[-1]
        self._sums.count = 1
        self._sums.append(np.concatenate([grown, later]))

    @property
    def is_loading(self) -> bool:
        """Whether the past is still being folded."""
        return self.series is not None and not self.series.is_complete

    def update(self) -> bool:
        """Take what is new; False if nothing is."""
        series = self.series
        if series is None:
            return False
        version = series.version
        if version == self._version and self._done >= self._whole():
            return False
        count = series.count
        if count < self.count:
            self._clear()
        self._version, self.count, self._newest = version, count, None
        self._join_more(series)
        return True

    def read(self, first: int, last: int) -> Any:
        """Copy bars [first, last) as BAR_ROW."""
        if self.series is None:
            return np.empty(0, BAR_ROW)
        return self.series.read(max(0, first), min(last, self.count))

    def newest(self) -> Any:
        """The last bar, (1,) BAR_ROW, as it was after the last `update`; or none."""
        if self._newest is None:
            self._newest = self.read(self.count - 1, self.count)
        return self._newest

    def read_joined(self, first: int, last: int, level: int) -> Any:
        """Bars [first, last), joined by 8**level from a multiple of it on.

        Parameters
        ----------
        first, last : int
            `first` is a multiple of 8**level.

        Returns
        -------
        (n,) BAR_ROW
            The last row may be of fewer bars.
        """
        if level == 0:
            return self.read(first, last)
        size = FACTOR**level
        there = self._levels[level - 1].rows
        begin, end = first // size, min(last // size, len(there))
        whole = there[begin:end]
        tail_first = max(first, end * size)
        if tail_first >= last:
            return whole.copy()
        finer = self.read_joined(tail_first, last, level - 1)
        tail = joined(finer, np.arange(0, len(finer), FACTOR))
        return np.concatenate([whole, tail])

    def sums_before(self, index: int) -> tuple[float, float, float]:
        """Delta, volume and turnover of all bars before one."""
        index = max(0, min(index, self.count))
        group = min(index // _GROUP, self._sums.count - 1)
        sums = self._sums.rows[group]
        rest = self.read(group * _GROUP, index)
        return (
            float(sums[0]) + float((rest["buys"] - rest["sells"]).sum()),
            float(sums[1]) + float(rest["volume"].sum()),
            float(sums[2]) + float(rest["turnover"].sum()),
        )

    def find(self, ts: int) -> int:
        """Index of the first bar whose end is past an instant."""
        return 0 if self.series is None else min(self.series.find(ts), self.count)

    def _whole(self) -> int:
        return max(0, self.count - 1) // _GROUP * _GROUP

    def _join_more(self, series: BarSeries) -> None:
        until = min(self._whole(), self._done + _PIECE)
        if until <= self._done:
            return
        rows = series.read(self._done, until)
        self._levels[0].append(joined(rows, np.arange(0, len(rows), FACTOR)))
        self._done = until
        for level in range(1, _LEVELS):
            self._join_level(level)
        self._sums.append(self._sums.rows[-1] + _sums_of(rows))

    def _join_level(self, level: int) -> None:
        """Join what the level below has more."""
        finer, coarser = self._levels[level - 1].rows, self._levels[level]
        fresh = finer[coarser.count * FACTOR : len(finer) // FACTOR * FACTOR]
        if len(fresh):
            coarser.append(joined(fresh, np.arange(0, len(fresh), FACTOR)))


def _sums_of(rows: Any) -> Any:
    """Delta, volume and turnover up to the end of each group of rows, (n, 3)."""
    parts = [rows["buys"] - rows["sells"], rows["volume"], rows["turnover"]]
    groups = np.arange(0, len(rows), _GROUP)
    columns = [np.add.reduceat(part, groups) for part in parts]
    return np.cumsum(np.stack(columns, axis=1).astype(np.float64), axis=0)
