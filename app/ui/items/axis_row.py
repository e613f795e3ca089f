"""One axis of a sweep: what varies, and from where to where or which values."""

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from app.ui import formatting
from app.ui.items.form_field import Choice, NumberEdit, bounds_text, choice_of
from app.ui.items.still import dress
from app.ui.models.sweep_form import AxisDraft, SweepForm
from app.ui.theme import Theme

_RANGE, _LIST = "range", "list"
_FIELDS = (("first", "From"), ("last", "To"), ("step", "Step"))


class AxisRow(QWidget):
    """Edits an AxisDraft.

    Signals
    -------
    edited()
    removed()
    """

    edited = Signal()
    removed = Signal()

    def __init__(
        self, theme: Theme, form: SweepForm, draft: AxisDraft, scale: float
    ) -> None:
        super().__init__()
        self._theme, self._form, self.draft = theme, form, draft
        self.choice = Choice()
        self.choice.setAccessibleName("What varies")
        self.choice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.kind = choice_of([("From – to", _RANGE), ("List", _LIST)])
        self.kind.setAccessibleName("How its values are given")
        self.kind.setMinimumWidth(round(64 * scale))
        self.edits: dict[str, QLineEdit] = {}
        self._leads: dict[str, QLabel] = {}
        self.listed = QLineEdit()
        self.listed.setPlaceholderText("5, 10, 20")
        self.listed.setAccessibleName("Values, with commas between them")
        self.remove = QPushButton("Remove")
        self.remove.setToolTip("Let this vary no longer")
        self.hint, self.wrong = QLabel(), QLabel()
        self._grid = QGridLayout(self)
        self._lay_out(scale)
        self.fill()
        self.choice.activated.connect(self._on_chosen)
        self.kind.activated.connect(self._on_kind)
        self.listed.textEdited.connect(partial(self._on_edited, "listed"))
        self.remove.clicked.connect(self.removed)

    def _lay_out(self, scale: float) -> None:
        self.hint.setProperty("role", "small")
        self.hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.wrong.setProperty("role", "error")
        self.wrong.setWordWrap(True)
        self.wrong.hide()
        for label in (self.hint, self.wrong):
            label.setTextFormat(Qt.TextFormat.PlainText)
        grid = self._grid
        grid.setContentsMargins(0, 0, 0, 4)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(3)
        grid.addWidget(self.choice, 0, 0)
        grid.addWidget(self.kind, 0, 1)
        grid.addWidget(self.remove, 0, 2)
        values = QHBoxLayout()
        values.setSpacing(6)
        for name, title in _FIELDS:
            edit = self.edits[name] = NumberEdit(is_whole=False)
            edit.setPlaceholderText(title.lower())
            edit.setAccessibleName(title)
            edit.setToolTip(title)
            edit.setMinimumWidth(round(36 * scale))
            edit.textChanged.connect(partial(self._on_edited, name))
            lead = self._leads[name] = QLabel(title)
            lead.setProperty("role", "muted")
            lead.setBuddy(edit)
            values.addWidget(lead)
            values.addWidget(edit, 1)
        values.addWidget(self.listed, 1)
        grid.setColumnStretch(0, 1)
        grid.addLayout(values, 1, 0, 1, 3)
        grid.addWidget(self.hint, 2, 0, 1, 3)
        grid.addWidget(self.wrong, 3, 0, 1, 3)

    def fill(self) -> None:
        """Offer what can vary, and show the draft."""
        self.choice.clear()
        targets = self._form.targets()
        for place, each in enumerate(targets):
            if place and each.parameter is None and targets[place - 1].parameter:
                self.choice.insertSeparator(self.choice.count())
            self.choice.addItem(each.title, each.name)
        if self.choice.findData(self.draft.name) < 0:
            self.choice.insertItem(0, self.draft.name, self.draft.name)
        self.choice.setCurrentIndex(self.choice.findData(self.draft.name))
        self._show()

    def _show(self) -> None:
        draft = self.draft
        target = self._form.target(draft.name)
        self.kind.setCurrentIndex(
            self.kind.findData(_LIST if draft.is_list else _RANGE)
        )
        for name, edit in self.edits.items():
            edit.blockSignals(True)
            edit.setText(getattr(draft, name))
            edit.blockSignals(False)
            edit.setVisible(not draft.is_list)
            self._leads[name].setVisible(not draft.is_list)
            assert isinstance(edit, NumberEdit)
            edit.take_rule(
                is_whole=target is not None and target.is_whole,
                bounds=target.parameter.bounds
                if target is not None and target.parameter is not None
                and name != "step"
                else None,
            )  # fmt: skip
        self.listed.blockSignals(True)
        self.listed.setText(draft.listed)
        self.listed.blockSignals(False)
        self.listed.setVisible(draft.is_list)

    def show_problem(self, words: str) -> None:
        """Say what is wrong with it; "" = nothing: then how many values it has."""
        self.wrong.setText(words)
        self.wrong.setVisible(bool(words))
        style = f"border-color: {self._theme.error};" if words else ""
        for each in (*self.edits.values(), self.listed):
            each.setAccessibleDescription(words)
            dress(each, style)
        self.hint.setText(self._hint(is_sound=not words))

    def _hint(self, *, is_sound: bool) -> str:
        target = self._form.target(self.draft.name)
        parameter = target.parameter if target is not None else None
        bounds = bounds_text(parameter.bounds if parameter is not None else None)
        told = [f"within {bounds}"] if bounds else []
        if is_sound:
            axis = self.draft.axis()
            count = len(axis.values)
            told.insert(
                0,
                "anything between"
                if axis.bounds is not None
                else formatting.plural(count, "value"),
            )
        return ", ".join(told)

    # Events.

    def _on_chosen(self) -> None:
        name = str(self.choice.currentData())
        if name != self.draft.name:
            usual = self._form.usual(name)
            for each, value in usual.state().items():
                setattr(self.draft, each, value)
            self._show()
            self.edited.emit()

    def _on_kind(self) -> None:
        draft, is_list = self.draft, self.kind.currentData() == _LIST
        if is_list == draft.is_list:
            return
        if (
            is_list
            and not draft.listed
            and not draft.problem(self._form.target(draft.name))
        ):
            values = draft.axis().values[:20]
            draft.listed = ", ".join(f"{each:g}" for each in values)
        draft.is_list = is_list
        self._show()
        self.edited.emit()

    def _on_edited(self, name: str, text: str) -> None:
        setattr(self.draft, name, text)
        self.edited.emit()
