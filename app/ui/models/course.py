"""The course of some figures over time, in bounded memory.

One row at most each `interval`; when the store is full, every other row goes and the
interval doubles, so that a minute and a day cost the same.
"""

from typing import Final

import numpy as np

CAPACITY: Final = 2048


class Course:
    """Rows of figures over time.

    Parameters
    ----------
    names : tuple of str
        What the columns are.
    interval_s : float
        At first between two rows.
    capacity : int
        Rows kept at most; even.

    Attributes
    ----------
    interval_s : float
        Now between two rows.
    """

    def __init__(
        self, names: tuple[str, ...], interval_s: float, capacity: int = CAPACITY
    ) -> None:
        self._columns = {name: i for i, name in enumerate(names)}
        self._times = np.zeros(capacity)
        self._values = np.zeros((len(names), capacity))
        self._used = 0
        self.interval_s = interval_s

    def __len__(self) -> int:
        return self._used

    @property
    def times(self) -> np.ndarray:
        """When each row was taken, seconds, ascending."""
        return self._times[: self._used]

    def values(self, name: str) -> np.ndarray:
        """A column, oldest first."""
        return self._values[self._columns[name], : self._used]

    def is_due(self, now_s: float) -> bool:
        """Tell whether the interval has passed since the newest row."""
        return not self._used or now_s - self._times[self._used - 1] >= self.interval_s

    def take(self, now_s: float, **row: float) -> None:
        """Add a row; what it leaves out is NaN."""
        if self._used == len(self._times):
            half = self._used // 2
            self._times[:half] = self._times[::2].copy()
            self._values[:, :half] = self._values[:, ::2].copy()
            self._used = half
            self.interval_s *= 2
        self._times[self._used] = now_s
        self._values[:, self._used] = np.nan
        for name, value in row.items():
            self._values[self._columns[name], self._used] = value
        self._used += 1
