"""Backtests that the window runs: several at once, on threads that give way.

The engine folds without the GIL, and strategies are compiled in a process of its own,
so the window keeps its frames. What is written into the store comes back as a run's
name, which `Runs` opens.
"""

import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, Signal

from app.clock import SystemClock
from app.data.catalog import Catalog
from app.errors import RingsideError
from app.strategies.compiling import Compiling, keep_compiler, watched
from app.ui.jobs import Job, JobCancelled, Jobs, Report

if TYPE_CHECKING:
    from app.sessions.backtest.run import Backtest

_CLOCK: Final = SystemClock()
Keep = Callable[[Any], str]
"""Stores the outcomes of a run; the name it is stored under."""


def title_of(table: Mapping[str, Any]) -> str:
    """A request in some words: strategies and symbols."""
    names = [Path(str(each["name"])).stem for each in table["strategies"]]
    symbols = list(table["symbols"])
    more = f" and {len(symbols) - 3} more" if len(symbols) > 3 else ""
    return f"{', '.join(names)} on {', '.join(symbols[:3])}{more}"


class RunningBacktest(QObject):
    """One backtest under way.

    Signals
    -------
    changed()

    Attributes
    ----------
    title : str
    table : mapping
        Its request.
    state : str
        "waiting", "preparing", "running", "storing", "done", "failed" or "cancelled".
    words : str
        Why it failed.
    share : float
        Of the events that are folded.
    events : int
        Folded so far.
    rate : float
        Events a second.
    compiling : Compiling or None
        The strategy that is being compiled for it.
    """

    changed = Signal()

    def __init__(self, table: Mapping[str, Any]) -> None:
        super().__init__()
        self.title, self.table = title_of(table), table
        self.state, self.words = "waiting", ""
        self.share, self.events, self.rate = 0.0, 0, 0.0
        self.compiling: Compiling | None = None
        self.job: Job | None = None
        self._backtest: Backtest | None = None
        self._is_cancelled = threading.Event()
        self._since = 0

    @property
    def is_over(self) -> bool:
        """Whether it has ended, one way or another."""
        return self.state in ("done", "failed", "cancelled")

    @property
    def left_s(self) -> float:
        """Seconds that it will still take, at the pace so far; NaN = unknown."""
        if not self.share or not self.rate:
            return float("nan")
        return self.events / self.share * (1 - self.share) / self.rate

    def cancel(self) -> None:
        """End it; nothing of it is kept."""
        self._is_cancelled.set()
        if self._backtest is not None:
            self._backtest.cancel()

    def work(self, report: Report, catalog: Catalog, folder: Path, keep: Keep) -> str:
        """Run it; on a thread of the jobs."""
        # Late: the engine's units are loaded with it.
        from app.sessions.backtest.request import parse_request
        from app.sessions.backtest.run import Backtest

        self._check()
        report(0.0, -1)

        def told(what: Compiling | None) -> None:
            self._check()
            self.compiling = what
            report(0.0, -1)

        with watched(told):
            backtest = self._backtest = Backtest(
                parse_request(self.table), catalog, [folder]
            )
        total = len(backtest.composition.data)
        self._check()
        self._since = _CLOCK.monotonic_ns()
        outcomes = backtest.run(lambda share: report(share, round(share * total)))
        self._check()
        return keep(outcomes)

    def _check(self) -> None:
        if self._is_cancelled.is_set():
            raise JobCancelled

    def show_progress(self, share: float, events: int) -> None:
        """Take what the job told."""
        if events < 0:
            self.state = "preparing"
        else:
            self.state = "running" if share < 1 else "storing"
            self.share, self.events = share, events
            seconds = (_CLOCK.monotonic_ns() - self._since) / 1e9
            self.rate = events / seconds if seconds > 0 else 0.0
        self.changed.emit()

    def end(self, state: str, words: str = "") -> None:
        """It is over."""
        self.state, self.words = state, words
        self._backtest = None
        self.changed.emit()


class Backtests(QObject):
    """Runs requests.

    Signals
    -------
    begun(object)
        A RunningBacktest.
    ended(object, str)
        A RunningBacktest, and the name of what was stored; "" where nothing was.

    Parameters
    ----------
    catalog : callable
        Opens the catalog.
    strategies : Path
        The user's folder.
    keep : callable
        Stores outcomes; on a thread of the jobs.

    Attributes
    ----------
    running : list of RunningBacktest
    """

    begun = Signal(object)
    ended = Signal(object, str)

    def __init__(
        self, catalog: Callable[[], Catalog], strategies: Path, keep: Keep
    ) -> None:
        super().__init__()
        self._catalog, self._strategies, self._keep = catalog, strategies, keep
        self._jobs: Jobs | None = None
        self.running: list[RunningBacktest] = []

    def expect(self) -> None:
        """Have the compiler loaded: a backtest may be wanted soon."""
        keep_compiler()

    def start(self, table: Mapping[str, Any]) -> RunningBacktest:
        """Run a request; what is running goes on.

        Raises
        ------
        RequestError
            If it breaks a rule.
        """
        from app.sessions.backtest.request import parse_request

        parse_request(table)
        if self._jobs is None:
            threads = max(2, min(4, (os.cpu_count() or 2) - 1))
            self._jobs = Jobs(threads, "backtest", is_quiet=True)
        made = RunningBacktest(table)
        self.running.append(made)
        made.job = self._jobs.watch(
            lambda report: made.work(
                report, self._catalog(), self._strategies, self._keep
            ),
            lambda name: self._over(made, "done", name=name),
            lambda error: self._failed(made, error),
        )
        made.job.progressed.connect(made.show_progress)
        self.begun.emit(made)
        return made

    def _failed(self, made: RunningBacktest, error: BaseException) -> None:
        if isinstance(error, JobCancelled):
            self._over(made, "cancelled")
            return
        is_known = isinstance(error, RingsideError)
        words = str(error) if is_known else f"{type(error).__name__}: {error}"
        self._over(made, "failed", words)

    def _over(
        self, made: RunningBacktest, state: str, words: str = "", name: str = ""
    ) -> None:
        self.running.remove(made)
        made.end(state, words)
        self.ended.emit(made, name)

    def close(self) -> None:
        """Cancel all, and wait."""
        for each in self.running:
            each.cancel()
        if self._jobs is not None:
            self._jobs.close()
