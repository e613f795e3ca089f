"""CSV files with a mapping of columns: trades, quotes, bars or levels.

A mapping says what the file tells and where. As TOML::

    kind = "trades"            # trades, quotes, bars, levels, book, orders
    delimiter = ","
    header = true              # whether the first line names the columns
    instrument = "XBTUSD"
    time_format = "us"         # s, ms, us, ns, or iso
    time_zone = "UTC"          # of iso times without an offset
    stamped = "open"           # bars stamped at their open are shifted to the close
    interval = "1m"            # of bars: 1s, 5m, 1h, 1d
    decimal = "comma"          # 1.234,50 for 1234.5
    skip_lines = 1             # before the header
    newest_first = true        # the rows go back in time
    buy = ["buy", "bid"]       # words for the side; the other words are sell
    sell = ["sell", "ask"]

    [columns]                  # names where there is a header, else numbers from 0
    time = "timestamp"
    received = "local_timestamp"
    price = "price"
    size = "amount"
    side = "side"

or in one line: ``kind=trades,header=yes,time=timestamp:us,price=price,size=amount``.
Columns: time, date (where the day stands apart from the time), symbol (each becomes a
recording, unless one is named), received, price, size, side (trades: the aggressor's;
levels: the book's); bid_price, bid_size, ask_price, ask_size; open, high, low, close,
volume; levels also take is_snapshot. A level of size 0 is gone. Rows that are whole
books are read by app/data/csv_wide.py, which says what their columns are; those that
create, change and delete orders by csv_orders.py.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from app.data.bar_stamps import at_close
from app.data.catalog_writer import Target
from app.data.csv_map import CsvMap
from app.data.csv_orders import OrderEvents
from app.data.csv_tidy import by_symbol, is_number, tidied, undressed
from app.data.csv_wide import BookColumns
from app.data.guess_names import kind_of
from app.data.importing import Grid, Import, Sketch, new_records
from app.data.source import Source
from app.data.text_columns import (
    Issues,
    Table,
    fields_of,
    read_table,
    scaled,
    snapped,
    to_units,
)
from app.data.time_columns import times
from app.engine.records import BAR, QUOTE, EventKind, RecordFlag
from app.errors import FileFormatError
from app.instrument import Instrument, InstrumentKind, PriceUnits, plain

_DIGITS: Final = 8
_INT32: Final = 2**31
_STREAMS: Final = {
    "trades": ("trades", "trades"),
    "quotes": ("quotes", "top"),
    "levels": ("depth", "depth"),
    "book": ("depth", "depth"),
    "orders": ("orders", "orders"),
    "bars": ("bars", "bars"),
}
_TRUE: Final = ("true", "1", "t", "yes")


class CsvImporter:
    """Reads CSV files of one instrument, in the order in which they are named."""

    name = "csv"

    def __init__(self, mapping: CsvMap) -> None:
        self._map = mapping

    @classmethod
    def from_text(cls, text: str) -> "CsvImporter":
        """Make one from the name of a TOML file, or from a mapping in one line."""
        return cls(CsvMap.from_text(text))

    def sniff(self, path: Path) -> bool:
        """CSV is never guessed: it needs a mapping."""
        del path
        return False

    def read(self, paths: Sequence[Path], run: Import) -> None:
        """Read the files."""
        mapping = self._map
        name = run.options.instrument or mapping.instrument
        if name is None and "symbol" not in mapping.columns:
            raise FileFormatError(
                paths[0], "does not name its instrument: --instrument"
            )
        files = [self.opened(path, run.issues(path)) for path in paths]
        streams = _Streams(
            run,
            mapping,
            name,
            lambda: (self.opened(each, Issues(each, skip_bad=True)) for each in paths),
        )
        for number, file in enumerate(files):
            for share, table in file.tables():
                streams.take(tidied(table, mapping), file.day)
                run.progress((number + share) / len(files))
            streams.end_file()
        if not streams.has_rows:
            raise FileFormatError(paths[0], f"holds no rows of {name}")
        streams.end()

    def opened(self, path: Path, issues: Issues) -> "MappedFile":
        """Open a file whose columns the mapping names."""
        return _File(path, self._map, issues)


class _Streams:
    """What one import fills: a stream, or one for each symbol of the files."""

    def __init__(
        self,
        run: Import,
        mapping: CsvMap,
        name: str | None,
        again: Callable[[], Iterable["MappedFile"]],
    ) -> None:
        self._run = run
        self._map = mapping
        self._name = name
        self._again = again
        self._streams: dict[str, tuple[Target, _Reader]] = {}
        self._grids: dict[str, tuple[Grid, Grid]] = {}
        self._symbol: str | None = None
        self._others = 0

    @property
    def has_rows(self) -> bool:
        """Whether there were rows of what is wanted."""
        return bool(self._streams)

    def take(self, table: Table, day: date | None) -> None:
        """Read a table into its streams."""
        parts = dict(by_symbol(table, self._map))
        if self._name in parts:
            self._symbol = self._name
        elif self._symbol is None and len(parts) == 1:
            (self._symbol,) = parts  # named otherwise than in the file
        for symbol, part in parts.items():
            if self._name is not None and symbol != self._symbol:
                self._others += len(part)
                continue
            target, reader = self._stream(symbol)
            self._run.emit(target, reader.take(part, day))

    def end_file(self) -> None:
        """Hand over what a file that goes back in time has held."""
        if self._map.newest_first:
            for target, reader in self._streams.values():
                self._run.emit(target, reader.turned())

    def end(self) -> None:
        """Hand over what is left, and say what is to be known."""
        if self._others:
            self._run.notes.append(f"{self._others:,} rows of other symbols left out")
        for target, reader in self._streams.values():
            self._run.emit(target, reader.end())
            for note in reader.notes():
                target.notes.append(note)
                self._run.notes.append(f"{target.instrument.name}: {note}")

    def _stream(self, symbol: str) -> tuple[Target, "_Reader"]:
        if symbol not in self._streams:
            mapping = self._map
            name = self._name or symbol
            instrument = self._run.instrument(name, lambda: self._sketch(symbol))
            stream, basis = _STREAMS[mapping.kind]
            if mapping.kind == "bars":
                stream = f"bars-{mapping.interval}"
            target = Target(
                instrument,
                stream,
                basis,
                window=mapping.depth or None,
                time_zone=mapping.time_zone,
                by_year=mapping.kind == "bars",
            )
            self._streams[symbol] = target, _Reader(instrument, mapping)
        return self._streams[symbol]

    def _sketch(self, symbol: str) -> Sketch:
        """Tell how fine a symbol's numbers are; the files are read for all at once."""
        if not self._grids:
            for file in self._again():
                for _, table in file.tables():
                    for name, part in by_symbol(tidied(table, self._map), self._map):
                        grids = self._grids.setdefault(
                            name, (Grid(_DIGITS), Grid(_DIGITS))
                        )
                        _measure(part, self._map, *grids)
        prices, sizes = self._grids.get(symbol, (Grid(_DIGITS), Grid(_DIGITS)))
        mapping = self._map
        kind, currency = kind_of(symbol) if symbol else (InstrumentKind.STOCK, "USD")
        return Sketch(
            kind=mapping.instrument_kind or kind,
            venue=mapping.venue,
            currency=mapping.currency or currency,
            price_unit=prices.unit(mapping.price_shift),
            price_step=prices.step,
            quantity_unit=sizes.unit(mapping.size_shift),
            more={"max_price": PriceUnits(prices.bound)},
        )


def _measure(table: Table, mapping: CsvMap, prices: Grid, sizes: Grid) -> None:
    """Let two grids see a table's prices and sizes."""
    for name in filter(is_number, mapping.columns):
        texts = table.column(name)
        values, bad = scaled(texts, _DIGITS)
        for index in np.flatnonzero(bad).tolist():
            number = snapped(undressed(texts[index].as_py()) or "", _DIGITS)
            if number is not None:
                values[index], bad[index] = number, False
        grid = sizes if "size" in name or name == "volume" else prices
        grid.add(values[~bad])


class MappedFile(Protocol):
    """A file of rows whose columns a mapping names."""

    day: date | None

    def tables(self) -> Iterator[tuple[float, Table]]:
        """Yield the share that was read and a table of text."""
        ...


class _File:
    """One file: its header, then tables of the columns that are mapped."""

    def __init__(self, path: Path, mapping: CsvMap, issues: Issues) -> None:
        self.path = path
        self.issues = issues
        self.day = mapping.day_of(path)
        self._map = mapping
        self._source = Source(path)
        self._blocks = self._source.line_blocks()
        self._first = next(self._blocks, b"").removeprefix(b"\xef\xbb\xbf")
        self._line = 1
        for _ in range(mapping.skip_lines):
            self._drop_line()
        head, _, _ = self._first.partition(b"\n")
        fields = self._split(head)
        if mapping.header:
            self._drop_line()
        self.names = self._named(fields)

    def tables(self) -> Iterator[tuple[float, Table]]:
        """Yield the share that was read and a table of text."""
        block = self._first
        while True:
            if block:
                table = read_table(
                    block, self.names, self.issues, self._line, self._map.delimiter
                )
                self._line += block.count(b"\n")
                yield self._source.read / max(1, self._source.total), table
            block = next(self._blocks, b"")
            if not block:
                break
        if self._source.damage is not None:
            self.issues.report(self._source.damage)

    def _drop_line(self) -> None:
        self._first = self._first.partition(b"\n")[2]
        self._line += 1

    def _split(self, line: bytes) -> list[str]:
        text = line.decode("utf-8", "replace").rstrip("\r")
        return [each.strip() for each in fields_of(text, self._map.delimiter)]

    def _named(self, fields: list[str]) -> list[str]:
        """Name the file's columns as the mapping does; others by their place."""
        names = [f"column {index}" for index in range(len(fields))]
        for ours, theirs in self._map.columns.items():
            if self._map.header and theirs in fields:
                names[fields.index(theirs)] = ours
            elif theirs.isdigit() and int(theirs) < len(fields):
                names[int(theirs)] = ours
            else:
                there = (
                    ", ".join(fields)
                    if self._map.header
                    else f"{len(fields)} without a name: where the first line names "
                    "them, the mapping says header=yes"
                )
                raise FileFormatError(
                    self.path, f"must have column {theirs!r}, has {there}", row=1
                )
        return names


class _Reader:
    """Turns tables into records of one instrument."""

    def __init__(self, instrument: Instrument, mapping: CsvMap) -> None:
        self._instrument = instrument
        self._map = mapping
        self._last = 0
        self._held = new_records(0)
        self._back: list[NDArray[np.void]] = []
        self._has_begun = False
        self._snapped = 0
        self._books = BookColumns(mapping.depth, _words(mapping))
        self._orders = OrderEvents(_words(mapping))

    def take(self, table: Table, day: date | None) -> NDArray[np.void]:
        """Turn a table into records."""
        good = np.ones(len(table), np.bool_)
        records = new_records(len(table))
        self._times(table, day, records, good)
        {
            "trades": self._trades,
            "quotes": self._quotes,
            "bars": self._bars,
            "levels": self._levels,
            "book": self._book,
            "orders": self._order_events,
        }[self._map.kind](table, records, good)
        if self._map.newest_first:
            return self._hold_back(table, records, good)
        received = records["ts_received"]
        latest = np.maximum.accumulate([self._last, *np.where(good, received, 0)])
        back = received < latest[:-1]
        name = "received" if "received" in self._map.columns else "time"
        table.refuse(back, name, "must not go back", good)
        self._last = int(max(latest[-1], self._last))
        if self._map.kind == "book":
            return self._books.records(records, good)
        if self._map.kind == "orders":
            return self._orders.records(records, good)
        records = records[good]
        if self._map.kind != "levels":
            records["flags"] = RecordFlag.LAST
            return records
        return self._events(records)

    def _hold_back(
        self, table: Table, records: NDArray[np.void], good: NDArray[np.bool_]
    ) -> NDArray[np.void]:
        """Keep rows that go back in time until the file's end."""
        received = records["ts_received"]
        before = self._last or 2**62
        known = np.where(good, received, 2**62)
        earliest = np.minimum.accumulate([before, *known])
        table.refuse(
            received > earliest[:-1], "time", "must not go forward in this file", good
        )
        self._last = int(min(earliest[-1], before))
        records = records[good]
        records["flags"] = RecordFlag.LAST
        self._back.append(records)
        return records[:0]

    def turned(self) -> NDArray[np.void]:
        """Return the rows of a file that went back in time, oldest first."""
        joined = np.concatenate([new_records(0), *self._back])[::-1]
        self._back, self._last = [], 0
        return joined

    def end(self) -> NDArray[np.void]:
        """Turn what was held back into records."""
        if self._map.kind == "orders":
            return self._orders.end()
        held, self._held = self._held, new_records(0)
        return _with_ends(held) if len(held) else held

    def notes(self) -> list[str]:
        """Say what is to be known of the data."""
        mapping = self._map
        notes = []
        if mapping.kind == "bars" and mapping.stamped == "open":
            notes.append(
                f"bars stamped at their close, {mapping.interval} after the open"
            )
        if self._snapped:
            notes.append(f"{self._snapped:,} numbers were binary fractions, put right")
        if mapping.kind == "orders":
            notes += self._orders.notes()
        if mapping.kind == "levels" and "is_snapshot" not in mapping.columns:
            notes.append("the file tells no snapshot: the book starts empty")
        return notes

    def _times(
        self,
        table: Table,
        day: date | None,
        records: NDArray[np.void],
        good: NDArray[np.bool_],
    ) -> None:
        mapping = self._map
        for name, field in (("time", "ts_venue"), ("received", "ts_received")):
            if name not in mapping.columns:
                records[field] = records["ts_venue"]
                continue
            read, bad = times(
                table.column(name), mapping.time_format, mapping.time_zone, day
            )
            rule = f"must be a time of format {mapping.time_format}"
            table.refuse(bad | (read <= 0), name, rule, good)
            records[field] = read
        if mapping.kind == "bars" and mapping.stamped == "open":
            for field in ("ts_venue", "ts_received"):
                records[field] = at_close(records[field], mapping.interval_ns)

    def _numbers(
        self, table: Table, name: str, places: int, good: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Numbers x 10**places; the print of a binary fraction is put right."""
        texts = table.column(name)
        values, unread = scaled(texts, places)
        for index in np.flatnonzero(unread & good).tolist():
            text = texts[index].as_py()
            number = snapped(text, places)
            self._snapped += number is not None
            if number is None:
                number = snapped(undressed(text) or "", places)
            if number is not None:
                values[index], unread[index] = number, False
        table.refuse(unread, name, f"must be a number of {places} decimals", good)
        return values

    def prices(
        self, table: Table, name: str, good: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Read a column of prices in price units; `good` is cleared where off them."""
        instrument, shift = self._instrument, self._map.price_shift
        places = max(0, instrument.price_decimals - shift)
        values = self._numbers(table, name, places, good)
        units, off = to_units(values, places + shift, instrument.price_unit)
        off |= np.abs(units) > instrument.price_bound
        bound = plain(instrument.price(instrument.price_bound))
        rule = f"must be on price unit {plain(instrument.price_unit)}, within {bound}"
        table.refuse(off, name, rule, good)
        return units

    def sizes(
        self, table: Table, name: str, good: NDArray[np.bool_], least: int
    ) -> NDArray[np.int64]:
        """Read a column of sizes in quantity units, each of `least` or more."""
        instrument = self._instrument
        if name not in self._map.columns:
            assumed = self._map.assumed_size
            size = 0 if assumed is None else instrument.quantity_units(assumed)
            return np.full(len(table), size, np.int64)
        shift = self._map.size_shift
        places = max(0, instrument.quantity_decimals - shift)
        values = self._numbers(table, name, places, good)
        units, off = to_units(values, places + shift, instrument.quantity_unit)
        rule = f"must be on quantity unit {plain(instrument.quantity_unit)}"
        table.refuse(off, name, rule, good)
        rule = "must be positive" if least else "must not be negative"
        table.refuse(units < least, name, rule, good)
        return units

    def _sides(self, table: Table, good: NDArray[np.bool_]) -> NDArray[np.int8]:
        words = [text.strip().lower() for text in table.column("side").to_pylist()]
        of = _words(self._map)
        sides = np.array([of.get(word, 0) for word in words], np.int8)
        known = " or ".join((self._map.buy[0], self._map.sell[0]))
        table.refuse(sides == 0, "side", f"must be {known}", good)
        return sides

    def _trades(
        self, table: Table, records: NDArray[np.void], good: NDArray[np.bool_]
    ) -> None:
        records["kind"] = EventKind.TRADE
        records["price"] = self.prices(table, "price", good)
        records["size"] = self.sizes(table, "size", good, 1)
        if "side" in self._map.columns:
            records["aggressor"] = self._sides(table, good)

    def _quotes(
        self, table: Table, records: NDArray[np.void], good: NDArray[np.bool_]
    ) -> None:
        quotes = records.view(QUOTE)
        quotes["kind"] = EventKind.QUOTE
        for side in ("bid", "ask"):
            quotes[f"{side}_price"] = self.prices(table, f"{side}_price", good)
            quotes[f"{side}_size"] = self.sizes(table, f"{side}_size", good, 0)

    def _bars(
        self, table: Table, records: NDArray[np.void], good: NDArray[np.bool_]
    ) -> None:
        bars = records.view(BAR)
        bars["kind"] = EventKind.BAR
        opens, highs, lows, closes = (
            self.prices(table, name, good) for name in ("open", "high", "low", "close")
        )
        table.refuse(highs < np.maximum(opens, closes), "high", "is no high", good)
        table.refuse(lows > np.minimum(opens, closes), "low", "is no low", good)
        wide = np.maximum(highs - opens, opens - lows) >= _INT32
        table.refuse(wide, "high", "must lie within 2**31 units of the open", good)
        bars["open"] = opens
        for name, prices in (("high", highs), ("low", lows), ("close", closes)):
            bars[f"{name}_offset"] = np.where(good, prices - opens, 0)
        if "volume" in self._map.columns:
            bars["volume"] = self.sizes(table, "volume", good, 0)

    def _levels(
        self, table: Table, records: NDArray[np.void], good: NDArray[np.bool_]
    ) -> None:
        records["kind"] = EventKind.LEVEL
        records["price"] = self.prices(table, "price", good)
        records["size"] = self.sizes(table, "size", good, 0)
        records["side"] = self._sides(table, good)
        if "is_snapshot" in self._map.columns:
            words = table.column("is_snapshot").to_pylist()
            flags = [word.strip().lower() in _TRUE for word in words]
            records["flags"] = np.where(flags, RecordFlag.SNAPSHOT, 0)

    def _book(
        self, table: Table, records: NDArray[np.void], good: NDArray[np.bool_]
    ) -> None:
        self._books.read(table, records, self, good)

    def _order_events(
        self, table: Table, records: NDArray[np.void], good: NDArray[np.bool_]
    ) -> None:
        self._orders.read(table, records, self, good)

    def _events(self, records: NDArray[np.void]) -> NDArray[np.void]:
        """Hold the last event back, since more of it may come."""
        joined = np.concatenate([self._held, records])
        if not len(joined):
            return joined
        starts = np.flatnonzero(_begins(joined))
        self._held = joined[starts[-1] :]
        told = _with_ends(joined[: starts[-1]])
        if self._has_begun:
            return told
        self._has_begun = True
        return np.concatenate([self._beginning(joined[:1]), told])

    def _beginning(self, first: NDArray[np.void]) -> NDArray[np.void]:
        """What comes before the first event: an empty book, or a gap."""
        if first["flags"][0] & RecordFlag.SNAPSHOT:
            return new_records(0)
        is_told = "is_snapshot" in self._map.columns
        begin = _mark(first, EventKind.GAP if is_told else EventKind.SNAPSHOT_BEGIN)
        if is_told:
            return begin
        return np.concatenate([begin, _mark(first, EventKind.SNAPSHOT_END)])


def _words(mapping: CsvMap) -> dict[str, int]:
    """Return the words for buying, +1, and for selling, -1."""
    return dict.fromkeys(mapping.buy, 1) | dict.fromkeys(mapping.sell, -1)


def _begins(records: NDArray[np.void]) -> NDArray[np.bool_]:
    """Return where an event begins: another time, or from or to a snapshot."""
    changed = np.zeros(len(records), np.bool_)
    changed[:1] = True
    for name in ("ts_venue", "ts_received", "flags"):
        changed[1:] |= records[name][1:] != records[name][:-1]
    return changed


def _with_ends(records: NDArray[np.void]) -> NDArray[np.void]:
    """Mark the end of each event; put the marks of snapshots around them."""
    if not len(records):
        return records
    begins = _begins(records)
    last = np.append(begins[1:], True)
    in_snapshot = records["flags"] & RecordFlag.SNAPSHOT != 0
    first_at, last_at = (
        np.flatnonzero(begins & in_snapshot),
        np.flatnonzero(last & in_snapshot),
    )
    records = records.copy()
    records["flags"][last & ~in_snapshot] |= np.uint16(RecordFlag.LAST)
    opening = _mark(records[first_at], EventKind.SNAPSHOT_BEGIN)
    closing = _mark(records[last_at], EventKind.SNAPSHOT_END)
    closing["flags"] |= np.uint16(RecordFlag.LAST)
    at = np.concatenate([first_at, np.arange(len(records)), last_at])
    rank = np.repeat([0, 1, 2], [len(first_at), len(records), len(last_at)])
    return np.concatenate([opening, records, closing])[np.lexsort((rank, at))]


def _mark(like: NDArray[np.void], kind: EventKind) -> NDArray[np.void]:
    marks = new_records(len(like))
    for name in ("ts_venue", "ts_received", "flags"):
        marks[name] = like[name]
    marks["kind"] = kind
    return marks
