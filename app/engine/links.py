"""The links table: addresses by which units of a session reach each other.

Addresses belong to a process, so they stand apart from the arena, in an array of int64
that is filled once when a session is composed. What a session can do is what was
linked: a backtest or paper session never holds the address of a broker's order path.

Every linked function is an entry: ``f(arena, links, argument) -> int``.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import numpy as np

from app.engine.compile import Entry, kernel
from app.engine.memory import call, words

MAX_HANDLERS = 16
"""Kinds of strategy handlers, see `strategy.Handler`."""

LINK_WORDS = 1024


class Link(IntEnum):
    """Words of the links table: entries of the form above, then addresses."""

    GATE_COMMAND = 0  # argument: address of a COMMAND
    GATE_REPORT = 1  # argument: address of a venue's REPORT
    GATE_MARKED = 2  # argument: instrument whose mark may have changed
    GATE_CLOCK = 3  # argument: time, ns
    GATE_VIEW = 4  # argument: address of a VIEW; fills in limits, use and reject counts
    GATE_ACTION = 5  # argument: address of a DIVIDEND, SPLIT or FUNDING record
    GATE_SESSION = 6  # argument: instrument whose session the calendar changed
    VENUE_SUBMIT = 8  # argument: order index
    VENUE_CANCEL = 9  # argument: order index
    VENUE_REPLACE = 10  # argument: order index; see its new_… fields
    VENUE_MARKET = 11  # argument: address of a MARKET; updates the book as well
    VENUE_CLOCK = 12  # argument: time, ns
    VENUE_DUE = 13  # returns when something is due next, ns; 0 = nothing waits
    VENUE_REPORT = 14  # argument: address of an external venue's REPORT, as it came in
    VENUE_QUEUE = 15  # argument: order index; returns the queue ahead, -1 = unknown
    VENUE_SESSION = 19  # argument: instrument whose session the calendar changed
    VENUE_ADJUST = 20  # argument: order index whose terms a corporate action changed
    VENUE_DRILL = 21  # argument: address of a FIRE_DRILL; returns 1 once it was sent
    EMIT = 16  # argument: address of a REPORT for log, window and strategies
    PUBLISH_VIEW = 17  # argument: wall clock, ns
    BOOK_MARKET = 18  # argument: address of a MARKET; moves the book alone
    # addresses of rings and of the log, 0 = absent
    ORDERS_OUT = 24  # ring of COMMAND to an external venue
    EVENTS_OUT = 25  # ring of REPORT to the window
    MARKET_OUT = 26  # ring of MARKET to the view thread
    VIEWS_OUT = 27  # conflated ring of views
    LOG = 28  # log control block
    BACKTEST = 30  # block of a backtest's loop, see backtest.Run
    CONTROL = 29  # control block of the loop, see kernel.Control
    INPUTS = 32  # from here: rings polled, in order of priority; count in INPUT_COUNT
    INPUT_COUNT = 31
    HANDLERS = 64  # from here: MAX_HANDLERS addresses per strategy


def new_links() -> Any:
    """Make an empty links table."""
    return np.zeros(LINK_WORDS, np.int64)


@kernel
def call_link(arena: int, links: int, link: int, argument: int) -> int:
    """Call the linked entry; an absent one does nothing and returns 0."""
    address = words(links, LINK_WORDS)[link]
    if address == 0:
        return 0
    return call(address, arena, links, argument)


@kernel
def linked(links: int, link: int) -> int:
    """Read a word of the links table."""
    return words(links, LINK_WORDS)[link]


def link_entries(links: Any, entries: Mapping[Link, Entry]) -> None:
    """Write the addresses of a unit's entries; this loads them from the cache."""
    for link, each in entries.items():
        links[link] = each.address
