"""Orders for a share of equity, sized by the price at which a bar fills them.

A share of the equity becomes a quantity when it is decided, at the last price; the fill
has another. With `Sizing.AT_FILL` the venue works it out again: what the strategy then
is worth, at the price of the fill, says what it is to hold. No live venue could, so it
is a choice: other programs size so, and a comparison with them needs it.
"""

import math
from typing import Final

from app.engine.accounts import position_row
from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.money import converted, gain
from app.engine.records import Reason, ReportType
from app.engine.state import accounts, instruments, positions
from app.engine.venue.reduce_only import on_their_way
from app.engine.venue.reports import end, tell
from app.engine.venue.state import models, venue_orders

_SHARE: Final = 1e-9
_MOST: Final = 2.0**60
_NEARLY: Final = 1e-6
"""Share of an order step that a quantity may fall short of it and still count."""


@kernel
def is_sized_at_fill(arena: int, instrument: int) -> bool:
    """Whether an instrument's orders for a share of equity are sized at the fill."""
    return models(arena)[instrument]["sized_at_fill"] != 0


@kernel
def _equity_at(arena: int, instrument: int, strategy: int, price: int) -> int:
    """Equity of a strategy with its position in an instrument valued at a price."""
    position = positions(arena)[position_row(arena, instrument, strategy)]
    definition = instruments(arena)[instrument]
    conversion = definition["conversion"]
    ratio = (definition["money_numerator"], definition["money_denominator"])
    high, low = position["cost_high"], position["cost_low"]
    made = gain(high, low, 2 * price, position["quantity"], ratio)
    known = accounts(arena)[strategy]["equity"]
    known -= converted(position["unrealised"], conversion)
    return known + converted(made, conversion)


@kernel
def _wanted(arena: int, index: int, price: int) -> int:
    """Signed quantity that an order's share of the equity buys at a price."""
    order = venue_orders(arena)[index]
    instrument = integer(order["instrument"])
    definition = instruments(arena)[instrument]
    step = max(1, integer(definition["order_step"]))
    # Money of the base currency that a step costs.
    cost = definition["money_numerator"] / definition["money_denominator"]
    cost *= price * step * (definition["conversion"] * _SHARE)
    equity = _equity_at(arena, instrument, integer(order["strategy"]), price)
    share = order["target_share"] * _SHARE
    if not cost > 0.0 or equity <= 0:
        return 0
    steps = min(equity * abs(share) / cost, _MOST / step)
    whole = math.floor(steps + _NEARLY) * step
    return whole if share > 0.0 else -whole


@kernel
def size_at(arena: int, links: int, index: int, price: int) -> None:
    """Give an order the quantity that leads to its share of the equity at a price.

    What would have to be traded the other way is not: the order is cancelled.
    """
    order = venue_orders(arena)[index]
    instrument, strategy = integer(order["instrument"]), integer(order["strategy"])
    row = position_row(arena, instrument, strategy)
    held = positions(arena)[row]["quantity"] + on_their_way(arena, instrument, strategy)
    leaves = order["side"] * (_wanted(arena, index, price) - held)
    if leaves <= 0:
        end(arena, links, index, ReportType.CANCELLED, Reason.SIZED)
    elif leaves != order["leaves"]:
        order["quantity"], order["leaves"] = order["filled"] + leaves, leaves
        tell(arena, links, index, ReportType.REPLACED, Reason.SIZED)
