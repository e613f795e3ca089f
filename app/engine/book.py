"""The market book: what one venue, or a consolidated feed, shows of an instrument.

Two shapes behind one reading interface (book_levels): aggregated by level (LEVEL and
QUOTE records) and order by order (ORDER_… records, queues in book_queue).
`apply_record` folds one MARKET record into a book; any record may come at any time, and
data that cannot be true mark the book stale instead of breaking it.

What a feed owes us:

- it begins, and goes on after a GAP, with SNAPSHOT_BEGIN … SNAPSHOT_END; an empty book
  at the start of a day is the two alone. A QUOTE is a whole book of one level per side;
- the last record of each venue event carries `RecordFlag.LAST`: there the book is
  consistent, and there it is judged (crossed or not) and read;
- a trade is told once: by ORDER_EXECUTE, which takes `size` off the resting order, or
  by TRADE, which leaves the levels as they are until a record changes them.

As a unit: `book_market` moves the book of a record's instrument where the venue is not
ours; `book_replay` runs a batch for `BookReplay`.
"""

from typing import Any, Final

import numpy as np

from app.engine.arena import Arena, Section
from app.engine.bits import integer
from app.engine.book_events import apply_record
from app.engine.book_levels import (
    best,
    best_price,
    depth_into,
    displayed,
    find_level,
    level_from,
    worse,
)
from app.engine.book_stale import check_silence, feed_status, set_stale
from app.engine.book_state import (
    BOOK,
    BOOK_ORDER,
    LEVEL,
    Change,
    Stale,
    books,
    layout,
    levels,
    open_book,
)
from app.engine.compile import entry, kernel
from app.engine.memory import view, words
from app.engine.records import BUY, MARKET, NO_PRICE, SELL, EventKind, RecordFlag
from app.engine.schedule import session_of_feed
from app.engine.state import engine, instruments
from app.errors import EngineError

__all__ = [
    "BOOK",
    "BOOK_ORDER",
    "LEVEL",
    "BookReplay",
    "Change",
    "Stale",
    "apply_record",
    "best",
    "best_price",
    "book_market",
    "book_replay",
    "books",
    "check_silence",
    "depth_into",
    "displayed",
    "find_level",
    "layout",
    "level_from",
    "levels",
    "move_book",
    "open_book",
    "row_dtype",
    "set_stale",
    "worse",
]

_BASES: Final = ("orders", "depth", "top")
_LAST: Final = int(RecordFlag.LAST)
_RECORDS, _COUNT, _ROWS, _LEVELS, _BOOK = range(5)


@kernel
def move_book(arena: int, address: int) -> int:
    """Apply the record at `address` to its instrument's book, or to all it concerns.

    Returns
    -------
    int
        `Change` bits; 0 for a record that is no book's.
    """
    record = view(address, 1, MARKET)[0]
    instrument = integer(record["instrument"])
    if instrument < 0:
        if record["kind"] == EventKind.FEED_STATUS:
            return feed_status(arena, record)
        return 0
    if instrument >= engine(arena)[0]["instruments"]:
        return 0
    book = integer(instruments(arena)[instrument]["book"])
    if book == 0:
        return 0
    changed = apply_record(arena, book, record)
    if changed & Change.SESSION:
        session_of_feed(arena, instrument, integer(books(arena)[book]["session"]))
    return changed


@entry
def book_market(arena: int, links: int, address: int) -> int:
    """Link.VENUE_MARKET where the venue is not ours: the book alone moves."""
    return move_book(arena, address)


@kernel
def _write_row(arena: int, book: int, count: int, row: Any) -> None:
    """Write a `row_dtype` row as words; NO_PRICE and 0 where there is no level."""
    every = levels(arena)
    row[0] = books(arena)[book]["ts_venue"]
    start = 1
    for side in (BUY, SELL):
        level = best(arena, book, side)
        for i in range(start, start + count):
            if level:
                row[i], row[i + count] = every[level]["price"], every[level]["size"]
                level = every[level]["worse"]
            else:
                row[i], row[i + count] = NO_PRICE, 0
        start += 2 * count


@entry
def book_replay(arena: int, links: int, address: int) -> int:
    """Apply a batch; after each record with RecordFlag.LAST write a row of levels.

    `address` is that of five int64: addresses of records, their count, address of the
    rows, levels per side, book. Returns the number of rows.
    """
    job = words(address, 5)
    records = view(job[_RECORDS], job[_COUNT], MARKET)
    count, book = job[_LEVELS], job[_BOOK]
    width = 1 + 4 * count
    rows = 0
    for i in range(job[_COUNT]):
        record = records[i]
        apply_record(arena, book, record)
        if record["flags"] & _LAST:
            row = words(job[_ROWS] + 8 * width * rows, width)
            _write_row(arena, book, count, row)
            rows += 1
    return rows


def row_dtype(count: int) -> np.dtype[Any]:
    """Row of `BookReplay.apply` with `count` levels per side."""
    return np.dtype(
        [
            ("ts", "<i8"),  # venue time, ns since 1970 UTC
            ("bid_price", "<i8", (count,)),  # best first, price units; NO_PRICE = none
            ("bid_size", "<i8", (count,)),  # quantity units
            ("ask_price", "<i8", (count,)),
            ("ask_size", "<i8", (count,)),
        ]
    )


class BookReplay:
    """A book of its own that records are run through in batches.

    Parameters
    ----------
    basis : str
        What the records tell: ``orders``, ``depth`` or ``top``.
    consolidated : bool
        Whether several venues' quotes are merged, so that crossed is normal.

    Raises
    ------
    EngineError
        If no book can be made of the basis.
    """

    def __init__(self, basis: str = "depth", *, consolidated: bool = False) -> None:
        if basis not in _BASES:
            known = ", ".join(_BASES)
            raise EngineError(f"a book is made of {known}; {basis!r} makes none")
        orders = 1 << 21 if basis == "orders" else 1
        self.arena = Arena(layout(1, levels_each=1 << 19, orders_each=orders))
        self._book = open_book(self.arena, 0, consolidated=consolidated)

    def apply(self, records: Any, levels: int) -> Any:
        """Apply records in order; the book stays for the next batch.

        Parameters
        ----------
        records : (n,) MARKET
            Of one instrument, oldest first.
        levels : int
            Levels per side in a row, from 1.

        Returns
        -------
        (m,) structured array, `row_dtype(levels)`
            The book after each record that carries RecordFlag.LAST.
        """
        if levels < 1:
            raise EngineError(f"levels must be 1 or more, was {levels}")
        records = np.ascontiguousarray(records, dtype=MARKET)
        last = np.count_nonzero(records["flags"] & np.uint16(RecordFlag.LAST))
        rows = np.empty(int(last), row_dtype(levels))
        pointers = records.ctypes.data, len(records), rows.ctypes.data
        job = np.array([*pointers, levels, self._book], np.int64)
        book_replay(self.arena.address, 0, job.ctypes.data)
        return rows

    @property
    def state(self) -> Any:
        """The book's record: stale reason, counters, last trade."""
        return self.arena.records(Section.BOOKS)[self._book]
