"""Whether orders get through just now, beside whether market data do."""

from typing import Final

import numpy as np

from app.sessions.session import EngineState, SessionStatus
from app.ui.models.codes import mask_of
from app.ui.models.orders import PENDING

LATE_NS: Final = 1_000_000_000
"""An answer that takes longer is told."""
_IS_WAITING: Final = mask_of(PENDING)


def order_path(
    status: SessionStatus, view: np.void | None, working: np.ndarray
) -> tuple[str, str]:
    """Say how the way of orders is.

    Parameters
    ----------
    status : SessionStatus
    view : VIEW or None
    working : (n,) OWN_ORDER
        Our working orders.

    Returns
    -------
    (str, str)
        "well", "waiting" or "broken", and words.
    """
    if status.engine is EngineState.FAILED:
        return "broken", "orders: no engine"
    if status.engine is not EngineState.READY or view is None:
        return "waiting", "orders wait"
    # The built-in exchange is the venue, too: one line carries data and orders.
    if status.seed is not None and status.feed_state == "disconnected":
        return "broken", "orders: no line"
    if view["halted"]:
        return "broken", "orders halted"
    if status.log_status:
        return "broken", "orders held"
    late, oldest = _unanswered(working, int(view["now"]))
    if late:
        return "waiting", f"{late} unanswered, {oldest / 1e9:.0f} s"
    return "well", "orders ready"


def _unanswered(working: np.ndarray, now: int) -> tuple[int, int]:
    """How many orders wait for the venue's answer too long, and the longest, ns."""
    if not len(working):
        return 0, 0
    waits = now - working["updated_ts"][_IS_WAITING[working["status"]]]
    late = waits[waits > LATE_NS]
    return len(late), int(late.max()) if len(late) else 0
