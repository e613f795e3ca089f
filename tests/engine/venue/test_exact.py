"""The exact queue against a queue in which our order stands as a real one would."""

from typing import Any

from hypothesis import given, strategies as st

from app.engine.records import NO_PRICE, EventKind
from tests.engine.venue.bench import Bench

K = EventKind
OURS = 0
steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, 9), st.just(0)),
        st.tuples(st.just("cancel"), st.integers(0, 9), st.integers(1, 9)),
        st.tuples(st.just("modify"), st.integers(0, 9), st.integers(1, 12)),
        st.tuples(st.just("sell"), st.integers(1, 25), st.just(0)),
    ),
    max_size=40,
)


class Queue:
    """One price: references and sizes, ours among them."""

    def __init__(self) -> None:
        self.venue = Bench(queue="exact")
        self.venue.book(1)
        self.rows: list[list[int]] = []
        self.ours: int | None = None
        self.t = 1
        self.references = 0

    def send(self, kind: EventKind, reference: int, **fields: Any) -> None:
        self.t += 1
        self.venue.feed(self.venue.event(self.t, kind, reference=reference, **fields))

    def add(self, size: int, _: int) -> None:
        self.references += 1
        self.rows.append([self.references, size])
        self.send(K.ORDER_ADD, self.references, side=1, price=100, size=size)

    def join(self, quantity: int) -> None:
        self.rows.append([OURS, quantity])
        self.ours = self.venue.rest(self.t, "buy", quantity, 100)

    def real(self) -> list[list[int]]:
        return [row for row in self.rows if row[0] != OURS]

    def cancel(self, which: int, size: int) -> None:
        if self.real():
            row = self.real()[which % len(self.real())]
            size = min(size, row[1])
            self.send(K.ORDER_CANCEL, row[0], size=size)
            row[1] -= size
            self.rows = [each for each in self.rows if each[1]]

    def modify(self, which: int, size: int) -> None:
        if self.real():
            row = self.real()[which % len(self.real())]
            self.send(K.ORDER_MODIFY, row[0], price=100, size=size)
            if size > row[1]:
                self.rows.remove(row)
                self.rows.append(row)
            row[1] = size

    def sell(self, size: int, _: int) -> None:
        """What the market sold without us; ours would have met what reached it."""
        behind, met = False, 0
        for row in list(self.rows):
            if row[0] == OURS:
                behind = True
                continue
            part = min(size, row[1])
            if part:
                self.send(K.ORDER_EXECUTE, row[0], price=NO_PRICE, size=part)
                row[1] -= part
                size -= part
                met += part if behind else 0
        for row in self.rows:
            if row[0] == OURS:
                row[1] -= min(met, row[1])
        self.rows = [each for each in self.rows if each[1]]

    def check(self, quantity: int) -> None:
        assert self.ours is not None
        order = self.venue.order(self.ours)
        left = next((row[1] for row in self.rows if row[0] == OURS), 0)
        assert order["leaves"] == left
        assert order["filled"] == quantity - left
        if left:
            place = [row[0] for row in self.rows].index(OURS)
            assert order["ahead"] == sum(row[1] for row in self.rows[:place])


@given(steps, steps, st.integers(1, 12))
def test_rule_34_exact_equals_a_queue_we_stand_in(
    before: list[Any], after: list[Any], quantity: int
) -> None:
    queue = Queue()
    for what, *rest in before:
        getattr(queue, what)(*rest)
    queue.join(quantity)
    for what, *rest in after:
        getattr(queue, what)(*rest)
        queue.check(quantity)
