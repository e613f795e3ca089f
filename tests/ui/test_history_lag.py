"""The message that history is behind: there when it is, and only then."""

from typing import Any, cast

import pytest
from pytestqt.qtbot import QtBot

from app.ui.models.history_lag import HistoryLag
from app.ui.panels.tape import TapePanel
from tests.ui.conftest import Stage

SECOND = 1_000_000_000
MS = 1_000_000


def test_a_history_that_follows_is_never_behind() -> None:
    lag = HistoryLag()

    told = [lag.take(i * 200 * MS, i * 200 * MS, i * 200 * MS) for i in range(20)]

    assert not any(told)


def test_what_is_told_is_how_far_it_is_behind() -> None:
    lag = HistoryLag()

    told = [lag.take(i * 200 * MS, 7 + i * 200 * MS, 7) for i in range(16)]

    assert told[:5] == [0] * 5
    assert told[-1] == 3 * SECOND


def test_a_market_that_stands_still_is_not_behind() -> None:
    lag = HistoryLag()

    told = [lag.take(i * SECOND, 50, 50) for i in range(9)]

    assert not any(told)


def test_a_recording_that_runs_fast_is_measured_in_what_the_user_waits_for() -> None:
    lag = HistoryLag()

    # A thousand seconds a second; the history is half a second of the user's behind.
    told = [
        lag.take(i * 100 * MS, i * 100 * SECOND, (i - 5) * 100 * SECOND)
        for i in range(30)
    ]

    assert not any(told)


def test_another_session_begins_anew() -> None:
    lag = HistoryLag()
    for i in range(9):
        lag.take(i * SECOND, 100 * SECOND + i, 1)

    assert lag.take(10 * SECOND, 5, 1) == 0


@pytest.mark.gui
def test_a_panel_of_history_says_that_it_is_behind(qtbot: QtBot, stage: Stage) -> None:
    panel = TapePanel(stage.context)
    qtbot.addWidget(panel)
    panel.show()
    stage.pulse()
    assert not panel.trouble.banner.isVisible()

    history = cast(Any, stage.session.history)
    stage.session.history = None
    stage.session.history = Stuck(history)
    for _ in range(12):
        stage.pulse()

    assert panel.trouble.banner.isVisible()
    assert "behind" in panel.trouble.banner._title.text()


class Stuck:
    """A history that folds no more."""

    def __init__(self, history: Any) -> None:
        self._history = history
        self.now = history.now

    def __getattr__(self, name: str) -> Any:
        return getattr(self._history, name)
