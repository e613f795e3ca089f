"""The Backtest panel: a request as a form and as text, and what of it runs."""

import json
from functools import partial
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.data.listing import Entry, entries
from app.errors import RingsideError
from app.sessions.backtest.request import load_request
from app.sessions.backtest.request_text import json_text, write_request
from app.ui import formatting
from app.ui.context import Context
from app.ui.items.form_field import Choice, FormField, NumberEdit, choice_of
from app.ui.items.running_backtests import RunningList
from app.ui.items.sample_offer import SampleOffer
from app.ui.items.strategy_box import StrategyBox
from app.ui.items.symbol_picker import SymbolPicker
from app.ui.laid_out import take_out
from app.ui.models.backtest_data import Shelf, stream_title
from app.ui.models.backtest_form import SECTIONS, BacktestForm, Draft, Field
from app.ui.models.messages import Level
from app.ui.models.strategy_list import Found, StrategyList, file_of, scan

_WIDE_PX: Final = 700
_WRONG: Final = ("symbols", "request", "text", "files")
_FILES: Final = "Requests (*.json *.toml)"
_DATES: Final = ("start_date", "end_date")
_WHOLE: Final = ("seed", "models.slippage")


class BacktestPanel(QWidget):
    """Edits a request, and runs it."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context, self._library = context, context.library
        self.form = BacktestForm()
        self.offers = StrategyList(self._library.strategies)
        self.fields: dict[str, FormField] = {}
        self.boxes: list[StrategyBox] = []
        self.folds: dict[str, QPushButton] = {}
        self.buttons: dict[str, QPushButton] = {}
        self.picker = SymbolPicker()
        self.sample = SampleOffer(self._library, self._tell, inset=0)
        self.stream = Choice()
        self.text = QPlainTextEdit()
        self.pages = QTabWidget()
        self.running = RunningList(self._library.backtests)
        self._wrong = {name: _label("error") for name in _WRONG}
        self._reach = _label("small")
        self._said = QLabel()
        self._is_stale, self._is_writing = True, False
        # A text is judged once the hand rests.
        self._later = QTimer(self, singleShot=True, interval=250)
        self._later.timeout.connect(self._read_text)
        self._lay_out()
        self._connect()
        self._show_form()
        self._library.backtests.expect()

    # What it is made of.

    def _lay_out(self) -> None:
        self.pages.setDocumentMode(True)
        self.pages.tabBar().setAccessibleName("Pages of the backtest panel")
        self.pages.addTab(self._form_page(), "Form")
        self.pages.addTab(self._text_page(), "Text")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self._wrong["request"])
        layout.addWidget(self.running)
        layout.addLayout(self._bar())

    def _bar(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        bar.setContentsMargins(8, 5, 8, 6)
        bar.setSpacing(6)
        for name, title, tip, pressed in (
            ("open", "Open…", "Open a request, JSON or TOML", self._on_open),
            ("save", "Save…", "Save the request, JSON or TOML", self._on_save),
            ("copy", "Copy", "Copy the request as JSON", self._on_copy),
        ):
            bar.addWidget(self._button(name, title, tip, pressed))
        self._said.setProperty("role", "muted")
        bar.addStretch(1)
        bar.addWidget(self._said)
        bar.addSpacing(6)
        run = self._button("run", "Run", "Run it; what runs goes on", self.run)
        run.setProperty("role", "primary")
        bar.addWidget(run)
        return bar

    def _button(self, name: str, title: str, tip: str, pressed: Any) -> QPushButton:
        made = self.buttons[name] = QPushButton(title)
        made.setToolTip(tip)
        made.clicked.connect(pressed)
        return made

    def _form_page(self) -> QWidget:
        inner = QWidget()
        self._columns = QBoxLayout(QBoxLayout.Direction.TopToBottom, inner)
        self._columns.setContentsMargins(10, 8, 10, 8)
        self._columns.setSpacing(18)
        left, right = QVBoxLayout(), QVBoxLayout()
        for column in (left, right):
            column.setSpacing(5)
            self._columns.addLayout(column, 1)
        self._lay_strategies(left)
        self._lay_data(right)
        area = QScrollArea()
        area.setAccessibleName("Request")
        area.setWidget(inner)
        area.setWidgetResizable(True)
        return area

    def _lay_strategies(self, column: QVBoxLayout) -> None:
        column.addWidget(_label("heading", "Strategy"))
        self._strategies = QVBoxLayout()
        self._strategies.setSpacing(8)
        column.addLayout(self._strategies)
        add = self._button(
            "add", "Add a strategy", "Run another beside it", self._on_add
        )
        row = QHBoxLayout()
        row.addWidget(add)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(self._wrong["files"])
        column.addSpacing(8)
        column.addWidget(_label("heading", "Account"))
        column.addLayout(self._section("general", skip=_DATES))
        for name, title in (("fees", "Fees"), ("models", "Venue models")):
            column.addWidget(self._fold(name, title))
            column.addWidget(self._folded[name])
        column.addStretch(1)

    def _lay_data(self, column: QVBoxLayout) -> None:
        column.addWidget(_label("heading", "Data"))
        column.addWidget(self.sample)
        column.addWidget(self.picker, 1)
        column.addWidget(self._wrong["symbols"])
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        grid.setVerticalSpacing(4)
        field = FormField(self._context.theme, "Read", self.stream)
        self.fields["stream"] = field
        row = field.place(grid, 0)
        for each in SECTIONS["general"]:
            if each.key in _DATES:
                row = self._make(each).place(grid, row)
        column.addLayout(grid)
        column.addWidget(self._reach)

    _folded: dict[str, QWidget]

    def _fold(self, name: str, title: str) -> QPushButton:
        """A heading that opens and closes a section."""
        if not self.folds:
            self._folded = {}
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
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        row = 0
        for each in SECTIONS[name]:
            if each.key not in skip:
                row = self._make(each).place(grid, row)
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
        made = FormField(self._context.theme, each.title, editor)
        made.setToolTip(each.sentence)
        made.edited.connect(partial(self._on_edited, each.key))
        self.fields[each.key] = made
        return made

    def _text_page(self) -> QWidget:
        page = QWidget()
        self.text.setProperty("role", "field")
        self.text.setAccessibleName("Request as JSON")
        self.text.setTabChangesFocus(True)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(8, 8, 8, 4)
        layout.addWidget(self.text, 1)
        layout.addWidget(self._wrong["text"])
        return page

    def _connect(self) -> None:
        self.picker.picked.connect(self._on_picked)
        self.stream.activated.connect(self._on_stream)
        self.text.textChanged.connect(self._on_text)
        self._library.changed.connect(self.refresh)
        self._library.backtests.ended.connect(self._show_problems)

    def resizeEvent(self, event: QResizeEvent) -> None:
        way = QBoxLayout.Direction
        is_wide = self.width() >= _WIDE_PX * self._context.settings.scale
        self._columns.setDirection(way.LeftToRight if is_wide else way.TopToBottom)

    # What can be chosen.

    def showEvent(self, event: QShowEvent) -> None:
        self._read_files()
        if self._is_stale:
            self.refresh()

    def _read_files(self) -> None:
        """Read the user's strategies beside the window, where they have changed."""
        folder, files = self._library.strategies, tuple(self.offers.files)
        self._library.reading.run(
            lambda: scan(folder, files), self._on_offers, self._on_failed
        )

    def _on_offers(self, found: Found) -> None:
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
        self._wrong["files"].setText("\n".join(told))
        self._wrong["files"].setVisible(bool(told))
        self._show_problems()

    def refresh(self) -> None:
        """List the catalog anew, once it can be seen."""
        self._is_stale = True
        if self.isVisible():
            self._is_stale = False
            library = self._library
            library.jobs.run(
                lambda: entries(library.catalog()), self._on_listed, self._on_failed
            )

    def _on_listed(self, listed: list[Entry]) -> None:
        self.form.shelf = Shelf(listed)
        self.picker.show_shelf(self.form.shelf)
        self.sample.offer(is_empty=not listed)
        self._show_streams()
        self._show_problems()

    def _on_failed(self, error: BaseException) -> None:
        self._tell(f"what can be chosen cannot be listed: {error}", Level.ERROR)

    def _tell(self, words: str, level: Level = Level.INFO) -> None:
        self._context.bridge.tell(words, level, "backtest")

    # The form.

    def state(self) -> dict[str, Any]:
        """The request, for a workspace."""
        return {"request": self.form.table()} if not self._lacks() else {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take the request that a workspace kept; what is not sound is passed over."""
        table = state.get("request")
        if isinstance(table, dict):
            try:
                self.load(table)
            except RingsideError:
                return

    def _lacks(self) -> bool:
        return not self.form.symbols or not all(x.name for x in self.form.drafts)

    def load(self, table: dict[str, Any]) -> None:
        """Show a request.

        Raises
        ------
        RequestError
            If it breaks a rule.
        """
        self.form.load(table)
        self._show_form()

    def _show_form(self) -> None:
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
        self._changed()

    def _add_box(self, draft: Draft) -> None:
        box = StrategyBox(self._context.theme, draft, self.offers)
        box.edited.connect(self._changed)
        # Behind what goes on now: it may be told while a box is being made.
        box.reading_wanted.connect(self._read_files, Qt.ConnectionType.QueuedConnection)
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
        usual = f" ({stream_title(common[0])})" if common else ""
        stream.addItem(f"what tells most, or the coarsest bars{usual}", "")
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

    def _changed(self) -> None:
        """Something of the request is another: write it, judge it."""
        if not self._is_writing:
            self._is_writing = True
            self.text.setPlainText(json_text(self.form.table()))
            self._is_writing = False
            self._wrong["text"].hide()
        self._show_problems()

    def _show_problems(self, *_: object) -> None:
        problems = self.form.problems()
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
        for name in ("symbols", "request"):
            words = problems.get(name, "")
            shown = words if self.form.symbols or name == "request" else ""
            self._wrong[name].setText(shown)
            self._wrong[name].setVisible(bool(shown))
        self.buttons["run"].setEnabled(not problems)
        self._library.sweeps.show_request(None if self._lacks() else self.form.table())
        self._said.setText(_lacking(problems))
        for name in ("save", "copy"):
            self.buttons[name].setEnabled(not self._lacks())

    def _on_edited(self, key: str, text: str) -> None:
        self.form.put(key, text)
        self._changed()

    def _on_picked(self, symbols: list[str]) -> None:
        self.form.symbols = symbols
        self._show_streams()
        self._changed()

    def _on_stream(self) -> None:
        self.form.stream = str(self.stream.currentData())
        self._show_streams()
        self._changed()

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
        self._changed()

    # The text.

    def _on_text(self) -> None:
        if not self._is_writing:
            self._later.start()

    def _read_text(self) -> None:
        """Take the request that was typed; what is wrong is said below it."""
        words = ""
        self._is_writing = True
        try:
            self.load(json.loads(self.text.toPlainText()))
        except ValueError as error:
            words = f"this is no JSON: {error}"
        except RingsideError as error:
            words = str(error)
        finally:
            self._is_writing = False
        self._wrong["text"].setText(words)
        self._wrong["text"].setVisible(bool(words))
        if words:
            self.buttons["run"].setEnabled(False)
            self._said.setText("the text is not a request yet")

    # What the buttons do.

    def run(self) -> None:
        """Run the request as it stands."""
        try:
            self._library.backtests.start(self.form.table())
        except RingsideError as error:
            self._tell(str(error), Level.ERROR)

    def _on_open(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open a request", "", _FILES)
        if path:
            self.open(Path(path))

    def open(self, path: Path) -> None:
        """Open a request's file."""
        try:
            self.load(dict(load_request(path).table))
        except RingsideError as error:
            self._tell(str(error), Level.ERROR)

    def _on_save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, "Save the request", "request.json", "JSON (*.json);;TOML (*.toml)"
        )
        if path:
            self.save(Path(path))

    def save(self, path: Path) -> None:
        """Write the request to a file, by its suffix."""
        try:
            write_request(self.form.table(), path)
            self._tell(f"the request is in {path}")
        except RingsideError as error:
            self._tell(str(error), Level.ERROR)

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(json_text(self.form.table()))
        self._said.setText("copied")


def _label(role: str, text: str = "") -> QLabel:
    label = QLabel(text)
    label.setProperty("role", role)
    label.setWordWrap(True)
    if role == "error":
        label.hide()
        label.setContentsMargins(8, 0, 8, 0)
    return label


def _lacking(problems: dict[str, str]) -> str:
    """What is still to be done before it can run, in few words."""
    if not problems:
        return ""
    lacks = [
        words
        for key, words in problems.items()
        if key == "symbols" or key.endswith(".name")
    ]
    return lacks[0] if lacks else "something is marked above"
