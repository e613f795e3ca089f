"""Runs one scenario: its events in order of time, and what follows from each.

At one instant come, in this order: our reports, the events as listed, our requests that
arrive then at the matching venue, the clock, checkpoints. So market data of an instant
act before our orders that arrive at it (SEMANTICS 10, 11); a simulated venue keeps the
same order by itself and is only given the time.
"""

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from fractions import Fraction
from functools import partial
from typing import Any, Final

from app.engine.money import CONVERSION_SCALE
from app.engine.records import Action, EventKind, Reason, SafetyState, SessionState
from app.errors import RingsideError
from app.sessions.scenario.commands import (
    OrderNames,
    change_command,
    submit_commands,
)
from app.sessions.scenario.crowd import Crowd
from app.sessions.scenario.expect import differences
from app.sessions.scenario.instruments import currency, money
from app.sessions.scenario.market import (
    MarketEvents,
    auction_print,
    clock_record,
    is_halt,
)
from app.sessions.scenario.opening import NOBODY, begin, blank_command
from app.sessions.scenario.orders import Known
from app.sessions.scenario.reasons import reasons_of
from app.sessions.scenario.schema import Event, Fault, Scenario
from app.sessions.scenario.seen import Difference, Seen
from app.sessions.scenario.times import EPOCH, nanoseconds, timer_terms
from app.sessions.scenario.wire import MatchingVenue
from app.sessions.scenario.world import World

_ROUNDS: Final = 100
"""Round trips for which messages on their way are waited for after the last event."""
_STEPS: Final = 10_000
_RETRIES: Final = 20
_RETRY_NS: Final = 1_000_000_000
"""A flatten asks again after a pause: so long, and so often, it is waited for."""
_CONTRADICTIONS: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RingsideError,
    TypeError,
    ValueError,
)
"""What a scenario raises whose form is right and whose values are not."""
_ACTED: Final = frozenset(
    ("book", "level", "trade", "add", "delete", "reduce", "execute")
)
"""Market events that other participants act out at the matching venue."""
_MARKET: Final = frozenset(
    (
        "book",
        "level",
        "trade",
        "add",
        "delete",
        "reduce",
        "execute",
        "snapshot",
        "gap",
        "halt",
        "resume",
        "bar",
        "dividend",
        "split",
        "funding",
    )
)


class Turn(IntEnum):
    """Whose turn it is within one instant."""

    REPORT = 0
    EVENT = 1
    ARRIVAL = 2
    CLOCK = 3
    CHECKPOINT = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a scenario."""

    id: str
    rule: int | str | None
    title: str
    file: str
    differences: list[Difference] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether all was as expected."""
        return not self.differences


def run(scenario: Scenario | Fault) -> Outcome:
    """Run one scenario; a scenario of a broken form fails with what is wrong."""
    if isinstance(scenario, Fault):
        told = [Difference(f"schema: {scenario.key}", scenario.broken, str(scenario))]
        return Outcome(scenario.scenario, scenario.rule, "", str(scenario.file), told)
    found = _run(scenario)
    return Outcome(
        scenario.id, scenario.rule, scenario.title, str(scenario.file), found
    )


def _run(scenario: Scenario) -> list[Difference]:
    """Run; values that contradict each other fail the scenario, not the whole run."""
    try:
        runner = Runner(scenario)
    except _CONTRADICTIONS as error:
        return [Difference("start", "a session", _told(error))]
    try:
        return runner.run()
    except _CONTRADICTIONS as error:
        return [*runner.found, Difference("scenario", "can be run", _told(error))]


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


class Runner:
    """One scenario's world and timeline."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.world = World(scenario)
        self.names = OrderNames(scenario.events)
        self.known = Known()
        self._market = MarketEvents(self.world)
        latency = scenario.models.get("latency", {})
        self._order_latency = latency.get("order", 0)
        self._report_latency = latency.get("report", 0)
        self._queue: list[tuple[int, int, int, Callable[[], None]]] = []
        self._pushed = 0
        self.now = self.world.start
        self.found: list[Difference] = []
        self.venue = MatchingVenue(self.world) if self.world.is_external else None
        if self.venue is not None:
            self._crowd = Crowd(self.world, self.names, self.venue.known)
        begin(self.world, scenario)
        self.known.hear(self.world.events.drain())
        self._cash = [self._cash_of(i) for i in range(len(self.world.instruments))]

    def _cash_of(self, instrument: int) -> Fraction:
        row = self.world.position(instrument)
        return currency(int(row["cash"]) - int(row["fees"]))

    def run(self) -> list[Difference]:
        """Run all events; return what differed from what was expected."""
        self._plan()
        if self.venue is not None:
            self.now = max(self.now, self._first())
            self.venue.hold(self.world)
            for record in self.venue.open_books(self._first()):
                self.world.fold(record)
            self._carry()
        self._drain()
        self._finish()
        self._compare(self.scenario.expect, "")
        return self.found

    def _first(self) -> int:
        return self._queue[0][0] - 1 if self._queue else EPOCH

    def _plan(self) -> None:
        for event in self.scenario.events:
            time = nanoseconds(event["t"])
            self._push(time, Turn.EVENT, partial(self._act, event))
            self._push(time, Turn.CLOCK, self._tick)
            if event["type"] == "halt" and "until" in event and is_halt(event):
                resumes = {**event, "type": "resume", "t": event["until"]}
                ends = nanoseconds(event["until"])
                self._push(ends, Turn.EVENT, partial(self._act, resumes))
                self._push(ends, Turn.CLOCK, self._tick)
        points = self.scenario.expect.get("at", {})
        rows = points.items() if isinstance(points, Mapping) else enumerate(points)
        for key, expected in rows:
            at = expected.get("t", key) if isinstance(expected, Mapping) else key
            at = int(at) if str(at).lstrip("-").isdigit() else at
            time = nanoseconds(at)
            self._push(time, Turn.CLOCK, self._tick)
            check = {name: each for name, each in expected.items() if name != "t"}
            self._push(
                time,
                Turn.CHECKPOINT,
                partial(self._compare, check, f"at {at}: "),
            )

    def _push(self, time: int, turn: Turn, act: Callable[[], None]) -> None:
        self._pushed += 1
        heapq.heappush(self._queue, (time, turn, self._pushed, act))

    # Time.

    def _tick(self) -> None:
        """Let the clock reach the end of this instant."""
        self._fold(clock_record(self.now))
        if self.venue is not None:
            self._deliver(*self.venue.pass_time(self.now))
        self._settle(self.now)

    def _let_pass(self, until: int) -> None:
        """Let happen what is due before a time."""
        self._settle(until - 1)

    def _settle(self, until: int) -> None:
        """Let happen what the simulated venue has due up to a time."""
        for _ in range(_STEPS):
            due = self.world.due()
            if due == 0 or due > until:
                return
            self.now = max(self.now, due)
            self._fold(clock_record(self.now))

    def _finish(self) -> None:
        """Wait for messages on their way, and for a flatten that is under way."""
        trip = self._order_latency + self._report_latency
        self._settle(self.now + _ROUNDS * trip)
        for _ in range(_RETRIES):
            if not self.world.is_flattening:
                break
            self.now += _RETRY_NS
            self._tick()
            self._drain()
            self._settle(self.now + _ROUNDS * trip)

    def _drain(self) -> None:
        """Let everything happen that is planned, in order of time."""
        while self._queue:
            time, turn, _, act = heapq.heappop(self._queue)
            if turn != Turn.CHECKPOINT:
                self._let_pass(time)
            self.now = max(self.now, time)
            act()

    # Records in, messages out.

    def _fold(self, record: Any) -> None:
        self.world.fold(record)
        self._carry()

    def _carry(self) -> None:
        """Take what the engine told and sent."""
        self.known.hear(self.world.events.drain())
        if self.venue is None:
            return
        for command in self.world.commands.drain():
            one = command.reshape(1)
            own = command["action"] == Action.SET_SESSION
            if self._order_latency == 0 or own:
                self._match(one)
            else:
                self._push(
                    self.now + self._order_latency,
                    Turn.ARRIVAL,
                    partial(self._match, one),
                )

    def _match(self, command: Any) -> None:
        """Let the matching venue act on a command now."""
        assert self.venue is not None
        self._deliver(*self.venue.match(command, self.now))

    def _deliver(self, market: Any, ours: Any) -> None:
        """Bring what the matching venue told to us."""
        ours["ts_received"] = self.now + self._report_latency
        for report in ours:
            one = report.reshape(1)
            if self._report_latency == 0:
                self.world.fold(one)
            else:
                self._push(
                    self.now + self._report_latency,
                    Turn.REPORT,
                    partial(self._fold, one),
                )
        for record in market:
            self.world.fold(record.reshape(1))
        self._carry()

    # Events.

    def _act(self, event: Event) -> None:
        kind = event["type"]
        if self.venue is not None and kind in _ACTED:
            for command in self._crowd.commands(event):
                self._send(command)
        elif self.venue is not None and kind in ("halt", "resume"):
            self._halt_matching(event)
        elif kind in _MARKET:
            for record in self._market.records(event):
                self._fold(record)
        else:
            getattr(self, f"_{kind}")(event)

    def _halt_matching(self, event: Event) -> None:
        """Halt the matching venue itself, or let it resume by auction (26)."""
        state = SessionState.HALTED if is_halt(event) else SessionState.OPEN
        instrument = self.world.instrument(event.get("instrument"))
        command = blank_command(Action.SET_SESSION, instrument)
        command["value"] = state
        command["ts_venue"] = command["ts_received"] = self.now
        self._match(command)

    def _send(self, command: Any) -> None:
        """Give a command to the gate, or another participant's to the venue."""
        command["ts_venue"] = command["ts_received"] = self.now
        if command["account"][0] == 0:
            self._fold(command)
        else:
            self._match(command)

    def _submit(self, event: Event) -> None:
        for command in submit_commands(self.world, self.names, event):
            self._send(command)

    def _cancel(self, event: Event) -> None:
        self._send(change_command(self.world, self.names, event, Action.CANCEL))

    def _replace(self, event: Event) -> None:
        self._send(change_command(self.world, self.names, event, Action.REPLACE))

    def _foreign_order(self, event: Event) -> None:
        """An order of our account that went to the venue without us."""
        source = {"kind": "limit" if "price" in event else "market", **event}
        name = source.setdefault("id", f"foreign {self._pushed}")
        assert name
        if self.venue is None:
            (command,) = submit_commands(self.world, self.names, source)
            command["ts_venue"] = command["ts_received"] = self.now
            self.world.submit_foreign(command)
            self._carry()
            return
        for command in submit_commands(self.world, self.names, source):
            command["account"] = 0
            command["ts_venue"] = command["ts_received"] = self.now
            self._match(command)

    def _order(self, action: Action, instrument: int = -1, **values: int) -> None:
        command = blank_command(action, instrument)
        for name, value in values.items():
            command[name] = value
        self._send(command)

    def _set_state(self, event: Event) -> None:
        self._order(Action.SET_STATE, value=SafetyState[event["state"].upper()])

    def _kill(self, event: Event) -> None:
        self._order(Action.KILL, value=int(event.get("flatten", False)))

    def _stop_strategy(self, event: Event) -> None:
        number = self.world.strategies[event["strategy"]]
        self._order(Action.STOP_STRATEGY, strategy=number)

    def _strategy_raises(self, event: Event) -> None:
        self.world.raising.add(self.world.strategies[event["strategy"]])
        self._fold(clock_record(self.now, EventKind.SIGNAL))

    def _clock(self, event: Event) -> None:
        self._fold(clock_record(nanoseconds(event["t"])))

    def _set_timer(self, event: Event) -> None:
        """Set a timer as a strategy would: the one that is named, or one of our own."""
        number = self.world.strategies[event.get("strategy", NOBODY)]
        name = str(event.get("id", f"timer {len(self.world.timer_names) + 1}"))
        self.world.timer_names.append(name)
        instrument = self.world.instrument(event.get("instrument"))
        self._fold(clock_record(self.now))
        ns, flags = timer_terms(event, self.now, self.world.zone(instrument))
        terms = len(self.world.timer_names), instrument, ns, flags
        if self.world.set_timer(number, terms) == 0:
            told = "never: no calendar knows such an instant"
            self.found.append(Difference(f"timer {name}", dict(event), told))

    def _ask_trade_date(self, event: Event) -> None:
        self._fold(clock_record(self.now))
        instrument = self.world.instrument(event.get("instrument"))
        self.world.trade_dates.append((event.get("id"), self.world.date(instrument)))

    def _book_pnl(self, event: Event) -> None:
        number = self.world.strategies.get(event.get("strategy", ""), 0)
        instrument = self.world.instrument(event.get("instrument"))
        amount = money(event.get("amount", 0))
        self._order(Action.BOOK_PNL, instrument, strategy=number, value=amount)

    def _set_rate(self, event: Event) -> None:
        """A rate to the base currency, from now on."""
        rate = round(Fraction(str(event["rate"])) * CONVERSION_SCALE)
        for number, each in enumerate(self.world.instruments):
            if each.currency == event["currency"]:
                self._order(Action.SET_CONVERSION, number, value=rate)

    def _mark(self, event: Event) -> None:
        """Let the mark become a price: as settlement, else by an auction's print.

        Such a print fills nobody. Where a two-sided book says otherwise the mark is its
        mid (SEMANTICS 44), and that is told.
        """
        instrument = self.world.instrument(event.get("instrument"))
        price = event["price"]
        self._order(Action.SET_MARK, instrument, price=price)
        if not self._is_marked(instrument, price):
            self._fold(auction_print(self.now, instrument, price))
        if not self._is_marked(instrument, price):
            told = "the mid: the book is two-sided"
            self.found.append(Difference("mark", price, told))

    def _is_marked(self, instrument: int, price: int) -> bool:
        doubled = self.world.position(instrument)["mark_doubled"]
        return bool(doubled == 2 * price)

    def _import_bar(self, event: Event) -> None:
        """A bar that an importer moved to its close comes when that is."""
        for record in self._market.records(event):
            close = int(record["ts_venue"][0])
            self._push(close, Turn.EVENT, partial(self._fold, record))
            self._push(close, Turn.CLOCK, self._tick)

    # What is seen.

    def _compare(self, expected: Mapping[str, Any], where: str) -> None:
        seen = Seen(self.world, self.names, self.known, self.venue, self._cash)
        for each in differences(expected, seen):
            self.found.append(Difference(where + each.field, each.expected, each.found))
        if not where:
            self._own_up(expected.get("orders", {}))

    def _own_up(self, orders: Mapping[str, Any]) -> None:
        """Say which orders were refused because what they ask for is not built."""
        for number in self.known.unsupported:
            name = self.names.name_of(number)
            hint = str(orders.get(name, {}).get("reason", ""))
            if Reason.UNSUPPORTED not in reasons_of(hint):
                told = f"not built: what {name} asks for at this venue"
                self.found.append(Difference(f"orders.{name}", "supported", told))
