"""Lean's data folder: real files with known facts, made ones for each fault."""

import io
import zipfile
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from app.data.catalog import Catalog, Recording
from app.data.corporate_actions import load_actions
from app.data.importing import Options, Report, run_import
from app.data.lean import LeanImporter, lean_paths
from app.data.lean_files import is_lean_path, lean_file
from app.engine.records import BAR, NO_PRICE, QUOTE, EventKind, TradeCondition
from app.errors import FileFormatError, InstrumentError, RingsideError
from tests.shared_data import shared_data

DAY = "equity/usa/minute/spy/20131007_trade.zip"
NEW_YORK = ZoneInfo("America/New_York")


def run(
    root: Path,
    *paths: Path,
    told: str | None = None,
    zone: str | None = None,
    skip_bad: bool = False,
    name: str | None = None,
) -> Report:
    importer = LeanImporter(told, zone)
    options = Options(name, skip_bad)
    return run_import(importer, lean_paths(paths), Catalog(root), options)


def real(root: Path, place: str, name: str) -> Recording:
    """Import real files and open one of their streams, NAME@STREAM."""
    run(root, shared_data("lean", *place.split("/")))
    return Catalog(root).open(name)


def made(root: Path, place: str, *members: tuple[str, str]) -> Path:
    """Make a zip of a Lean data folder."""
    path = root / ".lean" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members:
            archive.writestr(name, text)
    return path


def rows(root: Path, text: str, place: str = DAY, **more) -> Report:
    return run(root, made(root, place, ("rows.csv", text)), **more)


def ns(*moment: int, zone: ZoneInfo | None = None) -> int:
    whole = datetime(*moment, tzinfo=zone or UTC)  # type: ignore[misc,arg-type]
    return int(whole.timestamp()) * 10**9


def bars(recording: Recording) -> list[tuple[int, ...]]:
    """Time, open, high, low, close in price units, and volume."""
    told = recording.records().view(BAR)
    columns = [told["ts_venue"], told["open"]]
    columns += [told["open"] + told[f"{each}_offset"] for each in ("high", "low")]
    columns += [told["open"] + told["close_offset"], told["volume"]]
    return [tuple(map(int, row)) for row in zip(*columns, strict=True)]


def test_rule_12_daily_bars_are_stamped_at_the_end_of_their_day(tmp_path: Path):
    recording = real(tmp_path, "equity/usa/daily/spy.zip", "SPY@bars-1d")

    told = bars(recording)
    assert len(told) == 5849
    first = ns(1998, 1, 3, zone=NEW_YORK)
    assert told[0] == (first, 973_100, 975_300, 965_300, 973_600, 2_150_000)
    assert told[-1][0] == ns(2021, 4, 1, zone=NEW_YORK)
    assert recording.segments[0].meta.time_zone == "America/New_York"


def test_daylight_saving_moves_the_days_end(tmp_path: Path):
    recording = real(tmp_path, "equity/usa/daily/spy.zip", "SPY@bars-1d")

    ends = {row[0] for row in bars(recording)}
    assert {ns(2021, 3, 13, 5), ns(2021, 3, 16, 4)} <= ends  # Friday, then Monday


def test_hours_have_their_own_dates(tmp_path: Path):
    recording = real(tmp_path, "equity/usa/hour/aapl.zip", "AAPL@bars-1h")
    both = real(tmp_path, "equity/usa/hour/spy.zip", "SPY@bars-1h")

    assert len(recording) + len(both) == 81_663
    assert bars(both)[0][:2] == (ns(1998, 1, 2, 10, zone=NEW_YORK), 973_100)


def test_equity_trades_have_conditions_and_new_yorks_clock(tmp_path: Path):
    recording = real(tmp_path, "equity/usa/tick/ibm/20131007_trade.zip", "IBM@trades")

    first = recording.records()[0]
    assert len(recording) == 24_293
    assert first["ts_venue"] == ns(2013, 10, 7, 8, 0, 30) + 270_000_000
    assert (first["price"], first["size"]) == (1_815_200, 283)
    assert first["conditions"] == TradeCondition.EXTENDED_HOURS
    late = recording.columns["conditions"] & TradeCondition.AVERAGE_PRICE
    assert np.count_nonzero(late) > 0


def test_equity_quotes_are_the_national_best_side_by_side(tmp_path: Path):
    recording = real(tmp_path, "equity/usa/tick/bac/20131007_quote.zip", "BAC@quotes")

    quotes = recording.records().view(QUOTE)
    assert len(quotes) == 476_855
    opens, closes = (
        ns(2013, 10, 7, h, m, zone=NEW_YORK) for h, m in ((9, 30), (16, 0))
    )
    regular = quotes[(quotes["ts_venue"] >= opens) & (quotes["ts_venue"] < closes)]
    assert not np.any(regular["bid_price"] > regular["ask_price"])
    assert np.median(regular["ask_price"] - regular["bid_price"]) == 100


def test_quote_bars_become_two_bars_and_a_quote(tmp_path: Path):
    place = "equity/usa/minute/spy/20131007_quote.zip"
    bid = real(tmp_path, place, "SPY@bars-1m-bid")

    end = ns(2013, 10, 7, 4, 1, zone=NEW_YORK)
    ask, quotes = (
        Catalog(tmp_path).open(f"SPY@{s}") for s in ("bars-1m-ask", "quotes-1m")
    )
    assert bars(bid)[0] == (end, 1_672_700, 1_672_700, 1_671_500, 1_672_500, 0)
    assert bars(ask)[0] == (end, 1_680_000, 1_680_000, 1_672_600, 1_672_700, 0)
    first = quotes.records().view(QUOTE)[0]
    told = [
        int(first[f"{s}_{what}"]) for s in ("bid", "ask") for what in ("price", "size")
    ]
    assert told == [1_672_500, 300, 1_672_700, 20_000]


def test_fx_is_of_its_markets_clock_and_of_assumed_size(tmp_path: Path):
    place = "forex/fxcm/minute/eurusd/20140501_quote.zip"
    recording = real(tmp_path, place, "EURUSD@quotes-1m")

    first = recording.records().view(QUOTE)[0]
    assert first["ts_venue"] == ns(2014, 5, 1, 5, 1)
    assert recording.instrument.price(first["bid_price"]) == Decimal("1.38724")
    assert first["bid_size"] == first["ask_size"] == 1_000_000
    assert (recording.instrument.kind, recording.instrument.currency) == (
        "fx_spot",
        "USD",
    )


@pytest.mark.parametrize(
    ("place", "name", "crossed"),
    [
        ("daily/eurusd.zip", "EURUSD@quotes-1d", "123 quotes"),
        ("tick/eurusd", "EURUSD@quotes", "21,039 quotes"),
    ],
)
def test_crossed_quotes_of_a_source_are_kept_and_counted(
    tmp_path: Path, place: str, name: str, crossed: str
):
    recording = real(tmp_path, f"forex/fxcm/{place}", name)

    notes = recording.segments[0].meta.notes
    assert any(crossed in note for note in notes)


def test_crypto_sizes_are_exact_coins(tmp_path: Path):
    recording = real(
        tmp_path, "crypto/coinbase/minute/btcusd/20170903_trade.zip", "BTCUSD@bars-1m"
    )

    assert len(recording) == 1440
    assert bars(recording)[0] == (
        ns(2017, 9, 3, 0, 1),
        *(464_239, 465_271, 464_239, 465_269),
        663_487_803,
    )


def test_binary_fractions_are_put_right_and_said(tmp_path: Path):
    recording = real(tmp_path, "crypto/coinbase/daily", "BTCUSD@quotes-1d")

    assert recording.records().view(QUOTE)["ask_size"][-1] == 3_111_589_287
    (count,) = (
        note for note in recording.segments[0].meta.notes if "binary fractions" in note
    )
    assert count.startswith("651 ")


def test_rule_8_each_contract_of_a_future_is_an_instrument(tmp_path: Path):
    folder = shared_data("lean", "future", "cme", "minute", "es")
    run(
        tmp_path,
        *(folder / f"20131007_{w}.zip" for w in ("trade", "quote", "openinterest")),
    )

    catalog = Catalog(tmp_path)
    assert catalog.names() == ["ESH14", "ESM14", "ESU14", "ESZ13", "ESZ14"]
    assert bars(catalog.open("ESZ13@bars-1m"))[0] == (
        ns(2013, 10, 7, 0, 1),
        *(6706, 6706, 6706, 6706),
        9,
    )
    interest = catalog.open("ESZ13@open-interest").records()[0]
    assert (interest["kind"], interest["size"]) == (EventKind.SIGNAL, 2_691_941)
    one_sided = catalog.open("ESZ14@quotes-1m").records().view(QUOTE)[0]
    assert one_sided["ask_price"] == NO_PRICE
    assert len(catalog.open("ESZ14@bars-1m-ask")) < len(
        catalog.open("ESZ14@bars-1m-bid")
    )


def test_trades_of_size_zero_are_left_out_and_counted(tmp_path: Path):
    report = run(tmp_path, shared_data("lean", "future", "comex", "tick", "gc"))

    counts = [int(n.split()[1]) for n in report.notes if "size 0" in n]
    assert (sum(counts), sum(each.rows for each in report.segments)) == (
        147,
        40_192 - 147,
    )


def test_rule_46_factor_files_are_stored_and_prices_stay_raw(tmp_path: Path):
    recording = real(tmp_path, "equity/usa/daily/aapl.zip", "AAPL@bars-1d")

    actions = load_actions(tmp_path)["AAPL"]
    told = {each.after: int(each.ratio) for each in actions.splits}
    assert (told[date(2014, 6, 6)], told[date(2020, 8, 28)]) == (7, 4)
    close = dict(zip([b[0] for b in bars(recording)], bars(recording), strict=True))
    assert close[ns(2014, 6, 7, zone=NEW_YORK)][4] == 6_455_700  # before the split


def test_symbols_of_a_folder_become_instruments(tmp_path: Path):
    run(tmp_path, shared_data("lean", "equity", "usa", "minute"))

    assert Catalog(tmp_path).names() == ["AAPL", "BAC", "IBM", "SPY"]
    rows_of_spy = [
        len(Catalog(tmp_path).open(f"SPY@{s}")) for s in ("bars-1m", "quotes-1m")
    ]
    assert sum(rows_of_spy) == 10_251


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("option/usa/minute/spy/20131007_trade.zip", "option are refused"),
        ("cfd/oanda/minute/de30/20131007_quote.zip", "cfd are refused"),
    ],
)
def test_rule_7_other_kinds_are_refused_by_name(tmp_path: Path, place: str, told: str):
    with pytest.raises(InstrumentError, match=told):
        rows(tmp_path, "0,1,1,1,1,1\n", place)


@pytest.mark.parametrize(
    "place",
    [
        "20131007_trade.zip",
        "equity/usa/minute/spy/trade.zip",
        "equity/usa/minute/spy/20131399_trade.zip",
        "equity/usa/minute/20131007_trade.zip",
        "equity/usa/minute/spy/20131007_greeks.zip",
        "equity/mars/minute/spy/20131007_trade.zip",
    ],
)
def test_a_path_that_tells_too_little_is_asked_about(tmp_path: Path, place: str):
    with pytest.raises(FileFormatError):
        rows(tmp_path, "0,1,1,1,1,1\n", place)
    assert place.startswith("equity/mars") or not is_lean_path(tmp_path / place)


def test_a_file_elsewhere_can_be_told_what_it_is(tmp_path: Path):
    path = made(
        tmp_path, "20131007_trade.zip", ("a.csv", "0,10000,10000,10000,10000,1\n")
    )

    run(tmp_path, path, told="equity/usa/second/spy", name="SPY.X")

    told = bars(Catalog(tmp_path).open("SPY.X@bars-1s"))
    assert told == [(ns(2013, 10, 7, 4, 0, 1), *[10_000] * 4, 1)]
    with pytest.raises(FileFormatError, match="--as must be"):
        run(tmp_path, path, told="equity/usa")


def test_an_unknown_market_is_given_its_clock(tmp_path: Path):
    place = "equity/mars/minute/spy/20131007_trade.zip"
    rows(tmp_path, "0,10000,10000,10000,10000,1\n", place, zone="Asia/Tokyo")

    assert Catalog(tmp_path).open("SPY").first_ts == ns(2013, 10, 6, 15, 1)


def test_a_clock_that_is_none_is_refused(tmp_path: Path):
    place = "equity/mars/minute/spy/20131007_trade.zip"

    with pytest.raises(FileFormatError, match="--time-zone must be an IANA name"):
        rows(tmp_path, "0,1,1,1,1,1\n", place, zone="Mars/Base")


FAULTS = {
    "row 2, column time: must not go back": "60000,1,1,1,1,1\n0,1,1,1,1,1\n",
    "row 1, column time: must be milliseconds of a day": "86400000,1,1,1,1,1\n",
    "row 1, column open: must be a number": "0,x,1,1,1,1\n",
    "row 1, column open: a bar must have prices": "0,,1,1,1,1\n",
    "row 1, column high: is no high": "0,2,1,1,1,1\n",
    "row 1, column low: is no low": "0,1,2,2,1,1\n",
    "row 1, column volume: must not be negative": "0,1,1,1,1,-1\n",
    "row 1, column close: must be on price unit 0.0001": "0,1,1,1,1.5,1\n",
    "row 2: a row must have 6 columns, has 5": "0,1,1,1,1,1\n0,1,1,1,1\n",
    "rows.csv: 3 columns are no trade of equity minute": "0,1,1\n",
}


@pytest.mark.parametrize("rule", FAULTS)
def test_each_fault_is_named_with_its_row(tmp_path: Path, rule: str):
    with pytest.raises(FileFormatError) as caught:
        rows(tmp_path, FAULTS[rule])

    assert rule in str(caught.value)
    assert not Catalog(tmp_path).names()


def test_what_is_sound_is_imported_when_told_to(tmp_path: Path):
    text = "0,1,1,1,1,1\n1,x,1,1,1,1\n60000,2,2,2,2,1\n0,1,1,1,1,1\n"

    report = rows(tmp_path, text, skip_bad=True)

    assert report.skipped == 2
    assert [row[1] for row in bars(Catalog(tmp_path).open("SPY"))] == [1, 2]


@pytest.mark.parametrize(
    "stamp", ["20131307 00:00", "20130230 00:00", "2013100700:00", ""]
)
def test_dates_that_are_none_are_refused(tmp_path: Path, stamp: str):
    text = f"20130101 00:00,1,1,1,1,1\n{stamp},1,1,1,1,1\n"

    with pytest.raises(
        FileFormatError, match="row 2, column time: must be like 20131007"
    ):
        rows(tmp_path, text, "equity/usa/daily/spy.zip")


def test_a_member_without_a_month_is_refused(tmp_path: Path):
    path = made(
        tmp_path, "future/cme/minute/es/20131007_trade.zip", ("es.csv", "0,1,1,1,1,1")
    )

    with pytest.raises(FileFormatError, match="must end with the contract's month"):
        run(tmp_path, path)


def test_several_symbols_cannot_have_one_name(tmp_path: Path):
    paths = [
        made(
            tmp_path,
            f"equity/usa/daily/{each}.zip",
            ("a.csv", "20130101 00:00,1,1,1,1,1"),
        )
        for each in ("a", "b")
    ]

    with pytest.raises(FileFormatError, match="leave --instrument out"):
        run(tmp_path, *paths, name="C")


def test_a_damaged_zip_is_reported(tmp_path: Path):
    path = made(tmp_path, DAY, ("a.csv", "0,10000,10000,10000,10000,1\n" * 500))
    body = bytearray(path.read_bytes())
    body[100] ^= 0xFF
    path.write_bytes(body)

    with pytest.raises(FileFormatError, match="is damaged"):
        run(tmp_path, path)
    path.write_bytes(b"no zip")
    with pytest.raises(FileFormatError, match="is no zip"):
        run(tmp_path, path)


@given(st.data())
@settings(max_examples=60)
def test_damaged_bytes_never_crash_it(tmp_path_factory, data: st.DataObject):
    root = tmp_path_factory.mktemp("fuzz")
    places = {
        DAY: b"0,10000,10000,10000,10000,1\n60000,1,2,1,2,7\n",
        "equity/usa/daily/spy.zip": b"20131007 00:00,5,6,4,5,1\n",
        "equity/usa/tick/spy/20131007_trade.zip": b"5,1815200,283,P,20002020,0\n",
        "equity/usa/tick/spy/20131007_quote.zip": b"5,0,0,183,100,Q,1,0\n",
        "forex/fxcm/tick/eurusd/20131007_quote.zip": b"5,1.38,1.39\n",
        "crypto/gdax/daily/btcusd_quote.zip": b"20131007 00:00,5,5,5,5,1,6,6,6,6,.1\n",
    }
    place = data.draw(st.sampled_from(sorted(places)))
    text = bytearray(places[place] * 3)
    for _ in range(data.draw(st.integers(1, 5))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", bytes(text))
    packed = bytearray(body.getvalue())
    if data.draw(st.booleans()):
        packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(
            st.integers(1, 255)
        )
    path = root / ".lean" / place
    path.parent.mkdir(parents=True)
    path.write_bytes(packed)

    with suppress(RingsideError):
        run(root, path, skip_bad=data.draw(st.booleans()))


def test_what_a_path_tells():
    file = lean_file(Path("/x/future/cme/minute/es/20131007_trade.zip"))

    assert (file.security, file.market, file.symbol) == ("future", "cme", "es")
    assert (file.what, file.day, file.zone) == ("trade", date(2013, 10, 7), "UTC")
    assert file.beside("map_files") == Path("/x/future/cme/map_files/es.csv")
