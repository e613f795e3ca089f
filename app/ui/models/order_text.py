"""Orders and limits named in words, as tables, ladders and messages all do it."""

import numpy as np

from app.ui import formatting
from app.ui.models.market import Listed
from app.ui.models.orders import STOPS


def order_text(order: np.void, listed: Listed) -> str:
    """Name an order or a report: ``BUY 5 LMT 4321.25``, ``SELL 2 STP 4300``.

    A stop limit has both prices, its stop first. A bracket's exit whose entry has no
    fill yet has no quantity: ``SELL STP 4300``.
    """
    text, quantity = listed.text, int(order["quantity"])
    words = [
        formatting.side(int(order["side"])),
        text.quantity(quantity) if quantity else "",
        formatting.order_kind(order),
        text.price(int(order["stop_price"])) if order["order_type"] in STOPS else "",
        text.price(int(order["price"])),
    ]
    return " ".join(word for word in words if word and word != formatting.DASH)


def limit_text(limit: int, value: int, listed: Listed | None, currency: str) -> str:
    """Write a limit's value, or what it stands at, in its own unit."""
    kind = formatting.limit_kind(limit)
    if kind == "money":
        return f"{formatting.round_money(value, currency)} {currency}".rstrip()
    if kind == "quantity" and listed is not None:
        return listed.text.quantity(value)
    if kind == "time":
        return formatting.duration(value)
    if kind == "parts":
        return f"{value / 10_000:g} %"
    if kind == "flag":
        return "yes" if value else "no"
    return formatting.count(value)
