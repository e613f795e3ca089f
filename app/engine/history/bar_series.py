"""A series of bars that is followed: folded on one thread, read on another."""

import threading
from bisect import bisect_right
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from app.engine.history.growing import GrowingRows
from app.engine.history.reading import history_copy
from app.engine.history.records import BAR_ROW
from app.engine.history.series import SERIES

MOST_BYTES: Final = 16 << 30


class FoldedBars:
    """Bars of one instrument, made of its tape; meets `sessions.history.BarSeries`.

    Parameters
    ----------
    spec : BarSpec
        `kind` and `size`.
    instrument : int
    arena : int
        Address of the history's arena.
    rows : GrowingRows of BAR_ROW
    turn : threading.Lock
        Readers' own.
    release : callable
        Told when nobody follows it any more.
    """

    def __init__(
        self,
        spec: Any,
        instrument: int,
        arena: int,
        rows: GrowingRows,
        turn: threading.Lock,
        release: Callable[["FoldedBars"], None],
    ) -> None:
        self.spec = spec
        self.instrument = instrument
        self.followers = 1
        self._arena = arena
        self._rows = rows
        self._turn = turn
        self._on_release = release
        self._state = np.zeros(1, SERIES)
        self._state["kind"], self._state["size"] = spec.kind, spec.size
        self._state["bars"] = rows.address
        self._state["instrument"] = instrument
        self.make_room()

    # Readers.

    @property
    def count(self) -> int:
        """Bars there are; the last may still be open."""
        return int(self._state["count"][0])

    @property
    def version(self) -> int:
        """Changes whenever a bar was added or changed."""
        return int(self._state["version"][0])

    @property
    def is_complete(self) -> bool:
        """Whether the past was folded already."""
        return bool(self._state["is_complete"][0])

    def read(self, first: int, last: int) -> Any:
        """Copy bars [first, last) as BAR_ROW, clipped to what there is."""
        count = self.count
        first, last = max(first, 0), min(last, count)
        if first >= last:
            return np.empty(0, BAR_ROW)
        found = self._rows.rows[first:last].copy()
        if last == count:
            self._read_open(last - 1, found[-1:])
        return found

    def _read_open(self, index: int, target: Any) -> None:
        """Copy a bar that may be changing."""
        source = self._rows.address + index * BAR_ROW.itemsize
        job = np.array([source, target.ctypes.data, BAR_ROW.itemsize], np.int64)
        with self._turn:
            history_copy(self._arena, job.ctypes.data)

    def find(self, ts: int) -> int:
        """Index of the first bar whose end is past `ts`; `count` if there is none."""
        ends = self._rows.rows["end"]
        return bisect_right(range(self.count), ts, key=ends.__getitem__)

    def release(self) -> None:
        """Follow it no longer."""
        self._on_release(self)

    # The thread that folds.

    @property
    def address(self) -> int:
        """Address of its SERIES, for the fold."""
        return int(self._state.ctypes.data)

    def look_for_room(self) -> None:
        """Try again where there was no disk."""
        if self._state["full"][0]:
            self.make_room()

    def make_room(self) -> None:
        """Take disk for the next bar, and drop old ones from memory."""
        rows, state = self._rows, self._state
        state["full"] = 0 if rows.make_room(self.count + 1) else 1
        state["room"] = rows.room
        rows.drop_behind(self.count)
