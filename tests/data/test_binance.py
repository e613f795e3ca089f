"""Binance recordings: the rules of spot and futures, and the recording's own quotes."""

import gzip
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from app.data.binance import BinanceImporter
from app.data.catalog import Catalog
from app.data.depth import depth_rows
from app.data.importing import Options, Report, run_import
from app.engine.records import BUY, QUOTE, SELL, EventKind, RecordFlag
from app.errors import FileFormatError, RingsideError
from app.instrument import InstrumentKind
from tests.data.reference_book import ReferenceBook, rows
from tests.shared_data import shared_data

SPOT = ("spot_btcusdt_20240808.gz", "spot_btcusdt_20240809.gz")
USDM = ("usdm_btcusdt_20240808.gz",)
T0 = 1_723_161_253_000_000_000


def run(
    root: Path, *files: Path, skip_bad: bool = False, name: str | None = None
) -> Report:
    options = Options(name, skip_bad)
    return run_import(BinanceImporter(), list(files), Catalog(root), options)


def messages(*names: str) -> list[dict[str, Any]]:
    out = []
    for name in names:
        with gzip.open(shared_data("crypto_ws", name)) as file:
            out += [json.loads(line.split(b" ", 1)[1]) for line in file]
    return out


@pytest.fixture(scope="module", params=[SPOT, USDM], ids=["spot", "usdm"])
def recorded(request, tmp_path_factory) -> tuple[Path, tuple[str, ...], str]:
    """A catalog with a real recording, its files and its name."""
    names: tuple[str, ...] = request.param
    root = tmp_path_factory.mktemp("binance")
    run(root, *(shared_data("crypto_ws", name) for name in names))
    return root, names, "BTCUSDT" if names == SPOT else "BTCUSDT-PERP"


def own_quotes(names: tuple[str, ...], instrument: Any) -> dict[int, tuple[int, ...]]:
    """The recording's own best quotes, in units, by their update number."""
    price, size = instrument.price_units, instrument.quantity_units
    return {
        m["data"]["u"]: (
            price(m["data"]["b"]),
            size(m["data"]["B"]),
            price(m["data"]["a"]),
            size(m["data"]["A"]),
        )
        for m in messages(*names)
        if m.get("stream", "").endswith("bookTicker")
    }


def check_against_quotes(
    tops: Sequence[tuple[int, tuple[int, ...]]], quotes: dict[int, tuple[int, ...]]
) -> None:
    """Best prices after each diff equal the last quote of at most its number.

    The exchange sends a quote late now and then: 2 of 6,493 spot diffs are ahead of it.
    """
    numbers = np.array(sorted(quotes))
    compared = differing = 0
    for sequence, top in tops:
        index = int(np.searchsorted(numbers, sequence, "right")) - 1
        if index >= 0:
            compared += 1
            differing += top != quotes[int(numbers[index])]
    assert compared > 5000
    assert differing <= compared // 1000


@pytest.mark.slow
def test_best_prices_are_the_recordings_own_quotes(recorded):
    root, names, name = recorded
    recording = Catalog(root).open(name)
    tops = [
        (int(last["sequence"]), (*bids[0], *asks[0]))
        for last, bids, asks in rows(recording.records(), 1)
        if last["kind"] == EventKind.LEVEL
    ]

    check_against_quotes(tops, own_quotes(names, recording.instrument))
    assert all(bid < ask for _, (bid, _, ask, _) in tops)
    assert recording.gaps == 0


@pytest.mark.slow
def test_the_engines_book_gives_a_row_after_each_depth_event(recorded):
    root, names, name = recorded
    recording = Catalog(root).open(name)
    records = recording.records()
    last = records[records["flags"] & RecordFlag.LAST != 0]
    depth = last[last["kind"] != EventKind.TRADE]
    whole = np.concatenate([part for _, part in depth_rows(recording, 2)])

    assert len(whole) == len(depth)
    fields = ("bid_price", "bid_size", "ask_price", "ask_size")
    tops = [
        (int(number), tuple(int(row[field][0]) for field in fields))
        for number, row in zip(depth["sequence"], whole, strict=True)
    ]
    check_against_quotes(tops[1:], own_quotes(names, recording.instrument))


def test_every_trade_and_quote_is_there(recorded):
    root, names, name = recorded
    catalog, sent = Catalog(root), messages(*names)
    trades = [m["data"] for m in sent if m.get("stream", "").endswith("@trade")]
    records = catalog.open(name).records()
    told = records[records["kind"] == EventKind.TRADE]
    instrument = catalog.master.instrument(name)

    assert told["price"].tolist() == [instrument.price_units(t["p"]) for t in trades]
    assert told["size"].tolist() == [instrument.quantity_units(t["q"]) for t in trades]
    assert told["aggressor"].tolist() == [-1 if t["m"] else 1 for t in trades]
    quotes = catalog.open(f"{name}@quotes").records().view(QUOTE)
    assert len(quotes) == sum(m.get("stream", "").endswith("bookTicker") for m in sent)
    assert (quotes["bid_price"] < quotes["ask_price"]).all()


@pytest.mark.slow
def test_a_day_that_continues_one_in_the_catalog_needs_no_snapshot(tmp_path: Path):
    for name in SPOT:
        run(tmp_path, shared_data("crypto_ws", name))
    recording = Catalog(tmp_path).open("BTCUSDT")
    book = ReferenceBook().take_all(recording.records())

    assert recording.gaps == 0
    assert not book.is_stale


def test_a_recording_joined_midway_is_stale_but_follows(tmp_path: Path):
    report = run(tmp_path, shared_data("crypto_ws", SPOT[1]))
    recording = Catalog(tmp_path).open("BTCUSDT")
    first = recording.records(0, 1)
    book = ReferenceBook().take_all(recording.records())

    assert "BTCUSDT: no snapshot came: the book is stale until one does" in report.notes
    assert first["kind"][0] == EventKind.GAP
    assert book.is_stale
    assert book.top(BUY, 1)[0][0] < book.top(SELL, 1)[0][0]


# Small made recordings.


def diff(first: int, last: int, bids: Any = (), asks: Any = (), **more: Any) -> Any:
    data = {
        "e": "depthUpdate",
        "E": 1_723_161_255_000 + last,
        "s": "XYZUSDT",
        "U": first,
        "u": last,
        "b": [list(each) for each in bids],
        "a": [list(each) for each in asks],
    }
    return {"stream": "xyzusdt@depth", "data": data | more}


def snapshot(number: int, bids: Any, asks: Any) -> Any:
    return {
        "lastUpdateId": number,
        "bids": [list(each) for each in bids],
        "asks": [list(each) for each in asks],
    }


def trade(price: str, size: str, **more: Any) -> Any:
    data = {
        "e": "trade",
        "E": 1_723_161_255_999,
        "T": 1_723_161_255_000,
        "s": "XYZUSDT",
        "t": 5,
    }
    return {"stream": "xyzusdt@trade", "data": data | {"p": price, "q": size} | more}


def made(path: Path, *sent: Any, step: int = 10**6) -> Path:
    lines = [f"{T0 + i * step} {json.dumps(m)}\n" for i, m in enumerate(sent)]
    text = "".join(lines).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def book_after(root: Path, name: str = "XYZUSDT") -> ReferenceBook:
    instrument = Catalog(root).master.instrument(name)
    book = ReferenceBook().take_all(Catalog(root).open(name).records())
    for side in (BUY, SELL):
        book.levels[side] = {
            float(instrument.price(price)): float(instrument.quantity(size))  # type: ignore[misc]
            for price, size in book.levels[side].items()
        }
    return book


OPENING = snapshot(10, [("9", "1"), ("8", "2")], [("10", "3")])


def test_diffs_before_the_snapshot_are_applied_where_it_is_older(tmp_path: Path):
    path = made(
        tmp_path / "r.gz",
        diff(5, 8, [("9", "7")]),  # older than the snapshot: dropped
        diff(9, 11, [("9", "4")]),  # reaches over it
        diff(12, 13, [], [("10", "5"), ("11", "1")]),
        OPENING,
        diff(14, 14, [("8", "0")]),
    )
    report = run(tmp_path / "c", path)
    book = book_after(tmp_path / "c")

    assert book.levels == {BUY: {9.0: 4.0}, SELL: {10.0: 5.0, 11.0: 1.0}}
    assert (book.gaps, book.is_stale) == (0, False)
    assert report.notes == ("XYZUSDT: 1 diffs were older than their snapshot",)


def test_spot_a_missing_number_is_a_gap_until_the_next_snapshot(tmp_path: Path):
    path = made(
        tmp_path / "r",
        OPENING,
        diff(11, 12, [("9", "4")]),
        diff(15, 16, [("9", "5")]),
    )
    run(tmp_path / "c", path)
    records = Catalog(tmp_path / "c").open("XYZUSDT").records()
    (gap,) = records[records["kind"] == EventKind.GAP]

    assert gap["reference"] == 2
    assert book_after(tmp_path / "c").is_stale

    again = snapshot(18, [("9", "6")], [("10", "3")])
    path = made(
        tmp_path / "r",
        OPENING,
        diff(11, 12, [("9", "4")]),
        diff(15, 16, [("9", "5")]),
        diff(17, 19, [("7", "1")]),
        again,
        diff(20, 20, [("6", "1")]),
    )
    run(tmp_path / "c", path)
    book = book_after(tmp_path / "c")
    assert not book.is_stale
    assert book.levels[BUY] == {9.0: 6.0, 7.0: 1.0, 6.0: 1.0}


def test_futures_the_previous_number_must_be_named(tmp_path: Path):
    sent = [
        OPENING,
        diff(8, 12, [("9", "4")], pu=7),
        diff(14, 16, [("9", "5")], pu=12),  # not 13: futures' numbers may skip
    ]
    run(tmp_path / "c", made(tmp_path / "r", *sent))
    assert book_after(tmp_path / "c", "XYZUSDT-PERP").gaps == 0

    sent.append(diff(18, 19, [("9", "6")], pu=17))
    run(tmp_path / "c", made(tmp_path / "r", *sent))
    book = book_after(tmp_path / "c", "XYZUSDT-PERP")
    assert (book.gaps, book.is_stale) == (1, True)


def test_a_snapshot_that_is_too_old_is_a_gap(tmp_path: Path):
    path = made(tmp_path / "r", OPENING, diff(13, 14, [("9", "4")]))
    run(tmp_path / "c", path)

    assert book_after(tmp_path / "c").is_stale


def test_a_snapshot_that_never_comes_is_not_waited_for(tmp_path: Path):
    diffs = [diff(n, n, [("9", str(n))]) for n in range(1, 100)]
    path = made(tmp_path / "r", *diffs, step=10**9)
    run(tmp_path / "c", path)
    times = Catalog(tmp_path / "c").open("XYZUSDT").records()["ts_received"]

    assert book_after(tmp_path / "c").levels[BUY] == {9.0: 99.0}
    assert len(np.unique(times)) == 99


def test_a_second_snapshot_changes_nothing_while_the_book_is_known(tmp_path: Path):
    path = made(
        tmp_path / "r",
        OPENING,
        diff(11, 12, [("9", "4")]),
        snapshot(11, [("1", "1")], []),
    )
    run(tmp_path / "c", path)

    assert book_after(tmp_path / "c").levels[BUY] == {9.0: 4.0, 8.0: 2.0}


def test_several_symbols_are_told_apart_and_snapshots_by_their_price(tmp_path: Path):
    other = diff(101, 101, [("500", "1")], s="ABCUSDT")
    path = made(
        tmp_path / "r",
        diff(9, 11, [("9", "4")]),
        other,
        snapshot(100, [("499", "2")], [("501", "2")]),
        OPENING,
    )
    run(tmp_path / "c", path)

    assert book_after(tmp_path / "c", "ABCUSDT").levels[BUY] == {500.0: 1.0, 499.0: 2.0}
    assert book_after(tmp_path / "c").levels[BUY] == {9.0: 4.0, 8.0: 2.0}
    with pytest.raises(FileFormatError, match=r"several symbols \(ABCUSDT, XYZUSDT\)"):
        run(tmp_path / "d", path, name="X")


def test_messages_outside_a_combined_stream_are_read_too(tmp_path: Path):
    plain = [OPENING, diff(11, 11, [("9", "4")])["data"], trade("9", "1")["data"]]
    path = tmp_path / "r"
    path.write_text("".join(json.dumps(each) + "\n" for each in plain[1:]))
    run(tmp_path / "c", path)
    recording = Catalog(tmp_path / "c").open("XYZUSDT")

    # Without a local time the venue's is all there is.
    assert recording.first_ts == (1_723_161_255_000 + 11) * 10**6


def test_times_in_microseconds_are_told_by_their_size(tmp_path: Path):
    path = made(tmp_path / "r", OPENING, trade("9", "1", T=1_723_161_255_000_123))
    run(tmp_path / "c", path)
    records = Catalog(tmp_path / "c").open("XYZUSDT").records()

    assert records["ts_venue"][-1] == 1_723_161_255_000_123_000


def test_a_new_symbol_is_read_off_its_numbers(tmp_path: Path):
    bids = [(f"{9 - n / 1000:.8f}", "1.50000000") for n in range(40)]
    path = made(tmp_path / "r", snapshot(10, bids, []), diff(11, 11, [("9.0000", "2")]))
    report = run(tmp_path / "c", path)
    made_up = Catalog(tmp_path / "c").master.instrument("XYZUSDT")

    assert report.created == ("XYZUSDT: fields were read off the data: look them over",)
    assert (made_up.kind, made_up.currency) == (InstrumentKind.CRYPTO_SPOT, "USDT")
    assert made_up.venue == "BINANCE"


GOOD = [OPENING, diff(11, 11, [("9", "4")]), diff(12, 12, [("9", "5")])]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b'1723161253002000000 {"stream":"x","da', "row 3: must be a local time and a"),
        (b"yesterday {}", "row 3: must be a local time and a message"),
        (b"1723161253002000000 [1]", "row 3: must be a local time and a message"),
        (b"17 {}", "row 3: must be a local time .*17 is no time"),
        (b"\xff\xfe", "row 3: must be a local time"),
        (
            b'1723161253002000000 {"data":{"e":"depthUpdate","b":[["9"]]}}',
            "row 3: must be a local time and a message: .*length 2",
        ),
    ],
)
def test_a_line_that_is_no_message_is_named(tmp_path: Path, line: bytes, says: str):
    path = made(tmp_path / "r", *GOOD)
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([*lines[:2], line, *lines[2:]]))

    with pytest.raises(FileFormatError, match=says):
        run(tmp_path / "c", path)
    assert Catalog(tmp_path / "c").names() == []
    assert run(tmp_path / "c", path, skip_bad=True).skipped == 1
    assert not book_after(tmp_path / "c").is_stale


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (diff(13, 13, [("x", "1")]), r"row 4, column price: must be a number"),
        (diff(13, 13, [("9", "-1")]), r"row 4, column size: must not be negative"),
        (diff(13, 13, [("nan", "1")]), r"row 4, column price: must be a number"),
        (trade("9", "1e99"), r"row 4, column size: must be a number"),
    ],
)
def test_a_bad_number_is_named_and_else_makes_the_book_stale(
    tmp_path: Path, bad: Any, says: str
):
    path = made(tmp_path / "r", *GOOD, bad)

    with pytest.raises(FileFormatError, match=says):
        run(tmp_path / "c", path)
    assert Catalog(tmp_path / "c").names() == []
    run(tmp_path / "c", path, skip_bad=True)
    assert book_after(tmp_path / "c").is_stale


def test_a_diff_that_was_left_out_leaves_a_gap(tmp_path: Path):
    path = made(tmp_path / "r", *GOOD, diff(13, 13, [("9", "6")]))
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([*lines[:2], lines[2][:40], lines[3]]))
    run(tmp_path / "c", path, skip_bad=True)

    assert book_after(tmp_path / "c").gaps == 1


def test_shuffled_lines_are_named(tmp_path: Path):
    path = made(tmp_path / "r", *GOOD)
    first, second, third = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([first, third, second]))

    with pytest.raises(FileFormatError, match=r"row 3, column local time: .* go back"):
        run(tmp_path / "c", path)


def test_a_truncated_recording_is_named_and_its_start_can_be_had(tmp_path: Path):
    whole = shared_data("crypto_ws", SPOT[0]).read_bytes()
    path = tmp_path / "r.gz"
    path.write_bytes(whole[: len(whole) // 3])

    with pytest.raises(FileFormatError, match="gzip data end early, at byte"):
        run(tmp_path / "c", path)
    assert Catalog(tmp_path / "c").names() == []
    run(tmp_path / "c", path, skip_bad=True)
    assert Catalog(tmp_path / "c").open("BTCUSDT").rows > 10_000


def test_another_exchanges_recording_is_refused(tmp_path: Path):
    path = shared_data("crypto_ws", "hyperliquid_btcusd_20250126.gz")

    with pytest.raises(FileFormatError, match="is no Binance recording"):
        run(tmp_path, path)


@settings(max_examples=60)
@given(data=st.data())
def test_damaged_bytes_never_crash(tmp_path_factory, data):
    root = tmp_path_factory.mktemp("fuzz")
    path = made(
        root / data.draw(st.sampled_from(["r", "r.gz"])), *GOOD, trade("9", "1")
    )
    body = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(body[: data.draw(st.integers(0, len(body)))])

    for skip_bad in (False, True):
        with suppress(RingsideError):
            run(root / "c", path, skip_bad=skip_bad)
            continue
        assert Catalog(root / "c").names() == []
