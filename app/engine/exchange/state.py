"""State of the built-in exchange beside its matching engine: agents and their orders.

Agents live per instrument. Each keeps its orders in *slots* of AGENT_ORDER, so that the
number of live orders is bounded for ever; an order's client id names its slot, so a
report finds it without a search. Account 0 is the user's; every maker and every noise
trader has an account of its own, numbered by its first slot.
"""

from enum import IntEnum
from typing import Any, Final

import numpy as np

from app.engine.arena import Arena, Section, section
from app.engine.compile import kernel
from app.engine.matching_state import matching_layout
from app.engine.records import COMMAND
from app.engine.state import fixed_layout

MAKERS: Final = 5
"""Liquidity providers per instrument."""
QUOTES: Final = 12
"""Levels that each of them quotes on either side."""
NOISE_SLOTS: Final = 240
"""Noise traders per instrument; each has one order at most."""
MAKER_SLOTS: Final = MAKERS * 2 * QUOTES
HIDDEN_PLACE: Final = MAKER_SLOTS + NOISE_SLOTS
"""Slot of the hidden trader's child order, counted from the instrument's first."""
SLOTS: Final = HIDDEN_PLACE + 1
"""Slots per instrument."""
SLOT_BITS: Final = 20
"""A client order id is a number times 2**SLOT_BITS plus its slot."""
TAKER_ACCOUNT: Final = 1 << SLOT_BITS
"""First account of takers, whose orders never rest."""
USER_ORDERS: Final = 4096
"""Working orders that the exchange takes from the user."""
PARENTS: Final = 6
"""Orders per instrument that takers are working at a time."""
FOLLOWERS: Final = 6
"""Trend followers per instrument."""
MOODS: Final = 6
"""Components of an instrument's volatility."""
MEMORIES: Final = 2
"""Horizons over which agents remember who has been the aggressor."""
_OUTPUTS: Final = 64

EXCHANGE: Final = np.dtype(
    [
        ("random", "<u8"),  # state of the generator
        ("orders", "<i8"),  # numbers client order ids
        ("steps", "<i8"),  # messages of agents so far
        ("instruments", "<i8"),
        ("drill", "<i8"),  # drills.Drill; 0 = none
        ("drill_instrument", "<i8"),  # where it takes place; -1 = everywhere
        ("drill_side", "<i8"),  # ONE_SIDED: the side that nobody quotes; 0 = none
        ("drill_ends", "<i8"),  # ns
        ("drill_next", "<i8"),  # when its next step is due, ns
        ("drill_fair", "<f8"),  # FLASH_CRASH: what it was worth before, price units
        ("surprise_ns", "<i8"),  # between two drills that nobody asked for; 0 = none
        ("surprise_due", "<i8"),  # ns
        ("day_ns", "<i8"),  # length of a trading day; 0 = it never ends
        ("day_begun", "<i8"),  # ns
        ("day", "<i8"),  # days that have ended
        ("part_of_day", "<i8"),  # SessionState
        ("is_mute", "<i8"),  # 1: market records are lost on the wire
        ("refusing", "<i8"),  # Reason by which orders are refused; 0 = none
        ("delay", "<i8"),  # how late reports arrive, ns
    ],
    align=True,
)
"""The exchange as a whole: one record."""

AGENT_MARKET: Final = np.dtype(
    [
        # how it is traded, from the profile
        ("anchor", "<f8"),  # what `fair` is drawn back to, price units
        ("reversion", "<f8"),  # share of the way back per message
        ("noise", "<f8"),  # deviation of `fair` per message, price units
        ("spacing", "<f8"),  # between two quotes of a maker, price units
        ("half_spread", "<f8"),  # of a calm maker, price units
        ("reach", "<f8"),  # how far from the touch noise traders rest, price units
        ("joining", "<f8"),  # share of noise traders who join the touch
        ("impact", "<f8"),  # move of `fair` by one lot of surprise, price units
        ("taking", "<f8"),  # share of messages that take, while all is calm
        ("clip", "<f8"),  # usual size of a trade, lots
        ("round", "<f8"),  # share of takers that trade just that
        ("longest", "<f8"),  # largest trade, usual ones
        ("wild", "<f8"),  # how much heavier than 1/x the tail of sizes is
        ("lowest", "<i8"),  # prices that agents keep to, price units
        ("highest", "<i8"),
        ("lot", "<i8"),  # usual size of an order, quantity units
        ("quantity_step", "<i8"),  # quantity units
        ("quantity_min", "<i8"),  # quantity units
        # what is on the agents' minds
        ("fair", "<f8"),  # what the agents think it is worth, price units
        ("expected", "<f8"),  # side on which the next trade is expected, -1 to 1
        ("heat", "<f8"),  # activity; 1 = calm, makers widen with it
        ("volatility", "<f8"),  # of `fair`, times `noise`
        ("mood", "<f8", (MOODS,)),  # what multiplies to its square
        ("memory", "<f8", (MEMORIES,)),  # recent aggressors, -1 to 1
        ("trend", "<f8", (2,)),  # mean mid of a short and a long while, price units
        # who holds and works what
        ("inventory", "<f8", (MAKERS,)),  # of each maker, lots
        ("opinion", "<f8", (MAKERS,)),  # each maker's own view less `fair`, price units
        ("held", "<f8", (FOLLOWERS,)),  # of each trend follower, lots
        ("parent_side", "<i8", (PARENTS,)),
        ("parent_left", "<i8", (PARENTS,)),  # children to come
        ("parent_now", "<i8"),  # the one that traded last
        ("halted_until", "<i8"),  # ns; 0 = not halted
        ("halts", "<i8"),  # so far
        ("hidden_side", "<i8"),  # of the hidden trader's parent order; 0 = none
        ("hidden_left", "<i8"),  # quantity units still to be traded
        ("hidden_total", "<i8"),  # quantity units
        ("hidden_wait", "<i8"),  # messages until it acts, or until one comes
        ("hidden_count", "<i8"),  # parent orders of the kind so far
    ],
    align=True,
)
"""The agents' view of one instrument."""

AGENT_ORDER: Final = np.dtype(
    [
        ("client_order_id", "<i8"),  # 0 = the slot is free
        ("price", "<i8"),  # price units
        ("filled", "<i8"),  # quantity units
        ("leaves", "<i8"),  # quantity units
        ("side", "<i8"),  # BUY, SELL
    ],
    align=True,
)
"""An agent's working order, in its slot."""


class Control(IntEnum):
    """Words of the exchange's control block. The first are written from outside."""

    STOP = 0
    PAUSED = 1  # 1: agents rest; commands are still matched
    RATE = 2  # messages per second of all agents together
    COMMANDS = 3  # address of the ring of COMMAND
    MARKET = 4  # address of the ring of MARKET; 0 = before the exchange opens
    REPORTS = 5  # address of the ring of REPORT
    MATCH = 6  # address of the entry `unit.match_batch`
    HELD = 7  # address of a ring of REPORT: those that arrive late
    # written by the exchange
    SEQUENCE = 8  # market records pushed so far
    WAITS = 9  # times a full ring had to be waited for
    ACCEPTED = 10  # commands taken from the ring
    LAST_PUSH = 11  # wall clock of the last market record, ns
    UNSENT = 12  # records that found a full ring when the exchange was stopped
    DRILL = 13  # the fire drill that runs; 0 = none
    DRILL_SINCE = 14  # when it began, ns
    SCRATCH = 16  # eight words: a market record in the making
    REPORT = 24  # sixteen words: a report in the making


CONTROL_WORDS: Final = 48

exchange = section(Section.EXCHANGE, EXCHANGE)
agent_markets = section(Section.AGENTS, AGENT_MARKET)
agent_orders = section(Section.AGENT_ORDERS, AGENT_ORDER)
commands = section(Section.EXCHANGE_COMMAND, COMMAND)


@kernel
def first_slot(instrument: int) -> int:
    """First slot of an instrument; slot 0 is none."""
    return 1 + instrument * SLOTS


def exchange_layout(instruments: int) -> dict[Section, tuple[np.dtype[Any], int]]:
    """Sections of an exchange with so many instruments."""
    slots = 1 + instruments * SLOTS
    return {
        **fixed_layout(instruments),
        **matching_layout(instruments, slots + USER_ORDERS, _OUTPUTS),
        Section.EXCHANGE: (EXCHANGE, 1),
        Section.AGENTS: (AGENT_MARKET, instruments),
        Section.AGENT_ORDERS: (AGENT_ORDER, slots),
        Section.EXCHANGE_COMMAND: (COMMAND, 1),
    }


def declare_used(arena: Arena, instruments: int) -> None:
    """Declare the fixed tables used, so that a snapshot holds them."""
    counts = {
        Section.AGENTS: instruments,
        Section.AGENT_ORDERS: 1 + instruments * SLOTS,
    }
    for which, count in counts.items():
        arena.set_used(which, count)
