"""The Backtest panel: a request as a form and as text, and what of it runs."""

import json
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.data.listing import Entry, entries
from app.errors import RingsideError
from app.sessions.backtest.request import load_request
from app.sessions.backtest.request_text import json_text, write_request
from app.ui.context import Context
from app.ui.items.form_field import label_of
from app.ui.items.request_form import RequestForm
from app.ui.items.running_backtests import RunningList
from app.ui.items.sample_offer import SampleOffer
from app.ui.items.strategy_box import StrategyBox
from app.ui.models.backtest_data import Shelf
from app.ui.models.backtest_form import BacktestForm
from app.ui.models.messages import Level
from app.ui.models.strategy_list import Found, StrategyList

_WRONG: Final = ("request", "text")
_FILES: Final = "Requests (*.json *.toml)"


class BacktestPanel(QWidget):
    """Edits a request, and runs it."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context, self._library = context, context.library
        self.form = BacktestForm()
        self.offers = StrategyList(self._library.strategies)
        self.buttons: dict[str, QPushButton] = {}
        self.page = RequestForm(
            context.theme,
            context.settings.scale,
            self.form,
            self.offers,
            SampleOffer(self._library, self._tell, inset=0),
        )
        # What is filled in, for the steps of others: tests, tours, pictures.
        self.fields, self.picker = self.page.fields, self.page.picker
        self.sample = self.page.sample
        self.buttons["add"] = self.page.add
        self.text = QPlainTextEdit()
        self.pages = QTabWidget()
        self.running = RunningList(self._library.backtests)
        self._wrong = {name: label_of("error") for name in _WRONG}
        self._said = QLabel()
        self._is_stale, self._is_writing = True, False
        # A text is judged once the hand rests.
        self._later = QTimer(self, singleShot=True, interval=250)
        self._later.timeout.connect(self._read_text)
        self._lay_out()
        self._connect()
        self._show_form()
        self._library.backtests.expect()

    @property
    def boxes(self) -> list[StrategyBox]:
        """The strategies of the request."""
        return self.page.boxes

    # What it is made of.

    def _lay_out(self) -> None:
        self.pages.setDocumentMode(True)
        self.pages.tabBar().setAccessibleName("Pages of the backtest panel")
        self.pages.addTab(self.page, "Form")
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
        self.page.edited.connect(self._changed)
        self.page.reading_wanted.connect(self._read_files)
        self.text.textChanged.connect(self._on_text)
        self._library.changed.connect(self.refresh)
        self._library.backtests.ended.connect(self._show_problems)

    # What can be chosen.

    def showEvent(self, event: QShowEvent) -> None:
        self._read_files()
        if self._is_stale:
            self.refresh()

    def _read_files(self) -> None:
        """Read the user's strategies beside the window, where they have changed."""
        self._library.read_strategies(self.offers, self._on_offers, self._on_failed)

    def _on_offers(self, found: Found) -> None:
        self.page.show_offers(found)
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
        self.page.show_shelf(Shelf(listed), is_empty=not listed)
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
        self.page.show_form()
        self._changed()

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
        self.page.show_problems(problems)
        words = problems.get("request", "")
        self._wrong["request"].setText(words)
        self._wrong["request"].setVisible(bool(words))
        self.buttons["run"].setEnabled(not problems)
        self._library.sweeps.show_request(None if self._lacks() else self.form.table())
        self._said.setText(_lacking(problems))
        for name in ("save", "copy"):
            self.buttons[name].setEnabled(not self._lacks())

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
