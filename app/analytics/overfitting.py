"""How much of the best of many trials is luck.

`backtest_overfitting` cuts the returns of all trials into blocks of time, chooses the
best trial on each half of the blocks and looks where it ranks on the other half: the
combinatorially symmetric cross-validation of Bailey, Borwein, López de Prado and Zhu
(2017), "The Probability of Backtest Overfitting", Journal of Computational Finance.

`deflated_sharpe` asks whether the best Sharpe ratio exceeds what the best of so many
trials without skill would show: Bailey and López de Prado (2014), "The Deflated Sharpe
Ratio: Correcting for Selection Bias, Backtest Overfitting and Non-Normality", Journal
of Portfolio Management 40 (5).
"""

import itertools
import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from app.analytics.performance import (
    NAN,
    Floats,
    moments,
    probabilistic_sharpe,
    sharpe_ratio,
)

BLOCKS: Final = 16
"""Blocks of time, as in the paper: 12,870 ways to choose a half of them."""
_EULER: Final = 0.5772156649015329
_AT_ONCE: Final = 1 << 21
"""Sums of trials that are held at once: bounds the memory."""


@dataclass(frozen=True, slots=True)
class Overfitting:
    """What cross-validation says of choosing the best trial.

    Attributes
    ----------
    probability : float
        That the best in sample falls below the median out of sample (PBO).
    loss_probability : float
        That the best in sample loses out of sample.
    degradation : float
        Slope of the best's Sharpe ratio out of sample on that in sample.
    combinations : int
        Ways of choosing the halves that were tried.
    blocks : int
    """

    probability: float
    loss_probability: float
    degradation: float
    combinations: int
    blocks: int


@dataclass(frozen=True, slots=True)
class Deflated:
    """What is left of the best Sharpe ratio; ratios are per return, not of a year.

    Attributes
    ----------
    probability : float
        That the true ratio exceeds `threshold` (DSR).
    threshold : float
        What the best of so many trials without skill is expected to show.
    trials : float
    """

    probability: float
    threshold: float
    trials: float


def blocks_for(rows: int) -> int:
    """Return how many blocks so many returns are cut into; 0 if they are too few.

    Each block has four returns at least.
    """
    for count in range(BLOCKS, 2, -2):
        if rows // count >= 4:
            return count
    return 0


def backtest_overfitting(returns: Floats, blocks: int | None = None) -> Overfitting:
    """Cross-validate the choice of the best trial by its Sharpe ratio.

    Parameters
    ----------
    returns : (t, n) float64
        Returns of n trials at the same t times. The first rows, where strategies warm
        up, are left out if t is no multiple of the blocks. Returns that do not vary
        have a ratio of 0.
    blocks : int, optional
        Even; `blocks_for` by default.

    Returns
    -------
    Overfitting
        NaN where there are fewer than two trials or too few returns.
    """
    rows, trials = returns.shape
    count = blocks_for(rows) if blocks is None else blocks
    if trials < 2 or count < 2:
        return Overfitting(NAN, NAN, NAN, 0, 0)
    length = rows // count
    cut = returns[rows - length * count :].reshape(count, length, trials)
    sums, squares = cut.sum(1), np.square(cut).sum(1)
    halves = _halves(count)
    ranks, before, after = [], [], []
    step = max(1, _AT_ONCE // trials)
    for first in range(0, len(halves), step):
        chosen = halves[first : first + step]
        inside = _ratios(chosen @ sums, chosen @ squares, length * count // 2)
        outside = _ratios(
            (1.0 - chosen) @ sums, (1.0 - chosen) @ squares, length * count // 2
        )
        best = np.argmax(inside, axis=1)[:, None]
        of_best = np.take_along_axis(outside, best, 1)
        below = (outside < of_best).sum(1)
        equal = (outside == of_best).sum(1)
        ranks.append((below + (equal + 1) / 2) / (trials + 1))
        before.append(np.take_along_axis(inside, best, 1)[:, 0])
        after.append(of_best[:, 0])
    rank, inside_best, outside_best = map(np.concatenate, (ranks, before, after))
    return Overfitting(
        probability=float(np.mean(rank <= 0.5)),
        loss_probability=float(np.mean(outside_best < 0.0)),
        degradation=_slope(inside_best, outside_best),
        combinations=len(halves),
        blocks=count,
    )


def _halves(count: int) -> Floats:
    """All choices of a half of the blocks, as rows of ones and zeros."""
    chosen = np.array([*itertools.combinations(range(count), count // 2)])
    rows = np.zeros((len(chosen), count))
    np.put_along_axis(rows, chosen, 1.0, 1)
    return rows


def _ratios(sums: Floats, squares: Floats, count: int) -> Floats:
    """Sharpe ratios of sums of returns and of their squares."""
    mean = sums / count
    variance = (squares - sums * mean) / (count - 1)
    # What a sum of squares leaves of returns that do not vary is rounding.
    varies = variance > 1e-14 * np.maximum(squares / count, 1e-300)
    found: Floats = np.where(
        varies, mean / np.sqrt(np.where(varies, variance, 1.0)), 0.0
    )
    return found


def _slope(x: Floats, y: Floats) -> float:
    """Slope of a line through points by least squares; NaN if x does not vary."""
    centred = x - x.mean()
    spread = float(centred @ centred)
    return float(centred @ y) / spread if spread > 0.0 else NAN


def expected_best_sharpe(variance: float, trials: float) -> float:
    """What the best of so many trials without skill is expected to show.

    Equation 1 of Bailey and López de Prado (2014).

    Parameters
    ----------
    variance : float
        Of the trials' Sharpe ratios.
    trials : float
        How many of them are independent; 1 or fewer give 0.
    """
    if trials <= 1.0:
        return 0.0
    quantile = NormalDist().inv_cdf
    first = quantile(1.0 - 1.0 / trials)
    second = quantile(1.0 - 1.0 / (trials * math.e))
    return math.sqrt(variance) * ((1.0 - _EULER) * first + _EULER * second)


def deflated_sharpe(
    best: Floats, ratios: Floats, trials: float | None = None
) -> Deflated:
    """Deflate the Sharpe ratio of the best of several trials.

    Parameters
    ----------
    best : (t,) float64
        Returns of the best trial.
    ratios : (n,) float64
        Sharpe ratios of all trials, per return; NaN ones are left out.
    trials : float, optional
        How many of them are independent; by default all, which is the strictest.
    """
    known = ratios[np.isfinite(ratios)]
    count = float(len(known)) if trials is None else trials
    ratio = sharpe_ratio(best, 1)
    if len(known) < 2 or math.isnan(ratio):
        return Deflated(NAN, NAN, count)
    threshold = expected_best_sharpe(float(np.var(known, ddof=1)), count)
    skew, kurtosis = moments(best)
    chance = probabilistic_sharpe(ratio, threshold, len(best), skew, kurtosis)
    return Deflated(chance, threshold, count)


def independent_trials(returns: Floats) -> float:
    """How many independent trials correlated ones are worth.

    ``r + (1 - r) n`` with the mean correlation r of n trials: Bailey and López de Prado
    (2014), appendix A.3.

    Parameters
    ----------
    returns : (t, n) float64
        Those that do not vary are left out.
    """
    varying = returns[:, returns.std(axis=0) > 0.0] if len(returns) else returns
    count = varying.shape[1]
    if count < 2 or len(varying) < 2:
        return float(count)
    scaled = (varying - varying.mean(0)) / varying.std(0)
    # The sum of all correlations, without the n × n matrix of them.
    total = float(np.square(scaled.sum(1)).mean())
    mean = min(1.0, max(0.0, (total - count) / (count * (count - 1))))
    return float(mean + (1.0 - mean) * count)


__all__ = [
    "BLOCKS",
    "Deflated",
    "Overfitting",
    "backtest_overfitting",
    "blocks_for",
    "deflated_sharpe",
    "expected_best_sharpe",
    "independent_trials",
]
