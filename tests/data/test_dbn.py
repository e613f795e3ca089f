"""DBN: the book at each event's end is what Databento's own rules give."""

import struct
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import databento_dbn
import numpy as np
import pytest
import zstandard
from hypothesis import given, settings, strategies as st

from app.data.catalog import Catalog
from app.data.dbn import DbnImporter
from app.data.depth import depth_rows
from app.data.importing import Options, Report, run_import
from app.engine.records import BAR, BUY, NO_PRICE, SELL, EventKind, RecordFlag
from app.errors import FileFormatError, InstrumentError, RingsideError
from app.instrument import InstrumentKind
from tests.data.reference_book import ReferenceBook, rows
from tests.shared_data import shared_data

MBO = "esh4-glbx-mdp3-20231225.mbo.dbn.zst"
MBP1 = "futures_mbp-1_2024-07-01T23-58_2024-07-02T00-02.dbn.zst"
TRADES = "futures_trades_2024-07-01T23-58_2024-07-02T00-02.dbn.zst"
BARS = "futures_ohlcv-1m_2024-07-01T23-40_2024-07-02T00-10.dbn.zst"
TICK = 250_000_000
NONE = 2**63 - 1
LAST = 128


def run(root: Path, *files: Path, skip_bad: bool = False, name: str | None = None):
    options = Options(name, skip_bad)
    return run_import(DbnImporter(), list(files), Catalog(root), options)


def unpacked(path: Path) -> tuple[bytes, bytes]:
    """Header and records of a file."""
    with path.open("rb") as file:
        raw = zstandard.ZstdDecompressor().stream_reader(file).read()
    size = 8 + struct.unpack("<I", raw[4:8])[0]
    return raw[:size], raw[size:]


def dtype(name: str) -> np.dtype[Any]:
    fields = getattr(databento_dbn, name)._dtypes
    return np.dtype([(str(field[0]), str(field[1])) for field in fields])


def table(path: Path, name: str) -> Any:
    return np.frombuffer(unpacked(path)[1], dtype(name))


def plain_mbo(
    messages: Any,
) -> Iterator[tuple[list[tuple[int, int]], list[tuple[int, int]], dict[int, Any]]]:
    """Databento's rules in a few lines: A and M set, C takes off, T and F are idle."""
    orders: dict[int, list[Any]] = {}
    totals: dict[bytes, dict[int, int]] = {b"B": {}, b"A": {}}

    def change(side: bytes, price: int, by: int) -> None:
        totals[side][price] = totals[side].get(price, 0) + by
        if not totals[side][price]:
            del totals[side][price]

    for m in messages:
        action, ref = bytes(m["action"]), int(m["order_id"])
        if action == b"R":
            orders.clear()
            totals = {b"B": {}, b"A": {}}
        elif action in (b"A", b"M"):
            if ref in orders:
                change(*orders[ref])
            side, price, size = bytes(m["side"]), int(m["price"]), int(m["size"])
            orders[ref] = [side, price, -size]
            change(side, price, size)
        elif action == b"C":
            orders[ref][2] += int(m["size"])
            change(orders[ref][0], orders[ref][1], -int(m["size"]))
            if not orders[ref][2]:
                del orders[ref]
        if m["flags"] & LAST:
            bids = [(p // TICK, totals[b"B"][p]) for p in sorted(totals[b"B"])[:-11:-1]]
            asks = [(p // TICK, totals[b"A"][p]) for p in sorted(totals[b"A"])[:10]]
            yield bids, asks, orders


@pytest.fixture(scope="module")
def orders(tmp_path_factory) -> Path:
    root: Path = tmp_path_factory.mktemp("mbo")
    run(root, shared_data("databento", MBO))
    return root


@pytest.mark.slow
def test_ten_levels_at_each_event_end_are_the_plain_books(orders: Path):
    messages = table(shared_data("databento", MBO), "MBOMsg")
    records = Catalog(orders).open("ESH4").records()
    ends = 0
    for (_, bids, asks), (plain_bids, plain_asks, _) in zip(
        rows(records, 10), plain_mbo(messages), strict=True
    ):
        assert bids == plain_bids
        assert asks == plain_asks
        ends += 1

    assert ends == np.count_nonzero(messages["flags"] & LAST)


@pytest.mark.slow
def test_the_engines_book_is_the_plain_one_too(orders: Path):
    messages = table(shared_data("databento", MBO), "MBOMsg")
    parts = [part for _, part in depth_rows(Catalog(orders).open("ESH4"), 10)]
    whole = np.concatenate(parts)

    for row, (bids, asks, _) in zip(whole, plain_mbo(messages), strict=True):
        for side, levels in (("bid", bids), ("ask", asks)):
            prices = [price for price, _ in levels] + [NO_PRICE] * (10 - len(levels))
            sizes = [size for _, size in levels] + [0] * (10 - len(levels))
            assert row[f"{side}_price"].tolist() == prices
            assert row[f"{side}_size"].tolist() == sizes


def test_the_final_book_is_that_of_the_readme(orders: Path):
    book = ReferenceBook().take_all(Catalog(orders).open("ESH4").records())

    assert len(book.orders) == 11_217
    assert (book.top(BUY, 1)[0][0], book.top(SELL, 1)[0][0]) == (4 * 4810, 4 * 4810 + 1)
    assert not book.is_stale
    assert book.gaps == 0


def test_a_trade_is_told_once(orders: Path):
    messages = table(shared_data("databento", MBO), "MBOMsg")
    traded = messages[messages["action"] == b"T"]["size"].sum()
    records = Catalog(orders).open("ESH4").records()
    told = np.isin(records["kind"], (EventKind.TRADE, EventKind.ORDER_EXECUTE))

    assert records["size"][told].sum() == traded
    executed = records[records["kind"] == EventKind.ORDER_EXECUTE]
    assert executed["size"].sum() > 0.9 * traded
    assert np.array_equal(executed["aggressor"], -executed["side"])


def test_a_file_that_is_a_snapshot_only_ends_in_a_book(tmp_path: Path):
    run(tmp_path, shared_data("databento", MBO.replace("1225", "1224")))
    records = Catalog(tmp_path).open("ESH4").records()
    (last,) = list(rows(records, 1))

    assert records["kind"][:2].tolist() == [EventKind.SESSION, EventKind.SNAPSHOT_BEGIN]
    assert records["kind"][-1] == EventKind.SNAPSHOT_END
    assert len(records) == 8725 + 3
    assert last[1]
    assert last[2]


def test_files_of_several_days_are_read_by_their_times(tmp_path: Path):
    first, second = (
        shared_data("databento", MBO.replace("1225", day)) for day in ("1224", "1225")
    )
    run(tmp_path / "apart", first)
    run(tmp_path / "apart", second)
    run(tmp_path / "together", second, first)

    apart, together = (
        Catalog(tmp_path / name).open("ESH4").records()
        for name in ("apart", "together")
    )
    assert len(apart) == 70_953
    assert together.tobytes() == apart.tobytes()


Levels = list[tuple[int, int]]


def level_rows(path: Path, name: str, depth: int) -> list[tuple[Levels, Levels]]:
    """Bids and asks as the file shows them at each event's end."""

    def shown(m: Any, side: str) -> Levels:
        pairs = [(m[f"{side}_px_{k:02}"], m[f"{side}_sz_{k:02}"]) for k in range(depth)]
        return [
            (int(price) // TICK, int(size)) for price, size in pairs if price != NONE
        ]

    ends = [m for m in table(path, name) if m["flags"] & LAST]
    return [(shown(m, "bid"), shown(m, "ask")) for m in ends]


@pytest.mark.parametrize(
    ("parts", "name", "depth", "instrument"),
    [
        ((MBP1,), "MBP1Msg", 1, "ESU4"),
        (("format_samples", "GLBX.MDP3.mbp-1.dbn.zst"), "MBP1Msg", 1, "ESH1"),
        (("format_samples", "GLBX.MDP3.mbp-10.dbn.zst"), "MBP10Msg", 10, "ESH1"),
    ],
)
def test_depth_records_give_their_own_levels(
    tmp_path: Path, parts: tuple[str, ...], name: str, depth: int, instrument: str
):
    path = shared_data("databento", *parts)
    run(tmp_path, path)
    recording = Catalog(tmp_path).open(instrument)

    found = [(bids, asks) for _, bids, asks in rows(recording.records(), depth + 1)]
    assert found == level_rows(path, name, depth)
    assert recording.window == depth


def test_trades_carry_their_aggressor(tmp_path: Path):
    path = shared_data("databento", TRADES)
    run(tmp_path, path)
    raw, records = table(path, "TradeMsg"), Catalog(tmp_path).open("ESU4").records()

    assert records["price"].tolist() == (raw["price"] // TICK).tolist()
    assert records["size"].tolist() == raw["size"].tolist()
    assert records["ts_received"].tolist() == raw["ts_recv"].tolist()
    assert records["ts_venue"].tolist() == raw["ts_event"].tolist()
    sides = {b"B": 1, b"A": -1, b"N": 0}
    assert records["aggressor"].tolist() == [sides[s] for s in raw["side"].tolist()]


def test_rule_12_bars_stamped_at_the_open_are_shifted_to_the_close(tmp_path: Path):
    path = shared_data("databento", BARS)
    report = run(tmp_path, path)
    raw = table(path, "OHLCVMsg")
    raw = raw[raw["instrument_id"] == 4358]
    bars = Catalog(tmp_path).open("NQU4").records().view(BAR)

    assert {each.instrument for each in report.segments} == {"ESU4", "NQU4"}
    assert bars["ts_venue"].tolist() == (raw["ts_event"] + 60 * 10**9).tolist()
    assert bars["open"].tolist() == (raw["open"] // TICK).tolist()
    for name in ("high", "low", "close"):
        told = bars["open"] + bars[f"{name}_offset"]
        assert told.tolist() == (raw[name] // TICK).tolist()
    assert bars["volume"].tolist() == raw["volume"].tolist()


def test_rule_12_no_bar_is_made_for_an_interval_without_trades(tmp_path: Path):
    path = shared_data("databento", "format_samples", "XNAS.ITCH.ohlcv-1m.dbn.zst")
    run(tmp_path, path)
    bars = Catalog(tmp_path).open("NVDA").records()
    steps = np.diff(bars["ts_venue"])

    assert len(bars) == 4
    assert steps.max() > 60 * 10**9


def test_what_is_no_market_data_is_refused_by_name(tmp_path: Path):
    path = shared_data("databento", "format_samples", "GLBX.MDP3.definition.dbn.zst")

    with pytest.raises(FileFormatError, match="schema definition is not imported; the"):
        run(tmp_path, path)


# Small made files.


def message(
    action: str, ref: int, price: float, size: int, **more: Any
) -> dict[str, Any]:
    return {
        "action": action.encode(),
        "order_id": ref,
        "price": round(price * 10**9),
        "size": size,
        "side": b"B",
        "flags": LAST,
    } | more


def made(path: Path, messages: list[dict[str, Any]], **header: Any) -> Path:
    """Write an MBO file of one instrument, uncompressed."""
    array = np.zeros(len(messages), dtype("MBOMsg"))
    array["length"], array["rtype"], array["instrument_id"] = 14, 160, 7
    for index, each in enumerate(messages):
        array["ts_recv"][index] = array["ts_event"][index] = 10**18 + index
        for key, value in each.items():
            array[key][index] = value
    body = array.tobytes()
    path.write_bytes(described(**header) + body)
    return path


def described(
    name: str = "XYZ", dataset: str = "XNAS.ITCH", schema: str = "mbo", **more: Any
) -> bytes:
    interval = SimpleNamespace(
        start_date=date(2001, 9, 9), end_date=date(2001, 9, 10), symbol="7"
    )
    mapping = SimpleNamespace(raw_symbol=name, intervals=[interval])
    arguments: dict[str, Any] = {
        "dataset": dataset,
        "start": 10**18,
        "stype_in": databento_dbn.SType.RAW_SYMBOL,
        "stype_out": databento_dbn.SType.INSTRUMENT_ID,
        "schema": databento_dbn.Schema.from_str(schema),
        "symbols": [name],
        "partial": [],
        "not_found": [],
        "mappings": [mapping],
    }
    return bytes(databento_dbn.Metadata(**(arguments | more)).encode())


CLEAR = message("R", 0, 0, 0, side=b"N") | {"price": NONE}


def told(root: Path, name: str = "XYZ") -> list[tuple[str, int, int, int, bool]]:
    return [
        (
            EventKind(int(r["kind"])).name,
            int(r["reference"]),
            int(r["size"]),
            int(r["aggressor"]),
            bool(r["flags"] & RecordFlag.LAST),
        )
        for r in Catalog(root).open(name).records()
    ]


def test_a_full_fill_is_an_execution_and_no_cancel(tmp_path: Path):
    path = made(
        tmp_path / "a.dbn",
        [
            CLEAR,
            message("A", 1, 10, 5),
            message("T", 9, 10, 5, side=b"A", flags=0),
            message("F", 1, 10, 5, flags=0),
            message("C", 1, 10, 5),
        ],
    )
    run(tmp_path / "c", path)

    assert told(tmp_path / "c") == [
        ("SNAPSHOT_BEGIN", 0, 0, 0, False),
        ("SNAPSHOT_END", 0, 0, 0, True),
        ("ORDER_ADD", 1, 5, 0, True),
        ("ORDER_EXECUTE", 1, 5, -1, False),
        ("TIMER", 0, 0, 0, True),
    ]


def test_a_partial_fill_and_the_rest_of_a_trade(tmp_path: Path):
    path = made(
        tmp_path / "a.dbn",
        [
            CLEAR,
            message("A", 1, 10, 5),
            message("T", 9, 10, 4, side=b"A", flags=0),
            message("F", 1, 10, 2, flags=0),
            message("M", 1, 10, 3),
        ],
    )
    run(tmp_path / "c", path)

    assert told(tmp_path / "c")[3:] == [
        ("TRADE", 0, 2, -1, False),
        ("ORDER_EXECUTE", 1, 2, -1, False),
        ("ORDER_MODIFY", 1, 3, 0, True),
    ]


def test_an_iceberg_that_refills_is_told_by_its_trade(tmp_path: Path):
    path = made(
        tmp_path / "a.dbn",
        [
            CLEAR,
            message("A", 1, 10, 5),
            message("T", 9, 10, 5, side=b"A", flags=0),
            message("F", 1, 10, 5, flags=0),
            message("M", 1, 10, 5),
        ],
    )
    run(tmp_path / "c", path)

    assert told(tmp_path / "c")[3:] == [
        ("TRADE", 0, 5, -1, False),
        ("ORDER_MODIFY", 1, 5, 0, True),
    ]


def test_an_aggressor_that_rested_before_is_withdrawn(tmp_path: Path):
    path = made(
        tmp_path / "a.dbn",
        [
            CLEAR,
            message("A", 1, 10, 5),
            message("A", 2, 9, 5),
            message("T", 2, 10, 5, side=b"A", flags=0),
            message("F", 2, 10, 5, side=b"A", flags=0),
            message("F", 1, 10, 5, flags=0),
            message("C", 2, 9, 5, flags=0),
            message("C", 1, 10, 5),
        ],
    )
    run(tmp_path / "c", path)

    assert told(tmp_path / "c")[4:] == [
        ("ORDER_EXECUTE", 1, 5, -1, False),
        ("ORDER_CANCEL", 2, 5, 0, False),
        ("TIMER", 0, 0, 0, True),
    ]


def test_data_that_begin_midway_are_stale_until_a_clear(tmp_path: Path):
    path = made(
        tmp_path / "a.dbn",
        [message("C", 5, 10, 1), message("A", 1, 10, 5), CLEAR, message("A", 2, 9, 1)],
    )
    report = run(tmp_path / "c", path)

    assert "stale until one comes; 1 events" in report.notes[0]
    assert [each[0] for each in told(tmp_path / "c")] == [
        "GAP",
        "TIMER",
        "ORDER_ADD",
        "SNAPSHOT_BEGIN",
        "SNAPSHOT_END",
        "ORDER_ADD",
    ]
    assert report.segments[0].gaps == 1


def test_records_that_may_be_bad_are_a_gap(tmp_path: Path):
    doubtful = LAST | 4
    path = made(
        tmp_path / "a.dbn",
        [
            CLEAR,
            message("A", 1, 10, 5),
            message("A", 2, 10, 5, flags=doubtful),
            message("A", 3, 10, 5, flags=doubtful),
            CLEAR,
        ],
    )
    run(tmp_path / "c", path)

    assert [each[0] for each in told(tmp_path / "c")][3:6] == [
        "GAP",
        "ORDER_ADD",
        "ORDER_ADD",
    ]


def test_an_event_may_lie_across_chunks(tmp_path: Path, monkeypatch):
    messages = [CLEAR]
    for number in range(1, 40):
        messages.append(message("A", number, 10 + number % 3, number, flags=0))
        messages.append(
            message("C", number, 10, 1, flags=LAST if number % 7 == 0 else 0)
        )
    path = made(tmp_path / "a.dbn", messages)
    run(tmp_path / "whole", path)
    monkeypatch.setattr("app.data.dbn._CHUNK_ROWS", 3)
    run(tmp_path / "cut", path)

    whole, cut = (Catalog(tmp_path / n).open("XYZ").records() for n in ("whole", "cut"))
    assert whole.tobytes() == cut.tobytes()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"price": 123}, r"row 3, column price: must be on price unit 0\.0001"),
        ({"price": NONE}, r"row 3, column price: must be a price"),
        ({"size": 0}, r"row 3, column size: must be positive, was 0"),
        ({"side": b"N"}, r"row 3, column side: must be A or B, was N"),
        ({"action": b"X"}, r"row 3, column action: must be one of ACMRTFN, was X"),
        ({"rtype": 1}, r"row 3, column rtype: must be 160, was 1"),
        ({"length": 13}, r"row 3, column length: must be 14, was 13"),
        ({"ts_recv": 1}, r"row 3, column ts_recv: must not go back, was 1"),
        ({"ts_recv": 2**64 - 1}, r"row 3, column ts_recv: must be a time"),
        (
            {"order_id": 1},
            r"row 3, column order_id: must not be in the book already, was 1",
        ),
        (
            {"action": b"C", "order_id": 1, "size": 9},
            r"row 3, column size: must not be more than the order has, was 9",
        ),
    ],
)
def test_a_bad_record_is_named_and_can_be_left_out(
    tmp_path: Path, changes: dict[str, Any], says: str
):
    bad = message("A", 2, 11, 5) | changes
    path = made(tmp_path / "a.dbn", [CLEAR, message("A", 1, 10, 5), bad])

    with pytest.raises(FileFormatError, match=says):
        run(tmp_path / "c", path)
    assert Catalog(tmp_path / "c").names() == []

    report = run(tmp_path / "c", path, skip_bad=True)
    assert report.skipped == 1
    assert len(told(tmp_path / "c")) >= 3


def test_several_instruments_are_several_recordings_and_names_are_checked(
    tmp_path: Path,
):
    bars = shared_data("databento", BARS)
    with pytest.raises(FileFormatError, match=r"several instruments .* leave out"):
        run(tmp_path, bars, name="X")

    path = made(tmp_path / "a.dbn", [CLEAR, message("A", 1, 10, 5, instrument_id=8)])
    with pytest.raises(FileFormatError, match="instrument id 8 has no symbol"):
        run(tmp_path / "c", path)


@pytest.mark.parametrize(
    ("name", "dataset", "says"),
    [
        ("ESH4-ESM4", "GLBX.MDP3", "combos are refused"),
        ("UD:1V: GN 123", "GLBX.MDP3", "options are refused"),
        ("SPY   240119C00480000", "OPRA.PILLAR", "options are refused"),
    ],
)
def test_rule_7_options_and_combos_are_refused_by_name(
    tmp_path: Path, name: str, dataset: str, says: str
):
    path = made(tmp_path / "a.dbn", [CLEAR], name=name, dataset=dataset)

    with pytest.raises(InstrumentError, match=says):
        run(tmp_path / "c", path)


def test_an_unknown_future_is_read_off_its_prices(tmp_path: Path):
    adds = [message("A", n + 1, 70 + n / 100, 1) for n in range(30)]
    path = made(tmp_path / "a.dbn", adds, name="CLM4", dataset="GLBX.MDP3")
    report = run(tmp_path / "c", path)
    future = Catalog(tmp_path / "c").master.instrument("CLM4")

    assert report.created == ("CLM4: fields were read off the data: look them over",)
    assert (future.kind, str(future.price_unit)) == (InstrumentKind.FUTURE, "0.01")


HEADER = 8


@pytest.mark.parametrize(
    ("cut", "says"),
    [
        (0, "must begin with DBN"),
        (6, "must begin with DBN"),
        (50, "ends inside its header"),
        (-10, r"row 3: must be 56 bytes, the file ends after 46"),
    ],
)
def test_a_truncated_file_is_named(tmp_path: Path, cut: int, says: str):
    path = made(
        tmp_path / "a.dbn", [CLEAR, message("A", 1, 10, 5), message("A", 2, 9, 1)]
    )
    path.write_bytes(path.read_bytes()[:cut])

    with pytest.raises(FileFormatError, match=says):
        run(tmp_path / "c", path)


def test_a_truncated_compressed_file_is_named_and_its_start_can_be_had(tmp_path: Path):
    packed = shared_data("databento", MBO).read_bytes()
    path = tmp_path / "a.dbn.zst"
    path.write_bytes(packed[: len(packed) // 2])

    with pytest.raises(FileFormatError, match="zstd data end early, at byte"):
        run(tmp_path / "c", path)
    report: Report = run(tmp_path / "c", path, skip_bad=True)
    assert report.segments[0].rows > 10_000


@settings(max_examples=40)
@given(data=st.data())
def test_damaged_bytes_never_crash(tmp_path_factory, data):
    root = tmp_path_factory.mktemp("fuzz")
    messages = [CLEAR]
    messages += [message("A", n, 10 + n % 5, n) for n in range(1, 12)]
    messages += [message("T", 99, 10, 5, side=b"A", flags=0), message("F", 5, 10, 5)]
    path = made(root / "a.dbn", messages)
    body = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        body = bytearray(zstandard.ZstdCompressor().compress(bytes(body)))
    for _ in range(data.draw(st.integers(0, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(body[: data.draw(st.integers(0, len(body)))])

    for skip_bad in (False, True):
        with suppress(RingsideError):
            run(root / "c", path, skip_bad=skip_bad)
            continue
        assert Catalog(root / "c").names() == []
