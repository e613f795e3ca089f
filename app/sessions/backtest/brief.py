"""What a run says in figures, without its tables: all that a sweep keeps of one.

The figures are those of `result.stats_of`, made of the reports alone, in a millisecond.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.analytics.performance import daily, returns_of
from app.engine.records import MONEY_SCALE, ReportType
from app.sessions.backtest.composing import Composition
from app.sessions.backtest.result import Figures, days_of, figures_table
from app.sessions.backtest.run import Outcomes
from app.sessions.backtest.run_card import days_per_year
from app.sessions.backtest.run_tables import Units, pnl_of, rates_of
from app.sessions.backtest.trades import trades_of

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Brief:
    """Figures of a run.

    Attributes
    ----------
    stats : dict
        As in the JSON result.
    days : (m,) int64
        Trade dates, days since 1970.
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
        self._units = Units(
            composition.instruments,
            np.empty(0),
            {},
            (),
            np.empty(0, bool),
            np.empty(0),
        )
        self._ts, self._days = np.empty(0, np.int64), np.empty(0, np.int64)

    def make(self, outcomes: Outcomes) -> Brief:
        """Work out the figures of a run that ended."""
        worths, reports = outcomes.worths, outcomes.reports
        kinds = reports["report"]
        fills = reports[kinds == ReportType.FILL]
        units = replace(self._units, rates=rates_of(self._composition))
        made = trades_of(fills)
        closed = np.flatnonzero(made.closed_ts > 0)
        closed = closed[np.argsort(made.closed_ts[closed], kind="stable")]
        equity, days = worths["equity"] / MONEY_SCALE, self._days_of(worths["ts"])
        start = self._start
        dates, closes = daily(worths["ts"], equity, days)
        returns = returns_of(closes, start)
        stats = figures_table(
            Figures(
                ts=worths["ts"],
                equity=equity,
                returns=returns,
                start=start,
                days_per_year=self._per_year,
                gross_exposure=worths["gross_exposure"],
                pnl=pnl_of(made, units)[closed],
                hold=(made.closed_ts - made.opened_ts)[closed],
                trades=len(made),
                fees=units.fees(fills),
                liquidity=fills["liquidity"],
                orders=int(np.count_nonzero(kinds == ReportType.PENDING_NEW)),
                rejects=int(np.count_nonzero(kinds == ReportType.REJECTED)),
                events=outcomes.events,
            )
        )
        return Brief(stats, dates, returns, self._per_year)

    def _days_of(self, ts: Ints) -> Ints:
        if not np.array_equal(ts, self._ts):
            self._ts, self._days = ts.copy(), days_of(self._composition, ts)
        return self._days
