"""Estimators of stylised facts against numbers that can be worked out."""

import numpy as np
import pytest

from app.analytics.stylised_facts import (
    SIGN_LAGS,
    autocorrelation,
    decay_exponent,
    excess_kurtosis,
    hill_exponent,
    observe,
    stylised_facts,
)
from app.engine.records import (
    BUY,
    MARKET,
    SELL,
    EventKind,
    RecordFlag,
    TradeCondition,
)


def test_autocorrelation_by_box_jenkins_and_reinsel():
    """Their example of section 2.1: 70 yields, here the first ten (series F)."""
    yields = np.array([47.0, 64, 23, 71, 38, 64, 55, 41, 59, 48])

    assert yields.mean() == 51.0
    # -1497 / 1896 = -0.79, their worked calculation of r1.
    assert autocorrelation(yields, 1) == pytest.approx(-1497 / 1896)
    assert round(autocorrelation(yields, 1), 2) == -0.79


def test_autocorrelation_of_an_autoregression_is_its_power():
    random = np.random.default_rng(3)
    series = np.zeros(200_000)
    for i, shock in enumerate(random.normal(size=len(series) - 1)):
        series[i + 1] = 0.6 * series[i] + shock

    for lag in (1, 2, 5):
        assert autocorrelation(series, lag) == pytest.approx(0.6**lag, abs=0.01)


@pytest.mark.parametrize("lag", [0, -1, 4])
def test_a_lag_outside_the_series_is_refused(lag):
    with pytest.raises(ValueError, match=r"lag must lie in \[1, 3\]"):
        autocorrelation(np.arange(4.0), lag)


@pytest.mark.parametrize("exponent", [1.5, 3.0])
def test_hill_finds_the_exponent_of_a_pareto(exponent):
    draws = np.random.default_rng(5).uniform(size=100_000)
    pareto = (1.0 - draws) ** (-1.0 / exponent)

    # Three standard errors: exponent / sqrt(5000).
    allowed = 3 * exponent / 5000**0.5
    assert hill_exponent(pareto) == pytest.approx(exponent, abs=allowed)


def test_kurtosis_of_known_shapes():
    random = np.random.default_rng(7)

    assert excess_kurtosis(np.array([-1.0, 1.0] * 50)) == pytest.approx(-2.0)
    assert excess_kurtosis(random.normal(size=400_000)) == pytest.approx(0, abs=0.03)
    assert excess_kurtosis(random.laplace(size=400_000)) == pytest.approx(3, abs=0.3)


def test_decay_of_a_power_law_is_its_exponent():
    law = tuple(0.4 * lag**-0.6 for lag in SIGN_LAGS)

    assert decay_exponent(SIGN_LAGS, law) == pytest.approx(0.6)


def test_decay_leaves_out_what_lies_behind_the_first_zero():
    law = (0.4, 0.4 * 2**-0.5, 0.4 * 3**-0.5, -0.01, 0.9, 0.9, 0.9, 0.9, 0.9)

    assert decay_exponent(SIGN_LAGS, law) == pytest.approx(0.5)


def add(reference, side, price, size, ts):
    record = np.zeros(1, MARKET)
    record["kind"], record["reference"] = EventKind.ORDER_ADD, reference
    record["side"], record["price"], record["size"] = side, price, size
    record["ts_venue"] = record["ts_received"] = ts
    record["flags"] = RecordFlag.LAST
    return record


def execute(reference, side, price, size, ts):
    record = add(reference, side, price, size, ts)
    record["kind"], record["aggressor"] = EventKind.ORDER_EXECUTE, -side
    return record


def market(*records):
    begin = np.zeros(1, MARKET)
    begin["kind"], begin["flags"] = EventKind.SNAPSHOT_BEGIN, RecordFlag.SNAPSHOT
    end = begin.copy()
    end["kind"] = EventKind.SNAPSHOT_END
    end["flags"] = RecordFlag.SNAPSHOT | RecordFlag.LAST
    return np.concatenate([begin, end, *records])


def test_observations_of_a_small_market():
    seen = observe(
        market(
            add(1, BUY, 100, 5, 1),
            add(2, SELL, 104, 7, 2),
            add(3, SELL, 106, 9, 3),
            execute(2, SELL, 104, 7, 4),
            execute(3, SELL, 106, 2, 4),
            execute(1, BUY, 100, 1, 5),
        ),
        "orders",
        2,
    )

    # Two resting orders were met by one aggressor at one time: one trade.
    assert seen.trade_sign.tolist() == [1, -1]
    assert seen.trade_size.tolist() == [9, 1]
    assert seen.adds == 3
    assert seen.executions == 3
    met = seen.trade_book[0]
    assert seen.bids[met, 0] == 100
    assert seen.asks[met, :2].tolist() == [104, 106]
    assert seen.ask_sizes[met, :2].tolist() == [7, 9]


def test_hidden_and_auction_prints_are_no_trades_of_the_book():
    records = market(
        add(1, BUY, 100, 5, 1),
        execute(1, BUY, 100, 1, 2),
        execute(1, BUY, 100, 1, 3),
        execute(1, BUY, 100, 1, 4),
    )
    records["conditions"][-1] = TradeCondition.HIDDEN
    records["conditions"][-2] = TradeCondition.AUCTION

    assert len(observe(records, "orders", 1).trade_sign) == 1


def test_too_few_trades_are_refused():
    with pytest.raises(ValueError, match="need 300 trades, there were 1"):
        stylised_facts(
            observe(
                market(add(1, BUY, 100, 5, 1), execute(1, BUY, 100, 1, 2)), "orders", 1
            )
        )
