"""Marks where trading begins and ends in a recording whose source tells nothing of it.

Before a futures market opens, orders rest without matching and the book may be crossed;
a book that knows the session does not take that for a fault, and the simulated venue
fills nothing. The instrument's hours tell it; holidays with hours of their own they do
not.
"""

from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from app.data.importing import new_records
from app.engine.records import EventKind, SessionState
from app.instrument import Hours, Instrument, InstrumentKind

_HOUR_NS: Final = 3_600_000_000_000
_DAY_NS: Final = 24 * _HOUR_NS
_THURSDAY: Final = 3
"""Weekday of 1970-01-01, counted from Monday."""
_WEEKEND: Final = (4, 5)
"""Friday and Saturday: no session begins on their evenings."""


class SessionMarks:
    """Puts SESSION records where an instrument's hours begin and end.

    Parameters
    ----------
    instrument : Instrument
        Only futures get marks: stocks match before and after their hours too.
    """

    def __init__(self, instrument: Instrument) -> None:
        is_future = instrument.kind == InstrumentKind.FUTURE
        self._hours = instrument.extended_hours if is_future else None
        self._zone = instrument.time_zone
        self._state = SessionState.UNKNOWN

    def put(self, records: NDArray[np.void]) -> NDArray[np.void]:
        """Return the records with marks among them, each before what it is about."""
        if self._hours is None or not len(records):
            return records
        open_now = is_open(records["ts_received"], self._hours, self._zone)
        states = np.where(open_now, SessionState.OPEN, SessionState.PRE_OPEN)
        before = np.append(self._state, states[:-1])
        self._state = SessionState(int(states[-1]))
        at = np.flatnonzero(states != before)
        if not len(at):
            return records
        marks = new_records(len(at))
        for name in ("ts_venue", "ts_received"):
            marks[name] = records[name][at]
        marks["kind"], marks["count"] = EventKind.SESSION, states[at]
        joined: NDArray[np.void] = np.insert(records, at, marks)
        return joined


def is_open(times: NDArray[np.int64], hours: Hours, zone: str) -> NDArray[np.bool_]:
    """Tell of times, ns since 1970 UTC, whether they lie within hours of a zone.

    Hours through midnight belong to a week that begins on Sunday and ends on Friday.
    """
    local = _local(times, zone)
    day, of_day = local // _DAY_NS, local % _DAY_NS
    opens, closes = _since_midnight(hours.opens), _since_midnight(hours.closes)
    weekday = (day + _THURSDAY) % 7
    if opens < closes:
        return (of_day >= opens) & (of_day < closes) & (weekday < 5)
    evening = (of_day >= opens) & ~np.isin(weekday, _WEEKEND)
    morning = (of_day < closes) & ~np.isin((weekday - 1) % 7, _WEEKEND)
    return evening | morning


def _since_midnight(moment: time) -> int:
    return (moment.hour * 60 + moment.minute) * 60 * 10**9


def _local(times: NDArray[np.int64], zone: str) -> NDArray[np.int64]:
    """Turn UTC into a zone's own times; offsets are looked up once an hour."""
    hours, where = np.unique(times // _HOUR_NS, return_inverse=True)
    offsets = np.zeros(len(hours), np.int64)
    for index, hour in enumerate(hours.tolist()):
        moment = datetime.fromtimestamp(hour * 3600, ZoneInfo(zone))
        offset = moment.utcoffset()
        assert offset is not None
        offsets[index] = offset // timedelta(microseconds=1) * 1000
    return times + offsets[where]
