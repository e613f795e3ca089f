"""Parameters of a strategy as fields with bounds, from what its class declares."""

from collections.abc import Mapping
from typing import Any, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QWidget

from app.errors import StrategyError
from app.strategies.strategy import Parameter, Strategy, parameters_of, title_of
from app.ui.items.form_field import FormField, NumberEdit, bounds_text
from app.ui.laid_out import clear
from app.ui.models.backtest_form import number
from app.ui.theme import Theme

_FIGURES: Final = 22
"""Width of a field."""


class ParameterForm(QWidget):
    """A line for each parameter: its name, its value, its bounds, what is wrong.

    Signals
    -------
    edited()
        A value was changed.
    """

    edited = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._title = ""
        self._known: dict[str, Parameter] = {}
        self.fields: dict[str, FormField] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(3, 1)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)

    def show_strategy(
        self, cls: type[Strategy] | None, values: Mapping[str, float] | None = None
    ) -> None:
        """Show a strategy's parameters; their defaults where no values are given."""
        self._clear()
        self._title = title_of(cls) if cls is not None else ""
        self._known = parameters_of(cls) if cls is not None else {}
        row = 0
        for name, parameter in self._known.items():
            field = self._field(parameter)
            field.show_text(
                _text(parameter.default if values is None else values[name])
            )
            field.edited.connect(lambda _: self._on_edited())
            row = field.place(self._grid, row)
            self.fields[name] = field
        if cls is not None and not self._known:
            none = QLabel("It has no parameters.")
            none.setProperty("role", "muted")
            self._grid.addWidget(none, 0, 0, 1, 3)

    def _clear(self) -> None:
        clear(self._grid)
        self.fields = {}

    def _field(self, parameter: Parameter) -> FormField:
        title = parameter.name.replace("_", " ")
        if parameter.kind is bool:
            field = FormField(self._theme, title, QCheckBox("On"))
        else:
            bounds = parameter.bounds
            edit = NumberEdit(is_whole=parameter.kind is int, bounds=bounds)
            field = FormField(self._theme, title, edit, bounds_text(bounds))
        field.editor.setFixedWidth(_FIGURES * self.fontMetrics().averageCharWidth())
        field.editor.setToolTip(f"default {_text(parameter.default)}")
        return field

    def values(self) -> dict[str, Any] | None:
        """What is typed, checked; None where something is wrong, which is shown."""
        found: dict[str, Any] = {}
        for name, parameter in self._known.items():
            field, words = self.fields[name], ""
            try:
                found[name] = parameter.checked(number(field.entered), self._title)
            except StrategyError as error:
                words = str(error).removeprefix(f"{self._title}: ")
            field.show_wrong(words)
        return found if len(found) == len(self._known) else None

    def _on_edited(self) -> None:
        self.values()
        self.edited.emit()


def _text(value: float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.10g}"
