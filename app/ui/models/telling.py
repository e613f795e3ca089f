"""Which reports the user is told of, and in what words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from app.engine.book_state import Stale
from app.engine.exchange.drill_table import DRILLS
from app.engine.records import Reason, ReportType, SafetyState, SessionState
from app.ui import formatting, reasons
from app.ui.models.codes import mask_of
from app.ui.models.market import Listed
from app.ui.models.messages import Level
from app.ui.models.order_text import limit_text, order_text

_IS_TOLD: Final = mask_of(
    (
        ReportType.REJECTED,
        ReportType.CANCEL_REJECTED,
        ReportType.REPLACE_REJECTED,
        ReportType.EXPIRED,
        ReportType.HELD,
        ReportType.STATE,
        ReportType.LIMIT,
        ReportType.STALE,
        ReportType.KILL,
        ReportType.LOG,
        ReportType.DRILL,
    )
)
_DRILLS: Final = {int(row.drill): row for row in DRILLS}
ORDINARY_SESSION: Final = int(SessionState.OPEN)
_SESSIONS: Final[Mapping[int, tuple[Level, str]]] = {
    SessionState.PRE_OPEN: (Level.INFO, "pre-open; orders wait for the auction"),
    SessionState.OPENING_AUCTION: (Level.INFO, "the opening auction has begun"),
    SessionState.OPEN: (Level.INFO, "the market is open"),
    SessionState.CLOSING_AUCTION: (Level.INFO, "the closing auction has begun"),
    SessionState.CLOSED: (Level.INFO, "the market is closed"),
    SessionState.HALTED: (Level.WARNING, "trading is HALTED"),
    SessionState.EXTENDED: (Level.INFO, "extended hours"),
}
_ASKED_FOR: Final = (Reason.NONE, Reason.USER, Reason.STRATEGY)
_NEAR: Final = (Reason.FIRST_NOTICE, Reason.LAST_TRADING)
_DAILY: Final = (
    Reason.POST_ONLY_WOULD_CROSS,
    Reason.STATE_VIEW,
    Reason.STATE_REDUCE,
    Reason.STATE_KILLED,
)
"""A strategy's daily bread: a quote that came too late, a desk that is not armed."""
_ORDINARY: Final = (ReportType.EXPIRED, ReportType.CANCELLED)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a report speaks of: its instrument, if it has one, and the base currency."""

    listed: Listed | None
    currency: str


Words = tuple[Level, str]


def told(reports: np.ndarray) -> np.ndarray:
    """The reports that a user is told of; fills and what he asked for are on screen."""
    kinds = reports["report"]
    why = reports["reason"]
    is_asked_for = np.isin(why, _ASKED_FOR)
    unasked = (kinds == ReportType.CANCELLED) & ~is_asked_for
    chosen: np.ndarray = reports[_IS_TOLD[kinds] | unasked]
    return chosen


def words(report: np.void, subject: Subject) -> Words:
    """Say what a report means, and how much it matters."""
    kind = ReportType(int(report["report"]))
    return _ENGINE.get(kind, _order)(report, subject)


def session_words(state: int) -> Words:
    """Say that an instrument's trading session is in a state; "" = nothing to say."""
    return _SESSIONS.get(state, (Level.INFO, ""))


def _order(report: np.void, subject: Subject) -> Words:
    is_daily = report["strategy"] != 0 and int(report["reason"]) in _DAILY
    ordinary = int(report["report"]) in _ORDINARY or is_daily
    level = Level.INFO if ordinary else Level.WARNING
    if subject.listed is None:
        return level, f"refused: {reasons.short_text(int(report['reason']))}"
    outcome = reasons.outcome_text(report, subject.listed.text, subject.currency)
    if not report["side"]:
        return level, outcome  # of an order that nobody knows
    return level, f"{order_text(report, subject.listed)} {outcome}"


def _state(report: np.void, _: Subject) -> Words:
    state = SafetyState(int(report["quantity"]))
    why = int(report["reason"])
    because = "" if why in _ASKED_FOR else f" ({reasons.short_text(why)})"
    level = Level.ERROR if state is SafetyState.KILLED else Level.INFO
    return level, f"{state.name}{because}: {reasons.state_text(state)}"


def _limit(report: np.void, subject: Subject) -> Words:
    limit, value = int(report["group"]), int(report["quantity"])
    now = limit_text(limit, value, subject.listed, subject.currency)
    return Level.INFO, f"limit changed: {formatting.limit_name(limit)} is now {now}"


def _stale(report: np.void, _: Subject) -> Words:
    # Whose book it is says the message's topic.
    if not report["quantity"]:
        return Level.INFO, "the book is fresh again"
    reason = int(report["filled"])
    # How every session begins is no reason to warn.
    level = Level.INFO if reason == Stale.NO_SNAPSHOT else Level.WARNING
    why = reasons.stale_text(reason)
    return level, f"stale book: {why}; new orders are refused"


def _kill(report: np.void, _: Subject) -> Words:
    left, held = int(report["leaves"]), int(report["filled"])
    words = f"kill: {formatting.plural(left, 'order')} still to cancel, "
    return Level.WARNING, words + f"{formatting.plural(held, 'position')} still held"


def _log(report: np.void, subject: Subject) -> Words:
    """Say what the engine warns of: the first notice or the end of a contract."""
    reason = int(report["reason"])
    if subject.listed is None or reason not in _NEAR:
        return Level.INFO, reasons.short_text(reason)
    when = datetime.fromtimestamp(int(report["quantity"]) // 10**9, UTC)
    words = reasons.reason_text(report, subject.listed.text, subject.currency)
    return Level.WARNING, f"{when:%Y-%m-%d %H:%M} UTC: {words}"


def _drill(report: np.void, subject: Subject) -> Words:
    row = _DRILLS.get(int(report["group"]))
    name = row.title.lower() if row else f"number {report['group']}"
    if report["reason"]:
        why = "another is running" if row else "there is none"
        return Level.WARNING, f"fire drill refused, {name}: {why}"
    where = f" in {subject.listed.instrument.name}" if subject.listed else ""
    if not report["quantity"]:
        return Level.INFO, f"fire drill is over: {name}{where}"
    told = f". {row.sentence}; {row.seconds} s" if row else ""
    return Level.WARNING, f"FIRE DRILL: {name}{where}{told}"


_ENGINE: Final[Mapping[int, Callable[[np.void, Subject], Words]]] = {
    ReportType.STATE: _state,
    ReportType.LIMIT: _limit,
    ReportType.STALE: _stale,
    ReportType.KILL: _kill,
    ReportType.LOG: _log,
    ReportType.DRILL: _drill,
}
