"""A bounded store of records in the order in which they came.

Appending is amortised; once `limit` is passed the older half is dropped (the session's
log keeps all), and `dropped` says how many so far, so that a reader's row numbers can
follow.
"""

from typing import Any, Final

import numpy as np

FIRST_CAPACITY: Final = 256


class RecordStore:
    """Newest records of one dtype.

    Parameters
    ----------
    dtype : numpy dtype
    limit : int
        Records kept at most; the older half goes when it is passed.
    """

    def __init__(self, dtype: np.dtype[Any], limit: int) -> None:
        self._array = np.zeros(min(FIRST_CAPACITY, limit), dtype)
        self._limit = limit
        self._used = 0
        self.dropped = 0

    @property
    def rows(self) -> np.ndarray:
        """The records kept, oldest first; a view, valid until the next append."""
        return self._array[: self._used]

    def __len__(self) -> int:
        return self._used

    def append(self, records: np.ndarray) -> int:
        """Add records; return how many older ones were dropped for them."""
        records = records[-self._limit :]
        before = self.dropped
        while self._used + len(records) > self._limit:
            self._drop(max(self._used // 2, 1))
        needed = self._used + len(records)
        if needed > len(self._array):
            grown = np.zeros(
                min(max(needed, 2 * len(self._array)), self._limit), self._array.dtype
            )
            grown[: self._used] = self.rows
            self._array = grown
        self._array[self._used : needed] = records
        self._used = needed
        return self.dropped - before

    def clear(self) -> None:
        """Forget all records."""
        self._used = 0
        self.dropped = 0

    def _drop(self, how_many: int) -> None:
        kept = self._used - how_many
        self._array[:kept] = self._array[how_many : self._used].copy()
        self._used = kept
        self.dropped += how_many
