"""Where the kill switch stands, in words: who, when, and each order on its way."""

from typing import Final

import numpy as np

from app.engine.records import OrderOption, OrderStatus, Reason, SafetyState
from app.ui import formatting, reasons
from app.ui.models.desk import Desk
from app.ui.models.order_text import order_text

MOST_LINES: Final = 12
_ASKED_FOR: Final = (Reason.NONE, Reason.USER, Reason.KILLED)


def kill_words(desk: Desk) -> str:
    """Say who killed what when, and how far it is."""
    view = desk.market.view
    if view is None or desk.market.safety_state != SafetyState.KILLED:
        return "Kill cancels entry orders and refuses new ones; exits stay."
    left = len(desk.orders.working())
    held = int((view["instrument"]["position"][: int(view["instruments"])] != 0).sum())
    return (
        f"KILLED {killed_by(desk)}: {formatting.plural(left, 'order')} working, "
        f"{formatting.plural(held, 'position')} open."
    )


def killed_by(desk: Desk) -> str:
    """Say who killed and when; "" unless the state is KILLED."""
    view = desk.market.view
    if view is None or desk.market.safety_state != SafetyState.KILLED:
        return ""
    reason = int(view["state_reason"])
    who = "you" if reason in _ASKED_FOR else reasons.short_text(reason)
    return f"by {who} at {formatting.clock_time(int(view['state_since']))}"


def kill_progress(desk: Desk) -> str:
    """Say of each working order what a kill does with it: cancelling, or an exit."""
    if desk.market.safety_state != SafetyState.KILLED:
        return ""
    orders = desk.orders.working()
    lines = [_progress(desk, order) for order in orders[:MOST_LINES]]
    more = len(orders) - len(lines)
    return "\n".join([*lines, f"and {more} more"] if more > 0 else lines)


def _progress(desk: Desk, order: np.void) -> str:
    listed = desk.listed(int(order["instrument"]))
    if listed is None:
        return ""
    status = int(order["status"])
    if status == OrderStatus.PENDING_CANCEL:
        words = "cancelling"
    elif int(order["options"]) & OrderOption.REDUCE_ONLY:
        words = f"exit, {formatting.status(status)}"
    else:
        words = "still " + formatting.status(status)
    return f"{listed.instrument.name}  {order_text(order, listed)} · {words}"
