"""The agents of the built-in exchange take turns.

All of them look at the same book as the user and do not know who owns an order. Each
kind has its own module: `makers`, `noise`, `takers` and `hidden`; what they all think
of an instrument is in `mood`.

One call of `take_turn` is one message of one agent. Prices are floats only until they
become orders; `+ - × ÷ √` alone are used, so a seed gives the same market everywhere.
"""

from typing import Any, Final

from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.exchange.auctions import gather
from app.engine.exchange.chance import below, uniform
from app.engine.exchange.hidden import work_hidden
from app.engine.exchange.makers import make
from app.engine.exchange.mood import expect, mispricing, think, wander
from app.engine.exchange.noise import stir
from app.engine.exchange.sessions import session_now
from app.engine.exchange.state import agent_markets, commands, exchange
from app.engine.exchange.takers import take
from app.engine.exchange.trading import act
from app.engine.matching_state import match_side, side_index
from app.engine.records import BUY, NO_PRICE, SELL, Action, SessionState, TimeInForce

_EAGERNESS: Final = 1.0
"""Share of takers more for each quote spacing that the mid is off, times the share."""
_MOST_TAKERS: Final = 0.4
_NOISE_BELOW: Final = 0.5
"""Of the draw that chooses the agent: above it a maker looks at its quotes."""
_FEW_LEVELS: Final = 4
"""A side with fewer levels than this is mended before anything else happens."""


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
    if thin and _is_closed(arena, instrument, thin):
        thin = 0
    if thin and make(arena, instrument, thin):
        return
    if work_hidden(arena, instrument):
        return
    market = agent_markets(arena)[instrument]
    off = mispricing(arena, instrument)
    expect(arena, instrument, off)
    share = uniform(arena)
    hurry = 1.0 + _EAGERNESS * max(abs(off) - 1.0, 0.0)
    chance = market["taking"] * (0.7 + 0.3 * market["volatility"]) * hurry
    if not thin and share < min(chance, _MOST_TAKERS):
        take(arena, instrument, off)
    elif share > _NOISE_BELOW and make(arena, instrument, 0):
        return
    else:
        stir(arena, instrument)


@kernel
def _is_closed(arena: int, instrument: int, side: int) -> bool:
    """Tell whether a fire drill keeps agents from quoting a side."""
    state = exchange(arena)[0]
    return state["drill_side"] == side and state["drill_instrument"] == instrument


@kernel
def _is_withheld(arena: int, command: Any) -> bool:
    """Tell whether an agent keeps its message to itself after all."""
    if command["action"] != Action.NEW:
        return False
    if command["price"] == NO_PRICE:
        # A taker who finds nobody to trade with.
        return True
    instrument, side = integer(command["instrument"]), integer(command["side"])
    rests = command["time_in_force"] != TimeInForce.IOC
    return rests and _is_closed(arena, instrument, side)


@kernel
def take_turn(arena: int, control: int) -> None:
    """Let one agent in one instrument send one message."""
    state = exchange(arena)[0]
    state["steps"] += 1
    instrument = below(arena, state["instruments"])
    session = session_now(arena, instrument)
    if session == SessionState.CLOSED:
        return
    if session != SessionState.OPEN:
        wander(arena, instrument)
        if gather(arena, instrument, session):
            act(arena, control, commands(arena)[0])
        return
    think(arena, instrument)
    _decide(arena, instrument)
    command = commands(arena)[0]
    if not _is_withheld(arena, command):
        act(arena, control, command)
