"""Overfitting statistics against what their papers print."""

import math

import numpy as np
import pytest

from app.analytics.overfitting import (
    BLOCKS,
    backtest_overfitting,
    blocks_for,
    deflated_sharpe,
    expected_best_sharpe,
    independent_trials,
)
from app.analytics.performance import drawdown_days, probabilistic_sharpe, sharpe_ratio


@pytest.mark.parametrize(("trials", "chance"), [(100, 0.9004), (46, 0.9505)])
def test_the_deflated_ratio_of_the_paper(trials: int, chance: float) -> None:
    """Bailey and López de Prado (2014), the numerical example.

    Five years of 250 returns, an annual ratio of 2.5, a variance of annual ratios of
    1/2, skewness -3, kurtosis 10.
    """
    threshold = expected_best_sharpe(0.5 / 250, trials)

    found = probabilistic_sharpe(2.5 / math.sqrt(250), threshold, 1250, -3.0, 10.0)

    if trials == 100:
        assert threshold == pytest.approx(0.1132, abs=5e-5)
    assert found == pytest.approx(chance, abs=5e-5)


def test_trials_without_skill_are_deflated_and_skill_is_not() -> None:
    noise = np.random.default_rng(3).normal(0.0, 0.01, (1000, 60))
    ratios = np.array([sharpe_ratio(each, 1) for each in noise.T])
    best = noise[:, int(np.argmax(ratios))]

    lucky = deflated_sharpe(best, ratios)
    able = deflated_sharpe(noise[:, 0] + 0.004, ratios)

    assert probabilistic_sharpe(max(ratios), 0.0, 1000, 0.0, 3.0) > 0.97
    assert lucky.probability < 0.75
    assert able.probability > 0.99
    assert lucky.trials == 60


def test_one_trial_is_not_deflated() -> None:
    assert math.isnan(deflated_sharpe(np.ones(5), np.array([0.1])).probability)
    assert expected_best_sharpe(0.5, 1) == 0.0


def test_halves_are_as_many_as_in_the_paper() -> None:
    noise = np.random.default_rng(1).normal(size=(320, 4))

    found = backtest_overfitting(noise)

    assert (found.blocks, found.combinations) == (BLOCKS, 12_870)


def test_centred_trials_are_always_overfitted() -> None:
    """What is best on one half is worst on the other (Bailey et al., table 1, SR 0)."""
    noise = np.random.default_rng(2).normal(size=(1000, 100))
    centred = noise[1000 - 16 * 62 :]
    centred = (centred - centred.mean(0)) / centred.std(0)

    found = backtest_overfitting(centred)

    assert found.probability == pytest.approx(1.0, abs=0.005)
    assert found.degradation < -0.9
    assert found.loss_probability == 1.0


def test_one_able_trial_is_no_overfitting() -> None:
    noise = np.random.default_rng(4).normal(size=(800, 50))
    noise[:, 7] += 0.4

    found = backtest_overfitting(noise)

    assert found.probability < 0.01
    assert found.loss_probability == 0.0


def test_chance_alone_is_overfitted_half_of_the_time() -> None:
    found = [
        backtest_overfitting(np.random.default_rng(seed).normal(size=(160, 20)), 8)
        for seed in range(60)
    ]

    mean = float(np.mean([each.probability for each in found]))
    assert mean == pytest.approx(0.5, abs=0.06)


def test_a_plain_loop_says_the_same() -> None:
    from itertools import combinations

    returns = np.random.default_rng(9).normal(0.1, 1.0, (61, 5))
    blocks = np.array_split(returns[1:], 6)
    below = []
    for chosen in combinations(range(6), 3):
        inside = np.concatenate([blocks[i] for i in chosen])
        outside = np.concatenate([blocks[i] for i in range(6) if i not in chosen])
        best = np.argmax(inside.mean(0) / inside.std(0, ddof=1))
        ratios = outside.mean(0) / outside.std(0, ddof=1)
        rank = 1 + np.sum(ratios < ratios[best])
        below.append(math.log(rank / (6 - rank)) <= 0)

    found = backtest_overfitting(returns, 6)

    assert found.probability == np.mean(below)


def test_what_is_too_short_says_nothing() -> None:
    assert blocks_for(15) == 0
    assert blocks_for(16) == 4
    assert blocks_for(64) == 16
    assert math.isnan(backtest_overfitting(np.ones((10, 3))).probability)
    assert math.isnan(backtest_overfitting(np.ones((100, 1))).probability)


def test_equal_trials_count_as_one() -> None:
    noise = np.random.default_rng(5).normal(size=(500, 40))

    assert independent_trials(np.repeat(noise[:, :1], 40, 1)) == pytest.approx(1.0)
    assert independent_trials(noise) == pytest.approx(40.0, rel=0.05)
    assert independent_trials(np.zeros((500, 3))) == 0.0


def test_days_from_peak_to_peak() -> None:
    day = 86_400_000_000_000
    ts = np.arange(6, dtype=np.int64) * day
    equity = np.array([99.0, 101.0, 100.0, 100.5, 101.0, 90.0])

    assert drawdown_days(ts, equity, 100.0) == 2.0
    assert drawdown_days(ts[:1], equity[:1], 100.0) == 0.0
