"""Dividends, splits and funding: what they do to positions and to working orders.

A dividend is booked on its ex-date: longs are credited, shorts debited. Open buy limits
and sell stops drop by it, to the tick at or below; sell limits and buy stops stay
(FINRA rule 5330). A split changes quantities by its ratio, rounded down, and prices
against it, away from the market. The venue's copy of an order follows by
`Link.VENUE_ADJUST`, which cancels what has no quantity or price left; where a venue has
no such link, its orders are its own to change. Each order that changed is told,
REPLACED for CORPORATE_ACTION (SEMANTICS 46).
"""

from typing import Any

from app.engine.accounts import book_pnl, position_row
from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.funding import RATE_SCALE, book_rate
from app.engine.gate_orders import next_working
from app.engine.gate_reports import order_report, send
from app.engine.instruments import valid_towards
from app.engine.links import Link, call_link, linked
from app.engine.money import is_split, money_of
from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    EventKind,
    OrderType,
    Reason,
    ReportType,
    TimeInForce,
)
from app.engine.risk_exposure import recount, refresh_exposure
from app.engine.risk_state import working
from app.engine.splits import split_positions, split_price, split_quantity
from app.engine.state import MAX_STRATEGIES, instruments, orders, positions


@kernel
def _adjusted(arena: int, links: int, index: int) -> None:
    """Tell the venue and everyone that an order's terms changed."""
    recount(arena, index)
    call_link(arena, links, Link.VENUE_ADJUST, index)
    report = order_report(arena, index, integer(ReportType.REPLACED))
    report["reason"] = Reason.CORPORATE_ACTION
    send(arena, links)


# Dividends.


@kernel
def _price_drop(arena: int, instrument: int, amount: int) -> int:
    """Price units of a dividend per share, rounded up: prices are rounded down."""
    record = instruments(arena)[instrument]
    worth = amount * record["unit_numerator"] * record["money_denominator"]
    unit = record["unit_denominator"] * record["money_numerator"]
    return -(-worth // unit)


@kernel
def _lower(arena: int, instrument: int, price: int, drop: int) -> int:
    if price == NO_PRICE:
        return price
    return valid_towards(arena, instrument, price - drop, integer(-1))


@kernel
def _drop_order(arena: int, links: int, index: int, drop: int) -> None:
    """Lower an open buy limit or sell stop by a dividend."""
    order = orders(arena)[index]
    instrument, kind = integer(order["instrument"]), order["order_type"]
    force = order["time_in_force"]
    if force != TimeInForce.GTC and force != TimeInForce.GTD:
        return
    is_buy_limit = order["side"] == BUY and kind == OrderType.LIMIT
    if not is_buy_limit and not (order["side"] == SELL and kind >= OrderType.STOP):
        return
    order["price"] = _lower(arena, instrument, order["price"], drop)
    order["new_price"] = _lower(arena, instrument, order["new_price"], drop)
    order["stop_price"] = _lower(arena, instrument, order["stop_price"], drop)
    order["new_stop_price"] = _lower(arena, instrument, order["new_stop_price"], drop)
    _adjusted(arena, links, index)


@kernel
def _dividend(arena: int, links: int, instrument: int, amount: int) -> None:
    """Book a dividend, money per share, and lower the orders that it lowers."""
    record = instruments(arena)[instrument]
    for strategy in range(MAX_STRATEGIES):
        row = position_row(arena, instrument, integer(strategy))
        held = integer(positions(arena)[row]["quantity"])
        if held:
            paid = money_of(
                held, amount, record["unit_numerator"], record["unit_denominator"]
            )
            book_pnl(arena, instrument, integer(strategy), paid)
    if not linked(links, Link.VENUE_ADJUST):
        return
    drop = _price_drop(arena, instrument, amount)
    index = next_working(arena, instrument, 0)
    while index:
        _drop_order(arena, links, index, drop)
        index = next_working(arena, instrument, index)


# Splits.


@kernel
def _split_order(arena: int, links: int, index: int, new: int, old: int) -> None:
    """Change an order's quantities and prices by a split."""
    order = orders(arena)[index]
    instrument, side = integer(order["instrument"]), integer(order["side"])
    step = instruments(arena)[instrument]["order_step"]
    leaves = split_quantity(integer(order["leaves"]), new, old) // step * step
    order["filled"] = split_quantity(integer(order["filled"]), new, old)
    order["leaves"] = leaves
    order["quantity"] = order["filled"] + leaves
    order["new_quantity"] = split_quantity(integer(order["new_quantity"]), new, old)
    shown = split_quantity(integer(order["display_quantity"]), new, old)
    order["display_quantity"] = shown
    if order["trail"] > 0:
        order["trail"] = max(1, split_price(integer(order["trail"]), new, old))
    terms = (new, old)
    order["price"] = _away(arena, instrument, order["price"], terms, -side)
    order["new_price"] = _away(arena, instrument, order["new_price"], terms, -side)
    order["stop_price"] = _away(arena, instrument, order["stop_price"], terms, side)
    stop = _away(arena, instrument, order["new_stop_price"], terms, side)
    order["new_stop_price"] = stop
    _adjusted(arena, links, index)


@kernel
def _away(
    arena: int, instrument: int, price: int, terms: tuple[int, int], direction: int
) -> int:
    """Valid price after a split, rounded away from the market."""
    if price == NO_PRICE:
        return price
    new, old = terms
    exact = price * old
    nearest = exact // new if direction < 0 else -(-exact // new)
    return valid_towards(arena, instrument, nearest, direction)


@kernel
def _split(arena: int, links: int, instrument: int, new: int, old: int) -> None:
    if not is_split(new, old):
        return
    split_positions(arena, instrument, new, old)
    row = working(arena)[instrument]
    row["settlement"] = split_price(integer(row["settlement"]), new, old)
    if not linked(links, Link.VENUE_ADJUST):
        return
    index = next_working(arena, instrument, 0)
    while index:
        _split_order(arena, links, index, new, old)
        index = next_working(arena, instrument, index)


@kernel
def apply_action(arena: int, links: int, record: Any) -> None:
    """Act on a DIVIDEND, SPLIT or FUNDING record."""
    instrument, kind = integer(record["instrument"]), integer(record["kind"])
    if kind == EventKind.DIVIDEND:
        _dividend(arena, links, instrument, integer(record["price"]))
    elif kind == EventKind.SPLIT:
        new, old = integer(record["size"]), integer(record["reference"])
        _split(arena, links, instrument, new, old)
    else:
        rate = integer(record["price"])
        book_rate(arena, instrument, rate, integer(RATE_SCALE))
    refresh_exposure(arena, instrument)
