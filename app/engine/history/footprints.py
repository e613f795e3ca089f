"""Profiles of runs of trades: dense where prices lie near each other, else by numpy."""

from typing import Any, Final

import numpy as np

from app.engine.history import series as runs
from app.engine.history.far_profile import far_profile
from app.engine.history.growing import GrowingRows
from app.engine.history.records import PROFILE

_SPAN: Final = 1 << 14
"""Prices that a run may span to be counted densely, half of them below its first."""


def scratch() -> Any:
    """Zeros for one thread, which a footprint leaves as zeros."""
    return np.zeros(2 * _SPAN, np.int64)


def footprint(tape: GrowingRows, edges: Any, starts: Any, area: Any) -> tuple[Any, Any]:
    """Profiles of runs of trades, (m,) PROFILE, and `starts`, where each begins.

    Parameters
    ----------
    tape : GrowingRows of TAPE
    edges : (n + 1,) int64
        Ascending, within the tape.
    starts : (n + 1,) int64
        Zeros.
    area : array
        The thread's `scratch`.
    """
    rows = np.empty(edges[-1] - edges[0] + 1, PROFILE)
    job = np.zeros(runs.FOOTPRINT_WORDS, np.int64)
    job[runs.TRADES] = tape.address
    job[runs.EDGES], job[runs.STARTS] = edges.ctypes.data, starts.ctypes.data
    job[runs.OUT], job[runs.SCRATCH] = rows.ctypes.data, area.ctypes.data
    job[runs.RUNS], job[runs.SPAN] = len(edges) - 1, _SPAN
    while True:
        count = runs.footprint_runs(job.ctypes.data)
        run = int(job[runs.STOPPED])
        if run >= len(edges) - 1:
            return rows[:count].copy(), starts
        wide = far_profile(tape.rows[edges[run] : edges[run + 1]])
        rows[count : count + len(wide)] = wide
        starts[run + 1] = count + len(wide)
        job[runs.STOPPED] = run + 1


def joined_profiles(one: Any, other: Any) -> Any:
    """Profile of two runs of trades from the profile of each, (n,) PROFILE."""
    both = np.concatenate([one, other])
    both = both[np.argsort(both["price"], kind="stable")]
    starts = np.append(0, np.flatnonzero(np.diff(both["price"])) + 1)
    if len(starts) == len(both) or not len(both):
        return both
    made = both[starts]
    for name in ("buys", "sells"):
        made[name] = np.add.reduceat(both[name], starts)
    return made


class GrowingFootprint:
    """Profile of one run of trades that grows at its end; each trade is read once.

    Attributes
    ----------
    read : int
        Trades that were read so far.
    """

    def __init__(self) -> None:
        self.read = 0
        self._of: tuple[Any, ...] = ()
        self._last = 0
        self._rows: Any = np.empty(0, PROFILE)

    def up_to(self, history: Any, instrument: int, first: int, last: int) -> Any:
        """Profile of trades [first, last), (n,) PROFILE, lowest price first.

        Parameters
        ----------
        history : MarketHistory
        """
        of = id(history), instrument, first
        if of != self._of or last < self._last:
            self._of, self._last = of, first
            self._rows = np.empty(0, PROFILE)
        if last > self._last:
            fresh, _ = history.footprint(instrument, (self._last, last))
            self._rows = joined_profiles(self._rows, fresh)
            self.read += last - self._last
            self._last = last
        return self._rows
