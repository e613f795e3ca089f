"""The bars that alerts read, followed for as long as an alert needs them.

A series that nobody follows is folded anew from the first trade: read and let go five
times a second it would never have a bar.
"""

from typing import Any, Final

import numpy as np

from app.engine.history.records import BAR_ROW, BarKind
from app.sessions.history import BarSeries, BarSpec, MarketHistory

_MINUTE_NS: Final = 60_000_000_000


class AlertBars:
    """Bars of minutes by instrument."""

    def __init__(self) -> None:
        self._history: MarketHistory | None = None
        self._series: dict[tuple[int, int], BarSeries] = {}
        self._used: set[tuple[int, int]] = set()

    def newest(
        self, history: MarketHistory | None, number: int, minutes: int, count: int
    ) -> Any:
        """Read the newest bars, (at most count,) BAR_ROW, oldest first."""
        if history is not self._history:
            self.forget()
            self._history = history
        if history is None:
            return np.empty(0, BAR_ROW)
        key = number, minutes
        self._used.add(key)
        series = self._series.get(key)
        if series is None:
            spec = BarSpec(BarKind.TIME, minutes * _MINUTE_NS)
            series = self._series[key] = history.bars(number, spec)
        # What is still being folded ends long ago: its newest bar is none of now.
        first = max(0, series.count - count) if series.is_complete else series.count
        return series.read(first, series.count)

    def sweep(self) -> None:
        """Let go of what was not read since the last sweep."""
        for key in self._series.keys() - self._used:
            self._series.pop(key).release()
        self._used.clear()

    def forget(self) -> None:
        """Let go of everything: another session follows."""
        for series in self._series.values():
            series.release()
        self._series.clear()
        self._used.clear()
        self._history = None
