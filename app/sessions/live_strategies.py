"""Strategies of a session that runs: added, started, paused, stopped, changed.

What takes long (loading, compiling, warming up) happens on the caller's thread, which
must be neither the window's nor the engine's; only what changes the engine's structure
runs on the engine's, between two events. Starting, pausing and stopping are commands,
so they stand in the log. What the window reads, it reads from the arena as it runs.

A strategy's number is never given to another one in the same session: the log, the
blotters and its profit and loss go by it.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from app.clock import SystemClock
from app.engine.arena import Arena, Section
from app.engine.bars import BarKind, build_bars
from app.engine.control import Control
from app.engine.records import COMMAND, NO_PRICE, Action, EventKind
from app.engine.state import MAX_STRATEGIES
from app.engine.strategy import PAUSE, Handler, StrategyState
from app.errors import StrategyError
from app.sessions.failures import Failure, Moment, failure_of
from app.sessions.hanging import (
    Carried,
    Place,
    Ready,
    give_capital,
    hang_ready,
    make_ready,
    memory_of,
    open_memory,
    rehang_ready,
    strategy_named,
)
from app.sessions.notes import NoteReader, Notes
from app.sessions.warm_up import past_bars, try_python, warm
from app.strategies.loader import try_out
from app.strategies.strategy import Strategy, parameters_of, title_of

if TYPE_CHECKING:
    from app.sessions.composition import PaperEngine

NOTES_KEPT: Final = 1 << 12
"""Notes of a strategy between two looks of the window."""
MINUTE_NS: Final = 60_000_000_000
_PATIENCE_NS: Final = 100_000_000
"""How long the loops of one call may take where a strategy runs as Python."""
_KEPT_BYTES: Final = 1 << 14
"""A memory up to so large is kept before each call: about 100 ns a kilobyte."""
_CHANGE_S: Final = 10.0
_CLOCK: Final = SystemClock()
_ENDED: Final = (StrategyState.LOADED, StrategyState.STOPPED, StrategyState.FAILED)
FILE: Final = "strategies.jsonl"
"""Beside a log: what was hung in the session's engine, and when; a line each."""


@dataclass(frozen=True)
class LiveTerms:
    """What a strategy is added with.

    Attributes
    ----------
    source : str
        Title or class, ``FILE.py`` or ``FILE.py:Class``.
    symbols : tuple of str
        Instruments that it follows; none: all of the session's.
    parameters : mapping
    allocation : Decimal
        Share of the session's capital, above 0 and at most 1.
    bar_ns : int
        How long its bars last; they are built of the market's trades.
    seed : int
        Of its random numbers.
    interpreted : bool
        Run it as Python.
    """

    source: str
    symbols: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    allocation: Decimal = Decimal(1)
    bar_ns: int = MINUTE_NS
    seed: int = 1
    interpreted: bool = False


@dataclass
class LiveStrategy:
    """A strategy of a session.

    Attributes
    ----------
    number : int
    terms : LiveTerms
    ready : Ready
    reader, notes
        What it logs and plots.
    bar_ns : int
        How long the bars last that are built for it; 0 = it takes none, or the feed's.
    warmed : str
        What it was warmed up with, in words; "" before its first start.
    carried : Carried or None
        What its last reload kept.
    failure : Failure or None
        Why it failed, once `explain` has found out.
    """

    number: int
    terms: LiveTerms
    ready: Ready
    reader: NoteReader
    notes: Notes
    bar_ns: int
    warmed: str = ""
    carried: Carried | None = None
    failure: Failure | None = None

    @property
    def title(self) -> str:
        """Its name to people."""
        return title_of(self.ready.cls)

    @property
    def file(self) -> str:
        """Where its source stands."""
        return self.ready.runnable.program.file

    def take_notes(self) -> None:
        """Keep what it has noted since the last call."""
        self.notes.add(self.reader.read(), self.ready.runnable.program.notes)


class LiveStrategies:
    """The strategies of one paper session.

    Parameters
    ----------
    engine : PaperEngine
    capital : int
        Of the session, money in the base currency.
    folders : sequence of Path
        Of the user's strategies.
    catalog : Path
        Where past bars may be found.
    """

    def __init__(
        self,
        engine: "PaperEngine",
        capital: int,
        folders: Sequence[Path],
        catalog: Path,
    ) -> None:
        self._engine, self._capital = engine, capital
        self._folders, self._catalog = tuple(folders), catalog
        self._names = [each.name for each in engine.instruments]
        self._built: dict[tuple[int, int], int] = {}
        # Machine code and callbacks that the engine may hold an address of.
        self._kept: list[Ready] = []
        self._turn = threading.Lock()
        # Two words by strategy, for the engine: see Control.HANDLER_MEMORY.
        self._before = np.zeros((MAX_STRATEGIES, 2), np.int64)
        self._befores: dict[int, NDArray[np.uint8]] = {}
        self.control[Control.HANDLER_MEMORY] = self._before.ctypes.data
        self.loaded: dict[int, LiveStrategy] = {}

    @property
    def arena(self) -> Arena:
        """The engine's, to be read as it runs."""
        return self._engine.arena

    @property
    def control(self) -> Any:
        """The control block of the engine's loop, to be read as it runs."""
        return self._engine.thread.control

    def state(self, number: int) -> StrategyState:
        """Where a strategy stands now."""
        return StrategyState(
            int(self.arena.records(Section.STRATEGIES)[number]["state"])
        )

    # What takes long: not on the window's thread.

    def add(self, terms: LiveTerms) -> LiveStrategy:
        """Load a strategy, compile it and hang it in the engine; it does not run yet.

        Raises
        ------
        StrategyError
            If it cannot run, or there is no room for it.
        """
        with self._turn:
            _try_out(terms.source)
            cls = strategy_named(terms.source, self._folders)
            ready = self._make(cls, terms, terms.parameters)
            bar_ns = self._bar_ns(ready, terms)
            self._rehearse(ready)
            number = self._change(lambda: self._hang(ready, terms, bar_ns))
            made = LiveStrategy(
                number, terms, ready, NoteReader(self.arena, number), Notes(), bar_ns
            )
            self._kept.append(ready)
            self.loaded[number] = made
            self._write("added", made)
            return made

    def start(self, number: int) -> None:
        """Let a strategy run: on from a pause, else afresh, warmed up.

        Raises
        ------
        StrategyError
            If it fails while it warms up, or the engine takes no commands.
        """
        with self._turn:
            live, state = self.loaded[number], self.state(number)
            if state in _ENDED:
                self._renew(live)
            if state is not StrategyState.RUNNING:
                self._send(Action.START_STRATEGY, number)

    def reload(
        self, number: int, parameters: Mapping[str, Any] | None = None
    ) -> Carried:
        """Read a strategy's file again, or give it other parameters; not while it runs.

        Paused, it keeps its state where names, kinds and sizes agree.

        Parameters
        ----------
        parameters : mapping, optional
            Its file is not read again then.

        Raises
        ------
        StrategyError
            If it runs, or the new version cannot.
        """
        with self._turn:
            live = self.loaded[number]
            self._refuse_running(live)
            if parameters is None:
                cls = self._again(live)
                ready = self._make(cls, live.terms, _known(cls, live.ready.values))
            else:
                old = live.ready
                place = self._place(live.terms)
                ready = make_ready(old.cls, parameters, place, old.runnable)
            self._rehearse(ready)
            carried: Carried = self._change(lambda: self._rehang(live, ready))
            self._kept.append(ready)
            live.take_notes()
            live.ready, live.carried, live.failure = ready, carried, None
            live.reader.restart()
            self._write("reloaded", live)
            return carried

    def explain(self, number: int) -> Failure:
        """Find out why a strategy failed: its line and traceback."""
        live = self.loaded[number]
        program, errors = live.ready.runnable.program, live.ready.runnable.errors
        before = self._befores.get(number)
        moment = Moment.of(self.arena, number, before, self._change)
        live.failure = failure_of(moment, program, errors[-1] if errors else None)
        return live.failure

    def remove(self, number: int) -> None:
        """Take a strategy out; it must have ended, and hold and want nothing.

        Raises
        ------
        StrategyError
            If that is not so.
        """
        with self._turn:
            live = self.loaded[number]
            self._refuse_running(live)
            if self.state(number) is StrategyState.PAUSED:
                raise StrategyError(f"{live.title} is paused: stop it first")
            self._change(lambda: self._unhang(live))
            del self.loaded[number]
            self._write("removed", live)

    # Commands: from any thread.

    def pause(self, number: int) -> None:
        """Let none of its handlers run; entries are cancelled, its memory stays.

        Raises
        ------
        StrategyError
            If the engine takes no commands.
        """
        self._send(Action.STOP_STRATEGY, number, value=PAUSE)

    def stop(self, number: int, *, flatten: bool = False) -> None:
        """End a strategy's run: entries are cancelled, exits kept (SEMANTICS 54).

        Parameters
        ----------
        flatten : bool
            Close what it holds; else it is kept, unmanaged.

        Raises
        ------
        StrategyError
            If the engine takes no commands.
        """
        self._send(Action.STOP_STRATEGY, number)
        if flatten:
            self._send(Action.FLATTEN, number)

    def _send(self, action: Action, number: int, value: int = 0) -> None:
        command = np.zeros(1, COMMAND)
        command["kind"], command["action"] = EventKind.COMMAND, action
        command["instrument"], command["strategy"] = -1, number
        command["price"] = command["stop_price"] = NO_PRICE
        command["protection_ticks"], command["value"] = -1, value
        if not self._engine.submit(command):
            raise StrategyError("the engine takes no commands just now; try again")

    # Pieces.

    def _place(self, terms: LiveTerms) -> Place:
        if not 0 < terms.allocation <= 1:
            raise StrategyError(
                f"allocation must be above 0 and at most 1, was {terms.allocation}"
            )
        return Place(
            self._names,
            terms.symbols,
            float(terms.allocation),
            terms.seed,
            NOTES_KEPT,
            terms.interpreted,
            _PATIENCE_NS,
        )

    def _make(
        self, cls: type[Strategy], terms: LiveTerms, parameters: Mapping[str, Any]
    ) -> Ready:
        return make_ready(cls, parameters, self._place(terms))

    def _again(self, live: LiveStrategy) -> type[Strategy]:
        """The class as its file has it now."""
        name = f"{live.file}:{live.ready.cls.__qualname__}"
        _try_out(name)
        return strategy_named(name, (), again=True)

    def _bar_ns(self, ready: Ready, terms: LiveTerms) -> int:
        handlers = ready.runnable.handlers
        if Handler.ON_BAR not in handlers and Handler.ON_BARS not in handlers:
            return 0
        if all(self._engine.basis(each) == "bars" for each in ready.followed):
            return 0
        if terms.bar_ns < 1:
            raise StrategyError(f"bars must last 1 ns or more, was {terms.bar_ns}")
        return terms.bar_ns

    def _change(self, action: Callable[[], Any]) -> Any:
        """Change the engine's structure, on its thread, and wait for it."""
        return self._engine.thread.change(action).result(_CHANGE_S)

    def _hang(self, ready: Ready, terms: LiveTerms, bar_ns: int) -> int:
        arena = self.arena
        number = hang_ready(arena, self._engine.links, ready)
        give_capital(arena, number, int(self._capital * terms.allocation))
        row = arena.records(Section.STRATEGIES)[number]
        now = int(arena.records(Section.ENGINE)[0]["now"])
        row["bars"] = bar_ns
        for instrument in ready.followed if bar_ns else ():
            if (instrument, bar_ns) not in self._built:
                build_bars(arena, instrument, bar_ns, BarKind.TIME)
                self._built[instrument, bar_ns] = now
            begun = self._built[instrument, bar_ns]
            row["bars_from"] = max(int(row["bars_from"]), begun)
        self._keep_before(number, ready)
        return number

    def _keep_before(self, number: int, ready: Ready) -> None:
        """Have a strategy's memory kept before each call, where it is small."""
        size = ready.memory.state_bytes
        self._before[number] = 0
        self._befores.pop(number, None)
        if size <= _KEPT_BYTES:
            kept = self._befores[number] = np.zeros(size, np.uint8)
            self._before[number] = kept.ctypes.data, size

    def _rehang(self, live: LiveStrategy, ready: Ready) -> Carried:
        self._refuse_running(live)
        row = self.arena.records(Section.STRATEGIES)[live.number]
        is_paused = row["state"] == StrategyState.PAUSED
        before = live.ready if is_paused else None
        links = self._engine.links
        carried = rehang_ready(self.arena, links, live.number, ready, before)
        self._keep_before(live.number, ready)
        if not is_paused:
            row["state"] = StrategyState.LOADED
        return carried

    def _unhang(self, live: LiveStrategy) -> None:
        arena, number = self.arena, live.number
        every = len(self._names)
        held = arena.records(Section.POSITIONS)[number * every : (number + 1) * every]
        orders = arena.records(Section.ORDERS)[: arena.used(Section.ORDERS)]
        working = (orders["strategy"] == number) & (orders["leaves"] > 0)
        if held["quantity"].any() or working.any():
            raise StrategyError(
                f"{live.title} still holds a position or has orders working: "
                "flatten it first"
            )
        row = arena.records(Section.STRATEGIES)[number]
        row["state"], row["handlers"] = StrategyState.EMPTY, 0

    def _refuse_running(self, live: LiveStrategy) -> None:
        if self.state(live.number) is StrategyState.RUNNING:
            raise StrategyError(f"{live.title} runs: pause or stop it first")

    def _rehearse(self, ready: Ready) -> None:
        """Hang what runs as Python in a copy first, and call it there.

        What it calls of the engine is compiled then, which takes seconds: on this
        thread, and not on the engine's, which would stand still.
        """
        if not ready.runnable.is_compiled:
            copy = self._copy(0)
            number = hang_ready(copy, self._engine.links.copy(), ready)
            try_python(copy, number, ready)

    def _copy(self, number: int) -> Arena:
        """Copy the engine's arena as it stands between two events."""
        return Moment.of(self.arena, number, between=self._change).arena()

    def _renew(self, live: LiveStrategy) -> None:
        """Give a strategy a fresh memory, warmed up with past bars."""
        ready, number = live.ready, live.number
        fresh = None
        live.warmed = ""
        if live.bar_ns:
            now = int(self.arena.records(Section.ENGINE)[0]["now"])
            bars = past_bars(
                *(ready.followed, self._engine.instruments, live.bar_ns),
                *(self._engine.history, self._catalog, now),
            )
            if len(bars):
                copy = self._copy(number)
                warm(copy, number, ready, bars)
                fresh = memory_of(copy, number)[: ready.memory.size].copy()
            live.warmed = (
                f"warmed up with {len(bars):,} bars"
                if len(bars)
                else "no past bars: it warms up as they come"
            )
        self._change(lambda: self._put(number, ready, fresh))
        live.notes, live.failure, live.carried = Notes(), None, None
        live.reader.restart()

    def _put(self, number: int, ready: Ready, fresh: Any) -> None:
        if fresh is None:
            open_memory(self.arena, number, ready)
        else:
            memory_of(self.arena, number)[: len(fresh)] = fresh

    def _write(self, what: str, live: LiveStrategy) -> None:
        """Note a change of the engine's structure beside its log."""
        try:
            digest = hashlib.sha256(Path(live.file).read_bytes()).hexdigest()
        except OSError:
            digest = ""
        session = self.arena.records(Section.ENGINE)[0]
        line = {
            "ts": _CLOCK.wall_ns(),
            "event": int(session["event"]),
            "what": what,
            "number": live.number,
            "title": live.title,
            "file": live.file,
            "sha256": digest,
            "parameters": live.ready.values,
            "instruments": [self._names[each] for each in live.ready.followed],
            "allocation": str(live.terms.allocation),
            "bar_ns": live.bar_ns,
            "seed": live.terms.seed,
            "compiled": live.ready.runnable.is_compiled,
        }
        with (self._engine.log.directory / FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _try_out(source: str) -> None:
    """Load a file in a process of its own first: what does not end there is refused."""
    file, _, _ = source.partition(".py:")
    path = Path(file if file.endswith(".py") else f"{file}.py")
    if ".py" in source and path.is_file():
        try_out(path)


def _known(cls: type[Strategy], values: Mapping[str, float]) -> dict[str, float]:
    """Values of the parameters that another version has as well, and can take."""
    known = {}
    for name, each in parameters_of(cls).items():
        if name in values:
            try:
                known[name] = each.checked(values[name], title_of(cls))
            except StrategyError:
                continue
    return known
