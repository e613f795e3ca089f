"""The blotters: filter, change in the row, cancel, columns, copies; fills."""

import io
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.engine.records import (
    BUY,
    NO_PRICE,
    REPORT,
    SELL,
    Action,
    OrderStatus,
    OrderType,
    Reason,
    ReportType,
    SafetyState,
)
from app.sessions.session import FIRST_ORDER_ID
from app.ui.items.step_field import StepField
from app.ui.models import replacing, requests
from app.ui.models.blotter_filter import wanted
from app.ui.models.blotters import Blotters
from app.ui.models.judge import Verdict
from app.ui.models.situation import situation
from app.ui.panels.fills import FillsPanel
from app.ui.panels.orders import OrdersPanel
from tests.counting import Calls
from tests.ui.conftest import Stage

pytestmark = pytest.mark.gui
LEFT = Qt.MouseButton.LeftButton
START = 1_780_000_000_000_000_000


def report(number: int, **values: Any) -> np.ndarray:
    made = np.zeros(1, REPORT)
    made["report"], made["status"] = ReportType.NEW, OrderStatus.NEW
    made["client_order_id"], made["side"] = number, BUY if number % 2 else SELL
    made["order_type"], made["quantity"], made["leaves"] = OrderType.LIMIT, 10, 10
    made["price"], made["stop_price"] = 17_200, NO_PRICE
    made["last_price"], made["ts_received"] = NO_PRICE, START + number
    for name, value in values.items():
        made[name] = value
    return made


def test_orders_have_one_number_everywhere(stage: Stage) -> None:
    rows = np.concatenate([report(FIRST_ORDER_ID + 7), report(41)])
    blotters = Blotters(stage.desk, stage.context.theme)
    for columns in (blotters.fills(), blotters.orders()):
        column = next(each for each in columns if each.title in ("Order", "Id"))
        assert [column.text(row) for row in rows] == ["7", "e41"]


@pytest.fixture
def armed(stage: Stage) -> Stage:
    """Orders 1 to 4 work (4 a stop of ACME), 5 filled, 6 cancelled, 7 refused."""
    stage.session.state = SafetyState.ARMED
    stage.pulse()
    stop = {"order_type": OrderType.STOP, "stop_price": 1_900_000, "price": NO_PRICE}
    over = {"leaves": 0}
    refused = {
        "report": ReportType.REJECTED,
        "status": OrderStatus.REJECTED,
        "reason": Reason.MAX_ORDER_SIZE,
        "last_quantity": 50,
    }
    for each in (
        report(1),
        report(2),
        report(3, instrument=1, price=1_843_200),
        report(4, instrument=1, **stop),
        report(5, status=OrderStatus.FILLED, filled=10, **over),
        report(6, status=OrderStatus.CANCELLED, reason=Reason.USER, **over),
        report(7, **refused, **over),
    ):
        stage.desk.orders.apply(each)
    return stage


def shown(qtbot: QtBot, stage: Stage, panel: QWidget) -> None:
    qtbot.addWidget(panel)
    panel.resize(1_100, 400)
    panel.show()
    stage.pulse()


@pytest.fixture
def orders(qtbot: QtBot, armed: Stage) -> OrdersPanel:
    made = OrdersPanel(armed.context)
    shown(qtbot, armed, made)
    return made


def ids(panel: OrdersPanel) -> list[int]:
    table = panel.table
    return sorted(
        int(table.record(row)["client_order_id"]) for row in range(table.rowCount())
    )


def row_of(panel: OrdersPanel, number: int) -> int:
    for row in range(panel.table.rowCount()):
        if panel.table.record(row)["client_order_id"] == number:
            return row
    raise AssertionError(number)


def test_an_exit_whose_entry_has_no_fill_yet_is_not_of_zero(armed: Stage) -> None:
    (size,) = (
        each
        for each in Blotters(armed.desk, armed.context.theme).orders()
        if each.title == "Quantity"
    )
    armed.desk.orders.apply(report(8, quantity=0, leaves=0, group=9))

    plain, exit_ = armed.desk.orders.order(1), armed.desk.orders.order(8)
    assert plain is not None
    assert exit_ is not None
    assert size.text(exit_) == "as filled"
    assert size.text(plain) == "10"


# The filter.


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("", [1, 2, 3, 4, 5, 6, 7]),
        ("working", [1, 2, 3, 4]),
        ("acme", [3, 4]),
        ("rsx buy working", [1]),
        ("sell -working", [6]),
        ("refused", [7]),
        ("cancelled", [6]),
        ("filled", [5]),
        ("stp", [4]),
        ("day -acme", [1, 2, 5, 6, 7]),
        ("6", [6]),
        ("nonsense", []),
        ("ACME  BUY", [3]),
        ("-", [1, 2, 3, 4, 5, 6, 7]),
        ("9" * 40, []),
    ],
)
def test_every_word_of_a_filter_must_hold(
    armed: Stage, words: str, kept: list[int]
) -> None:
    mask, rows = wanted(words, armed.desk), armed.desk.orders.rows

    found = rows if mask is None else rows[mask(rows)]

    assert sorted(found["client_order_id"].tolist()) == kept


def test_chips_and_words_hold_together(qtbot: QtBot, orders: OrdersPanel) -> None:
    qtbot.mouseClick(orders.filter.chips["working"], LEFT)
    qtbot.mouseClick(orders.filter.chips["sell"], LEFT)
    assert ids(orders) == [2, 4]
    qtbot.keyClicks(orders.filter.line, "acme")
    assert ids(orders) == [4]

    qtbot.mouseClick(orders.filter.chips["buy"], LEFT)

    assert not orders.filter.chips["sell"].isChecked()
    assert ids(orders) == [3]


def test_a_file_holds_what_the_filter_shows_in_plain_numbers(
    orders: OrdersPanel,
) -> None:
    orders.filter.line.setText("acme working")
    file = io.StringIO()

    orders.table.export(file, orders.view.columns())

    head, *rows = file.getvalue().splitlines()
    assert head.startswith("Sent,Instrument,Side,Type,Quantity,Price,Stop")
    assert "Group" not in head, "it is hidden"
    assert len(rows) == 2
    assert rows[0].split(",")[1:7] == ["ACME", "SELL", "STP", "10", "", "190.00"]


def test_a_filter_goes_by_columns_not_by_orders(armed: Stage) -> None:
    many = np.zeros(50_000, REPORT)
    many[:] = report(1)
    many["client_order_id"] = 100 + np.arange(len(many))
    armed.desk.orders._limit = 60_000
    armed.desk.orders.apply(many)
    mask = wanted("rsx buy working -stp", armed.desk)
    assert mask is not None
    rows = armed.desk.orders.rows

    made = []
    for some in (rows[:500], rows):
        with Calls(natives=True) as calls:
            mask(some)
        made.append(calls.count)

    assert len(rows) > 50_000
    assert made[0] == made[1] > 0


# A change in the row.


def edit(qtbot: QtBot, panel: OrdersPanel, number: int, title: str) -> StepField:
    index = panel.table.index(row_of(panel, number), panel._column(title))
    panel.view.table.setCurrentIndex(index)
    panel.view.table.edit(index)
    # The newest: one that was closed goes with the next turn of the loop.
    return panel.view.table.findChildren(StepField)[-1]


def test_a_price_is_changed_in_its_cell(
    qtbot: QtBot, armed: Stage, orders: OrdersPanel
) -> None:
    field = edit(qtbot, orders, 1, "Price")
    assert field.text() == "4300.00"
    qtbot.keyClick(field, Qt.Key.Key_Up)
    armed.pulse()
    assert field.text() == "4300.25", "the table below does not take it back"

    qtbot.keyClick(field, Qt.Key.Key_Return)

    sent = armed.session.sent[-1]
    assert sent["action"] == Action.REPLACE
    assert (sent["client_order_id"], sent["price"]) == (1, 17_201)
    assert sent["quantity"] == 0


def test_a_stop_and_a_quantity_are_changed_in_their_cells(
    qtbot: QtBot, armed: Stage, orders: OrdersPanel
) -> None:
    field = edit(qtbot, orders, 4, "Stop")
    field.setText("181.00")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert armed.session.sent[-1]["stop_price"] == 1_810_000
    assert armed.session.sent[-1]["price"] == NO_PRICE
    orders.view.setFocus()

    field = edit(qtbot, orders, 2, "Quantity")
    field.setText("7")
    qtbot.keyClick(field, Qt.Key.Key_Return)

    assert armed.session.sent[-1]["quantity"] == 7
    assert armed.session.sent[-1]["price"] == NO_PRICE


def test_escape_focus_and_nonsense_send_nothing(
    qtbot: QtBot, armed: Stage, orders: OrdersPanel
) -> None:
    before = len(armed.session.sent)
    field = edit(qtbot, orders, 1, "Price")
    field.setText("4300.10")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert "not a multiple" in field.toolTip()
    assert field.isVisible(), "it stays open"
    field.setText("4301")
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    edit(qtbot, orders, 1, "Price").setText("4302")

    orders.filter.line.setFocus()
    armed.pulse()

    assert len(armed.session.sent) == before


def test_an_ended_order_is_not_for_editing(orders: OrdersPanel) -> None:
    index = orders.table.index(row_of(orders, 5), orders._column("Price"))

    assert not orders.table.flags(index) & Qt.ItemFlag.ItemIsEditable


def test_only_a_decrease_passes_while_disarmed(armed: Stage) -> None:
    armed.session.state = SafetyState.VIEW
    armed.pulse()
    at, order = situation(armed.desk, 0, {}), armed.desk.orders.order(1)
    assert at is not None
    assert order is not None

    def typed(what: str, text: str) -> tuple[Verdict, str]:
        change, fault = replacing.read_change(order, what, text, at)
        assert change is not None, fault
        intent = replacing.row_intent(order, change, at)
        return intent.verdict, intent.why

    shut = Verdict.BLOCK, "the desk is in VIEW; press ARMED to trade"
    assert typed("quantity", "4") == (Verdict.SEND, "")
    assert typed("quantity", "40") == shut
    assert typed("price", "4299") == shut


# Cancels.


def test_the_cross_cancels_its_order(
    qtbot: QtBot, armed: Stage, orders: OrdersPanel
) -> None:
    table = orders.view.table
    place = table.visualRect(orders.table.index(row_of(orders, 2), 0)).center()

    qtbot.mouseClick(table.viewport(), LEFT, pos=place)

    sent = armed.session.sent[-1]
    assert (sent["action"], sent["client_order_id"]) == (Action.CANCEL, 2)


def test_delete_cancels_the_working_ones_that_are_selected(
    qtbot: QtBot, armed: Stage, orders: OrdersPanel
) -> None:
    before = len(armed.session.sent)
    orders.view.table.selectAll()

    qtbot.keyClick(orders.view.table, Qt.Key.Key_Delete)

    cancelled = [int(x["client_order_id"]) for x in armed.session.sent[before:]]
    assert sorted(cancelled) == [1, 2, 3, 4]


def test_a_menu_acts_on_its_order_even_when_rows_have_moved(
    armed: Stage, orders: OrdersPanel
) -> None:
    entries = dict(orders.entries(row_of(orders, 1)))
    armed.desk.orders.apply(report(8))
    armed.pulse()

    cancel = entries["Cancel"]
    assert cancel is not None
    cancel()

    assert armed.session.sent[-1]["client_order_id"] == 1


def test_the_menu_says_why_in_full(orders: OrdersPanel) -> None:
    titles = [title for title, _ in orders.entries(row_of(orders, 7))]

    assert "Why: max order size 50, this order is 10" in titles
    assert "Cancel" not in titles


def test_show_in_the_ladder_chooses_the_instrument(
    qtbot: QtBot, armed: Stage, orders: OrdersPanel
) -> None:
    orders.view.table.selectRow(row_of(orders, 3))

    qtbot.keyClick(orders.view.table, Qt.Key.Key_Return)

    assert armed.context.focus.number == 1


# Columns, copies.


def test_columns_widths_sorting_and_filter_come_back(
    qtbot: QtBot, armed: Stage, orders: OrdersPanel
) -> None:
    view = orders.view
    heading = view.table.horizontalHeader()
    view.show_column(orders._column("Group"), is_shown=True)
    view.show_column(orders._column("Ahead"), is_shown=False)
    heading.moveSection(heading.visualIndex(orders._column("Status")), 1)
    heading.resizeSection(orders._column("Price"), 123)
    view.table.sortByColumn(orders._column("Price"), Qt.SortOrder.DescendingOrder)
    orders.filter.line.setText("acme")
    kept = orders.state()
    other = OrdersPanel(armed.context)
    shown(qtbot, armed, other)

    other.restore(kept)

    assert other.view.columns() == view.columns()
    assert other.view.table.columnWidth(other._column("Price")) == 123
    assert other.state() == kept
    assert ids(other) == [3, 4]


def test_columns_are_as_much_wider_as_the_text(orders: OrdersPanel) -> None:
    price = orders._column("Price")
    kept = orders.state()
    kept["widths"]["Price"] = 60

    for times, width in ((2, 30), (1, 60), ("x", 60), (0, 60)):
        figure = kept["figure"] * times if isinstance(times, int) else times
        orders.restore(kept | {"figure": figure})
        assert orders.view.table.columnWidth(price) == width


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"order": 3, "widths": [], "hidden": {}, "sort": "x", "filter": 7},
        {"order": ["?", 4], "widths": {"Price": -5, "Side": 10**9}, "sort": ["?", 1]},
        {"filter": {"text": 4, "chips": "working"}},
    ],
)
def test_a_state_of_nonsense_is_passed_over(
    orders: OrdersPanel, state: dict[str, Any]
) -> None:
    before = orders.view.columns()

    orders.restore(state)

    assert orders.view.columns() == before
    assert ids(orders) == [1, 2, 3, 4, 5, 6, 7]


def test_one_column_always_stays(orders: OrdersPanel) -> None:
    for column in range(len(orders.table.columns)):
        orders.view.show_column(column, is_shown=False)

    assert len(orders.view.columns()) == 1


def test_selected_rows_are_copied_as_text(qtbot: QtBot, orders: OrdersPanel) -> None:
    orders.view.table.selectRow(row_of(orders, 3))

    qtbot.keyClick(orders.view.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)

    head, row = QGuiApplication.clipboard().text().split("\n")
    assert head.split("\t")[:3] == ["Sent", "Instrument", "Side"]
    assert row.split("\t")[1:3] == ["ACME", "BUY"]


def test_peak_and_trail_are_shown_as_they_were_sent(armed: Stage) -> None:
    command = requests.command(
        Action.NEW, 0, client_order_id=50, display_quantity=3, trail=-15_000
    )
    armed.desk.orders.note_sent(command)
    armed.desk.orders.apply(report(50))

    order = armed.desk.orders.order(50)

    assert order is not None
    assert (order["display"], order["trail"]) == (3, -15_000)


# Painting.


def test_a_row_is_painted_again_only_when_it_changed(
    armed: Stage, orders: OrdersPanel
) -> None:
    changed: list[tuple[int, int]] = []
    orders.table.dataChanged.connect(lambda a, b: changed.append((a.row(), b.row())))
    armed.pulse()
    assert changed == []

    armed.desk.orders.apply(report(2, quantity=9))
    armed.pulse()

    at = row_of(orders, 2)
    assert set(changed) == {(at, at)}


def test_a_table_is_painted_with_its_texts(orders: OrdersPanel) -> None:
    picture = orders.view.table.viewport().grab().toImage()
    row = orders.view.table.rowHeight(0)

    def ink(y: int) -> int:
        return len({picture.pixel(x, y) for x in range(900)})

    written = max(ink(row // 2 + dy) for dy in (-3, -1, 1, 3))
    empty = ink(orders.table.rowCount() * row + row)
    assert written > 5
    assert empty == 1


# Fills, and room.


def test_fills_are_filtered_by_role(qtbot: QtBot, armed: Stage) -> None:
    panel = FillsPanel(armed.context)
    shown(qtbot, armed, panel)
    for number, role in ((1, 1), (2, -1), (3, 1)):
        armed.desk.fills.append(
            report(number, report=ReportType.FILL, liquidity=role, last_quantity=1)
        )
    armed.pulse()

    qtbot.mouseClick(panel.filter.chips["maker"], LEFT)

    assert panel.table.rowCount() == 2


def test_a_filter_hints_at_words_that_its_rows_have(
    armed: Stage, orders: OrdersPanel
) -> None:
    fills = FillsPanel(armed.context)
    hints = [panel.filter.line.placeholderText() for panel in (orders, fills)]
    assert hints == ["Filter: rstk working buy", "Filter: rstk buy maker"]


def test_a_narrow_blotter_gives_up_chips_first(
    qtbot: QtBot, orders: OrdersPanel
) -> None:
    chips = orders.filter.chips
    assert all(chip.isVisible() for chip in chips.values())
    qtbot.mouseClick(chips["working"], LEFT)

    orders.resize(420, 300)
    qtbot.wait(20)

    assert orders.width() == 420
    assert not chips["sell"].isVisible()
    assert chips["working"].isVisible(), "what filters must be seen"
    orders.resize(1_100, 300)
    qtbot.wait(20)
    assert all(chip.isVisible() for chip in chips.values())


def test_a_row_that_is_cut_off_is_neither_painted_nor_pressed(
    qtbot: QtBot, orders: OrdersPanel
) -> None:
    table = orders.view.table
    height = table.rowHeight(0)
    spare = orders.height() - table.viewport().height()
    orders.resize(orders.width(), spare + height + height // 2)
    QApplication.processEvents()
    assert height < table.viewport().height() < 2 * height
    inside, cut = QPoint(4, height // 2), QPoint(4, height + 2)

    assert table.indexAt(inside).row() == 0
    assert not table.indexAt(cut).isValid()
    assert table.rowAt(cut.y()) == -1
    image = table.viewport().grab(QRect(0, height, 400, height // 2 - 1)).toImage()
    colours = {
        image.pixel(x, y) for x in range(image.width()) for y in range(image.height())
    }
    assert len(colours) == 1


def test_a_narrow_panel_keeps_the_status_and_no_scroll_bar(
    orders: OrdersPanel,
) -> None:
    view, titles = orders.view, [each.title for each in orders.table.columns]
    status = titles.index("Status")
    every = view.columns()

    for width in (1000, 760, 1000):
        orders.resize(width, 300)
        QApplication.processEvents()
        assert not view.table.horizontalScrollBar().isVisible()
        assert view.table.columnWidth(status) >= view._widths[status] * 0.99
        assert view.columns() == every  # nobody hid them: they are copied and kept

    assert view.table.isColumnHidden(titles.index("Id"))
