"""Between the window's panels and a Workspace: reads one off, and sets the other up."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from PySide6.QtCore import QByteArray, QRect, Qt
from PySide6.QtWidgets import QMainWindow

from app.ui import arrangements
from app.ui.docks import Docks
from app.ui.links import GROUPS, OWN, Links
from app.ui.models.workspace import PanelState, Place, Workspace
from app.ui.panel_dock import PanelDock

LAYOUT_VERSION: Final = 3


class WorkspaceLayout:
    """The panels of one window, as a whole."""

    def __init__(self, window: QMainWindow, docks: Docks, links: Links) -> None:
        self._window, self._docks, self._links = window, docks, links

    def capture(self, name: str) -> Workspace:
        """Read off what is open, linked, set and placed."""
        shown = [dock for dock in self._docks.ordered() if not dock.isHidden()]
        return Workspace(
            name,
            tuple(_read(dock) for dock in shown),
            {letter: focus.name for letter, focus in self._links.groups.items()},
            bytes(self._window.saveState(LAYOUT_VERSION).data()),
        )

    def apply(self, workspace: Workspace) -> bool:
        """Set the window up as a workspace says; False if Qt cannot place it."""
        with self._docks.arranging():
            arrangements.clear(self._window, self._docks)
            for letter in GROUPS:
                name = workspace.groups.get(letter, "")
                if name:
                    self._links.groups[letter].wish(name)
            for panel in workspace.panels:
                dock = self._docks.ensure(panel.name)
                if dock is not None:
                    _set(dock, panel)
            state = QByteArray(workspace.layout)
            with self._without(workspace):
                is_placed = bool(state) and self._window.restoreState(
                    state, LAYOUT_VERSION
                )
            if is_placed:
                self._float(workspace)
        return is_placed

    def in_hand(self) -> dict[str, Any]:
        """What is being typed, by panel."""
        return {name: host.in_hand() for name, host in self._docks.hosts().items()}

    def take_in_hand(self, kept: Mapping[str, Any]) -> None:
        """Go on with what was being typed when the workspace was left."""
        for name, host in self._docks.hosts().items():
            host.take_in_hand(kept.get(name, {}))

    def ship(self, arrangement: arrangements.Split) -> None:
        """Set the window up as it ships: all panels linked, none changed."""
        with self._docks.arranging():
            arrangements.clear(self._window, self._docks)
            for dock in self._docks.by_name.values():
                dock.link.join(GROUPS[0])
                dock.host.forget()
            arrangements.arrange(self._window, self._docks, arrangement)

    @contextmanager
    def _without(self, workspace: Workspace) -> Iterator[None]:
        """Keep the panels that a workspace does not name out of Qt's sight.

        It would give each a place, and what is taken out again leaves its room to the
        others: their sizes were not those that were kept.
        """
        named = {panel.name for panel in workspace.panels}
        others = [d for name, d in self._docks.by_name.items() if name not in named]
        for dock in others:
            dock.setParent(None)
        try:
            yield
        finally:
            for dock in others:
                dock.setParent(self._window)

    def _float(self, workspace: Workspace) -> None:
        for panel in workspace.panels:
            dock = self._docks.by_name.get(panel.name)
            if dock is None:
                continue
            if panel.place is not None and not dock.isHidden():
                place = panel.place
                dock.setFloating(True)
                dock.put_on_screen(QRect(place.x, place.y, place.width, place.height))
                if place.is_maximised:
                    dock.setWindowState(Qt.WindowState.WindowMaximized)


def _read(dock: PanelDock) -> PanelState:
    place = None
    if dock.isFloating():
        at = dock.place()
        place = Place(at.x(), at.y(), at.width(), at.height(), dock.isMaximized())
    link = dock.link
    return PanelState(dock.name, link.group, link.focus.name, dock.host.state(), place)


def _set(dock: PanelDock, panel: PanelState) -> None:
    dock.link.join(panel.group)
    if dock.link.group == OWN and panel.instrument:
        dock.link.focus.wish(panel.instrument)
    if panel.state:
        dock.host.restore(dict(panel.state))
