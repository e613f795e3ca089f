"""When a ladder may move its rows by itself: never under a hand.

The rule (TT's "inside market within n rows of an edge", tightened): rows move at once
only while the pointer is elsewhere. With the pointer inside, a thin bar says that a
recentring waits; after three still seconds the ladder flashes, then moves. A user who
scrolled away is left alone until the market is back in view or he asks.
"""

from enum import Enum
from typing import Final

MARGIN_ROWS: Final = 3
STILL_NS: Final = 3_000_000_000
FLASH_NS: Final = 400_000_000


class Step(Enum):
    """What a ladder does about its rows now."""

    STAY = 0
    WAIT = 1  # show the bar: a recentring is pending
    FLASH = 2  # about to move
    MOVE = 3


class Recentre:
    """Decides, once a frame.

    Attributes
    ----------
    manual : bool
        The user scrolled; nothing moves until the market is in view again.
    """

    def __init__(self) -> None:
        self.manual = False
        self._last_gesture = 0

    def gesture(self, now: int) -> None:
        """The pointer moved or a button is down (now: monotonic ns)."""
        self._last_gesture = now

    def step(
        self, now: int, row: int, rows: int, *, is_hovered: bool, is_busy: bool
    ) -> Step:
        """Decide.

        Parameters
        ----------
        now : int
            Monotonic time, ns.
        row, rows : int
            Row of the touch, and how many rows there are.
        is_hovered : bool
            Whether the pointer is inside.
        is_busy : bool
            Whether an order is dragged, held or a modifier key is down.
        """
        margin = min(MARGIN_ROWS, (rows - 1) // 2)
        if margin <= row < rows - margin:
            self.manual = False
            return Step.STAY
        if self.manual or is_busy:
            return Step.WAIT
        if not is_hovered:
            return Step.MOVE
        still = now - self._last_gesture
        if still < STILL_NS:
            return Step.WAIT
        return Step.FLASH if still < STILL_NS + FLASH_NS else Step.MOVE
