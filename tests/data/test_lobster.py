"""LOBSTER: the rebuilt book is the orderbook file's, row by row; faults are named."""

import gzip
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from app.data.catalog import Catalog, Recording
from app.data.depth import depth_rows
from app.data.importing import Options, Report, run_import
from app.data.lobster import LobsterImporter
from app.data.lobster_book import MADE_UP
from app.engine.records import (
    NO_PRICE,
    EventKind,
    RecordFlag,
    SessionState,
    TradeCondition,
)
from app.errors import FileFormatError, RingsideError
from tests.data.reference_book import ReferenceBook, rows
from tests.shared_data import shared_data

DUMMY = 9_999_999_999
SAMPLES = {
    1: "AMZN_2012-06-21_34200000_57600000_{}_1.csv.gz",
    10: "AMZN_2012-06-21_first20000_{}_10.csv.gz",
}
Row = list[tuple[int, int]]


def run(
    root: Path,
    messages: Path,
    orderbook: Path | None = None,
    *,
    skip_bad: bool = False,
    day: date | None = None,
    name: str | None = None,
) -> Report:
    importer = LobsterImporter(orderbook, day)
    options = Options(name, skip_bad)
    return run_import(importer, [messages], Catalog(root), options)


def expected(path: Path, depth: int) -> list[tuple[Row, Row]]:
    """Bids and asks of each row of an orderbook file."""
    body = path.read_bytes()
    text = gzip.decompress(body) if path.suffix == ".gz" else body
    lines = text.decode().splitlines()
    table = np.loadtxt(lines, delimiter=",", dtype=np.int64, ndmin=2)
    out = []
    for row in table.tolist():
        levels = [row[4 * k : 4 * k + 4] for k in range(depth)]
        bids = [(bid, size) for _, _, bid, size in levels if bid != -DUMMY]
        asks = [(ask, size) for ask, size, _, _ in levels if ask != DUMMY]
        out.append((bids, asks))
    return out


def rebuilt(recording: Recording, depth: int) -> Iterator[tuple[Row, Row]]:
    for _, bids, asks in rows(recording.records(), depth):
        yield bids, asks


@pytest.fixture(scope="module", params=[1, 10])
def sample(request, tmp_path_factory) -> tuple[Path, int]:
    """A catalog with the real sample, and its depth."""
    depth: int = request.param
    files = [
        shared_data("lobster", SAMPLES[depth].format(what))
        for what in ("message", "orderbook")
    ]
    root = tmp_path_factory.mktemp("lobster")
    run(root, *files)
    return root, depth


@pytest.mark.slow
def test_every_row_of_the_real_orderbook_is_met(sample: tuple[Path, int]):
    root, depth = sample
    file = shared_data("lobster", SAMPLES[depth].format("orderbook"))
    recording = Catalog(root).open("AMZN")

    assert list(rebuilt(recording, depth)) == expected(file, depth)


@pytest.mark.slow
def test_the_engines_book_meets_every_row_too(sample: tuple[Path, int]):
    root, depth = sample
    file = shared_data("lobster", SAMPLES[depth].format("orderbook"))
    whole = np.concatenate(
        [part for _, part in depth_rows(Catalog(root).open("AMZN"), depth + 2)]
    )
    wanted = expected(file, depth)

    assert len(whole) == len(wanted)
    for index, sides in enumerate(wanted):
        for side, levels in zip(("bid", "ask"), sides, strict=True):
            shown = len(levels)
            row = whole[index]
            prices = row[f"{side}_price"].tolist()
            assert prices[:shown] == [price for price, _ in levels]
            assert prices[shown:] == [NO_PRICE] * (depth + 2 - shown)
            assert row[f"{side}_size"].tolist()[:shown] == [size for _, size in levels]


def test_only_outermost_levels_are_put_right(sample: tuple[Path, int]):
    root, _ = sample
    (notes,) = [each.meta.notes for each in Catalog(root).open("AMZN").segments]

    assert "put right at its outermost level" in notes[0]
    assert "no message explains" not in notes[0]


def test_times_are_exact_utc_nanoseconds(sample: tuple[Path, int]):
    recording = Catalog(sample[0]).open("AMZN")
    # 34200.017459617 s after midnight in New York, which was four hours behind UTC.
    assert recording.first_ts == 1_340_251_200 * 10**9 + 34_200_017_459_617
    assert recording.window == sample[1]


# Small made files.

OPENING = (
    "34200.1,1,11,100,1000000,1\n"
    "34200.2,1,12,50,1000100,-1\n"
    "34200.25,1,13,70,999900,1\n"
    "34200.3,4,11,40,1000000,1\n"
    "34200.300000001,2,13,20,999900,1\n"
    "34200.4,3,11,60,1000000,1\n"
    "34200.5,5,0,10,1000050,-1\n"
    "34200.6,6,0,500,1000000,-1\n"
    "34200.7,7,0,0,-1,-1\n"
    "34200.8,7,0,0,0,-1\n"
    "34200.9,7,0,0,1,-1\n"
)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    path = tmp_path / "XYZ_2024-03-11_34200000_57600000_message_5.csv"
    path.write_text(OPENING)
    return path


def recorded(root: Path, name: str = "XYZ"):
    return Catalog(root).open(name).records()


def events(records) -> list[tuple[str, int, int, int]]:
    """Kind, price, size and side of each record, without the snapshot's marks."""
    return [
        (
            EventKind(int(r["kind"])).name,
            int(r["price"]),
            int(r["size"]),
            int(r["side"]),
        )
        for r in records
        if r["kind"] not in (EventKind.SNAPSHOT_BEGIN, EventKind.SNAPSHOT_END)
    ]


def test_each_type_of_message_becomes_its_event(made: Path, tmp_path: Path):
    report = run(tmp_path / "c", made)
    records = recorded(tmp_path / "c")

    assert report.created[0].startswith("XYZ: fields were read off")
    assert events(records)[:8] == [
        ("ORDER_ADD", 1_000_000, 100, 1),
        ("ORDER_ADD", 1_000_100, 50, -1),
        ("ORDER_ADD", 999_900, 70, 1),
        ("ORDER_EXECUTE", 1_000_000, 40, 1),
        ("ORDER_CANCEL", 999_900, 20, 1),
        ("ORDER_CANCEL", 1_000_000, 60, 1),
        ("TRADE", 1_000_050, 10, -1),
        ("TRADE", 1_000_000, 500, -1),
    ]
    hidden, cross = records[records["kind"] == EventKind.TRADE]
    assert (hidden["aggressor"], cross["aggressor"]) == (1, 0)
    assert hidden["conditions"] == TradeCondition.HIDDEN
    assert cross["conditions"] == TradeCondition.CROSS
    states = records[records["kind"] == EventKind.SESSION]["count"].tolist()
    assert states == [SessionState.HALTED, SessionState.PRE_OPEN, SessionState.OPEN]
    assert records["aggressor"][records["kind"] == EventKind.ORDER_EXECUTE] == [-1]


def test_every_message_is_one_event_that_ends_with_last(made: Path, tmp_path: Path):
    run(tmp_path / "c", made)
    records = recorded(tmp_path / "c")
    last = records["flags"] & RecordFlag.LAST != 0

    assert records["sequence"][last].tolist() == list(range(1, 12))
    assert last[-1]


def test_times_after_the_clocks_changed_are_summer_time(made: Path, tmp_path: Path):
    run(tmp_path / "c", made)

    # 2024-03-11, the day after the change: 09:30:00.1 in New York is 13:30:00.1 UTC.
    assert Catalog(tmp_path / "c").open("XYZ").first_ts == 1_710_163_800_100_000_000


def test_an_unknown_order_acts_on_what_the_file_shows(tmp_path: Path):
    messages = tmp_path / "XYZ_2024-03-11_m_message_2.csv"
    messages.write_text(
        "34200,1,1,10,1000000,1\n"
        "34201,4,777,30,1000000,1\n"  # rested before the open
        "34202,3,778,20,999900,1\n"  # the level goes; another comes into view
        "34203,1,2,5,999800,1\n"
        "34204,3,1,10,1000000,1\n"
    )
    orderbook = tmp_path / "orderbook.csv"
    empty = f"{DUMMY},0"
    orderbook.write_text(
        f"{empty},1000000,60,{empty},999900,20\n"
        f"{empty},1000000,30,{empty},999900,20\n"
        f"{empty},1000000,30,{empty},999800,7\n"
        f"{empty},1000000,30,{empty},999800,12\n"
        f"{empty},1000000,20,{empty},999800,12\n"
    )
    run(tmp_path / "c", messages, orderbook)
    recording = Catalog(tmp_path / "c").open("XYZ")

    assert list(rebuilt(recording, 2)) == expected(orderbook, 2)
    book = ReferenceBook().take_all(recording.records())
    # Of the made-up orders 20 and 7 are left; the announced order 2 is its own.
    left = {ref >= MADE_UP: size for ref, (_, _, size) in book.orders.items()}
    assert book.orders[2] == [1, 999_800, 5]
    assert left[True] in (20, 7)
    executed = recording.records()
    executed = executed[executed["kind"] == EventKind.ORDER_EXECUTE]
    assert executed["size"].tolist() == [30]


def test_what_an_auction_changes_is_believed(tmp_path: Path):
    messages = tmp_path / "XYZ_2024-03-11_m_message_2.csv"
    lines = [
        "34200,1,1,10,1000000,1",
        "34201,1,2,10,999900,1",
        "34202,6,0,4,1000000,-1",
        "34203,1,3,5,999900,1",
    ]
    messages.write_text("\n".join(lines) + "\n")
    orderbook = tmp_path / "orderbook.csv"
    empty = f"{DUMMY},0"
    rows_ = [
        f"{empty},1000000,10,{empty},-{DUMMY},0",
        f"{empty},1000000,10,{empty},999900,10",
        f"{empty},1000000,6,{empty},999900,10",  # no message of the order itself
        f"{empty},1000000,6,{empty},999900,15",
    ]
    orderbook.write_text("\n".join(rows_) + "\n")
    run(tmp_path / "c", messages, orderbook)
    assert list(rebuilt(Catalog(tmp_path / "c").open("XYZ"), 2)) == expected(
        orderbook, 2
    )

    messages.write_text("\n".join(lines).replace("34202,6", "34202,5") + "\n")
    with pytest.raises(FileFormatError, match="row 3, column bid size 1: does not"):
        run(tmp_path / "d", messages, orderbook)


def test_without_an_orderbook_unknown_orders_change_no_book(tmp_path: Path):
    messages = tmp_path / "XYZ_2024-03-11_m_message_2.csv"
    messages.write_text(
        "34200,1,1,10,1000000,1\n34201,4,777,30,1000000,1\n34202,3,778,20,999900,1\n"
    )
    report = run(tmp_path / "c", messages)
    made_rows = list(rebuilt(Catalog(tmp_path / "c").open("XYZ"), 1))

    assert len(made_rows) == 3
    assert "2 events were of others" in report.notes[0]


def broken(at: int, text: str) -> str:
    lines = OPENING.splitlines()
    lines[at - 1] = text
    return "\n".join(lines) + "\n"


FAULTS = [
    (broken(2, "34200.2,1,12,50,1000100"), r"row 2: a row must have 6 columns, has 5"),
    (broken(2, "34200.2x,1,12,50,1000100,-1"), r"row 2, column time: .*'34200\.2x'"),
    (broken(2, "34200.1234567891,1,12,50,1000100,-1"), r"row 2, column time: .*9 dec"),
    (broken(2, "34200.2,9,12,50,1000100,-1"), r"row 2, column type: must be 1 to 7"),
    (broken(2, "34200.2,1,a,50,1000100,-1"), r"row 2, column order id: .*was 'a'"),
    (broken(2, "34200.2,1,12,-5,1000100,-1"), r"row 2, column size: must be positive"),
    (broken(2, "34200.2,1,12,5,0,-1"), r"row 2, column price: must be positive"),
    (broken(2, "34200.2,1,12,5,1000100,2"), r"row 2, column direction: must be 1 or"),
    (broken(2, "34200.2,1,12,5,99999999999999999999,1"), r"row 2, column price"),
    (broken(4, "34200.1,1,12,50,1000100,-1"), r"row 4, column time: must not go back"),
    (broken(2, "86400,1,12,50,1000100,-1"), r"row 2, column time: must lie in"),
    (broken(2, "nan,1,12,50,1000100,-1"), r"row 2, column time"),
    (broken(2, ""), r"row 2, column time: .*was ''"),
    (broken(11, "34200.9,7,0,0,5,-1"), r"row 11, column price: must be -1, 0 or 1"),
]


@pytest.mark.parametrize(("text", "says"), FAULTS)
def test_a_bad_row_is_named_and_nothing_is_imported(
    made: Path, tmp_path: Path, text: str, says: str
):
    made.write_text(text)

    with pytest.raises(FileFormatError, match=says):
        run(tmp_path / "c", made)
    assert Catalog(tmp_path / "c").names() == []
    assert "XYZ" not in Catalog(tmp_path / "c").master


@pytest.mark.parametrize(("text", "says"), FAULTS)
def test_what_is_sound_is_imported_when_told_to(
    made: Path, tmp_path: Path, text: str, says: str
):
    made.write_text(text)

    report = run(tmp_path / "c", made, skip_bad=True)

    assert report.skipped == 1
    assert len(list(rebuilt(Catalog(tmp_path / "c").open("XYZ"), 1))) == 10


def corrupted(tmp_path: Path, change) -> tuple[Path, Path]:
    """The first 2,000 rows of the real ten-level sample, the orderbook changed."""
    out = []
    for what in ("message", "orderbook"):
        path = shared_data("lobster", SAMPLES[10].format(what))
        with gzip.open(path, "rt") as file:
            lines = [next(file) for _ in range(2000)]
        out.append(tmp_path / f"AMZN_2012-06-21_{what}.csv")
        out[-1].write_text("".join(change(lines) if what == "orderbook" else lines))
    return out[0], out[1]


def swapped(lines: list[str]) -> list[str]:
    return [*lines[:1000], lines[1500], *lines[1001:1500], lines[1000], *lines[1501:]]


def digit(lines: list[str]) -> list[str]:
    fields = lines[700].split(",")
    fields[1] = str(int(fields[1]) + 100)
    return [*lines[:700], ",".join(fields), *lines[701:]]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (swapped, r"row 1001, column (bid|ask) size \d+: does not follow"),
        (digit, r"row 701, column ask size 1: does not follow .* was \d+, they give"),
        (lambda lines: lines[:1500], r"a row per message: 1500 rows for 2000 messages"),
        (lambda lines: [*lines, lines[-1]], r"row 2001: must have a row per message"),
        (lambda lines: ["1,2,3\n", *lines[1:]], r"row 1: must have four columns"),
        (
            lambda lines: [*lines[:9], lines[9].replace(",", ",x", 1), *lines[10:]],
            r"row 10, column ask size 1: must be a number, was 'x\d+'",
        ),
    ],
)
def test_an_orderbook_that_does_not_fit_is_refused(tmp_path: Path, change, says: str):
    messages, orderbook = corrupted(tmp_path, change)

    with pytest.raises(FileFormatError, match=says):
        run(tmp_path / "c", messages, orderbook)
    assert Catalog(tmp_path / "c").names() == []


def test_a_wrong_orderbook_row_is_believed_when_told_to(tmp_path: Path):
    messages, orderbook = corrupted(tmp_path, digit)

    report = run(tmp_path / "c", messages, orderbook, skip_bad=True)

    assert "2 differences that no message explains" in report.notes[0]
    recording = Catalog(tmp_path / "c").open("AMZN")
    assert list(rebuilt(recording, 10)) == expected(orderbook, 10)


def test_a_truncated_file_is_named_and_its_start_can_be_had(made: Path, tmp_path: Path):
    packed = gzip.compress(OPENING.encode())
    cut = tmp_path / "XYZ_2024-03-11_m_message_5.csv.gz"
    cut.write_bytes(packed[:-20])

    with pytest.raises(FileFormatError, match="gzip data end early, at byte"):
        run(tmp_path / "c", cut)
    report = run(tmp_path / "c", cut, skip_bad=True)

    assert report.skipped >= 1
    assert Catalog(tmp_path / "c").open("XYZ").rows > 2


def test_the_day_must_be_known(tmp_path: Path, made: Path):
    bare = made.rename(tmp_path / "messages.csv")

    with pytest.raises(FileFormatError, match="or use --date"):
        run(tmp_path / "c", bare, name="XYZ")
    run(tmp_path / "c", bare, name="XYZ", day=date(2024, 3, 11))
    assert Catalog(tmp_path / "c").open("XYZ").first_ts == 1_710_163_800_100_000_000


@settings(max_examples=40)
@given(data=st.data())
def test_damaged_bytes_never_crash(tmp_path_factory, data):
    packed = data.draw(st.booleans())
    body = bytearray(
        gzip.compress(OPENING.encode(), mtime=0) if packed else OPENING.encode()
    )
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at] = data.draw(st.integers(0, 255))
    body = body[: data.draw(st.integers(0, len(body)))]
    root = tmp_path_factory.mktemp("fuzz")
    path = root / "XYZ_2024-03-11_m_message_5.csv"
    path.write_bytes(body)

    for skip_bad in (False, True):
        with suppress(RingsideError):
            run(root / "c", path, skip_bad=skip_bad)
            continue
        assert Catalog(root / "c").names() == []
