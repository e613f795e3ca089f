"""A bench for waiting orders: an arena, its conditions, and the steps lined up."""

from decimal import Decimal
from typing import Any

import numpy as np

from app.engine import instruments as table
from app.engine.arena import Arena, Section
from app.engine.bits import integer
from app.engine.compile import entry
from app.engine.conditional.groups import (
    await_entry,
    end_condition,
    join_group,
    note_fill,
    note_resize,
)
from app.engine.conditional.queues import put_in_queue
from app.engine.conditional.state import (
    Step,
    Wait,
    conditional_layout,
    new_condition,
    open_conditions,
)
from app.engine.conditional.steps import next_step
from app.engine.conditional.times import end_hours, expire_until, hold, watch_time
from app.engine.conditional.triggers import note_price, trailing_stop, watch
from app.engine.memory import words
from app.engine.price_index import NODE
from app.engine.records import GroupRole, Trigger
from app.engine.state import fixed_layout
from app.instrument import Instrument, InstrumentKind

FUTURE = Instrument(
    name="X",
    kind=InstrumentKind.FUTURE,
    venue="TEST",
    currency="USD",
    price_unit=Decimal(1),
)


@entry
def make(arena: int, order: int, side: int) -> int:
    return new_condition(arena, order, integer(0), side)


@entry
def start(arena: int, index: int, _c: int) -> int:
    return watch(arena, index)


@entry
def see(arena: int, address: int, _c: int) -> int:
    trigger, side, price = words(address, 3)
    note_price(arena, integer(0), trigger, side, price)
    return 0


@entry
def distance(arena: int, address: int, _c: int) -> int:
    side, price, trail = words(address, 3)
    return trailing_stop(arena, integer(0), side, price, trail)


@entry
def step(arena: int, address: int, _c: int) -> int:
    target = words(address, 3)
    target[0], target[1], target[2] = next_step(arena)
    return 0


@entry
def expire(arena: int, now: int, _c: int) -> int:
    expire_until(arena, now)
    return 0


@entry
def change_session(arena: int, before: int, after: int) -> int:
    end_hours(arena, integer(0), before, after)
    return 0


@entry
def enter_group(arena: int, index: int, role: int) -> int:
    return join_group(arena, index, integer(0), role)


@entry
def fill(arena: int, index: int, quantity: int) -> int:
    note_fill(arena, index, quantity)
    return 0


@entry
def resize(arena: int, index: int, leaves: int) -> int:
    note_resize(arena, index, leaves)
    return 0


@entry
def finish(arena: int, index: int, _c: int) -> int:
    end_condition(arena, index)
    return 0


@entry
def to_wait(arena: int, index: int, wait: int) -> int:
    if wait == Wait.ENTRY:
        await_entry(arena, index)
    elif wait == Wait.HOURS:
        hold(arena, index)
    else:
        put_in_queue(arena, index, wait)
    return 0


@entry
def note_time(arena: int, index: int, _c: int) -> int:
    watch_time(arena, index)
    return 0


class Desk:
    """Waiting orders of one instrument; order numbers are the caller's."""

    def __init__(self, capacity: int = 64) -> None:
        self.arena = Arena(
            {
                **fixed_layout(1),
                **conditional_layout(1, capacity),
                Section.INDEX_NODES: (NODE, 4096),
            }
        )
        table.load_instruments(self.arena, [FUTURE])
        open_conditions(self.arena, 1)
        self._words = np.zeros(3, np.int64)

    @property
    def rows(self) -> Any:
        return self.arena.records(Section.CONDITIONS)

    def order(self, number: int, side: int, **fields: int) -> int:
        """A condition with these fields; 0 if there is no room."""
        index = make(self.arena.address, number, side)
        for name, value in fields.items():
            self.rows[index][name] = value
        return index

    def stop(self, number: int, side: int, price: int, **fields: int) -> int:
        fields = {"trigger": int(Trigger.LAST), "stop_price": price, **fields}
        index = self.order(number, side, **fields)
        assert start(self.arena.address, index, 0)
        return index

    def member(self, number: int, side: int, role: GroupRole, **fields: int) -> int:
        index = self.order(number, side, group_number=1, **fields)
        assert enter_group(self.arena.address, index, role)
        if role in (GroupRole.BRACKET_TARGET, GroupRole.BRACKET_STOP):
            self.wait(index, Wait.ENTRY)
        return index

    def wait(self, index: int, wait: Wait) -> None:
        to_wait(self.arena.address, index, wait)

    def see(self, price: int, trigger: int = Trigger.LAST) -> None:
        for side in (1, -1):
            self._words[:] = trigger, side, price
            see(self.arena.address, self._words.ctypes.data, 0)

    def trailing(self, side: int, price: int, trail: int) -> int:
        self._words[:] = side, price, trail
        return distance(self.arena.address, self._words.ctypes.data, 0)

    def steps(self) -> list[tuple[Step, int]]:
        """Take out what is lined up: step and order."""
        found: list[tuple[Step, int]] = []
        while True:
            step(self.arena.address, self._words.ctypes.data, 0)
            if self._words[0] == Step.NONE:
                return found
            order = int(self.rows[self._words[1]]["order"])
            found.append((Step(int(self._words[0])), order))

    def expire(self, now: int) -> None:
        expire(self.arena.address, now, 0)

    def watch_time(self, index: int) -> None:
        note_time(self.arena.address, index, 0)

    def session(self, before: int, after: int) -> None:
        change_session(self.arena.address, before, after)

    def fill(self, index: int, quantity: int) -> None:
        fill(self.arena.address, index, quantity)

    def resize(self, index: int, leaves: int) -> None:
        resize(self.arena.address, index, leaves)

    def end(self, index: int) -> None:
        finish(self.arena.address, index, 0)

    def leaves(self, index: int) -> int:
        return int(self.rows[index]["leaves"])
