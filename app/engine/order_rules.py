"""Whether a command makes a well-formed order of its instrument (SEMANTICS 1-5, 25).

Each rule is a function that returns a Reason; the order of `order_fault` is that in
which they are asked. What would have been right goes into the check: the nearest valid
price or the bound that was passed into `collar`, the quantity's rule into `limit`.
"""

from typing import Any

from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.instruments import is_valid_price, nearest_valid_price
from app.engine.orders import find_order
from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    OrderType,
    Reason,
    TimeInForce,
)
from app.engine.risk_exposure import order_money
from app.engine.risk_state import POST_ONLY, checks
from app.engine.schedule import cutoff
from app.engine.state import MAX_STRATEGIES, engine, instruments


@kernel
def is_known_instrument(arena: int, instrument: int) -> bool:
    """Tell whether this session trades an instrument of this number."""
    return 0 <= instrument < engine(arena)[0]["instruments"]


@kernel
def is_known_strategy(strategy: int) -> bool:
    """Tell whether a strategy's number is possible; 0 is manual."""
    return 0 <= strategy < MAX_STRATEGIES


@kernel
def _identity_fault(arena: int, command: Any) -> int:
    if not is_known_instrument(arena, integer(command["instrument"])):
        return Reason.UNKNOWN_INSTRUMENT
    if command["client_order_id"] <= 0:
        return Reason.UNKNOWN_ORDER
    if find_order(arena, command["client_order_id"]):
        return Reason.DUPLICATE_ORDER_ID
    if not is_known_strategy(integer(command["strategy"])):
        return Reason.UNSUPPORTED
    return Reason.NONE


@kernel
def _type_fault(arena: int, command: Any) -> int:
    """Judge type, side and time in force."""
    kind, force = command["order_type"], command["time_in_force"]
    if command["side"] != BUY and command["side"] != SELL:
        return Reason.UNSUPPORTED
    if kind < OrderType.MARKET or kind > OrderType.TRAILING_STOP_LIMIT:
        return Reason.UNSUPPORTED
    if force > TimeInForce.AT_THE_CLOSE or force == 5:
        return Reason.UNSUPPORTED
    if integer(command["options"]) & POST_ONLY:
        immediate = force == TimeInForce.IOC or force == TimeInForce.FOK
        if immediate or kind != OrderType.LIMIT:
            return Reason.UNSUPPORTED
    if force == TimeInForce.GTD and command["expire_ts"] <= engine(arena)[0]["now"]:
        return Reason.EXPIRED
    return Reason.NONE


@kernel
def _hours_fault(arena: int, command: Any) -> int:
    """Judge when it comes: the contract's end (8) and auctions' cut-offs (25)."""
    instrument, now = integer(command["instrument"]), engine(arena)[0]["now"]
    last = instruments(arena)[instrument]["last_trading"]
    if last and now >= last:
        return Reason.NOT_TRADING
    at_close = command["time_in_force"] == TimeInForce.AT_THE_CLOSE
    if not at_close and command["time_in_force"] != TimeInForce.AT_THE_OPEN:
        return Reason.NONE
    is_limit = _has_limit(integer(command["order_type"]))
    until = cutoff(arena, instrument, at_close, is_limit)
    return Reason.MARKET_CLOSED_CUTOFF if until and now >= until else Reason.NONE


@kernel
def _has_limit(kind: int) -> bool:
    return (
        kind == OrderType.LIMIT
        or kind == OrderType.STOP_LIMIT
        or kind == OrderType.TRAILING_STOP_LIMIT
    )


@kernel
def price_fault(arena: int, instrument: int, side: int, price: int) -> int:
    """Judge a price that is given: on the tick table, within the day's bands (4)."""
    if price == NO_PRICE:
        return Reason.NONE
    definition, check = instruments(arena)[instrument], checks(arena)[0]
    low, high = definition["price_low"], definition["price_high"]
    if low != NO_PRICE and price < low:
        check["collar"] = low
        return Reason.BAD_PRICE
    if high != NO_PRICE and price > high:
        check["collar"] = high
        return Reason.BAD_PRICE
    if not is_valid_price(arena, instrument, price):
        check["collar"] = nearest_valid_price(arena, instrument, price, side)
        return Reason.OFF_TICK
    return Reason.NONE


@kernel
def _prices_fault(arena: int, command: Any) -> int:
    """Judge which prices there are, and each of them."""
    kind = integer(command["order_type"])
    instrument, side = integer(command["instrument"]), integer(command["side"])
    price, stop = integer(command["price"]), integer(command["stop_price"])
    if _has_limit(kind) != (price != NO_PRICE):
        return Reason.BAD_PRICE
    trailing = kind >= OrderType.TRAILING_STOP
    needs_stop = kind == OrderType.STOP or kind == OrderType.STOP_LIMIT
    if needs_stop and stop == NO_PRICE:
        return Reason.BAD_PRICE
    if trailing and command["trail"] == 0:
        return Reason.BAD_PRICE
    fault = price_fault(arena, instrument, side, price)
    if fault == Reason.NONE:
        fault = price_fault(arena, instrument, side, stop)
    return fault


@kernel
def quantity_fault(arena: int, instrument: int, quantity: int) -> int:
    """Judge a quantity by the instrument's own rules (2)."""
    definition, check = instruments(arena)[instrument], checks(arena)[0]
    check["stands"] = quantity
    check["limit"] = definition["order_step"]
    if quantity <= 0 or quantity % definition["order_step"] != 0:
        return Reason.BAD_QUANTITY
    check["limit"] = definition["order_min"]
    if quantity < definition["order_min"]:
        return Reason.QUANTITY_TOO_SMALL
    check["limit"] = definition["order_max"]
    if definition["order_max"] and quantity > definition["order_max"]:
        return Reason.QUANTITY_TOO_LARGE
    check["limit"] = 0
    check["stands"] = 0
    return Reason.NONE


@kernel
def value_fault(arena: int, instrument: int) -> int:
    """Judge the value of the order in the check by the instrument's minimum (2)."""
    definition, check = instruments(arena)[instrument], checks(arena)[0]
    if definition["min_value"] == 0 or check["is_exit"]:
        return Reason.NONE
    value = order_money(
        check["total"],
        check["counted_price"],
        integer(NO_PRICE),
        definition["money_numerator"],
        definition["money_denominator"],
    )
    if value < definition["min_value"]:
        check["limit"] = definition["min_value"]
        check["stands"] = value
        return Reason.VALUE_TOO_SMALL
    return Reason.NONE


@kernel
def order_fault(arena: int, command: Any) -> int:
    """Judge a new order by itself, its quantity apart: the first rule it breaks."""
    fault = _identity_fault(arena, command)
    if fault == Reason.NONE:
        fault = _type_fault(arena, command)
    if fault == Reason.NONE:
        fault = _hours_fault(arena, command)
    if fault == Reason.NONE:
        fault = _prices_fault(arena, command)
    if fault == Reason.NONE:
        shown = command["display_quantity"]
        if shown < 0 or shown > command["quantity"]:
            fault = Reason.BAD_QUANTITY
    return fault
