"""The command palette: finds by a few letters, runs by Enter, remembers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot

from app.engine.records import Action
from app.ui.command_palette import CommandPalette, Found
from app.ui.items.ladder_view import LadderView
from app.ui.main_window import MainWindow
from app.ui.models.fuzzy import match
from app.ui.palette_entries import Entry, entries
from app.ui.theme import DARK
from tests.counting import Calls
from tests.ui.scripted_session import INSTRUMENTS, ScriptedSession
from tests.ui.scripted_window import opened as open_session, shown_window

pytestmark = pytest.mark.gui
_TRADES = {Action.NEW, Action.REPLACE}
_LOOKS = {
    "theme:light", "theme:dark", "window.theme",
    "window.larger", "window.smaller", "window.usual_size",
}  # fmt: skip


def best(query: str, *texts: str) -> str:
    found = {text: match(query, text) for text in texts}
    known = {text: each[0] for text, each in found.items() if each is not None}
    return max(known, key=lambda text: known[text]) if known else ""


@pytest.mark.parametrize(
    ("query", "text", "others"),
    [
        ("add lad", "Add Ladder", ("Show Ladder", "Ladder: Close the position")),
        ("lad add", "Add Ladder", ("Show Ladder",)),
        ("dark", "Dark theme", ("Window: Light or dark",)),
        ("flat", "Safety: Kill and flatten", ("Window: Float or dock",)),
        ("sta", "Show Tape", ("Show Risk",)),
        ("wsp ri", "Workspace Risk", ("Workspace Trade",)),
        ("ESH6", "ESH6", ("ESH7", "Show ESH6 notes")),
        ("kill", "Safety: Kill", ("Safety: Kill and flatten",)),
    ],
)
def test_a_few_letters_find_what_is_meant(
    query: str, text: str, others: tuple[str, ...]
) -> None:
    assert best(query, *others, text) == text


@pytest.mark.parametrize("query", ["", "   ", "q" * 5000, "\u0130", "ß", "((((", "🦆"])
def test_any_query_is_answered(query: str) -> None:
    for text in ("Add Ladder", "", "İstanbul", "🦆 pond"):
        found = match(query, text)
        assert found is None or all(0 <= place < len(text) for place in found[1])


def test_the_letters_that_were_meant_are_told() -> None:
    found = match("a lad", "Add Ladder")
    assert found is not None
    assert found[1] == (0, 4, 5, 6)


def entry(name: str) -> Entry:
    return Entry(name, name, "command", "", "", lambda: None)


def test_what_was_used_last_comes_first(qapp: object) -> None:
    every = [entry(name) for name in ("Close", "Cancel", "Copy")]
    found = Found(every, ["Copy", "gone", "Cancel"])

    assert [each.title for each, _ in found.rows] == ["Copy", "Cancel", "Close"]
    found.search("c")
    assert [each.title for each, _ in found.rows] == ["Copy", "Cancel", "Close"]
    found.search("clo")
    assert [each.title for each, _ in found.rows] == ["Close"]


def test_ten_thousand_instruments_are_searched_between_two_keys(qapp: object) -> None:
    every = [entry(f"INSTRUMENT-{number}") for number in range(10_000)]
    found = Found(every, [])

    with Calls(natives=True) as calls:
        found.search("inst 77")

    assert 0 < found.rowCount() <= 200
    assert calls.count < 40 * len(every)


# In the window.


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    made = shown_window(qtbot, tmp_path)
    open_session(qtbot, made)
    yield made
    made.close()


def opened(window: MainWindow) -> CommandPalette:
    window.commands.run("window.palette")
    palette = window._bound.palette
    assert palette is not None
    return palette


def typed(qtbot: QtBot, window: MainWindow, text: str) -> None:
    palette = opened(window)
    qtbot.keyClicks(palette.field, text)
    with qtbot.waitSignal(palette.ran):
        qtbot.keyClick(palette.field, Qt.Key.Key_Return)


def test_everything_can_be_done_from_it(qtbot: QtBot, window: MainWindow) -> None:
    typed(qtbot, window, "ticket")
    assert window.docks["ticket"].isVisible()
    assert "ticket-2" not in window.docks
    assert window.docks["ticket"].isAncestorOf(window.focusWidget())
    typed(qtbot, window, "add ladder")
    assert "ladder-2" in window.docks
    typed(qtbot, window, "works risk")
    assert window.workspaces.current == "Risk"
    typed(qtbot, window, INSTRUMENTS[1].name)
    assert window.focus.number == 1
    typed(qtbot, window, "show log")
    assert window.docks["messages"].isVisible()
    typed(qtbot, window, "light theme")
    qtbot.waitUntil(lambda: window.context.theme.name == "light")


def test_a_pointer_that_rests_on_the_ladder_takes_no_keys(
    qtbot: QtBot, window: MainWindow
) -> None:
    ladder = window.docks["ladder"].findChild(LadderView)
    assert ladder is not None
    qtbot.mouseMove(ladder, ladder.rect().center())
    qtbot.waitUntil(ladder.hasFocus)

    typed(qtbot, window, "depth")  # which has no field that the keys could be for
    QApplication.processEvents()

    assert window.docks["depth"].isAncestorOf(window.focusWidget())
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    # Told to the ladder itself: windows of earlier tests may lie where it is.
    at = QPointF(ladder.rect().center() + QPoint(0, 20))
    QApplication.sendEvent(ladder, QEnterEvent(at, at, ladder.mapToGlobal(at)))
    assert window.focusWidget() is ladder


def test_it_lists_every_command_that_can_be_run(window: MainWindow) -> None:
    offered = {each.id for each in entries(window)}
    enabled = {
        action.objectName()
        for group in ("file", "session", "safety", "trade", "window", "help", "ladder")
        for action in window.commands.group(group)
        if action.isEnabled()
    }

    assert enabled <= offered
    kinds = {each.kind for each in entries(window)}
    assert kinds == {"command", "panel", "workspace", "instrument", "theme"}
    assert all(each.sentence for each in entries(window))


def test_it_opens_by_key_and_works_by_keys_alone(
    qtbot: QtBot, window: MainWindow
) -> None:
    qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    palette = window._bound.palette
    assert palette is not None
    assert palette.isVisible()
    assert palette.list.currentIndex().row() == 0

    for key, row in (
        (Qt.Key.Key_Down, 1),
        (Qt.Key.Key_PageDown, 11),
        (Qt.Key.Key_Up, 10),
        (Qt.Key.Key_PageUp, 0),
        (Qt.Key.Key_Up, palette.model.rowCount() - 1),
        (Qt.Key.Key_Down, 0),
    ):
        qtbot.keyClick(palette.field, key)
        assert palette.list.currentIndex().row() == row

    qtbot.keyClick(palette.field, Qt.Key.Key_Escape)
    assert not palette.isVisible()


def test_nothing_found_runs_nothing(qtbot: QtBot, window: MainWindow) -> None:
    palette = opened(window)
    qtbot.keyClicks(palette.field, "zzzzqqq")
    assert palette.model.rowCount() == 0
    assert palette.sentence.text() == "nothing is called so"

    qtbot.keyClick(palette.field, Qt.Key.Key_Return)

    assert palette.isVisible()
    palette.close()


def test_what_was_run_is_remembered_for_the_next_start(
    qtbot: QtBot, window: MainWindow
) -> None:
    typed(qtbot, window, "show log")
    typed(qtbot, window, "workspace trade")

    assert window.memory.texts("recent") == ["workspace:Trade", "show:messages"]
    palette = opened(window)
    assert palette.model.rows[0][0].id == "workspace:Trade"
    palette.close()


def test_an_instrument_is_searched_for_one_panel(
    qtbot: QtBot, window: MainWindow
) -> None:
    second = window.panels.add("ladder")
    second.link.join("")
    second.title.search_wanted.emit()
    palette = window._bound.palette
    assert palette is not None
    assert {each.kind for each, _ in palette.model.rows} == {"instrument"}
    assert "this panel alone" in palette.sentence.text()

    qtbot.keyClicks(palette.field, INSTRUMENTS[2].name)
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: second.link.focus.number == 2)

    assert window.focus.number == 0


def test_it_is_painted(qtbot: QtBot, window: MainWindow) -> None:
    palette = opened(window)
    qtbot.keyClicks(palette.field, "lad")
    picture = palette.grab().toImage()
    colours = {
        picture.pixelColor(x, y).name()
        for x in range(0, picture.width(), 2)
        for y in range(0, picture.height(), 2)
    }

    assert DARK.accent in colours
    found = palette.list
    assert found.viewport().height() % found.sizeHintForRow(0) == 0
    palette.close()


class Closer:
    """Says no to whatever asks, and ends what was opened: as an impatient user does."""

    def __init__(self, window: MainWindow) -> None:
        self.window, self.closed = window, 0
        self.timer = QTimer()
        self.timer.timeout.connect(self.close)
        self.timer.start(10)

    def close(self) -> None:
        menu = QApplication.activePopupWidget()
        if menu is not None:
            menu.close()
        for each in QApplication.topLevelWidgets():
            if isinstance(each, QDialog) and each.isVisible():
                self.closed += 1
                each.reject()


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)  # a menu's, off screen
def test_every_entry_can_be_run_one_after_another(
    qtbot: QtBot, window: MainWindow
) -> None:
    session = window.bridge.session
    assert isinstance(session, ScriptedSession)
    closer = Closer(window)
    last = ("session.quit", "session.restart")
    run = sorted(
        (each for each in entries(window) if each.id not in last),
        # Looks while few panels are made, states of the desk after all that trades.
        key=lambda each: (each.id.startswith("safety."), each.id not in _LOOKS),
    )

    for each in run:
        each.run()
        QApplication.processEvents()
        focus: QWidget | None = window.focusWidget()
        assert focus is None or focus.isVisible(), each.id
    qtbot.waitUntil(lambda: not any(map(_is_asking, QApplication.topLevelWidgets())))

    assert len(run) > 120
    assert closer.closed > 3, "files, settings, keys, a name: all of them ask"
    assert {int(each["action"]) for each in session.sent}.isdisjoint(_TRADES)
    assert not [m.text for m in window.desk.messages.rows if "Error" in m.text]
    window.commands.run("session.restart")
    qtbot.waitUntil(lambda: window.bridge.session is not session)
    window.commands.run("session.quit")
    qtbot.waitUntil(window.isHidden)


def _is_asking(widget: QWidget) -> bool:
    return isinstance(widget, QDialog) and widget.isVisible()
