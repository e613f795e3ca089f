"""One strategy of a request: which, its parameters with their bounds, its share."""

from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
)

from app.errors import RingsideError
from app.strategies.strategy import Parameter
from app.ui.items.form_field import Choice, FormField, NumberEdit, bounds_text
from app.ui.laid_out import clear
from app.ui.models.backtest_form import Draft, title_of_key
from app.ui.models.strategy_list import StrategyList
from app.ui.theme import Theme

_FILE: Final = "\0file"
_NONE: Final = "Choose a strategy…"


class StrategyBox(QFrame):
    """Edits a draft.

    Signals
    -------
    edited()
    removed()
        It is wanted no longer.
    reading_wanted()
        A file is to be read, of those that the offers have not read yet.
    """

    edited = Signal()
    removed = Signal()
    reading_wanted = Signal()

    def __init__(self, theme: Theme, draft: Draft, offers: StrategyList) -> None:
        super().__init__()
        self._theme, self._offers = theme, offers
        self.draft = draft
        self.fields: dict[str, FormField] = {}
        self._chosen_file = ""
        self.choice = Choice()
        self.choice.setAccessibleName("Strategy")
        self.remove = QPushButton("Remove")
        self.remove.setToolTip("Take this strategy out of the request")
        self._about, self.wrong = QLabel(), QLabel()
        self._grid = QGridLayout()
        self._lay_out()
        self.fill()
        self.choice.activated.connect(self._on_chosen)
        self.remove.clicked.connect(self.removed)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.choice, 1)
        head.addWidget(self.remove)
        self._about.setProperty("role", "muted")
        self.wrong.setProperty("role", "error")
        for label in (self._about, self.wrong):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._grid.setColumnStretch(1, 1)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 4)
        layout.setSpacing(5)
        layout.addLayout(head)
        layout.addWidget(self._about)
        layout.addWidget(self.wrong)
        layout.addLayout(self._grid)

    def fill(self) -> None:
        """Offer what can be chosen now, and show the draft."""
        choice, shipped = self.choice, True
        choice.clear()
        if not self.draft.name:
            choice.addItem(_NONE, "")
        for each in self._offers.offers:
            if shipped and ".py" in each.name:
                choice.insertSeparator(choice.count())
                shipped = False
            choice.addItem(each.title, each.name)
        choice.insertSeparator(choice.count())
        choice.addItem("From a file…", _FILE)
        offered = {each.name: each.cls for each in self._offers.offers}
        cls = self.draft.cls
        if (
            cls is None
            or offered.get(self.draft.name, cls) is not cls
            or not self.fields
        ):
            self.draft.cls = None
            self._show()
        else:
            # What is typed in the fields stays, and where the cursor is.
            choice.setCurrentIndex(max(0, choice.findData(self.draft.name)))

    def _show(self) -> None:
        """Show the draft's strategy, and the fields of its parameters."""
        draft = self.draft
        if draft.name and draft.cls is None:
            try:
                is_chosen = draft.name == self._chosen_file
                offer = self._offers.resolve(draft.name, first=is_chosen)
                draft.name, draft.cls, draft.why = offer.name, offer.cls, ""
            except RingsideError as error:
                draft.cls, draft.why = None, str(error)
                if self._offers.unread:
                    self.reading_wanted.emit()
        at = self.choice.findData(draft.name)
        if at < 0 and draft.name:
            self.choice.insertItem(0, Path(draft.name).name, draft.name)
            at = 0
        self.choice.setCurrentIndex(max(0, at))
        known = [each for each in self._offers.offers if each.cls is draft.cls]
        self._about.setText(known[0].sentence if known else "")
        self._about.setVisible(bool(self._about.text()))
        self._make_fields()

    def _make_fields(self) -> None:
        clear(self._grid)
        self.fields, row = {}, 0
        for name, parameter in self.draft.parameters().items():
            made = self._field(name, parameter)
            made.edited.connect(
                lambda text, name=name: self._on_edited(name, str(text))
            )
            row = made.place(self._grid, row)
            self.fields[name] = made
        share = NumberEdit(is_whole=False)
        share.setPlaceholderText("an even share")
        made = FormField(self._theme, "Allocation", share, "of the capital")
        made.show_text(self.draft.allocation)
        made.edited.connect(self._on_share)
        made.place(self._grid, row)
        self.fields["allocation"] = made
        self.show_share(self.remove.isVisibleTo(self))

    def show_share(self, is_shown: bool) -> None:
        """Show its share of the capital, which one alone has no use for."""
        self.remove.setVisible(is_shown)
        has_one = is_shown or bool(self.draft.allocation)
        self.fields["allocation"].be_shown(has_one)

    def _field(self, name: str, parameter: Parameter) -> FormField:
        title, text = title_of_key(name), self.draft.texts.get(name)
        default = _told(parameter.default)
        if parameter.kind is bool:
            field = FormField(self._theme, title, QCheckBox("On"))
        else:
            edit = NumberEdit(is_whole=parameter.kind is int, bounds=parameter.bounds)
            field = FormField(self._theme, title, edit, bounds_text(parameter.bounds))
        field.editor.setToolTip(f"default {default}")
        field.show_text(default if text is None else text)
        return field

    def show_problems(self, problems: dict[str, str]) -> None:
        """Say what is wrong, by parameter."""
        for name, field in self.fields.items():
            field.show_wrong(problems.get(name, ""))
        others = [
            f"{name}: {words}" if name != "name" else words
            for name, words in problems.items()
            if name not in self.fields
        ]
        self.wrong.setText("\n".join(others))
        self.wrong.setVisible(bool(others))

    # Events.

    def _on_chosen(self) -> None:
        name = str(self.choice.currentData())
        if name == _FILE:
            path, _ = QFileDialog.getOpenFileName(
                self, "Strategy", str(self._offers.folder), "Python (*.py)"
            )
            if not path:
                self.fill()
                return
            self.take_file(Path(path))
            return
        if name != self.draft.name:
            self.draft.texts, self.draft.kept = {}, {}
        self.draft.name, self.draft.cls = name, None
        self._show()
        self.edited.emit()

    def take_file(self, path: Path) -> None:
        """Choose the strategy of a file, of several the first; it is read elsewhere."""
        draft = self.draft
        draft.texts, draft.kept = {}, {}
        draft.name, draft.cls = str(path), None
        self._chosen_file = draft.name
        self._offers.ask(path)
        self.fill()
        self.edited.emit()
        self.reading_wanted.emit()

    def _on_edited(self, name: str, text: str) -> None:
        default = _told(self.draft.parameters()[name].default)
        if text.strip() == default:
            self.draft.texts.pop(name, None)
        else:
            self.draft.texts[name] = text
        self.edited.emit()

    def _on_share(self, text: str) -> None:
        self.draft.allocation = text.strip()
        self.edited.emit()


def _told(value: float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.10g}"
