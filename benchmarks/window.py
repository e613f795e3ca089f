"""The whole trading window under a storm, as a person would leave it open.

A real session of the built-in exchange at 200,000 messages a second, every panel of
`PANELS` open at once, workers at the lowest priority on every core. Counted are the
window's own work a frame (drain and paint), the time from frame to frame, and memory
from the warm state to the end. A regression here is a window that stutters when it
matters, or one that cannot be left open.

``python -m benchmarks.window --seconds 600`` runs longer.
"""

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import psutil
from PySide6.QtCore import QEventLoop, QTimer

from app.clock import SystemClock
from app.config import Settings
from app.sessions.session import Mode
from app.ui.bridge import FrameTimes
from app.ui.main import application, sessions_of
from app.ui.main_window import MainWindow
from app.ui.panel_rows import BY_NAME
from app.ui.shot_scene import has_market

MESSAGES_PER_S = 200_000
PANELS = (
    *("ladder",) * 4,
    *("heatmap",) * 2,
    *("chart",) * 4,
    "tape",
    "depth",
    "watchlist",
    "orders",
    "fills",
    "positions",
    "pnl",
    "risk",
    "messages",
    "monitor",
)
SECONDS = 60
WARM_UP_S = 10
READY_S = 300


class CpuTimes(FrameTimes):
    """Frame times that also count the processor's time from one frame to the next.

    It holds all that the UI thread did in between, also outside of frames, and waiting
    for a core does not count: the figure that carries over from a crowded machine.
    """

    def __init__(self) -> None:
        super().__init__()
        self.cpu = np.zeros(len(self.work), np.int64)
        self._spent = time.thread_time_ns()

    def add(self, work: int, interval: int) -> None:
        spent = time.thread_time_ns()
        self.cpu[self.count % len(self.cpu)] = spent - self._spent
        self._spent = spent
        super().add(work, interval)


def _burn(stop: Any) -> None:
    """Keep a core busy at the lowest priority, with no thread but this one.

    A priority is a thread's own: those of a BLAS are started before it is lowered.
    """
    os.nice(19)
    numbers = np.random.default_rng(1).random(20_000)
    while not stop.is_set():
        numbers = np.sort(np.sin(numbers) + numbers[::-1])


def live(seconds: float, until: Any = lambda: False) -> None:
    """Let the window live for some seconds, or until something holds."""
    loop, end, poll = QEventLoop(), QTimer(), QTimer()
    end.setSingleShot(True)
    end.timeout.connect(loop.quit)
    poll.timeout.connect(lambda: loop.quit() if until() else None)
    end.start(round(seconds * 1000))
    poll.start(50)
    loop.exec()


def _open_all(window: MainWindow) -> list[str]:
    """Open every panel side by side, as windows of their own: all of them are seen."""
    opened = []
    for kind in PANELS:
        if kind not in BY_NAME:
            continue
        first = window.panels.ensure(kind)
        dock = window.panels.add(kind) if kind in opened else first
        assert dock is not None
        dock.show()
        dock.setFloating(True)
        dock.resize(520, 640)
        opened.append(kind)
    return opened


def _reference_ms() -> float:
    """A million additions in Python: how fast this machine is just now."""
    start = time.thread_time()
    total = 0
    for i in range(1_000_000):
        total += i
    return (time.thread_time() - start) * 1e3


@contextmanager
def opened_window(messages_per_s: int) -> Iterator[tuple[MainWindow, list[str]]]:
    """Give the window with every panel open, on a live built-in exchange."""
    with TemporaryDirectory() as folder:
        settings = Settings()
        paths = replace(settings.paths, data=Path(folder), logs=Path(folder) / "logs")
        exchange = replace(settings.exchange, messages_per_s=messages_per_s)
        settings = replace(settings, paths=paths, exchange=exchange)
        window = MainWindow(settings, sessions_of(settings), SystemClock())
        window.show()
        window.open(Mode.PAPER, "exchange")
        live(READY_S, until=lambda: has_market(window))
        try:
            yield window, _open_all(window)
        finally:
            window.close()


def measure(seconds: float = SECONDS) -> dict[str, Any]:
    """Run the window for some seconds and return its figures."""
    application()
    sys.setswitchinterval(0.0005)  # as the program does
    stop = multiprocessing.get_context("spawn").Event()
    burners = [
        multiprocessing.get_context("spawn").Process(target=_burn, args=(stop,))
        for _ in range(os.cpu_count() or 1)
    ]
    with opened_window(MESSAGES_PER_S) as (window, opened):
        for each in burners:
            each.start()
        try:
            return _figures(window, opened, seconds)
        finally:
            stop.set()
            for each in burners:
                each.join()


def _figures(window: MainWindow, opened: list[str], seconds: float) -> dict[str, Any]:
    live(WARM_UP_S)
    bridge, process = window.bridge, psutil.Process()
    bridge.frames = frames = CpuTimes()
    before = process.memory_info()
    kept: list[np.ndarray] = []
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        start = frames.count
        live(5.0)
        count = min(frames.count - start, len(frames.work))
        at = np.arange(frames.count - count, frames.count) % len(frames.work)
        kept.append(np.stack([frames.work[at], frames.interval[at], frames.cpu[at]]))
    after = process.memory_info()
    works, intervals, cpu = np.concatenate(kept, axis=1)[:, 1:] / 1e6
    return {
        "work_p50_ms": float(np.median(works)),
        "work_p99_ms": float(np.quantile(works, 0.99)),
        "work_worst_ms": float(works.max()),
        "cpu_p50_ms": float(np.median(cpu)),
        "cpu_p99_ms": float(np.quantile(cpu, 0.99)),
        "interval_p50_ms": float(np.median(intervals)),
        "interval_p99_ms": float(np.quantile(intervals, 0.99)),
        "frames_per_s": frames.count / seconds,
        "events_per_s": bridge.events_per_s,
        "resident_mb_before": before.rss / 1e6,
        "resident_mb_growth": (after.rss - before.rss) / 1e6,
        "private_mb_before": (before.rss - before.shared) / 1e6,
        "private_mb_growth": ((after.rss - after.shared) - (before.rss - before.shared))
        / 1e6,
        "panels": len(opened),
        "kinds": " ".join(opened),
        "seconds": seconds,
        "million_additions_ms": _reference_ms(),
    }


def run() -> dict[str, Any]:
    return measure()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=SECONDS)
    for name, figure in measure(parser.parse_args().seconds).items():
        print(f"  {name:26} {figure}")
