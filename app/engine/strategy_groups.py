"""Groups of orders that a strategy's handler asks for, and quotes that it keeps.

Exits of which one reduces the other, entries of which the first fill cancels the other,
brackets (SEMANTICS 28, 29), and a bid and an ask that keep their places.
"""

import math
from typing import Any

import numpy as np

from app.engine.accounts import position_row
from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.memory import view
from app.engine.orders import find_order
from app.engine.records import NO_PRICE, GroupRole, OrderOption, OrderType
from app.engine.state import orders, positions
from app.engine.strategy import requests
from app.engine.strategy_orders import (
    cancel,
    id_of,
    is_working,
    new_order,
    price_units,
    units_of,
)
from app.engine.strategy_state import head, known


@kernel
def _member(ctx: Any, index: int, group: int, role: int) -> int:
    if index:
        requests(ctx.arena)[index]["group"] = group
        requests(ctx.arena)[index]["role"] = role
    return id_of(ctx, index)


@kernel
def _new_group(ctx: Any) -> int:
    """Number of a group that the strategy has not used yet."""
    memory = head(ctx)
    memory["groups"] += 1
    return integer(ctx.strategy * 1_000_000 + memory["groups"])


@kernel
def exits(ctx: Any, instrument: int, target: float, stop: float) -> int:
    """Close what is held at a target or at a stop, of which one reduces the other.

    Returns
    -------
    int
        Id of the stop; the target has the one before it. 0 if nothing is held.
    """
    instrument = known(ctx, instrument)
    row = position_row(ctx.arena, instrument, ctx.strategy)
    units = -integer(positions(ctx.arena)[row]["quantity"])
    if units == 0:
        return 0
    group, side = _new_group(ctx), 1 if units > 0 else -1
    index = new_order(ctx, instrument, units, integer(OrderType.LIMIT))
    requests(ctx.arena)[index]["price"] = price_units(ctx, instrument, target, side)
    _member(ctx, index, group, integer(GroupRole.OCO_EXIT))
    index = new_order(ctx, instrument, units, integer(OrderType.STOP))
    level = price_units(ctx, instrument, stop, -side)
    requests(ctx.arena)[index]["stop_price"] = level
    return _member(ctx, index, group, integer(GroupRole.OCO_EXIT))


@kernel
def breakout(
    ctx: Any, instrument: int, quantity: float, above: float, below: float
) -> int:
    """Buy at a stop above, or sell at a stop below: the first fill cancels the other.

    Returns
    -------
    int
        Id of the sell stop; the buy stop has the one before it. 0 if cut to nothing.
    """
    instrument = known(ctx, instrument)
    units = abs(units_of(ctx, instrument, quantity))
    if units == 0:
        return 0
    group = _new_group(ctx)
    index = new_order(ctx, instrument, units, integer(OrderType.STOP))
    level = price_units(ctx, instrument, above, -1)
    requests(ctx.arena)[index]["stop_price"] = level
    _member(ctx, index, group, integer(GroupRole.OCO_ENTRY))
    index = new_order(ctx, instrument, -units, integer(OrderType.STOP))
    level = price_units(ctx, instrument, below, 1)
    requests(ctx.arena)[index]["stop_price"] = level
    return _member(ctx, index, group, integer(GroupRole.OCO_ENTRY))


@kernel
def _bracket_entry(
    ctx: Any, instrument: int, units: int, target: float, stop: float
) -> int:
    """Request a bracket's exits, then its entry; index of the entry, at the market."""
    group, side = _new_group(ctx), 1 if units > 0 else -1
    index = new_order(ctx, instrument, -units, integer(OrderType.LIMIT))
    requests(ctx.arena)[index]["price"] = price_units(ctx, instrument, target, -side)
    _member(ctx, index, group, integer(GroupRole.BRACKET_TARGET))
    index = new_order(ctx, instrument, -units, integer(OrderType.STOP))
    level = price_units(ctx, instrument, stop, side)
    requests(ctx.arena)[index]["stop_price"] = level
    _member(ctx, index, group, integer(GroupRole.BRACKET_STOP))
    index = new_order(ctx, instrument, units, integer(OrderType.MARKET))
    _member(ctx, index, group, integer(GroupRole.BRACKET_ENTRY))
    return index


@kernel
def bracket(
    ctx: Any, instrument: int, quantity: float, target: float, stop: float
) -> int:
    """Enter at the market with a target and a stop, of which one cancels the other.

    Returns
    -------
    int
        Id of the entry; its exits, target then stop, have the two ids before it. 0 if
        cut to nothing.
    """
    instrument = known(ctx, instrument)
    units = units_of(ctx, instrument, quantity)
    if units == 0:
        return 0
    return id_of(ctx, _bracket_entry(ctx, instrument, units, target, stop))


@kernel
def limit_bracket(
    ctx: Any, instrument: int, quantity: float, at: float, target: float, stop: float
) -> int:
    """Enter at a limit, with a target and a stop as in `bracket`; the entry's id."""
    instrument = known(ctx, instrument)
    units = units_of(ctx, instrument, quantity)
    if units == 0:
        return 0
    index = _bracket_entry(ctx, instrument, units, target, stop)
    row = requests(ctx.arena)[index]
    row["order_type"] = OrderType.LIMIT
    row["price"] = price_units(ctx, instrument, at, integer(row["side"]))
    return id_of(ctx, index)


@kernel
def stop_bracket(
    ctx: Any, instrument: int, quantity: float, at: float, target: float, stop: float
) -> int:
    """Enter at a stop, with a target and a stop as in `bracket`; the entry's id."""
    instrument = known(ctx, instrument)
    units = units_of(ctx, instrument, quantity)
    if units == 0:
        return 0
    index = _bracket_entry(ctx, instrument, units, target, stop)
    row = requests(ctx.arena)[index]
    row["order_type"] = OrderType.STOP
    row["stop_price"] = price_units(ctx, instrument, at, -integer(row["side"]))
    return id_of(ctx, index)


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
    wanted = price_units(ctx, instrument, at, side)
    if order and is_working(ctx, order):
        row = orders(ctx.arena)[find_order(ctx.arena, order)]
        asked = integer(row["price"])
        if row["new_price"] != NO_PRICE and row["pending_replaces"] > 0:
            asked = integer(row["new_price"])
        if asked == wanted:
            return
        cancel(ctx, order)
    index = new_order(ctx, instrument, units, integer(OrderType.LIMIT))
    requests(ctx.arena)[index]["price"] = wanted
    requests(ctx.arena)[index]["options"] = OrderOption.POST_ONLY
    ids[place] = id_of(ctx, index)


@kernel
def quote(ctx: Any, instrument: int, bid: float, ask: float, quantity: float) -> None:
    """Keep a bid and an ask resting, post-only; one that stays keeps its queue place.

    NaN as a price takes that side away.
    """
    instrument = known(ctx, instrument)
    units = units_of(ctx, instrument, abs(quantity))
    _quote_side(ctx, instrument, units, bid)
    _quote_side(ctx, instrument, -units, ask)
