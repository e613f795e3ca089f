"""The whole trading window under a storm, as a person would leave it open.

A real session of the built-in exchange at 200,000 messages a second, every panel of
`PANELS` open at once, workers at the lowest priority on every core. Counted are the
window's own work a frame (drain and paint), the time from frame to frame, memory from
the warm state to the end, and messages: those shown and those that found no room. A
regression here is a window that stutters when it matters, or one that cannot be left
open.

``python -m benchmarks.window --seconds 600`` runs longer; it prints one JSON object.
"""

import argparse
import json
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
from benchmarks.pace import million_additions_ms

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


def _counts(window: MainWindow) -> dict[str, int]:
    """Market records that were shown so far, and what found no room on its way.

    Views are conflated: one that is skipped is no loss, for the next one has it all.
    """
    session, view = window.bridge.session, window.desk.market.view
    if session is None or view is None:
        return {}
    counts = {
        f"{'skipped' if each.name.endswith('views') else 'lost'}, {each.name}": (
            each.dropped
        )
        for each in session.rings()
    }
    counts["lost, not logged"] = session.status().unlogged
    counts["shown"] = int(view["market_records"])
    return counts


def _memory(process: psutil.Process) -> tuple[float, float]:
    """Resident memory, and what of it is the process's own, MB."""
    info = process.memory_info()
    return info.rss / 1e6, (info.rss - info.shared) / 1e6


def _quantiles(name: str, times: np.ndarray) -> dict[str, float]:
    """Of durations in ns, in ms."""
    return {
        f"{name}_p50_ms": float(np.median(times)) / 1e6,
        f"{name}_p99_ms": float(np.quantile(times, 0.99)) / 1e6,
        f"{name}_worst_ms": float(times.max()) / 1e6,
    }


def _figures(window: MainWindow, opened: list[str], seconds: float) -> dict[str, Any]:
    live(WARM_UP_S)
    bridge, process = window.bridge, psutil.Process()
    load, pace = os.getloadavg()[0], million_additions_ms()
    bridge.frames = frames = CpuTimes()
    counted, memory = _counts(window), [_memory(process)]
    kept: list[np.ndarray] = []
    begun = time.monotonic()
    while time.monotonic() < begun + seconds:
        start = frames.count
        live(5.0)
        count = min(frames.count - start, len(frames.work))
        at = np.arange(frames.count - count, frames.count) % len(frames.work)
        kept.append(np.stack([frames.work[at], frames.interval[at], frames.cpu[at]]))
        memory.append(_memory(process))
    took, since = time.monotonic() - begun, _counts(window)
    works, intervals, cpu = np.concatenate(kept, axis=1)[:, 1:]
    messages = {name: each - counted.get(name, 0) for name, each in since.items()}
    (resident, private), (resident_end, private_end) = memory[0], memory[-1]
    return {
        **_quantiles("work", works),
        **_quantiles("cpu", cpu),
        **_quantiles("interval", intervals),
        "frames": frames.count,
        "frames_per_s": frames.count / took,
        "messages": messages,
        "messages_shown_per_s": messages.get("shown", 0) / took,
        "resident_mb_begin": resident,
        "resident_mb_end": resident_end,
        "private_mb_begin": private,
        "private_mb_end": private_end,
        "private_mb_most": max(each for _, each in memory),
        "panels": len(opened),
        "kinds": " ".join(opened),
        "seconds": took,
        "load_begin": load,
        "load_end": os.getloadavg()[0],
        "million_additions_ms": (pace + million_additions_ms()) / 2,
    }


def run() -> dict[str, Any]:
    return measure()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=SECONDS)
    print(json.dumps(measure(parser.parse_args().seconds), indent=2))
