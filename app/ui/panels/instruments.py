"""The instruments panel: the instrument master as a list and a form (SEMANTICS 6).

Nothing is written before Save; each change is judged as it is typed, and what breaks a
rule is told beside its field. Only the user's own file is written; its comments stay.
"""

from functools import partial
from typing import Final
from zoneinfo import available_timezones

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMessageBox,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from app.calendar import usual_calendars
from app.data.instrument_master import InstrumentMaster
from app.errors import InstrumentError
from app.instrument import Instrument
from app.ui import formatting
from app.ui.context import Context
from app.ui.items.form_area import FormArea
from app.ui.items.question import ask
from app.ui.models.instrument_form import (
    Field,
    FieldError,
    Texts,
    blank,
    instrument_of,
    sections,
    texts_of,
)
from app.ui.models.messages import Level

_EDITED: Final = frozenset(("time_zone", "calendar"))
_UNITS: Final = ("price_unit", "quantity_unit")


class InstrumentsPanel(QWidget):
    """Lists and edits instruments."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._library = context.library
        self.master = InstrumentMaster(self._library.root)
        self._used: dict[str, str] = {}
        self._shown: str | None = None
        self._saved: Texts = {}
        self._question: QMessageBox | None = None
        self.filter = QLineEdit()
        self.list = QListWidget()
        self.fields: dict[str, QLineEdit | QComboBox] = {}
        self.errors: dict[str, QLabel] = {}
        self.buttons: dict[str, QPushButton] = {}
        self._head, self._usage = QLabel(), QLabel()
        self._make_list()
        self._make_form()
        self._lay_out()
        self._library.instruments_changed.connect(self.reload)
        self._library.changed.connect(self.reload)
        context.bridge.instruments_changed.connect(self.reload)
        self.reload()

    # What it is made of.

    def _make_list(self) -> None:
        self.filter.setPlaceholderText("Filter")
        self.filter.setAccessibleName("Filter of instruments")
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._on_filter)
        self.list.setAccessibleName("Instruments")
        self.list.setFrameShape(QListWidget.Shape.NoFrame)
        self.list.setSpacing(2)
        self.list.currentItemChanged.connect(self._on_chosen)

    def _make_form(self) -> None:
        for _, every in [("", [Field("name", "Name", "")]), *sections()]:
            for field in every:
                widget = self._widget(field)
                widget.setAccessibleName(field.key.replace(".", " ").replace("_", " "))
                widget.setMinimumWidth(150)
                widget.setAcceptDrops(False)  # a file is for the window
                self.fields[field.key] = widget
                error = QLabel()
                error.setProperty("role", "error")
                error.setTextFormat(Qt.TextFormat.PlainText)
                error.setWordWrap(True)
                error.hide()
                self.errors[field.key] = error
        self.errors[""] = QLabel()
        self.errors[""].setProperty("role", "error")
        self.errors[""].setWordWrap(True)
        self.errors[""].hide()

    def _widget(self, field: Field) -> QLineEdit | QComboBox:
        if field.choices or field.key in _EDITED:
            box = QComboBox()
            if field.key == "time_zone":
                box.addItems(["", *sorted(available_timezones())])
            elif field.key == "calendar":
                box.addItems(["", *self._calendars()])
            else:
                box.addItems(field.choices)
            if field.key in _EDITED:
                box.setEditable(True)
                box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
                line = box.lineEdit()
                assert line is not None
                line.setPlaceholderText(field.hint)
            box.setToolTip(field.hint)
            box.currentTextChanged.connect(self._on_edited)
            return box
        edit = QLineEdit()
        edit.setPlaceholderText(field.hint)
        edit.setToolTip(field.hint)
        edit.textChanged.connect(self._on_edited)
        return edit

    def _calendars(self) -> list[str]:
        """The usual calendars, and those that instruments of the master name."""
        master = InstrumentMaster.beside(self._library.root)
        named = {each.calendar for each in master if each.calendar}
        return sorted(named.union(usual_calendars()), key=str.lower)

    def _lay_out(self) -> None:
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(6, 6, 0, 6)
        column.addWidget(self.filter)
        column.addWidget(self.list, 1)
        split = QSplitter()
        split.addWidget(left)
        split.addWidget(self._right())
        split.setStretchFactor(1, 1)
        split.setChildrenCollapsible(False)
        split.setSizes([170, 560])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(split)

    def _right(self) -> QWidget:
        self._head.setProperty("role", "heading")
        self._usage.setProperty("role", "muted")
        self._usage.setWordWrap(True)
        buttons = QHBoxLayout()
        for name, title, tip, pressed in (
            ("new", "New", "A new instrument", self._on_new),
            ("copy", "Copy", "A new instrument like this one", self._on_copy),
            ("delete", "Delete…", "Delete it from your file", self._on_delete),
            ("revert", "Revert", "Show it as it is saved", self._on_revert),
            ("save", "Save", "Write it to your file", self.save),
        ):
            button = QPushButton(title)
            button.setToolTip(tip)
            button.clicked.connect(pressed)
            self.buttons[name] = button
            if name == "revert":
                buttons.addStretch(1)
            buttons.addWidget(button)
        area = FormArea(self._form(), "Fields of the instrument")
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(10, 8, 8, 6)
        column.addWidget(self._head)
        column.addWidget(self._usage)
        column.addWidget(area, 1)
        column.addWidget(self.errors[""])
        column.addLayout(buttons)
        return right

    def _form(self) -> QWidget:
        form = QWidget()
        layout = QFormLayout(form)
        layout.setContentsMargins(0, 4, 8, 8)
        layout.setHorizontalSpacing(14)
        layout.setVerticalSpacing(4)
        layout.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for title, every in [("", [Field("name", "Name", "")]), *sections()]:
            if title:
                heading = QLabel(title)
                heading.setProperty("role", "heading")
                heading.setContentsMargins(0, 10, 0, 2)
                layout.addRow(heading)
            for field in every:
                label = QLabel(field.title)
                label.setBuddy(self.fields[field.key])
                layout.addRow(label, self.fields[field.key])
                layout.addRow("", self.errors[field.key])
                layout.setRowVisible(self.errors[field.key], False)
        self._rows = layout
        return form

    # The list.

    def reload(self) -> None:
        """Read the instruments anew; what is being typed stays."""
        try:
            self.master = InstrumentMaster.beside(self._library.root)
            held = self._library.catalog()
            self._used = {name: ", ".join(held.streams(name)) for name in held.names()}
        except (InstrumentError, OSError) as error:
            self._context.bridge.tell(str(error), Level.ERROR, "instruments")
            return
        self.list.blockSignals(True)
        self.list.clear()
        for name in sorted(each.name for each in self.master):
            item = QListWidgetItem(name)
            if self.master.is_users(name):
                item.setText(f"{name}  ·  yours")
            item.setData(Qt.ItemDataRole.UserRole, name)
            self.list.addItem(item)
        self._select(self._shown)
        self.list.blockSignals(False)
        self._on_filter(self.filter.text())
        if self._shown is None and self.list.count():
            self.list.setCurrentRow(0)
        elif not self.is_changed and self._shown in self.master.instruments:
            self.show_texts(texts_of(self.master.instrument(self._shown)))
        self._on_edited()

    def _select(self, name: str | None) -> None:
        for row in range(self.list.count()):
            if self.list.item(row).data(Qt.ItemDataRole.UserRole) == name:
                self.list.setCurrentRow(row)

    def _on_filter(self, text: str) -> None:
        for row in range(self.list.count()):
            item = self.list.item(row)
            name = str(item.data(Qt.ItemDataRole.UserRole))
            kind = formatting.words(self.master.instrument(name).kind)
            words = f"{name} {kind}".lower()
            item.setHidden(not all(each in words for each in text.lower().split()))

    def _on_chosen(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        name = str(item.data(Qt.ItemDataRole.UserRole))
        if self.is_changed and name != self._shown:
            words = f"{self.texts()['name'] or 'the new instrument'} is not saved"
            self._context.bridge.tell(
                f"{words}: Save or Revert first", Level.WARNING, "instruments"
            )
            self.list.blockSignals(True)
            self._select(self._shown)
            self.list.blockSignals(False)
            return
        self.open(name)

    def open(self, name: str) -> None:
        """Show an instrument in the form."""
        self._shown = name
        self.show_texts(texts_of(self.master.instrument(name)))

    # The form.

    def texts(self) -> Texts:
        """What stands in the form."""
        return {
            key: widget.currentText()
            if isinstance(widget, QComboBox)
            else widget.text()
            for key, widget in self.fields.items()
        }

    @property
    def is_changed(self) -> bool:
        """Whether something in the form is not saved."""
        return bool(self._saved) and self.texts() != self._saved

    def show_texts(self, texts: Texts) -> None:
        """Fill the form; what it shows counts as saved."""
        for key, widget in self.fields.items():
            widget.blockSignals(True)
            if isinstance(widget, QComboBox):
                if widget.isEditable():
                    widget.setEditText(texts[key])
                else:
                    widget.setCurrentText(texts[key])
            else:
                widget.setText(texts[key])
                widget.setCursorPosition(0)
            widget.blockSignals(False)
        self._saved = dict(texts)
        self._on_edited()

    def instrument(self, *, is_final: bool = False) -> Instrument | None:
        """The instrument of the form; None, with messages, where it breaks a rule."""
        try:
            made = instrument_of(self.texts(), is_final=is_final)
        except FieldError as error:
            self._show_error(error.field if error.field in self.errors else "", error)
            return None
        is_taken = made.name != self._shown and made.name in self.master
        self._show_error(
            "name", f"{made.name} is there already: choose another" if is_taken else ""
        )
        return None if is_taken else made

    def _show_error(self, field: str, error: object) -> None:
        words = str(error)
        for key, label in self.errors.items():
            is_it = bool(words) and key == field
            if is_it:
                label.setText(words)
                label.setAccessibleName(f"{key}: {words}")
            if key:
                self._rows.setRowVisible(label, is_it)
            else:
                label.setVisible(is_it)

    def _on_edited(self) -> None:
        made = self.instrument()
        is_changed = self.is_changed
        name = self._shown
        self._head.setText((name or "new instrument") + (" *" if is_changed else ""))
        self._usage.setText(self._usage_words(made))
        self._usage.setVisible(bool(self._usage.text()))
        self.buttons["save"].setEnabled(made is not None and is_changed)
        self.buttons["revert"].setEnabled(is_changed)
        self.buttons["copy"].setEnabled(name is not None and not is_changed)
        is_users = name is not None and self.master.is_users(name)
        self.buttons["delete"].setEnabled(is_users)

    def _usage_words(self, made: Instrument | None) -> str:
        """Say who uses the instrument, and what a change would do to them."""
        name = self._shown
        if name is None:
            return ""
        parts = []
        family = self.master.family_of(name)
        if family is not None:
            parts.append(f"A contract of the family {family}.")
        if not self.master.is_users(name):
            parts.append("Ships with the program; Save writes an entry of your own.")
        listed = self._context.desk.market.listed
        if any(each.instrument.name == name for each in listed):
            parts.append(
                "Used by this session, which keeps it as it was when it began."
            )
        if name in self._used:
            parts.append(f"Used by recordings: {self._used[name]}.")
            old = self.master.instrument(name)
            units = [u for u in _UNITS if made and getattr(made, u) != getattr(old, u)]
            if units or (made is not None and made.name != name):
                what = " and ".join(formatting.words(each) for each in units)
                parts.append(
                    f"With another {what or 'name'} they cannot be opened until they "
                    "are imported anew."
                )
        return " ".join(parts)

    # What the buttons do.

    def _on_new(self) -> None:
        self._start(blank(""))

    def _on_copy(self) -> None:
        texts = self.texts()
        self._start(texts | {"name": f"{texts['name']}-COPY"})

    def _start(self, texts: Texts) -> None:
        """Fill the form with an instrument that is not there yet."""
        if self.is_changed:
            self._context.bridge.tell(
                "Save or Revert what was changed first", Level.WARNING, "instruments"
            )
            return
        self._shown = None
        self.list.blockSignals(True)
        self.list.setCurrentRow(-1)
        self.list.blockSignals(False)
        self.show_texts(texts)
        self._saved = {**texts, "name": "\0"}  # it is not saved as anything yet
        self._on_edited()
        self.fields["name"].setFocus()
        widget = self.fields["name"]
        if isinstance(widget, QLineEdit):
            widget.selectAll()

    def _on_revert(self) -> None:
        if self._shown is None:
            self._saved = {}
            self.list.setCurrentRow(0)
            item = self.list.currentItem()
            self.open(str(item.data(Qt.ItemDataRole.UserRole)))
        else:
            self.open(self._shown)

    def save(self) -> None:
        """Write the form to the user's file."""
        made = self.instrument(is_final=True)
        if made is None:
            return
        try:
            master = InstrumentMaster.beside(self._library.root)
            old = self._shown
            if old is not None and old != made.name and master.is_users(old):
                master.remove(old)
            master.add(made)
            master.save()
        except InstrumentError as error:
            self._show_error("", error)
            return
        self._shown = made.name
        self._saved = self.texts()
        self._context.bridge.tell(f"saved {made.name}", topic="instruments")
        self._library.instruments_changed.emit()

    def _on_delete(self) -> None:
        name = self._shown
        assert name is not None
        words = f"Delete {name} from your instruments?"
        if name in self._used:
            words += (
                f" Its recordings ({self._used[name]}) stay, but cannot be opened "
                "without it."
            )
        delete = partial(self._delete, name)
        self._question = ask(self, "Delete?", words, "Delete", delete, keeps="Keep")

    def _delete(self, name: str) -> None:
        try:
            master = InstrumentMaster.beside(self._library.root)
            master.remove(name)
            master.save()
        except InstrumentError as error:
            self._show_error("", error)
            return
        self._shown, self._saved = None, {}
        self._context.bridge.tell(f"deleted {name}", topic="instruments")
        self._library.instruments_changed.emit()
