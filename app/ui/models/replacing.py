"""Changing a working order in its row: what is typed, judged by the gate's rules."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from app.engine.records import NO_PRICE, REPORT, OrderOption, Reason, SafetyState
from app.errors import InstrumentError
from app.ui import formatting, reasons
from app.ui.models import ticket_steps
from app.ui.models.orders import ENDED
from app.ui.models.pretrade import finding, price_fault, quantity_fault
from app.ui.models.situation import Broken, Situation
from app.ui.models.sizes import size_pads

PRICE: Final = "price"
STOP: Final = "stop_price"
QUANTITY: Final = "quantity"
_STATES: Final = {
    SafetyState.VIEW: Reason.STATE_VIEW,
    SafetyState.REDUCE: Reason.STATE_REDUCE,
    SafetyState.KILLED: Reason.STATE_KILLED,
}


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


def may_change(order: np.void, what: str) -> bool:
    """Whether a part of an order can be changed: it works, and it has that part."""
    if int(order["status"]) in ENDED:
        return False
    return what == QUANTITY or int(order[what]) != NO_PRICE


def read_change(
    order: np.void, what: str, text: str, at: Situation
) -> tuple[Change | None, str]:
    """Read what was typed for a part of an order; else None and what is wrong."""
    instrument, number = at.listed.instrument, formatting.plain(text.strip())
    if int(order["status"]) in ENDED:
        return None, "the order has ended"
    try:
        if what == QUANTITY:
            value = int(instrument.quantity_units(number))
            broken = quantity_fault(at.listed, value)
        else:
            value = int(instrument.price_units(number))
            broken = price_fault(at.listed, int(order["side"]), value)
    except InstrumentError as error:
        return None, str(error)
    if value == int(order[what]):
        return None, "that is what it is"
    broken = broken or _state_fault(order, what, value, at)
    if broken is not None:
        return None, _words(order, what, value, broken, at)
    return Change(**{what: value}), ""


def _state_fault(order: np.void, what: str, value: int, at: Situation) -> Broken | None:
    """Decreases and exits pass in every state (SEMANTICS 52)."""
    is_smaller = what == QUANTITY and value < int(order[QUANTITY])
    if is_smaller or int(order["options"]) & OrderOption.REDUCE_ONLY:
        return None
    reason = _STATES.get(at.state)
    return None if reason is None else Broken(reason)


def _words(order: np.void, what: str, value: int, broken: Broken, at: Situation) -> str:
    if what == QUANTITY:
        return finding(order, at, Broken(broken.reason, quantity=value)).text
    return finding(
        order, at, Broken(broken.reason, bound=broken.bound, price=value)
    ).text


def step(what: str, text: str, at: Situation, steps: int) -> str:
    """Text of a part of an order so many ticks or sizes further."""
    if what == QUANTITY:
        one = size_pads(at.listed.instrument, at.last)[0]
        return ticket_steps.step_quantity(text, at, steps, one)
    return ticket_steps.step_price(text, at, steps)


def why(order: np.void, at: Situation) -> str:
    """Say in full why an order was refused or ended; "" where there is no reason."""
    if order["reason"] in (Reason.NONE, Reason.USER):
        return ""
    return reasons.reason_text(_as_report(order), at.listed.text, at.currency)


def _as_report(order: np.void) -> np.void:
    """An order with the numbers of its last refusal, as a report has them."""
    report: np.void = np.zeros(1, REPORT)[0]
    for name in ("reason", "side", "quantity", "price"):
        report[name] = order[name]
    report["last_price"] = order["bound"]
    report["last_quantity"] = order["limit"]
    report["fee"] = order["stands"]
    return report
