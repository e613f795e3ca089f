"""The desk: all that the panels show, in one place, without Qt.

The bridge hands it what it drained, once a frame; the panels read it. It turns reports
into orders, fills and messages, and views into the market and the course of P&L.
"""

from typing import Final

import numpy as np

from app.engine.records import REPORT, Reason, ReportType, SafetyState
from app.sessions.session import Session
from app.ui import formatting, reasons
from app.ui.models.market import Listed, Market
from app.ui.models.messages import Level, Message, Messages
from app.ui.models.orders import OwnOrders
from app.ui.models.pnl import PnlHistory
from app.ui.models.records import RecordStore

FILLS_KEPT: Final = 50_000
_TOLD: Final = (
    ReportType.REJECTED,
    ReportType.CANCEL_REJECTED,
    ReportType.REPLACE_REJECTED,
    ReportType.EXPIRED,
    ReportType.HELD,
)
_UNASKED: Final = (Reason.NONE, Reason.USER)
_ORDINARY: Final = (ReportType.EXPIRED, ReportType.CANCELLED)


class Desk:
    """Models of one session at a time.

    Attributes
    ----------
    selected : int
        Number of the instrument that the top bar names.
    kill_left : int or None
        Orders that a kill still has to cancel; None when none is under way.
    """

    def __init__(self) -> None:
        self.market = Market()
        self.orders = OwnOrders()
        self.fills = RecordStore(REPORT, FILLS_KEPT)
        self.messages = Messages()
        self.pnl = PnlHistory(0)
        self.currency = ""
        self.selected = 0
        self.kill_left: int | None = None

    def reset(self, session: Session | None) -> None:
        """Begin with another session; messages stay."""
        self.orders.clear()
        self.fills.clear()
        self.kill_left = None
        self.selected = 0
        self.currency = session.base_currency if session else ""
        self.market.reset(session.instruments if session else ())
        self.pnl = PnlHistory(len(self.market.listed))

    def learn_instruments(self, session: Session) -> bool:
        """Take the session's instruments once it knows them; True if they are new."""
        if len(session.instruments) == len(self.market.listed):
            return False
        self.currency = session.base_currency
        self.market.list(session.instruments)
        self.pnl = PnlHistory(len(self.market.listed))
        return True

    def tell(self, ts: int, text: str, level: Level = Level.INFO, topic: str = "") -> None:
        """Add a message (ts: ns since 1970 UTC)."""
        self.messages.add(Message(ts, level, topic or "window", text))

    def take_view(self, view: np.void) -> None:
        """Take the engine's newest view."""
        self.market.view = view
        self.pnl.take(view)

    def take_reports(self, reports: np.ndarray) -> None:
        """Take execution reports, oldest first."""
        self.orders.apply(reports)
        kinds = reports["report"]
        is_fill = kinds == ReportType.FILL
        if is_fill.any():
            self.fills.append(reports[is_fill])
        unusual = np.isin(kinds, _TOLD) | (kinds >= ReportType.STATE)
        unusual |= (kinds == ReportType.CANCELLED) & ~np.isin(reports["reason"], _UNASKED)
        for report in reports[unusual]:
            self._tell_report(report)

    def listed(self, number: int) -> Listed | None:
        """Return an instrument of the session, or None."""
        listed = self.market.listed
        return listed[number] if 0 <= number < len(listed) else None

    def _tell_report(self, report: np.void) -> None:
        kind = ReportType(int(report["report"]))
        if kind == ReportType.KILL:
            self.kill_left = int(report["leaves"])
        told = _ENGINE_WORDS.get(kind)
        if told is not None:
            level, text = told(self, report)
        elif kind < ReportType.STATE:
            level = Level.INFO if kind in _ORDINARY else Level.WARNING
            text = self._order_text(report)
        else:
            return
        name = self._name(report)
        self.tell(int(report["ts_received"]), text, level, name)

    def _name(self, report: np.void) -> str:
        listed = self.listed(int(report["instrument"]))
        return listed.instrument.name if listed else "engine"

    def _order_text(self, report: np.void) -> str:
        listed = self.listed(int(report["instrument"]))
        if listed is None:
            return f"order refused: instrument {report['instrument']} is unknown"
        outcome = reasons.outcome_text(report, listed.text, self.currency)
        return f"{order_text(report, listed)} {outcome}"

    def _state_words(self, report: np.void) -> tuple[Level, str]:
        state = SafetyState(int(report["quantity"]))
        why = Reason(int(report["reason"]))
        because = "" if why in _UNASKED else f" ({formatting.words(why.name)})"
        level = Level.ERROR if state == SafetyState.KILLED else Level.INFO
        return level, f"{state.name}{because}: {reasons.state_text(state)}"

    def _limit_words(self, report: np.void) -> tuple[Level, str]:
        name = formatting.limit_name(int(report["group"]))
        listed = self.listed(int(report["instrument"])) or self.listed(self.selected)
        value = limit_text(int(report["group"]), int(report["quantity"]), listed, self.currency)
        return Level.INFO, f"limit changed: {name} is now {value}"

    def _stale_words(self, report: np.void) -> tuple[Level, str]:
        if report["quantity"]:
            return Level.WARNING, "stale book: new orders are refused until it is fresh"
        return Level.INFO, "the book is fresh again"

    def _kill_words(self, report: np.void) -> tuple[Level, str]:
        left = int(report["leaves"])
        if left:
            return Level.WARNING, f"kill: {left} orders still to be cancelled"
        return Level.WARNING, "kill: done, no entry order is left"


_ENGINE_WORDS: Final = {
    ReportType.STATE: Desk._state_words,
    ReportType.LIMIT: Desk._limit_words,
    ReportType.STALE: Desk._stale_words,
    ReportType.KILL: Desk._kill_words,
}


def order_text(order: np.void, listed: Listed) -> str:
    """Name an order or a report: ``BUY 5 LMT 4321.25``."""
    text = listed.text
    kind = formatting.order_type(int(order["order_type"])) if order["order_type"] else ""
    price = text.price(int(order["price"]))
    at = "" if price == formatting.DASH else f" {price}"
    return f"{formatting.side(int(order['side']))} {text.quantity(int(order['quantity']))} {kind}{at}"


def limit_text(limit: int, value: int, listed: Listed | None, currency: str) -> str:
    """Write a limit's value, or what it stands at, in its own unit."""
    kind = formatting.limit_kind(limit)
    if kind == "money":
        return f"{formatting.round_money(value, currency)} {currency}"
    if kind == "quantity":
        return listed.text.quantity(value) if listed else formatting.count(value)
    if kind == "time":
        return formatting.duration(value)
    if kind == "parts":
        return f"{value / 10_000:g} %"
    if kind == "flag":
        return "yes" if value else "no"
    return formatting.count(value)
