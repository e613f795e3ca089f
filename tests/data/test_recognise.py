"""What a file is, why, and what is asked: files of every source, and of a newcomer."""

import gzip
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from app.__main__ import main
from app.data.catalog import Catalog
from app.data.cli import FORMATS, with_format
from app.data.guess import Answers
from app.data.importing import Options
from app.data.recognise import Given, Recognised, preview, recognise
from app.errors import FileFormatError, RingsideError
from tests.data.itch_made import begin, datagram, framed, message, packet, pcap
from tests.shared_data import shared_data

BARS = """,Open,High,Low,Close,Volume
2024-01-02 09:30:00,10.25,10.5,10,10.25,7
2024-01-02 09:31:00,10.25,10.5,10,10.25,8
2024-01-02 09:32:00,10.25,10.5,10,10.25,9
"""
REAL = {
    ("tardis", "bitmex_trades_XBTUSD.csv"): ("CSV: trades", None, []),
    ("tardis", "huobi-dm-swap_quotes_BTC-USD.csv"): ("CSV: quotes", None, []),
    ("tardis", "deribit_incremental_book_L2_BTC-PERPETUAL.csv"): (
        "CSV: levels",
        None,
        [],
    ),
    ("backtestingpy", "GOOG.csv"): ("CSV: bars", "GOOG", ["--time-zone"]),
    ("backtestingpy", "EURUSD.csv"): (
        "CSV: bars",
        "EURUSD",
        ["--time-zone", "--stamped"],
    ),
    ("nautilus", "6EH4.XCME_1min_bars_20240101_20240131.csv.gz"): (
        "CSV: bars",
        "6EH4",
        ["--stamped"],
    ),
    ("nautilus", "usdjpy-m1-bid-2013.csv.gz"): ("CSV: bars", "USDJPY", ["--stamped"]),
    ("nautilus", "truefx-usdjpy-ticks.csv.gz"): (
        "CSV: quotes",
        None,
        ["--instrument", "--assumed-size"],
    ),
    ("itch", "nasdaq2019_first1000.itch50"): (
        "Nasdaq ITCH 5.0",
        None,
        ["--date", "--instrument"],
    ),
    ("lean", "equity", "usa", "daily", "spy.zip"): ("QuantConnect Lean", None, []),
    ("lobster", "AMZN_2012-06-21_first20000_message_10.csv.gz"): ("LOBSTER", None, []),
    ("crypto_ws", "spot_btcusdt_20240809.gz"): ("Binance recording", None, []),
    ("crypto_ws", "hyperliquid_btcusd_20250126.gz"): (
        "Hyperliquid recording",
        None,
        [],
    ),
    ("bybit", "xrpusdt-ob500.data.zip"): ("Bybit recording", None, []),
    ("tardis", "binance-futures_book_snapshot_25_BTCUSDT.csv"): ("CSV: book", None, []),
    ("bitstamp_l3", "bitstamp_btcusd_20150501_orders.csv.xz"): (
        "CSV: orders",
        None,
        ["--instrument"],
    ),
    ("databento", "futures_trades_2024-07-01T23-58_2024-07-02T00-02.dbn.zst"): (
        "Databento DBN",
        None,
        [],
    ),
}


def made(root: Path, text: str | bytes, name: str = "ACME.csv") -> Path:
    path = root / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def found(path: Path, **said: Any) -> Recognised:
    return recognise([path], Catalog(path.parent / ".c"), Given(Answers(**said)))


def asked(path: Path, **said: Any) -> list[str]:
    return [each.option for each in found(path, **said).questions]


@pytest.mark.parametrize("parts", REAL)
def test_real_files_are_recognised(tmp_path: Path, parts: tuple[str, ...]):
    path = shared_data(*parts)
    catalog = Catalog(tmp_path)

    told = recognise([path], catalog)

    options = [each.option for each in told.questions]
    assert (told.title, told.instrument, options) == REAL[parts]
    assert told.reasons
    seen = preview(told, [path], catalog, Options())
    assert 2 <= len(seen.lines()) <= 11
    if seen.target.window is None:  # else a line is a book's best prices
        assert len(seen.lines()) == len(seen.records) + 1
    assert not Catalog(tmp_path).names()


def test_a_preview_tells_price_size_zone_and_stamp(tmp_path: Path):
    path = made(tmp_path, BARS)
    said = {"time_zone": "America/New_York", "stamped": "open"}

    told = found(path, **said)
    lines = preview(told, [path], Catalog(tmp_path / ".c"), Options()).lines()

    assert not told.questions
    assert told.is_bars
    assert lines[0][:2] == ("close (America/New_York)", "UTC")
    assert lines[1] == (
        *("2024-01-02 09:31:00", "2024-01-02 14:31:00"),
        *("10.25", "10.50", "10.00", "10.25", "7"),
    )


def test_only_what_is_missing_is_asked(tmp_path: Path):
    path = made(tmp_path, BARS)

    assert asked(path) == ["--time-zone", "--stamped"]
    assert asked(path, time_zone="UTC") == ["--stamped"]
    assert asked(path, time_zone="UTC", stamped="close") == []


@pytest.mark.parametrize(
    ("times", "form", "options"),
    [
        (["1704188400", "1704188460"], "s", ["--stamped"]),
        (["1704188400.5", "1704188460.5"], "s", ["--stamped"]),
        (["1704188400000", "1704188460000"], "ms", ["--stamped"]),
        (["1704188400000000", "1704188460000000"], "us", ["--stamped"]),
        (["1704188400000000000", "1704188460000000000"], "ns", ["--stamped"]),
        (["2024-01-02T09:30:00Z", "2024-01-02T09:31:00Z"], "iso", ["--stamped"]),
        (["20240102", "20240103"], "%Y%m%d", ["--time-zone"]),
        (
            ["20240102 09:30", "20240102 09:31"],
            "%Y%m%d %H:%M",
            ["--time-zone", "--stamped"],
        ),
        (["13/02/2024", "14/02/2024"], "%d/%m/%Y", ["--time-zone"]),
        (["02/13/2024", "02/14/2024"], "%m/%d/%Y", ["--time-zone"]),
    ],
)
def test_how_times_are_written_is_told_by_them(
    tmp_path: Path, times: list[str], form: str, options: list[str]
):
    rows = "".join(f"{each},1.25,1.5,1,1.25\n" for each in times)
    path = made(tmp_path, f"time,open,high,low,close\n{rows}")

    told = found(path)

    assert [each.option for each in told.questions] == options
    assert any(f"times are {form}" in reason for reason in told.reasons)
    assert preview(told, [path], Catalog(tmp_path / ".c"), Options()).records.size == 2


def test_times_that_nobody_can_read_are_asked_about(tmp_path: Path):
    path = made(tmp_path, "time,price,size\nmonday,1,1\ntuesday,1,1\n")

    assert asked(path) == ["--time-format"]


def test_months_have_no_one_length(tmp_path: Path):
    days = ("2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30")
    rows = "".join(f"{each},1,1,1,1\n" for each in days)
    path = made(tmp_path, f"date,open,high,low,close\n{rows}")

    assert asked(path) == ["--time-zone", "--interval", "--stamped"]


def test_any_delimiter_and_quotes_are_read(tmp_path: Path):
    for number, delimiter in enumerate((",", ";", "\t")):
        head = delimiter.join(('"Time"', '"Price"', '"Qty"'))
        row = delimiter.join(("2024-01-02T09:30:00Z", "1.5", "2"))
        path = made(tmp_path, f"{head}\n{row}\n", f"ACME{number}.csv")
        told = found(path)
        assert told.title == "CSV: trades"
        assert (
            preview(told, [path], Catalog(tmp_path / ".c"), Options()).records.size == 1
        )


def test_a_file_without_a_name_in_it_is_asked_for_one(tmp_path: Path):
    path = made(tmp_path, BARS, "my prices.csv")

    assert "--instrument" in asked(path)
    assert found(path, instrument="ACME").instrument == "ACME"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        bytes(100),
        b"hello\nworld\n",
        b"Date,AAPL,MSFT\n2024-01-02,1,2\n",
        b"1,2,3\n4,5,6\n",
    ],
)
def test_what_is_no_market_is_not_guessed(tmp_path: Path, text: bytes):
    with pytest.raises(FileFormatError, match=r"is of no format|is empty"):
        found(made(tmp_path, text))


def test_lobsters_second_file_is_named_as_such():
    path = shared_data("lobster", "AMZN_2012-06-21_first20000_orderbook_10.csv.gz")

    with pytest.raises(FileFormatError, match="is LOBSTER's order book: import its"):
        found(path)


def test_itch_is_asked_for_day_and_instrument(tmp_path: Path):
    two = framed([*begin(), message("R", 34_200 * 10**9, 2, stock="MSFT")])
    path = made(tmp_path, two, "x")

    assert asked(path) == ["--date", "--instrument"]
    (question,) = found(path, instrument="AMZN").questions
    assert question.option == "--date"
    told = recognise(
        [path], Catalog(tmp_path / ".c"), Given(day=date(2023, 8, 22), every=True)
    )
    assert told.questions == ()


def test_a_capture_tells_its_own_day(tmp_path: Path):
    body = pcap([(1_692_711_000 * 10**9, packet(datagram(begin(), 1)))])
    path = made(tmp_path, body, "x.pcap")

    assert found(path).title == "Nasdaq ITCH 5.0 in MoldUDP64"
    assert asked(path) == []


def test_parquet_is_guessed_by_its_columns(tmp_path: Path):
    import pyarrow as pa
    from pyarrow import parquet

    stamps = pa.array(np.arange(3) * 60 * 10**9 + 1_704_188_400 * 10**9)
    columns = {name: [1.25, 1.5, 1.25] for name in ("open", "high", "low", "close")}
    columns["high"] = [2.0, 2.0, 2.0]
    columns["low"] = [1.0, 1.0, 1.0]
    for zone, options in (("UTC", ["--stamped"]), (None, ["--time-zone", "--stamped"])):
        table = pa.table({"time": stamps.cast(pa.timestamp("ns", tz=zone)), **columns})
        path = tmp_path / "ACME.parquet"
        parquet.write_table(table, path)
        told = found(path)
        assert told.title == "Parquet: bars"
        assert [each.option for each in told.questions] == options
        seen = preview(told, [path], Catalog(tmp_path / ".c"), Options())
        assert seen.records["ts_venue"][0] == 1_704_188_400 * 10**9


@pytest.mark.parametrize("zone", ["Mars", "", "../etc"])
def test_a_zone_that_is_none_is_refused(tmp_path: Path, zone: str):
    with pytest.raises(FileFormatError, match="time_zone must be an IANA name"):
        found(made(tmp_path, BARS), time_zone=zone)


def test_a_mapping_settles_everything(tmp_path: Path):
    path = made(tmp_path, "1704188400,1.5,2\n1704188401,1.5,2\n")
    text = "kind=trades,time=0:s,price=1,size=2,instrument=ACME"

    told = recognise([path], Catalog(tmp_path / ".c"), Given(mapping=text))

    assert (told.questions, told.instrument) == ((), "ACME")


@given(st.data())
@settings(max_examples=80)
def test_damaged_files_never_crash_it(tmp_path_factory, data: st.DataObject):
    root = tmp_path_factory.mktemp("fuzz")
    bodies = [
        BARS.encode(),
        gzip.compress(BARS.encode()),
        framed(begin()),
        pcap([(10**18, packet(datagram(begin(), 1)))]),
        b"timestamp,bid,ask\n2013-01-01 22:00:00+00:00,86.655,86.728\n",
    ]
    body = bytearray(data.draw(st.sampled_from(bodies)))
    for _ in range(data.draw(st.integers(1, 6))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    path = made(root, bytes(body))

    with suppress(RingsideError):
        told = found(path)
        preview(told, [path], Catalog(root / ".c"), Options(skip_bad=True))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (["import", "x.csv"], ["import", "auto", "x.csv"]),
        (["import", "--skip-bad", "x.csv"], ["import", "auto", "--skip-bad", "x.csv"]),
        (["--debug", "import", "a", "b"], ["--debug", "import", "auto", "a", "b"]),
        (["import", "csv", "x.csv"], ["import", "csv", "x.csv"]),
        (["import", "--help"], ["import", "--help"]),
        (["import"], ["import"]),
    ],
)
def test_without_a_format_it_is_recognised(said: list[str], meant: list[str]):
    assert with_format(said) == meant


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_a_command(name: str, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["import", name, "--help"])

    assert caught.value.code == 0


@pytest.fixture
def home(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("RINGSIDE_PATHS_DATA", str(tmp_path / "catalog"))
    return tmp_path


def test_the_command_names_the_options_where_nobody_can_be_asked(home: Path, capsys):
    path = made(home, BARS)

    assert main(["import", str(path)]) == 2

    printed = capsys.readouterr()
    assert "10.25  10.50  10.00  10.25  7" in printed.out
    assert printed.err.endswith("more must be said of it: --time-zone --stamped\n")


def test_the_command_asks_a_person_and_imports(home: Path, capsys, monkeypatch):
    path = made(home, BARS)
    said = iter(["", "America/New_York", "open"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _question: next(said))

    assert main(["import", str(path)]) == 0

    recording = Catalog(home / "catalog").open("ACME@bars-1m")
    assert (len(recording), recording.first_ts) == (3, 1_704_205_860 * 10**9)
    assert "ACME bars-1m: 3 records" in capsys.readouterr().out


def test_the_command_takes_a_folder_of_lean(home: Path):
    folder = shared_data("lean", "equity", "usa", "minute", "ibm")

    assert main(["import", str(folder)]) == 0

    assert Catalog(home / "catalog").streams("IBM")[0] == "quotes-1m"


def test_prints_of_binary_fractions_are_what_they_stand_for(home: Path, capsys):
    rows = "2024-01-02,0.30000000000000004,1.25\n2024-01-03,1.5,397787.41249925003\n"
    path = made(home, f"time,price,size\n{rows}2024-01-04,1.3,0.00000001\n")

    assert main(["import", str(path), "--time-zone", "UTC"]) == 0

    recording = Catalog(home / "catalog").open("ACME")
    units = [
        str(recording.instrument.price(each)) for each in recording.columns["price"]
    ]
    assert units == ["0.3", "1.5", "1.3"]
    assert recording.columns["size"][1] == 39_778_741_249_925
    assert "2 numbers were binary fractions" in capsys.readouterr().out


def test_the_commands_of_each_format_import(home: Path):
    itch = made(home, framed([*begin(), message("D", 10**14, reference=1)]), "x.itch")
    place = ("lean", "equity", "usa", "second", "spy", "20131007_trade.zip")

    assert (
        main(["import", "itch", str(itch), "--date", "2023-08-22", "--skip-bad"]) == 0
    )
    assert main(["import", "lean", str(shared_data(*place))]) == 0
    assert main(["export", "SPY", "--out", str(home / "spy.parquet")]) == 0
    arguments = ["parquet", str(home / "spy.parquet"), "--instrument", "SPY2"]
    assert main(["import", *arguments]) == 0

    catalog = Catalog(home / "catalog")
    assert catalog.names() == ["AMZN", "SPY", "SPY2"]
    assert len(catalog.open("SPY2")) == len(catalog.open("SPY")) == 16_675
