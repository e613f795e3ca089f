"""What a ladder says in words: its figures, and the orders under the pointer."""

from typing import Final

import numpy as np

from app.engine.records import NO_PRICE
from app.ui import formatting
from app.ui.models.desk import Desk
from app.ui.models.market import Listed
from app.ui.models.order_text import order_text
from app.ui.theme import Theme

CAPTIONS: Final = ("Position", "Average", "P&L", "Open", "Volume")


def figures(desk: Desk, listed: Listed | None, theme: Theme) -> list[tuple[str, str]]:
    """Values of `CAPTIONS` with their colours; dashes where nothing is known."""
    part = desk.market.instrument(listed.number) if listed is not None else None
    if part is None or listed is None:
        return [(formatting.DASH, theme.muted)] * len(CAPTIONS)
    text = listed.text
    position = int(part["position"])
    unrealised = int(part["unrealised"])
    pnl = int(part["realised"]) + unrealised - int(part["fees"])
    return [
        (
            text.quantity(position, signed=True),
            theme.side(position) if position else theme.text,
        ),
        (text.average(float(part["average_price"])), theme.text),
        (text.money(pnl, signed=True), theme.change(pnl)),
        (text.money(unrealised, signed=True), theme.change(unrealised)),
        (text.size(int(part["volume"])), theme.text),
    ]


def own_orders(desk: Desk, listed: Listed, ids: tuple[int, ...]) -> str:
    """Describe the orders under the pointer."""
    view = desk.market.view
    # The engine's clock: a recording's time is not the wall's.
    now = int(view["now"]) if view is not None else 0
    queues = desk.market.queues()
    known = [order for order in map(desk.orders.order, ids) if order is not None]
    lines = [_own_order(order, listed, queues, now) for order in known]
    gestures = "drag moves, click cancels"
    return " · ".join([*lines, gestures]) if lines else ""


def _own_order(
    order: np.void, listed: Listed, queues: dict[int, tuple[int, int]], now: int
) -> str:
    text = listed.text
    words = [order_text(order, listed), formatting.status(int(order["status"]))]
    if order["filled"]:
        words.append(f"{text.quantity(int(order['filled']))} filled")
    ahead, total = queues.get(int(order["client_order_id"]), (-1, -1))
    if ahead >= 0:
        behind = total - ahead - int(order["leaves"])
        words.append(f"{text.quantity(ahead)} ahead")
        if behind >= 0:
            words.append(f"{text.quantity(behind)} behind")
    words.append(f"{formatting.duration(max(0, now - int(order['sent_ts'])))} old")
    return ", ".join(words)


def last_price(desk: Desk, listed: Listed) -> int:
    """About what an instrument trades at, price units; NO_PRICE = unknown."""
    part = desk.market.instrument(listed.number)
    if part is None:
        return NO_PRICE
    for side, levels in (("bids", "bid_levels"), ("asks", "ask_levels")):
        if part["last_price"] == NO_PRICE and part[levels]:
            return int(part[side]["price"][0])
    return int(part["last_price"])
