"""Acquire and release: they are emitted, they hold, and plain ones do not."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from numba import types

from app.engine.atomics import load_acquire, pause, store_release
from app.engine.compile import entry, kernel
from app.engine.memory import words

SPINNING = Path(__file__).with_name("spinning.py")


def optimised(function, arguments):
    """LLVM's code for a kernel after its passes."""
    compiled = kernel(function).real
    compiled.compile((types.int64,) * arguments)
    (code,) = compiled.inspect_llvm().values()
    return code


def spin(how):
    """Run one of the loops in a process of its own: "seen" or "stuck"."""
    done = subprocess.run(
        [sys.executable, str(SPINNING), how],
        env=os.environ | {"PYTHONPATH": str(SPINNING.parents[2])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_loop_with_acquire_loads_sees_another_threads_store():
    assert spin("acquire") == "seen"


def test_a_loop_with_plain_loads_never_sees_another_threads_store():
    """Why atomics exist here: LLVM hoists the load, and the loop hangs for ever."""
    assert spin("plain") == "stuck"


def test_the_load_is_an_acquire_and_the_store_a_release():
    def load(cell):
        return load_acquire(cell)

    def store(cell, value):
        store_release(cell, value)

    assert "load atomic i64" in optimised(load, 1)
    assert " acquire, align 8" in optimised(load, 1)
    assert "store atomic i64" in optimised(store, 2)
    assert " release, align 8" in optimised(store, 2)


def test_every_acquire_load_of_a_loop_stays():
    def twice(cell):
        return load_acquire(cell) + load_acquire(cell)

    assert optimised(twice, 1).count("load atomic i64") == 2


def test_pause_is_no_more_than_a_hint():
    def spin_once(cell):
        pause()
        return cell

    compiled = kernel(spin_once)

    assert compiled(7) == 7


@entry
def store_pairs(cell: int, count: int, _c: int) -> int:
    """Write a payload, then release its number, which the other side awaits."""
    payload = words(cell + 256, 8)
    for number in range(1, count + 1):
        while load_acquire(cell + 128) != number - 1:
            pause()
        for i in range(8):
            payload[i] = number * (i + 1)
        store_release(cell, number)
    return count


@entry
def check_pairs(cell: int, count: int, _c: int) -> int:
    """Acquire each number and check its payload; the first that is wrong, else 0."""
    payload = words(cell + 256, 8)
    for number in range(1, count + 1):
        while load_acquire(cell) != number:
            pause()
        for i in range(8):
            if payload[i] != number * (i + 1):
                return number
        store_release(cell + 128, number)
    return 0


@pytest.mark.threads
def test_what_was_written_before_a_release_is_seen_after_the_acquire():
    count = 200_000
    cells = np.zeros(64, np.int64)
    address = cells.ctypes.data

    thread = threading.Thread(target=store_pairs, args=(address, count))
    thread.start()
    wrong = check_pairs(address, count)
    thread.join()

    assert wrong == 0
    assert cells[0] == cells[16] == count


@pytest.mark.parametrize("value", [0, 1, -1, 2**63 - 1, -(2**63)])
def test_any_int64_is_stored_and_loaded(value):
    def store(cell, value):
        store_release(cell, value)
        return load_acquire(cell)

    cells = np.full(3, 7, np.int64)

    assert kernel(store)(cells.ctypes.data + 8, value) == value
    assert cells.tolist() == [7, value, 7]
