"""The blotter of positions: break-even, closing, reversing, and who holds what."""

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from app.engine.records import (
    BUY,
    SELL,
    Action,
    OrderOption,
    OrderType,
    RiskLimit,
    SafetyState,
)
from app.ui.formatting import MINUS
from app.ui.models.positions import POSITION_ROW, position_rows, totals
from app.ui.panels.positions import PositionsPanel
from tests.ui.conftest import Stage

pytestmark = pytest.mark.gui
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def armed(stage: Stage) -> Stage:
    stage.session.state = SafetyState.ARMED
    stage.pulse()
    return stage


def shown(qtbot: QtBot, stage: Stage, panel: PositionsPanel) -> None:
    qtbot.addWidget(panel)
    panel.resize(1_100, 400)
    panel.show()
    stage.pulse()


@pytest.fixture
def positions(qtbot: QtBot, armed: Stage) -> PositionsPanel:
    session = armed.session
    session.position[0], session.cost[0] = 4, 4 * 17_200.0
    session.fees[0] = 500_000_000
    made = PositionsPanel(armed.context)
    shown(qtbot, armed, made)
    return made


def test_a_position_knows_its_break_even(
    armed: Stage, positions: PositionsPanel
) -> None:
    rows = position_rows(armed.desk)

    row = rows[0]
    one = armed.session.instruments[0].money(1, 4)
    assert row["break_even"] == pytest.approx(17_200 + 500_000_000 / one)
    assert row["ticks"] == pytest.approx(row["mark"] / 2 - 17_200)
    assert row["percent"] == pytest.approx(100 * row["ticks"] / 17_200)
    assert rows.dtype == POSITION_ROW


@pytest.mark.parametrize("does", ["close", "reverse"])
def test_a_row_closes_and_reverses(
    qtbot: QtBot, armed: Stage, positions: PositionsPanel, does: str
) -> None:
    column = [c.does for c in positions.table.columns].index(does)
    table = positions.view.table
    place: QPoint = table.visualRect(positions.table.index(0, column)).center()
    table.horizontalScrollBar().setValue(table.horizontalScrollBar().maximum())
    place = table.visualRect(positions.table.index(0, column)).center()

    qtbot.mouseClick(table.viewport(), LEFT, pos=place)

    sent = armed.session.sent[-1]
    if does == "close":
        assert (sent["action"], sent["instrument"]) == (Action.FLATTEN, 0)
    else:
        wanted_ = (Action.NEW, SELL, 8, OrderType.MARKET)
        told = ("action", "side", "quantity", "order_type")
        assert tuple(int(sent[name]) for name in told) == wanted_


def held(panel: PositionsPanel) -> list[tuple[str, str]]:
    titles = [column.title for column in panel.table.columns]
    at = titles.index("Held by"), titles.index("Position")
    rows = map(panel.table.cells, range(panel.table.rowCount()))
    return [(cells[at[0]][0], cells[at[1]][0]) for cells in rows]


def test_a_position_is_taken_apart_into_its_holders(
    qtbot: QtBot, armed: Stage, positions: PositionsPanel
) -> None:
    assert held(positions) == [("by hand", "+4")]
    armed.session.held_by = {(2, 0): (9, 1), (1, 0): (-6, 0)}
    armed.pulse()
    assert held(positions) == [("several, unmanaged", "+4")]

    positions.by_holder.click()

    assert held(positions) == [
        ("several, unmanaged", "+4"),
        ("strategy 2, unmanaged", "+9"),
        ("strategy 1", f"{MINUS}6"),
        ("by hand", "+1"),
    ]
    again = PositionsPanel(armed.context)
    shown(qtbot, armed, again)
    again.restore(positions.state())
    armed.pulse()
    assert held(again) == held(positions)


def test_each_part_is_closed_for_its_holder(
    armed: Stage, positions: PositionsPanel
) -> None:
    armed.session.held_by = {(2, 0): (9, 1), (1, 0): (-6, 0)}
    positions.by_holder.click()
    armed.pulse()
    table, sent = positions.view.table, armed.session.sent
    before = len(sent)

    table.selectRow(2)
    positions._on_close()
    table.selectRow(3)
    positions._on_close()
    positions._on_reverse()
    table.selectRow(1)
    positions._on_reverse()

    told = [
        (
            int(x["action"]),
            int(x["strategy"]),
            int(x["side"]),
            int(x["quantity"]),
            int(x["options"]) & OrderOption.REDUCE_ONLY,
        )
        for x in sent[before:]
    ]
    exit_ = int(OrderOption.REDUCE_ONLY)
    assert told == [
        (Action.FLATTEN, 1, 0, 0, 0),
        (Action.NEW, 0, SELL, 1, exit_),
        (Action.NEW, 0, SELL, 2, 0),
    ]


def test_a_part_that_is_chosen_with_its_whole_is_closed_once(
    armed: Stage, positions: PositionsPanel
) -> None:
    armed.session.held_by = {(2, 0): (9, 0)}
    positions.by_holder.click()
    armed.pulse()
    before = len(armed.session.sent)

    positions.view.table.selectAll()
    positions._on_close()

    (sent,) = armed.session.sent[before:]
    assert (sent["action"], sent["strategy"]) == (Action.FLATTEN, 0)


def test_what_the_hand_holds_against_the_account_is_closed_by_an_entry(
    armed: Stage, positions: PositionsPanel
) -> None:
    armed.session.held_by = {(1, 0): (10, 0)}
    positions.by_holder.click()
    armed.pulse()
    assert held(positions)[-1] == ("by hand", f"{MINUS}6")

    positions.view.table.selectRow(2)
    positions._on_close()

    sent = armed.session.sent[-1]
    assert (sent["side"], sent["quantity"]) == (BUY, 6)
    assert not sent["options"] & OrderOption.REDUCE_ONLY


def test_the_totals_are_the_accounts(armed: Stage, positions: PositionsPanel) -> None:
    armed.pulse()

    assert positions.total.text == totals(armed.desk)
    assert positions.total.text.startswith("Total USD:  unrealised ")


def test_the_exposure_of_the_total_is_the_columns_sum(armed: Stage) -> None:
    view = armed.desk.market.view
    assert view is not None
    view["exposure_known"], view["gross_exposure"] = 1, 100_000_000
    view["used"][RiskLimit.MAX_GROSS_EXPOSURE] = 300_000_000

    words = totals(armed.desk)

    assert words.endswith("exposure 3.00 · of positions alone 1.00"), words
