"""What the gate would say of an order, before it is sent, as far as the window knows.

The rules are those of `engine.order_rules` and `engine.risk`, asked in the same order
of the newest view, and put into the words of the refusal (`reasons`): so that a form
says beforehand what the engine would say afterwards. The engine alone decides: what
depends on a market that moves, or on sums that the view does not carry to the last
unit, is foreseen (`Finding.is_certain` is False) and does not hold an order back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.engine.records import (
    NO_PRICE,
    REPORT,
    GroupRole,
    OrderOption,
    OrderType,
    Reason,
    TimeInForce,
    Trigger,
)
from app.ui import reasons
from app.ui.models import pretrade_limits
from app.ui.models.market import Listed
from app.ui.models.situation import Broken, Situation

LIMITED: Final = frozenset(
    (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP_LIMIT)
)
STOPS: Final = frozenset(
    (
        OrderType.STOP,
        OrderType.STOP_LIMIT,
        OrderType.TRAILING_STOP,
        OrderType.TRAILING_STOP_LIMIT,
    )
)
TRAILING: Final = frozenset((OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT))
LASTING: Final = frozenset((TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD))
_MILLION: Final = 1_000_000
SIZED_BY_ENTRY: Final = (GroupRole.BRACKET_TARGET, GroupRole.BRACKET_STOP)


@dataclass(frozen=True, slots=True)
class Finding:
    """Why an order would be refused.

    Attributes
    ----------
    reason : Reason
    text : str
        As the refusal would read.
    nearest : int
        Price that would pass, price units; NO_PRICE = none is known.
    is_certain : bool
        False where the market or a sum may be another when the order arrives.
    """

    reason: Reason
    text: str
    nearest: int = NO_PRICE
    is_certain: bool = True


def check(order: np.void, at: Situation) -> Finding | None:
    """Return the first rule that an order breaks, or None.

    Parameters
    ----------
    order : COMMAND record
        Of `Action.NEW`.
    at : Situation
    """
    for rule in _ORDER_RULES:
        broken = rule(order, at)
        if broken is not None:
            return finding(order, at, broken)
    if not is_exit(order):
        broken = pretrade_limits.broken(order, at)
        if broken is not None:
            return finding(order, at, broken)
    collar = pretrade_limits.collar(order, at)
    if collar is not None:
        return finding(order, at, collar)
    return foresee(order, at)


def check_group(commands: np.ndarray, at: Situation) -> Finding | None:
    """Return the first rule that any order of a group breaks, or None.

    A bracket's exits have no quantity before their entry is filled (SEMANTICS 28), so
    that only their prices are judged.
    """
    for order in commands:
        if int(order["role"]) in SIZED_BY_ENTRY:
            found = check_terms(order, at)
        else:
            found = check(order, at)
        if found is not None:
            return found
    return None


def check_terms(order: np.void, at: Situation) -> Finding | None:
    """Return what of an order's type and prices the venue does not take, or None."""
    broken = _type_fault(order, at) or _prices_fault(order, at)
    return None if broken is None else finding(order, at, broken)


def foresee(order: np.void, at: Situation) -> Finding | None:
    """Return why the venue would refuse an order if the market stood still."""
    for foreseen in _FORESEEN:
        broken = foreseen(order, at)
        if broken is not None:
            return finding(order, at, broken)
    return None


def is_exit(order: np.void) -> bool:
    """Whether an order only shrinks the position, which passes in every state."""
    return bool(int(order["options"]) & OrderOption.REDUCE_ONLY)


def price_fault(listed: Listed, side: int, price: int) -> Broken | None:
    """Judge one price: within the day's bands, on the tick table (SEMANTICS 4)."""
    if price == NO_PRICE:
        return None
    bands = listed.instrument.price_bands
    if bands is not None and not bands[0] <= price <= bands[1]:
        return Broken(Reason.BAD_PRICE, bound=min(max(price, bands[0]), bands[1]))
    if not listed.instrument.is_valid_price(price):
        nearest = listed.instrument.nearest_valid_price(price, side)
        return Broken(Reason.OFF_TICK, bound=nearest, price=price)
    return None


def quantity_fault(listed: Listed, quantity: int) -> Broken | None:
    """Judge a quantity by the instrument's own rules (SEMANTICS 2)."""
    rules = listed.instrument
    if quantity <= 0 or quantity % rules.order_step:
        return Broken(Reason.BAD_QUANTITY)
    if quantity < rules.order_min:
        return Broken(Reason.QUANTITY_TOO_SMALL)
    if rules.order_max is not None and quantity > rules.order_max:
        return Broken(Reason.QUANTITY_TOO_LARGE)
    return None


# Rules of the order itself, in the gate's order.


def _type_fault(order: np.void, at: Situation) -> Broken | None:
    kind, force = int(order["order_type"]), int(order["time_in_force"])
    offered: Mapping[int, tuple[int, ...]] = at.offered  # type: ignore[assignment]  # enumerations are integers
    if offered and force not in offered.get(kind, ()):
        return Broken(Reason.UNSUPPORTED)
    posts = int(order["options"]) & OrderOption.POST_ONLY
    if posts and (kind != OrderType.LIMIT or force not in LASTING):
        return Broken(Reason.UNSUPPORTED)
    if force == TimeInForce.GTD and order["expire_ts"] <= at.now:
        return Broken(Reason.EXPIRED)
    return None


def _prices_fault(order: np.void, at: Situation) -> Broken | None:
    kind, trail = int(order["order_type"]), int(order["trail"])
    price, stop = int(order["price"]), int(order["stop_price"])
    is_whole = (kind in LIMITED) == (price != NO_PRICE)
    is_fixed = kind in STOPS and kind not in TRAILING
    if not is_whole or (is_fixed and stop == NO_PRICE):
        return Broken(Reason.BAD_PRICE)
    if kind in TRAILING and (trail == 0 or trail <= -_MILLION):
        return Broken(Reason.BAD_PRICE, price=stop)
    side = int(order["side"])
    return price_fault(at.listed, side, price) or price_fault(at.listed, side, stop)


def _display_fault(order: np.void, at: Situation) -> Broken | None:
    shown = int(order["display_quantity"])
    if shown == 0:
        return None
    rests = int(order["time_in_force"]) in LASTING
    if int(order["order_type"]) not in LIMITED or not rests:
        return Broken(Reason.UNSUPPORTED)
    is_part = 0 < shown <= order["quantity"]
    if not is_part or shown % at.listed.instrument.order_step:
        return Broken(Reason.BAD_QUANTITY, quantity=shown)
    return None


def _size_fault(order: np.void, at: Situation) -> Broken | None:
    quantity = int(order["quantity"])
    if is_exit(order) and quantity > 0:
        room = max(0, -int(order["side"]) * at.position)
        if room == 0:
            return Broken(Reason.NOT_REDUCING)
        if quantity >= room:
            return None  # it is cut to all that is held, whatever the step
    return quantity_fault(at.listed, quantity)


_ORDER_RULES: Final[tuple[Callable[[np.void, Situation], Broken | None], ...]] = (
    _type_fault,
    _prices_fault,
    _display_fault,
    _size_fault,
)


# What the venue would say to the market as it stands.


def _is_through(order: np.void, at: Situation) -> Broken | None:
    stop, kind = int(order["stop_price"]), int(order["order_type"])
    if kind not in STOPS or kind in TRAILING or stop == NO_PRICE:
        return None
    seen = at.trigger_price(int(order["side"]), Trigger(int(order["trigger"])))
    if seen is None or int(order["side"]) * (2 * stop - seen) > 0:
        return None
    return Broken(Reason.STOP_THROUGH_MARKET, is_certain=False)


def _meets_nobody(order: np.void, at: Situation) -> Broken | None:
    kind, force = int(order["order_type"]), int(order["time_in_force"])
    if kind not in (OrderType.MARKET, OrderType.LIMIT):
        return None
    takes = at.reach(int(order["side"]), int(order["price"]))
    if kind == OrderType.MARKET and not takes and force in LASTING:
        return Broken(Reason.NO_OPPOSITE_SIDE, is_certain=False)
    if force == TimeInForce.FOK and takes < order["quantity"]:
        return Broken(Reason.FOK_NOT_FILLABLE, is_certain=False)
    if force == TimeInForce.IOC and not takes:
        return Broken(Reason.IOC_REMAINDER, is_certain=False)
    if int(order["options"]) & OrderOption.POST_ONLY and takes:
        return Broken(Reason.POST_ONLY_WOULD_CROSS, is_certain=False)
    return None


_FORESEEN: Final = (_is_through, _meets_nobody)


def finding(order: np.void, at: Situation, broken: Broken) -> Finding:
    """Put a broken rule into the words of its refusal."""
    report = np.zeros(1, REPORT)[0]
    price = int(order["price"])
    if broken.price != NO_PRICE:
        price = broken.price
    elif price == NO_PRICE:
        price = int(order["stop_price"])
    report["reason"] = broken.reason
    report["side"] = order["side"]
    report["quantity"] = broken.quantity or order["quantity"]
    report["price"] = price
    report["last_price"] = broken.bound
    report["last_quantity"] = broken.limit
    report["fee"] = broken.stands
    text = reasons.reason_text(report, at.listed.text, at.currency)
    if broken.reason == Reason.STALE_BOOK and at.part is not None:
        text = f"stale book: {reasons.stale_text(int(at.part['stale']))}"
    elif broken.reason == Reason.STATE_VIEW:
        text = reasons.view_text(at.arming)
    return Finding(broken.reason, text, broken.bound, broken.is_certain)
