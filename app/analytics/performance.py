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
    peaks = np.maximum.accumulate(np.maximum(equity, start))
    found: Floats = 1.0 - equity / peaks
    return found


def drawdown_days(ts: NDArray[np.int64], equity: Floats, start: float) -> float:
    """Longest time from a peak until it was reached again, or the end, in days."""
    if not len(ts):
        return 0.0
    is_peak = equity >= np.maximum.accumulate(np.maximum(equity, start))
    newest = np.maximum.accumulate(np.where(is_peak, np.arange(len(ts)), 0))
    return int((ts - ts[newest]).max()) / _DAY_NS


def sharpe_ratio(returns: Floats, per_year: int) -> float:
    """Mean ÷ deviation of returns, of a year; NaN if they do not vary."""
    if len(returns) < 2:
        return NAN
    deviation = float(np.std(returns, ddof=1))
    if not deviation > 0.0:
        return NAN
    return float(np.mean(returns)) / deviation * math.sqrt(per_year)


def sortino_ratio(returns: Floats, per_year: int) -> float:
    """Mean ÷ downside deviation (below 0, over all n), of a year."""
    if not len(returns):
        return NAN
    downside = math.sqrt(float(np.mean(np.minimum(returns, 0.0) ** 2)))
    if not downside > 0.0:
        return NAN
    return float(np.mean(returns)) / downside * math.sqrt(per_year)


def probabilistic_sharpe_ratio(returns: Floats, benchmark: float = 0.0) -> float:
    """Probability that the true Sharpe ratio exceeds a benchmark's, both per return.

    Bailey and López de Prado (2012), equation 11.
    """
    count = len(returns)
    if count < 3:
        return NAN
    ratio = sharpe_ratio(returns, 1)
    if math.isnan(ratio):
        return NAN
    return probabilistic_sharpe(ratio, benchmark, count, *moments(returns))


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
    if len(returns) < 2:
        return NAN, NAN
    centred = returns - np.mean(returns)
    variance = float(np.mean(centred**2))
    if not variance > 0.0:
        return NAN, NAN
    return (
        float(np.mean(centred**3)) / variance**1.5,
        float(np.mean(centred**4)) / variance**2,
    )


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
    days, closes = daily(ts, equity, day_of)
    returns = returns_of(closes, start)
    end = float(equity[-1]) if len(equity) else start
    years = (float(ts[-1] - ts[0]) / _DAY_NS / _YEAR_DAYS) if len(ts) > 1 else 0.0
    total = end / start - 1.0
    annual = (end / start) ** (1.0 / years) - 1.0 if years > 0 and end > 0 else NAN
    worst = float(drawdowns(equity, start).max(initial=0.0))
    skew, kurtosis = moments(returns)
    deviation = float(np.std(returns, ddof=1)) if len(returns) > 1 else NAN
    return Performance(
        total_return=total,
        annual_return=annual,
        volatility=deviation * math.sqrt(per_year),
        sharpe=sharpe_ratio(returns, per_year),
        sortino=sortino_ratio(returns, per_year),
        calmar=annual / worst if worst > 0 else NAN,
        probabilistic_sharpe=probabilistic_sharpe_ratio(returns),
        max_drawdown=worst,
        max_drawdown_days=drawdown_days(ts, equity, start),
        skew=skew,
        kurtosis=kurtosis,
        best_day=float(returns.max(initial=-math.inf)) if len(returns) else NAN,
        worst_day=float(returns.min(initial=math.inf)) if len(returns) else NAN,
        days=len(days),
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
    won, lost = pnl[pnl > 0], pnl[pnl < 0]
    count, losses = len(pnl), -float(lost.sum())
    return TradeStatistics(
        trades=count,
        winners=len(won),
        losers=len(lost),
        win_rate=len(won) / count if count else NAN,
        profit_factor=float(won.sum()) / losses if losses > 0 else NAN,
        expectancy=float(pnl.mean()) if count else NAN,
        average_win=float(won.mean()) if len(won) else NAN,
        average_loss=float(lost.mean()) if len(lost) else NAN,
        best=float(pnl.max()) if count else NAN,
        worst=float(pnl.min()) if count else NAN,
        longest_win_streak=longest_run(pnl > 0),
        longest_loss_streak=longest_run(pnl < 0),
        average_hold_s=float(np.mean(hold_ns)) / 1e9 if count else NAN,
    )


def longest_run(flags: NDArray[np.bool_]) -> int:
    """Length of the longest stretch that is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))
