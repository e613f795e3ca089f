"""Work that would keep the window waiting: a function on a thread, its end on the UI's.

A job is a plain function; what it returns or raises comes back as a signal on the main
thread. The jobs of one runner run one after the other, in the order in which they were
asked for, because opening a session must wait for the closing of the one before.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

from PySide6.QtCore import QObject, Qt, Signal

from app.clock import SystemClock
from app.errors import RingsideError
from app.priority import QUIET, give_way

_log = logging.getLogger("app.ui")
_CLOCK: Final = SystemClock()
_EVERY_NS: Final = 100_000_000
Report = Callable[[float, int], None]
"""Told the share that is done and a count; ends the job where it was cancelled."""


class JobCancelled(Exception):  # noqa: N818 - no error: the user wished it
    """Ends a job that was cancelled, from within."""


class Job(QObject):
    """One piece of work.

    Signals
    -------
    done(object)
        What the function returned.
    failed(object)
        The exception it raised; `JobCancelled` where it was cancelled.
    progressed(float, object)
        The share that is done, 0 to 1, and a count; about ten times a second.
    """

    done = Signal(object)
    failed = Signal(object)
    progressed = Signal(float, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._cancelled = threading.Event()
        self._told = 0

    def cancel(self) -> None:
        """End it at its next report; a job that reports nothing runs to its end."""
        self._cancelled.set()

    def report(self, share: float, count: int) -> None:
        """Tell how far it is; the job itself calls this, on its thread.

        Raises
        ------
        JobCancelled
            If it shall not go on.
        """
        if self._cancelled.is_set():
            raise JobCancelled
        now = _CLOCK.monotonic_ns()
        if now - self._told >= _EVERY_NS:
            self._told = now
            self.progressed.emit(share, count)


class Jobs(QObject):
    """Runs jobs on one thread of their own, or on some at low priority.

    Parameters
    ----------
    threads : int
        More than one run at once.
    name : str
        Of the threads.
    is_quiet : bool
        They give way to the engine and to the window.
    """

    def __init__(
        self, threads: int = 1, name: str = "window-jobs", *, is_quiet: bool = False
    ) -> None:
        super().__init__()
        self._pool = ThreadPoolExecutor(
            threads, name, initializer=partial(give_way, QUIET) if is_quiet else None
        )
        self._running: set[Job] = set()

    def run(
        self,
        function: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        """Run `function` on the thread; `done` or `failed` is called on this one."""
        self.watch(lambda _report: function(), done, failed)

    def watch(
        self,
        function: Callable[[Report], Any],
        done: Callable[[Any], None],
        failed: Callable[[BaseException], None],
    ) -> Job:
        """Run a function that tells its progress, and can be cancelled through it."""
        job = Job(self)
        self._running.add(job)
        job.done.connect(done, Qt.ConnectionType.QueuedConnection)
        job.failed.connect(failed, Qt.ConnectionType.QueuedConnection)
        job.done.connect(lambda _: self._end(job), Qt.ConnectionType.QueuedConnection)
        job.failed.connect(lambda _: self._end(job), Qt.ConnectionType.QueuedConnection)
        self._pool.submit(self._work, job, function)
        return job

    def close(self) -> None:
        """Cancel what can be cancelled, wait for the rest and end the thread."""
        for each in self._running:
            each.cancel()
        self._pool.shutdown(wait=True)

    def _work(self, job: Job, function: Callable[[Report], Any]) -> None:
        try:
            result = function(job.report)
        except JobCancelled as cancelled:
            job.failed.emit(cancelled)
        except RingsideError as error:
            _log.info("a job ended: %s", error)
            job.failed.emit(error)
        except Exception as error:  # noqa: BLE001 - the job runner tells its asker
            _log.exception("a job failed")
            job.failed.emit(error)
        else:
            job.done.emit(result)

    def _end(self, job: Job) -> None:
        self._running.discard(job)
        job.deleteLater()
