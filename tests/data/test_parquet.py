"""Parquet: mapped columns of any type, and exports read back record by record."""

from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st
from pyarrow import parquet as pq

from app.data.catalog import Catalog, Recording
from app.data.csv_map import CsvMap
from app.data.export import write_export
from app.data.importing import Options, Report, run_import
from app.data.parquet_file import ExportImporter, ParquetImporter, parquet_importer
from app.engine.records import QUOTE, EventKind, RecordFlag
from app.errors import FileFormatError, RingsideError
from tests.data.test_export import STREAMS, blank, store

T0 = 1_340_285_400_000_000_123


def written(root: Path, columns: dict[str, Any], name: str = "x.parquet") -> Path:
    root.mkdir(exist_ok=True)
    pq.write_table(pa.table(columns), root / name)
    return root / name


def run(root: Path, path: Path, text: str, *, skip_bad: bool = False) -> Report:
    importer = ParquetImporter.for_files(CsvMap.from_text(text), [path])
    return run_import(importer, [path], Catalog(root), Options("X", skip_bad))


def trades(root: Path, **columns: Any) -> Recording:
    table = {"t": pa.array([T0, T0 + 1]), "p": ["1.25", "1.5"], "s": [3, 4], **columns}
    path = written(root, table)
    run(root, path, "kind=trades,time=t:ns,price=p,size=s")
    return Catalog(root).open("X")


@pytest.mark.parametrize(
    "prices",
    [
        pa.array(["1.25", "1.5"]),
        pa.array([1.25, 1.5]),
        pa.array([1.25, 1.5], pa.float32()),
        pa.array([Decimal("1.25"), Decimal("1.50")]),
        pa.array(["1.25", "1.5"]).dictionary_encode(),
    ],
)
def test_prices_of_any_type_are_exact(tmp_path: Path, prices):
    recording = trades(tmp_path, p=prices)

    told = [recording.instrument.price(each) for each in recording.columns["price"]]
    assert told == [Decimal("1.25"), Decimal("1.5")]


@pytest.mark.parametrize(
    ("times", "zone"),
    [
        (pa.array([T0, T0 + 1]).cast(pa.timestamp("ns", tz="UTC")), "UTC"),
        (pa.array([T0, T0 + 1]).cast(pa.timestamp("ns", tz="Asia/Tokyo")), "UTC"),
        (pa.array([T0, T0 + 1]).cast(pa.timestamp("ns")), "UTC"),
        (
            pa.array([T0 - 4 * 3600 * 10**9, T0]).cast(pa.timestamp("ns")),
            "America/New_York",
        ),
    ],
)
def test_typed_times_need_no_format(tmp_path: Path, times, zone: str):
    path = written(tmp_path, {"t": times, "p": [1, 2], "s": [1, 1]})

    run(tmp_path, path, f"kind=trades,time=t,price=p,size=s,time_zone={zone}")

    assert Catalog(tmp_path).open("X").first_ts == T0


def test_dates_are_days(tmp_path: Path):
    days = pa.array([date(2024, 1, 2), date(2024, 1, 3)])
    numbers = {name: [2.0, 3.0] for name in ("o", "h", "l", "c")}
    path = written(tmp_path, {"t": days, **numbers})

    text = "kind=bars,time=t,open=o,high=h,low=l,close=c,interval=1d,stamped=open"
    run(tmp_path, path, text)

    assert Catalog(tmp_path).open("X").first_ts == 1_704_240_000_000_000_000


FAULTS: dict[str, dict[str, Any]] = {
    "must have column 'p', has t, q, s": {"t": [1], "q": [1], "s": [1]},
    "row 2, column price: must be a number": {
        "t": [1, 2],
        "p": ["1", "x"],
        "s": [1, 1],
    },
    "row 1, column price: must be a number": {"t": [1], "p": [float("nan")], "s": [1]},
    "row 1, column size: must be positive": {"t": [1], "p": [1], "s": [-1]},
    "row 2, column time: must not go back": {"t": [2, 1], "p": [1, 1], "s": [1, 1]},
    "holds struct": {"t": [1], "p": [{"a": 1}], "s": [1]},
}


@pytest.mark.parametrize("rule", FAULTS)
def test_each_fault_is_named_with_its_row(tmp_path: Path, rule: str):
    path = written(tmp_path, FAULTS[rule])

    with pytest.raises(FileFormatError) as caught:
        run(tmp_path, path, "kind=trades,time=t:ns,price=p,size=s")

    assert rule in str(caught.value)
    assert not Catalog(tmp_path).names()


def test_a_damaged_file_is_reported(tmp_path: Path):
    path = written(tmp_path, {"t": list(range(1, 9)), "p": [1] * 8, "s": [1] * 8})
    body = path.read_bytes()
    for damaged in (body[:-20], b"PAR1" + bytes(50), b"", body[:4] + bytes(len(body))):
        path.write_bytes(damaged)
        with pytest.raises(FileFormatError, match=r"is no sound Parquet|is damaged"):
            run(tmp_path, path, "kind=trades,time=t:ns,price=p,size=s")


def back(root: Path, path: Path, name: str = "Y") -> Recording:
    run_import(ExportImporter(), [path], Catalog(root), Options(name))
    return Catalog(root).open(name)


@pytest.mark.parametrize("stream", STREAMS)
def test_an_export_is_read_back_byte_for_byte(tmp_path: Path, stream: str):
    recording = store(tmp_path, stream, STREAMS[stream]()[:2])
    write_export(recording, tmp_path / "x.parquet")

    again = run_import(ExportImporter(), [tmp_path / "x.parquet"], Catalog(tmp_path))

    assert again.replaced
    assert Catalog(tmp_path).open("X", stream).records().tobytes() == (
        recording.records().tobytes()
    )


@given(st.integers(0, 2**32), st.integers(1, 60))
@settings(max_examples=20)
def test_any_events_are_read_back(tmp_path_factory, seed: int, count: int):
    root = tmp_path_factory.mktemp("back")
    generator = np.random.default_rng(seed)
    records = blank(EventKind.LEVEL, count)
    kinds = [each for each in EventKind if each not in (EventKind.BAR, EventKind.QUOTE)]
    priced = [EventKind.TRADE, EventKind.LEVEL, EventKind.ORDER_ADD]
    records["kind"] = generator.choice(np.array(kinds), count)
    has_price = np.isin(records["kind"], [int(each) for each in priced])
    records["price"] = np.where(has_price, generator.integers(-9999, 9999, count), 0)
    for name, high in (("size", 2**40), ("reference", 2**62), ("count", 2**31)):
        records[name] = generator.integers(0, high, count)
    records["side"] = generator.integers(-1, 2, count)
    records["conditions"] = generator.integers(0, 2**16, count)
    records["flags"] = generator.integers(0, 8, count)
    recording = store(root, "orders", records)
    write_export(recording, root / "x.parquet")
    wanted = recording.records()

    run_import(ExportImporter(), [root / "x.parquet"], Catalog(root))

    assert Catalog(root).open("X").records().tobytes() == wanted.tobytes()


def test_an_export_makes_an_instrument_of_its_units(tmp_path: Path):
    recording = store(tmp_path / "one", "quotes", STREAMS["quotes"]()[:1])
    write_export(recording, tmp_path / "x.parquet")

    again = back(tmp_path / "two", tmp_path / "x.parquet")

    assert again.instrument.price_unit == recording.instrument.price_unit
    told = again.records().view(QUOTE)[0]
    assert (told["bid_price"], told["ask_size"]) == (100, 2**52 + 12345)
    assert told["flags"] & RecordFlag.LAST


def test_what_a_stream_shows_comes_back(tmp_path: Path):
    more: dict[str, Any] = {
        "window": 5,
        "trades_apart": True,
        "time_zone": "Asia/Tokyo",
    }
    records = blank(EventKind.LEVEL, 2)
    write_export(
        store(tmp_path, "depth", records, name="X", **more), tmp_path / "x.parquet"
    )

    again = back(tmp_path, tmp_path / "x.parquet")

    assert (again.window, again.trades_apart) == (5, True)
    assert again.segments[0].meta.time_zone == "Asia/Tokyo"


def test_what_is_no_export_needs_a_mapping(tmp_path: Path):
    path = written(tmp_path, {"t": [1], "p": [1], "s": [1]})

    assert not ExportImporter().sniff(path)
    with pytest.raises(FileFormatError, match="needs a mapping"):
        parquet_importer([path], None)
    with pytest.raises(FileFormatError, match="must say what it is"):
        back(tmp_path, path)


@given(st.data())
@settings(max_examples=50)
def test_damaged_exports_never_crash_it(tmp_path_factory, data: st.DataObject):
    root = tmp_path_factory.mktemp("fuzz")
    recording = store(root, "trades", STREAMS["trades"]())
    path = root / "x.parquet"
    write_export(recording, path)
    body = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(body)

    with suppress(RingsideError):
        importer = parquet_importer([path], None)
        run_import(importer, [path], Catalog(root), Options(skip_bad=True))
