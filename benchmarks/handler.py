"""A strategy's handlers: compiled in a process of its own, and loaded again.

Each round compiles a source that nobody compiled before (its name and its text say the
round), then loads it twice from the cache as a new import of the file. Counted is what
`prepare` takes until every handler has an address; of compiling also the processor time
of the process that does it, which other work on the machine does not lengthen.
"""

import os
import resource
import secrets
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from app.strategies.loader import load_file
from app.strategies.running import folder_of, prepare
from app.strategies.strategy import Strategy
from benchmarks import peer_data

ROUNDS: Final = 3
_LOADS: Final = 5


def _children() -> float:
    """Processor time of processes that ended, s."""
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


def run() -> dict[str, Any]:
    """Measure, and return the figures."""
    walls, processors, loads = [], [], []
    sources = {"reversion": peer_data.REVERSION, "maker": peer_data.MAKER}
    for number in range(ROUNDS):
        for name, source in sources.items():
            with tempfile.TemporaryDirectory() as made:
                path = Path(made) / f"{name}_{number}.py"
                path.write_text(f"{source}\n# {secrets.token_hex()}\n")
                before = _children()
                wall, cls = _ready(path)
                processors.append(_children() - before)
                walls.append(wall)
                loads += [_ready(path)[0] for _ in range(_LOADS)]
                shutil.rmtree(folder_of(cls))
    return {
        "strategies": [*sources],
        "load_average": round(os.getloadavg()[0], 2),
        "compile_s": min(walls),
        "compile_processor_s": min(processors),
        "load_ms": min(loads) * 1e3,
    }


if __name__ == "__main__":
    for title, figure in run().items():
        print(f"  {title:26} {figure}")
