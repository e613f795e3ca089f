"""What agents think an instrument is worth, and how nervous they are.

`fair` wanders, is drawn back to an anchor, leans with the weight of the book, and
follows trades: by their surprise alone, so that a long row of buys that everybody sees
coming moves it less and less (Lillo and Farmer 2004; Bouchaud, Gefen, Potters and Wyart
2004). It follows the root of a trade's size (Lillo, Farmer and Mantegna 2003).

How far it wanders is a product of moods that change from seldom to often: a
Markov-switching multifractal (Calvet and Fisher 2004), which gives bursts at every time
scale and fat tails. `heat` adds what trading itself stirs up.
"""

from typing import Any, Final

import numpy as np

from app.engine.compile import kernel
from app.engine.exchange.chance import bell, uniform
from app.engine.exchange.state import MEMORIES, MOODS, agent_markets
from app.engine.matching_state import match_level
from app.engine.matching_trade import best_level
from app.engine.records import BUY, NO_PRICE, SELL

_WEIGHT: Final = 0.002
"""Spacings by which a wholly one-sided touch moves `fair`, per message."""
_COOL: Final = 0.005
_HEAT_PER_LOT: Final = 0.03
_MOST_HEAT: Final = 4.0
_MOOD_CHANGE: Final = 0.01
"""Chance per message that the quickest mood changes; the next ones' are each less."""
_MOOD_STEP: Final = 0.25
_MOOD: Final = 0.62
"""A mood is 1 + this or 1 - this."""
_KEPT: Final = (0.5, 0.96)
"""What is kept of each memory from trade to trade."""
_SPEAKS: Final = (0.55, 0.4)
"""How each memory speaks for the next trade's side."""
_ARBITRAGE: Final = 0.3
"""Share of takers that trade against a mispricing, for each spacing beyond one."""
_MOST_ARBITRAGE: Final = 0.9
_UNDONE: Final = 1.3
"""Times the impact of a trade that met an iceberg, by which it moves `fair` back."""
_SHORT: Final = 0.01
_LONG: Final = 0.002
"""Shares by which the two means of the mid follow it, per message."""


@kernel
def best_price(arena: int, instrument: int, side: int) -> int:
    """Best price of a side; NO_PRICE if it is empty."""
    level = best_level(arena, instrument, side)
    return match_level(arena, level)["price"] if level else NO_PRICE


@kernel
def touch_size(arena: int, instrument: int, side: int) -> float:
    """Size at the best price of a side, quantity units."""
    level = best_level(arena, instrument, side)
    return float(match_level(arena, level)["size"]) if level else 0.0


@kernel
def mid_price(arena: int, instrument: int) -> float:
    """Middle of the two best prices; `fair` where a side is empty."""
    bid = best_price(arena, instrument, BUY)
    ask = best_price(arena, instrument, SELL)
    if bid == NO_PRICE or ask == NO_PRICE:
        return agent_markets(arena)[instrument]["fair"]
    return 0.5 * (float(bid) + float(ask))


@kernel
def _change_mood(arena: int, market: Any) -> None:
    """Let at most one mood change: to a fresh one, so half the time to none."""
    draw = uniform(arena)
    chance = _MOOD_CHANGE
    for i in range(MOODS):
        if draw < chance:
            up = uniform(arena) < 0.5
            market["mood"][i] = 1.0 + _MOOD if up else 1.0 - _MOOD
            product = 1.0
            for j in range(MOODS):
                product *= market["mood"][j]
            market["volatility"] = np.sqrt(product)
            return
        draw -= chance
        chance *= _MOOD_STEP


@kernel
def wander(arena: int, instrument: int) -> None:
    """Move what the agents think by one message's worth of news."""
    market = agent_markets(arena)[instrument]
    _change_mood(arena, market)
    deviation = market["noise"] * market["heat"] * market["volatility"]
    market["fair"] += deviation * bell(arena)
    market["fair"] += market["reversion"] * (market["anchor"] - market["fair"])
    lowest, highest = float(market["lowest"]), float(market["highest"])
    market["fair"] = min(max(market["fair"], lowest), highest)
    market["heat"] += _COOL * (1.0 - market["heat"])


@kernel
def think(arena: int, instrument: int) -> None:
    """Move what the agents think by one message's worth of news and trading."""
    wander(arena, instrument)
    market = agent_markets(arena)[instrument]
    bids = touch_size(arena, instrument, BUY)
    asks = touch_size(arena, instrument, SELL)
    if bids + asks > 0.0:
        lean = (bids - asks) / (bids + asks)
        market["fair"] += _WEIGHT * market["spacing"] * lean
    middle = mid_price(arena, instrument)
    market["trend"][0] += _SHORT * (middle - market["trend"][0])
    market["trend"][1] += _LONG * (middle - market["trend"][1])


@kernel
def mispricing(arena: int, instrument: int) -> float:
    """By how many quote spacings the mid is cheap (> 0) or dear."""
    market = agent_markets(arena)[instrument]
    return (market["fair"] - mid_price(arena, instrument)) / market["spacing"]


@kernel
def arbitrage(off: float) -> float:
    """Share of takers that trade against a mispricing of so many quote spacings."""
    return min(_ARBITRAGE * max(abs(off) - 1.0, 0.0), _MOST_ARBITRAGE)


@kernel
def expect(arena: int, instrument: int, off: float) -> None:
    """Work out which side the next taker is likely to be on; `off`: the mispricing."""
    market = agent_markets(arena)[instrument]
    lean = 0.0
    for i in range(MEMORIES):
        lean += _SPEAKS[i] * market["memory"][i]
    against = arbitrage(off)
    side = 1.0 if off > 0.0 else -1.0
    market["expected"] = against * side + (1.0 - against) * lean


@kernel
def notice_iceberg(arena: int, instrument: int, side: float, lots: float) -> None:
    """Let agents see that a price did not give way: somebody is there who wants more.

    It undoes what the trade that met the iceberg says, and a little more.
    """
    market = agent_markets(arena)[instrument]
    market["fair"] += _UNDONE * side * market["impact"] * np.sqrt(lots)


@kernel
def notice_trade(arena: int, instrument: int, aggressor: float, lots: float) -> None:
    """Let a trade move what agents think, whoever made it: the user's count like any.

    Only its surprise moves `fair`, else one expected trade would call for the next.
    """
    market = agent_markets(arena)[instrument]
    surprise = aggressor - market["expected"]
    market["fair"] += surprise * market["impact"] * np.sqrt(lots)
    for i in range(MEMORIES):
        market["memory"][i] = (
            _KEPT[i] * market["memory"][i] + (1.0 - _KEPT[i]) * aggressor
        )
    market["heat"] = min(market["heat"] + _HEAT_PER_LOT * lots, _MOST_HEAT)
