"""Asks which strategy is added to the session: what, on which instruments, how."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.errors import RingsideError
from app.sessions.live_strategies import MINUTE_NS, LiveTerms
from app.strategies.strategy import Range
from app.ui.items.form_area import FormArea
from app.ui.items.form_field import NumberEdit, choice_of
from app.ui.items.parameter_form import ParameterForm
from app.ui.jobs import Jobs
from app.ui.models.strategies import INTERVALS, takes_bars
from app.ui.models.strategy_list import Found, Offer, StrategyList, scan
from app.ui.theme import Theme

_FILE: Final = "\0file"
_ROWS: Final = 5
_SIZE: Final = (460, 620)
_ON: Final = Qt.CheckState.Checked
_OFF: Final = Qt.CheckState.Unchecked


class StrategyForm(QDialog):
    """A dialog; it has the user's folder read when it is made.

    Parameters
    ----------
    names : sequence of str
        The session's instruments.
    chosen : int
        The one that is ticked at first.
    folder : Path
        Of the user's strategies.
    reading : Jobs
        Read the folder.

    Signals
    -------
    wanted(object, bool)
        LiveTerms, and whether it starts at once.
    """

    wanted = Signal(object, bool)

    def __init__(
        self,
        parent: QWidget,
        theme: Theme,
        names: Sequence[str],
        chosen: int,
        folder: Path,
        reading: Jobs,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Add a strategy")
        self._folder = folder
        self._offers = StrategyList(folder)
        self.choice = QComboBox()
        self.choice.setAccessibleName("Strategy")
        self.about, self.wrong = QLabel(), QLabel()
        for label, role in ((self.about, "muted"), (self.wrong, "error")):
            label.setProperty("role", role)
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.instruments = _ticks(names, chosen)
        self.bars = choice_of([(text, str(ns)) for text, ns in INTERVALS])
        self.bars.setAccessibleName("Bars")
        self.bars.setCurrentIndex(self.bars.findData(str(MINUTE_NS)))
        self.share = NumberEdit(is_whole=False, bounds=Range(0.1, 100.0))
        self.share.setText("10")
        self.share.setAccessibleName("Share of the capital, per cent")
        self.share.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.parameters = ParameterForm(theme)
        self.at_once = QCheckBox("&Start it at once")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.add = QPushButton("&Add")
        self.buttons.addButton(self.add, QDialogButtonBox.ButtonRole.AcceptRole)
        self.add.setDefault(True)
        self._lay_out()
        self._fill()
        self.choice.activated.connect(self._on_chosen)
        self.buttons.accepted.connect(self._on_add)
        self.buttons.rejected.connect(self.reject)
        self._show()
        self.resize(*_SIZE)
        self._reading = reading
        self._wanted_file: Path | None = None
        self._read()

    def _read(self) -> None:
        """Read the folder and the files that were chosen, beside the window."""
        folder, files = self._folder, tuple(self._offers.files)
        self._reading.run(lambda: scan(folder, files), self._on_read, self._on_failed)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow("S&trategy", self.choice)
        form.addRow(self.about)
        form.addRow("&Instruments", self.instruments)
        self._bars_label = QLabel("&Bars of")
        self._bars_label.setBuddy(self.bars)
        form.addRow(self._bars_label, self.bars)
        form.addRow("Sha&re of capital, %", self.share)
        head = QLabel("Parameters")
        head.setProperty("role", "heading")
        inner = QWidget()
        page = QVBoxLayout(inner)
        page.setContentsMargins(0, 0, 8, 0)
        page.addLayout(form)
        page.addWidget(head)
        page.addWidget(self.parameters)
        page.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addWidget(FormArea(inner, "Fields of the strategy"), 1)
        layout.addWidget(self.wrong)
        layout.addWidget(self.at_once)
        layout.addWidget(self.buttons)

    def _fill(self) -> None:
        """Offer what can be chosen now."""
        self.choice.clear()
        for offer in self._offers.offers:
            self.choice.addItem(offer.title, offer.name)
        self.choice.insertSeparator(self.choice.count())
        self.choice.addItem("From a file…", _FILE)
        self._say("\n".join(self._offers.broken.values()))

    def _on_read(self, found: Found) -> None:
        """Offer the user's own strategies, too; what is chosen stays chosen."""
        name = self.choice.currentData()
        self._offers.take(found)
        self._fill()
        path, broken = self._wanted_file, ""
        if path is not None and path not in self._offers.unread:
            self._wanted_file = None
            try:
                name = self._offers.resolve(str(path), first=True).name
            except RingsideError as error:
                broken = str(error)
        self.choice.setCurrentIndex(max(0, self.choice.findData(name)))
        if path is None:
            return
        if broken:
            self._say(broken)
        self._show()

    def _on_failed(self, error: BaseException) -> None:
        self._say(f"your folder of strategies cannot be read: {error}")
        self._show()

    def _say(self, words: str) -> None:
        self.wrong.setText(words)
        self.wrong.setVisible(bool(words))

    def _chosen(self) -> Offer | None:
        at = self.choice.currentIndex()
        return self._offers.offers[at] if at < len(self._offers.offers) else None

    def _show(self) -> None:
        offer = self._chosen()
        cls = offer.cls if offer is not None else None
        self.parameters.show_strategy(cls)
        self.about.setText(offer.sentence if offer is not None else "")
        has_bars = cls is not None and takes_bars(cls)
        self.bars.setVisible(has_bars)
        self._bars_label.setVisible(has_bars)
        self.add.setEnabled(cls is not None)

    def _on_chosen(self) -> None:
        if self.choice.currentData() == _FILE:
            path, _ = QFileDialog.getOpenFileName(
                self, "Strategy", str(self._folder), "Python (*.py)"
            )
            self.choice.setCurrentIndex(0)
            if path:
                self.take_file(Path(path))
            return
        self._say("")
        self._show()

    def take_file(self, path: Path) -> None:
        """Offer the strategies of a file, and choose the first, once it is read."""
        self._wanted_file = path
        self._offers.ask(path)
        self.add.setEnabled(False)
        self._say(f"{path.name} is being read…")
        self._read()

    def terms(self) -> LiveTerms | None:
        """What is chosen; None where something is wrong, which is shown."""
        chosen, parameters = self._chosen(), self.parameters.values()
        if chosen is None or parameters is None:
            return None
        try:
            share = Decimal(self.share.text().strip()) / 100
        except InvalidOperation:
            share = Decimal(0)
        if not (share.is_finite() and 0 < share <= 1):
            self._say(f"share of capital must be 0 to 100 %, was {self.share.text()!r}")
            return None
        items = [self.instruments.item(i) for i in range(self.instruments.count())]
        names = tuple(each.text() for each in items if each.checkState() is _ON)
        if not names:
            self._say("tick an instrument at least")
            return None
        return LiveTerms(
            chosen.name, names, parameters, share, int(self.bars.currentData())
        )

    def _on_add(self) -> None:
        terms = self.terms()
        if terms is not None:
            self.wanted.emit(terms, self.at_once.isChecked())
            self.accept()


def _ticks(names: Sequence[str], chosen: int) -> QListWidget:
    made = QListWidget()
    made.setAccessibleName("Instruments; Space ticks one")
    for number, name in enumerate(names):
        item = QListWidgetItem(name)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(_ON if number == chosen else _OFF)
        made.addItem(item)
    made.setCurrentRow(max(0, chosen))
    made.setFixedHeight(_ROWS * (made.fontMetrics().height() + 6))
    made.setTabKeyNavigation(False)
    return made
