"""Which instrument a panel shows: its own choice, or that of a link group.

A panel is given a `Focus` and follows it; it never asks who else does. Panels linked by
a colour are given the same one, so choosing in one of them chooses in all.
"""

from PySide6.QtCore import QObject, Signal

from app.ui.models.desk import Desk


class Focus(QObject):
    """An instrument of the session that one panel or a group of them shows.

    Attributes
    ----------
    number : int
        The instrument's number in the session.

    Signals
    -------
    changed(int)
        Another instrument is shown.
    """

    changed = Signal(int)

    def __init__(self, desk: Desk, number: int = 0) -> None:
        super().__init__()
        self._desk = desk
        self.number = number

    def choose(self, number: int) -> None:
        """Show an instrument; one that the session does not have is passed over."""
        if number != self.number and self._desk.listed(number) is not None:
            self.number = number
            self.changed.emit(number)

    def reset(self) -> None:
        """Begin with the first instrument of another session."""
        self.number = 0
