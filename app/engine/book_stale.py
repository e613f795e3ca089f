"""When a book may not be trusted, and when it may again (SEMANTICS 5, 40).

A stronger reason is not replaced by a weaker one: a crossed book that also lost data
stays GAP until its snapshot. Reasons that mean lost data end with a whole book; CROSSED
ends with the first uncrossed book, SILENT with the next record.
"""

from typing import Any

from app.engine.arena import USED, Section, section_words
from app.engine.bits import integer
from app.engine.book_state import Change, Stale, books, levels
from app.engine.compile import inlined, kernel
from app.engine.records import FeedStatus, SessionState


@kernel
def set_stale(arena: int, book: int, reason: int, now: int) -> int:
    """Set or clear the stale reason; returns `Change.STALE` if it changed."""
    record = books(arena)[book]
    if record["stale"] == reason:
        return 0
    record["stale"] = reason
    record["stale_since"] = now
    record["sequence"] += 1
    return integer(Change.STALE)


@kernel
def lose(arena: int, book: int, reason: int, now: int) -> int:
    """Mark a book as damaged, unless it already is by an earlier loss."""
    stale = books(arena)[book]["stale"]
    if stale in (Stale.FRESH, Stale.CROSSED, Stale.SILENT):
        return set_stale(arena, book, reason, now)
    return 0


@inlined
def is_crossed(arena: int, book: int) -> bool:
    """Whether the best bid is above the best ask; equal, locked, is not crossed."""
    sides = books(arena)[book]["sides"]
    bid, ask = sides[0]["best"], sides[1]["best"]
    every = levels(arena)
    return bid != 0 and ask != 0 and every[bid]["price"] > every[ask]["price"]


@inlined
def judge_crossed(arena: int, book: int, now: int) -> int:
    """Judge a consistent book: CROSSED, or fresh again.

    Orders rest without matching before the open, in auctions and in halts, and several
    venues' quotes cross each other: those books are never judged.
    """
    record = books(arena)[book]
    stale = record["stale"]
    if stale not in (Stale.FRESH, Stale.CROSSED):
        return 0
    matched = record["session"] in (SessionState.UNKNOWN, SessionState.OPEN)
    if matched and not record["consolidated"] and is_crossed(arena, book):
        if stale == Stale.FRESH:
            record["crossings"] += 1
        return set_stale(arena, book, Stale.CROSSED, now)
    return set_stale(arena, book, Stale.FRESH, now)


@kernel
def check_silence(arena: int, book: int, now: int) -> int:
    """Mark a fresh book SILENT once its feed was quiet for longer than it allows."""
    record = books(arena)[book]
    bound = record["silence_bound"]
    quiet = now - record["ts_received"]
    if record["stale"] == Stale.FRESH and 0 < bound < quiet:
        return set_stale(arena, book, Stale.SILENT, now)
    return 0


@kernel
def apply_status(arena: int, book: int, status: int, bound: int, now: int) -> int:
    """Apply a feed's status to one book; a book is whole again by a snapshot only."""
    if status == FeedStatus.CONNECTED:
        books(arena)[book]["silence_bound"] = bound
        return 0
    return lose(arena, book, Stale.DISCONNECTED, now)


@kernel
def feed_status(arena: int, record: Any) -> int:
    """Apply a FEED_STATUS without an instrument to all books of its source.

    A book that has not heard of any source yet takes the status as well.
    """
    changed = 0
    status = integer(record["count"])
    bound, now = record["reference"], record["ts_received"]
    for book in range(1, section_words(arena, Section.BOOKS)[USED]):
        row = books(arena)[book]
        if row["ts_received"] == 0 or row["source"] == record["source"]:
            changed |= apply_status(arena, book, status, bound, now)
    return changed
