"""Several recordings read as one, by received time; at equal times in their order.

Records keep the order that each recording gives them; between recordings the time
decides, then the place in the list, which stands for the source (SEMANTICS 11).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.data.catalog import Recording
from app.data.local_time import DAY_NS
from app.data.spans import bar_length
from app.engine.records import MARKET
from app.errors import CatalogError
from app.instrument import Instrument

_ROWS: Final = 16_384
_FEWEST: Final = 256
_BYTES: Final = np.dtype((np.void, MARKET.itemsize))
_WHOLE: Final = ("orders", "depth")
"""Bases that can show a whole book."""


class Merged:
    """Reads recordings together.

    Parameters
    ----------
    recordings : sequence of Recording
        Of one instrument there may be several streams, one of them at most telling of
        the book.
    start_ts, end_ts : int, optional
        First and last received time that is read, ns since 1970 UTC; all by default.
    rows : sequence of range, optional
        Rows of each recording that are read, in place of these times.

    Attributes
    ----------
    instruments : tuple of Instrument
        Each once; records name them by place.
    bases : tuple of str
        What the data tell of each instrument's book.
    full_depths : tuple of bool
        Whether they tell of all of it.
    places : list of int
        Place among the instruments of each recording's.
    bar_intervals : tuple of int
        How long its bars last, ns, where they are all there is; else 0.

    Raises
    ------
    CatalogError
        If there is no record, or two streams tell of one book.
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        start_ts: int | None = None,
        end_ts: int | None = None,
        *,
        rows: Sequence[range] | None = None,
    ) -> None:
        if not sum(map(len, recordings)):
            names = ", ".join(each.name for each in recordings)
            raise CatalogError(f"the recording of {names} holds no records")
        self.recordings = tuple(recordings)
        of: dict[str, list[Recording]] = {}
        for each in recordings:
            of.setdefault(each.name, []).append(each)
        self.instruments: tuple[Instrument, ...] = tuple(
            streams[0].instrument for streams in of.values()
        )
        self.bases = tuple(_basis(streams) for streams in of.values())
        self.full_depths = tuple(map(_is_whole, of.values()))
        self.bar_intervals = tuple(map(_bar_interval, of.values()))
        places = {name: number for number, name in enumerate(of)}
        self.places = [places[each.name] for each in recordings]
        if rows is None:
            rows = [_between(each, start_ts, end_ts) for each in recordings]
        self._next = [each.start for each in rows]
        self._ends = [each.stop for each in rows]
        self._first = [*self._next]
        self._step = max(_FEWEST, _ROWS // len(recordings))

    def __len__(self) -> int:
        return sum(map(len, self.rows))

    @property
    def rows(self) -> list[range]:
        """Rows that are read of each recording."""
        return [range(a, b) for a, b in zip(self._first, self._ends, strict=True)]

    @property
    def first_ts(self) -> int:
        """Received time of the first record, ns since 1970 UTC."""
        return min(self._times(0))

    @property
    def last_ts(self) -> int:
        """Received time of the last record, ns since 1970 UTC."""
        return max(self._times(-1))

    def _times(self, place: int) -> list[int]:
        """Received time of the first (0) or last (-1) record of each that has any."""
        return [
            int(each.column("ts_received", rows[place], rows[place] + 1)[0])
            for each, rows in zip(self.recordings, self.rows, strict=True)
            if rows
        ]

    def read(self) -> NDArray[np.void]:
        """Return the next records, MARKET; none at the end."""
        step = self._step
        while any(map(int.__lt__, self._next, self._ends)):
            ends = [
                max(start, min(start + step, last))
                for start, last in zip(self._next, self._ends, strict=True)
            ]
            # What lies before the first record that is not looked at yet is complete.
            beyond = [
                int(each.column("ts_received", end, end + 1)[0])
                for end, last, each in zip(
                    ends, self._ends, self.recordings, strict=True
                )
                if end < last
            ]
            parts = [
                self._part(i, end, min(beyond, default=None))
                for i, end in enumerate(ends)
            ]
            parts = [each for each in parts if len(each)]
            if len(parts) == 1:
                return parts[0]
            if parts:
                return _in_order(parts)
            step *= 2  # a whole block of one instant
        return np.empty(0, MARKET)

    def _part(self, index: int, end: int, before: int | None) -> NDArray[np.void]:
        start = self._next[index]
        recording = self.recordings[index]
        if before is not None and start < end:
            times = recording.column("ts_received", start, end)
            end = start + int(np.searchsorted(times, before))
        self._next[index] = end
        return recording.records(
            start, end, instrument=self.places[index], source=index & 0xFF
        )


def _in_order(parts: Sequence[NDArray[np.void]]) -> NDArray[np.void]:
    """Join parts and put them in order of time, at equal times as they stand."""
    times = np.concatenate([each["ts_received"] for each in parts])
    # As plain bytes: NumPy would copy each record field by field, in 20 times the time.
    records = np.concatenate([each.view(_BYTES) for each in parts])
    return records[np.argsort(times, kind="stable")].view(MARKET)


def _between(recording: Recording, start: int | None, end: int | None) -> range:
    first = 0 if start is None else recording.search(start)
    return range(first, len(recording) if end is None else recording.search(end + 1))


def _basis(streams: Sequence[Recording]) -> str:
    """Return the basis of an instrument's streams: that of the one that has a book."""
    names = [each.stream for each in streams]
    if len(set(names)) < len(names):
        raise CatalogError(f"{streams[0].name}@{names[0]} is named twice")
    books = [each for each in streams if each.basis != "trades"]
    if len(books) > 1:
        told = " and ".join(f"{each.name}@{each.stream}" for each in books)
        raise CatalogError(f"{told} both tell of one book: name one of them")
    return books[0].basis if books else "trades"


def _is_whole(streams: Sequence[Recording]) -> bool:
    """Whether the streams of an instrument show every level of its book."""
    told = _basis(streams)
    segments = [each for stream in streams for each in stream.segments]
    windows = [each.meta.window for each in segments if each.meta.basis == told]
    return told in _WHOLE and set(windows) == {None}


def _bar_interval(streams: Sequence[Recording]) -> int:
    """Length of the bars that are all there is of an instrument, ns; 0 = unknown.

    A day may be 23 or 25 hours long, so bars of days are of unknown length.
    """
    lengths = [bar_length(each) for each in streams if each.basis == "bars"]
    is_known = _basis(streams) == "bars" and lengths[0] < DAY_NS
    return lengths[0] if is_known else 0
