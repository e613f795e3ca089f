"""The menus: commands by their groups, the panels, and what can be added."""

from collections.abc import Callable
from typing import Final

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow, QMenu

from app.ui.commands import Commands
from app.ui.docks import Docks
from app.ui.panel_rows import CATEGORIES, PANELS

GROUPS: Final = (
    ("file", "&File"),
    ("session", "&Session"),
    ("safety", "S&afety"),
    ("trade", "&Trade"),
    ("ladder", "&Ladder"),
    ("drill", "&Drills"),
    ("workspace", "W&orkspace"),
    ("window", "&Window"),
    ("help", "&Help"),
)


class Menus:
    """The window's menu bar."""

    def __init__(
        self,
        window: QMainWindow,
        commands: Commands,
        docks: Docks,
        add: Callable[[str], object],
    ) -> None:
        self._docks = docks
        self._shown: dict[str, QAction] = {}
        bar = window.menuBar()
        for group, title in GROUPS:
            menu = bar.addMenu(title)
            if group == "window":
                self._panels = menu.addMenu("&Panels")
                self._panels.aboutToShow.connect(self._list_panels)
                self._fill_add(menu.addMenu("&Add panel"), add)
                menu.addSeparator()
            menu.addActions(list(commands.group(group)))
            self._shown[group] = menu.menuAction()

    def show_group(self, group: str, is_shown: bool) -> None:
        """Offer a menu or leave it out."""
        self._shown[group].setVisible(is_shown)

    def _list_panels(self) -> None:
        self._panels.clear()
        for dock in self._docks.ordered():
            self._panels.addAction(dock.toggleViewAction())

    def _fill_add(self, menu: QMenu, add: Callable[[str], object]) -> None:
        menu.setToolTipsVisible(True)
        for category in CATEGORIES:
            menu.addSection(category)
            for row in PANELS:
                if row.category == category:
                    action = menu.addAction(row.title.replace("&", "&&"))
                    action.setToolTip(row.sentence)
                    action.triggered.connect(lambda _=False, n=row.name: add(n))
