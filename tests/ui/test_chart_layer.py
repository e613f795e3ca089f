"""A chart's picture that is moved and painted on is the picture painted as a whole."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.clock import SystemClock
from app.engine.history.history import History
from app.engine.history.records import BarKind
from app.engine.plot import BOX
from app.sessions.history import BarSpec
from app.ui import theme as themes
from app.ui.formatting import InstrumentText
from app.ui.items.chart_floats import Float, Floats
from app.ui.items.chart_layer import BarLayer
from app.ui.items.chart_scale import Scale
from app.ui.items.chart_trading import TradingChart
from app.ui.items.plot_picture import PlotPicture, boxes_of
from app.ui.models.chart_columns import columns
from app.ui.models.chart_look import STYLES, Drawn
from app.ui.models.market import Listed
from app.ui.models.tick_scale import TickScale
from tests.ui.scripted_session import INSTRUMENTS, START_NS
from tests.ui.test_chart_panel import settle, trades

pytestmark = pytest.mark.gui
_TRADES = 5_000


@pytest.fixture
def chart(qtbot: QtBot) -> TradingChart:
    dates = [START_NS + np.array([0, 300, 700]) * 1_000_000_000] * len(INSTRUMENTS)
    history = History(INSTRUMENTS, None, dates)
    history.fold(trades(_TRADES))
    view = TradingChart(themes.DARK, 1.0, SystemClock())
    qtbot.addWidget(view)
    instrument = INSTRUMENTS[0]
    view.listed = Listed(
        0, instrument, InstrumentText(instrument), TickScale(instrument)
    )
    view.extras.history = history
    view.extras.trade_dates = history.trade_dates(0)
    view.look.interval = "3t"
    view.bars.follow(history.bars(0, BarSpec(BarKind.TICKS, 3)))
    settle(history)
    view.resize(420, 300)
    with qtbot.waitExposed(view):
        view.show()
    view.refresh(1)
    QApplication.processEvents()
    return view


def pixels(layer: BarLayer) -> np.ndarray:
    assert layer.picture is not None
    image = layer.picture.image
    return (
        np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1).copy()
    )


def whole(chart: TradingChart) -> np.ndarray:
    """The closed columns as painted by a layer that has nothing yet."""
    fresh = BarLayer()
    fresh.bring(chart, chart._key())
    return pixels(fresh)


def fold(chart: TradingChart, count: int, seed: int) -> None:
    history: Any = chart.extras.history
    last = history.trades(0, history.trade_count(0) - 1, history.trade_count(0))[0]
    more = trades(count, seed, int(last["ts"]) + 1)
    more["price"] += int(last["price"]) - int(more["price"][0])
    history.fold(more)
    settle(history)
    chart.refresh(chart.now + 1)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("pan"), st.integers(-500, 500)),
        st.tuples(st.just("part"), st.floats(-40, 40)),
        st.tuples(st.just("trades"), st.integers(1, 40)),
        st.tuples(st.just("zoom"), st.sampled_from([0.4, 0.8, 1.3, 3.0])),
        st.tuples(st.just("end"), st.just(0)),
    ),
    min_size=1,
    max_size=8,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    steps,
    st.sampled_from(STYLES),
    st.sampled_from([0.02, 0.3, 1.0, 2.4, 3.3, 7.0, 11.7, 70.0]),
    st.sampled_from([1.0, 1.5, 2.0]),
)
@example([("zoom", 3.0), ("end", 0), ("zoom", 3.0), ("pan", 1)], "candles", 7.0, 1.5)
def test_a_moved_picture_is_the_whole_one(
    chart: TradingChart,
    moves: list[tuple[str, float]],
    style: str,
    width: float,
    ratio: float,
) -> None:
    look, span = chart.look, chart.span
    look.style = style
    look.indicators = [Drawn("ema", {"length": 9}), Drawn("rsi")]
    chart.devicePixelRatioF = lambda: ratio  # type: ignore[method-assign]
    chart.reset_view()
    chart.rebuild()
    span.bar_px = width
    chart.pan(600.0)
    QApplication.processEvents()
    for number, (what, amount) in enumerate(moves):
        if what in ("pan", "part"):
            chart.pan(amount)
        elif what == "zoom":
            chart.zoom(amount, 200.0)
        elif what == "trades":
            fold(chart, int(amount), number)
        else:
            span.to_end()
            chart.move_on()
        QApplication.processEvents()

        wanted = columns(chart.bars, span).by_session(chart.bars, chart.begins)
        assert chart.shown.rows.tolist() == wanted.rows.tolist()
        assert chart.shown.places.tolist() == wanted.places.tolist()
        assert np.array_equal(chart.shown.sums, wanted.sums)
        assert np.array_equal(chart.shown.base, wanted.base)
        assert np.array_equal(pixels(chart.layer), whole(chart))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("width", [1.0, 7.0, 70.0])
def test_what_trades_paint_in_parts_is_what_is_painted_as_a_whole(
    chart: TradingChart, style: str, width: float
) -> None:
    chart.look.style = style
    chart.look.volume = chart.look.delta = chart.look.footprint = True
    chart.look.interval = "700t"
    history: Any = chart.extras.history
    chart.bars.follow(history.bars(0, BarSpec(BarKind.TICKS, 700)))
    settle(history)
    chart.span.bar_px = width
    chart.refresh(chart.now + 1)
    chart.rebuild()
    QApplication.processEvents()
    alone = 0
    for number in range(12):
        before = chart.shown
        fold(chart, 3, number)
        QApplication.processEvents()
        alone += chart.shown is before  # the newest column alone was painted

        seen = on_screen(chart)
        chart.update()
        QApplication.processEvents()
        assert seen == on_screen(chart)
    assert alone > 6


def test_a_scale_that_moved_with_a_trade_paints_what_a_reading_anew_does(
    chart: TradingChart,
) -> None:
    chart.look.vwap = chart.look.volume = chart.look.delta = True
    chart.look.interval = "2600t"
    history: Any = chart.extras.history
    chart.bars.follow(history.bars(0, BarSpec(BarKind.TICKS, 2600)))
    settle(history)
    chart.refresh(chart.now + 1)
    chart.rebuild()
    QApplication.processEvents()
    moved = 0
    for number in range(16):
        if number % 4 == 0:  # as if it had been fitted to less
            chart.price_scale.high = float(chart.shown.rows["high"].max())
            chart._fitted.clear()
        before, scales = chart.shown, chart._key()[0]
        fold(chart, 50, number)
        QApplication.processEvents()
        if chart.shown is not before or chart._key()[0] == scales:
            continue
        moved += 1
        seen, scales = on_screen(chart), chart._key()[0]
        chart.rebuild()
        QApplication.processEvents()
        assert chart._key()[0] == scales
        assert seen == on_screen(chart)
    assert moved > 2


def test_a_scale_leaves_room_where_what_it_shows_has_grown() -> None:
    scale = Scale()
    assert scale.fit(100, 200, 1)
    assert (scale.low, scale.high) == pytest.approx((93, 207))

    assert scale.fit(100, 210, 1)
    assert scale.low == pytest.approx(100 - 7.7)
    assert scale.high > 210 + 2 * 7.7
    assert not scale.fit(100, 220, 1)

    assert scale.fit(5_000, 5_100, 1)  # elsewhere: nothing has grown
    assert (scale.low, scale.high) == pytest.approx((4_993, 5_107))


def on_screen(chart: TradingChart) -> QImage:
    return chart.screen().grabWindow(chart.winId()).toImage()


def test_a_pan_paints_only_what_came_into_view(chart: TradingChart) -> None:
    chart.span.bar_px = 1.0
    chart.price_scale.is_manual = True
    chart.look.volume = chart.look.delta = False
    chart.rebuild()
    chart.pan(100.0)
    QApplication.processEvents()
    before = chart.layer.painted

    chart.pan(9.0)
    QApplication.processEvents()

    assert 9 <= chart.layer.painted - before <= 9 + 8


def test_nothing_new_paints_nothing(chart: TradingChart, qtbot: QtBot) -> None:
    chart.paint_ns = -1

    chart.refresh(chart.now)
    chart.show_floats()
    QApplication.processEvents()

    assert chart.paint_ns == -1


def test_sums_begin_anew_with_each_trade_date(chart: TradingChart) -> None:
    chart.span.show_range(0.0, float(chart.bars.count))
    chart.span.bar_px = 3.0
    chart.span.to_begin()
    chart.move_on()
    QApplication.processEvents()
    dates = chart.extras.trade_dates
    rows = chart.bars.read(0, chart.bars.count)
    begins = np.searchsorted(rows["end"], dates, side="right")

    assert chart.begins.tolist() == begins[begins < len(rows)].tolist()
    for column in (1, len(chart.shown) // 2, len(chart.shown) - 1):
        bar = int(chart.shown.starts[column])
        begin = int(begins[begins <= bar][-1])
        part = rows[begin : bar + 1]
        delta = int((part["buys"] - part["sells"])[:-1].sum())
        assert chart.shown.cumulative[column] == delta
        vwap = part["turnover"].sum() / part["volume"].sum()
        assert chart.shown.vwap[column] == pytest.approx(vwap)


@given(st.integers(-60, 60), st.integers(0, 40), st.integers(0, 60))
def test_a_picture_moves_by_whole_pixels(shift: int, left: int, right: int) -> None:
    picture = PlotPicture(50, 3, 1.0)
    before = np.random.default_rng(1).integers(0, 2**32, (3, 50), np.uint32)
    picture._pixels[:] = before
    picture.clip_to(left, 1, right, 3)
    begin, _, end, _ = picture.clip

    picture.move(shift)

    after = before.copy()
    for x in range(begin, end):
        if begin <= x + shift < end:
            after[1:, x] = before[1:, x + shift]
    assert np.array_equal(picture._pixels, after)


@given(
    st.lists(st.tuples(*[st.integers(-20, 60)] * 4), max_size=12), st.integers(0, 255)
)
def test_boxes_are_filled_and_clipped(
    edges: list[tuple[int, int, int, int]], alpha: int
) -> None:
    picture = PlotPicture(40, 30, 1.0, is_opaque=True)
    picture.fill(0xFF000000)
    picture.clip_to(5, 4, 33, 28)
    given_ = np.array(edges, np.int64).reshape(-1, 4).T
    ink = (alpha << 24) | 0x00FFFFFF

    picture.boxes(boxes_of(given_[0], given_[1], given_[2], given_[3], ink))

    covered = np.zeros((30, 40), int)
    for x, y, right, bottom in edges:
        covered[
            max(y, 4) : max(0, min(bottom, 28)), max(x, 5) : max(0, min(right, 33))
        ] += 1
    blue = picture._pixels & 0xFF
    wanted = 255 * (1 - (1 - alpha / 255) ** covered)
    assert np.abs(blue - wanted).max() <= 1.5 + covered.max()
    assert not blue[covered == 0].any()
    assert BOX.itemsize == 20


def test_a_line_covers_as_much_as_it_is_wide() -> None:
    picture = PlotPicture(60, 60, 1.0)
    xs, ys = np.array([-5.0, 70.0]), np.array([10.0, 40.0])

    picture.line(xs, ys, 0xFFFFFFFF, 2.0)

    alpha = (picture._pixels >> 24).astype(float) / 255
    steep = np.hypot(1.0, 30 / 75)
    assert alpha[:, 10:50].sum(axis=0) == pytest.approx(2.0 * steep, abs=0.25)
    middle = (alpha[:, 20] * (np.arange(60) + 0.5)).sum() / alpha[:, 20].sum()
    assert middle == pytest.approx(10 + 30 * 25.5 / 75, abs=0.2)


def test_only_floats_that_differ_are_painted_anew() -> None:
    def made(key: str, x: int) -> Float:
        return Float(key, (QRect(x, 0, 5, 5),), lambda painter: None)

    floats = Floats()
    floats.put("last", [made("a", 0), made("b", 10), made("c", 20)])

    stale = floats.put("last", [made("a", 0), made("x", 30)])

    assert [each.x() for each in stale] == [10, 30, 20]
