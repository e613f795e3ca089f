"""The chart panel under the hand, on trades that a test folds."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.data.catalog_writer import ImportJob, Target
from app.engine.history.history import History
from app.engine.history.records import BarKind
from app.engine.records import BAR, MARKET, EventKind, RecordFlag
from app.sessions.history import BarSpec
from app.ui.items.chart_axes import price_marks
from app.ui.items.chart_trading import TradingChart
from app.ui.models import past_bars
from app.ui.models.past_bars import JoinedBars, page_before
from app.ui.panels.chart import ChartPanel
from tests.ui.conftest import Stage
from tests.ui.scripted_session import INSTRUMENTS, START_NS

pytestmark = pytest.mark.gui
_START = 17_285


def trades(count: int, seed: int = 3, begin: int = START_NS) -> np.ndarray:
    random = np.random.default_rng(seed)
    made = np.zeros(count, MARKET)
    made["kind"] = EventKind.TRADE
    made["price"] = _START + np.cumsum(random.choice([-1, 0, 0, 1], count))
    made["size"] = 1 + random.gamma(1.2, 9, count).astype(int)
    made["aggressor"] = random.choice([-1, 1], count)
    made["flags"] = RecordFlag.LAST
    times = np.cumsum(random.exponential(200_000_000, count)).astype(np.int64)
    made["ts_received"] = made["ts_venue"] = begin + times
    return made


def settle(history: History) -> None:
    history.fold(np.zeros(0, MARKET))
    while history.is_behind:
        history.fold(np.zeros(0, MARKET))


@pytest.fixture
def history(stage: Stage) -> History:
    made = History(INSTRUMENTS)
    made.fold(trades(6_000))
    stage.session.history = made
    return made


@pytest.fixture
def panel(qtbot: QtBot, stage: Stage, history: History) -> ChartPanel:
    stage.pulse()
    made = ChartPanel(stage.context)
    qtbot.addWidget(made)
    made.resize(700, 420)
    with qtbot.waitExposed(made):
        made.show()
    bring_up(stage, history, made)
    return made


def bring_up(stage: Stage, history: History, panel: ChartPanel) -> None:
    """Fold what is followed, and let the panel paint it."""
    settle(history)
    panel.show_news()
    QApplication.processEvents()


def turn(panel: ChartPanel, at: QPointF, notches: int) -> None:
    view = panel.view
    event = QWheelEvent(
        at, view.mapToGlobal(at), QPoint(), QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)
    QApplication.processEvents()


def drag(panel: ChartPanel, begin: QPoint, end: QPoint) -> None:
    view = panel.view
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=begin)
    for step in range(1, 5):
        QTest.mouseMove(view, begin + (end - begin) * (step / 4))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=end)
    QApplication.processEvents()


def test_it_shows_the_bars_that_the_history_has(panel: ChartPanel) -> None:
    view = panel.view
    assert view.bars.series is not None

    assert view.bars.count == view.bars.series.count > 100
    assert view.shown.last == view.bars.count
    wanted = view.bars.series.read(view.shown.first, view.shown.last)
    assert view.shown.rows.tolist() == wanted.tolist()


def test_the_live_bar_follows_without_painting_all_anew(
    panel: ChartPanel, stage: Stage, history: History
) -> None:
    view = panel.view
    before, painted = view.bars.count, view.layer.painted
    last = history.trades(0, history.trade_count(0) - 1, history.trade_count(0))[0]
    more = trades(1)
    more["ts_received"], more["price"] = last["ts"] + 1, last["price"]

    history.fold(more)
    bring_up(stage, history, panel)

    assert view.bars.count == before
    assert view.layer.painted == painted
    newest = view.bars.read(before - 1, before)
    assert view.shown.rows[-1] == newest[0]


def test_lost_data_are_marked_where_trades_go_on(
    qtbot: QtBot, panel: ChartPanel, stage: Stage, history: History
) -> None:
    view = panel.view
    view.look.profile = ""  # its busiest price is marked in the same colour
    panel._on_look()
    ink = QColor(stage.context.theme.warning).rgb()
    assert view.times.gaps == []
    assert not lit(view, ink).any()
    end = START_NS + 7_200_000_000_000
    lost = np.zeros(1, MARKET)
    lost["kind"], lost["ts_received"] = EventKind.GAP, end
    history.fold(lost)
    more = trades(200, begin=end)
    history.fold(more)
    settle(history)
    panel.feed.stale()
    bring_up(stage, history, panel)

    (column,) = view.times.gaps
    rows, first = view.shown.rows, int(more["ts_received"][0])
    assert rows["begin"][column] <= first < rows["end"][column]
    assert rows["end"][column - 1] <= end
    place = int(view.shown.xs[column])
    marked = lit(view, ink)
    height = int(view.plot.bottom())
    assert height * 0.4 < marked[:height, place].sum() < height * 0.6
    assert not marked[:, : place - 1].any()

    view.point_at(QPointF(place + view.shown.width / 2, 50))
    assert "data lost before this" in legend(view)
    view.point_at(QPointF(place - view.shown.width / 2, 50))
    assert "data lost before this" not in legend(view)


def test_the_last_price_covers_no_half_of_a_label(
    panel: ChartPanel, stage: Stage, history: History
) -> None:
    view = panel.view
    assert view.listed is not None
    tick, halves = view.listed.instrument.tick_table[0].step, 0
    last = history.trades(0, history.trade_count(0) - 1, history.trade_count(0))[0]
    for steps in range(1, 9):
        more = trades(1)
        more["ts_received"] = last["ts"] + steps
        more["price"] = last["price"] + steps * tick
        history.fold(more)
        bring_up(stage, history, panel)
        box = view.floats()["last"][-1].boxes[0]
        pane, half = view.panes[0], view.ink.small.height / 2
        marks = price_marks(view.ink, pane, view.listed.text)
        words = ~lit(view, QColor(view.ink.theme.panel).rgb())
        axis = words[:, int(view.plot.right()) + 2 :].any(axis=1)
        kept = []
        for y in (float(pane.scale.y(mark)) for mark in marks):
            rows = np.arange(round(y - half), round(y + half))
            outside = rows[(rows < box.top()) | (rows > box.bottom())]
            if len(outside) == len(rows):
                kept.append(bool(axis[rows].any()))
            else:
                halves += len(outside) > 3
                assert not axis[outside].any()
        assert sum(kept) >= len(kept) - 2, "all others are there, but at the edges"
    assert halves


def lit(view: TradingChart, ink: int) -> Any:
    """Pixels of the chart that have a colour."""
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    bits = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1)
    return (bits & 0xFFFFFF) == (ink & 0xFFFFFF)


def legend(view: TradingChart) -> list[str]:
    return [each.key[1] for each in view.floats()["legend"]]


@pytest.mark.parametrize("text", ["1s", "1m", "500t", "1000v", "8r"])
def test_an_interval_is_typed(
    text: str, panel: ChartPanel, stage: Stage, history: History
) -> None:
    line = panel.interval.lineEdit()
    assert line is not None
    line.selectAll()
    QTest.keyClicks(line, text)
    QTest.keyClick(line, Qt.Key.Key_Return)
    bring_up(stage, history, panel)

    assert panel.view.look.interval == text
    assert panel.view.bars.count > 0


def test_after_enter_the_next_interval_is_typed_over_the_last(
    panel: ChartPanel,
) -> None:
    panel.interval.setFocus()
    line = panel.interval.lineEdit()
    assert line is not None
    line.selectAll()
    for text in ("5m", "7t"):
        QTest.keyClicks(panel.focusWidget(), text)
        QTest.keyClick(panel.focusWidget(), Qt.Key.Key_Return)
        assert panel.view.look.interval == text

    QTest.keyClicks(panel.focusWidget(), "9")
    QTest.keyClick(panel.focusWidget(), Qt.Key.Key_Escape)

    assert panel.interval.currentText() == "7t"
    assert panel.focusWidget() is panel.view


def test_a_size_is_read_as_it_is_shown(panel: ChartPanel) -> None:
    panel.size_field.setText("x")
    assert panel.said.text.startswith("size:")

    panel.size_field.setText("1,000")

    assert panel.view.hand.quantity == 1_000
    assert not panel.said.text


def test_how_to_draw_is_said_until_it_is_drawn(panel: ChartPanel) -> None:
    panel.menu.draw("horizontal")
    panel.show_news()
    assert panel.said.text.startswith("horizontal:")

    panel.view.extras.drawings.press(panel.view, panel.view.plot.center())
    panel.show_news()

    assert not panel.said.text


def test_a_bad_interval_is_explained_and_changes_nothing(panel: ChartPanel) -> None:
    line = panel.interval.lineEdit()
    assert line is not None
    line.selectAll()
    QTest.keyClicks(line, "soon")
    QTest.keyClick(line, Qt.Key.Key_Return)

    assert "soon" in panel.said.text
    assert panel.view.look.interval == "5s"
    assert panel.view.bars.series is not None


def test_wheel_zooms_and_drag_pans(panel: ChartPanel) -> None:
    view = panel.view
    middle = QPointF(300, 100)
    before = view.span.bar_px

    turn(panel, middle, 2)
    assert view.span.bar_px > before

    right = view.span.right
    drag(panel, QPoint(200, 100), QPoint(320, 100))
    assert view.span.right < right
    assert not view.span.is_following

    QTest.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(300, 100))
    assert view.span.is_following


def test_a_dragged_price_axis_stays_until_a_double_click(panel: ChartPanel) -> None:
    view, scale = panel.view, panel.view.price_scale
    before = scale.high - scale.low
    x = int(view.plot.right()) + 10

    drag(panel, QPoint(x, 60), QPoint(x, 160))
    assert scale.is_manual
    assert scale.high - scale.low > before

    QTest.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(x, 60))
    assert not scale.is_manual


def test_keys_move_zoom_and_jump(panel: ChartPanel) -> None:
    view = panel.view
    QTest.keyClick(view, Qt.Key.Key_Home)
    assert view.span.visible()[0] == 0

    QTest.keyClick(view, Qt.Key.Key_End)
    assert view.span.is_following

    width = view.span.bar_px
    QTest.keyClick(view, Qt.Key.Key_Minus)
    assert view.span.bar_px < width


def test_a_million_is_as_many_rows_as_pixels(
    panel: ChartPanel, stage: Stage, history: History
) -> None:
    history.fold(trades(50_000, seed=9, begin=START_NS + 3_600_000_000_000))
    panel.interval.setCurrentText("1t")
    panel._on_interval()
    bring_up(stage, history, panel)
    for _ in range(60):
        turn(panel, QPointF(300, 100), -3)

    assert panel.view.shown.first == 0
    assert len(panel.view.shown.rows) <= panel.view.width()


@pytest.mark.parametrize("size", [(300, 200), (180, 110), (1, 1), (2400, 1300)])
def test_any_size_is_painted(size: tuple[int, int], panel: ChartPanel) -> None:
    panel.resize(*size)
    QApplication.processEvents()
    panel.view.point_at(QPointF(size[0] / 2, size[1] / 2))

    assert not panel.grab().isNull()


@pytest.mark.parametrize("style", ["candles", "hollow", "bars", "line"])
def test_styles_differ_on_the_screen(style: str, panel: ChartPanel) -> None:
    before = panel.view.grab().toImage()
    panel.style_box.setCurrentText("bars" if style != "bars" else "line")
    QApplication.processEvents()

    assert panel.view.grab().toImage() != before


def test_another_instrument_and_no_session_do_no_harm(
    panel: ChartPanel, stage: Stage, history: History
) -> None:
    stage.context.focus.choose(1)
    bring_up(stage, history, panel)
    assert panel.view.listed is not None
    assert panel.view.listed.number == 1
    rows = panel.view.bars.read(0, panel.view.bars.count)
    assert rows["close"].tolist() == history.trades(1, 0, 10**6)["price"].tolist()[-1:]

    stage.bridge.detach()
    panel.grab()
    assert panel.view.listed is None


def test_a_workspace_keeps_what_is_shown(
    qtbot: QtBot, stage: Stage, panel: ChartPanel
) -> None:
    panel.interval.setCurrentText("500t")
    panel._on_interval()
    panel.style_box.setCurrentText("hollow")
    other = ChartPanel(stage.context)
    qtbot.addWidget(other)

    other.restore(panel.state())

    assert other.state() == panel.state()
    assert other.interval.currentText() == "500t"
    assert other.style_box.currentText() == "hollow"


def absurd(name: str, value: int) -> Callable[[np.ndarray], None]:
    def change(records: Any) -> None:
        records[name][-3:] = value

    return change


@pytest.mark.parametrize(
    "change",
    [absurd("price", -5), absurd("price", 2**61), absurd("size", 2**61)],
)
def test_absurd_trades_are_painted(
    change: Callable[[np.ndarray], None],
    panel: ChartPanel,
    stage: Stage,
    history: History,
) -> None:
    more = trades(40, seed=4, begin=START_NS + 3_600_000_000_000)
    change(more)

    history.fold(more)
    bring_up(stage, history, panel)
    panel.view.point_at(QPointF(200, 80))

    assert not panel.grab().isNull()


def record_bars(stage: Stage, minutes: int, begin: int) -> None:
    """Put bars of a minute before a time into the catalog, and tell of it."""
    catalog = stage.context.library.catalog()
    catalog.master.add(INSTRUMENTS[0])
    catalog.master.save()
    bars = np.zeros(minutes, BAR)
    bars["kind"], bars["flags"] = EventKind.BAR, RecordFlag.LAST
    first = begin - begin % 60_000_000_000 - (minutes - 1) * 60_000_000_000
    bars["ts_received"] = first + 60_000_000_000 * np.arange(minutes)
    bars["ts_venue"] = bars["ts_received"]
    bars["open"], bars["volume"] = 17_000 + np.arange(minutes), 7
    bars["high_offset"], bars["low_offset"], bars["close_offset"] = 3, -2, 1
    source = catalog.root.parent / "bars.csv"
    source.write_text(f"made by a test: {minutes}")
    with ImportJob(catalog, "test", [source]) as job:
        job.append(Target(INSTRUMENTS[0], "bars-1m", "bars"), bars.view(MARKET))
        job.commit()


def test_bars_from_before_the_session_stand_before_its_own(
    qtbot: QtBot, stage: Stage, history: History
) -> None:
    begin = int(history.trades(0, 0, 1)[0]["ts"])
    record_bars(stage, 50, begin)
    stage.pulse()
    panel = ChartPanel(stage.context)
    qtbot.addWidget(panel)
    panel.resize(700, 420)
    panel.show()
    panel.view.look.interval = "5m"
    panel.feed.follow()
    bring_up(stage, history, panel)
    bars = panel.view.bars
    joined = bars.series
    assert isinstance(joined, JoinedBars)
    own = joined.count - joined.recorded
    qtbot.waitUntil(lambda: joined.recorded > 0)
    bring_up(stage, history, panel)

    assert joined.recorded >= 9
    assert bars.count == own + joined.recorded
    rows = bars.read(0, bars.count)
    # The stage's own trades come last, and are older.
    steps = np.diff(rows["begin"][: joined.recorded + 4])
    assert (steps >= 300_000_000_000).all()
    assert rows["first_trade"][: joined.recorded].tolist() == [-1] * joined.recorded
    whole = rows[1 : joined.recorded - 1]
    assert (whole["volume"] == 5 * 7).all()
    assert (whole["high"] - whole["open"] == 4 + 3).all()
    middle = joined.recorded + 2
    assert joined.find(int(rows["begin"][middle])) == middle
    assert joined.find(int(rows["begin"][3])) == 3
    assert not panel.grab().isNull()


def test_scrolled_back_older_bars_come_and_nothing_jumps(
    qtbot: QtBot,
    stage: Stage,
    history: History,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(past_bars, "PAGE_BARS", 300)
    record_bars(stage, 1_000, int(history.trades(0, 0, 1)[0]["ts"]))
    stage.pulse()
    panel = ChartPanel(stage.context)
    qtbot.addWidget(panel)
    panel.resize(700, 420)
    panel.show()
    view = panel.view
    view.look.interval = "1m"
    panel.feed.follow()
    bring_up(stage, history, panel)
    bars = view.bars
    joined = bars.series
    assert isinstance(joined, JoinedBars)
    qtbot.waitUntil(lambda: joined.recorded == 300)
    bring_up(stage, history, panel)
    assert not panel.feed.past.is_loading  # far enough from what is seen

    while not panel.feed.past.is_exhausted:
        QTest.keyClick(view, Qt.Key.Key_Home)
        QApplication.processEvents()
        before, at = view.shown.rows.copy(), view.shown.xs.copy()
        panel.show_news()  # a frame may have begun to read, and more, before
        qtbot.waitUntil(lambda: not panel.feed.past.is_loading)
        panel.show_news()
        QApplication.processEvents()
        rows = view.shown.rows
        first = int(np.searchsorted(rows["begin"], before["begin"][0]))
        same = rows[first : first + len(before)]
        assert same.tolist() == before.tolist()
        moved = view.shown.xs[first : first + len(before)] - at
        assert abs(moved).max() <= 1

    assert joined.recorded >= 998
    rows = bars.read(0, joined.recorded)
    assert (np.diff(rows["begin"]) == 60_000_000_000).all()
    assert rows["open"].tolist() == list(range(17_000, 17_000 + len(rows)))
    assert joined.find(int(rows["begin"][450])) == 450
    assert not panel.grab().isNull()


@pytest.mark.parametrize("kind", [BarKind.TIME, BarKind.TICKS, BarKind.RANGE])
def test_pages_of_recorded_trades_meet(
    kind: BarKind, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_bars, "_ROWS", 500)
    monkeypatch.setattr(past_bars, "_FEWEST", 8)
    catalog = stage.context.library.catalog()
    catalog.master.add(INSTRUMENTS[0])
    catalog.master.save()
    hour = 3_600_000_000_000
    records = [trades(3_000), trades(3_000, seed=4, begin=START_NS + hour)]
    for number, part in enumerate(records):
        source = catalog.root.parent / f"trades{number}.csv"
        source.write_text(f"made by a test: {number}")
        with ImportJob(catalog, "test", [source]) as job:
            job.append(Target(INSTRUMENTS[0], "trades", "trades"), part)
            job.commit()
    size = {BarKind.TIME: 10_000_000_000, BarKind.TICKS: 40, BarKind.RANGE: 6}[kind]
    spec = BarSpec(kind, size)
    first, last = (int(records[i]["ts_received"][-i]) for i in (0, 1))
    until = last + 2 * hour
    pages: list[past_bars.PastPage] = []

    while len((page := page_before(catalog, INSTRUMENTS[0], spec, until)).rows):
        pages.insert(0, page)
        until = int(page.rows["begin"][0])

    rows = np.concatenate([each.rows for each in pages])
    assert len(pages) > 3
    assert (rows["begin"][1:] >= rows["end"][:-1]).all()
    assert rows["begin"][0] <= first
    every = np.concatenate(records)
    assert rows["volume"].sum() == every["size"].sum()
    assert rows["high"].max() == every["price"].max()
    gaps = np.concatenate([each.gaps for each in pages])
    # Where the second part goes on, and where the recording had ended.
    assert gaps.tolist() == [int(records[1]["ts_received"][0]), last + 2 * hour]


def test_no_bar_lacks_where_recorded_bars_end_and_trades_go_on(stage: Stage) -> None:
    minute = 60_000_000_000
    catalog = stage.context.library.catalog()
    records = trades(6_000, begin=START_NS - START_NS % minute)
    seam = int(records["ts_received"][3_000]) // minute * minute
    record_bars(stage, 20, seam)
    source = catalog.root.parent / "trades.csv"
    source.write_text("made by a test")
    with ImportJob(catalog, "test", [source]) as job:
        job.append(Target(INSTRUMENTS[0], "trades", "trades"), records)
        job.commit()
    spec, until = BarSpec(BarKind.TIME, minute), seam + 5 * minute

    behind = page_before(catalog, INSTRUMENTS[0], spec, until).rows
    before = page_before(catalog, INSTRUMENTS[0], spec, int(behind["begin"][0])).rows

    assert behind["begin"].tolist() == list(range(seam, until, minute))
    assert before["end"][-1] == seam


def test_an_interval_that_another_instrument_has_not_leaves_no_foreign_bars(
    panel: ChartPanel, stage: Stage
) -> None:
    stage.context.focus.choose(2)
    panel.view.look.interval = "0.5v"
    assert panel.feed.follow()

    stage.context.focus.choose(0)

    assert panel.view.listed is not None
    assert panel.view.listed.number == 0
    assert panel.view.bars.series is None
    assert panel.view.bars.count == 0
    assert not panel.grab().isNull()


def test_without_recorded_bars_they_are_folded_of_recorded_trades(
    stage: Stage,
) -> None:
    catalog = stage.context.library.catalog()
    catalog.master.add(INSTRUMENTS[0])
    catalog.master.save()
    records = trades(2_000)
    source = catalog.root.parent / "trades.csv"
    source.write_text("made by a test")
    with ImportJob(catalog, "test", [source]) as job:
        job.append(Target(INSTRUMENTS[0], "trades", "trades"), records)
        job.commit()
    until = int(records["ts_received"][1_500])
    expected = History(INSTRUMENTS)
    for spec in (BarSpec(BarKind.TIME, 10_000_000_000), BarSpec(BarKind.TICKS, 50)):
        series = expected.bars(0, spec)
        if not expected.records:
            expected.fold(records[:1_500])
        settle(expected)
        wanted = series.read(0, series.count)
        wanted = wanted[wanted["end"] <= until]

        found = page_before(catalog, INSTRUMENTS[0], spec, until).rows

        assert len(found) == len(wanted) > 20
        for name in ("begin", "end", "open", "high", "low", "close", "volume"):
            np.testing.assert_array_equal(found[name], wanted[name])
