"""The recorder: a log becomes a recording, live, after a kill, on a full disk."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.__main__ import main
from app.data import commit as committing
from app.data.catalog import Catalog, Recording
from app.data.instrument_master import InstrumentMaster
from app.data.log_tail import LogTail
from app.data.recorder import LogRecording, Recorder, record_log
from app.data.trade_dates import trade_dates
from app.engine.journal import EngineLog
from app.engine.log import Stream
from app.engine.records import (
    COMMAND,
    MARKET,
    EventKind,
    FeedStatus,
    RecordFlag,
)
from app.errors import CatalogError, LogError, RecorderError
from app.instrument import Instrument
from tests.waiting import NEVER_S, eventually

START = 1_700_000_000_000_000_000
NAMES = ("RSTK", "RFUT")


class Written:
    """A session's log, written by hand."""

    def __init__(self, folder: Path, **metadata: Any) -> None:
        self.directory = folder / "logs" / "2024-01-01T00.00.00.000001"
        told = {"feed": "exchange", "instruments": list(NAMES), **metadata}
        self.log = EngineLog(self.directory, told, segment_bytes=128 << 10)
        self.number = 0
        self.records: list[np.void] = []

    def add(self, records: np.ndarray) -> None:
        """Append records as the engine does: numbered, in segments."""
        for each in records:
            self.number += 1
            while not self.log.append(np.array(each), Stream.INBOUND, self.number):
                self.log.turn()
            self.log.turn() if self.number % 1000 == 0 else None
            self.records.append(each)

    def close(self) -> None:
        self.log.close()

    def of(self, instrument: int) -> np.ndarray:
        """What a recording of an instrument must hold."""
        every = np.array(self.records, MARKET)
        numbers = every["instrument"]
        kept: np.ndarray = every[
            (numbers == instrument) & (every["kind"] != EventKind.TIMER)
        ]
        return kept


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Written]:
    made = Written(tmp_path)
    yield made
    made.close()


def book(
    count: int, *, start: int = START, step: int = 1_000_000, instrument: int = 0
) -> np.ndarray:
    """Orders that are added to one book, after its snapshot."""
    records = np.zeros(count, MARKET)
    records["kind"] = EventKind.ORDER_ADD
    records["ts_venue"] = records["ts_received"] = start + step * np.arange(count)
    records["instrument"] = instrument
    records["price"] = 1_000_000 + 100 * (np.arange(count) % 50)
    records["side"] = 1
    records["size"] = 1 + np.arange(count)
    records["reference"] = records["sequence"] = 1 + np.arange(count)
    records["flags"] = RecordFlag.LAST
    records["kind"][:2] = EventKind.SNAPSHOT_BEGIN, EventKind.SNAPSHOT_END
    return records


def held(catalog: Catalog, name: str) -> np.ndarray:
    """A recording's records as the market sent them."""
    records = catalog.open(name).records()
    records["flags"] &= np.uint16(~int(RecordFlag.REPLAYED) & 0xFFFF)
    return records


def same(found: np.ndarray, expected: np.ndarray) -> None:
    ours = [each for each in MARKET.names or () if each not in ("instrument", "source")]
    assert len(found) == len(expected)
    for name in ours:
        assert np.array_equal(found[name], expected[name]), name


def mixed(count: int) -> np.ndarray:
    """Two instruments in turn, with time and a command of ours between."""
    both = np.concatenate([book(count), book(count, instrument=1)])
    both = both[np.argsort(both["ts_received"], kind="stable")]
    timer = np.zeros(1, MARKET)
    timer["kind"], timer["instrument"] = EventKind.TIMER, -1
    timer["ts_received"] = both["ts_received"][-1]
    return np.concatenate([both[:7], timer, both[7:]])


def test_a_log_becomes_a_recording_of_each_instrument(tmp_path, written):
    written.add(mixed(3000))
    written.close()
    catalog = Catalog(tmp_path / "catalog")

    recording = record_log(catalog, written.directory)

    assert catalog.names() == ["RFUT", "RSTK"]
    assert catalog.streams("RSTK") == ["orders"]
    for number, name in enumerate(NAMES):
        same(held(catalog, name), written.of(number))
        assert len(catalog.open(name).segments) == 1
        catalog.open(name).verify()
    assert recording.committed == 6000
    assert not list((tmp_path / "catalog" / ".imports").iterdir())


def test_recording_a_log_again_replaces_what_was_recorded(tmp_path, written):
    written.add(mixed(50))
    catalog = Catalog(tmp_path / "catalog")

    record_log(catalog, written.directory)
    written.add(book(50, start=START + 10**10))
    record_log(catalog, written.directory)

    same(held(catalog, "RSTK"), written.of(0))
    assert len(catalog.open("RSTK").segments) == 1


def test_our_orders_and_time_are_not_recorded(tmp_path, written):
    written.add(book(10))
    command = np.zeros(1, COMMAND)
    command["kind"] = EventKind.COMMAND
    written.log.append(command, Stream.INBOUND, written.number + 1)
    written.log.append(command, Stream.DECISION, written.number + 1)
    written.number += 1
    written.add(book(5, start=START + 10**9)[2:])

    tail = LogTail(written.directory)

    assert len(tail.read()) == 13
    assert len(tail.read()) == 0
    assert not tail.is_over
    written.close()
    tail.read()
    assert tail.is_over


def test_a_tail_follows_through_segments_while_they_are_written(written):
    tail = LogTail(written.directory)
    seen = []
    for start in range(10):
        written.add(book(700, start=START + start * 10**9))
        while len(found := tail.read()):
            seen.append(found)
    written.close()
    tail.read()
    tail.look_for_end()

    assert tail.is_over
    same(np.concatenate(seen), written.of(0))


def test_an_empty_log_is_over_once_it_is_closed(written):
    tail = LogTail(written.directory)
    assert len(tail.read()) == 0
    written.close()

    tail.look_for_end()

    assert tail.is_over


def test_status_of_the_feed_reaches_every_book_and_its_end_none(tmp_path, written):
    written.add(mixed(20))
    status = np.zeros(2, MARKET)
    status["kind"], status["instrument"] = EventKind.FEED_STATUS, -1
    status["count"] = FeedStatus.DISCONNECTED, FeedStatus.ENDED
    status["ts_received"] = START + 10**9
    written.add(status)
    catalog = Catalog(tmp_path / "catalog")

    record_log(catalog, written.directory)

    for name in NAMES:
        records = held(catalog, name)
        last = records[-1]
        assert (last["kind"], last["count"]) == (EventKind.FEED_STATUS, 2)
        assert len(records) == 21


def test_a_clock_that_was_set_back_stands_instead(tmp_path, written):
    records = book(10)
    records["ts_received"][5] -= 10**9
    written.add(records)
    catalog = Catalog(tmp_path / "catalog")

    recording = record_log(catalog, written.directory)

    times = catalog.open("RSTK").columns["ts_received"]
    assert (np.diff(times) >= 0).all()
    assert recording.clamped == 1


@pytest.mark.parametrize(
    ("kind", "stream"),
    [
        (EventKind.LEVEL, "depth"),
        (EventKind.QUOTE, "quotes"),
        (EventKind.TRADE, "trades"),
        (EventKind.BAR, "bars"),
    ],
)
def test_a_stream_is_named_by_what_it_tells(tmp_path, written, kind, stream):
    records = book(10)
    records["kind"][2:] = kind
    written.add(records)
    catalog = Catalog(tmp_path / "catalog")

    record_log(catalog, written.directory)

    assert catalog.streams("RSTK") == [stream]
    same(held(catalog, "RSTK"), written.of(0))


# Live.


class Running:
    """A recorder on a thread."""

    def __init__(self, catalog: Catalog, directory: Path, commit_s: float) -> None:
        self.recorder = Recorder(catalog, directory, commit_s)
        self.thread = threading.Thread(target=self.recorder.run)
        self.thread.start()

    def await_rows(self, count: int) -> None:
        eventually(lambda: self.recorder.status().committed >= count)

    def end(self) -> None:
        self.thread.join(NEVER_S)
        assert not self.thread.is_alive()


@pytest.mark.threads
def test_a_live_recording_opens_at_any_time_and_ends_with_the_log(tmp_path, written):
    catalog = Catalog(tmp_path / "catalog")
    running = Running(catalog, written.directory, 0.1)
    for start in range(12):
        written.add(book(300, start=START + start * 10**9))
        expected = 300 * (start + 1) - 1  # the newest instant may have more to come
        running.await_rows(expected)
        opened = Catalog(catalog.root).open("RSTK")
        opened.verify()
        assert len(opened) >= expected
        assert len(opened.segments) <= 2 * 8

    running.recorder.finish()
    written.close()
    running.end()

    same(held(catalog, "RSTK"), written.of(0))
    assert len(catalog.open("RSTK").segments) == 1
    assert running.recorder.status().state == "ended"
    assert (
        "recorded 3,600 records of 2 instruments" in running.recorder.status().message
    )


def test_segments_are_merged_as_they_grow_in_number(tmp_path, written):
    catalog = Catalog(tmp_path / "catalog")
    recording = LogRecording(catalog, written.directory)
    counts = []
    for start in range(80):
        written.add(book(5, start=START + start * 10**9))
        recording.take()
        recording.commit()
        counts.append(len(catalog.open("RSTK").segments))

    assert max(counts) <= 15
    recording.commit(is_last=True)
    same(held(catalog, "RSTK"), written.of(0))
    assert len(catalog.open("RSTK").segments) == 1


def test_a_killed_recorder_leaves_a_recording_that_opens(tmp_path, written):
    folder = tmp_path / "catalog"
    environment = {
        **os.environ,
        "RINGSIDE_PATHS_DATA": str(folder),
        "RINGSIDE_RECORDER_COMMIT_S": "0.1",
    }
    written.add(mixed(500))
    command = [sys.executable, "-m", "app", "record", "--json"]
    process = subprocess.Popen(
        [*command, "--follow", str(written.directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    )
    assert process.stdout is not None
    told: dict[str, Any] = {}
    while told.get("committed", 0) < 998:
        told = json.loads(process.stdout.readline())
    written.add(book(300, start=START + 10**9))
    process.send_signal(signal.SIGKILL)
    process.wait(NEVER_S)
    process.stdout.close()
    process.stdin.close()  # type: ignore[union-attr]

    catalog = Catalog(folder)
    for name in NAMES:
        opened = catalog.open(name)
        opened.verify()
        assert len(opened) >= 499
    record_log(catalog, written.directory)
    same(held(catalog, "RSTK"), written.of(0))
    assert len(catalog.open("RSTK").segments) == 1


@pytest.mark.threads
def test_a_full_disk_is_told_and_costs_nothing(tmp_path, written, monkeypatch):
    catalog = Catalog(tmp_path / "catalog")
    real, is_full = committing.sync_files, [True]

    def full(paths: Sequence[Path]) -> None:
        if is_full[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(paths)

    # A disk cannot be filled in a test; what it answers can be.
    monkeypatch.setattr("app.data.catalog_writer.sync_files", full)
    running = Running(catalog, written.directory, 0.05)
    written.add(book(100))
    eventually(lambda: running.recorder.status().state == "waiting")
    assert "No space left" in running.recorder.status().message
    assert catalog.names() == []

    is_full[0] = False
    # It waits until all streams are committed, not the first alone.
    eventually(lambda: running.recorder.status().committed >= 99)
    eventually(lambda: running.recorder.status().state == "recording")
    running.recorder.finish()
    written.close()
    running.end()
    same(held(catalog, "RSTK"), written.of(0))


def test_of_many_instruments_the_quiet_ones_are_committed_less_often(tmp_path):
    root = tmp_path / "catalog"
    master = InstrumentMaster.beside(root)
    names = [f"I{i:03d}" for i in range(70)]
    for name in names:
        master.add(replace(master.instrument("AMZN"), name=name))
    master.save()
    made = Written(tmp_path, instruments=names)
    recording = LogRecording(Catalog(root), made.directory)
    counts = []
    for turn in range(11):
        for number in range(70):
            rows = 1100 if number == 0 else 3
            start = START + turn * 10**10 + number
            made.add(book(rows, start=start, instrument=number)[:rows])
        while recording.take():
            pass
        recording.commit()
        counts.append(recording.catalog.names())

    assert [len(each) for each in counts] == [1] * 9 + [70] * 2
    recording.commit(is_last=True)
    made.close()
    for number in (0, 1, 69):
        same(held(recording.catalog, names[number]), made.of(number))


# Refusals, and dates.


def test_a_session_that_plays_a_recording_is_refused(tmp_path):
    made = Written(tmp_path, feed="recording:RSTK")
    made.close()

    with pytest.raises(RecorderError, match=r"played recording:RSTK"):
        LogRecording(Catalog(tmp_path / "catalog"), made.directory)


def test_other_units_than_the_log_counts_in_are_refused(tmp_path):
    made = Written(tmp_path, units={"RSTK": ["0.01", "1"], "RFUT": ["0.25", "1"]})
    made.close()

    with pytest.raises(RecorderError, match=r"RSTK counted in units \['0.01', '1'\]"):
        LogRecording(Catalog(tmp_path / "catalog"), made.directory)


def test_no_log_is_told(tmp_path):
    with pytest.raises(LogError, match=r"session\.json"):
        LogRecording(Catalog(tmp_path), tmp_path / "none")


def test_a_log_without_a_market_is_told(tmp_path, written):
    with pytest.raises(RecorderError, match="holds no market data"):
        record_log(Catalog(tmp_path / "catalog"), written.directory)


def ns(text: str) -> int:
    return int(np.datetime64(text, "ns").astype(np.int64))


def test_rule_13_a_recording_is_cut_by_trade_date(tmp_path, written):
    # ESU4 opens at 17:00 in Chicago, 22:00 UTC in summer, for the next date.
    written.close()
    made = Written(tmp_path / "other", instruments=["ESU4"])
    monday = book(10, start=ns("2024-07-08T21:59:59.995"))
    monday["price"] = 20_000
    made.add(monday)
    catalog = Catalog(tmp_path / "catalog")

    record_log(catalog, made.directory)
    made.close()

    first, second = catalog.open("ESU4").segments
    assert (len(first), len(second)) == (5, 5)
    assert second.meta.first_ts == ns("2024-07-08T22:00:00")
    same(held(catalog, "ESU4"), made.of(0))


def test_rule_13_trade_dates(tmp_path):
    master = Catalog(tmp_path).master
    cases: list[tuple[Instrument, str, str]] = [
        (master.instrument("ESU4"), "2024-07-07T22:00:00", "2024-07-08"),
        (master.instrument("ESU4"), "2024-07-08T20:59:59", "2024-07-08"),
        (master.instrument("ESU4"), "2024-01-07T23:00:00", "2024-01-08"),
        (master.instrument("AMZN"), "2024-07-08T23:59:59", "2024-07-08"),
        (master.instrument("AMZN"), "2024-07-09T04:00:01", "2024-07-09"),
        (master.instrument("BTCUSDT"), "2024-07-09T00:00:00", "2024-07-09"),
        (master.instrument("REUR"), "2024-07-08T21:00:00", "2024-07-09"),
    ]
    for instrument, when, expected in cases:
        found = trade_dates(instrument, np.array([ns(when)]))[0]
        day = np.datetime64(expected, "D").astype(np.int64)
        assert found == day, (instrument.name, when)


# The command.


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RINGSIDE_PATHS_DATA", str(tmp_path / "catalog"))
    monkeypatch.setenv("RINGSIDE_PATHS_LOGS", str(tmp_path / "logs"))
    return tmp_path


def test_the_command_records_the_last_log(home, written, capsys):
    written.add(mixed(20))
    written.close()

    assert main(["record", "--from-log", "last"]) == 0

    printed = capsys.readouterr().out
    assert "recorded 40 records of 2 instruments" in printed
    assert "ringside --feed recording:RSTK" in printed
    assert isinstance(Catalog(home / "catalog").open("RSTK"), Recording)


def test_the_command_names_the_logs_that_there_are(home, written, capsys):
    assert main(["record", "--from-log", "yesterday"]) == 2
    assert "2024-01-01T00.00.00.000001" in capsys.readouterr().err


def test_a_commit_that_fails_leaves_the_catalog_as_it_was(
    tmp_path, written, monkeypatch
):
    catalog = Catalog(tmp_path / "catalog")
    written.add(book(10))
    recording = LogRecording(catalog, written.directory)
    recording.take()

    def full(paths: Sequence[Path]) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("app.data.catalog_writer.sync_files", full)
    with pytest.raises(CatalogError, match="the catalog is as it was"):
        recording.commit()

    assert recording.held == 10
    assert recording.committed == 0
    assert catalog.names() == []
