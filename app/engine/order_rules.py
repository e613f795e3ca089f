"""Whether a command makes a well-formed order of its instrument (SEMANTICS 1-5, 25).

Each rule is a function that returns a Reason; the order of `order_fault` is that in
which they are asked. What would have been right goes into the check: the nearest valid
price or the bound that was passed into `collar`, the quantity's rule into `limit`.
"""

from typing import Any, Final

from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.conditional.capabilities import (
    has_limit,
    is_offered,
    is_stop,
    is_trailing,
    lasts,
)
from app.engine.instruments import is_valid_price, nearest_valid_price
from app.engine.orders import find_order, is_sized_by_entry
from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    GroupRole,
    OrderType,
    Reason,
    TimeInForce,
    Trigger,
)
from app.engine.risk_exposure import order_money
from app.engine.risk_state import POST_ONLY, checks
from app.engine.schedule import cutoff
from app.engine.state import MAX_STRATEGIES, engine, instruments

_MILLION: Final = 1_000_000


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
    if not is_offered(integer(kind), integer(force)):
        return Reason.UNSUPPORTED
    if command["trigger"] > Trigger.MARK:
        return Reason.UNSUPPORTED
    may_rest = lasts(integer(force)) and kind == OrderType.LIMIT
    if integer(command["options"]) & POST_ONLY and not may_rest:
        return Reason.UNSUPPORTED
    if force == TimeInForce.GTD and command["expire_ts"] <= engine(arena)[0]["now"]:
        return Reason.EXPIRED
    return Reason.NONE


@kernel
def _is_leg(kind: int, role: int) -> bool:
    """Whether an order's type suits its part in a bracket."""
    if role == GroupRole.BRACKET_TARGET:
        return kind == OrderType.LIMIT
    return is_stop(kind)


@kernel
def _group_fault(command: Any) -> int:
    """Judge group and role: an order has both or neither; exits of a bracket last."""
    role, kind = integer(command["role"]), integer(command["order_type"])
    if role > GroupRole.BRACKET_STOP or command["group"] < 0:
        return Reason.UNSUPPORTED
    if (role == GroupRole.NONE) != (command["group"] == 0):
        return Reason.UNSUPPORTED
    if not is_sized_by_entry(role):
        return Reason.NONE
    if not _is_leg(kind, role) or not lasts(integer(command["time_in_force"])):
        return Reason.UNSUPPORTED
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
    is_limit = has_limit(integer(command["order_type"]))
    until = cutoff(arena, instrument, at_close, is_limit)
    return Reason.MARKET_CLOSED_CUTOFF if until and now >= until else Reason.NONE


@kernel
def _display_fault(arena: int, command: Any) -> int:
    """Judge an iceberg's peak: on the step, no more than the whole, of a limit (16)."""
    shown, force = command["display_quantity"], integer(command["time_in_force"])
    if shown == 0:
        return Reason.NONE
    if not has_limit(integer(command["order_type"])) or not lasts(force):
        return Reason.UNSUPPORTED
    step = instruments(arena)[command["instrument"]]["order_step"]
    if shown < 0 or shown > command["quantity"] or shown % step != 0:
        checks(arena)[0]["stands"] = shown
        checks(arena)[0]["limit"] = step
        return Reason.BAD_QUANTITY
    return Reason.NONE


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
    if has_limit(kind) != (price != NO_PRICE):
        return Reason.BAD_PRICE
    if is_stop(kind):
        if stop == NO_PRICE and not is_trailing(kind):
            return Reason.BAD_PRICE
    elif stop != NO_PRICE:
        return Reason.BAD_PRICE
    if trail_fault(kind, integer(command["trail"])):
        return Reason.BAD_PRICE
    fault = price_fault(arena, instrument, side, price)
    if fault == Reason.NONE:
        fault = price_fault(arena, instrument, side, stop)
    return fault


@kernel
def trail_fault(kind: int, trail: int) -> bool:
    """Whether a distance is wrong: trailing stops need one, of less than all of it."""
    if is_trailing(kind):
        return trail == 0 or trail <= -_MILLION
    return trail != 0


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
        fault = _group_fault(command)
    if fault == Reason.NONE:
        fault = _display_fault(arena, command)
    return fault
