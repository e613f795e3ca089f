"""Orders of ours that wait at the simulated venue: for a price, an entry, their hours.

What they wait for and what follows stands in `app.engine.conditional`; here is when an
order gets a condition, where it waits, and what the venue does for each step.
"""

from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.conditional.capabilities import (
    is_for_auction,
    is_stop,
)
from app.engine.conditional.groups import (
    await_entry,
    join_group,
    note_resize,
)
from app.engine.conditional.queues import stop_waiting
from app.engine.conditional.state import (
    Step,
    Wait,
    condition,
    new_condition,
)
from app.engine.conditional.steps import line_up
from app.engine.conditional.times import (
    await_auction,
    ends_by_time,
    hold,
    is_continuous,
    is_within_hours,
    watch_time,
    works_outside,
)
from app.engine.conditional.triggers import (
    is_reached,
    resolved_trigger,
    trailing_stop,
    watch,
)
from app.engine.records import (
    NO_PRICE,
    GroupRole,
    OrderType,
    Reason,
    ReportType,
    TimeInForce,
    Trigger,
)
from app.engine.state import instruments, orders
from app.engine.venue.bars import fills_from_bars, wait_for_bar
from app.engine.venue.entering import (
    is_at_once,
    meet_book,
    protect_from,
    touch_of,
)
from app.engine.venue.prices import price_now, see_now
from app.engine.venue.reports import FAR, end
from app.engine.venue.state import (
    Stage,
    venue,
    venue_orders,
)

# The condition of an order.


@kernel
def is_bracket_exit(role: int) -> bool:
    """Whether an order is sized by what its bracket's entry filled."""
    return role == GroupRole.BRACKET_TARGET or role == GroupRole.BRACKET_STOP


@kernel
def _session(arena: int, index: int) -> int:
    instrument = venue_orders(arena)[index]["instrument"]
    return integer(instruments(arena)[instrument]["session"])


@kernel
def works_outside_hours(arena: int, index: int) -> bool:
    """Whether an order may work outside regular hours (24)."""
    order = venue_orders(arena)[index]
    options, instrument = integer(order["options"]), integer(order["instrument"])
    return works_outside(arena, instrument, options)


@kernel
def waits_off(arena: int, index: int) -> bool:
    """Whether an order cannot meet the book in this session, or only an auction."""
    force = venue_orders(arena)[index]["time_in_force"]
    return is_for_auction(integer(force)) or _is_off(arena, index)


@kernel
def _is_off(arena: int, index: int) -> bool:
    """Whether an order cannot be on the book in this session."""
    order, session = venue_orders(arena)[index], _session(arena, index)
    if not is_within_hours(session, works_outside_hours(arena, index)):
        return True
    at_once = is_at_once(order["order_type"], order["time_in_force"])
    return at_once and not is_continuous(session)


@kernel
def _needs_condition(arena: int, index: int) -> bool:
    """Whether an order is more than a price and a quantity."""
    order, source = venue_orders(arena)[index], orders(arena)[index]
    if is_stop(order["order_type"]) or ends_by_time(order["time_in_force"]):
        return True
    if source["display_quantity"] or source["role"]:
        return True
    return _is_off(arena, index)


@kernel
def need_condition(arena: int, index: int) -> bool:
    """Give an order its condition, if it wants one; False = no room for it."""
    order = venue_orders(arena)[index]
    if order["condition"] or not _needs_condition(arena, index):
        return True
    return make_condition(arena, index)


@kernel
def make_condition(arena: int, index: int) -> bool:
    """Give an order a condition with all that its ORDER says; False = no room."""
    order, source = venue_orders(arena)[index], orders(arena)[index]
    instrument, side = integer(order["instrument"]), integer(order["side"])
    mine = new_condition(arena, index, instrument, side)
    if mine == 0:
        return False
    order["condition"] = mine
    row = condition(arena, mine)
    row["trigger"] = resolved_trigger(arena, instrument, integer(source["trigger"]))
    if fills_from_bars(arena, instrument):
        row["trigger"] = Trigger.LAST
    row["time_in_force"] = order["time_in_force"]
    row["outside"] = works_outside_hours(arena, index)
    row["stop_price"], row["trail"] = order["stop_price"], source["trail"]
    row["display"], row["leaves"] = source["display_quantity"], order["leaves"]
    if order["time_in_force"] == TimeInForce.GTD:
        row["expire_ts"] = source["expire_ts"]
        watch_time(arena, mine)
    row["group_number"] = order["group"]
    role = integer(source["role"])
    if role == GroupRole.NONE:
        return True
    if not join_group(arena, mine, integer(source["account"]), role):
        return False
    if is_bracket_exit(role):
        order["quantity"] = order["filled"] + row["leaves"]
        order["leaves"] = row["leaves"]
    return True


@kernel
def begin_trail(arena: int, index: int) -> None:
    """Place a trailing stop where its trigger's price puts it; afar while none is."""
    order = venue_orders(arena)[index]
    instrument, side = integer(order["instrument"]), integer(order["side"])
    row = condition(arena, order["condition"])
    if row["stop_price"] == NO_PRICE:
        trail, price = integer(row["trail"]), price_now(arena, order["condition"])
        row["stop_price"] = side * FAR
        if price != NO_PRICE:
            row["stop_price"] = trailing_stop(arena, instrument, side, price, trail)
    if order["price"] != NO_PRICE:
        row["offset"] = order["price"] - row["stop_price"]
    order["stop_price"] = row["stop_price"]


# Where it waits.


@kernel
def find_wait(arena: int, index: int) -> bool:
    """Let an accepted order wait for what it must; False if it goes to the book."""
    order = venue_orders(arena)[index]
    mine = order["condition"]
    if mine == 0:
        return False
    row = condition(arena, mine)
    from_bars = fills_from_bars(arena, order["instrument"])
    order["stage"] = Stage.WAITING
    if is_bracket_exit(integer(row["role"])) and order["leaves"] == 0:
        await_entry(arena, mine)
    elif from_bars and not is_stop(order["order_type"]):
        order["stage"] = Stage.IN_FLIGHT
        return False
    elif is_for_auction(order["time_in_force"]):
        await_auction(arena, mine)
    elif _is_off(arena, index):
        hold(arena, mine)
    elif is_stop(order["order_type"]) and order["triggered_ts"] == 0:
        return _wait_for_price(arena, index)
    else:
        order["stage"] = Stage.IN_FLIGHT
        return False
    return True


@kernel
def _wait_for_price(arena: int, index: int) -> bool:
    """Put a stop on its shelf; one that its price has passed triggers now."""
    order = venue_orders(arena)[index]
    mine = integer(order["condition"])
    row = condition(arena, mine)
    see_now(arena, mine)
    if not watch(arena, mine):
        order["stage"] = Stage.IN_FLIGHT
        return False
    if fills_from_bars(arena, order["instrument"]):
        # The bar in hand, or the next, tells whether it is reached.
        order["arrived_ts"] = venue(arena)[0]["at"]
    elif is_reached(row["side"], row["stop_price"], price_now(arena, mine)):
        stop_waiting(arena, mine)
        line_up(arena, mine, integer(Step.TRIGGER), integer(Reason.NONE))
    return True


@kernel
def bound_market(arena: int, index: int) -> None:
    """Bound a market order from the touch as it begins to work (17)."""
    order = venue_orders(arena)[index]
    from_bars = fills_from_bars(arena, order["instrument"])
    if order["order_type"] == OrderType.MARKET and not from_bars:
        touch = touch_of(arena, index)
        if touch != NO_PRICE:
            protect_from(arena, index, touch)


@kernel
def begin_work(arena: int, links: int, index: int) -> None:
    """Let an order that waits for nothing meet the book."""
    order = venue_orders(arena)[index]
    if is_stop(order["order_type"]) and order["triggered_ts"] == 0:
        end(arena, links, index, ReportType.CANCELLED, Reason.POOL_FULL)
        return
    if fills_from_bars(arena, order["instrument"]):
        wait_for_bar(arena, links, index)
        return
    if order["order_type"] == OrderType.MARKET and touch_of(arena, index) == NO_PRICE:
        reason = integer(Reason.NO_OPPOSITE_SIDE)
        end(arena, links, index, ReportType.CANCELLED, reason)
        return
    meet_book(arena, links, index, True)


@kernel
def keep_peak(arena: int, index: int) -> None:
    """Let a smaller iceberg keep its peak in the queue: the hidden part goes first."""
    order = venue_orders(arena)[index]
    if order["condition"]:
        row = condition(arena, order["condition"])
        row["hidden"] = max(min(row["hidden"], order["leaves"] - row["display"]), 0)


@kernel
def take_terms(arena: int, index: int) -> None:
    """Let a condition follow terms that a corporate action gave its order (46)."""
    order, source = venue_orders(arena)[index], orders(arena)[index]
    mine = integer(order["condition"])
    if mine == 0:
        return
    row = condition(arena, mine)
    watches = row["wait"] == Wait.TRIGGER
    if watches:
        stop_waiting(arena, mine)
    row["stop_price"], row["trail"] = order["stop_price"], source["trail"]
    row["display"] = source["display_quantity"]
    if order["price"] != NO_PRICE:
        row["offset"] = order["price"] - row["stop_price"]
    keep_peak(arena, index)
    if row["wait"] != Wait.ENTRY:
        note_resize(arena, mine, integer(order["leaves"]))
    if watches:
        # It left a place on the shelf, so there is room for its new one.
        watch(arena, mine)
