"""Raw Hyperliquid recordings: l2Book, whole books of 20 levels a side, and trades.

Each book replaces the one before; told is what changed. A trade's `side` is the
aggressor's: B buys, A sells. On subscribing the exchange sends trades of the past
first: those from before the first book are left out.

Hyperliquid, "Websocket subscriptions".
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from app.data.binance_sync import Levels, Said
from app.data.venue_lines import LinesImporter, Place, Told
from app.instrument import InstrumentKind

_WINDOW: Final = 20


class _Level(msgspec.Struct):
    px: str
    sz: str


class _Book(msgspec.Struct):
    coin: str
    time: int
    levels: tuple[list[_Level], list[_Level]]


class _Trade(msgspec.Struct):
    coin: str
    side: str
    px: str
    sz: str
    time: int


class _Line(msgspec.Struct):
    channel: str = ""
    data: msgspec.Raw = msgspec.Raw(b"{}")


class _Message(msgspec.Struct):
    """A line whose data were read; neither of other channels."""

    book: _Book | None = None
    trades: list[_Trade] = []


_LINE: Final = msgspec.json.Decoder(_Line)
_BOOK: Final = msgspec.json.Decoder(_Book)
_TRADES: Final = msgspec.json.Decoder(list[_Trade])
_Side = dict[str, str]
"""Size at each price, as text."""


class HyperliquidTranslator:
    """Remembers the last book of each coin."""

    name = "hyperliquid"
    venue = "HYPERLIQUID"

    def __init__(self) -> None:
        self._books: dict[str, tuple[_Side, _Side]] = {}
        self._begins: dict[str, int] = {}
        self._past = 0

    def decode(self, text: bytes) -> _Message:
        """Read the JSON of a line."""
        line = _LINE.decode(text)
        if line.channel == "l2Book":
            return _Message(book=_BOOK.decode(line.data))
        if line.channel == "trades":
            return _Message(trades=_TRADES.decode(line.data))
        return _Message()

    def sent(self, message: _Message) -> int:
        """Return when a message was made, ns; 0 where it is of no known channel."""
        times = [each.time for each in message.trades]
        time = message.book.time if message.book is not None else max(times, default=0)
        return time * 1_000_000 if 0 < time < 2**42 else 0

    def take(self, message: _Message, place: Place) -> Iterable[Told]:
        """Tell what changed in the book, or trades."""
        if message.book is not None:
            return self._book(message.book, place)
        return [told for each in message.trades for told in self._trade(each, place)]

    def _book(self, book: _Book, place: Place) -> list[Told]:
        pairs = [pair for side in book.levels for each in side for pair in _pair(each)]
        for name, text in pairs:
            if not _is_number(text):
                # The next book is whole again, so this one is no gap.
                rule = f"must be a number of 0 or more, was {text!r}"
                place.issues.bad(rule, place.row, name)
                return []
        bids, asks = ({each.px: each.sz for each in side} for side in book.levels)
        before = self._books.get(book.coin)
        self._books[book.coin] = bids, asks
        self._begins.setdefault(book.coin, book.time)
        told = place.message(Said.DIFF if before else Said.SNAPSHOT, book.time)
        old_bids, old_asks = before or ({}, {})
        told.bids, told.asks = _changes(old_bids, bids), _changes(old_asks, asks)
        return [Told(book.coin, _WINDOW, told)]

    def _trade(self, trade: _Trade, place: Place) -> list[Told]:
        if trade.time < self._begins.get(trade.coin, 0):
            self._past += 1
            return []
        told = place.message(Said.TRADE, trade.time)
        told.aggressor = {"B": 1, "A": -1}.get(trade.side, 0)
        told.price, told.size = trade.px, trade.sz
        return [Told(trade.coin, 0, told)]

    def kind(self, symbol: str, window: int) -> tuple[InstrumentKind, str]:
        """Return a coin's kind and currency: spot pairs have a slash or a number."""
        del window
        is_spot = "/" in symbol or symbol.startswith("@")
        kind = InstrumentKind.CRYPTO_SPOT if is_spot else InstrumentKind.PERPETUAL
        return kind, "USDC" if is_spot else "USD"

    def notes(self) -> list[str]:
        """Say what is to be known of the data."""
        if not self._past:
            return []
        return [f"{self._past} trades from before the first book were left out"]


def _pair(level: _Level) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("px", level.px), ("sz", level.sz)


def _is_number(text: str) -> bool:
    return text.isascii() and text.replace(".", "", 1).isdecimal()


def _changes(before: _Side, after: _Side) -> Levels:
    """Return the levels that are gone, with 0, then those that are new or different."""
    gone = [(price, "0") for price in before if price not in after]
    return gone + [(p, size) for p, size in after.items() if before.get(p) != size]


def hyperliquid_importer() -> LinesImporter:
    """Return what reads Hyperliquid's recordings."""
    return LinesImporter(HyperliquidTranslator)
