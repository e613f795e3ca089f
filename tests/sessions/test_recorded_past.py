"""Depth from before a session, folded of the catalog's recordings, piece by piece."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.data.catalog import Catalog
from app.data.catalog_writer import ImportJob, Target
from app.data.instrument_master import InstrumentMaster
from app.engine.history.heat_picture import (
    HeatColours,
    HeatPainter,
    HeatPart,
    HeatRequest,
    code_of,
)
from app.engine.history.heat_tiles import HeatTiles
from app.engine.history.history import History
from app.engine.records import MARKET, EventKind, RecordFlag
from app.sessions.recorded_past import RecordedPast

COLUMN = 100_000_000
START = 1_780_000_000_000_000_000
GAP_COLOUR, GAP_LINE, OUTSIDE = 0xFF303030, 0xFF404040, 0xFF202020


def depth(count: int, *, begin: int = START, seed: int = 1) -> Any:
    """A snapshot, then so many levels that change every 37 ms, and some trades."""
    random = np.random.default_rng(seed)
    records = np.zeros(count + 2, MARKET)
    records["kind"] = EventKind.LEVEL
    records["flags"] = RecordFlag.LAST
    records["side"] = np.where(random.integers(0, 2, count + 2) > 0, 1, -1)
    away = random.integers(1, 30, count + 2)
    records["price"] = 1_000_000 - 100 * away * records["side"]
    records["size"] = random.integers(0, 900, count + 2)
    records["ts_received"] = begin + 37_000_000 * np.arange(count + 2)
    records["ts_venue"] = records["ts_received"]
    trades = np.arange(9, count, 11)
    records["kind"][trades], records["size"][trades] = EventKind.TRADE, 40
    records["aggressor"][trades] = 1
    records["kind"][:2] = EventKind.SNAPSHOT_BEGIN, EventKind.SNAPSHOT_END
    return records


def write(folder: Path, records: Any, note: str = "") -> Catalog:
    """Add records to the depth of one instrument in a catalog."""
    catalog = Catalog(folder / "catalog")
    instrument = InstrumentMaster.beside(catalog.root).instrument("RSTK")
    source = folder / f"depth{note}.csv"
    source.write_text(f"made by a test {note}")
    with ImportJob(catalog, "test", [source]) as job:
        job.append(Target(instrument, "depth", "depth"), records)
        job.commit()
    return catalog


def columns_of(history: History) -> HeatTiles:
    tiles = history.heatmap(0)
    assert tiles is not None
    return tiles


def past_of(catalog: Catalog, until: int, rows: int) -> RecordedPast:
    instrument = catalog.master.instrument("RSTK")
    return RecordedPast(lambda: catalog, instrument, until, COLUMN, rows)


def folded(catalog: Catalog, records: Any) -> HeatTiles:
    history = History([catalog.master.instrument("RSTK")])
    history.fold(records)
    return columns_of(history)


@pytest.mark.parametrize("rows", [10_000, 700])
def test_pieces_hold_the_columns_that_one_fold_of_all_holds(
    tmp_path: Path, rows: int
) -> None:
    records = depth(3_000)
    catalog = write(tmp_path, records)
    whole = folded(catalog, records)
    until = int(records["ts_received"][2_500])
    past = past_of(catalog, until, rows)

    loads = 0
    while not past.is_exhausted:
        past.load()
        loads += 1

    assert loads == -(-2_500 // rows)
    assert past.stream == "depth"
    assert past.parts[0].begin == START
    assert [each.end for each in past.parts[:-1]] == [
        each.begin for each in past.parts[1:]
    ]
    compared = 0
    for part in past.parts:
        for index, ts in enumerate(part.tiles.times.tolist()):
            expected = whole.find(ts)
            for mine, its in zip(
                part.tiles.levels(index), whole.levels(expected), strict=True
            ):
                np.testing.assert_array_equal(mine, its)
            compared += 1
    assert compared > 2_500 * 37 // 100 * 0.95


def test_a_picture_of_past_and_session_is_that_of_one_run(tmp_path: Path) -> None:
    records = depth(3_000)
    catalog = write(tmp_path, records)
    whole = folded(catalog, records)
    split = int(whole.times[500])
    past = past_of(catalog, split, 10_000)
    past.load()
    live = HeatTiles(None)
    session = History([catalog.master.instrument("RSTK")], None, (), 1 << 61)
    at = int(np.searchsorted(records["ts_received"], split))
    session.fold(records[:at])
    session.begin_columns(COLUMN)
    session.fold(records[at:])
    live = columns_of(session)
    end = int(records["ts_received"][-1])
    painter = HeatPainter()
    for begin in (START - 10**10, START + 10**9, split - 10**9, split + 10**9):
        request = request_of(begin, end)
        expected = painter.paint(whole, request, colours()).pixels.copy()
        found = painter.paint(live, request, colours(), past.parts).pixels
        same = (found == expected).all(axis=0)
        # A column of pixels at the seam, and the strokes beside it, may differ.
        assert same.mean() > 0.98, begin


def test_where_nothing_was_recorded_there_is_a_gap(tmp_path: Path) -> None:
    hour = 3_600_000_000_000
    write(tmp_path, depth(400))
    catalog = write(tmp_path, depth(400, begin=START + hour, seed=2), "later")
    until = START + 2 * hour
    past = past_of(catalog, until, 10_000)

    past.load()

    assert past.is_exhausted
    first, second = past.parts
    assert first.end == START + 401 * 37_000_000 + COLUMN
    assert (second.begin, second.end) == (START + hour, first.end + hour)
    session = folded(catalog, depth(400, begin=until, seed=3))
    request = request_of(START - hour, until + hour, ns_per_px=3 * hour / 400)
    pixels = HeatPainter().paint(session, request, colours(), past.parts).pixels
    middle = pixels[:, round((1.5 * hour) / request.ns_per_px)]
    assert set(middle.tolist()) == {GAP_COLOUR, GAP_LINE}
    assert set(pixels[:, 5].tolist()) == {OUTSIDE}
    seen = pixels[:, round(hour / request.ns_per_px) + 0]
    assert set(seen.tolist()) - {GAP_COLOUR, GAP_LINE, OUTSIDE}


def test_without_a_recording_before_it_nothing_is_shown(tmp_path: Path) -> None:
    catalog = write(tmp_path, depth(400))
    past = past_of(catalog, START, 10_000)
    past.load()
    assert past.is_exhausted
    assert past.parts == ()


def test_a_load_can_be_cancelled_and_asked_for_again(tmp_path: Path) -> None:
    catalog = write(tmp_path, depth(400))
    past = past_of(catalog, START + 10**12, 10_000)

    def stop(_share: float, _count: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        past.load(stop)
    assert past.parts == ()
    past.load()
    assert len(past.parts) == 1


def test_a_part_that_is_released_is_read_again(tmp_path: Path) -> None:
    catalog = write(tmp_path, depth(400))
    past = past_of(catalog, START + 10**12, 10_000)
    past.load()
    part: HeatPart = past.parts[0]
    before = part.tiles.levels(20)
    part.tiles.release()
    for mine, its in zip(part.tiles.levels(20), before, strict=True):
        np.testing.assert_array_equal(mine, its)


def request_of(begin: int, end: int, ns_per_px: float = 0.2e9) -> HeatRequest:
    return HeatRequest(
        400, 200, begin, end, ns_per_px, 1_003_500.0, 35.0, 100.0,
        code_of(1), code_of(1_000),
    )  # fmt: skip


def colours() -> HeatColours:
    steps = np.arange(512, dtype=np.uint32) + np.uint32(0xFF010000)
    return HeatColours(
        steps.astype(np.uint32), 0xFF101010, OUTSIDE, GAP_COLOUR, GAP_LINE,
        0xFF0000FF, 0xFFFF8800, 0xFF00FFFF, 0xFFFF00FF, 0xFF000000,
    )  # fmt: skip
