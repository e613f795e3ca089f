"""Writing a stream of the catalog to Parquet or CSV, exactly and in pieces.

Prices and sizes are decimals of currency and of shares, contracts or coins, so nothing
is lost; what a record does not have is null. Times are nanoseconds since 1970 UTC. The
file has the columns of the kinds of record that the stream holds:

- bars: open, high, low, close, volume, trades
- quotes: bid_price, bid_size, ask_price, ask_size
- anything else: price, size, side, aggressor, reference, count, conditions
"""

import csv
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.data.catalog import Recording
from app.engine.records import BAR, NO_PRICE, QUOTE, EventKind, RecordFlag
from app.errors import CatalogError
from app.instrument import Instrument, plain

_BATCH_ROWS: Final = 1 << 17
_ROW_GROUP: Final = 1 << 20
_WIDTH: Final = 38
"""Digits of a decimal column: an int64 with its decimals always fits."""
HEADER: Final = ("ts_venue", "ts_received", "sequence", "kind", "flags")
BARS: Final = ("open", "high", "low", "close", "volume", "trades")
QUOTES: Final = ("bid_price", "bid_size", "ask_price", "ask_size")
EVENTS: Final = (
    *("price", "size", "side", "aggressor", "reference", "count", "conditions"),
)
SIZES: Final = frozenset(("volume", "bid_size", "ask_size", "size"))
WHOLE: Final = frozenset(
    ("trades", "side", "aggressor", "reference", "count", "conditions")
)
_OF_KINDS: Final = (
    (frozenset((EventKind.BAR,)), BARS),
    (frozenset((EventKind.QUOTE,)), QUOTES),
)
PRICED: Final = (
    EventKind.TRADE,
    EventKind.LEVEL,
    EventKind.ORDER_ADD,
    EventKind.ORDER_MODIFY,
    EventKind.ORDER_CANCEL,
    EventKind.ORDER_EXECUTE,
)
"""Kinds whose price means something."""


def column_names(recording: Recording) -> tuple[str, ...]:
    """Return the columns of a stream's export, by the kinds of record it holds."""
    kinds = set(np.unique(recording.column("kind")).tolist())
    names: tuple[str, ...] = HEADER
    for of, columns in _OF_KINDS:
        if kinds & of:
            names += columns
    others = kinds - {EventKind.BAR, EventKind.QUOTE}
    return names + EVENTS if others or not kinds else names


def write_export(
    recording: Recording,
    path: Path,
    progress: Callable[[float, int], None] = lambda _share, _rows: None,
) -> int:
    """Write a stream; return how many rows.

    Parameters
    ----------
    recording : Recording
    path : Path
        ``.parquet`` or ``.csv``; it is there wholly or not at all.
    progress : callable, optional
        Told the share that is done and the rows so far.
    """
    if path.suffix not in (".parquet", ".csv"):
        raise CatalogError(f"{path} must end with .parquet or .csv")
    names = column_names(recording)
    beside = path.with_name(f".{path.name}.part")
    write = _to_parquet if path.suffix == ".parquet" else _to_csv
    try:
        write(beside, recording, names, progress)
        beside.replace(path)
    except OSError as error:
        raise CatalogError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)
    return recording.rows


def _batches(
    recording: Recording, progress: Callable[[float, int], None]
) -> Iterator[NDArray[np.void]]:
    done = 0
    for records in recording.batches(_BATCH_ROWS):
        yield records
        done += len(records)
        progress(done / max(1, recording.rows), done)


def _to_parquet(
    path: Path,
    recording: Recording,
    names: tuple[str, ...],
    progress: Callable[[float, int], None],
) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    instrument = recording.instrument
    kinds = [(name, _type(name, instrument)) for name in names]
    schema = pa.schema(kinds, metadata=_metadata(recording))
    delta = dict.fromkeys(("ts_venue", "ts_received"), "DELTA_BINARY_PACKED")
    with parquet.ParquetWriter(
        path,
        schema,
        compression="zstd",
        use_dictionary=[name for name in names if name not in delta],
        column_encoding=delta,
    ) as file:
        held: list[Any] = []
        for records in _batches(recording, progress):
            columns = [_column(name, records, instrument) for name in names]
            held.append(pa.Table.from_arrays(columns, schema=schema))
            if sum(map(len, held)) >= _ROW_GROUP:
                file.write_table(pa.concat_tables(held))
                held = []
        if held:
            file.write_table(pa.concat_tables(held))


def _to_csv(
    path: Path,
    recording: Recording,
    names: tuple[str, ...],
    progress: Callable[[float, int], None],
) -> None:
    instrument = recording.instrument
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(names)
        for records in _batches(recording, progress):
            texts = [_texts(_column(name, records, instrument)) for name in names]
            rows.writerows(zip(*texts, strict=True))


def _texts(column: Any) -> list[str]:
    import pyarrow as pa

    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    return [each or "" for each in column.cast(pa.string()).to_pylist()]


def _metadata(recording: Recording) -> dict[str, str]:
    """What a reader of the Parquet file should know."""
    return {
        "ringside.instrument": recording.name,
        "ringside.stream": recording.stream,
        "ringside.basis": recording.basis,
        "ringside.window": "" if recording.window is None else str(recording.window),
        "ringside.trades_apart": str(int(recording.trades_apart)),
        "ringside.time_zone": recording.segments[0].meta.time_zone,
        "ringside.price_unit": plain(recording.instrument.price_unit),
        "ringside.quantity_unit": plain(recording.instrument.quantity_unit),
    }


def _type(name: str, instrument: Instrument) -> Any:
    import pyarrow as pa

    if name in ("ts_venue", "ts_received"):
        return pa.timestamp("ns", tz="UTC")
    if name == "kind":
        return pa.string()
    if name in ("sequence", "flags", *WHOLE):
        return pa.int64()
    unit = instrument.quantity_unit if name in SIZES else instrument.price_unit
    return pa.decimal128(_WIDTH, _places(unit))


def _places(unit: Decimal) -> int:
    return len(plain(unit).partition(".")[2])


def _column(name: str, records: NDArray[np.void], instrument: Instrument) -> Any:
    """Return one column of some records as a pyarrow array."""
    import pyarrow as pa

    kind = _type(name, instrument)
    if name in ("ts_venue", "ts_received"):
        return pa.array(np.ascontiguousarray(records[name])).cast(kind)
    if name == "kind":
        words = pa.array([each.name for each in EventKind])
        places = np.zeros(256, np.int64)
        places[[int(each) for each in EventKind]] = np.arange(len(EventKind))
        return words.take(pa.array(places[records["kind"]]))
    if name in HEADER:
        # That it is read from a recording is no fact of the data.
        numbers = records[name].astype(np.int64)
        is_flags = name == "flags"
        return pa.array(numbers & ~int(RecordFlag.REPLAYED) if is_flags else numbers)
    values, absent = _values(name, records)
    if name in WHOLE:
        return pa.array(values, mask=absent)
    unit = instrument.quantity_unit if name in SIZES else instrument.price_unit
    return _decimals(values, absent, unit, kind)


def _values(
    name: str, records: NDArray[np.void]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return a column's integers, and where a record has none."""
    kinds = records["kind"]
    is_bar, is_quote = kinds == EventKind.BAR, kinds == EventKind.QUOTE
    if name in BARS:
        bars = records.view(BAR)
        if name in ("open", "volume", "trades"):
            return bars[name].astype(np.int64), ~is_bar
        return bars["open"] + bars[f"{name}_offset"], ~is_bar
    if name in QUOTES:
        quotes = records.view(QUOTE)
        none = quotes[name.replace("size", "price")] == NO_PRICE
        return np.ascontiguousarray(quotes[name]), ~is_quote | none
    absent = is_bar | is_quote
    if name == "price":
        absent |= ~np.isin(kinds, PRICED) | (records["price"] == NO_PRICE)
    return records[name].astype(np.int64), absent


def _decimals(
    values: NDArray[np.int64], absent: NDArray[np.bool_], unit: Decimal, kind: Any
) -> Any:
    """Turn counts of a unit into exact decimals."""
    import pyarrow as pa

    places = _places(unit)
    scale = int(unit.scaleb(places))
    known = np.where(absent, 0, values)
    if np.abs(known).max(initial=0) > 2**62 // scale:
        exact = [
            None if gone else each * unit
            for each, gone in zip(known.tolist(), absent.tolist(), strict=True)
        ]
        return pa.array(exact, kind)
    # A decimal128 is a 128-bit integer; these fit its lower word.
    words = np.empty((len(known), 2), np.int64)
    words[:, 0] = known * scale
    words[:, 1] = words[:, 0] >> 63
    mask = np.packbits(~absent, bitorder="little")
    buffers = [pa.py_buffer(mask.tobytes()), pa.py_buffer(words.tobytes())]
    return pa.Array.from_buffers(kind, len(known), buffers)
