"""Made-up history: of a seed, on the days of the exchange, never beside real data."""

from datetime import date

import numpy as np
import pytest

from app.__main__ import main
from app.calendar import trading_days
from app.data.catalog import MADE_UP, Catalog
from app.data.sample import SampleImporter, made_up, make_sample
from app.errors import CatalogError
from tests.bar_catalog import walk, write_bars

MINUTE = 60_000_000_000


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    found = Catalog(tmp_path_factory.mktemp("sample") / "catalog")
    make_sample(found, SampleImporter(("AAPL", "SAMPLE1")))
    return found


def bars(catalog, name, stream):
    recording = catalog.open(name, stream)
    records = recording.records(0, recording.rows)
    from app.engine.records import BAR

    return records.view(BAR)


def test_the_same_seed_gives_the_same_bytes_whatever_else_is_made(catalog, tmp_path):
    again, other = Catalog(tmp_path / "a"), Catalog(tmp_path / "b")
    make_sample(again, SampleImporter(("AAPL",)))
    make_sample(other, SampleImporter(("AAPL",), seed=2))

    for stream in ("bars-1m", "bars-1d"):
        first = bars(catalog, "AAPL", stream)
        assert first.tobytes() == bars(again, "AAPL", stream).tobytes()
        assert first.tobytes() != bars(other, "AAPL", stream).tobytes()


def test_bars_are_sound_and_lie_in_the_exchanges_hours(catalog):
    made = bars(catalog, "SAMPLE1", "bars-1m")
    instrument = catalog.open("SAMPLE1", "bars-1m").instrument
    days = trading_days(instrument, date(2023, 1, 1), date(2023, 12, 31))

    expected = [
        np.arange(opens + MINUTE, closes + MINUTE, MINUTE)
        for opens, closes in (each.regular for each in days if each.regular)
    ]
    assert np.array_equal(made["ts_venue"], np.concatenate(expected))
    assert {len(each) for each in expected} == {390, 210}
    close, high, low = (made[f"{n}_offset"] for n in ("close", "high", "low"))
    assert (high >= np.maximum(close, 0)).all()
    assert (low <= np.minimum(close, 0)).all()
    assert (made["open"] + low > 0).all()
    assert (made["volume"] > 0).all()
    assert (made["open"] % 100 == 0).all()


def test_days_are_made_of_their_minutes(catalog):
    minutes, days = (bars(catalog, "AAPL", each) for each in ("bars-1m", "bars-1d"))
    first = minutes[:390]

    assert len(days) == 250
    assert days["volume"].sum() == minutes["volume"].sum()
    assert days["open"][0] == first["open"][0]
    assert days["high_offset"][0] + days["open"][0] == max(
        first["open"] + first["high_offset"]
    )
    last = first["open"][-1] + first["close_offset"][-1]
    assert days["open"][0] + days["close_offset"][0] == last


def test_there_are_gaps_a_smile_of_volume_and_more_than_one_regime(catalog):
    minutes, days = (bars(catalog, "AAPL", each) for each in ("bars-1m", "bars-1d"))
    closes = days["open"] + days["close_offset"]
    gaps = np.abs(days["open"][1:] / closes[:-1] - 1)
    whole = minutes[: 390 * 100].reshape(100, 390)["volume"].mean(axis=0)
    moves = np.abs(np.diff(np.log(closes)))
    months = moves[: 20 * 12].reshape(12, 20).mean(axis=1)

    assert np.median(gaps) > 0.001
    assert whole[:30].mean() > 1.5 * whole[180:210].mean()
    assert whole[-30:].mean() > 1.5 * whole[180:210].mean()
    assert months.max() > 1.5 * months.min()


@pytest.mark.parametrize("away", [0.3, 0.7, 1.5])
def test_a_limit_that_a_minute_reaches_has_no_edge(catalog, away):
    made = bars(catalog, "SAMPLE1", "bars-1m")
    close, low, high = (made[f"{n}_offset"] for n in ("close", "low", "high"))
    scale = np.abs(close).mean()
    # Between two ticks, so that rounding favours neither side.
    limit = 100 * np.floor(away * scale / 100) + 50

    bought = (close[low < -limit] + limit) / scale
    sold = (limit - close[high > limit]) / scale

    for won in (bought, sold):
        assert len(won) > 5000
        assert abs(won.mean()) < 0.02 + 4 * won.std() / np.sqrt(len(won))


def test_it_says_that_it_is_made_up(catalog):
    meta = catalog.segments("AAPL", "bars-1d")[0].meta

    assert meta.importer == MADE_UP
    assert meta.source == "made by ringside sample, seed 1"
    assert "made up" in meta.notes[0]
    assert catalog.master.instrument("AAPL").venue == "MADE-UP"
    assert ("AAPL", "bars-1m") in list(made_up(catalog))


def test_recordings_are_never_overwritten(tmp_path):
    recorded = write_bars(tmp_path, "RSTK", walk(50, 1))
    before = recorded.segments("RSTK", "bars-1m")[0].meta

    with pytest.raises(CatalogError, match="RSTK has recordings"):
        make_sample(recorded, SampleImporter(("SAMPLE1", "RSTK")))

    assert recorded.names() == ["RSTK"]
    assert recorded.segments("RSTK", "bars-1m")[0].meta == before


def test_recordings_take_the_place_of_what_was_made_up(tmp_path):
    made = Catalog(tmp_path / "catalog")
    make_sample(made, SampleImporter(("AMZN", "SAMPLE1")))

    write_bars(tmp_path, "AMZN", walk(50, 1))

    assert [e.meta.importer for e in made.segments("AMZN", "bars-1m")] == ["test"]
    assert made.segments("AMZN", "bars-1d") == []
    assert {name for name, _ in made_up(made)} == {"SAMPLE1"}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"symbols": ("",)}, "names of symbols"),
        ({"seed": -1}, "0 or more, was -1"),
        ({"year": 1800}, "was 1800"),
        ({"symbols": ("ESH4",)}, "ESH4 is a future"),
    ],
)
def test_what_cannot_be_made_is_refused(tmp_path, asked, words):
    with pytest.raises(CatalogError, match=words):
        make_sample(Catalog(tmp_path / "catalog"), SampleImporter(**asked))


def test_the_command_makes_and_removes(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RINGSIDE_PATHS_DATA", str(tmp_path / "catalog"))

    assert main(["sample", "--symbols", "SAMPLE2", "--seed", "7"]) == 0
    assert "made by ringside sample, seed 7" in capsys.readouterr().out
    assert main(["sample", "--remove"]) == 0
    assert "deleted SAMPLE2@bars-1d" in capsys.readouterr().out
    assert Catalog(tmp_path / "catalog").names() == []
