"""Any bytes in any record: nothing crashes, and the orders stay sound."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_UNITS = (  # what fuzzing.py calls; another would be compiled there, later
    "app.engine.gate",
    "app.engine.book",
    "app.engine.venue.simulated",
    "app.engine.exchange.unit",
    "app.engine.kernel",
    "app.engine.venue.external",
    "app.engine.ring",
)


@pytest.mark.slow
@pytest.mark.timeout(1200)  # compiles most of the engine anew
@pytest.mark.parametrize("seed", [1, 2])
def test_random_records_crash_nothing(seed):
    """With every index checked: a wrong one is an error and not a silent write."""
    checked = {**os.environ, "PYTHONPATH": str(_ROOT), "RINGSIDE_BOUNDSCHECK": "1"}
    build = [sys.executable, "-m", "app.engine.build", *_UNITS]
    subprocess.run(build, cwd=_ROOT, env=checked, check=True, timeout=1100)
    done = subprocess.run(
        [
            sys.executable,
            str(Path(__file__).with_name("fuzzing.py")),
            str(seed),
            "4000",
        ],
        env=checked,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    # Counted: to explain `in` over so much text takes pytest an hour.
    assert done.stderr.count("Exception ignored") == 0, done.stderr[-4000:]
    assert len(done.stdout.splitlines()) == 3
