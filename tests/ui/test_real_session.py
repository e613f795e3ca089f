"""The window on the real engine and the built-in exchange: click, fill, P&L, kill."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.clock import SystemClock
from app.config import Settings
from app.engine.records import OrderStatus, SafetyState
from app.sessions.session import EngineState, Mode
from app.ui.items.ladder_geometry import Column
from app.ui.main import sessions_of
from app.ui.main_window import MainWindow
from app.ui.panels.ladder import LadderPanel
from app.ui.shot_scene import has_market

pytestmark = [pytest.mark.gui, pytest.mark.slow, pytest.mark.threads]
COMPILE_MS = 590_000
STEP_MS = 30_000


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    usual = Settings()
    settings = replace(usual, paths=replace(usual.paths, logs=tmp_path / "logs"))
    made = MainWindow(settings, sessions_of(settings), SystemClock())
    qtbot.addWidget(made)
    made.show()
    made.open(Mode.PAPER, "exchange")
    over = (EngineState.READY, EngineState.FAILED)
    qtbot.waitUntil(
        lambda: made.bridge.session is not None and made.bridge.status.engine in over,
        timeout=COMPILE_MS,
    )
    assert made.bridge.status.engine is EngineState.READY, made.bridge.status
    qtbot.waitUntil(lambda: has_market(made), timeout=STEP_MS)
    yield made
    made.close()


def click(qtbot: QtBot, ladder: LadderPanel, row: int, column: Column) -> None:
    place = ladder.view.cell_centre(row, column).toPoint()
    qtbot.mouseClick(ladder.view, Qt.MouseButton.LeftButton, pos=place)


def test_click_fill_pnl_kill(qtbot: QtBot, window: MainWindow) -> None:
    desk, ladder = window.desk, window.ladder()
    assert ladder is not None
    view = ladder.view
    window.commands.run("safety.armed")
    qtbot.waitUntil(
        lambda: view.painted is not None and view.painted.state is SafetyState.ARMED,
        timeout=STEP_MS,
    )
    frame = view.painted
    assert frame is not None
    # Through the touch, so that it fills even if the market moves away meanwhile.
    click(qtbot, ladder, frame.row(frame.best_ask) - 2, Column.BID)
    qtbot.waitUntil(lambda: len(desk.fills) > 0, timeout=STEP_MS)
    qtbot.waitUntil(lambda: _position(window) > 0, timeout=STEP_MS)
    bottom = view.rows - 1
    click(qtbot, ladder, bottom, Column.BID)
    qtbot.waitUntil(lambda: len(desk.orders.working()) == 1, timeout=STEP_MS)
    (order,) = desk.orders.working()
    assert order["price"] == frame.price(bottom)
    assert desk.pnl.values(0)[-1] != 0, "at least the fee"

    window.commands.run("safety.flatten_all")
    qtbot.waitUntil(lambda: _position(window) == 0, timeout=STEP_MS)
    qtbot.waitUntil(lambda: len(desk.orders.working()) == 0, timeout=STEP_MS)

    assert window.top_bar.kill.isEnabled() is False
    ended = desk.orders.order(int(order["client_order_id"]))
    assert ended is not None
    assert ended["status"] == OrderStatus.CANCELLED


def _position(window: MainWindow) -> int:
    part = window.desk.market.instrument(0)
    return 0 if part is None else int(part["position"])
