"""A small screen: the window fits it, and what has no room is scrolled to."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QPushButton, QTabBar, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.sessions.session import Mode
from app.ui.arrangements import SHIPPED
from app.ui.items.panel_area import PanelArea
from app.ui.main_window import MainWindow
from tests.ui.scripted_window import opened, shown_window

pytestmark = pytest.mark.gui
SMALL = QSize(950, 560)  # 960 by 600 without the window's frame


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    made = shown_window(qtbot, tmp_path, SMALL)
    opened(qtbot, made)
    yield made
    made.close()


def test_each_workspace_fits_whatever_tab_is_turned_to(window: MainWindow) -> None:
    for shipped in SHIPPED:
        window.workspaces.switch(shipped.name)
        window.resize(SMALL)
        for dock in window.panels.ordered():
            if not dock.isHidden():
                dock.raise_()
                QApplication.processEvents()
        hint = window.minimumSizeHint()
        assert hint.boundedTo(SMALL) == hint, shipped.name
        assert window.size() == SMALL
        for bar in window.findChildren(QTabBar):
            if bar.parent() is window:
                for at in range(bar.count()):
                    assert bar.tabToolTip(at) == bar.tabText(at).replace("&&", "&")
                    assert bar.tabRect(at).width() >= 40, "a letter, and its margins"
        kill = window.top_bar.kill
        corner = kill.mapTo(window, kill.rect().topLeft())
        assert window.rect().contains(QRect(corner, kill.size()))


def test_the_bar_leaves_out_what_cannot_be_chosen_before_kill(
    window: MainWindow,
) -> None:
    bar = window.top_bar
    least = bar.minimumSizeHint().width()
    bar.setFixedWidth(least)
    QApplication.processEvents()
    assert not bar.modes[Mode.LIVE].isVisible()
    assert bar.modes[Mode.PAPER].isVisible()
    assert bar.kill.isVisible()
    assert bar.kill.geometry().right() < least
    bar.setFixedWidth(least + 600)
    QApplication.processEvents()
    assert bar.modes[Mode.LIVE].isVisible()
    assert bar.modes[Mode.LIVE].text() == "Live · not built"


def test_a_panel_that_has_no_room_is_scrolled_and_a_whole_one_is_not(
    qtbot: QtBot,
) -> None:
    class Whole(QWidget):
        is_whole = True

    for kind, is_cut in ((QWidget, True), (Whole, False)):
        area, panel = PanelArea(), kind()
        qtbot.addWidget(area)
        layout = QVBoxLayout(panel)
        for at in range(30):
            layout.addWidget(QPushButton(f"Button {at}"))
        area.put(panel)
        needed = panel.minimumSizeHint().height()
        assert (area.minimumSizeHint().height() < needed) == is_cut
        area.resize(area.minimumSizeHint())
        area.show()
        assert (area.verticalScrollBar().maximum() > 0) == is_cut
        last = panel.findChildren(QPushButton)[-1]
        last.setFocus()
        area.ensureWidgetVisible(last)
        assert not last.visibleRegion().isEmpty()


class Window(QWidget):
    """Hears the keys that nobody in it wanted."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[int] = []

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            self.heard.append(event.key())
        return super().event(event)


def test_keys_that_a_panel_does_not_want_pass_its_area(qtbot: QtBot) -> None:
    window, area, panel = Window(), PanelArea(), QWidget()
    qtbot.addWidget(window)
    QVBoxLayout(window).addWidget(area)
    panel.setMinimumHeight(4000)
    area.put(panel)
    window.show()
    qtbot.keyClick(panel, Qt.Key.Key_Down)
    assert window.heard == [Qt.Key.Key_Down]
    assert area.verticalScrollBar().value() == 0


def test_a_panel_whose_screen_is_gone_goes_back_when_it_returns(
    window: MainWindow,
) -> None:
    dock = window.docks["tape"]
    dock.toggle_float()
    wanted = QRect(9000, 100, 300, 320)
    dock.put_on_screen(wanted)
    QApplication.processEvents()
    assert dock.geometry() != wanted
    assert dock.place() == wanted
    dock.move(dock.pos().x() + 200, dock.pos().y())
    QApplication.processEvents()
    assert dock.place() == dock.geometry()
