"""Flatten: cancel what works for a position, then close it (SEMANTICS 42, 53).

Once every order in the way is confirmed as ended, what is then held is closed by
immediate-or-cancel limits at the collar's price, again and again, after longer pauses
while nothing fills, until nothing is held.
"""

from enum import IntEnum
from typing import Any, Final

from app.engine.accounts import account_row, position_row
from app.engine.bits import integer, lowest_bit
from app.engine.compile import kernel
from app.engine.gate_cancel import ANY, cancel_many, tell_kill
from app.engine.gate_orders import next_working
from app.engine.instruments import valid_towards, within_bands
from app.engine.orders import find_order, is_ended
from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    Action,
    OrderType,
    Reason,
    TimeInForce,
)
from app.engine.risk_collar import collar_price
from app.engine.risk_exposure import closable, protection_price, touch_price
from app.engine.risk_state import REDUCE_ONLY, risk, working
from app.engine.state import MAX_STRATEGIES, engine, instruments, orders, positions
from app.engine.strategy import request, requests

_PAUSE_NS: Final = 250_000_000
_LONGEST_PAUSE: Final = 4


class Flatten(IntEnum):
    """How far the flatten of an instrument has come."""

    NONE = 0
    CLOSING = 1  # orders in the way are cancelled, then what is held is closed


@kernel
def _held(arena: int, instrument: int, strategy: int) -> int:
    """Position that a flatten closes: a strategy's own, else the account's (42)."""
    if strategy > 0:
        row = position_row(arena, instrument, strategy)
    else:
        row = account_row(arena, instrument)
    return positions(arena)[row]["quantity"]


@kernel
def _join_flatten(arena: int, row: Any, strategy: int) -> bool:
    """Note whose position is to be closed; False if the account's flatten does it."""
    others = integer(row["flatten_whose"]) if row["flatten"] else integer(0)
    if strategy > 0 and others & 1:
        return False
    joins = strategy > 0 and others != 0
    soon = engine(arena)[0]["now"] + _PAUSE_NS
    row["flatten"] = Flatten.CLOSING
    row["flatten_whose"] = (others if joins else 0) | integer(1) << strategy
    row["flatten_strategy"] = strategy - 1 if joins else strategy
    row["flatten_order"] = 0
    row["flatten_ts"] = min(row["flatten_ts"], soon) if joins else 0
    row["flatten_tries"] = 0
    return True


@kernel
def begin_flatten(arena: int, links: int, instrument: int, strategy: int) -> None:
    """Cancel what works for a position, then close it; for strategy 0 the account's."""
    row = working(arena)[instrument]
    if not _join_flatten(arena, row, strategy):
        return
    whose = strategy if strategy > 0 else integer(ANY)
    killed = risk(arena)[0]["flatten"] != 0
    reason = integer(Reason.KILLED) if killed else integer(Reason.USER)
    cancel_many(arena, links, instrument, (integer(0), whose, integer(1)), reason)
    flatten_step(arena, links, instrument)


@kernel
def _is_in_the_way(arena: int, instrument: int, strategy: int) -> bool:
    """Tell whether an order still works for the position that is to be closed."""
    index = next_working(arena, instrument, 0)
    while index:
        if strategy <= 0 or orders(arena)[index]["strategy"] == strategy:
            return True
        index = next_working(arena, instrument, index)
    return False


@kernel
def _sole_holder(arena: int, instrument: int) -> int:
    """Strategy that alone holds the account's position; else 0, manual."""
    holders = positions(arena)[account_row(arena, instrument)]["holders"]
    if holders and holders & (holders - 1) == 0:
        return lowest_bit(holders)
    return 0


@kernel
def _closing_price(arena: int, instrument: int, side: int) -> int:
    """Limit that closes: the collar, else protection, touch or mark; in the bands."""
    price = collar_price(arena, instrument, side)
    if price == NO_PRICE:
        price = protection_price(arena, instrument, side, integer(-1))
    if price == NO_PRICE:
        price = touch_price(arena, instrument, -side)
    if price == NO_PRICE:
        mark = positions(arena)[account_row(arena, instrument)]["mark_doubled"]
        if mark != NO_PRICE:
            price = valid_towards(arena, instrument, mark >> 1, -side)
    if price == NO_PRICE:
        return price
    return within_bands(arena, instrument, price)


@kernel
def flatten_step(arena: int, links: int, instrument: int) -> None:
    """Go on with a flatten, in turn for each that it is for."""
    row = working(arena)[instrument]
    if row["flatten"] == Flatten.NONE:
        return
    before = integer(row["flatten_strategy"])
    for turn in range(1, MAX_STRATEGIES + 1):
        strategy = (before + turn) % MAX_STRATEGIES
        if (row["flatten_whose"] >> strategy) & 1:
            _close_one(arena, instrument, integer(strategy))
    if row["flatten_whose"] == 0:
        row["flatten"] = Flatten.NONE
        if risk(arena)[0]["flatten"]:
            tell_kill(arena, links)


@kernel
def _close_one(arena: int, instrument: int, strategy: int) -> None:
    """Close a position: nothing while orders are in the way or a close works."""
    row = working(arena)[instrument]
    if _is_in_the_way(arena, instrument, strategy):
        return
    held = _held(arena, instrument, strategy)
    if held == 0:
        row["flatten_whose"] = integer(row["flatten_whose"]) ^ (integer(1) << strategy)
        return
    if engine(arena)[0]["now"] < row["flatten_ts"]:
        return
    side = integer(SELL) if held > 0 else integer(BUY)
    price = _closing_price(arena, instrument, side)
    if price != NO_PRICE:
        _send_close(arena, instrument, strategy, side, price)


@kernel
def _send_close(
    arena: int, instrument: int, strategy: int, side: int, price: int
) -> None:
    """Queue a closing order; it goes through the gate when this event is done."""
    row, now = working(arena)[instrument], engine(arena)[0]["now"]
    last = find_order(arena, row["flatten_order"])
    if last == 0:
        # The gate refused it: as good as one that filled nothing.
        row["flatten_tries"] += row["flatten_order"] != 0
    elif is_ended(orders(arena)[last]["status"]):
        filled = orders(arena)[last]["filled"] > 0
        row["flatten_tries"] = 0 if filled else row["flatten_tries"] + 1
    pause = _PAUSE_NS << min(row["flatten_tries"], _LONGEST_PAUSE)
    row["flatten_ts"] = now + pause
    row["flatten_strategy"] = strategy
    owner = strategy if strategy > 0 else _sole_holder(arena, instrument)
    quantity = closable(arena, instrument, owner, side)
    most = instruments(arena)[instrument]["order_max"]
    if most:
        quantity = min(quantity, most)
    index = request(arena, owner, instrument, integer(Action.NEW))
    if index == 0:
        return
    command = requests(arena)[index]
    command["side"] = side
    command["order_type"] = OrderType.LIMIT
    command["time_in_force"] = TimeInForce.IOC
    command["options"] = REDUCE_ONLY
    command["quantity"] = quantity
    command["price"] = price
    row["flatten_order"] = command["client_order_id"]
