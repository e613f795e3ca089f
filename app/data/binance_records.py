"""Messages of a Binance recording turned into records."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.data.binance_sync import Levels, Message, Said
from app.data.importing import new_records
from app.data.text_columns import Issues, scaled, to_units
from app.engine.records import QUOTE, EventKind, RecordFlag
from app.instrument import Instrument

_NOTHING: Final = ("0", "0")


@dataclass(slots=True)
class Quote:
    """One bookTicker: its texts are bid price, bid size, ask price, ask size."""

    issues: Issues
    row: int
    received: int
    venue: int
    sequence: int
    texts: tuple[str, str, str, str]


def book_records(messages: list[Message], instrument: Instrument) -> NDArray[np.void]:
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
    messages: Sequence[Message | Quote],
    of: NDArray[np.int64],
) -> None:
    """Set times and sequence of records from their messages."""
    records["ts_received"] = np.array([each.received for each in messages])[of]
    records["ts_venue"] = np.array([each.venue for each in messages])[of]
    records["sequence"] = np.array([each.sequence for each in messages])[of]


def quote_records(ticks: list[Quote], instrument: Instrument) -> NDArray[np.void]:
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
    messages: Sequence[Message | Quote],
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
