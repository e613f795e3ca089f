"""Marks that move, and what follows from them where it is money alone.

The gate marks an instrument whenever its book has moved. Nearly always nothing follows
but what positions are worth: no book became stale, no flatten waits, no rate follows
the mark, no loss limit is broken. That much is small enough for others to take in; what
else follows is the gate's own (`Link.GATE_MARKED`).
"""

from typing import Final

from app.engine.accounts import mark_of, set_mark
from app.engine.bits import integer
from app.engine.book_state import Stale, books
from app.engine.compile import inlined
from app.engine.records import Reason
from app.engine.risk import broken_loss_limit
from app.engine.risk_exposure import refresh_exposure
from app.engine.risk_state import risk, working
from app.engine.state import instruments

MARKED: Final = -2
"""Argument of `Link.GATE_MARKED`, less an instrument: `move_mark` has marked it."""


@inlined
def shown_stale(arena: int, instrument: int) -> int:
    """Why the book that strategies read may not be trusted."""
    book = instruments(arena)[instrument]["book"]
    return integer(books(arena)[book]["stale"]) if book else integer(Stale.FRESH)


@inlined
def moves_money_alone(arena: int, instrument: int) -> bool:
    """Whether a mark of an instrument changes money and losses, and nothing else."""
    row = working(arena)[instrument]
    if row["flatten"] or instruments(arena)[instrument]["rate_of"]:
        return False
    return row["stale"] == shown_stale(arena, instrument)


@inlined
def move_mark(arena: int, instrument: int) -> bool:
    """Bring a mark, what is worth it and the exposure up to date; False if no news."""
    settlement = working(arena)[instrument]["settlement"]
    if not set_mark(arena, instrument, mark_of(arena, instrument, settlement)):
        return False
    refresh_exposure(arena, instrument)
    return True


@inlined
def new_loss(arena: int) -> int:
    """Reason of a loss limit that is exceeded and stopped nothing yet; else NONE."""
    if risk(arena)[0]["loss_stop"] != Reason.NONE:
        return integer(Reason.NONE)
    return integer(broken_loss_limit(arena))
