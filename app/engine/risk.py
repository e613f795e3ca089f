"""The risk gate's checks: each a function with a reason, asked in a fixed order.

`prepare_new` and `prepare_replace` write down once what an order would stand for
(CHECK); then `judge` asks each check, in the order of docs/risk.md, and stops at the
first that refuses. Exits (SEMANTICS 51-54) meet the collar alone. A limit is broken
when exceeded; equal passes. Nothing here changes orders or money.
"""

from typing import Any, Final

from app.engine.accounts import account_row
from app.engine.bits import integer
from app.engine.book_state import Stale, books
from app.engine.compile import kernel
from app.engine.instruments import step_at, step_price, valid_towards
from app.engine.money import converted, plus
from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    GroupRole,
    OrderType,
    Reason,
    RiskLimit,
    SafetyState,
    SessionState,
    TimeInForce,
)
from app.engine.risk_exposure import (
    WORKING_BOUND,
    counted_price,
    group_counted,
    order_money,
    protection_price,
    protection_ticks,
    signed_value,
    touch_price,
    working_money,
    working_quantity,
    working_value,
)
from app.engine.risk_recent import is_rate_exceeded, seen_before
from app.engine.risk_state import (
    OUTSIDE_HOURS,
    account_limit,
    checks,
    is_exit,
    limit_of,
    risk,
)
from app.engine.state import accounts, engine, instruments, orders, positions
from app.engine.strategy import StrategyState, strategies

MILLION: Final = 1_000_000


# What the order would stand for.


@kernel
def prepare_new(arena: int, command: Any, quantity: int) -> None:
    """Write down what a new order of this quantity would stand for."""
    check = checks(arena)[0]
    instrument, side = integer(command["instrument"]), integer(command["side"])
    mark = positions(arena)[account_row(arena, instrument)]["mark_doubled"]
    check["instrument"] = instrument
    check["strategy"] = command["strategy"]
    check["side"] = side
    check["is_exit"] = is_exit(integer(command["role"]), integer(command["options"]))
    check["order_type"] = command["order_type"]
    check["time_in_force"] = command["time_in_force"]
    check["options"] = command["options"]
    check["total"] = quantity
    check["price"] = command["price"]
    check["doubled"] = mark
    check["is_replace"] = 0
    check["old_quantity"] = 0
    check["old_price"] = 0
    check["collar"] = _order_collar(
        arena, instrument, side, command["order_type"], command["stop_price"]
    )
    check["ticks"] = protection_ticks(
        arena, instrument, integer(command["protection_ticks"])
    )
    if check["order_type"] == OrderType.MARKET:
        _protect(arena, check)
    check["counted_price"] = counted_price(
        arena, instrument, side, command, check["ticks"], mark
    )
    check["quantity"] = 0 if check["is_exit"] else quantity
    if command["role"] == GroupRole.OCO_ENTRY and command["group"]:
        _join_group(arena, integer(command["group"]))


@kernel
def _join_group(arena: int, group: int) -> None:
    """Let an OCO group of entries stand for its largest member."""
    check = checks(arena)[0]
    quantity, price = group_counted(arena, check["instrument"], check["side"], group)
    check["old_quantity"] = quantity
    check["old_price"] = price
    check["quantity"] = max(check["quantity"], quantity)
    check["counted_price"] = max(check["counted_price"], price)


@kernel
def prepare_replace(
    arena: int, index: int, quantity: int, price: int, stop_price: int
) -> None:
    """Write down what an order would stand for with a new total and new prices."""
    check, order = checks(arena)[0], orders(arena)[index]
    instrument, side = integer(order["instrument"]), integer(order["side"])
    mark = positions(arena)[account_row(arena, instrument)]["mark_doubled"]
    check["instrument"] = instrument
    check["strategy"] = order["strategy"]
    check["side"] = side
    check["is_exit"] = is_exit(integer(order["role"]), integer(order["options"]))
    check["order_type"] = order["order_type"]
    check["time_in_force"] = order["time_in_force"]
    check["options"] = order["options"]
    check["total"] = quantity
    check["price"] = price
    check["ticks"] = order["protection_ticks"]
    check["doubled"] = mark
    check["is_replace"] = 1
    check["old_quantity"] = order["counted"]
    check["old_price"] = order["counted_price"]
    check["collar"] = _order_collar(
        arena, instrument, side, order["order_type"], stop_price
    )
    worse = max(order["counted_price"], 0 if price == NO_PRICE else abs(price))
    check["counted_price"] = max(
        worse, 0 if stop_price == NO_PRICE else abs(stop_price)
    )
    wanted = max(order["leaves"], quantity - order["filled"], order["counted"])
    check["quantity"] = 0 if check["is_exit"] else wanted
    if order["role"] == GroupRole.OCO_ENTRY and order["group"]:
        _join_group(arena, integer(order["group"]))


# The collar.


@kernel
def _through(arena: int, instrument: int, side: int, doubled: int, ppm: int) -> int:
    """Valid price at most `ppm` through half of `doubled`, at least a tick (52)."""
    # Prices stay below 2**61 and ppm below 2**20: the product is split to fit.
    size = abs(doubled)
    width = size // (2 * MILLION) * ppm + size % (2 * MILLION) * ppm // (2 * MILLION)
    reference = doubled >> 1 if side > 0 else -(-doubled >> 1)
    width = max(width, step_at(arena, instrument, reference))
    return valid_towards(arena, instrument, reference + side * width, -side)


@kernel
def collar_price(arena: int, instrument: int, side: int) -> int:
    """Worst price that the collar allows, against mid and last; NO_PRICE = no bound.

    The mid of a book that cannot be trusted is left out; where there is neither mid nor
    last, the mark stands for them.
    """
    ppm = limit_of(arena, instrument, RiskLimit.COLLAR)
    if ppm == 0:
        return NO_PRICE
    book = integer(instruments(arena)[instrument]["book"])
    bound = integer(NO_PRICE)
    if book:
        last = integer(books(arena)[book]["last_price"])
        if last != NO_PRICE:
            bound = _through(arena, instrument, side, 2 * last, ppm)
        fresh = books(arena)[book]["stale"] == Stale.FRESH
        bid = touch_price(arena, instrument, integer(BUY))
        ask = touch_price(arena, instrument, integer(SELL))
        if fresh and bid != NO_PRICE and ask != NO_PRICE:
            mid = _through(arena, instrument, side, bid + ask, ppm)
            if bound == NO_PRICE or side * (bound - mid) > 0:
                bound = mid
    mark = positions(arena)[account_row(arena, instrument)]["mark_doubled"]
    if bound == NO_PRICE and mark != NO_PRICE:
        bound = _through(arena, instrument, side, mark, ppm)
    return bound


@kernel
def _order_collar(
    arena: int, instrument: int, side: int, order_type: int, stop_price: int
) -> int:
    """Worst price for an order: a stop's limit is bounded by the stop price (22)."""
    ppm = limit_of(arena, instrument, RiskLimit.COLLAR)
    if ppm and order_type >= OrderType.STOP and stop_price != NO_PRICE:
        return _through(arena, instrument, side, 2 * stop_price, ppm)
    return collar_price(arena, instrument, side)


@kernel
def _protect(arena: int, check: Any) -> None:
    """Give a market order the tighter of its protection and the collar.

    Where even the touch is beyond the collar, an exit becomes a limit at the collar's
    price; an entry keeps `ticks` at -1 and is refused.
    """
    bound, side, instrument = check["collar"], check["side"], check["instrument"]
    touch = touch_price(arena, instrument, -side)
    if bound == NO_PRICE or touch == NO_PRICE:
        return
    if side * (touch - bound) > 0:
        check["price"] = bound if check["is_exit"] else touch
        return
    allowed = check["ticks"]
    price = protection_price(arena, instrument, side, allowed)
    if price != NO_PRICE and side * (price - bound) <= 0:
        return
    steps, price = integer(0), step_price(arena, instrument, touch, 1, side)
    while (allowed < 0 or steps < allowed) and side * (price - bound) <= 0:
        steps += 1
        price = step_price(arena, instrument, price, 1, side)
    check["ticks"] = steps


@kernel
def _collar(arena: int, check: Any) -> int:
    """Refuse a limit that is further through mid or last than the collar allows."""
    if check["price"] == NO_PRICE or check["collar"] == NO_PRICE:
        return Reason.NONE
    if check["side"] * (check["price"] - check["collar"]) > 0:
        check["limit"] = limit_of(arena, check["instrument"], RiskLimit.COLLAR)
        return Reason.PRICE_COLLAR
    return Reason.NONE


# The other checks, in their order.


@kernel
def _state(arena: int, check: Any) -> int:
    """Refuse new risk unless armed, and when an invariant of the engine broke."""
    state = engine(arena)[0]["safety_state"]
    if state == SafetyState.KILLED or engine(arena)[0]["halted"]:
        return Reason.STATE_KILLED
    if state == SafetyState.REDUCE:
        return Reason.STATE_REDUCE
    return Reason.NONE if state == SafetyState.ARMED else Reason.STATE_VIEW


@kernel
def _strategy(arena: int, check: Any) -> int:
    """Refuse new risk of a strategy that was stopped."""
    if check["strategy"] == 0:
        return Reason.NONE
    state = strategies(arena)[check["strategy"]]["state"]
    stopped = state == StrategyState.STOPPED or state == StrategyState.FAILED
    if stopped or state == StrategyState.PAUSED:
        return Reason.STRATEGY_STOPPED
    return Reason.NONE


@kernel
def _restricted(arena: int, check: Any) -> int:
    """Refuse new risk in an instrument on the restricted list."""
    restricted = instruments(arena)[check["instrument"]]["restricted"]
    return Reason.RESTRICTED if restricted else Reason.NONE


@kernel
def _hours(arena: int, check: Any) -> int:
    """Refuse new risk outside the session, unless the order asks for it."""
    if limit_of(arena, check["instrument"], RiskLimit.SESSION_HOURS) == 0:
        return Reason.NONE
    session = instruments(arena)[check["instrument"]]["session"]
    if session != SessionState.CLOSED and session != SessionState.PRE_OPEN:
        return Reason.NONE
    force = check["time_in_force"]
    auction = force == TimeInForce.AT_THE_OPEN or force == TimeInForce.AT_THE_CLOSE
    if check["options"] & OUTSIDE_HOURS or auction:
        return Reason.NONE
    return Reason.SESSION_HOURS


@kernel
def _stale(arena: int, check: Any) -> int:
    """Refuse new risk on a book that cannot be trusted."""
    if limit_of(arena, check["instrument"], RiskLimit.STALE_GUARD) == 0:
        return Reason.NONE
    book = integer(instruments(arena)[check["instrument"]]["book"])
    if book and books(arena)[book]["stale"] == Stale.FRESH:
        return Reason.NONE
    return Reason.STALE_BOOK


@kernel
def _conversion(arena: int, check: Any) -> int:
    """Refuse new risk whose exposure cannot be known (48)."""
    if instruments(arena)[check["instrument"]]["conversion"] == 0:
        return Reason.NO_CONVERSION_RATE
    return Reason.NONE


@kernel
def _reference(arena: int, check: Any) -> int:
    """Refuse new risk where nothing says what a price should be."""
    ppm = limit_of(arena, check["instrument"], RiskLimit.COLLAR)
    if ppm and check["collar"] == NO_PRICE:
        return Reason.NO_PRICE_REFERENCE
    return Reason.NONE


@kernel
def _exceeds(check: Any, stands: int, limit: int) -> bool:
    """Compare with a limit, 0 = off; note both where it is broken."""
    if limit == 0 or stands <= limit:
        return False
    check["limit"] = limit
    check["stands"] = stands
    return True


@kernel
def _order_size(arena: int, check: Any) -> int:
    limit = limit_of(arena, check["instrument"], RiskLimit.MAX_ORDER_SIZE)
    if _exceeds(check, check["total"], limit):
        return Reason.MAX_ORDER_SIZE
    return Reason.NONE


@kernel
def _money(arena: int, check: Any, quantity: int, price: int) -> int:
    """Money of a quantity at the worse of a price and the mark, instrument's own."""
    definition = instruments(arena)[check["instrument"]]
    return order_money(
        quantity,
        price,
        check["doubled"],
        definition["money_numerator"],
        definition["money_denominator"],
    )


@kernel
def _order_value(arena: int, check: Any) -> int:
    limit = limit_of(arena, check["instrument"], RiskLimit.MAX_ORDER_VALUE)
    if limit == 0:
        return Reason.NONE
    conversion = instruments(arena)[check["instrument"]]["conversion"]
    money = _money(arena, check, check["total"], check["counted_price"])
    if _exceeds(check, converted(money, conversion), limit):
        return Reason.MAX_ORDER_VALUE
    return Reason.NONE


@kernel
def _account_position(arena: int, check: Any) -> Any:
    return positions(arena)[account_row(arena, check["instrument"])]


@kernel
def _worst_position(arena: int, check: Any) -> int:
    """Position of the order's side if all that works on it filled (51)."""
    position, side = _account_position(arena, check), check["side"]
    work = working_quantity(position, side) - check["old_quantity"] + check["quantity"]
    return side * position["quantity"] + work


@kernel
def _short_sale(arena: int, check: Any) -> int:
    """Refuse to sell what is not held, where short sales are not allowed."""
    shortable = instruments(arena)[check["instrument"]]["shortable"]
    if check["side"] == BUY or shortable:
        return Reason.NONE
    short = _worst_position(arena, check)
    if short > 0:
        check["stands"] = short
        return Reason.SHORT_SALE
    return Reason.NONE


@kernel
def _position_size(arena: int, check: Any) -> int:
    limit = limit_of(arena, check["instrument"], RiskLimit.MAX_POSITION_SIZE)
    if _exceeds(check, _worst_position(arena, check), limit):
        return Reason.MAX_POSITION_SIZE
    return Reason.NONE


@kernel
def _side_money(arena: int, check: Any) -> int:
    """Exposure of the order's side with it, instrument's currency."""
    position, side = _account_position(arena, check), check["side"]
    work = working_money(arena, check["instrument"], side, check["doubled"])
    old = _money(arena, check, check["old_quantity"], check["old_price"])
    new = _money(arena, check, check["quantity"], check["counted_price"])
    return plus(side * signed_value(position), plus(work - old, new))


@kernel
def _symbol_exposure(arena: int, check: Any) -> int:
    """Judge the exposure in the instrument, and that its sums can be held."""
    position = _account_position(arena, check)
    room = WORKING_BOUND - working_value(position, check["side"])
    if check["counted_price"] and check["quantity"] > room // check["counted_price"]:
        check["limit"] = room // check["counted_price"]
        check["stands"] = check["quantity"]
        return Reason.QUANTITY_TOO_LARGE
    limit = limit_of(arena, check["instrument"], RiskLimit.MAX_SYMBOL_EXPOSURE)
    if limit == 0:
        return Reason.NONE
    conversion = instruments(arena)[check["instrument"]]["conversion"]
    if _exceeds(check, converted(_side_money(arena, check), conversion), limit):
        return Reason.MAX_SYMBOL_EXPOSURE
    return Reason.NONE


@kernel
def _gross_exposure(arena: int, check: Any) -> int:
    """Judge the sum of all instruments' worst cases; an order that adds none passes."""
    limit = account_limit(arena, RiskLimit.MAX_GROSS_EXPOSURE)
    if limit == 0:
        return Reason.NONE
    conversion = instruments(arena)[check["instrument"]]["conversion"]
    exposure = converted(_side_money(arena, check), conversion)
    before = _account_position(arena, check)["exposure"]
    if exposure <= before:
        return Reason.NONE
    if _exceeds(check, plus(risk(arena)[0]["gross"], exposure - before), limit):
        return Reason.MAX_GROSS_EXPOSURE
    return Reason.NONE


@kernel
def day_loss(arena: int) -> int:
    """Loss since the trade date began, base currency; negative is a gain."""
    return -accounts(arena)[0]["day_pnl"]


@kernel
def drawdown(arena: int) -> int:
    """Fall of the equity from its peak, base currency."""
    return accounts(arena)[0]["peak_equity"] - accounts(arena)[0]["equity"]


@kernel
def _daily_loss(arena: int, check: Any) -> int:
    limit = account_limit(arena, RiskLimit.MAX_DAILY_LOSS)
    stopped = risk(arena)[0]["loss_stop"] == Reason.MAX_DAILY_LOSS
    if _exceeds(check, day_loss(arena), limit) or stopped:
        return Reason.MAX_DAILY_LOSS
    return Reason.NONE


@kernel
def _drawdown(arena: int, check: Any) -> int:
    limit = account_limit(arena, RiskLimit.MAX_DRAWDOWN)
    stopped = risk(arena)[0]["loss_stop"] == Reason.MAX_DRAWDOWN
    if _exceeds(check, drawdown(arena), limit) or stopped:
        return Reason.MAX_DRAWDOWN
    return Reason.NONE


@kernel
def broken_loss_limit(arena: int) -> int:
    """Reason of the loss limit that is exceeded now; NONE if none is."""
    check = checks(arena)[0]
    if _exceeds(check, day_loss(arena), account_limit(arena, RiskLimit.MAX_DAILY_LOSS)):
        return Reason.MAX_DAILY_LOSS
    if _exceeds(check, drawdown(arena), account_limit(arena, RiskLimit.MAX_DRAWDOWN)):
        return Reason.MAX_DRAWDOWN
    return Reason.NONE


@kernel
def _duplicate(arena: int, check: Any) -> int:
    """Refuse a new order that was sent too often within the window (52)."""
    instrument = check["instrument"]
    allowed = limit_of(arena, instrument, RiskLimit.DUPLICATE_ALLOWED)
    window = limit_of(arena, instrument, RiskLimit.DUPLICATE_WINDOW)
    if allowed == 0 or window == 0 or check["is_replace"]:
        return Reason.NONE
    times = 1 + seen_before(arena, check, window, allowed)
    return Reason.DUPLICATE if _exceeds(check, times, allowed) else Reason.NONE


@kernel
def _message_rate(arena: int, check: Any) -> int:
    limit = account_limit(arena, RiskLimit.MESSAGE_RATE)
    window = account_limit(arena, RiskLimit.RATE_WINDOW)
    if limit and window and is_rate_exceeded(arena, limit, window):
        check["limit"] = limit
        check["stands"] = limit + 1
        return Reason.MESSAGE_RATE
    return Reason.NONE


@kernel
def _may_add(arena: int, check: Any) -> int:
    """Ask whether any new risk is wanted now: checks 1 to 6."""
    reason = _state(arena, check)
    if reason == Reason.NONE:
        reason = _strategy(arena, check)
    if reason == Reason.NONE:
        reason = _restricted(arena, check)
    if reason == Reason.NONE:
        reason = _hours(arena, check)
    if reason == Reason.NONE:
        reason = _stale(arena, check)
    if reason == Reason.NONE:
        reason = _conversion(arena, check)
    return reason


@kernel
def _is_sound(arena: int, check: Any) -> int:
    """Ask about the order by itself: checks 7 to 10."""
    reason = _reference(arena, check)
    if reason == Reason.NONE:
        reason = _collar(arena, check)
    if reason == Reason.NONE:
        reason = _order_size(arena, check)
    if reason == Reason.NONE:
        reason = _order_value(arena, check)
    return reason


@kernel
def _has_room(arena: int, check: Any) -> int:
    """Ask what the account would hold with it: checks 11 to 16."""
    reason = _short_sale(arena, check)
    if reason == Reason.NONE:
        reason = _position_size(arena, check)
    if reason == Reason.NONE:
        reason = _symbol_exposure(arena, check)
    if reason == Reason.NONE:
        reason = _gross_exposure(arena, check)
    if reason == Reason.NONE:
        reason = _daily_loss(arena, check)
    if reason == Reason.NONE:
        reason = _drawdown(arena, check)
    return reason


@kernel
def judge(arena: int) -> int:
    """Judge the order in the check: the reason of the first check that refuses it.

    Exits meet the collar alone; checks 17 and 18 are the rolling windows. The check's
    `collar` stays where the collar refuses: the price that would pass.
    """
    check = checks(arena)[0]
    if check["is_exit"]:
        reason = _collar(arena, check)
    else:
        reason = _may_add(arena, check)
        if reason == Reason.NONE:
            reason = _is_sound(arena, check)
        if reason == Reason.NONE:
            reason = _has_room(arena, check)
        if reason == Reason.NONE:
            reason = _duplicate(arena, check)
        if reason == Reason.NONE:
            reason = _message_rate(arena, check)
    if reason != Reason.PRICE_COLLAR:
        check["collar"] = NO_PRICE
    return integer(reason)
