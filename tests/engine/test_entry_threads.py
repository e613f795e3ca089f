"""Entries that several threads call first."""

import subprocess
import sys

import pytest

FIRST = """
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from app.engine import gate, strategy_calls
from app.engine.compile import Entry

entries = [each for each in vars(gate).values() if isinstance(each, Entry)]
together = Barrier(4)


def first(_number):
    together.wait()
    return [each.address for each in entries]


with ThreadPoolExecutor(4) as pool:
    found = list(pool.map(first, range(4)))
assert len(entries) > 5
assert all(each == found[0] for each in found)
print("one address each")
"""


@pytest.mark.slow
def test_threads_that_call_an_entry_first_load_it_once() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert done.stdout.split("\n")[0] == "one address each", done.stderr
