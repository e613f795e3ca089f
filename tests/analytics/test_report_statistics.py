"""Statistics of a report: against a reference library, and published numbers."""

import math

import numpy as np
import pytest

from app.analytics.performance import (
    drawdowns,
    performance,
    sharpe_ratio,
    sortino_ratio,
)
from app.analytics.report import statistics as own
from app.analytics.report.svg import nice_steps, thinned

RETURNS = np.random.default_rng(5).standard_t(4, 750) * 0.01 + 0.0004
MARKET = 0.6 * RETURNS + np.random.default_rng(6).normal(0, 0.008, 750)


def test_another_library_says_the_same() -> None:
    """Figures that empyrical-reloaded 0.7.1 gave for the same returns."""
    alpha, beta = own.alpha_beta(RETURNS, MARKET, 252)
    equity = np.cumprod(1 + RETURNS).astype(np.float64)

    for mine, theirs in (
        (own.value_at_risk(RETURNS), -0.022067532505653006),
        (own.expected_shortfall(RETURNS), -0.03352589950937327),
        (own.omega_ratio(RETURNS), 1.0228274225160194),
        (own.tail_ratio(RETURNS), 0.9479137608725816),
        (own.stability(RETURNS), 0.4006375530491468),
        (own.downside_deviation(RETURNS, 252), 0.16072802486591375),
        (alpha, 0.04485830481270847),
        (beta, 0.8882182668066075),
        (own.annual_return(RETURNS, 252), 0.003651702688711511),
        (sharpe_ratio(RETURNS, 252), 0.12786719978443908),
        (sortino_ratio(RETURNS, 252), 0.1772471088401813),
        (own.information_ratio(RETURNS, MARKET, 1), 0.018859653277955964),
        (own.capture(RETURNS, MARKET, 252, 1), 0.6542598067814506),
        (own.capture(RETURNS, MARKET, 252, -1), 0.9364903616288401),
        (-drawdowns(equity, 1.0).max(), -0.33643574697399714),
    ):
        assert mine == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize(("per_year", "years"), [(252, 2.73), (52, 2.83), (12, 3.24)])
def test_the_least_track_record_is_that_of_its_paper(
    per_year: int, years: float
) -> None:
    """Bailey and López de Prado (2012): years until 2 is known to be above 1.

    Annual Sharpe ratios of normal daily, weekly and monthly returns, at 95 %.
    """
    # Three values with a normal's skew and kurtosis, 0 and 3.
    normal = np.array([-math.sqrt(3), 0, 0, 0, 0, math.sqrt(3)] * 20_000)
    returns = normal + 2 / math.sqrt(per_year)

    found = own.least_track_record(returns, benchmark=1 / math.sqrt(per_year))

    assert found / per_year == pytest.approx(years, abs=0.005)


def test_rolling_figures_are_those_of_each_window() -> None:
    mean, variance, both, spread = own.rolling_moments(RETURNS, MARKET, 60)

    for at in (59, 60, 400, 749):
        own_part, other = RETURNS[at - 59 : at + 1], MARKET[at - 59 : at + 1]
        assert mean[at] == pytest.approx(own_part.mean())
        assert variance[at] == pytest.approx(own_part.var(ddof=1))
        assert both[at] == pytest.approx(np.cov(own_part, other)[0, 1])
        assert spread[at] == pytest.approx(other.var(ddof=1))
    assert np.isnan(mean[:59]).all()


def test_what_is_not_defined_is_nan() -> None:
    none = np.empty(0)

    for each in (own.value_at_risk, own.expected_shortfall, own.omega_ratio):
        assert math.isnan(each(none))
    assert math.isnan(own.kelly_fraction(np.array([1.0, 2.0])))
    assert math.isnan(own.alpha_beta(RETURNS, np.zeros(750), 252)[1])


def test_a_curve_that_is_thinned_keeps_its_extremes() -> None:
    values = np.random.default_rng(1).normal(size=20_000)

    rows = thinned(values, np.arange(20_000))

    assert len(rows) < 1300
    assert values[rows].max() == values.max()
    assert values[rows].min() == values.min()
    assert nice_steps(-3.0, 11.0, 5) == [0.0, 5.0, 10.0]


def test_what_no_float_holds_is_not_defined() -> None:
    """A fifth won within a minute is no finite return a year."""
    ts = np.array([0, 60 * 10**9])
    found = performance(ts, np.array([100.0, 120.0]), np.zeros(2, np.int64), 100.0)

    assert found.total_return == pytest.approx(0.2)
    assert math.isnan(found.annual_return)
