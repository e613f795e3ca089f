"""Where an instrument's heatmap columns lie: one file without a name, mapped once.

The file is sparse: every region has its address space from the beginning and takes disk
as it grows, before a kernel writes there, so that a full disk is a column less and
never a SIGBUS. It ends with the process, however that ends. Pages are dropped from the
process once they are far behind or were looked at; the file has them.
"""

import mmap
import os
import tempfile
import weakref
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.engine.history.heat import JOB_WORDS, HeatJob, heat_append
from app.engine.history.heat_state import (
    COLUMNS,
    CONTROL_WORDS,
    COUNTS,
    FAN_BITS,
    GRAINS,
    HEAP,
    HEAP_USED,
    HEAT_COLUMN,
    HEAT_ENTRY,
    LOST,
    MERGED_ENTRIES,
    MOST_COLUMNS,
    MOST_ENTRIES,
    MOST_LEVELS,
    ROOM_COLUMNS,
    ROOM_ENTRIES,
    SEEN_TRADES,
    TIMES,
    sizes_of,
)

LEVELS: Final = 128
"""Levels a side that a column keeps."""
_MOST_COLUMNS: Final = 1 << 24
_MOST_ENTRIES: Final = 1 << 32
_ENTRY_BYTES: Final = HEAT_ENTRY.itemsize
_CHUNK: Final = 4 << 20
_LEAST_CHUNK: Final = 64 << 10
_KEPT: Final = 12 << 20
"""Bytes of entries behind the newest that stay in memory."""


def _sizes(most_columns: int) -> list[tuple[int, int]]:
    """Bytes of every region, and those that it grows by: times, entries, each grain."""
    sizes = [(most_columns * 8, _CHUNK >> 4), (_MOST_ENTRIES * _ENTRY_BYTES, _CHUNK)]
    for grain in range(GRAINS):
        shift = FAN_BITS * grain
        whole = (most_columns >> shift) * HEAT_COLUMN.itemsize
        sizes.append((whole, max(_LEAST_CHUNK, _CHUNK >> shift)))
    return sizes


class _Region:
    """Part of the file that grows from its begin."""

    def __init__(self, begin: int, length: int, chunk: int) -> None:
        self.begin = begin
        self.length = length
        self.taken = 0
        self._chunk = chunk

    def make_room(self, file: int, length: int) -> bool:
        """Take disk for so many bytes; False if there is none."""
        if length <= self.taken:
            return True
        if length > self.length:
            return False
        wanted = min(-(-length // self._chunk) * self._chunk, self.length)
        try:
            os.posix_fallocate(file, self.begin + self.taken, wanted - self.taken)
        except OSError:
            return False
        self.taken = wanted
        return True


class HeatTiles:
    """Columns of one instrument, appended by one thread, read by any.

    Parameters
    ----------
    directory : Path, optional
        Where the file is; None = where temporary files are.
    levels : int
        Levels a side that a column keeps.
    most_columns : int
        A power of four or more.

    Raises
    ------
    OSError
        If there can be no such file.
    """

    def __init__(
        self,
        directory: Path | None = None,
        levels: int = LEVELS,
        most_columns: int = _MOST_COLUMNS,
    ) -> None:
        self.control = np.zeros(CONTROL_WORDS, np.int64)
        self._regions: list[_Region] = []
        end = 0
        for size, chunk in _sizes(most_columns):
            length = -(-max(size, 1) // chunk) * chunk
            self._regions.append(_Region(end, length, chunk))
            end += length
        with tempfile.TemporaryFile(dir=directory) as file:
            self._file = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._file)
        os.ftruncate(self._file, end)
        self._map = mmap.mmap(self._file, end)
        bytes_ = np.frombuffer(self._map, np.uint8)
        starts = [int(bytes_.ctypes.data) + each.begin for each in self._regions]
        control = self.control
        control[TIMES], control[HEAP] = starts[0], starts[1]
        control[COLUMNS : COLUMNS + GRAINS] = starts[2:]
        control[MOST_LEVELS], control[MOST_COLUMNS] = levels, most_columns
        control[MOST_ENTRIES] = _MOST_ENTRIES
        self._times = self._laid(bytes_, 0, np.dtype(np.int64))
        self._entries = self._laid(bytes_, 1, HEAT_ENTRY)
        self._columns = self._laid(bytes_, 2, HEAT_COLUMN)
        self._job = np.zeros(JOB_WORDS, np.int64)
        self._job[HeatJob.CONTROL] = self.address
        self._dropped = 0

    def _laid(self, bytes_: Any, region: int, dtype: np.dtype[Any]) -> Any:
        part = self._regions[region]
        whole = part.length // dtype.itemsize * dtype.itemsize
        return bytes_[part.begin : part.begin + whole].view(dtype)

    @property
    def address(self) -> int:
        """Address of the control block, for kernels."""
        return int(self.control.ctypes.data)

    @property
    def count(self) -> int:
        """Columns there are."""
        return int(self.control[COUNTS])

    @property
    def times(self) -> NDArray[np.int64]:
        """When each column begins, ns; a view."""
        times: NDArray[np.int64] = self._times[: self.count]
        return times

    # Writing.

    def append(
        self, arena: int, book: int, begin: int, tape: int = 0, trades: int = 0
    ) -> bool:
        """Append what rests in a book, if anything changed since the last column.

        Parameters
        ----------
        arena, book : int
            Address of an arena, number of a book in it.
        begin : int
            When the column begins, ns; not before the last one did.
        tape, trades : int
            Address of the instrument's TAPE rows, and how many there are.
        """
        if self._lacks_room():
            self.make_room()
        job = self._job
        job[HeatJob.BOOK], job[HeatJob.BEGIN] = book, begin
        job[HeatJob.TAPE], job[HeatJob.TRADES] = tape, trades
        return bool(heat_append(arena, 0, job.ctypes.data))

    @property
    def lost(self) -> int:
        """Columns that found no room."""
        return int(self.control[LOST])

    def _most_entries(self) -> int:
        """Entries there may be after the next column."""
        control = self.control
        return int(control[HEAP_USED] + 2 * control[MOST_LEVELS]) + MERGED_ENTRIES

    def _lacks_room(self) -> bool:
        """Whether the next column needs disk, as `heat.lacks_room` says."""
        control, count = self.control, self.count
        if count >= control[MOST_COLUMNS]:
            return False
        return bool(
            count >= control[ROOM_COLUMNS]
            or self._most_entries() > control[ROOM_ENTRIES]
        )

    def make_room(self) -> bool:
        """Take disk for the next columns, and drop what is far behind from memory.

        False if there is none.
        """
        count, file, control = self.count, self._file, self.control
        wanted = [(count + 1) * 8, self._most_entries() * HEAT_ENTRY.itemsize]
        wanted += [
            ((count >> FAN_BITS * grain) + 1) * HEAT_COLUMN.itemsize
            for grain in range(GRAINS)
        ]
        for region, length in zip(self._regions, wanted, strict=True):
            region.make_room(file, min(length, region.length))
        times, entries, *grains = (region.taken for region in self._regions)
        columns = [
            taken // HEAT_COLUMN.itemsize << FAN_BITS * grain
            for grain, taken in enumerate(grains)
        ]
        control[ROOM_COLUMNS] = min(times // 8, *columns)
        control[ROOM_ENTRIES] = entries // HEAT_ENTRY.itemsize
        self._drop_behind()
        return not self._lacks_room()

    def _drop_behind(self) -> None:
        used = int(self.control[HEAP_USED]) * HEAT_ENTRY.itemsize
        if used >= self._dropped + _KEPT + _CHUNK:
            self.drop()

    def drop(self) -> None:
        """Drop from memory what lies far behind; reading it brings it back."""
        used = int(self.control[HEAP_USED]) * _ENTRY_BYTES
        end = max(0, (used - _KEPT) // mmap.PAGESIZE * mmap.PAGESIZE)
        lengths = [end]
        lengths += [
            int(self.control[COUNTS + grain]) * HEAT_COLUMN.itemsize - (1 << 20)
            for grain in range(GRAINS)
        ]
        for region, length in zip(self._regions[1:], lengths, strict=True):
            whole = length // mmap.PAGESIZE * mmap.PAGESIZE
            if whole > 0:
                self._map.madvise(mmap.MADV_DONTNEED, region.begin, whole)
        self._dropped = end

    def pass_trades(self, count: int) -> None:
        """Leave the first so many trades out of the next column."""
        self.control[SEEN_TRADES] = count

    def release(self) -> None:
        """Drop everything from memory; for columns that are whole."""
        self._map.madvise(mmap.MADV_DONTNEED)

    # Reading.

    def column(self, index: int) -> Any:
        """Copy a column of grain 0, HEAT_COLUMN."""
        return self._columns[index].copy()

    def is_past(self, ts: int) -> bool:
        """Whether columns at an instant are behind what is kept in memory."""
        first = max(0, self.find(ts))
        if not self.count:
            return False
        return (
            int(self._columns["entries"][first]) * HEAT_ENTRY.itemsize < self._dropped
        )

    def find(self, ts: int) -> int:
        """Index of the column that stands at an instant; -1 before the first."""
        return int(np.searchsorted(self.times, ts, side="right")) - 1

    def levels(self, index: int) -> tuple[Any, Any, Any]:
        """Prices (price units), sizes and sides (+1, -1) of a column's levels."""
        column = self._columns[index]
        first = int(column["entries"])
        bids, asks = int(column["bids"]), int(column["asks"])
        rows = self._entries[first : first + bids + asks]
        prices = int(column["base"]) + rows["offset"].astype(np.int64)
        sides = np.where(np.arange(bids + asks) < bids, 1, -1)
        return prices, sizes_of(rows["code"]), sides

    def size_at(self, index: int, low: int, high: int) -> int:
        """Largest size at a price in [low, high] in a column; 0 if nothing rests."""
        prices, sizes, _ = self.levels(index)
        seen = sizes[(prices >= low) & (prices <= high)]
        return int(seen.max()) if len(seen) else 0
