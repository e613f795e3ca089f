"""The window's side of a session's strategies: their jobs, readings, notes, failures.

It stands beside the panels, so that notes are kept and failures told whether a panel
shows them or not. Loading, compiling and warming up are jobs on a thread of its own;
what a strategy does is read five times a second, without the engine's help.
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.engine.strategy import StrategyState
from app.errors import RingsideError
from app.sessions.failures import Failure
from app.sessions.live_strategies import LiveStrategies, LiveStrategy, LiveTerms
from app.sessions.strategy_reading import read
from app.strategies import compiling
from app.strategies.compiling import Compiling, keep_compiler
from app.ui.bridge import Bridge
from app.ui.jobs import JobCancelled, Jobs
from app.ui.models.messages import Level
from app.ui.models.strategies import Watched, carried_text

_log = logging.getLogger("app.ui")


class StrategyWatch(QObject):
    """The strategies of the session that is shown.

    Attributes
    ----------
    watched : dict of number to Watched
    loading : str
        What is being added, in words; "" = nothing.
    compiling : Compiling or None
        The strategy that is being compiled, which `cancel_compile` ends.

    Signals
    -------
    changed()
        Strategies came or went, or something is being done to one.
    pulsed()
        Readings are newer; five times a second while there are any.
    failed(str)
        Something that was asked for could not be done.
    """

    changed = Signal()
    pulsed = Signal()
    failed = Signal(str)
    _compiling_told = Signal(object)

    def __init__(self, bridge: Bridge, folder: Path) -> None:
        super().__init__()
        self._bridge, self.folder = bridge, folder
        self._jobs = Jobs()
        self.watched: dict[int, Watched] = {}
        self.loading = ""
        self.compiling: Compiling | None = None
        self._is_unwanted = threading.Event()
        self._asked = 0
        self._waiting: dict[int, tuple[LiveStrategies, Callable[[Any], None], int]] = {}
        bridge.pulsed.connect(self._on_pulse)
        bridge.session_changed.connect(self._forget)
        self._compiling_told.connect(self._on_compiling)

    @property
    def strategies(self) -> LiveStrategies | None:
        """Those of the session; None where it has none, or is not ready."""
        session = self._bridge.session
        return None if session is None else session.strategies

    def close(self) -> None:
        """End the thread, and what is being compiled on it."""
        self._is_unwanted.set()
        self._jobs.close()

    # What can be asked for.

    def expect(self) -> None:
        """Have the compiler loaded: a strategy may be added soon."""
        keep_compiler()

    def add(self, terms: LiveTerms, *, start: bool = False) -> None:
        """Add a strategy, and start it if wanted."""
        strategies = self.strategies
        if strategies is None:
            self._on_failed(RingsideError(self._bridge.unready() or "no session"), "")
            return
        name = Path(terms.source).name if ".py" in terms.source else terms.source
        self.loading = f"loading {name}…"

        def work() -> LiveStrategy:
            made = strategies.add(terms)
            if start:
                strategies.start(made.number)
            return made

        def done(made: LiveStrategy) -> None:
            self.loading = ""
            self._bridge.tell(f"{made.title} was added as strategy {made.number}")
            self._on_pulse()
            self.changed.emit()

        self._run(strategies, work, done)
        self.changed.emit()

    def cancel_compile(self) -> None:
        """End what is being compiled; what was asked for with it is not done."""
        self._is_unwanted.set()

    def start(self, number: int) -> None:
        """Let one run: on from a pause, else afresh and warmed up."""
        self._do(number, "starting…", lambda all_: all_.start(number))

    def pause(self, number: int) -> None:
        """Pause one."""
        self._do(number, "", lambda all_: all_.pause(number))

    def stop(self, number: int, *, flatten: bool = False) -> None:
        """Stop one; its position is kept, or closed."""
        self._do(number, "", lambda all_: all_.stop(number, flatten=flatten))

    def remove(self, number: int) -> None:
        """Take one out of the session."""
        self._do(number, "", lambda all_: all_.remove(number))

    def reload(self, number: int, parameters: dict[str, Any] | None = None) -> None:
        """Read one's file again, or give it other parameters."""

        def told(_: Any) -> None:
            self._bridge.tell(carried_text(self.watched[number].live))

        self._do(number, "loading…", lambda all_: all_.reload(number, parameters), told)

    # Pieces.

    def _do(
        self,
        number: int,
        busy: str,
        work: Callable[[LiveStrategies], Any],
        then: Callable[[Any], None] | None = None,
    ) -> None:
        strategies, watched = self.strategies, self.watched.get(number)
        if strategies is None or watched is None or watched.busy:
            return
        watched.busy = busy

        def done(result: Any) -> None:
            watched.busy = ""
            if then is not None:
                then(result)
            self._on_pulse()
            self.changed.emit()

        self._run(strategies, lambda: work(strategies), done, number)
        self.changed.emit()

    def _run(
        self,
        strategies: LiveStrategies,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        number: int = 0,
    ) -> None:
        """Run a job; its end is of no interest once another session is shown."""
        self._asked += 1
        token = self._asked
        self._waiting[token] = strategies, done, number

        def told(what: Compiling | None) -> None:
            if self._is_unwanted.is_set():
                raise JobCancelled
            self._compiling_told.emit(what)

        def job() -> tuple[int, Any, BaseException | None]:
            try:
                with compiling.watched(told):
                    return token, work(), None
            except (RingsideError, JobCancelled) as error:
                return token, None, error
            except Exception as error:  # noqa: BLE001 - told with whose it is
                _log.exception("a strategy's job failed")
                return token, None, error

        # Bound methods of this object: they run on its thread, the window's.
        self._jobs.run(job, self._on_ended, self._on_lost)

    def _on_ended(self, ended: tuple[int, Any, BaseException | None]) -> None:
        token, result, error = ended
        self._is_unwanted.clear()
        self.compiling = None
        strategies, done, number = self._waiting.pop(token)
        if self.strategies is not strategies:
            return
        if error is None:
            done(result)
        else:
            self._on_failed(error, self._title(number))

    def _on_compiling(self, what: Compiling | None) -> None:
        self.compiling = what
        self.changed.emit()

    def _on_lost(self, error: BaseException) -> None:
        self._on_failed(error, "")

    def _title(self, number: int) -> str:
        watched = self.watched.get(number)
        if watched is None:
            return ""
        watched.busy = ""
        return watched.live.title

    def _on_failed(self, error: BaseException, title: str) -> None:
        self.loading = ""
        if isinstance(error, JobCancelled):
            self._bridge.tell("compiling was cancelled; nothing else has changed")
            self.changed.emit()
            return
        known = isinstance(error, RingsideError)
        words = str(error) if known else f"{type(error).__name__}: {error}"
        if title and title not in words:
            words = f"{title}: {words}"
        self._bridge.tell(words, Level.ERROR, "strategy")
        self.failed.emit(words)
        self.changed.emit()

    def _forget(self) -> None:
        self.watched, self.loading = {}, ""
        self.changed.emit()

    def _on_pulse(self) -> None:
        strategies = self.strategies
        if strategies is None or not (strategies.loaded or self.watched):
            return
        loaded = dict(strategies.loaded)
        now, control = self._bridge.clock.monotonic_ns(), strategies.control
        is_other = loaded.keys() != self.watched.keys()
        for number in self.watched.keys() - loaded.keys():
            del self.watched[number]
        for number, live in loaded.items():
            reading = read(strategies.arena, control, live)
            if number not in self.watched:
                self.watched[number] = Watched(live, reading)
            watched = self.watched[number]
            was = watched.state
            watched.take(now, reading)
            live.take_notes()
            if reading.state is StrategyState.FAILED and live.failure is None:
                self._explain(watched)
            is_other = is_other or was is not reading.state
        if is_other:
            self.changed.emit()
        self.pulsed.emit()

    def _explain(self, watched: Watched) -> None:
        """Find out why one failed, and tell."""
        if watched.busy:
            return

        def told(failure: Failure) -> None:
            self._bridge.tell(failure.message, Level.ERROR, "strategy")

        number = watched.live.number
        self._do(
            number, "looking for the line…", lambda all_: all_.explain(number), told
        )
