"""Groups of orders that a strategy's handler asks for, and quotes that it keeps.

Exits of which one reduces the other, entries and brackets of which the first fill
cancels the others (SEMANTICS 28, 29), and a bid and an ask that keep their places.
"""

import math
from typing import Any

import numpy as np

from app.engine.accounts import position_row
from app.engine.arena import USED, Section, section_words
from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.group_numbers import LINKED, MEMBERS
from app.engine.memory import view
from app.engine.orders import find_order
from app.engine.records import NO_PRICE, Action, GroupRole, OrderOption, OrderType
from app.engine.state import orders, positions
from app.engine.strategy import requests
from app.engine.strategy_orders import (
    OPTIONS_SHIFT,
    cancel,
    id_of,
    is_working,
    new_order,
    on_terms,
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
    ctx: Any, instrument: int, units: int, target: float, stop: float, terms: int
) -> int:
    """Request a bracket's exits, then its entry; index of the entry, at the market.

    The exits last until they are cancelled, and work outside hours if the entry does.
    """
    if units == 0:
        return 0
    group, side = _new_group(ctx), 1 if units > 0 else -1
    options = (terms >> OPTIONS_SHIFT) & OrderOption.OUTSIDE_HOURS
    index = new_order(ctx, instrument, -units, integer(OrderType.LIMIT))
    requests(ctx.arena)[index]["price"] = price_units(ctx, instrument, target, -side)
    requests(ctx.arena)[index]["options"] = options
    _member(ctx, index, group, integer(GroupRole.BRACKET_TARGET))
    index = new_order(ctx, instrument, -units, integer(OrderType.STOP))
    level = price_units(ctx, instrument, stop, side)
    requests(ctx.arena)[index]["stop_price"] = level
    requests(ctx.arena)[index]["options"] = options
    _member(ctx, index, group, integer(GroupRole.BRACKET_STOP))
    index = new_order(ctx, instrument, units, integer(OrderType.MARKET))
    _member(ctx, index, group, integer(GroupRole.BRACKET_ENTRY))
    return index


@kernel
def bracket(
    ctx: Any, instrument: int, quantity: float, target: float, stop: float, terms: int
) -> int:
    """Enter at the market with a target and a stop, of which one cancels the other.

    `terms` are the entry's, as of `strategy_orders.on_terms`.

    Returns
    -------
    int
        Id of the entry; its exits, target then stop, have the two ids before it. 0 if
        cut to nothing.
    """
    instrument = known(ctx, instrument)
    units = units_of(ctx, instrument, quantity)
    index = _bracket_entry(ctx, instrument, units, target, stop, integer(terms))
    return on_terms(ctx, index, terms, integer(0))


@kernel
def limit_bracket(  # noqa: PLR0913  (terms of an order)
    ctx: Any,
    instrument: int,
    quantity: float,
    at: float,
    target: float,
    stop: float,
    terms: int,
    until: int,
) -> int:
    """Enter at a limit, with a target and a stop as in `bracket`; the entry's id."""
    instrument = known(ctx, instrument)
    units = units_of(ctx, instrument, quantity)
    index = _bracket_entry(ctx, instrument, units, target, stop, integer(terms))
    if index:
        row = requests(ctx.arena)[index]
        row["order_type"] = OrderType.LIMIT
        row["price"] = price_units(ctx, instrument, at, integer(row["side"]))
    return on_terms(ctx, index, terms, until)


@kernel
def stop_bracket(  # noqa: PLR0913  (terms of an order)
    ctx: Any,
    instrument: int,
    quantity: float,
    at: float,
    target: float,
    stop: float,
    terms: int,
    until: int,
) -> int:
    """Enter at a stop, with a target and a stop as in `bracket`; the entry's id."""
    instrument = known(ctx, instrument)
    units = units_of(ctx, instrument, quantity)
    index = _bracket_entry(ctx, instrument, units, target, stop, integer(terms))
    if index:
        row = requests(ctx.arena)[index]
        row["order_type"] = OrderType.STOP
        row["stop_price"] = price_units(ctx, instrument, at, -integer(row["side"]))
    return on_terms(ctx, index, terms, until)


# One cancels the others.


@kernel
def _request_of(ctx: Any, order: int) -> int:
    """Index of the request, made in this event, of a new order."""
    index = integer(section_words(ctx.arena, Section.REQUESTS)[USED]) - 1
    while index > 0:
        row = requests(ctx.arena)[index]
        if row["client_order_id"] == order and row["action"] == Action.NEW:
            return index
        index -= 1
    raise ValueError("an OCO is made of orders that the same handler has just made")


@kernel
def _join(ctx: Any, index: int, group: int, role: int) -> None:
    """Put a plain order into a group, or a bracket whose entry it is."""
    row = requests(ctx.arena)[index]
    was = integer(row["group"])
    if was == 0:
        _member(ctx, index, group, role)
        return
    while index > 0 and requests(ctx.arena)[index]["group"] == was:
        requests(ctx.arena)[index]["group"] = group
        index -= 1


@kernel
def _check_exits(ctx: Any, first: int, index: int) -> None:
    """Exits of a group close the same: they hold the same leaves (28, 29)."""
    one, other = requests(ctx.arena)[first], requests(ctx.arena)[index]
    if (
        one["instrument"] != other["instrument"]
        or one["side"] != other["side"]
        or one["quantity"] != other["quantity"]
    ):
        raise ValueError("exits of an OCO are of one instrument, side and quantity")


@kernel
def _counted(ctx: Any, members: tuple[int, ...]) -> tuple[int, int, int]:
    """Count the members of an OCO to be, the brackets and the exits among them."""
    count, first, brackets, exits_only = 0, 0, 0, 0
    for member in members:
        if member == 0:
            continue
        index = _request_of(ctx, member)
        row = requests(ctx.arena)[index]
        count += 1
        first = first or index
        if row["role"] == GroupRole.BRACKET_ENTRY and integer(row["group"]) < LINKED:
            brackets += 1
        elif row["role"] != GroupRole.NONE:
            raise ValueError("an order is in one group at most")
        if integer(row["options"]) & OrderOption.REDUCE_ONLY:
            exits_only += 1
            _check_exits(ctx, first, index)
    if exits_only and exits_only < count:
        raise ValueError("an OCO is of entries, or of orders that reduce only")
    return integer(count), integer(brackets), integer(exits_only)


@kernel
def oco(ctx: Any, members: tuple[int, ...]) -> int:
    """Let the first fill of any size of an order cancel the others (29).

    Parameters
    ----------
    members : tuple of int
        Ids of orders, or of the entries of brackets, that this handler call has made; 0
        is none. Orders that all reduce only are exits: a fill of one takes as much off
        the others.

    Returns
    -------
    int
        How many orders, or brackets, it has; fewer than two are left as they are.
    """
    count, brackets, exits_only = _counted(ctx, members)
    if count < 2:
        return count
    role = integer(GroupRole.OCO_EXIT if exits_only else GroupRole.OCO_ENTRY)
    group, place = _new_group(ctx), integer(0)
    if brackets:
        group = LINKED + MEMBERS * group
    for member in members:
        if member == 0:
            continue
        index = _request_of(ctx, member)
        is_bracket = requests(ctx.arena)[index]["group"] != 0
        place += 1 if is_bracket else 0
        _join(ctx, index, group + place if is_bracket else group, role)
    return count


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
