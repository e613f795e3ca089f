"""A recording as a feed: pace, pause, speed, end."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app import config
from app.data.catalog import Catalog, Recording
from app.data.catalog_writer import ImportJob, Target
from app.data.corporate_actions import CorporateActions, Dividend, Split
from app.data.instrument_master import InstrumentMaster
from app.engine.records import MARKET, EventKind, FeedStatus, RecordFlag
from app.errors import CatalogError, FeedError
from app.feeds import open_feed
from app.feeds.recording import RecordingFeed
from tests.waiting import eventually

pytestmark = pytest.mark.threads

START = 1_700_000_000_000_000_000
STEP_NS = 10_000_000
HOUR_NS = 3_600_000_000_000


def make_recording(
    folder: Path, times: np.ndarray, name: str = "RSTK", stream: str = "trades"
) -> Recording:
    """Write trades received at `times` into a catalog and open them."""
    catalog = Catalog(folder / "catalog")
    instrument = InstrumentMaster.beside(folder).instrument(name)
    records = np.zeros(len(times), MARKET)
    records["kind"], records["flags"] = EventKind.TRADE, RecordFlag.LAST
    records["ts_received"] = records["ts_venue"] = times
    records["price"], records["size"] = 100_0000, np.arange(1, len(times) + 1)
    source = folder / f"{name}-{stream}.csv"
    source.write_text(f"made by a test: {name} {stream}")
    target = Target(instrument, stream, stream)
    with ImportJob(catalog, "test", [source]) as job:
        job.append(target, records)
        job.commit()
    return catalog.open(name, stream)


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return make_recording(tmp_path, START + STEP_NS * np.arange(50))


@pytest.fixture
def feeds() -> Iterator[list[RecordingFeed]]:
    opened: list[RecordingFeed] = []
    yield opened
    for feed in opened:
        feed.stop()


SLOW = 0.1
"""Of its own pace: five seconds are left to whoever wants it before it ends."""


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
    eventually(lambda: feed.speed == 1.0)  # hours do not pass over open orders


def test_time_flows_between_records_and_never_back(tmp_path, feeds):
    recording = make_recording(tmp_path, START + HOUR_NS * np.arange(2))
    feed = RecordingFeed(recording, speed=1.0, skip_idle_s=0.0)
    feeds.append(feed)
    feed.start()
    parts: list[Any] = []

    def has_flowed() -> bool:
        parts.append(feed.market.drain())
        return sum(int((each["kind"] == EventKind.TIMER).sum()) for each in parts) > 20

    eventually(has_flowed)
    records = np.concatenate(parts)

    assert len(market(records)) == feed.position == 1
    assert (np.diff(records["ts_received"]) >= 0).all()
    assert START < records["ts_received"][-1] < START + HOUR_NS


def test_paused_recording_stands_and_goes_on_where_it_was(recording, feeds):
    feed = RecordingFeed(recording, speed=SLOW)
    feeds.append(feed)
    feed.start()
    eventually(lambda: feed.position >= 2)

    feed.set_paused(True)
    assert feed.status().state == "paused"
    held = feed.session_time
    feed.set_speed(1.0)
    feed.set_paused(False)

    eventually(lambda: feed.position == 50)
    assert feed.session_time > held
    assert list(market(feed.market.drain())["size"]) == list(range(1, 51))


def test_long_idle_stretches_are_skipped(tmp_path, feeds):
    recording = make_recording(tmp_path, START + HOUR_NS * np.arange(4))
    feed = RecordingFeed(recording, speed=1.0, skip_idle_s=0.08)
    feeds.append(feed)

    feed.start()

    eventually(lambda: feed.position == 4)


def test_stopped_and_started_goes_on_where_it_stopped(recording, feeds):
    feed = RecordingFeed(recording, speed=SLOW)
    feeds.append(feed)
    feed.start()
    eventually(lambda: feed.position >= 2)
    feed.stop()
    reached = feed.position

    feed.set_speed(1.0)
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


def drained(feed: RecordingFeed) -> Any:
    """Play to the end; what came of the market."""
    parts = []
    feed.start()

    def is_over() -> bool:
        parts.append(feed.market.drain())
        return feed.status().state == "ended"

    eventually(is_over)
    parts.append(feed.market.drain())
    return market(np.concatenate(parts))


def test_rule_11_recordings_play_together_by_time_then_by_source(tmp_path, feeds):
    both = START + STEP_NS * np.arange(0, 40, 2)
    one = make_recording(tmp_path, both)
    other = make_recording(tmp_path, START + STEP_NS * np.arange(40), "RFUT")
    feed = RecordingFeed(one, other, speed=0)
    feeds.append(feed)

    records = drained(feed)

    assert [each.name for each in feed.instruments] == ["RSTK", "RFUT"]
    assert feed.name == "recording:RSTK,RFUT"
    assert len(records) == 60
    keys = list(zip(records["ts_received"], records["instrument"], strict=True))
    assert keys == sorted(keys)
    for number, count in ((0, 20), (1, 40)):
        mine = records[records["instrument"] == number]
        assert list(mine["size"]) == list(range(1, count + 1))
        assert set(mine["source"]) == {number}


def test_many_records_of_one_instant_are_merged_whole(tmp_path, feeds):
    one = make_recording(tmp_path, np.full(30_000, START))
    other = make_recording(tmp_path, np.full(20_000, START), "RFUT")
    third = make_recording(tmp_path, START + np.arange(100), "REUR")
    feed = RecordingFeed(one, other, third, speed=0)
    feeds.append(feed)

    records = drained(feed)

    first = records[records["ts_received"] == START]
    assert list(np.unique(first["instrument"], return_counts=True)[1]) == [
        *(30_000, 20_000, 1)
    ]
    assert (np.diff(first["instrument"]) >= 0).all()
    assert len(records) == 50_100


def test_trades_beside_a_book_are_one_instrument(tmp_path):
    trades = make_recording(tmp_path, START + np.arange(5))
    depth = make_recording(tmp_path, START + np.arange(5), stream="depth")
    orders = make_recording(tmp_path, START + np.arange(5), stream="orders")

    feed = RecordingFeed(trades, depth)

    assert (feed.data_bases, len(feed.instruments)) == (("depth",), 1)
    with pytest.raises(CatalogError, match="both tell of one book"):
        RecordingFeed(depth, orders)
    with pytest.raises(CatalogError, match="named twice"):
        RecordingFeed(depth, depth)


def test_several_names_open_together(tmp_path):
    make_recording(tmp_path, START + np.arange(5))
    make_recording(tmp_path, START + np.arange(5), "RFUT")
    environment = {"RINGSIDE_PATHS_DATA": str(tmp_path / "catalog")}
    settings = config.load(None, environment).settings

    feed = open_feed("recording:RFUT,RSTK@trades", settings)

    assert [each.name for each in feed.instruments] == ["RFUT", "RSTK"]


def test_absurd_speed_is_refused(recording):
    with pytest.raises(FeedError, match=r"speed must lie in .*-1"):
        RecordingFeed(recording, speed=-1)


def test_rule_46_what_happened_comes_on_its_ex_date(tmp_path, feeds):
    day = 86_400_000_000_000
    # 14 November 2023, 22:13 UTC, then 24 and 48 hours later.
    times = np.sort(np.concatenate([START + k * day + np.arange(3) for k in range(3)]))
    one = make_recording(tmp_path, times)
    other = make_recording(tmp_path, times, "RFUT")
    actions = CorporateActions(
        splits=(Split(date(2023, 11, 14), Fraction(3, 2)),),
        dividends=(
            Dividend(date(2023, 11, 13), Decimal("0.5"), Decimal(100)),
            Dividend(date(2023, 11, 15), Decimal("0.47"), Decimal(100)),
        ),
    )
    feed = RecordingFeed(one, other, speed=0, actions={"RSTK": actions})
    feeds.append(feed)
    parts = []
    feed.start()

    def is_over() -> bool:
        parts.append(feed.market.drain())
        return feed.status().state == "ended"

    eventually(is_over)
    parts.append(feed.market.drain())

    records = np.concatenate(parts)
    kept = np.isin(
        records["kind"], (EventKind.TRADE, EventKind.SPLIT, EventKind.DIVIDEND)
    )
    told = [
        (EventKind(r["kind"]).name, int(r["instrument"]), int(r["ts_received"]))
        for r in records[kept]
    ]
    first = [START + k * day for k in range(3)]
    assert told.count(("SPLIT", 0, first[1])) == 1
    assert told.count(("DIVIDEND", 0, first[2])) == 1
    assert len(told) == 2 * len(times) + 2
    assert told.index(("SPLIT", 0, first[1])) < told.index(("TRADE", 0, first[1]))
    split = records[records["kind"] == EventKind.SPLIT][0]
    assert (split["size"], split["reference"]) == (3, 2)
    paid = records[records["kind"] == EventKind.DIVIDEND][0]
    assert paid["price"] == 47_000_000
