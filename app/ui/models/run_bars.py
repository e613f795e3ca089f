"""The market that a run traded in, as bars for a chart: read again from the catalog.

Recorded bars are shown as they are, or joined into longer ones; finer data are folded
into bars by the same history that a live chart reads.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from app.data.bar_stamps import interval_ns, is_interval
from app.data.catalog import Catalog
from app.data.local_time import DAY_NS
from app.data.merging import Merged
from app.engine.history.history import History
from app.engine.history.records import BAR_ROW, BarKind
from app.engine.records import BAR, MARKET, EventKind
from app.errors import ConfigError
from app.instrument import Instrument
from app.sessions.history import BarSeries, BarSpec
from app.ui.models.chart_bars import joined
from app.ui.models.chart_interval import parse_interval

_BARS: Final = "bars-"
_MOST: Final = 3000
"""Bars that a chart of finer data begins with, about."""
_USUAL: Final = ("1s", "5s", "15s", "1m", "5m", "15m", "1h", "4h", "1d")


class ArrayBars:
    """Bars that do not change; a `BarSeries`.

    Parameters
    ----------
    rows : (n,) BAR_ROW
    spec : BarSpec
    """

    version = 1
    is_complete = True

    def __init__(self, rows: Any, spec: BarSpec) -> None:
        self.rows, self.spec, self.instrument = rows, spec, 0

    @property
    def count(self) -> int:
        """Bars there are."""
        return len(self.rows)

    def read(self, first: int, last: int) -> Any:
        """Copy bars [first, last)."""
        return self.rows[max(0, first) : max(0, last)].copy()

    def find(self, ts: int) -> int:
        """Index of the first bar whose end is past `ts`."""
        return int(np.searchsorted(self.rows["end"], ts, side="right"))

    def release(self) -> None:
        """Nothing is kept for it."""


@dataclass(frozen=True)
class RunMarket:
    """The market of one symbol of a run.

    Attributes
    ----------
    instrument : Instrument
    stream : str
    intervals : tuple of str
        That a chart may have; the first is the usual one.
    rows : (n,) BAR_ROW or None
        The recorded bars; None where the data are finer.
    history : History or None
        What finer data were folded into.
    """

    instrument: Instrument
    stream: str
    intervals: tuple[str, ...]
    rows: Any = None
    history: History | None = None

    def series(self, interval: str) -> BarSeries:
        """Bars of an interval.

        Raises
        ------
        ConfigError
            If it is none, or finer than what was recorded.
        """
        spec = parse_interval(interval, self.instrument)
        if self.history is not None:
            found = self.history.bars(0, spec)
            nothing = np.empty(0, MARKET)
            while not found.is_complete:
                self.history.fold(nothing)
            return found
        native = interval_ns(self.intervals[0])
        if spec.kind != BarKind.TIME or spec.size < native:
            raise ConfigError(f"{interval}: the run read bars of {self.intervals[0]}")
        return ArrayBars(joined_to(self.rows, spec.size, native), spec)


def load_market(
    catalog: Catalog, symbol: str, stream: str, start_ts: int, end_ts: int
) -> RunMarket:
    """Read what a run read of a symbol.

    Raises
    ------
    CatalogError
        If it is not in the catalog any more.
    """
    recording = catalog.open(symbol, stream)
    data = Merged([recording], start_ts or None, end_ts or None)
    interval = stream.removeprefix(_BARS)
    if stream.startswith(_BARS) and is_interval(interval):
        rows = recorded_rows(data, interval_ns(interval))
        longer = [x for x in _USUAL if interval_ns(x) > interval_ns(interval)]
        intervals = (interval, *longer, "7d")
        return RunMarket(recording.instrument, stream, intervals, rows)
    history = History(data.instruments)
    while len(records := data.read()):
        history.fold(records)
    usual = _usual(recording.last_ts - recording.first_ts)
    others = tuple(each for each in _USUAL if each != usual)
    return RunMarket(recording.instrument, stream, (usual, *others), history=history)


def _usual(span: int) -> str:
    for each in _USUAL:
        if span // interval_ns(each) <= _MOST:
            return each
    return _USUAL[-1]


def recorded_rows(data: Merged, length: int) -> Any:
    """Recorded bars as a chart's; each ends when it was received."""
    parts = [np.empty(0, MARKET)]
    while len(records := data.read()):
        parts.append(records[records["kind"] == EventKind.BAR])
    bars = np.concatenate(parts).view(BAR)
    made = np.zeros(len(bars), BAR_ROW)
    made["end"] = bars["ts_received"] + 1  # what is filled at its time is in it
    made["begin"] = bars["ts_received"] - length
    made["open"] = bars["open"]
    for name in ("high", "low", "close"):
        made[name] = bars["open"] + bars[f"{name}_offset"]
    made["volume"] = bars["volume"]
    made["turnover"] = made["close"].astype(np.float64) * bars["volume"]
    made["first_trade"] = -1
    return made


def joined_to(rows: Any, size: int, native: int) -> Any:
    """Bars joined into those of a longer interval; weeks begin on Mondays."""
    if size <= native or not len(rows):
        return rows
    monday = 4 * DAY_NS if size % (7 * DAY_NS) == 0 else 0
    group = (rows["begin"] - monday) // size
    starts = np.append(0, np.flatnonzero(np.diff(group)) + 1)
    return joined(rows, starts)
