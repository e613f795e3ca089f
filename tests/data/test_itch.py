"""ITCH: every type of message, the book it makes, and what may be wrong with a file."""

import gzip
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from app.data.catalog import Catalog, Recording
from app.data.importing import Options, Report, run_import
from app.data.itch import ItchImporter, day_of, venue_of
from app.data.itch_layout import LENGTHS, MESSAGES
from app.data.itch_walk import Batch, Walker
from app.data.local_time import midnight_ns
from app.data.text_columns import Issues
from app.engine.records import (
    BUY,
    SELL,
    EventKind,
    RecordFlag,
    SessionState,
    TradeCondition,
)
from app.errors import FileFormatError, RingsideError
from tests.data.itch_made import (
    MIDNIGHT_NS,
    OPEN_NS,
    added,
    begin,
    framed,
    message,
)
from tests.data.reference_book import ReferenceBook, rows
from tests.shared_data import shared_data

DAY = date(2023, 8, 22)
SPEC = dict(
    zip(
        "SRHYLVWKJhAFECXDUPQBINO",
        [
            *(12, 39, 25, 20, 26, 35, 12, 28, 35, 21, 36, 40),
            *(31, 36, 23, 19, 35, 44, 40, 19, 50, 20, 48),
        ],
        strict=True,
    )
)
"""Bytes of each type, from Nasdaq's specification."""
K = EventKind


def run(
    root: Path,
    messages: Sequence[bytes] | bytes,
    *,
    name: str | None = None,
    skip_bad: bool = False,
    every: bool = False,
    file: str = "20230822.NASDAQ_ITCH50",
) -> Report:
    root.mkdir(exist_ok=True)
    path = root / file
    body = messages if isinstance(messages, bytes) else framed(messages)
    path.write_bytes(body)
    importer = ItchImporter(every=every)
    return run_import(importer, [path], Catalog(root), Options(name, skip_bad))


def recorded(
    root: Path, messages: Sequence[bytes], name: str = "AMZN"
) -> tuple[Recording, list[tuple[int, ...]]]:
    """The recording, and kind, price, size, reference and side after the begin."""
    run(root, [*begin(), *messages])
    recording = Catalog(root).open(name)
    told = [
        tuple(int(row[each]) for each in ("kind", "price", "size", "reference", "side"))
        for row in recording.records()
    ]
    start = len(begin()) + 1  # R is no event; the snapshot has two marks
    return recording, [(K(kind), *rest) for kind, *rest in told[start:]]


def test_layouts_have_the_lengths_of_the_specification():
    assert {chr(code): each.itemsize for code, each in MESSAGES.items()} == SPEC
    assert LENGTHS.tolist() == [SPEC.get(chr(code), 0) for code in range(256)]


def test_every_type_of_the_real_begin_of_a_day_is_walked():
    path = shared_data("itch", "nasdaq2019_first1000.itch50")
    data = np.frombuffer(path.read_bytes(), np.uint8)
    batch = Batch(data, np.array([[0, len(data), 1, 0]]))

    messages, _ = Walker().walk(batch, Issues(path))

    assert Counter(map(chr, messages.kind)) == {"S": 1, "R": 993, "H": 3, "Y": 3}
    assert (batch.consumed, batch.next_number) == (len(data), 1001)
    clock = [divmod(each // 10**9, 60) for each in messages.time[[0, -1]].tolist()]
    assert clock == [(3 * 60 + 4, 32), (3 * 60 + 9, 14)]


def test_the_real_begin_of_a_day_gives_the_instruments_sessions(tmp_path: Path):
    path = shared_data("itch", "nasdaq2019_first1000.itch50")

    importer = ItchImporter(date(2019, 7, 30))
    run_import(importer, [path], Catalog(tmp_path), Options("A,AADR"))

    stock, fund = (Catalog(tmp_path).open(name) for name in ("A", "AADR"))
    assert (stock.instrument.kind, fund.instrument.kind) == ("stock", "etf")
    assert stock.columns["kind"].tolist() == [
        K.SNAPSHOT_BEGIN,
        K.SNAPSHOT_END,
        K.SESSION,
        K.SESSION,
    ]
    assert stock.first_ts == midnight_ns(date(2019, 7, 30), "America/New_York") + (
        11_072_057_543_747
    )


def test_adds_executions_and_cancels_become_events_of_their_order(tmp_path: Path):
    _, told = recorded(
        tmp_path,
        [
            added(1, "B", 100, 1_000_000),
            message(
                "F",
                OPEN_NS,
                reference=2,
                side="S",
                size=50,
                stock="AMZN",
                price=1_000_100,
                participant="UBSS",
            ),
            message("E", OPEN_NS, reference=1, size=30, match=7),
            message("X", OPEN_NS, reference=1, size=20),
            message("C", OPEN_NS, reference=2, size=10, printable="Y", price=999_900),
            message("D", OPEN_NS, reference=1),
        ],
    )

    assert told == [
        (K.ORDER_ADD, 1_000_000, 100, 1, BUY),
        (K.ORDER_ADD, 1_000_100, 50, 2, SELL),
        (K.ORDER_EXECUTE, 1_000_000, 30, 1, BUY),
        (K.ORDER_CANCEL, 1_000_000, 20, 1, BUY),
        (K.ORDER_EXECUTE, 999_900, 10, 2, SELL),
        (K.ORDER_CANCEL, 1_000_000, 0, 1, BUY),
    ]


def test_aggressor_is_the_side_that_did_not_rest(tmp_path: Path):
    recording, _ = recorded(
        tmp_path,
        [
            added(1, "B", 100, 1_000_000),
            message("E", OPEN_NS, reference=1, size=30),
            message("P", OPEN_NS, side="B", size=5, stock="AMZN", price=1_000_050),
        ],
    )

    assert recording.columns["aggressor"][-2:].tolist() == [SELL, 0]
    assert recording.columns["conditions"][-1] == TradeCondition.HIDDEN


def test_rule_16_a_replacement_is_a_cancel_and_an_add_at_the_back(tmp_path: Path):
    recording, told = recorded(
        tmp_path,
        [
            added(1, "S", 100, 1_000_000),
            message(
                "U", OPEN_NS, reference=1, new_reference=9, size=70, price=1_000_200
            ),
            message("E", OPEN_NS, reference=9, size=70),
        ],
    )

    assert told[1:] == [
        (K.ORDER_CANCEL, 1_000_000, 0, 1, SELL),
        (K.ORDER_ADD, 1_000_200, 70, 9, SELL),
        (K.ORDER_EXECUTE, 1_000_200, 70, 9, SELL),
    ]
    last = recording.columns["flags"][-3:] & RecordFlag.LAST
    assert last.tolist() == [0, RecordFlag.LAST, RecordFlag.LAST]


def test_shares_of_a_cross_are_told_once_by_the_cross(tmp_path: Path):
    recording, told = recorded(
        tmp_path,
        [
            added(1, "B", 100, 1_000_000),
            message("C", OPEN_NS, reference=1, size=60, printable="N", price=999_000),
            message("Q", OPEN_NS, size=60, stock="AMZN", price=999_000, cross="O"),
            message("Q", OPEN_NS, size=0, stock="AMZN", cross="C"),
        ],
    )

    assert told[1:] == [
        (K.ORDER_CANCEL, 1_000_000, 60, 1, BUY),
        (K.TRADE, 999_000, 60, 0, 0),
        (K.TIMER, 0, 0, 0, 0),
    ]
    crossed = TradeCondition.CROSS | TradeCondition.AUCTION
    assert recording.columns["conditions"][-2] == crossed


def test_events_and_halts_become_sessions(tmp_path: Path):
    halts = [
        message("H", OPEN_NS, stock="AMZN", state="H"),
        message("H", OPEN_NS, stock="AMZN", state="Q"),
        message("H", OPEN_NS, stock="AMZN", state="T"),
        message("h", OPEN_NS, stock="AMZN", market="Q", action="H"),
        message("h", OPEN_NS, stock="AMZN", market="B", action="T"),
        message("h", OPEN_NS, stock="AMZN", market="Q", action="T"),
        message("S", 13 * 3600 * 10**9, 0, event="M"),
    ]
    recording, _ = recorded(tmp_path, halts)

    sessions = recording.columns["count"][recording.columns["kind"] == K.SESSION]
    state = SessionState
    assert sessions.tolist() == [
        *(state.CLOSED, state.CLOSED, state.PRE_OPEN, state.OPEN),
        *(state.HALTED, state.PRE_OPEN, state.OPEN, state.HALTED, state.OPEN),
        state.CLOSED,
    ]


def test_reports_that_are_no_market_make_no_event(tmp_path: Path):
    _, told = recorded(
        tmp_path,
        [
            message("Y", OPEN_NS, stock="AMZN", action="0"),
            message("L", OPEN_NS, participant="UBSS", stock="AMZN"),
            message("V", OPEN_NS, 0),
            message("W", OPEN_NS, 0, level="1"),
            message("K", OPEN_NS, stock="AMZN"),
            message("J", OPEN_NS, stock="AMZN"),
            message("B", OPEN_NS, match=1),
            message("I", OPEN_NS, stock="AMZN"),
            message("N", OPEN_NS, stock="AMZN"),
            message("O", OPEN_NS, stock="AMZN"),
            added(1, "B", 100, 1_000_000),
        ],
    )

    assert told == [(K.ORDER_ADD, 1_000_000, 100, 1, BUY)]


def test_times_are_new_yorks_and_the_sequence_is_the_messages_number(tmp_path: Path):
    recording, _ = recorded(tmp_path, [added(1, "B", 1, 1_000_000, OPEN_NS + 5)])

    last = recording.records()[-1]
    assert last["ts_venue"] == last["ts_received"] == MIDNIGHT_NS + OPEN_NS + 5
    assert last["sequence"] == len(begin()) + 1
    assert recording.segments[0].meta.time_zone == "America/New_York"


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("01302019.NASDAQ_ITCH50.gz", date(2019, 1, 30)),
        ("20190830.BX_ITCH_50.gz", date(2019, 8, 30)),
        ("S081321-v50.txt.gz", date(2021, 8, 13)),
        ("Bx.Equities.TotalView.Itch.v5.0.20230822__Add.pcap", date(2023, 8, 22)),
        ("itch-2020-02-29.bin", date(2020, 2, 29)),
        ("99999999.NASDAQ_ITCH50", None),
        ("itch50", None),
    ],
)
def test_a_files_name_tells_its_day(name: str, day: date | None):
    assert day_of(Path(name)) == day


def test_a_files_name_tells_its_venue():
    names = ["01302019.NASDAQ_ITCH50", "20190830.BX_ITCH_50", "20190830.PSX_ITCH_50"]

    assert [venue_of(Path(each)) for each in names] == ["XNAS", "XBOS", "XPSX"]


def test_without_a_day_the_option_is_asked_for(tmp_path: Path):
    with pytest.raises(FileFormatError, match="--date"):
        run(tmp_path, begin(), file="itch50")


def test_of_several_instruments_one_is_asked_for(tmp_path: Path):
    two = [*begin(), message("R", OPEN_NS, 2, stock="MSFT")]

    with pytest.raises(
        FileFormatError, match=r"AMZN, MSFT.*--instrument NAME, or --all"
    ):
        run(tmp_path, two)
    with pytest.raises(FileFormatError, match="holds nothing of TSLA"):
        run(tmp_path, two, name="AMZN,TSLA")


def test_all_instruments_are_kept_apart(tmp_path: Path):
    both = [
        *begin(),
        message("R", OPEN_NS, 2, stock="MSFT"),
        added(1, "B", 10, 1_000_000),
        added(2, "S", 20, 2_000_000, stock="MSFT", locate=2),
        message("E", OPEN_NS, 2, reference=2, size=5),
        message("S", OPEN_NS, 0, event="M"),
    ]
    run(tmp_path, both, every=True)

    found = {name: Catalog(tmp_path).open(name) for name in Catalog(tmp_path).names()}
    kinds = {
        name: [K(each).name for each in each.columns["kind"] if each != K.SESSION]
        for name, each in found.items()
    }
    marks = ["SNAPSHOT_BEGIN", "SNAPSHOT_END"]
    assert kinds == {
        "AMZN": [*marks, "ORDER_ADD"],
        "MSFT": [*marks, "ORDER_ADD", "ORDER_EXECUTE"],
    }


def test_a_second_day_begins_with_an_empty_book(tmp_path: Path):
    for day in ("20230822", "20230823"):
        messages = [*begin(), added(1, "B", 10, 1_000_000)]
        (tmp_path / f"{day}.NASDAQ_ITCH50").write_bytes(framed(messages))
    paths = sorted(tmp_path.glob("*.NASDAQ_ITCH50"))
    run_import(ItchImporter(), paths, Catalog(tmp_path))

    book = ReferenceBook()
    for record in Catalog(tmp_path).open("AMZN").records():
        book.apply(record)

    assert book.top(BUY, 5) == [(1_000_000, 10)]


def test_data_that_begin_midway_say_so_and_drop_nothing(tmp_path: Path):
    joined = [
        message("D", OPEN_NS, reference=4),
        added(5, "B", 10, 1_000_000),
        message("E", OPEN_NS, reference=4, size=1),
        message("U", OPEN_NS, reference=3, new_reference=6, size=5, price=1_000_000),
    ]
    report = run(tmp_path, joined, name="AMZN")

    kinds = Catalog(tmp_path).open("AMZN").columns["kind"].tolist()
    assert kinds == [K.GAP, K.TIMER, K.ORDER_ADD, K.TIMER, K.TIMER]
    assert "3 events were of orders from before" in report.notes[0]


def test_compressed_files_are_read(tmp_path: Path):
    body = gzip.compress(framed([*begin(), added(1, "B", 10, 1_000_000)]))

    report = run(tmp_path, body, file="08222023.NASDAQ_ITCH50.gz")

    assert report.segments[0].rows == 7


def test_a_frame_of_no_bytes_ends_nothing(tmp_path: Path):
    body = framed([*begin(), added(1, "B", 10, 1_000_000)]) + b"\0\0"

    assert run(tmp_path, body).segments[0].rows == 7


FAULTS = {
    "no message of type @": [b"@" + bytes(11)],
    "type A must have 36 bytes, has 35": [added(1, "B", 1, 1)[:-1]],
    "row 6, column side: must be B or S, was X": [added(1, "X", 1, 1)],
    "row 6, column size: must be positive, was 0": [added(1, "B", 0, 1)],
    "row 6, column price: must be positive, was 0": [added(1, "B", 1, 0)],
    "row 6, column reference: must be positive": [added(0, "B", 1, 1)],
    "column reference: must not be of an order in": [added(1, "B", 1, 1)] * 2,
    "row 6, column reference: must be of an order in the book, was 8": [
        message("D", OPEN_NS, reference=8)
    ],
    "column size: must not pass what the order has left, was 3": [
        added(1, "B", 2, 1),
        message("E", OPEN_NS, reference=1, size=3),
    ],
    "column time: must not go back": [added(1, "B", 1, 1, OPEN_NS - 1)],
    "column time: must lie within a day": [added(1, "B", 1, 1, 86_400 * 10**9)],
    "column stock: must be a name": [added(1, "B", 1, 1, locate=3, stock="\x01")],
}


@pytest.mark.parametrize("rule", FAULTS)
def test_each_fault_is_named_with_its_message(tmp_path: Path, rule: str):
    with pytest.raises(FileFormatError) as caught:
        run(tmp_path, [*begin(), *FAULTS[rule]], name="AMZN")

    assert rule in str(caught.value)
    assert not Catalog(tmp_path).names()


@pytest.mark.parametrize("rule", FAULTS)
def test_what_is_sound_is_imported_when_told_to(tmp_path: Path, rule: str):
    messages = [*begin(), *FAULTS[rule], added(99, "B", 7, 1_000_000)]
    report = run(tmp_path, messages, name="AMZN", skip_bad=True)

    assert report.skipped == 1
    book = ReferenceBook()
    for record in Catalog(tmp_path).open("AMZN").records():
        book.apply(record)
    assert book.levels[BUY][1_000_000] == 7


def test_a_file_that_ends_inside_a_message_is_reported(tmp_path: Path):
    body = framed([*begin(), added(1, "B", 10, 1_000_000)])

    with pytest.raises(FileFormatError, match="ends inside a message"):
        run(tmp_path, body[:-1])
    assert run(tmp_path, body[:-1], skip_bad=True).segments[0].rows == 6


class Plain:
    """What messages mean, in a dictionary: side, price and size by reference."""

    def __init__(self) -> None:
        self.orders: dict[int, tuple[int, int, int]] = {}

    def take(self, code: str, reference: int, new: int, size: int, price: int) -> None:
        side, at, left = self.orders.pop(reference, (BUY if price % 2 else SELL, 0, 0))
        if code == "A":
            self.orders[reference] = (side, price, size)
        elif code == "U":
            self.orders[new] = (side, price, size)
        elif code in "EXC" and left > size:
            self.orders[reference] = (side, at, left - size)

    def top(self, side: int) -> list[tuple[int, int]]:
        levels: Counter[int] = Counter()
        for each, price, size in self.orders.values():
            if each == side:
                levels[price] += size
        return sorted(levels.items(), reverse=side == BUY)[:5]


@given(st.integers(0, 2**32), st.integers(1, 400))
@settings(max_examples=25)
def test_random_days_give_the_book_that_a_dictionary_gives(
    tmp_path_factory, seed: int, count: int
):
    chance, plain = random.Random(seed), Plain()
    messages, expected, free = begin(), [], 1
    for _ in range(count):
        live = list(plain.orders)
        code = chance.choice("AAAEXCDU") if live else "A"
        reference = free if code == "A" else chance.choice(live)
        size, price = chance.randint(1, 300), chance.randint(1, 9)
        if code in "EXC":
            size = chance.randint(1, plain.orders[reference][2])
        side = "B" if price % 2 else "S"
        numbers = {"size": size, "price": price, "new_reference": free}
        names = MESSAGES[ord(code)].names or ()
        known = {name: each for name, each in numbers.items() if name in names}
        words = {"side": side, "stock": "AMZN", "printable": "Y"}
        told = {name: each for name, each in words.items() if name in names}
        messages.append(message(code, OPEN_NS, 1, reference=reference, **known, **told))
        plain.take(code, reference, free, size, price)
        free += code in "AU"
        expected.append((plain.top(BUY), plain.top(SELL)))
    root = tmp_path_factory.mktemp("itch")
    run(root, messages)

    found = [
        (bids, asks) for _, bids, asks in rows(Catalog(root).open("AMZN").records(), 5)
    ]

    assert found[-count:] == expected


@given(st.data())
@settings(max_examples=60)
def test_damaged_bytes_never_crash_it(tmp_path_factory, data: st.DataObject):
    sound = [*begin(), *(added(k, "BS"[k % 2], 5, 10_000 + k) for k in range(1, 9))]
    body = bytearray(framed(sound))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(body)))
    root = tmp_path_factory.mktemp("fuzz")

    with suppress(RingsideError):
        run(root, bytes(body[:cut]), every=True, skip_bad=data.draw(st.booleans()))

    for name in Catalog(root).names():
        book = ReferenceBook()
        for record in Catalog(root).open(name).records():
            book.apply(record)


@given(st.binary(max_size=400))
@settings(max_examples=60)
def test_any_bytes_are_refused_in_words(tmp_path_factory, body: bytes):
    root = tmp_path_factory.mktemp("bytes")

    with suppress(RingsideError):
        run(root, body, every=True, skip_bad=True)
