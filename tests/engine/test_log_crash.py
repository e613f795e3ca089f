"""Nothing that was acknowledged is lost when the process is killed."""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.engine.log import Stream
from app.engine.log_reader import Ending, LogReader, verify
from app.errors import LogError

TRIALS = 25
SEED = 20240611
WRITER = Path(__file__).with_name("log_writer.py")
ROOT = WRITER.parents[2]


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """Logs whose writers were killed: folder, and the last number acknowledged."""
    folder = tmp_path_factory.mktemp("killed")
    done = subprocess.run(
        [sys.executable, str(WRITER), str(folder), str(TRIALS), str(SEED)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    numbers = [int(line) for line in done.stdout.split()]
    assert len(numbers) == TRIALS
    yield [(folder / str(i), number) for i, number in enumerate(numbers)]
    shutil.rmtree(folder)


def check_records(directory):
    """Every record is what was written; the number of records."""
    count = 0
    for batch in LogReader(directory).batches():
        numbers = batch.frames["number"]
        assert np.array_equal(numbers, count + 1 + np.arange(len(numbers)))
        lengths = batch.frames["length"]
        assert np.array_equal(lengths, np.where(numbers % 4 == 0, 128, 64))
        words = batch.records(Stream.INBOUND, np.int64)
        assert np.array_equal(words, np.repeat(numbers, lengths // 8))
        count += len(numbers)
    return count


@pytest.mark.slow
def test_a_killed_process_loses_no_acknowledged_record(killed):
    for directory, acknowledged in killed:
        if acknowledged == 0:
            continue

        written = check_records(directory)

        # One more may have been written whose acknowledgement was not.
        assert acknowledged <= written <= acknowledged + 1


@pytest.mark.slow
def test_a_killed_process_leaves_a_log_that_verifies(killed):
    for directory, acknowledged in killed:
        if acknowledged == 0:
            continue

        report = verify(directory)

        assert report.ending in (Ending.OPEN, Ending.TORN), report
        assert report.is_sound
        assert report.durable_frames <= report.frames


@pytest.mark.slow
def test_a_process_killed_while_it_makes_its_log_leaves_none_or_an_empty_one(killed):
    for directory, acknowledged in killed:
        if acknowledged:
            continue
        # Half a session file, or no chain beside it, is no log.
        with contextlib.suppress(LogError):
            assert verify(directory).frames <= 1


@pytest.mark.slow
def test_the_kills_came_at_all_times(killed):
    """The trials mean something: kills before, during and long after the first."""
    acknowledged = sorted(number for _, number in killed)

    assert acknowledged[-1] >= 200_000
    assert len(set(acknowledged)) > TRIALS // 2
    several = [each for each, _ in killed if len(list(each.glob("segment-*"))) > 6]
    assert len(several) > TRIALS // 2
