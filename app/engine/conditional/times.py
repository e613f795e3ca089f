"""Orders that end at a time, and orders that wait for their hours.

SEMANTICS 24-26. GTD ends at its time. DAY ends with the hours in which the order may
work: those without `outside` with the regular hours, the others when the venue closes.
An order sent outside its hours is held until they begin; in a halt and before an
auction orders are accepted and gather, so those count as its hours.
"""

from app.engine.arena import USED, Section, section_words
from app.engine.bits import integer
from app.engine.compile import kernel, rare
from app.engine.conditional.queues import put_in_queue
from app.engine.conditional.state import (
    Step,
    Wait,
    condition,
    condition_markets,
    conditional,
)
from app.engine.conditional.steps import line_up
from app.engine.rare import out_of_line
from app.engine.records import OrderOption, Reason, SessionState, TimeInForce
from app.engine.state import instruments

_OUTSIDE = int(OrderOption.OUTSIDE_HOURS)


@kernel
def works_outside(arena: int, instrument: int, options: int) -> bool:
    """Whether an order may work outside regular hours: its flag, or all do."""
    return options & _OUTSIDE != 0 or instruments(arena)[instrument]["always"] != 0


@kernel
def is_within_hours(session: int, outside: bool) -> bool:
    """Whether an order may be on the book in a session state."""
    if session == SessionState.CLOSED:
        return False
    return outside or session != SessionState.EXTENDED


@kernel
def is_continuous(session: int) -> bool:
    """Whether a session state matches orders as they come; else they gather."""
    return (
        session == SessionState.OPEN
        or session == SessionState.UNKNOWN
        or session == SessionState.EXTENDED
    )


@kernel
def ends_by_time(time_in_force: int) -> bool:
    """Whether an order needs a condition because a time, or an auction, ends it."""
    return (
        time_in_force == TimeInForce.DAY
        or time_in_force == TimeInForce.GTD
        or time_in_force == TimeInForce.AT_THE_OPEN
        or time_in_force == TimeInForce.AT_THE_CLOSE
    )


@rare
def watch_time(arena: int, index: int) -> None:
    """Note when an order with an `expire_ts` ends."""
    out_of_line()
    ends, state = condition(arena, index)["expire_ts"], conditional(arena)
    if ends and (state["next_expiry"] == 0 or ends < state["next_expiry"]):
        state["next_expiry"] = ends


@rare
def expire_until(arena: int, now: int) -> None:
    """Line up the ends of all orders whose time has come (ns)."""
    out_of_line()
    state = conditional(arena)
    if state["next_expiry"] == 0 or now < state["next_expiry"]:
        return
    following = integer(0)
    for index in range(1, section_words(arena, Section.CONDITIONS)[USED]):
        row = condition(arena, index)
        ends = row["expire_ts"]
        if row["number"] == 0 or ends == 0:
            continue
        if ends <= now:
            line_up(arena, index, integer(Step.EXPIRE), integer(Reason.EXPIRED))
        elif following == 0 or ends < following:
            following = ends
    state["next_expiry"] = following


@kernel
def _has_ended(before: int, after: int, outside: bool) -> bool:
    """Whether a change of session ended the hours of an order."""
    if outside:
        return after == SessionState.CLOSED and before != SessionState.CLOSED
    was_regular = before != SessionState.EXTENDED and before != SessionState.CLOSED
    is_over = after == SessionState.EXTENDED or after == SessionState.CLOSED
    return was_regular and is_over


@rare
def end_hours(arena: int, instrument: int, before: int, after: int) -> None:
    """Line up what a change of session (SessionState) ends, holds or releases.

    DAY orders whose hours are over expire; orders held for these hours are released.
    Before a first known state nothing has ended.
    """
    out_of_line()
    if before == SessionState.UNKNOWN and after != SessionState.CLOSED:
        before = integer(SessionState.PRE_OPEN)
    for index in range(1, section_words(arena, Section.CONDITIONS)[USED]):
        row = condition(arena, index)
        if row["number"] == 0 or row["instrument"] != instrument:
            continue
        outside = row["outside"] != 0
        is_day = row["time_in_force"] == TimeInForce.DAY
        if is_day and _has_ended(before, after, outside):
            line_up(arena, index, integer(Step.EXPIRE), integer(Reason.EXPIRED))
    index = integer(condition_markets(arena)[instrument]["queues"][Wait.HOURS]["first"])
    while index:
        if is_within_hours(after, condition(arena, index)["outside"] != 0):
            line_up(arena, index, integer(Step.RELEASE), integer(Reason.NONE))
        index = integer(condition(arena, index)["next"])


@rare
def hold(arena: int, index: int) -> None:
    """Let an order wait for its hours."""
    out_of_line()
    put_in_queue(arena, index, integer(Wait.HOURS))


@rare
def await_auction(arena: int, index: int) -> None:
    """Let an order at the open or at the close wait for its auction."""
    out_of_line()
    at_open = condition(arena, index)["time_in_force"] == TimeInForce.AT_THE_OPEN
    wait = integer(Wait.OPENING) if at_open else integer(Wait.CLOSING)
    put_in_queue(arena, index, wait)
