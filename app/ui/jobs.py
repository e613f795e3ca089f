"""Work that would keep the window waiting: a function on a thread, its end on the UI's.

A job is a plain function; what it returns or raises comes back as a signal on the main
thread. The jobs of one runner run one after the other, in the order in which they were
asked for, because opening a session must wait for the closing of the one before.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

_log = logging.getLogger("app.ui")


class Job(QObject):
    """One piece of work.

    Signals
    -------
    done(object)
        What the function returned.
    failed(object)
        The exception it raised.
    """

    done = Signal(object)
    failed = Signal(object)


class Jobs(QObject):
    """Runs jobs on one thread of their own."""

    def __init__(self) -> None:
        super().__init__()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="window-jobs")
        self._running: set[Job] = set()

    def run(
        self,
        function: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        """Run `function` on the thread; `done` or `failed` is called on this one."""
        job = Job(self)
        self._running.add(job)
        job.done.connect(done, Qt.ConnectionType.QueuedConnection)
        job.failed.connect(failed, Qt.ConnectionType.QueuedConnection)
        job.done.connect(lambda _: self._end(job), Qt.ConnectionType.QueuedConnection)
        job.failed.connect(lambda _: self._end(job), Qt.ConnectionType.QueuedConnection)
        self._pool.submit(self._work, job, function)

    def close(self) -> None:
        """Wait for what runs and end the thread."""
        self._pool.shutdown(wait=True)

    def _work(self, job: Job, function: Callable[[], Any]) -> None:
        try:
            result = function()
        except Exception as error:  # noqa: BLE001 - the job runner tells its asker
            _log.exception("a job failed")
            job.failed.emit(error)
        else:
            job.done.emit(result)

    def _end(self, job: Job) -> None:
        self._running.discard(job)
        job.deleteLater()
