"""An accepted order begins: it works, or waits for its trigger, hours or auction.

The same way is gone by a new order, one whose hours have come, and a bracket's exit
whose entry was filled: the owner is told first, then the order meets the book.
"""

from app.engine.bits import integer
from app.engine.compile import kernel, rare
from app.engine.conditional.capabilities import is_for_auction
from app.engine.conditional.queues import stop_waiting
from app.engine.conditional.state import Step, condition
from app.engine.conditional.steps import line_up
from app.engine.conditional.times import (
    await_auction,
    hold,
    is_continuous,
    is_within_hours,
)
from app.engine.conditional.triggers import is_reached, watch
from app.engine.matching_orders import (
    end_with,
    note_limit,
    rest,
    waits_for_trigger,
)
from app.engine.matching_output import report_working
from app.engine.matching_positions import is_reduce_only
from app.engine.matching_prices import see_now, trigger_price
from app.engine.matching_reducing import cut
from app.engine.matching_rules import (
    is_post_only,
    is_price,
    protected_limit,
    would_trade,
)
from app.engine.matching_state import match_order
from app.engine.matching_trade import arrive_again
from app.engine.rare import out_of_line
from app.engine.records import (
    NO_PRICE,
    OrderType,
    Reason,
    ReportType,
    SessionState,
    TimeInForce,
    Trigger,
)
from app.engine.state import instruments


@kernel
def session_of(arena: int, instrument: int) -> int:
    """SessionState of an instrument."""
    return integer(instruments(arena)[instrument]["session"])


@kernel
def in_auction(session: int, time_in_force: int) -> bool:
    """Whether auction orders of this kind stand in the book in a session state."""
    if time_in_force == TimeInForce.AT_THE_OPEN:
        return (
            session == SessionState.PRE_OPEN or session == SessionState.OPENING_AUCTION
        )
    return session == SessionState.CLOSING_AUCTION


@rare
def _wait(arena: int, index: int, session: int) -> bool:
    """Let an order wait beside the book if it has to; False if it may work."""
    out_of_line()
    order = match_order(arena, index)
    here = integer(order["condition"])
    if here == 0:
        return False
    force, kind = integer(order["time_in_force"]), order["order_type"]
    if is_for_auction(force):
        if kind == OrderType.LIMIT and in_auction(session, force):
            return False
        await_auction(arena, here)
        return True
    outside = condition(arena, here)["outside"] != 0
    bare = kind == OrderType.MARKET and condition(arena, here)["limit"] == NO_PRICE
    gathers = bare and not is_continuous(session)
    if gathers or not is_within_hours(session, outside):
        hold(arena, here)
        return True
    if waits_for_trigger(order, condition(arena, here)):
        see_now(arena, integer(order["instrument"]))
        watch(arena, here)
        return True
    return False


@rare
def begin(arena: int, index: int, kind: int, reason: int, limit: int) -> None:
    """Tell the owner of an order (ReportType, Reason), then let it work or wait.

    `limit` is what it may trade at if it works at once; NO_PRICE asks the book.
    """
    out_of_line()
    order = match_order(arena, index)
    session = session_of(arena, integer(order["instrument"]))
    waits = _wait(arena, index, session)
    if waits:
        limit = condition(arena, order["condition"])["limit"]
    else:
        if limit == NO_PRICE:
            limit = _market_limit(arena, index)
        note_limit(arena, order, limit)
    report_working(arena, order, kind, reason, limit)
    if is_reduce_only(order) and not cut(arena, index):
        return
    if not waits:
        work(arena, index, limit)


@rare
def _market_limit(arena: int, index: int) -> int:
    out_of_line()
    order = match_order(arena, index)
    instrument, side = integer(order["instrument"]), integer(order["side"])
    ticks = integer(condition(arena, order["condition"])["protection_ticks"])
    return protected_limit(arena, instrument, side, ticks)


@rare
def work(arena: int, index: int, limit: int) -> None:
    """Let an order, told and off the book, meet the book; where it gathers it rests."""
    out_of_line()
    order = match_order(arena, index)
    instrument, side = integer(order["instrument"]), integer(order["side"])
    if not is_continuous(session_of(arena, instrument)):
        if is_price(limit):
            rest(arena, index, limit)
        else:
            hold(arena, integer(order["condition"]))
        return
    reason = integer(Reason.NONE)
    if limit == NO_PRICE:
        reason = integer(Reason.NO_OPPOSITE_SIDE)
    elif is_post_only(order) and would_trade(arena, instrument, side, limit):
        reason = integer(Reason.POST_ONLY_WOULD_CROSS)
    if reason == Reason.NONE:
        arrive_again(arena, index, limit)
        return
    end_with(arena, index, integer(ReportType.CANCELLED), reason)


@rare
def trigger_if_reached(arena: int, index: int, by_last: bool) -> None:
    """Line up a stop that begins to wait where its price already is.

    `by_last`: also by the last trade, which for an order held for its hours is one in
    which it did not work (21).
    """
    out_of_line()
    order = match_order(arena, index)
    here = integer(order["condition"])
    row = condition(arena, here)
    trigger, side = integer(row["trigger"]), integer(order["side"])
    if row["level"] == 0 or (trigger == Trigger.LAST and not by_last):
        return
    instrument = integer(order["instrument"])
    if not is_continuous(session_of(arena, instrument)):
        return
    price = trigger_price(arena, instrument, trigger, side)
    if is_reached(side, integer(row["stop_price"]), price):
        stop_waiting(arena, here)
        line_up(arena, here, integer(Step.TRIGGER), integer(Reason.NONE))
