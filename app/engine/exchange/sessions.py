"""What session an instrument of the exchange is in."""

from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.records import SessionState
from app.engine.state import instruments


@kernel
def session_now(arena: int, instrument: int) -> int:
    """Session state of an instrument; without days it is always open."""
    session = integer(instruments(arena)[instrument]["session"])
    return session or integer(SessionState.OPEN)
