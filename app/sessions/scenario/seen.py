"""What can be looked at after a scenario's events, and how two values are compared.

Money is compared as exact fractions; an expected text with seven decimals or more
stands for a number that was rounded there.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, NamedTuple, TypeAlias

from app.engine.arena import Section
from app.engine.records import OrderStatus
from app.engine.venue.state import Stage
from app.sessions.scenario.commands import OrderNames
from app.sessions.scenario.orders import Known, KnownOrder
from app.sessions.scenario.wire import MatchingVenue
from app.sessions.scenario.world import World

_AVERAGE_PLACES: Final = 7


class Difference(NamedTuple):
    """A field that is not as expected."""

    field: str
    expected: Any
    found: Any


@dataclass(frozen=True, slots=True)
class Seen:
    """What can be looked at: state, reports, the matching venue's trades."""

    world: World
    names: OrderNames
    known: Known
    venue: MatchingVenue | None
    cash: list[Fraction]
    """Cash less fees of each instrument when the scenario began, currency."""

    def order(self, name: str) -> KnownOrder | None:
        """An order by its name, as its owner knows it."""
        number = self.names.find(name)
        if number in self.world.foreign:
            return foreign_order(self.world, number)
        if number in self.known.orders:
            return self.known.orders[number]
        return None if self.venue is None else self.venue.known.orders.get(number)


def foreign_order(world: World, number: int) -> KnownOrder:
    """An order that the gate does not know, as the simulated venue has it."""
    row = world.record(Section.VENUE_ORDERS, world.foreign[number])
    known = KnownOrder(number, int(row["instrument"]))
    known.quantity, known.filled = int(row["quantity"]), int(row["filled"])
    known.leaves = int(row["leaves"])
    if row["stage"] != Stage.ENDED:
        known.status = (
            OrderStatus.PARTIALLY_FILLED if row["filled"] else OrderStatus.NEW
        )
    elif row["filled"] == row["quantity"]:
        known.status = OrderStatus.FILLED
    else:
        known.status = OrderStatus.CANCELLED
    return known


Found: TypeAlias = Iterator[Difference]
Comparer: TypeAlias = Callable[[Any, Seen], Found]


def same_number(expected: Any, found: Fraction | int) -> bool:
    """Compare a number, exactly or to the places of a rounded one."""
    text = str(expected)
    wanted = Fraction(text)
    places = 0
    if "/" not in text:
        exponent = Decimal(text).as_tuple().exponent
        places = -exponent if isinstance(exponent, int) else 0
    if places < _AVERAGE_PLACES:
        return wanted == found
    # The engine rounds money at the eighth place, the scenario at its last.
    rounding = Fraction(1, 2 * 10**8)
    if places == _AVERAGE_PLACES:
        rounding += Fraction(1, 2 * 10**places)
    return abs(wanted - found) <= rounding


def shown(value: Fraction | int) -> str | int:
    """Show an exact number as a decimal where it is one."""
    if value.denominator == 1:
        return str(int(value))
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest == 1:
        return str(Decimal(value.numerator) / Decimal(value.denominator))
    return f"{float(value):.9f}"


def number(field: str, expected: Any, found: Fraction | int | None) -> Found:
    """Compare numbers; null stands for none."""
    if expected is None and found is None:
        return
    if expected is None or found is None or not same_number(expected, found):
        yield Difference(field, expected, None if found is None else shown(found))


def same(field: str, expected: Any, found: Any) -> Found:
    """Compare values for being equal."""
    if expected != found:
        yield Difference(field, expected, found)


def each_instrument(
    seen: Seen, field: str, value: Any
) -> Iterator[tuple[str, int, Any]]:
    """Field, instrument and value of what is given by instrument, or for the one."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            if name in seen.world.numbers:
                yield f"{field}.{name}", seen.world.numbers[name], each
            else:
                yield f"{field}.{name} (no such instrument)", -1, each
    else:
        yield field, seen.world.instrument(None), value


def by_instrument(
    field: str, look: Callable[[Seen, int], Fraction | int | None]
) -> Comparer:
    """Make a comparer of a number of an instrument, or of several by name."""

    def compare(expected: Any, seen: Seen) -> Found:
        for name, instrument, value in each_instrument(seen, field, expected):
            # Of an instrument that is refused there is nothing.
            found = look(seen, instrument) if instrument >= 0 else 0
            yield from number(name, value, found)

    return compare


def money_by_instrument(
    field: str, look: Callable[[Seen, int], Fraction | None]
) -> Comparer:
    """Make a comparer of money: by instrument in its currency, or of all in the base's.

    One number is that of the only instrument; where there are several it is the sum in
    the base currency, unknown where a rate is missing.
    """
    each = by_instrument(field, look)

    def compare(expected: Any, seen: Seen) -> Found:
        world = seen.world
        if isinstance(expected, Mapping) or len(world.instruments) == 1:
            yield from each(expected, seen)
            return
        total: Fraction | None = Fraction(0)
        for instrument in range(len(world.instruments)):
            amount = look(seen, instrument)
            part = world.in_base(instrument, amount) if amount else Fraction(0)
            total = None if total is None or part is None else total + part
        yield from number(field, expected, total)

    return compare
