"""What would become of an order: the verdict, its words, its cost."""

from dataclasses import dataclass
from enum import Enum, auto

from app.ui.models.estimate import Estimate
from app.ui.models.ticket import Draft


class Verdict(Enum):
    """What pressing the button would do."""

    INCOMPLETE = auto()
    REFUSED = auto()
    DOUBTFUL = auto()
    GOOD = auto()


SENT = (Verdict.GOOD, Verdict.DOUBTFUL)
"""Verdicts of orders that can be sent."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A form and what would become of it.

    Attributes
    ----------
    verdict : Verdict
    text : str
        Why not, or what to mind; "" where all is well.
    nearest : int
        Price that would do instead, price units; NO_PRICE = none.
    field : str
        Field that `nearest` belongs into.
    draft : Draft
    cost : Estimate or None
    """

    verdict: Verdict
    text: str
    nearest: int
    field: str
    draft: Draft
    cost: Estimate | None
