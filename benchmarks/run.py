"""Runs benchmarks and writes their figures."""

import importlib
import json
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from app.errors import RingsideError

MODULES: Final = {
    "ring": "a transfer between two threads",
    "book": "one record of market data into the book",
    "matching": "one message of the matching engine",
    "venue": "one record through the simulated venue",
    "risk": "all checks of the gate for one order",
    "latency": "event in the ring to order in the log, and click to log",
    "history": "one record into tape, flow and depth; bars and footprints by trade",
    "backtest": "one bar of a backtest, with a strategy and without; a bare loop",
    "peers": "a bar and a level event of a backtest, beside other backtesters",
    "handler": "handlers of a strategy: compiled in a process, loaded from the cache",
    "sweep": "a cell of a sweep, one thread and two; what it costs above its fold",
    "snapshot": "saving and restoring an arena",
    "log": "one append",
    "startup": "from the command to a live ladder, cold and warm; resident memory",
    "window": "the trading window, every panel open, under 200 k messages a second",
    "ladder": "one ladder's frame: read, made, painted, in a storm and as usual",
    "heatmap": "a column kept, pictures of a million of them, memory",
    "beside": "the window while a backtest, or a sweep, runs in it",
    "click": "a click on the ladder until its answer is painted",
    "tables": "blotters and panels of figures per frame, each alone and all of them",
    "frame": "the window's work per frame under 200 k events a second",
}
"""Benchmarks, and what each measures."""


def main(name: str | None = None, json_path: Path | None = None) -> int:
    """Run one benchmark, or all; print the figures and write them as JSON."""
    if name is not None and name not in MODULES:
        raise RingsideError(f"no benchmark {name!r}: there are {', '.join(MODULES)}")
    results: dict[str, Any] = {"machine": machine()}
    for each in MODULES if name is None else [name]:
        print(f"{each}: {MODULES[each]}", flush=True)
        figures = importlib.import_module(f"benchmarks.{each}").run()
        results[each] = figures
        _print(each, figures)
    if json_path is not None:
        json_path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


def machine() -> dict[str, Any]:
    """Describe where the figures were taken."""
    return {
        "python": sys.version.split()[0],
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.processor()


def _print(name: str, figures: Mapping[str, Any]) -> None:
    for key, value in figures.items():
        text = f"{value:,.4g}" if isinstance(value, float) else f"{value}"
        print(f"  {name}.{key:<36} {text}", flush=True)
