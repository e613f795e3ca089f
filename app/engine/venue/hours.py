"""What a change of session does to our orders at the simulated venue (24-26).

The session is the instrument's: the calendar's hours, halted where the feed says so.
"""

from app.engine.arena import USED, Section, section_words
from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.conditional.queues import first_waiting, stop_waiting
from app.engine.conditional.state import Wait, condition
from app.engine.conditional.times import end_hours, hold, is_within_hours
from app.engine.records import Reason, ReportType, SessionState
from app.engine.state import instruments
from app.engine.venue.levels import leave_queue, our_best
from app.engine.venue.prices import forget_prices
from app.engine.venue.reports import end, tell
from app.engine.venue.state import (
    Stage,
    venue,
    venue_instruments,
    venue_levels,
    venue_orders,
)
from app.engine.venue.steps import perform_steps
from app.engine.venue.waiting import (
    make_condition,
    works_outside_hours,
)


@kernel
def _first_off(arena: int, instrument: int, session: int) -> int:
    """A resting order that may not work in a session; 0 if none is."""
    for side in (1, -1):
        level = our_best(arena, instrument, side)
        while level:
            index = venue_levels(arena)[level]["first"]
            while index:
                if not is_within_hours(session, works_outside_hours(arena, index)):
                    return index
                index = venue_orders(arena)[index]["next"]
            level = venue_levels(arena)[level]["worse"]
    return 0


@kernel
def _hold_resting(arena: int, links: int, instrument: int, session: int) -> None:
    """Take the orders off the book whose hours are over; they come back behind."""
    index = _first_off(arena, instrument, session)
    while index:
        order = venue_orders(arena)[index]
        leave_queue(arena, index)
        if order["condition"] or make_condition(arena, index):
            order["stage"] = Stage.WAITING
            hold(arena, order["condition"])
            tell(arena, links, index, ReportType.REPLACED, Reason.CLOSED)
        else:
            end(arena, links, index, ReportType.CANCELLED, Reason.POOL_FULL)
        index = _first_off(arena, instrument, session)


@kernel
def _next_stop(arena: int, instrument: int, after: int) -> int:
    """Condition behind this one that waits for a price; 0 if there is none."""
    for mine in range(after + 1, section_words(arena, Section.CONDITIONS)[USED]):
        row = condition(arena, mine)
        here = row["number"] != 0 and row["instrument"] == instrument
        if here and row["wait"] == Wait.TRIGGER:
            return integer(mine)
    return 0


@kernel
def _hold_stops(arena: int, links: int, instrument: int, session: int) -> None:
    """Take the stops off their shelves whose hours are over: they do not trigger."""
    mine = _next_stop(arena, instrument, integer(0))
    while mine:
        if not is_within_hours(session, condition(arena, mine)["outside"] != 0):
            stop_waiting(arena, mine)
            hold(arena, mine)
            index = integer(condition(arena, mine)["order"])
            tell(arena, links, index, ReportType.REPLACED, Reason.CLOSED)
        mine = _next_stop(arena, instrument, mine)


@kernel
def _miss_auction(
    arena: int, links: int, instrument: int, wait: int, before: int
) -> None:
    """End auction orders that came before a time (ns) and were not filled."""
    mine = first_waiting(arena, instrument, wait)
    while mine:
        following = integer(condition(arena, mine)["next"])
        index = integer(condition(arena, mine)["order"])
        if venue_orders(arena)[index]["arrived_ts"] < before:
            reason = integer(Reason.AUCTION_MISSED)
            end(arena, links, index, ReportType.CANCELLED, reason)
        mine = following


@kernel
def _miss_auctions(
    arena: int, links: int, instrument: int, before: int, after: int
) -> None:
    """End the auction orders whose auction cannot come any more.

    The opening goes with the regular hours; the close's print may come after them, but
    not after the venue has closed.
    """
    state = venue_instruments(arena)[instrument]
    regular = before != SessionState.EXTENDED and before != SessionState.CLOSED
    closed = after == SessionState.CLOSED
    if regular and (closed or after == SessionState.EXTENDED):
        state["regular_end"] = venue(arena)[0]["at"]
        opening = integer(Wait.OPENING)
        _miss_auction(arena, links, instrument, opening, integer(state["regular_end"]))
    if closed:
        closing = integer(Wait.CLOSING)
        _miss_auction(arena, links, instrument, closing, integer(state["regular_end"]))


@kernel
def follow_session(arena: int, links: int, instrument: int) -> None:
    """Let our orders follow a session that changed, at the venue's time now."""
    state = venue_instruments(arena)[instrument]
    before = integer(state["session"])
    after = integer(instruments(arena)[instrument]["session"])
    if before == after:
        return
    state["session"] = after
    forget_prices(arena, instrument)
    end_hours(arena, instrument, before, after)
    perform_steps(arena, links)
    _miss_auctions(arena, links, instrument, before, after)
    if after == SessionState.EXTENDED:
        # Where the venue is closed nobody trades: all keep their places.
        _hold_resting(arena, links, instrument, after)
        _hold_stops(arena, links, instrument, after)
    perform_steps(arena, links)
