"""The peers' benchmarks, where they are at hand: their workloads and their scripts.

They lie beside the repository, in ``../shared/peers``, or where RINGSIDE_SHARED points
(the folder that holds ``peers``); they do not ship. Their data modules need numpy
alone (ticks: numba as well) and are loaded from there; their scripts run in
environments of their own below PEERS_HOME.
"""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from app.errors import RingsideError

_BESIDE: Final = Path(__file__).resolve().parents[2] / "shared"


def peers_folder() -> Path:
    """The folder of the peers' benchmarks, whether it exists or not."""
    return Path(os.environ.get("RINGSIDE_SHARED", _BESIDE)) / "peers"


def workload(name: str) -> ModuleType:
    """Load the module that defines a workload: ``bars_data``, ``ticks_data``.

    Raises
    ------
    RingsideError
        If the folder is not there; the message names it.
    """
    folder = peers_folder()
    if not (folder / f"{name}.py").exists():
        raise RingsideError(
            f"the peers' benchmarks are not at hand: {folder / name}.py does not "
            "exist (set RINGSIDE_SHARED to the folder that holds `peers`)"
        )
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    return importlib.import_module(name)


def interpreter(environment: str) -> Path | None:
    """Python of a peer's environment (``vbt``, ``hft``); None where there is none."""
    home = os.environ.get("PEERS_HOME")
    if not home:
        return None
    python = Path(home) / "venv" / environment / "bin" / "python"
    return python if python.exists() else None


def ran(python: Path, script: str, *arguments: str) -> dict[str, Any]:
    """Run a peer's script in a process of its own; the JSON line that it prints.

    Raises
    ------
    RingsideError
        If it fails; the message has the end of what it said.
    """
    done = subprocess.run(
        [str(python), script, *arguments],
        cwd=peers_folder(),
        capture_output=True,
        text=True,
        check=False,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        | {"PYTHONDONTWRITEBYTECODE": "1"},
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        raise RingsideError(f"{script} failed: {done.stderr.strip()[-500:]}")
    found: dict[str, Any] = json.loads(lines[-1])
    return found
