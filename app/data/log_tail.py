"""Market records out of a session's log, also while the log is being written.

Everything inbound is in the log before anything is told of it, so whoever reads behind
the engine misses nothing and costs it nothing: the log's pages are read where they lie.
`app.engine.log_reader` judges a whole log; this walks along one and waits at its end.
"""

import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.engine import log
from app.engine.log import FRAME, HEADER_BYTES, Stop, Stream
from app.engine.log_files import (
    BlockFlag,
    header_fault,
    read_chain,
    read_session,
    segment_file,
)
from app.engine.records import MARKET, MARKET_BYTES, EventKind
from app.errors import LogError

_BATCH: Final = 16_384
_IS_MARKET: Final = np.ones(256, bool)
"""By kind: whether it is a market's."""
_IS_MARKET[[EventKind.TIMER, EventKind.COMMAND, EventKind.REPORT, EventKind.SIGNAL]] = 0


class LogTail:
    """The market records of a log, in order; each is given once.

    Parameters
    ----------
    directory : Path
        The session's log.

    Attributes
    ----------
    session : str
        What tells this session from every other.
    metadata : mapping
        What the log's records are about (`instruments`, `feed`, …).
    frames : int
        Frames that `read` has passed, of every stream.

    Raises
    ------
    LogError
        If there is no log in the directory.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        key, metadata = read_session(directory)
        self._key = key
        self.session = f"{key.session:016x}"
        self.metadata: Mapping[str, Any] = metadata
        self.frames = 0
        self._number = 0
        self._memory: NDArray[np.uint8] | None = None
        self._is_over = False
        self._frames = np.empty(_BATCH, FRAME)
        self._state = np.zeros(log.SCAN_WORDS, np.int64)
        self._state[[log.SCAN_NUMBER, log.SCAN_INBOUND]] = log.NONE_YET

    @property
    def scan(self) -> int:
        """Address of the scan's state, for a kernel that walks along by itself."""
        return int(self._state.ctypes.data)

    @property
    def is_over(self) -> bool:
        """Whether the log was closed in order and all of it was read."""
        return self._is_over

    def read(self) -> NDArray[np.void]:
        """Return the next market records; none where the log goes on no further yet.

        Returns
        -------
        (n,) MARKET
            A copy.

        Raises
        ------
        LogError
            If a segment is of another session, or a whole frame breaks the numbering.
        """
        while self.is_open():
            frames = self._frames
            count = log.log_scan_entry(
                self._state.ctypes.data, frames.ctypes.data, _BATCH
            )
            self.frames += count
            found = self._market(frames[:count])
            goes_on = self.take_stop(Stop(int(self._state[log.SCAN_STOP])))
            if len(found):
                return found
            if not goes_on:
                break
        return np.empty(0, MARKET)

    def is_open(self) -> bool:
        """Whether there is a segment to scan; the next one is mapped if it is there.

        Raises
        ------
        LogError
            If it is another session's.
        """
        return not self._is_over and (self._memory is not None or self._open())

    def take_stop(self, stop: Stop) -> bool:
        """Take notice of why a scan stopped; True if there may be more at once.

        Raises
        ------
        LogError
            If a whole frame breaks the numbering.
        """
        if stop == Stop.NUMBERING:
            raise LogError(f"{self.directory}: numbers of records do not follow")
        if stop == Stop.SEGMENT_END:
            self._end_segment()
        # Zeros: not written yet. Anything else there is a torn tail, or a frame that
        # will be whole when it is looked at again.
        return stop in (Stop.LIMIT, Stop.SEGMENT_END)

    def _open(self) -> bool:
        """Map the next segment, if its first frame is there."""
        path = self.directory / segment_file(self._number)
        if not path.exists() or path.stat().st_size <= HEADER_BYTES:
            return False
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        memory = np.frombuffer(mapped, np.uint8)
        if not memory[HEADER_BYTES : HEADER_BYTES + 8].any():
            return False
        rule = header_fault(
            memory[:HEADER_BYTES].view(np.int64).copy(), self._key, self._number
        )
        if rule:
            raise LogError(f"{path}: {rule}")
        self._memory = memory
        self._state[log.SCAN_CURSOR] = memory.ctypes.data + HEADER_BYTES
        self._state[log.SCAN_END] = memory.ctypes.data + len(memory)
        return True

    def _end_segment(self) -> None:
        self._memory = None
        chain, _ = read_chain(self.directory)
        is_closed = len(chain) and chain[-1]["flags"] & BlockFlag.CLOSED
        self._is_over = bool(is_closed and chain[-1]["segment"] == self._number)
        if not self._is_over:
            self._number += 1

    def look_for_end(self) -> None:
        """Learn whether the log was closed since its last frame was read."""
        if self._memory is None and not self._is_over and self._number:
            self._number -= 1
            self._end_segment()
        elif self._memory is None and not self._is_over:
            chain, _ = read_chain(self.directory)
            self._is_over = bool(
                len(chain)
                and chain[-1]["flags"] & BlockFlag.CLOSED
                and chain[-1]["segment"] < 0
            )

    def _market(self, frames: NDArray[Any]) -> NDArray[np.void]:
        """Copy the records of a scan that are a market's."""
        chosen = frames["stream"] == Stream.INBOUND
        chosen &= frames["length"] == MARKET_BYTES
        # Nearly always it is all of them: then nothing is copied twice.
        if not chosen.all():
            frames = frames[chosen]
        records = np.empty(len(frames), MARKET)
        log.log_gather_entry(records.ctypes.data, frames.ctypes.data, len(frames))
        kept = _IS_MARKET[records["kind"]]
        return records if kept.all() else records[kept]
