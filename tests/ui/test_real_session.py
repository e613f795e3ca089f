"""The window on the real engine and the built-in exchange: click, fill, P&L, kill."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.clock import SystemClock
from app.config import Settings
from app.engine.records import (
    BUY,
    OrderStatus,
    OrderType,
    SafetyState,
    TimeInForce,
    Trigger,
)
from app.sessions.session import EngineState, Mode
from app.ui.items.ladder_geometry import Column
from app.ui.main import sessions_of
from app.ui.main_window import MainWindow
from app.ui.models.deciding import CONFIRM_AFTER_NS
from app.ui.models.judge import SENT, Change, Verdict
from app.ui.models.orders import ENDED
from app.ui.models.protective import reverse_intent
from app.ui.models.replacing import row_intent
from app.ui.models.situation import Situation
from app.ui.models.ticket import Attach, Unit
from app.ui.panels.ladder import LadderPanel
from app.ui.panels.ticket import TicketPanel
from app.ui.shot_scene import has_market

pytestmark = [pytest.mark.gui, pytest.mark.slow, pytest.mark.threads]
COMPILE_MS = 590_000


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
    qtbot.waitUntil(lambda: has_market(made))
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
    )
    frame = view.painted
    assert frame is not None
    # Through the touch, so that it fills even if the market moves away meanwhile.
    click(qtbot, ladder, frame.row(frame.best_ask) - 2, Column.BID)
    qtbot.waitUntil(lambda: len(desk.fills) > 0)
    qtbot.waitUntil(lambda: _position(window) > 0)
    bottom = view.rows - 1
    click(qtbot, ladder, bottom, Column.BID)
    qtbot.waitUntil(lambda: len(desk.orders.working()) == 1)
    (order,) = desk.orders.working()
    assert order["price"] == frame.price(bottom)
    assert desk.pnl.values(0)[-1] != 0, "at least the fee"

    window.commands.run("safety.flatten_all")
    qtbot.waitUntil(lambda: _position(window) == 0)
    qtbot.waitUntil(lambda: len(desk.orders.working()) == 0)

    assert window.top_bar.kill.isEnabled() is False
    ended = desk.orders.order(int(order["client_order_id"]))
    assert ended is not None
    assert ended["status"] == OrderStatus.CANCELLED


def _position(window: MainWindow) -> int:
    part = window.desk.market.instrument(0)
    return 0 if part is None else int(part["position"])


def test_every_order_of_the_ticket_is_accepted(
    qtbot: QtBot, window: MainWindow
) -> None:
    """Each type, time in force and group: no refusal, and the fee that was foretold."""
    window.commands.run("safety.armed")
    qtbot.waitUntil(lambda: window.desk.market.safety_state is SafetyState.ARMED)
    window.panels.show("ticket")
    host = window.docks["ticket"].host
    qtbot.waitUntil(lambda: host.panel is not None)
    panel = host.panel
    assert isinstance(panel, TicketPanel)
    for number, values in enumerate(_tickets(panel)):
        # No two are the same order, which the gate refuses within a second.
        sent = _fill_in(panel, {"quantity": str(5 + number % 8)} | values)
        judged = panel.desk.judge(panel.view.form)
        assert judged is not None
        assert judged.verdict is not Verdict.BLOCK, (values, judged.text)
        before = len(window.desk.orders.rows)
        went = panel.desk.send()
        held = panel.desk.hand.held
        assert went is (judged.verdict in SENT) is (held is None), values
        if held is not None:  # far through the market: the second press sends it
            held.since -= CONFIRM_AFTER_NS
            assert panel.desk.send(), values
        qtbot.waitUntil(partial(_is_answered, window, before, sent))
        new = window.desk.orders.rows[before:]
        refused = new[new["status"] == OrderStatus.REJECTED]
        assert not len(refused), (values, refused["reason"], panel.desk.outcome)
        if values.get("order_type") is OrderType.MARKET and not values.get("attach"):
            order_id = int(new["client_order_id"][0])
            qtbot.waitUntil(
                lambda each=order_id: _ended(window, each),  # type: ignore[misc]
            )
            order = window.desk.orders.order(order_id)
            assert order is not None
            assert judged.cost is not None
            assert order["fee"] == judged.cost.fee


def _is_answered(window: MainWindow, before: int, sent: int) -> bool:
    """Whether as many orders were made and the venue has told of each."""
    new = window.desk.orders.rows[before:]
    return len(new) >= sent and not (new["status"] == OrderStatus.PENDING_NEW).any()


def _ended(window: MainWindow, order_id: int) -> bool:
    order = window.desk.orders.order(order_id)
    return order is not None and order["status"] in ENDED


def _fill_in(panel: TicketPanel, values: dict[str, Any]) -> int:
    """Fill in a ticket anew; return how many orders it makes."""
    panel._on_instrument()
    for name, value in values.items():
        setattr(panel.view.form, name, value)
    panel._on_edited()
    draft = panel.desk.judge(panel.view.form)
    assert draft is not None
    return len(draft.draft.commands)


def _tickets(panel: TicketPanel) -> Iterator[dict[str, Any]]:
    """Every type with every time in force, far from the market; then the groups."""
    plain: dict[str, Any] = {
        "side": BUY,
        "post_only": False,
        "reduce_only": False,
        "outside_hours": False,
        "attach": Attach.NOTHING,
        "trigger": Trigger.DEFAULT,
        "trail_unit": Unit.TICKS,
        "trail": "40",
        "offset": "3",
    }
    at = panel.desk.situation()
    assert at is not None
    text, scale = at.listed.text, at.listed.scale

    def price(ticks: int) -> str:
        """So far from where the market is by then."""
        now = panel.desk.situation()
        assert now is not None
        return text.price(scale.price(scale.index(now.last) + ticks))

    def far() -> dict[str, Any]:
        return {"price": price(-60), "stop": price(80), "other_price": price(90)}

    for kind, forces in panel.desk.offered.items():
        for force in forces:
            terms = plain | far() | {"order_type": kind, "time_in_force": force}
            if kind is OrderType.STOP_LIMIT:
                terms |= {"price": price(82)}
            if force in (TimeInForce.IOC, TimeInForce.FOK):
                terms |= {"price": price(60)}  # it must find somebody
            yield terms
    rests = plain | {"order_type": OrderType.LIMIT, "time_in_force": TimeInForce.GTC}
    yield rests | far() | {"post_only": True}
    yield rests | far() | {"display": "1", "quantity": "5"}
    for trigger in Trigger:
        yield rests | far() | {"order_type": OrderType.STOP, "trigger": trigger}
    yield rests | far() | {"attach": Attach.BRACKET, "target": "20", "loss": "20"}
    yield rests | far() | {"attach": Attach.OCO, "other_type": OrderType.STOP}


def test_orders_change_in_their_rows_and_a_position_turns_round(
    qtbot: QtBot, window: MainWindow
) -> None:
    desk, trading = window.desk, window.context.trading
    window.commands.run("safety.armed")
    qtbot.waitUntil(lambda: desk.market.safety_state is SafetyState.ARMED)
    window.panels.show("ticket")
    host = window.docks["ticket"].host
    qtbot.waitUntil(lambda: host.panel is not None)
    panel = host.panel
    assert isinstance(panel, TicketPanel)
    at = panel.desk.situation()
    assert at is not None
    scale, text = at.listed.scale, at.listed.text
    far = scale.price(scale.index(at.last) + 90)
    _fill_in(panel, {"order_type": OrderType.STOP, "side": BUY, "quantity": "4"})
    panel.view.put("stop", text.price(far))
    panel.desk.judge(panel.view.form)
    assert panel.desk.send()
    qtbot.waitUntil(lambda: len(desk.orders.working()) == 1)
    number = int(desk.orders.working()["client_order_id"][0])

    def order() -> np.void:
        found = desk.orders.order(number)
        assert found is not None
        return found

    def seen() -> Situation:
        now = panel.desk.situation()
        assert now is not None
        return now

    further = scale.price(scale.index(far) + 5)
    assert trading.send(row_intent(order(), Change(stop_price=further), seen()))
    qtbot.waitUntil(lambda: order()["stop_price"] == further)
    assert trading.send(row_intent(order(), Change(quantity=3), seen()))
    qtbot.waitUntil(lambda: order()["leaves"] == 3)
    trading.cancel([number])
    qtbot.waitUntil(lambda: order()["status"] in ENDED)

    _fill_in(panel, {"order_type": OrderType.MARKET, "side": BUY, "quantity": "6"})
    panel.desk.send()
    qtbot.waitUntil(lambda: _position(window) == 6)
    assert trading.send(reverse_intent(seen(), 6))
    qtbot.waitUntil(lambda: _position(window) == -6)
