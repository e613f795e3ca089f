"""The workspaces that ship: which panels they show, side by side, below, or as tabs.

An arrangement is data, so a new panel is placed by writing its name. Names of panels
that are not there are passed over.
"""

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow

from app.ui.docks import Docks
from app.ui.panel_dock import PanelDock

_ACROSS, _DOWN = Qt.Orientation.Horizontal, Qt.Orientation.Vertical


@dataclass(frozen=True, slots=True)
class Tabs:
    """Panels in one place, the first one in front."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """Parts side by side or one below the other, with their share of the room."""

    orientation: Qt.Orientation
    parts: tuple[tuple["Tabs | Split", int], ...]


@dataclass(frozen=True, slots=True)
class Shipped:
    """A workspace that ships.

    Attributes
    ----------
    name : str
    sentence : str
        What it is for; it says plainly what this version does not have.
    arrangement : Split
    """

    name: str
    sentence: str
    arrangement: Split


def tabs(*names: str) -> Tabs:
    """Panels in one place."""
    return Tabs(names)


def across(*parts: tuple[Tabs | Split, int]) -> Split:
    """Parts from left to right."""
    return Split(_ACROSS, parts)


def down(*parts: tuple[Tabs | Split, int]) -> Split:
    """Parts from top to bottom."""
    return Split(_DOWN, parts)


BACKTEST: Final = "Backtest"
"""The workspace that the mode of that name shows."""
REPLAY: Final = "Replay"
"""The workspace that is made for recordings."""
_RECORDS: Final = tabs("orders", "fills", "positions")
SHIPPED: Final = (
    Shipped(
        "Trade",
        "One instrument at hand: ladder, chart, account, orders",
        across(
            (tabs("ladder"), 32),
            (
                down(
                    (
                        across(
                            (
                                tabs(
                                    *("chart", "heatmap", "pnl", "data"),
                                    *("instruments", "monitor"),
                                ),
                                42,
                            ),
                            (tabs("ticket", "tape", "depth", "risk"), 26),
                        ),
                        47,
                    ),
                    (tabs("orders", "fills", "watchlist"), 20),
                    (tabs("positions", "messages", "alerts"), 13),
                ),
                68,
            ),
        ),
    ),
    Shipped(
        BACKTEST,
        "A strategy over recorded data: request, runs, and the report of the open run",
        across(
            (down((tabs("backtest", "sweep"), 60), (tabs("runs", "data"), 40)), 36),
            (
                down(
                    (tabs("summary", "equity", "returns", "execution"), 42),
                    (tabs("price"), 30),
                    (tabs("trades"), 28),
                ),
                64,
            ),
        ),
    ),
    Shipped(
        REPLAY,
        "A recording played: pause and pace are in the top bar; going back and single "
        "steps are not in this version",
        across(
            (tabs("ladder"), 30),
            (
                down(
                    (
                        across(
                            (tabs("heatmap", "chart", "pnl"), 46),
                            (tabs("tape", "depth"), 24),
                        ),
                        62,
                    ),
                    (tabs("data", *_RECORDS.names, "messages"), 38),
                ),
                70,
            ),
        ),
    ),
    Shipped(
        "Portfolio",
        "All that is held and earned, over every instrument",
        down(
            (across((tabs("pnl", "chart"), 60), (tabs("watchlist"), 40)), 52),
            (tabs("positions"), 24),
            (tabs("orders", "fills"), 24),
        ),
    ),
    Shipped(
        "Risk",
        "Limits and what they stand at, the kill switch, the program's own health",
        across(
            (tabs("risk"), 26),
            (
                down((tabs("pnl"), 40), (tabs("positions"), 25), (tabs("orders"), 35)),
                46,
            ),
            (down((tabs("monitor"), 60), (tabs("messages", "alerts"), 40)), 28),
        ),
    ),
)


def clear(window: QMainWindow, docks: Docks) -> None:
    """Take every dock out of the window; added panels are removed."""
    for dock in list(docks.by_name.values()):
        dock.setFloating(False)
        # WORKAROUND Qt 6.11: docks arranged a second time leave their tab bars
        # behind unless they were removed; it can go when no bar stays on screen.
        window.removeDockWidget(dock)
        docks.remove(dock.name)


def arrange(window: QMainWindow, docks: Docks, arrangement: Split) -> None:
    """Place the panels of an arrangement into an empty window."""
    root = _pruned(arrangement, docks)
    if root is not None:
        first = _first(root, docks)
        window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, first)
        _show(first)
        _place(window, docks, root)
        _proportion(window, docks, root)


def _pruned(node: Tabs | Split, docks: Docks) -> Tabs | Split | None:
    """Leave out panels that are not there, and what is empty then."""
    if isinstance(node, Tabs):
        names = tuple(name for name in node.names if docks.ensure(name) is not None)
        return Tabs(names) if names else None
    kept = ((_pruned(part, docks), share) for part, share in node.parts)
    parts = tuple((part, share) for part, share in kept if part is not None)
    return Split(node.orientation, parts) if parts else None


def _first(node: Tabs | Split, docks: Docks) -> PanelDock:
    while isinstance(node, Split):
        node = node.parts[0][0]
    return docks.by_name[node.names[0]]


def _place(window: QMainWindow, docks: Docks, node: Tabs | Split) -> None:
    first = before = _first(node, docks)
    if isinstance(node, Tabs):
        for name in node.names[1:]:
            window.tabifyDockWidget(before, docks.by_name[name])
            before = docks.by_name[name]
            _show(before)
        first.raise_()
        return
    for part, _ in node.parts[1:]:
        anchor = _first(part, docks)
        window.splitDockWidget(before, anchor, node.orientation)
        _show(anchor)
        before = anchor
    for part, _ in node.parts:
        _place(window, docks, part)


def _show(dock: PanelDock) -> None:
    """Show it where it was put: one that floated stays a window of its own else."""
    dock.setFloating(False)
    dock.show()


def _proportion(window: QMainWindow, docks: Docks, node: Tabs | Split) -> None:
    if isinstance(node, Split):
        anchors = [_first(part, docks) for part, _ in node.parts]
        is_across = node.orientation == _ACROSS
        room = window.width() if is_across else window.height()
        shares = [share * room // 100 for _, share in node.parts]
        window.resizeDocks(anchors, shares, node.orientation)
        for part, _ in node.parts:
            _proportion(window, docks, part)
