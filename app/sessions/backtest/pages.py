"""Arrays of unknown length that the engine writes into: memory reserved, not taken.

A page is two gigabytes of addresses; memory is taken where it is written. So what a
run tells lies in one piece as it is written, and nearly always is never copied. Memory
that is new costs as much as what is written into it, for the system clears it: what the
runs of this process no longer need is written again by the next.
"""

import contextlib
import mmap
import threading
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

PAGE_BYTES: Final = 1 << 31
_LEAST_BYTES: Final = 1 << 25
"""Of a page where the system lets nobody reserve more than there is."""
_SPARE_BYTES: Final = 128 << 20
"""Most that is kept of the pages of runs that ended."""
_MOST_KEPT: Final = 16
"""Pages: many with little in them would take addresses, and tables for them."""
_NORESERVE: Final = getattr(mmap, "MAP_NORESERVE", 0x4000)


def _reserved(length: int) -> mmap.mmap:
    """Reserve memory, or the least there can be of it."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NORESERVE
    try:
        memory = mmap.mmap(-1, length, flags=flags)
    except OSError:
        memory = mmap.mmap(-1, min(length, _LEAST_BYTES), flags=flags)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):  # a kernel without them
            memory.madvise(mmap.MADV_HUGEPAGE)
    return memory


class _Loan:
    """Memory behind arrays; when the last of them is gone it goes back.

    Attributes
    ----------
    used : int
        Bytes from the start that are worth keeping.
    """

    def __init__(
        self, memory: mmap.mmap, used: int, back: Callable[[mmap.mmap, int], None]
    ) -> None:
        self._memory, self.used, self._back = memory, used, back
        self.__array_interface__ = np.frombuffer(memory, np.uint8).__array_interface__

    def __del__(self) -> None:
        self._back(self._memory, self.used)


class SparePages:
    """Memory of pages that nobody looks at any more, for the next run of this process.

    Parameters
    ----------
    room : int
        Most that is kept, bytes.
    page_bytes : int
        Of a page.
    """

    def __init__(self, room: int, page_bytes: int = PAGE_BYTES) -> None:
        self._room, self._page_bytes = room, page_bytes
        self._kept: list[tuple[mmap.mmap, int]] = []
        # An array may die wherever Python collects, in `take` as well.
        self._lock = threading.RLock()

    @property
    def kept(self) -> int:
        """Bytes that are kept."""
        with self._lock:
            return sum(used for _, used in self._kept)

    def take(self) -> _Loan:
        """A page with whatever it holds; it comes back by itself."""
        with self._lock:
            if self._kept:
                return _Loan(*self._kept.pop(), self._give)
        return _Loan(_reserved(self._page_bytes), 0, self._give)

    def _give(self, memory: mmap.mmap, used: int) -> None:
        with self._lock:
            room = self._room - self.kept
            full = len(self._kept) == _MOST_KEPT or room <= 0
            if full or not hasattr(mmap, "MADV_DONTNEED"):
                return
            kept = min(used, room, len(memory)) // mmap.PAGESIZE * mmap.PAGESIZE
            if kept < len(memory):
                memory.madvise(mmap.MADV_DONTNEED, kept)
            self._kept.append((memory, kept))


_SPARE: Final = SparePages(_SPARE_BYTES)


class Pages:
    """An array that grows while the engine writes into its newest page.

    Parameters
    ----------
    dtype : dtype
    is_lent : bool
        What is taken of a single page is good until the next `clear`, and the page is
        written again: new memory would be faulted in for each of many short runs.
    spare : SparePages, optional
        Where pages come from; those of all runs by default.
    """

    def __init__(
        self,
        dtype: np.dtype[Any],
        *,
        is_lent: bool = False,
        spare: SparePages | None = None,
    ) -> None:
        self._dtype, self._is_lent, self._spare = dtype, is_lent, spare or _SPARE
        self._full: list[NDArray[Any]] = []
        self._begin()

    def _begin(self) -> None:
        """Begin a new page."""
        self._loan: _Loan | None = self._spare.take()
        whole = np.asarray(self._loan)
        rows = len(whole) // self._dtype.itemsize
        self.page: NDArray[Any] = whole[: rows * self._dtype.itemsize].view(self._dtype)

    def _written(self, used: int) -> NDArray[Any]:
        """What is written of the page; its memory goes with the last that has it."""
        if self._loan is not None:
            self._loan.used = max(self._loan.used, used * self._dtype.itemsize)
        return self.page[:used]

    def _end(self, used: int) -> NDArray[Any]:
        """`_written`, and have no page any more."""
        part = self._written(used)
        self._loan, self.page = None, np.empty(0, self._dtype)
        return part

    def turn(self, used: int) -> None:
        """Put away what is used, and begin a new page."""
        self._full.append(self._end(used))
        self._begin()

    def clear(self) -> None:
        """Forget everything, and begin a new page."""
        self._full.clear()
        if not self._is_lent or self._loan is None:
            # The old one goes first: it may be the one that is taken.
            self._end(0)
            self._begin()

    def take(self, used: int) -> NDArray[Any]:
        """Everything, with so much of the newest page; nothing is left here."""
        if self._is_lent and not self._full:
            return self._written(used)
        parts, self._full = [*self._full, self._end(used)], []
        if len(parts) == 1:
            return parts[0]
        whole = np.empty(sum(map(len, parts)), self._dtype)
        end = len(whole)
        while parts:
            # A page goes as soon as it is copied, so that two are never there twice.
            part = parts.pop()
            # As plain bytes: NumPy would copy each record field by field.
            place = whole[end - len(part) : end].view(np.uint8)
            place[:] = part.view(np.uint8)
            end -= len(part)
            del part
        return whole
