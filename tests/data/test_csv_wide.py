"""Rows that are whole books: the book after each row is the row, whoever wrote it."""

import csv
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from app.__main__ import main
from app.data.catalog import Catalog, Recording
from app.data.csv_file import CsvImporter
from app.data.csv_map import CsvMap
from app.data.guess import Answers
from app.data.guess_wide import wide_columns
from app.data.importing import Options, Report, run_import
from app.data.merging import Merged
from app.data.recognise import Given, preview, recognise
from app.engine.records import QUOTE, EventKind, RecordFlag
from app.errors import FileFormatError, RingsideError
from tests.data.reference_book import rows
from tests.shared_data import shared_data

T0 = 1_704_188_400_000
NAMES: dict[str, tuple[str, str, str, str, int]] = {
    "tardis": (
        *("bids[{}].price", "bids[{}].amount", "asks[{}].price", "asks[{}].amount"),
        0,
    ),
    "flattened": (
        *("bids_{}_price", "bids_{}_size", "asks_{}_price", "asks_{}_size"),
        0,
    ),
    "short": ("bid{}", "bidsize{}", "ask{}", "asksize{}", 1),
    "ctp": ("BidPrice{}", "BidVolume{}", "AskPrice{}", "AskVolume{}", 1),
    "letters": ("b{}p", "b{}v", "a{}p", "a{}v", 1),
    "letters first": ("bp{}", "bv{}", "ap{}", "av{}", 1),
    "spoken": ("Buy {} Price", "Buy {} Qty", "Sell {} Price", "Sell {} Qty", 1),
    "by level": ("l{}-bid-px", "l{}-bid-sz", "l{}-ask-px", "l{}-ask-sz", 1),
    "ours": ("bid_price_{}", "bid_size_{}", "ask_price_{}", "ask_size_{}", 1),
}
SHORT = """time,bid1,bidsize1,bid2,bidsize2,ask1,asksize1,ask2,asksize2
1704188400000,10.00,5,9.99,3,10.01,4,10.02,7
1704188400100,10.00,5,9.99,3,10.01,4,10.02,7
1704188400200,9.99,3,9.98,1,10.00,2,10.01,4
1704188400300,9.99,3,,,10.00,2,99999,0
"""
SHORT_MAP = (
    "kind=book,header=yes,time=time:ms,instrument=ACME,levels=2,bid_price=bid{1},"
    "bid_size=bidsize{1},ask_price=ask{1},ask_size=asksize{1}"
)
DATABENTO = """\
ts_recv,ts_event,rtype,action,side,depth,price,size,flags,sequence,\
bid_px_00,ask_px_00,bid_sz_00,ask_sz_00,bid_ct_00,ask_ct_00,\
bid_px_01,ask_px_01,bid_sz_01,ask_sz_01,bid_ct_01,ask_ct_01,symbol
1609160400006001487,1609160400006000000,10,A,B,0,{0},24,128,1,{0},{1},24,10,11,9,{2},{3},31,38,10,24,ESH1
1609160400006146661,1609160400006146000,10,T,A,0,{0},3,128,2,{0},{1},21,10,10,9,{2},{3},31,38,10,24,ESH1
1609160400006246513,1609160400006246000,10,C,A,0,{1},10,128,3,{0},{3},21,38,10,24,{2},{4},31,0,10,0,ESH1
"""


def made(root: Path, text: str, name: str = "ACME.csv") -> Path:
    path = root / name
    path.write_text(text)
    return path


def imported(
    path: Path, *, mapping: str | None = None, skip_bad: bool = False, **said: Any
) -> Report:
    catalog = Catalog(path.parent / "catalog")
    found = recognise([path], catalog, Given(Answers(**said), mapping=mapping))
    assert not found.questions, found.questions
    options = Options(said.get("instrument") or found.instrument, skip_bad)
    preview(found, [path], catalog, options)
    return run_import(found.importer, [path], catalog, options)


def opened(path: Path, name: str = "ACME") -> Recording:
    return Catalog(path.parent / "catalog").open(name)


def books(recording: Recording, depth: int) -> list[tuple[Any, ...]]:
    """Bids and asks after each event, in currency and in whole units."""
    price, size = recording.instrument.price, recording.instrument.quantity
    return [
        tuple([(price(p), size(n)) for p, n in side] for side in (bids, asks))
        for _, bids, asks in rows(recording.records(), depth)
    ]


@pytest.mark.parametrize("depth", [5, 25])
def test_tardis_books_are_the_files_rows(tmp_path: Path, depth: int):
    name = f"binance-futures_book_snapshot_{depth}_BTCUSDT.csv"
    path = shared_data("tardis", name)
    catalog = Catalog(tmp_path)
    found = recognise([path], catalog)
    seen = preview(found, [path], catalog, Options())
    lines = seen.lines()

    run_import(found.importer, [path], catalog)

    recording = catalog.open("BTCUSDT")
    with path.open() as file:
        told = list(csv.DictReader(file))
    assert found.title == "CSV: book"
    assert len(lines) == 11
    assert lines[0][2:] == ("bid", "size", "ask", "size")
    assert Decimal(lines[1][2]) == Decimal(told[0]["bids[0].price"])
    assert (recording.basis, recording.window) == ("depth", depth)
    sides = [
        tuple(
            [
                (
                    Decimal(row[f"{side}[{k}].price"]),
                    Decimal(row[f"{side}[{k}].amount"]),
                )
                for k in range(depth)
            ]
            for side in ("bids", "asks")
        )
        for row in told
    ]
    assert books(recording, depth) == sides
    last = recording.records()
    last = last[last["flags"] & RecordFlag.LAST != 0]
    assert last["ts_venue"].tolist() == [int(row["timestamp"]) * 1000 for row in told]
    assert last["ts_received"].tolist() == [
        int(row["local_timestamp"]) * 1000 for row in told
    ]


@pytest.mark.parametrize("who", NAMES)
def test_levels_are_found_whoever_named_them(tmp_path: Path, who: str):
    *names, first = NAMES[who]
    head = [name.format(first + k) for k in (0, 1) for name in names]
    lines = [
        f"{T0},10.00,5,10.01,4,9.99,3,10.02,7",
        f"{T0 + 1},10.00,6,10.01,4,9.99,3,10.03,7",
    ]
    path = made(tmp_path, "\n".join([",".join(["timestamp", *head]), *lines]))

    imported(path)

    recording = opened(path)
    assert recording.window == 2
    assert [str(p) for p, _ in books(recording, 2)[1][1]] == ["10.01", "10.03"]


@pytest.mark.parametrize(
    "names",
    [
        ("time", "bid1", "bidsize1", "ask1", "asksize1"),  # one level is a quote
        ("time", "bid", "ask", "bidsize", "asksize"),
        ("time", "bid1", "bid2", "ask1", "ask2"),  # without sizes
        ("time", "bid2", "bidsize2", "bid3", "bidsize3", "ask2", "ask3"),
        ("time", "bid1", "bid_1", "bidsize1", "ask1", "asksize1"),
        ("o", "h", "l", "c", "v"),
        ("ma20", "ma50", "s1", "s2", "b1", "b2"),
    ],
)
def test_what_is_no_book_is_not_taken_for_one(names: tuple[str, ...]):
    assert wide_columns(names) == {}


def test_only_changes_are_told_after_a_snapshot(tmp_path: Path):
    path = made(tmp_path, SHORT)

    imported(path)

    records = opened(path).records()
    kind = EventKind
    assert (
        records["kind"].tolist()
        == [
            *(kind.SNAPSHOT_BEGIN, *[kind.LEVEL] * 4, kind.SNAPSHOT_END),
            kind.TIMER,  # a row that changes nothing
            *[kind.LEVEL] * 5,  # 10.00 and 10.02 left, 9.98 and 10.00 came
            *[kind.LEVEL] * 2,  # blank, and size 0 beside nobody's price
        ][: len(records)]
    )
    flags = records["flags"]
    assert np.all(flags[:6] & RecordFlag.SNAPSHOT)
    assert not np.any(flags[6:] & RecordFlag.SNAPSHOT)
    ends = np.flatnonzero(flags & RecordFlag.LAST).tolist()
    assert len(ends) == 4
    assert ends[:2] == [5, 6]
    assert ends[-1] == len(records) - 1
    assert [tuple(map(len, each)) for each in books(opened(path), 9)] == [
        *[(2, 2)] * 3,
        (1, 1),
    ]


def test_a_feed_cut_off_at_its_levels_is_not_full_depth(tmp_path: Path):
    path = made(tmp_path, SHORT)
    imported(path)

    assert Merged([opened(path)]).full_depths == (False,)


def test_a_mapping_says_the_same(tmp_path: Path):
    guessed, mapped, listed = (tmp_path / name for name in ("a", "b", "c"))
    toml = tmp_path / "map.toml"
    toml.write_text(
        'kind = "book"\nskip_lines = 1\ntime_format = "ms"\ninstrument = "ACME"\n'
        '[columns]\ntime = "0"\nbid_price = [1, 3]\nbid_size = [2, 4]\n'
        'ask_price = ["5", "7"]\nask_size_1 = "6"\nask_size_2 = "8"\n'
    )
    told = []
    for folder, mapping in ((guessed, None), (mapped, SHORT_MAP), (listed, str(toml))):
        folder.mkdir()
        path = made(folder, SHORT)
        imported(path, mapping=mapping)
        told.append(opened(path).records().tobytes())

    assert told[0] == told[1] == told[2]


@pytest.mark.parametrize(
    ("mapping", "rule"),
    [
        ("kind=book,time=0:s,bid_price=1,bid_size=2", "a book needs bid_price"),
        (
            "kind=book,time=0:s,bid_price=1|2,bid_size=3,ask_price=4|5,ask_size=6|7",
            "a book needs bid_price",
        ),
        (SHORT_MAP.replace("levels=2", "levels=0"), "levels must be 1 to 1000"),
        (SHORT_MAP.replace("levels=2", "levels=x"), "levels must be 1 to 1000"),
        (SHORT_MAP + ",newest_first=yes", "newest_first"),
        (SHORT_MAP + ",action=a", "with price and size"),
        ("kind=trades,levels=2,time=0:s,price=1,size=2", "unknown key 'levels'"),
    ],
)
def test_a_mapping_that_is_none_is_refused(mapping: str, rule: str):
    with pytest.raises(FileFormatError, match=rule):
        CsvMap.from_text(mapping)


def test_parquet_is_read_by_the_same_code(tmp_path: Path):
    import pyarrow as pa
    from pyarrow import csv as arrow_csv, parquet

    (tmp_path / "p").mkdir()
    path = made(tmp_path, SHORT)
    table = arrow_csv.read_csv(path)
    times = table.column("time").cast(pa.timestamp("ms", tz="UTC"))
    table = table.set_column(0, "time", times)
    typed = tmp_path / "p" / "ACME.parquet"
    parquet.write_table(table, typed)

    imported(path)
    imported(typed)

    assert opened(typed).records().tobytes() == opened(path).records().tobytes()


@pytest.mark.parametrize("is_pretty", [True, False])
def test_databentos_columns_tell_trades_and_counts(tmp_path: Path, *, is_pretty: bool):
    prices = [3720_00, 3720_25, 3719_75, 3720_50, 0]
    texts = [f"{p / 100:.9f}" if is_pretty else str(p * 10**7) for p in prices]
    texts[4] = "" if is_pretty else str(2**63 - 1)
    path = made(tmp_path, DATABENTO.format(*texts), "glbx-mdp3-20201228.mbp-10.csv")

    imported(path)

    recording = opened(path, "ESH1")
    records = recording.records()
    trades = records[records["kind"] == EventKind.TRADE]
    assert recording.instrument.price(int(trades["price"][0])) == 3720
    assert (trades["size"].tolist(), trades["aggressor"].tolist()) == ([3], [-1])
    assert records["count"][1:5].tolist() == [11, 10, 9, 24]
    assert records["ts_received"][0] == 1_609_160_400_006_001_487
    assert [len(asks) for _, asks in books(recording, 9)] == [2, 2, 1]
    ends = records["flags"] & RecordFlag.LAST != 0
    assert np.count_nonzero(ends) == 3


def test_databentos_one_level_is_a_quote(tmp_path: Path):
    head = "ts_event,bid_px_00,ask_px_00,bid_sz_00,ask_sz_00,bid_ct_00,ask_ct_00"
    line = "1609160400006000000,3720000000000,3720250000000,24,10,11,9"
    path = made(tmp_path, f"{head}\n{line}\n", "ESH1.csv")

    imported(path)

    recording = opened(path, "ESH1")
    (quote,) = recording.records().view(QUOTE)
    assert recording.basis == "top"
    assert recording.instrument.price(int(quote["bid_price"])) == 3720
    assert (quote["bid_size"], quote["ask_size"]) == (24, 10)


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("1704188400400,9,1,10,1,11,1,12,1", "bid_price_2: must be below the level"),
        ("1704188400400,9,1,8,1,11,1,10,1", "ask_price_2: must be above the level"),
        ("1704188400400,9,-1,8,1,11,1,12,1", "must not be negative"),
        ("1704188400400,9,x,8,1,11,1,12,1", "must be a number"),
        ("1704188400400,9,1.5,8,1,11,1,12,1", "must be a number of 0 decimals"),
        ("1704188399000,9,1,8,1,11,1,12,1", "must not go back"),
    ],
)
def test_a_row_that_is_no_book_is_refused_by_name(tmp_path: Path, row: str, rule: str):
    path = made(tmp_path, f"{SHORT}{row}\n1704188400500,9,1,8,1,11,1,12,1\n")
    run_import(
        CsvImporter.from_text(SHORT_MAP),
        [made(tmp_path, SHORT, "first.csv")],
        Catalog(tmp_path / "catalog"),
    )

    with pytest.raises(FileFormatError, match=f"row 6.*{rule}"):
        imported(path)
    report = imported(path, skip_bad=True)

    assert report.skipped == 1
    # A row is a whole book: what was left out leaves no gap.
    assert opened(path).gaps == 0
    assert [len(each) for each in books(opened(path), 9)[-1]] == [2, 2]


LEVELS = st.lists(
    st.tuples(st.integers(-40, 40), st.integers(0, 9)), min_size=3, max_size=3
)


@given(
    st.lists(st.tuples(LEVELS, LEVELS), min_size=1, max_size=12),
    st.integers(1, 3),
)
@settings(max_examples=40)
def test_any_rows_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, told: list[Any], depth: int
):
    root = tmp_path_factory.mktemp("any")
    lines, expected = [], []
    for number, sides in enumerate(told):
        cells, book = [str(T0 + number)], []
        for side, sign in zip(sides, (-1, 1), strict=True):
            best = sorted(dict(side).items(), key=lambda each: sign * each[0])[:depth]
            best += [(0, 0)] * (depth - len(best))
            # Those that are not there may stand anywhere.
            book.append([(p, n) for p, n in best if n])
            cells += [str(each) for level in best for each in level]
        expected.append(tuple(book))
        lines.append(",".join(cells))
    path = made(root, "\n".join(lines))
    places = [
        f"{side}_{what}_{k + 1}={1 + 2 * (depth * s + k) + w}"
        for s, side in enumerate(("bid", "ask"))
        for k in range(depth)
        for w, what in enumerate(("price", "size"))
    ]
    mapping = f"kind=book,time=0:ms,instrument=ACME,{','.join(places)}"

    imported(path, mapping=mapping)

    assert [tuple(each) for each in books(opened(path), depth)] == expected


@given(st.data())
@settings(max_examples=60)
def test_damaged_books_never_crash_it(tmp_path_factory, data: st.DataObject):
    root = tmp_path_factory.mktemp("fuzz")
    body = bytearray(data.draw(st.sampled_from([SHORT, DATABENTO])).encode())
    for _ in range(data.draw(st.integers(1, 8))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    path = root / "ACME.csv"
    path.write_bytes(bytes(body))

    catalog = Catalog(root / "catalog")
    with suppress(RingsideError):
        found = recognise([path], catalog)
        preview(found, [path], catalog, Options(skip_bad=True))
        run_import(found.importer, [path], catalog, Options("ACME", skip_bad=True))


def test_what_ringside_book_writes_is_read_back(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("RINGSIDE_PATHS_DATA", str(tmp_path / "catalog"))
    path = made(tmp_path, SHORT)
    assert main(["import", str(path)]) == 0
    out = tmp_path / "COPY.csv"
    assert main(["book", "ACME", "--levels", "2", "--out", str(out)]) == 0

    assert main(["import", str(out)]) == 0

    assert books(opened(path, "COPY"), 2) == books(opened(path), 2)
