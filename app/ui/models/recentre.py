"""When a ladder may move its rows by itself: never under a hand.

TT's rules, tightened: rows move at once only while the pointer is elsewhere. With the
pointer inside, a thin bar says that a recentring waits; after three still seconds the
ladder flashes, then moves. A user who scrolled away is left alone until the market is
back in view or he asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Rule:
    """When rows ask to be moved.

    Attributes
    ----------
    title : str
    margin : int
        Rows from an edge at which what is followed asks for it.
    every : int
        ns after which it is asked for in any case; 0 = never.
    by_last : bool
        Whether the last price is followed, else the middle of the touch.
    is_manual : bool
        Whether only the user moves the rows.
    """

    title: str
    margin: int = MARGIN_ROWS
    every: int = 0
    by_last: bool = False
    is_manual: bool = False


RULES: Final[Mapping[str, Rule]] = {
    "market": Rule("When the market is within 3 rows of an edge"),
    "market-8": Rule("When the market is within 8 rows of an edge", 8),
    "last": Rule("When the last price is within 3 rows of an edge", by_last=True),
    "5s": Rule("Every 5 seconds", every=5_000_000_000),
    "30s": Rule("Every 30 seconds", every=30_000_000_000),
    "manual": Rule("Only by hand", is_manual=True),
}
"""What may be chosen, by the name that a workspace keeps; the first one ships."""


class Recentre:
    """Decides, once a frame.

    Attributes
    ----------
    manual : bool
        The user scrolled; nothing moves until the market is in view again.
    rule : Rule
    """

    def __init__(self) -> None:
        self.manual = False
        self.rule = next(iter(RULES.values()))
        self._last_gesture = 0
        self._since = 0

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
            Row of what is followed, and how many rows there are.
        is_hovered : bool
            Whether the pointer is inside.
        is_busy : bool
            Whether an order is dragged, held or a modifier key is down.
        """
        margin = min(self.rule.margin, (rows - 1) // 2)
        if margin <= row < rows - margin:
            self.manual = False
            if not self._is_due(now, row, rows):
                return Step.STAY
        if self.manual or is_busy or self.rule.is_manual:
            return Step.WAIT
        still = now - self._last_gesture
        if is_hovered and still < STILL_NS:
            return Step.WAIT
        if is_hovered and still < STILL_NS + FLASH_NS:
            return Step.FLASH
        self._since = now
        return Step.MOVE

    def _is_due(self, now: int, row: int, rows: int) -> bool:
        """Whether the time of a rule has come and there is something to move."""
        if not self.rule.every:
            return False
        self._since = self._since or now
        return now - self._since >= self.rule.every and abs(row - rows // 2) > 1
