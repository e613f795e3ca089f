"""A backtest's request as a form: strategies, account, models, data; what is wrong."""

from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.ui import formatting
from app.ui.items.form_area import FormArea
from app.ui.items.form_field import (
    Choice,
    FormField,
    NumberEdit,
    choice_of,
    label_of,
)
from app.ui.items.sample_offer import SampleOffer
from app.ui.items.strategy_box import StrategyBox
from app.ui.items.symbol_picker import SymbolPicker
from app.ui.laid_out import take_out
from app.ui.models.backtest_data import Shelf, stream_title
from app.ui.models.backtest_form import SECTIONS, BacktestForm, Draft, Field
from app.ui.models.strategy_list import Found, StrategyList, file_of
from app.ui.theme import Theme

_WIDE_PX: Final = 700
_WRONG: Final = ("symbols", "files")
_DATES: Final = ("start_date", "end_date")
_READ: Final = "By itself the coarsest bars, else what tells most of the market"
_WHOLE: Final = ("seed", "models.slippage")


class RequestForm(FormArea):
    """Edits a BacktestForm, in one column or two.

    Parameters
    ----------
    theme : Theme
    scale : float
        Size of text, times.
    form : BacktestForm
    offers : StrategyList
        Strategies that can be chosen.
    sample : SampleOffer

    Signals
    -------
    edited()
        Something of the request is another.
    reading_wanted()
        The user's files of strategies are to be read again.
    """

    edited = Signal()
    reading_wanted = Signal()

    def __init__(
        self,
        theme: Theme,
        scale: float,
        form: BacktestForm,
        offers: StrategyList,
        sample: SampleOffer,
    ) -> None:
        inner = QWidget()
        columns = QBoxLayout(QBoxLayout.Direction.TopToBottom, inner)
        super().__init__(inner, "Request")
        self._columns = columns
        self._theme, self._scale = theme, scale
        self.form, self.offers, self.sample = form, offers, sample
        self.fields: dict[str, FormField] = {}
        self.boxes: list[StrategyBox] = []
        self.folds: dict[str, QPushButton] = {}
        self._folded: dict[str, QWidget] = {}
        self.picker, self.stream = SymbolPicker(), Choice()
        self.add = QPushButton("Add a strategy")
        self.wrong = {name: label_of("error") for name in _WRONG}
        self._reach = label_of("small")
        self._lay_out()
        self.picker.picked.connect(self._on_picked)
        self.stream.activated.connect(self._on_stream)
        self.add.clicked.connect(self._on_add)

    # What it is made of.

    def _lay_out(self) -> None:
        self._columns.setContentsMargins(10, 8, 10, 8)
        self._columns.setSpacing(18)
        left, right = QVBoxLayout(), QVBoxLayout()
        for column in (left, right):
            column.setSpacing(5)
            self._columns.addLayout(column, 1)
        self._lay_strategies(left)
        self._lay_data(right)

    def resizeEvent(self, event: QResizeEvent) -> None:
        way = QBoxLayout.Direction
        is_wide = self.width() >= _WIDE_PX * self._scale
        self._columns.setDirection(way.LeftToRight if is_wide else way.TopToBottom)
        super().resizeEvent(event)

    def _lay_strategies(self, column: QVBoxLayout) -> None:
        column.addWidget(label_of("heading", "Strategy"))
        self._strategies = QVBoxLayout()
        self._strategies.setSpacing(8)
        column.addLayout(self._strategies)
        self.add.setToolTip("Run another beside it")
        row = QHBoxLayout()
        row.addWidget(self.add)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(self.wrong["files"])
        column.addSpacing(8)
        column.addWidget(label_of("heading", "Account"))
        column.addLayout(self._section("general", skip=_DATES))
        for name, title in (("fees", "Fees"), ("models", "Venue models")):
            column.addWidget(self._fold(name, title))
            column.addWidget(self._folded[name])
        column.addStretch(1)

    def _lay_data(self, column: QVBoxLayout) -> None:
        column.addWidget(label_of("heading", "Data"))
        column.addWidget(self.sample)
        column.addWidget(self.picker, 1)
        column.addWidget(self.wrong["symbols"])
        grid = self._grid()
        self.stream.setToolTip(_READ)
        field = FormField(self._theme, "Read", self.stream)
        self.fields["stream"] = field
        row = field.place(grid, 0)
        for each in SECTIONS["general"]:
            if each.key in _DATES:
                row = self._make(each).place(grid, row)
        column.addLayout(grid)
        column.addWidget(self._reach)

    def _fold(self, name: str, title: str) -> QPushButton:
        """A heading that opens and closes a section."""
        fold = self.folds[name] = QPushButton(f"▸ {title}")
        fold.setProperty("role", "fold")
        fold.setCheckable(True)
        fold.setAccessibleName(f"{title}: show")
        inner = self._folded[name] = QWidget()
        inner.setLayout(self._section(name))
        inner.hide()

        def turn(is_on: bool) -> None:
            fold.setText(f"{'▾' if is_on else '▸'} {title}")
            inner.setVisible(is_on)

        fold.toggled.connect(turn)
        return fold

    def _section(self, name: str, skip: tuple[str, ...] = ()) -> QGridLayout:
        grid, row = self._grid(), 0
        for each in SECTIONS[name]:
            if each.key not in skip:
                row = self._make(each).place(grid, row)
        return grid

    def _grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        return grid

    def _make(self, each: Field) -> FormField:
        editor: QLineEdit | Choice
        if each.choices:
            editor = choice_of([(x or "as the data allow", x) for x in each.choices])
            editor.setCurrentIndex(max(0, editor.findData(each.default)))
        elif each.key in (*_DATES, "currency"):
            editor = QLineEdit()
            editor.setPlaceholderText("that of the first symbol")
        else:
            editor = NumberEdit(is_whole=each.key in _WHOLE)
        editor.setToolTip(each.sentence)
        made = FormField(self._theme, each.title, editor)
        made.setToolTip(each.sentence)
        made.edited.connect(partial(self._on_edited, each.key))
        self.fields[each.key] = made
        return made

    # What can be chosen.

    def show_shelf(self, shelf: Shelf, *, is_empty: bool) -> None:
        """Offer other data."""
        self.form.shelf = shelf
        self.picker.show_shelf(shelf)
        self.sample.offer(is_empty=is_empty)
        self._show_streams()

    def show_offers(self, found: Found) -> None:
        """Offer the user's own strategies, too."""
        self.offers.take(found)
        for box in self.boxes:
            box.fill()
        # What is wrong with a file that was chosen stands at its strategy.
        chosen = {file_of(each.name) for each in self.form.drafts}
        told = [
            words
            for name, words in found.broken.items()
            if not {Path(name), self.offers.folder / name} & chosen
        ]
        self._say("files", "\n".join(told))

    def show_problems(self, problems: dict[str, str]) -> None:
        """Say what is wrong, each where it is."""
        for key, field in self.fields.items():
            field.show_wrong(problems.get(key, ""))
        for i, box in enumerate(self.boxes):
            prefix = f"{i}."
            own = {
                key.removeprefix(prefix): words
                for key, words in problems.items()
                if key.startswith(prefix)
            }
            box.show_problems(own if self.form.drafts[i].name else {})
        self._say("symbols", problems.get("symbols", "") if self.form.symbols else "")

    def _say(self, name: str, words: str) -> None:
        self.wrong[name].setText(words)
        self.wrong[name].setVisible(bool(words))

    # The form.

    def show_form(self) -> None:
        """Show the form as it stands."""
        for box in self.boxes:
            take_out(self._strategies, box)
            box.hide()
            box.deleteLater()
        self.boxes = []
        for draft in self.form.drafts:
            self._add_box(draft)
        self._show_shares()
        for key, field in self.fields.items():
            if key != "stream":
                field.show_text(self.form.text(key))
        for name, fold in self.folds.items():
            if any(key.startswith(f"{name}.") for key in self.form.texts):
                fold.setChecked(True)
        self.picker.show_chosen(self.form.symbols)
        self._show_streams()

    def _add_box(self, draft: Draft) -> None:
        box = StrategyBox(self._theme, draft, self.offers)
        box.edited.connect(self.edited)
        # Behind what goes on now: it may be told while a box is being made.
        box.reading_wanted.connect(
            self.reading_wanted, Qt.ConnectionType.QueuedConnection
        )
        box.removed.connect(partial(self._on_remove, box))
        self._strategies.addWidget(box)
        self.boxes.append(box)

    def _show_shares(self) -> None:
        for box in self.boxes:
            box.show_share(len(self.boxes) > 1)

    def _show_streams(self) -> None:
        """Offer the streams that all symbols have."""
        form, stream = self.form, self.stream
        shelf = form.shelf
        common = shelf.common(form.symbols)
        stream.clear()
        usual = f": {stream_title(common[0])}" if common else ""
        stream.addItem(f"as the data allow{usual}", "")
        for each in common:
            stream.addItem(stream_title(each), each)
        if form.stream and form.stream not in common:
            stream.addItem(stream_title(form.stream), form.stream)
        stream.setCurrentIndex(max(0, stream.findData(form.stream)))
        reach = shelf.reach_text(form.symbols, form.stream)
        rows = formatting.count(shelf.rows(form.symbols, form.stream))
        self._reach.setText(f"{reach}, {rows} records" if reach else "")
        days = reach.split(" – ") if reach else ["", ""]
        for key, day in zip(_DATES, days, strict=True):
            editor = self.fields[key].editor
            assert isinstance(editor, QLineEdit)
            editor.setPlaceholderText(day or "as far as data reach")

    # What a user does.

    def _on_edited(self, key: str, text: str) -> None:
        self.form.put(key, text)
        self.edited.emit()

    def _on_picked(self, symbols: list[str]) -> None:
        self.form.symbols = symbols
        self._show_streams()
        self.edited.emit()

    def _on_stream(self) -> None:
        self.form.stream = str(self.stream.currentData())
        self._show_streams()
        self.edited.emit()

    def _on_add(self) -> None:
        draft = Draft("")
        self.form.drafts.append(draft)
        self._add_box(draft)
        self._share_evenly()
        self.boxes[-1].choice.setFocus()

    def _on_remove(self, box: StrategyBox) -> None:
        at = self.boxes.index(box)
        self.boxes.remove(box)
        self.form.drafts.pop(at)
        take_out(self._strategies, box)
        box.hide()
        box.deleteLater()
        self._share_evenly()

    def _share_evenly(self) -> None:
        """Of several strategies each has an even share, unless the user said more."""
        count = len(self.form.drafts)
        for draft, box in zip(self.form.drafts, self.boxes, strict=True):
            draft.allocation = f"{1 / count:.4f}"[:6].rstrip("0") if count > 1 else ""
            box.fields["allocation"].show_text(draft.allocation)
        self._show_shares()
        self.edited.emit()
