"""When trades came after lost data: what the tape's flags say, read piece by piece."""

from typing import Any, Final

import numpy as np

from app.engine.history.records import TapeFlag

_PIECE: Final = 1 << 19


class GapTimes:
    """Gaps of one instrument's tape; each trade is looked at once.

    Attributes
    ----------
    times : (n,) int64
        ns since 1970 UTC, ascending.
    """

    def __init__(self) -> None:
        self.times = np.empty(0, np.int64)
        self._done = 0

    def read_on(self, tape: Any, count: int) -> Any:
        """Look at what came since, at most a piece of it; return the times.

        Parameters
        ----------
        tape : (m,) TAPE
        count : int
            Trades in it.
        """
        rows = tape[self._done : min(count, self._done + _PIECE)]
        self._done += len(rows)
        found = rows["ts"][(rows["flags"] & TapeFlag.AFTER_GAP) != 0]
        if len(found):
            self.times = np.append(self.times, found)
        return self.times
