"""Raw Binance websocket recordings: depth, trades and best quotes of spot and futures.

Lines are decoded in app/data/binance_lines.py, put in the order of the exchange's rules
in binance_sync.py and turned into records in binance_records.py; here symbols are told
apart. Depth and trades go into the stream `depth`, bookTicker, which runs ahead of the
diffs, into `quotes`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from app.data.binance_lines import (
    Event,
    Fineness,
    Line,
    Survey,
    levels_of,
    read_lines,
    said_by,
    venue_ns,
)
from app.data.binance_records import Quote, book_records, quote_records
from app.data.binance_sync import BookSync, Message, Said
from app.data.catalog import Catalog
from app.data.catalog_writer import Target
from app.data.guess_names import quoted_in
from app.data.importing import Import, Sketch
from app.data.source import Source
from app.data.text_columns import Issues
from app.engine.records import EventKind
from app.errors import FileFormatError
from app.instrument import InstrumentKind, PriceUnits


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
            _, _, line = next(read_lines(Source(path), issues), (0, 0, Line()))
        except FileFormatError:
            return False
        # Any JSON reads as a line of nothing: one of these says that it is an event.
        told = (line.e, line.stream, line.lastUpdateId)
        return any(each is not None for each in told)

    def read(self, paths: Sequence[Path], run: Import) -> None:
        """Read the files as one recording."""
        surveys = sorted((Survey(path) for path in paths), key=lambda each: each.begins)
        symbols = {name for each in surveys for name in each.symbols}
        if run.options.instrument is not None and len(symbols) > 1:
            rule = f"holds several symbols ({', '.join(sorted(symbols))}): "
            raise FileFormatError(paths[0], f"{rule}leave out --instrument")
        market = self._market or _market(surveys)
        fineness = Fineness(paths)
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
        for row, received, line in read_lines(self._source, self._issues):
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

    def _take(self, row: int, received: int, line: Line) -> None:
        event = line.data if line.data is not None else line
        said = said_by(event, line.stream)
        if said == "snapshot":
            self._symbol_of(event).snapshot(self._issues, row, received, event)
        elif said and event.s.upper() in self._books:
            self._books[event.s.upper()].take(said, self._issues, row, received, event)

    def _symbol_of(self, snapshot: Event) -> "_Symbol":
        """A snapshot does not name its symbol: it is the one with the nearest price."""
        books = list(self._books.values())
        if len(books) == 1 or not snapshot.bids:
            return books[0]
        price = rough_price(snapshot.bids[0][0])
        return min(books, key=lambda each: each.distance(price))


class _Symbol:
    """One symbol's messages on their way into the catalog."""

    def __init__(
        self,
        symbol: str,
        market: str,
        surveys: Sequence["Survey"],
        fineness: "Fineness",
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
        self._ticks: list[Quote] = []
        self._venue = 0
        self._price = 0.0
        self._left_out = 0

    def take(
        self, said: str, issues: Issues, row: int, received: int, event: Event
    ) -> None:
        """Take a diff, a trade or a best quote."""
        venue = venue_ns(event.T or event.E) or self._venue or received
        self._venue = venue
        if said == "quote":
            texts = (str(event.b), event.B, str(event.a), event.A)
            self._ticks.append(Quote(issues, row, received, venue, event.u, texts))
            return
        if said == "trade":
            if event.X not in ("MARKET", ""):
                self._left_out += 1
                return
            self._price = rough_price(event.p)
            message = Message(Said.TRADE, issues, row, received, venue, event.t)
            message.aggressor = -1 if event.m else 1
            message.price, message.size = event.p, event.q
        else:
            message = Message(Said.DIFF, issues, row, received, venue, event.u, event.U)
            message.previous = event.pu
            message.bids, message.asks = levels_of(event.b), levels_of(event.a)
            if not self._price and message.bids:
                self._price = rough_price(message.bids[0][0])
        self._pass(message)

    def snapshot(self, issues: Issues, row: int, received: int, event: Event) -> None:
        """Take a snapshot."""
        venue = venue_ns(event.T or event.E) or self._venue or received
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
            self._run.emit(self._book, book_records(self._messages, self.instrument))
            self._messages = []
        if self._ticks:
            records = quote_records(self._ticks, self.instrument)
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


def rough_price(text: str) -> float:
    """Read a price roughly, to compare; 0 where it is none."""
    try:
        return float(text)
    except ValueError:
        return 0.0


def _market(surveys: Sequence[Survey]) -> str:
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


def _sketch(symbol: str, kind: InstrumentKind, fineness: Fineness) -> Sketch:
    """Say what the messages tell of a symbol."""
    prices, sizes = fineness.of(symbol)
    return Sketch(
        kind=kind,
        venue="BINANCE",
        currency=quoted_in(symbol),
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
