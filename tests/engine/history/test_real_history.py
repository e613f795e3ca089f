"""A real day's history: what happened adds up to what the book became."""

from pathlib import Path

import numpy as np
import pytest

from app.data.catalog import Catalog
from app.data.importing import Options, run_import
from app.data.lobster import LobsterImporter
from app.engine.book import BookReplay
from app.engine.history.history import History
from app.engine.history.records import BarKind
from app.engine.records import EventKind
from app.sessions.history import BarSpec
from tests.shared_data import shared_data

pytestmark = pytest.mark.slow
_FILE = "AMZN_2012-06-21_first20000_{}_10.csv.gz"


def test_a_real_morning_adds_up(tmp_path: Path) -> None:
    messages, orderbook = (
        shared_data("lobster", _FILE.format(what)) for what in ("message", "orderbook")
    )
    run_import(
        LobsterImporter(orderbook, None), [messages], Catalog(tmp_path), Options()
    )
    recording = Catalog(tmp_path).open("AMZN")
    records = np.concatenate(list(recording.batches()))
    records["instrument"] = 0
    history, replay = History((recording.instrument,)), BookReplay("orders")
    bars = history.bars(0, BarSpec(BarKind.TIME, 10_000_000_000))

    history.fold(records)
    shown = replay.apply(records, 20)[-1]

    sequence, bids, asks = history.depth(0, 0, 2**40)
    assert sequence == replay.state["sequence"]
    assert np.array_equal(bids["price"][:20], shown["bid_price"][: len(bids)])
    assert np.array_equal(asks["size"][:20], shown["ask_size"][: len(asks)])
    tape = history.trades(0, 0, 1 << 40)
    told = np.isin(records["kind"], (EventKind.TRADE, EventKind.ORDER_EXECUTE))
    assert len(tape) == np.count_nonzero(told & (records["size"] > 0))
    assert tape["size"].sum() == bars.read(0, bars.count)["volume"].sum()
    assert tape["size"].sum() == history.stats(0)["volume"]
    profile = history.profile(0)
    assert profile["buys"].sum() + profile["sells"].sum() == tape["size"].sum()
    assert np.array_equal(profile, history.profile_of(0, 0, len(tape)))
