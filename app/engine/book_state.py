"""What the market book is made of: its records, and why it may be stale.

One BOOK per instrument and data stream holds two sides that share all code; index
`side_index(side)` picks one. A side is a tree from price to level (price_index) and the
levels linked from the best to the worst. In a book kept by order each level also holds
its orders, linked from the front of the queue to the back.

Invariants: a level's size is positive and, by order, the sum of its orders; levels are
linked in strict price order; `best` is the first of them.
"""

from enum import IntEnum
from typing import Any, Final

import numpy as np

from app.engine.arena import Arena, Section, section
from app.engine.compile import kernel
from app.engine.id_map import BUCKET, id_map
from app.engine.price_index import NODE, TREE_FIELDS
from app.engine.records import NO_PRICE
from app.errors import EngineError


class Stale(IntEnum):
    """Why a book may not be trusted; nothing fills while it is not FRESH."""

    FRESH = 0
    NO_SNAPSHOT = 1  # nothing whole has come yet
    GAP = 2  # data were lost; until a snapshot
    CROSSED = 3  # bid above ask in one venue's book; until the first that is not
    SILENT = 4  # nothing came for longer than the feed allows
    DISCONNECTED = 5  # the feed is gone; until a snapshot
    BAD_DATA = 6  # a record that cannot be true; until a snapshot
    POOL_FULL = 7  # no room left for levels or orders; until a snapshot


class Change(IntEnum):
    """Bits of what `apply_record` changed (an IntFlag would not compile)."""

    BID = 1  # the bid side
    ASK = 2  # the ask side
    TOUCH = 4  # best price or size of a side
    TRADE = 8  # the last trade
    STALE = 16  # the stale reason
    SESSION = 32  # the session state
    CLEARED = 64  # both sides were emptied


SIDE: Final = np.dtype(
    [
        *TREE_FIELDS,
        ("best", "<i8"),  # first level; 0 = empty side
        ("levels", "<i8"),  # how many there are
    ],
    align=True,
)
"""One side of a book."""

BOOK: Final = np.dtype(
    [
        ("free", "<i8"),  # the pool's link while unused
        ("sides", SIDE, (2,)),  # bid, ask
        ("instrument", "<i8"),  # whose book it is
        ("consolidated", "<i8"),  # 1: several venues; crossed is normal
        ("sequence", "<i8"),  # counts every change
        ("source_sequence", "<i8"),  # header's sequence of the last record
        ("ts_venue", "<i8"),  # of the last record, ns
        ("ts_received", "<i8"),  # of the last record, ns
        ("stale", "<i8"),  # Stale
        ("session", "<i8"),  # records.SessionState
        ("stale_since", "<i8"),  # received time of the last change of `stale`, ns
        ("silence_bound", "<i8"),  # ns without a record that the feed allows; 0 = any
        ("source", "<i8"),  # ring the last record came from
        ("in_snapshot", "<i8"),  # 1 between SNAPSHOT_BEGIN and SNAPSHOT_END
        ("last_price", "<i8"),  # of the last trade that counts; NO_PRICE = none yet
        ("last_size", "<i8"),  # quantity units
        ("last_ts", "<i8"),  # venue time, ns
        ("last_aggressor", "<i8"),  # +1, -1, 0 unknown
        ("tick_direction", "<i8"),  # sign of the last change of `last_price`
        ("high", "<i8"),  # of the session, price units; NO_PRICE = none
        ("low", "<i8"),
        ("volume", "<i8"),  # traded in the session, quantity units
        ("trades", "<i8"),  # number of trades in the session
        ("gaps", "<i8"),  # GAP records so far
        ("bad_records", "<i8"),  # records that could not be true, so far
        ("crossings", "<i8"),  # times it became stale by crossing
        ("unused", "<i8", (4,)),
    ],
    align=True,
)
"""A market book. Written by this room alone."""

LEVEL: Final = np.dtype(
    [
        ("price", "<i8"),  # price units
        ("size", "<i8"),  # displayed, quantity units
        ("better", "<i8"),  # neighbour nearer the touch; 0 = this is the best
        ("worse", "<i8"),  # neighbour farther away; 0 = this is the last
        ("count", "<i8"),  # orders; 0 = unknown
        ("side", "<i8"),  # +1 bid, -1 ask
        ("first", "<i8"),  # order at the front of the queue; 0 = kept by level
        ("last", "<i8"),  # order at the back
    ],
    align=True,
)
"""One price on one side."""

BOOK_ORDER: Final = np.dtype(
    [
        ("key", "<i8"),  # of the order map: reference and book mixed
        ("reference", "<i8"),  # the venue's order id
        ("size", "<i8"),  # open, quantity units
        ("priority", "<i8"),  # book sequence when it joined the back of its queue
        ("level", "<i8"),
        ("next", "<i8"),  # towards the back of the queue
        ("previous", "<i8"),  # towards the front
        ("chain", "<i8"),  # order map
        ("book", "<i8"),
    ],
    align=True,
)
"""A resting order of a book kept by order."""

books = section(Section.BOOKS, BOOK)
levels = section(Section.BOOK_LEVELS, LEVEL)
book_orders = section(Section.BOOK_ORDERS, BOOK_ORDER)

_find_key, _link_order, _unlink_order = id_map(
    Section.BOOK_BUCKETS, Section.BOOK_ORDERS, book_orders, "key"
)
_MIX: Final = 0x1E3779B97F4A7C15


def layout(
    book_count: int, levels_each: int = 1 << 16, orders_each: int = 1 << 18
) -> dict[Section, tuple[np.dtype[Any], int]]:
    """Sections that so many books need; capacity is reserved, not taken.

    Parameters
    ----------
    book_count : int
    levels_each, orders_each : int
        Price levels and resting orders that one book may hold on average.
    """
    level_count, order_count = book_count * levels_each, book_count * orders_each
    buckets = 1 << max(10, (order_count - 1).bit_length())
    return {
        Section.BOOKS: (BOOK, book_count + 1),
        Section.BOOK_LEVELS: (LEVEL, level_count + 1),
        Section.BOOK_ORDERS: (BOOK_ORDER, order_count + 1),
        Section.BOOK_BUCKETS: (BUCKET, buckets + 1),
        Section.INDEX_NODES: (NODE, level_count + 64 * book_count + 1),
    }


def open_book(arena: Arena, instrument: int, *, consolidated: bool = False) -> int:
    """Add an empty book, stale until its first snapshot or quote.

    Returns
    -------
    int
        The book's number, from 1, for INSTRUMENT's `book` and `venue_book`.

    Raises
    ------
    EngineError
        If the arena has room for no more.
    """
    book = arena.take(Section.BOOKS)
    if book == 0:
        raise EngineError(f"no room for a book of instrument {instrument}")
    record = arena.records(Section.BOOKS)[book : book + 1]
    record[:] = np.zeros(1, BOOK)
    record["instrument"] = instrument
    record["consolidated"] = consolidated
    record["stale"] = Stale.NO_SNAPSHOT
    for field in ("last_price", "high", "low"):
        record[field] = NO_PRICE
    return book


@kernel
def side_index(side: int) -> int:
    """Index in `sides`: 0 for bid (+1), 1 for ask (-1)."""
    return (1 - side) >> 1


@kernel
def _order_key(book: int, reference: int) -> int:
    return reference + book * _MIX


@kernel
def find_order(arena: int, book: int, reference: int) -> int:
    """Order of this book with the venue's id `reference`; 0 if none is."""
    every = book_orders(arena)
    index = _find_key(arena, _order_key(book, reference))
    # Two books' keys may be equal by chance: the record itself decides.
    while index and (
        every[index]["reference"] != reference or every[index]["book"] != book
    ):
        index = every[index]["chain"]
    return index


@kernel
def register_order(arena: int, index: int, book: int, reference: int) -> None:
    """Make an order findable by its venue's id."""
    order = book_orders(arena)[index]
    order["key"] = _order_key(book, reference)
    order["reference"] = reference
    order["book"] = book
    _link_order(arena, index)


@kernel
def forget_order(arena: int, index: int) -> None:
    """Undo `register_order`, before the record is given back."""
    _unlink_order(arena, index)
