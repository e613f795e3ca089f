"""Depth from before the session for one heatmap, as far back as it is looked at."""

from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Signal

from app.engine.history.heat_picture import HeatPart
from app.engine.history.heat_tiles import HeatTiles
from app.sessions.recorded_past import RecordedPast
from app.ui.jobs import Job, JobCancelled
from app.ui.library import Library
from app.ui.models.market import Listed

_COLUMN_NS: Final = 100_000_000


class RecordedDepth(QObject):
    """What the catalog has of an instrument before its first column.

    Signals
    -------
    loaded()
        There is more, or it is known that there is no more.
    """

    loaded = Signal()

    def __init__(self, library: Library) -> None:
        super().__init__()
        self._library = library
        self._past: RecordedPast | None = None
        self._job: Job | None = None
        self._failure = ""
        library.changed.connect(self._on_changed)

    @property
    def parts(self) -> tuple[HeatPart, ...]:
        """What is loaded, in order of time."""
        return self._past.parts if self._past is not None else ()

    @property
    def is_loading(self) -> bool:
        """Whether a piece is being loaded."""
        return self._job is not None

    @property
    def failure(self) -> str:
        """Why no more could be loaded; "" where nothing failed."""
        return self._failure

    def begin(self) -> None:
        """Begin with another instrument, or another session."""
        if self._job is not None:
            self._job.cancel()
        self._past = self._job = None
        self._failure = ""

    def reach(self, listed: Listed, tiles: HeatTiles, ts: float) -> None:
        """See to it that what was recorded from a time on is loaded, piece by piece."""
        if not tiles.count or self._job is not None or self._failure:
            return
        if self._past is None:
            first, catalog = int(tiles.times[0]), self._library.catalog
            self._past = RecordedPast(catalog, listed.instrument, first, _COLUMN_NS)
        past = self._past
        if past.is_exhausted or ts >= past.begin:
            return
        self._job = self._library.past.watch(
            past.load, partial(self._on_done, past), partial(self._on_failed, past)
        )

    def part_at(self, ts: int) -> HeatPart | None:
        """What stands at a time; None if nothing is known of it."""
        found = (each for each in self.parts if each.begin <= ts < each.end)
        return next(found, None)

    def _on_done(self, past: RecordedPast, _: object) -> None:
        if past is self._past:
            self._job = None
            self.loaded.emit()

    def _on_failed(self, past: RecordedPast, error: BaseException) -> None:
        if past is not self._past:
            return
        self._job = None
        if not isinstance(error, JobCancelled):
            self._failure = str(error)
            self.loaded.emit()

    def _on_changed(self) -> None:
        """Look anew: a recording may reach farther back now."""
        if self._past is not None and self._job is None and not self._past.parts:
            self.begin()
