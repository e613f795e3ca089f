"""A process that writes logs as fast as it can, and is killed at random instants.

Run as ``python log_writer.py DIRECTORY TRIALS SEED``. For each trial it forks a child,
which writes the log DIRECTORY/n and, in memory shared with the parent, the number of
the last record whose append returned; the parent kills it with SIGKILL a random time
after it has written some and prints the number that it had acknowledged.
"""

import contextlib
import mmap
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

from app.engine.atomics import load_acquire, store_release
from app.engine.compile import entry
from app.engine.journal import EngineLog
from app.engine.log import Stream, log_append
from app.engine.memory import words

SEGMENT_BYTES = 256 << 10
MOST = 200_000
"""The last trials' records before the kill, at least."""
LONGEST_S = 0.03


@entry
def write_until_killed(log: int, acknowledged: int, record: int) -> int:
    """Append records of 64 and 128 bytes, all their words telling their number."""
    number = 0
    while load_acquire(acknowledged) >= 0:
        number += 1
        length = 64
        if number % 4 == 0:
            length = 128
        values = words(record, length // 8)
        for i in range(length // 8):
            values[i] = number
        # A refusal means that the next segment is being made: it is written again.
        while not log_append(log, record, length, Stream.INBOUND, number):
            pass
        store_release(acknowledged, number)
    return number


def child(directory: Path, acknowledged: int) -> None:
    log = EngineLog(
        directory, segment_bytes=SEGMENT_BYTES, spare_segments=3, turn_s=0.002
    )
    log.start()
    record = np.zeros(16, np.int64)
    write_until_killed(log.address, acknowledged, record.ctypes.data)


def trial(directory: Path, records: int, wait_s: float) -> int:
    """Kill a writer some time after it has acknowledged some records.

    Returns the last number that it had acknowledged; 0 if there was none.
    """
    with contextlib.closing(mmap.mmap(-1, 4096)) as shared:
        cell = np.frombuffer(shared, np.int64, 1)
        process = os.fork()
        if process == 0:
            child(directory, cell.ctypes.data)
            os._exit(1)
        while cell[0] < records:
            time.sleep(0.0002)
            assert os.waitpid(process, os.WNOHANG) == (0, 0), "the writer ended"
        time.sleep(wait_s)
        os.kill(process, signal.SIGKILL)
        status = os.waitpid(process, 0)[1]
        assert os.WTERMSIG(status) == signal.SIGKILL, status
        number = int(cell[0])
        del cell
        return number


def main() -> None:
    root, trials, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(seed)
    # Compiled, or loaded, once, before the first fork.
    assert write_until_killed.address
    EngineLog(root / "warm").close()
    for i in range(trials):
        # From while the log is made to after some dozens of segments.
        records = int(MOST * i / (trials - 1)) if i >= trials // 5 else 0
        acknowledged = trial(root / str(i), records, chance.uniform(0, LONGEST_S))
        sys.stdout.write(f"{acknowledged}\n")


if __name__ == "__main__":
    main()
