"""The arena: all state of an engine, in one block of memory.

An arena is a header and a list of *sections*; a section is an array of records of one
type, used from the front. State holds indices, never addresses, so a copy of the used
bytes is a snapshot and copying them back restores it, byte for byte.

Memory is reserved, not taken: a section's capacity is address space, and a page costs
nothing until it is first written. So pools need not grow; a pool that is full at its
capacity refuses, with a reason.

Kernels take the arena's address and lay views over it with an accessor made by
`section`. Records of a pool are taken and given back with the kernels of `pool`.
"""

import ctypes
import mmap
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, Final

import numpy as np

from app.engine.compile import BOUNDSCHECK, inlined, kernel
from app.engine.memory import view, words
from app.errors import EngineError

HEADER_BYTES: Final = 8192
MAGIC: Final = 0x52494E4753494445  # "RINGSIDE"
_MAGIC, _TOTAL, _SECTIONS = 0, 1, 2
_FIRST: Final = 16
_STRIDE: Final = 8
OFFSET, CAPACITY, ITEM_BYTES, USED, FREE, LIVE = range(6)
"""Words of a section's entry in the header."""
_ALIGNMENT: Final = 4096
MAX_SECTIONS: Final = 64


class Section(IntEnum):
    """What an arena may hold; each room documents its own records."""

    ENGINE = 0  # kernel.ENGINE: one record, the session's counters and clock
    INSTRUMENTS = 1  # instruments.INSTRUMENT: static data, one per instrument
    TICK_BANDS = 2  # instruments.TICK_BAND
    # price_index
    INDEX_NODES = 3
    # matching engine (own exchange)
    MATCH_BOOKS = 4
    MATCH_LEVELS = 5
    MATCH_ORDERS = 6
    MATCH_LINKS = 7
    MATCH_REPORTS = 8
    MATCHING = 9
    MATCH_MARKET = 14
    MATCH_POSITIONS = 15
    # orders that wait for a price, a time or one another, at either venue
    CONDITIONAL = 16
    CONDITIONS = 17
    CONDITION_MARKETS = 18
    CONDITION_LEVELS = 28
    CONDITION_STEPS = 34
    CONDITION_GROUPS = 54
    CONDITION_BUCKETS = 55
    # calendars
    SCHEDULES = 56
    SESSIONS = 57
    TIMERS = 58
    # bars, accounts
    BARS = 59
    UNSETTLED = 60
    IMPACTS = 61
    # market book
    BOOKS = 10
    BOOK_LEVELS = 11
    BOOK_ORDERS = 12
    BOOK_BUCKETS = 13
    # orders of our own, risk, accounts
    ORDERS = 20
    ORDER_BUCKETS = 21
    RISK = 22
    RISK_LIMITS = 23
    RECENT_ORDERS = 24
    POSITIONS = 25
    ACCOUNTS = 26
    WORKING = 27
    GATE_REPORTS = 29  # risk_state: the report the gate is writing
    RISK_CHECK = 19  # risk_state: the order that is being checked
    # simulated venue
    VENUE = 30
    VENUE_ORDERS = 31
    PENDING = 32
    VENUE_LEVELS = 33
    VENUE_MODELS = 35
    EXTERNAL_VENUE = 36  # venue.external: one REPORT
    VENUE_INSTRUMENTS = 37
    VENUE_LATENCIES = 38
    # strategies
    STRATEGIES = 40
    STRATEGY_STATE = 41
    REQUESTS = 42
    # built-in exchange
    AGENTS = 50
    EXCHANGE = 51
    AGENT_ORDERS = 52
    EXCHANGE_COMMAND = 53
    # market history, in an arena of the view thread's own
    HISTORY_HEAD = 43
    HISTORY_TRACKS = 44
    HISTORY_PRICES = 45


class Arena:
    """One block of reserved memory, laid out by section.

    Parameters
    ----------
    layout : mapping of Section to (dtype, capacity)
        Capacity counts records, record 0 included, which pools leave unused.
    """

    def __init__(self, layout: Mapping[Section, tuple[np.dtype[Any], int]]) -> None:
        self.layout = dict(sorted(layout.items()))
        offsets, total = self._offsets()
        self._map = mmap.mmap(
            -1,
            total,
            flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NORESERVE,
        )
        self.bytes = np.frombuffer(self._map, dtype=np.uint8)
        self.address = int(self.bytes.ctypes.data)
        header = self.header
        header[_MAGIC], header[_TOTAL], header[_SECTIONS] = MAGIC, total, len(layout)
        for section, (dtype, capacity) in self.layout.items():
            start = _FIRST + _STRIDE * section
            header[start : start + _STRIDE] = 0
            header[start + OFFSET] = offsets[section]
            header[start + CAPACITY] = capacity
            header[start + ITEM_BYTES] = dtype.itemsize
            header[start + USED] = 1

    def _offsets(self) -> tuple[dict[Section, int], int]:
        offsets, total = {}, HEADER_BYTES
        for section, (dtype, capacity) in self.layout.items():
            if capacity < 1:
                raise EngineError(
                    f"section {section.name} needs a capacity of 1 or more"
                )
            offsets[section] = total
            size = dtype.itemsize * capacity
            total += -(-size // _ALIGNMENT) * _ALIGNMENT
        return offsets, total

    @property
    def header(self) -> Any:
        """The header's int64 words, writable."""
        return self.bytes[:HEADER_BYTES].view(np.int64)

    def records(self, section: Section) -> Any:
        """All records of a section, writable; mind that kernels may run."""
        dtype, capacity = self.layout[section]
        offset = int(self.header[_FIRST + _STRIDE * section + OFFSET])
        return self.bytes[offset : offset + dtype.itemsize * capacity].view(dtype)

    def used(self, section: Section) -> int:
        """How many records of a section have ever been used, record 0 included."""
        return int(self.header[_FIRST + _STRIDE * section + USED])

    def take(self, section: Section) -> int:
        """Take the next unused record of a section; 0 if it is full."""
        index = self.used(section)
        if index >= self.layout[section][1]:
            return 0
        self.set_used(section, index + 1)
        self.header[_FIRST + _STRIDE * section + LIVE] += 1
        return index

    def set_used(self, section: Section, count: int) -> None:
        """Declare the first `count` records of a section used (for fixed tables)."""
        capacity = self.layout[section][1]
        if not 0 <= count <= capacity:
            raise EngineError(
                f"section {section.name} holds {capacity} records, {count} were asked"
            )
        self.header[_FIRST + _STRIDE * section + USED] = count


_NORESERVE: Final = getattr(mmap, "MAP_NORESERVE", 0x4000)


def section(which: Section, dtype: np.dtype[Any]) -> Callable[[int], Any]:
    """Make the accessor kernel of a section: arena's address to array of records.

    The array is for indexing alone, from 0 on. Its length is 0: numba adds the length
    to a negative index, which takes a load, a product and a comparison each time that a
    record is looked up, and nothing where it adds a constant 0. With bounds checks on
    the length is the section's, and an index below 0 is out of bounds (lean.py).
    """
    start = _FIRST + _STRIDE * int(which)
    length = start + CAPACITY

    @kernel
    def records(arena: int) -> Any:
        header = words(arena, HEADER_BYTES // 8)
        return view(arena + header[start], 0, dtype)

    @kernel
    def checked(arena: int) -> Any:
        header = words(arena, HEADER_BYTES // 8)
        return view(arena + header[start], header[length], dtype)

    return checked if BOUNDSCHECK else records


def record_of(which: Section, dtype: np.dtype[Any]) -> Callable[[int, int], Any]:
    """Make the accessor of one record: arena's address and index to the record.

    Cheaper than indexing the array of `section` where an index is never negative.
    """
    start = _FIRST + _STRIDE * int(which)
    size = dtype.itemsize

    @inlined
    def record(arena: int, index: int) -> Any:
        offset = words(arena, HEADER_BYTES // 8)[start]
        return view(arena + offset + index * size, 1, dtype)[0]

    records = section(which, dtype)

    @kernel
    def checked(arena: int, index: int) -> Any:
        return records(arena)[index]

    return checked if BOUNDSCHECK else record


@kernel
def section_words(arena: int, which: int) -> Any:
    """Words of a section's header entry: see `OFFSET` and its fellows."""
    return words(arena + 8 * (_FIRST + _STRIDE * which), _STRIDE)


@kernel
def take(arena: int, which: int) -> int:
    """Take a record from a pool: the one freed last, else the next unused.

    Returns
    -------
    int
        Its index, from 1; 0 if the pool is full. The record holds old bytes.
    """
    entry = section_words(arena, which)
    index = entry[FREE]
    if index:
        link = words(arena + entry[OFFSET] + index * entry[ITEM_BYTES], 1)
        entry[FREE] = link[0]
    else:
        index = entry[USED]
        if index >= entry[CAPACITY]:
            return 0
        entry[USED] = index + 1
    entry[LIVE] += 1
    return index


@kernel
def give(arena: int, which: int, index: int) -> None:
    """Give a record back to its pool; its first eight bytes become the free link."""
    entry = section_words(arena, which)
    link = words(arena + entry[OFFSET] + index * entry[ITEM_BYTES], 1)
    link[0] = entry[FREE]
    entry[FREE] = index
    entry[LIVE] -= 1


def record_at(address: int, dtype: np.dtype[Any]) -> Any:
    """Record at an address, writable, for Python that is called back from a kernel."""
    memory = (ctypes.c_char * dtype.itemsize).from_address(address)
    return np.frombuffer(memoryview(memory), dtype)[0]
