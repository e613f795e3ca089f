"""A chart's models: intervals, the pyramid of bars against a plain join, the window."""

from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from app.engine.history.records import BAR_ROW, BarKind
from app.errors import ConfigError
from app.sessions.history import BarSeries, BarSpec
from app.ui.models.axis import multiples, price_step, round_step, time_marks
from app.ui.models.chart_bars import ALIGNED, FACTOR, ChartBars
from app.ui.models.chart_columns import columns, moved
from app.ui.models.chart_interval import PRESETS, interval_text, parse_interval
from app.ui.models.chart_look import ChartLook
from app.ui.models.chart_regimes import CALM, WILD, regimes, runs
from app.ui.models.chart_window import ChartWindow
from tests.ui.scripted_session import COIN, FUTURE, START_NS, STOCK

_SECOND = 1_000_000_000


class Series:
    """Bars that a test makes and lets grow."""

    def __init__(self, rows: np.ndarray) -> None:
        self.spec = BarSpec(BarKind.TIME, _SECOND)
        self.instrument = 0
        self.rows = rows
        self.count = 0
        self.is_complete = True
        self.is_released = False

    @property
    def version(self) -> int:
        return self.count

    def read(self, first: int, last: int) -> np.ndarray:
        return self.rows[max(0, first) : min(last, self.count)].copy()

    def find(self, ts: int) -> int:
        return int(np.searchsorted(self.rows["end"][: self.count], ts, side="right"))

    def release(self) -> None:
        self.is_released = True


def made_bars(count: int, seed: int = 5) -> np.ndarray:
    random = np.random.default_rng(seed)
    rows = np.zeros(count, BAR_ROW)
    rows["begin"] = START_NS + _SECOND * np.arange(count)
    rows["end"] = rows["begin"] + _SECOND
    rows["close"] = 17_000 + np.cumsum(random.integers(-3, 4, count))
    rows["open"] = np.append(17_000, rows["close"][:-1])
    rows["high"] = np.maximum(rows["open"], rows["close"]) + random.integers(
        0, 3, count
    )
    rows["low"] = np.minimum(rows["open"], rows["close"]) - random.integers(0, 3, count)
    rows["buys"], rows["sells"] = random.integers(0, 50, (2, count))
    rows["volume"] = rows["buys"] + rows["sells"]
    delta = rows["buys"] - rows["sells"]
    rows["delta_high"] = np.maximum(delta, 0) + random.integers(0, 5, count)
    rows["delta_low"] = np.minimum(delta, 0) - random.integers(0, 5, count)
    rows["trades"] = 1 + random.integers(0, 9, count)
    rows["first_trade"] = np.cumsum(rows["trades"]) - rows["trades"]
    rows["turnover"] = rows["volume"] * rows["close"]
    return rows


def plain_join(rows: np.ndarray) -> tuple[Any, ...]:
    """One bar of several, said at length."""
    delta, high, low = 0, -(1 << 60), 1 << 60
    for row in rows:
        high = max(high, delta + int(row["delta_high"]))
        low = min(low, delta + int(row["delta_low"]))
        delta += int(row["buys"] - row["sells"])
    total = {name: rows[name].sum() for name in ("volume", "buys", "sells", "trades")}
    return (
        rows["begin"][0], rows["end"][-1], rows["open"][0], rows["high"].max(),
        rows["low"].min(), rows["close"][-1], total["volume"], total["buys"],
        total["sells"], high, low, total["trades"], rows["first_trade"][0],
        rows["turnover"].sum(),
    )  # fmt: skip


@pytest.mark.parametrize("text", PRESETS)
@pytest.mark.parametrize("instrument", [FUTURE, STOCK, COIN])
def test_an_interval_is_written_as_it_is_read(text: str, instrument: Any) -> None:
    spec = parse_interval(text, instrument, 1_000_000)

    assert (
        parse_interval(
            interval_text(spec, instrument, 1_000_000), instrument, 1_000_000
        )
        == spec
    )


def test_intervals_mean_what_they_say() -> None:
    assert parse_interval(" 5S ", FUTURE) == BarSpec(BarKind.TIME, 5 * _SECOND)
    assert parse_interval("1.5m", FUTURE) == BarSpec(BarKind.TIME, 90 * _SECOND)
    assert parse_interval("500t", FUTURE) == BarSpec(BarKind.TICKS, 500)
    assert parse_interval("0.5v", COIN) == BarSpec(BarKind.VOLUME, 5_000)
    assert parse_interval("8r", STOCK, 50_000) == BarSpec(BarKind.RANGE, 800)


@pytest.mark.parametrize(
    "text", ["", "5", "s", "0s", "-1m", "1e9t", "0.5t", "0.01s", "9" * 12 + "d", "5 y"]
)
def test_what_is_no_interval_is_said_in_words(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_interval(text, FUTURE)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 1_700),
    st.lists(st.integers(1, 700), max_size=4),
    st.integers(0, 3),
    st.data(),
)
def test_joined_bars_equal_a_plain_join(
    count: int, grown: list[int], level: int, data: st.DataObject
) -> None:
    source = Series(made_bars(count + sum(grown)))
    bars = ChartBars()
    bars.follow(cast(BarSeries, source))
    for more in [count, *grown]:
        source.count += more
        bars.update()
    size = FACTOR**level
    first = data.draw(st.integers(0, source.count - 1)) // size * size
    last = data.draw(st.integers(first + 1, source.count))

    found = bars.read_joined(first, last, level)

    wanted = [
        plain_join(source.rows[i : min(i + size, last)])
        for i in range(first, last, size)
    ]
    assert [tuple(row) for row in found.tolist()] == wanted


def test_sums_reach_to_any_bar() -> None:
    rows = made_bars(1_000)
    source = Series(rows)
    source.count = len(rows)
    bars = ChartBars()
    bars.follow(cast(BarSeries, source))
    bars.update()

    for index in (0, 1, 63, 64, 65, 640, 999, 1_000, 5_000):
        part = rows[:index]
        delta = int((part["buys"] - part["sells"]).sum())
        wanted = (delta, int(part["volume"].sum()), float(part["turnover"].sum()))
        assert bars.sums_before(index) == wanted


def test_another_series_releases_the_one_before() -> None:
    source = Series(made_bars(10))
    bars = ChartBars()
    bars.follow(cast(BarSeries, source))

    bars.follow(None)

    assert source.is_released
    assert not bars.update()
    assert not len(bars.read(0, 10))


@pytest.mark.parametrize("px", [0.001, 0.05, 0.4, 1.0, 3.0, 40.0])
def test_columns_cover_the_window_and_lose_nothing(px: float) -> None:
    source = Series(made_bars(30_000))
    source.count = 30_000
    bars, window = ChartBars(), ChartWindow()
    bars.follow(cast(BarSeries, source))
    bars.update()
    window.bar_px = px
    window.show(800, 30_000)

    shown = columns(bars, window)

    part = source.rows[shown.first : shown.last]
    assert len(shown.rows) <= 802
    assert np.all(np.diff(shown.xs) >= 1)
    assert shown.rows["high"].max() == part["high"].max()
    assert shown.rows["low"].min() == part["low"].min()
    assert shown.rows["volume"].sum() == part["volume"].sum()
    delta = (source.rows["buys"] - source.rows["sells"]).astype(float)
    assert shown.cumulative[0] == delta[: shown.first].sum()


@pytest.mark.parametrize("ratio", [1.0, 2.0, 3.0])
def test_a_column_at_the_edge_is_whole_before_it_is_kept(ratio: float) -> None:
    source = Series(made_bars(30_000))
    source.count = 30_000
    bars, window = ChartBars(), ChartWindow()
    bars.follow(cast(BarSeries, source))
    bars.update()
    window.ratio, window.bar_px = ratio, 0.026
    window.show(200, 30_000)
    window.pan(300.0)
    shown = columns(bars, window)
    for _ in range(12):
        window.pan(-1 / ratio)  # one px of the device: edges come at odd ones, too
        shown = moved(bars, window, shown, bars.count - 1)

        wanted = columns(bars, window)
        assert shown.rows.tolist() == wanted.rows.tolist()
        assert shown.places.tolist() == wanted.places.tolist()


def test_the_newest_bar_stays_while_it_follows_and_the_hand_frees_it() -> None:
    window = ChartWindow()
    window.show(700, 1_000)
    right = window.right

    window.show(700, 1_010)
    assert window.right == right + 10

    window.pan(300)
    at = window.right
    window.show(700, 1_020)
    assert not window.is_following
    assert window.right == at

    window.pan(-10_000)
    assert window.is_following


def test_zoom_keeps_the_bar_under_the_pointer() -> None:
    window = ChartWindow()
    window.show(700, 10_000)
    window.pan(2_000)
    at = window.index_at(200)

    for factor in (1.3, 1.3, 0.5, 0.5, 0.5):
        window.zoom(factor, 200)

        assert window.index_at(200) == pytest.approx(at)


@given(st.lists(st.tuples(st.sampled_from("pzbe"), st.floats(-5e3, 5e3)), max_size=30))
def test_some_bars_always_stay_in_view(steps: list[tuple[str, float]]) -> None:
    window = ChartWindow()
    window.show(500, 300)
    for what, amount in steps:
        if what == "p":
            window.pan(amount)
        elif what == "z":
            window.zoom(1.5 if amount > 0 else 0.6, abs(amount) % 500)
        elif what == "b":
            window.to_begin()
        else:
            window.to_end()
        first, last = window.visible()
        assert 0 <= first < last <= 300


def test_round_steps_are_round() -> None:
    assert [round_step(x) for x in (0.011, 1, 1.1, 2.2, 7, 99)] == [
        pytest.approx(0.02), 1, 2, 5, 10, 100,
    ]  # fmt: skip


def test_price_labels_lie_on_ticks() -> None:
    step = price_step(FUTURE, 5, 18 / 6)
    marks = multiples(step, 17_283.0, 17_401.0)

    assert step % 5 == 0
    assert marks == list(range(marks[0], marks[-1] + 1, step))
    assert len(marks) >= 2


def test_time_labels_are_far_enough_apart() -> None:
    rows = made_bars(600)
    xs = np.arange(600) * 2.0

    marks, step = time_marks(rows["begin"], xs, 80)

    assert np.all(np.diff(xs[marks]) >= 80)
    assert step >= 30 * _SECOND
    few, second = time_marks(rows["begin"][1:4], xs[1:4], 80)
    assert (few, second) == ([0], _SECOND), "a chart that has just begun says when"
    assert all(
        (int(rows["begin"][i]) // _SECOND) % (step // _SECOND) == 0 for i in marks
    )


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"interval": 5, "style": "pie", "volume": "yes", "profile": ["x"]},
        {"indicators": [{"name": "ema", "parameters": {"length": -4}}, 7, None]},
        {"indicators": {"name": "ema"}},
        {"style": ["candles"], "indicators": [{"name": [], "parameters": 3}]},
    ],
)
def test_a_damaged_look_leaves_what_was(state: dict[str, Any]) -> None:
    look = ChartLook()

    look.restore(state)

    assert look.state() == ChartLook().state()


def test_a_look_comes_back() -> None:
    look, other = ChartLook(interval="8r", style="hollow", delta=False), ChartLook()
    look.restore({"indicators": [{"name": "ema", "parameters": {"length": 50}}]})

    other.restore(look.state())

    assert other == look
    assert other.indicators[0].title == "EMA 50"


@pytest.mark.parametrize("older", [ALIGNED, 3 * ALIGNED, 700])
@pytest.mark.parametrize("own", [1, 70, 9_000])
def test_older_bars_before_all_are_as_if_they_had_been_there(
    older: int, own: int
) -> None:
    every = made_bars(older + own)
    later = Series(every[older:])
    bars = ChartBars()
    bars.follow(later)
    later.count = own
    bars.update()
    later.rows, later.count = every, older + own

    bars.put_before(every[:older])

    while bars.update():
        pass
    whole = ChartBars()
    whole.follow(later)
    while whole.update():
        pass
    assert bars.count == whole.count == older + own
    assert bars.newest() == whole.newest()
    for level in range(6):
        step = FACTOR**level
        found = bars.read_joined(0, bars.count, level)
        np.testing.assert_array_equal(found, whole.read_joined(0, whole.count, level))
        first = (bars.count // 2) // step * step
        np.testing.assert_array_equal(
            bars.read_joined(first, bars.count, level),
            whole.read_joined(first, whole.count, level),
        )
    for index in (0, 63, 64, older - 1, older, older + own):
        assert bars.sums_before(index) == whole.sums_before(index)


def test_regimes_are_told_by_the_short_range_against_the_long() -> None:
    nan = float("nan")
    short, long = np.array([2.0, 1.0, 0.5, nan, 1.25, 1.0]), np.array([1.0] * 5 + [0.0])

    states = regimes(short, long)

    assert states.tolist() == [WILD, 0, CALM, 0, WILD, 0]
    assert runs(np.array([0, 1, 1, 0, -1, 1], np.int8)) == [
        (1, 3, WILD), (4, 5, CALM), (5, 6, WILD),
    ]  # fmt: skip
    assert runs(np.zeros(0, np.int8)) == []
