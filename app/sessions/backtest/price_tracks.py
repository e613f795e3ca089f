"""What the market stood at, out of the data that a run read.

A run's reports say at what its orders were filled, not where the market stood when they
were decided, nor how far it went while a trade was held. The data say both: bars have a
close and a range, quotes and books a mid, prints their price.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from app.data.catalog import Recording
from app.data.merging import Merged
from app.engine.book import BookReplay
from app.engine.records import NO_PRICE, EventKind

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
_BATCH: Final = 1 << 17
_PART: Final = 1 << 13
"""Records that are taken apart at a time: so many are in a near cache."""


@dataclass(frozen=True)
class PriceTrack:
    """Prices of one instrument over a run, currency.

    Attributes
    ----------
    ts : (n,) int64
        Received times, ascending.
    price : (n,) float64
        Close of a bar, mid of a quote or book, else the print's price.
    low, high : (n,) float64
        Of a bar; else the price.
    open : (n,) float64 or None
        Of a bar; None where the data are no bars.
    bid, ask : (n,) float64 or None
        None where the data tell of no touch.
    """

    ts: Times
    price: Floats
    low: Floats
    high: Floats
    open: Floats | None = None
    bid: Floats | None = None
    ask: Floats | None = None

    @property
    def is_quoted(self) -> bool:
        """Whether the price is a mid."""
        return self.bid is not None

    def at(self, ts: Times, *, before: bool = False) -> Floats:
        """Newest price at each time, or just before it; NaN before the first."""
        places = self._places(ts, "left" if before else "right")
        found = np.full(len(ts), np.nan)
        known = places >= 0
        found[known] = self.price[places[known]]
        return found

    def _places(self, ts: Times, side: Literal["left", "right"]) -> NDArray[np.intp]:
        """Row of the newest price at each time; -1 before the first."""
        size = min(len(ts), len(self.ts))
        own = self.ts[:size]
        if size > 1 and np.array_equal(own, ts[:size]) and (own[1:] > own[:-1]).all():
            # Asked at its own times, as equity over one stream of bars asks.
            places = np.arange(len(ts)) - (side == "left")
            rest = slice(size if side == "left" else size - 1, None)
            places[rest] = np.searchsorted(self.ts, ts[rest], side=side) - 1
            return places
        return np.searchsorted(self.ts, ts, side=side) - 1


def tracks_of(data: Merged) -> list[PriceTrack]:
    """A track of each instrument of a run, in the order of their numbers."""
    return [
        _track(
            [
                (each, rows)
                for each, rows in zip(data.recordings, data.rows, strict=True)
                if each.name == instrument.name
            ]
        )
        for instrument in data.instruments
    ]


def _track(streams: Sequence[tuple[Recording, range]]) -> PriceTrack:
    """Of an instrument's streams, the one that tells most of its price decides."""
    return track_of(*min(streams, key=lambda each: each[0].basis == "trades"))


def track_of(recording: Recording, rows: range) -> PriceTrack:
    """Prices of one stream."""
    make = {"bars": _of_bars, "quotes": _of_quotes, "trades": _of_trades}
    if recording.basis == "top" and _is_of(recording, rows, EventKind.QUOTE):
        return _of_quotes(recording, rows)
    return make.get(recording.basis, _of_book)(recording, rows)


def _is_of(recording: Recording, rows: range, kind: EventKind) -> bool:
    """Whether a stream's book comes as records of one kind, by its first rows."""
    kinds = recording.column("kind", rows.start, min(rows.stop, rows.start + 1024))
    return bool((kinds == kind).any())


def _fields(
    recording: Recording, rows: range, dtype: Any, kind: EventKind, *names: str
) -> list[NDArray[Any]]:
    """Fields of a stream's records of one kind, taken batch by batch."""
    parts = [[np.empty(0, dtype[name])] for name in names]
    for start in range(rows.start, rows.stop, _PART):
        found = recording.records(start, min(start + _PART, rows.stop))
        is_wanted = found["kind"] == kind
        chosen = (found if is_wanted.all() else found[is_wanted]).view(dtype)
        for part, name in zip(parts, names, strict=True):
            part.append(chosen[name].copy())
    return [np.concatenate(each) for each in parts]


def _of_bars(recording: Recording, rows: range) -> PriceTrack:
    from app.engine.records import BAR

    ts, opens, close, low, high = _fields(
        *(recording, rows, BAR, EventKind.BAR, "ts_received", "open"),
        *("close_offset", "low_offset", "high_offset"),
    )
    prices = recording.instrument.prices
    return PriceTrack(
        ts,
        prices(opens + close),
        prices(opens + low),
        prices(opens + high),
        open=prices(opens),
    )


def _of_trades(recording: Recording, rows: range) -> PriceTrack:
    kinds = recording.column("kind", rows.start, rows.stop)
    prints = kinds == EventKind.TRADE
    ts = recording.column("ts_received", rows.start, rows.stop)[prints]
    units = recording.column("price", rows.start, rows.stop)[prints]
    price = recording.instrument.prices(units)
    return PriceTrack(ts, price, price, price)


def _of_quotes(recording: Recording, rows: range) -> PriceTrack:
    from app.engine.records import QUOTE

    ts, bid, ask = _fields(
        *(recording, rows, QUOTE, EventKind.QUOTE),
        *("ts_received", "bid_price", "ask_price"),
    )
    return _quoted(recording, ts, bid, ask)


def _of_book(recording: Recording, rows: range) -> PriceTrack:
    """Run the records through a book; what leaves the touch alone is left out."""
    book = BookReplay(recording.basis)
    parts = []
    for start in range(rows.start, rows.stop, _BATCH):
        batch = book.apply(
            recording.records(start, min(start + _BATCH, rows.stop)), levels=1
        )
        parts.append((batch["ts"], batch["bid_price"][:, 0], batch["ask_price"][:, 0]))
    ts, bid, ask = (np.concatenate(each) for each in zip(*parts, strict=True))
    moved = np.ones(len(ts), bool)
    moved[1:] = (bid[1:] != bid[:-1]) | (ask[1:] != ask[:-1])
    return _quoted(recording, ts[moved], bid[moved], ask[moved])


def _quoted(recording: Recording, ts: Times, bid: Times, ask: Times) -> PriceTrack:
    both = (bid != NO_PRICE) & (ask != NO_PRICE)
    prices = recording.instrument.prices
    bids, asks = prices(bid[both]), prices(ask[both])
    mid = (bids + asks) / 2
    return PriceTrack(ts[both], mid, mid, mid, bid=bids, ask=asks)


def extremes(
    track: PriceTrack, since: Times, until: Times, entry: Floats, leave: Floats
) -> tuple[Floats, Floats]:
    """Lowest and highest price while each of some trades was held.

    Of the bar that a trade began in only what came after the entry counts: all of it
    after an entry at its open, else what lies beyond the entry seen from the open, and
    the close. Of the bar that it ended in, the price of the exit.

    Parameters
    ----------
    since, until : (n,) int64
    entry, leave : (n,) float64
        Prices; NaN where there is none.
    """
    low, high = np.fmin(entry, leave), np.fmax(entry, leave)
    is_bars = track.open is not None
    first = np.searchsorted(track.ts, since, side="right" if is_bars else "left")
    last = np.searchsorted(track.ts, until, side="left")
    if is_bars:
        _take_first_bar(track, first - 1, since, until, entry, low, high)
    held = first < last
    if held.any():
        ends = np.column_stack([first[held], last[held]]).ravel()
        # `reduceat` takes an end beyond the last row only as one more row.
        lows, highs = np.append(track.low, np.inf), np.append(track.high, -np.inf)
        low[held] = np.fmin(low[held], np.minimum.reduceat(lows, ends)[::2])
        high[held] = np.fmax(high[held], np.maximum.reduceat(highs, ends)[::2])
    return low, high


def _take_first_bar(
    track: PriceTrack,
    place: NDArray[np.intp],
    since: Times,
    until: Times,
    entry: Floats,
    low: Floats,
    high: Floats,
) -> None:
    """Widen `low` and `high` by what came after the entry in its bar."""
    assert track.open is not None
    here = np.flatnonzero(place >= 0)
    here = here[(track.ts[place[here]] == since[here]) & (until[here] > since[here])]
    bar = place[here]
    opened, close = track.open[bar], track.price[bar]
    tolerance = 1e-12 * np.abs(opened)
    fell, rose = opened >= entry[here] - tolerance, opened <= entry[here] + tolerance
    low[here] = np.fmin(low[here], np.where(fell, track.low[bar], close))
    high[here] = np.fmax(high[here], np.where(rose, track.high[bar], close))
