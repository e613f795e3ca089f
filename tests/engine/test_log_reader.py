"""Reading and verifying logs: whole, torn, and damaged at every kind of place."""

import shutil
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from app.engine import log
from app.engine.log import FRAME_BYTES, HEADER_BYTES, Stream
from app.engine.log_files import CHAIN_FILE, SESSION_FILE, segment_file
from app.engine.log_reader import Ending, LogReader, verify
from app.errors import LogError
from tests.engine.log_samples import (
    SMALL,
    append,
    expected,
    reference_checksum,
    write_log,
)

COUNT = 4200
FIRST, SECOND, THIRD = (segment_file(i) for i in range(3))
LAST = segment_file(4)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A log of five segments that was closed in order."""
    directory = tmp_path_factory.mktemp("whole") / "session"
    write_log(directory, COUNT)
    assert (directory / LAST).exists()
    assert not (directory / segment_file(5)).exists()
    return directory


@pytest.fixture(scope="module")
def crashed(tmp_path_factory):
    """The same log, as a crash leaves it: frames past the watermark, no close."""
    directory = tmp_path_factory.mktemp("crashed") / "session"
    engine_log = write_log(directory, COUNT - 50, close=False)
    append(engine_log, COUNT - 49, 50)
    image = directory.with_name("image")
    shutil.copytree(directory, image)
    engine_log.close()
    return image


@pytest.fixture
def copy(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "copy")


@pytest.fixture
def torn(crashed, tmp_path):
    return shutil.copytree(crashed, tmp_path / "torn")


def change(path, offset, mask=0x10):
    """Flip bits of one byte."""
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ mask]))


def truncate(path, length):
    with path.open("r+b") as file:
        file.truncate(length)


def fault_of(directory):
    """The first fault of a damaged log: file, offset, rule."""
    report = verify(directory)
    assert report.ending == Ending.DAMAGED
    assert not report.is_sound
    with pytest.raises(LogError, match=report.faults[0].file):
        list(LogReader(directory))
    return report.faults[0]


def last_frame_end(directory):
    """Segment and offset where the last whole frame ends."""
    reader = LogReader(directory)
    place = (-1, 0)
    for batch in reader.batches():
        frame = batch.frames[-1]
        header = batch.memory[:HEADER_BYTES].view(np.int64)
        offset = int(frame["address"]) - int(batch.memory.ctypes.data)
        place = int(header[log.NUMBER]), offset + int(frame["length"])
    return place


def test_a_whole_log_reads_to_its_end(whole):
    reader = LogReader(whole)

    assert list(reader) == expected(1, COUNT)
    assert (reader.ending, reader.faults) == (Ending.CLOSED, [])
    report = verify(whole)
    assert (report.ending, report.faults) == (Ending.CLOSED, ())
    assert report.frames == report.durable_frames == COUNT + COUNT // 3


def test_a_crashed_log_reads_to_its_last_frame(crashed):
    reader = LogReader(crashed)

    assert list(reader) == expected(1, COUNT)
    assert (reader.ending, reader.faults) == (Ending.OPEN, [])
    report = verify(crashed)
    assert report.ending == Ending.OPEN
    assert report.durable_frames < report.frames == COUNT + COUNT // 3


FRAME_AT = HEADER_BYTES  # the first frame of a segment
DAMAGE: dict[str, Any] = {
    "magic word": (SECOND, 8 * log.MAGIC, "magic"),
    "version": (SECOND, 8 * log.VERSION, "format"),
    "session": (SECOND, 8 * log.SESSION, "session"),
    "segment number": (SECOND, 8 * log.NUMBER, "segment 1"),
    "segment bytes": (SECOND, 8 * log.BYTES, "bytes"),
    "header checksum": (SECOND, 8 * log.CHECK, "checksum"),
    "metadata hash": (SECOND, 8 * log.METADATA_HASH + 9, "checksum"),
    "first frame": (SECOND, 8 * log.FIRST_FRAME, "frames stand before"),
    "first number": (SECOND, 8 * log.FIRST_NUMBER, "first frame's number"),
    "previous hash": (SECOND, 8 * log.PREVIOUS_HASH + 31, "chain's hash"),
    "first segment's previous hash": (FIRST, 8 * log.PREVIOUS_HASH, "chain's hash"),
    "unused word of the header": (SECOND, 4095, "unused"),
    "frame's checksum": (FIRST, FRAME_AT, "checksum"),
    "frame's length": (FIRST, FRAME_AT + 4, "checksum"),
    "frame's length, unaligned": (FIRST, FRAME_AT + 4, "multiple of 16", 1),
    "frame's length, past the end": (FIRST, FRAME_AT + 5, "checksum|length"),
    "frame's stream": (FIRST, FRAME_AT + 6, "checksum"),
    "frame's flags": (FIRST, FRAME_AT + 7, "checksum"),
    "frame's number": (FIRST, FRAME_AT + 8, "checksum"),
    "record's first byte": (FIRST, FRAME_AT + 16, "checksum"),
    "record's last byte": (FIRST, FRAME_AT + 79, "checksum"),
    "frame of a later segment": (THIRD, FRAME_AT + 500, "checksum"),
    "chain's first entry": (CHAIN_FILE, 40, "whole"),
    "chain's later entry": (CHAIN_FILE, 64 * 7 + 9, "whole"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_changed_bit_is_damage_told_by_place_and_rule(copy, what):
    file, offset, rule, *mask = DAMAGE[what]
    change(copy / file, offset, *mask)

    fault = fault_of(copy)

    assert fault.file == file
    assert fault.offset <= offset
    assert any(part in fault.rule for part in rule.split("|")), fault


def test_what_follows_an_end_mark_is_zeros(copy):
    """Of the first segments, one ends some bytes before its file does."""
    for name in (FIRST, SECOND, THIRD):
        used = np.flatnonzero(np.fromfile(copy / name, np.uint8))[-1] + 1
        if used < SMALL - FRAME_BYTES:
            break
    else:
        pytest.fail("the sample leaves no bytes after an end mark")
    change(copy / name, SMALL - 1)

    fault = fault_of(copy)

    assert (fault.file, fault.rule) == (name, "zeros follow the end mark")


def test_the_frame_that_is_broken_is_named_by_its_offset(copy):
    place = HEADER_BYTES + 80 + 80 + 80 + 144  # frames of 1, 2, 3 and 3's decision
    change(copy / FIRST, place + 20)

    fault = fault_of(copy)

    assert (fault.file, fault.offset) == (FIRST, place)
    reader = LogReader(copy)
    with pytest.raises(LogError, match=f"{FIRST}, offset {place}: .*checksum"):
        list(reader)
    assert reader.frames == 4


def test_all_frames_before_the_damage_are_given_out(copy):
    change(copy / THIRD, HEADER_BYTES + 16)
    frames: list[Any] = []

    with pytest.raises(LogError, match=THIRD):
        frames.extend(LogReader(copy))
    got = sum(len(batch.frames) for batch in LogReader(copy).walk())

    assert got == verify(copy).frames
    assert 2 * SMALL / 144 < got < 2 * SMALL / 80


def test_a_changed_session_file_is_damage(copy):
    text = (copy / SESSION_FILE).read_text()
    (copy / SESSION_FILE).write_text(text.replace("4200", "4201"))

    assert "hash" in fault_of(copy).rule


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1}', "\0"])
def test_a_session_file_that_is_none_is_an_error(copy, text):
    (copy / SESSION_FILE).write_text(text)

    with pytest.raises(LogError, match=SESSION_FILE):
        verify(copy)


@pytest.mark.parametrize("name", [SESSION_FILE, CHAIN_FILE])
def test_a_missing_file_is_an_error(copy, name):
    (copy / name).unlink()

    with pytest.raises(LogError, match=name):
        verify(copy)


@pytest.mark.parametrize("name", [FIRST, SECOND, LAST])
def test_a_missing_segment_is_damage(copy, name):
    (copy / name).unlink()

    fault = fault_of(copy)

    assert (fault.file, fault.rule) == (name, "the segment is there")


@pytest.mark.parametrize("pair", [(FIRST, SECOND), (SECOND, THIRD), (THIRD, LAST)])
def test_swapped_segments_are_damage(copy, pair):
    one, other = (copy / name for name in pair)
    one.rename(copy / "between")
    other.rename(one)
    (copy / "between").rename(other)

    assert fault_of(copy).file == pair[0]


def test_a_segment_of_another_session_is_damage(copy, tmp_path):
    write_log(tmp_path / "other", COUNT)
    shutil.copy(tmp_path / "other" / SECOND, copy / SECOND)

    assert "belongs to session" in fault_of(copy).rule


def test_a_log_whose_files_all_come_from_another_session_verifies(copy, tmp_path):
    """The negative of the test above: what is damage is the mixture."""
    write_log(tmp_path / "other", COUNT)

    assert verify(tmp_path / "other").ending == Ending.CLOSED


@pytest.mark.parametrize(
    ("name", "length"),
    [
        (FIRST, 0),
        (FIRST, 100),
        (FIRST, HEADER_BYTES),
        (FIRST, HEADER_BYTES + 8),
        (FIRST, HEADER_BYTES + 80),
        (FIRST, HEADER_BYTES + 85),
        (FIRST, SMALL // 2),
        (FIRST, SMALL - 1),
        (LAST, 0),
        (LAST, HEADER_BYTES + 40),
    ],
)
def test_a_truncated_segment_is_damage(copy, name, length):
    truncate(copy / name, length)

    assert fault_of(copy).file == name


@pytest.mark.parametrize("keep", [0, 1, 10])
def test_a_truncated_chain_of_a_closed_log_is_damage(copy, keep):
    truncate(copy / CHAIN_FILE, 64 * keep)

    assert fault_of(copy).file == LAST


@settings(max_examples=200)
@given(data=st.data())
def test_no_changed_byte_of_a_closed_log_passes(whole, tmp_path_factory, data):
    files = sorted(path.name for path in whole.iterdir())
    name = data.draw(st.sampled_from(files))
    length = (whole / name).stat().st_size
    offset = data.draw(st.integers(0, length - 1))
    mask = data.draw(st.integers(1, 255))
    directory = tmp_path_factory.getbasetemp() / "changed"
    shutil.copytree(whole, directory, dirs_exist_ok=True)
    change(directory / name, offset, mask)

    try:
        assert verify(directory).ending == Ending.DAMAGED
    except LogError:
        assert name == SESSION_FILE


def test_a_torn_last_frame_ends_the_log_before_it(torn):
    number, offset = last_frame_end(torn)
    path = torn / segment_file(number)
    with path.open("r+b") as file:
        file.seek(offset)
        # All of the frame but its first word, which is stored last.
        file.write(bytes(8) + (COUNT + 1).to_bytes(8, "little") + b"\1" * 64)

    report = verify(torn)

    assert report.ending == Ending.TORN
    assert report.is_sound
    assert report.frames == COUNT + COUNT // 3
    assert report.tail_bytes == 80
    assert report.faults[0].offset == offset
    assert list(LogReader(torn)) == expected(1, COUNT)


@pytest.mark.parametrize("back", [16, 60, 80, 100, 500])
def test_frames_that_a_power_cut_took_are_a_torn_tail(torn, back):
    number, offset = last_frame_end(torn)
    path = torn / segment_file(number)
    with path.open("r+b") as file:
        file.seek(offset - back)
        file.write(bytes(back // 2))

    report = verify(torn)

    assert report.ending == Ending.TORN
    assert report.durable_frames <= report.frames < COUNT + COUNT // 3
    assert list(LogReader(torn)) == expected(1, COUNT)[: report.frames]


def test_damage_before_the_watermark_is_damage_in_a_crashed_log_too(torn):
    change(torn / SECOND, HEADER_BYTES + 20)

    fault = fault_of(torn)

    assert (fault.file, fault.offset) == (SECOND, HEADER_BYTES)


def test_a_chain_entry_that_did_not_reach_the_disk_covers_nothing(torn):
    entries = len(LogReader(torn).chain)
    change(torn / CHAIN_FILE, 64 * (entries - 1) + 50)

    report = verify(torn)

    assert report.ending == Ending.OPEN
    assert report.durable_frames < report.frames == COUNT + COUNT // 3
    assert len(LogReader(torn).chain) == entries - 1


def test_a_forged_frame_is_seen_by_the_chain(copy):
    """A checksum can be computed by anybody; the chain of hashes cannot be."""
    path = copy / SECOND
    memory = path.read_bytes()
    start = HEADER_BYTES + FRAME_BYTES
    upper = int.from_bytes(memory[HEADER_BYTES + 4 : start - 8], "little")
    number = int.from_bytes(memory[start - 8 : start], "little")
    record = b"\7" + memory[start + 1 : start + (upper & 0xFFFF)]
    checksum = reference_checksum(record, upper, number).to_bytes(4, "little")
    with path.open("r+b") as file:
        file.seek(HEADER_BYTES)
        file.write(checksum)
        file.seek(start)
        file.write(record)

    report = verify(copy)

    assert report.frames == COUNT + COUNT // 3
    assert report.ending == Ending.DAMAGED
    assert report.faults[0].file == CHAIN_FILE
    assert "segment 1" in report.faults[0].rule


def test_a_prepared_segment_is_no_part_of_the_log(torn):
    spare = torn / segment_file(last_frame_end(torn)[0] + 1)
    assert spare.exists()

    for length in (SMALL, HEADER_BYTES, 10, 0):
        truncate(spare, length)
        assert verify(torn).ending == Ending.OPEN
    spare.unlink()
    assert verify(torn).ending == Ending.OPEN


def test_a_folder_without_a_log_is_an_error(tmp_path):
    with pytest.raises(LogError, match=SESSION_FILE):
        LogReader(tmp_path)


def test_streams_are_told_apart(whole):
    streams = [stream for stream, _, _ in LogReader(whole)]

    assert streams.count(Stream.INBOUND) == COUNT
    assert streams.count(Stream.DECISION) == COUNT // 3
