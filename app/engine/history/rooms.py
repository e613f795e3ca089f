"""Disk for what the fold writes: taken when it says that it lacks some."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from app.engine.history.growing import GrowingRows
from app.engine.history.heat_rows import HeatRows
from app.engine.history.state import Need

_log = logging.getLogger("app.engine")
_AHEAD: Final = 1024
"""Rows that there is room for after more was made."""
_NEEDED: Final = {Need.TRADES: "trade", Need.BARS: "bar", Need.SAMPLES: "sample"}


class Rooms:
    """Makes room in the files of a history.

    Parameters
    ----------
    head : (1,) HEAD
    tracks : (n,) TRACK
    files : mapping
        By what a track counts, the file of each instrument.
    heat : HeatRows
    """

    def __init__(
        self,
        head: Any,
        tracks: Any,
        files: Mapping[str, Sequence[GrowingRows]],
        heat: HeatRows,
    ) -> None:
        self._head = head
        self._tracks = tracks
        self._files = files
        self._heat = heat
        self._was_full = False

    def look_anew(self) -> None:
        """Let the fold ask again after the disk was full."""
        self._head["full"] = 0

    def make(self, need: Need) -> None:
        """Take disk for what the fold lacks; if there is none it goes on without."""
        if need == Need.NOTHING:
            return
        if self._has_made(need):
            self._was_full = False
            return
        self._head["full"] = 1
        if not self._was_full:
            self._was_full = True
            _log.error("market history: no room on disk, some of it is not kept")

    def _has_made(self, need: Need) -> bool:
        if need == Need.COLUMNS:
            return self._heat.make_room()
        name = _NEEDED[need]
        counts, rooms = self._tracks[f"{name}_count"], self._tracks[f"{name}_room"]
        is_there = True
        for number in np.flatnonzero(rooms < counts + _AHEAD).tolist():
            rows, count = self._files[name][number], int(counts[number])
            is_there &= rows.make_room(count + _AHEAD)
            rooms[number] = rows.room
            rows.drop_behind(count)
        return is_there
