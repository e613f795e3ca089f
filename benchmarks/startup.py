"""From the command to a live ladder: compiling, cold and warm; and resident memory.

*first* compiles the engine into an empty cache; *warm* has everything in the page
cache, and Python's bytecode written, as the second start of an installation has. A
regression here is the wait before a trader can see anything.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path(__file__).parents[1]
_STARTS: Final = 5


def _run(*arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=_ROOT,
        env={**os.environ, **environment, "PYTHONDONTWRITEBYTECODE": ""},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def _start(folder: str, cache: str) -> dict[str, float]:
    module = "benchmarks.startup_probe"
    places = {"RINGSIDE_CACHE": cache, "PYTHONPYCACHEPREFIX": f"{folder}/bytecode"}
    lines = _run("-m", module, folder, **places).splitlines()
    figures: dict[str, float] = json.loads(lines[-1])
    return figures


def run(settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """Compile into an empty cache, then start the window several times."""
    with tempfile.TemporaryDirectory() as folder:
        cache = str(Path(folder, "cache"))
        begun = time.perf_counter()
        _run("-m", "app.engine.build", RINGSIDE_CACHE=cache)
        compiling = time.perf_counter() - begun
        _start(folder, cache)
        starts = [_start(folder, cache) for _ in range(_STARTS)]
    median = {key: statistics.median(s[key] for s in starts) for key in starts[0]}
    return {
        "compile_s": compiling,
        "window_warm_s": median["window_s"],
        "live_ladder_warm_s": median["live_s"],
        "live_ladder_of_reference": median["live_of_reference"],
        "live_ladder_processor_s": median["live_processor_s"],
        "million_additions_s": median["million_additions_s"],
        "live_ladder_first_s": compiling + median["live_s"],
        "resident_mb": median["resident_mb"],
        "resident_with_files_mb": median["resident_with_files_mb"],
        "starts": _STARTS,
        "cores": os.cpu_count(),
    }
