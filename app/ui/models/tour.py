"""The steps of the first tour: each ends by what really happens, not by a button.

A step that only shows something is left with *Next*; so may any other be.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app.engine.records import SafetyState
from app.ui.models.desk import Desk


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Attributes
    ----------
    title, text : str
    target : str
        What it points at: "top", "ladder", "sizes" or "".
    is_done : callable or None
        Whether the desk shows that the user did it; the number: fills when the tour
        began. None = there is nothing to do.
    """

    title: str
    text: str
    target: str
    is_done: Callable[[Desk, int], bool] | None = None


def _is_armed(desk: Desk, _: int) -> bool:
    return desk.market.safety_state is SafetyState.ARMED


def _has_order(desk: Desk, fills: int) -> bool:
    return len(desk.orders.working()) > 0 or len(desk.fills) > fills


def _has_fill(desk: Desk, fills: int) -> bool:
    return len(desk.fills) > fills


def _is_view(desk: Desk, _: int) -> bool:
    return desk.market.safety_state is not SafetyState.ARMED


STEPS: Final = (
    Step(
        "Where you are",
        "The bar above says the mode, the feed and the instrument. This is paper: the "
        "market is living, the money is not. The lights at the bottom say whether data "
        "and orders flow.",
        "top",
    ),
    Step(
        "Arm the desk",
        "At every start the desk is in VIEW and a click sends nothing. Press ARMED in "
        "the bar above, or F9.",
        "top",
        _is_armed,
    ),
    Step(
        "Choose a size",
        "A left click sends size L, a right click size R. The pads above the ladder, "
        "or keys 1 to 4, choose them.",
        "sizes",
    ),
    Step(
        "Place an order",
        "Rest the pointer on a size in the bid column: the line below says what a "
        "click would do. Click, or press Q over the ladder to join the best bid.",
        "ladder",
        _has_order,
    ),
    Step(
        "Get filled",
        "Your order stands in the queue, and its cell says how much is ahead. Wait for "
        "the market to come, or click a size in the bid column at or above the best "
        "ask to buy at once (key Z).",
        "ladder",
        _has_fill,
    ),
    Step(
        "Your first trade",
        "Position, average price and P&L stand above the ladder. With the pointer over "
        "it R closes the position, E cancels what still works; both pass in every "
        "safety state.",
        "sizes",
    ),
    Step(
        "The way out",
        "KILL (Ctrl+Shift+F12, from anywhere) refuses all new risk and cancels every "
        "entry; exits stay. Now leave ARMED: press F8, and a click is only a "
        "look again.",
        "top",
        _is_view,
    ),
    Step(
        "Everything else",
        "Ctrl+K searches every command, panel and instrument; F1 lists the keys. The "
        "menu Help starts this tour again.",
        "",
    ),
)


class Tour:
    """Where a tour stands.

    Attributes
    ----------
    at : int
        Number of the step; `len(STEPS)` = over.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._fills = len(desk.fills)
        self.at = 0

    @property
    def step(self) -> Step | None:
        """The step of now; None when it is over."""
        return STEPS[self.at] if self.at < len(STEPS) else None

    def next(self) -> None:
        """Go on."""
        self.at = min(len(STEPS), self.at + 1)

    def look(self) -> bool:
        """Go on if what the step asks for has happened; True if so."""
        step = self.step
        if step is None or step.is_done is None:
            return False
        if step.is_done(self._desk, self._fills):
            self.next()
            return True
        return False

    def reset(self) -> None:
        """Another session: its fills are counted from none."""
        self._fills = 0
