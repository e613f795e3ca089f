"""Orders, quotes and timers that a strategy's handler asks for.

A quantity is signed, buying if positive, and cut towards zero to the order step; a
price is rounded to the nearest valid one. Orders are requests, which pass the gate when
the handler has returned. Handlers reach these through `strategy_calls`.
"""

import math
from typing import Any, Final

import numpy as np

from app.engine.accounts import average_price as average_cost, position_row
from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.gate_orders import next_working
from app.engine.handler_events import quantity_of
from app.engine.instruments import nearest_valid_price
from app.engine.memory import view
from app.engine.orders import find_order, is_ended
from app.engine.records import (
    MONEY_SCALE,
    NO_PRICE,
    Action,
    GroupRole,
    OrderOption,
    OrderType,
    TimeInForce,
)
from app.engine.schedule import set_timer as set_engine_timer, set_timer_before
from app.engine.state import instruments, orders, positions
from app.engine.strategy import request, requests
from app.engine.strategy_state import equity, head, known, price

_NEARLY: Final = 1e-6
"""Share of an order step that a quantity may fall short of it and still count."""
_MOST: Final = 2.0**62
_MOST_SHARE: Final = 100.0
_BILLION: Final = 1e9


@kernel
def average_price(ctx: Any, instrument: int) -> float:
    """Average price of the strategy's position; NaN when it is flat."""
    instrument = known(ctx, instrument)
    row = position_row(ctx.arena, instrument, ctx.strategy)
    definition = instruments(ctx.arena)[instrument]
    units = average_cost(ctx.arena, row)
    return units * definition["price_numerator"] / definition["price_denominator"]


@kernel
def _working_units(ctx: Any, instrument: int) -> int:
    total = 0
    index = next_working(ctx.arena, instrument, 0)
    while index:
        order = orders(ctx.arena)[index]
        if order["strategy"] == ctx.strategy and order["role"] == GroupRole.NONE:
            total += order["side"] * order["leaves"]
        index = next_working(ctx.arena, instrument, index)
    return total


@kernel
def working(ctx: Any, instrument: int) -> float:
    """Signed quantity of the strategy's working orders; members of groups apart."""
    instrument = known(ctx, instrument)
    return quantity_of(ctx.arena, instrument, _working_units(ctx, instrument))


@kernel
def is_working(ctx: Any, order: int) -> bool:
    """Whether an order of the strategy's has not ended."""
    index = find_order(ctx.arena, order)
    return index != 0 and not is_ended(orders(ctx.arena)[index]["status"])


# Rounding.


@kernel
def _units(ctx: Any, instrument: int, quantity: float) -> int:
    """Quantity in units, cut to the order step."""
    definition = instruments(ctx.arena)[instrument]
    step = max(1, integer(definition["order_step"]))
    size = definition["unit_numerator"] / definition["unit_denominator"] * step
    steps = abs(quantity) / size
    if not steps < _MOST:
        raise ValueError("a quantity must be a finite number")
    whole = math.floor(steps + _NEARLY) * step
    return whole if quantity > 0.0 else -whole


@kernel
def _price_units(ctx: Any, instrument: int, value: float, side: int) -> int:
    definition = instruments(ctx.arena)[instrument]
    units = value * definition["price_denominator"] / definition["price_numerator"]
    if not abs(units) < _MOST:
        raise ValueError("a price must be a finite number")
    # Above the nearest unit and below it, whatever the float lost.
    return nearest_valid_price(ctx.arena, instrument, round(units), side)


@kernel
def round_quantity(ctx: Any, instrument: int, quantity: float) -> float:
    """Quantity cut towards zero to the order step."""
    instrument = known(ctx, instrument)
    return quantity_of(ctx.arena, instrument, _units(ctx, instrument, quantity))


@kernel
def _cost_of_one(ctx: Any, instrument: int) -> float:
    """What an instrument unit costs at the last price, base currency; NaN unknown."""
    definition = instruments(ctx.arena)[instrument]
    # Money of one instrument unit at a price of one: the multiplier.
    units = definition["money_numerator"] / definition["money_denominator"]
    units *= definition["price_denominator"] / definition["price_numerator"]
    units *= definition["unit_denominator"] / definition["unit_numerator"]
    last = price(ctx, instrument)
    return units / MONEY_SCALE * last * definition["conversion"] * 1e-9


@kernel
def size(ctx: Any, instrument: int) -> float:
    """Default quantity: equity ÷ instruments followed, at the last price, cut."""
    each = _cost_of_one(ctx, instrument)
    if not each > 0.0:
        return 0.0
    wanted = max(0.0, equity(ctx)) / head(ctx)["followed"] / each
    return round_quantity(ctx, instrument, wanted)


# Orders.


@kernel
def _order(ctx: Any, instrument: int, units: int, order_type: int) -> int:
    """Request an order; its index in `requests`, 0 if there is nothing to send."""
    if units == 0:
        return 0
    index = request(ctx.arena, ctx.strategy, instrument, integer(Action.NEW))
    if index == 0:
        raise ValueError("too many requests in one event")
    row = requests(ctx.arena)[index]
    row["side"] = 1 if units > 0 else -1
    row["quantity"] = abs(units)
    row["order_type"] = order_type
    row["time_in_force"] = TimeInForce.GTC
    return index


@kernel
def _id(ctx: Any, index: int) -> int:
    if index == 0:
        return 0
    return integer(requests(ctx.arena)[index]["client_order_id"])


@kernel
def market(ctx: Any, instrument: int, quantity: float) -> int:
    """Buy (or sell, if negative) at the market; the order's id, 0 if cut to nothing."""
    instrument = known(ctx, instrument)
    units = _units(ctx, instrument, quantity)
    return _id(ctx, _order(ctx, instrument, units, integer(OrderType.MARKET)))


@kernel
def limit(ctx: Any, instrument: int, quantity: float, at: float) -> int:
    """Rest a limit order, good till cancelled."""
    instrument = known(ctx, instrument)
    units = _units(ctx, instrument, quantity)
    index = _order(ctx, instrument, units, integer(OrderType.LIMIT))
    if index:
        side = integer(requests(ctx.arena)[index]["side"])
        requests(ctx.arena)[index]["price"] = _price_units(ctx, instrument, at, side)
    return _id(ctx, index)


@kernel
def stop(ctx: Any, instrument: int, quantity: float, at: float) -> int:
    """Rest a stop order, good till cancelled."""
    instrument = known(ctx, instrument)
    units = _units(ctx, instrument, quantity)
    index = _order(ctx, instrument, units, integer(OrderType.STOP))
    if index:
        row = requests(ctx.arena)[index]
        row["stop_price"] = _price_units(ctx, instrument, at, -integer(row["side"]))
    return _id(ctx, index)


@kernel
def _missing(ctx: Any, instrument: int, quantity: float) -> int:
    """Signed units to order so that `quantity` is held, working orders counted."""
    row = position_row(ctx.arena, instrument, ctx.strategy)
    held = integer(positions(ctx.arena)[row]["quantity"])
    missing = _units(ctx, instrument, quantity) - held
    return missing - _working_units(ctx, instrument)


@kernel
def target(ctx: Any, instrument: int, quantity: float) -> int:
    """Order what is missing to hold `quantity`, working orders counted, at market."""
    instrument = known(ctx, instrument)
    missing = _missing(ctx, instrument, quantity)
    return _id(ctx, _order(ctx, instrument, missing, integer(OrderType.MARKET)))


@kernel
def target_share(ctx: Any, instrument: int, share: float) -> int:
    """Order what is missing to hold a share of the default quantity, at market.

    That is equity ÷ instruments followed. Sized at the last price; again by the fill's
    where the venue's model says so.
    """
    instrument = known(ctx, instrument)
    if not abs(share) <= _MOST_SHARE:
        raise ValueError("a share must lie in [-100, 100]")
    of_equity = share / head(ctx)["followed"]
    each = _cost_of_one(ctx, instrument)
    if not each > 0.0:
        return 0
    wanted = max(0.0, equity(ctx)) * of_equity / each
    missing = _missing(ctx, instrument, wanted)
    index = _order(ctx, instrument, missing, integer(OrderType.MARKET))
    if index:
        requests(ctx.arena)[index]["value"] = integer(round(of_equity * _BILLION))
    return _id(ctx, index)


@kernel
def close(ctx: Any, instrument: int) -> int:
    """Close the strategy's position at the market, reducing only."""
    instrument = known(ctx, instrument)
    row = position_row(ctx.arena, instrument, ctx.strategy)
    held = integer(positions(ctx.arena)[row]["quantity"])
    index = _order(ctx, instrument, -held, integer(OrderType.MARKET))
    if index:
        requests(ctx.arena)[index]["options"] = OrderOption.REDUCE_ONLY
    return _id(ctx, index)


@kernel
def cancel(ctx: Any, order: int) -> None:
    """Ask for an order's cancel; nothing happens if it has ended."""
    if not is_working(ctx, order):
        return
    instrument = integer(orders(ctx.arena)[find_order(ctx.arena, order)]["instrument"])
    index = request(ctx.arena, ctx.strategy, instrument, integer(Action.CANCEL))
    if index:
        requests(ctx.arena)[index]["client_order_id"] = order


@kernel
def cancel_all(ctx: Any, instrument: int) -> None:
    """Ask for the cancel of all the strategy's orders in an instrument; -1 = all."""
    request(ctx.arena, ctx.strategy, integer(instrument), integer(Action.CANCEL_ALL))


@kernel
def replace(ctx: Any, order: int, quantity: float, at: float) -> None:
    """Ask for another total quantity and limit of a working order; its place may go."""
    if not is_working(ctx, order):
        return
    row = orders(ctx.arena)[find_order(ctx.arena, order)]
    instrument, side = integer(row["instrument"]), integer(row["side"])
    units = abs(_units(ctx, instrument, quantity))
    index = request(ctx.arena, ctx.strategy, instrument, integer(Action.REPLACE))
    if index:
        asked = requests(ctx.arena)[index]
        asked["client_order_id"], asked["quantity"] = order, units
        asked["price"] = _price_units(ctx, instrument, at, side)


@kernel
def _member(ctx: Any, index: int, group: int, role: int) -> int:
    if index:
        requests(ctx.arena)[index]["group"] = group
        requests(ctx.arena)[index]["role"] = role
    return _id(ctx, index)


@kernel
def bracket(
    ctx: Any, instrument: int, quantity: float, target: float, stop: float
) -> int:
    """Enter at the market with a target and a stop, of which one cancels the other.

    Returns
    -------
    int
        Id of the entry; its exits have the two ids before it. 0 if cut to nothing.
    """
    instrument = known(ctx, instrument)
    units = _units(ctx, instrument, quantity)
    if units == 0:
        return 0
    memory, side = head(ctx), 1 if units > 0 else -1
    memory["groups"] += 1
    group = integer(ctx.strategy * 1_000_000 + memory["groups"])
    index = _order(ctx, instrument, -units, integer(OrderType.LIMIT))
    requests(ctx.arena)[index]["price"] = _price_units(ctx, instrument, target, -side)
    _member(ctx, index, group, integer(GroupRole.BRACKET_TARGET))
    index = _order(ctx, instrument, -units, integer(OrderType.STOP))
    level = _price_units(ctx, instrument, stop, side)
    requests(ctx.arena)[index]["stop_price"] = level
    _member(ctx, index, group, integer(GroupRole.BRACKET_STOP))
    index = _order(ctx, instrument, units, integer(OrderType.MARKET))
    return _member(ctx, index, group, integer(GroupRole.BRACKET_ENTRY))


@kernel
def _quote_side(ctx: Any, instrument: int, units: int, at: float) -> None:
    """Keep, move, make or cancel the quote of one side; NaN: none is wanted."""
    side = 1 if units > 0 else -1
    where = ctx.memory + head(ctx)["quotes_at"] + 16 * instrument
    ids = view(where, 2, np.int64)
    place = 0 if side > 0 else 1
    order = ids[place]
    if math.isnan(at) or units == 0:
        cancel(ctx, order)
        ids[place] = 0
        return
    wanted = _price_units(ctx, instrument, at, side)
    if order and is_working(ctx, order):
        row = orders(ctx.arena)[find_order(ctx.arena, order)]
        asked = integer(row["price"])
        if row["new_price"] != NO_PRICE and row["pending_replaces"] > 0:
            asked = integer(row["new_price"])
        if asked == wanted:
            return
        cancel(ctx, order)
    index = _order(ctx, instrument, units, integer(OrderType.LIMIT))
    requests(ctx.arena)[index]["price"] = wanted
    requests(ctx.arena)[index]["options"] = OrderOption.POST_ONLY
    ids[place] = _id(ctx, index)


@kernel
def quote(ctx: Any, instrument: int, bid: float, ask: float, quantity: float) -> None:
    """Keep a bid and an ask resting, post-only; one that stays keeps its queue place.

    NaN as a price takes that side away.
    """
    instrument = known(ctx, instrument)
    units = _units(ctx, instrument, abs(quantity))
    _quote_side(ctx, instrument, units, bid)
    _quote_side(ctx, instrument, -units, ask)


@kernel
def set_timer(ctx: Any, number: int, ts: int) -> int:
    """Wake `on_timer` once, at a time, ns since 1970 UTC; 0 if there is no room."""
    return set_engine_timer(ctx.arena, ctx.strategy, integer(number), integer(ts), -1)


@kernel
def set_timer_around(
    ctx: Any, number: int, instrument: int, before: int, flags: int
) -> int:
    """Wake `on_timer` so long (ns) before an instrument's next session change."""
    terms = (integer(before), integer(flags))
    return set_timer_before(
        ctx.arena, ctx.strategy, integer(number), known(ctx, instrument), terms
    )
