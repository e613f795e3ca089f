"""A session is recorded while it runs, and plays back to the same books."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.data.catalog import Catalog
from app.data.log_tail import LogTail
from app.data.recorder import record_log
from app.engine.book import BookReplay
from app.engine.records import MARKET, ReportType
from app.sessions.composition import PaperEngine
from tests.sessions.test_composition import Trader
from tests.waiting import eventually

pytestmark = [pytest.mark.threads, pytest.mark.slow]
LEVELS = 20


def test_a_recorded_session_plays_back_to_the_same_books(tmp_path: Path) -> None:
    trader = Trader(tmp_path)
    try:
        eventually(trader.has_market)
        trader.arm()
        # Our own orders are part of the market that is recorded.
        order = trader.buy(100)
        eventually(lambda: trader.has(order, ReportType.FILL))
        eventually(lambda: trader.view()["market_records"] > 3000)
    finally:
        trader.engine.stop()
    catalog = Catalog(tmp_path / "catalog")
    directory = trader.engine.log.directory

    record_log(catalog, directory)

    names = [each.name for each in trader.engine.instruments]
    assert sorted(names) == catalog.names()
    tail, parts = LogTail(directory), []
    while len(part := tail.read()):
        parts.append(part)
    logged = np.concatenate(parts)
    lasts = []
    for number, name in enumerate(names):
        live = last_row(logged[logged["instrument"] == number])
        recorded = last_row(catalog.open(name).records())
        assert live.tobytes() == recorded.tobytes()
        lasts.append(recorded)

    wanted = len(logged) + len(names)  # each book is told that the feed has ended
    view = played(trader, f"recording:{','.join(names)}", wanted)
    for number, last in enumerate(lasts):
        seen = view["instrument"][number]
        for side in ("bid", "ask"):
            count = min(LEVELS, int(seen[f"{side}_levels"]))
            assert count
            for what in ("price", "size"):
                shown = list(seen[f"{side}s"][what][:count])
                assert shown == list(last[f"{side}_{what}"][:count]), (number, side)
    assert not trader.failures


def played(trader: Trader, feed: str, wanted: int) -> Any:
    """Play a feed until so many records have moved the books; the last view."""
    engine = PaperEngine(feed, trader.settings, trader.failures.append)
    engine.set_speed(0)
    views: list[Any] = []

    def is_through() -> bool:
        view = engine.views.newest()
        views.extend([] if view is None else [view.copy()])
        return bool(views) and int(views[-1]["market_records"]) >= wanted

    engine.start()
    try:
        eventually(is_through)
    finally:
        engine.stop()
    return views[-1]


def last_row(records: np.ndarray) -> Any:
    """The book after the last event, folded by the engine's own book."""
    batch = records.astype(MARKET)
    batch["instrument"] = batch["source"] = 0
    return BookReplay("orders").apply(batch, LEVELS)[-1]
