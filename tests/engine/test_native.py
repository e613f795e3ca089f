"""What comes from the operating system."""

import errno
import mmap
import os
import select
import threading
import time

import numpy as np
import pytest

from app.engine import native
from app.engine.atomics import load_acquire, store_release
from app.engine.compile import entry
from app.engine.native import (
    lower_priority,
    monotonic_ns,
    nap_us,
    populate,
    sync_pages,
    wake,
    wall_clock_ns,
)
from app.errors import EngineError


@entry
def wall_clock(_a: int, _b: int, _c: int) -> int:
    return int(wall_clock_ns())


@entry
def monotonic(_a: int, _b: int, _c: int) -> int:
    return int(monotonic_ns())


@entry
def nap(microseconds: int, _b: int, _c: int) -> int:
    """Nap; the nanoseconds that passed."""
    begun = monotonic_ns()
    nap_us(microseconds)
    return int(monotonic_ns() - begun)


@entry
def nap_until_set(cell: int, naps: int, _c: int) -> int:
    """Nap a millisecond at a time until a cell is set; 0 if it never was."""
    for _ in range(naps):
        nap_us(1000)
        if load_acquire(cell):
            return 1
    return 0


@entry
def set_cell(cell: int, _b: int, _c: int) -> int:
    store_release(cell, 1)
    return 0


@entry
def wake_it(descriptor: int, _b: int, _c: int) -> int:
    return int(wake(descriptor))


def test_the_wall_clock_is_the_systems():
    before = time.time_ns()
    read = wall_clock()
    after = time.time_ns()

    assert before <= read <= after


def test_the_monotonic_clock_is_the_systems_and_never_goes_back():
    before = time.monotonic_ns()
    read = [monotonic() for _ in range(1000)]
    after = time.monotonic_ns()

    assert before <= read[0]
    assert read == sorted(read)
    assert read[-1] <= after


def test_a_nap_lasts_at_least_as_long_as_asked():
    assert nap(300) >= 300_000


@pytest.mark.threads
def test_a_nap_does_not_hold_the_gil():
    """Python gets on while the other thread naps: here it ends the nap's wait."""
    assert nap_until_set.address
    assert set_cell.address
    cell, seen = np.zeros(1, np.int64), []
    address = cell.ctypes.data
    thread = threading.Thread(
        target=lambda: seen.append(nap_until_set(address, 100_000))
    )
    thread.start()

    set_cell(address)
    thread.join()

    assert seen == [1]


def test_a_wake_makes_the_descriptor_readable_once():
    descriptor = os.eventfd(0, os.EFD_NONBLOCK)
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    assert poller.poll(0) == []

    assert wake_it(descriptor) == 8
    assert wake_it(descriptor) == 8

    assert poller.poll(0) == [(descriptor, select.POLLIN)]
    assert os.eventfd_read(descriptor) == 2
    assert poller.poll(0) == []
    os.close(descriptor)


def test_a_wake_of_a_closed_descriptor_is_an_error_and_no_crash():
    descriptor = os.eventfd(0)
    os.close(descriptor)

    assert wake_it(descriptor) == -1


def test_lower_priority_is_the_threads_own():
    mine = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    seen = []

    def work():
        lower_priority()
        seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert seen == [19]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == mine


def test_a_missing_symbol_is_an_error_before_anything_is_compiled(monkeypatch):
    symbols = (*native._SYMBOLS, (None, "no_such_function_anywhere"))
    monkeypatch.setattr(native, "_SYMBOLS", symbols)

    with pytest.raises(EngineError, match="'no_such_function_anywhere'"):
        native._resolve()


def test_a_missing_library_is_an_error_before_anything_is_compiled(monkeypatch):
    symbols = (("no_such_library.so.9", "no_such_function_anywhere"),)
    monkeypatch.setattr(native, "_SYMBOLS", symbols)

    with pytest.raises(EngineError, match="'no_such_function_anywhere'"):
        native._resolve()


@pytest.fixture
def mapped(tmp_path):
    """A file of 16 pages, and its bytes in shared memory."""
    path = tmp_path / "mapped"
    path.write_bytes(b"\7" * 16 * mmap.PAGESIZE)
    with path.open("r+b") as file:
        memory = mmap.mmap(file.fileno(), 0)
    return path, np.frombuffer(memory, np.uint8)


def test_populating_pages_leaves_what_they_hold(mapped):
    _, memory = mapped

    assert populate(memory.ctypes.data + 100, 5 * mmap.PAGESIZE)

    assert (memory == 7).all()


def test_synced_bytes_are_in_the_file(mapped):
    path, memory = mapped
    memory[5000:5010] = 1

    sync_pages(memory.ctypes.data + 5000, 10)

    content = np.fromfile(path, np.uint8)
    assert (content[5000:5010] == 1).all()
    assert (np.delete(content, np.s_[5000:5010]) == 7).all()


def test_pages_behind_which_there_is_no_file_are_an_error_and_no_crash(mapped):
    path, memory = mapped
    os.truncate(path, mmap.PAGESIZE)

    with pytest.raises(OSError, match=r".+") as problem:
        populate(memory.ctypes.data, memory.size)

    assert problem.value.errno == errno.EFAULT


def test_memory_that_is_not_mapped_is_an_error():
    with pytest.raises(OSError, match=r".+") as problem:
        sync_pages(1 << 20, 10)

    assert problem.value.errno == errno.ENOMEM
