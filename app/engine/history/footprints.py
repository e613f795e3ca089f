"""Profiles of runs of trades: dense where prices lie near each other, else by numpy."""

from typing import Any, Final

import numpy as np

from app.engine.history import series as runs
from app.engine.history.far_profile import far_profile
from app.engine.history.growing import GrowingRows
from app.engine.history.records import PROFILE

_SPAN: Final = 1 << 14
"""Prices that a run may span to be counted densely."""


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
