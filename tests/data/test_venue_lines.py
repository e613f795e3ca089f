"""Bybit's and Hyperliquid's recordings: their books, gaps, and what is left out."""

import gzip
import json
import zipfile
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from app.__main__ import main
from app.data.catalog import Catalog, Recording
from app.data.importing import Options, Report, run_import
from app.data.recognise import preview, recognise
from app.engine.records import EventKind, RecordFlag
from app.errors import FileFormatError, RingsideError
from app.instrument import InstrumentKind
from tests.data.reference_book import ReferenceBook, rows
from tests.shared_data import shared_data

T0 = 1_733_011_200_000
K = EventKind


def run(root: Path, *files: Path, skip_bad: bool = False) -> Report:
    catalog = Catalog(root)
    found = recognise(files, catalog)
    preview(found, files, catalog, Options(None, skip_bad))
    return run_import(found.importer, files, catalog, Options(None, skip_bad))


def made(root: Path, *lines: Any, name: str = "x.gz") -> Path:
    text = "\n".join(
        each if isinstance(each, str) else json.dumps(each) for each in lines
    )
    path = root / name
    path.write_bytes(gzip.compress(text.encode()))
    return path


def bybit(
    u: int, bids: Any = (), asks: Any = (), *, kind: str = "delta", depth: int = 50
) -> dict[str, Any]:
    """A message of Bybit's order book."""
    data = {"s": "ACMEUSDT", "b": bids, "a": asks, "u": u, "seq": u * 9}
    topic = f"orderbook.{depth}.ACMEUSDT"
    return {"topic": topic, "type": kind, "ts": T0 + u, "data": data, "cts": T0 + u - 1}


def snapshot(u: int, depth: int = 50) -> dict[str, Any]:
    bids, asks = [["1.50", "5"], ["1.49", "3"]], [["1.51", "4"], ["1.52", "1"]]
    return bybit(u, bids, asks, kind="snapshot", depth=depth)


def hyperliquid(time: int, bids: Any, asks: Any) -> dict[str, Any]:
    """A message of Hyperliquid's book."""
    sides = [[{"px": px, "sz": sz, "n": 1} for px, sz in side] for side in (bids, asks)]
    data = {"coin": "ACME", "time": T0 + time, "levels": sides}
    return {"channel": "l2Book", "data": data}


def traded(time: int, side: str = "B") -> dict[str, Any]:
    trade = {"coin": "ACME", "side": side, "px": "1.5", "sz": "2", "time": T0 + time}
    return {"channel": "trades", "data": [trade]}


def tops(recording: Recording, depth: int) -> list[tuple[Any, ...]]:
    """Bids and asks after each event of the book."""
    price, size = recording.instrument.price, recording.instrument.quantity
    return [
        tuple([(price(p), size(n)) for p, n in side] for side in (bids, asks))
        for last, bids, asks in rows(recording.records(), depth)
        if last["kind"] != K.TRADE
    ]


def kinds(recording: Recording) -> list[int]:
    told: list[int] = recording.records()["kind"].tolist()
    return told


def test_bybits_book_follows_its_messages(tmp_path: Path):
    path = shared_data("bybit", "xrpusdt-ob500.data.zip")
    with zipfile.ZipFile(path) as archive:
        (name,) = archive.namelist()
        sent = [json.loads(line) for line in archive.read(name).splitlines()]

    run(tmp_path, path)

    recording = Catalog(tmp_path).open("XRPUSDT-PERP")
    assert recording.instrument.kind == InstrumentKind.PERPETUAL
    assert (recording.basis, recording.window, recording.gaps) == ("depth", 500, 0)
    book: dict[str, dict[Decimal, Decimal]] = {"b": {}, "a": {}}
    expected = []
    for message in sent:
        for side in "ba":
            changed = {Decimal(p): Decimal(n) for p, n in message["data"][side]}
            kept = {} if message["type"] == "snapshot" else book[side]
            book[side] = {p: n for p, n in (kept | changed).items() if n}
        bids = sorted(book["b"].items(), reverse=True)
        asks = sorted(book["a"].items())
        expected.append((bids[:500], asks[:500]))
    assert tops(recording, 500) == expected
    assert all(bids[0][0] < asks[0][0] for bids, asks in expected)
    ends = recording.records()
    ends = ends[ends["flags"] & RecordFlag.LAST != 0]
    assert ends["sequence"].tolist() == [each["data"]["u"] for each in sent]
    assert ends["ts_venue"].tolist() == [each["cts"] * 10**6 for each in sent]
    assert ends["ts_received"].tolist() == [each["ts"] * 10**6 for each in sent]


def test_hyperliquids_books_and_trades_are_the_messages(tmp_path: Path):
    path = shared_data("crypto_ws", "hyperliquid_btcusd_20250126.gz")
    with gzip.open(path) as file:
        sent = [json.loads(line.split(b" ", 1)[1]) for line in file]
    whole = [each["data"] for each in sent if each["channel"] == "l2Book"]
    trades = [t for each in sent if each["channel"] == "trades" for t in each["data"]]
    late = [each for each in trades if each["time"] >= whole[0]["time"]]

    report = run(tmp_path, path)

    recording = Catalog(tmp_path).open("BTC-PERP")
    assert (recording.window, recording.gaps) == (20, 0)
    assert tops(recording, 20) == [
        tuple(
            [(Decimal(x["px"]), Decimal(x["sz"])) for x in side] for side in b["levels"]
        )
        for b in whole
    ]
    records = recording.records()
    told = records[records["kind"] == K.TRADE]
    assert 0 < len(late) < len(trades)
    assert told["aggressor"].tolist() == [1 if t["side"] == "B" else -1 for t in late]
    assert told["ts_venue"].tolist() == [t["time"] * 10**6 for t in late]
    assert any(f"{len(trades) - len(late)} trades" in note for note in report.notes)


def test_a_missing_number_makes_the_book_stale_until_a_snapshot(tmp_path: Path):
    change = [["1.50", "6"]]
    path = made(
        tmp_path,
        *(snapshot(10), bybit(11, change), bybit(14, change), bybit(13, change)),
        *(bybit(15, change), snapshot(20), bybit(21, change)),
    )

    with pytest.raises(FileFormatError, match="local time must not go back"):
        run(tmp_path / "c", path)
    run(tmp_path / "c", path, skip_bad=True)

    recording = Catalog(tmp_path / "c").open("ACMEUSDT")
    records = recording.records()
    gaps = records[records["kind"] == K.GAP]
    assert (recording.gaps, gaps["reference"].tolist()) == (1, [2])
    book = ReferenceBook()
    at_gap = kinds(recording).index(K.GAP)
    book.take_all(records[: at_gap + 2])
    assert book.is_stale
    assert not book.take_all(records[at_gap + 2 :]).is_stale


def test_a_book_that_begins_midway_or_restarts(tmp_path: Path):
    path = made(tmp_path, bybit(9, [["1.40", "1"]]), bybit(1, [["1.50", "6"]]))

    run(tmp_path / "c", path, skip_bad=True)
    told = kinds(Catalog(tmp_path / "c").open("ACMEUSDT"))

    # u = 1 replaces the book; its line's own time went back, so it is left out here.
    assert told == [K.GAP, K.LEVEL]
    restart = bybit(1, [["1.50", "6"]]) | {"ts": T0 + 99}
    run(tmp_path / "d", made(tmp_path, bybit(9, [["1.40", "1"]]), restart))
    recording = Catalog(tmp_path / "d").open("ACMEUSDT")
    assert kinds(recording)[2:] == [K.SNAPSHOT_BEGIN, K.LEVEL, K.SNAPSHOT_END]
    assert tops(recording, 9)[-1] == ([(Decimal("1.50"), Decimal(6))], [])


def test_the_deepest_of_two_books_is_read(tmp_path: Path):
    lines = snapshot(5, 1), snapshot(6, 50), bybit(7, [["1.50", "6"]])
    best = bybit(8, [["1.50", "7"]], kind="snapshot", depth=1)

    report = run(tmp_path / "c", made(tmp_path, *lines, best))

    assert report.segments[0].window == 50
    assert tops(Catalog(tmp_path / "c").open("ACMEUSDT"), 1)[-1][0][0][1] == 6
    assert any("2 messages of a book less deep" in note for note in report.notes)


def test_bybits_trades_have_their_aggressor(tmp_path: Path):
    each = {"T": T0 + 6, "s": "ACMEUSDT", "S": "Sell", "v": "2", "p": "1.50"}
    data = [each, each | {"S": "Buy", "BT": True}]
    trades = {"topic": "publicTrade.ACMEUSDT", "type": "snapshot", "ts": T0 + 7}
    path = made(tmp_path, snapshot(5), trades | {"data": data}, '{"op": "pong"}')

    report = run(tmp_path / "c", path)

    records = Catalog(tmp_path / "c").open("ACMEUSDT").records()
    told = records[records["kind"] == K.TRADE]
    assert (told["aggressor"].tolist(), told["size"].tolist()) == ([-1], [2])
    assert report.notes == ("1 block trades were left out",)


def test_a_whole_book_that_is_damaged_leaves_no_gap(tmp_path: Path):
    good = [("1.50", "5")], [("1.51", "4")]
    path = made(
        tmp_path,
        *(hyperliquid(1, *good), hyperliquid(2, [("1.50", "x")], [])),
        *(traded(2), hyperliquid(3, [("1.49", "2")], [("1.51", "4")]), traded(0)),
    )

    with pytest.raises(FileFormatError, match=r"row 2.*must be a number"):
        run(tmp_path / "c", path)
    late = made(tmp_path, *gzip.decompress(path.read_bytes()).decode().splitlines()[:4])
    report = run(tmp_path / "c", late, skip_bad=True)

    recording = Catalog(tmp_path / "c").open("ACME-PERP")
    assert (report.skipped, recording.gaps) == (1, 0)
    assert kinds(recording)[4:] == [K.TRADE, K.LEVEL, K.LEVEL]
    assert tops(recording, 9)[-1][0] == [(Decimal("1.49"), Decimal(2))]


@pytest.mark.parametrize(
    "line",
    [
        {"arg": {"channel": "books", "instId": "BTC-USDT"}, "data": []},
        {"channel": "book", "type": "snapshot"},
        {"product_id": "BTC-USD", "type": "l2update"},
    ],
)
def test_messages_of_another_exchange_are_named_as_not_read(tmp_path: Path, line: Any):
    stamped = f"1733011200000000000 {json.dumps(line)}"
    for each in (line, stamped):
        with pytest.raises(
            FileFormatError, match="none of the exchanges that are read"
        ):
            recognise([made(tmp_path, each)], Catalog(tmp_path / "c"))


@pytest.mark.parametrize("name", ["bybit", "hyperliquid"])
def test_the_commands_import(tmp_path: Path, monkeypatch, name: str):
    monkeypatch.setenv("RINGSIDE_PATHS_DATA", str(tmp_path / "c"))
    whole = hyperliquid(1, [("1.50", "5")], [("1.51", "4")])
    path = made(tmp_path, snapshot(5) if name == "bybit" else whole)
    other = "hyperliquid" if name == "bybit" else "bybit"

    assert main(["import", name, str(path)]) == 0
    assert main(["import", str(path)]) == 0
    assert main(["import", other, str(path)]) == 2


@given(st.data())
@settings(max_examples=80)
def test_damaged_recordings_never_crash_it(tmp_path_factory, data: st.DataObject):
    root = tmp_path_factory.mktemp("fuzz")
    whole = hyperliquid(1, [("1.50", "5")], [("1.51", "4")])
    text = "\n".join(
        json.dumps(each)
        for each in data.draw(
            st.sampled_from(
                [
                    [snapshot(5), bybit(6, [["1.50", "6"]]), bybit(7)],
                    [whole, traded(2), whole],
                ]
            )
        )
    )
    body = bytearray(text.encode())
    for _ in range(data.draw(st.integers(1, 8))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    path = root / "x"
    path.write_bytes(bytes(body))

    with suppress(RingsideError):
        run(root / "c", path, skip_bad=True)


def test_a_truncated_recording_tells_what_is_left(tmp_path: Path):
    lines = [snapshot(5), *(bybit(6 + i, [["1.50", str(7 + i)]]) for i in range(2000))]
    body = made(tmp_path, *lines).read_bytes()
    path = tmp_path / "cut.gz"
    path.write_bytes(body[: len(body) // 2])

    with pytest.raises(FileFormatError, match="truncated"):
        run(tmp_path / "c", path)
    report = run(tmp_path / "c", path, skip_bad=True)

    assert report.segments[0].rows > 100


@pytest.mark.parametrize(
    "damage",
    [b"ACME\xff", b'ACMEUSDT", "u": 99999999999999999999999, "x": "', b"\\ud800"],
)
def test_a_damaged_message_is_refused_by_its_row(tmp_path: Path, damage: bytes):
    body = "\n".join(map(json.dumps, (snapshot(5), bybit(6, [["1.50", "6"]]))))
    first, second = body.encode().split(b"\n")
    damaged = second.replace(b'"s": "ACMEUSDT', b'"s": "' + damage)
    path = tmp_path / "x"
    path.write_bytes(b"\n".join((first, damaged)))

    with pytest.raises(FileFormatError, match="row 2"):
        run(tmp_path / "c", path)
