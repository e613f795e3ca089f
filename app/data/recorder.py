"""The recorder: a session's market data, written into the catalog while it runs.

It reads behind the engine in the session's own log (`app.data.log_tail`), so a
recording begins with the session, however late it was asked for, misses nothing, and
costs the engine nothing. Every `commit_s` seconds what has come is committed as
segments: a recorder that is killed leaves a recording that opens, and the log holds the
rest (`record_log` completes it). Segments are merged as they grow in number, and to one
per trade date at the end of the date and of the recording.

A disk without room is told in the status; reading stops meanwhile, nothing is lost, and
the recorder goes on by itself.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.clock import Clock, SystemClock
from app.data.catalog import Catalog, Recording, Segment, folder_name
from app.data.catalog_writer import ImportJob, Target, segment_name
from app.data.importing import Progress
from app.data.log_tail import LogTail
from app.data.trade_dates import trade_dates
from app.engine.records import EventKind, FeedStatus, RecordFlag
from app.errors import CatalogError, RecorderError
from app.instrument import Instrument, plain

_log = logging.getLogger("app.market")
_FAN: Final = 8
"""Segments of one size that are merged into one."""
_MOST_HELD: Final = 1 << 20
"""Records in memory (64 MB) before they are committed, however soon."""
_MANY: Final = 64
_FEW_ROWS: Final = 1024
_MOST_TURNS: Final = 10
"""Of more streams than `_MANY`, those with few rows are committed every tenth time: a
segment is ten files, and making and deleting them is what a commit costs."""
_LOOK_S: Final = 0.25
_TELL_NS: Final = 500_000_000
_AGAIN_S: Final = 5.0
_LINGER_NS: Final = 3_000_000_000
"""How long the end of a log is waited for once the session has ended."""
_BASES: Final = (
    (EventKind.ORDER_ADD, "orders"),
    (EventKind.LEVEL, "depth"),
    (EventKind.QUOTE, "quotes"),
    (EventKind.TRADE, "trades"),
    (EventKind.BAR, "bars"),
)
_BASIS_OF: Final = {"quotes": "top"}


@dataclass(frozen=True, slots=True)
class RecorderStatus:
    """How a recorder stands.

    Attributes
    ----------
    state : str
        "recording", "waiting" (for room on the disk), "ended" or "failed".
    rows : int
        Records read from the log.
    committed : int
        Of them, those that are in the catalog.
    message : str
        What is wrong, or what came of it; empty while all is well.
    """

    state: str
    rows: int = 0
    committed: int = 0
    message: str = ""


@dataclass(slots=True)
class _Stream:
    """One instrument's stream being recorded."""

    target: Target
    held: list[NDArray[np.void]] = field(default_factory=list)
    rows: int = 0
    last_ts: int = 0
    turns: int = 0
    """Commits that it has waited for more."""
    dates: dict[int, list[list[Path]]] = field(default_factory=dict)
    """By trade date: the folders of its segments, by how often they were merged."""
    done: list[Path] = field(default_factory=list)
    """Segments of dates that have ended."""


@dataclass(frozen=True, slots=True)
class _Merge:
    """Segments of a date that become one, in the place of the first."""

    stream: _Stream
    date: int
    height: int | None
    """Their size; None: all of the date, which has ended."""
    folders: Sequence[Path]

    def note(self) -> None:
        """Note that it was done."""
        if self.height is None:
            del self.stream.dates[self.date]
            self.stream.done.append(self.folders[0])
            return
        levels = self.stream.dates[self.date]
        if self.height + 1 == len(levels):
            levels.append([])
        levels[self.height + 1].append(self.folders[0])
        levels[self.height] = []


class LogRecording:
    """A log's market data on their way into the catalog; one thread's at a time.

    Parameters
    ----------
    catalog : Catalog
    directory : Path
        The session's log.

    Raises
    ------
    RecorderError
        If the session plays a recording, or its instruments have changed since.
    LogError
        If there is no log.
    """

    def __init__(self, catalog: Catalog, directory: Path) -> None:
        self.catalog = catalog
        self.tail = LogTail(directory)
        self.rows = self.committed = 0
        self.clamped = 0
        feed = str(self.tail.metadata.get("feed", ""))
        if feed.startswith("recording:"):
            raise RecorderError(
                f"the session of {directory.name} played {feed}: "
                "what it was is in the catalog already"
            )
        names: Sequence[str] = self.tail.metadata.get("instruments", ())
        self.instruments = [catalog.master.instrument(each) for each in names]
        self._check_units()
        self._streams: dict[int, _Stream] = {}
        self._early: dict[int, list[NDArray[np.void]]] = {}
        self._frames = 0

    def _check_units(self) -> None:
        """A log counts in the units that held when it was written."""
        told: Mapping[str, Sequence[str]] = self.tail.metadata.get("units", {})
        for each in self.instruments:
            now = [plain(each.price_unit), plain(each.quantity_unit)]
            was = list(told.get(each.name, now))
            if was != now:
                raise RecorderError(
                    f"{each.name} counted in units {was} in this session, but the "
                    f"instrument master now says {now}: set them back to record it"
                )

    @property
    def held(self) -> int:
        """Records in memory."""
        return sum(each.rows for each in self._streams.values())

    def take(self) -> int:
        """Read what the log has; how many records there were."""
        records = self.tail.read()
        count = len(records)
        if not count:
            return 0
        records["flags"] &= np.uint16(~int(RecordFlag.REPLAYED) & 0xFFFF)
        ended = (records["kind"] == EventKind.FEED_STATUS) & (
            records["count"] == FeedStatus.ENDED
        )
        # A playback puts these in from the catalog.
        again = np.isin(records["kind"], (EventKind.DIVIDEND, EventKind.SPLIT))
        for number, part in self._by_instrument(records[~ended & ~again]):
            self._hold(number, part)
        return count

    def _by_instrument(
        self, records: NDArray[np.void]
    ) -> Iterable[tuple[int, NDArray[np.void]]]:
        """Split records by instrument; what is about none is about each."""
        numbers = records["instrument"]
        everyone = numbers < 0
        if np.any(everyone):
            for number in range(len(self.instruments)):
                yield number, records[everyone | (numbers == number)]
            return
        order = np.argsort(numbers, kind="stable")
        sorted_numbers = numbers[order]
        starts = np.flatnonzero(np.diff(sorted_numbers, prepend=-1))
        for low, high in zip(starts, [*starts[1:], len(order)], strict=True):
            number = int(sorted_numbers[low])
            if number < len(self.instruments):
                yield number, records[order[low:high]]

    def _hold(self, number: int, records: NDArray[np.void]) -> None:
        if not len(records):
            return
        stream = self._streams.get(number)
        if stream is None:
            # What a stream is shows with its first record of the market.
            early = self._early.setdefault(number, [])
            early.append(records)
            told = _stream_of(np.concatenate([each["kind"] for each in early]))
            if told is None:
                return
            stream = self._streams[number] = _Stream(
                self._target(self.instruments[number], told)
            )
            records = np.concatenate(early)
            early.clear()
        self.rows += len(records)
        times = records["ts_received"]
        forward = np.maximum.accumulate(np.maximum(times, stream.last_ts))
        self.clamped += int(np.count_nonzero(forward != times))
        records["ts_received"] = forward
        stream.last_ts = int(forward[-1])
        stream.held.append(records)
        stream.rows += len(records)

    def _target(self, instrument: Instrument, stream: str) -> Target:
        return Target(
            instrument,
            stream,
            _BASIS_OF.get(stream, stream),
            time_zone=instrument.time_zone,
            notes=[f"recorded from {self.tail.metadata.get('feed', 'a session')}"],
            split=lambda times: trade_dates(instrument, times),
        )

    # Committing.

    def commit(self, *, is_last: bool = False) -> None:
        """Make what is held part of the catalog.

        Records of the newest instant are kept back unless it is the last time: more of
        them may come, and an instant is never split.

        Raises
        ------
        CatalogError
            If it cannot be written; what is held stays held.
        """
        may_wait = not is_last and len(self._streams) > _MANY
        may_wait = may_wait and self.held < _MOST_HELD // 2
        given = {
            number: part
            for number, stream in self._streams.items()
            if not (may_wait and _waits(stream))
            and len(part := _ready(stream, is_last=is_last))
        }
        if given:
            self._write(given)
        while merges := self._merges(is_last=is_last):
            self._merge(merges)
        if is_last:
            self._clear_strangers()

    def _write(self, given: Mapping[int, NDArray[np.void]]) -> None:
        origin = self._origin(self._frames, self.tail.frames)
        with ImportJob(self.catalog, "recorder", (), origin) as job:
            for number, part in given.items():
                target = self._streams[number].target
                job.append(target, part)
                job.seal(target)
            metas = job.commit()
        self._frames = self.tail.frames
        for number, part in given.items():
            stream = self._streams[number]
            rest = np.concatenate(stream.held)[len(part) :]
            stream.held, stream.rows = [rest] if len(rest) else [], len(rest)
            self.committed += len(part)
        by_name = {
            (each.target.instrument.name, each.target.stream): each
            for each in self._streams.values()
        }
        for meta in metas:
            stream = by_name[meta.instrument, meta.stream]
            dates = stream.target.numbers(np.array([meta.first_ts]))
            levels = stream.dates.setdefault(int(dates[0]), [[]])
            levels[0].append(self._folder(stream, meta.first_ts))

    def _folder(self, stream: _Stream, first_ts: int) -> Path:
        target = stream.target
        place = f"{folder_name(target.instrument.name)}/{target.stream}"
        return self.catalog.root / place / segment_name(first_ts)

    def _merges(self, *, is_last: bool) -> list[_Merge]:
        """Find what is to be merged: dates that have ended, and `_FAN` of one size."""
        found: list[_Merge] = []
        for stream in self._streams.values():
            newest = max(stream.dates, default=0)
            for date, levels in stream.dates.items():
                if is_last or date < newest:
                    # The highest were begun first.
                    every = [each for level in reversed(levels) for each in level]
                    found.append(_Merge(stream, date, None, every))
                    continue
                for height, level in enumerate(levels):
                    if len(level) >= _FAN:
                        found.append(_Merge(stream, date, height, level))
                        break
        return found

    def _merge(self, merges: Sequence[_Merge]) -> None:
        """Write segments that belong together as one, all in one job."""
        origin = self._origin(0, self._frames)
        replaced: list[Segment] = []
        with ImportJob(self.catalog, "recorder", (), origin) as job:
            for each in merges:
                if len(each.folders) == 1:
                    continue
                segments = [Segment(folder) for folder in each.folders]
                target = each.stream.target
                for records in Recording(target.instrument, segments).batches():
                    records["flags"] &= np.uint16(~int(RecordFlag.REPLAYED) & 0xFFFF)
                    job.append(target, records)
                job.seal(target)
                replaced += segments
            if replaced:
                job.commit(replaced)
        for each in merges:
            each.note()

    def _origin(self, start: int, end: int) -> tuple[str, str]:
        source = f"{self.tail.directory.name} frames {start} to {end}"
        return source, f"{self.tail.session}:{start}-{end}"

    def _segments(self, stream: _Stream) -> list[Segment]:
        target = stream.target
        return self.catalog.segments(target.instrument.name, target.stream)

    def _clear_strangers(self) -> None:
        """Remove what a recorder that was killed has left of this very session."""
        mine = f"{self.tail.session}:"
        doomed = [
            each
            for stream in self._streams.values()
            for each in self._segments(stream)
            if each.meta.sha256.startswith(mine) and each.folder not in stream.done
        ]
        if doomed:
            with ImportJob(self.catalog, "recorder", (), ("", "")) as job:
                job.commit(doomed)


def _waits(stream: _Stream) -> bool:
    """Whether a stream among many waits for a later commit, because it has few rows."""
    stream.turns += 1
    if stream.rows >= _FEW_ROWS or stream.turns >= _MOST_TURNS:
        stream.turns = 0
        return False
    return True


def _stream_of(kinds: NDArray[np.uint8]) -> str | None:
    """Return the stream that records of these kinds make; None if it is not told."""
    seen = set(np.unique(kinds).tolist())
    return next((name for kind, name in _BASES if int(kind) in seen), None)


def _ready(stream: _Stream, *, is_last: bool) -> NDArray[np.void]:
    """Return what is held of a stream, without its newest instant unless it is over."""
    if not stream.held:
        return np.empty(0, np.void)
    records = stream.held[0] if len(stream.held) == 1 else np.concatenate(stream.held)
    stream.held = [records]
    if is_last:
        return records
    return records[: int(np.searchsorted(records["ts_received"], stream.last_ts))]


class Recorder:
    """Records a session until it is told to end; `run` does the work.

    Parameters
    ----------
    catalog : Catalog
    directory : Path
        The session's log.
    commit_s : float
        Seconds between commits: the most that a kill leaves to the log alone.
    told : callable, optional
        Told the status, about twice a second.
    """

    def __init__(
        self,
        catalog: Catalog,
        directory: Path,
        commit_s: float = 60.0,
        told: Callable[[RecorderStatus], None] = lambda _status: None,
        clock: Clock | None = None,
    ) -> None:
        self.directory = directory
        self._recording = LogRecording(catalog, directory)
        self._commit_ns = round(commit_s * 1e9)
        self._told = told
        self._clock = clock or SystemClock()
        self._last_told = 0
        # State and message are one: they are read from another thread.
        self._standing = "recording", ""
        self._stopping = threading.Event()
        self._ends_with_log = threading.Event()

    def finish(self) -> None:
        """Record to the end of the log, which is about to be closed."""
        self._ends_with_log.set()

    def stop(self) -> None:
        """Record what the log has by now, and end."""
        self._stopping.set()

    def status(self) -> RecorderStatus:
        """Tell how it stands; cheap, from any thread."""
        recording, (state, message) = self._recording, self._standing
        return RecorderStatus(state, recording.rows, recording.committed, message)

    def run(self) -> RecorderStatus:
        """Read and commit until told to stop, or the log is over.

        Raises
        ------
        LogError
            If the log is damaged; what came before it is in the catalog.
        """
        recording = self._recording
        committed = seen = self._clock.monotonic_ns()
        while not recording.tail.is_over and not self._stopping.is_set():
            taken = recording.take() if recording.held < _MOST_HELD else 0
            now = self._clock.monotonic_ns()
            self._tell(now)
            seen = now if taken else seen
            is_full = recording.held >= _MOST_HELD
            if is_full or now - committed >= self._commit_ns:
                committed = now
                if not self._committed() and is_full and self._wait(_AGAIN_S):
                    break
            if taken:
                continue
            if self._ends_with_log.is_set():
                recording.tail.look_for_end()
                if now - seen > _LINGER_NS:
                    break
            self._wait(_LOOK_S)
        self._end()
        self._told(self.status())
        return self.status()

    def _wait(self, seconds: float) -> bool:
        return self._stopping.wait(seconds)

    def _tell(self, now: int) -> None:
        if now - self._last_told >= _TELL_NS:
            self._last_told = now
            self._told(self.status())

    def _committed(self, *, is_last: bool = False) -> bool:
        """Commit; False, and told, where the catalog cannot be written."""
        try:
            self._recording.commit(is_last=is_last)
        except (CatalogError, OSError) as error:
            _log.warning("the recorder waits: %s", error)
            why = f"the recorder waits, the log keeps it all: {error}"
            self._standing = "waiting", why
            return False
        self._standing = "recording", ""
        return True

    def _end(self) -> None:
        recording = self._recording
        while recording.take():
            if recording.held >= _MOST_HELD and not self._committed():
                break
        if self._committed(is_last=True):
            self._standing = "ended", end_words(recording)
        else:
            left = recording.rows - recording.committed
            self._standing = (
                "failed",
                f"{self._standing[1]}; {left:,} records are in the log alone: "
                f"ringside record --from-log {self.directory.name}",
            )


def record_log(
    catalog: Catalog,
    directory: Path,
    progress: Progress = lambda _share, _rows: None,
) -> LogRecording:
    """Turn a session's log into recordings; what was recorded of it is replaced.

    Raises
    ------
    LogError, RecorderError, CatalogError
    """
    recording = LogRecording(catalog, directory)
    total = sum(each.stat().st_size for each in directory.glob("segment-*.log"))
    while recording.take():
        if recording.held >= _MOST_HELD:
            recording.commit()
        # A frame of a market record is 80 bytes; others make the estimate no worse.
        progress(min(0.99, recording.tail.frames * 80 / max(1, total)), recording.rows)
    if not recording.rows:
        raise RecorderError(f"the log {directory} holds no market data")
    recording.commit(is_last=True)
    return recording


def end_words(recording: LogRecording) -> str:
    """Say what a recording has become."""
    count = len(recording.instruments)
    words = f"recorded {recording.committed:,} records of {count} instrument"
    words += "" if count == 1 else "s"
    if recording.clamped:
        words += f"; {recording.clamped:,} came after the clock was set back"
    return words
