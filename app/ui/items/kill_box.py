"""The kill switch: first stage, progress, second stage, and the word that ends it."""

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
)

from app.engine.records import SafetyState
from app.ui.theme import Theme

WORD: Final = "RESUME"
"""To be typed to leave KILLED."""


class KillBox(QFrame):
    """Buttons and words about KILL.

    Signals
    -------
    kill_pressed(), flatten_pressed(), resumed()
    """

    kill_pressed = Signal()
    flatten_pressed = Signal()
    resumed = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setProperty("role", "card")
        self.kill = QPushButton("KILL")
        self.kill.setProperty("role", "danger")
        self.kill.setToolTip(
            "Refuse new risk, cancel entries, keep exits  (Ctrl+Shift+F12)"
        )
        self.flatten = QPushButton("Flatten everything")
        self.flatten.setToolTip("Cancel exits too, then close every position by limits")
        self._words = QLabel()
        self._words.setWordWrap(True)
        self._progress = QLabel()
        self._progress.setWordWrap(True)
        self._progress.setProperty("role", "small")
        self._progress.setAccessibleName("What becomes of each order")
        self.field = QLineEdit()
        self.field.setPlaceholderText(f"type {WORD} to leave KILLED")
        self.field.setAccessibleName(f"Type {WORD} to leave KILLED")
        buttons = QHBoxLayout()
        buttons.addWidget(self.kill, 1)
        buttons.addWidget(self.flatten, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.addLayout(buttons)
        layout.addWidget(self._words)
        layout.addWidget(self._progress)
        layout.addWidget(self.field)
        self.kill.clicked.connect(self.kill_pressed)
        self.flatten.clicked.connect(self.flatten_pressed)
        self.field.returnPressed.connect(self._on_typed)
        self.show_state(SafetyState.VIEW, "")

    def show_state(self, state: SafetyState, words: str, progress: str = "") -> None:
        """Show where the switch stands, in words, and what becomes of each order."""
        self._progress.setVisible(bool(progress))
        if self._progress.text() != progress:
            self._progress.setText(progress)
        is_killed = state == SafetyState.KILLED
        self.kill.setEnabled(not is_killed)
        self.flatten.setEnabled(is_killed)
        self.field.setVisible(is_killed)
        colour = self._theme.killed if is_killed else self._theme.muted
        if self._words.text() != words:
            self._words.setText(words)
            # A style sheet costs milliseconds: only where something changed.
            self._words.setStyleSheet(f"color: {colour};")

    def _on_typed(self) -> None:
        if self.field.text().strip().upper() == WORD:
            self.field.clear()
            self.resumed.emit()
        else:
            self.field.selectAll()
            self._words.setText(f"The word is {WORD}.")
