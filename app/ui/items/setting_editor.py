"""Edits one declared setting: a field by its type, its sentence, what is wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Final
from zoneinfo import available_timezones

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.ui.models.settings_form import SettingRow

_ZONES: Final = ("local", "UTC", "exchange")
_FIELD_FIGURES: Final = 34
_FIELD_SHARE: Final = 100
"""Of the room that is left, against 1 beside it: a path is read whole where it can."""


class SettingEditor(QWidget):
    """One row of the dialog.

    Attributes
    ----------
    row : SettingRow
    field : QWidget
        What is typed or chosen in.

    Parameters
    ----------
    row : SettingRow
    changed : callable
        Called after its text was edited.
    """

    def __init__(self, row: SettingRow, changed: Callable[[], None]) -> None:
        super().__init__()
        self.row = row
        self._changed = changed
        self.field = self._make_field()
        self.field.setAccessibleName(f"{row.declared.section} {row.title}")
        self.field.setAccessibleDescription(row.declared.rule.sentence)
        self.field.setEnabled(not row.is_held)
        self.back = QPushButton("Default")
        self.back.setAccessibleName(f"{row.title}: back to the default")
        self.back.clicked.connect(lambda: self._show(row.default))
        self.wrong = _label("error")
        self.wrong.hide()
        self._lay_out()
        self._show_state()

    def show_wrong(self, words: str) -> None:
        """Say what is wrong with it; "" = nothing."""
        self.wrong.setText(words)
        self.wrong.setVisible(bool(words))
        self._show_state()

    def _make_field(self) -> QWidget:
        row = self.row
        if row.kind == "switch":
            switch = QCheckBox("On")
            switch.setChecked(row.text == "true")
            switch.toggled.connect(lambda on: self._take("true" if on else "false"))
            return switch
        if row.kind == "choice" or row.declared.name == "time_zone":
            return self._choice()
        line = QLineEdit(row.text)
        line.textChanged.connect(self._take)
        return line

    def _choice(self) -> QComboBox:
        choice, row = QComboBox(), self.row
        choice.addItems(list(row.declared.choices))
        if not row.declared.choices:
            choice.setEditable(True)
            choice.addItems([*_ZONES, *sorted(available_timezones() - set(_ZONES))])
        choice.setCurrentText(row.text)
        choice.currentTextChanged.connect(self._take)
        # A wheel over the page scrolls the page.
        choice.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        choice.wheelEvent = lambda event: event.ignore()  # type: ignore[method-assign]
        return choice

    def _lay_out(self) -> None:
        row, rule = self.row, self.row.declared.rule
        title = QLabel(row.title)
        title.setBuddy(self.field)
        self.field.setMinimumWidth(self.fontMetrics().averageCharWidth() * 12)
        self.field.setMaximumWidth(
            self.fontMetrics().averageCharWidth()
            * _FIELD_FIGURES
            * (2 if row.kind == "path" else 1)
        )
        line = QHBoxLayout()
        line.addWidget(title)
        title.setMinimumWidth(self.fontMetrics().averageCharWidth() * 22)
        line.addWidget(self.field, _FIELD_SHARE)
        line.addWidget(_label("muted", rule.unit))
        if row.kind == "path":
            browse = QPushButton("Browse…")
            browse.setAccessibleName(f"{row.title}: browse")
            browse.setEnabled(not row.is_held)
            browse.clicked.connect(self._browse)
            line.addWidget(browse)
        line.addStretch(1)
        line.addWidget(self.back)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 2, 0, 2)
        layout.setSpacing(2)
        layout.addLayout(line)
        layout.addWidget(_label("muted", rule.sentence))
        layout.addWidget(_label("small", row.hint))
        layout.addWidget(self.wrong)

    def _browse(self) -> None:
        title, text = self.row.title, self.row.text
        if Path(self.row.default).suffix:
            name, _ = QFileDialog.getOpenFileName(self, title, text)
        else:
            name = QFileDialog.getExistingDirectory(self, title, text)
        if name:
            self._show(name)

    def _show(self, text: str) -> None:
        if isinstance(self.field, QCheckBox):
            self.field.setChecked(text == "true")
        elif isinstance(self.field, QComboBox):
            self.field.setCurrentText(text)
        elif isinstance(self.field, QLineEdit):
            self.field.setText(text)

    def _take(self, text: str) -> None:
        self.row.text = text
        self._changed()

    def _show_state(self) -> None:
        self.back.setEnabled(not self.row.is_held and not self.row.is_default)


def _label(role: str, text: str = "") -> QLabel:
    label = QLabel(text)
    label.setProperty("role", role)
    label.setWordWrap(role != "muted" or (bool(text) and len(text) > 30))
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
