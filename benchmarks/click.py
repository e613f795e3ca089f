"""From a click on the ladder to its answer on the screen, with real mouse events.

The real window on the built-in exchange, offscreen. A limit order is clicked far below
the market; counted is the time, and the frames, until the frame that has the venue's
acceptance is painted. Then everything is cancelled, and so on. A regression here is a
trader who clicks twice because nothing seemed to happen.
"""

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from app.clock import SystemClock
from app.config import Settings
from app.engine.records import ReportType, SafetyState
from app.sessions.session import Mode
from app.ui.items.ladder_geometry import Column
from app.ui.main import application, sessions_of
from app.ui.main_window import MainWindow
from app.ui.shot_scene import has_market
from benchmarks.window import live

CLICKS = 100
_READY_S = 300
_STEP_S = 5
_PRESS, _RELEASE = QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease


class _Answer:
    """Waits for the acceptance of the next order, and for the paint that follows."""

    def __init__(self, window: MainWindow) -> None:
        self.is_here = False
        self.frame = 0
        self._bridge = window.bridge
        self._bridge.reports_arrived.connect(self._on_reports)

    def _on_reports(self, reports: Any) -> None:
        if not self.is_here and np.any(reports["report"] == ReportType.NEW):
            self.is_here = True
            self.frame = self._bridge.frames.count

    def is_painted(self) -> bool:
        """Whether the frame that brought it has been painted."""
        return self.is_here and self._bridge.frames.count > self.frame


def _click(view: Any, row: int) -> None:
    place = view.cell_centre(row, Column.BID)
    spot, left = QPointF(place), Qt.MouseButton.LeftButton
    for kind, held in ((_PRESS, left), (_RELEASE, Qt.MouseButton.NoButton)):
        event = QMouseEvent(
            kind,
            spot,
            view.mapToGlobal(spot),
            left,
            held,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(view, event)


def _clicked(window: MainWindow, answer: _Answer, row: int) -> tuple[float, int]:
    """Click once; ms and frames until the answer is painted."""
    view = window.ladder().view  # type: ignore[union-attr]
    answer.is_here = False
    first, begun = window.bridge.frames.count, time.perf_counter()
    _click(view, row)
    ends = time.monotonic() + _STEP_S
    while not answer.is_painted():
        QApplication.processEvents()
        if time.monotonic() > ends:
            raise RuntimeError("a click was not answered within 5 s")
    return (time.perf_counter() - begun) * 1e3, window.bridge.frames.count - first


def measure(clicks: int = CLICKS) -> dict[str, Any]:
    """Click so many times, and return the figures."""
    application()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings()
        paths = replace(settings.paths, data=Path(folder), logs=Path(folder) / "logs")
        settings = replace(settings, paths=paths)
        window = MainWindow(settings, sessions_of(settings), SystemClock())
        window.show()
        window.open(Mode.PAPER, "exchange")
        live(_READY_S, until=lambda: has_market(window))
        window.commands.run("safety.armed")
        live(_STEP_S, until=lambda: _is_armed(window))
        answer, found = _Answer(window), []
        rows = window.ladder().view.rows  # type: ignore[union-attr]
        try:
            for number in range(clicks):
                found.append(_clicked(window, answer, rows - 1 - number % 4))
                window.commands.run("trade.cancel_all")
                live(_STEP_S, until=lambda: not len(window.desk.orders.working()))
                live(0.3)
        finally:
            window.close()
    ms, frames = (np.array(each) for each in zip(*found, strict=True))
    return {
        "clicks": clicks,
        "click_to_paint_p50_ms": float(np.median(ms)),
        "click_to_paint_p99_ms": float(np.quantile(ms, 0.99)),
        "frames_p50": float(np.median(frames)),
        "frames_most": int(frames.max()),
    }


def _is_armed(window: MainWindow) -> bool:
    return window.desk.market.safety_state is SafetyState.ARMED


def run() -> dict[str, Any]:
    """Measure, and return the figures."""
    return measure()


if __name__ == "__main__":
    for name, figure in run().items():
        print(f"  {name:26} {figure}")
