"""A random hand on the whole ladder: nothing raises, nothing forbidden is sent.

RINGSIDE_SEED begins elsewhere, RINGSIDE_WALK goes so many steps.
"""

import os
import random

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.engine.records import Action, OrderOption, SafetyState
from app.ui.panels.ladder import LadderPanel
from tests.ui.conftest import Stage

pytestmark = pytest.mark.gui
STEPS = int(os.environ.get("RINGSIDE_WALK", "1250"))
FIRST = int(os.environ.get("RINGSIDE_SEED", "1"))
BUTTONS = (
    Qt.MouseButton.LeftButton,
    Qt.MouseButton.RightButton,
    Qt.MouseButton.MiddleButton,
)
KEYS = (
    Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right,
    Qt.Key.Key_Return, Qt.Key.Key_Delete,
    Qt.Key.Key_Escape, Qt.Key.Key_Space, Qt.Key.Key_PageUp,
    Qt.Key.Key_Q, Qt.Key.Key_W, Qt.Key.Key_A, Qt.Key.Key_S, Qt.Key.Key_Z, Qt.Key.Key_X,
    Qt.Key.Key_E, Qt.Key.Key_1, Qt.Key.Key_3, Qt.Key.Key_F7, Qt.Key.Key_Tab,
)  # fmt: skip
MODIFIERS = (
    *(Qt.KeyboardModifier.NoModifier,) * 6,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)
_MOSTLY_ARMED = (SafetyState.ARMED,) * 5


class Monkey:
    def __init__(
        self, qtbot: QtBot, stage: Stage, panel: LadderPanel, seed: int
    ) -> None:
        self.qtbot, self.stage, self.panel = qtbot, stage, panel
        self.random = random.Random(seed)
        self.states: list[SafetyState] = []

    def point(self) -> QPoint:
        view = self.panel.view
        return QPoint(
            self.random.randrange(-20, view.width() + 20),
            self.random.randrange(-20, view.height() + 20),
        )

    def step(self) -> None:
        act = self.random.choices(
            (self.click, self.drag, self.key, self.wheel, self.change, self.frame),
            (12, 4, 6, 1, 2, 4),
        )[0]
        before = len(self.stage.session.sent)
        act()
        self.states += [self.shown_state] * (len(self.stage.session.sent) - before)

    @property
    def shown_state(self) -> SafetyState:
        return self.stage.desk.market.safety_state

    def click(self) -> None:
        button, modifier = self.random.choice(BUTTONS), self.random.choice(MODIFIERS)
        self.qtbot.mouseClick(self.panel.view, button, modifier, self.point())

    def drag(self) -> None:
        view, left = self.panel.view, Qt.MouseButton.LeftButton
        self.qtbot.mousePress(view, left, pos=self.point())
        for _ in range(self.random.randrange(3)):
            self.qtbot.mouseMove(view, pos=self.point())
            if self.random.random() < 0.3:
                self.frame()
        self.qtbot.mouseRelease(view, left, pos=self.point())

    def key(self) -> None:
        self.qtbot.keyClick(
            self.panel.view, self.random.choice(KEYS), self.random.choice(MODIFIERS)
        )

    def wheel(self) -> None:
        view, place = self.panel.view, QPointF(self.point())
        event = QWheelEvent(
            place, view.mapToGlobal(place), QPoint(),
            QPoint(0, self.random.randrange(-360, 360)),
            Qt.MouseButton.NoButton, self.random.choice(MODIFIERS),
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(view, event)

    def change(self) -> None:
        """The world changes: state, staleness, instrument, size, time."""
        session = self.stage.session
        what = self.random.choices(range(6), (6, 2, 1, 1, 2, 1))[0]
        if what == 0:
            session.state = self.random.choice((*SafetyState, *_MOSTLY_ARMED))
        elif what == 1:
            session.stale = self.random.choice((0, 0, 0, 0, 0, 0, 2, 4))
        elif what == 2:
            self.panel.select(self.random.choice((0, 0, 0, 1, 2, 3)))
        elif what == 3:
            self.panel.resize(
                self.random.randrange(280, 900), self.random.randrange(320, 1000)
            )
        elif what == 4:
            self.stage.clock.advance(self.random.random() * 12)
        else:
            session.holds = self.random.random() < 0.3
        self.frame()

    def frame(self) -> None:
        self.stage.frame()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [FIRST, FIRST + 1])
def test_a_random_hand_raises_nothing_and_sends_nothing_forbidden(
    qtbot: QtBot, stage: Stage, seed: int
) -> None:
    panel = LadderPanel(stage.context)
    qtbot.addWidget(panel)
    panel.resize(440, 700)
    panel.show()
    stage.pulse()
    monkey = Monkey(qtbot, stage, panel, seed)
    stage.session.state = SafetyState.ARMED

    for _ in range(STEPS):
        monkey.step()

    sent = stage.session.sent
    assert len(sent) == len(monkey.states)
    assert len(sent) > 50
    for command, state in zip(sent, monkey.states, strict=True):
        assert allowed(command, state), (command, state)
    numbers = [
        int(each["client_order_id"]) for each in sent if each["action"] == Action.NEW
    ]
    assert len(numbers) == len(set(numbers))


def allowed(command: np.void, state: SafetyState) -> bool:
    """What may be sent in a safety state, written down a second time."""
    if command["action"] in (Action.CANCEL, Action.CANCEL_ALL, Action.FLATTEN):
        return True
    if command["action"] not in (Action.NEW, Action.REPLACE):
        return False
    is_valid = command["quantity"] > 0 or command["action"] == Action.REPLACE
    if command["options"] & OrderOption.REDUCE_ONLY:
        return bool(is_valid)  # exits pass in every state (SEMANTICS 52)
    if state is SafetyState.REDUCE:
        return is_valid and (
            bool(command["options"] & OrderOption.REDUCE_ONLY)
            or command["action"] == Action.REPLACE
        )
    return is_valid and state is SafetyState.ARMED
