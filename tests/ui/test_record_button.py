"""Recording from the window, on the real engine; and files that are dropped on it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.clock import SystemClock
from app.config import Settings
from app.data.catalog import Catalog
from app.sessions.session import EngineState, Mode
from app.ui.main import sessions_of
from app.ui.main_window import MainWindow
from app.ui.recording import words_of
from app.ui.shot_scene import has_market
from tests.ui.test_window import Opener
from tests.waiting import NEVER_S

pytestmark = pytest.mark.gui
LEFT = Qt.MouseButton.LeftButton
COMPILE_MS = 590_000


def settings_in(folder: Path, *, always: bool = False) -> Settings:
    usual = Settings()
    return replace(
        usual,
        paths=replace(usual.paths, logs=folder / "logs", data=folder / "catalog"),
        recorder=replace(usual.recorder, always=always, commit_s=0.2),
    )


def opened(qtbot: QtBot, settings: Settings, feed: str) -> MainWindow:
    window = MainWindow(settings, sessions_of(settings), SystemClock())
    qtbot.addWidget(window)
    window.show()
    window.open(Mode.PAPER, feed)
    await_ready(qtbot, window)
    return window


def await_ready(qtbot: QtBot, window: MainWindow) -> None:
    over = (EngineState.READY, EngineState.FAILED)
    qtbot.waitUntil(
        lambda: (
            window.bridge.session is not None and window.bridge.status.engine in over
        ),
        timeout=COMPILE_MS,
    )
    assert window.bridge.status.engine is EngineState.READY, window.bridge.status


def rows(window: MainWindow) -> int:
    status = window.recording.status
    return 0 if status is None else status.committed


@pytest.mark.slow
@pytest.mark.threads
def test_a_session_is_recorded_and_played_back(qtbot: QtBot, tmp_path: Path) -> None:
    window = opened(qtbot, settings_in(tmp_path), "exchange")
    qtbot.waitUntil(lambda: has_market(window))
    button = window.top_bar.record
    assert button.text() == "Record"

    qtbot.mouseClick(button, LEFT)
    assert window.recording.is_on
    qtbot.waitUntil(lambda: rows(window) > 200)
    assert button.isChecked()
    assert button.text().startswith("● ")
    with qtbot.waitSignal(window.library.changed):
        qtbot.mouseClick(button, LEFT)
    assert button.text() == "Record"
    newest = window.desk.messages.newest
    assert newest is not None
    assert newest.text.startswith("recorded ")
    names = Catalog(tmp_path / "catalog").names()
    assert "RSTK" in names
    assert len(Catalog(tmp_path / "catalog").open("RSTK").segments) == 1

    window.library.play("RSTK,RFUT")
    await_ready(qtbot, window)
    qtbot.waitUntil(lambda: has_market(window))
    listed = [each.instrument.name for each in window.desk.market.listed]
    assert listed == ["RSTK", "RFUT"]
    assert not window.top_bar.record.isVisible()
    window.commands.run("session.record")
    newest = window.desk.messages.newest
    assert newest is not None
    assert "plays a recording" in newest.text
    window.close()


@pytest.mark.slow
@pytest.mark.threads
def test_every_session_is_recorded_if_the_settings_say_so(
    qtbot: QtBot, tmp_path: Path
) -> None:
    window = opened(qtbot, settings_in(tmp_path, always=True), "exchange")
    qtbot.waitUntil(lambda: rows(window) > 100)
    process = window.recording._current
    assert process is not None

    window.close()
    process.wait(NEVER_S)

    # The recorder outlives the window and reads the log to its end.
    recording = Catalog(tmp_path / "catalog").open("RSTK")
    assert len(recording.segments) == 1
    recording.verify()


# Without the engine.


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    made = MainWindow(settings_in(tmp_path), Opener().sessions(), SystemClock())
    qtbot.addWidget(made)
    made.show()
    with qtbot.waitSignal(made.opening.opened):
        made.open(Mode.PAPER, "exchange")
    yield made
    made.close()


def test_a_session_without_a_log_cannot_be_recorded(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.commands.run("session.record")

    newest = window.desk.messages.newest
    assert newest is not None
    assert newest.text.startswith("nothing to record: ")
    assert not window.top_bar.record.isChecked()
    assert words_of(None) == "Record"


def dropped(window: MainWindow, path: Path) -> bool:
    """Drag a file over the window and let it go; whether it was taken."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    action, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    place = QPointF(200, 200)
    enter = QDragEnterEvent(place.toPoint(), action, data, LEFT, none)
    window.dragEnterEvent(enter)
    window.dropEvent(QDropEvent(place, action, data, LEFT, none))
    return enter.isAccepted()


def test_a_dropped_file_is_imported_and_played(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "ACME.csv"
    path.write_text("time,price,size\n2024-01-02T09:30:00Z,10.25,5\n")

    assert dropped(window, path)
    qtbot.waitUntil(lambda: hasattr(window, "import_dialog"))
    dialog = window.import_dialog
    qtbot.waitUntil(dialog.start.isEnabled)
    qtbot.mouseClick(dialog.start, LEFT)
    qtbot.waitUntil(dialog.play.isVisible)
    with qtbot.waitSignal(window.opening.opened):
        qtbot.mouseClick(dialog.play, LEFT)

    assert window.opening.feed == "recording:ACME@trades"
    assert window.top_bar.feed.currentText() == "recording:ACME@trades"


def test_import_asks_for_files(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ACME.csv"
    path.write_text("nothing of the kind")
    monkeypatch.setattr(
        QFileDialog, "getOpenFileNames", lambda *_: ([str(path)], "all")
    )

    window.commands.run("file.import")

    assert window.import_dialog.isVisible()
    window.import_dialog.close()


def test_the_panels_of_data_are_one_key_away(window: MainWindow) -> None:
    window.docks["data"].hide()

    window.commands.run("file.data")
    assert window.docks["data"].isVisible()
    window.commands.run("file.instruments")
    assert window.docks["instruments"].isVisible()
