"""The life of each order: what was asked, what came back, when, by whom and why.

Its way from the click to the screen is measured in stages, by the stamps that records
bear: the click (the command leaves the window), the gate (the engine took it and let it
pass), the venue (it accepted), the acknowledgement (the engine has that answer), the
paint (the frame that shows it). All are of the wall clock; where a session runs on its
recording's own time, only the stages between the gate and the answer are known.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np

from app.engine.records import REPORT, Action, Reason, ReportType
from app.engine.views import HISTOGRAM_BUCKETS
from app.ui import formatting, reasons
from app.ui.models.latency import ANSWERS, bucket
from app.ui.models.market import Listed
from app.ui.models.order_text import order_text
from app.ui.models.records import RecordStore

STAGES: Final = (
    "click → gate",
    "gate → venue",
    "venue → answer",
    "answer → painted",
    "click → painted",
)
KEPT: Final = 20_000
_MOST_ORDERS: Final = 2_048
_FARTHEST_NS: Final = 60_000_000_000
"""A longer stage is two clocks, not a way."""


@dataclass(slots=True)
class Way:
    """Stamps of one order's first way, wall clock in ns; 0 = not yet."""

    click: int
    gate: int = 0
    venue: int = 0
    answer: int = 0
    painted: int = 0
    place: int = 0
    """Number of the report that answered."""

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


@dataclass(slots=True)
class _Asked:
    """What was asked of one order from this window."""

    # With the number of the report that came next.
    commands: list[tuple[int, np.void]] = field(default_factory=list)
    way: Way | None = None


class OrderLives:
    """Commands and reports of orders, in bounded memory, newest kept.

    Attributes
    ----------
    histograms : (len(STAGES), HISTOGRAM_BUCKETS) int64
        Counts by half octave of ns, as the engine's own histograms (`engine.views`).
    """

    def __init__(self) -> None:
        self.histograms = np.zeros((len(STAGES), HISTOGRAM_BUCKETS), np.int64)
        self._reports = RecordStore(REPORT, KEPT)
        self._asked: dict[int, _Asked] = {}
        self._awaited: dict[int, Way] = {}
        self._unpainted: list[Way] = []

    def forget(self) -> None:
        """Begin with another session."""
        self.histograms[:] = 0
        self._reports.clear()
        for each in (self._asked, self._awaited, self._unpainted):
            each.clear()

    def sent(self, commands: np.ndarray) -> None:
        """Note commands about orders; their `ts_received` is that of the gesture."""
        for command in np.atleast_1d(commands):
            order = int(command["client_order_id"])
            if not order:
                continue
            now = int(command["ts_received"])
            asked = self._asked.setdefault(order, _Asked())
            asked.commands.append((self._count, command.copy()))
            if command["action"] == Action.NEW:
                asked.way = self._awaited[order] = Way(now)
            if len(self._asked) > _MOST_ORDERS:
                oldest = next(iter(self._asked))
                del self._asked[oldest]
                self._awaited.pop(oldest, None)

    def take(self, reports: np.ndarray) -> None:
        """Take a frame's reports, oldest first."""
        ours = reports[(reports["client_order_id"] > 0) & _is_of_order(reports)]
        if not len(ours):
            return
        begin = self._count
        self._reports.append(ours)
        if not self._awaited:
            return
        awaited = np.isin(ours["client_order_id"], list(self._awaited))
        for i in np.flatnonzero(awaited).tolist():
            report = ours[i]
            way = self._awaited.get(int(report["client_order_id"]))
            if way is None:
                continue
            received = int(report["ts_received"])
            if report["report"] == ReportType.PENDING_NEW:
                way.gate = received
            elif ANSWERS[report["report"]]:
                way.venue, way.answer = int(report["ts_venue"]), received
                way.place = begin + i
                self._unpainted.append(way)
                del self._awaited[int(report["client_order_id"])]

    @property
    def _count(self) -> int:
        """Reports so far."""
        return self._reports.dropped + len(self._reports)

    def painted(self, now: int) -> None:
        """Count the ways that this frame's paint has ended (wall clock, ns)."""
        for way in self._unpainted:
            way.painted = now
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

    def life(self, order: int, listed: Listed, currency: str) -> list[Event]:
        """What is known of an order, in the order in which the window knew it.

        Where the session runs on a recording's time, what was asked has that of the
        report after it.
        """
        rows, first = self._reports.rows, self._reports.dropped
        at = np.flatnonzero(rows["client_order_id"] == order)
        asked = self._asked.get(order, _Asked())
        told = [
            (first + int(i), 1, _told(rows[i], listed, currency)) for i in at.tolist()
        ]
        way = asked.way
        is_mixed = bool(told) and not _is_near(asked, told[0][2].ts)
        made = list(told)
        for place, command in asked.commands:
            ts = int(command["ts_received"])
            if is_mixed:
                later = [event.ts for number, _, event in told if number >= place]
                ts = later[0] if later else told[-1][2].ts
            made.append((place, 0, Event(ts, "you", _asked_words(command, listed))))
        if way is not None and way.painted and not is_mixed:
            event = Event(way.painted, "window", "painted the first answer")
            made.append((way.place, 2, event))
        return [event for *_, event in sorted(made, key=lambda each: each[:2])]


def _is_near(asked: _Asked, ts: int) -> bool:
    """Whether a report's time and that of the first command are of one clock."""
    if not asked.commands:
        return True
    return abs(ts - int(asked.commands[0][1]["ts_received"])) < _FARTHEST_NS


def _is_of_order(reports: np.ndarray) -> np.ndarray:
    return np.asarray(reports["report"] <= ReportType.HELD)


def _asked_words(command: np.void, listed: Listed) -> str:
    action = int(command["action"])
    if action == Action.CANCEL:
        return "asked to cancel it"
    if action == Action.REPLACE:
        text, words = listed.text, []
        for name, title in (("price", "price"), ("stop_price", "stop")):
            price = text.price(int(command[name]))
            words += [f"{title} {price}"] if price != formatting.DASH else []
        if command["quantity"]:
            words.append(f"quantity {text.quantity(int(command['quantity']))}")
        return f"asked for {', '.join(words)}"
    seen = int(command["book_sequence"])
    book = f", seen in book {seen}" if seen else ""
    return f"asked for {order_text(command, listed)}{book}"


_WORDS: Final = {
    ReportType.PENDING_NEW: "let it pass, on its way to the venue",
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


def _told(report: np.void, listed: Listed, currency: str) -> Event:
    kind, text = ReportType(int(report["report"])), listed.text
    # What the gate says by itself has one time, the venue's word two.
    is_gate = kind in _OF_GATE or report["ts_venue"] == report["ts_received"]
    who = "gate" if is_gate else "venue"
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
        if kind is ReportType.REPLACED:
            what += f" to {order_text(report, listed)}"
        if report["reason"] not in (Reason.NONE, Reason.USER):
            what += f": {reasons.short_text(int(report['reason']))}"
    else:
        what = reasons.outcome_text(report, text, currency)
    if not is_gate:
        way = int(report["ts_received"]) - int(report["ts_venue"])
        what += f" ({formatting.duration(way)} before we knew)" if way > 0 else ""
    return Event(int(report["ts_received"]), who, what)
