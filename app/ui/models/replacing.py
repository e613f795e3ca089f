"""Changing a working order in its row: what is typed becomes an intention."""

from typing import Final

import numpy as np

from app.engine.records import NO_PRICE, REPORT, Reason
from app.errors import InstrumentError
from app.ui import formatting, reasons
from app.ui.models import ticket_steps
from app.ui.models.intent import Intent, change_intent
from app.ui.models.judge import Change
from app.ui.models.order_text import order_text
from app.ui.models.orders import ENDED
from app.ui.models.situation import Situation
from app.ui.models.sizes import size_pads

PRICE: Final = "price"
STOP: Final = "stop_price"
QUANTITY: Final = "quantity"


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
    try:
        if what == QUANTITY:
            value = int(instrument.quantity_units(number))
        else:
            value = int(instrument.price_units(number))
    except InstrumentError as error:
        return None, str(error)
    if value == int(order[what]):
        return None, "that is what it is"
    return Change(**{what: value}), ""


def row_intent(
    order: np.void, change: Change, at: Situation, unready: str = ""
) -> Intent:
    """Say what a change typed into an order's row would do."""
    text = at.listed.text
    prices = [each for each in (change.price, change.stop_price) if each != NO_PRICE]
    values = [text.price(each) for each in prices]
    if change.quantity:
        values.append(text.quantity(change.quantity))
    parts = [f"CHANGE {order_text(order, at.listed)}", f"to {', '.join(values)}"]
    return change_intent(
        at,
        order,
        parts,
        change,
        unready,
        again=lambda other: row_intent(order, change, other, unready),
    )


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
