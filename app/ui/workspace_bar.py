"""The strip of workspaces at the menu's right, and what is asked about them."""

from collections.abc import Callable
from functools import partial
from typing import Final

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import (
    QInputDialog,
    QMenu,
    QMenuBar,
    QMessageBox,
    QTabBar,
    QWidget,
)

from app.ui.commands import Commands
from app.ui.items.question import ask
from app.ui.workspaces import Workspaces

BY_KEY: Final = 9
"""So many workspaces have a key."""
_MENU: Final = ("save_as", "rename", "delete", "reset")


class WorkspaceBar(QTabBar):
    """A tab for each workspace; the right button offers what can be done with it."""

    def __init__(self, workspaces: Workspaces, commands: Commands) -> None:
        super().__init__()
        self._workspaces, self._commands = workspaces, commands
        self.setDrawBase(False)
        self.setExpanding(False)
        self.setUsesScrollButtons(True)
        self.setElideMode(Qt.TextElideMode.ElideRight)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("Workspaces")
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._on_menu)
        self.tabBarDoubleClicked.connect(lambda _: commands.run("workspace.rename"))
        workspaces.changed.connect(self.show_all)
        commands.keys.changed.connect(self.show_all)
        self.show_all()
        self.currentChanged.connect(self._on_chosen)

    def show_all(self) -> None:
        """Show which workspaces there are, and which one is shown."""
        names = self._workspaces.names()
        was_blocked = self.blockSignals(True)
        while self.count() > len(names):
            self.removeTab(self.count() - 1)
        while self.count() < len(names):
            self.addTab("")
        for place, name in enumerate(names):
            self.setTabText(place, name.replace("&", "&&"))
            self.setTabToolTip(place, self._tip(place, name))
        self.setCurrentIndex(names.index(self._workspaces.current))
        self.blockSignals(was_blocked)
        menu = self.parentWidget()
        if isinstance(menu, QMenuBar) and self.width() != self.sizeHint().width():
            menu.setCornerWidget(self)  # a menu lays its corner out only when given it

    def _tip(self, place: int, name: str) -> str:
        sentence = self._workspaces.sentence(name)
        if place >= BY_KEY:
            return sentence
        chord = self._commands.keys.chord(f"workspace.go_{place + 1}")
        return f"{sentence}  ({chord})" if chord else sentence

    def _on_chosen(self, place: int) -> None:
        # Later: the bar is in the middle of a click.
        name = self._workspaces.names()[place]
        self._workspaces.switch(name)

    def _on_menu(self, point: QPoint) -> None:
        place = self.tabAt(point)
        if place >= 0:
            self.setCurrentIndex(place)
        self._menu = QMenu(self)
        self._menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in _MENU:
            self._menu.addAction(self._commands.action(f"workspace.{name}"))
        self._menu.popup(self.mapToGlobal(point))


class WorkspaceCommands:
    """Binds the commands of the group "workspace"; asks for names, never blocking."""

    def __init__(
        self, window: QWidget, workspaces: Workspaces, commands: Commands
    ) -> None:
        self._window, self._workspaces = window, workspaces
        self._commands = commands
        self.dialog: QInputDialog | QMessageBox | None = None
        bind = commands.bind
        bind("workspace.save_as", self._save_as)
        bind("workspace.rename", self._rename)
        bind("workspace.delete", self._delete)
        bind("workspace.reset", workspaces.reset)
        bind("workspace.next", partial(workspaces.step, 1))
        bind("workspace.previous", partial(workspaces.step, -1))
        for number in range(1, BY_KEY + 1):
            bind(f"workspace.go_{number}", partial(self._go, number))
        workspaces.changed.connect(self._offer)
        self._offer()

    def _go(self, number: int) -> None:
        names = self._workspaces.names()
        if number <= len(names):
            self._workspaces.switch(names[number - 1])

    def _offer(self) -> None:
        """Name the workspaces in the menu; what ships keeps its name."""
        names = self._workspaces.names()
        for number in range(1, BY_KEY + 1):
            action = self._commands.action(f"workspace.go_{number}")
            action.setVisible(number <= len(names))
            if number <= len(names):
                self._commands.entitle(action.objectName(), names[number - 1])
        is_own = not self._workspaces.is_shipped(self._workspaces.current)
        for name in ("rename", "delete"):
            self._commands.action(f"workspace.{name}").setEnabled(is_own)

    def _save_as(self) -> None:
        self._ask("Save the workspace as", "", self._workspaces.save_as)

    def _rename(self) -> None:
        current = self._workspaces.current
        if not self._workspaces.is_shipped(current):
            self._ask("Rename the workspace", current, self._workspaces.rename)

    def _delete(self) -> None:
        if self._workspaces.is_shipped(self._workspaces.current):
            return
        self.dialog = ask(
            self._window,
            "Delete the workspace?",
            f"{self._workspaces.current} will be gone.",
            "Delete",
            self._workspaces.delete,
        )

    def _ask(self, title: str, given: str, take: Callable[[str], str]) -> None:
        dialog = self.dialog = QInputDialog(self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(title)
        dialog.setLabelText("Name")
        dialog.setTextValue(given)
        dialog.textValueSelected.connect(lambda text: self._take(title, text, take))
        dialog.open()

    def _take(self, title: str, text: str, take: Callable[[str], str]) -> None:
        why = take(text)
        if why:
            self._ask(title, text, take)
            assert isinstance(self.dialog, QInputDialog)
            self.dialog.setLabelText(f"Name: {why}")
