"""The log's kernels: frames, checksums, segments."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from app.engine import log
from app.engine.compile import entry
from app.engine.log import FRAME, HEADER_BYTES, Stop, Stream, frame_checksum
from app.engine.memory import words
from tests.engine.log_samples import reference_checksum

SEGMENT = 16_384


@entry
def checksum_of(record: int, call: int, _unused: int) -> int:
    """Checksum of a record; `call`: the words length, upper, number."""
    rest = words(call, 3)
    return int(frame_checksum(record, rest[0], rest[1], rest[2]))


def compiled_checksum(record: bytes, upper: int, number: int) -> int:
    memory = np.frombuffer(record or bytes(16), np.uint8)
    call = np.array([len(record), upper, number], np.int64)
    return checksum_of(memory.ctypes.data, call.ctypes.data)


class Segments:
    """A control block and segments in plain memory: the log without its files."""

    def __init__(self, ready: int = 1) -> None:
        self.control = np.zeros(log.CONTROL_WORDS, np.int64)
        self.address = self.control.ctypes.data
        self.control[log.SEGMENT_BYTES] = SEGMENT
        self.control[[log.SEGMENT, log.POSITION, log.READY]] = -1
        self.memory: list[np.ndarray] = []
        for _ in range(ready):
            self.make_ready()

    def make_ready(self) -> None:
        number = len(self.memory)
        # Aligned as a mapped file is.
        block = np.zeros(SEGMENT + 64, np.uint8)
        start = -block.ctypes.data % 64
        self.memory.append(block[start : start + SEGMENT])
        address = self.memory[-1].ctypes.data
        self.control[log.BASES + number % log.MOST_READY] = address
        self.control[log.READY] = number

    def append(self, record: bytes, stream: int, number: int) -> int:
        source = np.frombuffer(record, np.uint8)
        call = np.array([len(record), stream, number], np.int64)
        return log.log_append_entry(self.address, source.ctypes.data, call.ctypes.data)

    def scan(self, number: int, limit: int = 4096) -> tuple[np.ndarray, Stop]:
        state = np.zeros(log.SCAN_WORDS, np.int64)
        state[log.SCAN_CURSOR] = self.memory[number].ctypes.data + HEADER_BYTES
        state[log.SCAN_END] = self.memory[number].ctypes.data + SEGMENT
        state[[log.SCAN_NUMBER, log.SCAN_INBOUND]] = log.NONE_YET
        frames = np.zeros(limit, FRAME)
        count = log.log_scan_entry(state.ctypes.data, frames.ctypes.data, limit)
        return frames[:count], Stop(int(state[log.SCAN_STOP]))


@given(
    st.integers(0, 12).flatmap(lambda n: st.binary(min_size=16 * n, max_size=16 * n)),
    st.integers(0, 2**32 - 1),
    st.integers(-(2**63), 2**63 - 1),
)
def test_the_checksum_is_the_documented_one(record, upper, number):
    assert compiled_checksum(record, upper, number) == reference_checksum(
        record, upper, number
    )


def test_the_checksum_sees_every_single_bit():
    record = bytes(range(128))
    whole = reference_checksum(record, 128, 7)

    for bit in range(8 * len(record)):
        changed = bytearray(record)
        changed[bit // 8] ^= 1 << bit % 8
        assert compiled_checksum(bytes(changed), 128, 7) != whole
    for bit in range(32):
        assert compiled_checksum(record, 128 ^ 1 << bit, 7) != whole
    for bit in range(63):
        assert compiled_checksum(record, 128, 7 ^ 1 << bit) != whole


def test_the_checksum_sees_swapped_pairs_of_words():
    record = bytes(range(64))
    swapped = record[16:32] + record[:16] + record[32:]

    assert compiled_checksum(record, 64, 1) != compiled_checksum(swapped, 64, 1)


def test_a_frame_has_the_documented_bytes():
    segments = Segments()
    record = bytes(range(64))

    assert segments.append(record, Stream.DECISION, 1234)

    frame = segments.memory[0][HEADER_BYTES : HEADER_BYTES + 80].tobytes()
    assert frame[16:] == record
    assert int.from_bytes(frame[8:16], "little") == 1234
    assert frame[4:8] == bytes([64, 0, 1, 0])
    upper = int.from_bytes(frame[4:8], "little")
    stated = int.from_bytes(frame[:4], "little")
    assert stated == reference_checksum(record, upper, 1234)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 1)), max_size=60))
def test_frames_are_read_as_they_were_appended(sizes):
    segments = Segments()
    numbered = []
    inbound = 0
    for i, (pairs, stream) in enumerate(sizes):
        record = bytes([i]) * 16 * pairs
        inbound += stream == Stream.INBOUND
        numbered.append((record, stream, inbound))
        assert segments.append(record, stream, inbound)

    found, stop = segments.scan(0)

    assert stop == Stop.ZEROS
    assert segments.control[log.FRAMES] == len(numbered)
    assert len(found) == len(numbered)
    base = segments.memory[0].ctypes.data
    for frame, (record, stream, number) in zip(found, numbered, strict=True):
        offset = int(frame["address"]) - base
        assert segments.memory[0][offset : offset + len(record)].tobytes() == record
        assert (frame["stream"], frame["number"]) == (stream, number)


def test_a_full_segment_ends_with_a_mark_and_the_next_goes_on():
    segments = Segments(ready=2)
    number = 0

    while segments.control[log.SEGMENT] < 1:
        assert segments.append(bytes(64), Stream.INBOUND, number)
        number += 1

    first, stop = segments.scan(0)
    assert stop == Stop.SEGMENT_END
    assert len(first) == number - 1 == (SEGMENT - HEADER_BYTES - 16) // 80
    header = segments.memory[1].view(np.int64)
    assert header[log.FIRST_FRAME] == number - 1
    assert header[log.FIRST_NUMBER] == number - 1
    second, stop = segments.scan(1)
    assert second["number"].tolist() == [number - 1]
    position = segments.control[log.POSITION]
    assert divmod(position, SEGMENT) == (1, HEADER_BYTES + 80)


def test_without_a_next_segment_appends_are_refused_and_nothing_is_overwritten():
    segments = Segments()
    number = 0
    while segments.append(bytes([1]) * 64, Stream.INBOUND, number):
        number += 1
    before = segments.memory[0].copy()
    position = int(segments.control[log.POSITION])

    for _ in range(100):
        assert segments.append(bytes([2]) * 64, Stream.INBOUND, number) == 0

    assert np.array_equal(segments.memory[0], before)
    assert segments.control[log.FRAMES] == number
    assert segments.control[log.REFUSED] == 101
    assert segments.control[log.POSITION] == position


def test_appending_goes_on_once_a_segment_is_ready():
    segments = Segments()
    number = 0
    while segments.append(bytes(64), Stream.INBOUND, number):
        number += 1

    segments.make_ready()

    assert segments.append(bytes(64), Stream.INBOUND, number)
    assert len(segments.scan(1)[0]) == 1


def test_segments_beyond_the_table_of_addresses_are_found():
    segments = Segments()
    number = 0

    for _ in range(3 * log.MOST_READY):
        segments.make_ready()
        while segments.append(bytes(128), Stream.INBOUND, number):
            number += 1

    assert segments.control[log.SEGMENT] == 3 * log.MOST_READY
    counted = [len(segments.scan(i)[0]) for i in range(len(segments.memory))]
    assert sum(counted) == number
    last = segments.scan(len(segments.memory) - 1)[0]
    assert last["number"][-1] == number - 1


def test_a_record_fits_up_to_the_room_for_an_end_mark():
    room = SEGMENT - HEADER_BYTES - 2 * 16
    segments = Segments()

    assert segments.append(bytes(room), Stream.INBOUND, 0)
    assert segments.append(bytes(16), Stream.INBOUND, 1) == 0
    assert len(segments.scan(0)[0]) == 1


@pytest.mark.parametrize(
    ("numbers", "whole"),
    [
        ([(0, 5), (0, 6), (0, 7)], 3),
        ([(0, 5), (1, 5), (1, 6), (0, 6)], 4),
        ([(0, 5), (0, 7)], 1),
        ([(0, 5), (0, 5)], 1),
        ([(0, 5), (1, 7)], 1),
        ([(0, 5), (1, 4)], 1),
        ([(0, 5), (1, 6), (0, 6), (1, 5)], 3),
        ([(1, 0), (1, 0), (0, 0), (0, 1)], 4),
        ([(1, 3), (0, 2)], 1),
        ([(0, -5), (0, -4)], 2),
    ],
)
def test_inbound_numbers_rise_by_one_and_none_falls(numbers, whole):
    segments = Segments()
    for stream, number in numbers:
        assert segments.append(bytes(64), stream, number)

    found, stop = segments.scan(0)

    assert len(found) == whole
    assert stop == (Stop.ZEROS if whole == len(numbers) else Stop.NUMBERING)


def test_a_scan_goes_on_where_its_batch_was_full():
    segments = Segments()
    for number in range(50):
        assert segments.append(bytes(64), Stream.INBOUND, number)

    found, stop = segments.scan(0, limit=20)

    assert len(found) == 20
    assert stop == Stop.LIMIT


def test_ending_the_log_writes_a_mark_and_refuses_what_comes_after():
    segments = Segments()
    assert segments.append(bytes(64), Stream.INBOUND, 0)

    log.log_end_entry(segments.address, 0, 0)

    assert segments.scan(0)[1] == Stop.SEGMENT_END
    assert segments.append(bytes(64), Stream.INBOUND, 1) == 0
    assert divmod(segments.control[log.POSITION], SEGMENT)[1] == HEADER_BYTES + 96
