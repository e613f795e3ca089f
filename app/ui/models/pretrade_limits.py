"""The gate's risk checks, asked of the view (see `engine.risk`, docs/risk.md).

Sizes, positions and safety states stand in the view to the last unit. Exposure and
margin are sums over working orders that the window adds up anew: they are foreseen.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Final

import numpy as np

from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    OrderOption,
    OrderType,
    Reason,
    RiskLimit,
    SafetyState,
    SessionState,
    TimeInForce,
)
from app.instrument import MONEY_SCALE, Instrument
from app.ui.models.situation import Broken, Situation

_MILLION: Final = 1_000_000
_STATES: Final = {
    SafetyState.VIEW: Reason.STATE_VIEW,
    SafetyState.REDUCE: Reason.STATE_REDUCE,
    SafetyState.KILLED: Reason.STATE_KILLED,
}
_AUCTION: Final = (TimeInForce.AT_THE_OPEN, TimeInForce.AT_THE_CLOSE)


def broken(order: np.void, at: Situation) -> Broken | None:
    """Return the first limit that an entry breaks, or None."""
    for rule in _RULES:
        found = rule(order, at)
        if found is not None:
            return found
    return None


def shut(order: np.void, at: Situation) -> Broken | None:
    """Return why no entry passes just now: the safety state, a stale book."""
    return _state(order, at) or _stale(order, at)


def broken_replace(order: np.void, changed: np.void, at: Situation) -> Broken | None:
    """Return the first limit that a change of an entry breaks, or None.

    Parameters
    ----------
    order : OWN_ORDER record
        As it works: what it adds to sums is counted already.
    changed : COMMAND record
        As it would be.
    at : Situation
    """
    added = changed.copy()
    added["quantity"] = max(0, int(changed["quantity"]) - int(order["quantity"]))
    for rule in _RULES:
        found = rule(added if rule in _SUMS else changed, at)
        if found is not None:
            return found
    return None


def counted_price(order: np.void, at: Situation) -> int:
    """Absolute price that an order is counted at, price units; 0 = unknown."""
    price = int(order["price"])
    if order["order_type"] == OrderType.MARKET:
        price = at.touch(-int(order["side"]))
    if price == NO_PRICE:
        price = int(order["stop_price"])
    if price == NO_PRICE:
        price = at.last
    return 0 if price == NO_PRICE else abs(price)


def worse_money(at: Situation, quantity: int, price: int) -> int:
    """Money of a quantity at the worse of a price and the mark, instrument's own."""
    mark = at.doubled_mark or 0
    instrument = at.listed.instrument
    doubled = instrument.money(max(2 * price, abs(mark)), quantity)
    return doubled // 2


def side_money(order: np.void, at: Situation, quantity: int) -> int:
    """Exposure of an order's side with a quantity of it, instrument's currency."""
    side = int(order["side"])
    held = at.listed.instrument.money(side * (at.doubled_mark or 0), at.position) // 2
    return held + _working_money(at, side) + _new_money(order, at, quantity)


def initial_margin(instrument: Instrument, value: int, quantity: int) -> int:
    """Initial margin of a side, money in the instrument's currency.

    Parameters
    ----------
    instrument : Instrument
    value : int
        Worth of the side's worst case, money.
    quantity : int
        Its quantity units.
    """
    margin = instrument.margin
    if margin.per_contract:
        contracts = Fraction(instrument.quantity(max(0, quantity)))
        return round(contracts * Fraction(margin.initial) * MONEY_SCALE)
    return round(Fraction(margin.initial) * max(0, value))


def collar_price(order: np.void, at: Situation) -> int:
    """Worst price that the collar allows an order's limit; NO_PRICE = no bound."""
    ppm, side = at.limit(RiskLimit.COLLAR), int(order["side"])
    if ppm == 0:
        return NO_PRICE
    stop = int(order["stop_price"])
    if order["order_type"] >= OrderType.STOP and stop != NO_PRICE:
        return _through(at, side, 2 * stop, ppm)
    found = [_through(at, side, each, ppm) for each in _references(at)]
    return side * min(side * each for each in found) if found else NO_PRICE


def collar(order: np.void, at: Situation) -> Broken | None:
    """Refuse a limit that is further through mid or last than the collar allows."""
    price, side = int(order["price"]), int(order["side"])
    bound = collar_price(order, at)
    if NO_PRICE in (price, bound) or side * (price - bound) <= 0:
        return None
    return Broken(Reason.PRICE_COLLAR, bound=bound, is_certain=False)


def _references(at: Situation) -> list[int]:
    """Twice the last and twice the mid, else the mark."""
    fresh = at.part is not None and not at.part["stale"]
    mid = at.doubled_mid if fresh else None
    found = [] if at.last == NO_PRICE else [2 * at.last]
    if mid is not None:
        found.append(mid)
    mark = at.doubled_mark
    return found or ([] if mark is None else [mark])


def _through(at: Situation, side: int, doubled: int, ppm: int) -> int:
    instrument = at.listed.instrument
    width = max(abs(doubled) * ppm // _MILLION, 2 * instrument.step_at(doubled >> 1))
    bound = side * ((side * doubled + width) >> 1)
    if instrument.is_valid_price(bound):
        return bound
    if side == BUY:
        return int(instrument.previous_valid_price(bound))
    return int(instrument.next_valid_price(bound))


def _state(_: np.void, at: Situation) -> Broken | None:
    halted = at.view is not None and bool(at.view["halted"])
    reason = Reason.STATE_KILLED if halted else _STATES.get(at.state)
    return None if reason is None else Broken(reason)


def _hours(order: np.void, at: Situation) -> Broken | None:
    if not at.limit(RiskLimit.SESSION_HOURS) or at.part is None:
        return None
    session = int(at.part["session"])
    # The gate lets what may always work outside the hours pass by itself.
    shut = session in (SessionState.CLOSED, SessionState.PRE_OPEN)
    if not shut and session != SessionState.EXTENDED:
        return None
    if int(order["options"]) & OrderOption.OUTSIDE_HOURS:
        return None
    if int(order["time_in_force"]) in _AUCTION:
        return None
    return Broken(Reason.SESSION_HOURS, is_certain=shut)


def _stale(_: np.void, at: Situation) -> Broken | None:
    is_stale = at.part is not None and bool(at.part["stale"])
    if not is_stale or not at.limit(RiskLimit.STALE_GUARD):
        return None
    return Broken(Reason.STALE_BOOK, is_certain=False)


def _conversion(_: np.void, at: Situation) -> Broken | None:
    is_own = at.listed.instrument.currency == at.currency
    if at.part is None or at.part["conversion"] or is_own or not at.currency:
        return None
    return Broken(Reason.NO_CONVERSION_RATE)


def _reference(_: np.void, at: Situation) -> Broken | None:
    if at.part is None or not at.limit(RiskLimit.COLLAR) or _references(at):
        return None
    return Broken(Reason.NO_PRICE_REFERENCE, is_certain=False)


def _order_size(order: np.void, at: Situation) -> Broken | None:
    return _exceeds(
        at, RiskLimit.MAX_ORDER_SIZE, int(order["quantity"]), Reason.MAX_ORDER_SIZE
    )


def _order_value(order: np.void, at: Situation) -> Broken | None:
    money = worse_money(at, int(order["quantity"]), counted_price(order, at))
    stands = at.converted(money)
    is_fixed = int(order["price"]) != NO_PRICE
    limit, reason = RiskLimit.MAX_ORDER_VALUE, Reason.MAX_ORDER_VALUE
    return _exceeds(at, limit, stands, reason, is_certain=is_fixed)


def _worst_position(order: np.void, at: Situation) -> int:
    side = int(order["side"])
    if at.part is None:
        return int(order["quantity"])
    working = at.part["working_buy" if side == BUY else "working_sell"]
    return side * at.position + int(working) + int(order["quantity"])


def _short_sale(order: np.void, at: Situation) -> Broken | None:
    short, instrument = _worst_position(order, at), at.listed.instrument
    if order["side"] != SELL or short <= 0 or instrument.shortable:
        return None
    return Broken(Reason.SHORT_SALE, stands=short)


def _position(order: np.void, at: Situation) -> Broken | None:
    stands = _worst_position(order, at)
    limit, reason = RiskLimit.MAX_POSITION_SIZE, Reason.MAX_POSITION_SIZE
    return _exceeds(at, limit, stands, reason)


def _new_money(order: np.void, at: Situation, quantity: int) -> int:
    return worse_money(at, quantity, counted_price(order, at)) if quantity else 0


def _working_money(at: Situation, side: int) -> int:
    total = 0
    for order in at.working:
        if order["side"] == side and not order["options"] & OrderOption.REDUCE_ONLY:
            total += worse_money(at, int(order["leaves"]), counted_price(order, at))
    return total


def _exposure(order: np.void, at: Situation) -> Broken | None:
    if at.part is None or at.view is None:
        return None
    stands = at.converted(side_money(order, at, int(order["quantity"])))
    found = _exceeds(
        at,
        RiskLimit.MAX_SYMBOL_EXPOSURE,
        stands,
        Reason.MAX_SYMBOL_EXPOSURE,
        is_certain=False,
    )
    added = stands - int(at.part["exposure"])
    if found is not None or added <= 0:
        return found
    # What the engine judges by: the worst case of all instruments, not what is held.
    gross = int(at.view["used"][RiskLimit.MAX_GROSS_EXPOSURE]) + added
    limit, reason = RiskLimit.MAX_GROSS_EXPOSURE, Reason.MAX_GROSS_EXPOSURE
    return _exceeds(at, limit, gross, reason, is_certain=False)


def added_margin(order: np.void, at: Situation) -> int:
    """Initial margin that an order adds to its side's worst case, base currency."""
    instrument, quantity = at.listed.instrument, int(order["quantity"])
    most = _worst_position(order, at)
    after = initial_margin(instrument, side_money(order, at, quantity), most)
    before = initial_margin(instrument, side_money(order, at, 0), most - quantity)
    return at.converted(max(0, after - before))


def _margin(order: np.void, at: Situation) -> Broken | None:
    if at.view is None or not at.limit(RiskLimit.MARGIN):
        return None
    added, equity = added_margin(order, at), int(at.view["equity"])
    stands = int(at.view["initial_margin"]) + added
    if added <= 0 or stands <= equity:
        return None
    reason = Reason.INSUFFICIENT_MARGIN
    return Broken(reason, limit=equity, stands=stands, is_certain=False)


def _losses(_: np.void, at: Situation) -> Broken | None:
    if at.view is None:
        return None
    lost, fallen = -int(at.view["day_pnl"]), int(at.view["drawdown"])
    return _exceeds(
        at, RiskLimit.MAX_DAILY_LOSS, lost, Reason.MAX_DAILY_LOSS, is_certain=False
    ) or _exceeds(
        at, RiskLimit.MAX_DRAWDOWN, fallen, Reason.MAX_DRAWDOWN, is_certain=False
    )


def _least_value(order: np.void, at: Situation) -> Broken | None:
    least = at.listed.instrument.min_value
    if least is None:
        return None
    instrument, price = at.listed.instrument, counted_price(order, at)
    value = instrument.money(price, int(order["quantity"]))
    wanted = round(Fraction(least) * MONEY_SCALE)
    is_fixed = int(order["price"]) != NO_PRICE
    if value >= wanted or not price:
        return None
    return Broken(Reason.VALUE_TOO_SMALL, wanted, value, is_certain=is_fixed)


def _exceeds(
    at: Situation,
    which: RiskLimit,
    stands: int,
    reason: Reason,
    *,
    is_certain: bool = True,
) -> Broken | None:
    """Compare with a limit, 0 = off; equal passes."""
    limit = at.limit(which)
    if limit == 0 or stands <= limit:
        return None
    return Broken(reason, limit, stands, is_certain=is_certain)


_RULES: Final[tuple[Callable[[np.void, Situation], Broken | None], ...]] = (
    _state,
    _hours,
    _stale,
    _conversion,
    _reference,
    _order_size,
    _order_value,
    _short_sale,
    _position,
    _exposure,
    _margin,
    _losses,
    _least_value,
)
_SUMS: Final = (_short_sale, _position, _exposure, _margin)
"""Rules of sums over the position and all that works."""
