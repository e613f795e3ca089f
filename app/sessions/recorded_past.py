"""What a market did before a session began, from the recordings of the catalog.

Depth over time is folded of records as the session's own is, but of an earlier stretch
and piece by piece, the latest first: as far back as somebody looks. A piece is folded
from the nearest snapshot before it, so that its book is whole from its first column on.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, Final

import numpy as np

from app.data.catalog import Catalog, Recording
from app.data.merging import Merged
from app.engine.history.heat_picture import HeatPart
from app.engine.history.history import History
from app.engine.records import EventKind
from app.instrument import Instrument

Report = Callable[[float, int], None]
PIECE_ROWS: Final = 1 << 19
"""Records of the book whose columns one piece keeps."""
MOST_PIECES: Final = 64
_HOLE_NS: Final = 60_000_000_000
"""Nothing was recorded between two segments that lie farther apart."""
_SCAN: Final = 1 << 20
_NEVER_NS: Final = 1 << 61
_BOOKS: Final = ("orders", "depth", "top")


def no_report(_share: float, _count: int) -> None:
    """Tell nobody."""


class RecordedPast:
    """Depth of one instrument before a time.

    One thread at a time loads; others read `parts`, which are replaced as a whole.

    Parameters
    ----------
    catalog : callable
        Opens the catalog.
    instrument : Instrument
    until : int
        When the session's own columns begin, ns since 1970 UTC.
    column_ns : int
        What a column stands for, ns.

    Attributes
    ----------
    parts : tuple of HeatPart
        What is loaded, in order of time.
    stream : str
        The recording they are of; "" while none is known.
    is_exhausted : bool
        Whether there is nothing before them.
    """

    def __init__(
        self,
        catalog: Callable[[], Catalog],
        instrument: Instrument,
        until: int,
        column_ns: int,
        piece_rows: int = PIECE_ROWS,
    ) -> None:
        self.parts: tuple[HeatPart, ...] = ()
        self.stream = ""
        self.is_exhausted = False
        self._catalog = catalog
        self._instrument = instrument
        self._until = until
        self._column_ns = column_ns
        self._rows = piece_rows
        self._pieces = 0

    @property
    def begin(self) -> int:
        """When what is loaded begins; the session's begin while nothing is."""
        return self._until

    def load(self, report: Report = no_report) -> None:
        """Load one piece more; at its end `parts` has it, or `is_exhausted` is set.

        Raises
        ------
        CatalogError
            If a recording is damaged.
        """
        catalog = self._catalog()
        book = self._book(catalog)
        end = 0 if book is None else book.search(self._until)
        if book is None or end == 0 or self._pieces == MOST_PIECES:
            self.is_exhausted = True
            return
        first = max(0, end - self._rows)
        start = restart(book, first)
        history = self._fold(catalog, book, (start, first, end), report)
        tiles = history.heatmap(0)
        begin = int(book.column("ts_received", first, first + 1)[0])
        if tiles is not None and tiles.count:
            tiles.release()
            spans = _spans(book, (first, end), self._until, self._column_ns)
            made = (HeatPart(tiles, *each) for each in spans)
            self.parts = (*made, *self.parts)
        self.stream = book.stream
        self._until = begin
        self._pieces += 1
        self.is_exhausted = first == 0

    def _book(self, catalog: Catalog) -> Recording | None:
        """The stream that tells most of the book, of those that reach back."""
        name = self._instrument.name
        wanted = [self.stream] if self.stream else catalog.streams(name)
        for stream in wanted:
            if stream.partition("-")[0] in ("bars", "trades"):
                continue
            recording = catalog.open(name, stream)
            is_before = recording.first_ts < self._until
            if recording.basis in _BOOKS and is_before and self._counts_as(recording):
                return recording
        return None

    def _counts_as(self, recording: Recording) -> bool:
        """Whether it counts prices and sizes in the units of the session."""
        one, other = recording.instrument, self._instrument
        return (one.price_unit, one.quantity_unit) == (
            other.price_unit,
            other.quantity_unit,
        )

    def _fold(
        self,
        catalog: Catalog,
        book: Recording,
        rows: tuple[int, int, int],
        report: Report,
    ) -> History:
        """Fold from row to row; columns are kept from the second one on."""
        start, first, end = rows
        history = History([self._instrument], catalog.root, (), _NEVER_NS)
        streams = [book]
        if book.trades_apart and "trades" in catalog.streams(book.name):
            streams.append(catalog.open(book.name, "trades"))
        times = _times(book, (start, first), self._until)
        for number, (begin, last) in enumerate(times):
            if number == len(times) - 1:
                history.begin_columns(self._column_ns)
            if begin >= last:
                continue
            merged = Merged(streams, begin, last - 1)
            while len(records := merged.read()):
                history.fold(records)
                report(min(1.0, history.records / max(1, end - start)), len(records))
        return history


def _times(book: Recording, rows: tuple[int, int], until: int) -> list[tuple[int, int]]:
    """Received times of what comes before the columns, and of what they are made of."""
    start, first = (int(book.column("ts_received", i, i + 1)[0]) for i in rows)
    return [(start, first), (first, until)]


def restart(book: Recording, row: int) -> int:
    """Row of the last snapshot that begins at or before a row; 0 if there is none."""
    if book.basis == "top":
        return row  # every quote is a whole book
    end = row + 1
    while end > 0:
        begin = max(0, end - _SCAN)
        kinds = book.column("kind", begin, end)
        found = np.flatnonzero(kinds == EventKind.SNAPSHOT_BEGIN)
        if len(found):
            return begin + int(found[-1])
        end = begin
    return 0


def _spans(
    book: Recording, rows: tuple[int, int], until: int, column_ns: int
) -> list[tuple[int, int]]:
    """When something was recorded: begin and end of stretches without a hole, ns."""
    first, end = rows
    begin = int(book.column("ts_received", first, first + 1)[0])
    spans: list[tuple[int, int]] = []
    metas = [each.meta for each in book.segments]
    for before, after in pairwise(metas):
        is_hole = after.first_ts - before.last_ts > _HOLE_NS
        if is_hole and begin <= before.last_ts and after.first_ts < until:
            spans.append((begin, before.last_ts + column_ns))
            begin = after.first_ts
    last = int(book.column("ts_received", end - 1, end)[0])
    following: Any = book.column("ts_received", end, end + 1)
    goes_on = len(following) and int(following[0]) - last <= _HOLE_NS
    spans.append((begin, until if goes_on else min(until, last + column_ns)))
    return spans
