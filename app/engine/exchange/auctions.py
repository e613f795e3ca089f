"""Agents while orders gather: before the open, before the close, in a halt.

Nobody takes, since nothing is matched. Noise traders say what they would pay, on both
sides of `fair` and so across one another, or change their mind; some want the auction's
price, whatever it is.
"""

from typing import Final

from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.exchange.chance import bell, below, either_side, heavy, uniform
from app.engine.exchange.state import (
    MAKER_SLOTS,
    NOISE_SLOTS,
    TAKER_ACCOUNT,
    agent_markets,
    agent_orders,
    first_slot,
)
from app.engine.exchange.trading import change_command, new_command, whole_lots
from app.engine.instruments import valid_towards
from app.engine.records import Action, OrderType, SessionState, TimeInForce

_APART: Final = 3.0
"""Quote spacings by which opinions of a fair price differ."""
_WHATEVER: Final = 0.1
"""Share of messages that are market orders for the auction."""
_LEAVES: Final = 0.2
"""Share of looks at an order that end with its cancel."""


@kernel
def _join(arena: int, instrument: int, slot: int) -> None:
    """Let a noise trader say what it would pay, or take."""
    market = agent_markets(arena)[instrument]
    side = either_side(arena, 0.5)
    wanted = market["fair"] + _APART * market["spacing"] * bell(arena)
    wanted = min(max(wanted, float(market["lowest"])), float(market["highest"]))
    command = new_command(arena, instrument, slot, slot)
    command["side"] = side
    command["price"] = valid_towards(arena, instrument, int(wanted), -side)
    command["quantity"] = whole_lots(market, 0.6 * heavy(arena, 12.0))


@kernel
def _take_whatever(arena: int, instrument: int, session: int) -> None:
    """Send a market order for the auction that comes."""
    market = agent_markets(arena)[instrument]
    account = TAKER_ACCOUNT + below(arena, 1000)
    command = new_command(arena, instrument, 0, account)
    command["side"] = either_side(arena, 0.5)
    command["quantity"] = whole_lots(market, 0.6 * heavy(arena, 12.0))
    command["order_type"] = OrderType.MARKET
    at_open = session == SessionState.OPENING_AUCTION
    force = TimeInForce.AT_THE_OPEN if at_open else TimeInForce.AT_THE_CLOSE
    command["time_in_force"] = force


@kernel
def gather(arena: int, instrument: int, session: int) -> bool:
    """Let one agent act while orders gather; tell whether it has a message."""
    if session != SessionState.HALTED and uniform(arena) < _WHATEVER:
        _take_whatever(arena, instrument, session)
        return True
    slot = first_slot(instrument) + MAKER_SLOTS + below(arena, NOISE_SLOTS)
    if agent_orders(arena)[slot]["client_order_id"] == 0:
        _join(arena, instrument, integer(slot))
        return True
    if uniform(arena) >= _LEAVES:
        return False
    change_command(arena, instrument, integer(slot), integer(Action.CANCEL))
    return True
