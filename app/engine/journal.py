"""The log's keeper: prepares segments, chains hashes, syncs, publishes what is durable.

`EngineLog` owns the files and the control block that the engine appends through, and a
thread whose *turn* comes ten times a second:

1. prepare the next segment: allocate it on disk, map it, fault its pages in. Space is
   taken before a byte is mapped, so that a full disk is an error here and never a
   SIGBUS in the engine, which finds no segment and takes no event until there is one;
2. hash the frames that are new, wait until they are on disk, chain the hash, and
   publish the durable watermark: a power cut costs at most what is past it;
3. fault in the pages the engine is about to reach. Writeback makes pages read-only, and
   the next store to one would cost the engine a microsecond.

The thread holds the GIL only between these calls.
"""

import hashlib
import logging
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.engine import log
from app.engine.log import LogStatus, Stream
from app.engine.log_files import (
    CHAIN_ENTRY,
    CHAIN_FILE,
    SESSION_FILE,
    BlockFlag,
    SessionKey,
    segment_file,
    session_text,
    write_header,
)
from app.engine.log_storage import ChainFile, SegmentFile, sync_folder
from app.engine.native import populate, sync_pages
from app.errors import LogError

_log = logging.getLogger("app.engine")
_AHEAD: Final = 4 << 20
"""Bytes ahead of the engine that are kept faulted in."""


class EngineLog:
    """The log of one session, being written.

    Made with its first segment ready; `start` runs the keeper's thread, `close` ends
    it. The engine must have stopped before `close`.

    Parameters
    ----------
    directory : Path
        The session's own folder; made here.
    metadata : mapping
        What the events are about; written as JSON before the first of them.
    segment_bytes : int
        Size of a segment, a multiple of 4096, at least 128 KiB.
    spare_segments : int
        Segments kept ready beyond the one in use, at most 7.
    turn_s : float
        Seconds between the keeper's turns: the most that a power cut can cost.

    Attributes
    ----------
    address : int
        The control block, which `log_append` takes.

    Raises
    ------
    LogError
        If the folder holds a log already, or the disk has no room.
    """

    def __init__(
        self,
        directory: Path,
        metadata: Mapping[str, Any] | None = None,
        *,
        segment_bytes: int = 64 << 20,
        spare_segments: int = 1,
        turn_s: float = 0.1,
    ) -> None:
        if segment_bytes % 4096 or segment_bytes < 128 << 10:
            raise LogError(
                "a segment has a multiple of 4096 bytes, at least 128 KiB, "
                f"was {segment_bytes}"
            )
        if not 1 <= spare_segments < log.MOST_READY:
            raise LogError(f"spare segments are 1 to 7, was {spare_segments}")
        self.directory = directory
        self.segment_bytes = segment_bytes
        self._spare = spare_segments
        self._turn_s = turn_s
        self._control = np.zeros(log.CONTROL_WORDS + 16, np.int64)
        self.address = -(-self._control.ctypes.data // 128) * 128
        self._set(log.SEGMENT_BYTES, segment_bytes)
        for word in (log.SEGMENT, log.POSITION, log.READY):
            self._set(word, -1)
        self._segments: dict[int, SegmentFile] = {}
        self._hashed = 0, log.HEADER_BYTES
        self._frames_hashed = 0
        self.failure = ""
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        try:
            self._begin(metadata or {})
        except FileExistsError as problem:
            raise LogError(f"{directory} holds a log already") from problem
        except OSError as problem:
            raise LogError(f"{directory}: {problem.strerror}") from problem

    def _begin(self, metadata: Mapping[str, Any]) -> None:
        session = int.from_bytes(os.urandom(7), "little")
        text = session_text(session, self.segment_bytes, metadata)
        digest = hashlib.sha256(text).digest()
        self._key = SessionKey(session, self.segment_bytes, digest)
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / SESSION_FILE).open("xb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        self._chain = ChainFile(self.directory / CHAIN_FILE, digest)
        try:
            self._chain.make_room()
            for _ in range(self._spare):
                self._prepare()
        except OSError:
            for segment in self._segments.values():
                segment.remove()
            self._chain.remove()
            (self.directory / SESSION_FILE).unlink()
            raise
        self._set(log.STATUS, LogStatus.OPEN)

    def start(self) -> None:
        """Start the keeper's thread."""
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def __enter__(self) -> "EngineLog":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def status(self) -> LogStatus:
        """How the log fares; `failure` says why in words."""
        return LogStatus(self._get(log.STATUS))

    @property
    def frames(self) -> int:
        """Records appended so far."""
        return self._get(log.FRAMES)

    @property
    def durable_frames(self) -> int:
        """Records known to be on disk: those that a power cut leaves."""
        return self._get(log.DURABLE)

    @property
    def refused(self) -> int:
        """Records for which there was no room."""
        return self._get(log.REFUSED)

    def append(self, record: npt.NDArray[Any], stream: Stream, number: int) -> bool:
        """Append one record from Python, on the one thread that appends.

        Returns
        -------
        bool
            False if there was no room.
        """
        call = np.array([record.nbytes, stream, number], np.int64)
        source = np.ascontiguousarray(record)
        return bool(
            log.log_append_entry(self.address, source.ctypes.data, call.ctypes.data)
        )

    def turn(self) -> None:
        """Do the keeper's work once; the thread's own, unless it was not started."""
        self._prepare_ahead()
        if self.status != LogStatus.NOT_SYNCED:
            self._make_durable()
        self._populate_ahead()

    def close(self) -> None:
        """Stop the thread, sync what is left, close the files; no engine may run."""
        if self.status == LogStatus.CLOSED:
            return
        self._stopping.set()
        if self._thread:
            self._thread.join()
        log.log_end_entry(self.address, 0, 0)
        if self.status != LogStatus.NOT_SYNCED:
            self._make_durable(last=True)
        self._close_files()
        self._set(log.STATUS, LogStatus.CLOSED)

    def _run(self) -> None:
        sound = False
        try:
            while not self._stopping.wait(self._turn_s):
                self.turn()
            sound = True
        finally:
            if not sound:
                self.failure = "the journal's thread ended by a fault"
                self._set(log.STATUS, LogStatus.FAILED)

    def _get(self, word: int) -> int:
        return log.log_load_entry(self.address + 8 * word, 0, 0)

    def _set(self, word: int, value: int) -> None:
        log.log_store_entry(self.address + 8 * word, value, 0)

    def _position(self) -> tuple[int, int]:
        """Segment the engine is in, and how far; segment -1 before the first append."""
        position = self._get(log.POSITION)
        # The log's own end may be the segment's, which is not the next one's beginning.
        number = (position - 1) // self.segment_bytes
        return number, position - number * self.segment_bytes

    def _prepare(self) -> None:
        """Make one more segment ready."""
        number = self._get(log.READY) + 1
        segment = SegmentFile(self.directory / segment_file(number), self.segment_bytes)
        try:
            write_header(segment.header(), self._key, number)
            sync_pages(segment.address, log.HEADER_BYTES)
            sync_folder(self.directory)
        except OSError:
            segment.remove()
            raise
        self._segments[number] = segment
        self._set(log.BASES + number % log.MOST_READY, segment.address)
        self._set(log.READY, number)

    def _prepare_ahead(self) -> None:
        try:
            self._chain.make_room()
            while self._get(log.READY) < self._position()[0] + self._spare:
                self._prepare()
        except OSError as problem:
            self._fare(LogStatus.NO_ROOM, f"no next segment: {problem.strerror}")
            return
        if self.status == LogStatus.NO_ROOM:
            self._fare(LogStatus.OPEN, "")

    def _fare(self, status: LogStatus, failure: str) -> None:
        """Change the status; the worse stays, and each change is told once."""
        if self.status in (status, LogStatus.NOT_SYNCED):
            return
        self.failure = failure
        self._set(log.STATUS, status)
        if failure:
            _log.error("%s: %s", self.directory, failure)
        else:
            _log.info("%s: the log has room again", self.directory)

    def _make_durable(self, *, last: bool = False) -> None:
        """Hash, sync and chain all frames up to the engine's position."""
        current, offset = self._position()
        try:
            while self._hashed[0] < current and self._chain.has_room:
                self._chain_block(self.segment_bytes, BlockFlag.SEGMENT_END)
            if last:
                self._chain_last(offset)
            elif self._hashed < (current, offset) and self._chain.has_room:
                self._chain_block(offset, BlockFlag(0))
        except OSError as problem:
            self._fare(LogStatus.NOT_SYNCED, f"the disk failed: {problem.strerror}")

    def _chain_last(self, offset: int) -> None:
        flags = BlockFlag.SEGMENT_END | BlockFlag.CLOSED
        if self._position()[0] < 0:
            self._chain.add(self._entry(-1, 0, flags), memoryview(b""))
        elif self._hashed[0] == self._position()[0]:
            self._chain_block(offset, flags)

    def _chain_block(self, limit: int, flags: BlockFlag) -> None:
        """Make durable from where the chain stands to `limit` or an end mark."""
        number, start = self._hashed
        segment = self._segments[number]
        state = np.array([segment.address + start, segment.address + limit], np.int64)
        self._frames_hashed += log.log_count_entry(state.ctypes.data, 0, 0)
        end = int(state[0]) - segment.address
        if start == log.HEADER_BYTES:
            self._chain_header(segment, number)
        sync_pages(segment.address + start, end - start)
        with memoryview(segment.map)[start:end] as block:
            self._chain.add(self._entry(number, end, flags), block)
        self._set(log.DURABLE, self._frames_hashed)
        self._hashed = number, end
        if flags == BlockFlag.SEGMENT_END:
            del self._segments[number]
            segment.map.close()
            self._hashed = number + 1, log.HEADER_BYTES

    def _chain_header(self, segment: SegmentFile, number: int) -> None:
        """Put the chain's hash so far into a segment's header."""
        if number:
            hashed = np.frombuffer(self._chain.hash, np.int64)
            segment.header()[log.PREVIOUS_HASH : log.PREVIOUS_HASH + 4] = hashed
        sync_pages(segment.address, log.HEADER_BYTES)

    def _entry(self, number: int, end: int, flags: BlockFlag) -> npt.NDArray[Any]:
        entry = np.zeros((), CHAIN_ENTRY)
        entry["flags"], entry["segment"], entry["end"] = flags, number, end
        entry["frames"] = self._frames_hashed
        return entry

    def _populate_ahead(self) -> None:
        """Keep the pages ahead of the engine writable, into the next segment."""
        number, offset = self._position()
        for each, reached in ((number, offset), (number + 1, 0)):
            segment = self._segments.get(each)
            if segment:
                begin = max(reached, log.HEADER_BYTES)
                length = min(_AHEAD, self.segment_bytes - begin)
                try:
                    populate(segment.address + begin, length)
                except OSError as problem:
                    self._fare(LogStatus.NOT_SYNCED, f"disk failed: {problem.strerror}")

    def _close_files(self) -> None:
        current, offset = self._position()
        for number, segment in self._segments.items():
            if number > current:
                segment.remove()
            elif number == current:
                segment.cut(offset)
            else:
                segment.map.close()
        self._segments.clear()
        self._chain.close()
        sync_folder(self.directory)
