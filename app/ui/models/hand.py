"""What a click means by the modifier that is held, or by the one chosen for it."""

from enum import Enum


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
