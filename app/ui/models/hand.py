"""What a click means by the modifier that is held, or by the one chosen for it."""

from enum import Enum
from typing import Final

AT_MARKET: Final = -1
STOP_LIMITS: Final = (AT_MARKET, 0, 1, 2, 3, 5, 10, 20)
"""What a click's stop may become: a market order, or a limit so many ticks beyond."""


class Hand(Enum):
    """The kinds of order that a click on a size cell can place."""

    PLAIN = "limit"
    STOP = "stop"
    EXIT_STOP = "exit stop"
    BRACKET = "bracket"


def hand_of(*, shift: bool, control: bool, alt: bool) -> Hand | None:
    """The hand of some modifiers; None where they are bound to nothing together."""
    hands = {
        (False, False, False): Hand.PLAIN,
        (True, False, False): Hand.STOP,
        (False, True, False): Hand.EXIT_STOP,
        (False, False, True): Hand.BRACKET,
    }
    return hands.get((shift, control, alt))


def stop_title(beyond: int) -> str:
    """Name one of `STOP_LIMITS`."""
    if beyond == AT_MARKET:
        return "A market order"
    if beyond == 0:
        return "A limit at the stop"
    return f"A limit {beyond} {'tick' if beyond == 1 else 'ticks'} beyond"
