"""Space on disk for the log: taken before it is used, and given back after.

A segment's file is allocated, mapped and faulted in when it is made; entries of the
chain are allocated far ahead. So a full disk is met only here, where it is an OSError.
"""

import ctypes
import mmap
import os
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.engine.log import HEADER_BYTES
from app.engine.log_files import CHAIN_ENTRY, entry_check, link
from app.engine.native import populate

CHAIN_STEP: Final = 4096
"""Chain entries that are allocated at a time."""


def sync_folder(directory: Path) -> None:
    """Make new names in a folder durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class SegmentFile:
    """A segment's file, allocated, mapped and faulted in."""

    def __init__(self, path: Path, length: int) -> None:
        self.path = path
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            os.posix_fallocate(descriptor, 0, length)
            self.map = mmap.mmap(descriptor, length, flags=mmap.MAP_SHARED)
            self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.map))
            populate(self.address, length)
        except OSError:
            path.unlink()
            raise
        finally:
            os.close(descriptor)

    def header(self) -> npt.NDArray[np.int64]:
        """Return the header's words; the file cannot close while they live."""
        return np.frombuffer(self.map, np.int64, HEADER_BYTES // 8)

    def remove(self) -> None:
        """Close and delete a segment that was not used."""
        self.map.close()
        self.path.unlink()

    def cut(self, length: int) -> None:
        """Close, and give back what was allocated but not used."""
        self.map.close()
        os.truncate(self.path, length)


class ChainFile:
    """The chain's file and the hash it has reached."""

    def __init__(self, path: Path, first: bytes) -> None:
        self.hash = first
        self.entries = 0
        self._allocated = 0
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)

    def make_room(self) -> None:
        """Keep entries allocated ahead, so that a full disk cannot stop the chain."""
        wanted = self.entries + CHAIN_STEP // 2
        if wanted > self._allocated:
            step = CHAIN_ENTRY.itemsize * CHAIN_STEP
            os.posix_fallocate(self._file, CHAIN_ENTRY.itemsize * self._allocated, step)
            self._allocated += CHAIN_STEP

    @property
    def has_room(self) -> bool:
        """Whether an entry can be added, and one more to close the log."""
        return self.entries + 2 <= self._allocated

    def add(self, entry: npt.NDArray[Any], block: memoryview) -> None:
        """Chain one block; on return its entry is on disk."""
        self.hash = link(self.hash, entry, block)
        entry["hash"] = np.frombuffer(self.hash, np.uint8)
        entry["check"] = entry_check(entry)
        place = CHAIN_ENTRY.itemsize * self.entries
        os.pwrite(self._file, entry.tobytes(), place)
        os.fdatasync(self._file)
        self.entries += 1

    def remove(self) -> None:
        """Close and delete the file."""
        os.close(self._file)
        self._path.unlink()

    def close(self) -> None:
        """Give back what was allocated but not used, and close."""
        os.ftruncate(self._file, CHAIN_ENTRY.itemsize * self.entries)
        os.fsync(self._file)
        os.close(self._file)
