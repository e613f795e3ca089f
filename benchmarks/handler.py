"""A strategy's handlers: compiled by another process, and loaded again.

Each round compiles a source that nobody compiled before (its name and its text say the
round): once by a process of its own, which loads the compiler, and once by a child of
the compiler that stays (Linux); then it is loaded twice from the cache as a new import
of the file. Counted is what `prepare` takes until every handler has an address; of
compiling also the processor time of the process that does it, which other work on the
machine does not lengthen, in million additions of Python timed in the same round.
"""

import os
import resource
import secrets
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from app.strategies import compiling
from app.strategies.loader import load_file
from app.strategies.running import folder_of, prepare
from app.strategies.strategy import Strategy
from benchmarks import peer_data
from benchmarks.pace import million_additions_ms

ROUNDS: Final = 3
_LOADS: Final = 5
_LOADED_S: Final = 600.0
_WAYS: Final = ("alone", "staying")


def _children(pid: int) -> float:
    """Processor time of a process's children that have ended, s; 0 = of this one's."""
    if pid:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks = int(words[13]) + int(words[14])
        return ticks / float(os.sysconf("SC_CLK_TCK"))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _ready(path: Path) -> tuple[float, type[Strategy]]:
    cls = load_file(path)
    begun = time.perf_counter()
    runnable = prepare(cls)
    assert runnable.is_compiled, runnable.reason
    for handler in (*runnable.handlers.values(), runnable.opening):
        assert handler.address
    return time.perf_counter() - begun, cls


def _keep(way: str) -> int:
    """Let strategies be compiled one way or the other; the process that stays, or 0."""
    if way == "alone":
        compiling.release_compiler()
        return 0
    compiling.keep_compiler()
    return compiling.compiler_pid(_LOADED_S)


def run() -> dict[str, Any]:
    """Measure, and return the figures."""
    figures: dict[str, list[float]] = {}
    sources = {"reversion": peer_data.REVERSION, "maker": peer_data.MAKER}
    for _ in range(ROUNDS):
        for way in _WAYS if hasattr(os, "memfd_create") else _WAYS[:1]:
            _round(way, _keep(way), sources, figures)
    compiling.release_compiler()
    kept = {name: min(values) for name, values in figures.items()}
    kept["load_ms"] *= 1e3
    return {
        "strategies": [*sources],
        "load_average": round(os.getloadavg()[0], 2),
        **{name: round(value, 3) for name, value in kept.items()},
    }


def _round(
    way: str, pid: int, sources: dict[str, str], figures: dict[str, list[float]]
) -> None:
    """Compile each of the strategies once, and load it."""
    walls, processors = [], []
    unit = million_additions_ms() / 1e3
    for name, source in sources.items():
        with tempfile.TemporaryDirectory() as made:
            path = Path(made) / f"{name}.py"
            path.write_text(f"{source}\n# {secrets.token_hex()}\n")
            before = _children(pid)
            wall, cls = _ready(path)
            walls.append(wall)
            processors.append(_children(pid) - before)
            loads = [_ready(path)[0] for _ in range(_LOADS)]
            figures.setdefault("load_ms", []).extend(loads)
            shutil.rmtree(folder_of(cls))
    unit = (unit + million_additions_ms() / 1e3) / 2
    mean = sum(walls) / len(walls)
    figures.setdefault(f"{way}_compile_s", []).append(mean)
    processor = sum(processors) / len(processors)
    figures.setdefault(f"{way}_processor_s", []).append(processor)
    figures.setdefault(f"{way}_million_additions", []).append(processor / unit)


if __name__ == "__main__":
    for title, figure in run().items():
        print(f"  {title:26} {figure}")
