"""Parameters of a strategy as fields with bounds, from what its class declares."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QLineEdit, QWidget

from app.errors import StrategyError
from app.strategies.strategy import Parameter, Strategy, parameters_of, title_of
from app.ui.items.still import dress
from app.ui.models.strategies import bounds_text, number_text, parsed
from app.ui.theme import Theme


class ParameterForm(QWidget):
    """A line for each parameter: its name, its value, its bounds, what is wrong.

    Signals
    -------
    edited()
        A value was changed by hand.
    """

    edited = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._cls: type[Strategy] | None = None
        self._known: dict[str, Parameter] = {}
        self.fields: dict[str, QLineEdit | QCheckBox] = {}
        self.wrong: dict[str, QLabel] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(1, 1)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)

    def show_strategy(
        self, cls: type[Strategy] | None, values: Mapping[str, float] | None = None
    ) -> None:
        """Show a strategy's parameters; their defaults where no values are given."""
        self._clear()
        self._cls = cls
        self._known = parameters_of(cls) if cls is not None else {}
        for row, (name, parameter) in enumerate(self._known.items()):
            value = parameter.default if values is None else values[name]
            self._add(2 * row, parameter, value)
        if cls is not None and not self._known:
            self._grid.addWidget(_label("It has no parameters.", "muted"), 0, 0, 1, 3)

    def _clear(self) -> None:
        while self._grid.count():
            item = self._grid.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.fields, self.wrong = {}, {}

    def _add(self, row: int, parameter: Parameter, value: float) -> None:
        title = parameter.name.replace("_", " ")
        field: QLineEdit | QCheckBox
        if parameter.kind is bool:
            field = QCheckBox("On")
            field.setChecked(bool(value))
            field.toggled.connect(lambda _: self._on_edited())
        else:
            field = QLineEdit(number_text(value))
            field.setAlignment(Qt.AlignmentFlag.AlignRight)
            field.textEdited.connect(lambda _: self._on_edited())
        hint = bounds_text(parameter.bounds)
        field.setAccessibleName(title)
        field.setAccessibleDescription(hint)
        field.setToolTip(f"default {number_text(parameter.default)}")
        label = _label(title, "muted")
        label.setBuddy(field)
        wrong = _label("", "error")
        wrong.hide()
        self._grid.addWidget(label, row, 0)
        self._grid.addWidget(field, row, 1)
        self._grid.addWidget(_label(hint, "small"), row, 2)
        self._grid.addWidget(wrong, row + 1, 1, 1, 2)
        self.fields[parameter.name], self.wrong[parameter.name] = field, wrong

    def values(self) -> dict[str, Any] | None:
        """What is typed, checked; None where something is wrong, which is shown."""
        found: dict[str, Any] = {}
        is_right = True
        for name, parameter in self._known.items():
            field, words = self.fields[name], ""
            try:
                if isinstance(field, QCheckBox):
                    value: Any = field.isChecked()
                else:
                    value = parsed(field.text(), parameter.kind)
                title = title_of(self._cls) if self._cls is not None else ""
                found[name] = parameter.checked(value, title)
            except StrategyError as error:
                words, is_right = str(error).partition(": ")[2] or str(error), False
            self.wrong[name].setText(words)
            self.wrong[name].setVisible(bool(words))
            dress(field, f"border-color: {self._theme.error};" if words else "")
        return found if is_right else None

    def _on_edited(self) -> None:
        self.values()
        self.edited.emit()


def _label(text: str, role: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", role)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(role == "error")
    return label
