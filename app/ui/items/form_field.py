"""A line of a form: a title, what is typed or chosen, and below it what is wrong."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLabel, QLineEdit

from app.strategies.strategy import Range
from app.ui import formatting
from app.ui.items.still import dress
from app.ui.models.backtest_form import number
from app.ui.theme import Theme

_NOTCH: Final = 120
_STEPS: Final = {
    Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 10,
    Qt.Key.Key_PageDown: -10,
}  # fmt: skip
_PARTS: Final = 20


class NumberEdit(QLineEdit):
    """A number to type; arrows, page keys and, with the focus, the wheel step it.

    Parameters
    ----------
    is_whole : bool
        It steps by ones, else by about a twentieth of it.
    bounds : Range or None
        Steps stay within; what is typed is judged by others.
    """

    def __init__(self, *, is_whole: bool, bounds: Range | None = None) -> None:
        super().__init__()
        self._is_whole, self._bounds = is_whole, bounds

    def take_rule(self, *, is_whole: bool, bounds: Range | None) -> None:
        """Step by another rule from now on."""
        self._is_whole, self._bounds = is_whole, bounds

    def step(self, steps: int) -> None:
        """Go up or down by so many steps; a text that is no number stays."""
        value = number(self.text() or self.placeholderText())
        if isinstance(value, bool) or not isinstance(value, int | float):
            return
        size = 1.0 if self._is_whole else round_part(value)
        value += steps * size
        if self._bounds is not None:
            value = max(self._bounds.least, min(self._bounds.most, value))
        self.setText(str(round(value)) if self._is_whole else f"{value:.10g}")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        try:
            steps = _STEPS.get(Qt.Key(event.key()), 0)
        except ValueError:
            steps = 0  # a key of a keyboard that Qt has no name for
        if steps:
            self.step(steps)
            event.accept()
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() // _NOTCH
        if self.hasFocus() and notches:
            self.step(notches)
            event.accept()
        else:
            event.ignore()


def round_part(value: float) -> float:
    """A power of ten that is about a twentieth of a value; 0.1 of nothing."""
    if not value:
        return 0.1
    exponent = int(f"{abs(value) / _PARTS:e}".partition("e")[2])
    return float(10.0 ** (exponent + 1))


class Choice(QComboBox):
    """A choice that the wheel leaves alone while the page is scrolled."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class FormField(QLabel):
    """One value; it is its own title.

    Parameters
    ----------
    theme : Theme
    title : str
    editor : QLineEdit, QComboBox or QCheckBox
        What is typed or chosen in.
    hint : str
        Beside the editor: bounds, a unit.

    Signals
    -------
    edited(str)
        Its text, after the user changed it.
    """

    edited = Signal(str)

    def __init__(
        self,
        theme: Theme,
        title: str,
        editor: QLineEdit | QComboBox | QCheckBox,
        hint: str = "",
    ) -> None:
        super().__init__(title)
        self._theme = theme
        self.editor = editor
        self.setBuddy(editor)
        self.setProperty("role", "muted")
        editor.setAccessibleName(title)
        self.hint = QLabel(hint)
        self.hint.setProperty("role", "small")
        self.wrong = QLabel()
        self.wrong.setProperty("role", "error")
        self.wrong.setWordWrap(True)
        self.wrong.setTextFormat(Qt.TextFormat.PlainText)
        self.wrong.hide()
        if isinstance(editor, QLineEdit):
            editor.textEdited.connect(self._tell)
            editor.textChanged.connect(self._tell)
        elif isinstance(editor, QComboBox):
            editor.currentIndexChanged.connect(self._tell)
        else:
            editor.toggled.connect(self._tell)

    def place(self, grid: QGridLayout, row: int) -> int:
        """Put it into a form; the next free row."""
        grid.addWidget(self, row, 0)
        if self.hint.text():
            grid.addWidget(self.editor, row, 1)
            grid.addWidget(self.hint, row, 2)
        else:
            grid.addWidget(self.editor, row, 1, 1, 2)
        grid.addWidget(self.wrong, row + 1, 1, 1, 2)
        return row + 2

    def be_shown(self, is_shown: bool) -> None:
        """Show or hide its line."""
        self.setVisible(is_shown)
        self.editor.setVisible(is_shown)
        self.hint.setVisible(is_shown and bool(self.hint.text()))

    @property
    def entered(self) -> str:
        """What is typed or chosen."""
        if isinstance(self.editor, QLineEdit):
            return self.editor.text()
        if isinstance(self.editor, QComboBox):
            data = self.editor.currentData()
            return str(data) if data is not None else self.editor.currentText()
        return "true" if self.editor.isChecked() else "false"

    def show_text(self, text: str) -> None:
        """Show a text without telling of it."""
        editor = self.editor
        if text == self.entered:
            return
        editor.blockSignals(True)
        if isinstance(editor, QLineEdit):
            editor.setText(text)
        elif isinstance(editor, QComboBox):
            editor.setCurrentIndex(max(0, editor.findData(text)))
        else:
            editor.setChecked(text == "true")
        editor.blockSignals(False)

    def show_wrong(self, words: str) -> None:
        """Say what is wrong with it; "" = nothing."""
        if words == self.wrong.text():
            return
        self.wrong.setText(words)
        self.wrong.setVisible(bool(words))
        self.editor.setAccessibleDescription(words)
        dress(self.editor, f"border-color: {self._theme.error};" if words else "")

    def _tell(self, *_: object) -> None:
        self.edited.emit(self.entered)


def label_of(role: str, text: str = "") -> QLabel:
    """A label that wraps; one of the role "error" is hidden until it has words."""
    label = QLabel(text)
    label.setProperty("role", role)
    label.setWordWrap(True)
    if role == "error":
        label.hide()
        label.setContentsMargins(8, 0, 8, 0)
    return label


def choice_of(items: Sequence[tuple[str, str]]) -> Choice:
    """A choice of (text, value)."""
    made = Choice()
    for text, value in items:
        made.addItem(text, value)
    return made


def bounds_text(bounds: Range | None) -> str:
    """Bounds of a parameter, for beside its field."""
    if bounds is None:
        return ""
    low, high = (
        formatting.axis_number(each, 1.0)
        if each == round(each) and abs(each) < 1e6
        else f"{each:g}"
        for each in (bounds.least, bounds.most)
    )
    return f"{low} – {high}"
