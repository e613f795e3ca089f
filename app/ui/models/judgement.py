"""What would become of a ticket's form: the judge's ruling, and what it would cost."""

from dataclasses import dataclass

from app.engine.records import NO_PRICE
from app.ui.models.estimate import Estimate
from app.ui.models.intent import Intent
from app.ui.models.judge import Verdict
from app.ui.models.ticket import Draft


@dataclass(frozen=True, slots=True)
class Judgement:
    """A form and what would become of it.

    Attributes
    ----------
    draft : Draft
    intent : Intent or None
        What is sent; None while the form is incomplete.
    cost : Estimate or None
    nearest : int
        Price that would do instead, price units; NO_PRICE = none.
    field : str
        Field that `nearest` belongs into.
    """

    draft: Draft
    intent: Intent | None
    cost: Estimate | None
    nearest: int = NO_PRICE
    field: str = ""

    @property
    def is_incomplete(self) -> bool:
        """Whether the form cannot be read yet."""
        return self.intent is None

    @property
    def verdict(self) -> Verdict:
        """What pressing the button would do."""
        return Verdict.BLOCK if self.intent is None else self.intent.verdict

    @property
    def text(self) -> str:
        """Why not, or what to mind; "" where all is well."""
        if self.intent is not None:
            return self.intent.why
        return self.draft.faults[0].text if self.draft.faults else ""
