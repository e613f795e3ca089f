"""A text field whose number goes up and down by its own steps: ticks, order steps."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QLineEdit

from app.ui.theme import Theme

_NOTCH = 120
_KEYS = {
    Qt.Key.Key_Up: 1,
    Qt.Key.Key_Down: -1,
    Qt.Key.Key_PageUp: 10,
    Qt.Key.Key_PageDown: -10,
}


class StepField(QLineEdit):
    """A number to type; arrows, page keys and, while it has the focus, the wheel step.

    Signals
    -------
    stepped(int)
        So many steps are wanted; the owner knows how large one is.
    letter_pressed(str)
        A letter was typed, which no number has; it stays out of the field.
    """

    stepped = Signal(int)
    letter_pressed = Signal(str)

    def __init__(self, theme: Theme, name: str, hint: str = "") -> None:
        super().__init__()
        self._theme = theme
        self._hint = hint
        self._is_wrong = False
        self.setAccessibleName(name)
        self.setPlaceholderText(hint)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setMinimumWidth(40)

    def show_fault(self, words: str) -> None:
        """Mark the field as wrong, with words; "" = it is right."""
        if bool(words) != self._is_wrong:
            self._is_wrong = bool(words)
            colour = self._theme.error
            self.setStyleSheet(f"border-color: {colour};" if words else "")
        if self.toolTip() != words:
            self.setToolTip(words)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        try:
            steps = _KEYS.get(Qt.Key(event.key()), 0)
        except ValueError:
            steps = 0  # a key of a keyboard that Qt has no name for
        letter = event.text().lower()
        if steps:
            self.stepped.emit(steps)
        elif len(letter) == 1 and letter.isalpha():
            self.letter_pressed.emit(letter)
        else:
            super().keyPressEvent(event)
            return
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() // _NOTCH
        if not self.hasFocus() or not notches:
            event.ignore()
            return
        self.stepped.emit(notches)
        event.accept()
