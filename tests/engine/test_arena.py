"""The arena: layout, sections, pools."""

import numpy as np
import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.engine.arena import (
    CAPACITY,
    FREE,
    HEADER_BYTES,
    ITEM_BYTES,
    LIVE,
    MAGIC,
    OFFSET,
    USED,
    Arena,
    Section,
    give,
    record_at,
    section,
    section_words,
    take,
)
from app.engine.compile import entry
from app.errors import EngineError

RECORD = np.dtype([("key", "<i8"), ("value", "<i4"), ("chain", "<i4")])
ODD = np.dtype([("value", "<i8", 5)])
POOL = Section.ORDERS

records = section(POOL, RECORD)
others = section(Section.POSITIONS, ODD)


@entry
def take_record(arena: int, which: int, _c: int) -> int:
    return take(arena, which)


@entry
def give_record(arena: int, which: int, index: int) -> int:
    give(arena, which, index)
    return 0


@entry
def word_of(arena: int, which: int, word: int) -> int:
    return int(section_words(arena, which)[word])


@entry
def write_all(arena: int, _b: int, _c: int) -> int:
    """Write each record of both sections; how many there are."""
    first, second = records(arena), others(arena)
    counts = (
        section_words(arena, POOL)[CAPACITY],
        section_words(arena, Section.POSITIONS)[CAPACITY],
    )
    for i in range(counts[0]):
        first[i]["key"] = i
        first[i]["value"] = -i
    for i in range(counts[1]):
        second[i]["value"][4] = 1000 + i
    return int(counts[0] + counts[1])


def small(capacity=5):
    return Arena({POOL: (RECORD, capacity), Section.POSITIONS: (ODD, 1000)})


def test_kernels_and_python_see_the_same_records():
    arena = small()

    assert write_all(arena.address) == 1005

    mine = arena.records(POOL)
    assert mine["key"].tolist() == [0, 1, 2, 3, 4]
    assert mine["value"].tolist() == [0, -1, -2, -3, -4]
    assert arena.records(Section.POSITIONS)["value"][:, 4].tolist() == list(
        range(1000, 2000)
    )
    mine["key"][3] = 77
    assert arena.records(POOL)["key"][3] == 77


def test_sections_begin_on_pages_and_do_not_overlap():
    layout = {
        Section(which): (np.dtype([("x", "u1", 7 + which)]), 100 * (which + 1))
        for which in (0, 3, 20, 53)
    }
    arena = Arena(layout)
    end = HEADER_BYTES

    for which, (dtype, capacity) in sorted(layout.items()):
        offset = word_of(arena.address, which, OFFSET)
        assert offset % 4096 == 0
        assert offset >= end
        assert word_of(arena.address, which, ITEM_BYTES) == dtype.itemsize
        assert word_of(arena.address, which, CAPACITY) == capacity
        assert word_of(arena.address, which, USED) == 1
        end = offset + dtype.itemsize * capacity
    assert end <= arena.bytes.size == arena.header[1]
    assert arena.header[0] == MAGIC
    assert arena.address % 4096 == 0


def test_fresh_memory_is_zero():
    arena = small()

    assert not arena.bytes[HEADER_BYTES:].any()


def test_a_large_capacity_costs_no_memory_before_it_is_written():
    arena = Arena({POOL: (RECORD, 1 << 32)})  # 64 GiB of addresses

    arena.records(POOL)[(1 << 32) - 1]["key"] = 5

    assert arena.records(POOL)[-1]["key"] == 5


def test_a_full_pool_gives_none_and_stays_as_it_is():
    arena = small()

    taken = [take_record(arena.address, POOL) for _ in range(7)]

    assert taken == [1, 2, 3, 4, 0, 0, 0]
    assert arena.used(POOL) == 5
    assert word_of(arena.address, POOL, LIVE) == 4
    give_record(arena.address, POOL, 2)
    assert take_record(arena.address, POOL) == 2
    assert take_record(arena.address, POOL) == 0


def test_pools_are_independent():
    arena = small()
    take_record(arena.address, POOL)

    assert take_record(arena.address, Section.POSITIONS) == 1
    assert take_record(arena.address, POOL) == 2


def test_python_takes_from_the_front_too():
    arena = small()

    assert [arena.take(POOL) for _ in range(3)] == [1, 2, 3]
    assert take_record(arena.address, POOL) == 4
    assert arena.take(POOL) == 0
    assert word_of(arena.address, POOL, LIVE) == 4


@pytest.mark.parametrize("count", [-1, 6])
def test_more_than_the_capacity_cannot_be_declared_used(count):
    with pytest.raises(EngineError, match=f"ORDERS holds 5 records, {count}"):
        small().set_used(POOL, count)


def test_a_section_needs_room_for_record_zero():
    with pytest.raises(EngineError, match="ORDERS needs a capacity"):
        Arena({POOL: (RECORD, 0)})


def test_a_record_is_found_by_its_address():
    arena = small()
    arena.records(POOL)[2]["key"] = 9
    address = arena.address + word_of(arena.address, POOL, OFFSET) + 2 * 16

    found = record_at(address, RECORD)
    found["value"] = 4

    assert found["key"] == 9
    assert arena.records(POOL)[2]["value"] == 4


class PoolMachine(RuleBasedStateMachine):
    """A pool beside a plain list of what is free: the last given is taken first."""

    def __init__(self):
        super().__init__()
        self.arena = Arena({POOL: (RECORD, 9), Section.POSITIONS: (ODD, 3)})
        self.free: list[int] = []
        self.unused = 1
        self.held: dict[int, int] = {}
        self.stamp = 0

    @rule()
    def take(self):
        if self.free:
            expected = self.free.pop()
        else:
            expected = self.unused if self.unused < 9 else 0
            self.unused += expected != 0
        assert take_record(self.arena.address, POOL) == expected
        if expected:
            self.stamp += 1
            self.held[expected] = self.stamp
            self.arena.records(POOL)[expected]["key"] = self.stamp

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def give(self, data):
        index = data.draw(st.sampled_from(sorted(self.held)))
        give_record(self.arena.address, POOL, index)
        del self.held[index]
        self.free.append(index)

    @invariant()
    def what_is_held_is_untouched(self):
        mine = self.arena.records(POOL)
        for index, stamp in self.held.items():
            assert mine[index]["key"] == stamp
        assert mine[0]["key"] == 0

    @invariant()
    def counters_agree(self):
        assert word_of(self.arena.address, POOL, LIVE) == len(self.held)
        assert self.arena.used(POOL) == self.unused
        top = self.free[-1] if self.free else 0
        assert word_of(self.arena.address, POOL, FREE) == top


TestPool = PoolMachine.TestCase
TestPool.settings = settings(max_examples=60, stateful_step_count=60)
