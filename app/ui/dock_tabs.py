"""Docks that share a place show their tabs alone; a double click on a tab floats it."""

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar

from app.ui.dock_title import DockTitle


class DockTabs(QObject):
    """Tells docks whether they are tabbed; floats one whose tab is clicked twice."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self._refresh)

    def follow(self, dock: QDockWidget) -> None:
        """Look after one more dock."""
        dock.dockLocationChanged.connect(self._later.start)
        dock.topLevelChanged.connect(self._later.start)
        dock.visibilityChanged.connect(self._later.start)

    def _docks(self) -> list[QDockWidget]:
        return self._window.findChildren(QDockWidget)

    def _refresh(self) -> None:
        for dock in self._docks():
            title = dock.titleBarWidget()
            if isinstance(title, DockTitle):
                title.show_tabbed(bool(self._window.tabifiedDockWidgets(dock)))
        for bar in self._window.findChildren(QTabBar):
            if bar.parent() is not self._window:
                continue
            for at in range(bar.count()):  # whole, where the tab has room for few
                bar.setTabToolTip(at, bar.tabText(at).replace("&&", "&"))
            if not bar.property("follows"):
                bar.setProperty("follows", True)
                bar.tabBarDoubleClicked.connect(
                    lambda index, bar=bar: self._float(bar.tabText(index))
                )

    def _float(self, title: str) -> None:
        for dock in self._docks():
            if dock.windowTitle() == title:
                dock.setFloating(True)
