"""Replaces of orders with a condition, or outside regular trading (SEMANTICS 15, 16).

What may change: the total, the limit, a stop that has not triggered and its trail. A
waiting order keeps its place only with a smaller total, as one on the book does. A stop
that its new price would put through the market is refused, and the order stays as it
was. A bracket's exit that waits for its entry takes new prices alone.
"""

from typing import Any

from app.engine.bits import integer
from app.engine.compile import kernel, rare
from app.engine.conditional.capabilities import has_limit, was_to_rest
from app.engine.conditional.groups import note_resize
from app.engine.conditional.queues import put_in_queue, stop_waiting
from app.engine.conditional.state import Wait, condition
from app.engine.conditional.times import is_continuous
from app.engine.conditional.triggers import is_reached, trailing_stop, watch
from app.engine.matching_begin import session_of, work
from app.engine.matching_orders import (
    complete,
    filled_of,
    is_waiting_for,
    note_limit,
    peaks_of,
    price_of,
    set_open,
    take_off,
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
from app.engine.matching_special import MILLION, set_offset
from app.engine.matching_state import (
    PEAKS_BOUND,
    PRICE_BOUND,
    QUANTITY_BOUND,
    match_order,
    matching,
)
from app.engine.rare import out_of_line
from app.engine.records import (
    NO_PRICE,
    OrderType,
    Reason,
    ReportType,
)


@kernel
def _new_kind(order: Any, command: Any) -> int:
    """Type that a replace asks for; an order's own by default."""
    kind = integer(command["order_type"])
    return kind or integer(order["order_type"])


@kernel
def _new_limit(arena: int, order: Any, command: Any, old: int) -> int:
    """Limit that a replace asks for; NO_PRICE where the order has none."""
    if command["price"] != NO_PRICE:
        return command["price"]
    kind = _new_kind(order, command)
    if kind == OrderType.MARKET and order["order_type"] != OrderType.MARKET:
        instrument, side = integer(order["instrument"]), integer(order["side"])
        ticks = integer(command["protection_ticks"])
        return protected_limit(arena, instrument, side, ticks)
    return old


@rare
def _limit_refusal(arena: int, order: Any, command: Any, limit: int) -> int:
    """Judge type and limit that a replace asks for; return a Reason."""
    out_of_line()
    kind = _new_kind(order, command)
    instrument, side = integer(order["instrument"]), integer(order["side"])
    continuous = is_continuous(session_of(arena, instrument))
    if kind != order["order_type"]:
        plain = kind == OrderType.LIMIT or kind == OrderType.MARKET
        may = order["level"] != 0 and (continuous or kind == OrderType.LIMIT)
        if not plain or not may:
            return integer(Reason.UNSUPPORTED)
        if limit == NO_PRICE:
            return integer(Reason.NO_OPPOSITE_SIDE)
    bare = order["level"] == 0 and not has_limit(kind)
    if bare and command["price"] != NO_PRICE:
        return integer(Reason.UNSUPPORTED)
    if not bare and not is_price(limit):
        return integer(Reason.BAD_PRICE)
    meant = was_to_rest(integer(command["options"]))
    rests = meant or is_post_only(order)
    meets = order["level"] != 0 and continuous and rests
    if meets and would_trade(arena, instrument, side, limit):
        refusal = Reason.MEANING_CHANGED if meant else Reason.POST_ONLY_WOULD_CROSS
        return integer(refusal)
    return integer(Reason.NONE)


@rare
def _quantity_refusal(arena: int, order: Any, quantity: int) -> int:
    """Judge the total that a replace asks for; return a Reason."""
    out_of_line()
    if quantity < 0:
        return integer(Reason.BAD_QUANTITY)
    if quantity > QUANTITY_BOUND:
        return integer(Reason.QUANTITY_TOO_LARGE)
    if order["condition"] == 0:
        return integer(Reason.NONE)
    row = condition(arena, order["condition"])
    filled = filled_of(arena, order)
    if row["display"]:
        peaks = peaks_of(quantity - filled, row["display"])
        more = peaks - peaks_of(row["hidden"], row["display"])
        if peaks > PEAKS_BOUND // 16:
            return integer(Reason.BAD_QUANTITY)
        if matching(arena)["peaks"] + more > PEAKS_BOUND:
            return integer(Reason.POOL_FULL)
    return integer(Reason.NONE)


@rare
def _stop_refusal(arena: int, order: Any, stop: int) -> int:
    """Judge the stop that a replace asks for; return a Reason."""
    out_of_line()
    if not is_price(stop):
        return integer(Reason.BAD_PRICE)
    row = condition(arena, order["condition"])
    instrument, side = integer(order["instrument"]), integer(order["side"])
    price = trigger_price(arena, instrument, integer(row["trigger"]), side)
    if row["level"] and is_reached(side, stop, price):
        return integer(Reason.STOP_THROUGH_MARKET)
    return integer(Reason.NONE)


@kernel
def _new_trail(order: Any, row: Any, command: Any) -> int:
    """Distance that a replace asks for; 0 where none is to change."""
    trail = command["trail"]
    if row["trail"] == 0 or trail == row["trail"] or not waits_for_trigger(order, row):
        return 0
    return trail


@rare
def _new_stop(arena: int, order: Any, command: Any) -> int:
    """Stop that a replace asks for; NO_PRICE where none is to change."""
    out_of_line()
    if order["condition"] == 0:
        return NO_PRICE
    row = condition(arena, order["condition"])
    if not waits_for_trigger(order, row) or command["stop_price"] == row["stop_price"]:
        return NO_PRICE
    trail = _new_trail(order, row, command)
    if command["stop_price"] != NO_PRICE or trail == 0:
        return command["stop_price"]
    instrument, side = integer(order["instrument"]), integer(order["side"])
    price = trigger_price(arena, instrument, integer(row["trigger"]), side)
    if price == NO_PRICE:
        return NO_PRICE
    return trailing_stop(arena, instrument, side, price, trail)


@rare
def replace_special(arena: int, command: Any, index: int) -> int:
    """Change an order that has a condition, or any outside regular trading."""
    out_of_line()
    order = match_order(arena, index)
    old = price_of(arena, order)
    limit = _new_limit(arena, order, command, old)
    stop = _new_stop(arena, order, command)
    asked = command["quantity"]
    reason = _limit_refusal(arena, order, command, limit)
    if reason == Reason.NONE and asked != 0 and asked != order["quantity"]:
        reason = _quantity_refusal(arena, order, asked)
    if reason == Reason.NONE and stop != NO_PRICE:
        reason = _stop_refusal(arena, order, stop)
    has_distance = -MILLION < command["trail"] < PRICE_BOUND
    if reason == Reason.NONE and not has_distance:
        reason = integer(Reason.BAD_PRICE)
    if reason != Reason.NONE:
        rejected = integer(ReportType.REPLACE_REJECTED)
        report_working(arena, order, rejected, reason, old)
        return reason
    if order["condition"]:
        row = condition(arena, order["condition"])
        trail = _new_trail(order, row, command)
        row["trail"] = trail or row["trail"]
    order_type = _new_kind(order, command)
    keeps = limit == old and order_type == order["order_type"]
    order["order_type"] = order_type
    if is_waiting_for(arena, order, integer(Wait.ENTRY)):
        # Its size is its entry's.
        asked = integer(0)
    quantity = asked or order["quantity"]
    if asked and quantity <= filled_of(arena, order):
        complete(arena, index, reason)
    elif order["level"]:
        _change_on_book(arena, index, quantity, limit, keeps)
    else:
        _change_waiting(arena, index, quantity, limit, stop)
    return reason


@rare
def _note_size(arena: int, index: int, quantity: int) -> None:
    """Give an order a new total; its group learns of what is open."""
    out_of_line()
    order = match_order(arena, index)
    left = quantity - filled_of(arena, order)
    set_open(arena, index, left)
    if order["condition"]:
        note_resize(arena, integer(order["condition"]), left)


@kernel
def _is_cut(arena: int, index: int) -> bool:
    """Cut a reduce-only order to the position; whether that ended it."""
    return is_reduce_only(match_order(arena, index)) and not cut(arena, index)


@rare
def _change_on_book(
    arena: int, index: int, quantity: int, limit: int, keeps: bool
) -> None:
    """Shrink an order in its place, or send it to the back as if it arrived now."""
    out_of_line()
    order = match_order(arena, index)
    kind, none = integer(ReportType.REPLACED), integer(Reason.NONE)
    if keeps and quantity <= order["quantity"]:
        _note_size(arena, index, quantity)
        report_working(arena, order, kind, none, limit)
        return
    take_off(arena, index)
    note_limit(arena, order, limit)
    _note_size(arena, index, quantity)
    report_working(arena, order, kind, none, limit)
    if not _is_cut(arena, index):
        work(arena, index, limit)


@kernel
def _move_stop(arena: int, order: Any, stop: int) -> None:
    """Let a stop wait for another price."""
    here = integer(order["condition"])
    row = condition(arena, here)
    if row["wait"] != Wait.TRIGGER:
        row["stop_price"] = stop
        return
    stop_waiting(arena, here)
    row["stop_price"] = stop
    see_now(arena, integer(order["instrument"]))
    watch(arena, here)


@rare
def _change_waiting(
    arena: int, index: int, quantity: int, limit: int, stop: int
) -> None:
    """Change an order that waits beside the book."""
    out_of_line()
    order = match_order(arena, index)
    here = integer(order["condition"])
    row = condition(arena, here)
    wait = integer(row["wait"])
    moved = limit != row["limit"] or quantity > order["quantity"]
    row["limit"] = limit
    if stop != NO_PRICE:
        _move_stop(arena, order, stop)
    if wait > Wait.ENTRY and moved:
        stop_waiting(arena, here)
        put_in_queue(arena, here, wait)
    if row["trail"]:
        set_offset(row)
    if wait != Wait.ENTRY:
        _note_size(arena, index, quantity)
    kind, none = integer(ReportType.REPLACED), integer(Reason.NONE)
    report_working(arena, order, kind, none, limit)
    _is_cut(arena, index)
