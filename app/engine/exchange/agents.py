"""The agents of the built-in exchange: makers, noise traders, takers.

All of them look at the same book as the user and do not know who owns an order. What
they think an instrument is worth, `fair`, wanders, is drawn back to an anchor, follows
trades (so a large order moves the market) and leans with the weight of the book.

- Makers quote several levels on both sides of `fair`, wider when trading is hot, and
  lean away from what they hold.
- Noise traders rest somewhere behind the touch, or inside a wide spread, and leave.
- Takers lift what is cheap and hit what is dear against `fair`, and follow momentum.

One call of `take_turn` is one message of one agent. Prices are floats only until they
become orders; `+ - × ÷` alone are used, so a seed gives the same market everywhere.
"""

from typing import Any, Final

import numpy as np

from app.engine.compile import kernel
from app.engine.exchange.chance import bell, below, either_side, heavy, uniform
from app.engine.exchange.state import (
    MAKER_SLOTS,
    MAKERS,
    NOISE_SLOTS,
    QUOTES,
    TAKER_ACCOUNT,
    agent_markets,
    agent_orders,
    commands,
    exchange,
    first_slot,
)
from app.engine.exchange.trading import (
    account_of,
    act,
    change_command,
    new_command,
    whole_lots,
)
from app.engine.instruments import step_price, valid_towards
from app.engine.matching_state import match_level, match_side, side_index
from app.engine.matching_trade import best_level
from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    Action,
    OrderOption,
    OrderType,
    TimeInForce,
)

_POST_ONLY: Final = int(OrderOption.POST_ONLY)
_TAKER_SHARE: Final = 0.08
"""Of all messages, while the mid is near what agents think."""
_EAGERNESS: Final = 0.15
"""Share more for each quote spacing that the mid is off."""
_MOST_TAKERS: Final = 0.45
_NOISE_BELOW: Final = 0.55
"""Of the draw that chooses the agent: above it a maker looks at its quotes."""
_FEW_LEVELS: Final = 4
"""A side with fewer levels than this is mended before anything else happens."""
_LEAN: Final = 0.15
"""Quote spacings by which a maker leans for each lot it holds."""
_MOST_LEAN: Final = 3.0
_CONVICTION: Final = 0.35
"""How takers lean for each quote spacing between `fair` and the mid."""
_FOLLOW: Final = 0.3
_MOST_LEAN_OF_TAKERS: Final = 0.9
_WEIGHT: Final = 0.004
"""Spacings by which a wholly one-sided touch moves `fair`, per message."""
_COOL: Final = 0.005
_FORGET: Final = 0.002


@kernel
def best_price(arena: int, instrument: int, side: int) -> int:
    """Best price of a side; NO_PRICE if it is empty."""
    level = best_level(arena, instrument, side)
    return match_level(arena, level)["price"] if level else NO_PRICE


@kernel
def _touch_size(arena: int, instrument: int, side: int) -> float:
    level = best_level(arena, instrument, side)
    return float(match_level(arena, level)["size"]) if level else 0.0


@kernel
def _think(arena: int, instrument: int) -> None:
    """Move what the agents think by one message's worth of time."""
    market = agent_markets(arena)[instrument]
    bids = _touch_size(arena, instrument, BUY)
    asks = _touch_size(arena, instrument, SELL)
    if bids + asks > 0.0:
        lean = (bids - asks) / (bids + asks)
        market["fair"] += _WEIGHT * market["spacing"] * lean
    market["fair"] += market["noise"] * market["heat"] * bell(arena)
    market["fair"] += market["reversion"] * (market["anchor"] - market["fair"])
    lowest, highest = float(market["lowest"]), float(market["highest"])
    market["fair"] = min(max(market["fair"], lowest), highest)
    market["heat"] += _COOL * (1.0 - market["heat"])
    market["momentum"] -= _FORGET * market["momentum"]


@kernel
def _passive_price(
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
def _quote_price(arena: int, instrument: int, maker: int, side: int, level: int) -> int:
    """Where a maker wants its quote of this level."""
    market = agent_markets(arena)[instrument]
    held = _LEAN * market["inventory"][maker]
    lean = min(max(held, -_MOST_LEAN), _MOST_LEAN) * market["spacing"]
    middle = market["fair"] + market["opinion"][maker] - lean
    away = market["half_spread"] * market["heat"] + level * market["spacing"]
    return _passive_price(arena, instrument, side, middle - side * away, market)


@kernel
def _quote(arena: int, instrument: int, place: int) -> bool:
    """Bring the quote in one of the makers' slots to where it belongs.

    Returns
    -------
    bool
        Whether there is a message: a quote that is good enough is left alone.
    """
    market = agent_markets(arena)[instrument]
    slot = first_slot(instrument) + place
    order = agent_orders(arena)[slot]
    maker = place // (2 * QUOTES)
    side = BUY if place % (2 * QUOTES) < QUOTES else SELL
    level = place % QUOTES
    price = _quote_price(arena, instrument, maker, side, level)
    if order["client_order_id"] == 0:
        account = account_of(instrument, slot)
        command = new_command(arena, instrument, slot, account)
        lots = (1.0 + 0.3 * level) * (0.5 + uniform(arena))
        command["side"] = side
        command["price"] = price
        command["quantity"] = whole_lots(market, lots)
        command["options"] = _POST_ONLY
        return True
    near = abs(order["price"] - price) < 0.6 * market["spacing"]
    if near or order["price"] == price:
        return False
    command = change_command(arena, instrument, slot, Action.REPLACE)
    command["price"] = price
    return True


@kernel
def _make(arena: int, instrument: int, side: int) -> bool:
    """Let one maker mend its first quote that is out of place; `side` 0 = either."""
    maker = below(arena, MAKERS)
    market = agent_markets(arena)[instrument]
    market["inventory"][maker] *= 0.995
    market["opinion"][maker] *= 0.98
    market["opinion"][maker] += 0.05 * market["spacing"] * bell(arena)
    start = below(arena, 2 * QUOTES)
    for i in range(2 * QUOTES):
        place = (start + i) % (2 * QUOTES)
        chosen = side == 0 or (side == BUY) == (place < QUOTES)
        if chosen and _quote(arena, instrument, maker * 2 * QUOTES + place):
            return True
    return False


@kernel
def _rest_somewhere(arena: int, instrument: int, slot: int) -> None:
    """Let a noise trader leave an order behind the touch, or just inside it."""
    market = agent_markets(arena)[instrument]
    side = either_side(arena, 0.5)
    touch = best_price(arena, instrument, side)
    start = market["fair"] if touch == NO_PRICE else float(touch)
    distance = market["reach"] * (heavy(arena, 12.0) - 0.25)
    command = new_command(arena, instrument, slot, slot)
    command["side"] = side
    command["price"] = _passive_price(
        arena, instrument, side, start - side * distance, market
    )
    command["quantity"] = whole_lots(market, 0.6 * heavy(arena, 12.0))


@kernel
def _stir(arena: int, instrument: int) -> None:
    """Let one noise trader come, change its mind, or leave."""
    market = agent_markets(arena)[instrument]
    slot = first_slot(instrument) + MAKER_SLOTS + below(arena, NOISE_SLOTS)
    order = agent_orders(arena)[slot]
    if order["client_order_id"] == 0:
        _rest_somewhere(arena, instrument, slot)
        return
    fewer = order["leaves"] // 2 // market["quantity_step"] * market["quantity_step"]
    if uniform(arena) < 0.3 and fewer >= market["quantity_min"]:
        command = change_command(arena, instrument, slot, Action.REPLACE)
        command["price"] = NO_PRICE
        # The new total: what is filled stays filled.
        command["quantity"] = order["filled"] + fewer
        return
    change_command(arena, instrument, slot, Action.CANCEL)


@kernel
def _mispricing(arena: int, instrument: int) -> float:
    """By how many quote spacings the mid is cheap (> 0) or dear."""
    market = agent_markets(arena)[instrument]
    bid = best_price(arena, instrument, BUY)
    ask = best_price(arena, instrument, SELL)
    if bid == NO_PRICE or ask == NO_PRICE:
        return 0.0
    middle = 0.5 * (float(bid) + float(ask))
    return (market["fair"] - middle) / market["spacing"]


@kernel
def _expect(arena: int, instrument: int, mispricing: float) -> None:
    """Work out which side the next taker is likely to be on."""
    market = agent_markets(arena)[instrument]
    lean = _CONVICTION * mispricing + _FOLLOW * market["momentum"]
    market["expected"] = min(max(lean, -_MOST_LEAN_OF_TAKERS), _MOST_LEAN_OF_TAKERS)


@kernel
def _take(arena: int, instrument: int) -> None:
    """Let a taker trade at once: at the touch, or through it with a market order."""
    market = agent_markets(arena)[instrument]
    side = either_side(arena, 0.5 + 0.5 * market["expected"])
    account = TAKER_ACCOUNT + below(arena, 1000)
    command = new_command(arena, instrument, 0, account)
    command["side"] = side
    command["quantity"] = whole_lots(market, 0.7 * heavy(arena, 15.0))
    command["time_in_force"] = TimeInForce.IOC
    command["price"] = best_price(arena, instrument, -side)
    if uniform(arena) < 0.3:
        command["order_type"] = OrderType.MARKET


@kernel
def _thin_side(arena: int, instrument: int) -> int:
    """Side that has too few levels; 0 if both have enough."""
    buys = match_side(arena, side_index(instrument, BUY))["levels"]
    sells = match_side(arena, side_index(instrument, SELL))["levels"]
    if min(buys, sells) >= _FEW_LEVELS:
        return 0
    return BUY if buys < sells else SELL


@kernel
def _decide(arena: int, instrument: int) -> None:
    """Let one agent write its message into the command's record."""
    thin = _thin_side(arena, instrument)
    if thin and _make(arena, instrument, thin):
        return
    mispricing = _mispricing(arena, instrument)
    _expect(arena, instrument, mispricing)
    share = uniform(arena)
    chance = _TAKER_SHARE + _EAGERNESS * max(abs(mispricing) - 1.0, 0.0)
    if not thin and share < min(chance, _MOST_TAKERS):
        _take(arena, instrument)
    elif share > _NOISE_BELOW and _make(arena, instrument, 0):
        return
    else:
        _stir(arena, instrument)


@kernel
def take_turn(arena: int, control: int) -> None:
    """Let one agent in one instrument send one message."""
    state = exchange(arena)[0]
    state["steps"] += 1
    instrument = below(arena, state["instruments"])
    _think(arena, instrument)
    _decide(arena, instrument)
    act(arena, control, commands(arena)[0])
