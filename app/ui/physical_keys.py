"""Keys by their place on the keyboard: a German or Russian layout changes nothing.

A *chord* is text: modifiers and one key, ``Ctrl+Shift+F12``, ``Q``, ``Alt+1``. Keys
that write something are named by what a US keyboard writes there; all others (F9,
Space, Up) by Qt's name, since they are the same in every layout. X11 and Wayland tell a
key's place as its evdev code + 8, Windows as its scan code, whose main block has the
same numbers. Where a platform tells no place the layout's own letter stands in.
"""

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence

# Rows of a keyboard's main block, from the first code (linux/input-event-codes.h).
_ROWS: Final = ((2, "1234567890-="), (16, "QWERTYUIOP[]"), (30, "ASDFGHJKL;'`"))
_LAST_ROW: Final = (43, "\\ZXCVBNM,./")
_EVDEV: Final = {
    first + place: letter
    for first, letters in (*_ROWS, _LAST_ROW)
    for place, letter in enumerate(letters)
} | {86: "<"}
_X11_OFFSET: Final = 8
# What a US keyboard writes with Shift, where only the letter is known.
_SHIFTED: Final = dict(
    zip('!@#$%^&*()_+{}:"~|<>?', "1234567890-=[];'`\\,./", strict=True)
)
_KEYPAD: Final = {
    Qt.Key.Key_Plus: "=",
    Qt.Key.Key_Minus: "-",
    Qt.Key.Key_Asterisk: "*",
    Qt.Key.Key_Slash: "/",
    Qt.Key.Key_Enter: "Return",
}
_MODIFIERS: Final = (
    (Qt.KeyboardModifier.ControlModifier, "Ctrl"),
    (Qt.KeyboardModifier.AltModifier, "Alt"),
    (Qt.KeyboardModifier.ShiftModifier, "Shift"),
    (Qt.KeyboardModifier.MetaModifier, "Meta"),
)
_NO_KEYS: Final = frozenset(
    {
        0,
        Qt.Key.Key_unknown,
        Qt.Key.Key_Shift,
        Qt.Key.Key_Control,
        Qt.Key.Key_Alt,
        Qt.Key.Key_AltGr,
        Qt.Key.Key_Meta,
        Qt.Key.Key_Super_L,
        Qt.Key.Key_Super_R,
        Qt.Key.Key_CapsLock,
        Qt.Key.Key_NumLock,
        Qt.Key.Key_ScrollLock,
    }
)


def chord_of(event: QKeyEvent) -> str:
    """Return the chord of a key event; "" for a modifier alone."""
    if event.key() in _NO_KEYS and _letter_at(event) is None:
        return ""
    pressed = event.modifiers()
    parts = [name for modifier, name in _MODIFIERS if pressed & modifier]
    return "+".join((*parts, _key_name(event)))


def _key_name(event: QKeyEvent) -> str:
    at_place = _letter_at(event)
    if at_place is not None:
        return at_place
    key = Qt.Key(event.key())
    if event.modifiers() & Qt.KeyboardModifier.KeypadModifier and key in _KEYPAD:
        return _KEYPAD[key]
    name = QKeySequence(key).toString()
    return _SHIFTED.get(name, name)


def _letter_at(event: QKeyEvent) -> str | None:
    """What a US keyboard writes at the key's place; None where that is not known."""
    code = event.nativeScanCode()
    platform = QGuiApplication.platformName()
    if platform in ("xcb", "wayland", "wayland-egl"):
        return _EVDEV.get(code - _X11_OFFSET)
    if platform == "windows":
        # Bit 8 marks the keys that came later: arrows, the keypad's Enter.
        return _EVDEV.get(code) if code < 0x100 else None
    return None


def parse_chord(text: str) -> str:
    """Return a chord as it is written here, or "" for text that is none."""
    *modifiers, key = text.strip().replace("++", "+=").split("+") if text else [""]
    known = {name.lower(): name for _, name in _MODIFIERS}
    if not key or any(each.lower() not in known for each in modifiers):
        return ""
    given = {known[each.lower()] for each in modifiers}
    parts = [name for _, name in _MODIFIERS if name in given]
    name = key.upper() if len(key) == 1 else QKeySequence(key).toString()
    return "+".join((*parts, name)) if name and ", " not in name else ""
