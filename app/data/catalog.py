"""The catalog: recorded markets as memory-mapped columns.

Below the root lies a folder per instrument, in it one per stream, in it one per
*segment*: what one import brought for one UTC day (bars: for one year)::

    AMZN/orders/2012-06-21T13.30.00.017459617/
        meta.json  ts_received.npy  kind.npy  price.npy ...

A segment holds the columns of the MARKET record of app/engine/records.py, but for the
header's `instrument` and `source`, which a session gives out. Quotes and bars lie over
the same bytes. A column that never changes is a number in ``meta.json``. Rows are in
the order of `ts_received`; segments of a stream do not overlap and are read as one.

Only app/data/catalog_writer.py writes here; an import that a crash cut short in its
last step is finished when the catalog is next opened, an earlier one is cleared away.
"""

import json
import shutil
import threading
import weakref
import zlib
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

import numpy as np
from numpy.typing import NDArray

from app.data.commit import finish_interrupted
from app.data.instrument_master import InstrumentMaster, nearest
from app.engine.records import MARKET, RecordFlag
from app.errors import CatalogError
from app.instrument import Instrument, plain

FORMAT: Final = 1
META: Final = "meta.json"
GIVEN_OUT: Final = ("instrument", "source")
"""Columns that a session fills in."""
COLUMNS: Final = tuple(each for each in MARKET.names or () if each not in GIVEN_OUT)
_BYTES: Final = np.dtype((np.void, MARKET.itemsize))
HEADER_BYTES: Final = 128
"""Each column file: an .npy header of this length, then the values."""
_MOST_FILES: Final = 8_192
_MAPPED_AT_LEAST: Final = 4
_HELD_AT_MOST: Final = 16
"""Segments that are mapped when a recording is opened; a live one has no more."""
_LOOKS: Final = 5
MADE_UP: Final = "sample"
"""The importer of segments that no market made (app/data/sample.py)."""
STREAMS: Final = ("orders", "depth", "top", "quotes", "trades", "bars")
"""Kinds of stream, the one that tells most first; bars are named bars-1m and so on."""


@dataclass(frozen=True, slots=True)
class Meta:
    """What is known of a segment.

    Attributes
    ----------
    instrument, stream : str
    basis : str
        What the records tell of the book: orders, depth, top, trades or bars.
    rows : int
    first_ts, last_ts : int
        Received time of the first and last row, ns since 1970 UTC.
    price_unit, quantity_unit : str
        The units that prices and sizes count.
    importer, source, sha256 : str
        What made it, from which files, and their digests.
    gaps : int
        GAP records.
    window : int or None
        Levels a side that the source shows; None = the whole book.
    trades_apart : bool
        Whether trades are events beside the book's, as on crypto venues: then no row of
        depth belongs to them.
    time_zone : str
        The zone of the source's times, before they became UTC.
    notes : tuple of str
        What the import had to say.
    constants : mapping
        Columns that never change, by name.
    crc32 : mapping
        Checksum of the values of each column file.
    """

    instrument: str
    stream: str
    basis: str
    rows: int
    first_ts: int
    last_ts: int
    price_unit: str
    quantity_unit: str
    importer: str
    source: str
    sha256: str
    gaps: int
    window: int | None
    trades_apart: bool
    time_zone: str
    notes: tuple[str, ...]
    constants: Mapping[str, int]
    crc32: Mapping[str, int]

    @classmethod
    def read(cls, path: Path) -> "Meta":
        """Read ``meta.json``; CatalogError if it is absent or damaged."""
        try:
            document = json.loads(path.read_text("utf-8"))
            version = document.pop("format")
            if version != FORMAT:
                raise CatalogError(
                    f"{path} has format {version}; this version reads {FORMAT}"
                )
            document["notes"] = tuple(document["notes"])
            return cls(**document)
        except OSError as error:
            raise CatalogError(f"{path} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CatalogError(f"{path} is damaged: {error}") from error


class _Mapped:
    """The segments whose files are open: a bounded number, the longest open goes first.

    A column that is mapped is an open file, a segment some ten of them, and a year of
    days has more than a process may open.
    """

    def __init__(self) -> None:
        self._segments: deque[weakref.ref[Segment]] = deque()
        self._lock = threading.Lock()

    def note(self, segment: "Segment") -> None:
        """Count a segment that was opened."""
        with self._lock:
            self._segments.append(weakref.ref(segment))
            while len(self._segments) > _most_mapped():
                oldest = self._segments.popleft()()
                if oldest is not None:
                    oldest.let_go()


def _most_mapped() -> int:
    """Segments whose columns take half of the files that the process may open."""
    try:
        import resource  # not on Windows
    except ImportError:
        return _MAPPED_AT_LEAST
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if not 0 <= files < _MOST_FILES:  # no limit may be a negative number
        files = _MOST_FILES
    return max(_MAPPED_AT_LEAST, files // (2 * len(COLUMNS)))


_mapped: Final = _Mapped()


class Segment:
    """What one import brought for one UTC day, its columns mapped into memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.meta = Meta.read(folder / META)
        self._columns: Mapping[str, NDArray[Any]] | None = None

    def __len__(self) -> int:
        return self.meta.rows

    @property
    def columns(self) -> Mapping[str, NDArray[Any]]:
        """Each column, read-only: mapped from its file, or one repeated number."""
        columns = self._columns
        if columns is None:
            columns = {name: self._column(name) for name in COLUMNS}
            self._columns = columns
            _mapped.note(self)
        return columns

    @cached_property
    def varying(self) -> tuple[str, ...]:
        """Columns that are not one repeated number."""
        return tuple(name for name in COLUMNS if name not in self.meta.constants)

    def pattern(self) -> NDArray[np.void]:
        """One MARKET record with the numbers that are the same in all rows."""
        pattern = np.zeros(1, MARKET)
        for name, value in self.meta.constants.items():
            pattern[name] = value
        return pattern

    def is_held(self) -> bool:
        """Map its columns; False if it was taken away, and another has its rows."""
        try:
            return bool(self.columns)
        except CatalogError:
            # What is damaged is told to who reads it.
            return self.folder.is_dir()

    def let_go(self) -> None:
        """Keep its files open no longer than somebody holds a part of them."""
        self._columns = None

    def _column(self, name: str) -> NDArray[Any]:
        dtype, rows = MARKET[name], self.meta.rows
        if name in self.meta.constants:
            value = np.array(self.meta.constants[name], dtype)
            return np.broadcast_to(value, (rows,))
        path = self.folder / f"{name}.npy"
        try:
            held = path.stat().st_size
        except OSError as error:
            raise CatalogError(f"{path} is missing: {error.strerror}") from error
        needed = HEADER_BYTES + rows * dtype.itemsize
        if held != needed:
            raise CatalogError(f"{path} must hold {needed} bytes, holds {held}")
        return np.memmap(path, dtype, "r", HEADER_BYTES, (rows,))

    def verify(self) -> None:
        """Read every column and compare its checksum; CatalogError if one differs."""
        for name, expected in self.meta.crc32.items():
            found = zlib.crc32(np.ascontiguousarray(self.columns[name]).data)
            if found != expected:
                raise CatalogError(f"{self.folder / name}.npy does not match its crc32")


class Recording:
    """One stream of one instrument, all its segments in order of time.

    Parameters
    ----------
    instrument : Instrument
        What is recorded.
    segments : list of Segment
        At least one, in order of time, not overlapping.
    """

    def __init__(self, instrument: Instrument, segments: list[Segment]) -> None:
        self.instrument = instrument
        self.segments = segments
        self._starts = np.cumsum([0, *map(len, segments)])

    @property
    def name(self) -> str:
        """Name of the instrument."""
        return self.instrument.name

    @property
    def stream(self) -> str:
        """Name of the stream."""
        return self.segments[0].meta.stream

    @property
    def basis(self) -> str:
        """What it tells of the book: orders, depth, top, trades or bars."""
        return self.segments[0].meta.basis

    @property
    def rows(self) -> int:
        """Number of records."""
        return int(self._starts[-1])

    def __len__(self) -> int:
        return self.rows

    @property
    def first_ts(self) -> int:
        """Received time of the first record, ns since 1970 UTC."""
        return self.segments[0].meta.first_ts

    @property
    def last_ts(self) -> int:
        """Received time of the last record, ns since 1970 UTC."""
        return self.segments[-1].meta.last_ts

    @property
    def gaps(self) -> int:
        """Places where data were lost."""
        return sum(each.meta.gaps for each in self.segments)

    @property
    def window(self) -> int | None:
        """Levels a side that the source shows at the least; None = the whole book."""
        levels = [each.meta.window for each in self.segments]
        return min((each for each in levels if each is not None), default=None)

    @property
    def trades_apart(self) -> bool:
        """Whether trades are events beside the book's (see `Meta`)."""
        return any(each.meta.trades_apart for each in self.segments)

    @cached_property
    def columns(self) -> Mapping[str, NDArray[Any]]:
        """Each column; mapped memory where there is one segment, else a copy."""
        if len(self.segments) == 1:
            return self.segments[0].columns
        return {name: self.column(name) for name in COLUMNS}

    def column(
        self, name: str, start: int = 0, stop: int | None = None
    ) -> NDArray[Any]:
        """Rows `start` to `stop` of one column."""
        parts = list(self._parts(start, stop))
        if len(parts) == 1:
            segment, rows = parts[0]
            return segment.columns[name][rows]
        out, at = np.empty(len(range(self.rows)[start:stop]), MARKET[name]), 0
        for segment, rows in parts:
            part = segment.columns[name][rows]
            out[at : at + len(part)] = part
            at += len(part)
        return out

    def records(
        self,
        start: int = 0,
        stop: int | None = None,
        *,
        instrument: int = 0,
        source: int = 0,
    ) -> NDArray[np.void]:
        """Rows `start` to `stop` as MARKET records.

        Parameters
        ----------
        start, stop : int
            As in a slice, but not negative.
        instrument : int
            Index in the session's instrument table, for the records' headers.
        source : int
            Number of the producing ring, for the records' headers.
        """
        out = np.empty(len(range(self.rows)[start:stop]), MARKET)
        at = 0
        for segment, rows in self._parts(start, stop):
            part = out[at : at + rows.stop - rows.start]
            # What all rows have in common is written at once, as plain bytes.
            pattern = segment.pattern()
            pattern["instrument"], pattern["source"] = instrument, source
            pattern["flags"] |= np.uint16(RecordFlag.REPLAYED)
            part.view(_BYTES)[:] = pattern.view(_BYTES)
            for name in segment.varying:
                part[name] = segment.columns[name][rows]
            if "flags" in segment.varying:
                part["flags"] |= np.uint16(RecordFlag.REPLAYED)
            at += len(part)
        return out

    def batches(self, rows: int = 65_536) -> Iterator[NDArray[np.void]]:
        """All records in arrays of at most so many rows."""
        for start in range(0, self.rows, rows):
            yield self.records(start, start + rows)

    def search(self, ts: int) -> int:
        """Row of the first record received at or after a time, ns since 1970 UTC."""
        for start, segment in zip(self._starts, self.segments, strict=False):
            if ts <= segment.meta.last_ts:
                times = segment.columns["ts_received"]
                return int(start) + int(np.searchsorted(times, ts))
        return self.rows

    def verify(self) -> None:
        """Compare the checksum of every column; CatalogError if one differs."""
        for each in self.segments:
            each.verify()

    def _parts(self, start: int, stop: int | None) -> Iterator[tuple[Segment, slice]]:
        wanted = range(self.rows)[start:stop]
        for begin, segment in zip(self._starts, self.segments, strict=False):
            low = max(wanted.start - int(begin), 0)
            high = min(wanted.stop - int(begin), len(segment))
            if low < high:
                yield segment, slice(low, high)


class Catalog:
    """All recordings below one folder.

    Parameters
    ----------
    root : Path
        The folder (setting paths.data); it need not exist.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        finish_interrupted(root)

    @cached_property
    def master(self) -> InstrumentMaster:
        """The instruments: those that ship and the user's, beside the recordings."""
        return InstrumentMaster.beside(self.root)

    def names(self) -> list[str]:
        """Instruments that have recordings, in order."""
        folders = self.root.iterdir() if self.root.is_dir() else iter(())
        return sorted(
            unquote(each.name)
            for each in folders
            if each.is_dir() and not each.name.startswith(".")
        )

    def streams(self, name: str) -> list[str]:
        """Streams of an instrument, the one that tells most first."""
        folder = self.root / folder_name(name)
        if not folder.is_dir():
            return []
        found = (each.name for each in folder.iterdir() if each.is_dir())
        return sorted(found, key=lambda each: (_rank(each), each))

    def open(self, name: str, stream: str | None = None) -> Recording:
        """Open a recording.

        Parameters
        ----------
        name : str
            The instrument; ``NAME@STREAM`` names its stream too.
        stream : str, optional
            The one that tells most of the book, unless given.

        Raises
        ------
        CatalogError
            If there is none, or it is damaged; the message names the nearest known.
        """
        if stream is None and name not in self.names() and "@" in name:
            name, _, stream = name.rpartition("@")
        known = self.streams(name)
        if not known:
            there = self.names()
            empty = "; the catalog is empty: ringside import FILE, or ringside sample"
            hint = nearest(name, there) or ("" if there else empty)
            raise CatalogError(f"no recording of {name!r} in {self.root}{hint}")
        if stream is not None and stream not in known:
            raise CatalogError(
                f"no stream {stream!r} of {name}; it has {', '.join(known)}"
            )
        segments = self._held(name, stream or known[0])
        return Recording(self._checked(name, segments), segments)

    def _held(self, name: str, stream: str) -> list[Segment]:
        """Segments of a stream; few ones are mapped, so that nobody takes them away.

        While something is recorded its segments are merged, and what is merged is
        deleted: between being listed and being mapped one may go.
        """
        segments = self.segments(name, stream)
        for _ in range(_LOOKS):
            few = len(segments) <= _HELD_AT_MOST
            if not few or all(each.is_held() for each in segments):
                break
            segments = self.segments(name, stream)
        return segments

    def segments(self, name: str, stream: str) -> list[Segment]:
        """Segments of a stream in order of time."""
        folder = self.root / folder_name(name) / stream
        if not folder.is_dir():
            return []
        found = [Segment(each) for each in folder.iterdir() if each.is_dir()]
        return sorted(found, key=lambda each: (each.meta.first_ts, each.meta.last_ts))

    def delete(self, name: str, stream: str | None = None) -> None:
        """Delete an instrument's recordings, or one stream of them."""
        if not self.streams(name) or stream not in (None, *self.streams(name)):
            raise CatalogError(f"no recording of {name!r} {stream or ''} to delete")
        folder = self.root / folder_name(name)
        wanted = folder if stream is None else folder / stream
        # Renamed first: a crash leaves nothing that looks like half a recording.
        doomed = self.root / f".deleted-{folder.name}"
        shutil.rmtree(doomed, ignore_errors=True)
        wanted.rename(doomed)
        shutil.rmtree(doomed)
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()

    def _checked(self, name: str, segments: list[Segment]) -> Instrument:
        instrument = self.master.instrument(name)
        units = plain(instrument.price_unit), plain(instrument.quantity_unit)
        for each in segments:
            stored = (each.meta.price_unit, each.meta.quantity_unit)
            if stored != units:
                raise CatalogError(
                    f"{each.folder} counts in units {stored}, but the instrument "
                    f"master now says {units}: import it anew, or set them back"
                )
        return instrument


def folder_name(name: str) -> str:
    """Return the folder of an instrument: its name, safe for a file system."""
    return quote(name, safe=" ").replace(".", "%2E")


def _rank(stream: str) -> int:
    kind = stream.partition("-")[0]
    return STREAMS.index(kind) if kind in STREAMS else len(STREAMS)
