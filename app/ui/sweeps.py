"""Sweeps that the window runs: one at a time, on threads that give way.

Cells come over a queue that is emptied ten times a second, so that a sweep of a
thousand cells a second costs the window no more than one of ten.
"""

import os
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, Signal

from app.clock import SystemClock
from app.data.catalog import Catalog
from app.errors import RingsideError
from app.ui.backtests import title_of
from app.ui.jobs import Job, JobCancelled, Jobs, Report

if TYPE_CHECKING:
    from app.sweeps.stage import Cell
    from app.sweeps.sweep import Executor, SweepResult
    from app.ui.models.sweep_book import SweepBook
    from app.ui.models.sweep_form import Plan

_CLOCK: Final = SystemClock()


@dataclass(frozen=True)
class OpenSweep:
    """A sweep that is over, and kept.

    Attributes
    ----------
    name : str
        Of its folder.
    result : SweepResult
    walk : dict or None
        Its walk forward, as in the JSON result.
    """

    name: str
    result: "SweepResult"
    walk: dict[str, Any] | None


class RunningSweep(QObject):
    """A sweep under way.

    Signals
    -------
    changed()
        How far it is; cells may have come into `book`.

    Attributes
    ----------
    plan : Plan
    title : str
    book : SweepBook
        Its cells.
    state : str
        "preparing", "running", "walking", "judging", "done", "failed", "cancelled".
    words : str
        Why it failed.
    done, total : int
        Runs that have ended, and all of them, those of a walk forward, too.
    rate : float
        Cells a second.
    """

    changed = Signal()

    def __init__(self, plan: "Plan", threads: int) -> None:
        # Late: most windows show no sweep.
        from app.ui.models.sweep_book import SweepBook

        super().__init__()
        self.plan, self.title = plan, title_of(plan.table)
        points = dict(enumerate(plan.points))
        self.book = SweepBook(plan.axes, points, plan.objective, plan.table)
        self.state, self.words = "preparing", ""
        self.done, self.total, self.rate = 0, len(plan.points), 0.0
        self.job: Job | None = None
        self._threads = threads
        self._executor: Executor | None = None
        self._is_cancelled = threading.Event()
        self._cells: queue.SimpleQueue[Cell] = queue.SimpleQueue()
        self._since = 0

    @property
    def is_over(self) -> bool:
        """Whether it has ended, one way or another."""
        return self.state in ("done", "failed", "cancelled")

    @property
    def left_s(self) -> float:
        """Seconds that it will still take, at the pace so far; NaN = unknown."""
        return (self.total - self.done) / self.rate if self.rate else float("nan")

    def cancel(self) -> None:
        """End it with the cells that it has."""
        self._is_cancelled.set()
        if self._executor is not None:
            self._executor.cancel()

    # On a thread of the jobs.

    def work(
        self, report: Report, catalog: Catalog, folder: Path, root: Path
    ) -> OpenSweep:
        """Run it, judge it, keep it."""
        # Late: the engine's units are loaded with these.
        from app.sweeps.report import walk_table
        from app.sweeps.store import save_sweep
        from app.sweeps.sweep import Sweep, SweepTerms
        from app.sweeps.walk_forward import span_of, walk_forward
        from app.sweeps.windows import windows_of

        plan = self.plan
        terms = SweepTerms(
            plan.table, plan.axes, plan.points, plan.objective, plan.seed
        )
        terms.check([folder])
        windows = []
        if plan.scheme is not None:
            windows = windows_of(plan.scheme, *span_of(terms, catalog))
        size = len(plan.points)
        self.total = size + (size + 1) * len(windows)
        self._since = _CLOCK.monotonic_ns()

        def told(cell: "Cell", done: int, _: int) -> None:
            self._cells.put(cell)
            report(done / self.total, done)

        result = Sweep(terms, self._made(catalog, folder)).run(told)
        if self._is_cancelled.is_set() and not result.cells:
            raise JobCancelled
        walk = None
        if windows and not self._is_cancelled.is_set():
            made = self._made(catalog, folder)
            walk = walk_forward(
                terms,
                windows,
                made,
                lambda _, done, __: report((size + done) / self.total, size + done),
            )
        result.judge()
        name = save_sweep(root, result, walk).name
        return OpenSweep(name, result, None if walk is None else walk_table(walk))

    def _made(self, catalog: Catalog, folder: Path) -> "Executor":
        from app.sweeps.sweep import pool_over

        made = self._executor = pool_over(catalog, [folder], threads=self._threads)
        if self._is_cancelled.is_set():
            made.cancel()
        return made

    # On the window's.

    def take(self) -> None:
        """Take the cells that came."""
        came = []
        while not self._cells.empty():
            came.append(self._cells.get())
        self.book.add(came)

    def show_progress(self, _: float, done: int) -> None:
        """Take what the job told."""
        self.take()
        self.done = done
        if done < len(self.plan.points):
            self.state = "running"
        else:
            self.state = "walking" if done < self.total else "judging"
        seconds = (_CLOCK.monotonic_ns() - self._since) / 1e9
        self.rate = done / seconds if seconds > 0 else 0.0
        self.changed.emit()

    def end(self, state: str, words: str = "") -> None:
        """It is over."""
        self.take()
        self.book.is_over = True
        self.state, self.words = state, words
        self._executor = None
        self.changed.emit()


class Sweeps(QObject):
    """Runs sweeps, and opens those that are kept.

    Signals
    -------
    request_shown()
        The Backtest panel's form says another request.
    begun()
        `running` is another.
    opened()
        `current` and `book` are others.
    failed(str)
        A sweep failed or cannot be opened, and why.
    stored()
        Other sweeps are kept.

    Parameters
    ----------
    jobs : Jobs
        Reads and deletes what is kept.
    catalog : callable
        Opens the catalog.
    strategies : Path
        The user's folder.
    root : Path
        Where sweeps are kept.

    Attributes
    ----------
    request : dict or None
        That of the Backtest panel's form, where it stands.
    running : RunningSweep or None
    current : OpenSweep or None
        The sweep that is shown, if it is over.
    book : SweepBook or None
        The cells that are shown.
    """

    request_shown = Signal()
    begun = Signal()
    opened = Signal()
    failed = Signal(str)
    stored = Signal()

    def __init__(
        self,
        jobs: Jobs,
        catalog: Callable[[], Catalog],
        strategies: Path,
        root: Path,
    ) -> None:
        super().__init__()
        self._jobs, self._catalog, self._strategies = jobs, catalog, strategies
        self.root = root
        self._own: Jobs | None = None
        self.request: dict[str, Any] | None = None
        self.running: RunningSweep | None = None
        self.current: OpenSweep | None = None
        self.book: SweepBook | None = None

    def show_request(self, table: Mapping[str, Any] | None) -> None:
        """Take the request that the Backtest panel's form says now."""
        made = None if table is None else dict(table)
        if made != self.request:
            self.request = made
            self.request_shown.emit()

    def start(self, plan: "Plan") -> RunningSweep:
        """Run a sweep.

        Raises
        ------
        RequestError
            If one runs already.
        """
        if self.running is not None:
            raise RingsideError("a sweep runs already: cancel it first")
        if self._own is None:
            self._own = Jobs(1, "sweep", is_quiet=True)
        # A core is left to the window and its market.
        made = RunningSweep(plan, max(1, (os.cpu_count() or 2) - 1))
        self.running, self.current, self.book = made, None, made.book
        made.job = self._own.watch(
            lambda report: made.work(
                report, self._catalog(), self._strategies, self.root
            ),
            lambda done: self._done(made, done),
            lambda error: self._failed(made, error),
        )
        made.job.progressed.connect(made.show_progress)
        self.begun.emit()
        return made

    def _done(self, made: RunningSweep, done: OpenSweep) -> None:
        self.running = None
        made.end("done" if done.result.is_whole else "cancelled")
        if self.book is made.book:
            self.current = done
            self.opened.emit()
        self.stored.emit()

    def _failed(self, made: RunningSweep, error: BaseException) -> None:
        self.running = None
        if isinstance(error, JobCancelled):
            made.end("cancelled")
        else:
            is_known = isinstance(error, RingsideError)
            words = str(error) if is_known else f"{type(error).__name__}: {error}"
            made.end("failed", words)
            self.failed.emit(words)
        self.opened.emit()

    def open(self, name: str) -> None:
        """Show a sweep that is kept; it is read in the background."""
        folder = self.root / name

        def work() -> OpenSweep:
            from app.sweeps.store import load_sweep, load_walk

            result = load_sweep(folder)
            result.judge()
            return OpenSweep(name, result, load_walk(folder))

        self._jobs.run(
            work,
            self._show,
            lambda error: self.failed.emit(f"{name} cannot be opened: {error}"),
        )

    def _show(self, done: OpenSweep) -> None:
        if self.running is not None:
            self.failed.emit(f"{done.name} is not shown: a sweep runs")
            return
        from app.ui.models.sweep_book import SweepBook

        terms = done.result.terms
        points = {
            each.number: [each.values[axis.name] for axis in terms.axes]
            for each in done.result.cells
        }
        book = SweepBook(terms.axes, points, terms.objective, terms.table)
        book.add(done.result.cells)
        book.is_over = True
        self.current, self.book = done, book
        self.opened.emit()

    def close(self) -> None:
        """Cancel what runs, and wait."""
        if self.running is not None:
            self.running.cancel()
        if self._own is not None:
            self._own.close()
