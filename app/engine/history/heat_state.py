"""Depth over time: what heatmap columns are made of, and where they lie.

A *column* is what rested in the book at the end of a short stretch of time: the best
levels of each side, sparse, so that any tick and any range of prices fit; the touch;
and what was traded meanwhile. It stands until the next one begins, so a stretch in
which nothing changed costs nothing.

For looking from afar there are columns of columns: one of *grain* g stands for 4**g
columns of grain 0 and holds the largest size at each price. A wall of orders is never
averaged away, and a pixel that stands for a thousand columns reads a handful.

One thread appends; readers take a count first (`load_acquire`) and look below it alone,
where nothing changes any more.
"""

from typing import Final

import numpy as np

from app.engine.compile import kernel
from app.engine.memory import view

GRAINS: Final = 11
"""Grains of columns: the coarsest stands for 4**10, a million."""
FAN: Final = 4
"""Columns that one of the next grain stands for."""
FAN_BITS: Final = 2
MOST_MERGED: Final = 1024
"""Levels a side that a merged column keeps at most."""
MERGED_ENTRIES: Final = 2 * GRAINS * MOST_MERGED
"""Entries that the columns which one completes need at most."""

HEAT_COLUMN: Final = np.dtype(
    [
        ("entries", "<i8"),  # index of its first entry in the heap
        ("base", "<i8"),  # price that its entries count from, price units
        ("bid", "<i8"),  # touch at its end; NO_PRICE = none
        ("ask", "<i8"),
        ("bid_low", "<i8"),  # lowest bid and highest ask within it
        ("ask_high", "<i8"),
        ("buys", "<i8"),  # traded meanwhile by aggressor, quantity units
        ("sells", "<i8"),
        ("buy_value", "<f8"),  # sum of price x size
        ("sell_value", "<f8"),
        ("bids", "<i4"),  # entries, best first; then as many asks
        ("asks", "<i4"),
        ("flags", "<i4"),  # HeatFlag
        ("reserved", "<i4"),
    ],
    align=True,
)
"""One column: 96 bytes. An unknown aggressor counts half to each."""

HEAT_ENTRY: Final = np.dtype([("offset", "<i4"), ("code", "<i4")])
"""One level: price less `base`, and its size as a *code*, see `size_code`."""

STALE, AFTER_GAP = 1, 2
"""Flags of a column: its book was not to be trusted; data were lost in it."""

# Words of the control block. The writer alone writes; counts are published last.
TIMES: Final = 0
"""Address of the times when columns of grain 0 begin, ns, rising."""
HEAP: Final = 1
"""Address of the entries."""
HEAP_USED: Final = 2
MOST_LEVELS: Final = 3
"""Levels a side that a column keeps."""
MOST_COLUMNS: Final = 4
MOST_ENTRIES: Final = 5
SEQUENCE: Final = 6
"""Sequence of the book at the last column."""
SEEN_TRADES: Final = 7
LAST_STALE: Final = 8
LOST: Final = 9
"""Columns that found no room."""
ROOM_COLUMNS: Final = 10
ROOM_ENTRIES: Final = 11
"""How many of each, of grain 0, there may be before more disk is needed."""
COUNTS: Final = 16
"""How many columns of each grain there are."""
COLUMNS: Final = 32
"""Address of the columns of each grain."""
SOURCES: Final = 48
"""Room for merging: next and last entry and base of four columns."""
CONTROL_WORDS: Final = 64


@kernel
def size_code(size: int, is_ask: int) -> int:
    """Write a size as a code that grows with its logarithm.

    The bits of a positive float32 grow with it and are linear in the logarithm between
    powers of two: so the largest of many sizes, and its place on a ramp, are integer
    arithmetic. The lowest bit tells the side; 22 bits of the size are left.
    """
    bits = np.int64(np.float32(size).view(np.int32))
    return (bits & ~1) | is_ask  # type: ignore[return-value]  # np.int64 is an int


def sizes_of(codes: np.ndarray) -> np.ndarray:
    """Sizes of codes, quantity units (right to one part in four million)."""
    whole = np.asarray(codes, np.int32) & np.int32(~1)
    return np.rint(whole.view(np.float32)).astype(np.int64)


@kernel
def columns_at(address: int, length: int) -> np.ndarray:
    """Lay columns over an address."""
    return view(address, length, HEAT_COLUMN)


@kernel
def entries_at(address: int, length: int) -> np.ndarray:
    """Lay entries over an address."""
    return view(address, length, HEAT_ENTRY)
