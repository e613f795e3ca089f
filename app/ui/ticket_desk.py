"""What a ticket does: its form is judged against the market, and sent.

Between the form, which knows no market, and the one judge and sender of all orders. It
holds the form's judgement, what waits for a confirm, and what became of the last order.
"""

from typing import Final

import numpy as np

from app.engine.records import NO_PRICE, ReportType
from app.ui import reasons
from app.ui.asking import Asking
from app.ui.context import Context
from app.ui.models import judge, ticket_reading, ticket_text
from app.ui.models.deciding import Deciding
from app.ui.models.estimate import estimate
from app.ui.models.intent import Intent, ruled
from app.ui.models.judgement import Judgement
from app.ui.models.market import Offered
from app.ui.models.situation import Situation
from app.ui.models.ticket import Draft, TicketForm

_OUTCOMES = (ReportType.REJECTED, ReportType.EXPIRED, ReportType.HELD)

TOO_SOON: Final = "confirm again in a moment"
"""The second press of two in a row confirms nothing."""


class TicketDesk:
    """Judges and sends the orders of one ticket.

    Attributes
    ----------
    judgement : Judgement or None
        Of the form as last judged.
    outcome : str
        What became of the order sent last, where that was not what was asked.
    hand : Deciding
        What waits for a confirm.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self.judgement: Judgement | None = None
        self._went = self._is_early = False
        self.outcome = ""
        self._asking = Asking(context)
        self.hand = Deciding(make=self._act)

    @property
    def offered(self) -> Offered:
        """What the session's venue holds."""
        return self._context.desk.market.offers()

    @property
    def waiting(self) -> str:
        """What waits for a confirm, in words; "" = nothing."""
        held = self.hand.held
        if held is None:
            return ""
        why = held.intents[0].why
        words = f"staged: {why}" if held.is_staged and why else why or "staged"
        return f"{words} · {TOO_SOON}" if self._is_early else words

    def situation(self) -> Situation | None:
        """The instrument that the ticket is about, as it stands."""
        return self._context.situation(self._context.focus.number)

    def judge(self, form: TicketForm) -> Judgement | None:
        """Judge a form against the newest view; None without an instrument."""
        at = self.situation()
        self.judgement = None if at is None else self._judge(form, at)
        return self.judgement

    def _judge(self, form: TicketForm, at: Situation) -> Judgement:
        draft = ticket_reading.read(form, at)
        order = draft.order
        if order is None:
            fault = draft.faults[0]
            return Judgement(draft, None, None, fault.nearest, fault.field)
        unready = self._context.bridge.unready()
        intent = _intent(draft, at, unready)
        nearest = judge.judge(intent.commands, at, unready).nearest
        where = "" if nearest == NO_PRICE else _field_of(order)
        return Judgement(draft, intent, estimate(order, at), nearest, where)

    def send(self) -> bool:
        """Send what was judged, or what waits for a confirm; False if nothing went."""
        judged, at, hand = self.judgement, self.situation(), self.hand
        now = self._context.clock.monotonic_ns()
        self._went = self._is_early = False
        hand.is_staging = self._context.safety.is_staging
        hand.forget(now)
        if at is None:
            return False
        if hand.held is not None:
            held = hand.held
            hand.confirm(at, now)
            self._is_early = hand.held is held
        elif judged is not None and judged.intent is not None:
            hand.decide([judged.intent], now)
        return self._went

    def _act(self, intent: Intent) -> None:
        self.outcome = self._asking.act(intent)
        self._went = not self.outcome

    def drop(self) -> None:
        """Forget what waits for a confirm, and what became of the last order."""
        self.hand.held = None
        self._is_early = False
        self.outcome = ""

    def take(self, reports: np.ndarray) -> bool:
        """Take reports; True if one says something of what was sent from here."""
        told = False
        mine = reports[self._asking.sent(reports)]
        for report in mine[np.isin(mine["report"], _OUTCOMES)]:
            listed = self._context.desk.listed(int(report["instrument"]))
            if listed is None:
                continue
            told = True
            currency = self._context.desk.currency
            self.outcome = reasons.outcome_text(report, listed.text, currency)
            one = mine[mine["client_order_id"] == report["client_order_id"]]
            asked = self._asking.asked(one, listed, self.situation())
            if asked:
                self.hand.hold(asked[:1], self._context.clock.monotonic_ns())
        return told


def _intent(draft: Draft, at: Situation, unready: str) -> Intent:
    """What pressing the button means."""
    return ruled(
        draft.commands,
        at,
        [ticket_text.summary(draft, at)],
        unready,
        entry=draft.entry,
        again=lambda other: _intent(draft, other, unready),
    )


def _field_of(order: np.void) -> str:
    """Field into which the nearest price belongs."""
    return "price" if order["price"] != NO_PRICE else "stop"
