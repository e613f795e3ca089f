"""Takers: they trade at once, at the touch or through it.

- Most work a *parent order*: a row of trades on one side, whose length has a fat tail.
  That is where the long memory of trade signs comes from (Lillo, Mike and Farmer 2005,
  "Theory for long memory in supply and demand": lengths with the tail exponent a give
  signs whose autocorrelation falls as lag ** -(a - 1)).
- Some buy what is cheap against `fair` and sell what is dear.
- Trend followers buy while the short mean of the mid is above the long one and sell
  out when it is not.
"""

from typing import Any, Final

import numpy as np

from app.engine.compile import kernel
from app.engine.exchange.chance import below, either_side, heavy, uniform
from app.engine.exchange.mood import arbitrage, best_price, touch_size
from app.engine.exchange.state import (
    FOLLOWERS,
    PARENTS,
    TAKER_ACCOUNT,
    agent_markets,
)
from app.engine.exchange.trading import new_command, whole_lots
from app.engine.records import OrderType, TimeInForce

_CHILDREN: Final = 4.0
"""Median number of a parent's trades."""
_MOST_CHILDREN: Final = 4000.0
_GOES_ON: Final = 0.4
"""Share of a parent's trades that are followed by one of the same."""
_FOLLOWING: Final = 0.12
"""Of takers, those who look at the trend."""
_TREND: Final = 1.5
"""Quote spacings between the two means that the least daring follower asks for."""
_MOST_HELD: Final = 12.0
"""Lots at which a follower has enough."""
_THROUGH: Final = 0.2
"""Of takers, those who send a market order; the others take the touch alone."""


@kernel
def _parent_side(arena: int, market: Any) -> int:
    """Side of the next trade of a parent order; a finished one makes room for a new."""
    if uniform(arena) >= _GOES_ON:
        # The lower numbers come oftener: some parents are in a hurry.
        chosen = min(below(arena, PARENTS), below(arena, PARENTS))
        market["parent_now"] = chosen
    chosen = market["parent_now"]
    if market["parent_left"][chosen] <= 0:
        market["parent_side"][chosen] = either_side(arena, 0.5)
        # The tail of `heavy` falls as 1/x: to the power 5/8, as x ** -1.6.
        wild = heavy(arena, _MOST_CHILDREN)
        root = np.sqrt(wild)
        length = root * np.sqrt(np.sqrt(root))
        market["parent_left"][chosen] = 1 + int(_CHILDREN * length)
    market["parent_left"][chosen] -= 1
    return market["parent_side"][chosen]


@kernel
def _follower_side(arena: int, market: Any) -> int:
    """Side of a trend follower who looks now; 0 = it is content."""
    follower = below(arena, FOLLOWERS)
    asked = _TREND * (1.0 + 0.5 * follower) * market["spacing"]
    trend = market["trend"][0] - market["trend"][1]
    held = market["held"][follower]
    if trend > asked and held < _MOST_HELD:
        side = 1
    elif trend < -asked and held > -_MOST_HELD:
        side = -1
    elif held * trend < 0.0 and abs(held) >= 1.0:
        side = -1 if held > 0.0 else 1
    else:
        return 0
    market["held"][follower] += side
    return side


@kernel
def _usual_size(arena: int, market: Any) -> float:
    """Size of a trade, lots."""
    lots = market["clip"]
    if uniform(arena) >= market["round"]:
        times = heavy(arena, market["longest"])
        lots *= times * (1.0 + market["wild"] * (np.sqrt(np.sqrt(times)) - 1.0))
    return lots


@kernel
def _begin(arena: int, instrument: int, side: int, lots: float) -> Any:
    market = agent_markets(arena)[instrument]
    account = TAKER_ACCOUNT + below(arena, 1000)
    command = new_command(arena, instrument, 0, account)
    command["side"] = side
    command["quantity"] = whole_lots(market, lots)
    command["time_in_force"] = TimeInForce.IOC
    command["price"] = best_price(arena, instrument, -side)
    return command


@kernel
def take(arena: int, instrument: int, off: float) -> None:
    """Let a taker trade at once; `off`: the mispricing, in quote spacings."""
    market = agent_markets(arena)[instrument]
    draw = uniform(arena)
    if draw < arbitrage(off):
        side = 1 if off > 0.0 else -1
        offered = touch_size(arena, instrument, -side) / market["lot"]
        most = market["clip"] * market["longest"]
        _begin(arena, instrument, side, min(offered * uniform(arena), most))
        return
    side = 0
    if draw > 1.0 - _FOLLOWING:
        side = _follower_side(arena, market)
    if side == 0:
        side = _parent_side(arena, market)
    command = _begin(arena, instrument, side, _usual_size(arena, market))
    if uniform(arena) < _THROUGH:
        command["order_type"] = OrderType.MARKET
