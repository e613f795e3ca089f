"""The hidden trader: now and then somebody has far more to trade than the book shows.

Its parent order is worked over minutes by icebergs at the touch, one at a time; now and
then it takes. Nobody is told: what can be seen is that a level does not give way, that
one side trades more, and that the price drifts.
"""

from typing import Any, Final

from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.exchange.chance import either_side, heavy, uniform
from app.engine.exchange.makers import passive_price
from app.engine.exchange.mood import best_price
from app.engine.exchange.state import (
    HIDDEN_PLACE,
    agent_markets,
    agent_orders,
    first_slot,
)
from app.engine.exchange.trading import change_command, new_command, whole_lots
from app.engine.records import NO_PRICE, Action, TimeInForce

_SELDOM: Final = 20_000.0
"""Messages of an instrument between two such traders, median."""
_PARENT: Final = 250.0
"""Lots of a parent order, median."""
_CHILD: Final = 1.5
"""Lots that a child shows, or takes."""
_BELOW: Final = 8.0
"""Times as much lies below the surface."""
_PACE: Final = 30.0
"""Messages between two looks."""
_TAKES: Final = 0.35


@kernel
def begin_hidden(arena: int, instrument: int, side: int) -> None:
    """Let a hidden trader begin; `side` 0 = either."""
    market = agent_markets(arena)[instrument]
    chosen = side or either_side(arena, 0.5)
    lots = _PARENT * (0.5 + uniform(arena))
    market["hidden_side"] = chosen
    market["hidden_total"] = whole_lots(market, lots)
    market["hidden_left"] = market["hidden_total"]
    market["hidden_wait"] = 1
    market["hidden_count"] += 1


@kernel
def _end(arena: int, market: Any) -> None:
    market["hidden_side"] = 0
    market["hidden_left"] = 0
    market["hidden_wait"] = 1 + int(_SELDOM * heavy(arena, 5.0))


@kernel
def _child(arena: int, instrument: int, slot: int) -> None:
    """Send the next child: at the touch, or across."""
    market = agent_markets(arena)[instrument]
    side = integer(market["hidden_side"])
    command = new_command(arena, instrument, slot, slot)
    shown = whole_lots(market, _CHILD * (0.5 + uniform(arena)))
    command["side"] = side
    command["quantity"] = _of_rest(market, shown)
    across = best_price(arena, instrument, -side)
    if across != NO_PRICE and uniform(arena) < _TAKES:
        command["price"] = across
        command["time_in_force"] = TimeInForce.IOC
        return
    touch = best_price(arena, instrument, side)
    wanted = market["fair"] if touch == NO_PRICE else float(touch)
    command["price"] = passive_price(arena, instrument, side, wanted, market)
    whole = _of_rest(market, int(shown * (1.0 + _BELOW * uniform(arena))))
    command["quantity"] = whole
    if whole > shown:
        command["display_quantity"] = shown


@kernel
def _of_rest(market: Any, quantity: int) -> int:
    """So much of the parent order, or all of it where the rest would be too small."""
    step, least = market["quantity_step"], market["quantity_min"]
    whole = quantity // step * step
    if market["hidden_left"] - whole < least:
        return max(market["hidden_left"], least)
    return whole


@kernel
def work_hidden(arena: int, instrument: int) -> bool:
    """Let the hidden trader act if it is time; tell whether it has a message."""
    market = agent_markets(arena)[instrument]
    market["hidden_wait"] -= 1
    if market["hidden_wait"] > 0:
        return False
    if market["hidden_side"] == 0:
        begin_hidden(arena, instrument, 0)
        return False
    slot = first_slot(instrument) + HIDDEN_PLACE
    order = agent_orders(arena)[slot]
    market["hidden_wait"] = 1 + int(_PACE * 2.0 * uniform(arena))
    if order["client_order_id"] != 0:
        touch = best_price(arena, instrument, integer(market["hidden_side"]))
        if order["price"] == touch:
            return False
        change_command(arena, instrument, slot, Action.CANCEL)
        return True
    if market["hidden_left"] <= 0:
        _end(arena, market)
        return False
    _child(arena, instrument, slot)
    return True
