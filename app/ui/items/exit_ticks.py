"""Distances of a bracket's exits from its entry, in ticks."""

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QWidget

_MOST: Final = 100_000
_USUAL: Final = 8


class ExitTicks(QWidget):
    """Two fields: target and stop.

    Signals
    -------
    ticks_chosen(object)
        (target, stop), ticks.
    """

    ticks_chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self.target = self._field(layout, "target")
        self.stop = self._field(layout, "stop")

    @property
    def ticks(self) -> tuple[int, int]:
        """Target and stop, ticks."""
        return _ticks(self.target), _ticks(self.stop)

    def choose(self, target: int, stop: int) -> None:
        """Show these distances."""
        self.target.setText(str(target))
        self.stop.setText(str(stop))
        self.ticks_chosen.emit(self.ticks)

    def _field(self, layout: QHBoxLayout, name: str) -> QLineEdit:
        label = QLabel(name)
        label.setProperty("role", "small")
        field = QLineEdit(str(_USUAL))
        field.setValidator(QIntValidator(1, _MOST, field))
        field.setAlignment(Qt.AlignmentFlag.AlignRight)
        field.setAccessibleName(f"Bracket's {name}, ticks from the entry")
        field.setToolTip(f"Ticks from the entry to the {name}: Alt + click, or B")
        field.setStyleSheet("padding: 0 4px;")  # a whole figure in a low line
        field.setFixedWidth(46)
        field.setFixedHeight(field.fontMetrics().height() + 5)
        field.textChanged.connect(lambda _: self.ticks_chosen.emit(self.ticks))
        layout.addWidget(label)
        layout.addWidget(field)
        return field


def _ticks(field: QLineEdit) -> int:
    """What a field says; the usual distance while it says nothing."""
    text = field.text()
    return int(text) if text.isdigit() and int(text) > 0 else _USUAL
