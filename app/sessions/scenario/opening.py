"""How a scenario starts: positions, marks, limits, strategies, the safety state.

Positions are written into the account's rows, as a session does that finds them; all
else goes in as commands, as a user or a session would send them.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

import numpy as np

from app.engine.arena import Section
from app.engine.compile import Entry
from app.engine.instruments import instrument_records
from app.engine.records import (
    COMMAND,
    NO_PRICE,
    Action,
    EventKind,
    RiskLimit,
    SafetyState,
)
from app.engine.state import MAX_STRATEGIES
from app.engine.strategy import Handler, Interpreted, hang
from app.sessions.scenario.instruments import money
from app.sessions.scenario.schema import Scenario
from app.sessions.scenario.watching import WATCHER, is_watched, note_timer, watch
from app.sessions.scenario.world import World

_PER_CENT: Final = 10_000
"""Parts per million in a per cent."""

_SIZES: Final = {
    "maxOrderSize": RiskLimit.MAX_ORDER_SIZE,
    "maxPositionSize": RiskLimit.MAX_POSITION_SIZE,
}
NOBODY: Final = "(nobody)"
"""Strategy that sets the timers of a scenario that names none."""
_FLAGS: Final = {
    "staleGuard": RiskLimit.STALE_GUARD,
    "sessionHours": RiskLimit.SESSION_HOURS,
    "margin": RiskLimit.MARGIN,
    "cashAccount": RiskLimit.CASH_ACCOUNT,
}
_START: Final = ("position", "avg", "state", "cash", "mark", "settlement", "last")
_MONEY: Final = {
    "maxOrderValue": RiskLimit.MAX_ORDER_VALUE,
    "maxSymbolExposure": RiskLimit.MAX_SYMBOL_EXPOSURE,
    "maxGrossExposure": RiskLimit.MAX_GROSS_EXPOSURE,
    "maxDailyLoss": RiskLimit.MAX_DAILY_LOSS,
    "maxDrawdown": RiskLimit.MAX_DRAWDOWN,
}


class StartError(ValueError):
    """A scenario's start or its limits say something that nobody can do."""


def blank_command(action: Action, instrument: int = -1) -> Any:
    """Make a COMMAND, an array of one; times are the runner's to set."""
    command = np.zeros(1, COMMAND)
    command["kind"] = EventKind.COMMAND
    command["action"] = action
    command["instrument"] = instrument
    for field in ("price", "stop_price"):
        command[field] = NO_PRICE
    command["protection_ticks"] = -1
    return command


def begin(world: World, scenario: Scenario) -> None:
    """Bring a world to where a scenario starts."""
    _limit(world, scenario.models.get("risk", {}))
    names = {e["strategy"] for e in scenario.events if e.get("strategy")}
    start = scenario.start
    names |= set(start.get("strategies", {}))
    watched = is_watched(scenario)
    if watched and not names:
        names.add(WATCHER)
    if any(e["type"] == "set_timer" and "strategy" not in e for e in scenario.events):
        names.add(NOBODY)
    for name in sorted(names):
        _hang(world, name)
        if watched:
            watch(world, name)
    _hold(world, start)
    _set_state(world, str(start.get("state", "ARMED")))


def _command(world: World, action: Action, instrument: int = -1, **values: int) -> None:
    command = blank_command(action, instrument)
    for field, value in values.items():
        command[field] = value
    command["ts_venue"] = command["ts_received"] = world.start
    world.fold(command)


def _set_state(world: World, name: str) -> None:
    if name.upper() not in SafetyState.__members__:
        known = ", ".join(SafetyState.__members__)
        raise StartError(f"start.state must be one of {known}, was {name!r}")
    _command(world, Action.SET_STATE, value=SafetyState[name.upper()])


# Limits.


def _limit(world: World, risk: Mapping[str, Any]) -> None:
    for key, value in risk.items():
        name = _limit_name(key)
        if name in _SIZES:
            _limit_size(world, _SIZES[name], value)
        elif name in _MONEY:
            _set_limit(world, _MONEY[name], money(value))
        elif name in _FLAGS:
            _set_limit(world, _FLAGS[name], int(bool(value)))
        elif name == "staleAfter":
            _set_limit(world, RiskLimit.STALE_AFTER, int(value))
        elif name == "collarPercent":
            _set_limit(world, RiskLimit.COLLAR, round(Fraction(str(value)) * _PER_CENT))
        elif name == "rate":
            _set_limit(world, RiskLimit.RATE_WINDOW, value["per"])
            _set_limit(world, RiskLimit.MESSAGE_RATE, value["messages"])
        elif name == "duplicate":
            _set_limit(world, RiskLimit.DUPLICATE_WINDOW, value["window"])
            _set_limit(world, RiskLimit.DUPLICATE_ALLOWED, value["allowed"])
        else:
            raise StartError(f"models.risk has no limit {key!r}")


def _limit_name(key: str) -> str:
    """Spell a limit as in SEMANTICS 50, whichever way it was spelt."""
    first, *rest = key.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _set_limit(
    world: World, limit: RiskLimit, value: int, instrument: int = -1
) -> None:
    _command(world, Action.SET_LIMIT, instrument, group=limit, value=value)


def _limit_size(world: World, limit: RiskLimit, value: Any) -> None:
    """Set a limit that counts shares, contracts or coins, for each instrument."""
    for index, each in enumerate(world.instruments):
        given = value.get(each.name) if isinstance(value, Mapping) else value
        if given is not None:
            units = Fraction(str(given)) / Fraction(each.quantity_unit)
            _set_limit(world, limit, units.numerator // units.denominator, index)


# Strategies.


def _hang(world: World, name: str) -> None:
    """Hang a strategy that does nothing, and raises when it is told to."""

    def on_signal(_arena: int, number: int, _event: int) -> int:
        if number in world.raising:
            raise RuntimeError(f"strategy {name} raised, as the scenario asked")
        return 0

    def on_timer(_arena: int, _number: int, event: int) -> int:
        note_timer(world, event)
        return 0

    handlers: dict[Handler, Entry | Interpreted] = {
        Handler.ON_SIGNAL: Interpreted(on_signal),
        Handler.ON_TIMER: Interpreted(on_timer),
    }
    every = list(range(len(world.instruments)))
    number = hang(world.arena, world.links, handlers, every)
    world.strategies[name] = number
    world.handlers += handlers.values()
    _command(world, Action.START_STRATEGY, strategy=number)


# Positions.


def _hold(world: World, start: Mapping[str, Any]) -> None:
    held = _positions(world, start, 0)
    for key, value in start.items():
        if key == "strategies":
            for name, own in value.items():
                held += _positions(world, own, world.strategies[name])
        elif key in world.numbers:
            terms = {name: {key: each} for name, each in value.items()}
            held += _positions(world, terms, 0)
        elif key not in _START:
            raise StartError(f"start has no {key!r}")
    for instrument in sorted({row[0] for row in held}):
        _write_positions(world, [row for row in held if row[0] == instrument])
    for key in ("settlement", "last", "mark"):
        for instrument, price in _each(world, start.get(key)):
            _command(world, Action.SET_MARK, instrument, price=price)


def _each(world: World, value: Any) -> list[tuple[int, Any]]:
    """Pair what is given by instrument, or for the only one, with its number."""
    if value is None:
        return []
    if isinstance(value, Mapping):
        return [(world.instrument(name), each) for name, each in value.items()]
    return [(world.instrument(None), value)]


def _positions(
    world: World, source: Mapping[str, Any], owner: int
) -> list[tuple[int, int, int, Fraction]]:
    averages = dict(_each(world, source.get("avg")))
    found = []
    for instrument, quantity in _each(world, source.get("position")):
        if isinstance(quantity, Mapping):
            quantity, average = quantity["qty"], quantity.get("avg", 0)
        else:
            average = averages.get(instrument, 0)
        if quantity:
            found.append((instrument, owner, quantity, Fraction(str(average))))
    return found


def _write_positions(world: World, rows: list[tuple[int, int, int, Fraction]]) -> None:
    """Write the positions in one instrument, and count them in every sum."""
    for row in rows:
        _write_position(world, *row)
    _add_up(world, rows[0][0])


def _write_position(
    world: World, instrument: int, owner: int, quantity: int, average: Fraction
) -> None:
    """Write a position, its average in currency, into its owner's and the account's."""
    each, count = world.instruments[instrument], len(world.instruments)
    numerator, denominator = each.money_ratio
    cost = round(average / Fraction(each.price_unit) * quantity * numerator)
    rows = world.arena.records(Section.POSITIONS)
    for row in (owner * count + instrument, MAX_STRATEGIES * count + instrument):
        position = rows[row]
        whole = round(world.cost(instrument, position) * numerator) + cost
        position["quantity"] += quantity
        position["cost_high"] = whole >> 64
        position["cost_low"] = whole & (2**64 - 1)
        position["value"] = round(Fraction(whole, denominator))
    rows[MAX_STRATEGIES * count + instrument]["holders"] |= 1 << owner


def _add_up(world: World, instrument: int) -> None:
    """Count an instrument's positions in every sum.

    They are counted as of unknown rate first, so that giving the instrument its rate,
    a command like any other, brings them into the sums.
    """
    record = instrument_records(world.arena)[instrument]
    rate = int(record["conversion"])
    record["conversion"] = 0
    totals = world.arena.records(Section.ACCOUNTS)
    for owner in range(1, MAX_STRATEGIES):
        held = world.position(instrument, owner)["quantity"] != 0
        totals[owner]["unknown"] += held
    totals[0]["unknown"] += world.position(instrument)["quantity"] != 0
    for total in totals:
        total["exposure_known"] = total["unknown"] == 0
    if rate:
        _command(world, Action.SET_CONVERSION, instrument, value=rate)
