"""Orders, fills and requests: what reports tell, against what was expected."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from app.engine.arena import Section
from app.engine.records import NO_PRICE, Reason
from app.sessions.scenario.instruments import currency
from app.sessions.scenario.orders import (
    KnownOrder,
    is_over,
    status_word,
    status_words,
)
from app.sessions.scenario.reasons import reasons_of
from app.sessions.scenario.seen import (
    Comparer,
    Difference,
    Found,
    Seen,
    number,
    same,
)
from app.sessions.scenario.times import EPOCH, nanoseconds

OrderComparer: TypeAlias = Callable[[str, Any, KnownOrder, Seen], Found]

# Orders.


def _orders(expected: Mapping[str, Any], seen: Seen) -> Found:
    for name, wanted in expected.items():
        field, order = f"orders.{name}", seen.order(name)
        if order is None:
            yield Difference(field, wanted, "nothing was heard of it")
            continue
        if not isinstance(wanted, Mapping):
            wanted = {"status": wanted}
        for key, value in wanted.items():
            look = _ORDER_FIELDS.get(key)
            if look is None:
                yield Difference(f"{field}.{key}", value, "unknown key")
            else:
                yield from look(f"{field}.{key}", value, order, seen)


def _status(field: str, expected: Any, order: KnownOrder, seen: Seen) -> Found:
    del seen
    given = [expected] if isinstance(expected, str) else expected
    wanted = {status_word(each) for each in given}
    words = status_words(order.status)
    if not wanted & set(words):
        yield Difference(field, expected, words[0])


def _reason(field: str, expected: Any, order: KnownOrder, seen: Seen) -> Found:
    del seen
    meant = reasons_of(str(expected))
    if meant and order.reason not in meant:
        yield Difference(field, expected, Reason(order.reason).name)


def _plain(name: str) -> OrderComparer:
    def compare(field: str, expected: Any, order: KnownOrder, seen: Seen) -> Found:
        del seen
        yield from same(field, expected, getattr(order, name))

    return compare


def _working_index(seen: Seen, order: KnownOrder) -> int:
    """Index in ORDERS of an order of ours that works; 0 if it does not."""
    rows = seen.world.arena.records(Section.ORDERS)
    used = seen.world.arena.used(Section.ORDERS)
    for index in range(1, used):
        row = rows[index]
        if row["client_order_id"] == order.number and not is_over(row["status"]):
            return index
    return 0


def _queue_ahead(field: str, expected: Any, order: KnownOrder, seen: Seen) -> Found:
    index = _working_index(seen, order)
    found = seen.world.queue_ahead(index) if index else None
    yield from number(field, expected, found)


def _stop(field: str, expected: Any, order: KnownOrder, seen: Seen) -> Found:
    """Current stop: a trailing one moves without a report."""
    index = _working_index(seen, order)
    found = order.stop
    if index:
        row = seen.world.record(Section.ORDERS, index)
        stop = int(row["stop_price"])
        found = None if stop == NO_PRICE else stop
    yield from same(field, expected, found)


def _order_fee(field: str, expected: Any, order: KnownOrder, seen: Seen) -> Found:
    del seen
    yield from number(field, expected, currency(order.fee))


_ORDER_FIELDS: Final[Mapping[str, Callable[[str, Any, KnownOrder, Seen], Found]]] = {
    "status": _status,
    "filled": _plain("filled"),
    "leaves": _plain("leaves"),
    "qty": _plain("quantity"),
    "price": _plain("price"),
    "stop": _stop,
    "queue_ahead": _queue_ahead,
    "reason": _reason,
    "nearest": _plain("nearest"),
    "fee": _order_fee,
}


# Fills.

_NAMES: Final = frozenset(("order", "maker", "taker"))


def _fills(expected: list[Mapping[str, Any]], seen: Seen) -> Found:
    found = _trade_rows(seen) if _are_trades(expected, seen) else _fill_rows(seen)
    told = [{k: v for k, v in row.items() if k != "flag"} for row in found]
    if len(found) != len(expected):
        yield Difference("fills", expected, told)
        return
    for place, (wanted, row) in enumerate(zip(expected, found, strict=True)):
        for key, value in wanted.items():
            if key in _NAMES and isinstance(value, str):
                value = seen.names.plain(value)
            if not _same_field(key, value, row):
                yield Difference(
                    f"fills[{place}].{key}", value, row.get(key, "unknown")
                )


def _are_trades(expected: list[Mapping[str, Any]], seen: Seen) -> bool:
    if seen.venue is None:
        return False
    return not any("order" in each for each in expected)


def _same_field(key: str, value: Any, row: Mapping[str, Any]) -> bool:
    if key not in row:
        return False
    if key == "t":
        return bool(nanoseconds(value) == row["t"] + EPOCH)
    if key == "flag":
        wanted = [value] if isinstance(value, str) else value or []
        return all(_is_flagged(each, row["flag"]) for each in wanted)
    return bool(value == row[key])


def _is_flagged(word: str, flags: list[str]) -> bool:
    """Tell whether a fill carries a flag, however the scenario words it."""
    plain = word.lower().replace("-", "_").replace(" ", "_")
    return any(flag in plain or plain in flag for flag in flags)


def _trade_rows(seen: Seen) -> list[dict[str, Any]]:
    assert seen.venue is not None
    return [
        {
            "maker": seen.names.name_of(each.maker),
            "taker": seen.names.name_of(each.taker),
            "price": each.price,
            "qty": each.quantity,
            "t": each.ts - EPOCH,
        }
        for each in seen.venue.trades
    ]


def _fill_rows(seen: Seen) -> list[dict[str, Any]]:
    return [
        {
            "order": seen.names.name_of(each.number),
            "price": each.price,
            "qty": each.quantity,
            "t": each.ts_venue - EPOCH,
            "flag": list(each.flags),
        }
        for each in seen.known.fills
    ]


def _fills_total(expected: Any, seen: Seen) -> Found:
    """Compare sums by price: of all our fills, or of each order."""
    sums: dict[tuple[str, int], int] = {}
    for row in _fill_rows(seen):
        for owner in (row["order"], ""):
            key = owner, row["price"]
            sums[key] = sums.get(key, 0) + row["qty"]
    wanted = _wanted_sums(expected)
    owners = {owner for owner, _ in wanted}
    found = {key: value for key, value in sums.items() if key[0] in owners}
    if wanted != found:
        told = [
            {"order": owner or "all", "price": price, "qty": quantity}
            for (owner, price), quantity in sorted(found.items())
        ]
        yield Difference("fills_total", expected, told)


def _wanted_sums(expected: Any) -> dict[tuple[str, int], int]:
    wanted: dict[tuple[str, int], int] = {}
    if isinstance(expected, list):
        for each in expected:
            if isinstance(each, Mapping):
                owner, price, quantity = (
                    each.get("order", ""),
                    each["price"],
                    each["qty"],
                )
            else:
                owner, (price, quantity) = "", each
            key = owner, int(price)
            wanted[key] = wanted.get(key, 0) + quantity
        return wanted
    for name, value in expected.items():
        if isinstance(value, Mapping):
            for price, quantity in value.items():
                wanted[name, int(price)] = quantity
        else:
            wanted["", int(name)] = value
    return wanted


# Requests.


def _requests(name: str) -> Comparer:
    """Make a comparer of what became of replaces or cancels."""

    def compare(expected: Any, seen: Seen) -> Found:
        for order_name, wanted in _wanted_requests(expected):
            order = seen.order(order_name)
            found = [] if order is None else getattr(order, name)
            words = [wanted] if isinstance(wanted, str) else list(wanted)
            if found != [_REQUEST_WORDS.get(word, word) for word in words]:
                yield Difference(f"{name}.{order_name}", wanted, found)

    return compare


_REQUEST_WORDS: Final = {
    "replaced": "accepted",
    "cancelled": "accepted",
    "ok": "accepted",
    "refused": "rejected",
}


def _wanted_requests(expected: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(expected, Mapping):
        for name, value in expected.items():
            yield name, value.get("status") if isinstance(value, Mapping) else value
        return
    grouped: dict[str, list[str]] = {}
    for each in expected:
        name = each.get("order", each.get("id"))
        told = each.get("status", each.get("result"))
        grouped.setdefault(name, []).append(told)
    yield from grouped.items()


def _beyond_depth(expected: Any, seen: Seen) -> Found:
    orders = seen.known.orders.values()
    if not isinstance(expected, Mapping):
        total = sum(each.beyond_depth for each in orders)
        yield from number("beyond_depth", expected, total)
        return
    for name, value in expected.items():
        order = seen.order(name)
        found = 0 if order is None else order.beyond_depth
        yield from number(f"beyond_depth.{name}", value, found)


def _working(seen: Seen) -> list[str]:
    rows = seen.world.arena.records(Section.ORDERS)
    used = seen.world.arena.used(Section.ORDERS)
    return sorted(
        seen.names.name_of(int(row["client_order_id"]))
        for row in rows[1:used]
        if row["status"] and not is_over(row["status"])
    )


def _no_working_orders(expected: Any, seen: Seen) -> Found:
    found = _working(seen)
    if bool(found) == bool(expected):
        yield Difference("no_working_orders", expected, found)


def _no_order_before(expected: Any, seen: Seen) -> Found:
    """Compare when the engine's own orders were first sent."""
    for order in seen.known.orders.values():
        own = not seen.names.is_named(order.number)
        if own and order.sent_ts < nanoseconds(expected):
            yield Difference("no_order_before", expected, order.sent_ts - EPOCH)


ORDER_COMPARERS: Final[Mapping[str, Comparer]] = {
    "fills": _fills,
    "fills_total": _fills_total,
    "orders": _orders,
    "replaces": _requests("replaces"),
    "cancels": _requests("cancels"),
    "beyond_depth": _beyond_depth,
    "no_working_orders": _no_working_orders,
    "no_order_before": _no_order_before,
}
"""Keys of `expect` that are about orders."""
