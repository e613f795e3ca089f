"""What the gate keeps beside orders and money: its records and their sections.

RISK holds counters, the ended orders' queue and the rolling windows; WORKING a row per
instrument: its working orders and how far a flatten has come; LIMITS the limits as set,
row 0 for the account, row 1 + i for instrument i; CHECK the order that is being judged.
"""

from typing import Any, Final

import numpy as np

from app.engine.arena import Arena, Section, section
from app.engine.compile import inlined, kernel
from app.engine.id_map import BUCKET
from app.engine.records import NO_PRICE, REPORT, GroupRole, OrderOption, RiskLimit
from app.engine.state import ORDER

ORDER_CAPACITY: Final = 1 << 14
"""Orders that may be working or remembered at once."""
ENDED_KEPT: Final = 1 << 12
"""Ended orders that are remembered: their late fills count, their ids are refused."""
RECENT_CAPACITY: Final = 1 << 12
"""Orders that the duplicate check looks back on at most; a power of two."""
RECENT_BUCKETS: Final = 1 << 12
MESSAGE_CAPACITY: Final = 1 << 12
"""Largest message rate that can be limited, messages per window."""
LIMIT_COUNT: Final = 32
REASON_COUNT: Final = 100

POST_ONLY: Final = int(OrderOption.POST_ONLY)
REDUCE_ONLY: Final = int(OrderOption.REDUCE_ONLY)
OUTSIDE_HOURS: Final = int(OrderOption.OUTSIDE_HOURS)
CONFIRMED: Final = int(OrderOption.CONFIRMED)
GESTURE: Final = int(OrderOption.GESTURE)
RESTING_INTENT: Final = int(OrderOption.RESTING_INTENT)

RISK: Final = np.dtype(
    [
        ("gross", "<i8"),  # money, base: worst case of all instruments together
        ("loss_stop", "<i8"),  # Reason of the loss limit that stopped trading; 0 = none
        ("flatten", "<i8"),  # 1: KILL closes positions as well
        ("kill_left", "<i8"),  # orders that KILL still waits for
        ("kill_ts", "<i8"),  # when KILL asks again for what is left, ns
        ("unknown_reports", "<i8"),  # reports about orders that we do not know
        ("late_reports", "<i8"),  # reports, not fills, about ended orders
        ("duplicate_reports", "<i8"),  # fills and acceptances that were told before
        ("overfills", "<i8"),  # fills beyond what was open
        ("first_ended", "<i8"),  # oldest remembered ended order; 0 = none
        ("last_ended", "<i8"),
        ("ended", "<i8"),  # how many are remembered
        ("recent", "<i8"),  # orders noted for the duplicate check so far
        ("messages", "<i8"),  # messages to the venue so far
        ("message_ts", "<i8", (MESSAGE_CAPACITY,)),  # ns, of the last ones, in a ring
        ("recent_heads", "<i8", (RECENT_BUCKETS,)),  # newest of RECENT_ORDERS; 0 = none
        ("reject_counts", "<i8", (REASON_COUNT,)),  # by Reason
    ],
    align=True,
)
"""The gate's own state: one record."""

LIMITS: Final = np.dtype([("value", "<i8", (LIMIT_COUNT,))], align=True)
"""Limits as set, by RiskLimit; 0 = off. The tighter of account and instrument holds."""

RECENT: Final = np.dtype(
    [
        ("ts", "<i8"),  # when it was accepted, ns
        ("quantity", "<i8"),
        ("price", "<i8"),
        ("older", "<i8"),  # number of the one before it in its bucket; 0 = none
        ("instrument", "<i4"),
        ("side", "<i4"),
    ],
    align=True,
)
"""An order as the duplicate check sees it; number n stands at n % RECENT_CAPACITY."""

WORKING: Final = np.dtype(
    [
        ("first", "<i4"),  # newest working order; 0 = none
        ("count", "<i4"),  # working orders
        ("exits", "<i4"),  # working exits among them
        ("stale", "<i4"),  # book.Stale as last told
        ("settlement", "<i8"),  # previous settlement, price units; NO_PRICE = none
        ("highest", "<i8", (2,)),  # bounds of |price| counted, by side: not below
        ("lowest", "<i8", (2,)),  # … not above
        ("flatten", "<i4"),  # Flatten phase
        ("flatten_strategy", "<i4"),  # whose turn it was; 0 = the account
        ("flatten_whose", "<i8"),  # bit s: strategy s is closed; bit 0: the account
        ("flatten_order", "<i8"),  # client order id of the last closing order
        ("flatten_ts", "<i8"),  # no further closing order before, ns
        ("flatten_tries", "<i8"),  # closing orders in a row that filled nothing
    ],
    align=True,
)
"""An instrument's working orders. `highest` and `lowest` may be too wide, never too
narrow: a walk over the orders makes them exact again."""

CHECK: Final = np.dtype(
    [
        ("instrument", "<i8"),
        ("strategy", "<i8"),
        ("side", "<i8"),
        ("is_exit", "<i8"),
        ("order_type", "<i8"),
        ("time_in_force", "<i8"),
        ("options", "<i8"),
        ("total", "<i8"),  # the order's quantity
        ("price", "<i8"),  # its limit; NO_PRICE = none
        ("stop_price", "<i8"),  # NO_PRICE = none
        ("ticks", "<i8"),  # protection of a market order; -1 = no bound
        ("quantity", "<i8"),  # worst case that it stands for from now on
        ("counted_price", "<i8"),  # … at this |price|
        ("old_quantity", "<i8"),  # worst case that it, or its group, stands for already
        ("old_price", "<i8"),
        ("is_replace", "<i8"),
        ("doubled", "<i8"),  # twice the mark; NO_PRICE = none
        # what was found
        ("collar", "<i8"),  # worst price that the collar allows; NO_PRICE = no bound
        ("limit", "<i8"),  # the limit that was broken
        ("stands", "<i8"),  # what the order would have made of it
    ],
    align=True,
)
"""The order that is being judged, and what was found: one record."""

risk = section(Section.RISK, RISK)
limits = section(Section.RISK_LIMITS, LIMITS)
recent_orders = section(Section.RECENT_ORDERS, RECENT)
working = section(Section.WORKING, WORKING)
checks = section(Section.RISK_CHECK, CHECK)
gate_reports = section(Section.GATE_REPORTS, REPORT)


def layout(instrument_count: int) -> dict[Section, tuple[np.dtype[Any], int]]:
    """Sections of the gate for a session with so many instruments."""
    return {
        Section.ORDERS: (ORDER, ORDER_CAPACITY + 1),
        Section.ORDER_BUCKETS: (BUCKET, ORDER_CAPACITY + 1),
        Section.RISK: (RISK, 1),
        Section.RISK_LIMITS: (LIMITS, instrument_count + 1),
        Section.RECENT_ORDERS: (RECENT, RECENT_CAPACITY),
        Section.WORKING: (WORKING, instrument_count),
        Section.RISK_CHECK: (CHECK, 1),
        Section.GATE_REPORTS: (REPORT, 1),
    }


def open_gate(arena: Arena) -> None:
    """Prepare the gate: no limits, no orders; the safety state is VIEW."""
    count = int(arena.records(Section.ENGINE)[0]["instruments"])
    rows = arena.records(Section.WORKING)
    rows[:count] = np.zeros((), rows.dtype)
    rows["settlement"][:count] = NO_PRICE
    arena.set_used(Section.WORKING, count)
    arena.set_used(Section.RISK_LIMITS, count + 1)
    arena.set_used(Section.RECENT_ORDERS, RECENT_CAPACITY)


@kernel
def is_exit(role: int, options: int) -> bool:
    """Tell an exit from an entry (SEMANTICS 51-54): reduce-only, or a group's exit."""
    if options & REDUCE_ONLY:
        return True
    return (
        role == GroupRole.OCO_EXIT
        or role == GroupRole.BRACKET_TARGET
        or role == GroupRole.BRACKET_STOP
    )


@inlined
def tighter(first: int, second: int) -> int:
    """Smaller of two limits, 0 meaning none."""
    if first == 0 or second == 0:
        return first + second
    return min(first, second)


@inlined
def limit_of(arena: int, instrument: int, limit: int) -> int:
    """Limit that holds for an instrument: the tighter of the account's and its own."""
    every = limits(arena)
    account, own = every[0]["value"][limit], every[1 + instrument]["value"][limit]
    if limit == RiskLimit.DUPLICATE_WINDOW:
        return max(account, own)
    return tighter(account, own)


@inlined
def account_limit(arena: int, limit: int) -> int:
    """Limit of the whole account."""
    return limits(arena)[0]["value"][limit]
