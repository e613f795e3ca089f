"""The heatmap panel: it shows what history holds, follows, and survives any hand."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.data.catalog_writer import ImportJob, Target
from app.engine.history.history import History
from app.engine.records import (
    COMMAND,
    MARKET,
    NO_PRICE,
    Action,
    EventKind,
    OrderType,
    RecordFlag,
    SafetyState,
)
from app.instrument import Instrument, InstrumentKind
from app.ui.models import heatmap
from app.ui.models.axis import multiples, price_step, time_step
from app.ui.models.heatmap import Contrast
from app.ui.models.viewport import Viewport
from app.ui.panels.heatmap import HeatmapPanel
from tests.ui.conftest import Stage
from tests.ui.scripted_session import START_NS
from tests.ui.test_ladder_waiting import bracket_at

pytestmark = pytest.mark.gui
_STEP = 50_000_000


def folded(stage: Stage, steps: int = 120) -> History:
    """History of the stage's first book, as it walks, with trades."""
    session = stage.session
    history = History(session.instruments)
    begin = _records([(EventKind.SNAPSHOT_BEGIN, 0, 0, 0)], START_NS)
    history.fold(begin)
    history.fold(_records([(EventKind.SNAPSHOT_END, 0, 0, 0)], START_NS))
    book = session.books[0]
    for step in range(steps):
        rows: list[tuple[int, int, int, int]] = [
            (EventKind.LEVEL, side, book.price(side, level), 5 + (step + level) % 40)
            for side in (1, -1)
            for level in range(10)
        ]
        rows.append((EventKind.TRADE, 0, book.price(1, 0), 1 + step % 7))
        history.fold(_records(rows, START_NS + step * _STEP))
    return history


def _records(rows: Sequence[tuple[int, int, int, int]], ts: int) -> np.ndarray:
    records = np.zeros(len(rows), MARKET)
    for record, (kind, side, price, size) in zip(records, rows, strict=True):
        record["kind"], record["side"] = kind, side
        record["price"], record["size"] = price, size
        record["aggressor"] = -1 if kind == EventKind.TRADE else 0
    records["flags"] = RecordFlag.LAST
    records["ts_venue"] = records["ts_received"] = ts
    return records


@pytest.fixture
def panel(qtbot: QtBot, stage: Stage) -> HeatmapPanel:
    stage.session.history = folded(stage)
    made = HeatmapPanel(stage.context)
    qtbot.addWidget(made)
    made.resize(700, 420)
    made.show()
    return made


def shown(qtbot: QtBot, stage: Stage, panel: HeatmapPanel) -> Any:
    """The picture, once one is there."""
    stage.frame(3)
    qtbot.waitUntil(lambda: panel.view.picture.shown is not None)
    return panel.view.picture.shown


def test_the_picture_shows_what_rested(
    qtbot: QtBot, stage: Stage, panel: HeatmapPanel
) -> None:
    stage.session.now = START_NS + 120 * _STEP
    picture = shown(qtbot, stage, panel)
    assert picture.columns >= 50
    assert picture.histogram.sum() > 0
    assert picture.largest > 0
    height, width = picture.pixels.shape
    assert (width, height) == (round(panel.view.port.width), panel.view.port.height)


def record_before(stage: Stage, panel: HeatmapPanel, seconds: int) -> None:
    """Put so many seconds of depth before the session's into the catalog."""
    catalog, book = panel._context.library.catalog(), stage.session.books[0]
    instrument = stage.session.instruments[0]
    catalog.master.add(instrument)
    catalog.master.save()
    begin = START_NS - seconds * 1_000_000_000
    steps = [
        _records([(kind, 0, 0, 0)], begin)
        for kind in (EventKind.SNAPSHOT_BEGIN, EventKind.SNAPSHOT_END)
    ]
    for step in range(seconds * 10):
        rows: list[tuple[int, int, int, int]] = [
            (EventKind.LEVEL, side, book.price(side, level), 30 + (step + level) % 9)
            for side in (1, -1)
            for level in range(10)
        ]
        steps.append(_records(rows, begin + step * 100_000_000))
    source = catalog.root.parent / "made.csv"
    source.write_text(f"made by a test: {seconds} s")
    with ImportJob(catalog, "test", [source]) as job:
        job.append(Target(instrument, "depth", "depth"), np.concatenate(steps))
        job.commit()
    panel._context.library.changed.emit()


def test_what_was_recorded_before_the_session_stands_left_of_it(
    qtbot: QtBot, stage: Stage, panel: HeatmapPanel
) -> None:
    record_before(stage, panel, 30)
    stage.session.now = START_NS + 120 * _STEP
    shown(qtbot, stage, panel)
    past, view = panel.feed.past, panel.view
    qtbot.waitUntil(lambda: len(past.parts) > 0)
    stage.frame(9)
    assert view.first == START_NS - 30 * 10**9
    assert view.session_first is not None
    assert view.session_first >= START_NS
    at = view.port.x_of(START_NS - 10 * 10**9)
    assert 0 < at < view.port.width

    def is_painted() -> bool:
        stage.frame(1)
        image = view.picture.image
        if image is None or view.picture.shown is None:
            return False
        columns = view.picture.shown.pixels[:, round(at)]
        return len(set(columns.tolist())) > 2

    qtbot.waitUntil(is_painted)
    best = float(stage.session.books[0].price(1, 0))
    words = panel.feed.words_at(START_NS - 10 * 10**9, best - 0.01)
    assert words.endswith("recorded")
    assert "rested" in words
    assert "no data" in panel.feed.words_at(START_NS - 60 * 10**9, best)
    assert not panel.grab().isNull()


def test_another_instrument_has_a_past_of_its_own(
    qtbot: QtBot, stage: Stage, panel: HeatmapPanel
) -> None:
    record_before(stage, panel, 10)
    shown(qtbot, stage, panel)
    past = panel.feed.past
    qtbot.waitUntil(lambda: len(past.parts) > 0)
    stage.context.focus.choose(1)
    stage.frame(2)
    assert past.parts == ()
    stage.context.focus.choose(0)
    stage.frame(9)
    qtbot.waitUntil(lambda: len(past.parts) > 0)


def test_without_history_it_says_so_and_shows_the_book(
    qtbot: QtBot, stage: Stage
) -> None:
    stage.session.history = None
    panel = HeatmapPanel(stage.context)
    qtbot.addWidget(panel)
    panel.show()
    stage.frame(3)
    assert panel.view.words == "No depth yet"
    assert panel.view.frame is not None
    assert not panel.grab().isNull()


def test_a_drag_stops_following_and_home_returns(
    qtbot: QtBot, stage: Stage, panel: HeatmapPanel
) -> None:
    shown(qtbot, stage, panel)
    view = panel.view
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(200, 100))
    QTest.mouseMove(view, QPoint(260, 130))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(260, 130))
    assert not view.port.is_following
    assert not panel.now.isChecked()
    right = view.port.right
    stage.frame(5)
    assert view.port.right == right
    QTest.keyClick(view, Qt.Key.Key_Home)
    stage.frame(1)
    assert panel.now.isChecked()
    assert view.port.right > right


def test_keys_move_the_crosshair_and_tell_what_stands_there(
    qtbot: QtBot, stage: Stage, panel: HeatmapPanel
) -> None:
    shown(qtbot, stage, panel)
    view, shift = panel.view, Qt.KeyboardModifier.ShiftModifier
    told: list[tuple[int, float]] = []
    view.hovered.connect(lambda place: told.append(place) if place else None)

    for key in (Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Left):
        QTest.keyClick(view, key, shift)

    (ts, price), (_, above), (before, _) = told
    assert above - price == pytest.approx(view.port.tick, abs=view.port.tick * 0.6)
    assert before < ts
    assert view.accessibleDescription() == panel._line.text != ""
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert panel._line.text == ""


def test_the_wheel_zooms_time_and_with_ctrl_price(
    qtbot: QtBot, stage: Stage, panel: HeatmapPanel
) -> None:
    shown(qtbot, stage, panel)
    port = panel.view.port
    time, price = port.ns_per_px, port.units_per_px
    _wheel(panel, 120)
    assert port.ns_per_px < time
    assert panel.view.port.units_per_px == price
    _wheel(panel, -120, Qt.KeyboardModifier.ControlModifier)
    assert port.units_per_px > price


def _wheel(
    panel: HeatmapPanel,
    turned: int,
    modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    at = QPointF(150, 100)
    event = QWheelEvent(
        at, at, QPoint(), QPoint(0, turned), Qt.MouseButton.NoButton, modifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(panel.view, event)


def test_the_pointer_reads_what_rested_there(
    qtbot: QtBot, stage: Stage, panel: HeatmapPanel
) -> None:
    stage.session.now = START_NS + 120 * _STEP
    shown(qtbot, stage, panel)
    tiles = panel.feed.tiles
    assert tiles is not None
    index = tiles.count - 1
    prices, sizes, _ = tiles.levels(index)
    words = panel.feed.words_at(int(tiles.times[index]) + 1, float(prices[3]) - 0.01)
    listed = stage.desk.listed(0)
    assert listed is not None
    assert listed.text.price(int(prices[3])) in words
    assert f"rested {listed.text.size(int(sizes[3]))}" in words
    assert "no data" in panel.feed.words_at(START_NS - 10**12, float(prices[0]))


def test_own_orders_and_fills_lie_on_it(
    qtbot: QtBot, stage: Stage, panel: HeatmapPanel
) -> None:
    session, book = stage.session, stage.session.books[0]
    session.state = SafetyState.ARMED
    shown(qtbot, stage, panel)
    for away, kind in ((5, OrderType.LIMIT), (0, OrderType.MARKET)):
        command = np.zeros(1, COMMAND)
        command["action"], command["side"], command["quantity"] = Action.NEW, 1, 3
        command["stop_price"] = NO_PRICE
        command["client_order_id"] = session.next_order_id()
        command["order_type"], command["price"] = kind, book.price(1, away)
        session.submit(command)
    stage.frame(2)
    panel.feed.take()
    frame = panel.view.frame
    assert frame is not None
    assert [(each.side, each.leaves) for each in frame.own] == [(1, 3)]
    assert [side for _, _, side in frame.fills] == [1]
    assert not panel.grab().isNull()


def test_exits_of_an_entry_without_fills_say_its_size(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = bracket_at(500)
    monkeypatch.setattr(stage.desk.orders, "working", lambda _: orders)

    assert [line.leaves for line in heatmap._own(stage.desk, 0)] == [4, 4, 4]


def test_another_session_and_no_session_are_survived(
    qtbot: QtBot, stage: Stage, panel: HeatmapPanel
) -> None:
    shown(qtbot, stage, panel)
    stage.session.history = None
    stage.bridge.session_changed.emit()
    stage.frame(2)
    assert panel.view.picture.shown is None
    stage.context.focus.choose(1)
    stage.frame(2)
    stage.bridge.detach()
    QApplication.processEvents()
    assert not panel.grab().isNull()
    stage.bridge.attach(stage.session)
    stage.bridge.pause()


def test_a_random_hand_finds_no_fault(
    qtbot: QtBot, stage: Stage, panel: HeatmapPanel
) -> None:
    shown(qtbot, stage, panel)
    random = np.random.default_rng(3)
    keys = (
        Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down,
        Qt.Key.Key_Plus, Qt.Key.Key_Minus, Qt.Key.Key_Home, Qt.Key.Key_PageUp,
    )  # fmt: skip
    for _ in range(150):
        choice = random.integers(0, 5)
        if choice == 0:
            _wheel(panel, int(random.choice((-2400, -120, 120, 2400))))
        elif choice == 1:
            ctrl = Qt.KeyboardModifier.ControlModifier
            _wheel(panel, int(random.choice((-4800, -120, 120, 4800))), ctrl)
        elif choice == 2:
            QTest.keyClick(panel.view, keys[int(random.integers(0, len(keys)))])
        elif choice == 3:
            panel.resize(*(int(each) for each in random.integers(40, 900, 2)))
        else:
            QTest.mouseMove(
                panel.view, QPoint(*(int(i) for i in random.integers(0, 600, 2)))
            )
        stage.frame(1)
    assert not panel.grab().isNull()


def test_a_workspace_keeps_and_returns_its_settings(
    qtbot: QtBot, stage: Stage, panel: HeatmapPanel
) -> None:
    panel.low.setValue(40)
    panel.palette_box.setCurrentIndex(1)
    panel.bubbles.setChecked(False)
    kept = panel.state()
    other = HeatmapPanel(stage.context)
    qtbot.addWidget(other)
    other.restore(kept)
    assert other.state() == kept
    other.restore({"low": "x", "high": None, "ns_per_px": -1, "palette": 7})
    assert other.state() == {**kept, "trades": True}


def test_places_and_values_are_each_others_inverse() -> None:
    port = Viewport(5)
    port.resize(800, 500)
    port.fit(1_000, 2_000)
    port.follow(10**18, 1_500.0)
    assert port.price_at(port.y_of(1_234.0)) == pytest.approx(1_234.0)
    assert port.x_of(port.time_at(321.0)) == pytest.approx(321.0, abs=0.01)
    price = port.price_at(100)
    port.zoom_price(0.5, 100)
    assert port.price_at(100) == pytest.approx(price)


def test_the_price_follows_only_when_the_touch_leaves_the_middle() -> None:
    port = Viewport(1)
    port.resize(800, 500)
    port.fit(1_000, 1_100)
    centre = port.centre
    port.follow(0, centre + 20)
    assert port.centre == centre
    port.follow(0, centre + 50)
    assert port.centre == centre + 50


def test_all_that_the_touch_did_stays_in_view_until_a_hand_zooms() -> None:
    port = Viewport(1)
    port.resize(800, 500)
    port.fit(1_000, 1_100)
    assert not port.keep_in_view(1_005, 1_095)
    assert port.keep_in_view(900, 1_095)
    assert port.price_at(port.height) < 900
    assert port.keep_in_view(1_000, 1_030)
    port.zoom_price(0.5, 10)
    assert not port.keep_in_view(0, 5_000)


def test_labels_are_round_prices_that_are_ticks() -> None:
    from decimal import Decimal

    quarter = Instrument(
        name="Q", kind=InstrumentKind.FUTURE, venue="V", currency="USD",
        price_unit=Decimal("0.25"), multiplier=Decimal(50),
    )  # fmt: skip
    assert price_step(quarter, 1, 0.2) == 1
    assert price_step(quarter, 1, 1.5) == 2
    assert price_step(quarter, 1, 3.0) == 4
    assert price_step(quarter, 1, 17.0) == 20
    assert multiples(4, -9, 9) == [-8, -4, 0, 4, 8]
    assert multiples(1, 0, 1e9) == []
    assert time_step(3e9) == 5_000_000_000
    assert time_step(10 * 86_400e9) == 30 * 86_400_000_000_000
    assert time_step(40 * 86_400e9) == 60 * 86_400_000_000_000


def test_contrast_moves_in_steps_and_stands_while_held() -> None:
    contrast = Contrast()
    assert contrast.take((0x42000000, 0x46000000))
    codes = contrast.codes
    assert not contrast.take((codes[0] + 100, codes[1] - 100))
    contrast.is_held = True
    assert not contrast.take((0x3F800000, 0x4F000000))
    codes = contrast.codes
    contrast.choose(contrast.low, contrast.high)
    assert contrast.codes == codes, "to hold it does not move it"
    contrast.choose(90, 10)
    assert contrast.low < contrast.high
