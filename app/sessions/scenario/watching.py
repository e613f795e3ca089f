"""Watching handlers: what a strategy is told, when, and what it sees at that moment.

Where a scenario expects bars or calls of handlers, each of its strategies is watched;
one that names none gets a strategy of its own that only looks.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from app.engine.arena import Section, record_at
from app.engine.links import MAX_HANDLERS, Link
from app.engine.records import BAR, MARKET, NO_PRICE, REPORT
from app.engine.strategy import Handler, Interpreted
from app.sessions.scenario.schema import Scenario
from app.sessions.scenario.world import World

WATCHER: Final = "(watcher)"
"""The strategy that only looks."""
_KEYS: Final = frozenset(("bars", "handlers", "handlers_order"))
KINDS: Final = {
    Handler.ON_BAR: "bar",
    Handler.ON_BARS: "bars",
    Handler.ON_QUOTE: "quote",
    Handler.ON_TRADE: "trade",
    Handler.ON_BOOK: "book",
    Handler.ON_FILL: "fill",
    Handler.ON_ORDER: "order",
    Handler.ON_SESSION: "session",
    Handler.ON_TIMER: "timer",
}
"""Handlers that are watched, and what a scenario calls them."""
_REPORTS: Final = (Handler.ON_FILL, Handler.ON_ORDER)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a handler."""

    kind: str
    ts: int
    """The engine's clock, ns."""
    strategy: str
    instrument: str
    values: Mapping[str, int] = field(default_factory=dict)
    """Of a bar: t, open, high, low, close, volume, trades; of a fill: price and qty."""
    lasts: Mapping[str, int | None] = field(default_factory=dict)
    """Last price of each instrument, price units."""
    positions: Mapping[str, int] = field(default_factory=dict)
    """The strategy's own by instrument; the account's for one that only looks."""
    orders: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    """Status, filled and leaves by client order id."""


def is_watched(scenario: Scenario) -> bool:
    """Whether a scenario expects to see bars or handlers."""
    points = scenario.expect.get("at", {})
    points = points.values() if isinstance(points, Mapping) else points
    every = [scenario.expect, *points]
    return any(_KEYS & each.keys() for each in every if isinstance(each, Mapping))


def watch(world: World, name: str) -> None:
    """Let every handler of a strategy that is hung write its calls down."""
    number = world.strategies[name]
    record = world.record(Section.STRATEGIES, number)
    base = Link.HANDLERS + (number - 1) * MAX_HANDLERS
    for handler, kind in KINDS.items():
        has_own = int(record["handlers"]) >> handler & 1
        if has_own and handler is not Handler.ON_TIMER:
            continue
        watching = Interpreted(_writer(world, name, handler, kind))
        world.handlers.append(watching)
        world.links[base + handler] = watching.address
        record["handlers"] |= 1 << handler


def note_timer(world: World, event: int) -> None:
    """Write down that a timer woke a strategy."""
    record = record_at(event, MARKET)
    world.timers.append((int(record["ts_received"]), int(record["reference"])))


def _writer(
    world: World, name: str, handler: Handler, kind: str
) -> Callable[[int, int, int], int]:
    def write(_arena: int, _number: int, event: int) -> int:
        dtype = REPORT if handler in _REPORTS else MARKET
        place = int(record_at(event, dtype)["instrument"])
        if handler is Handler.ON_TIMER:
            note_timer(world, event)
        names = [each.name for each in world.instruments]
        world.calls.append(
            Call(
                kind,
                int(world.session["now"]),
                name,
                names[place] if 0 <= place < len(names) else "",
                dict(_values(handler, event)),
                {each: _last(world, each) for each in names},
                {each: _held(world, each, name) for each in names},
                dict(_orders(world)),
            )
        )
        return 0

    return write


def _values(handler: Handler, event: int) -> Iterator[tuple[str, int]]:
    if handler in (Handler.ON_BAR, Handler.ON_BARS):
        bar = record_at(event, BAR)
        opened = int(bar["open"])
        yield from (("t", int(bar["ts_venue"])), ("open", opened))
        for part in ("high", "low", "close"):
            yield part, opened + int(bar[f"{part}_offset"])
        yield from (("volume", int(bar["volume"])), ("trades", int(bar["trades"])))
    elif handler is Handler.ON_FILL:
        report = record_at(event, REPORT)
        yield "price", int(report["last_price"])
        yield "qty", int(report["last_quantity"])
    elif handler is Handler.ON_TRADE:
        record = record_at(event, MARKET)
        yield from (("price", int(record["price"])), ("size", int(record["size"])))


def _last(world: World, name: str) -> int | None:
    price = int(world.book(world.numbers[name])["last_price"])
    return None if price == NO_PRICE else price


def _held(world: World, name: str, strategy: str) -> int:
    owner = None if strategy == WATCHER else world.strategies[strategy]
    return int(world.position(world.numbers[name], owner)["quantity"])


def _orders(world: World) -> Iterator[tuple[int, dict[str, int]]]:
    used = world.arena.used(Section.ORDERS)
    for row in world.arena.records(Section.ORDERS)[1:used]:
        told = {key: int(row[key]) for key in ("status", "filled", "leaves")}
        yield int(row["client_order_id"]), {**told, "qty": int(row["quantity"])}
