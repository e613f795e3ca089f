"""Panels linked by a colour show the same instrument.

There are six groups, each with a colour and a letter, since no colour says anything
alone. A panel belongs to one of them or has an instrument of its own. Every panel's
`Focus` is its own all its life; a link keeps it and its group's together.
"""

from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Signal

from app.ui.focus import Focus
from app.ui.models.desk import Desk

GROUPS: Final = "ABCDEF"
OWN: Final = ""
"""The group of a panel with an instrument of its own."""
_SHARED: Final = {
    "price_picked": "pick",
    "time_pointed": "point",
    "range_shown": "show_range",
}
"""What panels of a group tell one another: a focus's signal, and its method."""


class Link(QObject):
    """Ties one panel's focus to a group, or to none.

    Attributes
    ----------
    focus : Focus
        The panel's.
    group : str
        A letter of `GROUPS`, or `OWN`.

    Signals
    -------
    changed()
        Another group or another instrument.
    """

    changed = Signal()

    def __init__(self, desk: Desk, groups: dict[str, Focus], parent: QObject) -> None:
        super().__init__(parent)
        self._desk, self._groups = desk, groups
        self.focus = Focus(desk)
        self.focus.setParent(self)
        self.group = OWN
        self._is_passing_on = False
        self.focus.changed.connect(self._on_focus)
        for letter, group in groups.items():
            group.changed.connect(self._on_group)
            for signal, slot in _SHARED.items():
                told = partial(self._on_group_told, letter, slot)
                getattr(group, signal).connect(told)
        for signal, slot in _SHARED.items():
            getattr(self.focus, signal).connect(partial(self._on_told, slot))

    def join(self, group: str) -> None:
        """Belong to a group from now on, or with `OWN` to none."""
        self.group = group if group in self._groups else OWN
        self._on_group()
        self.changed.emit()

    def choose(self, number: int) -> None:
        """Show an instrument, in the whole group."""
        self.focus.choose(number)

    @property
    def instrument(self) -> str:
        """Name of the instrument shown; the one waited for before a session has any."""
        listed = self._desk.listed(self.focus.number)
        return listed.instrument.name if listed is not None else self.focus.name

    def _on_focus(self) -> None:
        if self.group:
            self._groups[self.group].wish(self.focus.name)
        self.changed.emit()

    def _on_told(self, slot: str, what: object) -> None:
        """Pass what was pointed at here on to the group, and not back."""
        if self.group and not self._is_passing_on:
            self._is_passing_on = True
            getattr(self._groups[self.group], slot)(what)
            self._is_passing_on = False

    def _on_group_told(self, letter: str, slot: str, what: object) -> None:
        if letter == self.group and not self._is_passing_on:
            self._is_passing_on = True
            getattr(self.focus, slot)(what)
            self._is_passing_on = False

    def _on_group(self) -> None:
        if self.group:
            self.focus.wish(self._groups[self.group].name or self.focus.name)


class Links(QObject):
    """The groups of one window, and the links to them.

    Attributes
    ----------
    groups : dict of str to Focus
    """

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self.groups = {letter: Focus(desk) for letter in GROUPS}
        self._links: list[Link] = []

    def new(self, group: str = GROUPS[0]) -> Link:
        """A link for one more panel."""
        link = Link(self._desk, self.groups, self)
        link.join(group)
        self._links.append(link)
        return link

    def drop(self, link: Link) -> None:
        """Forget a link whose panel is gone."""
        self._links.remove(link)
        link.deleteLater()

    def reset(self) -> None:
        """Find every instrument in another session; before any panel hears of it."""
        for focus in self.groups.values():
            focus.reset()
        for link in self._links:
            link.focus.reset()
            link.changed.emit()
