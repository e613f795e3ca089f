"""The ring: two threads, a stalled reader, a full ring, wrap-around, overflow."""

import threading
from collections import deque

import numpy as np
import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from app.engine.atomics import load_acquire, pause, store_release
from app.engine.compile import entry
from app.engine.memory import words
from app.engine.records import COMMAND, MARKET
from app.engine.ring import (
    DROPPED,
    HEAD,
    HEADER_WORDS,
    RECORD_BYTES,
    SEEN_HEAD,
    SEEN_TAIL,
    TAIL,
    Ring,
    ring_claim,
    ring_fill,
    ring_front,
    ring_publish,
    ring_push,
    ring_record,
    ring_release,
    ring_room,
    ring_slot,
    ring_waiting,
)
from app.errors import EngineError

NUMBERED = np.dtype([("words", "<i8", 8)])
ODD = np.dtype([("words", "<i8", 11)])  # 88 bytes: neither a line nor two
OVERFLOW = 2**63 - 5


def numbered(first, count, dtype=NUMBERED):
    records = np.zeros(count, dtype)
    records["words"] = np.arange(first, first + count)[:, None]
    return records


def numbers(records):
    words = records["words"]
    assert np.array_equal(words, np.broadcast_to(words[:, :1], words.shape))
    return words[:, 0].tolist()


# The kernels, as entries, so that tests may call them one by one.


@entry
def claim_entry(ring: int, _b: int, _c: int) -> int:
    return ring_claim(ring)


@entry
def publish_entry(ring: int, count: int, _c: int) -> int:
    ring_publish(ring, count)
    return count


@entry
def push_entry(ring: int, source: int, _c: int) -> int:
    return ring_push(ring, source)


@entry
def front_entry(ring: int, _b: int, _c: int) -> int:
    return ring_front(ring)


@entry
def release_entry(ring: int, count: int, _c: int) -> int:
    ring_release(ring, count)
    return count


@entry
def fill_entry(ring: int, _b: int, _c: int) -> int:
    return ring_fill(ring)


@entry
def write_records(ring: int, count: int, _c: int) -> int:
    """Write records in place, one by one; wait while the ring is full."""
    for number in range(count):
        slot = ring_claim(ring)
        while slot == 0:
            pause()
            slot = ring_claim(ring)
        record = words(slot, 8)
        for i in range(8):
            record[i] = number
        ring_publish(ring)
    return count


@entry
def read_records(ring: int, count: int, _c: int) -> int:
    """Read records one by one; the first that is wrong, else `count`."""
    for number in range(count):
        place = ring_front(ring)
        while place == 0:
            pause()
            place = ring_front(ring)
        record = words(place, 8)
        for i in range(8):
            if record[i] != number:
                return number
        ring_release(ring)
    return count


@entry
def write_batches(ring: int, count: int, _c: int) -> int:
    """Write records in batches of changing length, one publish for each."""
    number = 0
    length = 1
    while number < count:
        wanted = min(length, count - number)
        room = min(wanted, ring_room(ring, wanted))
        for ahead in range(room):
            record = words(ring_slot(ring, ahead), 8)
            for i in range(8):
                record[i] = number + ahead
        if room:
            ring_publish(ring, room)
        else:
            pause()
        number += room
        length = length % 37 + 1
    return count


@entry
def read_batches(ring: int, count: int, _c: int) -> int:
    """Read what waits, one release for each batch; the first wrong, else `count`."""
    number = 0
    while number < count:
        waiting = ring_waiting(ring, 29)
        for ahead in range(waiting):
            record = words(ring_record(ring, ahead), 8)
            for i in range(8):
                if record[i] != number + ahead:
                    return number + ahead
        if waiting:
            ring_release(ring, waiting)
        else:
            pause()
        number += waiting
    return count


@entry
def write_and_drop(ring: int, count: int, source: int) -> int:
    """Push records without waiting; how many found room."""
    accepted = 0
    record = words(source, 8)
    for number in range(count):
        for i in range(8):
            record[i] = number
        accepted += ring_push(ring, source)
    return accepted


@entry
def write_until(ring: int, stop: int, source: int) -> int:
    """Push records without waiting until told to stop; how many were tried."""
    record = words(source, 8)
    number = 0
    while not load_acquire(stop):
        for i in range(8):
            record[i] = number
        ring_push(ring, source)
        number += 1
    return number


@entry
def read_rising(ring: int, stop: int, _c: int) -> int:
    """Read until told to stop and empty; the records read, or -1 at a wrong one."""
    latest, count = -1, 0
    while True:
        ended = load_acquire(stop)
        place = ring_front(ring)
        if place == 0:
            if ended:
                return count
            pause()
            continue
        record = words(place, 8)
        for i in range(8):
            if record[i] != record[0]:
                return -1
        if record[0] <= latest:
            return -1
        latest = record[0]
        ring_release(ring)
        count += 1


@entry
def set_cell(address: int, value: int, _c: int) -> int:
    store_release(address, value)
    return value


def beside(function, *args):
    """Start a native function on a thread; what to call for its result."""
    result = []
    thread = threading.Thread(target=lambda: result.append(function(*args)))
    thread.start()

    def joined():
        thread.join()
        return result[0]

    return joined


def test_records_come_out_as_they_went_in():
    ring = Ring(NUMBERED, 8)

    assert ring.push(numbered(0, 5)) == 5

    assert ring.fill == 5
    assert numbers(ring.drain()) == [0, 1, 2, 3, 4]
    assert ring.fill == 0
    assert numbers(ring.drain()) == []


def test_a_full_ring_drops_the_rest_counts_it_and_overwrites_nothing():
    ring = Ring(NUMBERED, 8)

    assert ring.push(numbered(0, 11)) == 8
    assert ring.push(numbered(11, 2)) == 0

    assert (ring.fill, ring.dropped) == (8, 5)
    assert numbers(ring.drain()) == list(range(8))
    assert ring.push(numbered(20, 1)) == 1


def test_a_stalled_reader_stops_the_writer_at_capacity():
    ring = Ring(NUMBERED, 64)
    source = numbered(0, 1)

    accepted = write_and_drop(ring.address, 1000, source.ctypes.data)

    assert (accepted, ring.fill, ring.dropped) == (64, 64, 936)
    assert numbers(ring.drain()) == list(range(64))


def test_slots_are_used_again_in_order():
    ring = Ring(NUMBERED, 4)
    seen: list[int] = []

    for first in range(0, 300, 3):
        assert ring.push(numbered(first, 3)) == 3
        seen += numbers(ring.drain())

    assert seen == list(range(300))
    assert ring.dropped == 0


@pytest.mark.parametrize("dtype", [NUMBERED, ODD, np.dtype([("words", "<i8", 1)])])
def test_records_of_any_length_keep_apart(dtype):
    ring = Ring(dtype, 4)

    ring.push(numbered(0, 4, dtype))
    first = numbers(ring.drain(2))
    ring.push(numbered(4, 2, dtype))

    assert first + numbers(ring.drain()) == list(range(6))


def test_a_ring_of_one_slot_works():
    ring = Ring(NUMBERED, 1)

    for number in range(5):
        assert ring.push(numbered(number, 2)) == 1
        assert numbers(ring.drain()) == [number]
    assert ring.dropped == 5


@pytest.mark.parametrize("first", [OVERFLOW, -3, 2**63 - 1, -(2**63)])
def test_indices_may_overflow(first):
    ring = Ring(NUMBERED, 4, first_index=first)
    seen: list[int] = []

    for number in range(0, 30, 2):
        assert ring.push(numbered(number, 2)) == 2
        assert ring.fill == 2 == fill_entry(ring.address)
        seen += numbers(ring.drain())
    assert ring.push(numbered(30, 5)) == 4

    assert seen == list(range(30))
    assert (ring.fill, ring.dropped) == (4, 1)
    tail = int(ring._header[TAIL])
    assert (tail - first) % 2**64 == 34


def test_an_index_that_overflows_becomes_negative():
    """That the test above does cross the edge."""
    ring = Ring(NUMBERED, 4, first_index=2**63 - 2)

    ring.push(numbered(0, 3))

    assert ring._header[TAIL] == -(2**63) + 1
    assert ring._header[HEAD] == 2**63 - 2


def test_newest_skips_what_is_older():
    ring = Ring(NUMBERED, 4)
    assert ring.newest() is None

    ring.push(numbered(0, 3))

    assert ring.newest()["words"][0] == 2
    assert (ring.newest(), ring.fill) == (None, 0)
    ring.push(numbered(3, 9))
    assert ring.newest()["words"][7] == 6
    assert ring.dropped == 5


def test_newest_is_a_copy():
    ring = Ring(NUMBERED, 2)
    ring.push(numbered(7, 1))
    record = ring.newest()

    ring.push(numbered(8, 2))

    assert record["words"].tolist() == [7] * 8


def test_drain_takes_at_most_its_limit():
    ring = Ring(NUMBERED, 8)
    ring.push(numbered(0, 6))

    assert numbers(ring.drain(0)) == []
    assert numbers(ring.drain(4)) == [0, 1, 2, 3]
    assert numbers(ring.drain(100)) == [4, 5]


def test_a_push_of_nothing_changes_nothing():
    ring = Ring(NUMBERED, 2)

    assert ring.push(numbered(0, 0)) == 0

    assert (ring.fill, ring.dropped) == (0, 0)


def test_records_that_lie_apart_are_pushed_as_they_are():
    ring = Ring(NUMBERED, 8)

    ring.push(numbered(0, 8)[::2])

    assert numbers(ring.drain()) == [0, 2, 4, 6]


def test_a_ring_refuses_records_of_another_type():
    with pytest.raises(EngineError, match="holds"):
        Ring(MARKET, 4).push(np.zeros(1, COMMAND))


@pytest.mark.parametrize("capacity", [0, -4, 3, 12])
def test_a_capacity_that_is_no_power_of_two_is_refused(capacity):
    with pytest.raises(EngineError, match=f"was {capacity}"):
        Ring(NUMBERED, capacity)


@pytest.mark.parametrize("length", [0, 4, 12])
def test_records_that_are_no_words_are_refused(length):
    with pytest.raises(EngineError, match=f"was {length}"):
        Ring(np.dtype((np.void, length)), 4)


def test_the_two_sides_words_are_two_cache_lines_apart():
    producer, consumer = {TAIL, SEEN_HEAD, DROPPED}, {HEAD, SEEN_TAIL}

    ring = Ring(NUMBERED, 4)

    assert ring.address % 128 == 0
    assert (ring.address + 8 * HEADER_WORDS) % 128 == 0
    assert RECORD_BYTES * 8 // 128 == 0
    assert {index * 8 // 128 for index in producer} == {1}
    assert {index * 8 // 128 for index in consumer} == {2}


def test_a_claimed_slot_is_not_seen_before_it_is_published():
    ring = Ring(NUMBERED, 2)

    slot = claim_entry(ring.address)

    assert slot % 64 == 0
    assert claim_entry(ring.address) == slot
    assert front_entry(ring.address) == 0
    publish_entry(ring.address, 1)
    assert front_entry(ring.address) == slot
    assert front_entry(ring.address) == slot
    release_entry(ring.address, 1)
    assert front_entry(ring.address) == 0


class RingMachine(RuleBasedStateMachine):
    """The ring beside a deque with a limit, any order of calls on one thread."""

    @initialize(
        capacity=st.sampled_from([1, 2, 4, 16]),
        first=st.sampled_from([0, OVERFLOW, -7, 2**63 - 1]),
        dtype=st.sampled_from([NUMBERED, ODD]),
    )
    def make(self, capacity, first, dtype):
        self.ring = Ring(dtype, capacity, first_index=first)
        self.queue: deque[int] = deque()
        self.next = self.dropped = 0

    def added(self, count):
        accepted = min(count, self.ring.capacity - len(self.queue))
        self.queue.extend(range(self.next, self.next + accepted))
        self.next += count
        self.dropped += count - accepted
        return accepted

    @rule(count=st.integers(0, 20))
    def push(self, count):
        records = numbered(self.next, count, self.ring.dtype)
        assert self.ring.push(records) == self.added(count)

    @rule()
    def push_one(self):
        record = numbered(self.next, 1, self.ring.dtype)
        accepted = push_entry(self.ring.address, record.ctypes.data)
        assert accepted == self.added(1)

    @rule(limit=st.integers(0, 20))
    def drain(self, limit):
        wanted = [self.queue.popleft() for _ in range(min(limit, len(self.queue)))]
        assert numbers(self.ring.drain(limit)) == wanted

    @rule()
    def newest(self):
        record = self.ring.newest()
        if self.queue:
            assert record["words"][0] == self.queue.pop()
        else:
            assert record is None
        self.queue.clear()

    @rule()
    def claim(self):
        slot = claim_entry(self.ring.address)
        assert bool(slot) == (len(self.queue) < self.ring.capacity)

    @rule()
    def front(self):
        place = front_entry(self.ring.address)
        assert bool(place) == bool(self.queue)

    @invariant()
    def counts(self):
        assert self.ring.fill == fill_entry(self.ring.address) == len(self.queue)
        assert self.ring.dropped == self.dropped


TestRingMachine = RingMachine.TestCase
TestRingMachine.settings = settings(max_examples=60, stateful_step_count=40)


@pytest.mark.threads
@pytest.mark.parametrize("first", [0, OVERFLOW])
@pytest.mark.parametrize("capacity", [1, 16, 4096])
def test_two_threads_pass_records_in_order(capacity, first):
    count = 3_000_000 if capacity > 16 else 300_000
    ring = Ring(NUMBERED, capacity, first_index=first)

    written = beside(write_records, ring.address, count)
    read = read_records(ring.address, count)

    assert (read, written()) == (count, count)
    assert (ring.fill, ring.dropped) == (0, 0)


@pytest.mark.threads
@pytest.mark.parametrize("capacity", [8, 1024])
def test_two_threads_pass_batches_in_order(capacity):
    count = 3_000_000 if capacity > 8 else 300_000
    ring = Ring(NUMBERED, capacity, first_index=OVERFLOW)

    written = beside(write_batches, ring.address, count)
    read = read_batches(ring.address, count)

    assert (read, written()) == (count, count)


@pytest.mark.threads
def test_what_is_dropped_and_what_is_read_add_up():
    count = 3_000_000
    ring = Ring(NUMBERED, 64)
    stop = np.zeros(1, np.int64)
    source = numbered(0, 1)

    read = beside(read_rising, ring.address, stop.ctypes.data)
    accepted = write_and_drop(ring.address, count, source.ctypes.data)
    set_cell(stop.ctypes.data, 1)

    assert read() == accepted
    assert accepted + ring.dropped == count
    assert accepted >= 64


@pytest.mark.threads
def test_a_native_writer_and_a_reader_in_python_agree():
    count = 500_000
    ring = Ring(NUMBERED, 256)
    seen: list[int] = []

    written = beside(write_batches, ring.address, count)
    while len(seen) < count:
        seen += numbers(ring.drain())

    assert written() == count
    assert seen == list(range(count))


@pytest.mark.threads
def test_the_newest_record_is_never_torn_and_never_older():
    ring = Ring(NUMBERED, 4)
    source, stop = numbered(0, 1), np.zeros(1, np.int64)
    seen: list[list[int]] = []

    written = beside(write_until, ring.address, stop.ctypes.data, source.ctypes.data)
    while len(seen) < 10_000:
        record = ring.newest()
        if record is not None:
            seen.append(record["words"].tolist())
    set_cell(stop.ctypes.data, 1)

    assert written() == int(ring._header[TAIL]) + ring.dropped
    assert all(len(set(record)) == 1 for record in seen)
    order = [record[0] for record in seen]
    assert order == sorted(set(order))
