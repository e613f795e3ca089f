"""A market's history: the fold on one thread, and what others read of it.

`fold` belongs to one thread, in a session the view thread's; everything else may be
called from any. What is returned is a copy.
"""

import logging
import threading
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.engine.arena import Section
from app.engine.history import fold as folding, reading, series as runs
from app.engine.history.bar_series import MOST_BYTES, FoldedBars
from app.engine.history.fold import FoldJob, FollowJob
from app.engine.history.footprints import footprint, scratch
from app.engine.history.gaps import GapTimes
from app.engine.history.growing import GrowingRows
from app.engine.history.heat_fold import INTERVAL_NS
from app.engine.history.heat_rows import HeatRows
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
from app.engine.history.rooms import Rooms
from app.engine.history.state import NEVER, Need, open_arena
from app.engine.log import FRAME, Stop, log_scan_entry
from app.engine.records import MARKET, NO_PRICE
from app.engine.views import VIEW_LEVEL
from app.errors import EngineError
from app.instrument import Instrument

_log = logging.getLogger("app.engine")
_FILES: Final = {
    "trade": (TAPE, 64 << 30, 3 << 20),
    "bar": (BAR_ROW, 4 << 30, 112 << 10),
    "sample": (SAMPLE, 1 << 30, 512 << 10),
}
"""By what a track counts: row type, most bytes, bytes taken at a time."""
_FAR: Final = 1 << 62
_NO_BOUNDARIES: Final = np.zeros(0, np.int64)
_ROOM: Final = 512


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
    column_ns : int
        What a heatmap's column stands for, ns.

    Attributes
    ----------
    arena : Arena
        The folding thread's own, see `history.state`.

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
        column_ns: int = INTERVAL_NS,
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
        self._table = np.zeros(runs.TABLE_WORDS, np.int64)
        self._follow_job = np.zeros(folding.JOB_WORDS, np.int64)
        self._batch = np.zeros(folding.TURN, FRAME)
        self._follow_job[FollowJob.SCANNER] = log_scan_entry.address
        self._follow_job[FollowJob.BATCH] = self._batch.ctypes.data
        self._follow_job[FollowJob.ADVANCE] = runs.series_advance.address
        self._follow_job[FollowJob.TABLE] = self._table.ctypes.data
        self._released: list[FoldedBars] = []
        self._head["cut_interval"] = column_ns
        self._heat = HeatRows(self._tracks, directory)
        self._rooms = Rooms(self._head, self._tracks, self._files, self._heat)

    # The thread that folds.

    @property
    def records(self) -> int:
        """Records folded so far."""
        return int(self._head["records"][0])

    @property
    def frames(self) -> int:
        """Frames of a log, of every stream, that `follow` has passed."""
        return int(self._follow_job[FollowJob.FRAMES])

    @property
    def is_behind(self) -> bool:
        """Bars that are followed have not taken all of the tape: fold on."""
        return bool(self._table[runs.BEHIND])

    @property
    def now(self) -> int:
        """Received time of the newest record that is folded, ns; 0 before the first."""
        return int(self._head["now"][0])

    @property
    def lost(self) -> int:
        """Rows that were not kept, for want of disk."""
        return int(self._head["lost"][0])

    def book_of(self, instrument: int) -> int:
        """Book of an instrument in the arena."""
        return int(self._tracks["book"][instrument])

    def fold(self, records: Any) -> None:
        """Fold market records, in order, and bring the bars that are followed up.

        Parameters
        ----------
        records : (n,) MARKET
        """
        records = np.ascontiguousarray(records, MARKET)
        self._begin_spell()
        job = np.zeros(folding.JOB_WORDS, np.int64)
        job[FoldJob.RECORDS], job[FoldJob.COUNT] = records.ctypes.data, len(records)
        while job[FoldJob.DONE] < len(records):
            folding.history_fold(self.arena.address, 0, job.ctypes.data)
            self._make_room(Need(int(job[FoldJob.NEED])))
        table = self._table.ctypes.data
        while need := runs.series_advance(self.arena.address, table, folding.SLICE):
            self._make_room(Need(need))

    def follow(self, scan: int, nap_us: int, spell_ns: int) -> Stop:
        """Fold a log that is mapped, as it grows, and keep the bars up with it.

        Parameters
        ----------
        scan : int
            Address of a scan's state (`log.SCAN_CURSOR`): where in the log it is.
        nap_us : int
            Between two looks at a log that has not grown; 0 = return there.
        spell_ns : int
            Return after so long.

        Returns
        -------
        Stop
            Why the scan stopped.
        """
        self._begin_spell()
        job = self._follow_job
        job[FollowJob.SCAN], job[FollowJob.NAP_US] = scan, nap_us
        job[FollowJob.SPELL_NS] = spell_ns
        while True:
            stop = folding.history_follow(self.arena.address, 0, job.ctypes.data)
            need = Need(int(job[FollowJob.NEED]))
            if need == Need.NOTHING:
                return Stop(stop)
            self._make_room(need)

    def stop_following(self) -> None:
        """Let `follow` return as soon as the log ends, from any thread, for good."""
        self._follow_job[FollowJob.STOPPING] = 1

    def _begin_spell(self) -> None:
        """Look anew whether there is disk; forget series that nobody follows."""
        self._rooms.look_anew()
        self._released.clear()
        for each in tuple(self._series.values()):
            each.look_for_room()

    def _make_room(self, need: Need) -> None:
        """Take disk for what the fold lacks; if there is none it goes on without."""
        if need == Need.SERIES:
            for each in tuple(self._series.values()):
                each.make_room()
            return
        self._rooms.make(need)

    # Depth over time.

    def begin_columns(self, column_ns: int) -> None:
        """Take columns from the next record on, of so much time each.

        For who folds a stretch only to know the book at its end; between two folds.
        """
        self._head["cut_interval"], self._head["next_cut"] = column_ns, -NEVER
        for number in range(self._count):
            tiles = self._heat.tiles(number)
            if tiles is not None:
                tiles.pass_trades(self.trade_count(number))

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
        free = np.flatnonzero(self._table[runs.PLACES :] == 0)
        if not len(free):
            most = runs.MOST_SERIES
            raise EngineError(f"more than {most} kinds of bars are followed at once")
        self._series = {**self._series, key: made}
        self._table[runs.PLACES + free[0]] = made.address
        return made

    def _release(self, bars: FoldedBars) -> None:
        bars.followers -= 1
        if bars.followers == 0:
            others = self._series.items()
            self._series = {key: each for key, each in others if each is not bars}
            self._table[self._table == bars.address] = 0
            # The fold may be at it: its memory stays until the fold was back here.
            self._released.append(bars)

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

    def footprint(self, instrument: int, edges: Any) -> tuple[Any, Any]:
        """Profiles of consecutive runs of trades, and where each begins.

        Edges that fall, or lie outside the tape, are taken as far as they make sense.
        """
        edges = np.clip(edges, 0, self.trade_count(instrument)).astype(np.int64)
        edges = np.maximum.accumulate(np.atleast_1d(edges))
        starts = np.zeros(len(edges), np.int64)
        if len(edges) < 2 or edges[0] == edges[-1]:
            return np.empty(0, PROFILE), starts
        if not hasattr(self._of_thread, "scratch"):
            self._of_thread.scratch = scratch()
        tape = self._files["trade"][instrument]
        return footprint(tape, edges, starts, self._of_thread.scratch)
