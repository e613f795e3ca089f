"""The worst case of working orders beside a plain count of them (50, 51)."""

from dataclasses import dataclass, field

from hypothesis import given, settings, strategies as st

from app.engine.group_numbers import LINKED, MEMBERS
from app.engine.records import (
    BUY,
    SELL,
    GroupRole,
    OrderOption,
    ReportType,
)
from tests.engine.gate_session import GateSession, stock

RATIO = 10**6
"""Money of a cent times a share."""


GROUPS = {
    1: (1, 1, GroupRole.OCO_ENTRY),
    2: (2, 2, GroupRole.OCO_ENTRY),
    3: (3, LINKED + MEMBERS, GroupRole.OCO_ENTRY),
    4: (3, LINKED + MEMBERS + 1, GroupRole.BRACKET_ENTRY),
    5: (3, LINKED + MEMBERS + 2, GroupRole.BRACKET_ENTRY),
}
"""What shares a first fill, a group's number, the role in it."""


def terms(group: int) -> dict[str, int]:
    """Fields of an entry of a group, or of a plain order."""
    if not group:
        return {}
    _, number, role = GROUPS[group]
    return {"group": number, "role": role}


@dataclass
class Plain:
    """An order as the rules count it."""

    side: int
    quantity: int
    price: int
    group: int = 0
    is_exit: bool = False
    filled: int = 0
    asked: tuple[int, int] | None = None
    """Total and price of the replace that is on its way."""
    is_ended: bool = False

    @property
    def leaves(self) -> int:
        return 0 if self.is_ended else self.quantity - self.filled

    def worst(self) -> tuple[int, int]:
        """Quantity and price that it stands for by itself."""
        if self.is_exit or not self.leaves:
            return 0, 0
        if self.asked is None:
            return self.leaves, self.price
        total, price = self.asked
        return max(self.leaves, total - self.filled), max(self.price, price)


@dataclass
class Reference:
    """All working orders of one instrument, counted anew each time."""

    orders: dict[int, Plain] = field(default_factory=dict)
    held: int = 0

    def counted(self, side: int) -> list[tuple[int, int]]:
        """Quantity and price of each order, and of each OCO group, of a side.

        A group's are the largest quantity at the price where it is worth the most.
        """
        parts: list[tuple[int, int]] = []
        groups: dict[int, list[tuple[int, int]]] = {}
        for order in self.orders.values():
            if order.side != side or not order.worst()[0]:
                continue
            if order.group:
                shared = GROUPS[order.group][0]
                groups.setdefault(shared, []).append(order.worst())
            else:
                parts.append(order.worst())
        for members in groups.values():
            most = max(quantity for quantity, _ in members)
            worth = max(quantity * price for quantity, price in members)
            parts.append((most, -(-worth // most)))
        return parts

    def exposure(self, doubled: int) -> int:
        """Money of the worse side, orders at the worse of price and mark."""
        sides = []
        for side in (BUY, SELL):
            worth = side * self.held * doubled
            for quantity, price in self.counted(side):
                worth += quantity * max(2 * price, doubled)
            sides.append(worth * RATIO // 2)
        return max(0, *sides)


prices = st.one_of(st.integers(95_00, 105_00), st.integers(60_00, 140_00))
quantities = st.integers(1, 50)
sides = st.sampled_from([BUY, SELL])
choices = st.integers(0, 10**6)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("new"), sides, quantities, prices, st.integers(0, 5)),
        st.tuples(st.just("exit"), sides, quantities, prices),
        st.tuples(st.just("replace"), choices, quantities, prices),
        st.tuples(st.just("answer"), choices, st.booleans()),
        st.tuples(st.just("fill"), choices, quantities),
        st.tuples(st.just("end"), choices),
        st.tuples(st.just("quote"), prices, st.integers(1, 9)),
    ),
    max_size=40,
)


class Run:
    """A session and its reference, moved together."""

    def __init__(self) -> None:
        self.session = GateSession((stock(), stock("OTHER"))).arm()
        self.reference = Reference()

    def pick(self, choice: int, asked: bool | None = None) -> int:
        """A working order by chance, 0 if there is none; by whether it is asked."""
        found = [
            number
            for number, order in self.reference.orders.items()
            if order.leaves and (asked is None or (order.asked is not None) == asked)
        ]
        return found[choice % len(found)] if found else 0

    def new(self, side, quantity, price, group):
        number = self.session.new(side, quantity, price, **terms(group))
        self.reference.orders[number] = Plain(side, quantity, price, group)

    def exit(self, side, quantity, price):
        room = -side * self.reference.held
        if room > 0:
            number = self.session.new(
                side, quantity, price, options=OrderOption.REDUCE_ONLY
            )
            exit_order = Plain(side, min(quantity, room), price, is_exit=True)
            self.reference.orders[number] = exit_order

    def replace(self, choice, quantity, price):
        number = self.pick(choice, asked=False)
        order = self.reference.orders.get(number)
        if order is not None and not order.is_exit:
            self.session.replace(number, quantity=quantity, price=price)
            order.asked = quantity, price

    def answer(self, choice, accepted):
        number = self.pick(choice, asked=True)
        if not number:
            return
        order = self.reference.orders[number]
        assert order.asked is not None
        total, price = order.asked
        order.asked = None
        if accepted:
            self.session.report(
                ReportType.REPLACED, number, quantity=total, price=price
            )
            order.quantity, order.price = max(total, order.filled), price
            order.is_ended = total <= order.filled
        else:
            self.session.report(ReportType.REPLACE_REJECTED, number)

    def fill(self, choice, quantity):
        number = self.pick(choice)
        if not number:
            return
        order = self.reference.orders[number]
        quantity = min(quantity, order.leaves)
        self.session.fill(number, quantity, order.price)
        order.filled += quantity
        order.is_ended = order.leaves == 0
        self.reference.held += order.side * quantity
        self.cut_exits()

    def cut_exits(self):
        """What the gate asks for exits that are too large is done at once."""
        for number, order in self.reference.orders.items():
            room = max(0, -order.side * self.reference.held)
            if order.is_exit and order.leaves > room:
                if room:
                    order.quantity = order.filled + room
                    self.session.report(
                        ReportType.REPLACED,
                        number,
                        quantity=order.quantity,
                        price=order.price,
                    )
                else:
                    order.is_ended = True
                    self.session.report(ReportType.CANCELLED, number)

    def end(self, choice):
        number = self.pick(choice)
        if number:
            self.session.report(ReportType.CANCELLED, number)
            self.reference.orders[number].is_ended = True

    def quote(self, bid, width):
        self.session.quote(bid, bid + width)

    def check(self):
        row = self.session.position()
        for side, name in ((BUY, "working_buy"), (SELL, "working_sell")):
            parts = self.reference.counted(side)
            assert row[name] == sum(quantity for quantity, _ in parts)
            assert row[f"{name}_value"] == sum(q * price for q, price in parts)
        expected = self.reference.exposure(int(row["mark_doubled"]))
        assert row["exposure"] == expected
        assert self.session.risk["gross"] == expected


@given(steps=steps)
@settings(max_examples=150)
def test_rule_51_the_worst_case_is_that_of_a_plain_count(steps):
    run = Run()
    run.quote(99_99, 2)

    for what, *arguments in steps:
        getattr(run, what)(*arguments)
        run.check()


# What can really happen.

entries = st.lists(
    st.tuples(sides, st.integers(1, 9), prices, st.integers(0, 5)),
    min_size=1,
    max_size=5,
)


def ends(orders: list[tuple[int, int, int, int]]) -> set[tuple[int, ...]]:
    """What every order may have filled: each fill is of one unit, or of all.

    The first fill, of any size, of one cancels the others of its group (29).
    """
    found: set[tuple[int, ...]] = set()
    waiting = [((0,) * len(orders), (1,) * len(orders))]
    seen = set(waiting)
    while waiting:
        filled, works = waiting.pop()
        found.add(filled)
        for place, (_, quantity, _, group) in enumerate(orders):
            if not works[place]:
                continue
            for size in {1, quantity - filled[place]} - {0}:
                after, alive = list(filled), list(works)
                after[place] += size
                alive[place] = int(after[place] < quantity)
                for other, (_, _, _, mate) in enumerate(orders):
                    shares = group and mate and GROUPS[mate][0] == GROUPS[group][0]
                    if other != place and shares:
                        alive[other] = 0
                step = tuple(after), tuple(alive)
                if step not in seen:
                    seen.add(step)
                    waiting.append(step)
    return found


@given(held=st.integers(-9, 9), orders=entries, bid=prices)
@settings(max_examples=60)
def test_rule_51_no_sequence_of_fills_goes_beyond_the_worst_case(held, orders, bid):
    session = GateSession((stock(),)).arm()
    session.quote(bid, bid + 2)
    if held:
        start = session.new(BUY if held > 0 else SELL, abs(held), bid)
        session.fill(start, abs(held), bid)
    for side, quantity, price, group in orders:
        session.new(side, quantity, price, **terms(group))
    row = session.position()
    mark = int(row["mark_doubled"])

    positions, worths = [], []
    for filled in ends(orders):
        sizes = [side * size for (side, *_), size in zip(orders, filled, strict=True)]
        positions.append(held + sum(sizes))
        # Filled at its price, marked at the market: the worse of the two counts (50).
        for way in (BUY, SELL):
            worth = way * held * mark
            for (side, _, price, _), size in zip(orders, sizes, strict=True):
                worth += abs(size) * max(2 * price, mark) if side == way else 0
            worths.append(worth * RATIO // 2)

    assert held + row["working_buy"] == max(positions)
    assert held - row["working_sell"] == min(positions)
    # A group's price is rounded up to a price unit.
    above = sum(quantity for _, quantity, _, group in orders if group) * RATIO
    assert max(worths) <= row["exposure"] <= max(0, max(worths)) + above
    if not any(group for *_, group in orders):
        assert row["exposure"] == max(0, max(worths))
