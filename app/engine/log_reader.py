"""Reading a log, and telling whether it is whole.

A log that ended by a crash ends where its last whole frame ends: what is past the
durable watermark and broken is a *torn tail*, and no fault. A frame that the chain of
hashes vouches for and that is not what it was is *damage*: reading stops there with an
error that names file, offset and rule.

`LogReader` checks frames as it gives them out. `verify` checks everything: headers,
frames, numbering, unused bytes and the chain.
"""

import ctypes
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.engine import log
from app.engine.log import FRAME, FRAME_BYTES, HEADER_BYTES, Stop, Stream
from app.engine.log_files import (
    CHAIN_ENTRY,
    CHAIN_FILE,
    BlockFlag,
    Bytes,
    Words,
    header_fault,
    link,
    read_chain,
    read_session,
    segment_file,
)
from app.errors import LogError

_BATCH: Final = 65_536
_RULES: Final = {
    Stop.ZEROS: "a frame must stand here, found zeros",
    Stop.CHECKSUM: "the frame's checksum is wrong",
    Stop.LENGTH: "a frame's length is a multiple of 16 and ends in its segment",
    Stop.NUMBERING: "inbound numbers rise by one and no number falls",
}


class Ending(Enum):
    """How a log ends."""

    CLOSED = "closed"  # in order
    OPEN = "open"  # no close: being written, or its process died between records
    TORN = "torn"  # the last bytes are no whole frame
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a log breaks which rule.

    Attributes
    ----------
    offset : int
        Bytes from the file's beginning.
    """

    file: str
    offset: int
    rule: str

    def __str__(self) -> str:
        return f"{self.file}, offset {self.offset}: {self.rule}"


@dataclass(frozen=True, slots=True)
class LogReport:
    """What `verify` found.

    Attributes
    ----------
    frames : int
        Whole frames, from the beginning on without a break.
    durable_frames : int
        Frames that the chain of hashes covers.
    tail_bytes : int
        Bytes past the last whole frame that are not zero, up to the last of them.
    faults : tuple of Fault
        Of a torn log where it is torn; of a damaged one what is wrong.
    """

    ending: Ending
    frames: int
    durable_frames: int
    tail_bytes: int
    faults: tuple[Fault, ...]

    @property
    def is_sound(self) -> bool:
        """Whether no record that was ever durable is missing or changed."""
        return self.ending != Ending.DAMAGED


@dataclass(frozen=True, slots=True)
class Batch:
    """Some frames, one after another, in the memory of their segment's file.

    Attributes
    ----------
    frames : (n,) FRAME
        Their addresses are valid as long as the batch lives.
    memory : (m,) uint8
        The segment's file.
    """

    frames: npt.NDArray[Any]
    memory: Bytes

    def records(self, stream: Stream, dtype: npt.DTypeLike = np.uint8) -> Any:
        """Copy the records of one stream, one after another.

        Parameters
        ----------
        dtype : np.dtype
            Type of a record; bytes, where records differ in length.
        """
        chosen = np.ascontiguousarray(self.frames[self.frames["stream"] == stream])
        target = np.empty(int(chosen["length"].sum()), np.uint8)
        log.log_gather_entry(target.ctypes.data, chosen.ctypes.data, len(chosen))
        return target.view(dtype)


class _SegmentFile:
    """A segment's file, mapped for reading."""

    def __init__(self, path: Path, number: int) -> None:
        self.name = path.name
        self.number = number
        # An empty file cannot be mapped.
        length = path.stat().st_size
        self.bytes: Bytes = np.zeros(0, np.uint8)
        if length:
            with path.open("rb") as file:
                memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self.bytes = np.frombuffer(memory, np.uint8)
        self.address = int(self.bytes.ctypes.data)

    @property
    def header(self) -> Words:
        return self.bytes[:HEADER_BYTES].view(np.int64)

    @property
    def is_begun(self) -> bool:
        """Whether anything stands where the first frame belongs."""
        return bool(self.bytes[HEADER_BYTES : HEADER_BYTES + FRAME_BYTES].any())

    def tail(self, offset: int) -> int:
        """Bytes from `offset` to the last that is not zero."""
        found = np.flatnonzero(self.bytes[offset:])
        return int(found[-1]) + 1 if len(found) else 0


class LogReader:
    """A log, read from its beginning.

    Parameters
    ----------
    directory : Path
        The session's folder; the log may still be written.

    Attributes
    ----------
    metadata : dict
        What the session file says the events are about.
    frames : int
        Whole frames read so far.
    ending : Ending or None
        Once all was read: how the log ends.
    faults : list of Fault
        What broke a rule.

    Raises
    ------
    LogError
        If there is no session file or no chain, or they cannot be read.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._key, self.metadata = read_session(directory)
        self.chain, damage = read_chain(directory)
        self.frames = 0
        self.tail_bytes = 0
        self.ending: Ending | None = None
        self.faults: list[Fault] = []
        self._covered = (-1, 0)
        self._is_closed = False
        if len(self.chain):
            last = self.chain[-1]
            self._covered = int(last["segment"]), int(last["end"])
            self._is_closed = bool(last["flags"] & BlockFlag.CLOSED)
        if damage >= 0:
            self._end(Ending.DAMAGED, CHAIN_FILE, damage, "an entry is whole")
        self._state = np.zeros(log.SCAN_WORDS, np.int64)
        self._state[[log.SCAN_NUMBER, log.SCAN_INBOUND]] = log.NONE_YET

    @property
    def durable_frames(self) -> int:
        """Frames that the chain of hashes covers."""
        return int(self.chain[-1]["frames"]) if len(self.chain) else 0

    def __iter__(self) -> Iterator[tuple[Stream, int, bytes]]:
        """Iterate over stream, number and record of each frame."""
        for batch in self.batches():
            for address, number, length, stream in batch.frames.tolist():
                yield Stream(stream), number, ctypes.string_at(address, length)

    def batches(self, limit: int = _BATCH) -> Iterator[Batch]:
        """Iterate over frames, at most `limit` at a time.

        Raises
        ------
        LogError
            After the last frame before it, if the log is damaged.
        """
        yield from self.walk(limit)
        if self.ending == Ending.DAMAGED:
            raise LogError(f"{self.directory}: {self.faults[0]}")

    def walk(self, limit: int = _BATCH) -> Iterator[Batch]:
        """Iterate like `batches`; `ending` alone tells of damage."""
        number = 0
        while self.ending is None:
            segment = self._open(number)
            if segment:
                yield from self._frames_of(segment, limit)
            if segment and self.ending is None:
                self._check_end(segment)
            number += 1

    def _open(self, number: int) -> _SegmentFile | None:
        """Open the next segment, or end."""
        path = self.directory / segment_file(number)
        needed = number <= self._covered[0]
        if not path.exists():
            if needed:
                self._end(Ending.DAMAGED, path.name, 0, "the segment is there")
            else:
                self._end_in_order()
            return None
        segment = _SegmentFile(path, number)
        if not segment.is_begun and not needed:
            # Being prepared when the process died, or waiting to be used.
            self._end_in_order()
            return None
        rule = self._header_rule(segment)
        if rule:
            self._end(Ending.DAMAGED, path.name, 0, rule)
            return None
        return segment

    def _header_rule(self, segment: _SegmentFile) -> str:
        """Say which rule the segment's beginning breaks; "" if none."""
        if len(segment.bytes) < HEADER_BYTES + FRAME_BYTES:
            return f"the segment has {self._key.segment_bytes} bytes"
        # A copy: the journal may be writing the chain's hash into it.
        header, number = segment.header.copy(), segment.number
        rule = header_fault(header, self._key, number)
        if rule:
            return rule
        if header[log.FIRST_FRAME] != self.frames:
            return f"{self.frames} frames stand before it"
        stated = header[log.PREVIOUS_HASH : log.PREVIOUS_HASH + 4].view(np.uint8)
        # Written with the segment's first block: not there, or not known to the chain
        # that was read, where the log goes on past it.
        covered = number <= self._covered[0]
        if covered and not np.array_equal(stated, self._hash(number)):
            return "the header states the chain's hash before it"
        return ""

    def _hash(self, number: int) -> Bytes:
        """Hash of the chain where a segment begins; zeros for the first."""
        before = self.chain[self.chain["segment"] == number - 1]
        hashed: Bytes = before[-1]["hash"] if len(before) else np.zeros(32, np.uint8)
        return hashed

    def _frames_of(self, segment: _SegmentFile, limit: int) -> Iterator[Batch]:
        state = self._state
        state[log.SCAN_CURSOR] = segment.address + HEADER_BYTES
        state[log.SCAN_END] = segment.address + len(segment.bytes)
        state[log.SCAN_STOP] = Stop.LIMIT
        stated: int | None = int(segment.header[log.FIRST_NUMBER])
        while state[log.SCAN_STOP] == Stop.LIMIT:
            frames = np.empty(limit, FRAME)
            count = log.log_scan_entry(state.ctypes.data, frames.ctypes.data, limit)
            if count and stated is not None and frames[0]["number"] != stated:
                rule = "the header states the first frame's number"
                self._end(Ending.DAMAGED, segment.name, 8 * log.FIRST_NUMBER, rule)
                return
            stated = None
            self.frames += count
            if count:
                yield Batch(frames[:count], segment.bytes)

    def _check_end(self, segment: _SegmentFile) -> None:
        """After a segment's last frame: go on, or say how the log ends."""
        stop = Stop(int(self._state[log.SCAN_STOP]))
        offset = int(self._state[log.SCAN_CURSOR]) - segment.address
        place = segment.number, offset
        if stop == Stop.SEGMENT_END:
            self._check_end_mark(segment, offset)
        elif stop == Stop.NUMBERING or place < self._covered:
            self._end(Ending.DAMAGED, segment.name, offset, _RULES[stop])
        elif len(segment.bytes) != self._key.segment_bytes:
            rule = f"the segment has {self._key.segment_bytes} bytes"
            self._end(Ending.DAMAGED, segment.name, len(segment.bytes), rule)
        else:
            self.tail_bytes = segment.tail(offset)
            if self.tail_bytes:
                self._end(Ending.TORN, segment.name, offset, _RULES[stop])
            else:
                self.ending = Ending.OPEN

    def _check_end_mark(self, segment: _SegmentFile, offset: int) -> None:
        stated = int(segment.bytes[offset + 8 : offset + 16].view("<i8")[0])
        after = offset + FRAME_BYTES
        is_last = self._is_closed and segment.number == self._covered[0]
        length = after if is_last else self._key.segment_bytes
        if stated != self.frames:
            rule = f"the end mark counts {self.frames} frames"
            self._end(Ending.DAMAGED, segment.name, offset, rule)
        elif len(segment.bytes) != length:
            rule = f"the segment has {length} bytes"
            self._end(Ending.DAMAGED, segment.name, len(segment.bytes), rule)
        elif segment.tail(after):
            self._end(Ending.DAMAGED, segment.name, after, "zeros follow the end mark")
        elif is_last:
            self._end_in_order()

    def chain_fault(self) -> Fault | None:
        """Compute the chain's hashes again; where they first differ."""
        previous = self._key.metadata_hash
        segment, start = None, HEADER_BYTES
        for i, entry in enumerate(self.chain):
            number, end = int(entry["segment"]), int(entry["end"])
            if segment is None or segment.number != number:
                start = HEADER_BYTES
                path = self.directory / segment_file(number)
                segment = _SegmentFile(path, number) if path.exists() else None
            block = segment.bytes[start:end] if segment else np.zeros(0, np.uint8)
            previous = link(previous, entry, block.data)
            if previous != entry["hash"].tobytes():
                rule = (
                    f"bytes {start} to {end} of segment {number} have the chain's hash"
                )
                return Fault(CHAIN_FILE, i * CHAIN_ENTRY.itemsize, rule)
            start = end
        return None

    def _end_in_order(self) -> None:
        self.ending = Ending.CLOSED if self._is_closed else Ending.OPEN

    def _end(self, ending: Ending, file: str, offset: int, rule: str) -> None:
        self.ending = ending
        self.faults.append(Fault(file, offset, rule))


def verify(directory: Path) -> LogReport:
    """Check a whole log: headers, frames, numbering, unused bytes, and the chain.

    Raises
    ------
    LogError
        If there is no log, or its session file or chain cannot be read.
    """
    reader = LogReader(directory)
    for _ in reader.walk():
        pass
    assert reader.ending is not None
    ending = reader.ending
    broken = reader.chain_fault()
    if broken:
        reader.faults.append(broken)
        ending = Ending.DAMAGED
    return LogReport(
        ending,
        reader.frames,
        reader.durable_frames,
        reader.tail_bytes,
        tuple(reader.faults),
    )
