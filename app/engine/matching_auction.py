"""Auctions: orders have gathered, and now meet at one price (SEMANTICS 25, 26).

The price gives the largest volume, then the least imbalance, then it is the nearest to
the last price; of two as near the lower. Every valid price counts, not only those of
orders: between two of them volume and imbalance are the same, so the nearest valid
price to the last one stands for all. Market orders go first, then price and time.

The print is one TRADE; the orders that it fills are told by ORDER_CANCELs of what they
lost, as NASDAQ tells the crosses of its book, so that volume counts once.
"""

from typing import Final

from app.engine.bits import integer
from app.engine.compile import kernel, rare
from app.engine.conditional.queues import first_waiting, stop_waiting
from app.engine.conditional.state import condition, order_of
from app.engine.instruments import step_price
from app.engine.matching_groups import (
    note_own_fill,
    note_own_position,
    perform_changes,
)
from app.engine.matching_orders import end_special, end_with, head_filled
from app.engine.matching_output import (
    complete_print,
    market_mark,
    publish,
    publish_print,
    report_fill,
)
from app.engine.matching_state import (
    match_level,
    match_order,
    match_side,
    matching,
    side_index,
)
from app.engine.matching_trade import best_level, last_price, reaches
from app.engine.rare import out_of_line
from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    EventKind,
    Reason,
    ReportType,
    TradeCondition,
)

_CROSS: Final = int(TradeCondition.CROSS | TradeCondition.AUCTION)


@rare
def _market_size(arena: int, instrument: int, wait: int, side: int) -> int:
    """Size of the market orders of a side that wait for this auction."""
    out_of_line()
    total = integer(0)
    here = first_waiting(arena, instrument, wait) if wait else integer(0)
    while here:
        row = condition(arena, here)
        if row["side"] == side and row["limit"] == NO_PRICE:
            total += match_order(arena, integer(row["order"]))["leaves"]
        here = integer(row["next"])
    return total


@rare
def _weigh(arena: int, instrument: int, side: int) -> tuple[int, int]:
    """Write each level's whole size; return the side's total and its worst level."""
    out_of_line()
    index, total, worst = best_level(arena, instrument, side), integer(0), integer(0)
    while index:
        level = match_level(arena, index)
        whole, here = integer(level["size"]), integer(level["head"])
        while here:
            order = match_order(arena, here)
            if order["condition"]:
                whole += condition(arena, order["condition"])["hidden"]
            here = integer(order["next"])
        level["whole"] = whole
        total += whole
        worst = index
        index = integer(level["worse"])
    return total, worst


@kernel
def _is_better(
    volume: int, imbalance: int, price: int, best: tuple[int, int, int], last: int
) -> bool:
    """Whether a price beats (volume, imbalance, price)."""
    if volume != best[0]:
        return volume > best[0]
    if imbalance != best[1]:
        return imbalance < best[1]
    if last == NO_PRICE:
        return price < best[2]
    distance, other = abs(price - last), abs(best[2] - last)
    return distance < other or (distance == other and price < best[2])


@rare
def _choose(
    best: tuple[int, int, int], buys: int, sells: int, price: int, last: int
) -> tuple[int, int, int]:
    """Return the better of a candidate and the best so far."""
    out_of_line()
    volume, imbalance = min(buys, sells), abs(buys - sells)
    if volume > 0 and _is_better(volume, imbalance, price, best, last):
        return volume, imbalance, price
    return best


@rare
def _between(arena: int, instrument: int, low: int, high: int, last: int) -> int:
    """Valid price between two (NO_PRICE: no bound) nearest to the last; else NO_PRICE.

    Of the prices below all orders, or above them, only the last one itself is of use.
    """
    out_of_line()
    if last == NO_PRICE and (low == NO_PRICE or high == NO_PRICE):
        return NO_PRICE
    first = last
    if low != NO_PRICE:
        first = step_price(arena, instrument, low, integer(1), integer(1))
    final = last
    if high != NO_PRICE:
        final = step_price(arena, instrument, high, integer(1), integer(-1))
    if first > final:
        return NO_PRICE
    if last == NO_PRICE:
        return first
    return min(max(last, first), final)


@rare
def auction_price(arena: int, instrument: int, wait: int) -> tuple[int, int]:
    """Price at which what has gathered trades, and its volume; 0 = nothing does.

    `wait` is the queue of market orders that take part; 0 = none do.
    """
    out_of_line()
    last = last_price(arena, instrument)
    buys = _market_size(arena, instrument, wait, integer(BUY))
    sells = _market_size(arena, instrument, wait, integer(SELL))
    bids, bid = _weigh(arena, instrument, integer(BUY))
    _, _ = _weigh(arena, instrument, integer(SELL))
    ask = best_level(arena, instrument, integer(SELL))
    # From the lowest price up: buys that still reach it fall, sells rise.
    buys += bids
    best = integer(0), integer(0), integer(NO_PRICE)
    before = integer(NO_PRICE)
    while bid or ask:
        at = match_level(arena, bid)["price"] if bid else NO_PRICE
        if ask and (bid == 0 or match_level(arena, ask)["price"] < at):
            at = match_level(arena, ask)["price"]
        gap = _between(arena, instrument, before, at, last)
        if gap != NO_PRICE:
            best = _choose(best, buys, sells, gap, last)
        if ask and match_level(arena, ask)["price"] == at:
            sells += match_level(arena, ask)["whole"]
            ask = integer(match_level(arena, ask)["worse"])
        best = _choose(best, buys, sells, at, last)
        if bid and match_level(arena, bid)["price"] == at:
            buys -= match_level(arena, bid)["whole"]
            bid = integer(match_level(arena, bid)["better"])
        before = at
    gap = _between(arena, instrument, before, integer(NO_PRICE), last)
    if gap != NO_PRICE:
        best = _choose(best, buys, sells, gap, last)
    return best[2], best[0]


@rare
def _first(arena: int, instrument: int, side: int, price: int, wait: int) -> int:
    """Order of a side that trades next at an auction's price; 0 if none does."""
    out_of_line()
    here = first_waiting(arena, instrument, wait) if wait else integer(0)
    while here:
        row = condition(arena, here)
        if row["side"] == side and row["limit"] == NO_PRICE:
            return order_of(arena, here)
        here = integer(row["next"])
    level = best_level(arena, instrument, side)
    if level == 0 or not reaches(side, match_level(arena, level)["price"], price):
        return 0
    return integer(match_level(arena, level)["head"])


@rare
def _fill(arena: int, index: int, price: int, quantity: int) -> None:
    """Fill an order at an auction's price; it may go on, be refilled, or end."""
    out_of_line()
    order = match_order(arena, index)
    level = integer(order["level"])
    limit = match_level(arena, level)["price"] if level else NO_PRICE
    order["leaves"] -= quantity
    if level:
        kind = integer(EventKind.ORDER_CANCEL)
        publish(arena, order, kind, limit, quantity, 0)
    report_fill(arena, order, price, quantity, limit, integer(0))
    note_own_fill(arena, order, quantity)


@rare
def _go_on(arena: int, index: int, quantity: int) -> None:
    """Let a filled order go on, be refilled, or end."""
    out_of_line()
    order = match_order(arena, index)
    level = integer(order["level"])
    if level:
        head_filled(arena, index, level, quantity)
    elif order["leaves"] == 0:
        stop_waiting(arena, integer(order["condition"]))
        end_special(arena, index)


@rare
def _cross(arena: int, buy: int, sell: int, price: int) -> int:
    """Match two orders in an auction; return the quantity.

    The older one is told first. Its own later order an account's newest loses (41).
    """
    out_of_line()
    one, other = match_order(arena, buy), match_order(arena, sell)
    older, newer = buy, sell
    if one["venue_order_id"] > other["venue_order_id"]:
        older, newer = sell, buy
    if one["account"] == other["account"]:
        kind, reason = integer(ReportType.CANCELLED), integer(Reason.SELF_MATCH)
        end_with(arena, newer, kind, reason)
        return 0
    quantity = min(one["leaves"], other["leaves"])
    _fill(arena, older, price, quantity)
    _fill(arena, newer, price, quantity)
    _go_on(arena, older, quantity)
    _go_on(arena, newer, quantity)
    # Records keep their bytes until the pool gives them out again.
    note_own_position(arena, match_order(arena, older), quantity)
    note_own_position(arena, match_order(arena, newer), quantity)
    perform_changes(arena)
    return quantity


@kernel
def _count(arena: int, instrument: int, price: int, volume: int) -> None:
    """Count an auction's print as one execution."""
    state = matching(arena)
    state["executions"] += 1
    state["volume"] += volume
    state["turnover"] += price * volume
    book = match_side(arena, side_index(instrument, integer(BUY)))
    book["volume"] += volume
    book["last_price"], book["execution"] = price, state["executions"]


@rare
def _uncross_at(arena: int, instrument: int, wait: int, price: int) -> None:
    """Match at one price until a side has nobody left who accepts it."""
    out_of_line()
    mark, volume = market_mark(arena), integer(0)
    publish_print(arena, instrument, price, _CROSS)
    while True:
        buy = _first(arena, instrument, integer(BUY), price, wait)
        sell = _first(arena, instrument, integer(SELL), price, wait)
        if buy == 0 or sell == 0:
            break
        volume += _cross(arena, buy, sell, price)
    complete_print(arena, mark, volume)
    if volume:
        _count(arena, instrument, price, volume)


@rare
def uncross(arena: int, instrument: int, wait: int) -> None:
    """Let what has gathered trade; `wait`: the queue whose market orders take part.

    Where orders of one account were cancelled against each other more than one print
    may be needed until the book is no longer crossed.
    """
    out_of_line()
    price, volume = auction_price(arena, instrument, wait)
    while volume > 0:
        _uncross_at(arena, instrument, wait, price)
        price, volume = auction_price(arena, instrument, wait)
