"""Snapshot and restore: a regression here makes replay's seek slow."""

import time
from typing import Any

import numpy as np

from app.engine.arena import Arena, Section
from app.engine.book_state import layout
from app.engine.snapshot import SnapshotBuffer
from app.engine.state import fixed_layout

_ROUNDS = 200


def run(settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """Save and restore an arena with 10,000 resting orders in use."""
    arena = Arena({**fixed_layout(1), **layout(1)})
    for section, used in (
        (Section.BOOK_ORDERS, 10_000),
        (Section.BOOK_LEVELS, 2_000),
        (Section.BOOK_BUCKETS, 16_384),
        (Section.INDEX_NODES, 200),
    ):
        arena.set_used(section, used)
        arena.records(section)[:used].view(np.uint8)[:] = 7
    buffer = SnapshotBuffer(1 << 24)
    buffer.save(arena)
    buffer.restore(arena)
    save, restore = [], []
    for _ in range(_ROUNDS):
        start = time.perf_counter_ns()
        buffer.save(arena)
        middle = time.perf_counter_ns()
        buffer.restore(arena)
        save.append(middle - start)
        restore.append(time.perf_counter_ns() - middle)
    return {
        "bytes": buffer.size,
        "save_p50_us": float(np.median(save)) / 1e3,
        "save_p99_us": float(np.percentile(save, 99)) / 1e3,
        "restore_p50_us": float(np.median(restore)) / 1e3,
        "restore_p99_us": float(np.percentile(restore, 99)) / 1e3,
        "copied_gb_per_s": buffer.size / float(np.median(save)),
        "rounds": _ROUNDS,
    }
