"""Bars and calls of handlers, against what was expected."""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from app.sessions.scenario.orders import status_words
from app.sessions.scenario.seen import Comparer, Difference, Found, Seen
from app.sessions.scenario.times import EPOCH, nanoseconds
from app.sessions.scenario.watching import KINDS, Call

_BAR: Final = ("open", "high", "low", "close", "volume", "trades")
_KIND: Final = ("on", "handler", "kind", "type", "event", "name", "call")
_TIME: Final = ("t", "now", "at", "time")
_WORDS: Final = {
    **{kind: (kind,) for kind in KINDS.values()},
    **dict.fromkeys(("report", "own_report", "reports"), ("order", "fill")),
    **dict.fromkeys(("data", "market", "market_data"), ("bar", "trade", "quote")),
    "depth": ("book",),
    "timer": ("timer",),
    "clock": ("timer",),
}
"""Kinds of calls that a scenario's word stands for."""


# Bars.


def _bars(expected: Any, seen: Seen) -> Found:
    """Compare all bars that strategies were given, of one instrument or by name."""
    if isinstance(expected, Mapping):
        for name, rows in expected.items():
            yield from _some_bars(f"bars.{name}", rows, seen, name)
        return
    yield from _some_bars("bars", expected, seen, None)


def _some_bars(
    field: str, expected: Sequence[Mapping[str, Any]], seen: Seen, name: str | None
) -> Found:
    calls = [each for each in _once(seen) if name in (None, each.instrument)]
    if len(calls) != len(expected):
        yield Difference(field, expected, [_told(each) for each in calls])
        return
    for place, (wanted, call) in enumerate(zip(expected, calls, strict=True)):
        for key, value in wanted.items():
            found: Any = call.values.get(key)
            if key in (*_TIME, "close_time", "stamp"):
                value, found = nanoseconds(value), call.values["t"]
            elif key == "instrument":
                found = call.instrument
            elif key not in _BAR:
                yield Difference(f"{field}[{place}].{key}", value, "unknown key")
                continue
            if value != found:
                yield Difference(f"{field}[{place}].{key}", value, found)


def _once(seen: Seen) -> Iterator[Call]:
    """Bars as the first strategy was given them."""
    calls = [each for each in seen.world.calls if each.kind == "bar"]
    return (each for each in calls if each.strategy == calls[0].strategy)


def _told(call: Call) -> dict[str, Any]:
    shown = {key: value for key, value in call.values.items() if key != "trades"}
    shown["t"] = call.values["t"] - EPOCH
    return {**shown, "instrument": call.instrument}


# Calls.


def _kinds(word: str) -> tuple[str, ...]:
    plain = re.sub(r"[\s-]", "_", word.lower()).removeprefix("on_")
    return _WORDS.get(plain, ())


def _calls(seen: Seen, kinds: Iterable[str]) -> list[Call]:
    wanted = set(kinds)
    return [each for each in seen.world.calls if each.kind in wanted]


def _handlers(expected: Any, seen: Seen) -> Found:
    """Compare calls of the kinds that are named, in order; or how many there were."""
    if isinstance(expected, Mapping):
        for word, wanted in expected.items():
            calls = _calls(seen, _kinds(word))
            if isinstance(wanted, int):
                if len(calls) != wanted:
                    yield Difference(f"handlers.{word}", wanted, len(calls))
            else:
                yield from _listed(f"handlers.{word}", wanted, calls, seen)
        return
    named = {kind for each in expected for kind in _kinds(_kind_of(each))}
    yield from _listed("handlers", expected, _calls(seen, named or {"bar"}), seen)


def _kind_of(expected: Any) -> str:
    if isinstance(expected, str):
        return expected
    word = next((expected[key] for key in _KIND if key in expected), "")
    return str(word)


def _listed(field: str, expected: Any, calls: Sequence[Call], seen: Seen) -> Found:
    if len(expected) != len(calls):
        told = [{"on": call.kind, "t": call.ts - EPOCH} for call in calls]
        yield Difference(field, expected, told)
        return
    for place, (wanted, call) in enumerate(zip(expected, calls, strict=True)):
        terms = wanted if isinstance(wanted, Mapping) else {"on": wanted}
        for key, value in terms.items():
            yield from _term(f"{field}[{place}].{key}", key, value, call, seen)


def _term(field: str, key: str, value: Any, call: Call, seen: Seen) -> Found:
    found: Any
    if key in _KIND:
        if call.kind not in _kinds(str(value)):
            yield Difference(field, value, call.kind)
        return
    if key in ("orders", "order"):
        yield from _order_terms(field, value, call, seen)
        return
    if key in _TIME:
        value, found = nanoseconds(value), call.ts
    elif key in ("instrument", "strategy"):
        found = getattr(call, key)
    elif key in ("position", "positions", "last", "lasts", "sees", "closes", "seen"):
        of = call.positions if key.startswith("position") else call.lasts
        if isinstance(value, Mapping):
            found = {name: of.get(name) for name in value}
        else:
            found = of.get(call.instrument)
    elif key in call.values:
        found = call.values[key]
    else:
        found = "unknown key"
    if value != found:
        yield Difference(field, value, found)


def _order_terms(field: str, expected: Any, call: Call, seen: Seen) -> Found:
    for name, wanted in expected.items():
        terms = wanted if isinstance(wanted, Mapping) else {"status": wanted}
        known = call.orders.get(seen.names.find(name), {})
        for key, value in terms.items():
            found: Any = known.get(key)
            if key == "status" and found is not None:
                words = status_words(found)
                allowed = {value} if isinstance(value, str) else set(value)
                if not allowed & set(words):
                    yield Difference(f"{field}.{name}.{key}", value, words[0])
            elif value != found:
                yield Difference(f"{field}.{name}.{key}", value, found)


def _handlers_order(expected: Sequence[Any], seen: Seen) -> Found:
    """Compare the order of calls: words for kinds, instruments or strategies, or both.

    Calls that no word is about are left out, and a word stands for a run of calls
    unless it is said twice in a row.
    """
    words = [_split(each) for each in expected]
    found: list[int] = []
    for call in seen.world.calls:
        place = next((i for i, word in enumerate(words) if _is_meant(word, call)), None)
        if place is None:
            continue
        label = words.index(words[place])
        repeats = any(a == b == words[place] for a, b in itertools.pairwise(words))
        if not found or found[-1] != label or repeats:
            found.append(label)
    wanted = [words.index(each) for each in words]
    if found != wanted:
        told = [
            expected[each] if isinstance(expected[each], str) else words[each]
            for each in found
        ]
        yield Difference("handlers_order", expected, told)


def _split(word: Any) -> tuple[str, ...]:
    parts = (
        word.values()
        if isinstance(word, Mapping)
        else re.split(r"[\s:.(),]+", str(word))
    )
    return tuple(str(each) for each in parts if str(each))


def _is_meant(word: Sequence[str], call: Call) -> bool:
    names = (call.instrument, call.strategy)
    return all(part in names or call.kind in _kinds(part) for part in word)


HANDLER_COMPARERS: Final[Mapping[str, Comparer]] = {
    "bars": _bars,
    "handlers": _handlers,
    "handlers_order": _handlers_order,
}
"""Keys of `expect` that are about what strategies are told."""
