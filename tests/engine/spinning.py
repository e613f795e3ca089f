"""Two loops that wait for a cell to change, run in a process that can be killed.

``python spinning.py plain|acquire`` starts the loop on a thread, lets it spin, changes
the cell and prints whether the loop saw that within its bound: "seen" or "stuck".
"""

import os
import sys
import threading

import numpy as np

from app.engine.atomics import load_acquire, store_release
from app.engine.compile import entry
from app.engine.memory import words

BOUND_S = {"plain": 3.0, "acquire": 100.0}
"""What is stuck costs its bound; what is not may be on a machine that is busy."""


@entry
def spin_plain(cell: int, begun: int, _c: int) -> int:
    """Wait with a plain load: LLVM may take it out of the loop."""
    value = words(cell, 1)
    store_release(begun, 1)
    while value[0] == 0:
        pass
    return int(value[0])


@entry
def spin_acquire(cell: int, begun: int, _c: int) -> int:
    """Wait with an acquire load."""
    store_release(begun, 1)
    value = load_acquire(cell)
    while value == 0:
        value = load_acquire(cell)
    return int(value)


@entry
def change(cell: int, value: int, _c: int) -> int:
    store_release(cell, value)
    return value


@entry
def is_set(cell: int, _b: int, _c: int) -> int:
    return int(load_acquire(cell))


def main() -> None:
    loop = {"plain": spin_plain, "acquire": spin_acquire}[sys.argv[1]]
    # The cells lie 128 bytes apart, and both functions are compiled before the thread.
    cells = np.zeros(32, np.int64)
    cell, begun = cells.ctypes.data, cells.ctypes.data + 128
    assert loop.address
    assert change.address
    thread = threading.Thread(target=loop, args=(cell, begun), daemon=True)
    thread.start()
    while not is_set(begun):
        pass
    change(cell, 1)
    thread.join(BOUND_S[sys.argv[1]])
    sys.stdout.write("stuck" if thread.is_alive() else "seen")
    sys.stdout.flush()
    # The thread that is stuck cannot be joined.
    os._exit(0)


if __name__ == "__main__":
    main()
