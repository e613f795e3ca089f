"""What panels of rows and figures may ask of a frame, counted: no time is measured."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import pytest
from PySide6.QtCore import QEvent, QObject, QRect
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.clock import SystemClock
from app.config import Settings
from app.engine.records import BUY, SELL, SafetyState
from app.sessions.session import Mode
from app.ui.items.blotter_table import BlotterTable
from app.ui.items.glyphs import Glyphs, Store
from app.ui.main_window import MainWindow
from app.ui.models import requests
from app.ui.opening import Sessions
from app.ui.panel_rows import PANELS
from app.ui.panels.orders import OrdersPanel
from app.ui.theme import text_font
from tests.ui.conftest import Stage
from tests.ui.scripted_session import ScriptedSession

pytestmark = pytest.mark.gui


class Watch(QObject):
    """Counts layout requests at windows, and the parts of tables that are painted."""

    def __init__(self) -> None:
        super().__init__()
        self.layouts: Counter[str] = Counter()
        self.painted: list[QRect] = []

    def eventFilter(  # noqa: N802 - Qt's name
        self, watched: QObject, event: QEvent
    ) -> bool:
        if not isinstance(watched, QWidget):
            return False
        if event.type() == QEvent.Type.LayoutRequest and watched.isWindow():
            self.layouts[watched.objectName() or type(watched).__name__] += 1
        is_table = isinstance(watched.parent(), BlotterTable)
        if event.type() == QEvent.Type.Paint and is_table:
            self.painted.append(event.rect())  # type: ignore[attr-defined]
        return False


@pytest.fixture
def watch() -> Iterator[Watch]:
    made, app = Watch(), QApplication.instance()
    assert app is not None
    app.installEventFilter(made)
    yield made
    app.removeEventFilter(made)


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    """A window with every panel open, each a window of its own, and a live market."""
    session = ScriptedSession()
    sessions = Sessions(lambda *_: session, list, frozenset({Mode.PAPER}))
    made = MainWindow(Settings(), sessions, SystemClock())
    made.show()
    made.bridge.attach(session)
    made.bridge.pause()
    for row in PANELS:
        dock = made.panels.ensure(row.name)
        assert dock is not None
        dock.show()
        dock.setFloating(True)
        dock.resize(760, 420)
    made.context.trading.set_state(SafetyState.ARMED)
    yield made
    made.close()
    made.deleteLater()


def live(window: MainWindow, frames: int) -> None:
    """Let frames pass in which one trades now and then."""
    for i in range(frames):
        if i % 30 == 0:
            order = requests.new_order(
                window.context.now(),
                instrument=i // 30 % 3,
                client_order_id=window.bridge.next_order_id(),
                side=BUY if i % 60 else SELL,
                quantity=1,
            )
            window.bridge.send(order)
        window.bridge.frame()
        QApplication.processEvents()


def test_no_panel_asks_a_window_for_a_layout_while_it_lives(
    window: MainWindow, watch: Watch
) -> None:
    live(window, 240)
    assert len(window.desk.fills) > 4
    watch.layouts.clear()

    live(window, 240)

    assert watch.layouts == Counter()


def test_a_change_of_a_cell_paints_no_more_than_its_part_of_the_row(
    qtbot: QtBot, stage: Stage, watch: Watch
) -> None:
    stage.session.is_frozen = True
    stage.context.trading.set_state(SafetyState.ARMED)
    for _ in range(8):
        order = requests.new_order(
            stage.context.now(),
            instrument=0,
            client_order_id=stage.bridge.next_order_id(),
            side=BUY,
            quantity=1,
            price=17_000,
        )
        stage.bridge.send(order)
    panel = OrdersPanel(stage.context)
    qtbot.addWidget(panel)
    panel.resize(1_400, 400)
    panel.show()
    for _ in range(3):
        stage.pulse()
    table = panel.view.table
    assert panel.table.rowCount() == 8
    watch.painted.clear()
    stage.pulse()
    assert watch.painted == []

    stage.desk.orders.rows["quantity"][5] += 1
    for _ in range(2):
        stage.pulse()

    titles = [column.title for column in panel.table.columns]
    cell = table.visualRect(panel.table.index(2, titles.index("Quantity")))
    assert watch.painted == [cell]


def test_what_is_painted_by_parts_is_what_is_painted_whole(
    qtbot: QtBot, stage: Stage
) -> None:
    stage.context.trading.set_state(SafetyState.ARMED)
    panel = OrdersPanel(stage.context)
    qtbot.addWidget(panel)
    panel.resize(900, 300)
    panel.show()
    for number in range(9):
        order = requests.new_order(
            stage.context.now(),
            instrument=number % 3,
            client_order_id=stage.bridge.next_order_id(),
            side=BUY,
            quantity=1 + number,
            price=100,
        )
        stage.bridge.send(order)
        stage.pulse()
    viewport = panel.view.table.viewport()
    screen = QApplication.primaryScreen()
    stage.desk.orders.rows["quantity"][3:7] += 5
    stage.pulse()
    stage.pulse()
    by_parts = screen.grabWindow(panel.winId()).toImage()
    assert len({by_parts.pixel(x, y) for x in range(900) for y in range(200)}) > 9

    viewport.repaint()

    assert screen.grabWindow(panel.winId()).toImage() == by_parts


def test_texts_drawn_lately_are_kept_and_others_go(qtbot: QtBot) -> None:
    glyphs, again = Glyphs(text_font(1.0)), Glyphs(text_font(1.0))
    store = glyphs._texts
    assert store is again._texts
    assert store is not Glyphs(text_font(2.0))._texts

    usual = glyphs._laid_out("usual")
    for number in range(10_000):
        glyphs._laid_out(str(number))
        if number % 100 == 0:
            assert glyphs._laid_out("usual") is usual

    assert len(store) < 2_100
    assert store.get("0") is None


def test_a_store_is_no_larger_than_two_generations() -> None:
    store, sizes = Store(), []
    glyphs = Glyphs(text_font(1.0))
    laid = glyphs._laid_out("x")
    for number in range(5_000):
        store.put(str(number), laid)
        sizes.append(len(store))

    assert max(sizes) <= 2_048
    assert all(abs(b - a) <= 1_024 for a, b in pairwise(sizes))
