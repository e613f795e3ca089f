"""The risk gate's checks: each a function with a reason, asked in a fixed order.

risk_prepare writes down once what an order would stand for (CHECK); then `judge` asks
each check, in the order of docs/risk.md, and stops at the first that refuses. Exits
(SEMANTICS 51-54) meet the collar alone. A limit is broken when exceeded; equal passes.
Nothing here changes orders or money.
"""

from typing import Any, Final

from app.engine.accounts import account_row
from app.engine.bits import integer
from app.engine.book_state import Stale, books
from app.engine.compile import inlined, kernel
from app.engine.margin import (
    available,
    initial_margin,
    is_cash_account,
    pays_in_full,
    purchase_cost,
)
from app.engine.money import converted, plus
from app.engine.records import (
    BUY,
    NO_PRICE,
    Reason,
    RiskLimit,
    SafetyState,
    SessionState,
    TimeInForce,
)
from app.engine.risk_collar import collar_fault, reference_fault
from app.engine.risk_exposure import (
    WORKING_BOUND,
    order_money,
    signed_value,
    working_money,
    working_quantity,
    working_value,
)
from app.engine.risk_recent import is_rate_exceeded, seen_before
from app.engine.risk_state import (
    OUTSIDE_HOURS,
    account_limit,
    checks,
    limit_of,
    risk,
)
from app.engine.state import accounts, engine, instruments, positions
from app.engine.strategy import StrategyState, floods, rate_share, strategies

_SMALL: Final = 2**31
_OF_SUMS: Final = (
    int(RiskLimit.MAX_GROSS_EXPOSURE),
    int(RiskLimit.MAX_DAILY_LOSS),
    int(RiskLimit.MAX_DRAWDOWN),
    int(RiskLimit.CASH_ACCOUNT),
    int(RiskLimit.MARGIN),
)
"""Limits on what the whole account has."""


@inlined
def _state(arena: int, check: Any) -> int:
    """Refuse new risk unless armed, and when an invariant of the engine broke."""
    state = engine(arena)[0]["safety_state"]
    if state == SafetyState.KILLED or engine(arena)[0]["halted"]:
        return Reason.STATE_KILLED
    if state == SafetyState.REDUCE:
        return Reason.STATE_REDUCE
    return Reason.NONE if state == SafetyState.ARMED else Reason.STATE_VIEW


@inlined
def _strategy(arena: int, check: Any) -> int:
    """Refuse new risk of a strategy that was stopped."""
    if check["strategy"] == 0:
        return Reason.NONE
    state = strategies(arena)[check["strategy"]]["state"]
    stopped = state == StrategyState.STOPPED or state == StrategyState.FAILED
    if stopped or state == StrategyState.PAUSED:
        return Reason.STRATEGY_STOPPED
    return Reason.NONE


@inlined
def _restricted(arena: int, check: Any) -> int:
    """Refuse new risk in an instrument on the restricted list."""
    restricted = instruments(arena)[check["instrument"]]["restricted"]
    return Reason.RESTRICTED if restricted else Reason.NONE


@inlined
def _hours(arena: int, check: Any) -> int:
    """Refuse new risk outside the session, unless the order asks for it."""
    if limit_of(arena, check["instrument"], integer(RiskLimit.SESSION_HOURS)) == 0:
        return Reason.NONE
    definition = instruments(arena)[check["instrument"]]
    session = definition["session"]
    if session == SessionState.EXTENDED:
        outside = definition["always"] == 0
    else:
        outside = session == SessionState.CLOSED or session == SessionState.PRE_OPEN
    if not outside:
        return Reason.NONE
    force = check["time_in_force"]
    auction = force == TimeInForce.AT_THE_OPEN or force == TimeInForce.AT_THE_CLOSE
    if check["options"] & OUTSIDE_HOURS or auction:
        return Reason.NONE
    return Reason.SESSION_HOURS


@inlined
def _stale(arena: int, check: Any) -> int:
    """Refuse new risk on a book that cannot be trusted."""
    if limit_of(arena, check["instrument"], integer(RiskLimit.STALE_GUARD)) == 0:
        return Reason.NONE
    book = integer(instruments(arena)[check["instrument"]]["book"])
    if book and books(arena)[book]["stale"] == Stale.FRESH:
        return Reason.NONE
    return Reason.STALE_BOOK


@kernel
def _conversion(arena: int, check: Any) -> int:
    """Refuse new risk whose exposure, or whose account's, cannot be known (48).

    What is held without a rate leaves the account's sums unknown: then a limit on them
    holds nowhere.
    """
    if instruments(arena)[check["instrument"]]["conversion"] == 0:
        return Reason.NO_CONVERSION_RATE
    if accounts(arena)[0]["unknown"]:
        for limit in _OF_SUMS:
            if account_limit(arena, limit):
                return Reason.NO_CONVERSION_RATE
    return Reason.NONE


@inlined
def _exceeds(check: Any, stands: int, limit: int) -> bool:
    """Compare with a limit, 0 = off; note both where it is broken."""
    if limit == 0 or stands <= limit:
        return False
    check["limit"] = limit
    check["stands"] = stands
    return True


@inlined
def _order_size(arena: int, check: Any) -> int:
    limit = limit_of(arena, check["instrument"], integer(RiskLimit.MAX_ORDER_SIZE))
    if _exceeds(check, check["total"], limit):
        return Reason.MAX_ORDER_SIZE
    return Reason.NONE


@inlined
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


@inlined
def _order_value(arena: int, check: Any) -> int:
    limit = limit_of(arena, check["instrument"], integer(RiskLimit.MAX_ORDER_VALUE))
    if limit == 0:
        return Reason.NONE
    conversion = instruments(arena)[check["instrument"]]["conversion"]
    money = _money(arena, check, check["total"], check["counted_price"])
    if _exceeds(check, converted(money, conversion), limit):
        return Reason.MAX_ORDER_VALUE
    return Reason.NONE


@inlined
def _account_position(arena: int, check: Any) -> Any:
    return positions(arena)[account_row(arena, check["instrument"])]


@inlined
def _worst_position(arena: int, check: Any) -> int:
    """Position of the order's side if all that works on it filled (51)."""
    position, side = _account_position(arena, check), check["side"]
    work = working_quantity(position, side) - check["old_quantity"] + check["quantity"]
    return side * position["quantity"] + work


@inlined
def _short_sale(arena: int, check: Any) -> int:
    """Refuse to sell what is neither held nor may be borrowed (47).

    Shorts need a margin account and a locate (Regulation SHO, rule 203 (b) (1)).
    """
    if check["side"] == BUY:
        return Reason.NONE
    definition, short = (
        instruments(arena)[check["instrument"]],
        _worst_position(arena, check),
    )
    if short <= 0:
        return Reason.NONE
    lent = definition["shortable"] and not pays_in_full(arena, check["instrument"])
    if lent and (definition["located"] < 0 or short <= definition["located"]):
        return Reason.NONE
    check["stands"] = short
    if not lent:
        return Reason.SHORT_SALE
    check["limit"] = definition["located"]
    return Reason.NO_LOCATE


@inlined
def _position_size(arena: int, check: Any) -> int:
    limit = limit_of(arena, check["instrument"], integer(RiskLimit.MAX_POSITION_SIZE))
    if _exceeds(check, _worst_position(arena, check), limit):
        return Reason.MAX_POSITION_SIZE
    return Reason.NONE


@inlined
def _side_money(arena: int, check: Any) -> int:
    """Exposure of the order's side with it, instrument's currency."""
    position, side = _account_position(arena, check), check["side"]
    work = working_money(arena, check["instrument"], side, check["doubled"])
    old = _money(arena, check, check["old_quantity"], check["old_price"])
    new = _money(arena, check, check["quantity"], check["counted_price"])
    return plus(side * signed_value(position), plus(work - old, new))


@inlined
def _sums(arena: int, check: Any) -> int:
    """Refuse what would make the sums of working orders too large to hold."""
    position, price = _account_position(arena, check), check["counted_price"]
    room = WORKING_BOUND - working_value(position, check["side"])
    # A product of two such numbers fits, and needs no division to be compared.
    small = price < _SMALL and check["quantity"] < _SMALL
    if small and price * check["quantity"] <= room:
        return Reason.NONE
    if price and check["quantity"] > room // price:
        check["limit"] = room // price
        check["stands"] = check["quantity"]
        return Reason.QUANTITY_TOO_LARGE
    return Reason.NONE


@inlined
def _exposure(arena: int, check: Any) -> int:
    """Judge the worst case in the instrument, then of all of them."""
    instrument = check["instrument"]
    most = limit_of(arena, instrument, integer(RiskLimit.MAX_SYMBOL_EXPOSURE))
    gross = account_limit(arena, integer(RiskLimit.MAX_GROSS_EXPOSURE))
    if most == 0 and gross == 0:
        return Reason.NONE
    conversion = instruments(arena)[instrument]["conversion"]
    exposure = converted(_side_money(arena, check), conversion)
    if _exceeds(check, exposure, most):
        return Reason.MAX_SYMBOL_EXPOSURE
    added = exposure - _account_position(arena, check)["exposure"]
    # An order that adds nothing to the worst case passes the gross limit.
    if added > 0 and _exceeds(check, plus(risk(arena)[0]["gross"], added), gross):
        return Reason.MAX_GROSS_EXPOSURE
    return Reason.NONE


@inlined
def _margin_asked(arena: int, check: Any) -> int:
    """Initial margin of the instrument with the order, its own currency."""
    instrument = check["instrument"]
    definition, position = (
        instruments(arena)[instrument],
        _account_position(arena, check),
    )
    if pays_in_full(arena, instrument):
        worth = integer(position["working_buy_value"])
        if check["side"] == BUY:
            worth += check["quantity"] * check["counted_price"]
            worth -= check["old_quantity"] * check["old_price"]
        return purchase_cost(definition, worth)
    value, most = _side_money(arena, check), _worst_position(arena, check)
    return initial_margin(definition, value, most)


@kernel
def _margin(arena: int, check: Any) -> int:
    """Refuse what the equity, or in a cash account the settled cash, does not cover."""
    if account_limit(arena, integer(RiskLimit.MARGIN)) == 0 and not is_cash_account(
        arena
    ):
        return Reason.NONE
    conversion = instruments(arena)[check["instrument"]]["conversion"]
    asked = converted(_margin_asked(arena, check), conversion)
    added = asked - _account_position(arena, check)["initial_margin"]
    stands = plus(accounts(arena)[0]["initial_margin"], added)
    # An order that adds nothing to the worst case passes.
    if added > 0 and stands > available(arena):
        check["limit"] = available(arena)
        check["stands"] = stands
        return Reason.INSUFFICIENT_MARGIN
    return Reason.NONE


@kernel
def day_loss(arena: int) -> int:
    """Loss since the trade date began, base currency; negative is a gain."""
    return -accounts(arena)[0]["day_pnl"]


@kernel
def drawdown(arena: int) -> int:
    """Fall of the equity from its peak, base currency."""
    return accounts(arena)[0]["peak_equity"] - accounts(arena)[0]["equity"]


@inlined
def _daily_loss(arena: int, check: Any) -> int:
    limit = account_limit(arena, integer(RiskLimit.MAX_DAILY_LOSS))
    stopped = risk(arena)[0]["loss_stop"] == Reason.MAX_DAILY_LOSS
    if _exceeds(check, day_loss(arena), limit) or stopped:
        return Reason.MAX_DAILY_LOSS
    return Reason.NONE


@inlined
def _drawdown(arena: int, check: Any) -> int:
    limit = account_limit(arena, integer(RiskLimit.MAX_DRAWDOWN))
    stopped = risk(arena)[0]["loss_stop"] == Reason.MAX_DRAWDOWN
    if _exceeds(check, drawdown(arena), limit) or stopped:
        return Reason.MAX_DRAWDOWN
    return Reason.NONE


@kernel
def broken_loss_limit(arena: int) -> int:
    """Reason of the loss limit that is exceeded now; NONE if none is."""
    check = checks(arena)[0]
    loss_limit = account_limit(arena, integer(RiskLimit.MAX_DAILY_LOSS))
    if _exceeds(check, day_loss(arena), loss_limit):
        return Reason.MAX_DAILY_LOSS
    fall_limit = account_limit(arena, integer(RiskLimit.MAX_DRAWDOWN))
    if _exceeds(check, drawdown(arena), fall_limit):
        return Reason.MAX_DRAWDOWN
    return Reason.NONE


@kernel
def _duplicate(arena: int, check: Any) -> int:
    """Refuse a new order that was sent too often within the window (52)."""
    instrument = check["instrument"]
    allowed = limit_of(arena, instrument, integer(RiskLimit.DUPLICATE_ALLOWED))
    window = limit_of(arena, instrument, integer(RiskLimit.DUPLICATE_WINDOW))
    if allowed == 0 or window == 0 or check["is_replace"]:
        return Reason.NONE
    times = 1 + seen_before(arena, check, window, allowed)
    return Reason.DUPLICATE if _exceeds(check, times, allowed) else Reason.NONE


@inlined
def _message_rate(arena: int, check: Any) -> int:
    limit = account_limit(arena, integer(RiskLimit.MESSAGE_RATE))
    window = account_limit(arena, integer(RiskLimit.RATE_WINDOW))
    strategy = integer(check["strategy"])
    if strategy and limit and window and floods(arena, strategy, limit, window):
        check["limit"] = rate_share(limit)
        check["stands"] = strategies(arena)[strategy]["sent"]
        return Reason.MESSAGE_RATE
    if limit and window and is_rate_exceeded(arena, limit, window):
        check["limit"] = limit
        check["stands"] = limit + 1
        return Reason.MESSAGE_RATE
    return Reason.NONE


@inlined
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


@inlined
def _is_sound(arena: int, check: Any) -> int:
    """Ask about the order by itself: checks 7 to 10."""
    reason = reference_fault(arena, check)
    if reason == Reason.NONE:
        reason = collar_fault(arena, check)
    if reason == Reason.NONE:
        reason = _order_size(arena, check)
    if reason == Reason.NONE:
        reason = _order_value(arena, check)
    return reason


@inlined
def _has_room(arena: int, check: Any) -> int:
    """Ask what the account would hold with it: checks 11 to 17."""
    reason = _short_sale(arena, check)
    if reason == Reason.NONE:
        reason = _position_size(arena, check)
    if reason == Reason.NONE:
        reason = _sums(arena, check)
    if reason == Reason.NONE:
        reason = _exposure(arena, check)
    if reason == Reason.NONE:
        reason = _margin(arena, check)
    if reason == Reason.NONE:
        reason = _daily_loss(arena, check)
    if reason == Reason.NONE:
        reason = _drawdown(arena, check)
    return reason


@kernel
def judge(arena: int) -> int:
    """Judge the order in the check: the reason of the first check that refuses it.

    Exits meet the collar alone; checks 18 and 19 are the rolling windows. The check's
    `collar` stays where the collar refuses: the price that would pass.
    """
    check = checks(arena)[0]
    if check["is_exit"]:
        reason = collar_fault(arena, check)
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
