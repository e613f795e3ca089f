"""The orders of a day of ITCH: what each reference stands for.

ITCH tells price and side when an order is added and never again. The table here lives
in a kernel's memory and grows; messages pass through it in order.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.engine.itch_frames import (
    ORDER_WIDTH,
    ORDERS_CAPACITY,
    ORDERS_COUNT,
    ORDERS_IN,
    ORDERS_JOB_WORDS,
    ORDERS_LIVE,
    ORDERS_NEW,
    ORDERS_OLD_CAPACITY,
    ORDERS_OLD_TABLE,
    ORDERS_OUT,
    ORDERS_TABLE,
    ORDERS_VERDICTS,
    ORDERS_WRITTEN,
    regrow_orders,
    resolve_orders,
)
from app.engine.records import MARKET

_FIRST_CAPACITY: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Resolved:
    """What came of some messages.

    Attributes
    ----------
    records : (m,) MARKET
        In order; two for a replacement, none for what cannot be.
    verdicts : (n,) uint8
        Of each message: FINE, UNKNOWN, TAKEN or TOO_LARGE.
    """

    records: NDArray[np.void]
    verdicts: NDArray[np.uint8]


class OrderTable:
    """Orders that rest, by reference."""

    def __init__(self) -> None:
        self._table = np.zeros(_FIRST_CAPACITY * ORDER_WIDTH, np.int64)
        self._job = np.zeros(ORDERS_JOB_WORDS, np.int64)
        self._job[ORDERS_CAPACITY] = _FIRST_CAPACITY

    @property
    def live(self) -> int:
        """How many orders rest."""
        return int(self._job[ORDERS_LIVE])

    def resolve(self, records: NDArray[np.void], new: NDArray[np.int64]) -> Resolved:
        """Pass messages through the table.

        Parameters
        ----------
        records : (n,) MARKET
            Order events as their messages tell them; ORDER_MODIFY is a replacement.
            Other kinds pass as they are.
        new : (n,) int64
            The reference after a replacement.
        """
        count = len(records)
        self._grow(count)
        out = np.empty(2 * count, MARKET)
        verdicts = np.zeros(count, np.uint8)
        job = self._job
        job[ORDERS_IN], job[ORDERS_COUNT] = records.ctypes.data, count
        job[ORDERS_NEW], job[ORDERS_OUT] = new.ctypes.data, out.ctypes.data
        job[ORDERS_VERDICTS] = verdicts.ctypes.data
        job[ORDERS_TABLE] = self._table.ctypes.data
        resolve_orders(job.ctypes.data)
        return Resolved(out[: int(job[ORDERS_WRITTEN])], verdicts)

    def _grow(self, more: int) -> None:
        """Keep the table at most half full, also if each message adds an order."""
        job = self._job
        capacity = int(job[ORDERS_CAPACITY])
        while capacity < 2 * (self.live + more) + 2:
            capacity *= 2
        if capacity == job[ORDERS_CAPACITY]:
            return
        old = self._table
        self._table = np.zeros(capacity * ORDER_WIDTH, np.int64)
        job[ORDERS_OLD_TABLE] = old.ctypes.data
        job[ORDERS_OLD_CAPACITY] = job[ORDERS_CAPACITY]
        job[ORDERS_TABLE], job[ORDERS_CAPACITY] = self._table.ctypes.data, capacity
        regrow_orders(job.ctypes.data)
