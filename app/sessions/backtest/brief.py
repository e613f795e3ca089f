"""What a run says in figures, without its tables: all that a sweep keeps of one.

The figures are those of `result.stats_of`, to the last bit, made of the reports alone
by a compiled pass (`engine/run_sums.py`) in some ten microseconds.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.analytics.performance import daily, returns_of
from app.analytics.sums import (
    NAN,
    CurveSums,
    ReturnSums,
    TradeSums,
    curve_sums,
    return_sums,
    trade_sums,
)
from app.engine.records import MONEY_SCALE, ReportType
from app.engine.run_sums import sum_up
from app.engine.run_sums_job import SUMS_FLOATS, SUMS_WORDS, Sums, SumsOut, Told
from app.errors import EngineError
from app.sessions.backtest.composing import Composition
from app.sessions.backtest.figures import RunSums, figures_table
from app.sessions.backtest.result import days_of
from app.sessions.backtest.run import Outcomes
from app.sessions.backtest.run_card import days_per_year
from app.sessions.backtest.run_tables import pnl_of
from app.sessions.backtest.run_units import Units, rates_of
from app.sessions.backtest.trades import trades_of

Ints = NDArray[np.int64]
_SCRATCH: Final = 1 << 16
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Brief:
    """Figures of a run.

    Attributes
    ----------
    stats : dict
        As in the JSON result.
    days : (m,) int64
        Trade dates, days since 1970; shared by runs that have the same.
    returns : (m,) float64
        Of each day.
    days_per_year : int
    """

    stats: dict[str, Any]
    days: Ints
    returns: NDArray[np.float64]
    days_per_year: int


class BriefMaker:
    """Makes briefs of runs over the same data, which share their trade dates.

    Parameters
    ----------
    composition : Composition
    """

    def __init__(self, composition: Composition) -> None:
        self._composition = composition
        self._per_year = days_per_year(composition.instruments)
        self._start = float(composition.request.initial_capital)
        ratios = [each.money_ratio for each in composition.instruments]
        self._ratios = np.array([float(n) / float(d) for n, d in ratios])
        self._job = np.zeros(SUMS_WORDS, np.int64)
        self._floats = np.zeros(SUMS_FLOATS)
        self._floats[SumsOut.START] = self._start
        self._scratch = np.empty(_SCRATCH, np.int64)
        self._dates = np.empty(0, np.int64)
        job = self._job
        job[Sums.RATIOS] = self._ratios.ctypes.data
        job[Sums.INSTRUMENTS] = len(ratios)
        job[Sums.FLOATS] = self._floats.ctypes.data
        job[Sums.SCRATCH] = self._scratch.ctypes.data
        job[Sums.SCRATCH_WORDS] = len(self._scratch)
        self._take_times(np.empty(0, np.int64))

    def make(self, outcomes: Outcomes) -> Brief:
        """Work out the figures of a run that ended."""
        arena, job = outcomes.composition.arena.address, self._job
        reports, worths = outcomes.reports, outcomes.worths
        job[: Sums.WORTHS_COUNT + 1] = (
            *(reports.ctypes.data, len(reports)),
            *(worths.ctypes.data, len(worths)),
        )
        job[Sums.STRATEGIES] = 1 + len(outcomes.strategies)
        told = int(Told.OTHER_TIMES)
        for _ in range(_TRIES):
            told = sum_up(arena, job.ctypes.data, 0)
            if told == Told.OTHER_TIMES:
                self._take_times(worths["ts"].copy())
            elif told == Told.NO_ROOM:
                self._take_room(int(job[Sums.WANTED]))
            else:
                break
        if told == Told.INEXACT:
            return self._made_at_length(outcomes)
        if told != Told.DONE:
            raise EngineError(f"a run could not be summed up: {Told(told).name}")
        return self._brief(outcomes.events)

    def _take_times(self, ts: Ints) -> None:
        """Work out the trade dates for other times, and make room for their returns."""
        self._ts, self._days = ts, days_of(self._composition, ts)
        self._dated, self._returns = np.empty(len(ts), np.int64), np.empty(len(ts))
        job = self._job
        job[Sums.TIMES], job[Sums.TIMES_COUNT] = ts.ctypes.data, len(ts)
        job[Sums.DAYS] = self._days.ctypes.data
        job[Sums.DATES] = self._dated.ctypes.data
        job[Sums.RETURNS] = self._returns.ctypes.data
        self._dates = np.empty(0, np.int64)

    def _take_room(self, words: int) -> None:
        self._scratch = np.empty(2 * words, np.int64)
        self._job[Sums.SCRATCH] = self._scratch.ctypes.data
        self._job[Sums.SCRATCH_WORDS] = len(self._scratch)

    def _brief(self, events: int) -> Brief:
        """Make the brief of what was summed up."""
        job, out = self._job.tolist(), self._floats.tolist()
        days, closed, ts = job[Sums.DAYS_COUNT], job[Sums.CLOSED], self._ts
        if len(self._dates) != days:
            # The same times have the same days: cells share them.
            self._dates = self._dated[:days].copy()
        curve = CurveSums(
            count=len(ts),
            first_ts=int(ts[0]) if len(ts) else 0,
            last_ts=int(ts[-1]) if len(ts) else 0,
            end=out[SumsOut.END],
            drawdown=out[SumsOut.DRAWDOWN],
            below_ns=job[Sums.BELOW_NS],
        )
        returns = ReturnSums(
            count=days,
            total=out[SumsOut.TOTAL],
            squares=out[SumsOut.SQUARES],
            cubes=out[SumsOut.CUBES],
            fourths=out[SumsOut.FOURTHS],
            losses=out[SumsOut.LOSSES],
            best=out[SumsOut.BEST_DAY] if days else NAN,
            worst=out[SumsOut.WORST_DAY] if days else NAN,
        )
        trades = TradeSums(
            count=closed,
            winners=job[Sums.WINNERS],
            losers=job[Sums.LOSERS],
            gained=out[SumsOut.GAINED],
            lost=out[SumsOut.LOST],
            pnl=out[SumsOut.PNL],
            best=out[SumsOut.BEST] if closed else NAN,
            worst=out[SumsOut.WORST] if closed else NAN,
            win_streak=job[Sums.WIN_STREAK],
            loss_streak=job[Sums.LOSS_STREAK],
            hold_ns=out[SumsOut.HOLD],
        )
        sums = RunSums(
            start=self._start,
            days_per_year=self._per_year,
            curve=curve,
            returns=returns,
            closed=trades,
            trades=job[Sums.TRADES],
            exposed=job[Sums.EXPOSED],
            fees=out[SumsOut.FEES],
            fills=job[Sums.FILLS],
            makers=job[Sums.MAKERS],
            orders=job[Sums.ORDERS],
            rejects=job[Sums.REJECTS],
            events=events,
        )
        stats, found = figures_table(sums), self._returns[:days].copy()
        return Brief(stats, self._dates, found, self._per_year)

    def _made_at_length(self, outcomes: Outcomes) -> Brief:
        """Work out the figures by columns, where 64 bits are too few for sums."""
        sums, dates, returns = sums_of(outcomes, self._days)
        return Brief(figures_table(sums), dates, returns, self._per_year)


def sums_of(
    outcomes: Outcomes, days: Ints
) -> tuple[RunSums, Ints, NDArray[np.float64]]:
    """Sum up a run by columns: exact however large its values are.

    Parameters
    ----------
    days : (n,) int64
        Trade date of each worth.

    Returns
    -------
    RunSums, (m,) int64, (m,) float64
        The sums; trade dates, and the return of each.
    """
    composition, reports = outcomes.composition, outcomes.reports
    worths, kinds = outcomes.worths, reports["report"]
    start = float(composition.request.initial_capital)
    fills = reports[kinds == ReportType.FILL]
    nothing = np.empty(0)
    units = Units(
        composition.instruments, nothing, {}, (), nothing.astype(bool), nothing
    )
    units = replace(units, rates=rates_of(composition))
    made = trades_of(fills)
    closed = np.flatnonzero(made.closed_ts > 0)
    closed = closed[np.argsort(made.closed_ts[closed], kind="stable")]
    ts, equity = worths["ts"], worths["equity"] / MONEY_SCALE
    dates, closes = daily(ts, equity, days)
    returns = returns_of(closes, start)
    hold = (made.closed_ts - made.opened_ts)[closed]
    sums = RunSums(
        start=start,
        days_per_year=days_per_year(composition.instruments),
        curve=curve_sums(ts, equity, start),
        returns=return_sums(returns),
        closed=trade_sums(pnl_of(made, units)[closed], hold),
        trades=len(made),
        exposed=int(np.count_nonzero(worths["gross_exposure"] > 0)),
        fees=float(units.fees(fills).sum()),
        fills=len(fills),
        makers=int(np.count_nonzero(fills["liquidity"] > 0)),
        orders=int(np.count_nonzero(kinds == ReportType.PENDING_NEW)),
        rejects=int(np.count_nonzero(kinds == ReportType.REJECTED)),
        events=outcomes.events,
    )
    return sums, dates, returns
