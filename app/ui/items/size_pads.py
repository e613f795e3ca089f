"""Sizes of the two mouse buttons: pads to press, and a field for any other."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from app.engine.records import NO_PRICE
from app.errors import InstrumentError
from app.ui import formatting
from app.ui.formatting import InstrumentText
from app.ui.models.sizes import STEPS, size_pads
from app.ui.theme import Theme


class SizePads(QWidget):
    """Chooses the left button's size (pads, field L) and the right button's (field R).

    Signals
    -------
    sizes_chosen(object)
        (left, right), quantity units.
    """

    sizes_chosen = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._text: InstrumentText | None = None
        self._sizes: tuple[int, ...] = ()
        self.chosen = (0, 0)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        for number in range(len(STEPS)):
            layout.addWidget(self._pad(number), 1)
        layout.addSpacing(6)
        self._fields = tuple(self._field(layout, *each) for each in _FIELDS)
        self._group.idClicked.connect(self.choose)

    @property
    def least(self) -> int:
        """The smallest size that is offered, quantity units; 1 before any."""
        return self._sizes[0] if self._sizes else 1

    def offer(self, text: InstrumentText, price: int = NO_PRICE) -> None:
        """Offer the sizes that suit an instrument at a price (price units)."""
        self._text = text
        self._sizes = size_pads(text.instrument, price)
        for number in range(len(STEPS)):
            pad = self._group.button(number)
            pad.setVisible(number < len(self._sizes))
            if number < len(self._sizes):
                size = text.quantity(self._sizes[number])
                pad.setText(_short(size))
                keyed = f"  ({number + 1})" if number < _KEYED else ""
                pad.setToolTip(f"{size} for the left button{keyed}")
        first, second = self._sizes[0], self._sizes[min(1, len(self._sizes) - 1)]
        self._choose((first, second))

    def choose(self, number: int) -> None:
        """Take a pad's size for the left button."""
        if number < len(self._sizes):
            self._choose((self._sizes[number], self.chosen[1]))

    def _choose(self, sizes: tuple[int, int]) -> None:
        assert self._text is not None
        self.chosen = sizes
        for field, size, (_, tip) in zip(self._fields, sizes, _FIELDS, strict=True):
            field.setText(self._text.quantity(size))
            room = field.fontMetrics().horizontalAdvance(field.text()) + _FIELD_EDGES
            field.setMinimumWidth(room)
            field.setMaximumWidth(max(_FIELD_PX, room))
            self._colour(field, is_wrong=False, tip=tip)
        self._check_pad(sizes[0])
        self.sizes_chosen.emit(sizes)

    def _check_pad(self, size: int) -> None:
        self._group.setExclusive(False)
        for number in range(len(STEPS)):
            is_it = number < len(self._sizes) and self._sizes[number] == size
            self._group.button(number).setChecked(is_it)
        self._group.setExclusive(True)

    def _pad(self, number: int) -> QPushButton:
        pad = QPushButton()
        pad.setCheckable(True)
        pad.setProperty("role", "pad")
        pad.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._group.addButton(pad, number)
        return pad

    def _field(self, layout: QHBoxLayout, letter: str, tip: str) -> QLineEdit:
        label = QLabel(letter)
        label.setProperty("role", "muted")
        field = QLineEdit()
        field.setToolTip(tip)
        field.setAccessibleName(tip)
        field.setMaximumWidth(_FIELD_PX)
        field.setAlignment(Qt.AlignmentFlag.AlignRight)
        field.textEdited.connect(self._on_typed)
        field.editingFinished.connect(self._on_edited)
        layout.addWidget(label)
        layout.addWidget(field, 1)
        return field

    def _on_typed(self) -> None:
        """Take sizes while they are typed: the ladder's line speaks of them at once."""
        if self._text is not None:
            self._take(self._read())

    def _on_edited(self) -> None:
        """Write sizes as the instrument does, once they are typed."""
        if self._text is None:
            return
        sizes = self._read()
        if all(sizes) and sizes != self.chosen:
            self._choose(sizes)
        else:
            self._take(sizes)

    def _take(self, sizes: tuple[int, int]) -> None:
        if sizes != self.chosen:
            self.chosen = sizes
            self._check_pad(sizes[0])
            self.sizes_chosen.emit(sizes)

    def _read(self) -> tuple[int, int]:
        """Sizes of both fields; 0, with which nothing is sent, for what is none."""
        assert self._text is not None
        sizes = []
        for field, (_, tip) in zip(self._fields, _FIELDS, strict=True):
            size, fault = 0, ""
            try:
                size = int(self._text.instrument.quantity_units(_number(field.text())))
            except InstrumentError as error:
                fault = str(error)
            if not fault and size <= 0:
                fault = "a size must be positive"
            self._colour(field, is_wrong=bool(fault), tip=fault or tip)
            sizes.append(0 if fault else size)
        return sizes[0], sizes[1]

    def _colour(self, field: QLineEdit, *, is_wrong: bool, tip: str) -> None:
        style = f"border-color: {self._theme.error};" if is_wrong else ""
        if style != field.styleSheet():
            field.setStyleSheet(style)
        field.setToolTip(tip)


_FIELD_PX = 64
_FIELD_EDGES = 22  # padding, border, cursor
_KEYED = 4
_FIELDS = (("L", "Size of the left button"), ("R", "Size of the right button"))


def _short(size: str) -> str:
    """A pad's size in few figures: ``25k`` for 25,000; a short one stays."""
    return (
        formatting.short_number(float(formatting.plain(size))) if "," in size else size
    )


def _number(text: str) -> str:
    return text.replace(",", "").replace(" ", "").strip() or "0"
