"""Raw websocket recordings: a line each message, as the exchange sent it.

A line is the JSON, after a local time and a space where the recorder wrote one. What
differs between exchanges is in a `Translator`; reading, symbols, instruments and
streams are here.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, TypeVar

import msgspec

from app.data.binance_records import book_records
from app.data.binance_sync import Levels, Message, Said
from app.data.catalog_writer import Target
from app.data.importing import Grid, Import, Sketch
from app.data.source import Source
from app.data.text_columns import Issues, scaled
from app.errors import FileFormatError
from app.instrument import InstrumentKind, PriceUnits

DIGITS: Final = 8
"""Decimals that prices and sizes are searched for."""
SURVEYED_LINES: Final = 20_000
_SNIFFED_LINES: Final = 20
M = TypeVar("M")


def read_messages(
    source: Source,
    issues: Issues,
    decode: Callable[[bytes], M],
    sent: Callable[[M], int],
    most: int | None = None,
) -> Iterator[tuple[int, int, M]]:
    """Yield number, local time and message of each line that is one.

    Parameters
    ----------
    source : Source
    issues : Issues
    decode : callable
        Reads the JSON of a line; raises `msgspec.MsgspecError` where it is none.
    sent : callable
        Returns the venue's time of a message, ns: of lines without a local time.
    most : int, optional
        Lines to read at most.
    """
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
                message = decode(rest)
                received = _local_ns(head) if head else sent(message)
            except (msgspec.MsgspecError, ValueError, UnicodeDecodeError) as error:
                issues.bad(f"must be a local time and a message: {error}", row)
                continue
            yield row, received, message


def _local_ns(head: bytes) -> int:
    """Return the local time of a line, ns since 1970 UTC."""
    value = int(head)
    if not 10**12 <= value < 2**63:
        raise ValueError(f"{value} is no time")
    while value < 10**17:
        value *= 1000
    return value


class Told(NamedTuple):
    """What a message tells of a symbol."""

    symbol: str
    window: int
    """Levels a side of the book it is of; 0 of a trade."""
    message: Message


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands, and when it was received, ns."""

    issues: Issues
    row: int
    received: int

    def message(self, said: Said, venue_ms: int, sequence: int = 0) -> Message:
        """Make a message of this place."""
        venue = venue_ms * 1_000_000
        if not 0 < venue < 2**62:
            venue = self.received
        return Message(said, self.issues, self.row, self.received, venue, sequence)


class Translator(Protocol):
    """Turns the messages of one exchange, in their order, into ours."""

    name: str
    venue: str

    def decode(self, text: bytes) -> Any:
        """Read the JSON of a line."""
        ...

    def sent(self, message: Any) -> int:
        """Return the time of a message, ns; 0 where it is not the exchange's."""
        ...

    def take(self, message: Any, place: Place) -> Iterable[Told]:
        """Tell what a message says."""
        ...

    def kind(self, symbol: str, window: int) -> tuple[InstrumentKind, str]:
        """Return a symbol's kind and currency."""
        ...

    def notes(self) -> list[str]:
        """Say what is to be known of the data."""
        ...


class LinesImporter:
    """Reads recordings of one exchange, in the order of their first lines."""

    def __init__(self, translator: Callable[[], Translator]) -> None:
        self._translator = translator
        self.name = translator().name

    def sniff(self, path: Path) -> bool:
        """Tell whether one of the first lines is a message of the exchange."""
        reads = self._translator()
        lines = read_messages(
            Source(path), Issues(path, skip_bad=True), reads.decode, reads.sent,
            _SNIFFED_LINES,
        )  # fmt: skip
        return any(reads.sent(message) > 0 for _, _, message in lines)

    def read(self, paths: Sequence[Path], run: Import) -> None:
        """Read the files as one recording."""
        begins, windows = self._survey(paths)
        if run.options.instrument is not None and len(windows) > 1:
            rule = f"holds several symbols ({', '.join(sorted(windows))}): "
            raise FileFormatError(paths[0], f"{rule}leave out --instrument")
        files = sorted(paths, key=lambda each: begins[each])
        reads = self._translator()
        fineness = _Fineness(self, files)
        streams = {
            symbol: _Stream(symbol, window, reads, fineness, run)
            for symbol, window in sorted(windows.items())
        }
        for number, path in enumerate(files):
            source, before = Source(path), 0
            for told in self.told(source, run.issues(path), reads):
                if told.symbol in streams:
                    streams[told.symbol].take(told)
                if source.read != before:
                    before = source.read
                    for each in streams.values():
                        each.flush()
                    share = before / max(1, source.total)
                    run.progress((number + share) / len(files))
        for each in streams.values():
            each.end()
        run.notes += reads.notes()

    def told(
        self,
        source: Source,
        issues: Issues,
        reads: Translator,
        most: int | None = None,
    ) -> Iterator[Told]:
        """Yield what the lines of a file tell."""
        last = 0
        lines = read_messages(source, issues, reads.decode, reads.sent, most)
        for row, received, message in lines:
            if not reads.sent(message):
                continue
            if received < last:
                rule = f"the local time must not go back, was {received} after {last}"
                issues.bad(rule, row, "local time")
                continue
            last = received
            yield from reads.take(message, Place(issues, row, received))
        if source.damage is not None:
            issues.report(source.damage)

    def _survey(self, paths: Sequence[Path]) -> tuple[dict[Path, int], dict[str, int]]:
        """Return when files begin, and of each symbol the deepest book."""
        begins: dict[Path, int] = {}
        windows: dict[str, int] = {}
        for path in paths:
            issues = Issues(path, skip_bad=True)
            lines = self.told(Source(path), issues, self._translator(), SURVEYED_LINES)
            for told in lines:
                begins.setdefault(path, told.message.received)
                known = windows.get(told.symbol, 0)
                windows[told.symbol] = max(told.window, known)
            if path not in begins:
                said = issues.reported[0] if issues.reported else "no message of a book"
                rule = f"is no recording of {self.name}: {said}"
                raise FileFormatError(path, rule)
        return begins, windows

    def fresh(self) -> Translator:
        """Return a translator that has read nothing."""
        return self._translator()


class _Stream:
    """One symbol's messages on their way into the catalog."""

    def __init__(
        self,
        symbol: str,
        window: int,
        reads: Translator,
        fineness: "_Fineness",
        run: Import,
    ) -> None:
        self._run = run
        self._window = window
        kind, currency = reads.kind(symbol, window)
        is_perpetual = kind == InstrumentKind.PERPETUAL
        name = f"{symbol}-PERP" if is_perpetual else symbol
        instrument = run.instrument(
            run.options.instrument or name,
            lambda: fineness.sketch(symbol, kind, reads.venue, currency),
        )
        stream = {0: "trades", 1: "top"}.get(window, "depth")
        self._target = Target(
            instrument, stream, stream, window=window or None, trades_apart=True
        )
        self._messages: list[Message] = []
        self._left_out = 0

    def take(self, told: Told) -> None:
        """Take what is of this stream."""
        if told.window in (0, self._window):
            self._messages.append(told.message)
        else:
            self._left_out += 1

    def flush(self) -> None:
        """Turn what there is into records."""
        if self._messages:
            records = book_records(self._messages, self._target.instrument)
            self._run.emit(self._target, records)
            self._messages = []

    def end(self) -> None:
        """Tell the rest, and what there is to be said."""
        self.flush()
        if self._left_out:
            note = f"{self._left_out:,} messages of a book less deep were left out"
            self._target.notes.append(note)
            self._run.notes.append(f"{self._target.instrument.name}: {note}")


class _Fineness:
    """How fine a symbol's numbers are: read off whole files, once for all."""

    def __init__(self, importer: LinesImporter, paths: Sequence[Path]) -> None:
        self._importer = importer
        self._paths = paths
        self._grids: dict[str, tuple[Grid, Grid]] = {}

    def sketch(
        self, symbol: str, kind: InstrumentKind, venue: str, currency: str
    ) -> Sketch:
        """Say what the messages tell of a symbol."""
        if not self._grids:
            for path in self._paths:
                self._read(path)
        prices, sizes = self._grids.get(symbol, (Grid(DIGITS), Grid(DIGITS)))
        return Sketch(
            kind=kind,
            venue=venue,
            currency=currency,
            price_unit=prices.unit(),
            price_step=prices.step,
            quantity_unit=sizes.unit(),
            more={
                "max_price": PriceUnits(prices.bound),
                "shortable": kind != InstrumentKind.CRYPTO_SPOT,
            },
        )

    def _read(self, path: Path) -> None:
        source, texts, before = Source(path), dict[str, Levels](), 0
        reads = self._importer.fresh()
        for told in self._importer.told(source, Issues(path, skip_bad=True), reads):
            message = told.message
            pairs = texts.setdefault(told.symbol, [])
            pairs += [*message.bids, *message.asks]
            if message.said == Said.TRADE:
                pairs.append((message.price, message.size))
            if source.read != before:
                before = source.read
                self._take(texts)
        self._take(texts)

    def _take(self, texts: dict[str, Levels]) -> None:
        measure(texts, self._grids)


def measure(texts: dict[str, Levels], grids: dict[str, tuple[Grid, Grid]]) -> None:
    """Let each symbol's grids see its prices and sizes; the texts are dropped."""
    import pyarrow as pa

    for symbol, levels in texts.items():
        of = grids.setdefault(symbol, (Grid(DIGITS), Grid(DIGITS)))
        for grid, column in zip(of, zip(*levels, strict=True), strict=False):
            values, bad = scaled(pa.array(column, pa.string()), DIGITS)
            grid.add(values[~bad & (values > 0)])
    texts.clear()
