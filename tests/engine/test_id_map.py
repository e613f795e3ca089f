"""The identifier map beside a dict: chains, growth, keys of any shape."""

import numpy as np
import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from app.engine.arena import Arena, Section, give, section, take
from app.engine.compile import entry
from app.engine.id_map import BUCKET, FIRST_BUCKETS, id_map

RECORD = np.dtype([("link", "<i8"), ("id", "<i8"), ("chain", "<i4"), ("unused", "<i4")])
POOL, BUCKETS = Section.ORDERS, Section.ORDER_BUCKETS

records = section(POOL, RECORD)
find, link, unlink = id_map(BUCKETS, POOL, records, "id")


@entry
def add(arena: int, key: int, _c: int) -> int:
    """Take a record for a key; 0 if the pool is full."""
    index = take(arena, POOL)
    if index:
        records(arena)[index]["id"] = key
        link(arena, index)
    return index


@entry
def remove(arena: int, index: int, _c: int) -> int:
    unlink(arena, index)
    give(arena, POOL, index)
    return 0


@entry
def look_up(arena: int, key: int, _c: int) -> int:
    return find(arena, key)


def make(buckets, pool=5000):
    return Arena({BUCKETS: (BUCKET, buckets), POOL: (RECORD, pool)})


def bucket_count(arena):
    return int(arena.records(BUCKETS)[0])


# Keys that meet in one bucket, neighbours, extremes.
KEYS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 20),
    st.integers(0, 20).map(lambda n: n << 40),
    st.integers(0, 20).map(lambda n: n << 58),
    st.sampled_from([-(2**63), 2**63 - 1, -1, 0]),
)


class MapMachine(RuleBasedStateMachine):
    """The map beside a dict. Few buckets, so that chains grow long."""

    @initialize(buckets=st.sampled_from([2, 3, 5, 9, 33, 3000]))
    def make(self, buckets):
        self.arena = make(buckets, pool=60)
        self.known = {}

    @rule(key=KEYS)
    def add(self, key):
        if key in self.known:
            return
        index = add(self.arena.address, key)
        assert bool(index) == (len(self.known) < 59)
        if index:
            self.known[key] = index

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def remove(self, data):
        key = data.draw(st.sampled_from(sorted(self.known)))
        remove(self.arena.address, self.known.pop(key))

    @rule(key=KEYS)
    def look_up(self, key):
        assert look_up(self.arena.address, key) == self.known.get(key, 0)

    @invariant()
    def all_are_found(self):
        for key, index in self.known.items():
            assert look_up(self.arena.address, key) == index


TestMap = MapMachine.TestCase
TestMap.settings = settings(max_examples=60, stateful_step_count=80)


def test_an_empty_map_finds_nothing():
    assert look_up(make(100).address, 5) == 0


def test_the_table_doubles_up_to_its_section():
    arena = make(buckets=4097, pool=6000)
    seen = set()

    for key in range(5999):
        assert add(arena.address, key) == key + 1
        seen.add(bucket_count(arena))

    assert seen == {1024, 2048, 4096}
    assert arena.used(BUCKETS) == 4097
    for key in range(5999):
        assert look_up(arena.address, key) == key + 1
    assert look_up(arena.address, 5999) == 0


@pytest.mark.parametrize(
    ("room", "count"), [(2, 1), (3, 2), (4, 2), (5, 4), (1024, 512), (1025, 1024)]
)
def test_the_table_never_passes_its_section(room, count):
    arena = make(buckets=room, pool=3000)
    beyond = arena.records(POOL)[0].copy()

    for key in range(2999):
        add(arena.address, key * 7919)

    assert bucket_count(arena) == count <= FIRST_BUCKETS
    assert arena.used(BUCKETS) == count + 1
    assert arena.records(POOL)[0] == beyond
    assert all(look_up(arena.address, key * 7919) for key in range(2999))


def test_orders_that_come_and_go_do_not_grow_the_table():
    arena = make(buckets=100_000)

    for key in range(20_000):
        index = add(arena.address, key)
        assert index == 1
        remove(arena.address, index)

    assert bucket_count(arena) == FIRST_BUCKETS


def test_consecutive_keys_spread_over_the_buckets():
    arena = make(buckets=2000)

    for key in range(1_000_000, 1_000_000 + 1024):
        add(arena.address, key)

    heads = arena.records(BUCKETS)[1 : FIRST_BUCKETS + 1]
    assert np.count_nonzero(heads) > FIRST_BUCKETS // 2


def test_a_map_is_the_same_in_a_copy_of_the_arena():
    arena, twin = make(50), make(50)
    for key in (5, -5, 2**62):
        add(arena.address, key)

    twin.bytes[:] = arena.bytes

    assert [look_up(twin.address, key) for key in (5, -5, 2**62, 6)] == [1, 2, 3, 0]
