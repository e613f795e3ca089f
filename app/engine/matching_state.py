"""State of the matching engine: sections of the arena, and what it offers to read.

One side of one instrument's book is a MATCH_SIDE: a price tree over levels that are
also linked by price, from the best. A level is a MATCH_LEVEL: a first-in first-out
queue of orders. An order is a MATCH_ORDER, found by account and client id. Each is one
cache line. What an order has beyond price and quantity (a stop, a hidden rest, a time,
a group) is its CONDITION in the room `conditional`; a plain order has none.

Invariants (tests/engine/test_matching_random.py): the best bid is below the best ask
while orders are matched as they come; a level's size is the sum of its orders' leaves
and its count their number, never zero; tree and links hold the orders on the book, the
id map those and the waiting ones.
"""

from enum import IntFlag
from typing import Any, Final

import numpy as np

from app.engine.arena import Arena, Section, record_of
from app.engine.compile import inlined
from app.engine.conditional.state import conditional_layout, open_conditions
from app.engine.price_index import NODE, TREE_FIELDS
from app.engine.records import MARKET, REPORT

PRICE_BOUND: Final = 2**62
"""Prices satisfy |price| < this, so that a difference fits int64."""
FAR: Final = PRICE_BOUND
"""Where a trailing stop waits, either way, while its trigger has no price yet."""
INDEX_BITS: Final = 21
"""Bits of an order's index; a link of the id map has its tag above them."""
ORDERS_BOUND: Final = 2**INDEX_BITS - 1
"""Most working orders of a matching engine."""
QUANTITY_BOUND: Final = 2**42
"""Largest quantity of an order, so that sums over `ORDERS_BOUND` orders fit int64."""
PEAKS_BOUND: Final = 2**16
"""Most displayed parts that all icebergs of an engine may still have hidden."""
STRATEGIES: Final = 32
"""Strategies of account 0 whose positions are kept apart (SEMANTICS 42)."""
_NODES_PER_LEVEL: Final = 20
"""Most tree nodes that one new price can need: ten above the root, ten below."""
LINK: Final = np.dtype([("next", "<i4")])
"""A link of the id map, see matching_ids; 0 = nothing follows."""


class Output(IntFlag):
    """What the matching engine writes of each command, in MATCHING `outputs`."""

    REPORTS = 1  # execution reports to the owners, into MATCH_REPORTS
    MARKET = 2  # order-by-order market data, into MATCH_MARKET


MATCHING: Final = np.dtype(
    [
        ("now", "<i8"),  # time of the command in hand, ns; stamps the outputs
        ("outputs", "<i8"),  # Output
        ("venue_order_id", "<i8"),  # the last one given
        ("executions", "<i8"),  # matches so far, all instruments
        ("volume", "<i8"),  # their quantity, quantity units
        ("turnover", "<i8"),  # sum of price * quantity, modulo 2**64
        ("instruments", "<i8"),  # instruments are numbered below this
        ("id_start", "<i8"),  # first bucket of the id map
        ("id_mask", "<i8"),  # its buckets, a power of two, less one
        ("accounts", "<i8"),  # positions are kept of accounts below this
        ("conditions", "<i8"),  # orders with a CONDITION; 0: nothing waits
        ("touched", "<i8"),  # instrument of the command in hand
        ("seen_executions", "<i8"),  # `executions` that stops have seen
        ("peaks", "<i8"),  # displayed parts that icebergs have hidden
        ("lost", "<i8"),  # outputs that found no room; 0 unless a bound is wrong
        ("reports_until", "<i8"),  # one more command fits while no more are written
        ("market_until", "<i8"),
    ],
    align=True,
)
"""The engine as a whole: one record, index 0 of its section."""

MATCH_SIDE: Final = np.dtype(
    [
        *TREE_FIELDS,
        ("best", "<i4"),  # level; 0 = this side is empty
        ("levels", "<i4"),
        ("orders", "<i8"),
        ("volume", "<i8"),  # traded with this side resting, quantity units
        ("last_price", "<i8"),  # of the last such trade, price units
        ("execution", "<i8"),  # its number, see MATCHING `executions`; 0 = none
        ("session", "<i4"),  # records.SessionState, 0 where OPEN: plain orders pass
        ("unused", "<i4"),
    ],
    align=True,
)
"""One side of one book, at `side_index`."""

MATCH_LEVEL: Final = np.dtype(
    [
        ("price", "<i8"),  # price units
        ("size", "<i8"),  # displayed: sum of its orders' leaves, quantity units
        ("head", "<i4"),  # the order that has waited longest
        ("tail", "<i4"),
        ("better", "<i4"),  # the next level towards the other side; 0 = this is best
        ("worse", "<i4"),  # 0 = this is the last
        ("side_index", "<i4"),
        ("count", "<i4"),  # its orders
        ("whole", "<i8"),  # size with what icebergs hide; in an auction alone
        ("unused", "<i8", (2,)),
    ],
    align=True,
)
"""One price of one side: a cache line."""

MATCH_ORDER: Final = np.dtype(
    [
        ("next", "<i4"),  # behind it in its level's queue; 0 = last
        ("previous", "<i4"),  # before it; meaningless at the head
        ("level", "<i4"),  # 0 = not resting
        ("hash", "<i4"),  # of its key, see matching_ids
        ("client_order_id", "<i8"),  # the owner's, unique with `account`
        ("venue_order_id", "<i8"),  # ours: its reference in market data
        ("leaves", "<i8"),  # displayed; the CONDITION has what is hidden
        ("quantity", "<i8"),  # total; filled = quantity - leaves - hidden
        ("account", "<i4"),  # owner
        ("condition", "<i4"),  # CONDITIONS; 0 = a plain order
        ("options", "<u2"),  # records.OrderOption
        ("instrument", "u1"),
        ("strategy", "u1"),  # of account 0
        ("side", "i1"),
        ("order_type", "u1"),  # as sent; a market order may rest as a limit
        ("time_in_force", "u1"),
        ("mapped", "u1"),  # 1 while the id map holds it
    ],
    align=True,
)
"""One working order: a cache line."""

MATCH_POSITION: Final = np.dtype(
    [
        ("quantity", "<i8"),  # signed, quantity units
        ("first", "<i4"),  # reduce-only orders of this owner, oldest first; 0 = none
        ("last", "<i4"),
    ],
    align=True,
)
"""What an owner holds in an instrument, at `matching_positions.owner_row`."""

assert MATCH_SIDE.itemsize == MATCH_LEVEL.itemsize == MATCH_ORDER.itemsize == 64

# One record each: the arena's address and an index to the record.
_matching = record_of(Section.MATCHING, MATCHING)
match_side = record_of(Section.MATCH_BOOKS, MATCH_SIDE)
match_level = record_of(Section.MATCH_LEVELS, MATCH_LEVEL)
match_order = record_of(Section.MATCH_ORDERS, MATCH_ORDER)
match_report = record_of(Section.MATCH_REPORTS, REPORT)
match_link = record_of(Section.MATCH_LINKS, LINK)
market_record = record_of(Section.MATCH_MARKET, MARKET)
match_position = record_of(Section.MATCH_POSITIONS, MATCH_POSITION)


@inlined
def matching(arena: int) -> Any:
    """Return the MATCHING record."""
    return _matching(arena, 0)


@inlined
def side_index(instrument: int, side: int) -> int:
    """Index of one side of an instrument's book; the other side's is this ^ 1."""
    return 2 * instrument + 2 + (side < 0)


def output_bounds(orders: int) -> tuple[int, int]:
    """Reports and market records that one command can cause with so many orders.

    A match fills an order or an iceberg's peak. A session that ends takes every order
    off the book, and its auction may come first. An order with a condition is told of
    it a few times more.
    """
    matches = orders + PEAKS_BOUND + 4
    return 3 * matches + 8 * orders, 3 * matches + 4 * orders


def matching_layout(
    instruments: int, orders: int, outputs: int = 0, accounts: int = 1
) -> dict[Section, tuple[np.dtype[Any], int]]:
    """Sections of a matching engine; `state.fixed_layout` gives the instruments' own.

    Parameters
    ----------
    instruments : int
        How many there are.
    orders : int
        Most orders that may work at a time, at most `ORDERS_BOUND`.
    outputs : int
        Records of output to make room for beyond those that one command can cause.
    accounts : int
        Positions are kept, and reduce-only orders taken, of accounts below this.
    """
    assert 0 < orders <= ORDERS_BOUND, orders
    # No order needs more than a level, no level more than its nodes: only the orders'
    # pool can be full, and that is asked before anything changes.
    buckets = 1 << (4 * orders - 1).bit_length()
    reports, market = output_bounds(orders)
    return {
        **conditional_layout(instruments, orders),
        Section.MATCHING: (MATCHING, 1),
        Section.MATCH_BOOKS: (MATCH_SIDE, 2 * instruments + 2),
        Section.MATCH_LEVELS: (MATCH_LEVEL, orders + 1),
        Section.MATCH_ORDERS: (MATCH_ORDER, orders + 1),
        Section.MATCH_LINKS: (LINK, orders + 1 + buckets),
        Section.MATCH_POSITIONS: (
            MATCH_POSITION,
            1 + instruments * (accounts + STRATEGIES),
        ),
        Section.MATCH_REPORTS: (REPORT, reports + 2 * outputs + 1),
        Section.MATCH_MARKET: (MARKET, market + outputs + 1),
        Section.INDEX_NODES: (NODE, _NODES_PER_LEVEL * (orders + 2)),
    }


def open_matching(
    arena: Arena, instruments: int, outputs: int, accounts: int = 1
) -> None:
    """Begin a matching engine in an arena laid out for it; `outputs` is an Output."""
    state = arena.records(Section.MATCHING)[0]
    state["instruments"], state["outputs"] = instruments, outputs
    state["accounts"] = accounts
    orders = arena.layout[Section.MATCH_ORDERS][1] - 1
    reports, market = output_bounds(orders)
    state["reports_until"] = arena.layout[Section.MATCH_REPORTS][1] - reports
    state["market_until"] = arena.layout[Section.MATCH_MARKET][1] - market
    open_conditions(arena, instruments)
    arena.set_used(Section.MATCH_BOOKS, 2 * instruments + 2)
    rows = instruments * (accounts + STRATEGIES)
    arena.set_used(Section.MATCH_POSITIONS, 1 + rows)
