"""A random hand on the whole window: nothing raises, nothing is left behind.

RINGSIDE_SEED begins elsewhere, RINGSIDE_WALK goes so many steps.
"""

import gc
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QRect, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.sessions.session import Mode
from app.ui.links import GROUPS, OWN
from app.ui.main_window import MainWindow
from app.ui.panel_dock import PanelDock, is_in_sight
from app.ui.panel_rows import PANELS
from tests.ui.scripted_window import opened, shown_window

pytestmark = [pytest.mark.gui, pytest.mark.slow]
STEPS = int(os.environ.get("RINGSIDE_WALK", "100"))
FIRST = int(os.environ.get("RINGSIDE_SEED", "1"))
AREAS = (
    Qt.DockWidgetArea.LeftDockWidgetArea,
    Qt.DockWidgetArea.RightDockWidgetArea,
    Qt.DockWidgetArea.TopDockWidgetArea,
    Qt.DockWidgetArea.BottomDockWidgetArea,
)


class Hand:
    """Does one thing or another."""

    def __init__(self, window: MainWindow, seed: int) -> None:
        self.window = window
        self.random = random.Random(seed)
        self.done: list[str] = []

    def step(self) -> None:
        acts = {
            self.add: 5, self.close: 5, self.float: 4, self.dock: 4, self.tab: 6,
            self.raise_panel: 6, self.move: 3, self.workspace: 3, self.manage: 1,
            self.link: 4, self.instrument: 4, self.size: 2, self.keys: 3,
            self.look: 0.3, self.session: 0.5, self.frame: 6,
        }  # fmt: skip
        act = self.random.choices(list(acts), list(acts.values()))[0]
        self.done.append(act.__name__)
        act()
        QApplication.processEvents()

    def any_dock(self) -> PanelDock:
        return self.random.choice(list(self.window.docks.values()))

    def add(self) -> None:
        if len(self.window.docks) < len(PANELS) + 6:
            self.window.panels.add(self.random.choice(PANELS).name)

    def close(self) -> None:
        self.any_dock().close()

    def float(self) -> None:
        dock = self.any_dock()
        if dock.isVisible():
            dock.toggle_float()

    def dock(self) -> None:
        dock = self.any_dock()
        dock.setFloating(False)
        self.window.addDockWidget(self.random.choice(AREAS), dock)

    def tab(self) -> None:
        one, other = self.any_dock(), self.any_dock()
        if one is not other and not one.isFloating() and one.isVisible():
            self.window.tabifyDockWidget(one, other)

    def raise_panel(self) -> None:
        self.window.panels.show(self.any_dock().name)

    def move(self) -> None:
        dock, far = self.any_dock(), self.random.choice((100, 2_000, -5_000))
        if dock.isFloating():
            dock.put_on_screen(QRect(far, far // 2, 400, 300))

    def workspace(self) -> None:
        spaces = self.window.workspaces
        spaces.switch(self.random.choice(spaces.names()))

    def manage(self) -> None:
        spaces = self.window.workspaces
        name = f"walk {self.random.randrange(3)}"
        act = self.random.choice(
            (
                lambda: spaces.save_as(name),
                lambda: spaces.rename(name),
                spaces.delete,
                spaces.reset,
                spaces.keep,
            )
        )
        act()

    def link(self) -> None:
        self.any_dock().link.join(self.random.choice((*GROUPS, OWN)))

    def instrument(self) -> None:
        number = self.random.choice((0, 1, 2, 3, -1, 2**61))
        self.any_dock().link.choose(number)

    def size(self) -> None:
        self.window.resize(
            self.random.randrange(600, 2_000), self.random.randrange(300, 1_200)
        )

    def keys(self) -> None:
        self.window.commands.run(
            self.random.choice(
                (
                    "window.next_panel",
                    "window.previous_panel",
                    "window.float_panel",
                    "window.palette",
                    "workspace.next",
                    "ladder.recentre",
                )
            )
        )

    def look(self) -> None:
        self.window.commands.run(
            self.random.choice(("window.theme", "window.larger", "window.usual_size"))
        )

    def session(self) -> None:
        self.window.open(Mode.PAPER, "exchange")

    def frame(self) -> None:
        self.window.bridge.frame()


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    made = shown_window(qtbot, tmp_path)
    opened(qtbot, made)
    yield made
    made.close()


def settle() -> None:
    for _ in range(5):
        QApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        gc.collect()


def tidy(qtbot: QtBot, window: MainWindow) -> None:
    """Come back to where every walk begins, all panels made."""
    window.look.grow(0)
    if window._bound.palette is not None:
        window._bound.palette.close()
    for name in [each for each in window.workspaces.names() if "walk" in each]:
        window.workspaces.switch(name)
        window.workspaces.delete()
    window.workspaces.switch("Trade")
    window.workspaces.reset()
    for row in PANELS:
        window.panels.show(row.name)
    window.workspaces.reset()
    qtbot.wait(100)
    settle()


def counted(window: MainWindow) -> tuple[int, int]:
    return len(window.findChildren(QObject)), len(QApplication.allWidgets())


def hidden_behind_nothing(window: MainWindow) -> list[str]:
    """Docks that can be seen although their panel is hidden or missing."""
    return [
        dock.name
        for dock in window.docks.values()
        if is_in_sight(dock)
        and dock.host.height() > 0
        and not any(
            child.isVisible()
            for child in dock.host.findChildren(
                QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly
            )
        )
    ]


@pytest.mark.parametrize("seed", [FIRST, FIRST + 1])
def test_a_random_hand_breaks_nothing_and_leaves_nothing(
    qtbot: QtBot, window: MainWindow, seed: int
) -> None:
    hand = Hand(window, seed)
    tidy(qtbot, window)
    window.look.turn()
    qtbot.wait(50)
    window.look.turn()
    tidy(qtbot, window)
    before = counted(window)

    for _ in range(STEPS):
        hand.step()
        assert hidden_behind_nothing(window) == [], hand.done[-5:]
    tidy(qtbot, window)
    after = counted(window)

    assert set(window.docks) == {row.name for row in PANELS}
    # Sections of menus and tips of fields come when they are first used.
    assert after[0] <= before[0] * 1.02, hand.done
    assert after[1] <= before[1] * 1.02, hand.done
