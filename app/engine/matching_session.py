"""Trading sessions and time in our own exchange (SEMANTICS 24-26).

While orders gather (a halt, an auction, before the open) the book may cross, nothing
matches and nothing triggers; where that ends the book is uncrossed. The orders whose
hours end leave the book and come back, in their order, with the next ones. At the open
and at the close auction orders take part, also where no auction was announced; what is
not filled then ends.
"""

from typing import Final

from app.engine.bits import integer
from app.engine.compile import kernel, rare
from app.engine.conditional.capabilities import is_for_auction
from app.engine.conditional.queues import first_waiting, stop_waiting
from app.engine.conditional.state import (
    Wait,
    condition,
    condition_levels,
    condition_markets,
    order_of,
)
from app.engine.conditional.times import (
    end_hours,
    expire_until,
    hold,
    is_continuous,
    is_within_hours,
    works_outside,
)
from app.engine.matching_auction import uncross
from app.engine.matching_begin import session_of
from app.engine.matching_orders import end_with, rest, take_off
from app.engine.matching_output import publish_session, report_working
from app.engine.matching_prices import see_auction
from app.engine.matching_special import attach
from app.engine.matching_state import (
    match_level,
    match_order,
    match_side,
    matching,
    side_index,
)
from app.engine.matching_steps import settle
from app.engine.matching_trade import best_level
from app.engine.rare import out_of_line
from app.engine.records import (
    BUY,
    SELL,
    OrderType,
    Reason,
    ReportType,
    SessionState,
    TimeInForce,
)
from app.engine.state import instruments
from app.session_rows import SessionFlag

_SIDES: Final = (BUY, SELL)
_STATES: Final = 1 + max(SessionState)


@kernel
def gathers(session: int) -> bool:
    """Whether orders gather without being matched in a session state."""
    return not is_continuous(session) and session != SessionState.CLOSED


@kernel
def _is_regular(session: int) -> bool:
    """Whether a session state belongs to the regular hours, a halt included."""
    return (
        session == SessionState.OPEN
        or session == SessionState.UNKNOWN
        or session == SessionState.HALTED
        or session == SessionState.CLOSING_AUCTION
    )


@kernel
def _auction_of(before: int, after: int) -> int:
    """Queue of the auction orders that a change of session fills; 0 = none."""
    opens = after == SessionState.OPEN and before != SessionState.HALTED
    if opens and before != SessionState.CLOSING_AUCTION:
        return integer(Wait.OPENING)
    ends = after == SessionState.CLOSED or after == SessionState.EXTENDED
    if ends and _is_regular(before):
        return integer(Wait.CLOSING)
    return integer(0)


@rare
def _join_auction(arena: int, instrument: int, wait: int) -> None:
    """Put the limit orders that wait for an auction into the book."""
    out_of_line()
    here = first_waiting(arena, instrument, wait)
    while here:
        row = condition(arena, here)
        following = integer(row["next"])
        index = order_of(arena, here)
        if match_order(arena, index)["order_type"] == OrderType.LIMIT:
            stop_waiting(arena, here)
            rest(arena, index, integer(row["limit"]))
        here = following


@rare
def _end_missed(arena: int, instrument: int, wait: int) -> None:
    """End the auction orders that an auction has not filled."""
    out_of_line()
    kind, reason = integer(ReportType.CANCELLED), integer(Reason.AUCTION_MISSED)
    here = first_waiting(arena, instrument, wait) if wait else integer(0)
    while here:
        following = integer(condition(arena, here)["next"])
        end_with(arena, order_of(arena, here), kind, reason)
        here = following
    for side in _SIDES:
        level = best_level(arena, instrument, side)
        while level:
            worse = integer(match_level(arena, level)["worse"])
            index = integer(match_level(arena, level)["head"])
            while index:
                order = match_order(arena, index)
                behind = integer(order["next"])
                if is_for_auction(integer(order["time_in_force"])):
                    end_with(arena, index, kind, reason)
                index = behind
            level = worse


@rare
def _send_home(arena: int, index: int) -> None:
    """Take an order whose hours are over off the book, or its shelf; DAY ends."""
    out_of_line()
    order = match_order(arena, index)
    if order["time_in_force"] == TimeInForce.DAY:
        kind, over = integer(ReportType.EXPIRED), integer(Reason.EXPIRED)
        end_with(arena, index, kind, over)
        return
    price = take_off(arena, index)
    if order["condition"] == 0:
        attach(arena, index)
    here = integer(order["condition"])
    condition(arena, here)["limit"] = price
    stop_waiting(arena, here)
    hold(arena, here)
    kind, reason = integer(ReportType.REPLACED), integer(Reason.CLOSED)
    report_working(arena, order, kind, reason, price)


@kernel
def _has_to_leave(arena: int, index: int, session: int) -> bool:
    order = match_order(arena, index)
    options = integer(order["options"])
    outside = works_outside(arena, integer(order["instrument"]), options)
    return not is_within_hours(session, outside)


@rare
def _clear_book(arena: int, instrument: int, session: int) -> None:
    """Send the orders home whose hours are over, best price first, then time."""
    out_of_line()
    for side in _SIDES:
        level = best_level(arena, instrument, side)
        while level:
            worse = integer(match_level(arena, level)["worse"])
            index = integer(match_level(arena, level)["head"])
            while index:
                behind = integer(match_order(arena, index)["next"])
                if _has_to_leave(arena, index, session):
                    _send_home(arena, index)
                index = behind
            level = worse


@rare
def _clear_shelves(arena: int, instrument: int, session: int) -> None:
    """Send the stops home whose hours are over, nearest first, then time."""
    out_of_line()
    market, every = condition_markets(arena)[instrument], condition_levels(arena)
    for which in range(len(market["shelves"])):
        level = integer(market["shelves"][which]["best"])
        while level:
            worse = integer(every[level]["worse"])
            here = integer(every[level]["first"])
            while here:
                behind = integer(condition(arena, here)["next"])
                index = order_of(arena, here)
                if _has_to_leave(arena, index, session):
                    _send_home(arena, index)
                here = behind
            level = worse


@kernel
def _set_flags(arena: int, instrument: int, session: int) -> None:
    """Let plain orders take the short way only while regular trading goes on."""
    regular = session == SessionState.OPEN or session == SessionState.UNKNOWN
    for side in _SIDES:
        book = match_side(arena, side_index(instrument, integer(side)))
        book["session"] = 0 if regular else session


@rare
def _hold_auctions(arena: int, instrument: int, before: int, after: int) -> None:
    """Let the auctions happen that end with a change of session."""
    out_of_line()
    wait = _auction_of(before, after)
    ends = gathers(before) and not gathers(after)
    if wait:
        _join_auction(arena, instrument, wait)
    if wait or ends:
        uncross(arena, instrument, wait)
        _end_missed(arena, instrument, wait)
    at_open, at_close = integer(Wait.OPENING), integer(Wait.CLOSING)
    if after == SessionState.PRE_OPEN or after == SessionState.OPENING_AUCTION:
        _join_auction(arena, instrument, at_open)
    if after == SessionState.CLOSING_AUCTION:
        _join_auction(arena, instrument, at_close)


@kernel
def _regular_hours(before: int, after: int) -> int:
    """SessionFlag bits: whether regular hours begin or end by a change of session."""
    worked = (
        before == SessionState.OPEN
        or before == SessionState.HALTED
        or before == SessionState.CLOSING_AUCTION
    )
    if worked:
        ends = after == SessionState.CLOSED or after == SessionState.EXTENDED
        return integer(SessionFlag.REGULAR_ENDS if ends else 0)
    return integer(SessionFlag.REGULAR_BEGINS if after == SessionState.OPEN else 0)


@rare
def _change(arena: int, instrument: int, after: int) -> None:
    """Let an instrument's session become another."""
    out_of_line()
    before = session_of(arena, instrument)
    if before == after:
        return
    instruments(arena)[instrument]["session"] = after
    _set_flags(arena, instrument, after)
    _hold_auctions(arena, instrument, before, after)
    flags = _regular_hours(before, after)
    publish_session(arena, instrument, after, flags)
    if after == SessionState.EXTENDED or after == SessionState.CLOSED:
        # Before anything is performed: what has to leave sees no price of these hours.
        _clear_book(arena, instrument, after)
        _clear_shelves(arena, instrument, after)
    end_hours(arena, instrument, before, after)
    see_auction(arena, instrument)
    matching(arena)["touched"] = instrument
    settle(arena)


@rare
def set_session(arena: int, instrument: int, session: int) -> int:
    """Change the session of an instrument, -1 = of all; return a Reason."""
    out_of_line()
    state = matching(arena)
    if not 0 <= session < _STATES or instrument >= state["instruments"]:
        return integer(Reason.UNSUPPORTED)
    if instrument >= 0:
        _change(arena, instrument, session)
        return integer(Reason.NONE)
    for each in range(state["instruments"]):
        _change(arena, each, session)
    return integer(Reason.NONE)


@rare
def let_time_pass(arena: int, now: int) -> None:
    """Let what ends by a time, ns, end."""
    out_of_line()
    matching(arena)["now"] = now
    expire_until(arena, now)
    settle(arena)
