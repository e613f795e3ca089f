"""A market's history: the fold on one thread, and what others read of it.

`fold` belongs to one thread, in a session the view thread's; everything else may be
called from any. What is returned is a copy.
"""

import logging
import threading
from bisect import bisect_left
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.engine.arena import Section
from app.engine.history import fold as folding, reading, series as runs
from app.engine.history.bar_series import MOST_BYTES, FoldedBars
from app.engine.history.far_profile import far_profile
from app.engine.history.gaps import GapTimes
from app.engine.history.growing import GrowingRows
from app.engine.history.heat_fold import INTERVAL_NS, HeatFold
from app.engine.history.heat_tiles import HeatTiles
from app.engine.history.records import (
    BAR_ROW,
    FLOW,
    PROFILE,
    SAMPLE,
    SESSION_STATS,
    TAPE,
    BarKind,
)
from app.engine.history.state import NEVER, open_arena
from app.engine.records import MARKET, NO_PRICE, EventKind
from app.engine.views import VIEW_LEVEL
from app.errors import EngineError
from app.instrument import Instrument

_log = logging.getLogger("app.engine")
_BATCH: Final = 16_384
_SLICE: Final = 65_536
_FILES: Final = {
    "trade": (TAPE, 64 << 30, 3 << 20),
    "bar": (BAR_ROW, 4 << 30, 112 << 10),
    "sample": (SAMPLE, 1 << 30, 512 << 10),
}
"""By what a track counts: row type, most bytes, bytes taken at a time."""
_FAR: Final = 1 << 62
_ROOM: Final = 512
_SPAN: Final = 1 << 14
_NO_BOUNDARIES: Final = np.zeros(0, np.int64)


class History:
    """See `app.sessions.history.MarketHistory`.

    Parameters
    ----------
    instruments : sequence of Instrument
        By their number in records.
    directory : Path, optional
        Where its files are, which have no names; None = where temporary files are.
    boundaries : sequence of (n,) int64
        By instrument, when its trade dates begin, ns since 1970 UTC.

    Attributes
    ----------
    arena : Arena
        The folding thread's own, see `history.state`.
    is_behind : bool
        Bars that are followed have not taken all of the tape: fold on, if only nothing.

    Raises
    ------
    OSError
        If there can be no files.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        directory: Path | None = None,
        boundaries: Sequence[Any] = (),
    ) -> None:
        self.arena = open_arena(instruments)
        self._count = len(instruments)
        self._directory = directory
        every = self.arena.records(Section.HISTORY_TRACKS)
        self._tracks = every[: self._count]
        self._head = self.arena.records(Section.HISTORY_HEAD)
        self._boundaries = [np.asarray(each, np.int64) for each in boundaries]
        for number, times in enumerate(self._boundaries[: self._count]):
            self._tracks["boundaries"][number] = times.ctypes.data
            self._tracks["boundary_count"][number] = len(times)
        self._files = {
            name: [
                GrowingRows(dtype, most, chunk, directory) for _ in range(self._count)
            ]
            for name, (dtype, most, chunk) in _FILES.items()
        }
        for name, files in self._files.items():
            self._tracks[f"{name}s"] = [each.address for each in files]
        self._series: dict[tuple[int, int, int], FoldedBars] = {}
        self._gaps: dict[int, GapTimes] = {}
        self._turn = threading.Lock()
        self._of_thread = threading.local()
        self.is_behind = False
        self._is_full = False
        self._cut: Callable[[int], None] | None = None
        place, trades = self.arena.address, self._files["trade"]
        self._heat = HeatFold(place, self._tracks, trades, directory)
        self.cut_at(INTERVAL_NS, self._heat.take)

    # The thread that folds.

    @property
    def records(self) -> int:
        """Records folded so far."""
        return int(self._head["records"][0])

    @property
    def lost(self) -> int:
        """Rows that were not kept, for want of disk."""
        return int(self._head["lost"][0])

    def book_of(self, instrument: int) -> int:
        """Book of an instrument in the arena."""
        return int(self._tracks["book"][instrument])

    def tape_at(self, instrument: int) -> int:
        """Address of an instrument's TAPE, from its first trade on."""
        return self._files["trade"][instrument].address

    def cut_at(self, interval: int, hook: Callable[[int], None]) -> None:
        """Have the state looked at whenever received time passes a multiple.

        The hook is called on the folding thread between two records: all that came
        before that time is folded, nothing after. Intervals without records are not
        made up for. Set it before the first fold.

        Parameters
        ----------
        interval : int
            ns.
        hook : callable
            Given the latest multiple that has passed, ns since 1970 UTC.
        """
        self._cut = hook
        self._head["cut_interval"] = interval
        self._head["next_cut"] = -NEVER

    def fold(self, records: Any) -> None:
        """Fold market records, in order, and bring the bars that are followed up.

        Parameters
        ----------
        records : (n,) MARKET
        """
        records = np.ascontiguousarray(records, MARKET)
        for first in range(0, len(records), _BATCH):
            self._fold_batch(records[first : first + _BATCH])
        self._tend()

    def _fold_batch(self, records: Any) -> None:
        self._make_room(records)
        job = np.array([records.ctypes.data, len(records), 0, 0], np.int64)
        while True:
            folding.history_fold(self.arena.address, 0, job.ctypes.data)
            done = int(job[folding.DONE])
            if done >= len(records):
                return
            self._pass_cut(int(records["ts_received"][done]))

    def _pass_cut(self, ts: int) -> None:
        interval = int(self._head["cut_interval"][0])
        begins = ts - ts % interval
        is_first = self._head["next_cut"][0] == -NEVER
        self._head["next_cut"] = min(begins + interval, NEVER)
        if self._cut is not None and not is_first:
            self._cut(begins)

    def _make_room(self, records: Any) -> None:
        """See that every row a batch may write has its place on disk."""
        has_bars = bool((records["kind"] == EventKind.BAR).any())
        is_full = False
        for name, files in self._files.items():
            if name == "bar" and not has_bars:
                continue
            counts = self._tracks[f"{name}_count"]
            wanted = counts + len(records)
            for number in np.flatnonzero(self._tracks[f"{name}_room"] < wanted):
                is_full |= not files[number].make_room(int(wanted[number]))
                self._tracks[f"{name}_room"][number] = files[number].room
                files[number].drop_behind(int(counts[number]))
        if is_full and not self._is_full:
            _log.error("market history: no room on disk for trades, some are not kept")
        self._is_full = is_full

    def _tend(self) -> None:
        """Bring followed bars up to the tape, or a good piece of the way."""
        left = _SLICE
        head = int(self._head.ctypes.data)
        for each in tuple(self._series.values()):
            left -= each.advance(head, self._tracks[each.instrument], max(left, 1))
        self.is_behind = left <= 0

    # Depth over time.

    def heatmap(self, instrument: int) -> HeatTiles | None:
        """Columns of depth since the session began; None if there are none to come."""
        return self._heat.tiles(instrument)

    # Trades.

    def _is_known(self, instrument: int) -> bool:
        return 0 <= instrument < self._count

    def _load(self, instrument: int, name: str) -> int:
        """Load a count that the fold publishes; 0 of an unknown instrument."""
        if not self._is_known(instrument):
            return 0
        place = self._tracks[name][instrument : instrument + 1].ctypes.data
        return reading.history_load(place)

    def trade_count(self, instrument: int) -> int:
        """Trades so far."""
        return self._load(instrument, "trade_count")

    def trades(self, instrument: int, first: int, last: int) -> Any:
        """Copy trades [first, last) as TAPE, oldest first, clipped to what there is."""
        last = min(last, self.trade_count(instrument))
        first = max(first, 0)
        if first >= last:
            return np.empty(0, TAPE)
        return self._files["trade"][instrument].rows[first:last].copy()

    def find_trade(self, instrument: int, ts: int) -> int:
        """Index of the first trade at or after `ts`."""
        count = self.trade_count(instrument)
        if not count:
            return 0
        times = self._files["trade"][instrument].rows["ts"]
        return bisect_left(range(count), ts, key=times.__getitem__)

    def gaps(self, instrument: int) -> Any:
        """See `MarketHistory.gaps`; for one thread."""
        count = self.trade_count(instrument)
        finder = self._gaps.setdefault(instrument, GapTimes())
        return finder.read_on(self._files["trade"][instrument].rows, count)

    def trade_dates(self, instrument: int) -> Any:
        """See `MarketHistory.trade_dates`."""
        is_known = 0 <= instrument < len(self._boundaries)
        return self._boundaries[instrument] if is_known else _NO_BOUNDARIES

    # Bars.

    def bars(self, instrument: int, spec: Any) -> FoldedBars:
        """Follow bars; equal requests share one series.

        Raises
        ------
        EngineError
            If there are no such bars, or no such instrument.
        """
        kind, size = BarKind(spec.kind), int(spec.size)
        if size < 1:
            raise EngineError(f"the size of a bar must be 1 or more, was {size}")
        if not self._is_known(instrument):
            raise EngineError(f"no bars can be built of instrument {instrument}")
        key = instrument, int(kind), size
        found = self._series.get(key)
        if found is not None:
            found.followers += 1
            return found
        rows = GrowingRows(BAR_ROW, MOST_BYTES, 112 << 10, self._directory)
        place = self.arena.address
        made = FoldedBars(spec, instrument, place, rows, self._turn, self._release)
        self._series = {**self._series, key: made}
        return made

    def _release(self, bars: FoldedBars) -> None:
        bars.followers -= 1
        if bars.followers == 0:
            others = self._series.items()
            self._series = {key: each for key, each in others if each is not bars}

    # State.

    def _ask(
        self, entry: Any, instrument: int, window: tuple[int, int], rows: Any
    ) -> Any:
        """Call a reading entry; its result and the job."""
        job = np.zeros(reading.JOB_WORDS, np.int64)
        low, high = (min(max(each, -_FAR), _FAR) for each in window)
        job[: reading.BIDS] = instrument, low, high, rows.ctypes.data, rows.shape[-1]
        with self._turn:
            return entry(self.arena.address, job.ctypes.data), job

    def _rows(
        self, entry: Any, instrument: int, window: tuple[int, int], dtype: Any
    ) -> Any:
        """Copy as many rows as there are."""
        room = _ROOM
        while True:
            rows = np.empty(room, dtype)
            if not self._is_known(instrument):
                return rows[:0]
            count, _ = self._ask(entry, instrument, window, rows)
            if count < room:
                return rows[:count]
            room *= 4

    def stats(self, instrument: int) -> Any:
        """One SESSION_STATS record; of an unknown instrument as before a trade."""
        stats = np.zeros(1, SESSION_STATS)
        if self._is_known(instrument):
            with self._turn:
                entry = reading.history_stats
                entry(self.arena.address, instrument, stats.ctypes.data)
        else:
            for field in ("open", "high", "low", "last", "previous_close"):
                stats[field] = NO_PRICE
        return stats[0]

    def profile(self, instrument: int) -> Any:
        """Volume by price of the session, (n,) PROFILE, lowest price first."""
        entry = reading.history_profile
        return self._rows(entry, instrument, (-_FAR, _FAR), PROFILE)

    def flow(self, instrument: int, low: int, high: int) -> Any:
        """What happened at the prices in [low, high], (n,) FLOW, lowest first."""
        return self._rows(reading.history_flow, instrument, (low, high), FLOW)

    def reset_flow(self, instrument: int) -> None:
        """Count sold, bought, stacked and pulled from here on anew."""
        if self._is_known(instrument):
            self._tracks["flow_asked"][instrument] += 1

    def depth(self, instrument: int, low: int, high: int) -> tuple[int, Any, Any]:
        """Book sequence and the displayed levels in [low, high], however far away."""
        room = _ROOM
        while self._is_known(instrument):
            rows = np.empty((2, room), VIEW_LEVEL)
            entry = reading.history_depth
            _, job = self._ask(entry, instrument, (low, high), rows)
            bids, asks = int(job[reading.BIDS]), int(job[reading.ASKS])
            if max(bids, asks) < room:
                return int(job[reading.SEQUENCE]), rows[0, :bids], rows[1, :asks]
            room *= 4
        return 0, np.empty(0, VIEW_LEVEL), np.empty(0, VIEW_LEVEL)

    def samples(self, instrument: int, count: int) -> Any:
        """Copy the newest samples, (n,) SAMPLE, oldest first."""
        there = self._load(instrument, "sample_count")
        if not there or count < 1:
            return np.empty(0, SAMPLE)
        rows = self._files["sample"][instrument].rows
        return rows[max(there - count, 0) : there].copy()

    # Profiles of trades.

    def profile_of(self, instrument: int, first: int, last: int) -> Any:
        """Volume by price of trades [first, last), (n,) PROFILE."""
        rows, _ = self.footprint(instrument, (first, max(first, last)))
        return rows

    def _scratch(self) -> Any:
        """Zeros of this thread, which a footprint leaves as zeros."""
        if not hasattr(self._of_thread, "scratch"):
            self._of_thread.scratch = np.zeros(2 * _SPAN, np.int64)
        return self._of_thread.scratch

    def footprint(self, instrument: int, edges: Any) -> tuple[Any, Any]:
        """Profiles of consecutive runs of trades, and where each begins.

        Edges that fall, or lie outside the tape, are taken as far as they make sense.
        """
        edges = np.clip(edges, 0, self.trade_count(instrument)).astype(np.int64)
        edges = np.maximum.accumulate(np.atleast_1d(edges))
        starts = np.zeros(len(edges), np.int64)
        if len(edges) < 2 or edges[0] == edges[-1]:
            return np.empty(0, PROFILE), starts
        tape = self._files["trade"][instrument]
        rows = np.empty(edges[-1] - edges[0] + 1, PROFILE)
        scratch = self._scratch()
        job = np.zeros(runs.FOOTPRINT_WORDS, np.int64)
        job[runs.TRADES] = tape.address
        job[runs.EDGES], job[runs.STARTS] = edges.ctypes.data, starts.ctypes.data
        job[runs.OUT], job[runs.SCRATCH] = rows.ctypes.data, scratch.ctypes.data
        job[runs.RUNS], job[runs.SPAN] = len(edges) - 1, _SPAN
        while True:
            count = runs.footprint_runs(job.ctypes.data)
            run = int(job[runs.STOPPED])
            if run >= len(edges) - 1:
                return rows[:count].copy(), starts
            wide = far_profile(tape.rows[edges[run] : edges[run + 1]])
            rows[count : count + len(wide)] = wide
            starts[run + 1] = count + len(wide)
            job[runs.STOPPED] = run + 1
