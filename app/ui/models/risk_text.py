"""Where the kill switch stands, in words."""

from typing import Final

from app.engine.records import Reason, SafetyState
from app.ui import formatting, reasons
from app.ui.models.desk import Desk

_ASKED_FOR: Final = (Reason.NONE, Reason.USER, Reason.KILLED)


def kill_words(desk: Desk) -> str:
    """Say who killed what when, and how far it is."""
    view = desk.market.view
    if view is None or desk.market.safety_state != SafetyState.KILLED:
        return "Kill cancels entry orders and refuses new ones; exits stay."
    reason = int(view["state_reason"])
    why = "" if reason in _ASKED_FOR else f", {reasons.short_text(reason)}"
    when = formatting.clock_time(int(view["state_since"]))
    left = len(desk.orders.working())
    held = int((view["instrument"]["position"][: int(view["instruments"])] != 0).sum())
    return (
        f"KILLED at {when}{why}: {formatting.plural(left, 'order')} working, "
        f"{formatting.plural(held, 'position')} open."
    )
