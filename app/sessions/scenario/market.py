"""A scenario's market events as MARKET records.

A book that is given whole is a snapshot at the start and after a gap. Elsewhere it is
one venue event that changes the levels which differ: what is gone first, then what is
new, so that no state in between is crossed.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

import numpy as np

from app.data.bar_stamps import at_close, stamps_at_open
from app.engine.book_state import Stale
from app.engine.funding import RATE_SCALE
from app.engine.records import (
    BAR,
    BUY,
    MARKET,
    NO_PRICE,
    SELL,
    EventKind,
    RecordFlag,
    SessionState,
    TradeCondition,
)
from app.sessions.scenario.instruments import money
from app.sessions.scenario.models import bar_length
from app.sessions.scenario.schema import CONDITIONS, SIDES, Event, plain_word
from app.sessions.scenario.times import nanoseconds
from app.sessions.scenario.world import World

_LAST: Final = int(RecordFlag.LAST)
_SNAPSHOT: Final = int(RecordFlag.SNAPSHOT)
AMPLE: Final = 1 << 40
"""Volume of a bar whose scenario gives none, quantity units."""


class MarketEvents:
    """Makes records of market events; knows the references of a feed by order."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._references: dict[str, int] = {}
        self._sides: dict[tuple[int, str], int] = {}

    def records(self, event: Event) -> Iterator[Any]:
        """Records of one event, arrays of one, in order."""
        instrument = self._world.instrument(event.get("instrument"))
        make = getattr(self, f"_{event['type']}")
        every = list(make(event, instrument))
        for each in every:
            # An imported bar has moved from the event's time to its close.
            each["ts_venue"] += nanoseconds(event["t"])
            each["ts_received"] = each["ts_venue"]
            each["flags"] |= _LAST if each is every[-1] else 0
        yield from every

    # The book by level.

    def _book(self, event: Event, instrument: int) -> Iterator[Any]:
        sides = {BUY: event["bids"], SELL: event["asks"]}
        if self._world.book(instrument)["stale"] in (Stale.FRESH, Stale.CROSSED):
            yield from self._changes(instrument, sides)
            return
        yield _record(EventKind.SNAPSHOT_BEGIN, instrument, flags=_SNAPSHOT)
        for side, rows in sides.items():
            for price, size in rows:
                yield _level(instrument, side, price, size, _SNAPSHOT)
        yield _record(EventKind.SNAPSHOT_END, instrument, flags=_SNAPSHOT)

    def _changes(self, instrument: int, sides: dict[int, Any]) -> Iterator[Any]:
        shown = {
            side: {row[0]: row[1] for row in self._world.depth(instrument, side)}
            for side in sides
        }
        wanted = {side: dict(rows) for side, rows in sides.items()}
        for side in sides:
            for price in shown[side].keys() - wanted[side].keys():
                yield _level(instrument, side, price, 0)
        for side in sides:
            for price, size in wanted[side].items():
                if shown[side].get(price) != size:
                    yield _level(instrument, side, price, size)

    def _level(self, event: Event, instrument: int) -> Iterator[Any]:
        yield _level(instrument, SIDES[event["side"]], event["price"], event["size"])

    def _trade(self, event: Event, instrument: int) -> Iterator[Any]:
        aggressor = SIDES.get(event.get("aggressor") or "", 0)
        conditions = _conditions(event)
        yield _record(
            EventKind.TRADE,
            instrument,
            price=event["price"],
            size=event["size"],
            aggressor=aggressor,
            conditions=conditions,
        )

    # The book by order.

    def _reference(self, name: Any) -> int:
        return self._references.setdefault(str(name), 1 + len(self._references))

    def _add(self, event: Event, instrument: int) -> Iterator[Any]:
        side = SIDES[event["side"]]
        self._sides[instrument, str(event["ref"])] = side
        yield _record(
            EventKind.ORDER_ADD,
            instrument,
            reference=self._reference(event["ref"]),
            side=side,
            price=event["price"],
            size=event["size"],
        )

    def _change(self, event: Event, instrument: int, kind: int, **values: int) -> Any:
        side = self._sides.get((instrument, str(event["ref"])), 0)
        reference = self._reference(event["ref"])
        return _record(kind, instrument, reference=reference, side=side, **values)

    def _delete(self, event: Event, instrument: int) -> Iterator[Any]:
        yield self._change(event, instrument, EventKind.ORDER_CANCEL)

    def _reduce(self, event: Event, instrument: int) -> Iterator[Any]:
        size = event["size"]
        yield self._change(event, instrument, EventKind.ORDER_CANCEL, size=size)

    def _execute(self, event: Event, instrument: int) -> Iterator[Any]:
        price = event.get("price", NO_PRICE)
        record = self._change(
            event, instrument, EventKind.ORDER_EXECUTE, size=event["size"], price=price
        )
        record["aggressor"] = -record["side"]
        record["conditions"] = _conditions(event)
        yield record

    def _snapshot(self, event: Event, instrument: int) -> Iterator[Any]:
        yield _record(EventKind.SNAPSHOT_BEGIN, instrument, flags=_SNAPSHOT)
        for key in ("bids", "asks", "orders"):
            for row in event.get(key, ()):
                yield from self._add(_add_event(row, key), instrument)
        yield _record(EventKind.SNAPSHOT_END, instrument, flags=_SNAPSHOT)

    # Corporate actions and funding.

    def _dividend(self, event: Event, instrument: int) -> Iterator[Any]:
        amount = money(event["amount"])
        yield _record(EventKind.DIVIDEND, instrument, price=amount)

    def _split(self, event: Event, instrument: int) -> Iterator[Any]:
        new, old = event["new"], event["old"]
        yield _record(EventKind.SPLIT, instrument, size=new, reference=old)

    def _funding(self, event: Event, instrument: int) -> Iterator[Any]:
        rate = round(Fraction(str(event["rate"])) * RATE_SCALE)
        yield _record(EventKind.FUNDING, instrument, price=rate)

    # What is neither.

    def _gap(self, _event: Event, instrument: int) -> Iterator[Any]:
        yield _record(EventKind.GAP, instrument)

    def _halt(self, event: Event, instrument: int) -> Iterator[Any]:
        halted = is_halt(event)
        state = SessionState.HALTED if halted else SessionState.OPEN
        yield _record(EventKind.SESSION, instrument, count=state)

    _resume = _halt

    def _bar(self, event: Event, instrument: int) -> Iterator[Any]:
        record = np.zeros(1, BAR)
        record["kind"], record["instrument"] = EventKind.BAR, instrument
        record["open"], record["volume"] = event["open"], event.get("volume", AMPLE)
        for field in ("high", "low", "close"):
            record[f"{field}_offset"] = event[field] - event["open"]
        yield record

    def _import_bar(self, event: Event, instrument: int) -> Iterator[Any]:
        """A bar as its source stamps it: the importers' own rule moves the stamp."""
        stamp = str(event.get("stamp", event.get("stamped", ""))).lower()
        at_open = stamps_at_open(event.get("source", ""))
        if stamp in ("open", "close"):
            at_open = stamp == "open"
        for record in self._bar(event, instrument):
            if at_open:
                length = bar_length(event.get("interval", 0))
                record["ts_venue"] = at_close(record["ts_venue"], length)
            yield record


def is_halt(event: Event) -> bool:
    """Whether a halt begins with an event; else it ends."""
    begins: bool = event.get("on", not event.get("resume", False))
    return event["type"] == "halt" and begins


def _record(kind: int, instrument: int, **values: int) -> Any:
    record = np.zeros(1, MARKET)
    record["kind"], record["instrument"] = kind, instrument
    for field, value in values.items():
        record[field] = value
    return record


def _level(instrument: int, side: int, price: int, size: int, flags: int = 0) -> Any:
    return _record(
        EventKind.LEVEL, instrument, side=side, price=price, size=size, flags=flags
    )


def _conditions(event: Event) -> int:
    given = event.get("conditions") or ()
    bits = 0
    for name in [given] if isinstance(given, str) else given:
        bits |= CONDITIONS[plain_word(name)]
    return bits


def _add_event(row: Any, key: str) -> Event:
    """Order of a snapshot as an add: a table, or a list of reference, price, size."""
    if isinstance(row, list):
        row = dict(zip(("ref", "price", "size"), row, strict=True))
    side = {"bids": "bid", "asks": "ask"}.get(key)
    return {"side": side, **row} if side else row


def clock_record(ts: int, kind: int = EventKind.TIMER) -> Any:
    """Make a record that is no instrument's: time passes, or a signal."""
    record = _record(kind, -1)
    record["ts_venue"] = record["ts_received"] = ts
    return record


def auction_print(ts: int, instrument: int, price: int) -> Any:
    """Make a print that sets the last price and fills nobody."""
    cross = int(TradeCondition.CROSS)
    record = _record(EventKind.TRADE, instrument, price=price, size=1, conditions=cross)
    record["ts_venue"] = record["ts_received"] = ts
    record["flags"] = _LAST
    return record
