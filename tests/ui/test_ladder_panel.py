"""Clicks, drags and keys on the ladder make exactly the commands they should."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QEnterEvent, QImage, QRegion, QWheelEvent
from PySide6.QtWidgets import (
    QApplication,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    Action,
    OrderOption,
    OrderType,
    SafetyState,
    TimeInForce,
)
from app.instrument import QuantityUnits
from app.ui.formatting import InstrumentText
from app.ui.items.ladder_geometry import Column, Spot
from app.ui.models import requests
from app.ui.models.ladder import LadderFrame
from app.ui.panels.ladder import LadderPanel
from tests.ui.conftest import Stage
from tests.ui.scripted_session import INSTRUMENTS

pytestmark = pytest.mark.gui
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton


class Hand:
    """Presses where a price is, as a user sees it."""

    def __init__(self, qtbot: QtBot, stage: Stage, panel: LadderPanel) -> None:
        self.qtbot = qtbot
        self.stage = stage
        self.panel = panel

    @property
    def frame(self) -> LadderFrame:
        painted = self.panel.view.painted
        assert painted is not None
        return painted

    def at(self, price: int, column: Column) -> QPoint:
        return self.panel.view.cell_centre(self.frame.row(price), column).toPoint()

    def click(self, price: int, column: Column, button: Qt.MouseButton = LEFT) -> None:
        self.qtbot.mouseClick(self.panel.view, button, pos=self.at(price, column))

    def drag(self, price: int, target: int, column: Column) -> None:
        view = self.panel.view
        self.qtbot.mousePress(view, LEFT, pos=self.at(price, column))
        self.qtbot.mouseMove(view, pos=self.at(target, column))
        self.stage.frame()
        self.qtbot.mouseRelease(view, LEFT, pos=self.at(target, column))

    def new_orders(self) -> list[np.void]:
        return [
            each for each in self.stage.session.sent if each["action"] == Action.NEW
        ]

    def sent(self, action: Action) -> list[np.void]:
        return [each for each in self.stage.session.sent if each["action"] == action]


@pytest.fixture
def hand(qtbot: QtBot, stage: Stage) -> Hand:
    panel = LadderPanel(stage.context)
    qtbot.addWidget(panel)
    panel.resize(440, 700)
    panel.show()
    stage.session.is_frozen = True
    stage.pulse()
    return Hand(qtbot, stage, panel)


@pytest.fixture
def armed(hand: Hand) -> Hand:
    hand.stage.session.state = SafetyState.ARMED
    hand.stage.pulse()
    return hand


def test_left_click_on_a_bid_places_a_buy_limit_of_size_l(armed: Hand) -> None:
    price = armed.frame.best_bid - 4

    armed.click(price, Column.BID)

    (order,) = armed.new_orders()
    assert (order["side"], order["price"], order["quantity"]) == (BUY, price, 1)
    assert order["order_type"] == OrderType.LIMIT
    assert order["time_in_force"] == TimeInForce.DAY
    assert order["instrument"] == 0
    assert order["book_sequence"] == armed.frame.sequence
    assert order["options"] == OrderOption.GESTURE | OrderOption.RESTING_INTENT
    assert order["client_order_id"] > 0
    assert order["ts_received"] == armed.stage.clock.wall_ns()


def test_right_click_on_an_ask_places_a_sell_limit_of_size_r(armed: Hand) -> None:
    price = armed.frame.best_ask + 2

    armed.click(price, Column.ASK, RIGHT)

    (order,) = armed.new_orders()
    assert (order["side"], order["price"], order["quantity"]) == (SELL, price, 2)


def test_a_pad_says_its_size_in_few_figures(qtbot: QtBot, armed: Hand) -> None:
    pads = armed.panel.pads
    lot = QuantityUnits(1_000)
    large = replace(INSTRUMENTS[1], order_step=lot, order_min=lot, order_max=None)

    pads.offer(InstrumentText(large))

    said = [pads._group.button(i).text() for i in range(3)]
    assert said == ["1k", "2k", "5k"]
    field = pads._fields[0]
    assert field.minimumWidth() > field.fontMetrics().horizontalAdvance("1,000")


def test_size_pad_sets_the_left_size(armed: Hand) -> None:
    armed.panel.pads.choose(3)

    armed.click(armed.frame.best_bid - 2, Column.BID)

    assert armed.new_orders()[0]["quantity"] == 10


def test_click_through_the_market_is_a_marketable_limit(armed: Hand) -> None:
    price = armed.frame.best_ask + 2

    armed.click(price, Column.BID)

    (order,) = armed.new_orders()
    assert (order["side"], order["price"]) == (BUY, price)
    assert not order["options"] & OrderOption.RESTING_INTENT


def test_click_far_through_the_market_is_held_for_one_confirm(armed: Hand) -> None:
    price = armed.frame.best_ask + 6

    armed.click(price, Column.BID)
    assert armed.new_orders() == []
    armed.click(price, Column.BID)
    assert armed.new_orders() == [], "a double click must not confirm"
    armed.stage.clock.advance(0.5)
    armed.click(price, Column.BID)

    (order,) = armed.new_orders()
    assert order["options"] & OrderOption.CONFIRMED


def test_click_elsewhere_drops_what_is_held(armed: Hand) -> None:
    armed.click(armed.frame.best_ask + 6, Column.BID)
    armed.stage.clock.advance(1)

    armed.click(armed.frame.best_bid - 3, Column.BID)

    assert armed.new_orders() == []
    assert armed.panel.view.gestures.held is None


def test_held_by_the_engine_is_sent_again_confirmed(armed: Hand) -> None:
    armed.stage.session.holds = True
    price = armed.frame.best_bid - 3
    armed.click(price, Column.BID)
    armed.stage.frame()
    assert armed.panel.view.gestures.held is not None

    armed.stage.clock.advance(1)
    armed.qtbot.keyClick(armed.panel.view, Qt.Key.Key_Return)

    first, second = armed.new_orders()
    assert second["options"] & OrderOption.CONFIRMED
    assert (second["side"], second["price"]) == (BUY, price)
    assert second["client_order_id"] != first["client_order_id"]


def test_view_state_blocks_a_click_and_says_why(hand: Hand) -> None:
    price = hand.frame.best_bid - 3

    hand.click(price, Column.BID)

    assert hand.new_orders() == []
    row_note = hand.panel.view._notes[hand.frame.listed.scale.index(price)]
    assert "VIEW" in row_note.text
    assert "press ARMED" in row_note.text


def test_rule_52_cancels_pass_in_view(armed: Hand) -> None:
    price = armed.frame.best_bid - 3
    armed.click(price, Column.BID)
    armed.stage.session.state = SafetyState.VIEW
    armed.stage.pulse()

    armed.click(price, Column.OWN_BUYS, RIGHT)

    (cancel,) = armed.sent(Action.CANCEL)
    assert cancel["client_order_id"] == armed.new_orders()[0]["client_order_id"]


def test_left_click_on_an_own_order_cancels_it(armed: Hand) -> None:
    price = armed.frame.best_ask + 3
    armed.click(price, Column.ASK)
    armed.stage.frame()

    armed.click(price, Column.OWN_SELLS)

    assert len(armed.sent(Action.CANCEL)) == 1


def test_the_own_column_never_places_an_order(armed: Hand) -> None:
    armed.click(armed.frame.best_bid - 3, Column.OWN_BUYS)
    armed.click(armed.frame.best_bid - 3, Column.OWN_BUYS, RIGHT)
    armed.click(armed.frame.best_bid - 3, Column.PRICE)

    assert armed.stage.session.sent == []


def test_drag_replaces_at_the_new_price(armed: Hand) -> None:
    price = armed.frame.best_bid - 3
    armed.click(price, Column.BID)
    armed.stage.frame()

    armed.drag(price, price - 2, Column.OWN_BUYS)

    (replace,) = armed.sent(Action.REPLACE)
    assert replace["price"] == price - 2
    assert replace["quantity"] == 0, "unchanged"
    assert replace["client_order_id"] == armed.new_orders()[0]["client_order_id"]
    assert replace["options"] & OrderOption.GESTURE
    assert replace["book_sequence"] == armed.frame.sequence


def test_drag_shows_a_ghost_and_its_ticks(armed: Hand) -> None:
    price = armed.frame.best_bid - 3
    armed.click(price, Column.BID)
    armed.stage.frame()
    armed.qtbot.mousePress(armed.panel.view, LEFT, pos=armed.at(price, Column.OWN_BUYS))

    armed.qtbot.mouseMove(armed.panel.view, pos=armed.at(price - 3, Column.OWN_BUYS))

    assert "−3 ticks, leaves the queue" in armed.panel._hover.text


def test_escape_and_a_drop_outside_send_nothing(armed: Hand) -> None:
    price = armed.frame.best_bid - 3
    armed.click(price, Column.BID)
    armed.stage.frame()
    view = armed.panel.view

    armed.qtbot.mousePress(view, LEFT, pos=armed.at(price, Column.OWN_BUYS))
    armed.qtbot.mouseMove(view, pos=armed.at(price - 2, Column.OWN_BUYS))
    armed.qtbot.keyClick(view, Qt.Key.Key_Escape)
    armed.qtbot.mouseRelease(view, LEFT, pos=armed.at(price - 2, Column.OWN_BUYS))
    armed.qtbot.mousePress(view, LEFT, pos=armed.at(price, Column.OWN_BUYS))
    armed.qtbot.mouseRelease(view, LEFT, pos=QPoint(view.width() + 40, 90))

    assert armed.sent(Action.REPLACE) == []
    assert armed.sent(Action.CANCEL) == []


def test_drag_through_the_market_needs_a_confirm(armed: Hand) -> None:
    price = armed.frame.best_bid - 1
    armed.click(price, Column.BID)
    armed.stage.frame()

    armed.drag(price, armed.frame.best_ask, Column.OWN_BUYS)

    assert armed.sent(Action.REPLACE) == []
    assert armed.panel.view.gestures.held is not None


def test_the_click_means_the_painted_frame(armed: Hand) -> None:
    view, session = armed.panel.view, armed.stage.session
    painted = armed.frame
    price = painted.best_bid - 2
    place = armed.at(price, Column.BID)

    # The book moves on, but nothing of it is painted before the press.
    session.books[0].bid += 4
    session.books[0].sequence += 100
    armed.stage.bridge.frame()
    assert view.painted is painted
    armed.qtbot.mouseClick(view, LEFT, pos=place)

    (order,) = armed.new_orders()
    assert order["price"] == price
    assert order["book_sequence"] == painted.sequence


def test_a_click_with_a_modifier_sends_nothing(armed: Hand) -> None:
    for modifier in (
        Qt.KeyboardModifier.ShiftModifier,
        Qt.KeyboardModifier.ControlModifier,
        Qt.KeyboardModifier.AltModifier,
    ):
        place = armed.at(armed.frame.best_bid - 2, Column.BID)
        armed.qtbot.mouseClick(armed.panel.view, LEFT, modifier, place)

    assert armed.stage.session.sent == []


def _wheel(hand: Hand, notches: int, modifier: Qt.KeyboardModifier) -> None:
    view = hand.panel.view
    middle = QPointF(view.width() / 2, view.height() / 2)
    event = QWheelEvent(
        middle,
        view.mapToGlobal(middle),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        modifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, event)


def test_wheel_scrolls_and_space_recentres(armed: Hand) -> None:
    view, top = armed.panel.view, armed.panel.view.top

    _wheel(armed, 20, Qt.KeyboardModifier.NoModifier)
    armed.stage.frame()
    assert view.top == top + 60
    armed.stage.frame(120)
    assert view.top == top + 60, "a user who scrolled away is left alone"
    armed.qtbot.keyClick(view, Qt.Key.Key_Space)
    armed.stage.frame()

    assert view.top == top


def test_shift_wheel_scrolls_one_row(armed: Hand) -> None:
    top = armed.panel.view.top

    _wheel(armed, -1, Qt.KeyboardModifier.ShiftModifier)

    assert armed.panel.view.top == top - 1


def test_rows_stay_while_a_modifier_is_held(armed: Hand) -> None:
    view, listed = armed.panel.view, armed.frame.listed
    with armed.qtbot.waitActive(armed.panel):
        armed.panel.activateWindow()
    view.setFocus()
    # Rows stay under a pointer, too, and a test before may have left it here.
    view.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, False)
    far = listed.scale.index(armed.frame.best_bid) + 500
    top = view.top

    armed.qtbot.keyPress(view, Qt.Key.Key_Shift, Qt.KeyboardModifier.ShiftModifier)
    view.follow(far)
    assert view.top == top
    armed.qtbot.keyRelease(view, Qt.Key.Key_Shift)
    view.follow(far)

    assert view.top > top


@pytest.mark.parametrize("kind", [QSpinBox, QPlainTextEdit, QLineEdit])
def test_the_pointer_does_not_take_the_keys_from_who_is_typing(
    armed: Hand, kind: type[QWidget]
) -> None:
    field = kind()
    armed.qtbot.addWidget(field)
    field.show()
    with armed.qtbot.waitActive(field):
        field.activateWindow()
    field.setFocus()
    assert QApplication.focusWidget() is field

    at = QPointF(5, 5)
    QApplication.sendEvent(armed.panel.view, QEnterEvent(at, at, at))

    assert QApplication.focusWidget() is field


def test_middle_click_recentres(armed: Hand) -> None:
    view, top = armed.panel.view, armed.panel.view.top
    view.scroll_rows(-30)
    armed.stage.frame()

    armed.qtbot.mouseClick(view, Qt.MouseButton.MiddleButton, pos=QPoint(200, 200))
    armed.stage.frame()

    assert view.top == top


def test_arrows_and_enter_place_at_the_cursor(armed: Hand) -> None:
    view = armed.panel.view
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Left):
        armed.qtbot.keyClick(view, key)
    cursor = view.gestures.cursor
    assert cursor is not None
    price = armed.frame.price(cursor.row)

    armed.qtbot.keyClick(view, Qt.Key.Key_Return)

    (order,) = armed.new_orders()
    assert (order["side"], order["price"]) == (BUY, price)


def test_the_cursor_stays_on_its_price_when_rows_move(armed: Hand) -> None:
    view = armed.panel.view
    armed.qtbot.keyClick(view, Qt.Key.Key_Down)
    assert view.gestures.cursor is not None
    price = armed.frame.price(view.gestures.cursor.row)

    view.scroll_rows(3)
    armed.stage.frame()

    assert armed.frame.price(view.gestures.cursor.row) == price


@pytest.mark.parametrize(
    ("key", "side", "book"),
    [("q", BUY, BUY), ("w", SELL, SELL), ("z", BUY, SELL), ("x", SELL, BUY)],
)
def test_touch_keys_use_the_painted_touch(
    armed: Hand, key: str, side: int, book: int
) -> None:
    frame = armed.frame
    price = frame.best_bid if book == BUY else frame.best_ask

    armed.qtbot.keyClicks(armed.panel.view, key)

    (order,) = armed.new_orders()
    assert (order["side"], order["price"]) == (side, price)


@pytest.mark.parametrize(("key", "side"), [("a", BUY), ("s", SELL)])
def test_market_keys_send_market_orders(armed: Hand, key: str, side: int) -> None:
    armed.qtbot.keyClicks(armed.panel.view, key)

    (order,) = armed.new_orders()
    assert (order["side"], order["price"]) == (side, NO_PRICE)
    assert order["order_type"] == OrderType.MARKET


def test_e_cancels_entries_f_stops_and_r_closes(armed: Hand) -> None:
    bid, ask = armed.frame.best_bid, armed.frame.best_ask
    armed.click(bid - 4, Column.BID)
    armed.qtbot.mouseClick(
        armed.panel.view, LEFT, Qt.KeyboardModifier.ShiftModifier,
        pos=armed.at(ask + 4, Column.BID),
    )  # fmt: skip
    armed.stage.frame(2)
    entry, stop = (order["client_order_id"] for order in armed.new_orders())

    armed.qtbot.keyClicks(armed.panel.view, "f")
    cancelled = [each["client_order_id"] for each in armed.sent(Action.CANCEL)]
    assert cancelled == [stop]
    armed.stage.frame(2)
    armed.qtbot.keyClicks(armed.panel.view, "er")

    cancelled = [each["client_order_id"] for each in armed.sent(Action.CANCEL)]
    assert cancelled == [stop, entry]
    (close,) = armed.sent(Action.FLATTEN)
    assert close["instrument"] == 0


def test_number_keys_choose_the_pads(armed: Hand) -> None:
    armed.qtbot.keyClicks(armed.panel.view, "4")

    assert armed.panel.pads.chosen == (10, 2)


def test_reduce_lets_only_exits_pass(armed: Hand) -> None:
    session = armed.stage.session
    armed.panel.run("ladder.buy_market")
    session.state = SafetyState.REDUCE
    armed.stage.pulse()

    armed.click(armed.frame.best_bid - 2, Column.BID)
    armed.click(armed.frame.best_ask + 2, Column.ASK)

    buy, sell = armed.new_orders()
    assert buy["price"] == NO_PRICE, "the market order of before"
    assert sell["side"] == SELL
    assert sell["options"] & OrderOption.REDUCE_ONLY


def test_rule_27_what_the_venue_does_not_hold_is_not_offered(armed: Hand) -> None:
    session = armed.stage.session
    session.capabilities = {OrderType.LIMIT: (TimeInForce.DAY,)}
    armed.stage.pulse()

    armed.panel.run("ladder.buy_market")
    assert armed.new_orders() == []
    armed.click(armed.frame.best_bid - 2, Column.BID)
    assert len(armed.new_orders()) == 1

    session.capabilities = {OrderType.LIMIT: (TimeInForce.GTC,)}
    armed.stage.pulse()
    armed.click(armed.frame.best_bid - 2, Column.BID)
    assert len(armed.new_orders()) == 1


def test_a_refusal_is_written_into_its_row(armed: Hand) -> None:
    price = armed.frame.best_bid - 2
    armed.stage.session.submit(
        requests.new_order(
            1, instrument=0, client_order_id=9, side=BUY, quantity=105, price=price
        )
    )

    armed.stage.frame()

    note = armed.panel.view._notes[armed.frame.listed.scale.index(price)]
    assert note.text == "refused: max position 100, this order could make it 105"


def test_notes_go_after_some_seconds(armed: Hand) -> None:
    armed.panel.view.note(armed.panel.view.top - 3, "words")

    armed.stage.clock.advance(7)
    armed.stage.frame()

    assert armed.panel.view._notes == {}


def test_hover_says_what_a_click_would_do(armed: Hand) -> None:
    frame = armed.frame
    price = frame.best_bid
    size = int(frame.bids["size"][0])

    armed.qtbot.mouseMove(armed.panel.view, pos=armed.at(price, Column.BID))

    text = frame.listed.text
    assert armed.panel._hover.text == (
        f"BUY 1 LMT {text.price(price)} · joins {text.quantity(size)} ahead · "
        "pos 0→1 of 100 · OK"
    )
    line = armed.panel._hover
    narrow = line.fontMetrics().horizontalAdvance(line.text) // 2
    seen = line.shown(narrow)
    assert seen.startswith("BUY 1")
    assert seen.endswith("… · OK")
    assert line.fontMetrics().horizontalAdvance(seen) <= narrow


def test_a_full_command_ring_is_told(armed: Hand) -> None:
    armed.stage.session.is_full = True

    armed.click(armed.frame.best_bid - 2, Column.BID)

    newest = armed.stage.desk.messages.newest
    assert newest is not None
    assert newest.text.startswith("not sent:")


def test_only_changed_cells_are_painted(armed: Hand) -> None:
    view = armed.panel.view
    row = armed.frame.row(armed.frame.best_bid - 2)
    armed.stage.session.books[0].sizes[0, 2] += 1

    armed.stage.frame()

    drawn = np.argwhere(view._picture._grid.drawn).tolist()
    bid = view._geometry.columns.index(Column.BID)
    assert drawn == [[0, bid], [1 + row, bid]], "the side's total, and the size"


def test_painting_what_changed_makes_the_picture_of_painting_all(armed: Hand) -> None:
    view = armed.panel.view
    armed.click(armed.frame.best_bid - 3, Column.BID)
    armed.stage.session.is_frozen = False
    for _ in range(12):
        armed.stage.frame()
        partly = view._picture._grid.image.copy()

        view.repaint_all()

        assert view._picture._grid.image == partly


def test_the_frame_of_the_state_has_sides_and_a_foot(armed: Hand) -> None:
    view = armed.panel.view
    image, foot = view.grab().toImage(), int(view._geometry.height) - 1
    wanted = armed.stage.context.theme.state(SafetyState.ARMED)
    for x in (0, view.width() // 2, int(view._geometry.width) - 1):
        assert image.pixelColor(x, foot).name() == wanted


def test_the_price_stays_where_the_columns_change(armed: Hand) -> None:
    header, view = armed.panel.shown.header, armed.panel.view

    header.toggle(Column.SOLD)
    header.toggle(Column.PRICE)
    header.move(Column.ASK, Column.OWN_BUYS)
    armed.stage.frame()

    assert Column.SOLD not in view._geometry.columns
    assert view._geometry.columns[0] is Column.ASK
    assert Column.PRICE in view._geometry.columns
    armed.click(armed.frame.best_ask + 2, Column.ASK)
    assert [order["side"] for order in armed.new_orders()] == [SELL]


def test_what_a_workspace_keeps_comes_back_and_nonsense_does_not(armed: Hand) -> None:
    shown = armed.panel.shown
    shown.header.toggle(Column.NOTES)
    shown.group(5)
    shown.cycle_unit()
    kept = armed.panel.state()

    for nonsense in ({"columns": 3, "hidden": ["PRICE", 7], "zoom": "x"}, {}):
        armed.panel.restore(nonsense)
        armed.stage.frame()
    armed.panel.restore(kept)

    assert armed.panel.state() == kept


def test_a_click_in_a_row_of_five_ticks_means_the_price_nearest_the_market(
    armed: Hand,
) -> None:
    armed.panel.shown.group(5)
    armed.stage.frame()
    row = armed.frame.row(armed.frame.best_bid) + 2

    armed.qtbot.mouseClick(
        armed.panel.view,
        LEFT,
        pos=armed.panel.view.cell_centre(row, Column.BID).toPoint(),
    )

    assert armed.new_orders()[0]["price"] == armed.frame.price(row, BUY)


def test_a_badge_leads_to_an_order_out_of_view(armed: Hand) -> None:
    armed.click(armed.frame.best_bid - 3, Column.BID)
    armed.stage.frame()
    armed.panel.view.scroll_rows(200)
    armed.stage.frame()
    QApplication.processEvents()
    (badge,) = armed.panel.view.badges()

    armed.qtbot.mouseClick(armed.panel.view, LEFT, pos=badge[0].center().toPoint())
    armed.stage.frame()

    assert armed.frame.away == ()
    assert len(armed.new_orders()) == 1


def test_a_note_is_kept_at_its_price(armed: Hand) -> None:
    price = armed.frame.best_bid - 2

    armed.panel.shown.write_note(price, "yesterday's low")
    armed.panel.select(1)
    assert armed.panel.view.price_notes == {}
    armed.panel.select(0)

    assert armed.panel.view.price_notes == {price: "yesterday's low"}
    armed.panel.shown.write_note(price, " ")
    assert armed.panel.view.price_notes == {}


def test_the_pnl_cell_cycles_its_units(armed: Hand) -> None:
    texts = []
    for _ in range(4):
        texts.append(armed.panel.pnl.words)
        armed.qtbot.mouseClick(armed.panel.pnl, LEFT)

    assert texts[3] == "P&L hidden"
    assert armed.panel.pnl.words == texts[0]


def test_an_unchanged_picture_takes_the_newer_sequence(armed: Hand) -> None:
    before = armed.frame.sequence
    armed.stage.session.books[0].sequence += 10

    armed.stage.frame()

    assert armed.frame.sequence == before + 10


def test_a_heading_that_changes_alone_is_painted_whole(armed: Hand) -> None:
    view = armed.panel.view
    header = int(
        view.cell_centre(0, Column.BID).y() * 2 - view.cell_centre(1, Column.BID).y()
    )
    band = QRegion(0, 0, view.width(), header)
    pictures = []
    for region in (band, QRegion(view.rect())):
        picture = QImage(view.width(), header, QImage.Format.Format_RGB32)
        picture.fill(0)
        view.render(picture, QPoint(), region)
        pictures.append(picture)

    assert pictures[0] == pictures[1]


@pytest.mark.parametrize(("exact", "word"), [((0,), "exact"), ((), "an estimate")])
def test_a_place_in_the_queue_says_whether_it_is_known(
    armed: Hand, exact: tuple[int, ...], word: str
) -> None:
    armed.stage.session.exact_queues = frozenset(exact)
    price = armed.frame.best_bid - 2
    armed.click(price, Column.BID)
    armed.stage.pulse()

    for column in (Column.PRICE, Column.OWN_BUYS):
        armed.qtbot.mouseMove(armed.panel.view, pos=armed.at(price, column))

    assert f", {word}," in armed.panel._hover.text


# Keys about own orders.


def _resting(hand: Hand, *prices: int) -> None:
    for price in prices:
        is_buy = price <= hand.frame.best_bid
        hand.click(price, Column.BID if is_buy else Column.ASK)
    hand.panel.view.leaveEvent(None)  # type: ignore[arg-type]  # the pointer is nowhere
    hand.stage.frame()


def _press(hand: Hand, *keys: Qt.Key) -> None:
    for key in keys:
        hand.qtbot.keyClick(hand.panel.view, key)
        hand.stage.frame()


def test_keys_move_the_order_nearest_to_the_market(armed: Hand) -> None:
    bid = armed.frame.best_bid
    _resting(armed, bid - 5, bid - 3)

    _press(armed, Qt.Key.Key_K, Qt.Key.Key_I, Qt.Key.Key_I, Qt.Key.Key_J)

    moved = [int(each["price"]) for each in armed.sent(Action.REPLACE)]
    assert moved == [bid - 4, bid - 3, bid - 2, bid]


def test_the_keyboards_cell_says_which_order_moves(armed: Hand) -> None:
    bid = armed.frame.best_bid
    _resting(armed, bid - 5, bid - 3)
    row = armed.frame.row(bid - 5)
    armed.panel.view.gestures.cursor = Spot(row, Column.BID)

    _press(armed, Qt.Key.Key_K)

    (sent,) = armed.sent(Action.REPLACE)
    assert sent["price"] == bid - 6


def test_a_key_that_would_trade_is_held_and_one_unanswered_waits(armed: Hand) -> None:
    _resting(armed, armed.frame.best_ask + 1)
    armed.panel.run("ladder.move_to_touch")
    armed.panel.run("ladder.move_down")  # before the venue's answer

    assert len(armed.sent(Action.REPLACE)) == 1
    assert "not answered" in armed.panel._hover.text
    armed.stage.frame()
    for _ in range(armed.frame.best_ask - armed.frame.best_bid):
        _press(armed, Qt.Key.Key_K)

    assert armed.panel.view.gestures.held is not None


def test_keys_cancel_the_nearest_the_last_and_a_side_in_every_state(
    armed: Hand,
) -> None:
    bid, ask = armed.frame.best_bid, armed.frame.best_ask
    _resting(armed, bid - 1, ask + 2, bid - 4, bid - 6)
    ids = {int(x["price"]): int(x["client_order_id"]) for x in armed.new_orders()}
    armed.stage.session.state = SafetyState.KILLED
    armed.stage.pulse()

    _press(armed, Qt.Key.Key_D, Qt.Key.Key_L, Qt.Key.Key_U, Qt.Key.Key_O, Qt.Key.Key_D)

    gone = [int(each["client_order_id"]) for each in armed.sent(Action.CANCEL)]
    assert gone == [ids[bid - 1], ids[bid - 6], ids[bid - 4], ids[ask + 2]]
    assert "no working order" in armed.panel._hover.text


def test_a_view_moves_no_entry(armed: Hand) -> None:
    _resting(armed, armed.frame.best_bid - 3)
    armed.stage.session.state = SafetyState.VIEW
    armed.stage.pulse()

    _press(armed, Qt.Key.Key_I)

    assert armed.sent(Action.REPLACE) == []
    assert "VIEW" in armed.panel._hover.text


def test_plus_groups_prices_with_or_without_shift(armed: Hand) -> None:
    view = armed.panel.view
    armed.qtbot.keyClick(view, Qt.Key.Key_Plus, Qt.KeyboardModifier.ShiftModifier)
    more = view.group

    armed.qtbot.keyClick(view, Qt.Key.Key_Minus)

    assert (more > 1, view.group) == (True, 1)
