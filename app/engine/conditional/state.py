"""State of orders that wait: sections, records, what holds for all of them.

A CONDITION belongs to one order of a venue, for as long as the order works. It waits in
one queue at most: at a price (a CONDITION_LEVEL of a trigger's shelf, see triggers.py),
or first in, first out, for hours or an auction (times.py).

Invariants (tests/engine/conditional): a condition's queue holds it once; levels of a
shelf are never empty; the members of a group name the group, and the group them.
"""

from enum import IntEnum
from typing import Any, Final

import numpy as np

from app.engine.arena import Arena, Section, give, record_of, section, take
from app.engine.bits import integer
from app.engine.book_state import SIDE
from app.engine.compile import inlined, kernel, rare
from app.engine.id_map import BUCKET, id_map
from app.engine.rare import out_of_line
from app.engine.records import NO_PRICE, GroupRole


class Wait(IntEnum):
    """What a condition's order waits for."""

    NOTHING = 0  # it works
    TRIGGER = 1  # a stop: for its trigger's price
    ENTRY = 2  # a bracket's exit: for its entry to be filled
    HOURS = 3  # for the hours in which it may work
    OPENING = 4  # for the auction at the open
    CLOSING = 5  # for the auction at the close


class Step(IntEnum):
    """What a venue is to do with an order of ours, whose CONDITION says the rest."""

    NONE = 0
    TRIGGER = 1  # the stop has triggered: it becomes a market or limit order
    MOVED = 2  # a trailing stop moved: tell its owner
    ACTIVATE = 3  # a bracket's exit begins to work; the condition's `leaves` are open
    RESIZE = 4  # the condition's `leaves` are what is open from now on
    CANCEL = 5  # for the step's reason
    EXPIRE = 6  # its time has run out
    RELEASE = 7  # its hours have begun


SOURCES: Final = 4
"""Prices that can trigger: records.Trigger LAST, TOUCH, MID, MARK."""
_QUEUES: Final = 1 + max(Wait)

FILLED_KEPT: Final = 128
"""OCOs that are remembered after the first fill, so that no entry comes late (29)."""

CONDITIONAL: Final = np.dtype(
    [
        ("number", "<i8"),  # of the last condition made
        ("first_step", "<i8"),  # CONDITION_STEPS, oldest first; 0 = none
        ("last_step", "<i8"),
        ("next_expiry", "<i8"),  # not later than the first GTD's end, ns; 0 = none
        ("filled_groups", "<i8"),  # OCOs of which an entry was filled, so far
        ("filled", "<i8", (FILLED_KEPT,)),  # keys of the newest of them, a ring
    ],
    align=True,
)
"""The room as a whole: one record, index 0."""

CONDITION: Final = np.dtype(
    [
        ("order", "<i8"),  # the venue's index of the order; the pool's link when free
        ("number", "<i8"),  # unique in a session; 0 once given back
        ("instrument", "<i4"),
        ("group", "<i4"),  # CONDITION_GROUPS; 0 = none
        ("wait", "u1"),  # Wait
        ("side", "i1"),  # BUY, SELL
        ("role", "u1"),  # records.GroupRole
        ("trigger", "u1"),  # records.Trigger, never DEFAULT
        ("time_in_force", "u1"),  # records.TimeInForce
        ("outside", "u1"),  # 1: works outside regular hours (SEMANTICS 24)
        ("lined_up", "<u2"),  # bit s: Step s is lined up
        ("level", "<i4"),  # CONDITION_LEVELS while it waits for a price
        ("next", "<i4"),  # behind it in its queue
        ("previous", "<i4"),
        ("next_member", "<i4"),  # of its group
        ("stop_price", "<i8"),  # price units; NO_PRICE = none
        ("offset", "<i8"),  # a trailing stop-limit's limit less its stop, price units
        ("trail", "<i8"),  # > 0: price units; < 0: parts per million; 0 = none
        ("leaves", "<i8"),  # open, as its group counts it, quantity units
        ("hidden", "<i8"),  # iceberg: of it not displayed
        ("display", "<i8"),  # iceberg: its peak; 0 = all is displayed
        ("expire_ts", "<i8"),  # GTD: ns; 0 = never
        ("group_number", "<i4"),  # the owner's number of the group; reports carry it
        ("protection_ticks", "<i4"),  # of a triggered stop; -1 = instrument's default
        # the venue's own
        ("limit", "<i8"),  # while the order is not on the book; NO_PRICE = market
        ("next_own", "<i4"),  # in the venue's list of its owner's such orders
        ("previous_own", "<i4"),
        ("triggered", "<i8"),  # 1: a stop that has triggered
    ],
    align=True,
)
"""What an order has beyond price and quantity."""

CONDITION_LEVEL: Final = np.dtype(
    [
        ("price", "<i8"),  # stop price, price units
        ("side", "<i8"),  # of the shelf as a book's side, for link_level
        ("better", "<i8"),  # neighbour that triggers earlier
        ("worse", "<i8"),
        ("first", "<i8"),  # condition that waits longest
        ("last", "<i8"),
    ],
    align=True,
)
"""One stop price of a shelf."""

_ENDS: Final = np.dtype([("first", "<i8"), ("last", "<i8")])
"""Conditions at the ends of a queue; 0 = it is empty."""

CONDITION_MARKET: Final = np.dtype(
    [
        ("shelves", SIDE, (2 * SOURCES,)),  # stops; see triggers.shelf_index
        ("seen", "<i8", (2 * SOURCES,)),  # last price of each; NO_PRICE = none yet
        ("waiting", "<i8"),  # stops on the shelves
        ("trailing", "<i8"),  # of them trailing
        ("queues", _ENDS, (_QUEUES,)),  # by Wait, first in, first out
    ],
    align=True,
)
"""What waits in one instrument; same index as INSTRUMENTS."""

CONDITION_STEP: Final = np.dtype(
    [
        ("next", "<i8"),
        ("step", "<i8"),  # Step
        ("condition", "<i8"),
        ("number", "<i8"),  # the condition's: it may have a new owner by then
        ("reason", "<i8"),  # records.Reason
    ],
    align=True,
)
"""Something a venue is to do."""

CONDITION_GROUP: Final = np.dtype(
    [
        ("key", "<i8"),  # account and the owner's number of the group
        ("chain", "<i4"),  # group map
        ("first", "<i4"),  # member that joined last; 0 = none
        ("entry", "<i4"),  # the bracket's entry while it works; 0 = none
        ("unused", "<i4"),
        ("open", "<i8"),  # a bracket's: filled of the entry, not yet of its exits
    ],
    align=True,
)
"""An OCO group, or a bracket, while it has members."""

CAPACITY: Final = 1 << 16
"""Orders with conditions that may work at once."""

_conditional = section(Section.CONDITIONAL, CONDITIONAL)
condition = record_of(Section.CONDITIONS, CONDITION)
condition_levels = section(Section.CONDITION_LEVELS, CONDITION_LEVEL)
condition_markets = section(Section.CONDITION_MARKETS, CONDITION_MARKET)
condition_steps = section(Section.CONDITION_STEPS, CONDITION_STEP)
condition_groups = section(Section.CONDITION_GROUPS, CONDITION_GROUP)

find_group, link_group, unlink_group = id_map(
    Section.CONDITION_BUCKETS, Section.CONDITION_GROUPS, condition_groups, "key"
)


@inlined
def conditional(arena: int) -> Any:
    """Return the CONDITIONAL record."""
    return _conditional(arena)[0]


def conditional_layout(
    instrument_count: int, capacity: int = CAPACITY
) -> dict[Section, tuple[np.dtype[Any], int]]:
    """Sections of a venue's waiting orders; INDEX_NODES comes from the venue's own."""
    return {
        Section.CONDITIONAL: (CONDITIONAL, 1),
        Section.CONDITIONS: (CONDITION, capacity + 1),
        Section.CONDITION_MARKETS: (CONDITION_MARKET, instrument_count),
        Section.CONDITION_LEVELS: (CONDITION_LEVEL, capacity + 1),
        # Each step of a condition is lined up once at a time.
        Section.CONDITION_STEPS: (CONDITION_STEP, len(Step) * (capacity + 1)),
        Section.CONDITION_GROUPS: (CONDITION_GROUP, capacity + 1),
        Section.CONDITION_BUCKETS: (BUCKET, capacity + 1),
    }


def open_conditions(arena: Arena, instrument_count: int) -> None:
    """Prepare the sections, after they were laid out: no price has been seen."""
    rows = arena.records(Section.CONDITION_MARKETS)
    rows["seen"][:instrument_count] = NO_PRICE
    arena.set_used(Section.CONDITION_MARKETS, instrument_count)


@kernel
def is_exit_role(role: int) -> bool:
    """Whether a role is on the exit side of a group."""
    return (
        role == GroupRole.OCO_EXIT
        or role == GroupRole.BRACKET_TARGET
        or role == GroupRole.BRACKET_STOP
    )


@rare
def new_condition(arena: int, order: int, instrument: int, side: int) -> int:
    """Make the condition of a venue's order; 0 if there is no room.

    It waits for nothing; the caller fills in what else the order has.
    """
    out_of_line()
    index = take(arena, Section.CONDITIONS)
    if index == 0:
        return 0
    state = conditional(arena)
    state["number"] += 1
    row = condition(arena, index)
    row["number"] = state["number"]
    row["order"], row["instrument"], row["side"] = order, instrument, side
    row["group"], row["wait"], row["role"], row["trigger"] = 0, 0, 0, 0
    row["time_in_force"], row["outside"], row["lined_up"] = 0, 0, 0
    row["level"], row["next"], row["previous"], row["next_member"] = 0, 0, 0, 0
    row["stop_price"], row["offset"], row["trail"] = NO_PRICE, 0, 0
    row["leaves"], row["hidden"], row["display"] = 0, 0, 0
    row["expire_ts"], row["group_number"], row["protection_ticks"] = 0, 0, -1
    row["limit"], row["triggered"] = NO_PRICE, 0
    row["next_own"], row["previous_own"] = 0, 0
    return index


@rare
def give_condition(arena: int, index: int) -> None:
    """Give a condition back that is in no queue and no group."""
    out_of_line()
    condition(arena, index)["number"] = 0
    give(arena, Section.CONDITIONS, index)


@kernel
def order_of(arena: int, index: int) -> int:
    """Return the venue's order that a condition belongs to."""
    return integer(condition(arena, index)["order"])
