"""What a ticket does: its form is judged against the market, and sent.

Between the form, which knows no market, and the bridge. It holds the form's verdict,
what was sent last, and what the engine holds for a confirm.
"""

import numpy as np

from app.engine.records import (
    NO_PRICE,
    OrderOption,
    OrderType,
    ReportType,
)
from app.ui import reasons
from app.ui.context import Context
from app.ui.models import ticket
from app.ui.models.estimate import estimate
from app.ui.models.judgement import SENT, Judgement, Verdict
from app.ui.models.pretrade import Finding, check_group
from app.ui.models.situation import Offered, Situation, situation
from app.ui.models.ticket import TicketForm

_OUTCOMES = (ReportType.REJECTED, ReportType.EXPIRED)


class TicketDesk:
    """Judges and sends the orders of one ticket.

    Attributes
    ----------
    judgement : Judgement or None
        Of the form as last judged.
    outcome : str
        What became of the order sent last, where that was not what was asked.
    held : COMMAND records or None
        What the engine holds until it is confirmed.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self.judgement: Judgement | None = None
        self.outcome = ""
        self.held: np.ndarray | None = None
        self._sent: dict[int, np.ndarray] = {}

    @property
    def offered(self) -> Offered:
        """What the session's venue holds."""
        session = self._context.bridge.session
        return session.capabilities if session is not None else {}

    def situation(self) -> Situation | None:
        """The instrument that the ticket is about, as it stands."""
        number = self._context.focus.number
        return situation(self._context.desk, number, self.offered)

    def judge(self, form: TicketForm) -> Judgement | None:
        """Judge a form against the newest view; None without an instrument."""
        at = self.situation()
        self.judgement = None if at is None else self._judge(form, at)
        return self.judgement

    def _judge(self, form: TicketForm, at: Situation) -> Judgement:
        draft = ticket.read(form, at)
        if draft.faults:
            fault = draft.faults[0]
            return Judgement(
                Verdict.INCOMPLETE, fault.text, fault.nearest, fault.field, draft, None
            )
        order = draft.order
        cost = None if order is None else estimate(order, at)
        unready = self._context.bridge.unready()
        if unready or order is None:
            return Judgement(Verdict.REFUSED, unready, NO_PRICE, "", draft, cost)
        found = check_group(draft.commands, at)
        if found is None:
            return Judgement(Verdict.GOOD, "", NO_PRICE, "", draft, cost)
        verdict = Verdict.REFUSED if found.is_certain else Verdict.DOUBTFUL
        where = _field_of(found, order)
        return Judgement(verdict, found.text, found.nearest, where, draft, cost)

    def send(self) -> bool:
        """Send what was judged, or what waits for a confirm; False if nothing went."""
        bridge, now = self._context.bridge, self._context.clock.wall_ns()
        at = self.situation()
        if self.held is not None:
            commands, self.held = self.held, None
            commands["ts_received"] = now
            commands["options"] |= int(OrderOption.CONFIRMED)
            return bridge.send(commands)
        judged = self.judgement
        if judged is None or at is None or judged.verdict not in SENT:
            return False
        ids = [bridge.next_order_id() for _ in judged.draft.commands]
        commands = ticket.numbered(judged.draft.commands, ids, now)
        _mean_to_rest(commands[judged.draft.entry : judged.draft.entry + 1], judged, at)
        self.outcome = ""
        self._sent = dict.fromkeys(ids, commands)
        return bridge.send(commands)

    def drop(self) -> None:
        """Forget what waits for a confirm, and what became of the last order."""
        self.held = None
        self.outcome = ""

    def take(self, reports: np.ndarray) -> bool:
        """Take reports; True if one says something of what was sent last."""
        told = False
        for report in reports:
            commands = self._sent.get(int(report["client_order_id"]))
            kind = int(report["report"])
            if commands is None or kind not in (*_OUTCOMES, ReportType.HELD):
                continue
            listed = self._context.desk.listed(int(report["instrument"]))
            if listed is None:
                continue
            told = True
            currency = self._context.desk.currency
            self.outcome = reasons.outcome_text(report, listed.text, currency)
            if kind == ReportType.HELD:
                wanted = commands["client_order_id"] == report["client_order_id"]
                self.held = commands[wanted].copy()
        return told


def _mean_to_rest(order: np.ndarray, judged: Judgement, at: Situation) -> None:
    """Let the engine hold a limit that was to rest, should it trade after all."""
    cost, is_limit = judged.cost, order["order_type"][0] == OrderType.LIMIT
    if is_limit and cost is not None and cost.resting and not cost.taken.quantity:
        order["options"] |= int(OrderOption.GESTURE | OrderOption.RESTING_INTENT)
        if at.part is not None:
            order["book_sequence"] = at.part["book_sequence"]


def _field_of(found: Finding, order: np.void) -> str:
    """Field into which a finding's nearest price belongs; "" = none."""
    if found.nearest == NO_PRICE:
        return ""
    return "price" if order["price"] != NO_PRICE else "stop"
