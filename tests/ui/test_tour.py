"""The tour goes on by what really happens, ends with a trade, and blocks nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.clock import SystemClock
from app.config import Settings
from app.engine.records import SafetyState
from app.ui.main_window import MainWindow
from app.ui.mnemonics import bearer
from app.ui.models.tour import STEPS
from app.ui.panels.ticket import TicketPanel
from app.ui.tour import TourCard
from tests.ui.scripted_window import opened
from tests.ui.test_window import Opener

pytestmark = pytest.mark.gui


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    made = MainWindow(Settings(), Opener().sessions(), SystemClock(), tmp_path)
    made.amenities.sound.programs = ()
    qtbot.addWidget(made)
    made.show()
    opened(qtbot, made)
    yield made
    made.close()


def touring(window: MainWindow) -> TourCard:
    window.commands.run("help.tour")
    tour = window.amenities.tour
    assert tour is not None
    return tour


def test_the_tour_ends_with_a_trade(qtbot: QtBot, window: MainWindow) -> None:
    card = touring(window)
    card.go.click()
    assert card.title.text() == "Arm the desk"
    window.commands.run("safety.armed")
    qtbot.waitUntil(lambda: card.title.text() == "Choose a size")
    card.go.click()
    window.commands.run("ladder.join_bid")
    # The market may come to the order at once.
    had = ("Get filled", "Your first trade")
    qtbot.waitUntil(lambda: card.title.text() in had)
    window.commands.run("ladder.buy_market")
    qtbot.waitUntil(lambda: card.title.text() == "Your first trade")
    assert window.desk.market.safety_state is SafetyState.ARMED
    card.go.click()
    window.commands.run("safety.view")
    qtbot.waitUntil(lambda: card.title.text() == "Everything else")
    card.go.click()

    assert window.amenities.tour is None


def test_no_letter_of_the_tour_is_one_of_the_ticket(window: MainWindow) -> None:
    card = touring(window)
    ticket = window.docks["ticket"].host.panel
    assert isinstance(ticket, TicketPanel)
    for at in range(len(STEPS)):
        card.tour.at = at
        card._tell()
        for button in (card.go, card.end):
            letter = QKeySequence.mnemonic(button.text()).toString()[-1]
            alt = Qt.KeyboardModifier.AltModifier
            key = QKeyEvent(QEvent.Type.KeyPress, ord(letter), alt)
            assert bearer(ticket.send, key) is None, button.text()


def test_it_is_offered_once(window: MainWindow) -> None:
    window.amenities.greet()
    tour = window.amenities.tour
    assert tour is not None
    tour.end.click()
    window.amenities.greet()
    assert window.amenities.tour is None


def test_escape_first_drops_what_is_in_the_hand_then_ends_the_tour(
    qtbot: QtBot, window: MainWindow
) -> None:
    touring(window)
    ladder = window.ladder()
    assert ladder is not None
    view = ladder.view
    qtbot.waitUntil(lambda: view.painted is not None)
    window.commands.run("ladder.next_stop")

    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert not window.memory.text("toured")

    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert window.amenities.tour is None
    assert window.memory.text("toured")


@pytest.mark.parametrize("size", [(1024, 640), (1600, 1000)])
def test_every_step_fits_and_leaves_the_rest_alone(
    qtbot: QtBot, window: MainWindow, size: tuple[int, int]
) -> None:
    window.resize(*size)
    focus = QApplication.focusWidget()
    card = touring(window)
    assert QApplication.focusWidget() is focus
    for _ in range(len(STEPS)):
        assert window.rect().contains(card.geometry()), card.title.text()
        ladder = window.ladder()
        assert ladder is not None
        head = ladder.mapTo(window, ladder.rect().topLeft())
        is_in_its_way = card.geometry().left() < head.x() + ladder.width()
        assert not is_in_its_way or not card.tour.step.target  # type: ignore[union-attr]
        assert card.ring.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        card.go.click()
    assert window.amenities.tour is None
    assert all(
        each.focusPolicy() & Qt.FocusPolicy.TabFocus for each in (card.go, card.end)
    )
