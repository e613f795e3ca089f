"""Orders, drawings and links on a chart: what the hand does there, what it means."""

import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.engine.history.records import PROFILE
from app.engine.records import (
    BUY,
    NO_PRICE,
    Action,
    OrderOption,
    OrderType,
    SafetyState,
)
from app.ui import formatting
from app.ui.items.chart_footprint import figure, grouped, imbalances
from app.ui.items.chart_orders import lay_chips
from app.ui.items.chart_profile import value_area
from app.ui.links import Links
from app.ui.models.chart_drawings import KINDS, Drawing, DrawingBook
from app.ui.models.chart_look import ChartLook, Drawn
from app.ui.models.chart_regimes import WILD
from app.ui.models.exits import ENTRY, STOP, TARGET, exit_intent
from app.ui.models.intent import order_intent
from app.ui.models.protective import bracket_intent
from app.ui.panels.chart import ChartPanel
from tests.ui.conftest import Stage
from tests.ui.scripted_session import START_NS
from tests.ui.test_ladder_waiting import bracket_at

pytestmark = pytest.mark.gui


@pytest.fixture
def panel(qtbot: QtBot, stage: Stage) -> ChartPanel:
    made = ChartPanel(stage.context)
    qtbot.addWidget(made)
    made.resize(700, 420)
    with qtbot.waitExposed(made):
        made.show()
    made.interval.setCurrentText("1s")
    made._on_interval()
    for _ in range(400):
        stage.session.advance()
    stage.pulse()
    stage.context.trading.set_state(SafetyState.ARMED)
    stage.pulse()
    show(made)
    frame = made.view.hand.frame
    assert frame is not None
    scale = made.view.price_scale
    scale.low, scale.high = frame.best_bid - 15.0, frame.best_bid + 15.0
    scale.is_manual = True
    made.view.rebuild()
    show(made)
    return made


def show(panel: ChartPanel) -> None:
    for _ in range(3):
        panel.show_news()
        QApplication.processEvents()


def placed(panel: ChartPanel, stage: Stage, kind: str, ticks: int) -> np.void:
    """Place an order from the menu, some ticks from the touch, and find it."""
    frame = panel.view.hand.frame
    assert frame is not None
    price = frame.best_bid + ticks if ticks < 0 else frame.best_ask + ticks
    chosen = [i for i in panel.view.hand.intents_at(price) if kind in i.text]
    panel.orders.place(chosen[0])
    stage.pulse()
    show(panel)
    order: np.void = stage.desk.orders.working(0)[-1]
    return order


def test_a_limit_goes_where_the_pointer_is(panel: ChartPanel, stage: Stage) -> None:
    frame = panel.view.hand.frame
    assert frame is not None
    wanted = frame.best_bid - 3

    order = placed(panel, stage, "LMT", -3)

    assert (int(order["price"]), int(order["side"])) == (wanted, 1)
    assert int(stage.session.sent[-1]["book_sequence"]) == frame.sequence


def test_the_menu_offers_what_rests_there_and_a_stop_beyond(panel: ChartPanel) -> None:
    frame = panel.view.hand.frame
    assert frame is not None

    below = [i.text for i in panel.view.hand.intents_at(frame.best_bid - 4)]
    above = [i.text for i in panel.view.hand.intents_at(frame.best_ask + 4)]

    assert [words.split(" ")[0] for words in below] == ["BUY", "SELL"]
    assert [words.split(" ")[0] for words in above] == ["SELL", "BUY"]
    assert "LMT" in below[0]
    assert "STP" in below[1]


def test_in_view_nothing_is_sent(panel: ChartPanel, stage: Stage) -> None:
    stage.context.trading.set_state(SafetyState.VIEW)
    stage.pulse()
    show(panel)
    frame = panel.view.hand.frame
    assert frame is not None
    before = len(stage.session.sent)

    panel.orders.place(panel.view.hand.intents_at(frame.best_bid - 3)[0])

    assert len(stage.session.sent) == before
    assert "ARMED" in panel.said.text


def test_exits_of_an_entry_without_fills_say_its_size(
    panel: ChartPanel, stage: Stage
) -> None:
    frame, listed = panel.view.hand.frame, panel.view.listed
    assert frame is not None
    assert listed is not None

    chips = lay_chips(panel.view, bracket_at(frame.best_bid), listed)

    words = [each for _, _, each in chips]
    assert sorted(words) == ["BUY 4 LMT", "SELL 4 LMT", "SELL 4 STP"]


def test_a_chip_says_where_its_order_stands(panel: ChartPanel, stage: Stage) -> None:
    order = placed(panel, stage, "LMT", -3)
    chip = panel.view.chip_of(int(order["client_order_id"]))
    assert chip is not None

    QTest.mouseMove(panel.view, chip.box.center().toPoint())
    assert " ahead" in panel.said.text

    QTest.mouseMove(panel.view, QPoint(30, 60))
    assert panel.said.text == ""


def test_an_order_is_dragged_to_another_price(panel: ChartPanel, stage: Stage) -> None:
    order = placed(panel, stage, "LMT", -3)
    view = panel.view
    chip = view.chip_of(int(order["client_order_id"]))
    assert chip is not None
    begin = chip.box.center().toPoint() - QPoint(14, 0)
    target = int(order["price"]) - 2
    end = QPoint(begin.x(), round(float(view.price_scale.y(target))))

    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=begin)
    QTest.mouseMove(view, end)
    (ghost,) = view.hand.ghosts()
    assert "MOVE" in ghost.text
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=end)

    sent = stage.session.sent[-1]
    assert sent["action"] == Action.REPLACE
    assert sent["price"] == target


def line_of(panel: ChartPanel, order: np.void) -> QPoint:
    """A place on an order's line, far from its chip."""
    y = float(panel.view.price_scale.y(int(order["price"])))
    return QPoint(120, round(y))


def drag(panel: ChartPanel, begin: QPoint, end: QPoint) -> None:
    QTest.mousePress(panel.view, Qt.MouseButton.LeftButton, pos=begin)
    QTest.mouseMove(panel.view, end)
    QTest.mouseRelease(panel.view, Qt.MouseButton.LeftButton, pos=end)


def test_an_order_is_dragged_by_its_line(panel: ChartPanel, stage: Stage) -> None:
    order = placed(panel, stage, "LMT", -3)
    view, begin = panel.view, line_of(panel, order)
    target = int(order["price"]) - 2
    end = QPoint(begin.x(), round(float(view.price_scale.y(target))))

    QTest.mouseMove(view, begin)
    assert view.cursor().shape() == Qt.CursorShape.SizeVerCursor
    assert " ahead" in panel.said.text
    drag(panel, begin, end)

    sent = stage.session.sent[-1]
    assert (sent["action"], sent["price"]) == (Action.REPLACE, target)


def test_a_hand_that_trembles_or_pans_on_a_line_moves_no_order(
    panel: ChartPanel, stage: Stage
) -> None:
    order = placed(panel, stage, "LMT", -3)
    bought(panel, stage, 3)
    view, before = panel.view, len(stage.session.sent)
    assert view._mark is not None
    scale, middle = view.price_scale, int(order["price"])
    scale.low, scale.high = middle - 200.0, middle + 200.0  # a pixel is a tick
    view.rebuild()
    show(panel)
    begin, first = line_of(panel, order), view.time_at(0.0)

    for place in (begin, QPoint(begin.x(), round(view._mark.y))):
        drag(panel, place, place + QPoint(1, 2))
    assert view.time_at(0.0) == first
    drag(panel, begin, begin + QPoint(60, 5))

    assert view.time_at(0.0) < first, "it was pulled aside"
    assert len(stage.session.sent) == before


def test_a_drawing_on_an_orders_line_goes_before_it(
    panel: ChartPanel, stage: Stage
) -> None:
    order = placed(panel, stage, "LMT", -3)
    view, before = panel.view, len(stage.session.sent)
    layer, begin, price = view.extras.drawings, line_of(panel, order), order["price"]
    assert layer.drawings is not None
    layer.drawings.add(Drawing("horizontal", ((int(view.time_at(120)), float(price)),)))
    show(panel)
    drag(panel, begin, begin + QPoint(0, 20))

    assert layer.drawings.items[0].points[0][1] < float(price)
    assert len(stage.session.sent) == before
    layer.drawings.remove(layer.drawings.items[0])
    drag(panel, begin, begin + QPoint(0, 20))
    assert stage.session.sent[-1]["action"] == Action.REPLACE


@pytest.mark.parametrize("name", ["AltModifier", "ShiftModifier"])
def test_a_bracket_is_dragged_as_a_whole(
    panel: ChartPanel, stage: Stage, name: str
) -> None:
    frame, view = panel.view.hand.frame, panel.view
    assert frame is not None
    price = frame.best_bid - 3
    intent = bracket_intent(frame.at, BUY, price, 2, (9, 4))
    entry, *exits = stage.context.trading.send(intent)
    stage.pulse()
    show(panel)
    chip = view.chip_of(entry)
    assert chip is not None
    begin = chip.box.center().toPoint() - QPoint(14, 0)
    end = QPoint(begin.x(), round(float(view.price_scale.y(price - 2))))
    modifier = Qt.KeyboardModifier[name]

    QTest.mousePress(view, Qt.MouseButton.LeftButton, modifier, pos=begin)
    QTest.mouseMove(view, end)
    assert len(view.hand.ghosts()) == 3
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, modifier, pos=end)

    sent = {int(each["client_order_id"]): each for each in stage.session.sent[-3:]}
    assert set(sent) == {entry, *exits}
    assert all(each["action"] == Action.REPLACE for each in sent.values())
    assert sent[entry]["price"] == price - 2
    prices = {int(sent[x]["price"]) for x in exits}
    stops = {int(sent[x]["stop_price"]) for x in exits}
    assert prices == {price + 7, NO_PRICE}
    assert stops == {price - 6, NO_PRICE}


def test_escape_and_a_drop_outside_send_nothing(
    panel: ChartPanel, stage: Stage
) -> None:
    order = placed(panel, stage, "LMT", -3)
    view, before = panel.view, len(stage.session.sent)
    chip = view.chip_of(int(order["client_order_id"]))
    assert chip is not None
    begin = chip.box.center().toPoint() - QPoint(14, 0)

    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=begin)
    QTest.mouseMove(view, begin + QPoint(0, 30))
    QTest.keyClick(view, Qt.Key.Key_Escape)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=begin + QPoint(0, 30))
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=begin)
    outside = QPoint(view.width() - 3, begin.y() + 30)
    QTest.mouseMove(view, outside)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=outside)

    assert len(stage.session.sent) == before


def test_the_cross_cancels(panel: ChartPanel, stage: Stage) -> None:
    order = placed(panel, stage, "LMT", -3)
    chip = panel.view.chip_of(int(order["client_order_id"]))
    assert chip is not None

    QTest.mouseClick(
        panel.view, Qt.MouseButton.LeftButton, pos=chip.cross.center().toPoint()
    )

    assert stage.session.sent[-1]["action"] == Action.CANCEL


def test_what_crosses_is_held_for_one_confirm(panel: ChartPanel, stage: Stage) -> None:
    order = placed(panel, stage, "LMT", -3)
    view, hand, before = panel.view, panel.view.hand, len(stage.session.sent)
    from_chart = view.chip_of(int(order["client_order_id"]))
    assert from_chart is not None
    assert hand.frame is not None
    QTest.mousePress(
        view, Qt.MouseButton.LeftButton,
        pos=from_chart.box.center().toPoint() - QPoint(14, 0),
    )  # fmt: skip
    assert hand.drag is not None
    hand.drag.price = hand.frame.best_ask + 2

    hand.drop(stage.clock.monotonic_ns())
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert len(stage.session.sent) == before  # it has only just appeared
    stage.clock.advance(0.5)
    QTest.keyClick(view, Qt.Key.Key_Return)

    assert stage.session.sent[-1]["action"] == Action.REPLACE


def test_staged_orders_wait(panel: ChartPanel, stage: Stage) -> None:
    hand, before = panel.view.hand, len(stage.session.sent)
    assert hand.frame is not None
    hand.is_staging = True

    intent = hand.intents_at(hand.frame.best_bid - 3)[0]
    hand.decide([intent], stage.clock.monotonic_ns())
    assert len(stage.session.sent) == before
    assert hand.held is not None
    stage.clock.advance(0.5)
    hand.press(stage.clock.monotonic_ns())

    assert stage.session.sent[-1]["order_type"] == OrderType.LIMIT


def bought(panel: ChartPanel, stage: Stage, quantity: int) -> None:
    """Hold a position, bought at market."""
    frame = panel.view.hand.frame
    assert frame is not None
    at = frame.at
    stage.context.trading.send(order_intent(at, BUY, NO_PRICE, quantity))
    stage.pulse()
    show(panel)


def test_at_the_top_the_position_stands_below_the_legend(
    panel: ChartPanel, stage: Stage
) -> None:
    bought(panel, stage, 3)
    view = panel.view
    assert view._mark is not None
    average = view.price_at(view._mark.y)
    view.price_scale.high = average + 0.1
    panel.resize(320, 420)  # the legend takes more lines than one
    QApplication.processEvents()
    view.rebuild()
    show(panel)

    assert view._mark.y < view.legend_bottom
    assert view._mark.box.top() >= view.legend_bottom


@pytest.mark.parametrize(
    ("ticks", "kind"), [(9, OrderType.LIMIT), (-9, OrderType.STOP)]
)
def test_the_position_is_dragged_to_where_one_would_leave(
    panel: ChartPanel, stage: Stage, ticks: int, kind: OrderType
) -> None:
    bought(panel, stage, 3)
    view, frame = panel.view, panel.view.hand.frame
    assert frame is not None
    (price, y) = view.price_at(view._mark.y) + ticks, view._mark.y  # type: ignore[union-attr]  # it is there, or the test fails
    begin = QPoint(200, round(y))
    end = begin + QPoint(0, round(float(view.price_scale.y(price)) - y))

    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=begin)
    QTest.mouseMove(view, end)
    (ghost,) = view.hand.ghosts()
    sign = "+" if ticks > 0 else "\N{MINUS SIGN}"
    assert f"P&L {sign}" in ghost.text
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=end)

    sent = stage.session.sent[-1]
    told = "price" if kind == OrderType.LIMIT else "stop_price"
    assert (sent["order_type"], sent["side"], sent["quantity"]) == (kind, -1, 3)
    assert sent[told] == ghost.at
    assert sent["options"] & OrderOption.REDUCE_ONLY


def test_a_limit_that_was_staged_as_an_exit_stays_one(
    panel: ChartPanel, stage: Stage
) -> None:
    bought(panel, stage, 3)
    frame = panel.view.hand.frame
    assert frame is not None
    intent = exit_intent(frame.at, frame.best_bid + 4)
    assert intent.again is not None

    for _ in range(300):
        stage.session.advance()
    stage.pulse()
    show(panel)

    again = intent.again(panel.view.hand.frame.at)  # type: ignore[union-attr]  # as above
    assert again.command["order_type"] == OrderType.LIMIT


def test_a_bracket_is_drawn_dragged_and_sent(panel: ChartPanel, stage: Stage) -> None:
    view, hand, before = panel.view, panel.view.hand, len(stage.session.sent)
    assert hand.frame is not None
    price = hand.frame.best_bid - 2
    view.begin_plan(BUY, price)
    assert hand.plan is not None
    stop = next(x for x in view._labels if x.leg == STOP)
    begin = stop.box.center().toPoint()
    end = begin + QPoint(0, round(float(view.price_scale.y(price - 5)) - stop.y))

    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=begin)
    QTest.mouseMove(view, end)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=end)
    assert len(stage.session.sent) == before
    target, away = hand.plan.ticks
    assert away == 5
    ratio = f"1 : {target / 5:.2f}"
    assert any(ratio in intent.text for _, intent in hand.plan_lines())
    QTest.keyClick(view, Qt.Key.Key_Return)

    sent = stage.session.sent[before:]
    assert [int(x["price"]) for x in sent] == [price + target, NO_PRICE, price]
    assert [int(x["stop_price"]) for x in sent] == [NO_PRICE, price - 5, NO_PRICE]
    assert len({int(x["group"]) for x in sent}) == 1
    assert view.hand.plan is None


def test_a_drawn_bracket_is_moved_by_keys(panel: ChartPanel) -> None:
    view, hand = panel.view, panel.view.hand
    assert hand.frame is not None
    price = hand.frame.best_bid - 2
    view.begin_plan(BUY, price)
    assert hand.plan is not None
    target, stop = hand.plan.ticks

    QTest.keyClick(view, Qt.Key.Key_Down)
    QTest.keyClick(view, Qt.Key.Key_Right)
    QTest.keyClick(view, Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)

    moved = view.hand.plan
    assert moved is not None
    assert (moved.price, moved.ticks) == (price - 1, (target + 10, stop))
    assert view.accessibleDescription().startswith("target: SELL")
    (chosen,) = [label for label in view._labels if label.words.startswith("▸")]
    assert chosen.leg == TARGET


def test_a_bracket_beyond_the_market_enters_by_a_stop(panel: ChartPanel) -> None:
    view, hand = panel.view, panel.view.hand
    assert hand.frame is not None
    view.begin_plan(BUY, hand.frame.best_ask + 4)

    words = {leg: intent.text for leg, intent in hand.plan_lines()}

    assert " STP " in words[ENTRY]
    assert words[TARGET].startswith("target: SELL")


def test_a_drawn_bracket_is_dropped_and_where_blocked_stays(
    panel: ChartPanel, stage: Stage
) -> None:
    view, hand = panel.view, panel.view.hand
    assert hand.frame is not None
    stage.context.trading.set_state(SafetyState.VIEW)
    stage.pulse()
    show(panel)
    before = len(stage.session.sent)
    view.begin_plan(BUY, hand.frame.best_bid - 2)

    QTest.keyClick(view, Qt.Key.Key_Return)

    assert hand.plan is not None
    assert "ARMED" in panel.said.text
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.hand.plan is None
    assert len(stage.session.sent) == before


def test_a_wrong_size_is_explained_and_sends_nothing(
    panel: ChartPanel, stage: Stage
) -> None:
    before = len(stage.session.sent)
    panel.size_field.setText("many")
    assert "size" in panel.said.text
    frame = panel.view.hand.frame
    assert frame is not None

    panel.orders.place(panel.view.hand.intents_at(frame.best_bid - 3)[0])

    assert len(stage.session.sent) == before


# The crosshair by keys.


def test_keys_move_the_crosshair_by_bars_and_ticks(panel: ChartPanel) -> None:
    view, shift = panel.view, Qt.KeyboardModifier.ShiftModifier
    many = shift | Qt.KeyboardModifier.ControlModifier
    view.point_at(None)
    QTest.keyClick(view, Qt.Key.Key_Left, shift)
    newest = view.pointed()
    assert newest == len(view.shown) - 1

    QTest.keyClick(view, Qt.Key.Key_Left, shift)
    assert view.pointed() == newest - 1
    assert view.pointer is not None
    price = view.price_at(view.pointer.y())
    QTest.keyClick(view, Qt.Key.Key_Up, many)

    assert view.price_at(view.pointer.y()) == price + 10
    assert view.listed is not None
    said = view.accessibleDescription()
    assert view.listed.text.price(price + 10) in said
    row = view.shown.rows[view.pointed()]
    assert f"C {view.listed.text.price(int(row['close']))}" in said
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert panel.view.pointer is None


def test_at_an_edge_the_bars_move(panel: ChartPanel) -> None:
    view, shift = panel.view, Qt.KeyboardModifier.ShiftModifier
    view.span.bar_px = 250.0
    view.rebuild()
    show(panel)
    view.grab()
    QTest.keyClick(view, Qt.Key.Key_Left, shift)
    start = view.time_at(view.pointer.x())  # type: ignore[union-attr]  # it is there, or the test fails

    for _ in range(14):
        QTest.keyClick(view, Qt.Key.Key_Left, shift)

    moved = view.time_at(view.pointer.x())  # type: ignore[union-attr]  # as above
    assert moved <= start - 6_000_000_000


# Drawings.


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "note"])
def test_a_drawing_is_drawn_moved_undone_and_deleted(
    kind: str, panel: ChartPanel
) -> None:
    view, layer = panel.view, panel.view.extras.drawings
    drawings = layer.drawings
    assert drawings is not None
    panel.menu.draw(kind)
    points = [QPoint(150, 90), QPoint(260, 140)][: KINDS[kind]]
    for point in points:
        QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=point)
    assert [each.kind for each in drawings.items] == [kind]
    made = drawings.items[0]
    assert layer.selected is made

    place = view.place_of(made.points[0])
    at = QPoint(round(place.x()), round(place.y()))
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseMove(view, at + QPoint(35, 40))
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=at + QPoint(35, 40))
    assert drawings.items[0] != made

    QTest.keyClick(view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert drawings.items == (made,)
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=at)
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert not drawings.items


def can_undo(panel: ChartPanel) -> bool:
    menu = panel.menu.open_at(QPoint(0, 0))
    (undo,) = (each for each in menu.actions() if each.text() == "Undo drawing")
    is_enabled = undo.isEnabled()
    menu.close()
    return is_enabled


@pytest.mark.qt_log_ignore("does not support")
def test_drawings_are_shared_and_come_back(
    panel: ChartPanel, stage: Stage, tmp_path: Path
) -> None:
    drawings = panel.view.extras.drawings.drawings
    assert drawings is not None
    assert not can_undo(panel)
    drawings.add(Drawing("note", ((START_NS, 17_285.0),), "open"))
    assert can_undo(panel)
    other = stage.context.library.drawings.of("RSX")

    again = DrawingBook(tmp_path / "drawings").of("RSX")

    assert other is drawings
    assert again.items == drawings.items


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "{",
        '{"drawings": 5}',
        '{"drawings": [{"kind": "trend", "points": [[1]]}]}',
    ],
)
def test_a_damaged_file_of_drawings_does_no_harm(content: str, tmp_path: Path) -> None:
    (tmp_path / "X.json").write_text(content)

    drawings = DrawingBook(tmp_path).of("X")
    drawings.add(Drawing("horizontal", ((1, 2.0),)))

    kept = json.loads((tmp_path / "X.json").read_text())
    assert len(kept["drawings"]) == 1


# Links, indicators, footprint, profile.


def test_linked_charts_point_at_the_same_time(stage: Stage) -> None:
    links = Links(stage.desk, stage.bridge)
    one, two, other = links.new("A"), links.new("A"), links.new("B")
    told: list[tuple[str, int]] = []
    two.focus.time_pointed.connect(lambda ts: told.append(("two", ts)))
    other.focus.time_pointed.connect(lambda ts: told.append(("other", ts)))

    one.focus.point(START_NS)

    assert told == [("two", START_NS)]


def test_a_linked_chart_is_told_what_bars_bring_below_a_pointer_at_rest(
    panel: ChartPanel, stage: Stage
) -> None:
    view = panel.view
    told: list[int] = []
    stage.context.focus.time_pointed.connect(told.append)
    newest = float(view.shown.xs[view.pointed()])
    view.point_at(QPointF(newest + 1, 80))
    before = told[-1]
    assert before == view.shown.rows["begin"][view.pointed()]

    view.pan(2 * view.shown.width)
    view.settle()
    show(panel)

    assert told[-1] == view.shown.rows["begin"][view.pointed()] < before
    view.point_at(None)
    assert told[-1] == 0


def test_the_legend_is_of_the_newest_bar_that_is_seen(panel: ChartPanel) -> None:
    view = panel.view
    view.zoom(4.0, 0.0)
    for _ in range(8):
        view.pan(0.37 * view.span.width)
        view.settle()
        x = float(view.shown.xs[view.pointed()])

        assert x < view.plot.right(), "part of it is in the plot"


def test_linked_charts_move_together_where_they_are_asked_to(
    panel: ChartPanel, stage: Stage, qtbot: QtBot
) -> None:
    other = ChartPanel(stage.context)  # the same focus: one group
    qtbot.addWidget(other)
    other.resize(500, 300)
    with qtbot.waitExposed(other):
        other.show()
    other.interval.setCurrentText("1s")
    other._on_interval()
    show(other)
    edge = other.view.span.right
    panel.view.pan(120.0)
    assert other.view.span.right == edge

    panel.view.look.moves_along = other.view.look.moves_along = True
    panel.view.pan(120.0)

    for x in (0.0, 1.0):
        wanted = panel.view.time_at(x * panel.view.plot.right())
        given = other.view.time_at(x * other.view.plot.right())
        assert given == pytest.approx(wanted, abs=2_000_000_000)
    panel.view.reset_view()
    assert other.view.span.is_following


def test_a_linked_time_is_marked(panel: ChartPanel) -> None:
    view = panel.view
    before = view.grab().toImage()

    view.show_linked(int(view.shown.rows["begin"][len(view.shown.rows) // 2]))

    assert view.cross_x() is not None
    assert view.grab().toImage() != before


def test_indicators_are_added_and_refused(panel: ChartPanel) -> None:
    panel.menu.add_indicator("ema", "5")
    panel.menu.add_indicator("rsi", "")
    panel.view.grab()
    assert [each.title for each in panel.view.look.indicators] == ["EMA 5", "RSI 14"]
    assert [pane.name for pane in panel.view.panes][-1] == "RSI 14"
    assert any("EMA 5" in words for words, _ in panel.view.extras.legend(panel.view, 0))

    first = panel.view.look.indicators[0]
    panel.menu.add_indicator("ema", "8", first)
    panel.view.grab()
    assert [each.title for each in panel.view.look.indicators] == ["EMA 8", "RSI 14"]
    panel.menu.add_indicator("ema", "-3")

    assert "length" in panel.said.text
    assert len(panel.view.look.indicators) == 2


def test_bands_of_volatility_lie_behind_the_bars_and_are_named(
    panel: ChartPanel,
) -> None:
    view = panel.view
    view.grab()
    before = view.grab().toImage()
    view.look.regimes = True
    view.rebuild()
    view.grab()
    view.extras._regimes[:] = WILD  # eight bars have no long past
    view._still.bring(view, view._ground.picture, view.layer.picture)

    assert view.grab().toImage() != before
    assert any(words == "wild" for words, _ in view.extras.legend(view, 0))
    assert ChartLook().state()["regimes"] is False


def test_every_look_and_zoom_is_painted(panel: ChartPanel, stage: Stage) -> None:
    view = panel.view
    names = ("ema", "bollinger", "donchian", "vwap", "macd", "atr", "z_score")
    view.look.indicators = [Drawn(name) for name in names]
    for profile in ("session", "visible", ""):
        view.look.profile = profile
        panel.feed.stale()
        for px in (0.01, 0.5, 7.0, 80.0, 200.0):
            view.span.bar_px = px
            view.rebuild()
            stage.clock.advance(2)
            show(panel)
            view.point_at(QPointF(120, 60))
            assert not panel.grab().isNull()
    assert view.extras.is_footprint(view)


@pytest.mark.parametrize("mark", ["", "◂", "▸"])
def test_figures_of_a_footprint_keep_to_their_cell(
    panel: ChartPanel, mark: str
) -> None:
    ink, listed = panel.view.ink, panel.view.listed
    assert listed is not None
    wide, narrow = 200.0, ink.small.width("1.5k") + ink.small.width(mark)
    for room, words in ((wide, "1,542"), (narrow, "1.5k")):
        told, glyphs = figure(ink, listed.text, room, 1_542, mark)
        assert told.strip("◂▸") == words
        assert glyphs.width(told) <= room
    is_heavy = figure(ink, listed.text, wide, 1_542, mark)[1] is ink.bold
    assert is_heavy == bool(mark)
    assert [formatting.narrow_number(x) for x in (0, 7, 99, 999, 15_420, 1.6e6)] == [
        *("0", "7", "99", "999", "15k", "1.6M")
    ]


def test_imbalances_are_diagonal() -> None:
    cells = np.array([(100, 0, 30), (101, 95, 5), (103, 2, 40)], PROFILE)
    prices, buys, sells = grouped(cells, 1)

    won, lost = imbalances(buys, sells)

    assert prices.tolist() == [100, 101, 102, 103]
    assert won.tolist() == [False, True, False, False]  # 95 over the 30 below
    assert lost.tolist() == [False, True, False, False]  # 5 over the 0 above


def test_the_value_area_grows_to_the_heavier_side() -> None:
    assert value_area(np.array([1.0, 10, 50, 30, 5, 4])) == (2, 2, 3)
