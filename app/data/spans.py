"""Which records lie between two times that somebody wrote; for bars, by their opens.

A bar is [open, close) and carries its close (SEMANTICS 12), but nobody who writes an
end at 23:59:59 means to lose the bar that closes at midnight. So a bar of a day goes by
its day, whatever hours are written, a shorter bar by its open, all else by time.
"""

from datetime import date, timedelta
from typing import Final

from app.data.bar_stamps import interval_ns, is_interval
from app.data.catalog import Recording
from app.data.local_time import DAY_NS, Bound, begins_ns, local_day

_EPOCH: Final = date(1970, 1, 1)
_BARS: Final = "bars-"


def rows_between(
    recording: Recording, start: Bound | None = None, end: Bound | None = None
) -> range:
    """Rows from a start to an end, both included; None: as far as they reach.

    Of bars of a day or more those whose days all lie within, by the zone of the
    recording; of shorter bars those that open at the start or later and before the end,
    a bar taken to be as long as its stream says.
    """
    length = bar_length(recording)
    if length >= DAY_NS:
        zone, more = zone_of(recording), timedelta(days=length // DAY_NS - 1)
        low = begins_ns(start.day + more, zone) + 1 if start else None
        high = begins_ns(end.day + timedelta(days=1), zone) + 1 if end else None
    else:
        low = start.ts + length if start else None
        high = end.ts + (length or 1) if end else None
    first = 0 if low is None else recording.search(low)
    last = len(recording) if high is None else recording.search(high)
    return range(first, max(first, last))


def day_of(recording: Recording, ts: int) -> date:
    """Day of a record that is stamped with a time, as `rows_between` counts it."""
    length = bar_length(recording)
    if length >= DAY_NS:
        return local_day(ts - 1, zone_of(recording))
    return _EPOCH + timedelta(days=(ts - length) // DAY_NS)


def bar_length(recording: Recording) -> int:
    """Length that a stream of bars tells, ns; 0 if it tells none, or is no bars."""
    interval = recording.stream.removeprefix(_BARS)
    is_told = recording.stream.startswith(_BARS) and is_interval(interval)
    return interval_ns(interval) if is_told else 0


def zone_of(recording: Recording) -> str:
    """Zone of a recording's days: its instrument's, else that of its source.

    An instrument that an import made up stands in UTC, though its file named a zone.
    """
    instrument, meta = recording.instrument, recording.segments[0].meta
    is_told = instrument.time_zone != "UTC" or instrument.calendar is not None
    return instrument.time_zone if is_told else meta.time_zone or "UTC"
