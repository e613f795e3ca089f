"""One job at a time, shown as a line: what it does, how far it is, a way to end it."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from app.errors import RingsideError
from app.ui import formatting
from app.ui.jobs import Job, JobCancelled, Jobs, Report
from app.ui.models.messages import Level

_AT_ONCE_MS = 400
Tell = Callable[[str, Level], None]


class RunningLine(QWidget):
    """Runs jobs and shows the one that runs; hidden while none does.

    Signals
    -------
    busy_changed(bool)
    """

    busy_changed = Signal(bool)

    def __init__(self, jobs: Jobs, tell: Tell) -> None:
        super().__init__()
        self._jobs = jobs
        self._tell = tell
        self.job: Job | None = None
        self._title = ""
        self._done: Callable[[Any], None] | None = None
        self._failed: Callable[[str], None] | None = None
        self._words = QLabel()
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.cancel = QPushButton("Cancel")
        self.cancel.clicked.connect(self._on_cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.addWidget(self._words)
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel)
        # What is over at once shows no line.
        self._later = QTimer(self, singleShot=True, interval=_AT_ONCE_MS)
        self._later.timeout.connect(self.show)
        self.hide()

    @property
    def is_busy(self) -> bool:
        """Whether a job runs."""
        return self.job is not None

    def run(
        self,
        title: str,
        function: Callable[[Report], Any],
        done: Callable[[Any], None],
        failed: Callable[[str], None] | None = None,
    ) -> None:
        """Run a job; a failure is told, and given to `failed` in words."""
        if self.job is not None:
            self._tell(f"{self._title} is not over yet", Level.WARNING)
            return
        self._title, self._done, self._failed = title, done, failed
        self._words.setText(title)
        self.bar.setValue(0)
        self.bar.setFormat("")
        self.cancel.setEnabled(True)

        self.job = self._jobs.watch(function, self._on_done, self._on_failed)
        self.job.progressed.connect(self._on_progress)
        self._later.start()
        self.busy_changed.emit(True)

    def _on_done(self, result: Any) -> None:
        self._end()
        assert self._done is not None
        self._done(result)

    def _on_failed(self, error: BaseException) -> None:
        self._end()
        words = str(error) if isinstance(error, RingsideError) else repr(error)
        if isinstance(error, JobCancelled):
            words = "cancelled"
        level = Level.INFO if isinstance(error, JobCancelled) else Level.ERROR
        self._tell(f"{self._title}: {words}", level)
        if self._failed is not None:
            self._failed(words)

    def _on_progress(self, share: float, count: int) -> None:
        self.bar.setValue(round(share * 1000))
        self.bar.setFormat(f"{share:.0%}, {formatting.count(count)} rows")

    def _on_cancel(self) -> None:
        if self.job is not None:
            self.job.cancel()
            self.cancel.setEnabled(False)

    def _end(self) -> None:
        self.job = None
        self._later.stop()
        self.hide()
        self.busy_changed.emit(False)
