"""Statistics of returns, drawdowns and trades: arrays in, frozen results out.

Returns are of equity once a day, at the trade date's close (SEMANTICS 59); a year has
252 of them, 365 where the market never closes; the risk-free rate is 0. Deviations are
of a sample (divided by n - 1).

Sharpe (1994), "The Sharpe Ratio"; Sortino and Price (1994), "Performance Measurement in
a Downside Risk Framework"; Young (1991), "Calmar Ratio: A Smoother Tool"; Bailey and
López de Prado (2012), "The Sharpe Ratio Efficient Frontier" (probabilistic Sharpe).
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.analytics.sums import (
    CurveSums,
    ReturnSums,
    TradeSums,
    curve_sums,
    peaks_of,
    return_sums,
    trade_sums,
)

Floats = NDArray[np.float64]
TRADING_DAYS: Final = 252
CALENDAR_DAYS: Final = 365
_DAY_NS: Final = 86_400_000_000_000
_YEAR_DAYS: Final = 365.25
NAN: Final = math.nan


@dataclass(frozen=True, slots=True)
class Performance:
    """What a curve of equity says.

    Attributes
    ----------
    total_return, annual_return : float
        Fractions; annual is geometric over calendar time.
    volatility : float
        Of a year, of daily returns.
    sharpe, sortino, calmar : float
        NaN where they are not defined.
    probabilistic_sharpe : float
        Probability that the true Sharpe ratio exceeds 0.
    max_drawdown : float
        Positive fraction of the peak.
    max_drawdown_days : float
        Calendar days from a peak until it was reached again, at the longest.
    skew, kurtosis : float
        Of daily returns; a normal's kurtosis is 3.
    best_day, worst_day : float
    days : int
        Returns that were counted.
    """

    total_return: float
    annual_return: float
    volatility: float
    sharpe: float
    sortino: float
    calmar: float
    probabilistic_sharpe: float
    max_drawdown: float
    max_drawdown_days: float
    skew: float
    kurtosis: float
    best_day: float
    worst_day: float
    days: int


def daily(
    ts: NDArray[np.int64], values: Floats, day_of: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Floats]:
    """Take the last value of each day.

    Parameters
    ----------
    ts : (n,) int64
        Ascending, ns since 1970 UTC.
    values : (n,) float64
    day_of : (n,) int64
        Trade date of each, days since 1970.

    Returns
    -------
    (m,) int64, (m,) float64
        The days, and the values.
    """
    if not len(ts):
        return np.empty(0, np.int64), np.empty(0)
    is_last = np.ones(len(ts), bool)
    is_last[:-1] = day_of[1:] != day_of[:-1]
    return day_of[is_last], values[is_last]


def returns_of(equity: Floats, start: float) -> Floats:
    """Simple returns from value to value, the first from `start`."""
    before = np.concatenate([[start], equity[:-1]])
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.where(before > 0, equity / before - 1.0, 0.0)
    return found


def drawdowns(equity: Floats, start: float) -> Floats:
    """How far each value lies below the highest so far, as a fraction of it."""
    found: Floats = 1.0 - equity / peaks_of(equity, start)
    return found


def drawdown_days(ts: NDArray[np.int64], equity: Floats, start: float) -> float:
    """Longest time from a peak until it was reached again, or the end, in days."""
    return curve_sums(ts, equity, start).below_ns / _DAY_NS


@dataclass(frozen=True, slots=True)
class Sample:
    """Moments of returns, worked out at once; NaN where they are not defined.

    Attributes
    ----------
    count : int
    mean, deviation : float
        The deviation is the sample's, divided by n - 1.
    skew, kurtosis : float
        By population moments; a normal's kurtosis is 3.
    """

    count: int
    mean: float
    deviation: float
    skew: float
    kurtosis: float

    @property
    def ratio(self) -> float:
        """Mean ÷ deviation; NaN if the returns do not vary."""
        return self.mean / self.deviation if self.deviation > 0.0 else NAN


def sample_of(returns: Floats) -> Sample:
    """Work out the moments of returns."""
    return _sample(return_sums(returns))


def _sample(sums: ReturnSums) -> Sample:
    count = sums.count
    if not count:
        return Sample(0, NAN, NAN, NAN, NAN)
    mean = sums.total / count
    if count < 2:
        return Sample(count, mean, NAN, NAN, NAN)
    variance, skew, kurtosis = sums.squares / count, NAN, NAN
    if variance > 0.0:
        skew = sums.cubes / count / variance**1.5
        kurtosis = sums.fourths / count / variance**2
    deviation = math.sqrt(sums.squares / (count - 1))
    return Sample(count, mean, deviation, skew, kurtosis)


def sharpe_ratio(returns: Floats, per_year: int) -> float:
    """Mean ÷ deviation of returns, of a year; NaN if they do not vary."""
    return sample_of(returns).ratio * math.sqrt(per_year)


def sortino_ratio(returns: Floats, per_year: int) -> float:
    """Mean ÷ downside deviation (below 0, over all n), of a year."""
    return _sortino(return_sums(returns), per_year)


def _sortino(sums: ReturnSums, per_year: int) -> float:
    if not sums.count:
        return NAN
    downside = math.sqrt(sums.losses / sums.count)
    if not downside > 0.0:
        return NAN
    return sums.total / sums.count / downside * math.sqrt(per_year)


def probabilistic_sharpe_ratio(returns: Floats, benchmark: float = 0.0) -> float:
    """Probability that the true Sharpe ratio exceeds a benchmark's, both per return.

    Bailey and López de Prado (2012), equation 11.
    """
    return _probable(sample_of(returns), benchmark)


def _probable(sample: Sample, benchmark: float = 0.0) -> float:
    if sample.count < 3 or math.isnan(sample.ratio):
        return NAN
    return probabilistic_sharpe(
        sample.ratio, benchmark, sample.count, sample.skew, sample.kurtosis
    )


def probabilistic_sharpe(
    ratio: float, benchmark: float, count: int, skew: float, kurtosis: float
) -> float:
    """Probability that a true Sharpe ratio exceeds a benchmark's, by moments.

    Parameters
    ----------
    ratio, benchmark : float
        Per return.
    count : int
        Returns that the ratio was measured with.
    skew, kurtosis : float
        Of the returns; a normal's kurtosis is 3.
    """
    spread = 1.0 - skew * ratio + (kurtosis - 1.0) / 4.0 * ratio**2
    if not spread > 0.0:
        return NAN
    z = (ratio - benchmark) * math.sqrt(count - 1) / math.sqrt(spread)
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def moments(returns: Floats) -> tuple[float, float]:
    """Skewness and kurtosis of a sample, by its population moments."""
    found = sample_of(returns)
    return found.skew, found.kurtosis


def performance(
    ts: NDArray[np.int64],
    equity: Floats,
    day_of: NDArray[np.int64],
    start: float,
    per_year: int = TRADING_DAYS,
) -> Performance:
    """Work out what a curve of equity says.

    Parameters
    ----------
    ts, equity, day_of : (n,)
        See `daily`; equity in currency.
    start : float
        Equity at the beginning.
    per_year : int
        Daily returns of a year.
    """
    _, closes = daily(ts, equity, day_of)
    returns = returns_of(closes, start)
    return performance_of(ts, equity, returns, start, per_year)


def performance_of(
    ts: NDArray[np.int64],
    equity: Floats,
    returns: Floats,
    start: float,
    per_year: int = TRADING_DAYS,
) -> Performance:
    """Work out the same where daily returns are known already."""
    curve = curve_sums(ts, equity, start)
    return performance_from(curve, return_sums(returns), start, per_year)


def _annual(growth: float, years: float) -> float:
    """Return a year, geometric; NaN where it is not defined, or no float holds it."""
    if years <= 0.0 or growth <= 0.0:
        return NAN
    try:
        return float(growth ** (1.0 / years)) - 1.0
    except OverflowError:
        return NAN


def performance_from(
    curve: CurveSums, returns: ReturnSums, start: float, per_year: int = TRADING_DAYS
) -> Performance:
    """Work out the same where all is added up already."""
    end, days = curve.end, float(curve.last_ts - curve.first_ts) / _DAY_NS
    years = days / _YEAR_DAYS if curve.count > 1 else 0.0
    annual = _annual(end / start, years)
    worst, sample = curve.drawdown, _sample(returns)
    yearly = math.sqrt(per_year)
    return Performance(
        total_return=end / start - 1.0,
        annual_return=annual,
        volatility=sample.deviation * yearly,
        sharpe=sample.ratio * yearly,
        sortino=_sortino(returns, per_year),
        calmar=annual / worst if worst > 0 else NAN,
        probabilistic_sharpe=_probable(sample),
        max_drawdown=worst,
        max_drawdown_days=curve.below_ns / _DAY_NS,
        skew=sample.skew,
        kurtosis=sample.kurtosis,
        best_day=returns.best,
        worst_day=returns.worst,
        days=returns.count,
    )


@dataclass(frozen=True, slots=True)
class TradeStatistics:
    """What closed trades say.

    Attributes
    ----------
    trades, winners, losers : int
    win_rate : float
    profit_factor : float
        Profits ÷ losses.
    expectancy : float
        Mean P&L of a trade, currency.
    average_win, average_loss, best, worst : float
        Currency.
    longest_win_streak, longest_loss_streak : int
    average_hold_s : float
    """

    trades: int
    winners: int
    losers: int
    win_rate: float
    profit_factor: float
    expectancy: float
    average_win: float
    average_loss: float
    best: float
    worst: float
    longest_win_streak: int
    longest_loss_streak: int
    average_hold_s: float


def trade_statistics(pnl: Floats, hold_ns: NDArray[Any]) -> TradeStatistics:
    """Work out what closed trades say, in the order in which they closed."""
    return trade_statistics_from(trade_sums(pnl, hold_ns))


def trade_statistics_from(sums: TradeSums) -> TradeStatistics:
    """Work out the same where all is added up already."""
    count, gained, spent = sums.count, sums.gained, -sums.lost
    return TradeStatistics(
        trades=count,
        winners=sums.winners,
        losers=sums.losers,
        win_rate=sums.winners / count if count else NAN,
        profit_factor=gained / spent if spent > 0 else NAN,
        expectancy=sums.pnl / count if count else NAN,
        average_win=gained / sums.winners if sums.winners else NAN,
        average_loss=-spent / sums.losers if sums.losers else NAN,
        best=sums.best,
        worst=sums.worst,
        longest_win_streak=sums.win_streak,
        longest_loss_streak=sums.loss_streak,
        average_hold_s=sums.hold_ns / count / 1e9 if count else NAN,
    )
