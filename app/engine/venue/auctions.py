"""Orders at the open and at the close, filled at the auction's print (SEMANTICS 25)."""

from typing import Any

from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.conditional.queues import first_waiting
from app.engine.conditional.state import Wait, condition
from app.engine.records import NO_PRICE, Reason, ReportType, SessionState
from app.engine.state import instruments
from app.engine.venue.fees import TAKER
from app.engine.venue.reduce_only import allowed
from app.engine.venue.reports import end, fill
from app.engine.venue.state import Stage, venue_orders


@kernel
def awaits_auction(arena: int, instrument: int) -> bool:
    """Whether an order of ours waits for an auction."""
    opening, closing = integer(Wait.OPENING), integer(Wait.CLOSING)
    return (
        first_waiting(arena, instrument, opening) != 0
        or first_waiting(arena, instrument, closing) != 0
    )


@kernel
def _which(arena: int, instrument: int, ts: int) -> int:
    """Wait that an auction's print at a venue time ends.

    The session tells; in the midst of one the closing's cut-off does, else the opening
    is the auction that comes first.
    """
    record = instruments(arena)[instrument]
    session, cutoff = record["session"], record["at_close_until"]
    if session == SessionState.PRE_OPEN or session == SessionState.OPENING_AUCTION:
        return integer(Wait.OPENING)
    late = cutoff != 0 and ts >= cutoff
    closing = session == SessionState.CLOSING_AUCTION or session == SessionState.CLOSED
    if late or closing or session == SessionState.EXTENDED:
        return integer(Wait.CLOSING)
    opening = integer(Wait.OPENING)
    if first_waiting(arena, instrument, opening):
        return opening
    return integer(Wait.CLOSING)


@kernel
def auction_printed(arena: int, links: int, record: Any) -> None:
    """Fill auction orders at an auction's print, at most its size, in their order.

    What the print does not fill is cancelled: its auction is over.
    """
    instrument, price = integer(record["instrument"]), integer(record["price"])
    wait = _which(arena, instrument, integer(record["ts_venue"]))
    mine, room = first_waiting(arena, instrument, wait), integer(record["size"])
    if room <= 0:
        return
    while mine:
        following = integer(condition(arena, mine)["next"])
        index = integer(condition(arena, mine)["order"])
        order = venue_orders(arena)[index]
        limit = order["price"]
        quantity = integer(0)
        if limit == NO_PRICE or order["side"] * (limit - price) >= 0:
            quantity = allowed(arena, index, min(room, order["leaves"]))
        if quantity:
            room -= quantity
            fill(arena, links, index, price, quantity, integer(TAKER))
        if order["stage"] == Stage.WAITING:
            reason = integer(Reason.AUCTION_MISSED)
            end(arena, links, index, ReportType.CANCELLED, reason)
        mine = following
