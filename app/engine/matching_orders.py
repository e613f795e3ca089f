"""Orders with a condition: how they stand on the book, wait beside it, and end.

On the book an order's `leaves` are what is displayed; the condition holds what is
hidden, so that a match looks at nothing else. Beside the book (a stop, an order held
for its hours, an auction order, a bracket's exit) `leaves` are all that is open, and
the condition holds the limit. All of it is off the plain order's way.
"""

from typing import Any

from app.engine.arena import Section, give, take
from app.engine.bits import integer
from app.engine.compile import inlined, kernel, rare
from app.engine.conditional.groups import await_entry, awaits_entry, end_condition
from app.engine.conditional.state import condition
from app.engine.matching_ids import link_order, unlink_order
from app.engine.matching_output import publish, report_with_status
from app.engine.matching_positions import forget_reducing
from app.engine.matching_queue import join, leave, leave_head
from app.engine.matching_state import STRATEGIES, match_level, match_order, matching
from app.engine.rare import out_of_line
from app.engine.records import EventKind, OrderStatus, OrderType, ReportType


@inlined
def begin_order(arena: int, command: Any, hashed: int) -> int:
    """Take an order of the pool and fill it in from its command."""
    index = take(arena, Section.MATCH_ORDERS)
    state = matching(arena)
    state["venue_order_id"] += 1
    order = match_order(arena, index)
    order["level"] = 0
    order["mapped"] = 0
    order["hash"] = hashed
    order["client_order_id"] = command["client_order_id"]
    order["venue_order_id"] = state["venue_order_id"]
    order["leaves"] = command["quantity"]
    order["quantity"] = command["quantity"]
    order["account"] = command["account"]
    order["condition"] = 0
    order["options"] = command["options"]
    order["instrument"] = command["instrument"]
    order["strategy"] = integer(command["strategy"]) & (STRATEGIES - 1)
    order["side"] = command["side"]
    order["order_type"] = command["order_type"]
    order["time_in_force"] = command["time_in_force"]
    return index


@kernel
def open_of(arena: int, order: Any) -> int:
    """Quantity that an order may still fill, displayed or not."""
    if order["condition"] == 0:
        return order["leaves"]
    return order["leaves"] + condition(arena, order["condition"])["hidden"]


@kernel
def filled_of(arena: int, order: Any) -> int:
    """Quantity that an order has filled."""
    return order["quantity"] - open_of(arena, order)


@kernel
def price_of(arena: int, order: Any) -> int:
    """Limit of an order, on the book or beside it; NO_PRICE = it has none yet."""
    if order["level"]:
        return match_level(arena, order["level"])["price"]
    return condition(arena, order["condition"])["limit"]


@kernel
def note_limit(arena: int, order: Any, limit: int) -> None:
    """Note the limit of an order that is about to meet the book."""
    if order["condition"]:
        condition(arena, order["condition"])["limit"] = limit


@kernel
def waits_for_trigger(order: Any, row: Any) -> bool:
    """Whether an order is a stop that has not triggered."""
    return order["order_type"] >= OrderType.STOP and row["triggered"] == 0


@kernel
def peaks_of(hidden: int, display: int) -> int:
    """Number of displayed parts in what an iceberg hides."""
    return -(-hidden // display) if display > 0 else 0


@rare
def set_hidden(arena: int, row: Any, hidden: int) -> None:
    """Set what an iceberg hides; the engine counts its peaks."""
    out_of_line()
    display, state = row["display"], matching(arena)
    state["peaks"] -= peaks_of(row["hidden"], display)
    state["peaks"] += peaks_of(hidden, display)
    row["hidden"] = hidden


@kernel
def unhide(arena: int, order: Any) -> None:
    """Make all that is open of an order that is off the book its `leaves`."""
    if order["condition"]:
        row = condition(arena, order["condition"])
        order["leaves"] += row["hidden"]
        set_hidden(arena, row, 0)


@rare
def rest(arena: int, index: int, price: int) -> None:
    """Put an order at the back of a queue; an iceberg shows its first part."""
    out_of_line()
    order = match_order(arena, index)
    if order["mapped"] == 0:
        link_order(arena, index)
    if order["condition"]:
        row = condition(arena, order["condition"])
        if 0 < row["display"] < order["leaves"]:
            set_hidden(arena, row, order["leaves"] - row["display"])
            order["leaves"] = row["display"]
    join(arena, index, price)
    kind = integer(EventKind.ORDER_ADD)
    publish(arena, order, kind, price, order["leaves"], 0)


@rare
def take_off(arena: int, index: int) -> int:
    """Take an order off the book, if it is there; return its price."""
    out_of_line()
    order = match_order(arena, index)
    price = price_of(arena, order)
    if order["level"]:
        kind = integer(EventKind.ORDER_CANCEL)
        publish(arena, order, kind, price, order["leaves"], 0)
        leave(arena, index)
        unhide(arena, order)
    return price


@rare
def end_special(arena: int, index: int) -> None:
    """Forget an order that is off the book, with its condition if it has one."""
    out_of_line()
    order = match_order(arena, index)
    if order["mapped"]:
        unlink_order(arena, index)
    if order["condition"]:
        here = integer(order["condition"])
        set_hidden(arena, condition(arena, here), 0)
        forget_reducing(arena, order)
        end_condition(arena, here)
        matching(arena)["conditions"] -= 1
    give(arena, Section.MATCH_ORDERS, index)


@rare
def end_with(arena: int, index: int, kind: int, reason: int) -> None:
    """End a working order: kind CANCELLED or EXPIRED, for a reason."""
    out_of_line()
    price = take_off(arena, index)
    order = match_order(arena, index)
    status = integer(OrderStatus.CANCELLED)
    if kind == ReportType.EXPIRED:
        status = integer(OrderStatus.EXPIRED)
    report_with_status(arena, order, kind, status, reason, price)
    end_special(arena, index)


@rare
def complete(arena: int, index: int, reason: int) -> None:
    """End an order that has nothing open as FILLED, its total being what is filled."""
    out_of_line()
    price = take_off(arena, index)
    order = match_order(arena, index)
    order["quantity"] -= order["leaves"]
    order["leaves"] = 0
    kind, status = integer(ReportType.REPLACED), integer(OrderStatus.FILLED)
    report_with_status(arena, order, kind, status, reason, price)
    end_special(arena, index)


@rare
def shrink_open(arena: int, order: Any, left: int) -> None:
    """Take from an order what is open beyond `left`, in its place: hidden first."""
    out_of_line()
    less = open_of(arena, order) - left
    order["quantity"] -= less
    if order["condition"]:
        row = condition(arena, order["condition"])
        hidden = min(less, integer(row["hidden"]))
        set_hidden(arena, row, row["hidden"] - hidden)
        less -= hidden
    order["leaves"] -= less
    if order["level"] and less:
        level = match_level(arena, order["level"])
        level["size"] -= less
        kind = integer(EventKind.ORDER_MODIFY)
        publish(arena, order, kind, level["price"], order["leaves"], 0)


@rare
def set_open(arena: int, index: int, left: int) -> None:
    """Change what is open of an order; more of it joins the back of its queue (16)."""
    out_of_line()
    order = match_order(arena, index)
    if left <= open_of(arena, order):
        if left == 0:
            take_off(arena, index)
        shrink_open(arena, order, left)
        return
    on_book = order["level"] != 0
    price = take_off(arena, index)
    order["quantity"] += left - order["leaves"]
    order["leaves"] = left
    if on_book:
        rest(arena, index, price)


@rare
def to_entry(arena: int, index: int, price: int) -> None:
    """Let a bracket's exit, off the book, wait for (more of) its entry to be filled."""
    out_of_line()
    here = integer(match_order(arena, index)["condition"])
    condition(arena, here)["limit"] = price
    await_entry(arena, here)


@rare
def head_filled(arena: int, index: int, level_index: int, quantity: int) -> None:
    """Let the head of a queue, `leaves` reduced, go on, be refilled, wait or end."""
    out_of_line()
    order, level = match_order(arena, index), match_level(arena, level_index)
    if order["leaves"]:
        level["size"] -= quantity
        return
    price, here = integer(level["price"]), integer(order["condition"])
    leave_head(arena, level_index, index, quantity)
    if here:
        row = condition(arena, here)
        if row["hidden"]:
            unhide(arena, order)
            rest(arena, index, price)
            return
        if awaits_entry(arena, here):
            to_entry(arena, index, price)
            return
    end_special(arena, index)


@kernel
def is_waiting_for(arena: int, order: Any, wait: int) -> bool:
    """Whether an order waits for this Wait."""
    if order["condition"] == 0:
        return False
    return condition(arena, order["condition"])["wait"] == wait
