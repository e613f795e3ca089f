"""What a panel sent, and what of it comes back to be asked again.

A gesture means what the painted book said. The gate holds one that would mean something
else by now; a venue that saw the market move while an order or a replace was on its way
refuses it for the same reason. Either way the panel that sent it shows it for one
confirm: the same room for the ladder and the chart.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from app.engine.records import NO_PRICE, Reason, ReportType
from app.ui import reasons
from app.ui.context import Context
from app.ui.models.intent import SEPARATOR, Intent
from app.ui.models.judge import Verdict
from app.ui.models.market import Listed
from app.ui.models.order_text import order_text
from app.ui.models.situation import Situation
from app.ui.turning import Turning

_REFUSED: Final = (
    ReportType.REJECTED,
    ReportType.CANCEL_REJECTED,
    ReportType.REPLACE_REJECTED,
)
_ASKABLE: Final = (ReportType.REJECTED, ReportType.REPLACE_REJECTED)
_KEPT: Final = 4096


class Asking:
    """Sends intentions of one panel and remembers them.

    Attributes
    ----------
    turning : Turning
        Limits of this panel that become stops.
    """

    def __init__(self, context: Context) -> None:
        self._desk, self._trading = context.desk, context.trading
        self._sent: dict[int, tuple[Intent, tuple[int, ...]]] = {}
        self.turning = Turning(context.desk, context.trading, self.send)

    def act(self, intent: Intent) -> str:
        """Send what an intent says; return why not, "" where it was sent."""
        if intent.verdict is Verdict.BLOCK:
            return f"blocked: {intent.why}"
        if intent.turns:
            self.turning.begin(intent)
        else:
            self.send(intent)
        return ""

    def send(self, intent: Intent) -> tuple[int, ...]:
        """Send what an intent says; client order ids, empty where nothing was sent."""
        ids = self._trading.send(intent)
        for each in ids[:1]:
            self._sent.pop(each, None)
            self._sent[each] = intent, ids[1:]
            if len(self._sent) > _KEPT:
                del self._sent[next(iter(self._sent))]
        return ids

    def sent(self, reports: np.ndarray) -> np.ndarray:
        """Mask of reports about what was sent from here."""
        return np.isin(reports["client_order_id"], list(self._sent))

    def asked(
        self, reports: np.ndarray, listed: Listed, seen: Situation | None
    ) -> list[Intent]:
        """What is to be confirmed, as it would be sent again.

        Parameters
        ----------
        reports : REPORT array
            Of one instrument.
        listed : Listed
        seen : Situation or None
            As it is painted now.
        """
        mine = reports[asks_again(reports) & self.sent(reports)]
        return [self._again(report, listed, seen) for report in mine]

    def _again(self, report: np.void, listed: Listed, seen: Situation | None) -> Intent:
        why = reasons.reason_text(report, listed.text, self._desk.currency)
        intent, exits = self._sent[int(report["client_order_id"])]
        if intent.is_group:
            # Its exits wait at the venue for an entry that does not come: begin anew.
            working = self._desk.orders.working(listed.number)
            waiting = np.intersect1d(exits, working["client_order_id"])
            self._trading.cancel(waiting.tolist())
            return replace(intent, verdict=Verdict.HOLD, why=why)
        what = [order_text(report, listed)]
        if intent.order:
            what = intent.text.split(SEPARATOR)[:2]  # what moves, from where to where
        commands = intent.commands.copy()
        commands["book_sequence"] = 0 if seen is None else seen.sequence
        return replace(
            intent,
            verdict=Verdict.HOLD,
            text=SEPARATOR.join([*what, why]),
            why=why,
            commands=commands,
            # A stop whose meaning changed is one that would trigger at once by now.
            triggers=not intent.order and intent.stop != NO_PRICE,
        )


def asks_again(reports: np.ndarray) -> np.ndarray:
    """Mask of reports of gestures that mean something else by now."""
    is_refused = np.isin(reports["report"], _ASKABLE)
    has_changed = reports["reason"] == Reason.MEANING_CHANGED
    return np.asarray((reports["report"] == ReportType.HELD) | is_refused & has_changed)


def refused(reports: np.ndarray) -> np.ndarray:
    """Mask of refusals that are final."""
    return np.asarray(np.isin(reports["report"], _REFUSED) & ~asks_again(reports))
