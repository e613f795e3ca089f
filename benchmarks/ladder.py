"""One ladder's frame, part by part: build, paint of what changed, paint of everything.

Views differ in every level from frame to frame, as in `frame`; the ladder has all its
columns and forty rows. Times are the thread's own, so that other work on the machine
does not count.
"""

import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from PySide6.QtWidgets import QApplication

from app.clock import SystemClock
from app.config import Settings
from app.engine.history.records import FLOW
from app.ui.items.ladder_view import LadderView
from app.ui.main import application
from app.ui.models.ladder import Surroundings, touch_index
from app.ui.models.ladder_build import build_frame
from app.ui.models.market import Market
from app.ui.models.orders import OwnOrders
from app.ui.theme import DARK
from benchmarks.frame import Storm

FRAMES: Final = 600
WIDTHS: Final = (460, 900)
_HEIGHT: Final = 800


def run(settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """Measure at each width."""
    application()
    return {f"{width}_px": _measure(width) for width in WIDTHS}


def _measure(width: int) -> dict[str, Any]:
    storm, market, orders = Storm(), Market(), OwnOrders()
    market.reset(storm.instruments)
    view = LadderView(DARK, 1.0, Settings().ui.ladder_rows, SystemClock())
    view.resize(width, _HEIGHT)
    view.show()
    random, listed = np.random.default_rng(1), market.listed[0]
    build, frame_work, full = [], [], []
    painted, whole, cells = [], [], []
    for _ in range(FRAMES):
        market.view = storm.view()
        orders.apply(storm.reports())
        touch = touch_index(market, listed)
        assert touch is not None
        view.follow(touch)
        flow = np.zeros(view.rows, FLOW)
        flow["price"] = listed.scale.prices(view.top - np.arange(view.rows))
        for name in ("sold", "bought", "bid_change", "ask_change", "volume"):
            flow[name] = random.integers(1, 3_000, view.rows)
        begun = time.thread_time_ns()
        frame = build_frame(
            market,
            listed,
            orders.working(0),
            view.top,
            view.rows,
            Surroundings(flow=flow),
        )
        built = time.thread_time_ns()
        view.show_frame(frame)
        QApplication.processEvents()
        build.append(built - begun)
        frame_work.append(time.thread_time_ns() - begun)
        painted.append(view.paint_ns)
        begun = time.thread_time_ns()
        view._picture._cells.fill(frame)  # noqa: SLF001
        cells.append(time.thread_time_ns() - begun)
        full.append(_timed(view.repaint_all))
        whole.append(view.paint_ns)
    rows, columns = view.rows, len(view._geometry.columns)  # noqa: SLF001
    view.close()
    return {
        "build_p50_ms": _median(build),
        "frame_p50_ms": _median(frame_work),
        "full_repaint_p50_ms": _median(full),
        "cells_p50_ms": _median(cells),
        "paint_p50_ms": _median(painted),
        "full_paint_p50_ms": _median(whole),
        "rows": rows,
        "columns": columns,
    }


def _timed(work: Callable[[], None]) -> int:
    begun = time.thread_time_ns()
    work()
    QApplication.processEvents()
    return time.thread_time_ns() - begun


def _median(times: list[int]) -> float:
    return float(np.median(times[60:])) / 1e6


if __name__ == "__main__":
    print(run())
