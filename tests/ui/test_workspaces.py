"""Workspaces: those that ship, the user's own, kept by themselves, never fatal."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QInputDialog, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from app.ui import json_file
from app.ui.arrangements import SHIPPED
from app.ui.items.chart_trading import TradingChart
from app.ui.items.ladder_view import LadderView
from app.ui.items.ticket_view import TicketView
from app.ui.main_window import MainWindow
from app.ui.models.workspace import PanelState, Place, Workspace, from_json
from app.ui.panel_dock import PanelDock, is_in_sight
from app.ui.panel_rows import PANELS
from app.ui.panels.ticket import TicketPanel
from app.ui.workspace_files import WorkspaceFiles, file_name, refusal
from tests.ui.scripted_session import INSTRUMENTS
from tests.ui.scripted_window import opened, shown_window
from tests.waiting import eventually

pytestmark = pytest.mark.gui
SHIPPED_NAMES = [each.name for each in SHIPPED]


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    shown = shown_window(qtbot, tmp_path)
    yield shown
    shown.close()


def seen(window: MainWindow) -> set[str]:
    return {name for name, dock in window.docks.items() if not dock.isHidden()}


def told(window: MainWindow) -> list[str]:
    return [message.text for message in window.desk.messages.rows]


# What ships.


@pytest.mark.parametrize("name", SHIPPED_NAMES)
def test_what_ships_shows_panels_and_says_what_it_is_for(
    window: MainWindow, name: str
) -> None:
    window.workspaces.switch(name)

    assert window.workspaces.current == name
    assert len(seen(window)) >= 3
    fronts = [
        dock
        for dock in window.docks.values()
        if dock.host.isVisible() and dock.x() >= 0
    ]
    # Not by its visible region: panels fill their docks, and paint all of themselves.
    for dock in fronts:
        at = window.childAt(dock.geometry().center())
        assert at is not None, dock.objectName()
        assert dock.isAncestorOf(at), dock.objectName()
    assert window.workspaces.sentence(name)


def test_replay_says_what_is_not_there(window: MainWindow) -> None:
    assert "not in this version" in window.workspaces.sentence("Replay")
    assert "not in this version" not in window.workspaces.sentence("Backtest")


def test_replay_says_that_no_recording_plays(window: MainWindow) -> None:
    def said() -> bool:
        return window.top_bar.unplayed.isVisible()

    assert not said(), "Trade is for any market"
    window.workspaces.switch("Replay")
    assert said()
    window.top_bar.unplayed.click()
    assert "data" in seen(window)


def test_alt_and_a_digit_shows_a_workspace(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.keyClick(window, Qt.Key.Key_5, Qt.KeyboardModifier.AltModifier)
    assert window.workspaces.current == "Risk"

    qtbot.keyClick(window, Qt.Key.Key_9, Qt.KeyboardModifier.AltModifier)
    assert window.workspaces.current == "Risk", "there is no ninth"
    window.commands.run("workspace.next")
    assert window.workspaces.current == "Trade"
    window.commands.run("workspace.previous")
    assert window.workspaces.current == "Risk"
    assert window.commands.action("workspace.go_4").text() == "Portfolio\tAlt+4"


# One's own.


def test_panels_links_and_instruments_come_back(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    opened(qtbot, window)
    second = window.panels.add("ladder")
    second.link.join("C")
    second.link.choose(2)
    third = window.panels.add("ladder")
    third.link.join("")
    third.link.choose(1)
    assert window.workspaces.save_as("Three ladders") == ""
    window.workspaces.switch("Risk")
    assert {"ladder-2", "ladder-3"}.isdisjoint(window.docks)
    window.workspaces.switch("Three ladders")

    def holds(shown: MainWindow) -> bool:
        two, three = shown.docks["ladder-2"].link, shown.docks["ladder-3"].link
        return (
            (two.group, two.instrument) == ("C", INSTRUMENTS[2].name)
            and (three.group, three.instrument) == ("", INSTRUMENTS[1].name)
            and shown.docks["ladder"].link.group == "A"
        )

    assert holds(window)
    assert window.docks["ladder-2"].isVisible()
    window.close()
    again = shown_window(qtbot, tmp_path)
    assert again.workspaces.current == "Three ladders"
    assert holds(again), "before there is a session"
    opened(qtbot, again)
    assert holds(again)
    assert again.docks["ladder-2"].link.focus.number == 2
    again.close()


def test_what_is_hidden_stays_hidden(qtbot: QtBot, tmp_path: Path) -> None:
    first = shown_window(qtbot, tmp_path)
    first.docks["risk"].hide()
    first.close()

    second = shown_window(qtbot, tmp_path)

    assert not second.docks["risk"].isVisible()
    assert second.docks["ladder"].isVisible()
    second.commands.run("workspace.reset")
    assert not second.docks["risk"].isHidden()
    second.close()


def test_a_panel_is_set_as_it_was(qtbot: QtBot, window: MainWindow) -> None:
    panel = window.docks["ladder"].host
    panel.restore({"zoom": 3})
    kept = window.workspaces._layout.capture("any")

    states = {each.name: each.state for each in kept.panels}

    assert states["pnl"] is not None
    assert json.loads(json.dumps(kept.to_json())) == kept.to_json()


def test_a_typed_order_waits_for_its_workspace(
    qtbot: QtBot, window: MainWindow
) -> None:
    def view() -> TicketView:
        ticket = window.docks["ticket"].host.panel
        assert isinstance(ticket, TicketPanel)
        return ticket.view

    opened(qtbot, window)
    for other in SHIPPED_NAMES[1:]:
        view().put("quantity", "7")
        view().put("price", "1.25")
        window.workspaces.switch(other)
        window.workspaces.switch(SHIPPED_NAMES[0])
        assert (view().form.quantity, view().form.price) == ("7", "1.25")
        assert view().fields["price"].text() == "1.25"

    window.workspaces.switch(other)
    opened(qtbot, window)
    window.workspaces.switch(SHIPPED_NAMES[0])
    assert view().form.price != "1.25"  # typed for a market that is gone


def test_a_floating_panel_comes_back_where_it_was(
    qtbot: QtBot, window: MainWindow
) -> None:
    dock = window.docks["pnl"]
    dock.toggle_float()
    dock.setGeometry(120, 90, 500, 300)
    window.workspaces.switch("Risk")
    assert not window.docks["pnl"].isFloating()

    window.workspaces.switch("Trade")

    assert dock.isFloating()
    place = dock.geometry()
    assert (place.x(), place.y(), place.width(), place.height()) == (120, 90, 500, 300)


def test_what_floated_has_its_place_in_what_ships(
    qtbot: QtBot, window: MainWindow
) -> None:
    """A panel that was never in the window stayed a window of its own."""
    opened(qtbot, window)
    dock = window.docks["backtest"]
    dock.setFloating(True)
    window.panels.show("backtest")

    window.workspaces.switch("Backtest")

    shown = [each for each in window.panels.ordered() if not each.isHidden()]
    assert dock in shown
    assert not [each.name for each in shown if each.isFloating()]


def test_a_floating_panel_whose_screen_is_gone_comes_to_one_that_is_there(
    window: MainWindow,
) -> None:
    window.docks["pnl"].toggle_float()
    kept = window.workspaces._layout.capture("far")
    panels = tuple(
        PanelState(each.name, place=Place(9000, 9000, 640, 400))
        if each.name == "pnl"
        else each
        for each in kept.panels
    )

    window.workspaces._layout.apply(Workspace("far", panels, kept.groups, kept.layout))

    area = window.screen().availableGeometry()
    assert area.intersects(window.docks["pnl"].geometry())


def test_a_workspace_is_renamed_and_deleted(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    spaces = window.workspaces
    assert spaces.rename("Mine") == "Trade ships with the program and keeps its name"
    assert spaces.delete() == "Trade ships with the program and cannot be deleted"
    assert not window.commands.action("workspace.delete").isEnabled()

    assert spaces.save_as("Über/mir: ½") == ""
    assert spaces.rename("Scalp") == ""
    assert spaces.names() == [*SHIPPED_NAMES, "Scalp"]
    assert window.commands.action("workspace.delete").isEnabled()
    assert spaces.delete() == ""
    assert spaces.current == "Trade"
    window.close()

    files = WorkspaceFiles(tmp_path, print)
    assert files.names() == ["Trade"]
    files.close()


def test_names_are_asked_for_and_refused_in_words(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.commands.run("workspace.save_as")
    dialog = window.workspace_commands.dialog
    assert isinstance(dialog, QInputDialog)
    dialog.setTextValue("risk")
    dialog.accept()
    dialog = window.workspace_commands.dialog
    assert isinstance(dialog, QInputDialog)
    assert "there is already a workspace 'risk'" in dialog.labelText()
    dialog.setTextValue("Evening")
    dialog.accept()

    assert window.workspaces.current == "Evening"
    window.commands.run("workspace.delete")
    question = window.workspace_commands.dialog
    assert isinstance(question, QMessageBox)
    question.button(QMessageBox.StandardButton.Yes).click()
    assert window.workspaces.names() == SHIPPED_NAMES


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "needs a name"),
        ("   ", "needs a name"),
        (" x", "no blanks at its ends"),
        ("a\nb", "no control characters"),
        ("x" * 41, "at most 40 letters"),
        ("\U0001f4c8" * 30, "at most 40 letters"),
        ("trade", "already a workspace"),
        ("..", ""),
        ("con/../../etc", ""),
    ],
)
def test_a_name_is_judged(name: str, words: str) -> None:
    assert words in refusal(name, ["Trade"])
    assert bool(words) == bool(refusal(name, ["Trade"]))
    assert "/" not in file_name(name)


def test_the_strip_shows_and_switches(qtbot: QtBot, window: MainWindow) -> None:
    strip = window.strip
    assert [strip.tabText(i) for i in range(strip.count())] == SHIPPED_NAMES

    strip.setCurrentIndex(3)

    assert window.workspaces.current == "Portfolio"
    window.workspaces.save_as("P&L only")
    assert strip.tabText(strip.currentIndex()) == "P&&L only"
    assert "(Alt+1)" in strip.tabToolTip(0)
    assert strip.width() >= strip.sizeHint().width(), "no name is cut"


def test_a_panel_that_has_no_place_takes_none_of_the_others(
    qtbot: QtBot, window: MainWindow
) -> None:
    wide = window.docks["ladder"].width()

    window.panels.show("strategies")

    dock = window.docks["strategies"]
    qtbot.waitUntil(lambda: is_in_sight(dock))
    assert window.docks["ladder"].width() == wide


def test_sizes_come_back_as_they_were_left(qtbot: QtBot, window: MainWindow) -> None:
    def heights() -> dict[str, int]:
        names = ("backtest", "runs", "summary", "price", "trades")
        return {name: window.docks[name].height() for name in names}

    window.resize(1376, 840)
    window.workspaces.switch("Backtest")
    qtbot.waitUntil(lambda: window.docks["runs"].host.panel is not None)
    QApplication.processEvents()
    before = heights()

    for name in ("Trade", "Backtest"):
        window.workspaces.switch(name)
        QApplication.processEvents()

    assert heights() == before


def test_what_is_docked_again_is_in_sight(window: MainWindow) -> None:
    dock = window.docks["heatmap"]
    dock.toggle_float()

    dock.toggle_float()

    assert is_in_sight(dock)


# What is kept.


def test_a_change_is_kept_within_seconds(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "workspaces" / "Trade.json"
    window.docks["risk"].hide()
    qtbot.waitUntil(path.exists)

    def is_kept() -> bool:
        content = json.loads(path.read_text())
        return "risk" not in [each["name"] for each in content["panels"]]

    qtbot.waitUntil(is_kept)


def test_nothing_is_written_where_nothing_changed(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    window.workspaces.keep()
    path = tmp_path / "workspaces" / "Trade.json"
    qtbot.waitUntil(path.exists)
    path.unlink()

    for _ in range(3):
        window.workspaces.keep()
    window.close()

    assert not path.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"version": 99, "panels": []}',
        b'{"version": 1}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_set_aside_and_told(
    qtbot: QtBot, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "workspaces" / "Trade.json"
    path.parent.mkdir()
    path.write_bytes(content)
    (tmp_path / "window.json").write_bytes(content)

    window = shown_window(qtbot, tmp_path)

    assert window.docks["ladder"].isVisible()
    assert path.with_name("Trade.json.damaged-1").read_bytes() == content
    assert any(
        "Trade.json is damaged and was set aside" in each for each in told(window)
    )
    window.close()


@pytest.mark.parametrize(
    "changes",
    [
        {"layout": "!!!"},
        {"layout": "AAAA"},
        {"layout": 5},
        {"panels": [1, None, {"name": 3}, {"name": "no-such"}, {"name": "ladder-0"}]},
        {"panels": [{"name": "ladder", "group": "ZZ", "state": [1], "place": [1]}]},
        {"panels": [{"name": "ladder", "place": [2**70, 0, 1, 1]}]},
        {"groups": [1, 2]},
        {"groups": {"A": 7, "Q": "x"}},
    ],
)
def test_what_is_wrong_in_a_file_is_left_out(
    qtbot: QtBot, tmp_path: Path, changes: dict[str, object]
) -> None:
    content = {"version": 1, "name": "Trade", "panels": [], "groups": {}, "layout": ""}
    json_file.write(tmp_path / "workspaces" / "Trade.json", content | changes)

    window = shown_window(qtbot, tmp_path)

    assert window.docks["ladder"].isVisible()
    assert told(window) == []
    window.close()


def test_a_folder_that_cannot_be_written_is_told_once(
    qtbot: QtBot, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")

    window = shown_window(qtbot, blocked)
    for name in ("Risk", "Trade", "Risk"):
        window.workspaces.switch(name)
    qtbot.waitUntil(lambda: bool(told(window)))
    window.workspaces.switch("Trade")

    window.close()
    (words,) = told(window)
    assert "the layout of the window cannot be kept" in words


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    json_file.write(path, {"a": 1})
    with pytest.raises(TypeError):
        json_file.write(path, {"a": object()})

    assert json_file.read(path) == {"a": 1}
    assert [each.name for each in tmp_path.iterdir()] == ["x.json"]


def test_a_workspace_is_read_as_it_was_written() -> None:
    panel = PanelState("ladder-2", "B", "X", {"zoom": 2}, Place(1, 2, 3, 4, True))
    workspace = Workspace("Ä", (panel,), {"A": "Y"}, b"\x00\xff")

    assert from_json(workspace.to_json(), "other") == workspace


_KILLED = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from app.clock import SystemClock
from app.config import Settings
from app.errors import FeedError
from app.sessions.session import Mode
from app.ui.main import application
from app.ui.main_window import MainWindow
from app.ui.opening import Sessions
from app.ui.panel_dock import PanelDock
from app.ui.panel_rows import PANELS

def refuse(mode, feed):
    raise FeedError("none")

app = application()
window = MainWindow(
    Settings(),
    Sessions(refuse, lambda: [], frozenset({Mode.PAPER})),
    SystemClock(),
    Path(sys.argv[1]),
)
window.show()

def change():
    window.workspaces.switch("Replay")
    window.panels.add("ladder").link.join("E")
    print("changed", flush=True)

QTimer.singleShot(100, change)
app.exec()
"""


@pytest.mark.slow
def test_a_killed_window_comes_back_as_it_was(qtbot: QtBot, tmp_path: Path) -> None:
    """kill -9, three seconds after the last change."""
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    with subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(tmp_path)],
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "changed\n"

        def is_kept() -> bool:
            """The workspace, then which one is shown: two files."""
            paths = (tmp_path / "workspaces" / "Replay.json", tmp_path / "window.json")
            if not all(each.exists() for each in paths):
                return False
            panels, shown = (json.loads(each.read_text()) for each in paths)
            names = [each["name"] for each in panels["panels"]]
            return "ladder-2" in names and shown["workspace"] == "Replay"

        eventually(is_kept)
        process.send_signal(signal.SIGKILL)

    window = shown_window(qtbot, tmp_path)

    assert window.workspaces.current == "Replay"
    assert window.docks["ladder-2"].link.group == "E"
    assert window.docks["ladder-2"].isVisible()
    window.close()


@pytest.mark.parametrize("name", SHIPPED_NAMES)
def test_the_next_start_shows_what_was_shown_and_nothing_else(
    qtbot: QtBot, tmp_path: Path, name: str
) -> None:
    first = shown_window(qtbot, tmp_path)
    first.workspaces.switch(name)
    qtbot.wait(20)
    shown = seen(first)
    assert len(shown) < len(PANELS) or name == "Trade"
    first.panels.show("pnl")
    first.docks["pnl"].toggle_float()
    qtbot.wait(20)
    shown = seen(first)
    first.close()

    second = shown_window(qtbot, tmp_path)
    pnl = second.docks["pnl"]
    qtbot.waitUntil(lambda: is_painted(pnl))

    assert seen(second) == shown
    assert pnl.isFloating()
    assert pnl.isVisible()
    second.close()


def is_painted(dock: PanelDock) -> bool:
    panel = dock.host.panel
    return panel is not None and panel.isVisible() and is_in_sight(dock)


def test_the_keyboard_begins_on_the_ladder_else_on_the_largest_panel(
    qtbot: QtBot, tmp_path: Path
) -> None:
    first = shown_window(qtbot, tmp_path)
    first.activateWindow()
    qtbot.waitUntil(lambda: isinstance(first.focusWidget(), LadderView))
    first.docks["ladder"].close()
    first.close()

    again = shown_window(qtbot, tmp_path)
    again.activateWindow()
    qtbot.waitUntil(lambda: isinstance(again.focusWidget(), TradingChart))

    again.workspaces.switch("Risk")
    assert again.panels.has_keyboard()
    again.workspaces.switch("Trade")
    assert isinstance(again.focusWidget(), TradingChart)
    again.panels.go_to("orders")
    at = again.focusWidget().accessibleName()
    again.look.turn()
    qtbot.waitUntil(lambda: again.context.theme is again.theme)
    assert again.focusWidget().accessibleName() == at, "another look, the same place"
    assert again.panels.worked_in() is again.docks["orders"]
    button = again.top_bar.findChild(QPushButton)
    assert button is not None
    button.setFocus()
    again.workspaces.switch("Risk")
    assert again.focusWidget() is button, "who works on a bar goes on there"
    again.close()
