"""The one judge of what a user proposes: what it would do, or why it does nothing.

Ladder, chart, ticket, blotters and keys make COMMAND records and ask here before
anything is sent; `Ruling` says whether they are sent, wait for one confirm, or are
blocked and why. What is asked is always the situation that the user saw. The rules are
the gate's (`pretrade`), and beside them what only a window can know: whether a gesture
means what it seems to.

Cancels are not judged: nothing blocks them (SEMANTICS 52).
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

import numpy as np

from app.engine.records import (
    NO_PRICE,
    GroupRole,
    OrderOption,
    OrderType,
    Reason,
    SafetyState,
)
from app.ui import reasons
from app.ui.models import pretrade, pretrade_limits, requests
from app.ui.models.orders import ENDED
from app.ui.models.pretrade import LASTING, Finding
from app.ui.models.situation import Broken, Situation

AT_ONCE: Final = "it would trigger at once, a confirm sends "
NO_EXIT: Final = "; a bracket is no exit, its target and stop could add to the position"
_MAY_REST: Final = (GroupRole.NONE, GroupRole.BRACKET_ENTRY)
_NOBODY: Final = (Reason.NO_OPPOSITE_SIDE,)


class Verdict(Enum):
    """What happens to a proposal."""

    SEND = "OK"
    DOUBT = "may be refused"
    HOLD = "needs a confirm"
    BLOCK = "blocked"


SENT: Final = (Verdict.SEND, Verdict.DOUBT)
"""Verdicts of what goes out at once."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a replace asks for; NO_PRICE and 0 leave things as they are.

    Attributes
    ----------
    price, stop_price : int
        Price units.
    quantity : int
        The new total, quantity units.
    """

    price: int = NO_PRICE
    stop_price: int = NO_PRICE
    quantity: int = 0


@dataclass(frozen=True, slots=True)
class Ruling:
    """What would become of a proposal.

    Attributes
    ----------
    verdict : Verdict
    why : str
        Why it is doubted, held or blocked; "" where it is sent.
    nearest : int
        Price that would do instead, price units; NO_PRICE = none.
    triggers : bool
        Whether it is held because a stop would trigger at once.
    """

    verdict: Verdict
    why: str = ""
    nearest: int = NO_PRICE
    triggers: bool = False


GOOD: Final = Ruling(Verdict.SEND)


def meant(commands: np.ndarray, at: Situation) -> np.ndarray:
    """Return new orders with the options that their situation gives them.

    Each says which book it was made by. An order that only shrinks the position is an
    exit while nothing else may pass; a limit that would rest is held by the engine if
    it would trade on arrival.

    Parameters
    ----------
    commands : (n,) COMMAND
        Of `Action.NEW`: an order, or a group in the order in which it is sent.
    at : Situation
    """
    made = commands.copy()
    for order in made:
        side = int(order["side"])
        if int(order["role"]) not in pretrade.SIZED_BY_ENTRY:
            order["options"] |= int(OrderOption.GESTURE)
            order["book_sequence"] = at.sequence
        if len(made) == 1 and at.state == SafetyState.REDUCE and _shrinks(order, at):
            order["options"] |= int(OrderOption.REDUCE_ONLY)
        rests = (
            order["order_type"] == OrderType.LIMIT
            and int(order["time_in_force"]) in LASTING
            and int(order["role"]) in _MAY_REST
            and not at.reach(side, int(order["price"]))
        )
        if rests:
            order["options"] |= int(OrderOption.RESTING_INTENT)
    return made


def judge(commands: np.ndarray, at: Situation, unready: str = "") -> Ruling:
    """Judge a new order or a group of them.

    Parameters
    ----------
    commands : (n,) COMMAND
        As `meant` returns them.
    at : Situation
        As it was seen.
    unready : str
        Why nothing can be sent at all; "" where it can.
    """
    if unready:
        return Ruling(Verdict.BLOCK, unready)
    entries = [each for each in commands if not pretrade.is_exit(each)]
    shut = _shut(entries[0], at) if entries else None
    if shut is not None:
        is_bracket = entries[0]["role"] == GroupRole.BRACKET_ENTRY
        if shut.reason == Reason.STATE_REDUCE and is_bracket:
            more = NO_EXIT if _shrinks(entries[0], at) else ""
            return Ruling(Verdict.BLOCK, shut.text + more, shut.nearest)
        return _blocked(shut)
    if _sizeless(commands):
        return Ruling(Verdict.BLOCK, "choose a size first")
    found = pretrade.check_group(commands, at)
    if found is not None and (found.is_certain or found.reason in _NOBODY):
        return Ruling(Verdict.BLOCK, found.text, found.nearest)
    if found is not None and found.reason == Reason.STOP_THROUGH_MARKET:
        is_limited = bool((commands["order_type"] == OrderType.STOP_LIMIT).any())
        what = "its limit" if is_limited else "it at market"
        return Ruling(Verdict.HOLD, AT_ONCE + what, triggers=True)
    return _confirmable(entries, at) or _doubted(found)


def judge_replace(
    order: np.void, change: Change, at: Situation, unready: str = ""
) -> Ruling:
    """Judge a change of a working order.

    What only makes an order smaller passes in every state, as does an exit (52).

    Parameters
    ----------
    order : OWN_ORDER record
    change : Change
    at : Situation
    unready : str
        As in `judge`.
    """
    if unready or int(order["status"]) in ENDED:
        return Ruling(Verdict.BLOCK, unready or "the order has ended")
    changed = _changed(order, change)
    broken = _terms_fault(order, changed, at)
    if broken is not None:
        return _blocked(pretrade.finding(changed, at, broken))
    has_moved = any(changed[name] != order[name] for name in ("price", "stop_price"))
    if not has_moved and changed["quantity"] <= order["quantity"]:
        return GOOD
    if not pretrade.is_exit(order):
        shut = _shut(changed, at)
        if shut is not None:
            return _blocked(shut)
        broken = pretrade_limits.broken_replace(order, changed, at)
        if broken is not None and broken.is_certain:
            return _blocked(pretrade.finding(changed, at, broken))
        broken = broken or pretrade_limits.collar(changed, at)
    else:
        broken = pretrade_limits.collar(changed, at)
    found = None if broken is None else pretrade.finding(changed, at, broken)
    if not has_moved:
        return _doubted(found)
    return _moved(order, changed, at) or _doubted(found)


def judge_turn(
    order: np.void, stop: np.void, at: Situation, unready: str = ""
) -> Ruling:
    """Judge a limit that is cancelled and becomes a stop.

    Parameters
    ----------
    order : OWN_ORDER record
        The limit.
    stop : COMMAND record
        What is sent for its rest.
    at : Situation
    unready : str
        As in `judge`.
    """
    if unready or int(order["status"]) in ENDED:
        return Ruling(Verdict.BLOCK, unready or "the order has ended")
    shut = None if pretrade.is_exit(stop) else _shut(stop, at)
    found = shut or pretrade.check_terms(stop, at)
    if found is not None:
        return _blocked(found)
    if would_trigger(stop, at):
        return Ruling(Verdict.BLOCK, "the stop would trigger at once")
    return Ruling(Verdict.HOLD, "the limit is cancelled first")


def through_ticks(at: Situation, side: int, price: int) -> int:
    """Ticks by which a price lies through the opposite touch; negative = it rests."""
    touch = at.touch(-side)
    if NO_PRICE in (touch, price):
        return -1  # nobody to trade with
    scale = at.listed.scale
    return side * (scale.index(price) - scale.index(touch))


def would_trigger(order: np.void, at: Situation) -> bool:
    """Whether a stop is through the market already (SEMANTICS 21, 22)."""
    found = pretrade.foresee(order, at)
    return found is not None and found.reason == Reason.STOP_THROUGH_MARKET


def triggered(commands: np.ndarray, at: Situation) -> np.ndarray:
    """Return new orders with the stop that triggers at once as what it becomes.

    The gate refuses the stop itself (SEMANTICS 22); a bracket's waits for its entry.
    """
    made = commands.copy()
    for order in made:
        if int(order["role"]) in pretrade.SIZED_BY_ENTRY:
            continue
        kind = int(order["order_type"])
        is_stop = kind in pretrade.STOPS and kind not in pretrade.TRAILING
        if is_stop and (len(made) == 1 or would_trigger(order, at)):
            is_limit = order["price"] != NO_PRICE
            order["order_type"] = OrderType.LIMIT if is_limit else OrderType.MARKET
            order["stop_price"] = NO_PRICE
    return made


def _shut(order: np.void, at: Situation) -> Finding | None:
    """Why no new risk passes just now; it comes before what is wrong with the order."""
    broken = pretrade_limits.shut(order, at)
    return None if broken is None else pretrade.finding(order, at, broken)


def _shrinks(order: np.void, at: Situation) -> bool:
    """Whether an order by itself only brings the position nearer to nothing."""
    is_against = int(order["side"]) * at.position < 0
    return is_against and int(order["quantity"]) <= abs(at.position)


def _sizeless(commands: np.ndarray) -> bool:
    sized = commands[~np.isin(commands["role"], pretrade.SIZED_BY_ENTRY)]
    return bool((sized["quantity"] <= 0).any())


def _confirmable(entries: list[np.void], at: Situation) -> Ruling | None:
    """Hold what a user should look at twice."""
    if entries and at.stale:
        return Ruling(Verdict.HOLD, f"stale book: {reasons.stale_text(at.stale)}")
    for order in entries:
        if order["order_type"] != OrderType.LIMIT:
            continue
        through = through_ticks(at, int(order["side"]), int(order["price"]))
        if through > at.through_ticks:
            return Ruling(Verdict.HOLD, f"{through} ticks through the market")
    return None


def _doubted(found: Finding | None) -> Ruling:
    return GOOD if found is None else Ruling(Verdict.DOUBT, found.text, found.nearest)


def _blocked(found: Finding) -> Ruling:
    return Ruling(Verdict.BLOCK, found.text, found.nearest)


def _changed(order: np.void, change: Change) -> np.void:
    """The order as the change would make it, as a COMMAND."""
    made: np.void = requests.like(order)[0]
    if change.price != NO_PRICE:
        made["price"] = change.price
    if change.stop_price != NO_PRICE:
        made["stop_price"] = change.stop_price
    if change.quantity:
        made["quantity"] = change.quantity
    return made


def _terms_fault(order: np.void, changed: np.void, at: Situation) -> Broken | None:
    """Judge what changes by the instrument's rules (SEMANTICS 2, 4)."""
    total, side = int(changed["quantity"]), int(order["side"])
    if total != order["quantity"] and total > order["filled"]:
        broken = pretrade.quantity_fault(at.listed, total)
        if broken is not None:
            return broken
    for name in ("price", "stop_price"):
        if changed[name] != order[name]:
            broken = pretrade.price_fault(at.listed, side, int(changed[name]))
            if broken is not None:
                return replace(broken, price=int(changed[name]))
    return None


def _moved(order: np.void, changed: np.void, at: Situation) -> Ruling | None:
    """Judge another price by the market: a limit that trades, a stop that triggers."""
    if would_trigger(changed, at) and changed["stop_price"] != order["stop_price"]:
        return Ruling(Verdict.BLOCK, "the stop would trigger at once")
    if not pretrade.is_exit(order) and at.stale:
        return Ruling(Verdict.HOLD, f"stale book: {reasons.stale_text(at.stale)}")
    side, price = int(order["side"]), int(changed["price"])
    is_limit = order["order_type"] == OrderType.LIMIT and price != order["price"]
    if is_limit and at.reach(side, price):
        return Ruling(Verdict.HOLD, "it would trade at once")
    return None
