"""Figures of returns that a report adds to those of `performance`.

Returns are simple, one a trade date; where a reference library has the figure, its
convention is taken (empyrical-reloaded; the tests compare them), else the paper's.
"""

import math
from statistics import NormalDist
from typing import Final

import numpy as np

from app.analytics.performance import NAN, moments, sharpe_ratio
from app.analytics.run_data import Floats

_NORMAL: Final = NormalDist()


def value_at_risk(returns: Floats, level: float = 0.05) -> float:
    """Quantile of returns that the worst `level` of them lie below; a loss is < 0.

    Historical simulation, linear between observations. Jorion (2006), chapter 10.
    """
    return float(np.quantile(returns, level)) if len(returns) else NAN


def expected_shortfall(returns: Floats, level: float = 0.05) -> float:
    """Mean of the worst `level` of returns, at least one of them; a loss is < 0.

    Rockafellar and Uryasev (2000), of the empirical distribution.
    """
    if not len(returns):
        return NAN
    count = int((len(returns) - 1) * level) + 1
    return float(np.mean(np.partition(returns, count - 1)[:count]))


def omega_ratio(returns: Floats, threshold: float = 0.0) -> float:
    """Gains above a threshold ÷ losses below it. Keating and Shadwick (2002)."""
    excess = returns - threshold
    losses = -float(excess[excess < 0].sum())
    return float(excess[excess > 0].sum()) / losses if losses > 0 else NAN


def tail_ratio(returns: Floats) -> float:
    """95th percentile ÷ 5th, both absolute: how the best days compare to the worst."""
    if not len(returns):
        return NAN
    high, low = np.abs(np.percentile(returns, [95, 5]))
    return float(high / low) if low > 0 else NAN


def stability(returns: Floats) -> float:
    """R² of a line through cumulative log returns."""
    if len(returns) < 2 or (returns <= -1).any():
        return NAN
    curve = np.cumsum(np.log1p(returns))
    if not float(np.ptp(curve)) > 0.0:
        return NAN
    found = float(np.corrcoef(np.arange(len(curve)), curve)[0, 1])
    return found * found


def downside_deviation(returns: Floats, per_year: int) -> float:
    """Root of the mean square of returns below 0, over all of them, of a year."""
    if not len(returns):
        return NAN
    below = np.minimum(returns, 0.0)
    return math.sqrt(float(np.mean(below**2)) * per_year)


def alpha_beta(
    returns: Floats, benchmark: Floats, per_year: int, risk_free: float = 0.0
) -> tuple[float, float]:
    """Intercept, compounded over a year, and slope of returns on a benchmark's.

    Jensen (1968), "The Performance of Mutual Funds in the Period 1945-1964".

    Parameters
    ----------
    risk_free : float
        Per return.
    """
    known = ~(np.isnan(returns) | np.isnan(benchmark))
    own, other = returns[known] - risk_free, benchmark[known] - risk_free
    if len(own) < 2:
        return NAN, NAN
    centred = other - other.mean()
    spread = float(np.mean(centred**2))
    if not spread > 1e-30:
        return NAN, NAN
    beta = float(np.mean(centred * (own - own.mean()))) / spread
    alpha = float(np.mean(own - beta * other))
    return (1.0 + alpha) ** per_year - 1.0, beta


def information_ratio(returns: Floats, benchmark: Floats, per_year: int) -> float:
    """Mean ÷ deviation of returns above the benchmark's, of a year. Goodwin (1998)."""
    known = ~(np.isnan(returns) | np.isnan(benchmark))
    return sharpe_ratio(returns[known] - benchmark[known], per_year)


def capture(returns: Floats, benchmark: Floats, per_year: int, side: int) -> float:
    """Return a year on the benchmark's up (+1) or down (-1) days ÷ the benchmark's."""
    chosen = benchmark > 0 if side > 0 else benchmark < 0
    own, other = returns[chosen], benchmark[chosen]
    if not len(other):
        return NAN
    below = annual_return(other, per_year)
    return annual_return(own, per_year) / below if below else NAN


def annual_return(returns: Floats, per_year: int) -> float:
    """Geometric return of so many returns a year."""
    if not len(returns):
        return NAN
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.expm1(np.log1p(returns).sum() * per_year / len(returns)))


def ulcer_index(drawdown: Floats) -> float:
    """Root mean square of drawdowns. Martin and McCann (1989)."""
    return math.sqrt(float(np.mean(drawdown**2))) if len(drawdown) else NAN


def least_track_record(
    returns: Floats, level: float = 0.95, benchmark: float = 0.0
) -> float:
    """Returns needed for the Sharpe ratio to be above a benchmark's at a confidence.

    Bailey and López de Prado (2012), equation 13; both ratios are per return. NaN where
    it is not above.
    """
    ratio = sharpe_ratio(returns, 1)
    if math.isnan(ratio) or ratio <= benchmark:
        return NAN
    skew, kurtosis = moments(returns)
    spread = 1.0 - skew * ratio + (kurtosis - 1.0) / 4.0 * ratio**2
    return 1.0 + spread * (_NORMAL.inv_cdf(level) / (ratio - benchmark)) ** 2


def sharpe_deviation(returns: Floats) -> float:
    """Standard error of the Sharpe ratio per return. Lo (2002), Mertens (2002)."""
    ratio = sharpe_ratio(returns, 1)
    skew, kurtosis = moments(returns)
    spread = 1.0 - skew * ratio + (kurtosis - 1.0) / 4.0 * ratio**2
    if len(returns) < 3 or math.isnan(spread) or not spread > 0.0:
        return NAN
    return math.sqrt(spread / (len(returns) - 1))


def kelly_fraction(pnl: Floats) -> float:
    """Share of the capital a trade may risk: p - (1 - p) ÷ payoff. Kelly (1956)."""
    won, lost = pnl[pnl > 0], pnl[pnl < 0]
    if not len(won) or not len(lost):
        return NAN
    payoff = float(won.mean()) / -float(lost.mean())
    share = len(won) / len(pnl)
    return share - (1.0 - share) / payoff


def system_quality(pnl: Floats) -> float:
    """Mean ÷ deviation of trades' profits × √(trades, 100 at most). Tharp (2008)."""
    if len(pnl) < 2:
        return NAN
    deviation = float(np.std(pnl, ddof=1))
    if not deviation > 0.0:
        return NAN
    return float(pnl.mean()) / deviation * math.sqrt(min(len(pnl), 100))


def rolling_moments(
    values: Floats, other: Floats, window: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Mean and variance of `values`, covariance with and variance of `other`.

    Of the last `window` values each, of a sample; NaN before there are so many.
    """
    size = len(values)
    empty = np.full(size, NAN)
    if size < window or window < 2:
        return empty, empty.copy(), empty.copy(), empty.copy()
    # Centred first, so that differences of sums do not lose digits.
    shift, base = float(np.mean(values)), float(np.nanmean(other))
    own, held = values - shift, other - base

    def total(each: Floats) -> Floats:
        sums = np.concatenate([[0.0], np.cumsum(each)])
        found = np.full(size, NAN)
        found[window - 1 :] = sums[window:] - sums[:-window]
        return found

    mean, mean_other = total(own) / window, total(held) / window
    free = window - 1
    variance = np.maximum(total(own * own) - window * mean**2, 0.0) / free
    spread = np.maximum(total(held * held) - window * mean_other**2, 0.0) / free
    both = (total(own * held) - window * mean * mean_other) / free
    return mean + shift, variance, both, spread
