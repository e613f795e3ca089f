"""A failure in the window leaves a report; an end without a word is told."""

from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.clock import SystemClock
from app.config import Settings
from app.crash_reports import CrashReports
from app.ui.crash_dialog import CrashDialog
from app.ui.main_window import MainWindow
from tests.ui.scripted_window import opened
from tests.ui.test_window import Opener

pytestmark = pytest.mark.gui


def test_a_failure_is_kept_once_with_its_panel(qtbot: QtBot, tmp_path: Path) -> None:
    window = MainWindow(Settings(), Opener().sessions(), SystemClock())
    qtbot.addWidget(window)
    window.show()
    opened(qtbot, window)
    (tmp_path / "running-99999999-1").write_text("Fatal Python error: odd")
    reports = CrashReports(tmp_path)
    window.amenities.watch(reports)
    told = [message.text for message in window.desk.messages.rows]
    assert any("ended unexpectedly at about" in words for words in told)
    (earlier,) = reports.paths()
    assert "Fatal Python error: odd" in earlier.read_text()

    ladder = window.ladder()
    assert ladder is not None
    for _ in range(3):
        try:
            fail(ladder)
        except ValueError as error:
            window.failures.hook(ValueError, error, error.__traceback__)
    qtbot.waitUntil(lambda: window.docks["ladder"].host.panel is None)

    newest = reports.paths()[0].read_text()
    assert len(reports.paths()) == 2
    assert "panel     Ladder" in newest
    assert "ValueError: a broken ladder" in newest
    window.commands.run("help.crashes")
    window.amenities.unwatch()
    assert not list(tmp_path.glob("running-*"))
    window.close()


def fail(self: object) -> None:
    raise ValueError("a broken ladder")


def test_reports_are_read_copied_and_deleted(qtbot: QtBot, tmp_path: Path) -> None:
    reports = CrashReports(tmp_path)
    reports.write(1_780_000_000_000_000_000, "first", "Traceback of the first")
    reports.write(1_780_000_001_000_000_000, "second", "Traceback of the second")
    dialog = CrashDialog(None, reports)
    qtbot.addWidget(dialog)

    assert "second" in dialog.text.toPlainText()
    dialog.copy.click()
    assert "Traceback of the second" in QGuiApplication.clipboard().text()
    dialog.delete.click()
    assert "Traceback of the first" in dialog.text.toPlainText()
    dialog.delete.click()
    assert "nothing has failed" in dialog.text.toPlainText()
    assert not dialog.copy.isEnabled()
