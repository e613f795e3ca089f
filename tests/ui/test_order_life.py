"""An order's way by stages, and its life as a list."""

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.engine.records import (
    BUY,
    COMMAND,
    Action,
    ReportType,
    SafetyState,
)
from app.ui.formatting import order_number
from app.ui.models.intent import order_intent
from app.ui.models.order_life import STAGES, OrderLives
from app.ui.panels.audit import AuditPanel
from app.ui.panels.monitor import MonitorPanel
from app.ui.panels.orders import OrdersPanel
from tests.ui.conftest import Stage
from tests.ui.test_blotters import row_of
from tests.ui.test_models import order_report

MILLI = 1_000_000


def command(order: int, ts: int) -> np.ndarray:
    made = np.zeros(1, COMMAND)
    made["action"], made["client_order_id"], made["ts_received"] = Action.NEW, order, ts
    return made


def test_each_stage_is_from_stamp_to_stamp() -> None:
    lives, click = OrderLives(), 1_780_000_000 * 10**9
    lives.sent(command(7, click))
    lives.take(order_report(7, ReportType.PENDING_NEW, ts_received=click + MILLI))
    lives.painted(click + 2 * MILLI)
    assert lives.histograms.sum() == 0, "no answer yet"

    answer = {"ts_venue": click + 5 * MILLI, "ts_received": click + 13 * MILLI}
    lives.take(order_report(7, ReportType.NEW, **answer))
    lives.painted(click + 29 * MILLI)
    lives.painted(click + 45 * MILLI)

    found = {name: p50 / MILLI for name, count, p50, _ in lives.quantiles() if count}
    wanted = dict(zip(STAGES, (1, 4, 8, 16, 29), strict=True))
    assert set(found) == set(wanted)
    for name, length in wanted.items():  # buckets are half octaves
        assert length <= found[name] <= 1.5 * length, name


def test_what_the_gate_refuses_and_other_clocks_are_no_way() -> None:
    lives, click = OrderLives(), 1_780_000_000 * 10**9
    lives.sent(command(7, click))
    lives.sent(command(8, click))
    lives.take(order_report(7, ReportType.REJECTED, ts_received=click + MILLI))
    past = 86_400 * 10**9  # a recording's own time
    for kind in (ReportType.PENDING_NEW, ReportType.NEW):
        lives.take(order_report(8, kind, ts_venue=past, ts_received=past + MILLI))

    lives.painted(click + 20 * MILLI)

    counts = {name: count for name, count, _, _ in lives.quantiles()}
    assert counts == {
        "click → gate": 0,
        "gate → venue": 0,
        "venue → answer": 1,
        "answer → painted": 0,
        "click → painted": 1,
    }


@pytest.mark.gui
def test_the_menu_of_a_row_tells_the_life_of_its_order(
    stage: Stage, qtbot: QtBot
) -> None:
    orders, monitor = OrdersPanel(stage.context), MonitorPanel(stage.context)
    for panel in (orders, monitor):
        qtbot.addWidget(panel)
        panel.show()
    stage.pulse()
    stage.context.trading.set_state(SafetyState.ARMED)
    stage.pulse()
    at = stage.context.situation(0)
    assert at is not None
    intent = order_intent(at, BUY, at.touch(BUY) - 4, 2)
    (number,) = stage.context.trading.send(intent)
    stage.pulse()
    stage.context.trading.cancel([number])
    stage.pulse()
    orders.view.sync()

    does = dict(orders.entries(row_of(orders, number)))["Life of this order…"]
    assert does is not None
    does()

    rows = orders.life.table.text.rows
    said = [f"{who} {what}" for _, _, who, what in rows]
    assert said[0].startswith("you asked for BUY 2 LMT")
    assert any("accepted it" in each for each in said)
    assert any(each == "you asked to cancel it" for each in said)
    assert any("cancelled" in each for each in said)
    orders.life.close()
    audit = AuditPanel(stage.context)
    qtbot.addWidget(audit)
    audit.show()
    audit.view.sync()
    assert audit.table.rowCount() >= len(rows)
    what = [column.title for column in audit.table.columns].index("What")
    told = [audit.table.index(row, what).data() for row in range(3)]
    assert any("cancelled" in each for each in told)
    audit.filter.line.setText("refused")
    assert audit.table.rowCount() == 0
    audit.filter.line.setText(f"{order_number(number)} buy")
    assert "Life of this order…" in dict(audit.entries(0))
    monitor._show_way()
    assert "click → painted" in monitor.way.accessibleName()
