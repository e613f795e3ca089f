"""Docks that share a place show their tabs alone; a double click on a tab floats it."""

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar, QWidget


class DockTabs(QObject):
    """Hides the title bars of tabbed docks, whose tabs already say the name."""

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
            is_tabbed = bool(self._window.tabifiedDockWidgets(dock))
            if is_tabbed and dock.titleBarWidget() is None:
                empty = QWidget()
                empty.setFixedHeight(0)
                dock.setTitleBarWidget(empty)
            elif not is_tabbed and dock.titleBarWidget() is not None:
                # Qt wants None to bring back its own; the stub says otherwise.
                dock.setTitleBarWidget(None)  # type: ignore[arg-type]
        for bar in self._window.findChildren(QTabBar):
            if bar.parent() is self._window and not bar.property("follows"):
                bar.setProperty("follows", True)
                bar.tabBarDoubleClicked.connect(
                    lambda index, bar=bar: self._float(bar.tabText(index))
                )

    def _float(self, title: str) -> None:
        for dock in self._docks():
            if dock.windowTitle() == title:
                dock.setFloating(True)
