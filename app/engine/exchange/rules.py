"""What the exchange asks of a user's order before it is matched (SEMANTICS 2, 4).

The gate has asked the same; a venue does not rely on its customers.
"""

from typing import Any

from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.instruments import is_valid_price, nearest_valid_price
from app.engine.matching_state import PRICE_BOUND, match_report
from app.engine.records import NO_PRICE, Action, OrderType, Reason
from app.engine.state import engine, instruments


@kernel
def _bad_price(arena: int, price: int, instrument: int) -> int:
    """Judge a limit or a stop; return a Reason."""
    if price == NO_PRICE or abs(price) >= PRICE_BOUND:
        # Judged by the matching engine: absent, unchanged or out of bounds.
        return integer(Reason.NONE)
    rules = instruments(arena)[instrument]
    if price < rules["price_low"] or price > rules["price_high"]:
        return integer(Reason.BAD_PRICE)
    if not is_valid_price(arena, instrument, price):
        return integer(Reason.OFF_TICK)
    return integer(Reason.NONE)


@kernel
def _bad_quantity(arena: int, command: Any, instrument: int) -> int:
    quantity = command["quantity"]
    rules = instruments(arena)[instrument]
    if quantity <= 0:
        # Judged by the matching engine; 0 leaves a replace's quantity as it is.
        return integer(Reason.NONE)
    if quantity % rules["order_step"] != 0:
        return integer(Reason.BAD_QUANTITY)
    if quantity < rules["order_min"]:
        return integer(Reason.QUANTITY_TOO_SMALL)
    if rules["order_max"] and quantity > rules["order_max"]:
        return integer(Reason.QUANTITY_TOO_LARGE)
    shown = command["display_quantity"] if command["action"] == Action.NEW else 0
    if shown > 0 and shown % rules["order_step"] != 0:
        return integer(Reason.BAD_QUANTITY)
    return integer(Reason.NONE)


@kernel
def broken_rule(arena: int, command: Any) -> int:
    """Return the instrument's rule that a NEW or REPLACE breaks; 0 if it keeps them."""
    instrument = integer(command["instrument"])
    action = command["action"]
    if action != Action.NEW and action != Action.REPLACE:
        return integer(Reason.NONE)
    if instrument < 0 or instrument >= engine(arena)[0]["instruments"]:
        return integer(Reason.UNKNOWN_INSTRUMENT)
    reason = _bad_quantity(arena, command, instrument)
    if reason == Reason.NONE and command["order_type"] != OrderType.MARKET:
        reason = _bad_price(arena, command["price"], instrument)
    stop = command["order_type"] >= OrderType.STOP or action == Action.REPLACE
    if reason == Reason.NONE and stop:
        reason = _bad_price(arena, command["stop_price"], instrument)
    return reason


@kernel
def name_nearest(arena: int, command: Any) -> None:
    """Put the nearest valid price into the reject just written (rule 4)."""
    instrument = integer(command["instrument"])
    side = integer(command["side"])
    price = command["price"]
    if _bad_price(arena, price, instrument) == Reason.NONE:
        price = command["stop_price"]
    report = match_report(arena, 1)
    report["last_price"] = nearest_valid_price(arena, instrument, price, side)
