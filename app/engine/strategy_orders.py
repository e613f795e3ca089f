"""Orders and timers that a strategy's handler asks for.

A quantity is signed, buying if positive, and cut towards zero to the order step; a
price is rounded to the nearest valid one. Orders are requests, which pass the gate when
the handler has returned. Handlers reach these through `strategy_calls`.
"""

import math
from typing import Any, Final

from app.engine.accounts import average_price as average_cost, position_row
from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.gate_orders import next_working
from app.engine.handler_events import price_of, quantity_of
from app.engine.instruments import nearest_valid_price
from app.engine.orders import find_order, is_ended
from app.engine.records import (
    MONEY_SCALE,
    NO_PRICE,
    Action,
    GroupRole,
    OrderOption,
    OrderStatus,
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
OPTIONS_SHIFT: Final = 8
"""Terms of an order as one number: its TimeInForce, its OrderOption bits above."""
_FORCES: Final = (1 << OPTIONS_SHIFT) - 1
_OFFERED: Final = sum(1 << force for force in TimeInForce)
_MEANT: Final = int(
    OrderOption.POST_ONLY | OrderOption.REDUCE_ONLY | OrderOption.OUTSIDE_HOURS
)
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


@kernel
def order_state(ctx: Any, order: int, field: int) -> float:
    """What stands of an order of the strategy's; NaN where it is not known any more.

    Parameters
    ----------
    field : int
        0 filled, 1 left, signed as the order is; 2 its limit, 3 its stop, in currency;
        4 its OrderStatus; 5 how many requests about it wait for an answer.
    """
    index = find_order(ctx.arena, order)
    if index == 0:
        return math.nan
    row = orders(ctx.arena)[index]
    if row["strategy"] != ctx.strategy:
        return math.nan
    instrument, side = integer(row["instrument"]), integer(row["side"])
    if field == 0:
        return quantity_of(ctx.arena, instrument, side * integer(row["filled"]))
    if field == 1:
        return quantity_of(ctx.arena, instrument, side * integer(row["leaves"]))
    if field == 2:
        return price_of(ctx.arena, instrument, integer(row["price"]))
    if field == 3:
        return price_of(ctx.arena, instrument, integer(row["stop_price"]))
    if field == 4:
        return float(row["status"])
    waits = integer(row["pending_replaces"])
    is_asked = row["status"] == OrderStatus.PENDING_CANCEL
    is_new = row["status"] == OrderStatus.PENDING_NEW
    return float(waits + is_asked + is_new)


# Rounding.


@kernel
def units_of(ctx: Any, instrument: int, quantity: float) -> int:
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
def price_units(ctx: Any, instrument: int, value: float, side: int) -> int:
    """Valid price in units that is nearest to a price in currency."""
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
    return quantity_of(ctx.arena, instrument, units_of(ctx, instrument, quantity))


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
def new_order(ctx: Any, instrument: int, units: int, order_type: int) -> int:
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
def id_of(ctx: Any, index: int) -> int:
    """Id of the order that a request makes; 0 for none."""
    if index == 0:
        return 0
    return integer(requests(ctx.arena)[index]["client_order_id"])


@kernel
def on_terms(ctx: Any, index: int, terms: int, until: int) -> int:
    """Give a request its terms; the id of its order, 0 for none.

    Parameters
    ----------
    terms : int
        TimeInForce, and OrderOption bits from `OPTIONS_SHIFT` on. What does not go
        together (a stop that is IOC) the gate refuses, as UNSUPPORTED.
    until : int
        When it ends, ns since 1970 UTC; 0 = by its time in force. With a time, an
        order that would last for good is GTD.
    """
    terms, until = integer(terms), integer(until)
    force, options = terms & _FORCES, terms >> OPTIONS_SHIFT
    if until and force == TimeInForce.GTC:
        force = integer(TimeInForce.GTD)
    if terms < 0 or force > 31 or (_OFFERED >> force) & 1 == 0 or options & ~_MEANT:
        raise ValueError("a time in force must be one of the named ones")
    if (until != 0) != (force == TimeInForce.GTD):
        raise ValueError("an order that ends at a time is GTD, and only that")
    if index == 0:
        return 0
    row = requests(ctx.arena)[index]
    row["time_in_force"], row["options"], row["expire_ts"] = force, options, until
    return id_of(ctx, index)


@kernel
def market(ctx: Any, instrument: int, quantity: float, terms: int, until: int) -> int:
    """Buy (or sell, if negative) at the market; the order's id, 0 if cut to nothing."""
    instrument = known(ctx, instrument)
    units = units_of(ctx, instrument, quantity)
    index = new_order(ctx, instrument, units, integer(OrderType.MARKET))
    return on_terms(ctx, index, terms, until)


@kernel
def limit(
    ctx: Any, instrument: int, quantity: float, at: float, terms: int, until: int
) -> int:
    """Send a limit order."""
    instrument = known(ctx, instrument)
    units = units_of(ctx, instrument, quantity)
    index = new_order(ctx, instrument, units, integer(OrderType.LIMIT))
    if index:
        side = integer(requests(ctx.arena)[index]["side"])
        requests(ctx.arena)[index]["price"] = price_units(ctx, instrument, at, side)
    return on_terms(ctx, index, terms, until)


@kernel
def stop(
    ctx: Any, instrument: int, quantity: float, at: float, terms: int, until: int
) -> int:
    """Rest a stop order."""
    instrument = known(ctx, instrument)
    units = units_of(ctx, instrument, quantity)
    index = new_order(ctx, instrument, units, integer(OrderType.STOP))
    if index:
        row = requests(ctx.arena)[index]
        row["stop_price"] = price_units(ctx, instrument, at, -integer(row["side"]))
    return on_terms(ctx, index, terms, until)


@kernel
def _missing(ctx: Any, instrument: int, quantity: float) -> int:
    """Signed units to order so that `quantity` is held, working orders counted."""
    row = position_row(ctx.arena, instrument, ctx.strategy)
    held = integer(positions(ctx.arena)[row]["quantity"])
    missing = units_of(ctx, instrument, quantity) - held
    return missing - _working_units(ctx, instrument)


@kernel
def stop_limit(
    ctx: Any,
    instrument: int,
    quantity: float,
    at: float,
    limit: float,
    terms: int,
    until: int,
) -> int:
    """Rest a stop that becomes a limit order."""
    instrument = known(ctx, instrument)
    units = units_of(ctx, instrument, quantity)
    index = new_order(ctx, instrument, units, integer(OrderType.STOP_LIMIT))
    if index:
        row = requests(ctx.arena)[index]
        side = integer(row["side"])
        row["stop_price"] = price_units(ctx, instrument, at, -side)
        row["price"] = price_units(ctx, instrument, limit, side)
    return on_terms(ctx, index, terms, until)


@kernel
def trailing_stop(
    ctx: Any, instrument: int, quantity: float, distance: float, terms: int, until: int
) -> int:
    """Rest a stop that follows the last price at a distance, in currency."""
    instrument = known(ctx, instrument)
    units = units_of(ctx, instrument, quantity)
    index = new_order(ctx, instrument, units, integer(OrderType.TRAILING_STOP))
    if index:
        definition = instruments(ctx.arena)[instrument]
        apart = distance * definition["price_denominator"]
        apart /= definition["price_numerator"]
        if not 0.5 <= apart < _MOST:
            raise ValueError("a trailing stop's distance must be positive")
        requests(ctx.arena)[index]["trail"] = integer(round(apart))
    return on_terms(ctx, index, terms, until)


@kernel
def target(ctx: Any, instrument: int, quantity: float) -> int:
    """Order what is missing to hold `quantity`, working orders counted, at market."""
    instrument = known(ctx, instrument)
    missing = _missing(ctx, instrument, quantity)
    return id_of(ctx, new_order(ctx, instrument, missing, integer(OrderType.MARKET)))


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
    index = new_order(ctx, instrument, missing, integer(OrderType.MARKET))
    if index:
        requests(ctx.arena)[index]["value"] = integer(round(of_equity * _BILLION))
    return id_of(ctx, index)


@kernel
def close(ctx: Any, instrument: int) -> int:
    """Close the strategy's position at the market, reducing only."""
    instrument = known(ctx, instrument)
    row = position_row(ctx.arena, instrument, ctx.strategy)
    held = integer(positions(ctx.arena)[row]["quantity"])
    index = new_order(ctx, instrument, -held, integer(OrderType.MARKET))
    if index:
        requests(ctx.arena)[index]["options"] = OrderOption.REDUCE_ONLY
    return id_of(ctx, index)


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
def _ask_change(ctx: Any, order: int, units: int, at: float) -> None:
    """Ask for another price of a working order: its limit, else its stop."""
    row = orders(ctx.arena)[find_order(ctx.arena, order)]
    instrument, side = integer(row["instrument"]), integer(row["side"])
    index = request(ctx.arena, ctx.strategy, instrument, integer(Action.REPLACE))
    if index == 0:
        return
    asked = requests(ctx.arena)[index]
    asked["client_order_id"], asked["quantity"] = order, units
    if row["price"] == NO_PRICE and row["stop_price"] != NO_PRICE:
        asked["stop_price"] = price_units(ctx, instrument, at, -side)
    else:
        asked["price"] = price_units(ctx, instrument, at, side)


@kernel
def replace(ctx: Any, order: int, quantity: float, at: float) -> None:
    """Ask for another total quantity and price of a working order; its place may go.

    The price is its limit, or the stop of an order that has no limit.
    """
    if not is_working(ctx, order):
        return
    row = orders(ctx.arena)[find_order(ctx.arena, order)]
    units = abs(units_of(ctx, integer(row["instrument"]), quantity))
    _ask_change(ctx, order, units, at)


@kernel
def move(ctx: Any, order: int, at: float) -> None:
    """Ask for another price of a working order, its quantity unchanged."""
    if is_working(ctx, order):
        _ask_change(ctx, order, integer(0), at)


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
