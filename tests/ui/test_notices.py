"""Notices: few, brief, never in the way; the log filters, counts, exports."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.clock import SystemClock
from app.config import Settings
from app.engine.records import SessionState
from app.ui.main_window import MainWindow
from app.ui.models.messages import Level, Message
from app.ui.models.notices import QUIET_NS, SHOWN, Notices
from app.ui.panel_dock import is_in_sight
from app.ui.panels.messages import MessagesPanel
from app.ui.status_bar import StatusBar
from tests.ui.conftest import Stage
from tests.ui.scripted_window import opened
from tests.ui.test_window import Opener

SECOND = 1_000_000_000


def message(text: str, level: Level = Level.WARNING, topic: str = "x") -> Message:
    return Message(1, level, topic, text)


def test_only_what_is_grave_enough_rises() -> None:
    notices = Notices()
    rows = [message("a", Level.INFO), message("b"), message("c", Level.ERROR)]

    notices.take(rows, 0, "errors")
    assert [each.message.text for each in notices.standing] == ["c"]
    assert not notices.take([message("d", Level.ERROR)], SECOND, "none")


def test_an_alert_rises_whatever_is_set() -> None:
    notices = Notices()
    assert notices.take([message("p", Level.INFO, "alert")], 0, "none")


def test_a_storm_is_counted_not_shown() -> None:
    notices = Notices()
    notices.take([message(f"refused {i}") for i in range(10_000)], 0, "warnings")

    (notice,) = notices.standing
    assert notice.left_out == 9_999


def test_the_same_words_rise_once_in_a_while() -> None:
    notices = Notices()
    assert notices.take([message("a")], 0, "warnings")
    assert not notices.take([message("a")], SECOND, "warnings")
    assert notices.take([message("a")], QUIET_NS, "warnings")


def test_a_few_stand_and_each_leaves_by_itself() -> None:
    notices = Notices()
    for i in range(6):
        notices.take([message(f"{i}", Level.ERROR)], i * SECOND, "warnings")
    assert len(notices.standing) == SHOWN

    assert notices.expire(60 * SECOND)
    assert notices.standing == []


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    made = MainWindow(Settings(), Opener().sessions(), SystemClock())
    qtbot.addWidget(made)
    made.show()
    opened(qtbot, made)
    yield made
    made.close()


@pytest.mark.gui
def test_a_notice_takes_neither_focus_nor_a_click_through(
    qtbot: QtBot, window: MainWindow
) -> None:
    board = window.amenities.notices
    before = QApplication.focusWidget()
    window.bridge.tell("something is odd", Level.WARNING, "feed")

    assert board.isVisible()
    assert QApplication.focusWidget() is before
    (card,) = board.cards
    assert "Warning · feed" in card.head.text()
    assert window.rect().contains(board.geometry())
    sent = len(window.opening._bridge.session.sent)  # type: ignore[union-attr]
    qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    assert board.isHidden()
    window.bridge.tell("a price was reached", Level.INFO, "alert")
    assert board.cards[0].head.text().count("lert") == 1, "said once"
    assert len(window.bridge.session.sent) == sent  # type: ignore[union-attr]


@pytest.mark.gui
def test_a_notice_covers_nothing_that_is_traded(window: MainWindow) -> None:
    window.resize(1480, 920)
    QApplication.processEvents()
    board = window.amenities.notices
    window.bridge.tell("something is odd", Level.WARNING, "feed")

    for name in ("ladder", "ticket", "orders", "positions"):
        dock = window.docks[name]
        host = dock.host
        place = QRect(host.mapTo(window, QPoint()), host.size())
        assert not (is_in_sight(dock) and place.intersects(board.geometry()))


@pytest.mark.gui
def test_a_second_notice_stands_beside_the_first(window: MainWindow) -> None:
    board = window.amenities.notices
    for text in ("something is odd", "something is broken"):
        window.bridge.tell(text, Level.ERROR, "feed")

    assert len(board.cards) == 2
    assert board.height() >= sum(each.sizeHint().height() for each in board.cards)


@pytest.mark.gui
def test_unread_warnings_are_counted_until_the_log_is_seen(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.panels.by_name["messages"].hide()
    window.desk.messages.mark_read()
    bar = window.statusBar()
    assert isinstance(bar, StatusBar)
    window.bridge.tell("odd", Level.WARNING)
    window.bridge.tell("worse", Level.ERROR)
    qtbot.waitUntil(lambda: bar.unread.isVisible() and "2" in bar.unread.text())

    bar.setStyleSheet("* {font-size: 18pt}")
    QApplication.processEvents()
    bar._fit()
    QApplication.processEvents()
    letter = bar.fontMetrics().averageCharWidth()
    assert bar.message.width() > 30 * letter  # however large they are

    bar.unread.click()
    qtbot.waitUntil(bar.unread.isHidden)
    assert window.desk.messages.unread == 0


@pytest.mark.gui
def test_the_log_filters_by_level_topic_and_words(
    qtbot: QtBot, stage: Stage, tmp_path: Path
) -> None:
    panel = MessagesPanel(stage.context)
    qtbot.addWidget(panel)
    panel.show()
    stage.bridge.tell("calm", topic="feed")
    stage.bridge.tell("odd price", Level.WARNING, "feed")
    stage.bridge.tell("broken", Level.ERROR, "log")

    def shown() -> str:
        return panel.lines.toPlainText()

    panel.level.setCurrentIndex(1)
    assert "calm" not in shown()
    assert "odd price" in shown()
    panel.topic.setCurrentText("log")
    assert "odd" not in shown()
    assert "broken" in shown()
    panel.topic.setCurrentIndex(0)
    panel.search.setText("PRICE odd")
    assert len(shown().splitlines()) == 1

    panel.write(tmp_path / "log.csv")
    with (tmp_path / "log.csv").open() as file:
        rows = list(csv.reader(file))
    assert [row[1:] for row in rows[1:]] == [["warning", "feed", "odd price"]]
    stage.bridge.tell("another thing", Level.WARNING)
    assert len(shown().splitlines()) == 1
    again = MessagesPanel(stage.context)
    qtbot.addWidget(again)
    again.restore(panel.state() | {"level": "x", "odd": 3})
    assert again.search.text() == "PRICE odd"


@pytest.mark.gui
def test_changes_of_the_trading_session_are_told(stage: Stage) -> None:
    stage.frame()
    assert not [m for m in stage.desk.messages.rows if m.topic == "session"]
    view = np.array(stage.session.view())
    view["instrument"]["session"][:2] = SessionState.HALTED
    stage.desk.take_view(view.reshape(1)[0])
    view["instrument"]["session"][:2] = SessionState.OPEN
    stage.desk.take_view(view.reshape(1)[0])

    told = [(m.level, m.text) for m in stage.desk.messages.rows if m.topic == "session"]
    names = ", ".join(each.name for each in stage.session.instruments[:2])
    assert told == [
        (Level.WARNING, f"{names}: trading is HALTED"),
        (Level.INFO, f"{names}: the market is open"),
    ]
