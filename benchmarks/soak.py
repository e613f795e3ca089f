"""The window left open: its memory over an hour of market and trading, and a picture.

Every panel of `benchmarks/window.py` is open on a live built-in exchange, and an order
at the market goes out each second, bought and sold in turn. Every ten seconds are taken
the pages of memory that are not of files (`/proc/self/smaps_rollup`), those of files,
and the C heap in use. A regression here is a window that must be started again at noon.

``python -m benchmarks.soak --seconds 3600 --picture memory.png --json memory.json``
"""

import argparse
import ctypes
import json
import sys
import time
from pathlib import Path
from typing import Any

import pyqtgraph as pg
from pyqtgraph.exporters import ImageExporter

from app.engine.records import BUY, SELL, SafetyState
from app.ui.main import application
from app.ui.main_window import MainWindow
from app.ui.models import requests
from benchmarks.window import live, opened_window

EVERY_S = 10
MESSAGES_PER_S = 50_000
_SETTLED = 6
"""Samples left out of the figures: tables and bars fill in the first minute."""


class _Heap(ctypes.Structure):
    """`struct mallinfo2` of glibc 2.33."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in [
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        ]
    ]


def _sample() -> dict[str, float]:
    """Megabytes of anonymous and file-backed pages and of the heap in use."""
    kilobytes = {}
    for line in Path("/proc/self/smaps_rollup").read_text("ascii").splitlines()[1:]:
        name, size, _ = line.split()
        kilobytes[name.rstrip(":")] = int(size)
    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = _Heap
    heap = mallinfo2()
    return {
        "anonymous_mb": kilobytes["Anonymous"] / 1024,
        "files_mb": (kilobytes["Rss"] - kilobytes["Anonymous"]) / 1024,
        "heap_mb": (heap.uordblks + heap.hblkhd) / 2**20,
    }


def _trade(window: MainWindow, turn: int) -> None:
    order = requests.new_order(
        window.context.now(),
        instrument=turn // 2 % 3,
        client_order_id=window.bridge.next_order_id(),
        side=SELL if turn % 2 else BUY,
        quantity=1,
    )
    window.bridge.send(order)


def samples(seconds: float, messages_per_s: int) -> tuple[list[dict[str, float]], int]:
    """Let the window live; return what was taken and how many fills it has seen."""
    application()
    sys.setswitchinterval(0.0005)  # as the program does
    taken: list[dict[str, float]] = []
    with opened_window(messages_per_s) as (window, _):
        window.context.trading.set_state(SafetyState.ARMED)
        start, turn = time.monotonic(), 0
        while (passed := time.monotonic() - start) < seconds:
            for _ in range(EVERY_S):
                _trade(window, turn)
                turn += 1
                live(1.0)
            taken.append({"minute": passed / 60, **_sample()})
            print(" ".join(f"{k} {v:.1f}" for k, v in taken[-1].items()), flush=True)
        return taken, len(window.desk.fills)


def draw(taken: list[dict[str, float]], path: Path) -> None:
    """Write a picture of the samples: megabytes over minutes."""
    plot = pg.PlotWidget(background="#14171c")
    plot.resize(900, 420)
    plot.addLegend(offset=(-10, 10))
    plot.setLabel("bottom", "minutes")
    plot.setLabel("left", "MB")
    plot.setYRange(0, 1.1 * max(each["files_mb"] for each in taken))
    minutes = [each["minute"] for each in taken]
    for key, name, colour in (
        ("files_mb", "pages of files (the system may take them back)", "#8a93a0"),
        ("anonymous_mb", "pages of its own", "#4ea1ff"),
        ("heap_mb", "of these, C heap in use", "#ffb454"),
    ):
        plot.plot(
            minutes, [each[key] for each in taken], pen=pg.mkPen(colour), name=name
        )
    ImageExporter(plot.plotItem).export(str(path))


def measure(seconds: float, messages_per_s: int) -> tuple[dict[str, Any], list[Any]]:
    """Return the figures of a run, and its samples."""
    taken, fills = samples(seconds, messages_per_s)
    rest = taken[_SETTLED:] or taken
    third = max(1, len(rest) // 3)
    figures: dict[str, Any] = {"seconds": seconds, "fills": fills}
    for key in ("anonymous_mb", "heap_mb", "files_mb"):
        for name, part in (("first", rest[:third]), ("last", rest[-third:])):
            figures[f"{key}_{name}_third"] = sum(x[key] for x in part) / len(part)
    return figures, taken


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--messages", type=int, default=MESSAGES_PER_S)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    result, rows = measure(given.seconds, given.messages)
    if given.json:
        text = json.dumps({"figures": result, "samples": rows}, indent=1)
        given.json.write_text(text, encoding="utf-8")
    if given.picture:
        draw(rows, given.picture)
    for what, figure in result.items():
        print(f"  {what:26} {figure}")
