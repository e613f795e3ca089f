"""Rows that grow without bound, in a file that nobody else sees.

The file has no name: it ends with the process, however that ends. It is mapped once,
over more address space than it will ever need, and takes disk as it grows: space is
taken before a row is written, so that a full disk is an error here and never a SIGBUS
in a kernel. Pages far behind are dropped from the process; they stay in the file, and
reading them brings them back.
"""

import mmap
import os
import tempfile
import weakref
from pathlib import Path
from typing import Any, Final

import numpy as np

_PAGE: Final = mmap.PAGESIZE
_KEPT: Final = 4 << 20
"""Bytes behind the newest row that stay in memory."""
_DROP_EACH: Final = 2 << 20


class GrowingRows:
    """Rows of one type, appended by kernels.

    Parameters
    ----------
    dtype : np.dtype
    most_bytes : int
        Address space, and the most there will ever be.
    chunk_bytes : int
        Disk is taken in steps of so much.
    directory : Path, optional
        Where the file is; None = where temporary files are.

    Attributes
    ----------
    rows : (m,) array of `dtype`
        All of the address space; only what was written may be read.
    address : int
    room : int
        Rows that may be written.

    Raises
    ------
    OSError
        If there can be no such file.
    """

    def __init__(
        self,
        dtype: np.dtype[Any],
        most_bytes: int,
        chunk_bytes: int,
        directory: Path | None = None,
    ) -> None:
        self._item = dtype.itemsize
        most = most_bytes // self._item
        length = -(-most * self._item // _PAGE) * _PAGE
        with tempfile.TemporaryFile(dir=directory) as file:
            os.ftruncate(file.fileno(), length)
            self._map = mmap.mmap(file.fileno(), length)
            self._file = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._file)
        self.rows: Any = np.frombuffer(self._map, dtype, most)
        self.address = int(self.rows.ctypes.data)
        self.room = 0
        self._chunk = chunk_bytes
        self._most = most
        self._dropped = 0

    def make_room(self, count: int) -> bool:
        """Take disk for rows up to `count`; False if there is none."""
        if count <= self.room:
            return True
        if count > self._most:
            return False
        have = self.room * self._item
        wanted = -(-count * self._item // self._chunk) * self._chunk
        try:
            os.posix_fallocate(self._file, have, wanted - have)
        except OSError:
            return False
        self.room = min(wanted // self._item, self._most)
        return True

    def drop_behind(self, count: int) -> None:
        """Drop from memory what lies far behind row `count`, now and then."""
        end = (count * self._item - _KEPT) // _PAGE * _PAGE
        if end >= self._dropped + _DROP_EACH:
            self._map.madvise(mmap.MADV_DONTNEED, 0, end)
            self._dropped = end
