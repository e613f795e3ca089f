"""Parquet files: with a mapping of columns as CSV has, or as `ringside export` wrote.

A mapping names columns (see app/data/csv_file.py); typed times need no format. What was
exported is read back record by record, exactly, and needs no mapping, for the file says
what it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.data.catalog_writer import Target
from app.data.csv_file import CsvImporter, MappedFile
from app.data.csv_map import CsvMap
from app.data.export import BARS, EVENTS, QUOTES, SIZES, WHOLE
from app.data.importing import Import, Importer, Sketch, new_records
from app.data.local_time import is_zone
from app.data.text_columns import Issues, Table, to_units
from app.engine.records import BAR, NO_PRICE, QUOTE, EventKind
from app.errors import FileFormatError
from app.instrument import Instrument, InstrumentKind, plain

MAGIC: Final = b"PAR1"
_BATCH_ROWS: Final = 1 << 16
_KEY: Final = "ringside."
_KINDS: Final = {each.name: int(each) for each in EventKind}


class ParquetImporter(CsvImporter):
    """Reads Parquet files of one instrument, in the order in which they are named."""

    name = "parquet"

    def __init__(self, mapping: CsvMap, time_type: str = "") -> None:
        if time_type:
            mapping = replace(mapping, time_format="iso")
        super().__init__(mapping)

    @classmethod
    def for_files(cls, mapping: CsvMap, paths: Sequence[Path]) -> "ParquetImporter":
        """Make one for files, whose first tells how times are typed."""
        time = mapping.columns["time"]
        with _Parquet(paths[0]) as file:
            is_typed = time in file.names and file.is_time(time)
        return cls(replace(mapping, header=True), "typed" if is_typed else "")

    def sniff(self, path: Path) -> bool:
        """Tell whether a file is Parquet."""
        return is_parquet(path)

    def opened(self, path: Path, issues: Issues) -> MappedFile:
        """Open a file whose columns the mapping names."""
        return _MappedParquet(path, self._map, issues)


def parquet_importer(paths: Sequence[Path], mapping: str | None) -> Importer:
    """Return what reads Parquet files: by a mapping, or as exports.

    Raises
    ------
    FileFormatError
        If there is no mapping and the first was not exported.
    """
    if mapping is not None:
        return ParquetImporter.for_files(CsvMap.from_text(mapping), paths)
    export = ExportImporter()
    if export.sniff(paths[0]):
        return export
    raise FileFormatError(paths[0], "needs a mapping of its columns: --map")


def is_parquet(path: Path) -> bool:
    """Tell whether a file begins as Parquet does."""
    try:
        with path.open("rb") as file:
            return file.read(4) == MAGIC
    except OSError:
        return False


class _Parquet:
    """One Parquet file; what is damaged is told in our words."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        self.path = path
        try:
            self._file = parquet.ParquetFile(path)
            self.schema = self._file.schema_arrow
        except (pa.ArrowException, OSError, ValueError) as error:
            raise FileFormatError(path, f"is no sound Parquet: {error}") from error
        self.names: list[str] = list(self.schema.names)
        self.rows: int = self._file.metadata.num_rows

    def __enter__(self) -> "_Parquet":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def told(self) -> dict[str, str]:
        """What `ringside export` wrote about the file; nothing where it did not."""
        metadata: dict[bytes, bytes] = self.schema.metadata or {}
        texts = {
            key.decode("utf-8", "replace"): value.decode("utf-8", "replace")
            for key, value in metadata.items()
        }
        return {
            key.removeprefix(_KEY): value
            for key, value in texts.items()
            if key.startswith(_KEY)
        }

    def is_time(self, name: str) -> bool:
        """Whether a column is typed as a time or a date."""
        import pyarrow as pa

        kind = self.schema.field(name).type
        return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))

    def batches(self, names: Sequence[str]) -> Iterator[tuple[float, Any]]:
        """Yield the share that was read, and record batches of some columns."""
        import pyarrow as pa

        done = 0
        try:
            for batch in self._file.iter_batches(_BATCH_ROWS, columns=list(names)):
                done += len(batch)
                yield done / max(1, self.rows), batch
        except (pa.ArrowException, OSError) as error:
            raise FileFormatError(self.path, f"is damaged: {error}") from error


def columns_and_rows(
    path: Path, count: int
) -> tuple[list[str], list[list[str]], str | None]:
    """Return the columns of a file, its first rows as text, and the zone of its times.

    The zone is that of the first column that is typed as a time, "" where it has none;
    None where there is no such column.
    """
    with _Parquet(path) as file:
        zone: str | None = None
        for name in file.names:
            if file.is_time(name):
                zone = getattr(file.schema.field(name).type, "tz", None) or ""
                break
        for _, batch in file.batches(file.names):
            texts = [_shown(each, path)[:count] for each in batch.columns]
            return file.names, [list(row) for row in zip(*texts, strict=True)], zone
        return file.names, [], zone


def _shown(column: Any, path: Path) -> list[str]:
    try:
        return list(_text(column, path).to_pylist())
    except FileFormatError:
        return [""] * len(column)


class _MappedParquet:
    """One file as tables of text, which the mapping's reader takes."""

    def __init__(self, path: Path, mapping: CsvMap, issues: Issues) -> None:
        self.day: date | None = mapping.day_of(path)
        self._path = path
        self._map = mapping
        self._issues = issues

    def tables(self) -> Iterator[tuple[float, Table]]:
        """Yield the share that was read and a table of text."""
        wanted = dict(self._map.columns)
        with _Parquet(self._path) as file:
            for theirs in wanted.values():
                if theirs not in file.names:
                    there = ", ".join(file.names)
                    rule = f"must have column {theirs!r}, has {there}"
                    raise FileFormatError(self._path, rule)
            row = 1
            for share, batch in file.batches(sorted(set(wanted.values()))):
                columns = [
                    _text(batch.column(each), self._path) for each in wanted.values()
                ]
                numbers = np.arange(row, row + len(batch))
                yield share, Table(list(wanted), columns, numbers, self._issues)
                row += len(batch)


def _text(column: Any, path: Path) -> Any:
    """Write a column as text, times as ISO 8601, numbers as they print."""
    import pyarrow as pa
    from pyarrow import compute

    kind = column.type
    try:
        if pa.types.is_dictionary(kind):
            column = column.dictionary_decode()
        if pa.types.is_date(kind):
            column = column.cast(pa.timestamp("s"))
        if pa.types.is_timestamp(column.type) and column.type.tz is not None:
            column = column.cast(pa.timestamp("ns", tz="UTC"))
        return compute.fill_null(column.cast(pa.string()), "")
    except pa.ArrowException as error:
        rule = f"holds {kind}, which is no column of numbers, text or times: {error}"
        raise FileFormatError(path, rule) from error


class ExportImporter:
    """Reads what `ringside export` wrote as Parquet, back into the same records."""

    name = "export"

    def sniff(self, path: Path) -> bool:
        """Tell whether a file says that it is an export."""
        if not is_parquet(path):
            return False
        try:
            with _Parquet(path) as file:
                return {"instrument", "stream", "basis"} <= file.told.keys()
        except FileFormatError:
            return False

    def read(self, paths: Sequence[Path], run: Import) -> None:
        """Read files, each into the stream that it says."""
        targets: dict[tuple[str, str], Target] = {}
        for number, path in enumerate(paths):
            issues = run.issues(path)
            with _Parquet(path) as file:
                told = _Told.of(file, run.options.instrument)
                instrument = run.instrument(told.instrument, told.sketch)
                key = told.instrument, told.stream
                if key not in targets:
                    targets[key] = Target(
                        instrument,
                        told.stream,
                        told.basis,
                        window=told.window,
                        trades_apart=told.trades_apart,
                        time_zone=told.time_zone,
                        by_year=told.basis == "bars",
                    )
                row = 1
                for share, batch in file.batches(file.names):
                    records = _Back(instrument, batch, row, issues).records()
                    run.emit(targets[key], records)
                    run.progress((number + share) / len(paths))
                    row += len(batch)


@dataclass(frozen=True, slots=True)
class _Told:
    """What an exported file says of itself."""

    instrument: str
    stream: str
    basis: str
    price_unit: Decimal
    quantity_unit: Decimal
    window: int | None
    trades_apart: bool
    time_zone: str

    @classmethod
    def of(cls, file: _Parquet, name: str | None) -> "_Told":
        told = file.told
        try:
            window = told.get("window", "")
            made = cls(
                name or told["instrument"],
                told["stream"],
                told["basis"],
                Decimal(told["price_unit"]),
                Decimal(told["quantity_unit"]),
                int(window) if window.isdecimal() else None,
                told.get("trades_apart") == "1",
                told.get("time_zone", "UTC"),
            )
        except (KeyError, InvalidOperation) as error:
            rule = f"must say what it is, as ringside export does: {error}"
            raise FileFormatError(file.path, rule) from None
        if not is_zone(made.time_zone):
            raise FileFormatError(file.path, f"there is no zone {made.time_zone!r}")
        is_name = made.stream.replace("-", "").isalnum() and made.stream.isascii()
        if not is_name or min(made.price_unit, made.quantity_unit) <= 0:
            raise FileFormatError(
                file.path, f"stream {made.stream!r} is no name of one"
            )
        return made

    def sketch(self) -> Sketch:
        """What is known of the instrument where it is new."""
        return Sketch(
            kind=InstrumentKind.STOCK,
            venue="EXPORT",
            currency="USD",
            price_unit=self.price_unit,
            quantity_unit=self.quantity_unit,
        )


class _Back:
    """Turns one batch of an export back into records."""

    def __init__(
        self, instrument: Instrument, batch: Any, row: int, issues: Issues
    ) -> None:
        self._instrument = instrument
        self._batch = batch
        self._names = set(batch.schema.names)
        self._row = row
        self._issues = issues
        self._good = np.ones(len(batch), np.bool_)

    def records(self) -> NDArray[np.void]:
        """Return the sound rows as records."""
        records = new_records(len(self._batch))
        for name in ("ts_venue", "ts_received", "sequence", "flags"):
            records[name] = self._whole(name)[0]
        kinds = self._kinds()
        records["kind"] = kinds
        is_bar, is_quote = kinds == EventKind.BAR, kinds == EventKind.QUOTE
        for names, where in (
            (EVENTS, ~is_bar & ~is_quote),
            (QUOTES, is_quote),
            (BARS, is_bar),
        ):
            if where.any():
                self._put(records, names, where)
        self._refuse(records["ts_received"] <= 0, "ts_received", "must be a time")
        return records[self._good]

    def _put(
        self, records: NDArray[np.void], names: Sequence[str], where: NDArray[np.bool_]
    ) -> None:
        read = {name: self._whole(name) for name in names}
        if names is BARS:
            bars = records.view(BAR)
            opens = read["open"][0]
            bars["open"][where] = opens[where]
            for name in ("high", "low", "close"):
                offset = read[name][0] - opens
                wide = where & ((offset >= 2**31) | (offset < -(2**31)))
                self._refuse(wide, name, "must lie within 2**31 units of the open")
                bars[f"{name}_offset"][where] = np.where(wide, 0, offset)[where]
            for name in ("volume", "trades"):
                bars[name][where] = read[name][0][where]
            return
        view = records.view(QUOTE) if names is QUOTES else records
        for name, (values, absent) in read.items():
            none = NO_PRICE if names is QUOTES and name.endswith("price") else 0
            view[name][where] = np.where(absent, none, values)[where]

    def _kinds(self) -> NDArray[np.int64]:
        if "kind" not in self._names:
            return self._missing("kind")
        texts = self._batch.column("kind").to_pylist()
        kinds = np.array([_KINDS.get(str(each), 0) for each in texts], np.int64)
        self._refuse(kinds == 0, "kind", "must be the name of a kind of record")
        return kinds

    def _whole(self, name: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Integers of a column, in its unit, and where there is none."""
        if name not in self._names:
            return self._missing(name), np.zeros(0, np.bool_)
        column = self._batch.column(name)
        absent = np.array(column.is_null().to_pylist(), np.bool_)
        unit = Decimal(1)
        if name in SIZES:
            unit = self._instrument.quantity_unit
        elif name not in WHOLE and name in (*BARS, *QUOTES, *EVENTS):
            unit = self._instrument.price_unit
        values, wrong = _integers(column, unit)
        rule = f"must be a multiple of {plain(unit)}, within 2**62 of it"
        self._refuse(wrong & ~absent, name, rule)
        return np.where(absent | wrong, 0, values), absent

    def _missing(self, name: str) -> NDArray[np.int64]:
        raise FileFormatError(self._issues.path, f"must have column {name!r}")

    def _refuse(self, bad: NDArray[np.bool_], name: str, rule: str) -> None:
        for index in np.flatnonzero(bad & self._good).tolist():
            found = self._batch.column(name)[index].as_py()
            self._issues.bad(f"{rule}, was {found}", self._row + index, name)
            self._good[index] = False


def _integers(
    column: Any, unit: Decimal
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return a column's numbers as counts of a unit, and where they are none."""
    import pyarrow as pa
    from pyarrow import compute

    kind, digits = column.type, 0
    if pa.types.is_decimal128(kind):
        digits = kind.scale
        column = compute.fill_null(column, Decimal(0))
        words = np.frombuffer(column.buffers()[1], np.int64).reshape(-1, 2)
        words = words[column.offset : column.offset + len(column)]
        values, bad = words[:, 0].copy(), words[:, 1] != words[:, 0] >> 63
    elif pa.types.is_integer(kind) or pa.types.is_timestamp(kind):
        try:
            column = compute.fill_null(column.cast(pa.int64()), 0)
        except pa.ArrowException:
            return np.zeros(len(column), np.int64), np.ones(len(column), np.bool_)
        values = np.frombuffer(column.buffers()[1], np.int64)
        values = values[column.offset : column.offset + len(column)].copy()
        bad = np.zeros(len(values), np.bool_)
    else:
        return np.zeros(len(column), np.int64), np.ones(len(column), np.bool_)
    if unit == 1 and not digits:
        return values, bad
    units, off = to_units(values, max(0, digits), unit)
    return units, bad | off
