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
    found: Floats = 1.0 - equity / _peaks(equity, start)
    return found


def _peaks(equity: Floats, start: float) -> Floats:
    """The highest so far."""
    found: Floats = np.maximum.accumulate(np.maximum(equity, start))
    return found


def drawdown_days(ts: NDArray[np.int64], equity: Floats, start: float) -> float:
    """Longest time from a peak until it was reached again, or the end, in days."""
    return _days_below(ts, equity, _peaks(equity, start))


def _days_below(ts: NDArray[np.int64], equity: Floats, peaks: Floats) -> float:
    if not len(ts):
        return 0.0
    at_peak = np.flatnonzero(equity >= peaks)
    if not len(at_peak) or at_peak[0]:
        at_peak = np.concatenate([[0], at_peak])
    # The last value before the next peak, or of all.
    until = np.append(at_peak[1:] - 1, len(ts) - 1)
    return int((ts[until] - ts[at_peak]).max()) / _DAY_NS


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
    count = len(returns)
    if not count:
        return Sample(0, NAN, NAN, NAN, NAN)
    mean = float(np.add.reduce(returns)) / count
    if count < 2:
        return Sample(count, mean, NAN, NAN, NAN)
    centred = returns - mean
    # Products: a power of an array costs a call of the C library for each element.
    squares = centred * centred
    total = float(np.add.reduce(squares))
    variance, skew, kurtosis = total / count, NAN, NAN
    if variance > 0.0:
        skew = float(np.add.reduce(squares * centred)) / count / variance**1.5
        kurtosis = float(np.add.reduce(squares * squares)) / count / variance**2
    return Sample(count, mean, math.sqrt(total / (count - 1)), skew, kurtosis)


def sharpe_ratio(returns: Floats, per_year: int) -> float:
    """Mean ÷ deviation of returns, of a year; NaN if they do not vary."""
    return sample_of(returns).ratio * math.sqrt(per_year)


def sortino_ratio(returns: Floats, per_year: int) -> float:
    """Mean ÷ downside deviation (below 0, over all n), of a year."""
    count = len(returns)
    if not count:
        return NAN
    losses = np.minimum(returns, 0.0)
    downside = math.sqrt(float(np.add.reduce(losses * losses)) / count)
    if not downside > 0.0:
        return NAN
    return float(np.add.reduce(returns)) / count / downside * math.sqrt(per_year)


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
    end = float(equity[-1]) if len(equity) else start
    years = (float(ts[-1] - ts[0]) / _DAY_NS / _YEAR_DAYS) if len(ts) > 1 else 0.0
    total = end / start - 1.0
    annual = (end / start) ** (1.0 / years) - 1.0 if years > 0 and end > 0 else NAN
    peaks = _peaks(equity, start)
    worst = float((1.0 - equity / peaks).max(initial=0.0))
    sample = sample_of(returns)
    return Performance(
        total_return=total,
        annual_return=annual,
        volatility=sample.deviation * math.sqrt(per_year),
        sharpe=sample.ratio * math.sqrt(per_year),
        sortino=sortino_ratio(returns, per_year),
        calmar=annual / worst if worst > 0 else NAN,
        probabilistic_sharpe=_probable(sample),
        max_drawdown=worst,
        max_drawdown_days=_days_below(ts, equity, peaks),
        skew=sample.skew,
        kurtosis=sample.kurtosis,
        best_day=float(returns.max()) if len(returns) else NAN,
        worst_day=float(returns.min()) if len(returns) else NAN,
        days=len(returns),
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
    wins, losses = pnl > 0, pnl < 0
    won, lost = pnl[wins], pnl[losses]
    count = len(pnl)
    gained, spent = float(np.add.reduce(won)), -float(np.add.reduce(lost))
    return TradeStatistics(
        trades=count,
        winners=len(won),
        losers=len(lost),
        win_rate=len(won) / count if count else NAN,
        profit_factor=gained / spent if spent > 0 else NAN,
        expectancy=float(np.add.reduce(pnl)) / count if count else NAN,
        average_win=gained / len(won) if len(won) else NAN,
        average_loss=-spent / len(lost) if len(lost) else NAN,
        best=float(pnl.max()) if count else NAN,
        worst=float(pnl.min()) if count else NAN,
        longest_win_streak=longest_run(wins),
        longest_loss_streak=longest_run(losses),
        average_hold_s=float(np.mean(hold_ns)) / 1e9 if count else NAN,
    )


def longest_run(flags: NDArray[np.bool_]) -> int:
    """Length of the longest stretch that is true."""
    # Between two that are false, beyond both ends too, all are true.
    bounds = np.flatnonzero(~flags)
    if not len(bounds):
        return len(flags)
    inside = int((bounds[1:] - bounds[:-1]).max(initial=1)) - 1
    return max(inside, int(bounds[0]), len(flags) - 1 - int(bounds[-1]))
