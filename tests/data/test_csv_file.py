"""CSV: a mapping says what is where; numbers and times are exact; faults are named."""

import gzip
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from app.data.catalog import Catalog
from app.data.csv_file import CsvImporter
from app.data.importing import Options, Report, run_import
from app.engine.records import BAR, QUOTE, RecordFlag
from app.errors import FileFormatError, RingsideError
from app.instrument import InstrumentKind
from tests.data.reference_book import ReferenceBook, rows
from tests.shared_data import shared_data

TRADES = "kind=trades,header=yes,time=t:ms,price=p,size=q,side=s"
NOON = int(datetime(2024, 3, 11, 12, tzinfo=UTC).timestamp()) * 1000
NS = 10**6
DAY = 86_400_000


def run(
    root: Path, path: Path, mapping: str, *, name: str = "X", skip_bad: bool = False
) -> Report:
    importer = CsvImporter.from_text(mapping)
    return run_import(importer, [path], Catalog(root), Options(name, skip_bad))


def written(tmp_path: Path, text: str, name: str = "file.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_trades(tmp_path: Path):
    path = written(tmp_path, f"t,p,q,s\n{NOON},10.25,3,BUY\n{NOON + 1},10.5,1,sell\n")
    report = run(tmp_path / "c", path, TRADES)
    recording = Catalog(tmp_path / "c").open("X")
    records = recording.records()

    assert recording.instrument.price_unit == Decimal("0.01")
    assert records["price"].tolist() == [1025, 1050]
    assert records["size"].tolist() == [3, 1]
    assert records["aggressor"].tolist() == [1, -1]
    assert records["ts_venue"].tolist() == [NOON * NS, (NOON + 1) * NS]
    assert (records["flags"] & RecordFlag.LAST != 0).all()
    assert report.created == ("X: fields were read off the data: look them over",)


@pytest.mark.parametrize(
    ("form", "zone", "text", "expected"),
    [
        ("s", "UTC", "1710158400.5", NOON * NS + 500_000_000),
        ("ms", "UTC", "1710158400000.000001", NOON * NS + 1),
        ("us", "UTC", "1710158400000001", NOON * NS + 1000),
        ("ns", "UTC", "1710158400000000001", NOON * NS + 1),
        ("iso", "UTC", "2024-03-11 12:00:00", NOON * NS),
        ("iso", "UTC", "2024-03-11T12:00:00.000000001Z", NOON * NS + 1),
        ("iso", "UTC", "2024-03-11 13:00:00.5+01:00", NOON * NS + 500_000_000),
        ("iso", "America/New_York", "2024-03-11 08:00:00", NOON * NS),
        (
            "iso",
            "America/New_York",
            "2024-03-08 07:00:00",
            (NOON - 3 * 86_400_000) * NS,
        ),
        ("%Y%m%d %H:%M:%S.%f", "UTC", "20240311 12:00:00.000001", NOON * NS + 1000),
        ("ms-of-day", "America/New_York", "28800000.5", NOON * NS + 500_000),
    ],
)
def test_times_are_exact(
    tmp_path: Path, form: str, zone: str, text: str, expected: int
):
    path = written(tmp_path, f"{text},1,1\n", "20240311_trade.csv")
    mapping = f"kind=trades,time=0:{form},price=1,size=2,time_zone={zone}"
    run(tmp_path / "c", path, mapping)

    assert Catalog(tmp_path / "c").open("X").first_ts == expected


def test_quotes_from_a_toml_mapping(tmp_path: Path):
    mapping = written(
        tmp_path,
        'kind = "quotes"\nheader = true\ndelimiter = ";"\ntime_format = "ms"\n'
        'instrument_kind = "fx_spot"\ncurrency = "JPY"\nassumed_size = 1000000\n'
        'instrument = "USDJPY"\n'
        '[columns]\ntime = "when"\nbid_price = "bid"\nask_price = "ask"\n',
        "map.toml",
    )
    path = written(tmp_path, f"when;bid;ask\n{NOON};150.123;150.125\n")
    importer = CsvImporter.from_text(str(mapping))
    run_import(importer, [path], Catalog(tmp_path / "c"))
    recording = Catalog(tmp_path / "c").open("USDJPY")
    (quote,) = recording.records().view(QUOTE)

    assert (quote["bid_price"], quote["ask_price"]) == (150_123, 150_125)
    assert quote["bid_size"] == quote["ask_size"] == 1_000_000
    assert (recording.stream, recording.basis) == ("quotes", "top")
    assert recording.instrument.kind == InstrumentKind.FX_SPOT


def test_rule_12_bars_stamped_at_the_open_are_shifted_to_the_close(tmp_path: Path):
    path = written(tmp_path, f"{NOON},1.5,2.5,1,2,70\n")
    mapping = "kind=bars,time=0:ms,open=1,high=2,low=3,close=4,volume=5,interval=5m"
    run(tmp_path / "c", path, f"{mapping},stamped=open")
    run(tmp_path / "d", path, mapping)
    (bar,) = Catalog(tmp_path / "c").open("X@bars-5m").records().view(BAR)
    (as_is,) = Catalog(tmp_path / "d").open("X").records().view(BAR)

    assert bar["ts_venue"] == (NOON + 300_000) * NS
    assert as_is["ts_venue"] == NOON * NS
    assert bar["open"] == 15
    offsets = [int(bar[f"{name}_offset"]) for name in ("high", "low", "close")]
    assert offsets == [10, -5, 5]
    assert bar["volume"] == 70


LEVELS = "kind=levels,header=yes,time=t:ms,side=side,price=p,size=q,is_snapshot=snap"


def test_levels_with_snapshots_are_events_by_time(tmp_path: Path):
    path = written(
        tmp_path,
        "t,side,p,q,snap\n"
        f"{NOON},bid,9,1,true\n{NOON},ask,10,2,true\n"
        f"{NOON + 1},bid,9,4,false\n{NOON + 1},bid,8,5,false\n"
        f"{NOON + 2},ask,10,0,false\n",
    )
    run(tmp_path / "c", path, LEVELS)
    found = [
        (bids, asks)
        for _, bids, asks in rows(Catalog(tmp_path / "c").open("X").records(), 3)
    ]

    assert found == [
        ([(9, 1)], [(10, 2)]),
        ([(9, 4), (8, 5)], [(10, 2)]),
        ([(9, 4), (8, 5)], []),
    ]


def test_levels_that_begin_without_their_snapshot_are_stale(tmp_path: Path):
    path = written(tmp_path, f"t,side,p,q,snap\n{NOON},bid,9,1,false\n")
    run(tmp_path / "c", path, LEVELS)
    book = ReferenceBook().take_all(Catalog(tmp_path / "c").open("X").records())

    assert book.is_stale
    run(tmp_path / "d", path, LEVELS.replace(",is_snapshot=snap", ""))
    book = ReferenceBook().take_all(Catalog(tmp_path / "d").open("X").records())
    assert not book.is_stale


def test_an_event_may_lie_across_blocks(tmp_path: Path, monkeypatch):
    lines = [
        f"{NOON + n // 7},{'bid' if n % 2 else 'ask'},{n % 5 + 1},{n % 3},0"
        for n in range(200)
    ]
    path = written(tmp_path, "t,side,p,q,snap\n" + "\n".join(lines))
    run(tmp_path / "whole", path, LEVELS)
    monkeypatch.setattr("app.data.source._READ_BYTES", 50)
    monkeypatch.setattr(
        "app.data.source.Source.blocks.__defaults__", (50,), raising=False
    )
    run(tmp_path / "cut", path, LEVELS)

    whole, cut = (Catalog(tmp_path / n).open("X").records() for n in ("whole", "cut"))
    assert whole.tobytes() == cut.tobytes()


REAL = [
    (
        ("tardis", "bitmex_trades_XBTUSD.csv"),
        "kind=trades,header=yes,time=timestamp:us,received=local_timestamp,"
        "price=price,size=amount,side=side",
        10,
    ),
    (
        ("tardis", "huobi-dm-swap_quotes_BTC-USD.csv"),
        "kind=quotes,header=yes,time=timestamp:us,received=local_timestamp,"
        "bid_price=bid_price,bid_size=bid_amount,ask_price=ask_price,ask_size=ask_amount",
        10,
    ),
    (
        ("nautilus", "6EH4.XCME_1min_bars_20240101_20240131.csv.gz"),
        "kind=bars,header=yes,time=timestamp_utc,open=open,high=high,low=low,"
        "close=close,volume=volume,interval=1m,stamped=open",
        29_996,
    ),
    (
        ("nautilus", "truefx-usdjpy-ticks.csv.gz"),
        "kind=quotes,header=yes,time=timestamp,bid_price=bid,ask_price=ask,"
        "assumed_size=1000000",
        1000,
    ),
    (
        ("lean", "equity", "usa", "tick", "spy", "20131007_trade.zip"),
        "kind=trades,time=0:ms-of-day,time_zone=America/New_York,price=1,size=2,"
        "price_shift=4",
        250_601,
    ),
    (
        ("lean", "crypto", "coinbase", "daily", "btcusd_trade.zip"),
        "kind=bars,time=0:%Y%m%d %H:%M,open=1,high=2,low=3,close=4,volume=5,"
        "interval=1d,stamped=open",
        1318,
    ),
]


@pytest.mark.parametrize(("parts", "mapping", "count"), REAL)
def test_real_files(tmp_path: Path, parts: tuple[str, ...], mapping: str, count: int):
    report = run(tmp_path, shared_data(*parts), mapping)

    assert sum(each.rows for each in report.segments) == count
    assert report.skipped == 0


def test_implied_decimals(tmp_path: Path):
    path = shared_data("lean", "equity", "usa", "tick", "spy", "20131007_trade.zip")
    run(tmp_path, path, REAL[4][1], name="SPY")
    recording = Catalog(tmp_path).open("SPY")

    assert recording.instrument.price_unit == Decimal("0.0001")
    assert recording.instrument.price(int(recording.records(0, 1)["price"][0])) == (
        Decimal("167.41")
    )
    # 04:00:00.464 in New York's summer.
    assert recording.first_ts == 1_381_132_800_464_000_000


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (f"{NOON + 5},1", r"row 3: a row must have 4 columns, has 2"),
        (f"{NOON + 5},x,1,buy", r"row 3, column price: must be a number .*'x'"),
        (f"{NOON + 5},nan,1,buy", r"row 3, column price: must be a number .*'nan'"),
        (f"{NOON + 5},10,0,buy", r"row 3, column size: must be positive, was '0'"),
        (f"{NOON + 5},10,-1,buy", r"row 3, column size: must be positive"),
        (f"{NOON + 5},10,1,huh", r"row 3, column side: must be buy or sell, was 'huh'"),
        ("soon,10,1,buy", r"row 3, column time: must be a time of format ms"),
        (f"{NOON - 5},10,1,buy", r"row 3, column time: must not go back"),
        ('"quoted', r"row 3: a row must have 4 columns"),
        ("", r"row 3"),
    ],
)
def test_a_bad_row_is_named_and_can_be_left_out(tmp_path: Path, row: str, says: str):
    good = f"{NOON},10.25,1,buy"
    after = f"{NOON + 9},10.5,1,buy"
    path = written(tmp_path, f"t,p,q,s\n{good}\n{row}\n{after}\n")

    with pytest.raises(FileFormatError, match=says):
        run(tmp_path / "c", path, TRADES)
    assert Catalog(tmp_path / "c").names() == []
    report = run(tmp_path / "c", path, TRADES, skip_bad=True)
    assert report.skipped == 1
    assert Catalog(tmp_path / "c").open("X").rows == 2


def test_prices_that_do_not_fit_a_known_instrument_are_named(tmp_path: Path):
    path = written(tmp_path, f"t,p,q,s\n{NOON},4810.30,1,buy\n")

    with pytest.raises(FileFormatError, match=r"row 2, column price: must be on"):
        run(tmp_path / "c", path, TRADES, name="ESH4")


def test_bars_whose_high_is_no_high_are_named(tmp_path: Path):
    mapping = "kind=bars,time=0:ms,open=1,high=2,low=3,close=4,interval=1m"
    path = written(tmp_path, f"{NOON},2,1,1,2\n")
    with pytest.raises(FileFormatError, match="row 1, column high: is no high"):
        run(tmp_path / "c", path, mapping)


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ("kind=trade,time=0,price=1,size=2", r"kind must be one of trades, quotes"),
        ("time=0,price=1,size=2", r"must say kind"),
        ("kind=trades,time=0,price=1", r"trades need a column for 'size'"),
        ("kind=trades,time=0:min,price=1,size=2", r"time_format must be one of s, ms"),
        ("kind=trades,tmie=0,price=1,size=2", r"unknown key 'tmie'; .*'time'"),
        ("kind=quotes,time=0,bid_price=1,ask_price=2", r"assumed_size must be given"),
        ("kind=bars,time=0,open=1,high=2,low=3,close=4", r"interval must be"),
        (
            "kind=trades,time=0,price=1,size=2,header=maybe",
            r"header: must be yes or no",
        ),
        ("kind=trades,time=0,price=1,size=2,price_shift=x", r"price_shift: "),
        (
            "kind=trades,time=0,price=1,size=2,instrument_kind=bond",
            r"'bond' are refused",
        ),
        ("kind=trades,time=0,price=1,size=2,delimiter=xy", r"delimiter must be one"),
        ("nowhere.toml", r"nowhere\.toml: cannot be read"),
    ],
)
def test_a_mapping_that_breaks_a_rule_is_refused(mapping: str, says: str):
    with pytest.raises(FileFormatError, match=says):
        CsvImporter.from_text(mapping)


def test_a_column_that_is_not_there_is_named(tmp_path: Path):
    path = written(tmp_path, "a,b\n1,2\n")

    with pytest.raises(FileFormatError, match="row 1: must have column 't', has a, b"):
        run(tmp_path / "c", path, TRADES)
    with pytest.raises(FileFormatError, match="row 1: must have column '7', has 2"):
        run(tmp_path / "c", path, "kind=trades,time=0,price=1,size=7")


def test_an_empty_file_is_named(tmp_path: Path):
    for text in ("", "t,p,q,s\n"):
        path = written(tmp_path, text)
        with pytest.raises(FileFormatError, match=r"file\.csv"):
            run(tmp_path / "c", path, TRADES)


@settings(max_examples=60)
@given(data=st.data())
def test_damaged_bytes_never_crash(tmp_path_factory, data):
    root = tmp_path_factory.mktemp("fuzz")
    text = "t,p,q,s\n" + "".join(f"{NOON + n},10.{n},1,buy\n" for n in range(1, 9))
    body = bytearray(text.encode())
    if data.draw(st.booleans()):
        body = bytearray(gzip.compress(bytes(body), mtime=0))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    path = root / "file.csv"
    path.write_bytes(body[: data.draw(st.integers(0, len(body)))])

    for skip_bad in (False, True):
        with suppress(RingsideError):
            run(root / "c", path, TRADES, skip_bad=skip_bad)
            continue
        assert Catalog(root / "c").names() == []
