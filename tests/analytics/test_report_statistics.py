"""Statistics of a report: against a reference library, and published numbers."""

import math

import numpy as np
import pytest

from app.analytics.performance import moments, sharpe_ratio, sortino_ratio
from app.analytics.report import statistics as own
from app.analytics.report.svg import nice_steps, thinned

RETURNS = np.random.default_rng(5).standard_t(4, 750) * 0.01 + 0.0004
MARKET = 0.6 * RETURNS + np.random.default_rng(6).normal(0, 0.008, 750)


def test_the_reference_library_says_the_same() -> None:
    empyrical = pytest.importorskip("empyrical")
    alpha, beta = own.alpha_beta(RETURNS, MARKET, 252)

    for mine, theirs in (
        (own.value_at_risk(RETURNS), empyrical.value_at_risk(RETURNS)),
        (
            own.expected_shortfall(RETURNS),
            empyrical.conditional_value_at_risk(RETURNS),
        ),
        (own.omega_ratio(RETURNS), empyrical.omega_ratio(RETURNS)),
        (own.tail_ratio(RETURNS), empyrical.tail_ratio(RETURNS)),
        (own.stability(RETURNS), empyrical.stability_of_timeseries(RETURNS)),
        (own.downside_deviation(RETURNS, 252), empyrical.downside_risk(RETURNS)),
        (alpha, empyrical.alpha(RETURNS, MARKET)),
        (beta, empyrical.beta(RETURNS, MARKET)),
        (own.annual_return(RETURNS, 252), empyrical.annual_return(RETURNS)),
        (sharpe_ratio(RETURNS, 252), empyrical.sharpe_ratio(RETURNS)),
        (sortino_ratio(RETURNS, 252), empyrical.sortino_ratio(RETURNS)),
        (
            own.information_ratio(RETURNS, MARKET, 1),
            empyrical.excess_sharpe(RETURNS, MARKET),
        ),
        (own.capture(RETURNS, MARKET, 252, 1), empyrical.up_capture(RETURNS, MARKET)),
        (
            own.capture(RETURNS, MARKET, 252, -1),
            empyrical.down_capture(RETURNS, MARKET),
        ),
    ):
        assert mine == pytest.approx(theirs, rel=1e-9)


def test_the_least_track_record_is_that_of_its_paper() -> None:
    # Bailey and López de Prado (2012): an annual Sharpe ratio of 2 of normal monthly
    # returns needs 0.73 of it ... by equation 13 with skew 0 and kurtosis 3.
    monthly = 2 / math.sqrt(12)
    expected = 1 + (1 + 0.5 * monthly**2) * (1.6448536269514722 / monthly) ** 2
    returns = np.array([monthly - 1, monthly + 1] * 60)
    ratio = sharpe_ratio(returns, 1)
    skew, kurtosis = moments(returns)
    spread = 1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2

    found = own.least_track_record(returns)

    assert found == pytest.approx(1 + spread * (1.6448536269514722 / ratio) ** 2)
    assert 0.5 * expected < found < 1.5 * expected


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
