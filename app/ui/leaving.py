"""Asks before a session is left whose orders or positions are still open."""

from collections.abc import Callable
from typing import Final

from PySide6.QtWidgets import QMessageBox, QWidget

from app.ui import formatting
from app.ui.models.desk import Desk

_LEAVE: Final = QMessageBox.StandardButton.Yes
_STAY: Final = QMessageBox.StandardButton.Cancel


class Leaving:
    """The question, asked over the window.

    Attributes
    ----------
    question : QMessageBox or None
        The last one asked.
    """

    def __init__(self, window: QWidget, desk: Desk) -> None:
        self._window, self._desk = window, desk
        self.question: QMessageBox | None = None

    def ask(self, leave: Callable[[], None], stay: Callable[[], None]) -> None:
        """Do `leave` at once where nothing is open, else as the user says."""
        working = len(self._desk.orders.working())
        view = self._desk.market.view
        held = (
            int((view["instrument"]["position"] != 0).sum()) if view is not None else 0
        )
        if not working and not held:
            leave()
            return
        left = f"{formatting.plural(working, 'working order')} and "
        left += formatting.plural(held, "open position")
        self.question = question = QMessageBox(self._window)
        question.setWindowTitle("Leave this session?")
        question.setText(f"{left} end with this session.")
        question.setStandardButtons(_LEAVE | _STAY)
        question.button(_LEAVE).setText("Leave")
        question.finished.connect(
            lambda answer: leave() if answer == _LEAVE.value else stay()
        )
        question.open()
