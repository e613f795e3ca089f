"""The course of profit and loss, in bounded memory.

One sample at most each `interval`; when the store is full, every other sample goes and
the interval doubles, so that a day and a minute cost the same. The newest value always
stands at the end, whatever the interval.
"""

from typing import Final

import numpy as np

from app.engine.records import MONEY_SCALE

CAPACITY: Final = 4096
FIRST_INTERVAL_NS: Final = 100_000_000


class PnlHistory:
    """P&L of the account and of each instrument over time.

    Parameters
    ----------
    instruments : int
        How many columns beside the total.
    capacity : int
        Samples kept at most.
    """

    def __init__(self, instruments: int, capacity: int = CAPACITY) -> None:
        self._times = np.zeros(capacity, np.float64)
        self._values = np.zeros((1 + instruments, capacity), np.float64)
        self._used = 0
        self._settled = 0  # time of the last sample that stays, ns
        self._newest = 0  # time of the sample at the end, which is replaced, ns
        self.interval_ns = FIRST_INTERVAL_NS

    @property
    def times(self) -> np.ndarray:
        """Seconds since 1970 UTC, ascending."""
        return self._times[: self._used]

    def values(self, column: int) -> np.ndarray:
        """Currency over time: column 0 the total, 1 + i instrument i."""
        return self._values[column, : self._used]

    def take(self, view: np.void) -> None:
        """Take a view; it replaces the newest sample unless the interval has passed."""
        now = int(view["now"])
        column = self._column(view)
        if self._used > 1 and now < self._settled + self.interval_ns:
            last = self._used - 1
        else:
            self._settled = self._newest
            last = self._grow()
        self._newest = now
        self._times[last] = now / 1e9
        self._values[: len(column), last] = column

    def _column(self, view: np.void) -> np.ndarray:
        rows = view["instrument"][: len(self._values) - 1]
        each = rows["realised"] + rows["unrealised"] - rows["fees"]
        total = view["realised"] + view["unrealised"] - view["fees"]
        return np.concatenate([[total], each]) / MONEY_SCALE

    def _grow(self) -> int:
        if self._used == len(self._times):
            half = self._times[::2].copy()
            self._times[: len(half)] = half
            self._values[:, : len(half)] = self._values[:, ::2].copy()
            self._used = len(half)
            self.interval_ns *= 2
        self._used += 1
        return self._used - 1
