"""Fields that count by keys and wheel, looking like every other field."""

from typing import Final

from PySide6.QtWidgets import QAbstractSpinBox

_PAD: Final = 5


def make_plain(field: QAbstractSpinBox) -> None:
    """Take a field's arrows away, and let its text begin where that of others does.

    What a style sheet says of its padding does not reach the line within.
    """
    field.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
    field.lineEdit().setTextMargins(_PAD, 0, _PAD, 0)
