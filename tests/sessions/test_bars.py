"""A recording of bars in a paper session: what it is filled from, and that it is."""

from pathlib import Path

import numpy as np
import pytest

from app.data.catalog import Catalog
from app.data.catalog_writer import ImportJob, Target
from app.data.instrument_master import InstrumentMaster
from app.engine.arena import Section
from app.engine.records import BAR, MARKET, EventKind, RecordFlag, ReportType
from app.engine.venue.bars import FillSource
from app.feeds.recording import RecordingFeed
from tests.sessions.test_composition import Trader
from tests.waiting import eventually

pytestmark = [pytest.mark.threads, pytest.mark.slow]

START = 1_700_000_000_000_000_000
MINUTE = 60_000_000_000


def import_bars(folder: Path, stream: str, count: int = 5000) -> None:
    """Bars of 100.00, each a tick higher than the one before."""
    catalog, name = Catalog(folder / "catalog"), "RSTK"
    instrument = InstrumentMaster.beside(folder / "catalog").instrument(name)
    records = np.zeros(count, BAR)
    records["kind"], records["flags"] = EventKind.BAR, RecordFlag.LAST
    records["ts_received"] = START + MINUTE * np.arange(count)
    records["ts_venue"] = records["ts_received"]
    records["open"] = 100_0000 + 100 * np.arange(count)
    records["high_offset"], records["low_offset"] = 200, -200
    records["volume"] = 100_000
    source = folder / f"{name}-{stream}.csv"
    source.write_text(f"made by a test: {name} {stream}")
    with ImportJob(catalog, "test", [source]) as job:
        job.append(Target(instrument, stream, "bars"), records.view(MARKET))
        job.commit()


@pytest.mark.parametrize(
    ("stream", "lasts"), [("bars-1m", MINUTE), ("bars-5s", 5 * 10**9), ("bars-1d", 0)]
)
def test_a_recording_of_bars_knows_how_long_they_last(
    tmp_path: Path, stream: str, lasts: int
) -> None:
    import_bars(tmp_path, stream)

    feed = RecordingFeed(Catalog(tmp_path / "catalog").open("RSTK", stream))

    assert feed.bar_intervals == (lasts,)
    assert (feed.data_bases, feed.full_depths) == (("bars",), (False,))


def test_orders_are_filled_from_bars_where_they_are_all_there_is(
    tmp_path: Path,
) -> None:
    import_bars(tmp_path, "bars-1m")
    trader = Trader(tmp_path, "recording:RSTK")
    try:
        models = trader.engine.arena.records(Section.VENUE_MODELS)[0]
        assert models["fills_from"] == FillSource.BARS
        assert models["bar_interval"] == MINUTE
        trader.engine.set_speed(600)
        eventually(lambda: trader.view() and trader.view()["market_records"] > 1)
        trader.arm()
        order = trader.buy(10)
        eventually(lambda: trader.has(order, ReportType.FILL))
    finally:
        trader.engine.stop()

    (fill,) = [
        each
        for each in trader.reports
        if each["report"] == ReportType.FILL and each["client_order_id"] == order
    ]
    # At the open of a bar that began after the decision, stamped at its close.
    which = (int(fill["ts_venue"]) - START) // MINUTE
    assert fill["last_price"] == 100_0000 + 100 * which
    assert not trader.failures
