"""A recording as a feed: pace, pause, speed, end."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.data.catalog import Catalog, Recording
from app.data.catalog_writer import ImportJob, Target
from app.data.instrument_master import InstrumentMaster
from app.engine.records import MARKET, EventKind, FeedStatus, RecordFlag
from app.errors import FeedError
from app.feeds.recording import RecordingFeed
from tests.waiting import eventually

pytestmark = pytest.mark.threads

START = 1_700_000_000_000_000_000
STEP_NS = 10_000_000


def make_recording(folder: Path, times: np.ndarray) -> Recording:
    """Write trades received at `times` into a catalog and open them."""
    catalog = Catalog(folder / "catalog")
    instrument = InstrumentMaster.beside(folder).instrument("RSTK")
    records = np.zeros(len(times), MARKET)
    records["kind"], records["flags"] = EventKind.TRADE, RecordFlag.LAST
    records["ts_received"] = records["ts_venue"] = times
    records["price"], records["size"] = 100_0000, np.arange(1, len(times) + 1)
    source = folder / "source.csv"
    source.write_text("made by a test")
    target = Target(instrument, "trades", "trades")
    with ImportJob(catalog, "test", [source]) as job:
        job.append(target, records)
        job.commit()
    return catalog.open("RSTK")


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return make_recording(tmp_path, START + STEP_NS * np.arange(50))


@pytest.fixture
def feeds() -> Iterator[list[RecordingFeed]]:
    opened: list[RecordingFeed] = []
    yield opened
    for feed in opened:
        feed.stop()


def market(records: Any) -> Any:
    """Leave out what the player adds: time and status."""
    return records[records["kind"] == EventKind.TRADE]


def test_as_fast_as_possible_delivers_every_record_once_then_ends(recording, feeds):
    feed = RecordingFeed(recording, speed=0)
    feeds.append(feed)
    feed.start()
    eventually(lambda: feed.status().state == "ended")

    records = feed.market.drain()

    assert list(market(records)["size"]) == list(range(1, 51))
    status = records[records["kind"] == EventKind.FEED_STATUS]
    assert list(status["count"]) == [FeedStatus.ENDED]
    assert "ended" in feed.status().message


def test_time_flows_between_records_and_never_back(recording, feeds):
    feed = RecordingFeed(recording, speed=1.0)
    feeds.append(feed)
    feed.start()
    eventually(lambda: feed.position == 50)

    records = feed.market.drain()

    assert (np.diff(records["ts_received"]) >= 0).all()
    assert (records["kind"] == EventKind.TIMER).sum() > 20


def test_paused_recording_stands_and_goes_on_where_it_was(recording, feeds):
    feed = RecordingFeed(recording, speed=1.0)
    feeds.append(feed)
    feed.start()
    eventually(lambda: feed.position >= 5)

    feed.set_paused(True)
    assert feed.status().state == "paused"
    held = feed.session_time
    feed.set_paused(False)

    eventually(lambda: feed.position == 50)
    assert feed.session_time > held
    assert list(market(feed.market.drain())["size"]) == list(range(1, 51))


def test_long_idle_stretches_are_skipped(tmp_path, feeds):
    hour = 3_600_000_000_000
    recording = make_recording(tmp_path, START + hour * np.arange(4))
    feed = RecordingFeed(recording, speed=1.0, skip_idle_s=0.08)
    feeds.append(feed)

    feed.start()

    eventually(lambda: feed.position == 4)


def test_stopped_and_started_goes_on_where_it_stopped(recording, feeds):
    feed = RecordingFeed(recording, speed=1.0)
    feeds.append(feed)
    feed.start()
    eventually(lambda: feed.position >= 5)
    feed.stop()
    reached = feed.position

    feed.start()

    eventually(lambda: feed.position == 50)
    assert reached < 50
    assert list(market(feed.market.drain())["size"]) == list(range(1, 51))


def test_a_slow_reader_loses_nothing(tmp_path, feeds):
    recording = make_recording(tmp_path, START + np.arange(40_000))
    feed = RecordingFeed(recording, speed=0)
    feeds.append(feed)
    feed.start()
    seen: list[int] = []
    while len(seen) < 40_000:
        seen.extend(market(feed.market.drain(1000))["size"])

    assert seen == list(range(1, 40_001))
    assert feed.market.dropped == 0


def test_absurd_speed_is_refused(recording):
    with pytest.raises(FeedError, match=r"speed must lie in .*-1"):
        RecordingFeed(recording, speed=-1)
