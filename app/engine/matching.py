"""The matching engine: price-time priority (SEMANTICS 14-19, 41).

`match` acts on one COMMAND: NEW, CANCEL or REPLACE of a market or limit order, GTC, IOC
or FOK, post-only if asked. What a command would change is judged before anything is
changed, so a refused one leaves no trace. An arriving order takes its slot first,
trades with the best of the other side as far as its limit reaches, and what is left
joins its queue. Nothing is allocated; both sides share the code.
"""

from typing import Any, Final

import numpy as np

from app.engine.arena import CAPACITY, LIVE, Section, give, section_words, take
from app.engine.compile import kernel
from app.engine.matching_ids import find_order, link_order, unlink_order
from app.engine.matching_output import (
    end_event,
    market_mark,
    publish,
    report_cancelled,
    report_fill,
    report_refused,
    report_working,
)
from app.engine.matching_queue import drop_level, join, leave
from app.engine.matching_state import (
    NODES_PER_LEVEL,
    PRICE_BOUND,
    QUANTITY_BOUND,
    match_levels,
    match_orders,
    match_sides,
    matching,
    side_index,
)
from app.engine.matching_ticks import protection_price
from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    Action,
    EventKind,
    OrderOption,
    OrderType,
    Reason,
    ReportType,
    TimeInForce,
)

MAKER: Final = 1
TAKER: Final = -1
_POST_ONLY: Final = int(OrderOption.POST_ONLY)  # numba takes no IntFlag


@kernel
def reaches(side: int, limit: int, price: int) -> bool:
    """Whether an order of `side` with this limit may trade at `price`."""
    return side * (limit - price) >= 0


@kernel
def best_level(arena: int, instrument: int, side: int) -> int:
    """Best level of one side; 0 if it is empty."""
    return np.int64(match_sides(arena)[side_index(instrument, side)]["best"])


@kernel
def _would_trade(arena: int, instrument: int, side: int, limit: int) -> bool:
    level = best_level(arena, instrument, -side)
    return level != 0 and reaches(side, limit, match_levels(arena)[level]["price"])


@kernel
def _has_room(arena: int) -> bool:
    """Whether one more order, at a price of its own, can rest."""
    orders = section_words(arena, Section.MATCH_ORDERS)
    nodes = section_words(arena, Section.INDEX_NODES)
    return (
        orders[LIVE] + 1 < orders[CAPACITY]
        and nodes[LIVE] + NODES_PER_LEVEL < nodes[CAPACITY]
    )


@kernel
def _fillable(
    arena: int, instrument: int, side: int, limit: int, account: int, wanted: int
) -> bool:
    """Whether `wanted` can trade at once, before an order of the same account."""
    orders = match_orders(arena)
    level_index = best_level(arena, instrument, -side)
    while level_index and wanted > 0:
        level = match_levels(arena)[level_index]
        if not reaches(side, limit, level["price"]):
            return False
        index = np.int64(level["head"])
        while index and wanted > 0:
            if orders[index]["account"] == account:
                return False
            wanted -= orders[index]["leaves"]
            index = np.int64(orders[index]["next"])
        level_index = np.int64(level["worse"])
    return wanted <= 0


@kernel
def _execute(arena: int, index: int, maker_index: int, limit: int) -> None:
    """Match two orders at the maker's price."""
    order = match_orders(arena)[index]
    maker = match_orders(arena)[maker_index]
    level_index = np.int64(maker["level"])
    level = match_levels(arena)[level_index]
    price = level["price"]
    quantity = min(order["leaves"], maker["leaves"])
    order["leaves"] -= quantity
    maker["leaves"] -= quantity
    _count(arena, match_sides(arena)[level["side_index"]], price, quantity)
    publish(arena, maker, EventKind.ORDER_EXECUTE, price, quantity, order["side"])
    report_fill(arena, maker, price, quantity, price, MAKER)
    report_fill(arena, order, price, quantity, limit, TAKER)
    if maker["leaves"]:
        level["size"] -= quantity
    else:
        _take_head(arena, level, level_index, maker_index, quantity)


@kernel
def _count(arena: int, book: Any, price: int, quantity: int) -> None:
    state = matching(arena)[0]
    state["executions"] += 1
    state["volume"] += quantity
    state["turnover"] += price * quantity
    book["volume"] += quantity
    book["last_price"] = price


@kernel
def _take_head(
    arena: int, level: Any, level_index: int, index: int, quantity: int
) -> None:
    """End the order at a level's head, which has just traded its last `quantity`."""
    unlink_order(arena, index)
    level["size"] -= quantity
    level["count"] -= 1
    level["head"] = match_orders(arena)[index]["next"]
    match_sides(arena)[level["side_index"]]["orders"] -= 1
    give(arena, Section.MATCH_ORDERS, index)
    if level["count"] == 0:
        drop_level(arena, level_index)


@kernel
def _trade(arena: int, index: int, limit: int) -> bool:
    """Trade as far as the limit reaches; False if it met an order of its own account."""
    order = match_orders(arena)[index]
    side = np.int64(order["side"])
    instrument = np.int64(order["instrument"])
    while order["leaves"] > 0:
        level_index = best_level(arena, instrument, -side)
        if level_index == 0:
            return True
        level = match_levels(arena)[level_index]
        if not reaches(side, limit, level["price"]):
            return True
        maker = np.int64(level["head"])
        # Rule 41: judged at the match, the newest loses its rest.
        if match_orders(arena)[maker]["account"] == order["account"]:
            return False
        _execute(arena, index, maker, limit)
    return True


@kernel
def _unrested(arena: int, index: int, limit: int, met_own: bool) -> int:
    """Say why what an order could not trade may not rest; NONE if it may."""
    order = match_orders(arena)[index]
    if met_own:
        return Reason.SELF_MATCH
    if order["time_in_force"] == TimeInForce.IOC:
        return Reason.IOC_REMAINDER
    if abs(limit) >= PRICE_BOUND:
        # A market order without protection has no price at which it could rest.
        return Reason.NO_OPPOSITE_SIDE
    return Reason.NONE


@kernel
def _arrive(arena: int, index: int, limit: int, is_known: bool) -> None:
    """Let an order trade, then rest or end; `is_known`: the id map has it already."""
    order = match_orders(arena)[index]
    met_own = not _trade(arena, index, limit)
    if order["leaves"] > 0:
        reason = _unrested(arena, index, limit, met_own)
        if reason == Reason.NONE:
            if not is_known:
                link_order(arena, index)
            join(arena, index, limit)
            publish(arena, order, EventKind.ORDER_ADD, limit, order["leaves"], 0)
            return
        report_cancelled(arena, order, reason, limit)
    if is_known:
        unlink_order(arena, index)
    give(arena, Section.MATCH_ORDERS, index)


@kernel
def is_post_only(record: Any) -> bool:
    """Whether a command or an order may only rest."""
    return np.int64(record["options"]) & _POST_ONLY != 0


@kernel
def _malformed(arena: int, command: Any) -> int:
    """Judge a new order by itself."""
    instrument = command["instrument"]
    if instrument < 0 or instrument >= matching(arena)[0]["instruments"]:
        return Reason.UNKNOWN_INSTRUMENT
    kind = command["order_type"]
    force = command["time_in_force"]
    immediate = force == TimeInForce.IOC or force == TimeInForce.FOK
    rests = force == TimeInForce.DAY or force == TimeInForce.GTC
    post_only = is_post_only(command)
    if kind != OrderType.LIMIT and kind != OrderType.MARKET:
        return Reason.UNSUPPORTED
    if not (rests or immediate) or command["display_quantity"] != 0:
        return Reason.UNSUPPORTED
    if post_only and (immediate or kind == OrderType.MARKET):
        return Reason.UNSUPPORTED
    if command["side"] != BUY and command["side"] != SELL:
        return Reason.UNSUPPORTED
    if command["quantity"] <= 0:
        return Reason.BAD_QUANTITY
    if command["quantity"] > QUANTITY_BOUND:
        return Reason.QUANTITY_TOO_LARGE
    if kind == OrderType.LIMIT and not is_price(command["price"]):
        return Reason.BAD_PRICE
    return Reason.NONE


@kernel
def is_price(price: int) -> bool:
    """Whether a number can be an order's price."""
    return -PRICE_BOUND < price < PRICE_BOUND


@kernel
def _limit_of(arena: int, command: Any, instrument: int, side: int) -> int:
    """Price up to which an order may trade; NO_PRICE if nothing is there to protect by."""
    if command["order_type"] == OrderType.LIMIT:
        return command["price"]
    level = best_level(arena, instrument, -side)
    if level == 0:
        return NO_PRICE
    touch = match_levels(arena)[level]["price"]
    return protection_price(arena, instrument, side, touch, command["protection_ticks"])


@kernel
def _refusal(arena: int, command: Any, limit: int) -> int:
    """Judge a well-formed new order against the book, before anything changes."""
    instrument = np.int64(command["instrument"])
    side = np.int64(command["side"])
    account = np.int64(command["account"])
    if find_order(arena, account, command["client_order_id"]):
        return Reason.DUPLICATE_ORDER_ID
    if not _has_room(arena):
        return Reason.POOL_FULL
    if limit == NO_PRICE:
        return Reason.NO_OPPOSITE_SIDE
    if is_post_only(command):
        if _would_trade(arena, instrument, side, limit):
            return Reason.POST_ONLY_WOULD_CROSS
    elif command["time_in_force"] == TimeInForce.FOK:
        wanted = command["quantity"]
        if not _fillable(arena, instrument, side, limit, account, wanted):
            return Reason.FOK_NOT_FILLABLE
    return Reason.NONE


@kernel
def _new(arena: int, command: Any) -> int:
    reason = _malformed(arena, command)
    if reason == Reason.NONE:
        instrument = np.int64(command["instrument"])
        limit = _limit_of(arena, command, instrument, np.int64(command["side"]))
        reason = _refusal(arena, command, limit)
        if reason == Reason.NONE:
            index = _make_order(arena, command)
            order = match_orders(arena)[index]
            report_working(arena, order, ReportType.NEW, Reason.NONE, limit)
            _arrive(arena, index, limit, False)
            return reason
    report_refused(arena, command, ReportType.REJECTED, reason)
    return reason


@kernel
def _make_order(arena: int, command: Any) -> int:
    index = take(arena, Section.MATCH_ORDERS)
    state = matching(arena)[0]
    state["venue_order_id"] += 1
    order = match_orders(arena)[index]
    order["level"] = 0
    order["client_order_id"] = command["client_order_id"]
    order["venue_order_id"] = state["venue_order_id"]
    order["leaves"] = command["quantity"]
    order["quantity"] = command["quantity"]
    order["account"] = command["account"]
    order["group"] = command["group"]
    order["instrument"] = command["instrument"]
    order["options"] = command["options"]
    order["side"] = command["side"]
    order["order_type"] = command["order_type"]
    order["time_in_force"] = command["time_in_force"]
    return index


@kernel
def _cancel(arena: int, command: Any) -> int:
    account = np.int64(command["account"])
    index = find_order(arena, account, command["client_order_id"])
    if index == 0:
        reason = Reason.UNKNOWN_ORDER
        report_refused(arena, command, ReportType.CANCEL_REJECTED, reason)
        return reason
    withdraw(arena, index, Reason.USER)
    return Reason.NONE


@kernel
def withdraw(arena: int, index: int, reason: int) -> None:
    """Cancel a resting order."""
    order = match_orders(arena)[index]
    price = match_levels(arena)[order["level"]]["price"]
    publish(arena, order, EventKind.ORDER_CANCEL, price, order["leaves"], 0)
    report_cancelled(arena, order, reason, price)
    leave(arena, index)
    unlink_order(arena, index)
    give(arena, Section.MATCH_ORDERS, index)


@kernel
def _replace(arena: int, command: Any) -> int:
    account = np.int64(command["account"])
    index = find_order(arena, account, command["client_order_id"])
    if index == 0:
        reason = Reason.UNKNOWN_ORDER
        report_refused(arena, command, ReportType.REPLACE_REJECTED, reason)
        return reason
    order = match_orders(arena)[index]
    old = match_levels(arena)[order["level"]]["price"]
    kind, limit = _new_terms(arena, command, order, old)
    quantity = command["quantity"]
    if quantity == 0:
        quantity = order["quantity"]
    reason = _replace_refusal(arena, order, limit, quantity)
    if reason != Reason.NONE:
        report_working(arena, order, ReportType.REPLACE_REJECTED, reason, old)
        return reason
    keeps = limit == old and kind == order["order_type"]
    order["order_type"] = kind
    if quantity <= order["quantity"] - order["leaves"]:
        _fill_up(arena, index, old)
    elif keeps and quantity <= order["quantity"]:
        _shrink(arena, order, quantity, old)
    else:
        _move(arena, index, quantity, limit)
    return reason


@kernel
def _new_terms(arena: int, command: Any, order: Any, old: int) -> tuple[int, int]:
    """Type and limit that a replace asks for; NO_PRICE if it can have no limit."""
    kind = np.int64(command["order_type"])
    if kind == 0:
        kind = np.int64(order["order_type"])
    if command["price"] != NO_PRICE:
        return kind, command["price"]
    if kind == OrderType.MARKET and order["order_type"] != OrderType.MARKET:
        instrument = np.int64(order["instrument"])
        return kind, _limit_of(arena, command, instrument, np.int64(order["side"]))
    return kind, old


@kernel
def _replace_refusal(arena: int, order: Any, limit: int, quantity: int) -> int:
    """Judge a replace before anything changes."""
    instrument = np.int64(order["instrument"])
    side = np.int64(order["side"])
    nodes = section_words(arena, Section.INDEX_NODES)
    if quantity < 0:
        return Reason.BAD_QUANTITY
    if quantity > QUANTITY_BOUND:
        return Reason.QUANTITY_TOO_LARGE
    if limit == NO_PRICE:
        return Reason.NO_OPPOSITE_SIDE
    if not is_price(limit):
        return Reason.BAD_PRICE
    if nodes[LIVE] + NODES_PER_LEVEL >= nodes[CAPACITY]:
        return Reason.POOL_FULL
    post_only = is_post_only(order)
    if post_only and _would_trade(arena, instrument, side, limit):
        return Reason.POST_ONLY_WOULD_CROSS
    return Reason.NONE


@kernel
def _fill_up(arena: int, index: int, price: int) -> None:
    """End an order whose new total is not above what it has filled (rule 15)."""
    order = match_orders(arena)[index]
    publish(arena, order, EventKind.ORDER_CANCEL, price, order["leaves"], 0)
    leave(arena, index)
    order["quantity"] -= order["leaves"]
    order["leaves"] = 0
    report_working(arena, order, ReportType.REPLACED, Reason.NONE, price)
    unlink_order(arena, index)
    give(arena, Section.MATCH_ORDERS, index)


@kernel
def _shrink(arena: int, order: Any, quantity: int, price: int) -> None:
    """Reduce an order in its place (rule 16)."""
    less = order["quantity"] - quantity
    order["quantity"] = quantity
    order["leaves"] -= less
    match_levels(arena)[order["level"]]["size"] -= less
    if less:
        publish(arena, order, EventKind.ORDER_MODIFY, price, order["leaves"], 0)
    report_working(arena, order, ReportType.REPLACED, Reason.NONE, price)


@kernel
def _move(arena: int, index: int, quantity: int, limit: int) -> None:
    """Send an order to the back of a queue, as if it arrived now."""
    order = match_orders(arena)[index]
    price = match_levels(arena)[order["level"]]["price"]
    publish(arena, order, EventKind.ORDER_CANCEL, price, order["leaves"], 0)
    leave(arena, index)
    order["leaves"] += quantity - order["quantity"]
    order["quantity"] = quantity
    report_working(arena, order, ReportType.REPLACED, Reason.NONE, limit)
    _arrive(arena, index, limit, True)


@kernel
def match(arena: int, command: Any) -> int:
    """Act on one COMMAND; what it causes is written as MATCHING `outputs` says.

    Returns
    -------
    int
        records.Reason why it was refused; 0 if it was acted on.
    """
    action = command["action"]
    before = market_mark(arena)
    if action == Action.NEW:
        reason = _new(arena, command)
    elif action == Action.CANCEL:
        reason = _cancel(arena, command)
    elif action == Action.REPLACE:
        reason = _replace(arena, command)
    else:
        reason = Reason.UNSUPPORTED
        report_refused(arena, command, ReportType.REJECTED, reason)
    end_event(arena, before)
    return reason
