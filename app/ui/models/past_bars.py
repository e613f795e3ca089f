"""Bars from before the session: of the catalog's bars, else folded of its records."""

from typing import Any, Final

import numpy as np

from app.data.bar_stamps import interval_ns, is_interval
from app.data.catalog import Catalog, Recording
from app.data.local_time import DAY_NS
from app.data.merging import Merged
from app.engine.history.history import History
from app.engine.history.records import BAR_ROW, BarKind
from app.instrument import Instrument
from app.sessions.history import BarSeries, BarSpec
from app.sessions.recorded_past import Report, no_report, restart
from app.ui.models.run_bars import joined_to, recorded_rows

MOST_BARS: Final = 20_000
_ROWS: Final = 1 << 19
"""Records that bars are folded of at most, where the catalog has no bars."""
_BARS: Final = "bars-"


class JoinedBars:
    """Recorded bars, and the session's after them; meets `BarSeries`.

    Parameters
    ----------
    recorded : (n,) BAR_ROW
        By time; what does not end before the session's first bar is left out.
    series : BarSeries
        The session's, with a bar at least; released with this.

    Attributes
    ----------
    recorded : int
        How many of the first bars are recorded.
    """

    def __init__(self, recorded: Any, series: BarSeries) -> None:
        self.spec = series.spec
        self.instrument = series.instrument
        begin = int(series.read(0, 1)["begin"][0]) if series.count else 0
        self._rows = recorded[recorded["end"] <= begin]
        self._series = series
        self.recorded = len(self._rows)

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
        before = self._rows[max(0, first) : max(0, min(last, kept))]
        return np.concatenate([before, own])

    def find(self, ts: int) -> int:
        """Index of the first bar whose end is past `ts`; `count` if there is none."""
        at = int(np.searchsorted(self._rows["end"], ts, side="right"))
        return at if at < self.recorded else at + self._series.find(ts)

    def release(self) -> None:
        """Follow the session's no longer."""
        self._series.release()


def recorded_bars(
    catalog: Catalog,
    instrument: Instrument,
    spec: BarSpec,
    until: int,
    report: Report = no_report,
) -> Any:
    """Bars that the catalog has from before a time, at most `MOST_BARS`, the latest.

    Parameters
    ----------
    until : int
        ns since 1970 UTC.

    Returns
    -------
    (n,) BAR_ROW
        By time; they are of no trade of the session's tape.

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
    rows = _of_bars(there, spec, until)
    if not len(rows):
        rows = _of_records(there, spec, until, report)
    rows = rows[rows["end"] <= until][-MOST_BARS:]
    rows["first_trade"] = -1
    return rows


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
    first = max(0, end - MOST_BARS * (spec.size // native))
    start_ts = int(recording.column("ts_received", first, first + 1)[0])
    rows = recorded_rows(Merged([recording], start_ts, until), native)
    rows["end"] = rows["begin"] + native
    made = joined_to(rows, spec.size, native)
    if spec.size != native:
        made["begin"] -= made["begin"] % spec.size
        made["end"] = made["begin"] + spec.size
    return made


def _of_records(
    recordings: list[Recording], spec: BarSpec, until: int, report: Report
) -> Any:
    """Bars folded of the last records that tell of trades."""
    with_trades = [each for each in recordings if each.basis != "bars"]
    with_trades.sort(key=lambda each: each.basis != "trades")
    for recording in with_trades:
        end = recording.search(until)
        start = restart(recording, max(0, end - _ROWS))
        times = recording.column("ts_received", start, end)
        if not len(times):
            continue
        history = History([recording.instrument], None, (), 1 << 61)
        series = history.bars(0, spec)
        merged, done = Merged([recording], int(times[0]), until - 1), 0
        while len(records := merged.read()):
            history.fold(records)
            done += len(records)
            report(min(1.0, done / len(times)), done)
        history.fold(records)
        if series.count:
            return series.read(max(0, series.count - MOST_BARS), series.count)
    return np.empty(0, BAR_ROW)
