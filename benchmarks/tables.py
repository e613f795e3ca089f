"""The panels of rows and figures: what each, and all of them, take of a frame.

The window with no other panel, 300 own orders, ten thousand fills before the first
measured frame, four reports a frame, and views in which every price and every P&L
differs. Times are the thread's own, so that other work on the machine does not count;
`of_reference` is their p99 as a part of a million additions in Python, which carries
over to other machines. `asks_for_layout` counts the requests that reached any window:
one makes all docks lay themselves out. A regression here takes the ladder its frame.
"""

import os
import time
from collections.abc import Iterable
from typing import Any, Final

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QWidget

from app.clock import SystemClock
from app.config import Settings
from app.engine.records import REPORT, OrderStatus, ReportType
from app.sessions.session import Mode
from app.ui.main import application
from app.ui.main_window import MainWindow
from app.ui.opening import Sessions
from benchmarks.frame import Storm
from benchmarks.pace import million_additions_ms

TABLES: Final = (
    "orders",
    "fills",
    "positions",
    "watchlist",
    "pnl",
    "risk",
    "messages",
    "monitor",
)
OWN_ORDERS: Final = 300
FILLS: Final = 10_000
FRAMES: Final = 720
_ALONE: Final = 360
_WARM_UP: Final = 60
_LIVE: Final = 4


class Trader(Storm):
    """A storm in which one trades: what was done before comes in the first frame."""

    _is_begun = False

    def _walk(self) -> np.ndarray:
        views = super()._walk()
        steps = self._random.integers(-(10**9), 10**9, len(views))
        views["realised"], views["unrealised"] = 10**10, np.cumsum(steps)
        for name in ("realised", "unrealised", "fees", "exposure"):
            steps = self._random.integers(0, 10**9, (len(views), len(self.instruments)))
            views["instrument"][name][:, : len(self.instruments)] = steps
        views["histogram"] = np.cumsum(
            self._random.integers(0, 50, (len(views), 64)), 0
        )
        return views

    def reports(self) -> Any:
        """Return this frame's reports."""
        if self._is_begun:
            return self._some(np.arange(_LIVE) + self._cycle)
        self._is_begun = True
        every = self._some(np.arange(FILLS))
        every["report"] = ReportType.FILL
        return every

    def _some(self, numbers: np.ndarray) -> np.ndarray:
        made, ids = np.zeros(len(numbers), REPORT), numbers % OWN_ORDERS
        self._cycle += len(numbers)
        side = np.where(ids % 2, 1, -1)
        made["report"] = np.where(numbers % 2, ReportType.FILL, ReportType.REPLACED)
        made["status"] = np.where(ids % 3, OrderStatus.NEW, OrderStatus.FILLED)
        made["client_order_id"] = ids + 1
        made["instrument"] = ids % len(self.instruments)
        made["side"], made["order_type"] = side, 1
        made["quantity"], made["leaves"], made["filled"] = 10, 4, 6
        made["price"] = made["last_price"] = 17_000 - side * (2 + ids % 40)
        made["last_quantity"] = 1 + numbers % 7
        made["liquidity"] = np.where(numbers % 3, 1, -1)
        made["ts_received"] = self._now() + numbers
        return made

    def _now(self) -> int:
        return int(self._views[self._frame % len(self._views)]["now"]) or 1


class LayoutRequests(QObject):
    """Counts requests for a layout that came up to a window."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def eventFilter(  # noqa: N802 - Qt's name
        self, watched: QObject, event: QEvent
    ) -> bool:
        is_request = event.type() == QEvent.Type.LayoutRequest
        self.count += is_request and isinstance(watched, QWidget) and watched.isWindow()
        return False


def open_window() -> MainWindow:
    """A window on a trader's storm, none of its panels open."""
    sessions = Sessions(lambda *_: Trader(), list, frozenset({Mode.PAPER}))
    window = MainWindow(Settings(), sessions, SystemClock())
    window.show()
    window.bridge.attach(Trader())
    window.bridge.pause()
    for name in list(window.panels.hosts()):
        dock = window.panels.ensure(name)
        if dock is not None:
            dock.hide()
    return window


def show_only(window: MainWindow, kinds: Iterable[str]) -> None:
    """Show these panels as windows of their own, and no other table."""
    for kind in TABLES:
        dock = window.panels.ensure(kind)
        assert dock is not None
        if kind in kinds:
            dock.show()
            dock.setFloating(True)
            dock.resize(760, 420)
        else:
            dock.hide()
    QApplication.processEvents()


def times(window: MainWindow, frames: int) -> np.ndarray:
    """The thread's own time of each frame, drained and painted, ms."""
    taken = np.zeros(_WARM_UP + frames)
    for i in range(len(taken)):
        begun = time.thread_time_ns()
        window.bridge.frame()
        QApplication.processEvents()
        taken[i] = (time.thread_time_ns() - begun) / 1e6
    return taken[_WARM_UP:]


def run(settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """Measure an empty window, each panel alone, and all of them."""
    app = application()
    window = open_window()
    reference = million_additions_ms()
    show_only(window, ())
    empty = times(window, _ALONE)
    found: dict[str, Any] = {"none_p50_ms": float(np.median(empty))}
    found["none_p99_ms"] = float(np.quantile(empty, 0.99))
    for kind in TABLES:
        show_only(window, (kind,))
        alone = times(window, _ALONE)
        found[f"{kind}_mean_ms"] = float(alone.mean() - empty.mean())
        found[f"{kind}_p99_ms"] = float(np.quantile(alone, 0.99) - np.median(empty))
    show_only(window, TABLES)
    times(window, _WARM_UP)
    asked = LayoutRequests()
    app.installEventFilter(asked)
    every = times(window, FRAMES)
    app.removeEventFilter(asked)
    p99 = float(np.quantile(every, 0.99) - np.median(empty))
    found["all_mean_ms"] = float(every.mean() - empty.mean())
    found["all_p99_ms"] = p99
    found["asks_for_layout"] = asked.count
    reference = (reference + million_additions_ms()) / 2
    found |= {
        "of_reference": p99 / reference,
        "million_additions_ms": reference,
        "own_orders": OWN_ORDERS,
        "fills": FILLS,
        "frames": FRAMES,
    }
    window.close()
    return found


if __name__ == "__main__":
    for name, figure in run().items():
        print(f"  {name:26} {figure}")
