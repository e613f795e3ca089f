"""What a ladder paints by parts is what a new one paints whole, to the pixel."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.clock import SystemClock
from app.config import Settings
from app.engine.records import NO_PRICE, OrderStatus
from app.ui.items.ladder_view import LadderView
from app.ui.models.ladder import LadderFrame, Surroundings
from app.ui.models.ladder_build import build_frame
from app.ui.models.market import Market
from app.ui.models.orders import OWN_ORDER
from app.ui.theme import DARK
from tests.ui.scripted_session import ScriptedSession
from tests.ui.test_ladder_rows import fill, middle, own_orders, surroundings

pytestmark = pytest.mark.gui


def shown(qtbot: QtBot) -> LadderView:
    view = LadderView(DARK, 1.0, Settings().ui.ladder_rows, SystemClock())
    qtbot.addWidget(view)
    view.resize(900, 500)
    view.show()
    return view


def on_screen(view: LadderView) -> QImage:
    QApplication.processEvents()
    screen = QGuiApplication.primaryScreen()
    return screen.grabWindow(view.winId()).toImage()


def frames(rows: int, count: int) -> list[LadderFrame]:
    """Frames of one instrument: some differ in everything, most in a few things."""
    session, market = ScriptedSession(), Market()
    market.reset(session.instruments)
    view = session.view()
    market.view = view
    listed, made = market.listed[0], []
    touch = middle(market, listed)
    step, part = listed.instrument.step_at(touch), view["instrument"][0]
    top = listed.scale.index(touch) + rows // 2
    orders, around = np.zeros(0, OWN_ORDER), Surroundings()
    for seed in range(count):
        random = np.random.default_rng(seed)
        if seed % 3 == 0:
            fill(part, random, touch, step)
            orders = own_orders(random, touch, step)
            around = replace(surroundings(random, touch, step), group=1)
            top += int(random.integers(-2, 3))
        part["bids"]["size"][:3] = random.integers(1, 900, 3)
        part["last_price"] = touch if seed % 2 else NO_PRICE
        view["orders"] = len(orders)
        view["working"]["client_order_id"][: len(orders)] = orders["client_order_id"]
        ahead = random.integers(-1, 700, len(orders))
        view["working"]["queue_ahead"][: len(orders)] = ahead
        if seed % 5 == 0:
            orders["status"][: len(orders) // 2] = OrderStatus.PENDING_CANCEL
        market.view = view.copy()
        made.append(build_frame(market, listed, orders.copy(), top, rows, around))
    return made


def test_what_is_painted_by_parts_is_what_is_painted_whole(qtbot: QtBot) -> None:
    view, pictures = shown(qtbot), set()
    for frame in frames(view.rows, 20):
        view.top = frame.top
        view.show_frame(frame)
        by_parts = on_screen(view)
        fresh = shown(qtbot)
        fresh.top = frame.top
        fresh.show_frame(frame)

        assert by_parts == on_screen(fresh)
        assert view.painted is frame
        pictures.add(bytes(by_parts.constBits()))
        fresh.close()

    assert len(pictures) > 10
