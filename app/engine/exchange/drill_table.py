"""The fire drills, by number and in words; nothing here is compiled."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Drill(IntEnum):
    """What can go wrong; a FIRE_DRILL's `value`."""

    FLASH_CRASH = 1
    ONE_SIDED = 2
    GAP = 3
    REJECT_STORM = 4
    LATE_ACKS = 5
    PARTIAL_FILLS = 6
    DISCONNECT = 7


@dataclass(frozen=True, slots=True)
class DrillRow:
    """A drill as a user is told of it."""

    drill: Drill
    title: str
    sentence: str
    seconds: int
    is_local: bool
    """Takes place in one instrument."""


DRILLS: Final = (
    DrillRow(
        Drill.FLASH_CRASH,
        "Flash crash",
        "Someone sells at any price; the market falls for four seconds, then recovers",
        16,
        is_local=True,
    ),
    DrillRow(
        Drill.ONE_SIDED,
        "One-sided book",
        "Nobody offers any more: there are bids alone",
        8,
        is_local=True,
    ),
    DrillRow(
        Drill.GAP,
        "Feed gap",
        "Market data are lost; books are stale until they come whole again",
        3,
        is_local=False,
    ),
    DrillRow(
        Drill.REJECT_STORM,
        "Reject storm",
        "The exchange refuses every new order and every change; cancels pass",
        6,
        is_local=False,
    ),
    DrillRow(
        Drill.LATE_ACKS,
        "Late acknowledgements",
        "What becomes of orders is told two seconds late",
        10,
        is_local=False,
    ),
    DrillRow(
        Drill.PARTIAL_FILLS,
        "Partial fills",
        "Best prices hold next to nothing, and resting orders are filled by bits",
        12,
        is_local=True,
    ),
    DrillRow(
        Drill.DISCONNECT,
        "Disconnection",
        "The line is cut while orders work; it comes back with what was missed",
        5,
        is_local=False,
    ),
)
"""Every drill, in the order of a menu."""
