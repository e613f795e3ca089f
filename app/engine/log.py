"""The log: the engine's out ring, in files that outlive the process.

The engine appends every inbound record and every decision to a *segment*, a file that
was allocated, mapped (MAP_SHARED) and faulted in before it is needed: an append is a
copy, a checksum and one store, no system call. The pages belong to the kernel, so
whatever was appended survives `kill -9`; `journal.py` tells what survives a power cut.

A segment is a header of 4096 bytes and then frames. A frame is 16 bytes and its record:

=========  ==  ===============================================================
checksum   u4  of all that follows, see `frame_checksum`
length     u2  of the record: a multiple of 16 bytes; 0 in an end mark
stream     u1  `Stream`: inbound, decision, or end of the segment
flags      u1  0
number     i8  the engine's event count; in an end mark all frames until here
=========  ==  ===============================================================

Frames lie one after another; zeros follow the last. A frame's first word is stored
last, with release: a frame is there whole or not at all. A full segment ends with an
end mark. Numbers never fall, inbound numbers rise by one, and a decision's number is at
most one past the latest inbound's.

`log` is the address of a control block, the words below: what never changes, then what
the engine writes, then what the journal's thread writes, 128 bytes apart. When the next
segment is not ready an append returns 0 and nothing is ever overwritten.
"""

from enum import IntEnum
from typing import Any, Final

import numpy as np

from app.engine.atomics import load_acquire, store_release
from app.engine.bits import folded_product
from app.engine.compile import entry, kernel
from app.engine.memory import copy_bytes, view, words
from app.engine.ring import copy_record

SEGMENT_BYTES: Final = 0
"""Control block: bytes of a segment, the same for all."""
CURSOR, END, BIAS, SEGMENT, FRAMES, REFUSED, POSITION = range(16, 23)
"""Control block, the engine's words: address of the next frame and of the segment's
end, what added to an address gives a position, the segment's number, frames appended
and refused, and the position: segment number * segment bytes + offset, stored last."""
READY, STATUS, DURABLE, BASES = 40, 41, 42, 48
"""Control block, the journal's words: number of the last segment that is ready, the
`LogStatus`, how many frames are known to be on disk, and the addresses of segments, by
number modulo `MOST_READY`."""
MOST_READY: Final = 8
CONTROL_WORDS: Final = 64

MAGIC, VERSION, SESSION, NUMBER, BYTES, CHECK = range(6)
"""Segment header: magic, version, session, segment number, segment bytes, checksum."""
METADATA_HASH: Final = 8
"""Segment header: SHA-256 of the session file, four words."""
FIRST_FRAME, FIRST_NUMBER = 16, 17
"""Segment header, by the engine: frames before this segment, first frame's number."""
PREVIOUS_HASH: Final = 20
"""Segment header, by the journal: the chain's hash at the end of the last segment."""
HEADER_BYTES: Final = 4096
MAGIC_WORD: Final = 0x31474F4C474E4952  # "RINGLOG1"
FORMAT: Final = 1

FRAME_BYTES: Final = 16
MAX_RECORD: Final = 65_520
"""Longest record, bytes."""


class Stream(IntEnum):
    """What a frame holds."""

    INBOUND = 0
    DECISION = 1
    END = 255  # no record: the segment is full


class LogStatus(IntEnum):
    """How the log fares."""

    OPEN = 1
    NO_ROOM = 2  # no next segment could be made; tried again at every turn
    NOT_SYNCED = 3  # the disk refused a sync: the durable watermark stands still
    FAILED = 4  # the journal's thread ended by a fault
    CLOSED = 5


class Stop(IntEnum):
    """Why a scan of frames stopped."""

    LIMIT = 0  # the batch is full
    SEGMENT_END = 1  # an end mark
    ZEROS = 2  # no frame was written here
    CHECKSUM = 3  # a frame's checksum is wrong
    LENGTH = 4  # a frame's length breaks its rule, or passes the segment's end
    NUMBERING = 5  # a whole frame has a number that breaks the rule


FRAME: Final = np.dtype(
    [
        ("address", "<i8"),  # of the record
        ("number", "<i8"),
        ("length", "<i4"),  # of the record, bytes
        ("stream", "<i4"),  # Stream
    ]
)
"""A frame as a scan tells it."""

_SEED: Final = tuple(
    np.uint64(word)  # the digits of pi, as in Blowfish: nothing up the sleeve
    for word in (
        0x243F6A8885A308D3,
        0x13198A2E03707344,
        0xA4093822299F31D0,
        0x082EFA98EC4E6C89,
    )
)
_S0, _S1, _S2, _S3 = _SEED
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_32: Final = np.uint64(32)


@kernel
def frame_checksum(record: int, length: int, upper: int, number: int) -> Any:
    """Checksum of a frame: 32 bits over its record, kind and number.

    The sum of folded products (128 bits, upper half xor lower half) of pairs of words,
    each pair with a seed of its own; the products do not wait for one another, which
    is why a record takes nanoseconds. Chance passes an error once in 2**32; against
    intent there is the chain of hashes.

    Parameters
    ----------
    record, length : int
        Address and bytes; a multiple of 16.
    upper : int
        The upper half of the frame's first word: length, stream and flags.
    number : int

    Notes
    -----
    Folded multiplication: Wang Yi, "wyhash", 2019.
    """
    total = folded_product(np.uint64(number) ^ _S0, np.uint64(upper) ^ _S1)
    pairs = words(record, length >> 3)
    seed = _S3
    for i in range(length >> 4):
        first, second = np.uint64(pairs[2 * i]), np.uint64(pairs[2 * i + 1])
        total += folded_product(first ^ _S2, second ^ seed)
        seed += _GOLDEN
    return (total ^ (total >> _32)) & np.uint64(0xFFFFFFFF)


@kernel
def _put_frame(place: int, length: int, stream: int, number: int) -> None:
    """Finish the frame whose record is in place; its first word is stored last."""
    upper = length | (stream << 16)
    checksum = frame_checksum(place + FRAME_BYTES, length, upper, number)
    words(place, 2)[1] = number
    store_release(place, np.int64(checksum | (np.uint64(upper) << _32)))


@kernel
def _next_segment(log: int, number: int) -> int:
    """End the segment, begin the next; its first frame's address, 0 if not ready."""
    control = words(log, CONTROL_WORDS)
    following = control[SEGMENT] + 1
    if load_acquire(log + 8 * READY) < following:
        return 0
    if control[CURSOR]:
        _put_frame(control[CURSOR], 0, Stream.END, control[FRAMES])
    base = control[BASES + following % MOST_READY]
    header = words(base, HEADER_BYTES // 8)
    header[FIRST_FRAME] = control[FRAMES]
    header[FIRST_NUMBER] = number
    control[SEGMENT] = following
    control[END] = base + control[SEGMENT_BYTES]
    control[BIAS] = following * control[SEGMENT_BYTES] - base
    control[CURSOR] = base + HEADER_BYTES
    return int(base + HEADER_BYTES)


@kernel
def log_append(log: int, record: int, length: int, stream: int, number: int) -> int:
    """Append one record: 1, or 0 if there is no room and it was not written.

    Parameters
    ----------
    log : int
        Address of the control block.
    record, length : int
        Address and bytes; a multiple of 16, at most `MAX_RECORD`.
    stream : int
        `Stream.INBOUND` or `Stream.DECISION`.
    number : int
        The engine's event count; see the module for its rule.
    """
    control = words(log, CONTROL_WORDS)
    place = control[CURSOR]
    # Room is always kept for an end mark.
    if place + length + 2 * FRAME_BYTES > control[END]:
        place = _next_segment(log, number)
        if place == 0:
            control[REFUSED] += 1
            return 0
    copy_record(place + FRAME_BYTES, record, length)
    _put_frame(place, length, stream, number)
    place += FRAME_BYTES + length
    control[CURSOR] = place
    control[FRAMES] += 1
    store_release(log + 8 * POSITION, place + control[BIAS])
    return 1


@kernel
def log_status(log: int) -> int:
    """Any thread: the log's `LogStatus`."""
    return int(load_acquire(log + 8 * STATUS))


@kernel
def log_durable(log: int) -> int:
    """Any thread: how many frames are known to be on disk."""
    return int(load_acquire(log + 8 * DURABLE))


@entry
def log_append_entry(log: int, record: int, call: int) -> int:
    """Append from Python: `call` is the address of the words length, stream, number."""
    rest = words(call, 3)
    return log_append(log, record, rest[0], rest[1], rest[2])


@entry
def log_load_entry(address: int, _b: int, _c: int) -> int:
    """Load a control word that another thread writes."""
    return int(load_acquire(address))


@entry
def log_store_entry(address: int, value: int, _c: int) -> int:
    """Store a control word that another thread reads, after all written before it."""
    store_release(address, value)
    return value


@entry
def log_count_entry(state_address: int, _b: int, _c: int) -> int:
    """Walk over frames known to be whole, up to an address or past an end mark.

    `state_address` holds two words: where to begin, which becomes where it ended, and
    where to stop. Returns the number of frames, without the end mark.
    """
    state = words(state_address, 2)
    count = 0
    while state[0] < state[1]:
        upper = int(np.uint64(words(state[0], 1)[0]) >> _32)
        state[0] += FRAME_BYTES + int(upper & 0xFFFF)
        if (upper >> 16) & 0xFF == Stream.END:
            break
        count += 1
    return count


@entry
def log_end_entry(log: int, _b: int, _c: int) -> int:
    """End the segment for good: the engine has stopped and no segment follows."""
    control = words(log, CONTROL_WORDS)
    place = control[CURSOR]
    if place:
        _put_frame(place, 0, Stream.END, control[FRAMES])
        place += FRAME_BYTES
        store_release(log + 8 * POSITION, place + control[BIAS])
    store_release(log + 8 * READY, -1)
    control[CURSOR] = 0
    control[END] = 0
    return int(place)


SCAN_CURSOR, SCAN_END, SCAN_NUMBER, SCAN_INBOUND, SCAN_STOP = range(5)
"""State of a scan: address of the next frame, end of the memory, the latest number, the
latest inbound number, and the `Stop`. Numbers below -1: none was seen yet."""
SCAN_WORDS: Final = 8
NONE_YET: Final = -(2**63)


@kernel
def _numbering_holds(state: Any, stream: int, number: int) -> bool:
    latest, inbound = state[SCAN_NUMBER], state[SCAN_INBOUND]
    if number < latest:
        return False
    if inbound == NONE_YET:
        return True
    return number == inbound + 1 or (stream != Stream.INBOUND and number == inbound)


@entry
def log_scan_entry(state_address: int, batch: int, limit: int) -> int:
    """Check frames one after another into a batch of `FRAME`; how many were whole."""
    state = words(state_address, SCAN_WORDS)
    frames = view(batch, limit, FRAME)
    end = state[SCAN_END]
    for i in range(limit):
        place = state[SCAN_CURSOR]
        if place + FRAME_BYTES > end:
            state[SCAN_STOP] = Stop.LENGTH
            return i
        first, number = load_acquire(place), words(place, 2)[1]
        upper = int(np.uint64(first) >> _32)
        length, stream = int(upper & 0xFFFF), int((upper >> 16) & 0xFF)
        if first == 0:
            state[SCAN_STOP] = Stop.ZEROS
            return i
        empty = length == 0 and stream != Stream.END
        if empty or length & 15 or place + FRAME_BYTES + length > end:
            state[SCAN_STOP] = Stop.LENGTH
            return i
        found = frame_checksum(place + FRAME_BYTES, length, upper, number)
        if found != np.uint64(first) & np.uint64(0xFFFFFFFF):
            state[SCAN_STOP] = Stop.CHECKSUM
            return i
        if stream == Stream.END:
            state[SCAN_STOP] = Stop.SEGMENT_END
            return i
        if not _numbering_holds(state, stream, number):
            state[SCAN_STOP] = Stop.NUMBERING
            return i
        frame = frames[i]
        frame["address"] = place + FRAME_BYTES
        frame["number"] = number
        frame["length"] = length
        frame["stream"] = stream
        state[SCAN_NUMBER] = number
        if stream == Stream.INBOUND:
            state[SCAN_INBOUND] = number
        state[SCAN_CURSOR] = place + FRAME_BYTES + length
    state[SCAN_STOP] = Stop.LIMIT
    return limit


@entry
def log_gather_entry(target: int, batch: int, count: int) -> int:
    """Copy the records of a batch of `FRAME` one after another; the bytes copied."""
    frames = view(batch, count, FRAME)
    place = target
    for i in range(count):
        length = int(frames[i]["length"])
        copy_bytes(place, frames[i]["address"], length)
        place += length
    return place - target
