"""Books given whole: what a reader needs when it begins, or has lost something."""

from typing import Final

from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.exchange.sessions import session_now
from app.engine.exchange.state import exchange
from app.engine.exchange.wire import market_scratch, push_market, push_status
from app.engine.matching_state import (
    match_level,
    match_order,
    match_side,
    side_index,
)
from app.engine.records import BUY, SELL, EventKind, RecordFlag

_LAST: Final = int(RecordFlag.LAST)
_SNAPSHOT: Final = int(RecordFlag.SNAPSHOT)


@kernel
def _push_side(arena: int, control: int, instrument: int, side: int) -> bool:
    """Push one side of the book as ORDER_ADDs, each queue from its head."""
    level = integer(match_side(arena, side_index(instrument, side))["best"])
    while level:
        row = match_level(arena, level)
        index = integer(row["head"])
        while index:
            order = match_order(arena, index)
            record = market_scratch(arena, control, EventKind.ORDER_ADD, instrument)
            record["flags"] = _SNAPSHOT
            record["price"] = row["price"]
            record["size"] = order["leaves"]
            record["reference"] = order["venue_order_id"]
            record["side"] = side
            if not push_market(arena, control, record):
                return False
            index = integer(order["next"])
        level = integer(row["worse"])
    return True


@kernel
def push_books(arena: int, control: int) -> bool:
    """Open the session and give every book whole; False when told to stop."""
    for instrument in range(exchange(arena)[0]["instruments"]):
        session = session_now(arena, integer(instrument))
        begun = push_status(
            arena, control, EventKind.SESSION, instrument, _LAST, session
        ) and push_status(
            arena, control, EventKind.SNAPSHOT_BEGIN, instrument, _SNAPSHOT, 0
        )
        whole = begun and _push_side(arena, control, instrument, BUY)
        whole = whole and _push_side(arena, control, instrument, SELL)
        flags = _SNAPSHOT | _LAST
        if not whole or not push_status(
            arena, control, EventKind.SNAPSHOT_END, instrument, flags, 0
        ):
            return False
    return True
