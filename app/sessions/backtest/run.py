"""Runs a backtest on the calling thread, and gathers what came of it.

The GIL is released while records fold, so several run at once and a window lives on.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.data.catalog import Catalog
from app.engine.arena import Section
from app.engine.backtest import Outcome, fold_one, run_backtest
from app.engine.backtest_block import LANE, RUN_WORDS, WORTH, Run
from app.engine.build import build
from app.engine.control import Control
from app.engine.held import held
from app.engine.links import Link
from app.engine.records import (
    COMMAND,
    MARKET,
    NO_PRICE,
    REPORT,
    Action,
    EventKind,
    SafetyState,
)
from app.engine.state import MAX_STRATEGIES
from app.engine.strategy import Handler, Interpreted, StrategyState
from app.errors import EngineError, StrategyError
from app.sessions.backtest.composing import UNITS, Composition, Hung
from app.sessions.backtest.pages import Pages
from app.sessions.backtest.request import BacktestRequest
from app.sessions.failures import Failure, Moment, failure_of
from app.sessions.notes import NoteReader, Notes

_AGAIN_S: Final = 60.0
"""Longest run that is run again to find out why a strategy failed."""
_AGAIN_RECORDS: Final = 64
"""Records that are folded between two looks at whether it has failed."""
_TICKS_EVERY: Final = 60_000_000_000
"""Least time between two values of equity where data are finer than bars, ns."""


@dataclass(frozen=True)
class StrategyEnd:
    """How a strategy ended.

    Attributes
    ----------
    failure : str
        Why it was stopped; "" if it was not.
    is_compiled : bool
    reason : str
        Why it ran interpreted; "" if it was compiled.
    calls, requests : int
    notes : Notes
        What it logged and plotted.
    notes_lost : int
        Notes that found no room between two blocks of records.
    fault : Failure or None
        Where and why it failed.
    """

    failure: str
    is_compiled: bool
    reason: str
    calls: int
    requests: int
    notes: Notes
    notes_lost: int
    fault: Failure | None


@dataclass(frozen=True)
class Outcomes:
    """What a run left behind.

    Attributes
    ----------
    composition : Composition
        With the arena as it stood at the end.
    reports : (n,) REPORT
    worths : (m,) WORTH
    events : int
        Market records that were folded.
    seconds : float
        In the engine.
    is_whole : bool
        False if it was cancelled.
    strategies : dict of id to StrategyEnd
    """

    composition: Composition
    reports: NDArray[Any]
    worths: NDArray[Any]
    events: int
    seconds: float
    is_whole: bool
    strategies: dict[str, StrategyEnd]


class Backtest:
    """One backtest.

    Parameters
    ----------
    request : BacktestRequest
    catalog : Catalog
    folders : sequence of Path
        Of the user's strategies.
    interpreted : bool
        Whether strategies run as Python.
    """

    def __init__(
        self,
        request: BacktestRequest,
        catalog: Catalog,
        folders: Sequence[Path] = (),
        *,
        interpreted: bool = False,
    ) -> None:
        build(units=UNITS)

        def compose() -> Composition:
            return Composition(request, catalog, folders, interpreted=interpreted)

        self._take(compose(), compose)

    @classmethod
    def of(cls, composition: Composition, *, is_lent: bool = False) -> "Backtest":
        """Make one of what is composed already; its engine's units are built.

        Parameters
        ----------
        is_lent : bool
            What a run tells is good until it is renewed; see `Pages`.
        """
        backtest = cls.__new__(cls)
        backtest._take(composition, is_lent=is_lent)  # noqa: SLF001  (its own)
        return backtest

    def _take(
        self,
        composition: Composition,
        compose: Callable[[], Composition] | None = None,
        *,
        is_lent: bool = False,
    ) -> None:
        self.composition, self._compose = composition, compose
        self._block = np.zeros(RUN_WORDS, np.int64)
        self._links = composition.links.ctypes.data
        self._session = composition.arena.records(Section.ENGINE)[0]
        # Not by the arena: that of a sweep's thread is filled later, for each cell.
        self._lanes = np.zeros(len(composition.instruments), LANE)
        self._rows = composition.arena.records(Section.STRATEGIES)
        self._opening: NDArray[Any] | None = None
        self._reports = Pages(REPORT, is_lent=is_lent)
        self._worths = Pages(WORTH, is_lent=is_lent)
        self._cancelled = threading.Event()
        self.composition.links[Link.BACKTEST] = self._block.ctypes.data
        self.renew()

    def renew(self) -> None:
        """Forget a run that ended: the arena was put back, strategies hang anew."""
        self._block[:] = 0
        self._block[Run.LANES] = self._lanes.ctypes.data
        self._lanes[:] = np.zeros((), LANE)
        bars = all(basis == "bars" for basis in self.composition.data.bases)
        self._block[Run.WORTH_EVERY] = 0 if bars else _TICKS_EVERY
        self._reports.clear()
        self._worths.clear()
        arena = self.composition.arena
        self._notes = {
            each.number: (NoteReader(arena, each.number), Notes())
            for each in self.composition.strategies
        }
        self._offer()

    def cancel(self) -> None:
        """Let the run end after the record in hand; from any thread."""
        self._cancelled.set()
        self._block[Run.STOP] = 1

    def _offer(self) -> None:
        """Give the engine the newest pages."""
        block = self._block
        block[Run.REPORTS] = self._reports.page.ctypes.data
        block[Run.REPORTS_ROOM] = len(self._reports.page)
        block[Run.WORTHS] = self._worths.page.ctypes.data
        block[Run.WORTHS_ROOM] = len(self._worths.page)

    def _turn(self) -> None:
        self._reports.turn(int(self._block[Run.REPORTS_USED]))
        self._worths.turn(int(self._block[Run.WORTHS_USED]))
        self._block[[Run.REPORTS_USED, Run.WORTHS_USED]] = 0
        self._offer()

    def blocks(self) -> Iterator[NDArray[Any]]:
        """Read the data, corporate actions and signals among them, by blocks."""
        composition = self.composition
        while len(records := composition.data.read()):
            records = composition.signals.put(composition.actions.put(records))
            yield np.ascontiguousarray(records)
        if len(records := composition.signals.rest(composition.data.last_ts)):
            yield np.ascontiguousarray(records)

    def run(
        self,
        progress: Callable[[float], None] | None = None,
        blocks: Iterable[NDArray[Any]] | None = None,
    ) -> Outcomes:
        """Run to the end of the data.

        Parameters
        ----------
        progress : callable, optional
            Told the share of the records that are folded, now and then.
        blocks : iterable of (n,) MARKET, optional
            What `blocks` has read before.

        Raises
        ------
        EngineError
            If the engine halted.
        """
        self._begin()
        seconds, folded = 0.0, 0
        total = len(self.composition.data)
        for records in self.blocks() if blocks is None else blocks:
            if self._cancelled.is_set():
                break
            started = time.perf_counter()
            self._fold(records)
            seconds += time.perf_counter() - started
            folded += int(self._block[Run.NEXT])
            if progress is not None:
                progress(min(1.0, folded / total))
        self._end()
        return self._outcomes(folded, seconds)

    def _fold(self, records: NDArray[Any]) -> None:
        """Fold a block of MARKET records."""
        block = self._block
        block[Run.RECORDS] = records.ctypes.data
        block[Run.COUNT], block[Run.NEXT] = len(records), 0
        arena = self.composition.arena.address
        run = run_backtest if len(records) > 1 else held(run_backtest)
        while run(arena, self._links, 0) == Outcome.FULL:
            self._turn()
        self._read_notes()
        if self._session["halted"]:
            raise EngineError(f"the engine halted: {self._session['halt_code']}")

    def _read_notes(self) -> None:
        for each in self.composition.strategies:
            if not each.memory.has_notes:
                continue
            reader, notes = self._notes[each.number]
            notes.add(reader.read(), each.runnable.program.notes)

    def _commands(self, ts: int) -> NDArray[Any]:
        """What arms the engine and starts the strategies, before the first record."""
        numbers = [each.number for each in self.composition.strategies]
        found = np.zeros(1 + len(numbers), COMMAND)
        found["kind"], found["instrument"] = EventKind.COMMAND, -1
        found["ts_venue"] = found["ts_received"] = ts
        found["price"] = found["stop_price"] = NO_PRICE
        found["action"] = Action.START_STRATEGY
        found["strategy"][1:] = numbers
        found[0]["action"], found[0]["value"] = Action.SET_STATE, SafetyState.ARMED
        return found

    def _begin(self) -> None:
        """Arm, and start the strategies, before the first record's time."""
        ts, count = self.composition.begin_ts, len(self.composition.strategies)
        self._block[Run.WORTH_TS] = ts
        if self._opening is None or len(self._opening) != 1 + count:
            self._opening = self._commands(ts)
        arena, first = self.composition.arena.address, self._opening.ctypes.data
        fold = held(fold_one)
        for place in range(1 + count):
            fold(arena, self._links, first + place * COMMAND.itemsize)

    def _end(self) -> None:
        """Let time pass the last record, and stop the strategies."""
        self._block[Run.STOP] = 0
        self._pass_time()
        for each in self.composition.strategies:
            self._on_stop(each)
        # What they asked for at the end is folded, and the last worth written, with it.
        self._block[Run.WORTH_TS] = 0
        self._block[Run.WORTH_EVERY] = 0
        self._pass_time()

    def _pass_time(self) -> None:
        """Let time go on behind the last record, so that its bars' handlers run."""
        timer = np.zeros(1, MARKET)
        timer["kind"], timer["instrument"] = EventKind.TIMER, -1
        timer["ts_venue"] = timer["ts_received"] = int(self._session["now"]) + 1
        self._fold(timer)

    def _on_stop(self, each: Hung) -> None:
        handler = each.runnable.handlers.get(Handler.ON_STOP)
        row = self._rows[each.number]
        if handler is None or row["state"] != StrategyState.RUNNING:
            return
        run = handler.function if isinstance(handler, Interpreted) else handler
        status = run(self.composition.arena.address, each.number, 0)
        if status:
            row["state"], row["status"] = StrategyState.FAILED, status
            row["failed_handler"] = Handler.ON_STOP
            row["failed_event"] = self._session["event"]

    def _outcomes(self, events: int, seconds: float) -> Outcomes:
        if self._block[Run.LOST]:
            raise EngineError(
                f"{self._block[Run.LOST]} reports found no room: one record caused more"
            )
        return Outcomes(
            self.composition,
            self._reports.take(int(self._block[Run.REPORTS_USED])),
            self._worths.take(int(self._block[Run.WORTHS_USED])),
            events,
            seconds,
            not self._cancelled.is_set(),
            {
                each.terms.id: self._end_of(each, seconds)
                for each in self.composition.strategies
            },
        )

    def _fault(self, each: Hung, seconds: float) -> Failure:
        """Tell why a strategy failed, by a second run where the first left no trace."""
        errors, program = each.runnable.errors, each.runnable.program
        moment = Moment.of(self.composition.arena, each.number)
        fault = failure_of(moment, program, errors[-1] if errors else None)
        if fault.line or self._compose is None or seconds > _AGAIN_S:
            return fault
        # What it counted on the way has moved on: the same run again, with its
        # memory kept as it was before each call, ends at the same event.
        again = Backtest.of(self._compose()).moment_of_failure(each.number)
        return fault if again is None else failure_of(again, program)

    def moment_of_failure(self, number: int) -> Moment | None:
        """Run until a strategy fails; the session then, its memory as before the call.

        Returns
        -------
        Moment or None
            None if it does not fail before the end of the data.
        """
        control, arena = self.composition.control, self.composition.arena
        memory = self.composition.strategies[number - 1].memory
        before = np.zeros(memory.state_bytes, np.uint8)
        places = np.zeros((MAX_STRATEGIES, 2), np.int64)
        places[number] = before.ctypes.data, len(before)
        control[Control.HANDLER_MEMORY] = places.ctypes.data
        control[Control.TIME_HANDLERS] = 1
        row = arena.records(Section.STRATEGIES)[number]
        self._begin()
        for records in self.blocks():
            for first in range(0, len(records), _AGAIN_RECORDS):
                if row["state"] == StrategyState.FAILED:
                    return Moment.of(arena, number, before)
                self._fold(records[first : first + _AGAIN_RECORDS])
        self._pass_time()
        if row["state"] == StrategyState.RUNNING:
            start = int(row["state_offset"])
            states = arena.records(Section.STRATEGY_STATE)
            before[:] = states[start : start + len(before)]
            self._on_stop(self.composition.strategies[number - 1])
        is_failed = row["state"] == StrategyState.FAILED
        return Moment.of(arena, number, before) if is_failed else None

    def _end_of(self, each: Hung, seconds: float) -> StrategyEnd:
        row = self._rows[each.number]
        fault = None
        if row["state"] == StrategyState.FAILED:
            fault = self._fault(each, seconds)
        runnable = each.runnable
        reader, notes = self._notes[each.number]
        return StrategyEnd(
            fault.message if fault else "",
            runnable.is_compiled,
            runnable.reason,
            int(row["calls"]),
            int(row["requests"]),
            notes,
            reader.lost,
            fault,
        )


__all__ = ["Backtest", "Outcomes", "StrategyEnd", "StrategyError"]
