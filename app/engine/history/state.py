"""What the fold of a market's history works on, in an arena of its own.

The arena holds the view thread's own books (the sections of `book_state`), one HEAD,
one TRACK per instrument (its number is the index), and the rows of prices where
something happened, found through a tree per instrument. Trades, samples and bars grow
without bound: they lie in files (`growing`), of which a track holds the addresses.

One thread folds. Whoever else looks into the arena takes a turn first (`turns`); rows
of a file below what is published never change and need none.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, Final

import numpy as np

from app.engine.arena import Arena, Section, section, take
from app.engine.book_state import layout as book_layout, open_book
from app.engine.compile import kernel
from app.engine.history.records import SESSION_STATS
from app.engine.price_index import (
    NODE,
    TREE_FIELDS,
    insert_level,
    level_at,
    neighbour,
)
from app.engine.records import NO_PRICE
from app.instrument import Instrument


class Need(IntEnum):
    """What the fold needs more disk for."""

    NOTHING = 0
    TRADES = 1
    BARS = 2
    SAMPLES = 3
    COLUMNS = 4
    SERIES = 5  # bars that are followed


NEVER: Final = 2**63 - 1
SECOND_NS: Final = 1_000_000_000
_PRICES_EACH: Final = 1 << 16

HEAD: Final = np.dtype(
    [
        ("folding", "<i8"),  # turns: 1 while the fold writes
        ("apart_1", "<i8", (15,)),  # what two threads write lies on lines of its own
        ("reading", "<i8"),  # turns: 1 while somebody reads, or wants to
        ("apart_2", "<i8", (15,)),
        ("instruments", "<i8"),
        ("records", "<i8"),  # folded so far
        ("next_second", "<i8"),  # when the next samples are taken, ns
        ("now", "<i8"),  # received time of the latest record of the log, ns
        ("cut_interval", "<i8"),  # heatmap columns begin at its multiples, ns
        ("next_cut", "<i8"),
        ("cut_since", "<i8"),  # when the stretch that is not yet a column begins, ns
        ("full", "<i8"),  # 1: there is no more disk just now, rows are lost
        ("lost", "<i8"),  # rows that found no room in their file
        # of the record that is being folded, before the book has it
        ("price", "<i8"),
        ("size", "<i8"),  # traded; displayed, or open of an order
        ("side", "<i8"),  # +1, -1; 0 = it concerns no price
        ("aggressor", "<i8"),
        ("bid", "<i8"),  # touch; NO_PRICE = none
        ("ask", "<i8"),
        ("bid_size", "<i8"),
        ("ask_size", "<i8"),
        ("inferred", "<i8"),
    ],
    align=True,
)
"""One for all."""

TRACK: Final = np.dtype(
    [
        *TREE_FIELDS,  # of the prices
        ("book", "<i8"),
        ("trades", "<i8"),  # file of TAPE: address, rows folded, rows there is room for
        ("trade_count", "<i8"),
        ("trade_room", "<i8"),
        ("bars", "<i8"),  # file of BAR_ROW, as the feed sent them
        ("bar_count", "<i8"),
        ("bar_room", "<i8"),
        ("samples", "<i8"),  # file of SAMPLE
        ("sample_count", "<i8"),
        ("sample_room", "<i8"),
        ("heat", "<i8"),  # control block of its heatmap columns; 0 = it has none
        ("after_gap", "<i8"),  # 1: data were lost since the last trade
        ("session", "<i8"),  # counts sessions; a price row of another is empty
        ("flow", "<i8"),  # counts resets of the flow, as the fold knows it
        ("flow_asked", "<i8"),  # the same, as readers asked for it
        ("boundaries", "<i8"),  # address of the times when trade dates begin
        ("boundary_count", "<i8"),
        ("boundary", "<i8"),  # index of the next
        ("next_session", "<i8"),  # when the next trade date begins, ns
        ("stats", SESSION_STATS),
    ],
    align=True,
)
"""One instrument."""

PRICE_SIDE: Final = np.dtype(
    [
        ("traded", "<i8"),  # what no decrease of the level has reported yet
        ("traded_ts", "<i8"),  # venue time
        ("decreased", "<i8"),  # what no trade has explained yet
        ("decreased_ts", "<i8"),
        ("change", "<i8"),  # stacked less pulled since the last reset
    ]
)

PRICE_ROW: Final = np.dtype(
    [
        ("price", "<i8"),
        ("flow", "<i8"),  # the reset that its flow belongs to
        ("session", "<i8"),  # the session that its volume belongs to
        ("sold", "<i8"),
        ("bought", "<i8"),
        ("buys", "<i8"),  # of the session; an unknown aggressor counts half
        ("sells", "<i8"),
        ("volume", "<i8"),
        ("sides", PRICE_SIDE, (2,)),
    ],
    align=True,
)
"""One price of one instrument at which something happened."""

heads = section(Section.HISTORY_HEAD, HEAD)
tracks = section(Section.HISTORY_TRACKS, TRACK)
price_rows = section(Section.HISTORY_PRICES, PRICE_ROW)


def open_arena(instruments: Sequence[Instrument]) -> Arena:
    """Make an arena for so many instruments, each with an empty book."""
    count = len(instruments)
    layout = book_layout(max(count, 1))
    prices = max(count, 1) * _PRICES_EACH
    nodes = layout[Section.INDEX_NODES][1] + 2 * prices
    layout[Section.INDEX_NODES] = NODE, nodes
    layout[Section.HISTORY_HEAD] = HEAD, 1
    layout[Section.HISTORY_TRACKS] = TRACK, count + 1
    layout[Section.HISTORY_PRICES] = PRICE_ROW, prices + 1
    arena = Arena(layout)
    head = arena.records(Section.HISTORY_HEAD)
    head["instruments"], head["next_second"] = count, -NEVER
    head["next_cut"] = -NEVER
    arena.set_used(Section.HISTORY_TRACKS, count + 1)
    every = arena.records(Section.HISTORY_TRACKS)
    for number, instrument in enumerate(instruments):
        every["book"][number] = open_book(
            arena, number, consolidated=instrument.consolidated
        )
    every["next_session"] = -NEVER
    every["flow"] = every["flow_asked"] = every["session"] = 1
    for field in ("open", "high", "low", "last", "previous_close"):
        every["stats"][field] = NO_PRICE
    return arena


@kernel
def find_price(arena: int, track: Any, price: int) -> int:
    """Row of a price, with what belongs to an earlier session emptied; 0 = no room."""
    index = level_at(arena, track, price)
    if index == 0:
        index = take(arena, Section.HISTORY_PRICES)
        if index == 0:
            return 0
        if not insert_level(arena, track, price, index):
            # The row stays unused: the pool of nodes is full for good.
            return 0
        row = price_rows(arena)[index]
        row["price"], row["flow"], row["session"] = price, 0, 0
        for side in range(2):
            half = row["sides"][side]
            half["traded"], half["decreased"] = 0, 0
    row = price_rows(arena)[index]
    if row["flow"] != track["flow"]:
        row["flow"] = track["flow"]
        row["sold"], row["bought"] = 0, 0
        row["sides"][0]["change"], row["sides"][1]["change"] = 0, 0
    if row["session"] != track["session"]:
        row["session"] = track["session"]
        row["buys"], row["sells"], row["volume"] = 0, 0, 0
    return index


@kernel
def first_price(arena: int, track: Any, low: int) -> int:
    """Row of the lowest price from `low` on; 0 if there is none."""
    return level_at(arena, track, low) or neighbour(arena, track, low, 1)


@kernel
def price_above(arena: int, track: Any, price: int) -> int:
    """Row of the next higher price; 0 if there is none."""
    return neighbour(arena, track, price, 1)
