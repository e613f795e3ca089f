"""Where the kill switch stands, in words."""

from app.engine.records import Reason, SafetyState
from app.ui import formatting
from app.ui.models.desk import Desk


def kill_words(desk: Desk) -> str:
    """Say who killed what when, and how far it is."""
    view = desk.market.view
    if view is None or desk.market.safety_state != SafetyState.KILLED:
        return "Kill cancels entry orders and refuses new ones; exits stay."
    reason = int(view["state_reason"])
    why = (
        ""
        if reason in (Reason.NONE, Reason.USER)
        else f", {formatting.words(Reason(reason).name)}"
    )
    when = formatting.clock_time(int(view["state_since"]))
    left = len(desk.orders.working())
    held = int((view["instrument"]["position"][: int(view["instruments"])] != 0).sum())
    return (
        f"KILLED since {when}{why}. {formatting.plural(left, 'order')} still working, "
        f"{formatting.plural(held, 'position')} open."
    )
