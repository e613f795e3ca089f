"""The lock-free ring: fixed-size records from one thread to one other.

One int64, the address, is the ring. Its block holds what never changes, then the
producer's words, then the consumer's, 128 bytes apart (x86 fetches cache lines in
pairs), then the slots, a power of two of them. `TAIL` counts records ever published,
`HEAD` those ever released; both wrap around at 2**63 and only their difference counts.
Each side keeps the other's index as it saw it last, and looks again only when that says
full, or empty: so the two cores seldom touch the same line.

The producer never overwrites an unread slot: it finds the ring full, drops, and counts
what it dropped. A *conflated* ring is one whose reader takes the newest record.

Kernels (inlined into the caller): the producer calls `ring_claim`, fills the slot,
calls `ring_publish`, or `ring_push` for all of it; the consumer calls `ring_front`,
then `ring_release`. For batches: `ring_room` and `ring_slot`, `ring_waiting` and
`ring_record`, then one publish or release of `count`. Exactly one thread may produce,
and exactly one consume.
"""

import mmap
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.engine.atomics import load_acquire, store_release
from app.engine.compile import entry, kernel
from app.engine.memory import copy_bytes, words
from app.errors import EngineError

RECORD_BYTES, SLOT_BYTES, CAPACITY, MASK, SLOTS = range(5)
"""Words that never change: record and slot sizes, slots, slots - 1, first address."""
TAIL, SEEN_HEAD, DROPPED = 16, 17, 18
"""The producer's words: records published, `HEAD` as seen last, records dropped."""
HEAD, SEEN_TAIL = 32, 33
"""The consumer's words: records released, `TAIL` as seen last."""
HEADER_WORDS: Final = 48
_HEADER_BYTES: Final = 8 * HEADER_WORDS
_LINE: Final = 64
_POPULATE: Final = getattr(mmap, "MAP_POPULATE", 0)


@kernel
def _slot(header: Any, index: int) -> int:
    return int(header[SLOTS] + (index & header[MASK]) * header[SLOT_BYTES])


@kernel
def copy_record(target: int, source: int, length: int) -> None:
    """Copy a record; the usual lengths are constants, which compile to a few moves."""
    if length == 64:
        copy_bytes(target, source, 64)
    elif length == 128:
        copy_bytes(target, source, 128)
    else:
        copy_bytes(target, source, length)


@kernel
def ring_room(ring: int, wanted: int) -> int:
    """Producer: free slots; exact only where fewer than `wanted` are known."""
    header = words(ring, HEADER_WORDS)
    room = header[CAPACITY] - (header[TAIL] - header[SEEN_HEAD])
    if room < wanted:
        header[SEEN_HEAD] = load_acquire(ring + 8 * HEAD)
        room = header[CAPACITY] - (header[TAIL] - header[SEEN_HEAD])
    return int(room)


@kernel
def ring_slot(ring: int, ahead: int) -> int:
    """Producer: address of the free slot `ahead` places after the next."""
    header = words(ring, HEADER_WORDS)
    return _slot(header, header[TAIL] + ahead)


@kernel
def ring_claim(ring: int) -> int:
    """Producer: address of the next free slot; 0 if the ring is full."""
    if ring_room(ring, 1) == 0:
        return 0
    return ring_slot(ring, 0)


@kernel
def ring_publish(ring: int, count: int = 1) -> None:
    """Producer: hand over the next `count` claimed slots."""
    store_release(ring + 8 * TAIL, words(ring, HEADER_WORDS)[TAIL] + count)


@kernel
def ring_drop(ring: int, count: int = 1) -> None:
    """Producer: count records that found no room."""
    words(ring, HEADER_WORDS)[DROPPED] += count


@kernel
def ring_push(ring: int, source: int) -> bool:
    """Producer: copy the record at `source` in; False, counted, if the ring is full."""
    slot = ring_claim(ring)
    if slot == 0:
        ring_drop(ring)
        return False
    copy_record(slot, source, words(ring, HEADER_WORDS)[RECORD_BYTES])
    ring_publish(ring)
    return True


@kernel
def ring_waiting(ring: int, wanted: int) -> int:
    """Consumer: unread records; exact only where fewer than `wanted` are known."""
    header = words(ring, HEADER_WORDS)
    waiting = header[SEEN_TAIL] - header[HEAD]
    if waiting < wanted:
        header[SEEN_TAIL] = load_acquire(ring + 8 * TAIL)
        waiting = header[SEEN_TAIL] - header[HEAD]
    return int(waiting)


@kernel
def ring_record(ring: int, ahead: int) -> int:
    """Consumer: address of the unread record `ahead` places after the oldest."""
    header = words(ring, HEADER_WORDS)
    return _slot(header, header[HEAD] + ahead)


@kernel
def ring_front(ring: int) -> int:
    """Consumer: address of the oldest unread record; 0 if there is none."""
    if ring_waiting(ring, 1) == 0:
        return 0
    return ring_record(ring, 0)


@kernel
def ring_release(ring: int, count: int = 1) -> None:
    """Consumer: give back the oldest `count` slots, which it may no longer read."""
    store_release(ring + 8 * HEAD, words(ring, HEADER_WORDS)[HEAD] + count)


@kernel
def ring_fill(ring: int) -> int:
    """Any thread: records published and not yet released, as of a moment ago."""
    head = load_acquire(ring + 8 * HEAD)
    fill = load_acquire(ring + 8 * TAIL) - head
    return int(min(fill, words(ring, HEADER_WORDS)[CAPACITY]))


@entry
def ring_push_entry(ring: int, source: int, count: int) -> int:
    """Copy `count` contiguous records in, publish once; the number that found room."""
    header = words(ring, HEADER_WORDS)
    accepted = min(count, ring_room(ring, count))
    for i in range(accepted):
        record = source + i * header[RECORD_BYTES]
        copy_record(ring_slot(ring, i), record, header[RECORD_BYTES])
    ring_publish(ring, accepted)
    ring_drop(ring, count - accepted)
    return accepted


@entry
def ring_drain_entry(ring: int, target: int, limit: int) -> int:
    """Copy the oldest records, at most `limit`, to `target`; the number copied."""
    header = words(ring, HEADER_WORDS)
    taken = min(limit, ring_waiting(ring, limit))
    for i in range(taken):
        place = target + i * header[RECORD_BYTES]
        copy_record(place, ring_record(ring, i), header[RECORD_BYTES])
    ring_release(ring, taken)
    return taken


@entry
def ring_newest_entry(ring: int, target: int, _unused: int) -> int:
    """Copy the newest record to `target` and skip the older; 0 if there is none."""
    header = words(ring, HEADER_WORDS)
    waiting = ring_waiting(ring, header[CAPACITY] + 1)
    if waiting == 0:
        return 0
    # The writer cannot be in this slot: it is unread until the release below.
    newest = ring_record(ring, waiting - 1)
    copy_record(target, newest, header[RECORD_BYTES])
    ring_release(ring, waiting)
    return 1


class Ring:
    """A ring of records of one dtype, with what Python needs of it.

    Python may be the producer or the consumer, on any one thread; the GIL is not held
    while records are copied. The memory lives as long as this object.

    Parameters
    ----------
    dtype : np.dtype
        Type of a record; its size is a multiple of 8 bytes.
    capacity : int
        Slots, a power of two.
    first_index : int
        Where both indices start; tests put it near 2**63.

    Attributes
    ----------
    address : int
        What kernels take.
    """

    def __init__(
        self, dtype: npt.DTypeLike, capacity: int, *, first_index: int = 0
    ) -> None:
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self.capacity = capacity
        if capacity < 1 or capacity & (capacity - 1):
            raise EngineError(f"a ring's capacity is a power of two, was {capacity}")
        if self.dtype.itemsize % 8 or not self.dtype.itemsize:
            raise EngineError(
                f"a record takes a multiple of 8 bytes, was {self.dtype.itemsize}"
            )
        slot_bytes = -(-self.dtype.itemsize // _LINE) * _LINE
        # Populated now, so that no first lap pays for page faults.
        self._map = mmap.mmap(
            -1,
            _HEADER_BYTES + slot_bytes * capacity,
            flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _POPULATE,
        )
        self._header = np.frombuffer(self._map, np.int64, HEADER_WORDS)
        self.address = int(self._header.ctypes.data)
        self._header[[RECORD_BYTES, SLOT_BYTES]] = self.dtype.itemsize, slot_bytes
        self._header[[CAPACITY, MASK]] = capacity, capacity - 1
        self._header[SLOTS] = self.address + _HEADER_BYTES
        self._header[[TAIL, HEAD, SEEN_HEAD, SEEN_TAIL]] = first_index

    def push(self, records: npt.NDArray[Any]) -> int:
        """Producer: append records; the number that found room, the rest is dropped.

        Parameters
        ----------
        records : (n,) array of `dtype`
        """
        if records.dtype != self.dtype:
            raise EngineError(f"this ring holds {self.dtype}, not {records.dtype}")
        source = np.ascontiguousarray(records)
        return ring_push_entry(self.address, source.ctypes.data, source.size)

    def drain(self, limit: int | None = None) -> npt.NDArray[Any]:
        """Consumer: take the oldest records, at most `limit`, as a new array."""
        count = self.fill if limit is None else min(limit, self.fill)
        records = np.empty(count, self.dtype)
        taken = ring_drain_entry(self.address, records.ctypes.data, count)
        return records[:taken]

    def newest(self) -> Any:
        """Consumer of a conflated ring: the newest record, or None."""
        record = np.empty(1, self.dtype)
        if not ring_newest_entry(self.address, record.ctypes.data, 0):
            return None
        return record[0]

    @property
    def fill(self) -> int:
        """Records that wait, as of a moment ago."""
        head = int(self._header[HEAD])
        return min((int(self._header[TAIL]) - head) & (2**64 - 1), self.capacity)

    @property
    def dropped(self) -> int:
        """Records that found no room since the start."""
        return int(self._header[DROPPED])
