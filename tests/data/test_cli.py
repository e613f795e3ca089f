"""The commands, as a user gives them."""

import gzip
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from app.__main__ import main
from app.data.catalog import Catalog
from tests.shared_data import shared_data

MESSAGES = "34200,1,1,10,1000000,1\n34201,1,2,5,1000100,-1\n34202,4,1,4,1000000,1\n"


@pytest.fixture(autouse=True)
def own_catalog(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("RINGSIDE_PATHS_DATA", str(tmp_path / "catalog"))
    return tmp_path / "catalog"


@pytest.fixture
def messages(tmp_path: Path) -> Path:
    path = tmp_path / "XYZ_2024-03-11_34200000_57600000_message_2.csv"
    path.write_text(MESSAGES)
    return path


def test_import_says_what_it_did(messages: Path, capsys, own_catalog: Path):
    assert main(["import", "lobster", str(messages), "--instrument", "ABC"]) == 0

    out = capsys.readouterr().out
    assert "new instrument ABC: fields were read off the data" in out
    assert (
        "ABC orders: 5 records, 2024-03-11 13:30:00 to 2024-03-11 13:30:02 UTC" in out
    )
    assert "note: no orderbook file" in out
    assert str(own_catalog) in out
    assert Catalog(own_catalog).open("ABC").rows == 5


def test_import_again_says_what_it_replaced(messages: Path, capsys):
    for _ in range(2):
        main(["import", "lobster", str(messages)])

    assert "replaced XYZ/orders/2024-03-11T13.30.00" in capsys.readouterr().out


def test_book_writes_a_row_after_each_event(messages: Path, tmp_path: Path, capsys):
    main(["import", "lobster", str(messages)])
    for name in ("depth.parquet", "depth.csv"):
        status = main(["book", "XYZ", "--levels", "2", "--out", str(tmp_path / name)])
        assert status == 0

    table = pq.read_table(tmp_path / "depth.parquet")
    assert table.column_names == [
        *("ts", "bid_price_1", "bid_size_1", "ask_price_1", "ask_size_1"),
        *("bid_price_2", "bid_size_2", "ask_price_2", "ask_size_2"),
    ]
    assert table.column("bid_price_1").to_pylist() == [100.0, 100.0, 100.0]
    assert table.column("bid_size_1").to_pylist() == [10, 10, 6]
    assert table.column("ask_price_1").to_pylist() == [None, 100.01, 100.01]
    assert table.column("ask_size_2").to_pylist() == [None] * 3
    assert table.column("ts").to_pylist()[0] == 1_710_163_800 * 10**9
    lines = (tmp_path / "depth.csv").read_text().splitlines()
    assert lines[0] == ",".join(table.column_names)
    assert lines[3] == "1710163802000000000,100.0,6.0,100.01,5.0,,,,"
    assert "3 rows of 2 levels a side" in capsys.readouterr().out
    assert not list(tmp_path.glob(".*.part"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["book", "NONE", "--out", "x.parquet"], "no recording of 'NONE' in"),
        (["book", "XYZ", "--out", "x.txt"], "must end with .parquet or .csv"),
        (
            ["book", "XYZ", "--levels", "0", "--out", "x.csv"],
            "levels must be 1 or more",
        ),
        (["import", "dbn", "nowhere.dbn"], "nowhere.dbn: cannot be read: No such file"),
        (["import", "csv", "x", "--map", "kind=x"], "--map: kind must be one of"),
    ],
)
def test_what_goes_wrong_is_one_line(
    messages: Path, tmp_path: Path, monkeypatch, capsys, arguments: list[str], says: str
):
    monkeypatch.chdir(tmp_path)
    main(["import", "lobster", str(messages)])
    capsys.readouterr()

    assert main(arguments) == 2

    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1
    assert not list(tmp_path.glob("x.*"))


def test_bad_rows_are_listed_when_left_out(messages: Path, capsys):
    messages.write_text(MESSAGES + "oops\n")

    assert main(["import", "lobster", str(messages)]) == 2
    assert "row 4: a row must have 6 columns, has 1" in capsys.readouterr().err
    assert main(["import", "lobster", str(messages), "--skip-bad"]) == 0
    assert "left out 1 bad rows, the first of them:" in capsys.readouterr().out


def test_levels_beyond_the_window_stay_empty_and_that_is_said(tmp_path: Path, capsys):
    files = [
        str(
            shared_data("lobster", f"AMZN_2012-06-21_34200000_57600000_{what}_1.csv.gz")
        )
        for what in ("message", "orderbook")
    ]
    main(["import", "lobster", files[0], "--orderbook", files[1]])
    out = tmp_path / "depth.parquet"
    main(["book", "AMZN", "--levels", "3", "--out", str(out)])

    assert (
        "AMZN shows 1 levels a side; those beyond stay empty" in capsys.readouterr().out
    )
    table = pq.read_table(out)
    assert table.column("bid_price_2").null_count == len(table) == 57_515
    with gzip.open(files[1], "rt") as file:
        wanted = np.loadtxt(file, delimiter=",", dtype=np.int64)
    assert table.column("ask_price_1").to_pylist() == (wanted[:, 0] / 10_000).tolist()
    assert table.column("bid_size_1").to_pylist() == wanted[:, 3].tolist()


def test_progress_is_shown_to_a_terminal_only(messages: Path, capsys, monkeypatch):
    main(["import", "lobster", str(messages)])
    assert "%" not in capsys.readouterr().err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    main(["import", "lobster", str(messages)])
    assert "importing XYZ_2024-03-11" in capsys.readouterr().err


def test_auto_recognises_what_it_is_given(messages: Path, tmp_path: Path, capsys):
    parts = [
        ("databento", "futures_trades_2024-07-01T23-58_2024-07-02T00-02.dbn.zst"),
        ("crypto_ws", "spot_btcusdt_20240809.gz"),
    ]
    for each in [str(messages), *(str(shared_data(*part)) for part in parts)]:
        assert main(["import", "auto", each]) == 0
    out = capsys.readouterr().out
    assert "XYZ orders" in out
    assert "ESU4 trades" in out
    assert "BTCUSDT quotes" in out
    (tmp_path / "odd").write_bytes(bytes(100))
    assert main(["import", "auto", str(tmp_path / "odd")]) == 2
    assert "is of no format that is recognised" in capsys.readouterr().err
