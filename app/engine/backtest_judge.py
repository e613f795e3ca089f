"""A market order judged at a look, where nothing is limited.

The gate asks some forty rules and checks about every order (`gate_orders.new_fault`).
In a backtest without limits, with an instrument that may be traded at any step and a
plain order of a strategy that runs, all but a few ask for what is switched off.
`passes` says when that is so, and that they would let the order pass; then the check
holds what they would have written. Where it does not say so, nothing is done.
"""

from typing import Any, Final

from app.engine.accounts import account_row, position_row
from app.engine.bits import integer
from app.engine.compile import inlined
from app.engine.orders import find_order
from app.engine.records import (
    NO_PRICE,
    SELL,
    Reason,
    SafetyState,
    Trigger,
)
from app.engine.risk_exposure import (
    WORKING_BOUND,
    protection_ticks,
    working_quantity,
    working_value,
)
from app.engine.risk_state import LIMIT_COUNT, REDUCE_ONLY, checks, limits, risk
from app.engine.state import engine, instruments, positions
from app.engine.strategy import StrategyState, strategies

_SMALL: Final = 2**31


@inlined
def _is_unlimited(arena: int, instrument: int) -> bool:
    """Whether no limit is set, and nothing of the instrument asks for one."""
    account = limits(arena)[0]["value"]
    own = limits(arena)[1 + instrument]["value"]
    found = integer(0)
    for limit in range(LIMIT_COUNT):
        found |= account[limit] | own[limit]
    definition, session = instruments(arena)[instrument], engine(arena)[0]
    found |= definition["restricted"] | definition["min_value"] | session["halted"]
    found |= definition["last_trading"]
    free = found == 0 and risk(arena)[0]["loss_stop"] == Reason.NONE
    free = free and definition["conversion"] != 0 and definition["order_step"] == 1
    return free and session["safety_state"] == SafetyState.ARMED


@inlined
def _is_clear(arena: int, request: Any) -> bool:
    """Whether a MARKET request says side and quantity, and no more."""
    if request["side"] * request["side"] != 1 or request["trigger"] > Trigger.MARK:
        return False
    if request["price"] != NO_PRICE or request["stop_price"] != NO_PRICE:
        return False
    if request["group"] != 0 or request["trail"] != 0 or request["quantity"] <= 0:
        return False
    number, strategy = request["client_order_id"], integer(request["strategy"])
    if number <= 0 or strategy <= 0 or find_order(arena, number):
        return False
    return strategies(arena)[strategy]["state"] == StrategyState.RUNNING


@inlined
def _is_sized(definition: Any, quantity: int) -> bool:
    """Whether an instrument may be traded in such a quantity."""
    most = definition["order_max"]
    return quantity >= definition["order_min"] and (most == 0 or quantity <= most)


@inlined
def _may_enter(definition: Any, position: Any, side: int, terms: Any) -> bool:
    """Whether an entry's quantity, counted at a price, may be held, short or long."""
    quantity, price = terms
    room = WORKING_BOUND - working_value(position, side)
    if price >= _SMALL or quantity >= _SMALL or price * quantity > room:
        return False
    if side != SELL:
        return True
    short = working_quantity(position, side) + quantity - position["quantity"]
    if short <= 0:
        return True
    located = definition["located"]
    return definition["shortable"] != 0 and (located < 0 or short <= located)


@inlined
def passes(arena: int, request: Any, instrument: int) -> bool:
    """Whether a MARKET, GTC request passes the gate, at a look; the check is written.

    The instrument's book has no side, no group or peak is asked for, and no options
    but REDUCE_ONLY.
    """
    if not _is_unlimited(arena, instrument) or not _is_clear(arena, request):
        return False
    definition = instruments(arena)[instrument]
    position = positions(arena)[account_row(arena, instrument)]
    total, side = integer(request["quantity"]), integer(request["side"])
    strategy, doubled = integer(request["strategy"]), position["mark_doubled"]
    counted = integer(0) if doubled == NO_PRICE else abs(doubled >> 1)
    is_exit = integer(request["options"]) & REDUCE_ONLY != 0
    if is_exit:
        own = positions(arena)[position_row(arena, instrument, strategy)]
        room = max(0, -side * own["quantity"])
        total = min(total, room)
        if total == 0 or (total != room and not _is_sized(definition, total)):
            return False
    else:
        terms = (total, counted)
        sized = _is_sized(definition, total)
        if not sized or not _may_enter(definition, position, side, terms):
            return False
    ticks = integer(request["protection_ticks"])
    check = checks(arena)[0]
    check["instrument"], check["strategy"] = instrument, strategy
    check["side"], check["is_exit"] = side, is_exit
    check["order_type"] = request["order_type"]
    check["time_in_force"] = request["time_in_force"]
    check["options"], check["total"] = request["options"], total
    check["price"], check["stop_price"] = NO_PRICE, NO_PRICE
    check["ticks"] = protection_ticks(arena, instrument, ticks)
    check["quantity"] = 0 if is_exit else total
    check["counted_price"], check["doubled"] = counted, doubled
    check["old_quantity"], check["old_price"], check["is_replace"] = 0, 0, 0
    check["collar"], check["limit"], check["stands"] = NO_PRICE, 0, 0
    return True
