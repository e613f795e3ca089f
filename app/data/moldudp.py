"""MoldUDP64: numbered messages in datagrams, put in order; what is lost is known.

A datagram is a session's name, the number of its first message, how many there are, and
each with two bytes of length before it. The same datagrams come over two lines, late
ones out of order, lost ones never. Messages wait for a missing one until what follows
it is `WAIT_NS` old by the capture's clock; then it counts as lost.

Nasdaq, "MoldUDP64 Protocol Specification" (2009).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.data.local_time import SECOND_NS
from app.data.pcap import Bytes, Datagrams, Ints
from app.engine.itch_frames import (
    SPAN_NUMBER,
    SPAN_SKIP,
    SPAN_START,
    SPAN_STOP,
    SPAN_WIDTH,
    WALK_BYTES,
    WALK_JOB_WORDS,
    WALK_SPAN_COUNT,
    WALK_SPANS,
    count_frames,
)

WAIT_NS: Final = SECOND_NS
_HEADER: Final = np.dtype(
    [
        ("session", "S10"),
        ("sequence_high", ">u4"),
        ("sequence", ">u4"),
        ("count", ">u2"),
    ]
)
_END_OF_SESSION: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class Sequenced:
    """Messages in order, as spans of frames (see `app.engine.itch_frames`).

    Attributes
    ----------
    data : (m,) uint8
    spans : (n, SPAN_WIDTH) int64
    times : (n,) int64
        When each span was complete, ns since 1970 UTC; never goes back.
    gaps : (k, 2) int64
        Before which span messages are missing, and how many.
    """

    data: Bytes
    spans: Ints
    times: Ints
    gaps: Ints


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Datagrams of one session: where their frames lie and how they are numbered."""

    data: Bytes
    start: Ints
    stop: Ints
    sequence: Ints
    count: Ints
    time: Ints

    def where(self, keep: NDArray[np.bool_] | Ints | slice) -> "_Pieces":
        rest = (self.start, self.stop, self.sequence, self.count, self.time)
        return _Pieces(self.data, *(each[keep] for each in rest))

    def moved(self) -> "_Pieces":
        """Copy the bytes that are still needed, so that the block can go."""
        sizes = self.stop - self.start
        parts = [
            self.data[low:high] for low, high in zip(self.start, self.stop, strict=True)
        ]
        ends = np.cumsum(sizes)
        data = np.concatenate([np.empty(0, np.uint8), *parts])
        return _Pieces(data, ends - sizes, ends, self.sequence, self.count, self.time)

    def joined(self, after: "_Pieces") -> "_Pieces":
        shift = len(self.data)
        both = np.concatenate
        return _Pieces(
            both([self.data, after.data]),
            both([self.start, after.start + shift]),
            both([self.stop, after.stop + shift]),
            both([self.sequence, after.sequence]),
            both([self.count, after.count]),
            both([self.time, after.time]),
        )


class Session:
    """The messages of one session, from as many lines as were captured."""

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.duplicates = 0
        self.lost = 0
        self.first = 0
        """Number of its first message; 0 = it does not number them."""
        self._next: int | None = None
        self._now = 0
        self._held: _Pieces | None = None

    def take(self, pieces: _Pieces) -> Sequenced:
        """Put datagrams in order; what follows a fresh gap is held back."""
        if self._held is not None:
            pieces, self._held = self._held.joined(pieces), None
        return self._ordered(pieces, WAIT_NS)

    def end(self) -> Sequenced | None:
        """Hand out what was held back: nothing more comes."""
        held, self._held = self._held, None
        return None if held is None else self._ordered(held, 0)

    def _ordered(self, pieces: _Pieces, wait_ns: int) -> Sequenced:
        if len(pieces.sequence) and not pieces.sequence.any():
            pieces = self._numbered(pieces)
        pieces = pieces.where(np.argsort(pieces.sequence, kind="stable"))
        if self._next is None and len(pieces.sequence):
            self._next = int(pieces.sequence[0])
            self.first = self.first or self._next
        begins, ends = pieces.sequence, pieces.sequence + pieces.count
        before = np.maximum.accumulate(np.append(self._next or 0, ends))[:-1]
        gaps = np.flatnonzero(begins > before)
        newest = int(pieces.time.max(initial=0))
        fresh = gaps[pieces.time[gaps] > newest - wait_ns]
        if len(fresh):
            cut = int(fresh[0])
            self._held = pieces.where(slice(cut, None)).moved()
            pieces, before = pieces.where(slice(0, cut)), before[:cut]
            gaps = gaps[gaps < cut]
        return self._spans(pieces, before, gaps)

    def _spans(self, pieces: _Pieces, before: Ints, gaps: Ints) -> Sequenced:
        begins, count = pieces.sequence, pieces.count
        if len(begins):
            self._next = int(max(before[-1], (begins + count)[-1]))
        skip = np.clip(before - begins, 0, count)
        self.duplicates += int(np.count_nonzero((skip == count) & (count > 0)))
        spans = np.empty((len(begins), SPAN_WIDTH), np.int64)
        spans[:, SPAN_START], spans[:, SPAN_STOP] = pieces.start, pieces.stop
        spans[:, SPAN_NUMBER], spans[:, SPAN_SKIP] = begins, skip
        times = np.maximum.accumulate(np.append(self._now, pieces.time))
        self._now = int(times[-1])
        missing = (begins - before)[gaps]
        self.lost += int(missing.sum())
        return Sequenced(
            pieces.data, spans, times[1:], np.column_stack([gaps, missing])
        )

    def _numbered(self, pieces: _Pieces) -> _Pieces:
        """Number the messages of a session that does not, as they come."""
        start = self._next or 1
        ends = start + np.cumsum(pieces.count)
        self.first = -1 if self._next is None else self.first
        numbers = ends - pieces.count
        return _Pieces(
            pieces.data, pieces.start, pieces.stop, numbers, pieces.count, pieces.time
        )


def sessions(payloads: Datagrams) -> tuple[dict[bytes, _Pieces], int]:
    """Sort datagrams by session; return also how many are no MoldUDP64."""
    sizes = payloads.stop - payloads.start
    large = sizes >= _HEADER.itemsize
    start, stop, time = (
        each[large] for each in (payloads.start, payloads.stop, payloads.time)
    )
    others = int(np.count_nonzero(~large))
    if not len(start):
        return {}, others
    data = np.ascontiguousarray(payloads.data)
    headers = np.ndarray(
        (len(data) - _HEADER.itemsize + 1,), _HEADER, data, strides=(1,)
    )[start]
    count = headers["count"].astype(np.int64)
    count[count == _END_OF_SESSION] = 0
    fits = _frames(data, start + _HEADER.itemsize, stop) == count
    fits &= headers["sequence_high"] < 1 << 30
    high = headers["sequence_high"].astype(np.int64) << 32
    pieces = _Pieces(
        data,
        start + _HEADER.itemsize,
        stop,
        high | headers["sequence"].astype(np.int64),
        count,
        time,
    )
    names = headers["session"]
    found = {
        bytes(name): pieces.where(fits & (names == name))
        for name in np.unique(names[fits])
    }
    return found, others + int(np.count_nonzero(~fits))


def _frames(data: Bytes, start: Ints, stop: Ints) -> Ints:
    """Return how many frames fill each payload; -1 where they do not."""
    spans = np.zeros((len(start), SPAN_WIDTH), np.int64)
    spans[:, SPAN_START], spans[:, SPAN_STOP] = start, stop
    job = np.zeros(WALK_JOB_WORDS, np.int64)
    job[WALK_BYTES], job[WALK_SPANS] = data.ctypes.data, spans.ctypes.data
    job[WALK_SPAN_COUNT] = len(spans)
    count_frames(job.ctypes.data)
    return spans[:, SPAN_SKIP].copy()
