"""A stage for panels: models, bridge and a scripted session, moved frame by frame."""

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtGui import QCursor, QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.config import Settings
from app.ui import theme as themes
from app.ui.bridge import Bridge
from app.ui.commands import COMMANDS, Commands
from app.ui.context import Context
from app.ui.focus import Focus
from app.ui.library import Library
from app.ui.models.desk import Desk
from app.ui.safety import Safety
from app.ui.strategy_watch import StrategyWatch
from app.ui.trading import Trading
from tests.ui.scripted_session import START_NS, ScriptedSession


@pytest.fixture(autouse=True, scope="module")
def _cycles_die_here() -> Iterator[None]:
    """Widgets in cycles die on this thread, and before tests that have no window."""
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture(autouse=True)
def _widgets_die_soon() -> Iterator[None]:
    """A test's widgets end with it.

    Qt deletes them in a loop of events, and many tests run none: windows of tests long
    past would be dressed anew in every later one.
    """
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture(autouse=True)
def _pointer_is_nowhere() -> None:
    """Where a test before has left the pointer, nothing lies under it."""
    if QGuiApplication.instance() is not None:
        QCursor.setPos(5000, 5000)


@pytest.fixture(autouse=True)
def _cycles_die_soon() -> Iterator[None]:
    yield
    if gc.get_count()[0] > 100_000:
        gc.collect(1)


class StepClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.ns = 1_000_000_000

    def wall_ns(self) -> int:
        return START_NS + self.ns

    def monotonic_ns(self) -> int:
        return self.ns

    def advance(self, seconds: float) -> None:
        self.ns += round(seconds * 1e9)


@dataclass
class Stage:
    """Everything a panel needs, and the hand that moves it."""

    session: ScriptedSession
    desk: Desk
    bridge: Bridge
    context: Context
    clock: StepClock
    ran: list[str]

    def frame(self, times: int = 1) -> None:
        """Let frames pass: drain, signals, paint events."""
        for _ in range(times):
            self.clock.advance(1 / 60)
            self.bridge.frame()
            QApplication.processEvents()

    def pulse(self) -> None:
        """Let as many frames pass as a pulse takes."""
        self.frame(12)


@pytest.fixture
def clock() -> StepClock:
    return StepClock()


@pytest.fixture
def stage(qtbot: QtBot, clock: StepClock, tmp_path: Path) -> Iterator[Stage]:
    settings = Settings()
    theme = themes.DARK
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    themes.apply(app, theme, 1.0)
    desk = Desk()
    bridge = Bridge(desk, clock)
    owner = QObject()
    commands = Commands(owner)
    trading = Trading(desk, bridge, clock)
    ran: list[str] = []
    for command in COMMANDS:
        commands.bind(command.id, lambda each=command.id: ran.append(each))  # type: ignore[misc]  # a default is not a parameter
    library = Library(tmp_path / "catalog")
    context = Context(
        desk,
        bridge,
        commands,
        trading,
        theme,
        settings.ui,
        clock,
        library,
        Focus(desk),
        Safety(desk, bridge, trading),
        StrategyWatch(bridge, library.strategies),
    )
    session = ScriptedSession()
    bridge.attach(session)
    # Frames come from the test alone.
    bridge.pause()
    yield Stage(session, desk, bridge, context, clock, ran)
    bridge.detach()
    library.close()
    owner.deleteLater()
