"""The whole window, before scripted sessions."""

from pathlib import Path

from PySide6.QtCore import QSize
from pytestqt.qtbot import QtBot

from app.clock import SystemClock
from app.config import Settings
from app.sessions.session import Mode
from app.ui.main_window import MainWindow
from app.ui.opening import Sessions
from tests.ui.scripted_session import ScriptedSession


def scripted_sessions() -> Sessions:
    """One feed, which is scripted."""
    return Sessions(
        lambda mode, feed: ScriptedSession(mode=mode, feed=feed),
        lambda: ["exchange"],
        frozenset({Mode.PAPER}),
    )


def shown_window(
    qtbot: QtBot, folder: Path | None = None, size: QSize | None = None
) -> MainWindow:
    """A window that is shown, without a sound; no session is open."""
    made = MainWindow(Settings(), scripted_sessions(), SystemClock(), folder)
    made.amenities.sound.programs = ()
    qtbot.addWidget(made)
    if size is not None:
        made.resize(size)
    made.show()
    return made


def opened(qtbot: QtBot, window: MainWindow, feed: str = "exchange") -> None:
    """Open a session in a window, and wait for its market."""
    with qtbot.waitSignal(window.opening.opened):
        window.open(Mode.PAPER, feed)
    qtbot.waitUntil(lambda: window.desk.market.view is not None)
