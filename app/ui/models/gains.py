"""What leaving at a price brings, in ticks and in money, before fees."""

import math

import numpy as np

from app.engine.records import NO_PRICE
from app.ui import formatting
from app.ui.models.market import Listed
from app.ui.models.orders import priced_at
from app.ui.models.pretrade import is_exit
from app.ui.models.situation import Situation

_UNKNOWN = math.nan


def result(
    listed: Listed, held: int, start: float, price: int
) -> tuple[float, int] | None:
    """Ticks and money that leaving at a price brings; None where it is not known.

    Parameters
    ----------
    listed : Listed
    held : int
        What is closed, signed, quantity units.
    start : float
        Price at which it was or is entered, price units; NaN = not known.
    price : int
        Price units.
    """
    if not held or not math.isfinite(start) or price == NO_PRICE:
        return None
    instrument = listed.instrument
    gained = (price - start) * (1 if held > 0 else -1)
    money = instrument.money(round(gained * abs(held)), 1)
    return gained / instrument.step_at(round(start)), money


def result_words(listed: Listed, held: int, start: float, price: int) -> str:
    """Write `result`: ``P&L +12.0 ticks, +60.00``; "" where it is not known."""
    found = result(listed, held, start, price)
    if found is None:
        return ""
    ticks, money = found
    return f"P&L {formatting.ticks(ticks)}, {listed.text.money(money, signed=True)}"


def average_of(at: Situation) -> float:
    """The position's average price, price units; NaN = none."""
    return _UNKNOWN if at.part is None else float(at.part["average_price"])


def exit_money(
    listed: Listed, order: np.void, size: int, orders: np.ndarray, at: Situation
) -> int | None:
    """What an exit that works brings where it is filled, money; None = not known.

    From the position's average price while there is one for it to close, else from the
    price of its group's entry.

    Parameters
    ----------
    listed : Listed
    order : OWN_ORDER record
    size : int
        What it would close, quantity units.
    orders : (n,) OWN_ORDER
        Those that work, with all of its group.
    at : Situation
    """
    if not is_exit(order):
        return None
    held = -int(order["side"]) * size
    start = _UNKNOWN
    if at.position * held > 0:
        start = average_of(at)
    elif order["group"]:
        is_entry = orders["group"] == order["group"]
        is_entry &= orders["side"] == -order["side"]
        prices = [priced_at(each) for each in orders[is_entry]]
        start = next((float(x) for x in prices if x != NO_PRICE), _UNKNOWN)
    found = result(listed, held, start, priced_at(order))
    return None if found is None else found[1]
