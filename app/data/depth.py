"""Writing the depth of a recording: a row of levels after each event.

The recording runs through the engine's own book, batch by batch, and the rows go out as
they come, so memory stays bounded. Prices are floats of currency, the nearest to the
exact price; sizes are floats of shares, contracts or coins; what is not there is null.
"""

import csv
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from app.data.catalog import Recording
from app.engine.book import BookReplay
from app.engine.records import NO_PRICE, EventKind, RecordFlag
from app.errors import CatalogError
from app.instrument import Instrument

BASES: Final = ("orders", "depth", "top")
"""What a book can be made of."""
_CELLS: Final = 1 << 21
_SIDES: Final = ("bid", "ask")


class _Writer(Protocol):
    def write(self, columns: list[Any]) -> None: ...

    def close(self) -> None: ...


def write_depth(
    recording: Recording,
    levels: int,
    path: Path,
    progress: Callable[[float, int], None] = lambda _share, _rows: None,
) -> int:
    """Write the levels of a recording's book after each of its events.

    Parameters
    ----------
    recording : Recording
        By order, depth or top of book.
    levels : int
        Levels a side, from 1; what lies outside the source's window stays empty.
    path : Path
        ``.parquet`` or ``.csv``.
    progress : callable, optional
        Told the share that is done and the rows so far.

    Returns
    -------
    int
        Rows written.
    """
    if levels < 1:
        raise CatalogError(f"levels must be 1 or more, was {levels}")
    if recording.basis not in BASES:
        raise CatalogError(
            f"{recording.name} {recording.stream} tells {recording.basis}, no book"
        )
    writer = _writer(path, levels)
    written = 0
    try:
        with closing(writer):
            for share, rows in depth_rows(recording, levels):
                writer.write(_columns(rows, recording.instrument, levels))
                written += len(rows)
                progress(share, written)
        _part(path).replace(path)
    finally:
        _part(path).unlink(missing_ok=True)
    return written


def depth_rows(
    recording: Recording, levels: int
) -> Iterator[tuple[float, NDArray[np.void]]]:
    """Yield the share that is done and rows as `BookReplay.apply` gives them."""
    book = BookReplay(recording.basis)
    shown = min(levels, recording.window or levels)
    batch = max(1024, _CELLS // levels)
    for start in range(0, recording.rows, batch):
        records = recording.records(start, start + batch)
        rows: NDArray[np.void] = book.apply(records, levels)
        if recording.trades_apart:
            last = records[records["flags"] & np.uint16(RecordFlag.LAST) != 0]
            rows = rows[last["kind"] != EventKind.TRADE]
        for side in _SIDES:
            rows[f"{side}_price"][:, shown:] = NO_PRICE
            rows[f"{side}_size"][:, shown:] = 0
        yield min(1.0, (start + batch) / recording.rows), rows


def column_names(levels: int) -> list[str]:
    """Return ``ts``, then price and size of bid and ask, level by level."""
    return ["ts"] + [
        f"{side}_{what}_{level + 1}"
        for level in range(levels)
        for side in _SIDES
        for what in ("price", "size")
    ]


def _columns(rows: NDArray[np.void], instrument: Instrument, levels: int) -> list[Any]:
    """Return pyarrow columns, in the order of `column_names`."""
    import pyarrow as pa

    columns = [pa.array(rows["ts"])]
    for level in range(levels):
        for side in _SIDES:
            prices = rows[f"{side}_price"][:, level]
            absent = prices == NO_PRICE
            known = np.where(absent, 0, prices)
            sizes = np.where(absent, 0, rows[f"{side}_size"][:, level])
            columns.append(pa.array(instrument.prices(known), mask=absent))
            columns.append(pa.array(instrument.quantities(sizes), mask=absent))
    return columns


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _writer(path: Path, levels: int) -> _Writer:
    if path.suffix == ".parquet":
        return _Parquet(path, levels)
    if path.suffix == ".csv":
        return _Csv(path, levels)
    raise CatalogError(f"{path} must end with .parquet or .csv")


class _Parquet:
    def __init__(self, path: Path, levels: int) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        names = column_names(levels)
        kinds = [pa.int64()] + [pa.float64()] * (len(names) - 1)
        self._schema = pa.schema(list(zip(names, kinds, strict=True)))
        self._file = parquet.ParquetWriter(
            _part(path), self._schema, compression="zstd"
        )

    def write(self, columns: list[Any]) -> None:
        import pyarrow as pa

        if len(columns[0]):
            table = pa.Table.from_arrays(columns, schema=self._schema)
            self._file.write_table(table)

    def close(self) -> None:
        self._file.close()


class _Csv:
    def __init__(self, path: Path, levels: int) -> None:
        self._file = _part(path).open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file)
        self._rows.writerow(column_names(levels))

    def write(self, columns: list[Any]) -> None:
        lists = [column.to_pylist() for column in columns]
        self._rows.writerows(zip(*lists, strict=True))

    def close(self) -> None:
        self._file.close()
