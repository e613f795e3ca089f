"""The fields of an order ticket: choices, numbers, switches; only those that matter.

It writes what a user does into a `TicketForm` and says that it was edited; it knows
nothing of markets, instruments or the engine.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.engine.records import BUY, SELL, OrderType, TimeInForce, Trigger
from app.ui import formatting
from app.ui.items.moment_field import MomentField
from app.ui.items.step_field import StepField
from app.ui.laid_out import laid_out
from app.ui.models.ticket import Attach, Fault, TicketForm, Unit
from app.ui.theme import Theme

QUICK: Final = ("bid", "ask", "mid", "last")
_OPTIONS: Final = (
    ("post_only", "&Post-only", "Refused rather than traded at once"),
    ("reduce_only", "&Reduce-only", "Never opens or flips a position"),
    ("outside_hours", "&Outside hours", "May work outside the regular hours"),
)


class TicketView(QWidget):
    """A form whose rows come and go with the type of order.

    Signals
    -------
    edited()
        A user changed the form.
    stepped(str, int)
        A field is to go so many steps up.
    price_wanted(str)
        One of `QUICK` is to become the price.
    """

    edited = Signal()
    stepped = Signal(str, int)
    price_wanted = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.form = TicketForm()
        self._theme = theme
        self._is_filling = False
        self.fields: dict[str, StepField] = {}
        self.choices: dict[str, QComboBox] = {}
        # Values stand here: Qt would make plain numbers of enumerations.
        self._values: dict[str, list[Any]] = {}
        self.switches: dict[str, QCheckBox] = {}
        self._rows: dict[str, QWidget] = {}
        self._quicks: dict[str, QPushButton] = {}
        self.sides: dict[int, QPushButton] = {}
        self._layout = QFormLayout()
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setVerticalSpacing(4)
        self._layout.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(6)
        outer.addLayout(self._side_row())
        outer.addLayout(self._layout)
        outer.addLayout(self._switch_row())
        self._build()

    # What is shown.

    def offer(self, types: Iterable[OrderType], times: Iterable[TimeInForce]) -> None:
        """Offer these types and times in force, and no others."""
        self._fill_choice("order_type", [(formatting.order_type(x), x) for x in types])
        named = [(formatting.time_in_force(x), x) for x in times]
        self._fill_choice("time_in_force", named)

    def show_form(self, shown: frozenset[str]) -> None:
        """Show the form as it stands, with these of its fields."""
        self._is_filling = True
        form = self.form
        for name, field in self.fields.items():
            if field.text() != getattr(form, name):
                field.setText(getattr(form, name))
        for name, choice in self.choices.items():
            values, value = self._values[name], getattr(form, name)
            if value in values:
                choice.setCurrentIndex(values.index(value))
        for name, switch in self.switches.items():
            switch.setChecked(bool(getattr(form, name)))
            switch.setVisible(name in shown)
        self.sides[form.side].setChecked(True)
        self.expire.show_instant(form.expire)
        for name, row in self._rows.items():
            if self._layout.isRowVisible(row) != (name in shown):
                self._layout.setRowVisible(row, name in shown)
        is_entry = form.attach is Attach.OCO and not form.reduce_only
        self.choices["other_side"].setVisible(is_entry)
        self._is_filling = False

    def show_faults(self, faults: Iterable[Fault]) -> None:
        """Mark the fields that are wrong; an empty one is not marked, only missing."""
        words = {fault.field: fault.text for fault in faults}
        for name, field in self.fields.items():
            field.show_fault(words.get(name, "") if field.text() else "")

    def put(self, name: str, text: str) -> None:
        """Write a field as if the user had."""
        setattr(self.form, name, text)
        self.fields[name].setText(text)
        self.edited.emit()

    def be_compact(self, is_compact: bool) -> None:
        """Stand closer together, where there is little height."""
        self._layout.setVerticalSpacing(1 if is_compact else 4)
        outer = self.layout()
        assert outer is not None
        outer.setSpacing(2 if is_compact else 6)

    def fit(self, width: int) -> None:
        """Leave out quick prices that there is no room for: keys take them."""
        row = self._rows["price"]
        layout = row.layout()
        assert layout is not None
        gap = layout.spacing()
        needed = self._layout.horizontalSpacing() - gap
        needed += self._label_width()
        needed += self.fields["price"].minimumSizeHint().width() + gap
        needed += sum(x.sizeHint().width() + gap for x in self._quicks.values())
        for name in reversed(QUICK):
            button = self._quicks[name]
            button.setVisible(needed <= width)
            if needed > width:
                needed -= button.sizeHint().width() + gap

    def _label_width(self) -> int:
        """Width of the widest caption."""
        fields = laid_out(self._layout)
        labels: list[QWidget | None] = [*map(self._layout.labelForField, fields)]
        return max((x.sizeHint().width() for x in labels if x is not None), default=0)

    # How it is built.

    def _side_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        group = QButtonGroup(self)
        for side, title, role in ((BUY, "&Buy", "buy"), (SELL, "&Sell", "sell")):
            button = QPushButton(title)
            button.setCheckable(True)
            button.setStyleSheet(self._side_sheet(role))
            button.setAccessibleName(f"Side {title.strip('&')}")
            button.clicked.connect(partial(self._on_side, side))
            group.addButton(button)
            self.sides[side] = button
            row.addWidget(button, 1)
        return row

    def _side_sheet(self, role: str) -> str:
        theme = self._theme
        colour = theme.bid if role == "buy" else theme.ask
        return (
            f"QPushButton {{ color: {colour}; font-weight: 600; padding: 5px; }}"
            f"QPushButton:checked {{ background: {colour}; color: {theme.on_side};"
            f" border-color: {colour}; }}"
            f"QPushButton:focus {{ border-color: {theme.text}; }}"
        )

    def _switch_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        for name, title, tip in _OPTIONS:
            switch = QCheckBox(title)
            switch.setToolTip(tip)
            switch.toggled.connect(partial(self._set, name))
            self.switches[name] = switch
            row.addWidget(switch)
        row.addStretch(1)
        return row

    def _build(self) -> None:
        terms = (self._choice("order_type", ()), self._choice("time_in_force", ()))
        self._add("", "&Type", *terms)
        self._add("", "&Quantity", self._field("quantity", "Quantity"))
        price = self._field("price", "Limit price")
        price.letter_pressed.connect(self._on_letter)
        self._add("price", "Pric&e", price, *map(self._quick, QUICK))
        self._add("stop", "Stop price", self._field("stop", "Stop price"))
        units = [(str(x), x) for x in (Unit.TICKS, Unit.PERCENT)]
        trail = self._field("trail", "Trailing distance")
        self._add("trail", "Trail by", trail, self._choice("trail_unit", units))
        offset = self._field("offset", "Limit's distance from the stop", "ticks")
        self._add("offset", "Limit offset", offset)
        triggers = [(formatting.words(x.name), x) for x in Trigger]
        self._add("trigger", "Trigger", self._choice("trigger", triggers))
        self.expire = MomentField("yyyy-MM-dd HH:mm:ss")
        self.expire.setAccessibleName("Good till, in the zone of the times shown")
        self.expire.dateTimeChanged.connect(self._on_expire)
        self._add("expire", "Good till", self.expire)
        self._add("display", "Display", self._field("display", "Display", "all"))
        tip = "ticks from the touch; empty: the usual"
        protection = self._field("protection", "Protection", tip)
        self._add("protection", "Protection", protection)
        attached = [(str(x), x) for x in Attach]
        self._add("", "&With", self._choice("attach", attached))
        self._build_groups()

    def _build_groups(self) -> None:
        units = [(str(x), x) for x in (Unit.TICKS, Unit.PRICE)]
        self._add(
            "exits",
            "Exits",
            self._field("target", "Target", "target"),
            self._field("loss", "Stop loss", "stop"),
            self._choice("exit_unit", units),
        )
        kinds = (OrderType.LIMIT, OrderType.STOP)
        self._add(
            "other",
            "Or",
            self._choice("other_side", [(formatting.side(x), x) for x in (BUY, SELL)]),
            self._choice("other_type", [(formatting.order_type(x), x) for x in kinds]),
            self._field("other_price", "Price of the other order", "price"),
        )

    def _add(self, name: str, title: str, *widgets: QWidget) -> None:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in widgets:
            layout.addWidget(widget, 0 if isinstance(widget, QPushButton) else 1)
        self._layout.addRow(title, row)
        label = self._layout.labelForField(row)
        label.setProperty("role", "muted")
        # Qt draws what is underlined for itself, and so leaves no "Ty" together.
        font = label.font()
        font.setKerning(False)
        label.setFont(font)
        if hasattr(label, "setBuddy"):
            label.setBuddy(widgets[0])
        if name:
            self._rows[name] = row

    def _field(self, name: str, title: str, hint: str = "") -> StepField:
        field = StepField(self._theme, title, hint)
        field.textEdited.connect(partial(self._set, name))
        field.stepped.connect(partial(self.stepped.emit, name))
        self.fields[name] = field
        return field

    def _choice(self, name: str, items: Iterable[tuple[str, Any]]) -> QComboBox:
        choice = QComboBox()
        choice.setAccessibleName(formatting.words(name).capitalize())
        choice.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        choice.setMinimumContentsLength(3)
        self.choices[name], self._values[name] = choice, []
        self._fill_choice(name, list(items))
        choice.currentIndexChanged.connect(partial(self._on_choice, name))
        return choice

    def _fill_choice(self, name: str, items: list[tuple[str, Any]]) -> None:
        values = [value for _, value in items]
        if self._values[name] == values:
            return
        self._is_filling = True
        self._values[name] = values
        self.choices[name].clear()
        self.choices[name].addItems([title for title, _ in items])
        self._is_filling = False

    def _quick(self, name: str) -> QPushButton:
        button = QPushButton(name.capitalize())
        self._quicks[name] = button
        button.setProperty("role", "pad")
        button.setToolTip(f"The {name} as the price ({name[0].upper()} in its field)")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(partial(self._want_price, name))
        return button

    # What a user does.

    def _on_letter(self, letter: str) -> None:
        for name in QUICK:
            if name.startswith(letter):
                self.price_wanted.emit(name)

    def _on_side(self, side: int, *_: object) -> None:
        self._set("side", side)

    def _want_price(self, name: str, *_: object) -> None:
        self.price_wanted.emit(name)

    def _on_choice(self, name: str, index: int) -> None:
        if index >= 0:
            self._set(name, self._values[name][index])

    def _on_expire(self) -> None:
        self._set("expire", self.expire.instant())

    def _set(self, name: str, value: Any) -> None:
        if not self._is_filling:
            setattr(self.form, name, value)
            self.edited.emit()
