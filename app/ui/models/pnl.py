"""The course of profit and loss, in bounded memory.

One sample at most each `interval`; when the store is full, every other sample goes and
the interval doubles, so that a day and a minute cost the same. The newest value always
stands at the end, whatever the interval.
"""

from typing import Any, Final

import numpy as np

from app.engine.money import CONVERSION_SCALE
from app.engine.records import MONEY_SCALE
from app.engine.state import MAX_STRATEGIES

CAPACITY: Final = 4096
FIRST_INTERVAL_NS: Final = 100_000_000


class PnlHistory:
    """P&L of the account, of each instrument and of each strategy over time.

    All of it in the base currency; what has no conversion rate is NaN.

    Parameters
    ----------
    instruments : int
    capacity : int
        Samples kept at most.
    """

    def __init__(self, instruments: int, capacity: int = CAPACITY) -> None:
        self._times = np.zeros(capacity, np.float64)
        self._instruments = instruments
        self._values = np.zeros((instruments + MAX_STRATEGIES, capacity), np.float64)
        self._used = 0
        self._settled = 0  # time of the last sample that stays, ns
        self._newest = 0  # time of the sample at the end, which is replaced, ns
        self._unread: np.void | None = None  # whose values are at the end
        self.interval_ns = FIRST_INTERVAL_NS

    @property
    def times(self) -> np.ndarray:
        """Seconds since 1970 UTC, ascending."""
        return self._times[: self._used]

    def values(self, column: int) -> np.ndarray:
        """Base currency over time.

        Column 0 is the total, 1 + i instrument i, `strategy_column(s)` strategy s.
        """
        self._read()
        return self._values[column, : self._used]

    def take(self, view: np.void) -> None:
        """Take a view; it replaces the newest sample unless the interval has passed.

        Parameters
        ----------
        view : VIEW
            Does not change from now on: of most nobody asks what they are worth.
        """
        now = int(view["now"])
        if self._used <= 1 or now >= self._settled + self.interval_ns:
            self._read()
            self._settled = self._newest
            self._grow()
        self._newest, self._unread = now, view
        self._times[self._used - 1] = now / 1e9

    def _read(self) -> None:
        """Write the values of the newest sample."""
        view, self._unread = self._unread, None
        if view is not None:
            self._write(view, self._values[:, self._used - 1])

    def strategy_column(self, strategy: int) -> int:
        """Column of a strategy, 1 to `MAX_STRATEGIES` - 1."""
        return self._instruments + strategy

    def strategies(self, view: np.void) -> list[int]:
        """Numbers of the strategies that run, or that earned or lost anything."""
        rows = view["strategy"]
        is_seen = (rows["state"] != 0) | (_net(rows) != 0)
        numbers: list[int] = np.nonzero(is_seen[1:MAX_STRATEGIES])[0].tolist()
        return [number + 1 for number in numbers]

    def _write(self, view: np.void, column: np.ndarray) -> None:
        net = _net(view["instrument"][: self._instruments])
        rates = view["instrument"]["conversion"][: len(net)] / CONVERSION_SCALE
        # An instrument without P&L needs no rate: nothing is nothing.
        rates = np.where((rates > 0) | (net == 0), rates, np.nan)
        column[0] = _net(view)
        column[1 : 1 + len(net)] = net * rates
        column[1 + self._instruments :] = _net(view["strategy"][1:MAX_STRATEGIES])
        column /= MONEY_SCALE

    def _grow(self) -> None:
        if self._used == len(self._times):
            half = self._times[::2].copy()
            self._times[: len(half)] = half
            self._values[:, : len(half)] = self._values[:, ::2].copy()
            self._used = len(half)
            self.interval_ns *= 2
        self._used += 1


def _net(rows: Any) -> Any:
    """P&L after fees, money, as a float: no sum of what a feed may claim overflows."""
    names = ("realised", "unrealised", "fees")
    realised, unrealised, fees = (np.asarray(rows[each], np.float64) for each in names)
    return realised + unrealised - fees


def drawdown(values: np.ndarray) -> np.ndarray:
    """How far each value lies below the highest before it and zero; never positive."""
    if not len(values):
        return values
    peak = np.maximum(np.fmax.accumulate(values), 0.0)
    return np.asarray(np.minimum(values - peak, 0.0))
