"""Reads the keyboard before any widget does and runs the window's commands.

It watches the one native window that has the keyboard, so it hears a few events a
frame and no widget's. Keys are dead while a text field has the focus, except those of
commands that are `always` there; a key that is held down runs nothing twice.
"""

from typing import Any

import shiboken6
from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QGuiApplication, QKeyEvent, QWindow
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from app.ui import mnemonics
from app.ui.commands import Commands, by_id
from app.ui.physical_keys import chord_of


class Hotkeys(QObject):
    """The keyboard of one window and of the windows that float beside it."""

    def __init__(self, commands: Commands, parent: QObject) -> None:
        super().__init__(parent)
        self._commands = commands
        self._watched: QWindow | None = None
        self.is_paused = False  # while a key is asked for, to be given to a command
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.focusWindowChanged.connect(self._watch)
        self._watch(QGuiApplication.focusWindow())

    def press(self, event: QKeyEvent) -> bool:
        """Run what a key press means; True if it means anything now."""
        command_id = self._meant(event)
        if command_id is None:
            return False
        if not event.isAutoRepeat():
            self._commands.run(command_id)
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            # Taken here, else a text field would keep the key for itself.
            if self._meant(event) is not None or self._bearer(event) is not None:
                event.accept()
                return True
        elif kind == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self.press(event) or self._press_bearer(event)
        return False

    def _press_bearer(self, event: QKeyEvent) -> bool:
        """Do what Alt and a letter mean in the panel with the focus."""
        found = self._bearer(event)
        if found is not None and not event.isAutoRepeat():
            mnemonics.press(found)
        return found is not None

    def _bearer(self, event: QKeyEvent) -> QWidget | None:
        is_taken = QApplication.activeModalWidget() or QApplication.activePopupWidget()
        if self.is_paused or is_taken:
            return None
        return mnemonics.bearer(QApplication.focusWidget(), event)

    def _meant(self, event: QKeyEvent) -> str | None:
        """The command of a key press that may run now, or None."""
        if self.is_paused:
            return None
        command_id = self._commands.keys.command(chord_of(event), "window")
        if command_id is None or not self._commands.is_enabled(command_id):
            return None
        command = by_id(command_id)
        if QApplication.activeModalWidget() or QApplication.activePopupWidget():
            return command_id if command.always and command.group == "safety" else None
        is_free = command.always or not is_typing(QApplication.focusWidget())
        return command_id if is_free else None

    def _watch(self, window: Any) -> None:
        # A window that is gone, as a float's that was docked, tells nobody first.
        if self._watched is not None and shiboken6.isValid(self._watched):
            self._watched.removeEventFilter(self)
        # The bindings may give a wrapper of what was at the window's address before.
        while window is not None and not isinstance(window, QWindow):
            shiboken6.invalidate(window)
            window = QGuiApplication.focusWindow()
        self._watched = window
        if window is not None:
            window.installEventFilter(self)


def is_typing(widget: QWidget | None) -> bool:
    """Tell whether a widget with the focus takes text."""
    if isinstance(widget, QComboBox):
        return widget.isEditable()
    if isinstance(widget, QLineEdit | QPlainTextEdit | QTextEdit):
        return not widget.isReadOnly()
    return isinstance(widget, QAbstractSpinBox)
