"""The map of a sweep: which axes it shows, the cell at hand, and the best."""

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.sweeps.objectives import OBJECTIVES
from app.ui.items.form_field import Choice
from app.ui.items.sweep_heatmap import SweepHeatmap
from app.ui.laid_out import clear
from app.ui.models.sweep_book import SweepBook
from app.ui.models.sweep_text import (
    SHOWN,
    cell_text,
    deflated_text,
    overfitting_text,
    stat_title,
)
from app.ui.sweeps import OpenSweep
from app.ui.theme import Theme

_EMPTY = "No sweep is shown: press Start, or open one that is kept."
_FREE = -1
_LOW_PX = 460
_HINT = "Point at a cell; a click or Enter runs it and opens its report."
_LATER = "told when the sweep is over"


class SweepMap(QWidget):
    """Shows a SweepBook.

    Signals
    -------
    picked(int)
        A cell whose run is wanted.
    """

    picked = Signal(int)

    def __init__(self, theme: Theme, scale: float) -> None:
        super().__init__()
        self.book: SweepBook | None = None
        self._scale = scale
        self.heatmap = SweepHeatmap(theme, scale)
        self.across, self.up, self.shown = Choice(), Choice(), Choice()
        self.others: dict[int, Choice] = {}
        self.open_best = QPushButton("Open")
        self.cell = QLabel()
        self.facts = {name: QLabel() for name in ("best", "pbo", "deflated")}
        self.means = {name: QLabel() for name in self.facts}
        self._bar, self._fixed = QGridLayout(), QGridLayout()
        self._lay_out()
        self.across.activated.connect(partial(self._on_axis, self.across, self.up))
        self.up.activated.connect(partial(self._on_axis, self.up, self.across))
        self.shown.activated.connect(self.renew)
        self.heatmap.pointed.connect(self._on_pointed)
        self.heatmap.picked.connect(self.picked)
        self.open_best.clicked.connect(self._on_open_best)
        self.show_book(None, None)

    def _lay_out(self) -> None:
        for column, (title, choice) in enumerate(
            (("Across", self.across), ("Up", self.up), ("Show", self.shown))
        ):
            label = QLabel(title)
            label.setProperty("role", "muted")
            label.setBuddy(choice)
            choice.setAccessibleName(title)
            _shrink(choice)
            self._bar.addWidget(label, 0, 2 * column)
            self._bar.addWidget(choice, 0, 2 * column + 1)
            self._bar.setColumnStretch(2 * column + 1, 1)
        self.cell.setProperty("role", "small")
        self.cell.setWordWrap(True)
        self.cell.setTextFormat(Qt.TextFormat.PlainText)
        self.cell.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.cell.setFixedHeight(round(2.1 * self.cell.fontMetrics().height()))
        self.cell.setAlignment(Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 4)
        layout.setSpacing(4)
        layout.addLayout(self._bar)
        layout.addLayout(self._fixed)
        layout.addWidget(self.heatmap, 1)
        layout.addWidget(self.cell)
        layout.addWidget(self._card())

    def _card(self) -> QFrame:
        """The best cell, and how much of it is luck."""
        card = QFrame()
        card.setProperty("role", "card")
        grid = QGridLayout(card)
        grid.setContentsMargins(8, 5, 8, 5)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        titles = {
            "best": "Best", "pbo": "Overfitting", "deflated": "Deflated Sharpe",
        }  # fmt: skip
        tips = {
            "best": "The best cell by the objective",
            "pbo": "Probability of backtest overfitting (Bailey, Borwein, López de "
            "Prado and Zhu 2017)",
            "deflated": "Deflated Sharpe ratio (Bailey and López de Prado 2014)",
        }
        for row, (name, title) in enumerate(titles.items()):
            head, fact, means = QLabel(title), self.facts[name], self.means[name]
            head.setProperty("role", "muted")
            fact.setProperty("role", "heading")
            means.setProperty("role", "small")
            means.setWordWrap(True)
            fact.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            for label in (head, fact, means):
                label.setTextFormat(Qt.TextFormat.PlainText)
                label.setToolTip(tips[name])
            grid.addWidget(head, 2 * row, 0)
            grid.addWidget(fact, 2 * row, 1)
            grid.addWidget(means, 2 * row + 1, 0, 1, 3)
        self.open_best.setToolTip("Run the best cell and open its report")
        self.open_best.setAccessibleName("Open the best cell's run")
        grid.addWidget(self.open_best, 0, 2)
        return card

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where room is short the map has it: meanings go into tool tips."""
        is_high = self.height() >= _LOW_PX * self._scale
        for name in ("pbo", "deflated"):
            self.means[name].setVisible(is_high)

    # What it shows.

    def show_book(self, book: SweepBook | None, current: OpenSweep | None) -> None:
        """Show another sweep."""
        self.book = book
        for each in (self.across, self.up, self.shown):
            each.clear()
            each.setEnabled(book is not None)
        if book is not None:
            for number, axis in enumerate(book.axes):
                self.across.addItem(axis.name, number)
                self.up.addItem(axis.name, number)
            self.up.setCurrentIndex(min(1, len(book.axes) - 1))
            self.up.setEnabled(len(book.axes) > 1)
            for name in dict.fromkeys((book.objective, *SHOWN)):
                self.shown.addItem(stat_title(name), name)
        self._make_others()
        self.cell.setText(_HINT if book is not None else "")
        self.judge(current)
        self.renew()

    def judge(self, current: OpenSweep | None) -> None:
        """Say what the best is worth, once it is known."""
        for name, tell in (("pbo", overfitting_text), ("deflated", deflated_text)):
            if current is not None and current.result.best is not None:
                fact, means = tell(current.result)
            else:
                fact, means = "–", _LATER if self.book is not None else ""
            if self.book is not None and self.book.is_over and current is None:
                means = "not known: the sweep did not come to its end"
            self.facts[name].setText(fact)
            self.means[name].setText(means)
            self.facts[name].setToolTip(means)
            self.facts[name].setAccessibleDescription(means)

    def _make_others(self) -> None:
        """A chooser for each axis that the map does not show."""
        clear(self._fixed)
        kept = {axis: each.currentData() for axis, each in self.others.items()}
        self.others = {}
        if self.book is None:
            return
        shown = {self.across.currentData(), self.up.currentData()}
        for number, scale in enumerate(self.book.scales):
            if number in shown:
                continue
            choice = self.others[number] = Choice()
            choice.addItem("the best of all", _FREE)
            for code, label in enumerate(scale.labels):
                choice.addItem(label, code)
            choice.setCurrentIndex(max(0, choice.findData(kept.get(number, _FREE))))
            choice.setAccessibleName(scale.axis.name)
            choice.activated.connect(self.renew)
            _shrink(choice)
            title = QLabel(scale.axis.name)
            title.setProperty("role", "muted")
            title.setBuddy(choice)
            row, column = divmod(len(self.others) - 1, 2)
            self._fixed.addWidget(title, row, 2 * column)
            self._fixed.addWidget(choice, row, 2 * column + 1)
            self._fixed.setColumnStretch(2 * column + 1, 1)

    def renew(self, *_: object) -> None:
        """Show the cells that are there now."""
        book = self.book
        if book is None:
            self.heatmap.show_empty(_EMPTY)
            self.facts["best"].setText("–")
            self.means["best"].setText("")
            self.open_best.setEnabled(False)
            return
        statistic = str(self.shown.currentData())
        fixed = {
            axis: int(choice.currentData())
            for axis, choice in self.others.items()
            if choice.currentData() != _FREE
        }
        picture = book.picture(
            int(self.across.currentData()), int(self.up.currentData()), fixed, statistic
        )
        best = -1 if book.best is None else book.best.number
        sign = OBJECTIVES.get(statistic, 1)
        self.heatmap.show_picture(picture, statistic, sign, best)
        self._show_best()

    def _show_best(self) -> None:
        book = self.book
        best = None if book is None else book.best
        self.open_best.setEnabled(best is not None)
        if book is None or best is None:
            self.facts["best"].setText("–")
            self.means["best"].setText("no cell has a figure yet")
            return
        said = cell_text(best, (book.objective, "total_return", "max_drawdown"))
        values, _, figures = said.partition(": ")
        self.facts["best"].setText(values)
        self.means["best"].setText(figures)

    # Events.

    def _on_axis(self, changed: Choice, other: Choice, *_: object) -> None:
        """Two axes never are the same: the other one takes what this one had."""
        book = self.book
        if book is None:
            return
        if changed.currentData() == other.currentData() and len(book.axes) > 1:
            free = [x for x in range(len(book.axes)) if x != changed.currentData()]
            other.setCurrentIndex(other.findData(free[0]))
        self._make_others()
        self.renew()

    def _on_pointed(self, number: int) -> None:
        book = self.book
        cell = None if book is None else book.cells.get(number)
        if book is None or cell is None:
            self.cell.setText(_HINT if book is not None else "")
            self.heatmap.setAccessibleDescription("")
            return
        shown = (str(self.shown.currentData()), *SHOWN)
        said = cell_text(cell, shown)
        self.cell.setText(said)
        self.heatmap.setAccessibleDescription(said)

    def _on_open_best(self) -> None:
        if self.book is not None and self.book.best is not None:
            self.picked.emit(self.book.best.number)


def _shrink(choice: Choice) -> None:
    """Let a choice be narrower than its longest text."""
    choice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    choice.setMinimumWidth(64)
