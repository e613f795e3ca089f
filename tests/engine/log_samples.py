"""Logs that tests write: records that tell their own number."""

from pathlib import Path

import numpy as np

from app.engine.journal import EngineLog
from app.engine.log import Stream

SMALL = 128 << 10
"""The smallest segment."""
MASK64 = 2**64 - 1
SEEDS = 0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89


def folded(a: int, b: int) -> int:
    product = (a & MASK64) * (b & MASK64)
    return (product >> 64) ^ (product & MASK64)


def reference_checksum(record: bytes, upper: int, number: int) -> int:
    """The documented sum, in Python's integers."""
    total = folded(number ^ SEEDS[0], upper ^ SEEDS[1])
    for i in range(0, len(record), 16):
        first = int.from_bytes(record[i : i + 8], "little")
        second = int.from_bytes(record[i + 8 : i + 16], "little")
        seed = SEEDS[3] + i // 16 * 0x9E3779B97F4A7C15
        total += folded(first ^ SEEDS[2], second ^ (seed & MASK64))
    total &= MASK64
    return (total ^ (total >> 32)) & 0xFFFFFFFF


def record(number: int, length: int = 64) -> np.ndarray:
    """A record whose every word tells its number."""
    return np.arange(length // 8, dtype=np.int64) + 1000 * number


def append(engine_log: EngineLog, first: int, count: int) -> None:
    """Append `count` inbound records, and for every third a decision of 128 bytes."""
    for number in range(first, first + count):
        assert engine_log.append(record(number), Stream.INBOUND, number)
        if number % 3 == 0:
            assert engine_log.append(record(number, 128), Stream.DECISION, number)


def expected(first: int, count: int) -> list[tuple[Stream, int, bytes]]:
    """What reading back `append` gives."""
    frames = []
    for number in range(first, first + count):
        frames.append((Stream.INBOUND, number, record(number).tobytes()))
        if number % 3 == 0:
            frames.append((Stream.DECISION, number, record(number, 128).tobytes()))
    return frames


def write_log(
    directory: Path, count: int, *, turn_every: int = 100, close: bool = True
) -> EngineLog:
    """Write `count` inbound records, numbered from 1, with turns between them."""
    engine_log = EngineLog(directory, {"count": count}, segment_bytes=SMALL)
    for number in range(1, count + 1, turn_every):
        append(engine_log, number, min(turn_every, count + 1 - number))
        engine_log.turn()
    if close:
        engine_log.close()
    return engine_log
