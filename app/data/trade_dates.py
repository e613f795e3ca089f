"""Trade dates of many instants at once, for cutting recordings (SEMANTICS 13)."""

import os
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.calendar import schedule_of
from app.data.local_time import DAY_NS
from app.data.time_columns import from_utc
from app.errors import CalendarError
from app.folders import cache_folder
from app.instrument import Instrument

_SPAN_NS: Final = 32 * DAY_NS


def trade_dates(instrument: Instrument, times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the trade date of each instant, days since 1970.

    Parameters
    ----------
    instrument : Instrument
        Its calendar decides; where that is unknown, the days of its zone.
    times : (n,) int64
        ns since 1970 UTC, ascending.
    """
    found = np.empty(len(times), np.int64)
    spans = times // _SPAN_NS
    for span in np.unique(spans).tolist():
        here = spans == span
        rows = _Rows.of(instrument, span)
        if rows is None:
            found[here] = from_utc(times[here], instrument.time_zone) // DAY_NS
        else:
            places = np.searchsorted(rows.begins, times[here], side="right") - 1
            found[here] = rows.dates[places]
    return found


class _Rows:
    """When which trade date begins, over a month or so."""

    def __init__(self, begins: NDArray[np.int64], dates: NDArray[np.int64]) -> None:
        self.begins = begins
        self.dates = dates

    @staticmethod
    def of(instrument: Instrument, span: int) -> "_Rows | None":
        """The rows of an instrument; None where its calendar is unknown."""
        return _rows(_Hours(instrument), span)


class _Hours:
    """An instrument as its hours alone: a thousand of one venue share their rows."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self._key = (
            instrument.calendar,
            instrument.time_zone,
            instrument.regular_hours,
            instrument.extended_hours,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hours) and other._key == self._key

    def __hash__(self) -> int:
        return hash(self._key)


@lru_cache(maxsize=1024)
def _rows(hours: _Hours, span: int) -> _Rows | None:
    folder = cache_folder(os.environ) / "calendars"
    first, last = span * _SPAN_NS, (span + 1) * _SPAN_NS
    try:
        rows = schedule_of(hours.instrument, first, last, folder).rows
    except CalendarError:
        return None
    return _Rows(np.ascontiguousarray(rows["ts"]), rows["trade_date"].astype(np.int64))
