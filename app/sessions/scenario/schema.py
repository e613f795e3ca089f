"""The form of a scenario file, and reading one (docs of the form: docs/scenarios.md).

A file is read scenario by scenario: one that breaks the form is kept as a `Fault`,
which names file, scenario, key, rule and value, and does not hide the others.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

from app.engine.records import SafetyState, TimeInForce, TradeCondition, Trigger
from app.errors import FileFormatError
from app.sessions.scenario.checks import (
    Check,
    anything,
    by_name,
    either,
    flag,
    list_of,
    moment,
    nullable,
    number,
    one_of,
    positive,
    table,
    text,
    whole,
)
from app.sessions.scenario.times import EPOCH, nanoseconds

Event: TypeAlias = Mapping[str, Any]
"""One event: `t`, `type` and what its type has."""

VENUES: Final = ("matching", "simulated-level", "simulated-l3", "simulated-bars")
SIDES: Final = {"buy": 1, "bid": 1, "sell": -1, "ask": -1}

_AT_OPEN: Final = [
    "OPG",
    "OPEN",
    "AT_THE_OPEN",
    "AT_OPEN",
    "ON_OPEN",
    "OPENING",
    "MOO",
    "LOO",
]
_AT_CLOSE: Final = [
    "CLS",
    "CLOSE",
    "AT_THE_CLOSE",
    "AT_CLOSE",
    "ON_CLOSE",
    "CLOSING",
    "MOC",
    "LOC",
]

TIMES_IN_FORCE: Final = {
    **TimeInForce.__members__,
    **dict.fromkeys(("GOOD_TILL_CANCEL", "GOOD_TILL_CANCELLED"), TimeInForce.GTC),
    **dict.fromkeys(("GOOD_TILL_DATE", "GOOD_TILL_TIME", "GTT"), TimeInForce.GTD),
    **dict.fromkeys(("IMMEDIATE_OR_CANCEL", "FAK"), TimeInForce.IOC),
    "FILL_OR_KILL": TimeInForce.FOK,
    **dict.fromkeys(_AT_OPEN, TimeInForce.AT_THE_OPEN),
    **dict.fromkeys(_AT_CLOSE, TimeInForce.AT_THE_CLOSE),
}
"""Times in force by their words, in capitals, with underscores."""

_KINDS: Final = ("limit", "market", "stop", "trail")
KINDS: Final = {
    **dict(zip(_KINDS, _KINDS, strict=True)),
    **dict.fromkeys(("stop_limit", "stop_market", "stop_loss"), "stop"),
    **dict.fromkeys(("trailing", "trailing_stop", "trail_stop"), "trail"),
    **dict.fromkeys(("trail_limit", "trailing_stop_limit", "trailing_limit"), "trail"),
}
"""Kinds of orders by their words; a stop, or trail, with a price is a stop-limit."""

TRIGGERS: Final = {
    **{name.lower(): each for name, each in Trigger.__members__.items()},
    **dict.fromkeys(("last_price", "trade", "last_trade"), Trigger.LAST),
    **dict.fromkeys(("bid_ask", "quote", "best"), Trigger.TOUCH),
    "mark_price": Trigger.MARK,
    "midpoint": Trigger.MID,
}
"""Triggers of stops by their words."""


CONDITIONS: Final = {
    **{name.lower(): each for name, each in TradeCondition.__members__.items()},
    "extended": TradeCondition.EXTENDED_HOURS,
    "average": TradeCondition.AVERAGE_PRICE,
    "avg_price": TradeCondition.AVERAGE_PRICE,
    "late_report": TradeCondition.LATE,
    "oddlot": TradeCondition.ODD_LOT,
    "regular": 0,
}
"""Trade conditions by their words."""


def _time_in_force(value: Any) -> str:
    known = isinstance(value, str) and plain_word(value).upper() in TIMES_IN_FORCE
    return "" if known else f"must be one of {', '.join(TIMES_IN_FORCE)}"


PURPOSES: Final = {
    **dict.fromkeys(("entry", "entries", "open"), "entry"),
    **dict.fromkeys(("exit", "exits", "close"), "exit"),
}
"""What an OCO group is for, by its words."""


def _safety_state(value: Any) -> str:
    known = isinstance(value, str) and value.upper() in SafetyState.__members__
    return "" if known else f"must be one of {', '.join(SafetyState.__members__)}"


def _condition(value: Any) -> str:
    known = isinstance(value, str) and plain_word(value) in CONDITIONS
    return "" if known else f"must be one of {', '.join(CONDITIONS)}"


def plain_word(word: str) -> str:
    """Spell a word as the tables here do, whichever way it was spelt."""
    return word.lower().replace("-", "_").replace(" ", "_")


def _word_of(table: Mapping[str, Any]) -> Check:
    """Accept a word of a table, however it is spelt."""

    def check(value: Any) -> str:
        known = isinstance(value, str) and plain_word(value) in table
        return "" if known else f"must be one of {', '.join(table)}"

    return check


_PAIRS: Final = list_of(list_of(whole, 2))
_SIDE: Final = one_of(*SIDES)
_AGGRESSOR: Final = nullable(one_of("buy", "sell"))
_CONDITIONS: Final = either(_condition, list_of(_condition))
_L3_ROW: Final = either(
    list_of(anything, 3),
    table({"ref": anything, "price": whole, "size": positive}, {"side": _SIDE}),
)
_GROUP: Final = either(
    text, table({"oco": anything}, {"purpose": _word_of(PURPOSES), "id": anything})
)
_TRAIL: Final = either(whole, table({}, {"ticks": positive, "percent": number}))
_TERMS: Final[dict[str, Check]] = {
    "price": whole,
    "stop": whole,
    "trail": nullable(_TRAIL),
    "trigger": _word_of(TRIGGERS),
    "protection_ticks": nullable(whole),
    "tif": _time_in_force,
    "until": moment,
    "outside_hours": flag,
}
_LEG: Final = either(
    whole,
    table({}, {**_TERMS, "id": text, "kind": _word_of(KINDS), "qty": whole}),
)
_BAR: Final[dict[str, Check]] = {
    "open": whole,
    "high": whole,
    "low": whole,
    "close": whole,
}

_REQUIRED: Final[Mapping[str, Mapping[str, Check]]] = {
    "submit": {
        "id": text,
        "side": one_of("buy", "sell"),
        "kind": _word_of(KINDS),
        "qty": whole,
    },
    "cancel": {"id": text},
    "replace": {"id": text},
    "book": {"bids": _PAIRS, "asks": _PAIRS},
    "level": {"side": _SIDE, "price": whole, "size": whole},
    "trade": {"price": whole, "size": positive},
    "add": {"ref": anything, "side": _SIDE, "price": whole, "size": positive},
    "delete": {"ref": anything},
    "reduce": {"ref": anything, "size": positive},
    "execute": {"ref": anything, "size": positive},
    "snapshot": {},
    "gap": {},
    "halt": {},
    "resume": {},
    "bar": _BAR,
    "import_bar": {},
    "set_state": {"state": _safety_state},
    "kill": {},
    "stop_strategy": {"strategy": text},
    "strategy_raises": {"strategy": text},
    "foreign_order": {"side": one_of("buy", "sell"), "qty": positive},
    "clock": {},
    "set_timer": {},
    "ask_trade_date": {},
    "book_pnl": {},
    "mark": {},
    "set_rate": {"currency": text, "rate": number},
    "dividend": {"amount": number},
    "split": {"new": positive, "old": positive},
    "funding": {"rate": number},
}
"""Every type of event, and the keys that it must have besides `t`."""

_OPTIONAL: Final[Mapping[str, Mapping[str, Check]]] = {
    "submit": {
        **_TERMS,
        "price": nullable(whole),
        "stop": nullable(whole),
        "tif": nullable(_time_in_force),
        "until": nullable(moment),
        "display": nullable(whole),
        "post_only": flag,
        "reduce_only": flag,
        "group": nullable(_GROUP),
        "bracket": nullable(table({}, {"target": _LEG, "stop": _LEG})),
        "strategy": text,
        "account": text,
    },
    "cancel": {"account": text, "strategy": text},
    "replace": {
        "qty": whole,
        "price": whole,
        "stop": whole,
        "trail": _TRAIL,
        "account": text,
        "strategy": text,
    },
    "book": {},
    "level": {},
    "trade": {"aggressor": _AGGRESSOR, "conditions": _CONDITIONS},
    "execute": {"price": whole, "conditions": _CONDITIONS},
    "snapshot": {
        "bids": list_of(_L3_ROW),
        "asks": list_of(_L3_ROW),
        "orders": list_of(_L3_ROW),
    },
    "halt": {"on": flag, "until": moment, "resume": flag},
    "bar": {"volume": whole},
    "import_bar": {
        "volume": whole,
        "source": text,
        "interval": anything,
        "stamp": anything,
        "stamped": anything,
        **_BAR,
    },
    "kill": {"flatten": flag},
    "foreign_order": {"id": text, "kind": text, "price": whole, "account": text},
    "set_timer": {
        "id": text,
        "at": anything,
        "in": anything,
        "before_close": anything,
        "before_open": anything,
        "after_close": anything,
        "after_open": anything,
        "strategy": text,
    },
    "ask_trade_date": {"at": moment, "id": text},
    "book_pnl": {"amount": number, "strategy": text},
    "mark": {"price": whole},
}

_ALIASES: Final[Mapping[str, Mapping[str, str]]] = {
    "trade": {"qty": "size"},
    "level": {"qty": "size"},
    "add": {"qty": "size"},
    "reduce": {"qty": "size", "by": "size"},
    "execute": {"qty": "size"},
    "book_pnl": {"value": "amount", "pnl": "amount", "money": "amount"},
    "mark": {"mark": "price"},
    "submit": {
        **dict.fromkeys(("expire", "expires", "expiry", "good_till", "gtd"), "until"),
        **dict.fromkeys(("expire_ts", "expire_time", "gtd_until"), "until"),
        **dict.fromkeys(("limit", "limit_price"), "price"),
        "stop_price": "stop",
        "oco": "group",
        "protection": "protection_ticks",
        **dict.fromkeys(("display_qty", "iceberg", "show"), "display"),
    },
    "replace": {"stop_price": "stop", "quantity": "qty"},
    "set_timer": {"after": "in", "timer": "id", "name": "id"},
}
"""Other words for the same key."""

_ABSENT: Final[Mapping[str, frozenset[str]]] = {
    "submit": frozenset(
        (
            *("price", "stop", "trail", "tif", "until", "display"),
            *("protection_ticks", "group", "bracket"),
        )
    ),
    "replace": frozenset(("qty", "price", "stop", "trail")),
}
"""Keys whose null says that they are absent."""

_INSTRUMENT: Final = table(
    {"kind": text, "currency": text, "price_unit": number},
    {
        "tick_table": list_of(table({"from": nullable(whole), "step": positive}, {})),
        "quantity_unit": number,
        "order_step": whole,
        "order_min": whole,
        "order_max": nullable(positive),
        "min_value": nullable(number),
        "multiplier": number,
        "calendar": nullable(anything),
        "name": text,
        "venue": text,
        "expiry": nullable(text),
        "first_notice": nullable(text),
        "shortable": flag,
        "located": nullable(whole),
        "borrow_rate": number,
        "settle_days": whole,
        "margin": table(
            {},
            {
                "initial": number,
                "maintenance": number,
                "short": nullable(number),
                "per_contract": flag,
            },
        ),
        "price_bands": nullable(list_of(whole, 2)),
        **dict.fromkeys(("timezone", "time_zone", "holidays", "half_days"), anything),
        **dict.fromkeys(("regular_hours", "extended_hours", "hours"), anything),
    },
)

_MODELS: Final = table(
    {},
    {
        "latency": table({}, {"order": whole, "report": whole, "feed": whole}),
        "feed": one_of("single", "consolidated"),
        "depth": one_of("full", "top_of_book"),
        "queue": one_of("pessimistic", "probabilistic", "exact"),
        "front_share": number,
        "through": one_of("trade_size", "whole_order"),
        "impact": anything,
        "participation": number,
        "slippage": whole,
        "limit_rule": one_of("through", "touch"),
        "build_bars": anything,
        "fees": table(
            {},
            {
                name: nullable(number)
                for name in (
                    "per_unit",
                    "per_order",
                    "min",
                    "max",
                    "minimum",
                    "maximum",
                    "max_percent",
                    "maker",
                    "taker",
                )
            },
        ),
        "risk": by_name(anything),
    },
)

_KEYS: Final[Mapping[str, Check]] = {
    "id": text,
    "rule": either(whole, text),
    "title": text,
    "venue": one_of(*VENUES),
    "instrument": _INSTRUMENT,
    "instruments": by_name(_INSTRUMENT),
    "models": _MODELS,
    "start": by_name(anything),
    "events": list_of(anything),
    "expect": by_name(anything),
    "why": text,
    "base": text,
    "rates": by_name(number),
}
_NEEDED: Final = ("id", "venue", "events", "expect")


@dataclass(frozen=True, slots=True)
class Fault:
    """A scenario that breaks the form."""

    file: Path
    scenario: str
    """Its id, or its place in the file where it has none."""
    rule: int | str | None
    """The rule of SEMANTICS.md that it is about."""
    key: str
    broken: str
    """Which rule of the form."""
    value: Any

    def __str__(self) -> str:
        told = json.dumps(self.value)
        told = told if len(told) <= 80 else told[:77] + "…"
        return f"{self.file}: {self.scenario}: {self.key} {self.broken}, was {told}"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario as read: the form is right, values may still contradict each other."""

    file: Path
    id: str
    rule: int | str
    title: str
    venue: str
    instruments: Mapping[str, Mapping[str, Any]]
    """By name, in the order of their numbers."""
    models: Mapping[str, Any]
    start: Mapping[str, Any]
    events: tuple[Event, ...]
    expect: Mapping[str, Any]
    why: str = ""
    base: str | None = None
    rates: Mapping[str, Any] = field(default_factory=dict)

    @property
    def has_dates(self) -> bool:
        """Whether its times are ISO, so that a calendar matters."""
        return any(isinstance(event["t"], str) for event in self.events)

    @property
    def first(self) -> int:
        """When its first event is, ns."""
        return min((nanoseconds(event["t"]) for event in self.events), default=EPOCH)

    @property
    def last(self) -> int:
        """When its last event is, ns."""
        return max((nanoseconds(event["t"]) for event in self.events), default=EPOCH)


def read(path: Path) -> list[Scenario | Fault]:
    """Read the scenarios of a file.

    Raises
    ------
    FileFormatError
        If the file is no JSON, or no list.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise FileFormatError(path, f"must be JSON: {error}") from error
    if isinstance(content, Mapping):
        content = content.get("scenarios", [content])
    if not isinstance(content, list):
        raise FileFormatError(path, "must hold a list of scenarios")
    return [_scenario(path, place, each) for place, each in enumerate(content, 1)]


def _scenario(path: Path, place: int, source: Any) -> Scenario | Fault:
    if not isinstance(source, Mapping):
        return Fault(path, f"scenario {place}", None, "", "must be a table", source)
    name = source.get("id")
    name = name if isinstance(name, str) and name else f"scenario {place}"
    rule = source.get("rule")
    problem = _broken(source)
    if problem:
        return Fault(path, name, rule, *problem)
    several = source.get("instruments") or {"X": source["instrument"]}
    return Scenario(
        file=path,
        id=name,
        rule=name.split("-")[0] if rule is None else rule,
        title=source.get("title", ""),
        venue=source["venue"],
        instruments=several,
        models=source.get("models", {}),
        start=source.get("start", {}),
        events=tuple(_named(event) for event in source["events"]),
        expect=source["expect"],
        why=source.get("why", ""),
        base=source.get("base"),
        rates=source.get("rates", {}),
    )


def _broken(source: Mapping[str, Any]) -> tuple[str, str, Any] | None:
    """Return key, rule and value of the first thing that breaks the form."""
    for key in _NEEDED:
        if key not in source:
            return key, "must be given", None
    for key, value in source.items():
        if key not in _KEYS:
            return key, f"is no key of a scenario ({', '.join(_KEYS)})", value
        rule = _KEYS[key](value)
        if rule:
            return key, rule, value
    if "instrument" not in source and not source.get("instruments"):
        return "instrument", "must be given", None
    return _broken_events(source["events"])


def _broken_events(events: Sequence[Any]) -> tuple[str, str, Any] | None:
    before: int | None = None
    for place, event in enumerate(events, 1):
        problem = _broken_event(event)
        if problem:
            return f"event {place}: {problem[0]}", *problem[1:]
        time = nanoseconds(event["t"])
        if before is not None and time < before:
            return f"event {place}: t", "must not go back", event["t"]
        before = time
    return None


def _named(event: Event) -> Event:
    """Give an event's keys their first names."""
    names = _ALIASES.get(event["type"], {})
    named = {names.get(key, key): value for key, value in event.items()}
    absent = _ABSENT.get(event["type"], ())
    return {
        key: value
        for key, value in named.items()
        if not (key in absent and value is None)
    }


def _broken_event(event: Any) -> tuple[str, str, Any] | None:
    if not isinstance(event, Mapping):
        return "", "must be a table", event
    kind = event.get("type")
    if not isinstance(kind, str) or kind not in _REQUIRED:
        return "type", f"must be one of {', '.join(_REQUIRED)}", kind
    required = {"t": moment, "type": text, **_REQUIRED[kind]}
    optional = {"instrument": text, "why": text, **_OPTIONAL.get(kind, {})}
    named = _named(event)
    for key in required:
        if key not in named:
            return key, f"must be given in {kind}", None
    for key, value in named.items():
        check = required.get(key) or optional.get(key)
        if check is None:
            return key, f"is no key of {kind}", value
        rule = check(value)
        if rule:
            return key, rule, value
    return None
