"""Indicators: published values, plain references, no look ahead."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from app.engine.history.records import BAR_ROW
from app.engine.indicators.market import imbalance, imbalance_bucket, microprice
from app.engine.indicators.series import (
    INDICATORS,
    IndicatorRun,
    checked,
    indicator_series,
)
from app.errors import EngineError
from tests.shared_data import shared_data

SCALE = 10_000
# StockCharts' worked examples, "Relative Strength Index" and "Moving Averages".
RSI_CLOSES = (
    44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433,
    46.0826, 45.8931, 46.0328, 45.6140, 46.2820, 46.2820, 46.0028, 46.0328, 46.4116,
    46.2222, 45.6439, 46.2122, 46.2521, 45.7137, 46.4515, 45.7835, 45.3548, 44.0288,
    44.1783, 44.2181, 44.5672, 43.4205, 42.6628, 43.1314,
)  # fmt: skip
RSI_VALUES = (
    70.53, 66.32, 66.55, 69.41, 66.36, 57.97, 62.93, 63.26, 56.06, 62.38, 54.71, 50.42,
    39.99, 41.46, 41.87, 45.46, 37.30, 33.08, 37.77,
)  # fmt: skip
EMA_CLOSES = (
    22.2734, 22.1940, 22.0847, 22.1741, 22.1840, 22.1344, 22.2337, 22.4323, 22.2436,
    22.2933, 22.1542, 22.3926, 22.3816, 22.6109, 23.3558, 24.0519, 23.7530, 23.8324,
    23.9516, 23.6338, 23.8225, 23.8722, 23.6537, 23.1870, 23.0976, 23.3260, 22.6805,
    23.0976, 22.4025, 22.1725,
)  # fmt: skip
EMA_VALUES = (
    22.22, 22.21, 22.24, 22.27, 22.33, 22.52, 22.80, 22.97, 23.13, 23.28, 23.34, 23.43,
    23.51, 23.54, 23.47, 23.40, 23.39, 23.26, 23.23, 23.08, 22.92,
)  # fmt: skip


def bars(closes: object, reach: int = 0) -> np.ndarray:
    values = np.round(np.asarray(closes, float) * SCALE).astype(np.int64)
    made = np.zeros(len(values), BAR_ROW)
    made["close"], made["high"], made["low"] = values, values + reach, values - reach
    made["volume"] = 1 + np.arange(len(values)) % 7
    made["turnover"] = made["volume"] * values.astype(float)
    return made


def test_rsi_has_the_published_values() -> None:
    got = indicator_series("rsi", {"length": 14}, bars(RSI_CLOSES))[:, 0]

    assert np.isnan(got[:14]).all()
    assert got[14:] == pytest.approx(RSI_VALUES, abs=0.006)


def test_ema_has_the_published_values() -> None:
    got = indicator_series("ema", {"length": 10}, bars(EMA_CLOSES))[:, 0] / SCALE

    assert np.isnan(got[:9]).all()
    assert got[9:] == pytest.approx(EMA_VALUES, abs=0.006)


def google() -> np.ndarray:
    """The first sixty days of backtesting.py's GOOG."""
    lines = shared_data("backtestingpy", "GOOG.csv").read_text().splitlines()[1:61]
    table = np.array([[float(x) for x in line.split(",")[1:6]] for line in lines])
    made = np.zeros(len(table), BAR_ROW)
    for i, name in enumerate(("open", "high", "low", "close")):
        made[name] = np.round(table[:, i] * SCALE)
    return made


def test_bollinger_macd_and_rsi_equal_ta_lib_on_real_prices() -> None:
    # TA-Lib 0.6 (C library) on the same sixty closes.
    days = google()

    bands = indicator_series("bollinger", {}, days)[[19, 40, 59]] / SCALE
    macd = indicator_series("macd", {}, days)
    rsi = indicator_series("rsi", {}, days)[[14, 59], 0]

    assert bands[:, 1] == pytest.approx([113.53795354, 148.64592333, 209.53765082])
    assert bands[:, 0] == pytest.approx([105.2805, 131.0685, 173.5685])
    assert bands[:, 2] == pytest.approx([97.02304646, 113.49107667, 137.59934918])
    assert rsi == pytest.approx([53.27569006, 61.75982971])
    # TA-Lib begins the fast average later, with the slow one; the seeds fade.
    assert macd[59, 0] / SCALE == pytest.approx(10.28053844, rel=0.02)


def test_the_average_true_range_is_wilders() -> None:
    # Against the definition; TA-Lib leaves the first bar's range out of the first mean.
    days = google()
    high, low, close = (days[name].astype(float) for name in ("high", "low", "close"))
    reach = high - low
    reach[1:] = np.maximum.reduce(
        [reach[1:], abs(high[1:] - close[:-1]), abs(low[1:] - close[:-1])]
    )
    wanted = reach[:14].mean()
    for value in reach[14:]:
        wanted += (value - wanted) / 14

    got = indicator_series("atr", {}, days)[:, 0]

    assert np.isnan(got[:13]).all()
    assert got[13] == pytest.approx(reach[:14].mean())
    assert got[-1] == pytest.approx(wanted)


_PRICES = st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=60)


@given(_PRICES, st.integers(1, 12))
def test_windows_equal_numpys_over_any_values(values: list[int], length: int) -> None:
    rows = np.zeros(len(values), BAR_ROW)
    for name in ("close", "high", "low"):
        rows[name] = values

    sma = indicator_series("sma", {"length": length}, rows)[:, 0]
    channel = indicator_series("donchian", {"length": length}, rows)

    assert np.isnan(sma[: length - 1]).all()
    for i in range(length - 1, len(values)):
        window = np.array(values[i + 1 - length : i + 1], float)
        assert sma[i] == pytest.approx(window.mean(), rel=1e-12, abs=1e-6)
        assert channel[i, 0] == window.max()
        assert channel[i, 1] == window.min()


@given(_PRICES, st.integers(2, 12))
def test_the_z_score_is_of_the_windows_population(
    values: list[int], length: int
) -> None:
    rows = np.zeros(len(values), BAR_ROW)
    rows["close"] = values

    got = indicator_series("z_score", {"length": length}, rows)[:, 0]

    for i in range(length - 1, len(values)):
        window = np.array(values[i + 1 - length : i + 1], float)
        spread = window.std()
        wanted = 0.0 if spread == 0 else (values[i] - window.mean()) / spread
        assert got[i] == pytest.approx(wanted, rel=1e-6, abs=1e-6)


@given(st.integers(1, 100), st.sampled_from(sorted(set(INDICATORS) - {"vwap"})))
def test_the_past_does_not_know_the_future(cut: int, name: str) -> None:
    rows = bars(100 + np.sin(np.arange(120.0)) * 5, reach=300)

    whole = indicator_series(name, {}, rows)
    part = indicator_series(name, {}, rows[:cut])

    assert np.array_equal(whole[:cut], part, equal_nan=True)


def test_vwap_begins_anew_with_each_session() -> None:
    rows = bars([1.0, 2.0, 3.0, 4.0])
    rows["volume"] = [1, 3, 2, 2]
    rows["turnover"] = rows["volume"] * rows["close"].astype(float)

    got = indicator_series("vwap", {}, rows, sessions=[0, 2])[:, 0] / SCALE

    assert got == pytest.approx([1.0, 1.75, 3.0, 3.5])


def test_a_simple_average_does_not_drift_over_a_long_run() -> None:
    closes = np.where(np.arange(200_000) % 2, 1e9, 1e-4)
    got = indicator_series("sma", {"length": 7}, bars(closes))[:, 0]

    assert got[-1] == pytest.approx(np.round(closes[-7:] * SCALE).mean(), rel=1e-14)


def test_a_flat_market_has_no_strength_and_no_deviation() -> None:
    rows = bars([5.0] * 40)

    assert indicator_series("rsi", {}, rows)[-1, 0] == 50
    assert indicator_series("z_score", {}, rows)[-1, 0] == 0
    assert indicator_series("bollinger", {}, rows)[-1].tolist() == [50_000.0] * 3


def test_microprice_and_imbalance_lean_to_the_heavier_side() -> None:
    assert microprice(100.0, 30.0, 101.0, 10.0) == 100.75
    assert microprice(100.0, 0.0, 101.0, 0.0) == 100.5
    assert imbalance(30.0, 10.0) == 0.5
    assert imbalance(0.0, 0.0) == 0.0


def test_buckets_of_imbalance_are_alike_on_both_sides() -> None:
    for buckets in (3, 9):
        for bid, ask in ((1.0, 2.0), (7.0, 0.0), (5.0, 4.0), (1.0, 1.0), (0.0, 0.0)):
            here = imbalance_bucket(bid, ask, buckets)
            assert imbalance_bucket(ask, bid, buckets) == buckets - 1 - here
    assert [imbalance_bucket(x, 8.0 - x, 9) for x in range(9)] == [*range(9)]
    assert imbalance_bucket(2.0, 1.0, 3) == 2
    assert imbalance_bucket(1.99, 1.0, 3) == 1


def test_the_microprice_is_stoikovs_weighted_mid() -> None:
    # Stoikov (2018), section 1: W = I A + (1 - I) B, I = Qb / (Qb + Qa). By hand: one
    # lot bid for nine offered, at 100.00 and 100.02, gives I = 1/10; it is a mean of
    # bid and ask for each I, and mirrors where the sides change places.
    assert microprice(100.00, 1.0, 100.02, 9.0) == pytest.approx(100.002, abs=1e-12)
    assert microprice(100.00, 9.0, 100.02, 1.0) == pytest.approx(100.018, abs=1e-12)
    assert microprice(100.00, 5.0, 100.02, 5.0) == pytest.approx(100.01, abs=1e-12)
    assert microprice(100.00, 5.0, 100.02, 0.0) == pytest.approx(100.02, abs=1e-12)
    # By the queue imbalance (Gould & Bonart 2016): mid + spread / 2 x imbalance.
    for bids, asks in ((3.0, 7.0), (1.0, 0.0), (250.0, 1.0)):
        leans = 100.01 + 0.01 * imbalance(bids, asks)
        assert microprice(100.00, bids, 100.02, asks) == pytest.approx(leans, abs=1e-12)


def test_donchians_channel_is_that_of_google_to_be_read_off() -> None:
    # The four-week rule (Donchian 1960) on the first days of GOOG in backtesting.py's
    # data: the highest high and the lowest low of the window, the bar in hand counted.
    four_weeks = indicator_series("donchian", {"length": 20}, google())[19] / SCALE
    week = indicator_series("donchian", {"length": 5}, google())[10] / SCALE

    assert four_weeks == pytest.approx([115.80, 95.96, 105.88])
    assert week == pytest.approx([108.62, 98.94, 103.78])


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("smaa", {}, "indicator 'smaa' is unknown"),
        ("sma", {"size": 3}, "sma has no parameter 'size'"),
        ("sma", {"length": 0}, "length is a whole number from 1 to 5000, was 0"),
        ("sma", {"length": 2.5}, "was 2.5"),
        ("rsi", {"length": math.nan}, "was nan"),
        ("bollinger", {"width": -1}, "width is a number from 0.1 to 10, was -1"),
    ],
)
def test_bad_parameters_are_refused_by_name_rule_and_value(
    name: str, given: dict[str, float], words: str
) -> None:
    with pytest.raises(EngineError, match=words.replace("(", r"\(")):
        checked(name, given)


@pytest.mark.parametrize("name", sorted(INDICATORS))
def test_no_bars_give_no_values(name: str) -> None:
    got = indicator_series(name, {}, np.zeros(0, BAR_ROW))

    assert got.shape == (0, len(INDICATORS[name].lines))


@pytest.mark.parametrize("name", INDICATORS)
def test_a_run_that_goes_on_bar_by_bar_is_the_series(name: str) -> None:
    random = np.random.default_rng(7)
    rows = bars(100 + np.cumsum(random.normal(0, 0.1, 150)))
    rows["volume"], rows["turnover"] = 3, 3.0 * rows["close"]
    resets = [40, 90]
    wanted = indicator_series(name, {}, rows, resets)
    run = IndicatorRun(name, {})
    found = [run.take(rows[:20])]

    for at in range(20, len(rows)):
        reset = [0] if at in resets else []
        shown = run.peek(rows[at : at + 1], reset)
        np.testing.assert_array_equal(run.peek(rows[at : at + 1], reset), shown)
        found.append(run.take(rows[at : at + 1], reset))
        np.testing.assert_array_equal(found[-1], shown)

    np.testing.assert_array_equal(np.concatenate(found), wanted)
