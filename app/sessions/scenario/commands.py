"""A scenario's order events as COMMAND records, and the names of its orders.

Orders have names in a scenario and numbers in the engine: `OrderNames` gives each
(account, name) its client order id. Account 0 is ours; every other name is another
participant of the matching venue.
"""

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Final

from app.engine.group_numbers import LINKED, MEMBERS
from app.engine.records import (
    Action,
    GroupRole,
    OrderOption,
    OrderType,
)
from app.sessions.scenario.opening import blank_command
from app.sessions.scenario.schema import (
    KINDS,
    PURPOSES,
    SIDES,
    TIMES_IN_FORCE,
    TRIGGERS,
    Event,
    plain_word,
)
from app.sessions.scenario.times import nanoseconds
from app.sessions.scenario.world import World

_OPTIONS: Final = {
    "post_only": OrderOption.POST_ONLY,
    "reduce_only": OrderOption.REDUCE_ONLY,
    "outside_hours": OrderOption.OUTSIDE_HOURS,
}
_WITH_LIMIT: Final = {
    "stop": OrderType.STOP_LIMIT,
    "trail": OrderType.TRAILING_STOP_LIMIT,
}
_WITHOUT: Final = {
    "market": OrderType.MARKET,
    "limit": OrderType.LIMIT,
    "stop": OrderType.STOP,
    "trail": OrderType.TRAILING_STOP,
}
_KEPT: Final = (
    *("t", "type", "qty", "instrument", "strategy"),
    *("account", "outside_hours"),
)
"""What the exits of a bracket have from its entry."""
_PER_CENT: Final = 10_000
_FIRST_ID: Final = 1000
_LEG_NAME: Final = re.compile(r"(?:(.+)[ ._:/-])?([a-z_ ]+)", re.IGNORECASE)
_LEGS: Final = {
    **dict.fromkeys(("target", "tp", "take_profit", "profit", "limit"), "target"),
    **dict.fromkeys(("stop", "sl", "stop_loss", "loss"), "stop"),
}
"""Exits of a bracket by their words."""


class OrderNames:
    """Client order ids of a scenario's orders, and back.

    Parameters
    ----------
    events : iterable of Event
        All of them: an OCO that has a bracket among its members is numbered otherwise.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._ids: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self.accounts: dict[str, int] = {}
        """Numbers of the other participants, by name, from 1."""
        self._groups: dict[str, int] = {}
        self._linked = {
            _oco_of(each): 0
            for each in events
            if each.get("bracket") and "group" in each
        }
        """Brackets so far in each OCO that has any."""
        self._owners: dict[int, tuple[int, int]] = {}

    def account(self, event: Event) -> int:
        """Account of an order event; 0 = ours."""
        name = event.get("account")
        if name is None:
            return 0
        return self.accounts.setdefault(name, 1 + len(self.accounts))

    def belongs(self, number: int, account: int, instrument: int) -> None:
        """Note whose an order is, and in which instrument."""
        self._owners[number] = account, instrument

    def owner(self, number: int) -> tuple[int, int]:
        """Account and instrument of an order; ours and the first by default."""
        return self._owners.get(number, (0, 0))

    def id_of(self, name: str) -> int:
        """Client order id of an order, which is given one at its first mention."""
        if name not in self._ids:
            number = _FIRST_ID + len(self._ids)
            self._ids[name] = number
            self._names[number] = name
        return self._ids[name]

    def name_of(self, number: int) -> str:
        """Name of an order; the engine's own are called by their number."""
        return self._names.get(number, f"#{number}")

    def find(self, name: str) -> int:
        """Client order id of an order that is looked for; 0 if there is none.

        An exit of a bracket may be called A.target, A-target, or, where there is one
        bracket only, target.
        """
        if name in self._ids:
            return self._ids[name]
        legged = _LEG_NAME.fullmatch(name)
        part = _LEGS.get(plain_word(legged[2]), "") if legged else ""
        if not legged or not part:
            return 0
        if legged[1]:
            return self._ids.get(f"{legged[1]}.{part}", 0)
        legs = [each for each in self._ids if each.endswith(f".{part}")]
        return self._ids[legs[0]] if len(legs) == 1 else 0

    def plain(self, name: str) -> str:
        """Name of an order as it is shown, whichever way it was called."""
        number = self.find(name)
        return self._names[number] if number else name

    def is_named(self, number: int) -> bool:
        """Tell whether an order is one of the scenario's."""
        return number in self._names

    def group_of(self, name: Any) -> int:
        """Number of a group, from 1; of linked groups, where it has brackets."""
        number = self._groups.setdefault(str(name), 1 + len(self._groups))
        return LINKED + MEMBERS * number if str(name) in self._linked else number

    def bracket_group(self, event: Event) -> int:
        """Number of a bracket's group: of its own, or linked with those of its OCO."""
        if "group" not in event:
            return self.group_of(f"bracket of {event['id']}")
        name = _oco_of(event)
        self._linked[name] += 1
        return self.group_of(name) + self._linked[name]


def _oco_of(event: Event) -> str:
    """Name of the OCO that an order is a member of."""
    group = event["group"]
    return str(group["oco"] if isinstance(group, Mapping) else group)


def submit_commands(world: World, names: OrderNames, event: Event) -> list[Any]:
    """Commands of a submit: the exits that its bracket brings, then the order."""
    order = _new(world, names, event)
    bracket = event.get("bracket")
    if not bracket:
        return [order]
    order["group"] = names.bracket_group(event)
    order["role"] = GroupRole.BRACKET_ENTRY
    legs = []
    for part in ("target", "stop"):
        if part in bracket:
            leg = _new(world, names, _leg(event, part, bracket[part]))
            leg["group"] = order["group"]
            target = part == "target"
            leg["role"] = GroupRole.BRACKET_TARGET if target else GroupRole.BRACKET_STOP
            legs.append(leg)
    return [*legs, order]


def _leg(event: Event, part: str, terms: Any) -> Event:
    """Event of one exit of a bracket: a limit for the target, a stop for the stop."""
    if not isinstance(terms, Mapping):
        terms = {"price" if part == "target" else "stop": terms}
    kind = "limit" if part == "target" else ("trail" if "trail" in terms else "stop")
    kept = {key: event[key] for key in _KEPT if key in event}
    side = "sell" if event["side"] == "buy" else "buy"
    name = f"{event['id']}.{part}"
    return {**kept, "kind": kind, "side": side, "id": name, **terms}


def _new(world: World, names: OrderNames, event: Event) -> Any:
    command = blank_command(Action.NEW, world.instrument(event.get("instrument")))
    number, account = names.id_of(event["id"]), names.account(event)
    names.belongs(number, account, int(command["instrument"][0]))
    command["client_order_id"], command["account"] = number, account
    command["strategy"] = world.strategies.get(event.get("strategy", ""), 0)
    command["side"] = SIDES[event["side"]]
    command["quantity"] = event["qty"]
    kind = KINDS[plain_word(event["kind"])]
    kinds = _WITH_LIMIT if "price" in event else _WITHOUT
    command["order_type"] = kinds.get(kind, _WITHOUT[kind])
    _prices(world, command, event)
    default = "GTD" if "until" in event else "GTC"
    word = plain_word(event.get("tif", default)).upper()
    command["time_in_force"] = TIMES_IN_FORCE[word]
    if "until" in event:
        command["expire_ts"] = nanoseconds(event["until"])
    command["display_quantity"] = event.get("display", 0)
    command["trigger"] = TRIGGERS[plain_word(event.get("trigger", "default"))]
    ticks = event.get("protection_ticks")
    command["protection_ticks"] = -1 if ticks is None else ticks
    command["options"] = sum(
        int(option) for key, option in _OPTIONS.items() if event.get(key)
    )
    if "group" in event:
        group = event["group"] if isinstance(event["group"], Mapping) else {}
        command["group"] = names.group_of(_oco_of(event))
        is_exit = PURPOSES[plain_word(group.get("purpose", "entry"))] == "exit"
        command["role"] = GroupRole.OCO_EXIT if is_exit else GroupRole.OCO_ENTRY
    return command


def _prices(world: World, command: Any, event: Event) -> None:
    if "price" in event:
        command["price"] = event["price"]
    if "stop" in event:
        command["stop_price"] = event["stop"]
    if "trail" in event:
        trail = event["trail"]
        if isinstance(trail, Mapping) and "percent" in trail:
            command["trail"] = -round(Fraction(str(trail["percent"])) * _PER_CENT)
        else:
            ticks = trail["ticks"] if isinstance(trail, Mapping) else trail
            step = world.step(int(command["instrument"][0]))
            command["trail"] = ticks * step


def change_command(
    world: World, names: OrderNames, event: Event, action: Action
) -> Any:
    """Command of a cancel or a replace."""
    number = names.find(event["id"]) or names.id_of(event["id"])
    account, instrument = names.owner(number)
    command = blank_command(action, instrument)
    command["client_order_id"], command["account"] = number, account
    command["strategy"] = world.strategies.get(event.get("strategy", ""), 0)
    command["quantity"] = event.get("qty", 0)
    _prices(world, command, event)
    return command
