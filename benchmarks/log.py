"""Appending to the engine's log; a regression delays every event and every order.

Records are appended by one native thread while the log's keeper hashes and syncs beside
it, first at a stated rate, each append timed by itself, then as fast as can be.
"""

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from app.engine.atomics import pause
from app.engine.compile import entry
from app.engine.journal import EngineLog
from app.engine.log import Stream, log_append
from app.engine.log_reader import LogReader, verify
from app.engine.memory import words
from app.engine.native import monotonic_ns

SEGMENT_BYTES = 64 << 20
DECISION_EVERY = 8
"""Each so many records of 64 bytes one of 128, as decisions are."""


@entry
def append_at_rate(log: int, record: int, call: int) -> int:
    """Append; `call`: count, ns between records, first number, then the times."""
    given = words(call, 3)
    count, gap, first = given[0], given[1], given[2]
    times = words(call + 24, count)
    due = monotonic_ns()
    for i in range(count):
        while monotonic_ns() < due:
            pause()
        due += gap
        begun = monotonic_ns()
        length = 128 if i % DECISION_EVERY == 0 else 64
        done = log_append(log, record, length, Stream.INBOUND, first + i)
        times[i] = monotonic_ns() - begun
        if not done:
            return i
    return count


@entry
def append_flat_out(log: int, record: int, call: int) -> int:
    """Append without a pause; `call`: count, first number; the time in ns."""
    given = words(call, 2)
    count, first = given[0], given[1]
    begun = monotonic_ns()
    for i in range(count):
        if not log_append(log, record, 64, Stream.INBOUND, first + i):
            return -1
    return monotonic_ns() - begun


@entry
def clock_cost(count: int, _b: int, _c: int) -> int:
    """Time of two clock reads, which each timed append contains, in ns."""
    begun = monotonic_ns()
    for _ in range(count):
        monotonic_ns()
    return 2 * (monotonic_ns() - begun) // count


def _timed(log: EngineLog, count: int, rate: int, first: int) -> np.ndarray:
    record = np.arange(16, dtype=np.int64)
    call = np.zeros(3 + count, np.int64)
    call[:3] = count, 1_000_000_000 // rate, first
    done = append_at_rate(log.address, record.ctypes.data, call.ctypes.data)
    assert done == count, "the log had no segment ready"
    return np.sort(call[3:])


def _flat_out_per_s(log: EngineLog, count: int, first: int) -> float:
    record = np.arange(16, dtype=np.int64)
    call = np.array([count, first], np.int64)
    elapsed = append_flat_out(log.address, record.ctypes.data, call.ctypes.data)
    assert elapsed > 0, "the log had no segment ready"
    return count / elapsed * 1e9


def _read_per_s(directory: Path) -> float:
    """Frames checked per second."""
    begun = time.perf_counter_ns()
    frames = sum(len(batch.frames) for batch in LogReader(directory).batches())
    return frames / (time.perf_counter_ns() - begun) * 1e9


def run(settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """Measure; `settings`: records, rate (per second), flat_out_records, directory.

    Returns
    -------
    dict
        `append_…_ns` contain two clock reads, which take `clock_ns`.
    """
    given = settings or {}
    count = int(given.get("records", 1_000_000))
    rate = int(given.get("rate", 200_000))
    flat_out = int(given.get("flat_out_records", 2_000_000))
    root = Path(tempfile.mkdtemp(dir=given.get("directory"), prefix="ringside-bench-"))
    try:
        for function in (append_at_rate, append_flat_out, clock_cost):
            assert function.address  # compiled before the clock starts
        with EngineLog(
            root / "log", segment_bytes=SEGMENT_BYTES, spare_segments=4
        ) as log:
            _timed(log, 20_000, rate, 1)
            times = _timed(log, count, rate, 20_001)
            per_s = _flat_out_per_s(log, flat_out, 20_001 + count)
        read_per_s = _read_per_s(root / "log")
        begun = time.perf_counter_ns()
        report = verify(root / "log")
        verified_per_s = report.frames / (time.perf_counter_ns() - begun) * 1e9
        assert report.is_sound
        assert report.frames == 20_000 + count + flat_out
    finally:
        shutil.rmtree(root)
    return {
        "append_p50_ns": float(times[count // 2]),
        "append_p99_ns": float(times[int(count * 0.99)]),
        "append_p999_ns": float(times[int(count * 0.999)]),
        "append_worst_ns": float(times[-1]),
        "clock_ns": float(min(clock_cost(100_000) for _ in range(20))),
        "flat_out_records_per_s": per_s,
        "flat_out_ns_per_record": 1e9 / per_s,
        "read_frames_per_s": read_per_s,
        "verify_frames_per_s": verified_per_s,
        "records": count,
        "rate_records_per_s": rate,
        "record_bytes": 64,
        "wide_record_bytes": 128,
        "wide_records_one_in": DECISION_EVERY,
        "segment_bytes": SEGMENT_BYTES,
        "flat_out_records": flat_out,
    }
