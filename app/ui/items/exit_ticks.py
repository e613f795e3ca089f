"""Distances of a bracket's exits from its entry, in ticks."""

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSpinBox, QWidget

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
        return self.target.value(), self.stop.value()

    def choose(self, target: int, stop: int) -> None:
        """Show these distances."""
        self.target.setValue(target)
        self.stop.setValue(stop)

    def _field(self, layout: QHBoxLayout, name: str) -> QSpinBox:
        label = QLabel(name)
        label.setProperty("role", "small")
        field = QSpinBox()
        field.setRange(1, _MOST)
        field.setValue(_USUAL)
        field.setAccessibleName(f"Bracket's {name}, ticks from the entry")
        field.setToolTip(f"Ticks from the entry to the {name}: Alt + click, or B")
        field.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        field.setFixedWidth(46)
        field.setFixedHeight(field.fontMetrics().height() + 5)
        field.valueChanged.connect(lambda _: self.ticks_chosen.emit(self.ticks))
        layout.addWidget(label)
        layout.addWidget(field)
        return field
