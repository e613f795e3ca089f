"""A series of bars that is followed: folded on one thread, read on another."""

import threading
from bisect import bisect_right
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from app.engine.history.growing import GrowingRows
from app.engine.history.reading import history_copy
from app.engine.history.records import BAR_ROW, BarKind
from app.engine.history.series import (
    SERIES,
    series_fold_bars,
    series_fold_trades,
)

MOST_BYTES: Final = 16 << 30
_CHUNK: Final = 112 << 10
_LEAST: Final = 16


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
        self._is_complete = False
        self._of_trades = False

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
        return self._is_complete

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

    def advance(self, head: int, track: Any, limit: int) -> int:
        """Take what is new, at most `limit` rows of it; how many it took.

        Parameters
        ----------
        head : int
            Address of the arena's HEAD.
        track : TRACK record
        """
        of_trades = bool(track["trade_count"])
        if of_trades is not self._of_trades:
            # A feed of bars began to send trades: from here on they are made of those.
            self._of_trades = of_trades
            self._state["taken"] = 0
        name = "trade" if of_trades else "bar"
        there = int(track[f"{name}_count"])
        taken = int(self._state["taken"][0])
        until = min(there, taken + limit)
        done = 0
        if until > taken and (of_trades or self.spec.kind == BarKind.TIME):
            self._state["source"] = track[f"{name}s"]
            done = self._fold(head, until, until - taken)
        self._is_complete = self._is_complete or taken + done >= there
        return done

    def _fold(self, head: int, until: int, most: int) -> int:
        rows, state = self._rows, self._state
        count = self.count
        rows.make_room(count + min(most, _LEAST))
        state["room"] = rows.room
        job = np.array([head, state.ctypes.data, until, 0], np.int64)
        fold = series_fold_trades if self._of_trades else series_fold_bars
        done = fold(job.ctypes.data)
        while state["taken"][0] < until and rows.make_room(rows.room + 1):
            state["room"] = rows.room
            done += fold(job.ctypes.data)
        rows.drop_behind(self.count)
        return done
