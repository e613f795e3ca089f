"""Paces: the next one is always faster or slower, and the ends stay."""

import pytest
from pytestqt.qtbot import QtBot

from app.sessions.session import EngineState, SessionStatus
from app.ui.items.pace_box import PaceBox
from app.ui.models.pace import SPEEDS, next_speed, speed_text


@pytest.mark.parametrize(
    ("speed", "step", "then"),
    [
        (1.0, 1, 2.0),
        (1.0, -1, 0.5),
        (3.0, 1, 5.0),
        (3.0, -1, 2.0),
        (SPEEDS[-1], 1, SPEEDS[-1]),
        (SPEEDS[0], -1, SPEEDS[0]),
        (1e6, -1, SPEEDS[-1]),
        (1e6, 1, SPEEDS[-1]),
    ],
)
def test_next_speed(speed: float, step: int, then: float) -> None:
    assert next_speed(speed, step) == then


def test_an_end_is_told_and_there_is_nothing_to_pause(qtbot: QtBot) -> None:
    box = PaceBox()
    qtbot.addWidget(box)

    box.show_status(SessionStatus(EngineState.READY, feed_state="ended", speed=1.0))

    assert "Ended" in box.pause.text()
    assert not box.pause.isEnabled()
    assert not box.speeds.isEnabled()


def test_speed_text() -> None:
    assert [speed_text(s) for s in (0.25, 1.0, 1000.0)] == ["0.25×", "1×", "1000×"]
