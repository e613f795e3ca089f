"""Each panel is shown, fed, clicked, closed, and leaves nothing behind."""

import gc
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from app.engine.records import (
    BUY,
    NO_PRICE,
    REPORT,
    SELL,
    Action,
    OrderOption,
    OrderStatus,
    OrderType,
    ReportType,
    RiskLimit,
    SafetyState,
)
from app.sessions.session import EngineState, SessionStatus
from app.ui.context import Context
from app.ui.items.equity_chart import Curve, EquityChart, columns_of
from app.ui.items.kill_box import WORD
from app.ui.models import risk
from app.ui.models.messages import Level
from app.ui.panels.fills import FillsPanel
from app.ui.panels.ladder import LadderPanel
from app.ui.panels.messages import MessagesPanel
from app.ui.panels.orders import OrdersPanel
from app.ui.panels.pnl import PnlPanel
from app.ui.panels.positions import PositionsPanel
from app.ui.panels.risk import RiskPanel
from app.ui.theme import DARK
from tests.ui.conftest import Stage

pytestmark = pytest.mark.gui
PANELS = (
    LadderPanel, FillsPanel, MessagesPanel, OrdersPanel, PnlPanel, PositionsPanel,
    RiskPanel,
)  # fmt: skip
LEFT = Qt.MouseButton.LeftButton


def shown(qtbot: QtBot, stage: Stage, make: Callable[[Context], QWidget]) -> QWidget:
    panel = make(stage.context)
    qtbot.addWidget(panel)
    panel.resize(500, 600)
    panel.show()
    stage.pulse()
    return panel


def trade(stage: Stage) -> None:
    """Take a position, leave an order, be refused one."""
    session = stage.session
    session.state = SafetyState.ARMED
    book = session.books[0]
    place = stage.context.trading._bridge
    from app.ui.models import requests

    for side, quantity, price in (
        (BUY, 10, NO_PRICE),
        (BUY, 5, book.price(BUY, 12)),
        (BUY, 500, book.price(BUY, 3)),
        (SELL, 4, NO_PRICE),
    ):
        place.send(
            requests.new_order(
                session.now,
                instrument=0,
                client_order_id=session.next_order_id(),
                side=side,
                quantity=quantity,
                price=price,
            )
        )
    stage.pulse()


@pytest.mark.parametrize("make", PANELS)
def test_a_panel_lives_and_leaves_nothing_behind(
    qtbot: QtBot, stage: Stage, make: Callable[[Context], QWidget]
) -> None:
    panel = make(stage.context)
    panel.resize(480, 560)
    panel.show()
    stage.pulse()
    trade(stage)
    qtbot.mouseClick(panel, LEFT)
    before = len(QApplication.topLevelWidgets())

    panel.close()
    panel.deleteLater()
    gone = weakref.ref(panel)
    del panel
    stage.frame(3)
    QApplication.sendPostedEvents(None, 52)  # QEvent.DeferredDelete
    gc.collect()

    assert gone() is None
    assert len(QApplication.topLevelWidgets()) <= before
    stage.pulse()


@pytest.mark.parametrize("make", PANELS)
def test_a_panel_bears_no_data_and_a_lost_session(
    qtbot: QtBot, stage: Stage, make: Callable[[Context], QWidget]
) -> None:
    panel = shown(qtbot, stage, make)
    trade(stage)

    stage.bridge.detach()
    stage.frame()
    stage.bridge.attach(stage.session)
    stage.bridge.pause()
    stage.pulse()

    assert panel.isVisible()


def test_orders_blotter_shows_and_cancels(qtbot: QtBot, stage: Stage) -> None:
    panel = shown(qtbot, stage, OrdersPanel)
    assert isinstance(panel, OrdersPanel)
    trade(stage)

    table = panel.table
    titles = [column.title for column in table.columns]
    side, status = titles.index("Side"), titles.index("Status")
    cells = [[text for text, _ in table.cells(row)] for row in range(4)]
    assert [row[side] for row in cells] == ["SELL", "BUY", "BUY", "BUY"]
    assert cells[1][status] == "rejected: max position size"
    assert cells[2][status] == "working"
    panel.filter.chips["working"].click()
    assert table.rowCount() == 1
    panel.view.table.selectRow(0)
    panel._on_cancel()

    assert stage.session.sent[-1]["action"] == Action.CANCEL


def test_fills_blotter_shows_fills(qtbot: QtBot, stage: Stage) -> None:
    panel = shown(qtbot, stage, FillsPanel)
    assert isinstance(panel, FillsPanel)
    trade(stage)

    assert panel.table.rowCount() == 2
    assert panel.table.data(panel.table.index(0, 3)) == "4"
    assert panel.table.data(panel.table.index(0, 6)) == "taker"


def test_positions_blotter_closes_what_is_selected(qtbot: QtBot, stage: Stage) -> None:
    panel = shown(qtbot, stage, PositionsPanel)
    assert isinstance(panel, PositionsPanel)
    trade(stage)
    assert panel.table.data(panel.table.index(0, 2)) == "+6"

    panel.view.table.selectRow(0)
    panel._on_close()

    assert stage.session.sent[-1]["action"] == Action.FLATTEN
    assert stage.session.sent[-1]["instrument"] == 0


def test_export_writes_what_is_shown(
    qtbot: QtBot, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = shown(qtbot, stage, FillsPanel)
    assert isinstance(panel, FillsPanel)
    trade(stage)
    path = tmp_path / "fills.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))

    panel.view._export("fills", pytest.fail)

    assert path.read_text().splitlines()[1].split(",")[1:4] == ["RSX", "SELL", "4"]


def test_export_that_fails_is_told(
    qtbot: QtBot, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = shown(qtbot, stage, FillsPanel)
    assert isinstance(panel, FillsPanel)
    path = tmp_path / "no" / "such" / "folder.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    told: list[str] = []

    panel.view._export("fills", told.append)

    assert told[0].startswith("fills not exported:")


def test_pnl_chart_shows_the_curves_that_are_chosen(qtbot: QtBot, stage: Stage) -> None:
    panel = shown(qtbot, stage, PnlPanel)
    assert isinstance(panel, PnlPanel)
    trade(stage)
    stage.frame(120)
    panel.menu.aboutToShow.emit()
    actions = {action.text(): action for action in panel.menu.actions()}

    actions["RSX"].trigger()

    assert list(actions) == ["Total", "RSX", "ACME", "COIN-USD"]
    total, instrument = panel.chart._curves
    assert (total.name, instrument.name) == ("Total", "RSX")
    assert total.values[-1] == stage.desk.pnl.values(0)[-1] != 0
    assert panel.state() == {"curves": ["Total", "RSX"]}
    actions["Total"].trigger()
    assert [curve.name for curve in panel.chart._curves] == ["RSX"]


def test_pnl_is_exported_and_explored_as_shown(
    qtbot: QtBot, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = shown(qtbot, stage, PnlPanel)
    assert isinstance(panel, PnlPanel)
    trade(stage)
    stage.frame(60)
    path = tmp_path / "pnl.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    panel._on_export()
    panel.explore()

    lines = path.read_text("utf-8").splitlines()
    assert lines[0] == "time,Total"
    assert float(lines[-1].split(",")[1]) == stage.desk.pnl.values(0)[-1]
    assert panel.explorer.isVisible()
    assert not panel.explorer.grab().isNull()
    for plot in panel.explorer.plots:
        assert not plot.plotItem.autoBtn.isVisible()
    panel.explorer.close()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5_000])
def test_an_equity_chart_of_any_length_and_any_values_is_painted(
    qtbot: QtBot, count: int
) -> None:
    chart = EquityChart(DARK, 1.0)
    qtbot.addWidget(chart)
    chart.resize(300, 160)
    chart.show()
    values = np.where(np.arange(count) % 3 == 1, np.nan, 1e17 * (np.arange(count) - 9))

    chart.show_curves(1e9 + np.arange(float(count)), (Curve("x", DARK.text, values),))
    qtbot.mouseMove(chart, QPoint(150, 80))
    qtbot.keyClick(chart, Qt.Key.Key_Left)

    assert not chart.grab().isNull()


def test_no_drawdown_fills_nothing(qtbot: QtBot) -> None:
    chart = EquityChart(DARK, 1.0)
    qtbot.addWidget(chart)
    chart.resize(300, 160)
    values = np.zeros(50)

    chart.show_curves(1e9 + np.arange(50.0), (Curve("x", DARK.text, values),))

    image = chart.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint32)
    assert np.unique(pixels, return_counts=True)[1].max() > 0.85 * pixels.size


def test_a_curve_keeps_its_extremes_however_many_points_it_has() -> None:
    values = np.zeros(100_000)
    values[12_345], values[77_777] = 9.0, -4.0

    line = columns_of(values, QRectF(0, 0, 200, 130), -4.0, 9.0)

    heights = [line.at(i).y() for i in range(line.size())]
    assert line.size() <= 400
    assert (min(heights), max(heights)) == (0.0, 130.0)


def test_risk_panel_shows_use_and_refusals(qtbot: QtBot, stage: Stage) -> None:
    panel = shown(qtbot, stage, RiskPanel)
    assert isinstance(panel, RiskPanel)
    trade(stage)

    gauge = panel.gauges[RiskLimit.MAX_POSITION_SIZE]
    name = stage.desk.market.listed[0].instrument.name
    assert gauge._value == f"6 of 100 {name}"
    assert gauge._part == pytest.approx(0.06)
    assert panel._rejects.text() == "1  max position size"


def test_a_limit_is_changed_with_a_confirm(qtbot: QtBot, stage: Stage) -> None:
    panel = shown(qtbot, stage, RiskPanel)
    assert isinstance(panel, RiskPanel)
    qtbot.mouseDClick(panel.gauges[RiskLimit.MAX_DAILY_LOSS], LEFT)
    assert panel.editor.field.text() == "5000"

    panel.editor.field.clear()
    qtbot.keyClicks(panel.editor.field, "7500.50")
    assert stage.session.sent == []
    qtbot.mouseClick(panel.editor.confirm, LEFT)

    (command,) = stage.session.sent
    assert command["action"] == Action.SET_LIMIT
    assert command["group"] == RiskLimit.MAX_DAILY_LOSS
    assert command["value"] == 750_050_000_000
    assert command["instrument"] == -1


@pytest.mark.parametrize(
    ("limit", "given", "sent", "shown_as"),
    [
        (RiskLimit.STALE_AFTER, "2.5", 2_500_000_000, "2.5"),
        (RiskLimit.SESSION_HOURS, "yes", 1, "yes"),
        (RiskLimit.STALE_GUARD, "no", 0, "no"),
        (RiskLimit.DUPLICATE_ALLOWED, "3", 3, "3"),
    ],
)
def test_every_limit_can_be_changed(
    qtbot: QtBot, stage: Stage, limit: RiskLimit, given: str, sent: int, shown_as: str
) -> None:
    panel = shown(qtbot, stage, RiskPanel)
    assert isinstance(panel, RiskPanel)
    assert set(panel.gauges) == set(RiskLimit)
    qtbot.keyClick(panel.gauges[limit], Qt.Key.Key_Return)

    panel.editor.field.setText("perhaps")
    assert panel.editor._value() is None
    panel.editor.field.setText(given)
    qtbot.keyClick(panel.editor.field, Qt.Key.Key_Return)

    (command,) = stage.session.sent
    assert (command["group"], command["value"]) == (limit, sent)
    stage.session.limits[limit] = sent
    stage.pulse()
    assert risk.limit_input(stage.context.desk, limit, 0) == shown_as


@pytest.mark.parametrize(
    "limit", [RiskLimit.MAX_POSITION_SIZE, RiskLimit.MAX_ORDER_SIZE]
)
def test_a_limit_of_quantities_is_that_of_the_instrument(
    qtbot: QtBot, stage: Stage, limit: RiskLimit
) -> None:
    panel = shown(qtbot, stage, RiskPanel)
    assert isinstance(panel, RiskPanel)
    name = stage.desk.market.listed[0].instrument.name
    qtbot.mouseDClick(panel.gauges[limit], LEFT)
    assert f"of {name} " in panel.editor._name.text()

    stage.context.focus.choose(1)  # what is shown by now is not what was asked
    panel.editor.field.setText("7")
    qtbot.mouseClick(panel.editor.confirm, LEFT)

    (command,) = stage.session.sent
    assert (command["group"], command["instrument"]) == (limit, 0)
    assert command["value"] == 7


@pytest.mark.parametrize("text", ["", "x", "-5", "1e99", "nan", "0.000000001"])
def test_a_wrong_limit_is_refused_in_words(
    qtbot: QtBot, stage: Stage, text: str
) -> None:
    panel = shown(qtbot, stage, RiskPanel)
    assert isinstance(panel, RiskPanel)
    panel._on_edit(RiskLimit.MAX_DAILY_LOSS)

    panel.editor.field.setText(text)
    panel.editor._on_confirmed()

    assert stage.session.sent == []
    assert panel.editor._says.text().startswith("Max daily loss")


def test_kill_has_two_stages_and_a_word(qtbot: QtBot, stage: Stage) -> None:
    panel = shown(qtbot, stage, RiskPanel)
    assert isinstance(panel, RiskPanel)
    box = panel.kill_box
    assert not box.flatten.isEnabled()

    qtbot.mouseClick(box.kill, LEFT)
    assert stage.ran == ["safety.kill"]
    stage.context.trading.kill()
    stage.pulse()
    assert not box.kill.isEnabled()
    assert "KILLED by you at" in box._words.text()
    qtbot.mouseClick(box.flatten, LEFT)
    assert stage.ran[-1] == "safety.flatten_all"
    qtbot.keyClicks(box.field, "please")
    qtbot.keyClick(box.field, Qt.Key.Key_Return)
    assert stage.session.state is SafetyState.KILLED
    box.field.clear()
    qtbot.keyClicks(box.field, WORD.lower())
    qtbot.keyClick(box.field, Qt.Key.Key_Return)

    assert stage.session.sent[-1]["value"] == SafetyState.VIEW


def test_a_kill_says_what_becomes_of_each_order(qtbot: QtBot, stage: Stage) -> None:
    panel = shown(qtbot, stage, RiskPanel)
    assert isinstance(panel, RiskPanel)
    box, price = panel.kill_box, stage.session.books[0].price(BUY, 3)
    reports = np.zeros(3, REPORT)
    reports["report"], reports["client_order_id"] = ReportType.NEW, (901, 902, 903)
    reports["quantity"] = reports["leaves"] = (5, 2, 4)
    reports["order_type"], reports["stop_price"] = OrderType.LIMIT, NO_PRICE
    reports["side"], reports["price"] = (BUY, SELL, BUY), price
    reports["options"] = (0, OrderOption.REDUCE_ONLY, 0)
    reports["status"] = (
        OrderStatus.PENDING_CANCEL, OrderStatus.NEW, OrderStatus.NEW,
    )  # fmt: skip
    stage.context.trading.kill()
    stage.pulse()
    stage.context.desk.orders.apply(reports)
    stage.pulse()

    first, second, third = box._progress.text().splitlines()
    assert first.endswith("cancelling")
    assert second.endswith("exit, working")
    assert third.endswith("still working")
    assert "BUY 5 LMT" in first
    assert "3 orders working" in box._words.text()
    stage.session.state = SafetyState.VIEW
    stage.pulse()
    assert not box._progress.isVisible()


def test_messages_are_lines_with_their_level(qtbot: QtBot, stage: Stage) -> None:
    panel = shown(qtbot, stage, MessagesPanel)
    assert isinstance(panel, MessagesPanel)

    stage.bridge.tell("all is well")
    stage.bridge.tell("it broke", Level.ERROR, "feed")

    lines = panel.lines.toPlainText().splitlines()
    assert lines[-2].endswith("all is well")
    assert lines[-1].endswith("feed  error  it broke")


def test_a_stale_book_is_bannered_with_reason_and_time(
    qtbot: QtBot, stage: Stage
) -> None:
    panel = shown(qtbot, stage, LadderPanel)
    assert isinstance(panel, LadderPanel)
    assert not panel.banner.isVisible()

    stage.session.stale = 4
    stage.pulse()

    assert panel.banner.isVisible()
    assert panel.banner._title.text() == "Stale book: nothing has come for too long"
    assert panel.banner._text.text().startswith("Since ")
    stage.session.stale = 0
    stage.pulse()
    assert not panel.banner.isVisible()


@pytest.mark.parametrize(
    ("status", "title", "has_button"),
    [
        (
            SessionStatus(EngineState.COMPILING, "matching", (3, 8)),
            "Engine not ready, compiling: 3 of 8",
            False,
        ),
        (SessionStatus(EngineState.FAILED, "no compiler"), "The engine failed", True),
        (
            SessionStatus(EngineState.READY, feed_state="disconnected", feed_since=1),
            "Feed scripted is disconnected",
            True,
        ),
        (
            SessionStatus(EngineState.READY, feed_state="ended", feed_since=1),
            "Feed scripted has ended",
            True,
        ),
    ],
)
def test_what_is_wrong_is_said_with_the_way_out(
    qtbot: QtBot, stage: Stage, status: SessionStatus, title: str, has_button: bool
) -> None:
    panel = shown(qtbot, stage, LadderPanel)
    assert isinstance(panel, LadderPanel)

    stage.session.given = status
    stage.pulse()

    assert panel.banner._title.text() == title
    assert panel.banner._button.isVisible() is has_button
    if has_button:
        qtbot.mouseClick(panel.banner._button, LEFT)
        assert stage.ran == ["session.restart"]


def test_nothing_is_sent_while_the_engine_compiles(qtbot: QtBot, stage: Stage) -> None:
    panel = shown(qtbot, stage, LadderPanel)
    assert isinstance(panel, LadderPanel)
    stage.session.state = SafetyState.ARMED
    stage.session.given = SessionStatus(EngineState.COMPILING, "matching", (3, 8))
    stage.pulse()

    panel.run("ladder.buy_market")

    assert stage.session.sent == []
    assert "the engine is compiling, 3 of 8" in panel._hover.text


def test_a_wrong_size_is_refused_in_words(qtbot: QtBot, stage: Stage) -> None:
    panel = shown(qtbot, stage, LadderPanel)
    assert isinstance(panel, LadderPanel)
    field = panel.pads._fields[0]
    assert isinstance(field, QLineEdit)

    field.setText("1.5")
    field.editingFinished.emit()

    assert panel.pads.chosen[0] == 0
    assert "not a multiple" in field.toolTip()
    stage.session.state = SafetyState.ARMED
    stage.pulse()
    panel.run("ladder.buy_market")
    assert stage.session.sent == [], "not the size of before, either"
    assert "choose a size" in panel._hover.text
    field.setText("12")
    field.editingFinished.emit()
    assert panel.pads.chosen == (12, 2)
    assert panel.view.gestures.quantities == (12, 2)
    assert field.toolTip() == "Size of the left button"


def test_a_size_holds_while_it_is_typed(qtbot: QtBot, stage: Stage) -> None:
    panel = shown(qtbot, stage, LadderPanel)
    assert isinstance(panel, LadderPanel)
    field = panel.pads._fields[0]
    field.setFocus()
    field.selectAll()

    qtbot.keyClicks(field, "25")

    # What the line below the ladder says is what a click sends, before it is made.
    assert panel.view.gestures.quantities == (25, 2)
