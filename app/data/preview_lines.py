"""Records in words, for a look at what an import would make.

Events and trades are a line each. Of a book that is shown down to some levels, a line
is its best bid and ask after each event, since ten records would be half of one book.
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.data.catalog_writer import Target
from app.data.local_time import clock_text
from app.engine.records import BAR, BUY, NO_PRICE, QUOTE, SELL, EventKind, RecordFlag
from app.instrument import Instrument

_TOPS: Final = ("depth", "top")


def first_of(target: Target, records: NDArray[np.void], lines: int) -> NDArray[np.void]:
    """Return the records that some lines need."""
    if not _shows_tops(target):
        return records[:lines]
    ends = np.flatnonzero(records["flags"] & RecordFlag.LAST)[:lines]
    return records[: ends[-1] + 1] if len(ends) == lines else records


def count_of(target: Target, records: NDArray[np.void]) -> int:
    """Return how many lines some records make."""
    if not _shows_tops(target):
        return len(records)
    return int(np.count_nonzero(records["flags"] & RecordFlag.LAST))


def lines_of(target: Target, records: NDArray[np.void]) -> list[tuple[str, ...]]:
    """Say records in words: a header, then a line each."""
    zone, instrument = target.time_zone, target.instrument
    kinds = set(records["kind"].tolist())
    head: tuple[str, ...] = ("kind", "price", "size", "side")
    time = f"time ({zone})"
    if kinds == {int(EventKind.BAR)}:
        head = ("open", "high", "low", "close", "volume")
        time = f"close ({zone})"
    if kinds == {int(EventKind.QUOTE)} or _shows_tops(target):
        head = ("bid", "size", "ask", "size")
    if _shows_tops(target):
        said = list(_tops(records, instrument, zone))
    else:
        said = [_line(each, instrument, zone) for each in records]
    return [(time, "UTC", *head), *said]


def _shows_tops(target: Target) -> bool:
    return target.window is not None and target.basis in _TOPS


def _tops(
    records: NDArray[np.void], instrument: Instrument, zone: str
) -> Iterator[tuple[str, ...]]:
    """Yield times, best bid and best ask after each event."""
    book: dict[int, dict[int, int]] = {BUY: {}, SELL: {}}
    for each in records:
        price, size, side = int(each["price"]), int(each["size"]), int(each["side"])
        if each["kind"] == EventKind.SNAPSHOT_BEGIN:
            book = {BUY: {}, SELL: {}}
        elif each["kind"] == EventKind.LEVEL and size:
            book[side][price] = size
        elif each["kind"] == EventKind.LEVEL:
            book[side].pop(price, None)
        if each["flags"] & RecordFlag.LAST:
            told = [_best(book[BUY], max), _best(book[SELL], min)]
            shown = [
                text
                for price, size in told
                for text in (_price(instrument, price), _size(instrument, price, size))
            ]
            yield (*_times(each, zone), *shown)


def _best(levels: dict[int, int], best: Any) -> tuple[int, int]:
    price = best(levels, default=NO_PRICE)
    return price, levels.get(price, 0)


def _times(record: np.void, zone: str) -> tuple[str, str]:
    moment = int(record["ts_venue"])
    return clock_text(moment, zone), clock_text(moment, "UTC")


def _line(record: np.void, instrument: Instrument, zone: str) -> tuple[str, ...]:
    times = _times(record, zone)
    kind = EventKind(int(record["kind"]))
    plain = np.array([record])
    if kind == EventKind.BAR:
        bar = plain.view(BAR)[0]
        opens = int(bar["open"])
        offsets = (
            0,
            *(int(bar[f"{each}_offset"]) for each in ("high", "low", "close")),
        )
        prices = (str(instrument.price(opens + each)) for each in offsets)
        return (*times, *prices, str(instrument.quantity(int(bar["volume"]))))
    if kind == EventKind.QUOTE:
        quote = plain.view(QUOTE)[0]
        sides = [
            (_price(instrument, quote[f"{side}_price"]), quote[f"{side}_size"])
            for side in ("bid", "ask")
        ]
        shown = [(price, str(instrument.quantity(int(n)))) for price, n in sides]
        return (*times, *shown[0], *shown[1])
    price, size = _price(instrument, record["price"]), int(record["size"])
    told: tuple[Any, ...] = (price, str(instrument.quantity(size)))
    if not record["size"] and not record["price"]:
        told = ("", "")
    side = int(record["side"]) or int(record["aggressor"])
    return (*times, kind.name, *told, {1: "buy", -1: "sell"}.get(side, ""))


def _price(instrument: Instrument, price: Any) -> str:
    return "" if int(price) == NO_PRICE else str(instrument.price(int(price)))


def _size(instrument: Instrument, price: int, size: int) -> str:
    return "" if price == NO_PRICE else str(instrument.quantity(size))
