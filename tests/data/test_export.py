"""Export, listing and SQL: exact, whole, and the same by every way."""

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from app.__main__ import main
from app.data.catalog import Catalog, Recording
from app.data.catalog_writer import ImportJob, Target
from app.data.export import column_names, write_export
from app.data.listing import entries
from app.data.sql import query
from app.engine.records import BAR, MARKET, NO_PRICE, QUOTE, EventKind, RecordFlag
from app.errors import CatalogError
from app.instrument import Instrument, InstrumentKind

T0 = 1_340_285_400_000_000_123  # 2012-06-21 13:30 UTC
UNIT = Decimal("0.25")
LARGEST = 2**62 - 1
K = EventKind


def blank(kind: EventKind, count: int, start: int = T0) -> np.ndarray:
    records = np.zeros(count, MARKET)
    records["ts_received"] = start + np.arange(count) * 10**9
    records["ts_venue"] = records["ts_received"] - 7
    records["kind"], records["flags"] = kind, RecordFlag.LAST
    return records


def bars() -> np.ndarray:
    records = blank(K.BAR, 3).view(BAR)
    records["open"], records["volume"] = (100, -8, 5), (7, 0, LARGEST)
    records["high_offset"] = 3, 2**31 - 1, 0
    records["low_offset"] = -4, -(2**31), 0
    records["close_offset"], records["trades"] = (-1, 9, 0), (1, 2**31 - 1, 0)
    return records.view(MARKET)


def quotes() -> np.ndarray:
    records = blank(K.QUOTE, 3).view(QUOTE)
    records["bid_price"], records["bid_size"] = (100, NO_PRICE, -5), (1, 0, 2**52)
    records["ask_price"] = 101, 7, NO_PRICE
    records["ask_size"] = 2**52 + 12345, 3, 0
    return records.view(MARKET)


def trades() -> np.ndarray:
    records = blank(K.TRADE, 4)
    records["price"], records["size"] = (1, -1, LARGEST, 0), (5, 6, 7, 8)
    records["aggressor"] = 1, -1, 0, 1
    records["kind"][3] = K.SESSION
    records["count"][3] = 6
    return records


STREAMS = {"bars-1m": bars, "quotes": quotes, "trades": trades}


def store(
    root: Path, stream: str, *parts: np.ndarray, name: str = "X", **more: Any
) -> Recording:
    catalog = Catalog(root)
    master = catalog.master
    if name not in master:
        made = Instrument(
            name=name,
            kind=InstrumentKind.FUTURE,
            venue="V",
            currency="USD",
            price_unit=UNIT,
            quantity_unit=Decimal("0.001"),
        )
        master.add(made)
        master.save()
    target = Target(master.instrument(name), stream, stream, **more)
    with ImportJob(catalog, "test", [master.path]) as job:
        for part in parts:
            job.append(target, part)
        job.commit()
    return Catalog(root).open(name, stream)


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def read_parquet(path: Path) -> list[dict[str, object]]:
    from pyarrow import parquet

    table = parquet.read_table(path)
    for index, name in enumerate(table.column_names[:2]):
        table = table.set_column(index, name, table[name].cast("int64"))
    return list(table.to_pylist())


def test_bars_are_exported_exactly(tmp_path: Path):
    write_export(store(tmp_path, "bars-1m", bars()), tmp_path / "x.csv")

    rows = read_csv(tmp_path / "x.csv")
    prices = [[row[each] for each in ("open", "high", "low", "close")] for row in rows]
    assert prices[0] == ["25.00", "25.75", "24.00", "24.75"]
    assert prices[1] == ["-2.00", "536870909.75", "-536870914.00", "0.25"]
    assert [row["volume"] for row in rows] == ["0.007", "0.000", "4611686018427387.903"]
    assert [row["trades"] for row in rows] == ["1", str(2**31 - 1), "0"]
    assert rows[0]["ts_received"] == str(T0)
    assert {row["flags"] for row in rows} == {"2"}


def test_what_is_not_there_is_null(tmp_path: Path):
    write_export(store(tmp_path, "quotes", quotes()), tmp_path / "x.parquet")

    rows = read_parquet(tmp_path / "x.parquet")
    names = ("bid_price", "bid_size", "ask_price", "ask_size")
    size = Decimal("4503599627382.841")
    assert [tuple(row[name] for name in names) for row in rows] == [
        (25, Decimal("0.001"), Decimal("25.25"), size),
        (None, None, Decimal("1.75"), Decimal("0.003")),
        (Decimal("-1.25"), Decimal("4503599627370.496"), None, None),
    ]


def test_a_sessions_state_has_no_price(tmp_path: Path):
    write_export(store(tmp_path, "trades", trades()), tmp_path / "x.parquet")

    rows = read_parquet(tmp_path / "x.parquet")
    assert [row["kind"] for row in rows] == ["TRADE"] * 3 + ["SESSION"]
    assert [row["price"] for row in rows] == [
        *(UNIT, -UNIT, LARGEST * UNIT),
        None,
    ]


@pytest.mark.parametrize("stream", STREAMS)
def test_parquet_csv_and_sql_tell_the_same(tmp_path: Path, stream: str):
    recording = store(tmp_path, stream, STREAMS[stream]())
    write_export(recording, tmp_path / "x.csv")
    write_export(recording, tmp_path / "x.parquet")

    columns = ", ".join(column_names(recording)[2:])
    select = "epoch_ns(ts_venue) ts_venue, epoch_ns(ts_received) ts_received"
    found = query(Catalog(tmp_path), f'SELECT {select}, {columns} FROM "X@{stream}"')
    rows = [row for batch in found.batches() for row in batch.to_pylist()]
    found.close()

    parquet = read_parquet(tmp_path / "x.parquet")
    assert rows == parquet
    texts = [
        {k: "" if v is None else str(v) for k, v in row.items()} for row in parquet
    ]
    assert texts == read_csv(tmp_path / "x.csv")


def test_streams_of_several_segments_are_one(tmp_path: Path):
    day = 86_400 * 10**9
    later = blank(K.TRADE, 2, T0 + day)
    later["price"], later["side"] = 9, 1
    recording = store(tmp_path, "trades", trades(), later)
    write_export(recording, tmp_path / "x.parquet")

    found = query(Catalog(tmp_path), "SELECT sum(price) p, sum(side) s FROM x_trades")
    ((total, sides),) = [
        tuple(row.values()) for batch in found.batches() for row in batch.to_pylist()
    ]
    found.close()
    assert len(recording.segments) == 2
    assert len(read_parquet(tmp_path / "x.parquet")) == 6
    assert (total, sides) == ((LARGEST + 18) * UNIT, 2)


@given(st.lists(st.integers(-LARGEST, LARGEST), min_size=1, max_size=20))
@settings(max_examples=15)
def test_any_price_is_exact(tmp_path_factory, prices: list[int]):
    root = tmp_path_factory.mktemp("prices")
    records = blank(K.TRADE, len(prices))
    records["price"] = prices

    write_export(store(root, "trades", records), root / "x.parquet")

    told = [row["price"] for row in read_parquet(root / "x.parquet")]
    assert told == [price * UNIT for price in prices]


def test_a_file_of_another_kind_is_refused(tmp_path: Path):
    recording = store(tmp_path, "trades", trades())

    with pytest.raises(CatalogError, match=r"must end with .parquet or .csv"):
        write_export(recording, tmp_path / "x.xlsx")
    with pytest.raises(CatalogError, match="cannot be written: No such file"):
        write_export(recording, tmp_path / "nowhere" / "x.csv")


def test_a_listing_tells_each_stream(tmp_path: Path):
    gap = blank(K.GAP, 1, T0 + 100 * 10**9)
    store(tmp_path, "trades", trades(), gap)
    store(tmp_path, "bars-1m", bars())

    first, second = entries(Catalog(tmp_path))

    assert (first.name, second.name) == ("X@trades", "X@bars-1m")
    assert (first.kind, first.rows, first.gaps) == ("future", 5, 1)
    assert (first.first_ts, first.last_ts) == (T0, T0 + 100 * 10**9)
    files = (tmp_path / "X" / "trades").rglob("*.*")
    assert first.size == sum(each.stat().st_size for each in files if each.is_file())


def test_a_damaged_segment_is_listed_and_hides_nothing(tmp_path: Path):
    store(tmp_path, "trades", trades())
    store(tmp_path, "bars-1m", bars())
    (meta,) = (tmp_path / "X" / "trades").rglob("meta.json")
    meta.write_text("{")

    first, second = entries(Catalog(tmp_path))

    assert "is damaged" in first.damage
    assert (second.damage, second.rows) == ("", 3)


def ringside(capsys, monkeypatch, root: Path, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setenv("RINGSIDE_PATHS_DATA", str(root))
    status = main(list(arguments))
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_the_command_lists(capsys, monkeypatch, tmp_path: Path):
    assert "is empty" in ringside(capsys, monkeypatch, tmp_path, "data")[1]
    store(tmp_path, "trades", trades())

    status, out, _ = ringside(capsys, monkeypatch, tmp_path, "data")

    assert status == 0
    line = out.splitlines()[1].split()
    assert line[:5] == ["X", "future", "trades", "2012-06-21", "13:30"]
    assert line[7] == "4"


def test_the_command_queries(capsys, monkeypatch, tmp_path: Path):
    store(tmp_path, "trades", trades())
    text = "SELECT ts_venue, price FROM X_trades WHERE size < 0.007 ORDER BY 1"

    _, out, _ = ringside(capsys, monkeypatch, tmp_path, "data", "sql", text)

    assert out.splitlines() == [
        "ts_venue                       price",
        "2012-06-21 13:30:00.000000116  0.25",
        "2012-06-21 13:30:01.000000116  -0.25",
        "2 rows",
    ]
    _, out, _ = ringside(
        capsys, monkeypatch, tmp_path, "data", "sql", text, "--rows", "1"
    )
    assert out.splitlines()[-1] == "the first 1 row: --rows or --out give more"


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_answer_to_a_query_is_written(
    capsys, monkeypatch, tmp_path: Path, suffix: str
):
    store(tmp_path, "trades", trades())
    out = tmp_path / f"o.{suffix}"
    text = "SELECT price, size FROM x_trades WHERE price IS NOT NULL"

    ringside(capsys, monkeypatch, tmp_path, "data", "sql", text, "--out", str(out))

    if suffix == "csv":
        assert read_csv(out)[1] == {"price": "-0.25", "size": "0.006"}
    else:
        from pyarrow import parquet

        assert parquet.read_table(out).num_rows == 3


@pytest.mark.parametrize(
    "text",
    [
        "SELECT",
        "SELECT * FROM nothing",
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY (SELECT 1) TO 'ringside-test.csv'",
        "SELECT 1 // 0 FROM catalog WHERE error('x')",
        "",
    ],
)
def test_a_query_that_cannot_be_is_refused_in_words(
    capsys, monkeypatch, tmp_path: Path, text: str
):
    store(tmp_path, "trades", trades())

    status, _, err = ringside(capsys, monkeypatch, tmp_path, "data", "sql", text)

    assert status == 2
    assert err.startswith("ringside: the query ")


def test_names_that_two_streams_share_are_asked_about(tmp_path: Path):
    for name in ("A.B", "A-B"):
        store(tmp_path, "trades", trades(), name=name)

    with pytest.raises(CatalogError, match="write it in quotes"):
        query(Catalog(tmp_path), "SELECT * FROM a_b_trades")
    found = query(Catalog(tmp_path), 'SELECT * FROM "A.B@trades"')
    assert sum(len(batch) for batch in found.batches()) == 4
    found.close()


def test_the_command_deletes_what_it_is_told_and_nothing_else(
    capsys, monkeypatch, tmp_path: Path
):
    store(tmp_path, "trades", trades())
    store(tmp_path, "bars-1m", bars())

    asked = ringside(capsys, monkeypatch, tmp_path, "data", "delete", "X")
    assert asked[0] == 2
    assert "--yes" in asked[2]
    unknown = ringside(
        capsys, monkeypatch, tmp_path, "data", "delete", "X@depth", "--yes"
    )
    assert "no stream 'depth' of X" in unknown[2]
    ringside(capsys, monkeypatch, tmp_path, "data", "delete", "X@trades", "--yes")
    assert [each.name for each in entries(Catalog(tmp_path))] == ["X@bars-1m"]
    ringside(capsys, monkeypatch, tmp_path, "data", "delete", "X", "--yes")
    assert entries(Catalog(tmp_path)) == []


def test_the_command_verifies(capsys, monkeypatch, tmp_path: Path):
    store(tmp_path, "trades", trades())
    assert ringside(capsys, monkeypatch, tmp_path, "data", "verify")[0] == 0
    (column,) = (tmp_path / "X" / "trades").rglob("price.npy")
    body = bytearray(column.read_bytes())
    body[-1] ^= 1
    column.write_bytes(body)

    status, out, _ = ringside(capsys, monkeypatch, tmp_path, "data", "verify", "X")

    assert status == 2
    assert "does not match its crc32" in out


def test_the_command_exports(capsys, monkeypatch, tmp_path: Path):
    store(tmp_path, "trades", trades())
    store(tmp_path, "bars-1m", bars())
    out = str(tmp_path / "x.csv")

    where = ("export", "X", "--stream", "bars-1m", "--out", out)
    status, printed, _ = ringside(capsys, monkeypatch, tmp_path, *where)

    assert (status, printed) == (0, f"{out}: 3 rows of X@bars-1m\n")
