"""Where panels stand in the window as it ships."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow

from app.ui.docks import Docks

_ACROSS, _DOWN = Qt.Orientation.Horizontal, Qt.Orientation.Vertical


def clear(window: QMainWindow, docks: Docks) -> None:
    """Take every dock out of the window."""
    for dock in list(docks.by_name.values()):
        dock.setFloating(False)
        # WORKAROUND Qt 6.11: docks arranged a second time leave their tab bars
        # behind unless they were removed; it can go when no bar stays on screen.
        window.removeDockWidget(dock)
        docks.remove(dock.name)


def trade(window: QMainWindow, docks: Docks) -> None:
    """A ladder to the left, the account and the log beside it."""
    clear(window, docks)
    by_name = docks.by_name
    ladder, pnl, risk = by_name["ladder"], by_name["pnl"], by_name["risk"]
    orders, positions = by_name["orders"], by_name["positions"]
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, ladder)
    window.splitDockWidget(ladder, pnl, _ACROSS)
    window.splitDockWidget(pnl, orders, _DOWN)
    window.splitDockWidget(pnl, risk, _ACROSS)
    window.splitDockWidget(orders, positions, _DOWN)
    behind = (
        (orders, "fills"),
        (positions, "messages"),
        (pnl, "data"),
        (by_name["data"], "instruments"),
        (by_name["instruments"], "monitor"),
        (by_name["fills"], "watchlist"),
        (risk, "tape"),
    )
    for front, back in behind:
        window.tabifyDockWidget(front, by_name[back])
    placed = (ladder, pnl, risk, orders, positions, *(by_name[b] for _, b in behind))
    for dock in placed:
        dock.show()
    for dock in (pnl, orders, positions, risk):
        dock.raise_()
    window.resizeDocks([ladder, pnl, risk], [460, 680, 320], _ACROSS)
    window.resizeDocks([pnl, orders, positions], [420, 230, 150], _DOWN)
