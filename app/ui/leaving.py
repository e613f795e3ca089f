"""Asks before a session is left, or the program, while orders or positions are open."""

from collections.abc import Callable

from PySide6.QtWidgets import QMessageBox, QWidget

from app.ui import formatting
from app.ui.items.question import ask
from app.ui.models.desk import Desk


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

    @property
    def is_asking(self) -> bool:
        """Whether the question stands open."""
        return self.question is not None and self.question.isVisible()

    def open_ends(self) -> str:
        """Say what is open; "" where nothing is."""
        working = len(self._desk.orders.working())
        view = self._desk.market.view
        held = (
            int((view["instrument"]["position"] != 0).sum()) if view is not None else 0
        )
        parts = ((working, "working order"), (held, "open position"))
        return " and ".join(formatting.plural(*each) for each in parts if each[0])

    def ask(
        self,
        leave: Callable[[], None],
        stay: Callable[[], None],
        title: str = "Leave this session?",
        button: str = "Leave",
    ) -> None:
        """Do `leave` at once where nothing is open, else as the user says."""
        left = self.open_ends()
        if not left:
            leave()
            return
        verb = "ends" if left.startswith("1 ") and " and " not in left else "end"
        words = f"{left} {verb} with this session."
        self.question = ask(self._window, title, words, button, leave, no=stay)
