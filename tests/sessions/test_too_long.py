"""What took too long leaves Python as it was."""

import subprocess
import sys
from pathlib import Path

_LATE = """
import sys
import time

from app.errors import StrategyError
from app.strategies.slips import ending_within

naps = lambda: [time.sleep(0.3) for _ in iter(int, 1)]
for wait in (naps, lambda: [0 for _ in iter(int, 1)]):
    try:
        with ending_within("its lines", 0.1):
            wait()
    except StrategyError as error:
        print(error)

counted = []
sys.setprofile(lambda *event: counted.append(event[1]))
str.upper("a")
(lambda: 0)()
sys.setprofile(None)
print("call" in counted)
"""


def test_a_call_under_a_profiler_begins_after_something_took_too_long() -> None:
    """In a process of its own: where it fails, no signal can end it."""
    done = subprocess.run(
        [sys.executable, "-c", _LATE],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        timeout=240,
        check=False,
    )

    late = "its lines did not end within 0.1 s"
    assert done.stdout.splitlines() == [late, late, "True"], done.stderr
