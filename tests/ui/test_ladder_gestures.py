"""Stops, exit stops, brackets, groups, sizes, staging: by mouse and by keyboard."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QAction, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.engine.records import (
    BUY,
    NO_PRICE,
    REPORT,
    SELL,
    Action,
    GroupRole,
    OrderOption,
    OrderStatus,
    OrderType,
    ReportType,
    SafetyState,
)
from app.ui.items.ladder_geometry import Column, Spot
from app.ui.models.hand import Hand as Kind
from app.ui.models.order_text import order_text
from app.ui.models.orders import OwnOrders, priced_at
from app.ui.panels.ladder import LadderPanel
from app.ui.safety import Way
from tests.ui.conftest import Stage
from tests.ui.test_ladder_panel import LEFT, RIGHT, Hand, armed, hand

__all__ = ["armed", "hand"]  # fixtures
pytestmark = pytest.mark.gui
SHIFT = Qt.KeyboardModifier.ShiftModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier


def click(
    hand: Hand, price: int, column: Column, modifier: Qt.KeyboardModifier
) -> None:
    hand.qtbot.mouseClick(hand.panel.view, LEFT, modifier, pos=hand.at(price, column))


def wheel(hand: Hand, price: int, column: Column, notches: int) -> None:
    view, point = hand.panel.view, QPointF(hand.at(price, column))
    event = QWheelEvent(
        point, view.mapToGlobal(point), QPointF(0, 0).toPoint(),
        QPointF(0, 120 * notches).toPoint(), Qt.MouseButton.NoButton, SHIFT | CONTROL,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


def is_holding(hand: Hand) -> bool:
    return hand.panel.view.gestures.held is not None


def hold(hand: Hand, position: int) -> None:
    """Take a position, as fills of orders placed elsewhere would."""
    hand.stage.session.position[0] = position
    hand.stage.session.cost[0] = position * hand.frame.best_bid
    hand.stage.pulse()


@pytest.mark.parametrize(("limit", "sent"), [(2, 0), (9, 1)])
def test_the_settings_say_how_far_through_the_market_a_click_may_go(
    qtbot: QtBot, stage: Stage, limit: int, sent: int
) -> None:
    settings = replace(stage.context.settings, through_ticks=limit)
    panel = LadderPanel(replace(stage.context, settings=settings))
    qtbot.addWidget(panel)
    panel.resize(440, 700)
    panel.show()
    stage.session.is_frozen = True
    stage.session.state = SafetyState.ARMED
    stage.pulse()
    hand = Hand(qtbot, stage, panel)

    hand.click(hand.frame.best_ask + 7, Column.BID)

    assert len(hand.new_orders()) == sent
    assert (panel.view.gestures.held is None) == bool(sent)


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_stop_is_named_with_the_price_that_triggers_it(
    armed: Hand, side: int
) -> None:
    column = Column.BID if side == BUY else Column.ASK
    price = (armed.frame.best_ask + 5) if side == BUY else (armed.frame.best_bid - 5)
    click(armed, price, column, SHIFT)
    armed.stage.pulse()

    (order,) = armed.stage.context.desk.orders.working(0)

    listed = armed.frame.listed
    assert f"STP {listed.text.price(price)}" in order_text(order, listed)


@pytest.mark.parametrize("side", [BUY, SELL])
def test_shift_click_on_the_far_side_places_a_stop(armed: Hand, side: int) -> None:
    column = Column.BID if side == BUY else Column.ASK
    price = (armed.frame.best_ask + 5) if side == BUY else (armed.frame.best_bid - 5)

    click(armed, price, column, SHIFT)

    (order,) = armed.new_orders()
    assert (order["side"], order["price"], order["stop_price"]) == (
        side, NO_PRICE, price,
    )  # fmt: skip
    assert order["order_type"] == OrderType.STOP
    assert not order["options"] & OrderOption.RESTING_INTENT


def test_a_stop_that_would_trigger_at_once_is_held_and_confirmed_at_market(
    armed: Hand,
) -> None:
    price = armed.frame.last - 3

    click(armed, price, Column.BID, SHIFT)
    assert armed.new_orders() == []
    held = armed.panel.view.gestures.held
    assert held is not None
    assert "trigger at once" in held.intents[0].text
    armed.stage.clock.advance(0.5)
    click(armed, price, Column.BID, SHIFT)

    (order,) = armed.new_orders()
    assert order["order_type"] == OrderType.MARKET
    assert order["options"] & OrderOption.CONFIRMED


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_stop_may_become_a_limit_beyond_it_and_both_are_dragged_together(
    armed: Hand, side: int
) -> None:
    column = Column.BID if side == BUY else Column.ASK
    own = Column.OWN_BUYS if side == BUY else Column.OWN_SELLS
    offered = armed.stage.session.capabilities
    offered[OrderType.STOP_LIMIT] = offered[OrderType.STOP]
    price = (armed.frame.best_ask + 5) if side == BUY else (armed.frame.best_bid - 5)
    (chosen,) = [
        action
        for action in armed.panel.shown.header.menu().findChildren(QAction)
        if action.text() == "A limit 3 ticks beyond"
    ]
    chosen.trigger()
    click(armed, price, column, SHIFT)
    armed.stage.frame(2)

    (order,) = armed.new_orders()
    assert order["order_type"] == OrderType.STOP_LIMIT
    assert (order["stop_price"], order["price"]) == (price, price + 3 * side)
    assert (armed.frame.row(price), side) in armed.frame.own, "it stands at its stop"
    armed.drag(price, price + side, own)
    (moved,) = armed.sent(Action.REPLACE)
    assert (moved["stop_price"], moved["price"]) == (price + side, price + 4 * side)
    assert armed.panel.state()["stop_limit"] == 3


def test_a_stop_limit_that_would_trigger_at_once_says_that_its_limit_goes(
    armed: Hand,
) -> None:
    offered = armed.stage.session.capabilities
    offered[OrderType.STOP_LIMIT] = offered[OrderType.STOP]
    armed.panel.shown.let_stops_become(2)
    price = armed.frame.last - 3

    click(armed, price, Column.BID, SHIFT)
    held = armed.panel.view.gestures.held
    assert held is not None
    assert "a confirm sends its limit" in held.intents[0].text
    armed.stage.clock.advance(0.5)
    click(armed, price, Column.BID, SHIFT)

    (order,) = armed.new_orders()
    assert (order["order_type"], order["price"]) == (OrderType.LIMIT, price + 2)


def test_a_stop_limit_that_has_triggered_stands_at_its_limit() -> None:
    orders = OwnOrders()
    report = np.zeros(1, REPORT)
    report["client_order_id"], report["quantity"] = 1, 5
    report["order_type"], report["side"] = OrderType.STOP_LIMIT, BUY
    report["stop_price"], report["price"] = 100, 103
    report["report"], report["status"] = ReportType.NEW, OrderStatus.NEW
    orders.apply(report)
    assert priced_at(orders.working()[0]) == 100

    report["report"], report["status"] = ReportType.TRIGGERED, OrderStatus.TRIGGERED
    orders.apply(report)

    assert priced_at(orders.working()[0]) == 103


def test_a_stop_whose_market_came_back_is_confirmed_as_the_stop_it_is(
    armed: Hand,
) -> None:
    price = armed.frame.last - 3
    view, said = armed.panel.view, list[str]()
    view.hover_changed.connect(lambda intent: said.append(intent.text))
    click(armed, price, Column.BID, SHIFT)
    armed.stage.pulse()
    assert "at market" in said[-1]

    armed.stage.session.books[0].last = price - 4
    armed.stage.clock.advance(0.5)
    armed.stage.pulse()

    assert said[-1].startswith("CONFIRM")
    assert "at market" not in said[-1]
    click(armed, price, Column.BID, SHIFT)
    (order,) = armed.new_orders()
    assert (order["order_type"], order["stop_price"]) == (OrderType.STOP, price)
    assert not order["options"] & OrderOption.CONFIRMED, "the gate may ask again"


@pytest.mark.parametrize(
    "key", [Qt.Key.Key_Q, Qt.Key.Key_S, Qt.Key.Key_R, Qt.Key.Key_E]
)
def test_a_key_that_acts_drops_the_order_that_waited(armed: Hand, key: Qt.Key) -> None:
    hold(armed, 3)
    armed.click(armed.frame.best_bid - 4, Column.BID)
    armed.stage.pulse()
    before = len(armed.stage.session.sent)
    waiting = armed.frame.best_ask + 9
    armed.click(waiting, Column.BID)
    assert is_holding(armed)
    armed.stage.clock.advance(0.5)

    armed.qtbot.keyClick(armed.panel.view, key)
    assert not is_holding(armed)
    armed.qtbot.keyClick(armed.panel.view, Qt.Key.Key_Return)
    armed.stage.pulse()

    prices = {int(each["price"]) for each in armed.new_orders()}
    assert waiting not in prices
    assert len(armed.stage.session.sent) > before, "the key itself has acted"


def test_a_confirm_of_what_is_blocked_by_now_sends_nothing(armed: Hand) -> None:
    price = armed.frame.last - 3
    click(armed, price, Column.BID, SHIFT)
    held = armed.panel.view.gestures.held
    assert held is not None

    armed.stage.session.state = SafetyState.KILLED
    armed.stage.clock.advance(0.5)
    armed.stage.pulse()
    click(armed, price, Column.BID, SHIFT)

    assert armed.new_orders() == []
    assert armed.panel.view.gestures.held is None
    assert "blocked" in armed.panel._hover.text


def test_what_waited_too_long_is_not_confirmed_by_a_late_press(armed: Hand) -> None:
    click(armed, armed.frame.last - 3, Column.BID, SHIFT)
    gestures, clock = armed.panel.view.gestures, armed.stage.clock
    held = gestures.held
    assert held is not None

    # No frame came meanwhile, which would have dropped it.
    clock.advance(10.5)
    gestures.confirm(armed.frame.at, clock.monotonic_ns())

    assert armed.new_orders() == []
    assert gestures.held is None


@pytest.mark.parametrize("state", list(SafetyState))
def test_ctrl_click_protects_the_position_in_every_state(
    hand: Hand, state: SafetyState
) -> None:
    hand.stage.session.state = state
    hold(hand, 7)
    price = hand.frame.last - 6

    click(hand, price, Column.ASK, CONTROL)

    (order,) = hand.new_orders()
    assert (order["side"], order["quantity"], order["stop_price"]) == (SELL, 7, price)
    assert order["options"] & OrderOption.REDUCE_ONLY


def test_ctrl_click_without_a_position_says_why_nothing_is_sent(armed: Hand) -> None:
    click(armed, armed.frame.best_bid - 5, Column.BID, CONTROL)

    assert armed.new_orders() == []
    assert "no position to protect" in armed.panel._hover.text


def test_alt_click_places_entry_target_and_stop_as_one_group(armed: Hand) -> None:
    price = armed.frame.best_bid - 3
    armed.panel.exits.choose(12, 5)

    click(armed, price, Column.BID, ALT)

    target, stop, entry = armed.new_orders()
    assert len({int(each["group"]) for each in (target, stop, entry)}) == 1
    assert entry["group"] > 0
    assert [int(each["role"]) for each in (target, stop, entry)] == [
        GroupRole.BRACKET_TARGET, GroupRole.BRACKET_STOP, GroupRole.BRACKET_ENTRY,
    ]  # fmt: skip
    assert (entry["side"], entry["price"]) == (BUY, price)
    assert (target["side"], target["price"]) == (SELL, price + 12)
    assert (stop["side"], stop["stop_price"], stop["price"]) == (
        SELL, price - 5, NO_PRICE,
    )  # fmt: skip


def test_a_bracket_is_drawn_before_the_press(armed: Hand) -> None:
    price = armed.frame.best_bid - 3
    view = armed.panel.view
    armed.qtbot.mouseMove(view, armed.at(price, Column.BID))
    armed.stage.frame()

    armed.qtbot.keyPress(view, Qt.Key.Key_Alt)
    ghosts = view.gestures.ghosts(armed.frame)
    assert [ghost.at for ghost in ghosts] == [price, price + 8, price - 8]
    assert "target" in armed.panel._hover.text
    armed.qtbot.keyRelease(view, Qt.Key.Key_Alt)

    assert view.gestures.ghosts(armed.frame) == []
    assert armed.new_orders() == []


@pytest.mark.parametrize(
    ("key", "kind"), [("v", OrderType.STOP), ("b", OrderType.LIMIT)]
)
def test_a_key_before_the_click_does_what_the_modifier_does(
    armed: Hand, key: str, kind: OrderType
) -> None:
    price = armed.frame.best_ask + 4 if key == "v" else armed.frame.best_bid - 4
    armed.qtbot.keyClicks(armed.panel.view, key)

    armed.click(price, Column.BID)
    armed.click(armed.frame.best_bid - 9, Column.BID)

    orders = armed.new_orders()
    assert len(orders) == (2 if key == "v" else 4)
    assert kind in [int(each["order_type"]) for each in orders[:-1]]
    assert orders[-1]["order_type"] == OrderType.LIMIT
    assert orders[-1]["group"] == 0


def test_a_bracket_that_the_engine_holds_takes_its_exits_back(armed: Hand) -> None:
    armed.stage.session.holds = True
    price = armed.frame.best_bid - 3

    click(armed, price, Column.BID, ALT)
    armed.stage.frame(2)

    first = [int(each["client_order_id"]) for each in armed.new_orders()]
    armed.stage.session.holds = False
    armed.stage.clock.advance(0.5)
    armed.qtbot.keyClick(armed.panel.view, Qt.Key.Key_Return)
    again = armed.new_orders()[3:]
    assert len(first) == 3
    assert len(again) == 3
    assert not {int(each["client_order_id"]) for each in again} & set(first)
    assert len({int(each["group"]) for each in again}) == 1


@pytest.mark.parametrize("by_key", [False, True])
def test_alt_drag_moves_a_group_by_the_same_ticks(armed: Hand, by_key: bool) -> None:
    modifier = Qt.KeyboardModifier.NoModifier if by_key else ALT
    price = armed.frame.best_bid - 4
    click(armed, price, Column.BID, ALT)
    armed.stage.frame(2)
    view = armed.panel.view
    own = armed.frame.own[(armed.frame.row(price), BUY)]

    if by_key:  # a window manager may keep Alt + drag for itself
        armed.qtbot.keyClick(view, Qt.Key.Key_B)
    here, there = (armed.at(each, Column.OWN_BUYS) for each in (price, price - 2))
    armed.qtbot.mousePress(view, LEFT, modifier, pos=here)
    armed.qtbot.mouseMove(view, there)
    armed.stage.frame()
    armed.qtbot.mouseRelease(view, LEFT, modifier, pos=there)
    assert view.gestures.latched is Kind.PLAIN

    moved = {int(each["client_order_id"]): each for each in armed.sent(Action.REPLACE)}
    target, stop, entry = armed.new_orders()
    assert moved[own[0]]["price"] == price - 2
    assert moved[int(target["client_order_id"])]["price"] == price + 6
    assert moved[int(stop["client_order_id"])]["stop_price"] == price - 10
    assert moved[int(stop["client_order_id"])]["price"] == NO_PRICE
    assert entry["client_order_id"] == own[0]


@pytest.mark.parametrize("state", [SafetyState.VIEW, SafetyState.ARMED])
def test_notches_over_an_order_are_collected_into_one_replace(
    armed: Hand, state: SafetyState
) -> None:
    armed.panel.pads.choose(3)
    price = armed.frame.best_bid - 4
    armed.click(price, Column.BID)
    armed.stage.frame(2)
    armed.stage.session.state = state
    armed.stage.pulse()

    for _ in range(3):
        wheel(armed, price, Column.OWN_BUYS, -1)
        armed.stage.frame()
    assert armed.sent(Action.REPLACE) == []
    armed.stage.frame(24)

    (command,) = armed.sent(Action.REPLACE)
    assert (command["quantity"], command["price"]) == (7, NO_PRICE)


def test_a_larger_size_is_refused_in_view_and_says_that_it_loses_the_place(
    armed: Hand,
) -> None:
    price = armed.frame.best_bid - 4
    armed.click(price, Column.BID)
    armed.stage.frame(2)
    wheel(armed, price, Column.OWN_BUYS, 2)
    (ghost,) = armed.panel.view.gestures.ghosts(armed.frame)
    assert "leaves the queue" in ghost.text
    armed.stage.session.state = SafetyState.VIEW
    armed.stage.frame(24)

    assert armed.sent(Action.REPLACE) == []


def test_t_reverses_with_one_market_order(armed: Hand) -> None:
    hold(armed, -4)

    armed.qtbot.keyClicks(armed.panel.view, "t")

    (order,) = armed.new_orders()
    assert (order["side"], order["quantity"]) == (BUY, 8)
    assert order["order_type"] == OrderType.MARKET


def test_modifiers_that_mean_nothing_together_do_nothing(armed: Hand) -> None:
    click(armed, armed.frame.best_bid - 3, Column.BID, SHIFT | ALT)
    armed.qtbot.mouseClick(
        armed.panel.view, RIGHT, SHIFT, pos=armed.at(armed.frame.best_bid, Column.BID)
    )

    assert armed.new_orders() == []


# Staging and the arming key.


@pytest.fixture
def staging(hand: Hand) -> Hand:
    hand.stage.context.safety.choose(Way.STAGE)
    hand.stage.pulse()
    hand.stage.pulse()
    return hand


def test_a_staged_order_is_not_sent_before_the_second_gesture(staging: Hand) -> None:
    price = staging.frame.best_bid - 3
    staging.click(price, Column.BID)
    staging.stage.frame(3)
    assert staging.new_orders() == []
    staging.click(price - 2, Column.BID)  # put elsewhere
    staging.stage.clock.advance(30)
    staging.stage.frame()
    assert staging.new_orders() == []

    staging.qtbot.keyClick(staging.panel.view, Qt.Key.Key_Return)

    (order,) = staging.new_orders()
    assert order["price"] == price - 2
    assert not order["options"] & OrderOption.CONFIRMED


def test_esc_drops_a_staged_order(staging: Hand) -> None:
    staging.click(staging.frame.best_bid - 3, Column.BID)
    staging.qtbot.keyClick(staging.panel.view, Qt.Key.Key_Escape)
    staging.stage.clock.advance(1)
    staging.qtbot.keyClick(staging.panel.view, Qt.Key.Key_Return)

    assert staging.new_orders() == []


def test_a_staged_order_is_judged_by_the_book_of_the_second_gesture(
    staging: Hand,
) -> None:
    session, price = staging.stage.session, staging.frame.best_ask - 1
    staging.click(price, Column.BID)
    session.books[0].bid -= 9  # now nine ticks through the market
    staging.stage.clock.advance(1)
    staging.stage.frame(2)

    staging.qtbot.keyClick(staging.panel.view, Qt.Key.Key_Return)

    assert staging.new_orders() == []
    held = staging.panel.view.gestures.held
    assert held is not None
    assert not held.is_staged


def test_a_kill_ends_staging(staging: Hand) -> None:
    staging.stage.context.trading.kill()
    staging.stage.pulse()

    assert staging.stage.context.safety.way is Way.DIRECT


def test_the_engine_is_armed_while_the_key_is_down_and_no_longer(
    hand: Hand, qtbot: QtBot
) -> None:
    safety, session = hand.stage.context.safety, hand.stage.session
    safety.choose(Way.HOLD)
    hand.stage.pulse()
    view = hand.panel.view
    view.setFocus()  # a dock does so; a panel alone begins in a field

    def state() -> SafetyState:
        return session.state

    qtbot.keyPress(view, Qt.Key.Key_QuoteLeft)
    assert state() is SafetyState.ARMED
    hand.stage.frame(2)
    qtbot.keyRelease(view, Qt.Key.Key_QuoteLeft)
    assert state() is SafetyState.VIEW
    hand.stage.frame(2)
    hand.click(hand.frame.best_bid - 3, Column.BID)

    assert hand.new_orders() == []
    assert safety.way is Way.HOLD
    safety.direct()


def test_a_feed_that_comes_back_finds_the_window_in_view(armed: Hand) -> None:
    session = armed.stage.session

    def state() -> SafetyState:
        return session.state

    session.given = replace(session.given, feed_state="disconnected")
    armed.stage.pulse()
    assert state() is SafetyState.ARMED
    session.given = replace(session.given, feed_state="connected")
    armed.stage.pulse()

    assert state() is SafetyState.VIEW


def test_every_gesture_says_before_the_press_what_it_does(armed: Hand) -> None:
    hold(armed, 3)
    gestures, frame = armed.panel.view.gestures, armed.frame
    spot = Spot(frame.row(frame.best_ask + 6), Column.BID)
    words = {
        kind: intent.text
        for kind in Kind
        if (intent := gestures.intent_at(frame, spot, hand=kind)) is not None
    }

    assert set(words) == set(Kind)
    assert "LMT" in words[Kind.PLAIN]
    assert "STP" in words[Kind.STOP]
    assert words[Kind.EXIT_STOP].startswith("SELL 3 STP")
    assert "target" in words[Kind.BRACKET]
    assert all(words.values())
