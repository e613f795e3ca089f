"""The workspaces of a window: those that ship and the user's own; one is shown.

What is changed is kept by itself two seconds later, so that not even a killed process
loses more. A workspace that ships comes back as it shipped with *Reset*.
"""

from typing import Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from app.ui.arrangements import SHIPPED
from app.ui.docks import Docks
from app.ui.models.workspace import Workspace
from app.ui.workspace_files import WorkspaceFiles, refusal
from app.ui.workspace_layout import WorkspaceLayout

SOON_MS: Final = 2_000
_LATEST_MS: Final = 30_000
_BY_NAME: Final = {each.name: each for each in SHIPPED}


class Workspaces(QObject):
    """The list of workspaces, and which one is shown.

    Attributes
    ----------
    current : str

    Signals
    -------
    changed()
        Another one is shown, or the list is another.
    kept()
        It was looked at whether anything is to be written.
    """

    changed = Signal()
    kept = Signal()

    def __init__(
        self, layout: WorkspaceLayout, docks: Docks, files: WorkspaceFiles
    ) -> None:
        super().__init__(docks)
        self._layout, self._docks, self._files = layout, docks, files
        self.current = SHIPPED[0].name
        own = [name for name in files.names() if name not in _BY_NAME]
        self._own = own
        self._kept: dict[str, Workspace] = {}
        self._in_hand: dict[str, Any] = {}
        self._is_open = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SOON_MS)
        self._soon.timeout.connect(self.keep)
        # Panels need not tell what is changed in them.
        self._latest = QTimer(self)
        self._latest.setInterval(_LATEST_MS)
        self._latest.timeout.connect(self.keep)
        docks.touched.connect(self.touch)

    def names(self) -> list[str]:
        """All workspaces: first those that ship."""
        return [*_BY_NAME, *self._own]

    def is_shipped(self, name: str) -> bool:
        """Tell whether a workspace ships, and so cannot be renamed or deleted."""
        return name in _BY_NAME

    def sentence(self, name: str) -> str:
        """What a workspace is for."""
        shipped = _BY_NAME.get(name)
        return shipped.sentence if shipped is not None else "A workspace of your own"

    def open(self, name: str) -> None:
        """Show a workspace at the start; an unknown name shows the first."""
        self.current = name if name in self.names() else SHIPPED[0].name
        self._is_open = True
        self._show()
        self._latest.start()

    def switch(self, name: str) -> None:
        """Keep the shown workspace and show another."""
        if name == self.current or name not in self.names():
            return
        self.keep()
        self._in_hand[self.current] = self._layout.in_hand()
        self.current = name
        was_inside = self._docks.has_keyboard()
        self._show()
        self._layout.take_in_hand(self._in_hand.pop(name, {}))
        if was_inside:
            self._docks.begin()
        self.touch()

    def drop_in_hand(self) -> None:
        """Forget what was being typed in workspaces that are not shown."""
        self._in_hand.clear()

    def step(self, by: int) -> None:
        """Show the next workspace, or the one before."""
        names = self.names()
        self.switch(names[(names.index(self.current) + by) % len(names)])

    def touch(self) -> None:
        """Something changed: keep it in two seconds, unless more changes."""
        if self._is_open:
            self._soon.start()

    def keep(self) -> None:
        """Write the shown workspace down, if it differs from what was."""
        self._soon.stop()
        if not self._is_open:
            return
        workspace = self._layout.capture(self.current)
        if self._kept.get(self.current) != workspace:
            self._kept[self.current] = workspace
            self._files.save(workspace)
        self.kept.emit()

    def save_as(self, name: str) -> str:
        """Go on with a copy under another name; why not, or ""."""
        why = refusal(name, self.names())
        if not why:
            self.keep()
            self._own.append(name)
            self._own.sort()
            self.current = name
            self.keep()
            self.changed.emit()
        return why

    def rename(self, name: str) -> str:
        """Give the shown workspace another name; why not, or ""."""
        old = self.current
        if self.is_shipped(old):
            return f"{old} ships with the program and keeps its name"
        others = [each for each in self.names() if each != old]
        why = refusal(name, others)
        if not why and name != old:
            self._own[self._own.index(old)] = name
            self._own.sort()
            self.current = name
            self._kept.pop(old, None)
            self._files.delete(old)
            self.keep()
            self.changed.emit()
        return why

    def delete(self) -> str:
        """Take the shown workspace away and show the first; why not, or ""."""
        old = self.current
        if self.is_shipped(old):
            return f"{old} ships with the program and cannot be deleted"
        self._own.remove(old)
        self._kept.pop(old, None)
        self._files.delete(old)
        self.current = SHIPPED[0].name
        self._show()
        self.touch()
        return ""

    def reset(self) -> None:
        """Show the workspace as it ships; one of the user's as Trade does."""
        self._kept.pop(self.current, None)
        self._ship()
        self.touch()
        self.changed.emit()

    def close(self) -> None:
        """Keep what is shown, and wait until it is written."""
        self.keep()
        self._soon.stop()
        self._is_open = False
        self._latest.stop()
        self._files.close()

    def _show(self) -> None:
        workspace = self._kept.get(self.current) or self._files.load(self.current)
        if workspace is None or not self._layout.apply(workspace):
            self._ship()
        self._soon.stop()
        self.changed.emit()

    def _ship(self) -> None:
        self._layout.ship(_BY_NAME.get(self.current, SHIPPED[0]).arrangement)
