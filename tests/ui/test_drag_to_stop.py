"""A limit that is dragged across the market, on the real engine: taker, or stop."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    Action,
    OrderOption,
    OrderStatus,
    OrderType,
    ReportType,
    SafetyState,
)
from app.ui.items.ladder_geometry import Column
from app.ui.items.ladder_view import LadderView
from app.ui.main_window import MainWindow
from app.ui.models.deciding import CONFIRM_AFTER_NS
from app.ui.models.intent import order_intent
from app.ui.panels.ladder import LadderPanel
from tests.ui.conftest import Stage
from tests.ui.test_click_means import (
    MID,
    SIZE,
    MovedFeed,
    _drag,
    _settle,
    _until,
    _until_painted,
    feed,
    opened,
    window,
)
from tests.ui.test_ladder_panel import Hand
from tests.waiting import eventually

__all__ = ["feed", "window"]  # fixtures
pytestmark = [pytest.mark.gui, pytest.mark.slow, pytest.mark.threads]
AWAY, ACROSS = 5, 4


@pytest.fixture
def turning(qtbot: QtBot, tmp_path: Path, feed: MovedFeed) -> Iterator[MainWindow]:
    """A window in which a limit becomes a stop."""
    made = opened(qtbot, tmp_path, drag_to_stop=True)
    qtbot.waitUntil(lambda: view_of(made).gestures.is_turning)
    yield made
    made.close()


def view_of(window: MainWindow) -> LadderView:
    ladder = window.ladder()
    assert ladder is not None
    return ladder.view


def placed(window: MainWindow, side: int, quantity: int) -> tuple[int, int, int]:
    """Place a limit; its id, its price, and a price across the market."""
    window.bridge.pause()
    _settle(window, MID)
    frame = view_of(window).painted
    assert frame is not None
    bid = frame.best_bid if side == BUY else frame.best_ask
    ask = frame.best_ask if side == BUY else frame.best_bid
    seen = watched(window)
    price = bid - AWAY * side
    (order,) = window.trading.send(order_intent(frame.at, side, price, quantity))
    _until(window, seen, ReportType.NEW)
    _until_painted(window, order)
    return order, price, ask + ACROSS * side


def watched(window: MainWindow) -> list[np.ndarray]:
    seen: list[np.ndarray] = []
    window.bridge.reports_arrived.connect(seen.append)
    return seen


def confirm(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.wait(CONFIRM_AFTER_NS // 1_000_000 + 50)  # a double click must not confirm
    qtbot.keyClick(view_of(window), Qt.Key.Key_Return)


def said(qtbot: QtBot, window: MainWindow, side: int, start: int, end: int) -> str:
    """The line while an order is dragged, not dropped."""
    view = view_of(window)
    words: list[str] = []
    view.hover_changed.connect(lambda each: words.append(each.text if each else ""))
    column = Column.OWN_BUYS if side == BUY else Column.OWN_SELLS
    frame = view.painted
    assert frame is not None
    at = [view.cell_centre(frame.row(p), column).toPoint() for p in (start, end)]
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=at[0])
    qtbot.mouseMove(view, pos=at[1])
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=at[1])
    return next(each for each in reversed(words) if "LMT" in each or "MOVE" in each)


def test_as_it_ships_the_line_says_that_it_would_take(
    qtbot: QtBot, window: MainWindow
) -> None:
    order, start, end = placed(window, BUY, 1)

    words = said(qtbot, window, BUY, start, end)
    _drag(qtbot, window, BUY, start, end)

    assert "it would trade at once" in words
    assert "takes 1 at " in words
    held = view_of(window).gestures.held
    assert held is not None
    assert (held.intents[0].order, held.intents[0].stop) == (order, NO_PRICE)


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_limit_across_the_market_becomes_a_stop_after_a_confirm(
    qtbot: QtBot, turning: MainWindow, side: int
) -> None:
    order, start, end = placed(turning, side, 7)
    orders, seen = turning.desk.orders, watched(turning)
    assert "becomes STP" in said(qtbot, turning, side, start, end)

    _drag(qtbot, turning, side, start, end)
    turning.bridge.frame()
    assert orders.working()["client_order_id"].tolist() == [order], "not yet confirmed"
    assert seen == []
    confirm(qtbot, turning)
    _until(turning, seen, ReportType.NEW)

    (stop,) = orders.working()
    assert (stop["order_type"], stop["side"]) == (OrderType.STOP, side)
    assert (stop["stop_price"], stop["leaves"]) == (end, 7)
    kinds = np.concatenate(seen)["report"].tolist()
    assert kinds.index(ReportType.CANCELLED) < kinds.index(ReportType.NEW)
    old = orders.order(order)
    assert old is not None
    assert old["status"] == OrderStatus.CANCELLED


def test_the_stop_is_for_what_was_left_when_the_limit_was_cancelled(
    qtbot: QtBot, turning: MainWindow, feed: MovedFeed
) -> None:
    order, start, end = placed(turning, BUY, SIZE + 30)
    _drag(qtbot, turning, BUY, start, end)
    seen = watched(turning)

    feed.move(MID - AWAY - 1)  # the ask fills a part: no frame has told the window
    eventually(lambda: feed.rings[0].fill == 0)
    confirm(qtbot, turning)
    _until(turning, seen, ReportType.NEW)

    filled = turning.desk.orders.order(order)
    assert filled is not None
    (stop,) = turning.desk.orders.working()
    assert filled["filled"] == SIZE
    assert (stop["stop_price"], stop["leaves"]) == (end, 30)


def test_no_stop_comes_of_a_limit_that_fills_while_it_is_cancelled(
    qtbot: QtBot, turning: MainWindow, feed: MovedFeed
) -> None:
    order, start, end = placed(turning, BUY, SIZE // 2)
    _drag(qtbot, turning, BUY, start, end)
    seen = watched(turning)

    feed.move(MID - AWAY - 1)
    eventually(lambda: feed.rings[0].fill == 0)
    confirm(qtbot, turning)
    _until(turning, seen, ReportType.FILL)
    _until(turning, seen, ReportType.CANCEL_REJECTED)

    assert len(turning.desk.orders.working()) == 0
    ids = np.concatenate(seen)["client_order_id"]
    assert set(ids.tolist()) <= {0, order}, "no other order was sent"
    assert any("no stop for" in each.text for each in turning.desk.messages.rows)


@pytest.mark.parametrize("came_back", [False, True])
def test_a_stop_that_would_trigger_by_then_is_asked_about(
    qtbot: QtBot, stage: Stage, came_back: bool
) -> None:
    settings = replace(stage.context.settings, drag_to_stop=True)
    panel = LadderPanel(replace(stage.context, settings=settings))
    qtbot.addWidget(panel)
    panel.resize(440, 700)
    panel.show()
    session = stage.session
    session.is_frozen, session.state = True, SafetyState.ARMED
    session.capabilities[OrderType.STOP] = session.capabilities[OrderType.LIMIT]
    stage.pulse()
    hand = Hand(qtbot, stage, panel)
    start, end = hand.frame.best_bid - 3, hand.frame.best_ask + ACROSS
    hand.click(start, Column.BID)
    stage.frame(2)
    hand.drag(start, end, Column.OWN_BUYS)
    session.holds = True  # as the gate does with a stop that would trigger at once

    for last in (end - 1, end - 1 if came_back else end):
        stage.clock.advance(1)
        session.books[0].last = last
        stage.pulse()
        qtbot.keyClick(panel.view, Qt.Key.Key_Return)
        stage.frame(3)

    (_, stop, second) = hand.new_orders()
    assert panel.view.gestures.is_turning
    assert len(hand.sent(Action.CANCEL)) == 1
    assert (stop["order_type"], stop["stop_price"]) == (OrderType.STOP, end)
    assert not stop["options"] & OrderOption.CONFIRMED
    assert bool(second["options"] & OrderOption.CONFIRMED) is not came_back
    kind = OrderType.STOP if came_back else OrderType.MARKET
    assert second["order_type"] == kind
