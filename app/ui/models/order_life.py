"""The audit trail: what was asked, what came back, when, by whom and why.

Its way from the click to the screen is measured in stages, by the stamps that records
bear: the click (the command leaves the window), the gate (the engine took it and let it
pass), the venue (it accepted), the acknowledgement (the engine has that answer), the
paint (the frame that shows it). All are of the wall clock; where a session runs on its
recording's own time, only the stages between the gate and the answer are known.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from app.engine.records import REPORT, Action, EventKind, Reason, ReportType
from app.engine.views import HISTOGRAM_BUCKETS
from app.ui import formatting, reasons
from app.ui.models import telling
from app.ui.models.codes import mask_of
from app.ui.models.latency import ANSWERS, bucket
from app.ui.models.market import Listed
from app.ui.models.order_text import order_text
from app.ui.models.records import RecordStore
from app.ui.models.telling import Subject

STAGES: Final = (
    "click → gate",
    "gate → venue",
    "venue → answer",
    "answer → painted",
    "click → painted",
)
KEPT: Final = 20_000
_MOST_AWAITED: Final = 1_024
_MOST_PAINTED: Final = 4_096
REFUSALS: Final = mask_of(
    (
        ReportType.REJECTED,
        ReportType.CANCEL_REJECTED,
        ReportType.REPLACE_REJECTED,
        ReportType.HELD,
    )
)
"""By report: what was not done as it was asked."""
_OF_COMMAND: Final = (
    "ts_received", "instrument", "client_order_id", "side", "order_type", "options",
    "quantity", "price", "stop_price", "group", "strategy", "time_in_force",
)  # fmt: skip
_FARTHEST_NS: Final = 60_000_000_000
"""A longer stage is two clocks, not a way."""


@dataclass(slots=True)
class Way:
    """Stamps of one order's first way, wall clock in ns; 0 = not yet."""

    order: int
    click: int
    gate: int = 0
    venue: int = 0
    answer: int = 0
    painted: int = 0

    def stages(self) -> tuple[int, ...]:
        """Lengths of `STAGES`, ns; below 1 or too long where one is not known."""
        stamps = (self.click, self.gate, self.venue, self.answer, self.painted)
        steps = [b - a if a and b else -1 for a, b in pairwise(stamps)]
        return (*steps, self.painted - self.click)


@dataclass(frozen=True, slots=True)
class Event:
    """Something in an order's life (ts: ns since 1970 UTC)."""

    ts: int
    who: str
    what: str


class OrderLives:
    """Commands and reports in bounded memory, newest kept.

    Attributes
    ----------
    trail : RecordStore of REPORT
        In the order in which the window knew them. A command is a row of kind COMMAND,
        its `Action` in `last_quantity`.
    histograms : (len(STAGES), HISTOGRAM_BUCKETS) int64
        Counts by half octave of ns, as the engine's own histograms (`engine.views`).
    """

    def __init__(self) -> None:
        self.trail = RecordStore(REPORT, KEPT)
        self.histograms = np.zeros((len(STAGES), HISTOGRAM_BUCKETS), np.int64)
        self._awaited: dict[int, Way] = {}
        self._unpainted: list[Way] = []
        self._painted: dict[int, int] = {}

    def forget(self) -> None:
        """Begin with another session."""
        self.trail.clear()
        self.histograms[:] = 0
        for each in (self._awaited, self._unpainted, self._painted):
            each.clear()

    def sent(self, commands: np.ndarray) -> None:
        """Note commands that leave now; their `ts_received` is that of the gesture."""
        commands = np.atleast_1d(commands)
        commands = commands[commands["action"] != Action.SET_WINDOW]  # of the ladder
        asked = np.zeros(len(commands), REPORT)
        for name in _OF_COMMAND:
            asked[name] = commands[name]
        asked["kind"] = EventKind.COMMAND
        asked["last_quantity"] = commands["action"]
        self.trail.append(asked)
        for command in commands[commands["action"] == Action.NEW]:
            order, ts = int(command["client_order_id"]), int(command["ts_received"])
            self._awaited[order] = Way(order, ts)
            if len(self._awaited) > _MOST_AWAITED:
                del self._awaited[next(iter(self._awaited))]

    def take(self, reports: np.ndarray) -> None:
        """Take a frame's reports, oldest first."""
        self.trail.append(reports)
        if not self._awaited:
            return
        awaited = np.isin(reports["client_order_id"], list(self._awaited))
        for report in reports[awaited]:
            way = self._awaited.get(int(report["client_order_id"]))
            if way is None:
                continue
            received = int(report["ts_received"])
            if report["report"] == ReportType.PENDING_NEW:
                way.gate = received
            elif ANSWERS[report["report"]]:
                way.venue, way.answer = int(report["ts_venue"]), received
                self._unpainted.append(way)
                del self._awaited[way.order]

    def painted(self, now: int) -> None:
        """Count the ways that this frame's paint has ended (wall clock, ns)."""
        for way in self._unpainted:
            way.painted = now
            if abs(now - way.answer) < _FARTHEST_NS:
                self._painted[way.order] = now
                if len(self._painted) > _MOST_PAINTED:
                    del self._painted[next(iter(self._painted))]
            if not way.gate:
                continue  # refused by the gate itself: it went nowhere
            for stage, length in enumerate(way.stages()):
                if 0 <= length < _FARTHEST_NS:
                    self.histograms[stage, bucket(length)] += 1
        self._unpainted.clear()

    def quantiles(self) -> list[tuple[str, int, float, float]]:
        """Each stage's name, count, median and 99th percentile (ns, NaN = none)."""
        at = formatting.latency_quantile
        return [
            (name, int(counts.sum()), at(counts, 0.5), at(counts, 0.99))
            for name, counts in zip(STAGES, self.histograms, strict=True)
        ]

    def life(self, order: int, subject: Subject) -> list[Event]:
        """What is known of an order, in the order in which the window knew it.

        Where the session runs on a recording's time, what was asked has that of the
        report after it.
        """
        rows = self.trail.rows
        rows = rows[rows["client_order_id"] == order]
        events = [
            Event(_time(rows, i), *told(row, subject)) for i, row in enumerate(rows)
        ]
        painted = self._painted.get(order, 0)
        answers = np.flatnonzero(~is_asked(rows) & ANSWERS[rows["report"]])
        if painted and len(answers):
            event = Event(painted, "window", "painted the first answer")
            events.insert(int(answers[0]) + 1, event)
        return events


def is_asked(trail: np.ndarray) -> np.ndarray:
    """Mask of the rows of a trail that are commands."""
    return np.asarray(trail["kind"] == EventKind.COMMAND)


def told(row: np.void, subject: Subject) -> tuple[str, str]:
    """Who did it, and what, with its cause."""
    if row["kind"] == EventKind.COMMAND:
        return "you", _asked_words(row, subject.listed)
    kind = ReportType(int(row["report"]))
    if kind > ReportType.HELD or subject.listed is None:
        return "engine", telling.words(row, subject)[1]
    return _who(kind, row), _what(kind, row, subject.listed, subject.currency)


def _time(rows: np.ndarray, i: int) -> int:
    """Time of a row; of a command beside another clock's that of the report after."""
    ts = int(rows["ts_received"][i])
    reports = rows["ts_received"][~is_asked(rows)]
    if not is_asked(rows)[i] or not len(reports) or abs(ts - reports[0]) < _FARTHEST_NS:
        return ts
    later = rows["ts_received"][i:][~is_asked(rows[i:])]
    return int(later[0] if len(later) else reports[-1])


def _asked_words(row: np.void, listed: Listed | None) -> str:
    action = Action(int(row["last_quantity"]))
    if action is Action.CANCEL:
        return "asked to cancel it"
    if action is Action.REPLACE and listed is not None:
        text, words = listed.text, []
        for name, title in (("price", "price"), ("stop_price", "stop")):
            price = text.price(int(row[name]))
            words += [f"{title} {price}"] if price != formatting.DASH else []
        if row["quantity"]:
            words.append(f"quantity {text.quantity(int(row['quantity']))}")
        return f"asked for {', '.join(words)}"
    if action is Action.NEW and listed is not None:
        return f"asked for {order_text(row, listed)}"
    return f"asked: {formatting.words(action.name)}"


_WORDS: Final = {
    ReportType.PENDING_NEW: "let it pass",
    ReportType.NEW: "accepted it",
    ReportType.PENDING_CANCEL: "passed the cancel on",
    ReportType.PENDING_REPLACE: "passed the change on",
    ReportType.TRIGGERED: "its stop was triggered",
    ReportType.REPLACED: "changed it",
}
_OF_GATE: Final = (
    ReportType.PENDING_NEW,
    ReportType.PENDING_CANCEL,
    ReportType.PENDING_REPLACE,
    ReportType.HELD,
)


def _is_gate(kind: ReportType, report: np.void) -> bool:
    # What the gate says by itself has one time, the venue's word two.
    return kind in _OF_GATE or report["ts_venue"] == report["ts_received"]


def _who(kind: ReportType, report: np.void) -> str:
    return "gate" if _is_gate(kind, report) else "venue"


def _what(kind: ReportType, report: np.void, listed: Listed, currency: str) -> str:
    text = listed.text
    if kind is ReportType.FILL:
        role = {1: ", as maker", -1: ", as taker"}.get(int(report["liquidity"]), "")
        what = (
            f"filled {text.quantity(int(report['last_quantity']))} at "
            f"{text.price(int(report['last_price']))}{role}, fee "
            f"{text.money(int(report['fee']))}, "
            f"{text.quantity(int(report['leaves']))} open"
        )
    elif kind in _WORDS:
        what = _WORDS[kind]
        if kind is ReportType.PENDING_NEW:
            what = f"let {order_text(report, listed)} pass to the venue"
        if kind is ReportType.REPLACED:
            what += f" to {order_text(report, listed)}"
        if report["reason"] not in (Reason.NONE, Reason.USER):
            what += f": {reasons.short_text(int(report['reason']))}"
    else:
        what = reasons.outcome_text(report, text, currency)
    way = int(report["ts_received"]) - int(report["ts_venue"])
    if way > 0 and not _is_gate(kind, report):
        what += f" (known {formatting.duration(way)} later)"
    return what
