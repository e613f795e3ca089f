"""What is not there yet: capsules that wait for the hand, exits that wait for an entry.

Judged by the shapes that are drawn and by the pixels that they leave.
"""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from app.engine.history.history import History
from app.engine.history.records import TAPE
from app.engine.records import (
    BUY,
    MARKET,
    NO_PRICE,
    SELL,
    EventKind,
    OrderStatus,
    OrderType,
    RecordFlag,
)
from app.ui.items.ladder_chips import Chip
from app.ui.items.ladder_geometry import Column
from app.ui.models.fill_time import SPAN_NS, expected_wait, reached
from app.ui.models.ladder import LadderFrame, Shape
from app.ui.models.ladder_build import build_frame
from app.ui.models.orders import OWN_ORDER
from tests.ui.conftest import Stage
from tests.ui.scripted_session import FUTURE
from tests.ui.test_ladder_gestures import staging
from tests.ui.test_ladder_panel import Hand, armed, hand

__all__ = ["armed", "hand", "staging"]  # fixtures
pytestmark = pytest.mark.gui
SECOND = 1_000_000_000


@pytest.fixture
def drawn(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> list[Chip]:
    """Chips that are drawn over the rows, as they are drawn."""
    chips, seen = hand.panel.view._picture.chips, []
    draw = chips.draw

    def noted(painter, box, chip):
        seen.append(chip)
        draw(painter, box, chip)

    monkeypatch.setattr(chips, "draw", noted)
    return seen


def cell(hand: Hand, row: int, column: Column) -> np.ndarray:
    """Pixels of a cell on the screen, (height, width) of 0xffRRGGBB."""
    view = hand.panel.view
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    place = view._geometry.cell(row, column).toRect()
    image = image.copy(place)
    pixels = np.frombuffer(image.constBits(), np.uint32)
    return pixels.reshape(image.height(), -1)[:, : image.width()].copy()


def share(pixels: np.ndarray, colour: str) -> float:
    return float((pixels == QColor(colour).rgb()).mean())


@pytest.mark.parametrize(
    ("column", "own", "side", "step"),
    [(Column.BID, Column.OWN_BUYS, BUY, -3), (Column.ASK, Column.OWN_SELLS, SELL, 3)],
)
def test_a_staged_order_is_a_yellow_chip_until_esc(
    staging: Hand, drawn: list[Chip], column: Column, own: Column, side: int, step: int
) -> None:
    touch = staging.frame.best_bid if side == BUY else staging.frame.best_ask
    row = staging.frame.row(touch + step)
    before = cell(staging, row, own)

    staging.click(touch + step, column)
    staging.stage.frame()
    staged = cell(staging, row, own)

    assert drawn[-1] == Chip("1 stg", side, int(Shape.WAITING))
    warning = staging.panel.view._theme
    assert share(before, warning.warning_cell) == 0
    assert share(staged, warning.warning_cell) > 0.1
    assert share(staged, warning.warning) > 0
    staging.qtbot.keyClick(staging.panel.view, Qt.Key.Key_Escape)
    staging.stage.frame()
    assert (cell(staging, row, own) == before).all()


def test_what_is_held_asks_in_its_row_and_a_stop_has_its_tip(
    armed: Hand, drawn: list[Chip]
) -> None:
    armed.stage.session.holds = True
    price = armed.frame.best_bid - 3
    armed.click(price, Column.BID)
    armed.stage.frame(2)

    held = cell(armed, armed.frame.row(price), Column.OWN_BUYS)

    assert drawn[-1] == Chip("1 ?", BUY, int(Shape.WAITING))
    assert share(held, armed.panel.view._theme.warning_cell) > 0.1
    gestures = armed.panel.view.gestures
    assert gestures.held is not None
    (intent,) = gestures.held.intents
    commands = intent.commands.copy()
    commands["price"], commands["stop_price"] = NO_PRICE, price
    gestures.hold([replace(intent, commands=commands)], 0)
    armed.panel.view.grab()
    assert drawn[-1].shape == Shape.WAITING | Shape.STOP


def bracket_at(bid: int) -> np.ndarray:
    """Orders of a bracket whose entry has no fill yet."""
    orders = np.zeros(3, OWN_ORDER)
    orders["client_order_id"] = (1, 2, 3)
    orders["side"], orders["group"] = (BUY, SELL, SELL), 9
    orders["order_type"] = (OrderType.LIMIT, OrderType.LIMIT, OrderType.STOP)
    orders["status"] = OrderStatus.NEW
    orders["price"] = (bid - 2, bid + 6, NO_PRICE)
    orders["stop_price"] = (NO_PRICE, NO_PRICE, bid - 6)
    orders["quantity"], orders["leaves"] = (4, 0, 0), (4, 0, 0)
    return orders


def bracket(hand: Hand, *, filled: bool) -> LadderFrame:
    """A frame with a bracket whose entry has, or has not, its fills."""
    stage, view = hand.stage, hand.panel.view
    listed, orders = stage.desk.market.listed[0], bracket_at(hand.frame.best_bid)
    if filled:
        orders["quantity"], orders["leaves"] = 4, (0, 4, 4)
        orders = orders[1:]
    market = stage.desk.market
    return build_frame(market, listed, orders, view.top, view.rows)


def test_exits_of_an_entry_without_fills_are_ghosts_of_its_size(armed: Hand) -> None:
    frame, bid = bracket(armed, filled=False), armed.frame.best_bid

    target, stop = (frame.looks[frame.row(bid + at), SELL] for at in (6, -6))

    assert (target.size, target.shape) == (4, Shape.GHOST)
    assert (stop.size, stop.shape) == (4, Shape.GHOST | Shape.STOP)
    assert frame.looks[frame.row(bid - 2), BUY].shape == 0
    there = bracket(armed, filled=True).looks
    shapes = [there[frame.row(bid + at), SELL].shape for at in (6, -6)]
    assert shapes == [0, Shape.STOP]


def test_an_exit_out_of_view_says_the_entrys_size_at_the_edge(armed: Hand) -> None:
    stage, view = armed.stage, armed.panel.view
    orders = bracket_at(armed.frame.best_bid - 2 * view.rows)
    listed = stage.desk.market.listed[0]

    frame = build_frame(stage.desk.market, listed, orders, view.top, view.rows)

    assert [(each.side, each.size) for each in frame.away] == [(SELL, 8), (BUY, 4)]


@pytest.mark.parametrize("at", [6, -6])
def test_a_ghost_is_hollow_and_dashed_and_its_order_is_filled(
    armed: Hand, at: int
) -> None:
    view, row = armed.panel.view, armed.frame.row(armed.frame.best_bid + at)
    armed.stage.bridge.pause()

    view.show_frame(bracket(armed, filled=False))
    ghost = cell(armed, row, Column.OWN_SELLS)
    view.show_frame(bracket(armed, filled=True))
    order = cell(armed, row, Column.OWN_SELLS)

    ask = view._theme.ask
    assert share(order, ask) > 0.1, "filled"
    assert 0 < share(ghost, ask) < share(order, ask) / 2, "an outline and its words"
    if at > 0:  # along a round chip's upper edge dashes come and go
        edges = [each[1, 8:40] for each in (ghost, order)]
        changes = [int(np.count_nonzero(np.diff(each))) for each in edges]
        assert changes[0] > changes[1]


# How long it may take.


def tape(*rows: tuple[int, int, int, int]) -> np.ndarray:
    """Trades of (second, price, size, aggressor)."""
    made = np.zeros(len(rows), MARKET)
    made["kind"], made["flags"] = EventKind.TRADE, RecordFlag.LAST
    seconds, made["price"], made["size"], made["aggressor"] = np.array(rows).T
    made["ts_received"] = made["ts_venue"] = seconds * SECOND
    return made


def wait(history: History, now: int, side: int, price: int, to_go: int) -> float:
    return expected_wait(history, 0, now * SECOND, side=side, price=price, to_go=to_go)


@pytest.mark.parametrize("side", [BUY, SELL])
def test_the_wait_is_what_is_ahead_by_the_rate_that_traded_there(side: int) -> None:
    history = History((FUTURE,))
    rows = []
    for second in range(1_000, 1_100):
        rows += [
            (second, 500, 10, -side),  # 10 a second reach it
            (second, 500, 90, side),  # by the other aggressor: not against us
            (second, 500 + side, 40, -side),  # at a better price: not so far
        ]
    history.fold(tape(*rows))

    assert wait(history, 1_100, side, 500, 300) == pytest.approx(30 * SECOND, rel=0.02)
    assert wait(history, 1_100, side, 500 + side, 300) == pytest.approx(
        6 * SECOND, rel=0.02
    )
    assert wait(history, 1_100, side, 500 - side, 300) == float("inf")
    assert np.isnan(wait(History((FUTURE,)), 1_100, side, 500, 300)), "nothing is known"


def test_what_traded_over_a_minute_ago_does_not_count() -> None:
    history = History((FUTURE,))
    history.fold(tape(*[(1_000 + i, 500, 1_000, -1) for i in range(30)]))
    history.fold(tape(*[(2_000 + i, 500, 2, -1) for i in range(60)]))

    assert wait(history, 2_060, BUY, 500, 20) == pytest.approx(10 * SECOND, rel=0.05)
    assert SPAN_NS == 60 * SECOND


def test_half_of_what_has_no_known_aggressor_counts() -> None:
    trades = np.zeros(2, TAPE)
    trades["price"], trades["size"], trades["aggressor"] = 500, (8, 3), (0, -1)

    assert (reached(trades, BUY, 500), reached(trades, SELL, 500)) == (7, 4)


def test_hovering_over_an_order_says_how_long_it_may_take(
    armed: Hand, qtbot: QtBot, stage: Stage
) -> None:
    history = stage.session.history
    assert isinstance(history, History)
    price = armed.frame.best_bid - 1
    armed.click(price, Column.BID)
    stage.pulse()
    begun = stage.session.now
    made = tape(*[(0, price, 6, -1)] * 31)
    made["ts_received"] = made["ts_venue"] = begun + np.arange(31) * SECOND
    history.fold(made)
    stage.session.now = begun + 30 * SECOND
    stage.pulse()
    (order,) = stage.desk.orders.working(0)
    ahead, _ = stage.desk.market.queues()[int(order["client_order_id"])]

    for column in (Column.PRICE, Column.OWN_BUYS):
        qtbot.mouseMove(armed.panel.view, pos=armed.at(price, column))

    words = armed.panel._hover.text
    assert " to fill" in words
    said = float(words.split(", about ")[1].split(" s to fill")[0])
    assert said == pytest.approx((ahead + 1) / 6.0, rel=0.1)
