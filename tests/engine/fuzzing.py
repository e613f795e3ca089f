"""Random records folded by whole engines, in a process of its own.

``python tests/engine/fuzzing.py SEED COUNT`` folds so many records into an engine with
the simulated venue and into one with the matching engine, prints a line for each, and
ends with status 0 if nothing crashed and the books of orders are sound. Every field of
a record may hold anything that its bytes can.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.engine.arena import Section
from app.engine.records import (
    COMMAND,
    MARKET,
    NO_PRICE,
    Action,
    EventKind,
    OrderStatus,
    OrderType,
    RecordFlag,
    SafetyState,
    SessionState,
)
from app.sessions.scenario.opening import blank_command
from app.sessions.scenario.schema import Scenario, read
from app.sessions.scenario.wire import MatchingVenue
from app.sessions.scenario.world import World

_EDGES: Final = (
    0,
    1,
    -1,
    2,
    5,
    100,
    2**31,
    2**44,
    2**62,
    -(2**62),
    2**63 - 1,
    NO_PRICE,
)
_KINDS: Final = [
    int(each) for each in EventKind if each not in (EventKind.COMMAND, EventKind.REPORT)
]
_ENDED: Final = (
    OrderStatus.FILLED,
    OrderStatus.CANCELLED,
    OrderStatus.REJECTED,
    OrderStatus.EXPIRED,
)
_SCENARIO: Final = {
    "id": "fuzz",
    "rule": 1,
    "title": "anything",
    "instruments": {
        name: {
            "kind": "future",
            "currency": "USD",
            "price_unit": "0.01",
            "tick_table": [{"from": None, "step": 1}, {"from": 500, "step": 5}],
            "quantity_unit": "1",
            "order_step": 1,
            "order_min": 1,
            "order_max": None,
            "min_value": None,
            "multiplier": "1",
        }
        for name in ("X", "Y")
    },
    "models": {},
    "events": [],
    "expect": {},
}


def _random(chance: np.random.Generator, dtype: np.dtype[Any], calm: float) -> Any:
    """Make a record whose fields are small, at an edge, or any bytes."""
    record = np.frombuffer(chance.bytes(dtype.itemsize), dtype).copy()
    for name in dtype.names or ():
        kind = dtype[name]
        low, high = int(np.iinfo(kind).min), int(np.iinfo(kind).max)
        drawn = chance.random()
        if drawn < calm:
            record[name] = max(low, min(int(chance.integers(-2, 12)), high))
        elif drawn < calm + 0.1:
            edge = _EDGES[chance.integers(len(_EDGES))]
            record[name] = max(low, min(edge, high))
    return record


def _records(seed: int, count: int) -> Iterator[Any]:
    """Yield market records, commands that make sense but for a field or two, noise."""
    chance = np.random.default_rng(seed)
    now = 10**18
    for i in range(count):
        now += int(chance.integers(0, 10**9))
        drawn = chance.random()
        if drawn < 0.35:
            record = _random(chance, MARKET, 0.8)
            kinds = [
                k for k in EventKind if k not in (EventKind.COMMAND, EventKind.REPORT)
            ]
            record["kind"] = int(chance.choice(kinds)) if chance.random() < 0.95 else 99
        else:
            record = _command(chance, i)
        if chance.random() < 0.99:
            record["ts_venue"] = record["ts_received"] = now
        record["instrument"] = _instrument(chance)
        yield record


def _market_kind(chance: np.random.Generator) -> int:
    """Draw mostly what moves a book; anything else now and then."""
    drawn = chance.random()
    if drawn < 0.5:
        return EventKind.LEVEL
    if drawn < 0.7:
        return EventKind.TRADE
    if drawn < 0.8:
        return EventKind.SNAPSHOT_END
    return int(chance.choice(_KINDS)) if drawn < 0.99 else 99


def _instrument(chance: np.random.Generator) -> int:
    drawn = chance.random()
    if drawn < 0.9:
        return int(chance.integers(0, 2))
    return int(chance.choice([-1, 2, -2, 2**31 - 1, -(2**31)]))


def _terms(chance: np.random.Generator, record: Any) -> None:
    """Give an order the prices that its type asks for."""
    kind = int(record["order_type"][0])
    if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT):
        record["price"] = int(chance.integers(-3, 12))
    if kind in (OrderType.STOP, OrderType.STOP_LIMIT):
        record["stop_price"] = int(chance.integers(-3, 12))
    if kind >= OrderType.TRAILING_STOP:
        record["trail"] = int(chance.choice([-100_000, 1, 2, 3]))


def _command(chance: np.random.Generator, newest: int) -> Any:
    if chance.random() < 0.3:
        record = _random(chance, COMMAND, 0.6)
        record["kind"] = EventKind.COMMAND
        return record
    record = blank_command(Action(int(chance.choice([1, 1, 1, 1, 2, 3]))))
    is_new = record["action"][0] == Action.NEW
    oldest = newest if is_new else max(newest - 60, 0)
    record["client_order_id"] = 1 + int(chance.integers(oldest, newest + 1))
    record["side"] = int(chance.choice([1, -1]))
    record["order_type"] = int(chance.choice([1, 2, 2, 2, 2, *OrderType]))
    record["time_in_force"] = int(chance.choice([0, 1, 1, 1, 1, 1, 2, 3, 4, 6, 7]))
    record["quantity"] = int(chance.integers(1, 9))
    _terms(chance, record)
    record["role"] = int(chance.choice([0, 0, 0, 0, 1, 2, 3, 4, 5]))
    record["group"] = int(chance.integers(1, 4)) if record["role"] else 0
    record["options"] = int(chance.choice([0, 0, 0, 0, 1, 2, 4]))
    record["display_quantity"] = int(chance.choice([0, 0, 0, 2]))
    record["expire_ts"] = int(chance.choice([0, 10**18, 2 * 10**18]))
    for _ in range(int(chance.random() < 0.2)):
        name = str(chance.choice(list(COMMAND.names or ())))
        record[name] = _random(chance, COMMAND, 0.0)[name]
        record["kind"] = EventKind.COMMAND
    return record


def _set_right(world: World) -> None:
    """Open both instruments with a sound book, and arm: noise alone trades nothing."""
    now = world.session["now"]
    for instrument in (0, 1):
        rows = [(EventKind.SESSION, 0, 0, 0), (EventKind.SNAPSHOT_BEGIN, 0, 0, 0)]
        rows += [(EventKind.LEVEL, 1, 4 - i, 5) for i in range(3)]
        rows += [(EventKind.LEVEL, -1, 6 + i, 5) for i in range(3)]
        rows += [(EventKind.SNAPSHOT_END, 0, 0, 0)]
        for kind, side, price, size in rows:
            record = np.zeros(1, MARKET)
            record["kind"], record["instrument"] = kind, instrument
            record["side"], record["price"], record["size"] = side, price, size
            record["count"] = SessionState.OPEN
            record["flags"] = RecordFlag.LAST
            record["ts_venue"] = record["ts_received"] = now
            world.fold(record)
    command = blank_command(Action.SET_STATE)
    command["value"] = SafetyState.ARMED
    command["ts_received"] = now
    world.fold(command)


def _check(world: World) -> None:
    """Hold the orders to their invariants."""
    orders = world.arena.records(Section.ORDERS)[1 : world.arena.used(Section.ORDERS)]
    working = orders[
        (orders["client_order_id"] > 0)
        & (orders["status"] != OrderStatus.NONE)
        & ~np.isin(orders["status"], _ENDED)
    ]
    listed = world.arena.records(Section.WORKING)["count"][:2].sum()
    assert len(working) >= 0
    assert listed <= world.arena.used(Section.ORDERS)
    total = working["filled"] + working["leaves"]
    bad = working[(total != working["quantity"]) & (working["leaves"] > 0)]
    assert len(bad) == 0, bad
    assert (working["filled"] >= 0).all()
    assert (working["leaves"] >= 0).all()


def _open(world: World, matching: MatchingVenue) -> None:
    """Open both instruments at the matching venue."""
    for instrument in (0, 1):
        command = blank_command(Action.SET_SESSION, instrument)
        command["value"] = SessionState.OPEN
        _carry(world, matching.match(command, int(world.session["now"])))


def _carry(world: World, outputs: tuple[Any, Any]) -> None:
    """Fold what the matching engine told: our reports and its market."""
    market, ours = outputs
    for each in (*ours, *market):
        world.fold(each.reshape(1))


def run(venue: str, seed: int, count: int) -> None:
    """Fold random records into one engine."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "fuzz.json")
        path.write_text(json.dumps([{**_SCENARIO, "venue": venue}]))
        (scenario,) = read(path)
    assert isinstance(scenario, Scenario), scenario
    world = World(scenario)
    matching = MatchingVenue(world) if world.is_external else None
    for i, record in enumerate(_records(seed, count)):
        if i % 50 == 0:
            _set_right(world)
            if matching is not None:
                _open(world, matching)
        if matching is not None and i % 3 == 0 and record.dtype == COMMAND:
            record["account"] = 1
            _carry(world, matching.match(record, int(world.session["now"])))
            continue
        world.fold(record)
        if matching is not None:
            for command in world.commands.drain():
                market, ours = matching.match(
                    command.reshape(1), int(world.session["now"])
                )
                for each in (*ours, *market):
                    world.fold(each.reshape(1))
        world.events.drain()
    _check(world)
    session = world.session
    counts = f"{session['fills']} fills, {session['rejects']} rejects"
    sys.stdout.write(f"{venue}: {session['event']} events, {counts}\n")


if __name__ == "__main__":
    for each in ("simulated-level", "simulated-l3", "matching"):
        run(each, int(sys.argv[1]), int(sys.argv[2]))
