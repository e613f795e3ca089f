"""SQL over the catalog: a view per stream, by duckdb, which reads the columns in place.

A stream is a view under two names: ``"AMZN@orders"``, in quotes, and ``amzn_orders``.
The table ``catalog`` lists what there is. In a view times are TIMESTAMP_NS in UTC,
prices and sizes exact decimals of currency and of shares, contracts or coins; a bar's
columns are open, high, low, close, volume, a quote's bid_price, bid_size, ask_price,
ask_size, all others' those of `app.data.export`. The files of the machine are out of
reach of a query.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.data.catalog import Catalog, Recording
from app.data.export import PRICED, QUOTES, SIZES, WHOLE, column_names
from app.data.listing import Entry, entries
from app.engine.records import MARKET, NO_PRICE, EventKind
from app.errors import CatalogError
from app.instrument import Instrument, plain

_BATCH_ROWS: Final = 1 << 16
_UPPER: Final = 1 << 32
_HALF: Final = 1 << 31

# Quotes and bars lie over the bytes of other records (app/engine/records.py), and the
# catalog has these bytes by the others' names: how each field is put together again.
_LOWER: Final = f"(reference & {_UPPER - 1})"
_LAST_WORD: Final = (
    f"((count::BIGINT & {_UPPER - 1}) + ((side::BIGINT & 255) << 32)"
    " + ((aggressor::BIGINT & 255) << 40) + (conditions::BIGINT << 48))"
)
_FIELDS: Final = {
    "open": "price",
    "high": f"(price + xor({_LOWER}, {_HALF}) - {_HALF})",
    "low": f"(price + (reference - {_LOWER}) // {_UPPER})",
    "close": "(price + count)",
    "volume": "size",
    "trades": (
        "((side::BIGINT & 255) + ((aggressor::BIGINT & 255) << 8)"
        " + (conditions::BIGINT << 16))"
    ),
    "bid_price": "price",
    "bid_size": "size",
    "ask_price": "reference",
    "ask_size": _LAST_WORD,
}
_ABSENT: Final = f"({NO_PRICE + 1} - 1)"


def alias(instrument: str, stream: str) -> str:
    """Return the name of a stream's view that needs no quotes."""
    return re.sub(r"\W", "_", f"{instrument}_{stream}").lower()


class Rows:
    """The answer to a query, fetched in batches; close it when done.

    Attributes
    ----------
    names : list of str
        Its columns.
    schema : pyarrow.Schema
    """

    def __init__(self, connection: Any, reader: Any) -> None:
        self.schema = reader.schema
        self.names: list[str] = list(reader.schema.names)
        self._connection = connection
        self._reader = reader

    def batches(self) -> Iterator[Any]:
        """Yield pyarrow record batches; CatalogError if the query fails midway."""
        import duckdb
        import pyarrow as pa

        try:
            yield from self._reader
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise CatalogError(f"the query failed: {error}") from error

    def close(self) -> None:
        """Let go of the catalog's columns."""
        self._reader.close()
        self._connection.close()


def query(catalog: Catalog, text: str) -> Rows:
    """Run a query over a catalog.

    Raises
    ------
    CatalogError
        If it is no valid query; duckdb says why.
    """
    import duckdb

    connection = duckdb.connect(":memory:", config={"enable_external_access": "false"})
    try:
        _define(connection, catalog, text)
        found = connection.sql(text)
        if found is None:
            raise CatalogError("the query asks for nothing: SELECT …")
        return Rows(connection, found.to_arrow_reader(_BATCH_ROWS))
    except duckdb.Error as error:
        connection.close()
        raise CatalogError(f"the query cannot be run: {error}") from error


def _define(connection: Any, catalog: Catalog, text: str) -> None:
    """Define the listing, and a view of each stream that the query names."""
    listed = entries(catalog)
    connection.register("_catalog", _listing(listed))
    connection.execute("CREATE VIEW catalog AS SELECT * FROM _catalog")
    lower = text.lower()
    taken: dict[str, str] = {}
    for number, entry in enumerate(listed):
        short = alias(entry.instrument, entry.stream)
        if short not in lower and entry.name.lower() not in lower:
            continue
        if short in taken:
            raise CatalogError(
                f"{short} may be {taken[short]} or {entry.name}: write it in quotes"
            )
        taken[short] = entry.name
        recording = catalog.open(entry.instrument, entry.stream)
        table, constants = _table(recording)
        connection.register(f"_stream_{number}", table)
        select = _select(recording, constants, f"_stream_{number}")
        for name in dict.fromkeys((entry.name, short)):
            quoted = name.replace('"', '""')
            connection.execute(f'CREATE VIEW "{quoted}" AS {select}')


def _listing(listed: list[Entry]) -> Any:
    import pyarrow as pa

    names = ("instrument", "stream", "kind", "basis", "rows", "gaps", "size")
    columns: dict[str, Any] = {
        name: pa.array(
            [getattr(each, name) for each in listed],
            pa.int64() if name in ("rows", "gaps", "size") else pa.string(),
        )
        for name in names
    }
    for name in ("first_ts", "last_ts"):
        times = pa.array([getattr(each, name) for each in listed], pa.int64())
        columns[name] = times.cast(pa.timestamp("ns"))
    return pa.table(columns)


def _table(recording: Recording) -> tuple[Any, dict[str, int]]:
    """Return the columns of a stream in place, and those that are one number."""
    import pyarrow as pa

    constants: dict[str, int] = {}
    columns: dict[str, Any] = {}
    segments = recording.segments
    for name in (each for each in MARKET.names or () if each in segments[0].columns):
        told = {each.meta.constants.get(name) for each in segments}
        (only,) = told if len(told) == 1 else (None,)
        if only is not None and name != "ts_received":
            constants[name] = only
            continue
        parts = [np.ascontiguousarray(each.columns[name]) for each in segments]
        columns[name] = pa.chunked_array([pa.array(part) for part in parts])
    return pa.table(columns), constants


def _select(recording: Recording, constants: dict[str, int], table: str) -> str:
    """Return the query that makes a view of a stream's columns."""
    numbers = "".join(f", {value} AS {name}" for name, value in constants.items())
    names = column_names(recording)
    fields = ", ".join(_field(name, recording.instrument) for name in names)
    return f"SELECT {fields} FROM (SELECT *{numbers} FROM {table})"


def _field(name: str, instrument: Instrument) -> str:
    if name in ("ts_venue", "ts_received"):
        return f"make_timestamp_ns({name}) AS {name}"
    if name in ("sequence", "flags"):
        return name
    if name == "kind":
        cases = " ".join(f"WHEN {int(each)} THEN '{each.name}'" for each in EventKind)
        return f"CASE kind {cases} END AS kind"
    stored = _FIELDS.get(name, name)
    if name not in WHOLE:
        unit = instrument.quantity_unit if name in SIZES else instrument.price_unit
        stored = f"CAST({stored} AS DECIMAL(19, 0)) * {plain(unit)}"
    return f"CASE WHEN {_holds(name)} THEN {stored} END AS {name}"


def _holds(name: str) -> str:
    """Return the condition under which a record has a field."""
    if name in QUOTES:
        price = _FIELDS[name.replace("size", "price")]
        return f"kind = {int(EventKind.QUOTE)} AND {price} <> {_ABSENT}"
    if name in _FIELDS:
        return f"kind = {int(EventKind.BAR)}"
    if name == "price":
        kinds = ", ".join(str(int(each)) for each in PRICED)
        return f"kind IN ({kinds}) AND price <> {_ABSENT}"
    return f"kind NOT IN ({int(EventKind.BAR)}, {int(EventKind.QUOTE)})"


def texts_of(column: Any) -> list[str]:
    """Write a column's values; nanoseconds stay, what is nested is Python's."""
    import pyarrow as pa

    try:
        return [each or "" for each in column.cast(pa.string()).to_pylist()]
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return [str(each) for each in column.to_pylist()]


def write_rows(rows: Rows, path: Path) -> int:
    """Write all rows; the file is there wholly or not at all."""
    beside = path.with_name(f".{path.name}.part")
    count = 0
    try:
        if path.suffix == ".parquet":
            from pyarrow import parquet

            with parquet.ParquetWriter(beside, rows.schema, compression="zstd") as file:
                for batch in rows.batches():
                    file.write_batch(batch)
                    count += len(batch)
        else:
            with beside.open("w", encoding="utf-8", newline="") as file:
                lines = csv.writer(file, lineterminator="\n")
                lines.writerow(rows.names)
                for batch in rows.batches():
                    lines.writerows(zip(*map(texts_of, batch.columns), strict=True))
                    count += len(batch)
        beside.replace(path)
    except OSError as error:
        raise CatalogError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)
    return count
