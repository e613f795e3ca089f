"""Lines of a raw Binance recording: what they say, of which symbol, how finely.

A line is the local time in nanoseconds, a space and the JSON as the exchange sent it,
in a combined stream or plain. A line with lastUpdateId and no stream is the REST depth
snapshot.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from app.data.binance_sync import Levels
from app.data.importing import Grid
from app.data.source import Source
from app.data.text_columns import Issues
from app.data.venue_lines import DIGITS, SURVEYED_LINES, measure, read_messages
from app.errors import FileFormatError

_MICROSECONDS: Final = 10**14
"""Times of the venue from here on are microseconds, before it milliseconds."""


class Event(msgspec.Struct):
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


class Line(Event):
    """An event, plain or in a combined stream."""

    stream: str | None = None
    data: Event | None = None


_DECODER: Final = msgspec.json.Decoder(Line)


def read_lines(
    source: Source, issues: Issues, most: int | None = None
) -> Iterator[tuple[int, int, Line]]:
    """Yield number, local time and message of each line that is one."""
    return read_messages(source, issues, _DECODER.decode, _sent, most)


def _sent(line: Line) -> int:
    """Return the venue's time of a line."""
    event = line.data if line.data is not None else line
    return venue_ns(event.E or event.T)


def venue_ns(time: int) -> int:
    """Turn a time of the venue, in ms or µs, into ns since 1970 UTC."""
    return time * 1000 if time >= _MICROSECONDS else time * 1_000_000


def said_by(event: Event, stream: str | None) -> str:
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


def levels_of(value: Levels | str | int | None) -> Levels:
    """Return the levels of a diff's side; other events use its letter for a number."""
    return value if isinstance(value, list) else []


class Survey:
    """The first lines of a file: which symbols and which market."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.begins = 0
        self.symbols: set[str] = set()
        self.with_depth: set[str] = set()
        self.is_futures: bool | None = None
        issues = Issues(path, skip_bad=True)
        for _, received, line in read_lines(Source(path), issues, SURVEYED_LINES):
            self.begins = self.begins or received
            event = line.data if line.data is not None else line
            said = said_by(event, line.stream)
            if said in ("diff", "trade", "quote") and event.s:
                self.symbols.add(event.s.upper())
            if said == "diff":
                self.with_depth.add(event.s.upper())
                self.is_futures = event.pu is not None
        if not self.symbols:
            said = issues.reported[0] if issues.reported else "no message of a symbol"
            raise FileFormatError(path, f"is no Binance recording: {said}")


class Fineness:
    """How fine the numbers of a symbol are: read off the whole files, once for all."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._grids: dict[str, tuple[Grid, Grid]] = {}

    def of(self, symbol: str) -> tuple[Grid, Grid]:
        """Return the grids of prices and of sizes."""
        if not self._grids:
            self._read()
        return self._grids.get(symbol, (Grid(DIGITS), Grid(DIGITS)))

    def _read(self) -> None:
        texts: dict[str, Levels] = {}
        unnamed: list[Levels] = []
        for path in self._paths:
            issues = Issues(path, skip_bad=True)
            for row, _, line in read_lines(Source(path), issues):
                event = line.data if line.data is not None else line
                said = said_by(event, line.stream)
                if said == "snapshot":
                    unnamed.append([*event.bids, *event.asks])
                elif said:
                    texts.setdefault(event.s.upper(), []).extend(_pairs(said, event))
                if row % SURVEYED_LINES == 0:
                    measure(texts, self._grids)
        measure(texts, self._grids)
        if len(self._grids) == 1:
            for levels in unnamed:
                measure({next(iter(self._grids)): levels}, self._grids)


def _pairs(said: str, event: Event) -> Levels:
    """Return the prices and sizes of an event, as text."""
    if said == "diff":
        return [*levels_of(event.b), *levels_of(event.a)]
    if said == "trade":
        return [(event.p, event.q)]
    return [(str(event.b), event.B), (str(event.a), event.A)]
