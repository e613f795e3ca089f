"""Liquidity providers: they quote several levels on both sides of what they think.

They quote wider when trading is hot, and lean away from what they hold. One message
mends one quote; a quote that is good enough is left alone.
"""

from typing import Any, Final

import numpy as np

from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.exchange.chance import bell, below, uniform
from app.engine.exchange.mood import best_price
from app.engine.exchange.state import (
    MAKERS,
    QUOTES,
    agent_markets,
    agent_orders,
    first_slot,
)
from app.engine.exchange.trading import (
    account_of,
    change_command,
    new_command,
    whole_lots,
)
from app.engine.instruments import step_price, valid_towards
from app.engine.records import BUY, NO_PRICE, SELL, Action, OrderOption

_POST_ONLY: Final = int(OrderOption.POST_ONLY)
_LEAN: Final = 0.15
"""Quote spacings by which a maker leans for each lot it holds."""
_MOST_LEAN: Final = 3.0


@kernel
def passive_price(
    arena: int, instrument: int, side: int, wanted: float, market: Any
) -> int:
    """Valid price at or behind `wanted` that does not meet the other side."""
    price = valid_towards(arena, instrument, int(np.floor(wanted)), -side)
    other = best_price(arena, instrument, -side)
    if other != NO_PRICE and side * (price - other) >= 0:
        price = step_price(arena, instrument, other, 1, -side)
    lowest = valid_towards(arena, instrument, market["lowest"], 1)
    highest = valid_towards(arena, instrument, market["highest"], -1)
    return min(max(price, lowest), highest)


@kernel
def _aim(arena: int, instrument: int, maker: int, side: int) -> int:
    """Where a maker wants its best quote of a side, as a number on its own grid.

    Grids of spacing-wide prices, each maker's a little aside of the others', let a
    maker follow a small move with one message: its last quote becomes its first.
    """
    market = agent_markets(arena)[instrument]
    held = _LEAN * market["inventory"][maker]
    lean = min(max(held, -_MOST_LEAN), _MOST_LEAN) * market["spacing"]
    middle = market["fair"] + market["opinion"][maker] - lean
    away = market["half_spread"] * market["heat"]
    wanted = middle - side * away - _aside(market, maker)
    return -side * int(np.ceil(-side * wanted / market["spacing"]))


@kernel
def _aside(market: Any, maker: int) -> float:
    return market["spacing"] * maker / MAKERS


@kernel
def _quote(arena: int, instrument: int, maker: int, place: int, aim: int) -> bool:
    """Bring the quote in one of a maker's places to where it belongs.

    Returns
    -------
    bool
        Whether there is a message.
    """
    market = agent_markets(arena)[instrument]
    side = BUY if place < QUOTES else SELL
    # The one number of the next QUOTES behind `aim` that falls on this place.
    level = side * (aim - place) % QUOTES
    wanted = (aim - side * level) * market["spacing"] + _aside(market, maker)
    slot = first_slot(instrument) + maker * 2 * QUOTES + place
    order = agent_orders(arena)[slot]
    resting = order["client_order_id"] != 0
    if resting and abs(order["price"] - wanted) < 0.7 * market["spacing"]:
        return False
    price = passive_price(arena, instrument, side, wanted, market)
    if not resting:
        account = account_of(instrument, slot)
        command = new_command(arena, instrument, slot, account)
        lots = (0.6 + 0.4 * min(level, 3)) * (0.5 + uniform(arena))
        command["side"] = side
        command["price"] = price
        command["quantity"] = whole_lots(market, lots)
        command["options"] = _POST_ONLY
        return True
    if order["price"] == price:
        return False
    command = change_command(arena, instrument, slot, Action.REPLACE)
    command["price"] = price
    return True


@kernel
def make(arena: int, instrument: int, side: int) -> bool:
    """Let one maker mend its first quote that is out of place; `side` 0 = either."""
    maker = below(arena, MAKERS)
    market = agent_markets(arena)[instrument]
    market["inventory"][maker] *= 0.995
    market["opinion"][maker] *= 0.98
    market["opinion"][maker] += 0.05 * market["spacing"] * bell(arena)
    buys = _aim(arena, instrument, maker, integer(BUY))
    sells = _aim(arena, instrument, maker, integer(SELL))
    start = below(arena, 2 * QUOTES)
    for i in range(2 * QUOTES):
        place = (start + i) % (2 * QUOTES)
        is_buy = place < QUOTES
        if side != 0 and (side == BUY) != is_buy:
            continue
        if _quote(arena, instrument, maker, place, buys if is_buy else sells):
            return True
    return False
