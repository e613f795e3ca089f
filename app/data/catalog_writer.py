"""Writing to the catalog: an import is a job that ends whole or leaves no trace.

::

    with ImportJob(catalog, "lobster", files) as job:
        job.append(target, records)     # any number of times, in order of time
        job.commit()

Columns go to disk as they come, so memory stays bounded; a column that has not changed
yet costs no file. Before the commit everything is synced, in one call where the files
are many. Leaving the block without `commit`, by whatever way, removes what was written.
"""

import errno
import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

import numpy as np
from numpy.typing import NDArray

from app.data.catalog import (
    COLUMNS,
    FORMAT,
    HEADER_BYTES,
    MADE_UP,
    META,
    Catalog,
    Meta,
    Segment,
    folder_name,
)
from app.data.commit import (
    IMPORTS,
    Commit,
    finish,
    finish_interrupted,
    locked,
    sync_files,
)
from app.engine.records import MARKET, EventKind
from app.errors import CatalogError
from app.instrument import Instrument, plain

DAY_NS: Final = 86_400_000_000_000
_COPY_ROWS: Final = 1 << 20


@dataclass(eq=False, slots=True)
class Target:
    """One stream that an import fills, and what is to be said of it (see `Meta`).

    A segment covers one UTC day, or one year where rows are as few as bars are; or
    what has one number by `split`: times in ns since 1970 UTC to, say, trade dates.
    """

    instrument: Instrument
    stream: str
    basis: str
    window: int | None = None
    trades_apart: bool = False
    time_zone: str = "UTC"
    by_year: bool = False
    notes: list[str] = field(default_factory=list)
    split: Callable[[NDArray[np.int64]], NDArray[np.int64]] | None = None

    def numbers(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of the segment that each time, ns, belongs to."""
        if self.split is not None:
            return self.split(times)
        days: NDArray[np.int64] = _years(times) if self.by_year else times // DAY_NS
        return days


class ImportJob:
    """One import under way.

    Parameters
    ----------
    catalog : Catalog
    importer : str
        Name of what makes the records.
    sources : sequence of Path
        The files they come from; their digests are kept.
    origin : tuple of str, optional
        Instead of files: what they come from, and what tells it from any other.
    """

    def __init__(
        self,
        catalog: Catalog,
        importer: str,
        sources: Sequence[Path],
        origin: tuple[str, str] | None = None,
    ) -> None:
        self.catalog = catalog
        self._importer = importer
        self._sources = sources
        self._origin = origin
        self._days: dict[int, list[_Day]] = {}
        self._stack = ExitStack()
        self._is_certain = False
        self.folder = Path()
        self.replaced: list[str] = []
        """Segments that were replaced, below the root; known after `commit`."""

    def __enter__(self) -> Self:
        root = self.catalog.root
        imports = root / IMPORTS
        try:
            imports.mkdir(parents=True, exist_ok=True)
            finish_interrupted(root)
            number = 0
            while (imports / f"{os.getpid()}-{number}").exists():
                number += 1
            self.folder = imports / f"{os.getpid()}-{number}"
            self.folder.mkdir()
        except OSError as error:
            raise CatalogError(_words(root, error)) from error
        self._stack.enter_context(locked(self.folder))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for days in self._days.values():
            for each in days:
                each.close()
        if not self._is_certain:
            shutil.rmtree(self.folder, ignore_errors=True)
        self._stack.close()
        if isinstance(error, OSError) and error.errno in (
            errno.ENOSPC,
            errno.EDQUOT,
            errno.EFBIG,
        ):
            raise CatalogError(_words(self.catalog.root, error)) from error

    def append(self, target: Target, records: NDArray[np.void]) -> None:
        """Take records, MARKET, in order of `ts_received`, also between calls."""
        if not len(records):
            return
        days = self._days.setdefault(id(target), [])
        times = records["ts_received"]
        last = days[-1].last_ts if days else times[0]
        if last > times[0] or np.any(times[1:] < times[:-1]):
            raise CatalogError(_out_of_order(target, last, times))
        numbers = target.numbers(times)
        cuts = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(records)]
        for low, high in pairwise(cuts):
            number = int(numbers[low])
            if not days or days[-1].number != number:
                path = self.folder / str(sum(map(len, self._days.values())))
                if days:
                    days[-1].seal()
                days.append(_Day(target, number, path))
            days[-1].append(records[low:high])

    def seal(self, target: Target) -> None:
        """Close a target's files: no more comes for it."""
        for each in self._days.get(id(target), [])[-1:]:
            each.seal()

    def commit(self, replaces: Iterable[Segment] = ()) -> list[Meta]:
        """Make the import part of the catalog; return what each segment holds.

        Segments of the same stream that overlap in time, or came from the same files,
        are replaced; besides, those that are named.
        """
        source, digests = self._origin or (
            " ".join(each.name for each in self._sources),
            " ".join(_digest(each) for each in self._sources),
        )
        root = self.catalog.root
        add: list[tuple[str, str]] = []
        remove = {str(each.folder.relative_to(root)): None for each in replaces}
        metas: list[Meta] = []
        for day in (day for days in self._days.values() for day in days):
            meta = day.finish(self._importer, source, digests)
            metas.append(meta)
            stream = f"{folder_name(meta.instrument)}/{meta.stream}"
            add.append((day.folder.name, f"{stream}/{segment_name(meta.first_ts)}"))
            remove |= dict.fromkeys(self._replaced_by(meta))
            remove |= dict.fromkeys(self._made_up(meta.instrument))
        sync_files([each for days in self._days.values() for each in _files(days)])
        self.replaced = list(remove)
        Commit(tuple(remove), tuple(add)).write(self.folder)
        self._is_certain = True
        finish(root, self.folder)
        return metas

    def _replaced_by(self, new: Meta) -> list[str]:
        old = self.catalog.segments(new.instrument, new.stream)
        return [
            str(each.folder.relative_to(self.catalog.root))
            for each in old
            if _is_replaced(each.meta, new)
        ]

    def _made_up(self, name: str) -> list[str]:
        """Made-up data of an instrument, which never stand beside recorded ones."""
        if self._importer == MADE_UP:
            return []
        return [
            str(each.folder.relative_to(self.catalog.root))
            for stream in self.catalog.streams(name)
            for each in self.catalog.segments(name, stream)
            if each.meta.importer == MADE_UP
        ]


def _is_replaced(old: Meta, new: Meta) -> bool:
    """Files that follow on one another may share an instant, so that is no overlap."""
    overlap = new.first_ts < old.last_ts and old.first_ts < new.last_ts
    same_day = old.first_ts // DAY_NS == new.first_ts // DAY_NS
    same_start = old.first_ts == new.first_ts
    return overlap or same_start or (old.sha256 == new.sha256 and same_day)


class _Day:
    """One segment being written."""

    def __init__(self, target: Target, number: int, folder: Path) -> None:
        self.target = target
        self.number = number
        self.folder = folder
        self.last_ts = 0
        self._first_ts: int | None = None
        self._rows = 0
        self._gaps = 0
        self._constants: dict[str, int] = {}
        self._checksums: dict[str, int] = {}
        folder.mkdir()
        self._columns = [_Column(name, folder) for name in COLUMNS]

    def append(self, records: NDArray[np.void]) -> None:
        if self._first_ts is None:
            self._first_ts = int(records["ts_received"][0])
        self.last_ts = int(records["ts_received"][-1])
        self._rows += len(records)
        self._gaps += int(np.count_nonzero(records["kind"] == EventKind.GAP))
        for each in self._columns:
            each.append(records[each.name])

    def seal(self) -> None:
        """Close the columns: nothing more comes for this day."""
        for each in self._columns:
            constant = each.finish()
            if constant is None:
                self._checksums[each.name] = each.crc32
            else:
                self._constants[each.name] = constant
        self._columns = []

    def finish(self, importer: str, source: str, sha256: str) -> Meta:
        """Seal, and write what is known of the segment."""
        self.seal()
        assert self._first_ts is not None
        target = self.target
        meta = Meta(
            instrument=target.instrument.name,
            stream=target.stream,
            basis=target.basis,
            rows=self._rows,
            first_ts=self._first_ts,
            last_ts=self.last_ts,
            price_unit=plain(target.instrument.price_unit),
            quantity_unit=plain(target.instrument.quantity_unit),
            importer=importer,
            source=source,
            sha256=sha256,
            gaps=self._gaps,
            window=target.window,
            trades_apart=target.trades_apart,
            time_zone=target.time_zone,
            notes=tuple(target.notes),
            constants=self._constants,
            crc32=self._checksums,
        )
        with (self.folder / META).open("w", encoding="utf-8") as file:
            json.dump({"format": FORMAT, **asdict(meta)}, file, indent=1)
        return meta

    def close(self) -> None:
        for each in self._columns:
            each.close()


class _Column:
    """One column file; none as long as every value is the same."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.crc32 = 0
        self._path = folder / f"{name}.npy"
        self._dtype = MARKET[name]
        self._file: BinaryIO | None = None
        self._rows = 0
        self._constant: Any = None

    def append(self, values: NDArray[Any]) -> None:
        if self._file is None:
            if self._rows == 0:
                self._constant = values[0]
            if np.all(values == self._constant):
                self._rows += len(values)
                return
            self._open()
        self._write(values)
        self._rows += len(values)

    def _open(self) -> None:
        self._file = self._path.open("wb")
        self._file.write(bytes(HEADER_BYTES))
        for start in range(0, self._rows, _COPY_ROWS):
            count = min(_COPY_ROWS, self._rows - start)
            self._write(np.full(count, self._constant, self._dtype))

    def _write(self, values: NDArray[Any]) -> None:
        assert self._file is not None
        block = np.ascontiguousarray(values).tobytes()
        self.crc32 = zlib.crc32(block, self.crc32)
        self._file.write(block)

    def finish(self) -> int | None:
        """Close the file, or return the number that stands for it."""
        if self._file is None:
            return int(self._constant)
        self._file.seek(0)
        self._file.write(_header(self._dtype, self._rows))
        self.close()
        return None

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _files(days: Sequence[_Day]) -> list[Path]:
    """All that was written for some segments, the folders after their files."""
    return [path for each in days for path in (*each.folder.iterdir(), each.folder)]


def _header(dtype: np.dtype[Any], rows: int) -> bytes:
    """Return the .npy header of a column, format 1.0, of a fixed length."""
    text = repr({"descr": dtype.str, "fortran_order": False, "shape": (rows,)})
    length = HEADER_BYTES - 10
    padded = text.encode("ascii").ljust(length - 1) + b"\n"
    return b"\x93NUMPY\x01\x00" + length.to_bytes(2, "little") + padded


def _years(times: NDArray[np.int64]) -> NDArray[np.int64]:
    return times.astype("datetime64[ns]").astype("datetime64[Y]").astype(np.int64)


def segment_name(first_ts: int) -> str:
    """Return the name of a segment's folder: its first received time."""
    whole, nanoseconds = divmod(first_ts, 1_000_000_000)
    moment = datetime.fromtimestamp(whole, UTC)
    return f"{moment:%Y-%m-%dT%H.%M.%S}.{nanoseconds:09d}"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _out_of_order(target: Target, last: int, times: NDArray[np.int64]) -> str:
    """Say which record comes after a later one."""
    all_times = np.append(last, times)
    at = int(np.argmax(all_times[1:] < all_times[:-1]))
    before, time = (np.datetime64(int(all_times[at + n]), "ns") for n in (0, 1))
    return (
        f"records of {target.instrument.name} {target.stream} must not go back in time:"
        f" {time}Z comes after {before}Z; files are read in the order in which they are"
        " named"
    )


def _words(root: Path, error: OSError) -> str:
    return f"{error.strerror} while writing to {root}; the catalog is as it was"
