"""Raw Bybit recordings (V5): the order book and the trades of the public stream.

A snapshot replaces the book; a delta has the levels that changed, 0 where one is gone,
and its `u` is the one before + 1. Where it is not, the book is stale until the next
snapshot; `u` = 1 is a snapshot after a restart of the service, whatever its type.

Bybit, "Orderbook" and "Trade" of the V5 websocket.
"""

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec

from app.data.binance_sync import Levels, Message, Said
from app.data.guess_names import quoted_in
from app.data.venue_lines import LinesImporter, Place, Told
from app.instrument import InstrumentKind

_DERIVATIVES_ALONE: Final = 500
"""Levels that only derivatives are shown in."""


class _Line(msgspec.Struct):
    topic: str = ""
    type: str = ""
    ts: int = 0
    cts: int = 0
    data: msgspec.Raw = msgspec.Raw(b"{}")


class _Book(msgspec.Struct):
    s: str
    u: Annotated[int, msgspec.Meta(ge=0, le=2**62)]
    b: Levels = []
    a: Levels = []


class _Trade(msgspec.Struct):
    T: int
    s: str
    S: str
    v: str
    p: str
    BT: bool = False


_LINE: Final = msgspec.json.Decoder(_Line)
_BOOK: Final = msgspec.json.Decoder(_Book)
_TRADES: Final = msgspec.json.Decoder(list[_Trade])


class BybitTranslator:
    """Follows the numbers of each book."""

    name = "bybit"
    venue = "BYBIT"

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._gaps = 0
        self._old = 0
        self._blocks = 0

    def decode(self, text: bytes) -> _Line:
        """Read the JSON of a line."""
        return _LINE.decode(text)

    def sent(self, message: _Line) -> int:
        """Return when a message was sent, ns; 0 where it is of no known topic."""
        known = message.topic.startswith(("orderbook.", "publicTrade."))
        return message.ts * 1_000_000 if known and 0 < message.ts < 2**42 else 0

    def take(self, message: _Line, place: Place) -> Iterable[Told]:
        """Tell a book's message, after a gap where one is missing; or trades."""
        try:
            if message.topic.startswith("publicTrade."):
                return self._trades(_TRADES.decode(message.data), place)
            return self._book(message, _BOOK.decode(message.data), place)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            place.issues.bad(
                f"must be a message of {message.topic}: {error}", place.row
            )
            return ()

    def _trades(self, trades: list[_Trade], place: Place) -> list[Told]:
        told = []
        for each in trades:
            if each.BT:
                self._blocks += 1
                continue
            trade = place.message(Said.TRADE, each.T)
            trade.aggressor = {"Buy": 1, "Sell": -1}.get(each.S, 0)
            trade.price, trade.size = each.p, each.v
            told.append(Told(each.s.upper(), 0, trade))
        return told

    def _book(self, line: _Line, book: _Book, place: Place) -> list[Told]:
        _, depth, *_ = f"{line.topic}..".split(".")
        window = int(depth) if depth.isdecimal() and int(depth) else 1
        is_snapshot = line.type == "snapshot" or book.u == 1
        last = self._last.get(line.topic)
        if not is_snapshot and last is not None and book.u <= last:
            self._old += 1
            return []
        messages: list[Message] = []
        venue = line.cts or line.ts
        if not is_snapshot and (last is None or book.u != last + 1):
            self._gaps += 1
            missing = 0 if last is None else book.u - last - 1
            messages.append(place.message(Said.GAP, venue, missing))
        self._last[line.topic] = book.u
        said = Said.SNAPSHOT if is_snapshot else Said.DIFF
        messages.append(place.message(said, venue, book.u))
        messages[-1].bids, messages[-1].asks = book.b, book.a
        return [Told(book.s.upper(), window, each) for each in messages]

    def kind(self, symbol: str, window: int) -> tuple[InstrumentKind, str]:
        """Return a symbol's kind and currency; no message tells spot from perpetual."""
        is_derivative = window == _DERIVATIVES_ALONE or symbol.endswith("PERP")
        if is_derivative and "-" in symbol:  # a delivery contract: BTC-29NOV24
            return InstrumentKind.FUTURE, "USD"
        if is_derivative:
            return InstrumentKind.PERPETUAL, "USDC" if symbol.endswith(
                "PERP"
            ) else quoted_in(symbol)
        return InstrumentKind.CRYPTO_SPOT, quoted_in(symbol)

    def notes(self) -> list[str]:
        """Say what is to be known of the data."""
        notes = []
        if self._gaps:
            notes.append(f"{self._gaps} gaps in the numbers of the books")
        if self._old:
            notes.append(f"{self._old} changes were older than their book")
        if self._blocks:
            notes.append(f"{self._blocks} block trades were left out")
        return notes


def bybit_importer() -> LinesImporter:
    """Return what reads Bybit's recordings."""
    return LinesImporter(BybitTranslator)
