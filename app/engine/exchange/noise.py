"""Noise traders: they rest somewhere behind the touch, or inside the spread, and leave.

The distance they choose has a tail that falls as 1/x (Bouchaud, Mézard and Potters
2002, "Statistical properties of stock order books", find an exponent of 0.6 to 1).
"""

from typing import Final

from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.exchange.chance import below, either_side, heavy, uniform
from app.engine.exchange.makers import passive_price
from app.engine.exchange.mood import best_price
from app.engine.exchange.state import (
    HIDDEN_PLACE,
    MAKER_SLOTS,
    NOISE_SLOTS,
    agent_markets,
    agent_orders,
    first_slot,
)
from app.engine.exchange.trading import change_command, new_command, whole_lots
from app.engine.matching_state import match_level, match_order
from app.engine.matching_trade import best_level
from app.engine.records import BUY, NO_PRICE, SELL, Action

_EDGE: Final = 0.6
"""Of a calm maker's half spread: nearer to `fair` than this nobody rests for long."""
_SEEN: Final = 6
"""Orders of the queue that are asked."""


@kernel
def _rest_somewhere(arena: int, instrument: int, slot: int) -> None:
    """Let a noise trader leave an order behind the touch, or just inside it."""
    market = agent_markets(arena)[instrument]
    side = either_side(arena, 0.5)
    touch = best_price(arena, instrument, side)
    start = market["fair"] - side * _EDGE * market["half_spread"]
    if touch != NO_PRICE and side * (start - touch) > 0.0:
        start = float(touch)
    distance = market["reach"] * (heavy(arena, 12.0) - 0.15)
    if uniform(arena) < market["joining"]:
        distance = 0.0
    command = new_command(arena, instrument, slot, slot)
    command["side"] = side
    command["price"] = passive_price(
        arena, instrument, side, start - side * distance, market
    )
    command["quantity"] = whole_lots(market, 0.6 * heavy(arena, 12.0))


@kernel
def _flee(arena: int, instrument: int, side: int) -> bool:
    """Let a noise trader among the last of the touch's queue leave it, if one is."""
    level = best_level(arena, instrument, side)
    if level == 0:
        return False
    index = integer(match_level(arena, level)["tail"])
    first = first_slot(instrument)
    for _ in range(_SEEN):
        order = match_order(arena, index)
        place = order["account"] - first
        if MAKER_SLOTS <= place < HIDDEN_PLACE:
            change_command(arena, instrument, integer(order["account"]), Action.CANCEL)
            return True
        if index == match_level(arena, level)["head"]:
            return False
        index = integer(order["previous"])
    return False


@kernel
def _endangered(arena: int, instrument: int) -> int:
    """Side whose best price lies too near `fair`, or beyond it; 0 = neither."""
    market = agent_markets(arena)[instrument]
    edge = _EDGE * market["half_spread"]
    bid = best_price(arena, instrument, integer(BUY))
    if bid != NO_PRICE and bid > market["fair"] - edge:
        return integer(BUY)
    ask = best_price(arena, instrument, integer(SELL))
    if ask != NO_PRICE and ask < market["fair"] + edge:
        return integer(SELL)
    return 0


@kernel
def stir(arena: int, instrument: int) -> None:
    """Let one noise trader come, change its mind, or leave."""
    market = agent_markets(arena)[instrument]
    side = _endangered(arena, instrument)
    if side and _flee(arena, instrument, side):
        return
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
