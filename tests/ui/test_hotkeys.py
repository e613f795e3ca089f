"""Keys: by their place on the keyboard, dead while typing, remapped, in conflict."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QWindow
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QDialog,
    QDockWidget,
    QLabel,
    QLineEdit,
    QMainWindow,
    QPushButton,
    QVBoxLayout,
    QWidget,
    QWidgetItem,
)
from pytestqt.qtbot import QtBot

from app.ui.commands import COMMANDS, Commands
from app.ui.hotkeys import Hotkeys
from app.ui.key_editor import KeyEditor
from app.ui.key_map import KeyMap
from app.ui.memory import keep_keys
from app.ui.panels.ladder import LadderPanel
from app.ui.physical_keys import chord_of, parse_chord
from app.ui.theme import DARK
from app.ui.workspace_files import WorkspaceFiles
from tests.ui.conftest import Stage

pytestmark = pytest.mark.gui
NONE = Qt.KeyboardModifier.NoModifier
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
ALT = Qt.KeyboardModifier.AltModifier
Z_PLACE: Final = 44  # KEY_Z of linux/input-event-codes.h
Q_PLACE: Final = 16


def press(
    key: int,
    modifiers: Qt.KeyboardModifier = NONE,
    place: int = 0,
    text: str = "",
    *,
    kind: QEvent.Type = QEvent.Type.KeyPress,
    repeats: bool = False,
) -> QKeyEvent:
    """A key event as X11 tells it: the layout's letter, and evdev's code + 8."""
    scan = place + 8 if place else 0
    return QKeyEvent(kind, key, modifiers, scan, 0, 0, text, repeats)


@pytest.fixture
def on_x11(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QGuiApplication, "platformName", lambda: "xcb")


@pytest.mark.parametrize(
    ("key", "place", "layout"),
    [
        (Qt.Key.Key_Z, Z_PLACE, "US"),
        (Qt.Key.Key_Y, Z_PLACE, "German"),
        (0x042F, Z_PLACE, "Russian"),
        (Qt.Key.Key_W, Z_PLACE, "French"),
    ],
)
def test_a_layout_changes_nothing(
    on_x11: None, key: int, place: int, layout: str
) -> None:
    assert chord_of(press(key, NONE, place)) == "Z", layout
    assert chord_of(press(key, CTRL, place)) == "Ctrl+Z", layout


@pytest.mark.parametrize(
    ("event", "chord"),
    [
        (lambda: press(Qt.Key.Key_Exclam, SHIFT, 2), "Shift+1"),
        (lambda: press(Qt.Key.Key_Ampersand, NONE, 2), "1"),  # French digits
        (lambda: press(Qt.Key.Key_F12, CTRL | SHIFT, 88), "Ctrl+Shift+F12"),
        (lambda: press(Qt.Key.Key_Space, NONE, 57), "Space"),
        (lambda: press(Qt.Key.Key_Up, NONE, 103), "Up"),
        (lambda: press(Qt.Key.Key_Shift, SHIFT, 42), ""),
        (lambda: press(Qt.Key.Key_Plus, CTRL, 13), "Ctrl+="),
        (lambda: press(Qt.Key.Key_Less, NONE, 86), "<"),
        (lambda: press(Qt.Key.Key_AltGr, NONE, 100), ""),
    ],
)
def test_a_chord_is_modifiers_and_a_place(
    on_x11: None, event: Callable[[], QKeyEvent], chord: str
) -> None:
    assert chord_of(event()) == chord


def test_without_a_place_the_letter_stands_in(qapp: object) -> None:
    keypad = CTRL | Qt.KeyboardModifier.KeypadModifier
    assert chord_of(press(Qt.Key.Key_Z)) == "Z"
    assert chord_of(press(Qt.Key.Key_Plus, CTRL)) == "Ctrl+="
    assert chord_of(press(Qt.Key.Key_Plus, keypad)) == "Ctrl+="


def test_every_declared_key_is_written_as_a_press_is_read() -> None:
    for command in COMMANDS:
        assert parse_chord(command.key) == command.key, command.id


@pytest.mark.parametrize(
    ("text", "chord"),
    [
        ("shift+ctrl+k", "Ctrl+Shift+K"),
        ("Ctrl++", "Ctrl+="),
        ("", ""),
        ("Ctrl+", ""),
        ("Hyper+K", ""),
        ("Ctrl+Wurst", ""),
        ("A, B", ""),
        ("F9", "F9"),
        ("+" * 5000, ""),
    ],
)
def test_text_becomes_a_chord_or_nothing(text: str, chord: str) -> None:
    assert parse_chord(text) == chord


# The map.


@pytest.fixture
def keys(qapp: object) -> KeyMap:
    owner = QObject(QCoreApplication.instance())
    return KeyMap(COMMANDS, owner)


def test_nothing_that_ships_is_in_conflict(keys: KeyMap) -> None:
    assert keys.conflicts() == {}


def test_a_conflict_names_both_and_the_first_declared_has_the_key(
    keys: KeyMap,
) -> None:
    keys.give("session.faster", "F9")

    assert keys.conflicts() == {
        "session.faster": ["safety.armed"],
        "safety.armed": ["session.faster"],
    }
    assert keys.command("F9", "window") == "session.faster"
    keys.give("safety.armed", "")
    assert keys.conflicts() == {}
    keys.reset_all()
    assert keys.command("F9", "window") == "safety.armed"


def test_a_windows_key_is_in_conflict_with_a_ladders(keys: KeyMap) -> None:
    keys.give("window.theme", "Q")

    assert keys.rivals("window.theme", "Q") == ["ladder.join_bid"]
    assert keys.is_changed("window.theme")
    keys.reset("window.theme")
    assert keys.changes() == {}


def test_a_file_of_keys_is_read_with_suspicion(keys: KeyMap) -> None:
    wrong = keys.load(
        {"ladder.lift": "ctrl+l", "no.such": "Q", "window.theme": 7, "help.keys": "?!"}
    )

    assert keys.chord("ladder.lift") == "Ctrl+L"
    assert keys.chord("window.theme") == "Ctrl+T"
    assert [each.split(":")[0] for each in wrong] == [
        "no command is called 'no.such'",
        "window.theme",
        "help.keys",
    ]
    assert keys.load([1]) == ["keys: a table of commands and keys is expected"]


def test_menus_and_tips_show_the_key_that_holds(qapp: object) -> None:
    owner = QObject()
    commands = Commands(owner)
    commands.keys.give("window.theme", "Ctrl+L")

    assert commands.action("window.theme").text() == "Light or dark\tCtrl+L"
    assert commands.tip("window.theme").endswith("(Ctrl+L)")
    assert not commands.action("window.theme").shortcut().toString(), "never Qt's own"


# The keyboard.


class Desk(QDialog):
    """A window with a text field, and the keys that run in it."""

    def __init__(self) -> None:
        super().__init__()
        self.field = QLineEdit()
        layout = QVBoxLayout(self)
        layout.addWidget(self.field)
        self.ran: list[str] = []
        self.commands = Commands(self)
        for command in COMMANDS:
            self.commands.bind(command.id, partial(self.ran.append, command.id))
        self.hotkeys = Hotkeys(self.commands, self)

    def key(self, event: QKeyEvent) -> None:
        """Press a key as the system does: at the native window."""
        handle = self.windowHandle()
        assert handle is not None
        override = press(
            event.key(),
            event.modifiers(),
            max(0, event.nativeScanCode() - 8),
            event.text(),
            kind=QEvent.Type.ShortcutOverride,
        )
        override.ignore()
        QCoreApplication.sendEvent(handle, override)
        QCoreApplication.sendEvent(handle, event)


@pytest.fixture
def desk(qtbot: QtBot) -> Desk:
    made = Desk()
    qtbot.addWidget(made)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(lambda: QGuiApplication.focusWindow() is made.windowHandle())
    made.setFocus()
    return made


def test_a_wrapper_of_what_was_at_the_windows_address_is_thrown_away(
    on_x11: None, desk: Desk
) -> None:
    handle = desk.windowHandle()
    assert handle is not None
    address = shiboken6.getCppPointer(handle)[0]
    shiboken6.invalidate(handle)
    stale = shiboken6.wrapInstance(address, QWidgetItem)  # as an item's that died there
    application = QGuiApplication.instance()
    assert isinstance(application, QGuiApplication)
    assert QGuiApplication.focusWindow() is stale

    application.focusWindowChanged.emit(stale)
    desk.key(press(Qt.Key.Key_F9, NONE, 67))

    assert desk.ran == ["safety.armed"]
    assert isinstance(QGuiApplication.focusWindow(), QWindow)


def test_a_key_runs_its_command_by_place(on_x11: None, desk: Desk) -> None:
    desk.key(press(Qt.Key.Key_F9, NONE, 67))
    desk.key(press(0x0415, CTRL, 20))  # Ctrl and the Russian letter on KEY_T

    assert desk.ran == ["safety.armed", "window.theme"]


def test_a_held_key_runs_once(desk: Desk) -> None:
    desk.key(press(Qt.Key.Key_F9))
    for _ in range(20):
        desk.key(press(Qt.Key.Key_F9, repeats=True))

    assert desk.ran == ["safety.armed"]


def test_keys_are_dead_in_a_text_field_except_those_that_always_work(
    desk: Desk,
) -> None:
    desk.field.setFocus()
    desk.field.setText("5")

    desk.key(press(Qt.Key.Key_F9))
    desk.key(press(Qt.Key.Key_7, text="7"))
    desk.key(press(Qt.Key.Key_F12, CTRL | SHIFT))

    assert desk.ran == ["safety.kill"]
    assert desk.field.text() == "57"


def test_kill_works_over_a_modal_dialog_and_nothing_else_does(
    qtbot: QtBot, desk: Desk
) -> None:
    modal = QDialog(desk)
    modal.setModal(True)
    modal.show()
    modal.activateWindow()
    qtbot.waitUntil(lambda: QGuiApplication.focusWindow() is modal.windowHandle())

    for event in (
        press(Qt.Key.Key_T, CTRL),
        press(Qt.Key.Key_F9),
        press(Qt.Key.Key_F12, CTRL | SHIFT),
    ):
        QCoreApplication.sendEvent(modal.windowHandle(), event)

    assert desk.ran == ["safety.kill"]
    modal.close()


def test_a_command_that_is_not_offered_is_not_run(desk: Desk) -> None:
    desk.commands.action("safety.armed").setEnabled(False)

    desk.key(press(Qt.Key.Key_F9))

    assert desk.ran == []


def test_ladder_keys_go_by_place_and_never_repeat(
    on_x11: None, qtbot: QtBot, stage: Stage
) -> None:
    panel = LadderPanel(stage.context)
    qtbot.addWidget(panel)
    panel.resize(440, 700)
    panel.show()
    stage.pulse()
    pressed: list[str] = []
    panel.view.command_pressed.connect(pressed.append)

    for event in (
        press(Qt.Key.Key_A, NONE, Q_PLACE),  # the French letter on KEY_Q
        press(0x0419, NONE, Q_PLACE, repeats=True),
        press(0x0419, NONE, Q_PLACE),
        press(Qt.Key.Key_Q, CTRL, Q_PLACE),
    ):
        QCoreApplication.sendEvent(panel.view, event)

    assert pressed == ["ladder.join_bid", "ladder.join_bid"]
    stage.context.commands.keys.give("ladder.join_bid", "Shift+Q")
    QCoreApplication.sendEvent(panel.view, press(Qt.Key.Key_Q, SHIFT, Q_PLACE))
    assert pressed[2:] == ["ladder.join_bid"]


# The editor.


@pytest.fixture
def editor(qtbot: QtBot, desk: Desk) -> KeyEditor:
    made = KeyEditor(desk, DARK, desk.commands, desk.hotkeys)
    made.show()
    return made


def give(qtbot: QtBot, editor: KeyEditor, command_id: str, event: QKeyEvent) -> None:
    editor.select(command_id)
    qtbot.mouseClick(editor.catcher, Qt.MouseButton.LeftButton)
    QCoreApplication.sendEvent(editor.catcher, event)


def row(editor: KeyEditor, command_id: str) -> list[str]:
    return [editor._items[command_id].text(column) for column in range(1, 4)]


def test_a_key_is_given_by_pressing_it(
    on_x11: None, qtbot: QtBot, editor: KeyEditor, desk: Desk
) -> None:
    give(qtbot, editor, "safety.armed", press(Qt.Key.Key_Y, CTRL, Z_PLACE))

    assert desk.commands.keys.chord("safety.armed") == "Ctrl+Z"
    assert row(editor, "safety.armed") == ["Ctrl+Z", "F9", ""]
    assert desk.ran == [], "no command hears a key that is asked for"
    assert desk.hotkeys.press(press(Qt.Key.Key_Y, CTRL, Z_PLACE))
    assert desk.ran == ["safety.armed"]
    editor.reset.click()
    assert row(editor, "safety.armed") == ["F9", "", ""]


def test_a_conflict_is_shown_and_solved(
    qtbot: QtBot, editor: KeyEditor, desk: Desk
) -> None:
    give(qtbot, editor, "window.theme", press(Qt.Key.Key_F9))

    assert row(editor, "window.theme") == ["F9", "Ctrl+T", "also safety: Arm"]
    assert row(editor, "safety.armed")[2] == "also window: Light or dark"
    assert "F9 means safety: Arm as well" in editor.words.text()
    assert editor.take.isVisible()

    editor.take.click()

    assert row(editor, "safety.armed") == ["–", "F9", ""]
    assert not editor.take.isVisible()
    desk.activateWindow()
    editor.reset_all.click()
    assert desk.commands.keys.changes() == {}


def test_a_search_chooses_what_it_finds_so_that_no_hidden_command_gets_the_key(
    qtbot: QtBot, editor: KeyEditor, desk: Desk
) -> None:
    editor.select("file.import")
    editor.filter.setText("light or dark")
    qtbot.keyClick(editor.filter, Qt.Key.Key_Return)
    QCoreApplication.sendEvent(editor.catcher, press(Qt.Key.Key_F6))
    assert desk.commands.keys.changes() == {"window.theme": "F6"}

    editor.filter.setText("no such command")
    assert not editor.catcher.isEnabled()
    qtbot.keyClick(editor.filter, Qt.Key.Key_Return)
    assert not desk.hotkeys.is_paused
    assert not editor.none.isEnabled()


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Tab, Qt.Key.Key_Up])
def test_keys_that_every_list_needs_are_refused(
    qtbot: QtBot, editor: KeyEditor, desk: Desk, key: Qt.Key
) -> None:
    give(qtbot, editor, "window.theme", press(key))

    assert desk.commands.keys.changes() == {}
    assert "no key" in editor.words.text()


def test_escape_leaves_the_key_as_it_is(
    qtbot: QtBot, editor: KeyEditor, desk: Desk
) -> None:
    give(qtbot, editor, "window.theme", press(Qt.Key.Key_Escape))
    give(qtbot, editor, "window.theme", press(Qt.Key.Key_Shift, SHIFT))
    editor.close()

    assert desk.commands.keys.changes() == {}
    assert not desk.hotkeys.is_paused, "closing lets the keys work again"


def test_commands_are_searched_by_name_and_by_key(editor: KeyEditor) -> None:
    editor.filter.setText("f12")
    shown = [key for key, item in editor._items.items() if not item.isHidden()]

    assert shown == ["safety.kill"]
    editor.none.click()


def test_keys_are_kept_for_the_next_start(qtbot: QtBot, tmp_path: Path) -> None:
    told: list[str] = []
    for command_id, chord in (("window.theme", "Ctrl+L"), ("ladder.lift", "")):
        files = WorkspaceFiles(tmp_path, told.append)
        commands = Commands(QCoreApplication.instance() or QObject())
        assert keep_keys(commands, files) == []
        commands.keys.give(command_id, chord)
        files.close()

    files = WorkspaceFiles(tmp_path, told.append)
    commands = Commands(QCoreApplication.instance() or QObject())
    assert keep_keys(commands, files) == []
    assert commands.keys.changes() == {"window.theme": "Ctrl+L", "ladder.lift": ""}
    files.close()
    (tmp_path / "keys.json").write_text("{")
    assert keep_keys(commands, WorkspaceFiles(tmp_path, told.append)) == []
    assert "keys.json is damaged and was set aside" in told[0]


# Alt and a letter.


class Paneled(QMainWindow):
    """A window whose menu and whose two panels bear one letter."""

    def __init__(self) -> None:
        super().__init__()
        self.hotkeys = Hotkeys(Commands(self), self)
        self.menu = self.menuBar().addMenu("&Session")
        self.menu.addAction("&Open")
        self.pressed: list[str] = []
        self.fields: dict[str, QLineEdit] = {}
        self.first: dict[str, QLineEdit] = {}
        for name in ("ticket", "other"):
            inner, field, label = QWidget(), QLineEdit(), QLabel("&With")
            button = QPushButton("&Sell")
            button.clicked.connect(partial(self.pressed.append, name))
            label.setBuddy(field)
            layout = QVBoxLayout(inner)
            for each in (
                button,
                label,
                field,
                self.first.setdefault(name, QLineEdit()),
            ):
                layout.addWidget(each)
            dock = QDockWidget(name)
            dock.setWidget(inner)
            self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
            self.fields[name] = field


@pytest.mark.parametrize("name", ["ticket", "other"])
def test_alt_and_a_letter_is_answered_by_the_panel_with_the_keyboard(
    qtbot: QtBot, name: str
) -> None:
    window = Paneled()
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    first = window.first[name]
    first.setFocus()
    qtbot.waitUntil(first.hasFocus)
    handle = window.windowHandle()
    window.hotkeys._watch(handle)

    QTest.keyClick(handle, Qt.Key.Key_S, ALT)
    assert window.pressed == [name]
    QTest.keyClick(handle, Qt.Key.Key_W, ALT)
    assert window.fields[name].hasFocus()
    window.setFocus()
    QTest.keyClick(handle, Qt.Key.Key_W, ALT)
    assert window.pressed == [name], "no panel has the keyboard: Qt decides"
