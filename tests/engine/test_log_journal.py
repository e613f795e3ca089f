"""The log's keeper: segments, the durable watermark, a full disk, a clean end."""

import os
import resource
import subprocess
import threading

import numpy as np
import pytest

from app.engine import log, log_storage
from app.engine.journal import EngineLog
from app.engine.log import LogStatus, Stream
from app.engine.log_files import CHAIN_FILE, SESSION_FILE, segment_file
from app.engine.log_reader import Ending, LogReader, verify
from app.errors import LogError
from tests.engine.log_samples import SMALL, append, expected, record, write_log
from tests.waiting import eventually


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "session"


def test_what_was_appended_is_read_back(directory):
    write_log(directory, 5000)

    assert list(LogReader(directory)) == expected(1, 5000)
    assert verify(directory).ending == Ending.CLOSED


def test_metadata_is_written_before_the_first_event(directory):
    engine_log = EngineLog(directory, {"seed": 7, "instruments": ["A"]})

    assert LogReader(directory).metadata == {"seed": 7, "instruments": ["A"]}
    engine_log.close()


def test_metadata_that_json_cannot_say_is_refused(directory):
    with pytest.raises(ValueError, match="JSON"):
        EngineLog(directory, {"limit": float("nan")})


def test_segments_follow_one_another_and_unused_space_is_given_back(directory):
    write_log(directory, 5000)

    sizes = [path.stat().st_size for path in sorted(directory.glob("segment-*"))]
    assert len(sizes) > 4
    assert set(sizes[:-1]) == {SMALL}
    assert sizes[-1] < SMALL
    assert (directory / CHAIN_FILE).stat().st_size < 64 * 80


def test_a_log_without_events_closes_and_verifies(directory):
    EngineLog(directory, segment_bytes=SMALL).close()

    assert list(LogReader(directory)) == []
    assert verify(directory).ending == Ending.CLOSED
    assert not list(directory.glob("segment-*"))


def test_a_turn_publishes_the_durable_watermark(directory):
    engine_log = EngineLog(directory, segment_bytes=SMALL)
    append(engine_log, 1, 30)
    assert (engine_log.frames, engine_log.durable_frames) == (40, 0)

    engine_log.turn()

    assert engine_log.durable_frames == 40
    append(engine_log, 31, 3)
    assert engine_log.durable_frames == 40
    assert LogReader(directory).durable_frames == 40
    engine_log.close()
    assert engine_log.durable_frames == 44


def test_turns_without_new_frames_change_nothing(directory):
    engine_log = EngineLog(directory, segment_bytes=SMALL)

    engine_log.turn()
    append(engine_log, 1, 3)
    engine_log.turn()
    engine_log.turn()

    assert engine_log.durable_frames == 4
    assert LogReader(directory).chain["frames"].tolist() == [4]
    engine_log.close()


@pytest.mark.threads
def test_the_thread_makes_frames_durable_by_itself(directory):
    with EngineLog(directory, segment_bytes=SMALL, turn_s=0.001) as engine_log:
        append(engine_log, 1, 300)

        eventually(lambda: engine_log.durable_frames == 400)
        assert verify(directory).ending == Ending.OPEN

    assert not any(each.name == "journal" for each in threading.enumerate())
    assert verify(directory).ending == Ending.CLOSED


@pytest.mark.threads
def test_a_log_is_read_while_it_is_written(directory):
    with EngineLog(
        directory, segment_bytes=SMALL, spare_segments=7, turn_s=0.001
    ) as engine_log:
        seen = 0
        for first in range(1, 6001, 1000):
            append(engine_log, first, 1000)
            reader = LogReader(directory)
            frames = sum(len(batch.frames) for batch in reader.batches())
            assert frames == engine_log.frames > seen
            assert reader.ending == Ending.OPEN
            seen = frames
            eventually(lambda: engine_log.durable_frames == engine_log.frames)


def test_a_folder_that_holds_a_log_is_refused(directory):
    write_log(directory, 10)
    before = sorted((path.name, path.read_bytes()) for path in directory.iterdir())

    with pytest.raises(LogError, match="holds a log already"):
        EngineLog(directory)

    after = sorted((path.name, path.read_bytes()) for path in directory.iterdir())
    assert after == before


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(LogError, match="file"):
        EngineLog(tmp_path / "file" / "session")


@pytest.mark.parametrize("segment_bytes", [0, 4096, SMALL + 1])
def test_sizes_that_break_the_rule_are_refused(directory, segment_bytes):
    with pytest.raises(LogError, match=str(segment_bytes)):
        EngineLog(directory, segment_bytes=segment_bytes)
    assert not directory.exists()


def test_appending_after_the_close_is_refused(directory):
    engine_log = write_log(directory, 10)

    assert not engine_log.append(record(11), Stream.INBOUND, 11)
    engine_log.close()
    assert engine_log.status == LogStatus.CLOSED
    assert verify(directory).ending == Ending.CLOSED


@pytest.fixture
def file_size_limit():
    """Set the largest file this process may write, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def fill(engine_log, number):
    """Append until the log refuses; the number of the record it refused."""
    while engine_log.append(record(number), Stream.INBOUND, number):
        number += 1
    return number


def test_when_no_segment_can_be_made_the_engine_is_told_and_nothing_is_lost(
    directory, file_size_limit
):
    engine_log = EngineLog(directory, segment_bytes=SMALL)
    append(engine_log, 1, 1)
    file_size_limit(SMALL // 2)

    engine_log.turn()
    refused = fill(engine_log, 2)

    assert engine_log.status == LogStatus.NO_ROOM
    assert "no next segment" in engine_log.failure
    assert engine_log.refused == 1
    assert log.log_load_entry(engine_log.address + 8 * log.STATUS) == LogStatus.NO_ROOM
    assert not (directory / segment_file(1)).exists()
    engine_log.turn()
    assert engine_log.durable_frames == refused - 1
    assert verify(directory).frames == refused - 1


def test_the_log_goes_on_when_there_is_room_again(directory, file_size_limit):
    engine_log = EngineLog(directory, segment_bytes=SMALL)
    append(engine_log, 1, 1)
    file_size_limit(SMALL // 2)
    engine_log.turn()
    refused = fill(engine_log, 2)
    file_size_limit(resource.RLIM_INFINITY)

    engine_log.turn()

    assert (engine_log.status, engine_log.failure) == (LogStatus.OPEN, "")
    assert engine_log.append(record(refused), Stream.INBOUND, refused)
    engine_log.close()
    report = verify(directory)
    assert (report.ending, report.frames) == (Ending.CLOSED, refused)


def test_a_log_that_finds_no_room_closes_whole(directory, file_size_limit):
    engine_log = EngineLog(directory, segment_bytes=SMALL)
    append(engine_log, 1, 1)
    file_size_limit(SMALL // 2)
    engine_log.turn()
    refused = fill(engine_log, 2)

    engine_log.close()

    report = verify(directory)
    assert (report.ending, report.frames) == (Ending.CLOSED, refused - 1)


def test_no_room_at_the_start_is_an_error_and_leaves_nothing(
    directory, file_size_limit
):
    file_size_limit(SMALL // 2)

    with pytest.raises(LogError, match=directory.name):
        EngineLog(directory, segment_bytes=SMALL)

    assert list(directory.iterdir()) == []
    file_size_limit(resource.RLIM_INFINITY)
    EngineLog(directory, segment_bytes=SMALL).close()


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 2 MiB, where this user may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.threads
def test_a_full_disk_loses_nothing_and_does_not_crash(small_disk):
    """The pages that were promised are there, so the engine meets no SIGBUS."""
    directory = small_disk / "session"
    engine_log = EngineLog(directory, segment_bytes=SMALL, turn_s=0.001)
    number = 1
    with engine_log:
        # The disk fills up: the log's own segments, and somebody else's file.
        append(engine_log, number, 600)
        eventually(lambda: engine_log.durable_frames == engine_log.frames)
        with (small_disk / "other").open("wb") as other:
            while engine_log.status == LogStatus.OPEN:
                if os.statvfs(small_disk).f_bavail:
                    os.posix_fallocate(other.fileno(), other.tell(), 4096)
                    other.seek(4096, os.SEEK_CUR)
                number = fill_some(engine_log, max(number, 601))
        number = fill(engine_log, number)
        assert engine_log.status == LogStatus.NO_ROOM

        (small_disk / "other").unlink()
        eventually(lambda: engine_log.status == LogStatus.OPEN)
        assert engine_log.append(record(number), Stream.INBOUND, number)

    report = verify(directory)
    assert report.ending == Ending.CLOSED
    assert report.frames == number + 200


def fill_some(engine_log, number):
    for _ in range(10):
        if not engine_log.append(record(number), Stream.INBOUND, number):
            return number
        number += 1
    return number


def test_a_disk_that_fails_stops_the_watermark_and_not_the_engine(directory, caplog):
    engine_log = EngineLog(directory, segment_bytes=SMALL)
    append(engine_log, 1, 3)
    engine_log.turn()
    # From now on writing the chain meets a device that is always full.
    full = os.open("/dev/full", os.O_RDWR)
    os.dup2(full, engine_log._chain._file)
    append(engine_log, 4, 3)

    engine_log.turn()
    engine_log.turn()

    assert engine_log.status == LogStatus.NOT_SYNCED
    assert "No space left" in engine_log.failure
    assert engine_log.durable_frames == 4
    assert engine_log.append(record(7), Stream.INBOUND, 7)
    assert verify(directory).frames == 9
    assert len(caplog.records) == 1
    os.close(full)


def test_the_chain_takes_room_ahead_of_its_need(directory, monkeypatch):
    monkeypatch.setattr(log_storage, "CHAIN_STEP", 16)
    engine_log = EngineLog(directory, segment_bytes=SMALL)

    for number in range(1, 101):
        assert engine_log.append(record(number), Stream.INBOUND, number)
        engine_log.turn()

    assert engine_log._chain.entries == 100
    assert (directory / CHAIN_FILE).stat().st_size == 112 * 64
    engine_log.close()
    assert verify(directory).ending == Ending.CLOSED


def test_a_chain_that_finds_no_room_stops_the_watermark_until_there_is(
    directory, monkeypatch, file_size_limit
):
    monkeypatch.setattr(log_storage, "CHAIN_STEP", 4)
    engine_log = EngineLog(directory, segment_bytes=SMALL)
    file_size_limit(4 * 64)
    for number in range(1, 11):
        append(engine_log, number, 1)
        engine_log.turn()

    assert engine_log.status == LogStatus.NO_ROOM
    assert engine_log.durable_frames == 4
    file_size_limit(resource.RLIM_INFINITY)
    engine_log.turn()
    assert engine_log.durable_frames == engine_log.frames == 13
    engine_log.close()
    assert list(LogReader(directory)) == expected(1, 10)


def test_an_unused_name_in_the_way_of_a_segment_is_no_room(directory):
    engine_log = EngineLog(directory, segment_bytes=SMALL)
    append(engine_log, 1, 1)
    (directory / segment_file(1)).write_bytes(b"mine")

    engine_log.turn()

    assert engine_log.status == LogStatus.NO_ROOM
    assert (directory / segment_file(1)).read_bytes() == b"mine"
    (directory / segment_file(1)).unlink()
    engine_log.close()


def test_a_batch_gives_the_records_of_a_stream(directory):
    write_log(directory, 300)
    kind = np.dtype([("words", "<i8", 8)])

    batches = list(LogReader(directory).batches(limit=64))

    inbound = np.concatenate([batch.records(Stream.INBOUND, kind) for batch in batches])
    assert np.array_equal(inbound["words"][:, 0], 1000 * np.arange(1, 301))
    decisions = [batch.records(Stream.DECISION) for batch in batches]
    assert sum(map(len, decisions)) == 100 * 128
    assert {len(batch.frames) for batch in batches[:-1]} == {64}


def test_the_session_file_is_for_people_too(directory):
    write_log(directory, 3)

    text = (directory / SESSION_FILE).read_text()

    assert '"count": 3' in text
    assert '"segment_bytes": 131072' in text
