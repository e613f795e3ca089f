"""Which instrument a panel shows: its own choice, or that of a link group.

A panel is given a `Focus` and follows it; it never asks who else does. `links` keeps
the focuses of panels that are linked by a colour together.
"""

from typing import NamedTuple

from PySide6.QtCore import QObject, Signal

from app.ui.models.desk import Desk


class TimeRange(NamedTuple):
    """What a chart shows from edge to edge, ns since 1970 UTC."""

    begin: int
    end: int
    is_following: bool


class Focus(QObject):
    """An instrument of the session that one panel or a group of them shows.

    It is remembered by its name, so that the next session shows the same instrument
    where it has it.

    Attributes
    ----------
    number : int
        The instrument's number in the session.
    name : str
        Its name, or the one that is waited for; "" before any is known.

    Signals
    -------
    changed(int)
        Another instrument is shown.
    price_picked(object)
        A price of it was pointed at in a book, price units: for whoever needs one.
    time_pointed(object)
        A time was pointed at in a chart, ns since 1970 UTC; 0 = nowhere any more.
    range_shown(object)
        A chart was moved to a stretch of time, a TimeRange: for those that go with it.
    """

    changed = Signal(int)
    price_picked = Signal(object)
    time_pointed = Signal(object)
    range_shown = Signal(object)

    def __init__(self, desk: Desk, number: int = 0) -> None:
        super().__init__()
        self._desk = desk
        self.number = number
        self.name = ""

    def choose(self, number: int) -> None:
        """Show an instrument; one that the session does not have is passed over."""
        listed = self._desk.listed(number)
        if listed is not None:
            self.name = listed.instrument.name
            self._show(number)

    def pick(self, price: int) -> None:
        """Point at a price of the instrument (price units)."""
        self.price_picked.emit(price)

    def point(self, ts: int) -> None:
        """Point at a time of the chart, ns since 1970 UTC; 0 = nowhere any more."""
        self.time_pointed.emit(ts)

    def show_range(self, stretch: TimeRange) -> None:
        """Move charts to a stretch of time."""
        self.range_shown.emit(stretch)

    def wish(self, name: str) -> None:
        """Show an instrument by its name, as soon as a session has it."""
        self.name = name
        number = self._find()
        if number is not None:
            self._show(number)

    def reset(self) -> None:
        """Find the instrument among those of another session; else show the first."""
        if not self._desk.market.listed:
            self.number = 0
            return
        if not self.name:
            self.name = self._desk.market.listed[0].instrument.name
        self._show(self._find() or 0)

    def _find(self) -> int | None:
        for listed in self._desk.market.listed:
            if listed.instrument.name == self.name:
                return listed.number
        return None

    def _show(self, number: int) -> None:
        if number != self.number:
            self.number = number
            self.changed.emit(number)
