"""A line to filter a table by: words to type, and chips for the usual ones."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QLineEdit, QPushButton

_HINT = "Filter: rstk"


class FilterBar(QObject):
    """Words and chips; of chips that stand together one at most is down.

    Parameters
    ----------
    groups : sequence of sequences of (title, word)

    Attributes
    ----------
    line : QLineEdit
    chips : dict of str to QPushButton
        By their words; whoever owns this places them.

    Signals
    -------
    changed(str)
        All words that must hold, chips' included.
    """

    changed = Signal(str)

    def __init__(self, groups: Sequence[Sequence[tuple[str, str]]]) -> None:
        super().__init__()
        self.line = QLineEdit()
        words = [group[0][1] for group in groups]  # what a row of this table can say
        self.line.setPlaceholderText(" ".join([_HINT, *words]))
        self.line.setClearButtonEnabled(True)
        self.line.setAccessibleName("Filter by words; a minus before one excludes it")
        self.line.setMinimumWidth(90)
        self.line.setMaximumWidth(260)
        self.chips: dict[str, QPushButton] = {}
        for group in groups:
            made = [self._chip(title, word) for title, word in group]
            for chip in made:
                others = [each for each in made if each is not chip]
                chip.clicked.connect(
                    lambda is_on, others=others: self._on_chip(is_on, others)
                )
        self.line.textChanged.connect(self._tell)

    @property
    def words(self) -> str:
        """All words that must hold."""
        chosen = [word for word, chip in self.chips.items() if chip.isChecked()]
        return " ".join([self.line.text(), *chosen]).strip()

    def state(self) -> dict[str, object]:
        """What is filtered by, as plain values."""
        chosen = [word for word, chip in self.chips.items() if chip.isChecked()]
        return {"text": self.line.text(), "chips": chosen}

    def restore(self, state: object) -> None:
        """Filter as it was; what makes no sense is passed over."""
        if not isinstance(state, dict):
            return
        text, chips = state.get("text"), state.get("chips")
        for word, chip in self.chips.items():
            chip.setChecked(isinstance(chips, list) and word in chips)
        self.line.setText(text[:200] if isinstance(text, str) else "")
        self._tell()

    def _chip(self, title: str, word: str) -> QPushButton:
        chip = QPushButton(title)
        chip.setCheckable(True)
        chip.setProperty("role", "pad")
        chip.setAccessibleName(f"Show only: {title}")
        self.chips[word] = chip
        return chip

    def _on_chip(self, is_on: bool, others: list[QPushButton]) -> None:
        if is_on:
            for chip in others:
                chip.setChecked(False)
        self._tell()

    def _tell(self, *_: object) -> None:
        self.changed.emit(self.words)
