"""The trading window while a backtest runs in it, and while a sweep does.

The window that opens for everybody, on the built-in exchange at its usual pace, as
three things take turns: nothing else, a backtest of mean reversion over a million bars
that begins anew when it ends, and a sweep of crossing averages on all cores. Counted
are the window's work a frame and the time from frame to frame: a regression here is a
window that cannot be traded in while something is tried out.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from app.clock import SystemClock
from app.config import Settings
from app.sessions.session import Mode
from app.sweeps.axes import grid, parse_axis
from app.ui.main import application, sessions_of
from app.ui.main_window import MainWindow
from app.ui.models.sweep_form import Plan
from app.ui.shot_scene import has_market
from benchmarks.backtest import BARS, _walk, _write
from benchmarks.pace import million_additions_ms
from benchmarks.window import READY_S, WARM_UP_S, CpuTimes, live

ROUNDS = 3
TURN_S = 10.0
_CAPITAL = {"symbols": ["RSTK"], "initial_capital": 10_000_000}
REQUEST = {**_CAPITAL, "strategies": [{"id": "one", "name": "Mean Reversion"}]}
SWEPT = {**_CAPITAL, "strategies": [{"id": "one", "name": "SMA Cross"}]}
AXES = ("fast=2:41:1", "slow=42:91:2")


class Load:
    """What runs beside: nothing, backtests or sweeps, until it is told to stop."""

    def __init__(self, window: MainWindow) -> None:
        self._window, self._is_on = window, False
        self.ended = 0

    def backtests(self) -> None:
        self._is_on = True
        self._window.library.backtests.ended.connect(self._again)
        self._window.library.backtests.start(REQUEST)

    def sweep(self) -> None:
        axes = [parse_axis(each) for each in AXES]
        self._window.library.sweeps.start(Plan(SWEPT, axes, grid(axes), "sharpe"))

    def _again(self, *_: object) -> None:
        self.ended += 1
        if self._is_on:
            self._window.library.backtests.start(REQUEST)

    def stop(self) -> None:
        library = self._window.library
        if self._is_on:
            self._is_on = False
            library.backtests.ended.disconnect(self._again)
        for each in [*library.backtests.running]:
            each.cancel()
        if library.sweeps.running is not None:
            library.sweeps.running.cancel()
        live(
            READY_S,
            lambda: not library.backtests.running and not library.sweeps.running,
        )


def _turn(window: MainWindow, begin: Callable[[], None], load: Load) -> np.ndarray:
    """Work, interval and processor time of each frame of a turn, ms."""
    begin()
    live(1.0)
    window.bridge.frames = frames = CpuTimes()
    live(TURN_S)
    kept = np.arange(1, min(frames.count, len(frames.work)))
    found = np.stack([frames.work[kept], frames.interval[kept], frames.cpu[kept]]) / 1e6
    load.stop()
    return found


def run() -> dict[str, Any]:
    """Measure, and return the figures."""
    application()
    sys.setswitchinterval(0.0005)  # as the program does
    with TemporaryDirectory() as folder:
        _write(Path(folder), _walk(BARS))
        settings = Settings()
        data = Path(folder) / "catalog"
        paths = replace(settings.paths, data=data, logs=Path(folder) / "logs")
        settings = replace(settings, paths=paths)
        window = MainWindow(settings, sessions_of(settings), SystemClock())
        window.show()
        window.open(Mode.PAPER, "exchange")
        live(READY_S, until=lambda: has_market(window))
        live(WARM_UP_S)
        load = Load(window)
        turns = {
            "nothing": lambda: None,
            "backtests": load.backtests,
            "sweep": load.sweep,
        }
        kept: dict[str, list[np.ndarray]] = {name: [] for name in turns}
        for _ in range(ROUNDS):
            for name, begin in turns.items():
                kept[name].append(_turn(window, begin, load))
        window.close()
    figures: dict[str, Any] = {}
    for name, parts in kept.items():
        work, interval, cpu = np.concatenate(parts, axis=1)
        figures |= {
            f"{name}_frames_per_s": 1e3 / interval.mean(),
            f"{name}_interval_p99_ms": float(np.quantile(interval, 0.99)),
            f"{name}_work_p50_ms": float(np.median(work)),
            f"{name}_work_p99_ms": float(np.quantile(work, 0.99)),
            f"{name}_cpu_p99_ms": float(np.quantile(cpu, 0.99)),
        }
    figures |= {
        "backtests_ended": load.ended,
        "million_additions_ms": million_additions_ms(),
    }
    return figures


if __name__ == "__main__":
    for name, figure in run().items():
        print(f"  {name:26} {figure}")
