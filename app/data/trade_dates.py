"""Trade dates of many instants at once, for cutting recordings (SEMANTICS 13).

Where trading goes through midnight, what comes after the evening's opening belongs to
the next date: Sunday 17:00 in Chicago is Monday.
"""

from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.data.local_time import DAY_NS
from app.data.time_columns import from_utc
from app.instrument import Instrument

_SECOND_NS: Final = 1_000_000_000


def trade_dates(instrument: Instrument, times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the trade date of each instant, days since 1970.

    Parameters
    ----------
    instrument : Instrument
        Its zone and widest hours decide.
    times : (n,) int64
        ns since 1970 UTC.
    """
    local = from_utc(times, instrument.time_zone)
    hours = instrument.extended_hours or instrument.regular_hours
    if hours is not None and hours.closes <= hours.opens and hours.opens.hour:
        opens = timedelta(hours=hours.opens.hour, minutes=hours.opens.minute)
        local = local + (DAY_NS - round(opens.total_seconds()) * _SECOND_NS)
    dates: NDArray[np.int64] = local // DAY_NS
    return dates
