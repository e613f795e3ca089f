"""Snapshots: the used bytes of an arena, copied out and back.

A snapshot buffer holds the arena's header and then the used prefix of each section,
one behind the other. Restoring copies them back and clears what has been used since, so
that the arena is byte for byte as it was, also where records will be taken anew.
"""

import mmap
from typing import Any, Final

import numpy as np

from app.engine.arena import (
    HEADER_BYTES,
    ITEM_BYTES,
    MAX_SECTIONS,
    OFFSET,
    USED,
    Arena,
    section_words,
)
from app.engine.compile import entry, kernel
from app.engine.memory import clear_bytes, copy_bytes
from app.errors import EngineError

_PAGE: Final = 4096


@kernel
def _used_bytes(arena: int, which: int) -> int:
    entry = section_words(arena, which)
    return entry[USED] * entry[ITEM_BYTES]


@entry
def snapshot_bytes(arena: int, unused: int, also_unused: int) -> int:
    """Count the bytes that a snapshot takes now."""
    total = HEADER_BYTES
    for which in range(MAX_SECTIONS):
        total += _used_bytes(arena, which)
    return total


@entry
def save_arena(arena: int, target: int, unused: int) -> int:
    """Copy the used bytes to `target`; return how many."""
    copy_bytes(target, arena, HEADER_BYTES)
    position = HEADER_BYTES
    for which in range(MAX_SECTIONS):
        size = _used_bytes(arena, which)
        copy_bytes(target + position, arena + section_words(arena, which)[OFFSET], size)
        position += size
    return position


@entry
def load_arena(arena: int, source: int, unused: int) -> int:
    """Copy the used bytes back from `source` and clear what was used since."""
    position = HEADER_BYTES
    for which in range(MAX_SECTIONS):
        size = _used_bytes(source, which)
        offset = section_words(source, which)[OFFSET]
        copy_bytes(arena + offset, source + position, size)
        grown = _used_bytes(arena, which) - size
        if grown > 0:
            clear_bytes(arena + offset + size, grown)
        position += size
    copy_bytes(arena, source, HEADER_BYTES)
    return position


class SnapshotBuffer:
    """Memory for one snapshot, touched once so that later copies meet no page fault."""

    def __init__(self, capacity: int) -> None:
        self.capacity = -(-capacity // _PAGE) * _PAGE
        self._map = mmap.mmap(-1, self.capacity)
        self.bytes = np.frombuffer(self._map, dtype=np.uint8)
        self.bytes[::_PAGE] = 0
        self.address = int(self.bytes.ctypes.data)
        self.size = 0

    def save(self, arena: Arena) -> None:
        """Take a snapshot.

        Raises
        ------
        EngineError
            If the used bytes exceed the buffer's capacity; the buffer is unchanged.
        """
        needed = snapshot_bytes(arena.address, 0, 0)
        if needed > self.capacity:
            raise EngineError(
                f"a snapshot needs {needed} bytes, the buffer holds {self.capacity}"
            )
        self.size = save_arena(arena.address, self.address, 0)

    def restore(self, arena: Arena) -> None:
        """Put the arena back to the snapshot.

        Raises
        ------
        EngineError
            If nothing was saved, or the arena is laid out otherwise.
        """
        if not self.size:
            raise EngineError("the snapshot buffer is empty: save before restoring")
        if not _same_layout(self.bytes, arena):
            raise EngineError("the snapshot is of an arena with another layout")
        load_arena(arena.address, self.address, 0)


def _same_layout(saved: Any, arena: Arena) -> bool:
    """Compare offsets, capacities and record sizes."""
    old = saved[:HEADER_BYTES].view(np.int64)
    new = arena.header
    return bool(np.array_equal(old[_LAYOUT], new[_LAYOUT]))


def _layout_words() -> Any:
    """Which words of a header do not change while an arena is used."""
    same = np.ones(HEADER_BYTES // 8, bool)
    first, stride = 16, 8
    for which in range(MAX_SECTIONS):
        same[first + stride * which + USED : first + stride * (which + 1)] = False
    return np.flatnonzero(same)


_LAYOUT: Final = _layout_words()
