"""Bars from before the session for one chart, loaded page by page as it goes back."""

from functools import partial

from PySide6.QtCore import QObject, Signal

from app.sessions.history import BarSeries
from app.ui.jobs import Job
from app.ui.library import Library
from app.ui.models.market import Listed
from app.ui.models.past_bars import PastPage, page_before


class RecordedBars(QObject):
    """Loads them on the quiet thread.

    Signals
    -------
    loaded(object)
        The `PastPage` before what there was; without rows where the catalog has none.

    Attributes
    ----------
    is_exhausted : bool
        Whether there is nothing before what was loaded.
    """

    loaded = Signal(object)

    def __init__(self, library: Library) -> None:
        super().__init__()
        self._library = library
        self._job: Job | None = None
        self.is_exhausted = False
        self._token = object()

    @property
    def is_loading(self) -> bool:
        """Whether a page is on its way."""
        return self._job is not None

    def begin(self) -> None:
        """Begin with other bars."""
        if self._job is not None:
            self._job.cancel()
        self._job, self.is_exhausted, self._token = None, False, object()

    def reach(self, listed: Listed, series: BarSeries) -> None:
        """Load what was recorded before the first bar, unless that is under way."""
        if self._job is not None or self.is_exhausted or not series.count:
            return
        until = int(series.read(0, 1)["begin"][0])
        instrument, catalog = listed.instrument, self._library.catalog
        token = object()
        self._token = token
        self._job = self._library.past.watch(
            lambda report: page_before(
                catalog(), instrument, series.spec, until, report
            ),
            partial(self._on_done, token),
            partial(self._on_failed, token),
        )

    def _on_done(self, token: object, page: PastPage) -> None:
        if token is self._token:
            self._job = None
            self.is_exhausted = not len(page.rows)
            self.loaded.emit(page)

    def _on_failed(self, token: object, _: BaseException) -> None:
        # The job has told the log; the chart is what it would be without a catalog.
        if token is self._token:
            self._job, self.is_exhausted = None, True
