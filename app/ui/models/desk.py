"""The desk: all that the panels show, in one place, without Qt.

The bridge hands it what it drained, once a frame; the panels read it. It turns reports
into orders, fills and messages, and views into the market and the course of P&L.
"""

from typing import Final

import numpy as np

from app.engine.records import REPORT, ReportType
from app.sessions.session import Session
from app.ui.models import telling
from app.ui.models.alerts import Alerts
from app.ui.models.ladder_frames import LadderFrames
from app.ui.models.market import Listed, Market
from app.ui.models.messages import Level, Message, Messages
from app.ui.models.orders import OwnOrders
from app.ui.models.pnl import PnlHistory
from app.ui.models.queue_error import QueueErrors
from app.ui.models.records import RecordStore

FILLS_KEPT: Final = 50_000
TOLD_A_FRAME: Final = 200
"""More reports than these in a frame are counted, not told one by one."""


class Desk:
    """Models of one session at a time.

    Attributes
    ----------
    currency : str
        Base currency of the session.
    """

    def __init__(self) -> None:
        self.market = Market()
        self.orders = OwnOrders()
        self.ladder_frames = LadderFrames(self.market, self.orders)
        self.fills = RecordStore(REPORT, FILLS_KEPT)
        self.messages = Messages()
        self.alerts = Alerts()
        self.pnl = PnlHistory(0)
        self.queue_errors = QueueErrors()
        self.currency = ""
        self._sessions: list[int] = []

    def reset(self, session: Session | None) -> None:
        """Begin with another session; messages stay."""
        self.orders.clear()
        self.fills.clear()
        self.queue_errors.forget()
        self._sessions = []
        self.alerts.forget_values()
        self._join(session)
        self.market.reset(session.instruments if session else ())
        self.pnl = PnlHistory(len(self.market.listed))

    def learn_instruments(self, session: Session) -> bool:
        """Take the session's instruments once it knows them; True if they are new."""
        if len(session.instruments) == len(self.market.listed):
            return False
        self._join(session)
        self.market.list(session.instruments)
        self.pnl = PnlHistory(len(self.market.listed))
        return True

    def _join(self, session: Session | None) -> None:
        market = self.market
        self.currency = market.currency = session.base_currency if session else ""
        market.offers = dict if session is None else lambda: session.capabilities

    def tell(
        self, ts: int, text: str, level: Level = Level.INFO, topic: str = ""
    ) -> None:
        """Add a message (ts: ns since 1970 UTC)."""
        self.messages.add(Message(ts, level, topic or "window", text))

    def pulse(self, session: Session | None) -> None:
        """Do what need not be done with every frame."""
        self.queue_errors.settle(session.history if session is not None else None)
        self.queue_errors.watch(self.market, self.orders)

    def take_view(self, view: np.void) -> None:
        """Take the engine's newest view."""
        self.market.view = view
        self.pnl.take(view)
        self._tell_sessions(view)

    def _tell_sessions(self, view: np.void) -> None:
        """Tell of trading sessions that changed since the view before."""
        count = min(int(view["instruments"]), len(self.market.listed))
        states = view["instrument"]["session"][:count].tolist()
        if states == self._sessions:
            return
        before = dict(enumerate(self._sessions))
        self._sessions = states
        changed: dict[int, list[str]] = {}
        for number, state in enumerate(states):
            if state != before.get(number, telling.ORDINARY_SESSION):
                name = self.market.listed[number].instrument.name
                changed.setdefault(state, []).append(name)
        for state, names in changed.items():
            level, text = telling.session_words(state)
            if text:
                self.tell(
                    int(view["wall"]), f"{', '.join(names)}: {text}", level, "session"
                )

    def take_reports(self, reports: np.ndarray, now: int) -> None:
        """Take execution reports, oldest first (now: wall clock, ns since 1970 UTC).

        Messages carry the wall's time: a recording's own time is another clock.
        """
        self.orders.apply(reports)
        is_fill = reports["report"] == ReportType.FILL
        if is_fill.any():
            self.fills.append(reports[is_fill])
            self.queue_errors.take(reports[is_fill])
        told = telling.told(reports)
        left_out = len(told) - TOLD_A_FRAME
        if left_out > 0:
            words = (
                f"{left_out} more reports in this frame; Orders and the log have them"
            )
            self.tell(now, words, Level.WARNING, "engine")
        for report in told[-TOLD_A_FRAME:]:
            listed = self.listed(int(report["instrument"]))
            level, text = telling.words(report, telling.Subject(listed, self.currency))
            topic = listed.instrument.name if listed else "engine"
            self.tell(now, text, level, topic)

    def listed(self, number: int) -> Listed | None:
        """Return an instrument of the session, or None."""
        listed = self.market.listed
        return listed[number] if 0 <= number < len(listed) else None
