"""The sums of a run: what its statistics are made of, in one pass without the GIL.

A sweep wants some forty figures of each of thousands of runs and none of their tables.
Here stand the passes over what a run left behind (worths, reports); what is made of
their sums stands once, in `analytics/performance.py`.

The sums are bit for bit those that numpy makes of a run's columns
(`sessions/backtest/sums.py`), so that a cell of a sweep says what its request says when
it is run alone: floats are added in numpy's order (`pairwise.py`), and each step rounds
as it does there.
"""

from typing import Any, Final

import numpy as np

from app.engine.backtest_block import WORTH
from app.engine.bits import integer
from app.engine.compile import entry, kernel
from app.engine.memory import view, words
from app.engine.pairwise import STACK_WORDS, pairwise
from app.engine.records import MONEY_SCALE, REPORT, ReportType
from app.engine.run_sums_job import SUMS_FLOATS, SUMS_WORDS, Sums, SumsOut, Told
from app.engine.run_sums_trades import is_exact, sum_trades

_COLUMNS: Final = 9
"""Columns of scratch that have a row for each part of a fill."""


@kernel
def _same_times(job: Any) -> bool:
    """Whether the days that are given are those of the run's worths."""
    count = job[Sums.WORTHS_COUNT]
    if count != job[Sums.TIMES_COUNT]:
        return False
    worths, times = view(job[Sums.WORTHS], count, WORTH), words(job[Sums.TIMES], count)
    for i in range(count):  # noqa: SIM110  (numba has no `all` of a generator)
        if worths[i]["ts"] != times[i]:
            return False
    return True


@kernel
def _sum_curve(job: Any, out: Any) -> None:
    """Take the returns of each day, the worst drawdown and the longest."""
    count = job[Sums.WORTHS_COUNT]
    worths, days = view(job[Sums.WORTHS], count, WORTH), words(job[Sums.DAYS], count)
    dates = words(job[Sums.DATES], count)
    returns = view(job[Sums.RETURNS], count, np.float64)
    start = out[SumsOut.START]
    peak, before, end, worst = start, start, start, 0.0
    found, exposed, below, newest, since = 0, 0, 0, 0, 0
    for i in range(count):
        row = worths[i]
        end = row["equity"] / MONEY_SCALE
        exposed += row["gross_exposure"] > 0
        peak = max(peak, end)
        worst = max(worst, 1.0 - end / peak)
        # A stretch begins at a peak, or with the first, and ends before the next.
        if end >= peak or i == 0:
            if i:
                below = max(below, newest - since)
            since = row["ts"]
        newest = row["ts"]
        if i + 1 == count or days[i + 1] != days[i]:
            dates[found] = days[i]
            returns[found] = end / before - 1.0 if before > 0 else 0.0
            before = end
            found += 1
    out[SumsOut.END], out[SumsOut.DRAWDOWN] = end, worst
    job[Sums.DAYS_COUNT], job[Sums.EXPOSED] = found, exposed
    job[Sums.BELOW_NS] = max(below, newest - since)


@kernel
def _sum_returns(job: Any, out: Any, room: Any, stack: int) -> None:
    """Add the powers of returns about their mean; `room` holds one a day."""
    count = job[Sums.DAYS_COUNT]
    if not count:
        return
    returns = view(job[Sums.RETURNS], count, np.float64)
    best, worst = returns[0], returns[0]
    for i in range(count):
        value = returns[i]
        best, worst = max(best, value), min(worst, value)
        loss = min(value, 0.0)
        room[i] = loss * loss
    out[SumsOut.BEST_DAY], out[SumsOut.WORST_DAY] = best, worst
    out[SumsOut.LOSSES] = pairwise(room, 0, count, stack)
    total = pairwise(returns, 0, count, stack)
    out[SumsOut.TOTAL] = total
    mean = total / count
    for power in range(3):
        for i in range(count):
            centred = returns[i] - mean
            square = centred * centred
            if power == 0:
                room[i] = square
            elif power == 1:
                room[i] = square * centred
            else:
                room[i] = square * square
        out[SumsOut.SQUARES + power] = pairwise(room, 0, count, stack)


@kernel
def _count_reports(job: Any) -> None:
    count = job[Sums.REPORTS_COUNT]
    reports = view(job[Sums.REPORTS], count, REPORT)
    fills, makers, orders, rejects = 0, 0, 0, 0
    for i in range(count):
        kind = reports[i]["report"]
        if kind == ReportType.FILL:
            fills += 1
            makers += reports[i]["liquidity"] > 0
        orders += kind == ReportType.PENDING_NEW
        rejects += kind == ReportType.REJECTED
    job[Sums.FILLS], job[Sums.MAKERS] = fills, makers
    job[Sums.ORDERS], job[Sums.REJECTS] = orders, rejects


@entry
def sum_up(arena: int, address: int, unused: int) -> int:
    """Sum up a run; see `Sums`, `SumsOut` and `Told`."""
    job = words(address, SUMS_WORDS)
    out = view(job[Sums.FLOATS], SUMS_FLOATS, np.float64)
    if not _same_times(job):
        return integer(Told.OTHER_TIMES)
    _count_reports(job)
    days, stack = job[Sums.WORTHS_COUNT], job[Sums.SCRATCH]
    owners = job[Sums.INSTRUMENTS] * job[Sums.STRATEGIES] + 1
    rows = 2 * job[Sums.FILLS] + 1
    job[Sums.WANTED] = STACK_WORDS + days + owners + _COLUMNS * rows
    if job[Sums.WANTED] > job[Sums.SCRATCH_WORDS]:
        return integer(Told.NO_ROOM)
    if not is_exact(job):
        return integer(Told.INEXACT)
    for i in range(SumsOut.START + 1, SUMS_FLOATS):
        out[i] = 0.0
    room = stack + 8 * STACK_WORDS
    _sum_curve(job, out)
    _sum_returns(job, out, view(room, days, np.float64), stack)
    sum_trades(job, out, arena, room + 8 * days)
    return integer(Told.DONE)
