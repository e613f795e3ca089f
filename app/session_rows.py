"""One row of a schedule: what holds from an instant on; shared by calendars and engine.

A schedule is rows in order of time. Between two rows nothing changes: neither the
session's state nor the trade date. `app.calendar` makes them, `app.engine.schedule`
follows them.
"""

from enum import IntEnum
from typing import Final

import numpy as np


class Phase(IntEnum):
    """States that a calendar knows; numbered as `engine.records.SessionState`."""

    OPEN = 3
    CLOSED = 5
    PAUSED = 6  # a break within the trade date: orders are kept, nothing matches
    EXTENDED = 7  # outside regular hours


class SessionFlag(IntEnum):
    """Bits of a row: what begins or ends with it."""

    DAY_BEGINS = 1  # a trade date
    REGULAR_BEGINS = 2
    REGULAR_ENDS = 4  # DAY orders for regular hours end here (SEMANTICS 24)
    DAY_ENDS = 8  # the last hours of the trade date end: all DAY orders do
    STOPS = 16  # trading stops for hours, as on holidays; the trade date goes on


SESSION_ROW: Final = np.dtype(
    [
        ("ts", "<i8"),  # from when it holds, ns since 1970 UTC
        ("trade_date", "<i8"),  # days since 1970
        ("regular_open", "<i8"),  # of this trade date's regular hours, ns; 0 = none
        ("regular_close", "<i8"),
        ("state", "<i4"),  # Phase
        ("flags", "<i4"),  # SessionFlag
    ],
    align=True,
)
