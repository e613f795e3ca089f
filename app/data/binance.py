"""Raw Binance websocket recordings: depth, trades and best quotes of spot and futures.

A line is the local time in nanoseconds, a space and the JSON as the exchange sent it,
in a combined stream or plain. A line with lastUpdateId and no stream is the REST depth
snapshot. The order of diffs and snapshots is in app/data/binance_sync.py; here lines
are decoded, symbols told apart, and text becomes records.

Depth and trades go into the stream `depth`, bookTicker, which runs ahead of the diffs,
into `quotes`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.data.binance_sync import BookSync, Levels, Message, Said
from app.data.catalog import Catalog
from app.data.catalog_writer import Target
from app.data.importing import Grid, Import, Sketch, new_records
from app.data.source import Source
from app.data.text_columns import Issues, scaled, to_units
from app.engine.records import QUOTE, EventKind, RecordFlag
from app.errors import FileFormatError
from app.instrument import Instrument, InstrumentKind, PriceUnits

_DIGITS: Final = 8
_SURVEYED_LINES: Final = 20_000
_QUOTED_IN: Final = re.compile(
    "(FDUSD|USDT|USDC|BUSD|TUSD|USDP|DAI|BTC|ETH|BNB|EUR|GBP|TRY|BRL|JPY|USD)(_|$)"
)
_MICROSECONDS: Final = 10**14
"""Times of the venue from here on are microseconds, before it milliseconds."""


class _Event(msgspec.Struct):
    """What the streams used here send, with Binance's own names."""

    e: str | None = None
    E: int = 0
    T: int = 0
    s: str = ""
    U: int = 0
    u: int = 0
    pu: int | None = None
    b: Levels | str | None = None
    a: Levels | str | int | None = None
    B: str = ""
    A: str = ""
    p: str = ""
    q: str = ""
    t: int = 0
    m: bool = False
    X: str = "MARKET"
    lastUpdateId: int | None = None  # noqa: N815 - Binance's name
    bids: Levels = []
    asks: Levels = []


class _Line(_Event):
    """An event, plain or in a combined stream."""

    stream: str | None = None
    data: _Event | None = None


@dataclass(slots=True)
class _Quote:
    issues: Issues
    row: int
    received: int
    venue: int
    sequence: int
    texts: tuple[str, str, str, str]


class BinanceImporter:
    """Reads recordings, in the order of their first lines.

    Parameters
    ----------
    market : str, optional
        ``spot`` or ``usdm``; sniffed from the messages if absent.
    """

    name = "binance"

    def __init__(self, market: Literal["spot", "usdm"] | None = None) -> None:
        self._market = market

    def sniff(self, path: Path) -> bool:
        """Tell whether the first line is a message of Binance."""
        issues = Issues(path)
        try:
            line = next(_lines(Source(path), issues), None)
        except FileFormatError:
            return False
        return line is not None

    def read(self, paths: Sequence[Path], run: Import) -> None:
        """Read the files as one recording."""
        surveys = sorted(
            (_Survey(path) for path in paths), key=lambda each: each.begins
        )
        symbols = {name for each in surveys for name in each.symbols}
        if run.options.instrument is not None and len(symbols) > 1:
            rule = f"holds several symbols ({', '.join(sorted(symbols))}): "
            raise FileFormatError(paths[0], f"{rule}leave out --instrument")
        market = self._market or _market(surveys)
        fineness = _Fineness(paths)
        books = {
            name: _Symbol(name, market, surveys, fineness, run)
            for name in sorted(symbols)
        }
        for number, survey in enumerate(surveys):
            reader = _Reader(survey.path, books, run)
            for share in reader.read():
                run.progress((number + share) / len(surveys))
        for each in books.values():
            each.end()


class _Reader:
    """One file: lines to messages of their symbols."""

    def __init__(self, path: Path, books: dict[str, "_Symbol"], run: Import) -> None:
        self._books = books
        self._issues = run.issues(path)
        self._source = Source(path)

    def read(self) -> Iterator[float]:
        """Hand messages over; yields the share of the file that was read."""
        last, before = 0, 0
        for row, received, line in _lines(self._source, self._issues):
            if received < last:
                rule = f"the local time must not go back, was {received} after {last}"
                self._issues.bad(rule, row, "local time")
                continue
            last = received
            self._take(row, received, line)
            if self._source.read != before:
                before = self._source.read
                for each in self._books.values():
                    each.flush()
                yield before / max(1, self._source.total)
        for each in self._books.values():
            each.flush()
        if self._source.damage is not None:
            self._issues.report(self._source.damage)

    def _take(self, row: int, received: int, line: _Line) -> None:
        event = line.data if line.data is not None else line
        said = _said(event, line.stream)
        if said == "snapshot":
            self._symbol_of(event).snapshot(self._issues, row, received, event)
        elif said and event.s.upper() in self._books:
            self._books[event.s.upper()].take(said, self._issues, row, received, event)

    def _symbol_of(self, snapshot: _Event) -> "_Symbol":
        """A snapshot does not name its symbol: it is the one with the nearest price."""
        books = list(self._books.values())
        if len(books) == 1 or not snapshot.bids:
            return books[0]
        price = _float(snapshot.bids[0][0])
        return min(books, key=lambda each: each.distance(price))


class _Symbol:
    """One symbol's messages on their way into the catalog."""

    def __init__(
        self,
        symbol: str,
        market: str,
        surveys: Sequence["_Survey"],
        fineness: "_Fineness",
        run: Import,
    ) -> None:
        self._run = run
        is_futures = market == "usdm"
        kind = _kind(symbol, is_futures=is_futures)
        suffix = "-PERP" if kind == InstrumentKind.PERPETUAL else ""
        name = run.options.instrument or f"{symbol}{suffix}"
        self.instrument = run.instrument(name, lambda: _sketch(symbol, kind, fineness))
        has_depth = any(symbol in each.with_depth for each in surveys)
        stream = "depth" if has_depth else "trades"
        self._book = Target(self.instrument, stream, stream, trades_apart=True)
        self._quotes = Target(self.instrument, "quotes", "top")
        continues = _last_diff(run.catalog, name, min(each.begins for each in surveys))
        self._sync = BookSync(is_futures=is_futures, continues=continues)
        self._has_depth = has_depth
        self._messages: list[Message] = []
        self._ticks: list[_Quote] = []
        self._venue = 0
        self._price = 0.0
        self._left_out = 0

    def take(
        self, said: str, issues: Issues, row: int, received: int, event: _Event
    ) -> None:
        """Take a diff, a trade or a best quote."""
        venue = _ns(event.T or event.E) or self._venue or received
        self._venue = venue
        if said == "quote":
            texts = (str(event.b), event.B, str(event.a), event.A)
            self._ticks.append(_Quote(issues, row, received, venue, event.u, texts))
            return
        if said == "trade":
            if event.X not in ("MARKET", ""):
                self._left_out += 1
                return
            self._price = _float(event.p)
            message = Message(Said.TRADE, issues, row, received, venue, event.t)
            message.aggressor = -1 if event.m else 1
            message.price, message.size = event.p, event.q
        else:
            message = Message(Said.DIFF, issues, row, received, venue, event.u, event.U)
            message.previous = event.pu
            message.bids, message.asks = _levels(event.b), _levels(event.a)
            if not self._price and message.bids:
                self._price = _float(message.bids[0][0])
        self._pass(message)

    def snapshot(self, issues: Issues, row: int, received: int, event: _Event) -> None:
        """Take a snapshot."""
        venue = _ns(event.T or event.E) or self._venue or received
        message = Message(
            Said.SNAPSHOT, issues, row, received, venue, event.lastUpdateId or 0
        )
        message.bids, message.asks = event.bids, event.asks
        self._pass(message)

    def distance(self, price: float) -> float:
        """How far a price is from the last one seen, as a ratio."""
        if self._price <= 0 or price <= 0:
            return float("inf")
        return max(price / self._price, self._price / price)

    def _pass(self, message: Message) -> None:
        if self._has_depth:
            self._messages += self._sync.take(message)
        elif message.said == Said.TRADE:
            self._messages.append(message)

    def flush(self) -> None:
        """Turn what is certain into records."""
        if self._messages:
            self._run.emit(self._book, _records(self._messages, self.instrument))
            self._messages = []
        if self._ticks:
            records = _quote_records(self._ticks, self.instrument)
            self._run.emit(self._quotes, records)
            self._ticks = []

    def end(self) -> None:
        """Tell what was held back, and what there is to be said."""
        self._messages += self._sync.end()
        self.flush()
        sync = self._sync
        notes = []
        if self._has_depth and not sync.snapshots and sync.gaps:
            notes.append("no snapshot came: the book is stale until one does")
        if sync.gaps:
            notes.append(f"{sync.gaps} gaps in the numbers of the diffs")
        if sync.dropped:
            notes.append(f"{sync.dropped} diffs were older than their snapshot")
        if self._left_out:
            notes.append(
                f"{self._left_out} trades not made in the market were left out"
            )
        self._book.notes += notes
        self._run.notes += [f"{self.instrument.name}: {each}" for each in notes]


class _Survey:
    """The first lines of a file: which symbols and which market."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.begins = 0
        self.symbols: set[str] = set()
        self.with_depth: set[str] = set()
        self.is_futures: bool | None = None
        issues = Issues(path, skip_bad=True)
        for _, received, line in _lines(Source(path), issues, _SURVEYED_LINES):
            self.begins = self.begins or received
            event = line.data if line.data is not None else line
            said = _said(event, line.stream)
            if said in ("diff", "trade", "quote") and event.s:
                self.symbols.add(event.s.upper())
            if said == "diff":
                self.with_depth.add(event.s.upper())
                self.is_futures = event.pu is not None
        if not self.symbols:
            said = issues.reported[0] if issues.reported else "no message of a symbol"
            raise FileFormatError(path, f"is no Binance recording: {said}")


class _Fineness:
    """How fine the numbers of a symbol are: read off the whole files, once for all."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._grids: dict[str, tuple[Grid, Grid]] = {}

    def of(self, symbol: str) -> tuple[Grid, Grid]:
        """Return the grids of prices and of sizes."""
        if not self._grids:
            self._read()
        return self._grids.get(symbol, (Grid(_DIGITS), Grid(_DIGITS)))

    def _read(self) -> None:
        texts: dict[str, Levels] = {}
        unnamed: list[Levels] = []
        for path in self._paths:
            issues = Issues(path, skip_bad=True)
            for row, _, line in _lines(Source(path), issues):
                event = line.data if line.data is not None else line
                said = _said(event, line.stream)
                if said == "snapshot":
                    unnamed.append([*event.bids, *event.asks])
                elif said:
                    texts.setdefault(event.s.upper(), []).extend(_pairs(said, event))
                if row % _SURVEYED_LINES == 0:
                    self._take(texts)
        self._take(texts)
        if len(self._grids) == 1:
            for levels in unnamed:
                self._take({next(iter(self._grids)): levels})

    def _take(self, texts: dict[str, Levels]) -> None:
        import pyarrow as pa

        for symbol, levels in texts.items():
            grids = self._grids.setdefault(symbol, (Grid(_DIGITS), Grid(_DIGITS)))
            for grid, column in zip(grids, zip(*levels, strict=True), strict=False):
                values, bad = scaled(pa.array(column, pa.string()), _DIGITS)
                grid.add(values[~bad & (values > 0)])
        texts.clear()


def _pairs(said: str, event: _Event) -> Levels:
    """Return the prices and sizes of an event, as text."""
    if said == "diff":
        return [*_levels(event.b), *_levels(event.a)]
    if said == "trade":
        return [(event.p, event.q)]
    return [(str(event.b), event.B), (str(event.a), event.A)]


_DECODER: Final = msgspec.json.Decoder(_Line)


def _lines(
    source: Source, issues: Issues, most: int | None = None
) -> Iterator[tuple[int, int, _Line]]:
    """Yield number, local time and message of each line that is one."""
    row = 0
    for block in source.line_blocks(1 << 20):
        for line in block.splitlines():
            row += 1
            if most is not None and row > most:
                source.close()
                return
            if not line.strip():
                continue
            head, _, rest = (
                line.partition(b" ") if line[:1] != b"{" else (b"", b"", line)
            )
            try:
                event = _DECODER.decode(rest)
                received = _received(head, event)
            except (msgspec.MsgspecError, ValueError, UnicodeDecodeError) as error:
                issues.bad(f"must be a local time and a message: {error}", row)
                continue
            yield row, received, event


def _received(head: bytes, line: _Line) -> int:
    """Return the local time of a line; the venue's where the line has none."""
    if not head:
        event = line.data if line.data is not None else line
        return _ns(event.E or event.T)
    value = int(head)
    if not 10**12 <= value < 2**63:
        raise ValueError(f"{value} is no time")
    while value < 10**17:
        value *= 1000
    return value


def _ns(time: int) -> int:
    """Turn a time of the venue, in ms or µs, into ns since 1970 UTC."""
    return time * 1000 if time >= _MICROSECONDS else time * 1_000_000


def _said(event: _Event, stream: str | None) -> str:
    """Return diff, trade, quote or snapshot; "" for what is not imported."""
    if event.e == "depthUpdate":
        return "diff"
    if event.e == "trade":
        return "trade"
    is_ticker = stream is not None and stream.endswith("@bookTicker")
    if event.e == "bookTicker" or (event.e is None and is_ticker):
        return "quote"
    # A stream of partial books also has a lastUpdateId, but holds few levels.
    return "snapshot" if event.lastUpdateId is not None and stream is None else ""


def _levels(value: Levels | str | int | None) -> Levels:
    return value if isinstance(value, list) else []


def _float(text: str) -> float:
    """Read a price roughly, to compare; 0 where it is none."""
    try:
        return float(text)
    except ValueError:
        return 0.0


_NOTHING: Final = ("0", "0")


def _records(messages: list[Message], instrument: Instrument) -> NDArray[np.void]:
    """Turn messages into records."""
    kinds: list[int] = []
    sides: list[int] = []
    texts: list[tuple[str, str]] = []
    counts: list[int] = []
    for each in messages:
        content = _content(each)
        for kind, side, levels in content:
            kinds += [kind] * len(levels)
            sides += [side] * len(levels)
            texts += levels
        counts.append(sum(len(levels) for _, _, levels in content))
    records = new_records(len(kinds))
    of = np.repeat(np.arange(len(messages)), counts)
    _stamp(records, messages, of)
    records["kind"], records["side"] = kinds, sides
    said = np.array([each.said for each in messages])[of]
    records["aggressor"] = np.array([each.aggressor for each in messages], np.int8)[of]
    missing = said == Said.GAP
    records["reference"][missing] = records["sequence"][missing]
    records["sequence"][missing] = 0
    last = np.zeros(len(records), np.uint16)
    last[np.cumsum(counts) - 1] = RecordFlag.LAST
    # A gap is no event of its own: it comes before the diff that shows it.
    last[missing] = 0
    records["flags"] = last
    records["flags"][said == Said.SNAPSHOT] |= np.uint16(RecordFlag.SNAPSHOT)
    prices, sizes = zip(*texts, strict=True)
    for name, column in (("price", prices), ("size", sizes)):
        records[name], bad = _numbers(column, name, messages, of, instrument)
        # What cannot be read was lost: the book is stale from here on.
        records["kind"][bad] = EventKind.GAP
    return records


def _content(message: Message) -> list[tuple[int, int, Levels]]:
    """Return kinds, sides and numbers of the records of one message."""
    if message.said == Said.TRADE:
        return [(EventKind.TRADE, 0, [(message.price, message.size)])]
    if message.said == Said.GAP:
        return [(EventKind.GAP, 0, [_NOTHING])]
    levels: list[tuple[int, int, Levels]] = [
        (EventKind.LEVEL, 1, message.bids),
        (EventKind.LEVEL, -1, message.asks),
    ]
    if message.said == Said.SNAPSHOT:
        begin = (EventKind.SNAPSHOT_BEGIN, 0, [_NOTHING])
        return [begin, *levels, (EventKind.SNAPSHOT_END, 0, [_NOTHING])]
    if message.bids or message.asks:
        return levels
    return [(EventKind.TIMER, 0, [_NOTHING])]


def _stamp(
    records: NDArray[np.void],
    messages: Sequence[Message | _Quote],
    of: NDArray[np.int64],
) -> None:
    """Set times and sequence of records from their messages."""
    records["ts_received"] = np.array([each.received for each in messages])[of]
    records["ts_venue"] = np.array([each.venue for each in messages])[of]
    records["sequence"] = np.array([each.sequence for each in messages])[of]


def _quote_records(ticks: list[_Quote], instrument: Instrument) -> NDArray[np.void]:
    """Turn best quotes into QUOTE records."""
    records = new_records(len(ticks))
    of = np.arange(len(ticks))
    _stamp(records, ticks, of)
    quotes = records.view(QUOTE)
    quotes["kind"] = EventKind.QUOTE
    quotes["flags"] = RecordFlag.LAST
    good = np.ones(len(ticks), np.bool_)
    names = ("bid_price", "bid_size", "ask_price", "ask_size")
    columns = zip(*(each.texts for each in ticks), strict=True)
    for name, column in zip(names, columns, strict=True):
        quotes[name], bad = _numbers(column, name, ticks, of, instrument)
        good &= ~bad
    return records[good]


def _numbers(
    texts: Sequence[str],
    name: str,
    messages: Sequence[Message | _Quote],
    of: NDArray[np.int64],
    instrument: Instrument,
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Turn text into units; what is wrong is reported with its line."""
    import pyarrow as pa

    is_price = name.endswith("price")
    unit = instrument.price_unit if is_price else instrument.quantity_unit
    places = instrument.price_decimals if is_price else instrument.quantity_decimals
    values, unread = scaled(pa.array(texts, pa.string()), places)
    units, off = to_units(values, places, unit)
    wrong = units < 0
    if is_price:
        wrong |= units > instrument.price_bound
    for bad, rule in (
        (unread, f"must be a number of at most {places} decimals"),
        (off, f"must be on the unit {unit} that the instrument master has"),
        (wrong, "must not be negative or beyond the instrument's bound"),
    ):
        for index in np.flatnonzero(bad):
            message = messages[int(of[index])]
            text = texts[int(index)]
            message.issues.bad(f"{rule}, was {text!r}", message.row, name)
    faulty = unread | off | wrong
    return np.where(faulty, 0, units), faulty


def _market(surveys: Sequence[_Survey]) -> str:
    """Tell spot from futures: only futures' diffs name the one before them."""
    told = {each.is_futures for each in surveys if each.is_futures is not None}
    if len(told) > 1:
        raise FileFormatError(surveys[-1].path, "mixes spot and futures: --market")
    return "usdm" if told == {True} else "spot"


def _kind(symbol: str, *, is_futures: bool) -> InstrumentKind:
    if not is_futures:
        return InstrumentKind.CRYPTO_SPOT
    # A delivery contract carries its date: BTCUSDT_240927.
    return InstrumentKind.FUTURE if "_" in symbol else InstrumentKind.PERPETUAL


def _sketch(symbol: str, kind: InstrumentKind, fineness: _Fineness) -> Sketch:
    """Say what the messages tell of a symbol."""
    prices, sizes = fineness.of(symbol)
    quoted = _QUOTED_IN.search(symbol)
    return Sketch(
        kind=kind,
        venue="BINANCE",
        currency=quoted[1] if quoted else symbol.partition("_")[0][-4:],
        price_unit=prices.unit(),
        price_step=prices.step,
        quantity_unit=sizes.unit(),
        more={
            "max_price": PriceUnits(prices.bound),
            "shortable": kind != InstrumentKind.CRYPTO_SPOT,
        },
    )


def _last_diff(catalog: Catalog, name: str, before: int) -> int | None:
    """Return u of the last diff in the catalog before a time, if there is one."""
    segments = catalog.segments(name, "depth")
    earlier = [each for each in segments if each.meta.last_ts < before]
    if not earlier or earlier[-1].meta.importer != BinanceImporter.name:
        return None
    columns = earlier[-1].columns
    levels = np.flatnonzero(columns["kind"] == EventKind.LEVEL)
    return int(columns["sequence"][levels[-1]]) if len(levels) else None
