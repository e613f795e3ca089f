"""Bars from before the session for one chart, loaded once its first bar is there."""

from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.sessions.history import BarSeries
from app.ui.jobs import Job
from app.ui.library import Library
from app.ui.models.market import Listed
from app.ui.models.past_bars import recorded_bars


class RecordedBars(QObject):
    """Loads them on the quiet thread.

    Signals
    -------
    loaded(object)
        (n,) BAR_ROW, by time; none where the catalog has none, or cannot be read.
    """

    loaded = Signal(object)

    def __init__(self, library: Library) -> None:
        super().__init__()
        self._library = library
        self._job: Job | None = None
        self._is_asked = False
        self._token = object()

    def begin(self) -> None:
        """Begin with other bars."""
        if self._job is not None:
            self._job.cancel()
        self._job, self._is_asked, self._token = None, False, object()

    def reach(self, listed: Listed, series: BarSeries) -> None:
        """Load what was recorded before the first bar, if that was not yet asked."""
        if self._is_asked or not series.count:
            return
        self._is_asked = True
        until = int(series.read(0, 1)["begin"][0])
        instrument, catalog = listed.instrument, self._library.catalog
        token = object()
        self._token = token
        self._job = self._library.past.watch(
            lambda report: recorded_bars(
                catalog(), instrument, series.spec, until, report
            ),
            partial(self._on_done, token),
            partial(self._on_failed, token),
        )

    def _on_done(self, token: object, rows: Any) -> None:
        if token is self._token:
            self._job = None
            self.loaded.emit(rows)

    def _on_failed(self, token: object, _: BaseException) -> None:
        # The job has told the log; the chart is what it would be without a catalog.
        if token is self._token:
            self._job = None
