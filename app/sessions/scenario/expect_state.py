"""Book, positions, money, states and strategies, against what was expected."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from app.engine.arena import Section
from app.engine.book_state import Stale
from app.engine.records import NO_PRICE, SafetyState
from app.engine.strategy import StrategyState
from app.sessions.scenario.instruments import currency
from app.sessions.scenario.seen import (
    Comparer,
    Difference,
    Found,
    Seen,
    by_instrument,
    each_instrument,
    money_by_instrument,
    number,
    same,
)

# The market.


def _book(expected: Mapping[str, Any], seen: Seen) -> Found:
    if not {"bids", "asks"} & expected.keys():
        for name, each in expected.items():
            yield from _one_book(
                f"book.{name}", each, seen, seen.world.instrument(name)
            )
        return
    yield from _one_book("book", expected, seen, seen.world.instrument(None))


def _one_book(
    field: str, expected: Mapping[str, Any], seen: Seen, instrument: int
) -> Found:
    for key, side in (("bids", 1), ("asks", -1)):
        if key in expected:
            found = seen.world.depth(instrument, side)
            yield from same(f"{field}.{key}", expected[key], found)


def _last(seen: Seen, instrument: int) -> int | None:
    price = int(seen.world.book(instrument)["last_price"])
    return None if price == NO_PRICE else price


def _stale(expected: Any, seen: Seen) -> Found:
    for name, instrument, value in each_instrument(seen, "stale", expected):
        found = int(seen.world.book(instrument)["stale"]) != Stale.FRESH
        yield from same(name, bool(value), found)


def _ladder(expected: Any, seen: Seen) -> Found:
    """Compare rows with the valid prices between the outermost of them."""
    rows = (
        expected.get("rows", expected.get("prices"))
        if isinstance(expected, Mapping)
        else expected
    )
    low, high = min(rows), max(rows)
    if isinstance(expected, Mapping):
        low, high = expected.get("from", low), expected.get("to", high)
    low, high = min(low, high), max(low, high)
    each = seen.world.instruments[seen.world.instrument(None)]
    found = [low] if each.is_valid_price(low) else []
    price = each.next_valid_price(low)
    while price <= high:
        found.append(price)
        price = each.next_valid_price(price)
    if sorted(rows) != found:
        yield Difference("ladder", rows, found)


# Positions and money.


def _position(seen: Seen, instrument: int) -> int:
    return int(seen.world.position(instrument)["quantity"])


def _money(name: str) -> Callable[[Seen, int], Fraction]:
    return lambda seen, i: currency(int(seen.world.position(i)[name]))


def _cash_change(seen: Seen, instrument: int) -> Fraction:
    row = seen.world.position(instrument)
    now = currency(int(row["cash"]) - int(row["fees"]))
    return now - seen.cash[instrument]


def _cost(seen: Seen, instrument: int) -> Fraction:
    return seen.world.cost(instrument, seen.world.position(instrument))


def _average(seen: Seen, instrument: int) -> Fraction | None:
    row = seen.world.position(instrument)
    if row["quantity"] == 0:
        return None
    units = seen.world.cost(instrument, row) / int(row["quantity"])
    return units * Fraction(seen.world.instruments[instrument].price_unit)


def _mark(seen: Seen, instrument: int) -> Fraction | None:
    doubled = int(seen.world.position(instrument)["mark_doubled"])
    return None if doubled == NO_PRICE else Fraction(doubled, 2)


def _fees(expected: Any, seen: Seen) -> Found:
    if not isinstance(expected, Mapping):
        total = sum(_money("fees")(seen, i) for i in seen.world.numbers.values())
        yield from number("fees", expected, total)
        return
    for name, value in expected.items():
        order = seen.order(name)
        found = Fraction(0) if order is None else currency(order.fee)
        yield from number(f"fees.{name}", value, found)


_ACCOUNT: Final = {
    "cash": "cash",
    "settled_cash": "settled_cash",
    "equity": "equity",
    "day_pnl": "day_pnl",
    "gross_exposure": "gross_exposure",
    "net_exposure": "net_exposure",
    "initial_margin": "initial_margin",
    "maintenance_margin": "maintenance_margin",
    "borrow_fees": "borrow_fees",
    "funding": "funding",
}
"""Money of the whole account, base currency."""


def _of_account(key: str, field: str) -> Comparer:
    def compare(expected: Any, seen: Seen) -> Found:
        yield from number(key, expected, seen.world.account(field))

    return compare


def _exposure(expected: Any, seen: Seen) -> Found:
    """Compare worst cases, base currency; null where a rate is missing."""
    for name, instrument, value in each_instrument(seen, "exposure", expected):
        row = seen.world.position(instrument)
        known = seen.world.in_base(instrument, Fraction(1)) is not None
        idle = row["quantity"] == row["working_buy"] == row["working_sell"] == 0
        found = currency(int(row["exposure"])) if known or idle else None
        yield from number(name, value, found)


def _exposure_known(expected: Any, seen: Seen) -> Found:
    known = bool(seen.world.record(Section.ACCOUNTS, 0)["exposure_known"])
    yield from same("exposure_known", bool(expected), known)


def _open_positions(expected: Any, seen: Seen) -> Found:
    """Compare what is still held: a table of quantities, or the names alone."""
    found = {
        name: _position(seen, instrument)
        for name, instrument in seen.world.numbers.items()
        if _position(seen, instrument)
    }
    if isinstance(expected, Mapping):
        yield from same("open_positions", dict(expected), found)
    else:
        wanted = sorted(
            each if isinstance(each, str) else str(each) for each in expected
        )
        yield from same("open_positions", wanted, sorted(found))


# States and strategies.


def _state(expected: Any, seen: Seen) -> Found:
    wanted = [expected] if isinstance(expected, str) else expected
    found = SafetyState(int(seen.world.session["safety_state"])).name
    if found not in [each.upper() for each in wanted]:
        yield Difference("state", expected, found)


def _strategies(expected: Mapping[str, Any], seen: Seen) -> Found:
    for name, wanted in expected.items():
        number = seen.world.strategies.get(name)
        if number is None:
            yield Difference(f"strategies.{name}", wanted, "no such strategy")
            continue
        if isinstance(wanted, int):
            wanted = {"position": wanted}
        elif isinstance(wanted, str):
            wanted = {"state": wanted}
        for key, value in wanted.items():
            yield from _strategy_field(
                f"strategies.{name}.{key}", key, value, number, seen
            )


def _strategy_field(
    field: str, key: str, expected: Any, owner: int, seen: Seen
) -> Found:
    if key == "state":
        state = seen.world.record(Section.STRATEGIES, owner)["state"]
        words = _STRATEGY_WORDS[StrategyState(int(state))]
        wanted = [expected] if isinstance(expected, str) else expected
        if not {each.lower() for each in wanted} & set(words):
            yield Difference(field, expected, words[0])
        return
    for name, instrument, value in each_instrument(seen, field, expected):
        row = seen.world.position(instrument, owner)
        if key == "position":
            yield from same(name, value, int(row["quantity"]))
        elif key == "unmanaged":
            yield from same(name, value, bool(row["unmanaged"]))
        elif key in ("realised", "fees"):
            yield from number(name, value, currency(int(row[key])))
        else:
            yield Difference(name, value, "unknown key")


_STRATEGY_WORDS: Final = {
    StrategyState.EMPTY: ("empty",),
    StrategyState.LOADED: ("loaded",),
    StrategyState.RUNNING: ("running",),
    StrategyState.PAUSED: ("paused",),
    StrategyState.STOPPED: ("stopped",),
    StrategyState.FAILED: ("failed", "stopped", "raised"),
}


def _unmanaged(expected: Any, seen: Seen) -> Found:
    """Compare what is marked: names of strategies or instruments, a table, or any."""
    world = seen.world
    owners = {**world.strategies, "": 0}
    marked = {
        (owner, each)
        for owner, number in owners.items()
        for each, instrument in world.numbers.items()
        if world.position(instrument, number)["unmanaged"]
    }
    if isinstance(expected, bool):
        yield from same("unmanaged", expected, bool(marked))
        return
    found = {name for pair in marked for name in pair if name}
    if isinstance(expected, Mapping):
        for name, value in expected.items():
            yield from same(f"unmanaged.{name}", bool(value), name in found)
        return
    wanted = {expected} if isinstance(expected, str) else set(expected)
    of_instruments = bool(wanted) and wanted <= world.numbers.keys()
    kind = world.numbers if of_instruments else world.strategies
    yield from same("unmanaged", sorted(wanted), sorted(found & kind.keys()))


STATE_COMPARERS: Final[Mapping[str, Comparer]] = {
    "book": _book,
    "position": by_instrument("position", _position),
    "positions": by_instrument("positions", _position),
    "realised": money_by_instrument("realised", _money("realised")),
    "unrealised": money_by_instrument("unrealised", _money("unrealised")),
    "exposure": _exposure,
    "cash_change": money_by_instrument("cash_change", _cash_change),
    **{key: _of_account(key, field) for key, field in _ACCOUNT.items()},
    "exposure_known": _exposure_known,
    "open_positions": _open_positions,
    "cost": by_instrument("cost", _cost),
    "avg": by_instrument("avg", _average),
    "average": by_instrument("average", _average),
    "mark": by_instrument("mark", _mark),
    "fees": _fees,
    "last": by_instrument("last", _last),
    "stale": _stale,
    "state": _state,
    "ladder": _ladder,
    "strategies": _strategies,
    "unmanaged": _unmanaged,
}
"""Keys of `expect` that are about the market, positions and states."""
