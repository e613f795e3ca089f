"""Bars from before the session, page by page: of the catalog's bars, of its records.

A page ends where what is shown begins and holds the latest bars before that, so that a
chart goes back as far as somebody looks. Bars that are recorded are taken as they are,
or joined; records are folded by the history that a live chart reads, further and
further back until there are enough bars.
"""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np

from app.data.bar_stamps import interval_ns, is_interval
from app.data.catalog import Catalog, Recording
from app.data.local_time import DAY_NS
from app.data.merging import Merged
from app.data.trade_dates import trade_dates
from app.engine.history.gaps import GapTimes
from app.engine.history.history import History
from app.engine.history.records import BAR_ROW, BarKind
from app.instrument import Instrument
from app.sessions.history import BarSeries, BarSpec
from app.sessions.recorded_past import Report, no_report, restart
from app.ui.models.chart_bars import ALIGNED
from app.ui.models.run_bars import joined_to, recorded_rows

PAGE_BARS: Final = 5 * ALIGNED
"""Bars of a page at most; what was joined of later bars is kept by whole pages."""
_ROWS: Final = 1 << 19
"""Records that a page is folded of, where they make bars enough,"""
_MOST_ROWS: Final = 1 << 26
"""and at most."""
_FEWEST: Final = 64
"""Bars that are enough."""
_HOLE_NS: Final = 60_000_000_000
"""Nothing was recorded between two segments that lie farther apart."""
_BARS: Final = "bars-"
_NO_TIMES: Final = np.empty(0, np.int64)


@dataclass(frozen=True)
class PastPage:
    """Bars from before a time.

    Attributes
    ----------
    rows : (n,) BAR_ROW
        By time, none where there is nothing before; of no trade of the session's tape.
    gaps : (k,) int64
        When trades came after lost data, or after nothing was recorded, ns.
    dates : (m,) int64
        When another trade date begins than that of the bar before it, ns; the first of
        the rows is not among them.
    """

    rows: Any
    gaps: Any
    dates: Any


class JoinedBars:
    """Recorded bars, and the session's after them; meets `BarSeries`.

    Parameters
    ----------
    series : BarSeries
        The session's; released with this.

    Attributes
    ----------
    recorded : int
        How many of the first bars are recorded.
    """

    def __init__(self, series: BarSeries) -> None:
        self.spec = series.spec
        self.instrument = series.instrument
        self.recorded = 0
        self._series = series
        self._pages: list[Any] = []
        self._starts: list[int] = []

    def put_before(self, rows: Any) -> int:
        """Put older bars before all; how many, without those that overlap.

        Parameters
        ----------
        rows : (n,) BAR_ROW
            By time; what does not end before the first bar is left out.
        """
        first = self.read(0, 1)
        kept = rows[rows["end"] <= first["begin"][0]] if len(first) else rows[:0]
        if len(kept):
            self._pages.insert(0, kept)
            self.recorded += len(kept)
            ends = np.cumsum([len(each) for each in self._pages]).tolist()
            self._starts = [0, *ends[:-1]]
        return len(kept)

    @property
    def count(self) -> int:
        """Bars there are."""
        return self.recorded + self._series.count

    @property
    def version(self) -> int:
        """Changes whenever a bar was added or changed."""
        return self._series.version

    @property
    def is_complete(self) -> bool:
        """Whether the session's past was folded already."""
        return self._series.is_complete

    def read(self, first: int, last: int) -> Any:
        """Copy bars [first, last) as BAR_ROW, clipped to what there is."""
        kept = self.recorded
        own = self._series.read(max(0, first - kept), max(0, last - kept))
        if first >= kept:
            return own
        parts = []
        for number in range(self._page_of(max(0, first)), len(self._pages)):
            start = self._starts[number]
            if start >= last:
                break
            parts.append(self._pages[number][max(0, first - start) : last - start])
        return np.concatenate([*parts, own])

    def find(self, ts: int) -> int:
        """Index of the first bar whose end is past `ts`; `count` if there is none."""
        for start, rows in zip(self._starts, self._pages, strict=True):
            if ts < rows["end"][-1]:
                return start + int(np.searchsorted(rows["end"], ts, side="right"))
        return self.recorded + self._series.find(ts)

    def _page_of(self, index: int) -> int:
        return max(0, bisect_right(self._starts, index) - 1)

    def release(self) -> None:
        """Follow the session's no longer."""
        self._series.release()


def page_before(
    catalog: Catalog,
    instrument: Instrument,
    spec: BarSpec,
    until: int,
    report: Report = no_report,
) -> PastPage:
    """Bars that the catalog has from before a time, the latest `PAGE_BARS` of them.

    Parameters
    ----------
    until : int
        ns since 1970 UTC.

    Raises
    ------
    CatalogError
        If a recording is damaged.
    """
    streams = catalog.streams(instrument.name)
    opened = (catalog.open(instrument.name, each) for each in streams)
    there = [
        each
        for each in opened
        if each.first_ts < until and _has_units_of(each, instrument)
    ]
    rows, gaps = _of_bars(there, spec, until), _NO_TIMES
    # Where the bars were not recorded up to the time, records may go on behind them.
    since = int(rows["end"][-1]) if len(rows) else 0
    if since + spec.size <= until or spec.kind != BarKind.TIME:
        behind, lost = _of_records(there, spec, (since, until), report)
        if len(behind):
            rows, gaps = behind, lost
    rows = rows[rows["end"] <= until][-PAGE_BARS:]
    if not len(rows):
        return PastPage(rows, _NO_TIMES, _NO_TIMES)
    rows["first_trade"] = -1
    return PastPage(
        rows, gaps[gaps > rows["begin"][0]], _dates(instrument, rows, until)
    )


def _dates(instrument: Instrument, rows: Any, until: int) -> Any:
    """When trade dates begin: at which bars, or at the time behind them."""
    begins = np.append(rows["begin"], until)
    is_other = np.diff(trade_dates(instrument, begins)) != 0
    return begins[1:][is_other]


def _has_units_of(recording: Recording, instrument: Instrument) -> bool:
    own = recording.instrument
    units = own.price_unit, own.quantity_unit
    return units == (instrument.price_unit, instrument.quantity_unit)


def _of_bars(recordings: list[Recording], spec: BarSpec, until: int) -> Any:
    """Bars joined of the longest recorded ones that they are whole numbers of."""
    fitting: dict[int, Recording] = {}
    for each in recordings:
        length = each.stream.removeprefix(_BARS)
        if each.basis == "bars" and is_interval(length):
            native = interval_ns(length)
            is_part = native == spec.size or (native < DAY_NS and native <= spec.size)
            if is_part and spec.size % native == 0:
                fitting[native] = each
    if spec.kind != BarKind.TIME or not fitting:
        return np.empty(0, BAR_ROW)
    native = max(fitting)
    recording = fitting[native]
    end = recording.search(until + 1)
    first = max(0, end - (PAGE_BARS + 1) * (spec.size // native))
    start_ts = int(recording.column("ts_received", first, first + 1)[0])
    rows = recorded_rows(Merged([recording], start_ts, until), native)
    rows["end"] = rows["begin"] + native
    made = joined_to(rows, spec.size, native)
    if spec.size != native:
        made["begin"] -= made["begin"] % spec.size
        made["end"] = made["begin"] + spec.size
    return made if first == 0 else made[1:]  # it may be joined of some of its bars


def _of_records(
    recordings: list[Recording], spec: BarSpec, span: tuple[int, int], report: Report
) -> tuple[Any, Any]:
    """Bars folded of the last records that tell of trades, and when data were lost."""
    since, until = span
    with_trades = [each for each in recordings if each.basis != "bars"]
    with_trades.sort(key=lambda each: each.basis != "trades")
    for recording in with_trades:
        oldest, end = recording.search(since), recording.search(until)
        rows, gaps, wanted = np.empty(0, BAR_ROW), _NO_TIMES, _ROWS
        while oldest < end:
            first = max(oldest, end - wanted)
            # Trades alone need no book to begin from.
            is_alone = first == 0 or recording.basis == "trades"
            start = first if is_alone else restart(recording, first)
            rows, gaps = _folded(recording, spec, (start, end), report)
            if start > 0 and spec.kind == BarKind.TIME:
                # What is folded from within a bar of time on is no whole bar.
                before = recording.column("ts_received", start - 1, start)[0]
                rows = rows[rows["begin"] > before]
            rows = rows[rows["begin"] >= since]
            if len(rows) >= _FEWEST or first == oldest or wanted >= _MOST_ROWS:
                break
            wanted *= 8
        if len(rows):
            return rows, np.unique(np.append(gaps, _holes(recording, until)))
    return np.empty(0, BAR_ROW), _NO_TIMES


def _folded(
    recording: Recording, spec: BarSpec, rows: tuple[int, int], report: Report
) -> tuple[Any, Any]:
    """Fold some records of a recording into bars; and when data were lost."""
    start, end = rows
    times = (recording.column("ts_received", i, i + 1) for i in (start, end - 1))
    merged, done = Merged([recording], *(int(each[0]) for each in times)), 0
    history = History([recording.instrument], None, (), 1 << 61)
    series = history.bars(0, spec)
    while len(records := merged.read()):
        history.fold(records)
        done += len(records)
        report(min(1.0, done / (end - start)), done)
    while not series.is_complete:
        history.fold(records)
    gaps = GapTimes()
    trades = history.trades(0, 0, history.trade_count(0))
    gaps.read_on(trades, len(trades))
    return series.read(max(0, series.count - PAGE_BARS), series.count), gaps.times


def _holes(recording: Recording, until: int) -> Any:
    """When a recording went on after nothing was recorded, ns; and its end."""
    metas = [each.meta for each in recording.segments]
    found = [
        after.first_ts
        for before, after in pairwise(metas)
        if after.first_ts - before.last_ts > _HOLE_NS and after.first_ts < until
    ]
    ended = [each.last_ts for each in metas if each.last_ts < until]
    goes_on = any(each.first_ts < until <= each.last_ts for each in metas)
    if ended and not goes_on and until - ended[-1] > _HOLE_NS:
        found.append(until)
    return np.array(found, np.int64)
