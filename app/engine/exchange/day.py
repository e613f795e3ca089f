"""A compressed trading day: opening auction, trading, closing auction, night.

A day lasts as long as the user says; its parts are shares of it. While it is open, an
instrument whose short mean of the mid has run too far from the long one is halted for a
while and comes back by an auction (SEMANTICS 26). Sessions change by SET_SESSION, as
anything else happens, and the matching engine says so in SESSION records.
"""

from typing import Final

from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.exchange.state import agent_markets, exchange
from app.engine.exchange.trading import act, session_command, withdraw
from app.engine.matching_state import matching
from app.engine.records import SessionState

_OPENING: Final = 0.06
_TRADING: Final = 0.84
_CLOSING: Final = 0.05
"""Parts of a day, in this order; what is left is the night."""
_HALT: Final = 0.02
"""How long a halt lasts, of a day."""
_RUN: Final = 6.5
"""Quote spacings between the two means at which an instrument is halted."""


@kernel
def _part_of_day(share: float) -> int:
    """Session state at a share of the day."""
    if share < _OPENING:
        return integer(SessionState.OPENING_AUCTION)
    if share < _OPENING + _TRADING:
        return integer(SessionState.OPEN)
    if share < _OPENING + _TRADING + _CLOSING:
        return integer(SessionState.CLOSING_AUCTION)
    return integer(SessionState.CLOSED)


@kernel
def _change(arena: int, control: int, instrument: int, session: int) -> None:
    """Change an instrument's session; for the night agents take their orders home."""
    market = agent_markets(arena)[instrument]
    market["halted_until"] = 0
    act(arena, control, session_command(arena, instrument, session))
    if session == SessionState.CLOSED:
        withdraw(arena, control, instrument, integer(0))
    # What it did before this is no reason for a halt.
    market["trend"][1] = market["trend"][0]


@kernel
def _watch(arena: int, control: int, instrument: int, now: int) -> None:
    """Halt an instrument that has run too far, and let a halted one go on."""
    market = agent_markets(arena)[instrument]
    if market["halted_until"]:
        if now >= market["halted_until"]:
            _change(arena, control, instrument, integer(SessionState.OPEN))
        return
    run = abs(market["trend"][0] - market["trend"][1])
    if run > _RUN * market["spacing"]:
        _change(arena, control, instrument, integer(SessionState.HALTED))
        length = int(_HALT * exchange(arena)[0]["day_ns"])
        market["halted_until"] = now + length
        market["halts"] += 1


@kernel
def step_day(arena: int, control: int) -> None:
    """Bring every instrument's session to what the time of day says."""
    state = exchange(arena)[0]
    if state["day_ns"] == 0:
        return
    now = matching(arena)["now"]
    if state["day_begun"] == 0:
        state["day_begun"] = now
    while now - state["day_begun"] >= state["day_ns"]:
        state["day_begun"] += state["day_ns"]
        state["day"] += 1
    part = _part_of_day((now - state["day_begun"]) / state["day_ns"])
    changes = part != state["part_of_day"]
    state["part_of_day"] = part
    for each in range(state["instruments"]):
        instrument = integer(each)
        if changes:
            _change(arena, control, instrument, part)
        elif part == SessionState.OPEN:
            _watch(arena, control, instrument, now)
