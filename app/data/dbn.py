"""Databento's DBN files: orders, depth, top of book, trades and bars.

A DBN file is a header, which maps instrument ids to symbols, and then records of one
length; so they are read as arrays, never one by one. Prices are integers x 1e-9, and
2**63 - 1 is none. Orders become records in app/data/dbn_orders.py, everything else in
app/data/dbn_levels.py. One file may hold several instruments: each becomes a recording.

Databento, "Databento Binary Encoding" (layouts of versions 1 to 3).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.data.catalog_writer import Target
from app.data.dbn_levels import BarTranslator, LevelTranslator, TradeTranslator
from app.data.dbn_orders import OrderTranslator
from app.data.dbn_rows import NO_PRICE_DBN, PRICE_DIGITS, Rows, Translator
from app.data.importing import Grid, Import, Options, Sketch
from app.data.session_marks import SessionMarks
from app.data.source import Source
from app.data.text_columns import Issues
from app.errors import FileFormatError, InstrumentError
from app.instrument import Hours, InstrumentKind

_PRELUDE_BYTES: Final = 8
_HIGHEST_VERSION: Final = 3
_LARGEST_HEADER: Final = 64 << 20
_CHUNK_ROWS: Final = 1 << 16
_OPTIONS: Final = ("OPRA",)
_PRICES: Final = ("price", "open", "high", "low", "close")
_FUTURES: Final = re.compile(r"GLBX|IFEU|IFLL|IFUS|NDEX|XEUR|XEEE|XCBF|X[A-Z]{2}F")
_CONTRACT: Final = re.compile(r"[A-Z0-9]{1,8}[FGHJKMNQUVXZ]\d{1,2}")


@dataclass(frozen=True, slots=True)
class Schema:
    """What a schema of DBN becomes."""

    rtype: int
    layout: str
    """Name of the record's class in databento_dbn."""
    stream: str
    basis: str
    window: int | None = None
    bar_ns: int = 0


SCHEMAS: Final = {
    "mbo": Schema(160, "MBOMsg", "orders", "orders"),
    "mbp-1": Schema(1, "MBP1Msg", "top", "top", window=1),
    "tbbo": Schema(1, "MBP1Msg", "top-at-trades", "top", window=1),
    "mbp-10": Schema(10, "MBP10Msg", "depth", "depth", window=10),
    "trades": Schema(0, "TradeMsg", "trades", "trades"),
    "ohlcv-1s": Schema(32, "OHLCVMsg", "bars-1s", "bars", bar_ns=10**9),
    "ohlcv-1m": Schema(33, "OHLCVMsg", "bars-1m", "bars", bar_ns=60 * 10**9),
    "ohlcv-1h": Schema(34, "OHLCVMsg", "bars-1h", "bars", bar_ns=3600 * 10**9),
    "ohlcv-1d": Schema(35, "OHLCVMsg", "bars-1d", "bars", bar_ns=86400 * 10**9),
}


@dataclass(frozen=True, slots=True)
class Header:
    """What a file's header says."""

    dataset: str
    schema: str
    names: dict[int, str]
    """Symbol of each instrument id."""
    start: int
    """First instant that was asked for, ns since 1970 UTC."""
    extra_bytes: int
    """Bytes after each record: the time of sending, where it was kept."""


class DbnImporter:
    """Reads DBN files, compressed or not, of any of `SCHEMAS`."""

    name = "dbn"

    def sniff(self, path: Path) -> bool:
        """Tell whether a file begins as DBN does."""
        try:
            return next(Source(path).blocks(1), b"").startswith(b"DBN")
        except FileFormatError:
            return False

    def read(self, paths: Sequence[Path], run: Import) -> None:
        """Read files in the order of their times."""
        opened = [_File(path, run.issues(path), run.options) for path in paths]
        opened.sort(key=lambda each: each.header.start)
        streams: dict[tuple[str, str], _Stream] = {}
        for number, file in enumerate(opened):
            for stream in streams.values():
                stream.end_file()
            for share, rows in file.chunks():
                for code in np.unique(rows.data["instrument_id"]):
                    part = rows.where(rows.data["instrument_id"] == code)
                    name = file.named(int(code))
                    key = name, file.schema.stream
                    if key not in streams:
                        streams[key] = _Stream(name, file, int(code), run)
                    streams[key].take(part)
                run.progress((number + share) / len(opened))
        for stream in streams.values():
            stream.end()


class _Stream:
    """One instrument's records on their way into the catalog."""

    def __init__(self, name: str, file: "_File", code: int, run: Import) -> None:
        self._run = run
        schema = file.schema
        instrument = run.instrument(name, lambda: _sketch(name, file, code))
        self._target = Target(
            instrument,
            schema.stream,
            schema.basis,
            window=schema.window,
            by_year=schema.basis == "bars",
        )
        self._marks = SessionMarks(instrument)
        self._translator: Translator
        if schema.basis == "orders":
            self._translator = OrderTranslator(instrument)
        elif schema.basis == "trades":
            self._translator = TradeTranslator(instrument)
        elif schema.basis == "bars":
            self._translator = BarTranslator(instrument, schema.bar_ns)
        else:
            before = file.header.schema == "tbbo"
            self._translator = LevelTranslator(
                instrument, schema.window or 1, book_is_before=before
            )

    def take(self, rows: Rows) -> None:
        self._emit(self._translator.take(rows))

    def _emit(self, records: NDArray[np.void]) -> None:
        if self._target.basis in ("orders", "depth", "top"):
            records = self._marks.put(records)
        self._run.emit(self._target, records)

    def end_file(self) -> None:
        self._emit(self._translator.end())

    def end(self) -> None:
        self.end_file()
        for note in self._translator.notes():
            text = f"{self._target.instrument.name}: {note}"
            self._target.notes.append(note)
            self._run.notes.append(text)


class _File:
    """One file: its header, then arrays of records."""

    def __init__(self, path: Path, issues: Issues, options: Options) -> None:
        self.path = path
        self.issues = issues
        self._options = options
        self._source = Source(path)
        self._pieces = self._source.blocks(1 << 20)
        self._rest = b""
        self.header = self._header()
        if self.header.schema not in SCHEMAS:
            known = ", ".join(SCHEMAS)
            rule = f"schema {self.header.schema} is not imported; these are: {known}"
            raise FileFormatError(path, rule)
        self.schema = SCHEMAS[self.header.schema]
        self._only = options.instrument
        if self._only is not None and len(self.header.names) > 1:
            names = ", ".join(sorted(set(self.header.names.values()))[:9])
            rule = f"holds several instruments ({names}): leave out --instrument"
            raise FileFormatError(path, rule)

    def named(self, code: int) -> str:
        """Return the name of an instrument id."""
        if self._only is not None:
            return self._only
        if code not in self.header.names:
            rule = f"instrument id {code} has no symbol in the header: --instrument"
            raise FileFormatError(self.path, rule)
        return self.header.names[code]

    def prices(self, code: int) -> Iterator[NDArray[np.int64]]:
        """Read the file once more, for the prices of one instrument."""
        again = _File(self.path, Issues(self.path, skip_bad=True), self._options)
        for _, rows in again.chunks():
            data = rows.data[rows.data["instrument_id"] == code]
            for name in rows.names:
                if name in _PRICES or "_px_" in name:
                    prices = data[name]
                    yield prices[prices != NO_PRICE_DBN]

    def chunks(self) -> Iterator[tuple[float, Rows]]:
        """Yield the share that was read, and sound rows."""
        dtype = self._layout()
        first, last = 1, 0
        while True:
            self._ensure(dtype.itemsize * _CHUNK_ROWS)
            count = len(self._rest) // dtype.itemsize
            if not count:
                break
            count = min(count, _CHUNK_ROWS)
            data = np.frombuffer(self._rest, dtype, count)
            self._rest = self._rest[count * dtype.itemsize :]
            rows = Rows(data, first + np.arange(count), self.issues)
            good, last = self._sound(rows, last)
            share = self._source.read / max(1, self._source.total)
            yield share, rows.where(good)
            first += count
        if self._source.damage is not None:
            self.issues.report(self._source.damage)
        elif self._rest:
            rule = f"must be {dtype.itemsize} bytes, the file ends after "
            self.issues.bad(f"{rule}{len(self._rest)}", first)

    def _sound(self, rows: Rows, last: int) -> tuple[NDArray[np.bool_], int]:
        """Return which rows keep the format's rules, and the latest time."""
        data, schema = rows.data, self.schema
        good = np.ones(len(data), np.bool_)
        length = (data.dtype.itemsize) // 4
        rows.refuse(data["length"] != length, "length", f"must be {length}", good)
        wrong = data["rtype"] != schema.rtype
        rows.refuse(wrong, "rtype", f"must be {schema.rtype}", good)
        name = "ts_recv" if "ts_recv" in (data.dtype.names or ()) else "ts_event"
        times = data[name].astype(np.int64)
        rows.refuse(times <= 0, name, "must be a time", good)
        rows.refuse(data["ts_event"].astype(np.int64) <= 0, "ts_event", "is none", good)
        latest = np.maximum.accumulate([last, *np.where(good, times, last)])
        rows.refuse(times < latest[:-1], name, "must not go back", good)
        return good, int(latest[-1])

    def _layout(self) -> np.dtype[Any]:
        import databento_dbn

        described = getattr(databento_dbn, self.schema.layout)._dtypes  # noqa: SLF001
        fields = [(str(each[0]), str(each[1])) for each in described]
        if self.header.extra_bytes:
            fields.append(("ts_out", f"V{self.header.extra_bytes}"))
        return np.dtype(fields)

    def _header(self) -> Header:
        import databento_dbn

        self._ensure(_PRELUDE_BYTES)
        head = self._rest[:_PRELUDE_BYTES]
        if not head.startswith(b"DBN") or len(head) < _PRELUDE_BYTES:
            raise self._source.damage or FileFormatError(
                self.path, f"must begin with DBN, begins with {head[:3]!r}"
            )
        version, length = head[3], int.from_bytes(head[4:8], "little")
        if not 1 <= version <= _HIGHEST_VERSION or length > _LARGEST_HEADER:
            rule = f"DBN version must be 1 to {_HIGHEST_VERSION}, was {version}"
            raise FileFormatError(self.path, rule)
        size = _PRELUDE_BYTES + length
        self._ensure(size)
        if len(self._rest) < size:
            raise self._source.damage or FileFormatError(
                self.path, "ends inside its header"
            )
        try:
            meta = databento_dbn.Metadata.decode(self._rest[:size])
        except (databento_dbn.DBNError, ValueError, TypeError) as error:
            raise FileFormatError(self.path, f"header: {error}") from error
        self._rest = self._rest[size:]
        if meta.schema is None:
            raise FileFormatError(self.path, "mixes schemas; only one is imported")
        return Header(
            dataset=str(meta.dataset),
            schema=str(meta.schema),
            names=self._names(meta),
            start=int(meta.start),
            extra_bytes=8 if meta.ts_out else 0,
        )

    def _names(self, meta: Any) -> dict[int, str]:
        """Turn the header's mapping of symbols to ids around."""
        names: dict[int, str] = {}
        for name, intervals in meta.mappings.items():
            for each in intervals:
                if not str(each["symbol"]).isdigit():
                    continue
                code = int(each["symbol"])
                if names.setdefault(code, name) != name:
                    rule = f"instrument id {code} is both {names[code]} and {name}"
                    raise FileFormatError(self.path, rule)
        counts: dict[str, int] = {}
        for name in names.values():
            counts[name] = counts.get(name, 0) + 1
            if counts[name] > 1:
                rule = f"{name} is several instruments: import them by raw symbol"
                raise FileFormatError(self.path, rule)
        return names

    def _ensure(self, size: int) -> None:
        """Read on until so many bytes are at hand, or the file ends."""
        held = [self._rest]
        count = len(self._rest)
        while count < size and (piece := next(self._pieces, b"")):
            held.append(piece)
            count += len(piece)
        self._rest = b"".join(held)


def _sketch(name: str, file: _File, code: int) -> Sketch:
    """Say what a file tells of an instrument: its venue's kind and its prices' step."""
    dataset = file.header.dataset
    venue = dataset.partition(".")[0]
    if venue in _OPTIONS or (_FUTURES.match(venue) and " " in name):
        raise InstrumentError(f"{name} of {dataset}: options are refused")
    if not _FUTURES.match(venue):
        return Sketch(
            kind=InstrumentKind.STOCK,
            venue=venue,
            currency="USD",
            price_unit=Decimal("0.0001"),
            price_step=100,
            more={
                "calendar": "NYSE",
                "time_zone": "America/New_York",
                "regular_hours": Hours.parse("09:30-16:00"),
                "extended_hours": Hours.parse("04:00-20:00"),
            },
        )
    if not _CONTRACT.fullmatch(name):
        raise InstrumentError(f"{name} of {dataset}: combos are refused")
    grid = Grid(PRICE_DIGITS)
    for prices in file.prices(code):
        grid.add(prices)
    return Sketch(
        kind=InstrumentKind.FUTURE,
        venue=venue,
        currency="USD",
        price_unit=grid.unit(),
        price_step=grid.step,
    )
