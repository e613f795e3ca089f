"""Rows that create, change and delete orders: the book they leave, fills told once."""

import csv
import lzma
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from app.data.catalog import Catalog, Recording
from app.data.guess import Answers
from app.data.importing import Options, Report, run_import
from app.data.recognise import Given, preview, recognise
from app.engine.records import BUY, SELL, EventKind, RecordFlag
from app.errors import FileFormatError, RingsideError
from tests.data.reference_book import ReferenceBook
from tests.shared_data import shared_data

HEAD = "id,timestamp,price,volume,action,direction\n"
T0 = 1_430_438_404_000
K = EventKind
MAP = (
    "kind=orders,header=yes,instrument=ACME,time=timestamp:ms,order=id,price=price,"
    "size=volume,action=action,side=direction"
)


def made(root: Path, *rows: str, name: str = "ACME.csv") -> Path:
    path = root / name
    path.write_text(HEAD + "\n".join(rows))
    return path


def imported(path: Path, *, skip_bad: bool = False, **said: Any) -> Report:
    catalog = Catalog(path.parent / "catalog")
    found = recognise([path], catalog, Given(Answers(instrument="ACME"), **said))
    assert not found.questions
    options = Options("ACME", skip_bad)
    preview(found, [path], catalog, options)
    return run_import(found.importer, [path], catalog, options)


def opened(path: Path) -> Recording:
    return Catalog(path.parent / "catalog").open("ACME")


def told(recording: Recording) -> list[tuple[str, int, int]]:
    """Kind, size and aggressor of each record after the first two marks."""
    records = recording.records()[2:]
    columns = (records[name].tolist() for name in ("kind", "size", "aggressor"))
    return [(K(kind).name, n, who) for kind, n, who in zip(*columns, strict=True)]


def row(at: int, order: int, what: str, size: int, side: str = "bid", price: int = 10):
    return f"{order},{T0 + at},{price},{size},{what},{side}"


def test_bitstamps_orders_leave_the_book_that_they_tell(tmp_path: Path):
    path = shared_data("bitstamp_l3", "bitstamp_btcusd_20150501_orders.csv.xz")
    catalog = Catalog(tmp_path)
    found = recognise([path], catalog, Given(Answers(instrument="BTCUSD")))
    assert any("1e-8" in each for each in found.assumed)
    with lzma.open(path, "rt") as file:
        rows = list(csv.DictReader(file))

    report = run_import(found.importer, [path], catalog, Options("BTCUSD"))

    recording = catalog.open("BTCUSD")
    records = recording.records()
    unit = recording.instrument.quantity_units
    expected: dict[int, list[int]] = {}
    filled = 0
    for each in rows:
        order, volume = int(each["id"]), int(each["volume"])
        before = expected.pop(order, None)
        if each["action"] != "deleted" and volume:
            side = BUY if each["direction"] == "bid" else SELL
            price = recording.instrument.price_units(each["price"])
            expected[order] = [side, price, volume]
        if before is not None and each["action"] != "created":
            same = before[1] == recording.instrument.price_units(each["price"])
            is_gone = each["action"] == "deleted"
            fills = volume == 0 if is_gone else same and volume < before[2]
            filled += fills * (before[2] - volume)
    book = ReferenceBook().take_all(records)
    assert unit("0.00000001") == 1
    assert book.orders == expected
    assert len(records) == len(rows) + 2
    assert np.all(records["flags"][2:] & RecordFlag.LAST)
    # 480 trades are told by both of their orders; the rest by one of them.
    traded = sum(size for _, size, _ in book.trades)
    assert len(book.trades) == 1135 - 480 - 15
    assert filled / 2 < traded < filled
    assert any("209 events were of orders" in note for note in report.notes)


def test_a_trade_is_told_once_by_the_order_that_rested(tmp_path: Path):
    path = made(
        tmp_path,
        *(row(0, 1, "created", 5, "ask"), row(1, 2, "created", 3, "bid")),
        *(row(2, 2, "deleted", 0, "bid"), row(3, 1, "changed", 2, "ask")),
        *(row(10, 3, "created", 2, "bid"), row(11, 1, "deleted", 0, "ask")),
        row(12, 3, "deleted", 0, "bid"),
    )

    imported(path)

    assert told(opened(path)) == [
        *(("ORDER_ADD", 5, 0), ("ORDER_ADD", 3, 0)),
        *(("ORDER_CANCEL", 3, 0), ("ORDER_EXECUTE", 3, BUY)),
        *(("ORDER_ADD", 2, 0), ("ORDER_EXECUTE", 2, BUY), ("ORDER_CANCEL", 2, 0)),
    ]


def test_fills_far_apart_are_two_trades(tmp_path: Path):
    path = made(
        tmp_path,
        *(row(0, 1, "created", 5, "ask"), row(1, 2, "created", 3, "bid")),
        *(row(2, 2, "deleted", 0, "bid"), row(1003, 1, "changed", 2, "ask")),
    )

    imported(path)

    assert told(opened(path))[2:] == [
        ("ORDER_EXECUTE", 3, SELL),
        ("ORDER_EXECUTE", 3, BUY),
    ]


def test_what_is_left_of_a_deleted_order_was_cancelled(tmp_path: Path):
    path = made(
        tmp_path,
        *(row(0, 1, "created", 5), row(1, 1, "deleted", 5)),
        *(row(2, 2, "created", 5), row(3, 2, "changed", 7), row(4, 2, "changed", 7)),
        row(5, 2, "changed", 6, price=11),
    )

    imported(path)

    kinds = [kind for kind, _, _ in told(opened(path))]
    assert kinds == [
        *("ORDER_ADD", "ORDER_CANCEL"),
        *("ORDER_ADD", "ORDER_MODIFY", "TIMER", "ORDER_MODIFY"),
    ]


def test_orders_from_before_are_unknown_until_a_change(tmp_path: Path):
    path = made(
        tmp_path,
        *(row(0, 7, "deleted", 0), row(1, 8, "changed", 4), row(2, 8, "deleted", 0)),
        row(3, 9, "deleted", 2),
    )

    report = imported(path)

    kinds = [kind for kind, _, _ in told(opened(path))]
    assert kinds == ["TIMER", "ORDER_ADD", "ORDER_EXECUTE", "TIMER"]
    assert any("3 events were of orders" in note for note in report.notes)


def test_a_lost_delete_leaves_the_book_crossed(tmp_path: Path):
    path = made(tmp_path, row(0, 1, "created", 5), row(1, 2, "created", 5, "ask", 9))

    imported(path)

    book = ReferenceBook().take_all(opened(path).records())
    assert book.top(BUY, 1)[0][0] > book.top(SELL, 1)[0][0]


def test_a_mapping_says_the_same_and_shifts_sizes(tmp_path: Path):
    rows = row(0, 1, "created", 5), row(1, 1, "changed", 2)
    path = made(tmp_path, *rows)
    imported(path)
    guessed = opened(path).records().tobytes()
    imported(path, mapping=MAP)
    assert opened(path).records().tobytes() == guessed

    (tmp_path / "s").mkdir()
    shifted = made(tmp_path / "s", *rows)
    imported(shifted, mapping=f"{MAP},size_shift=3")

    recording = opened(shifted)
    size = int(recording.records()["size"][2])
    assert str(recording.instrument.quantity(size)) == "0.005"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("2,1430438405000,10,1,stolen,bid", "no action that is read"),
        ("x,1430438405000,10,1,created,bid", "must be a whole number"),
        ("2,1430438405000,10,1,created,none", "must be bid or ask"),
        ("2,1430438405000,10,-1,created,bid", "must not be negative"),
        ("2,1430438403000,10,1,created,bid", "must not go back"),
        ("1,1430438405000,10,1,created,bid", "must not be in the book already"),
        ("1,1430438405000,10,1,changed,ask", "must stay on its side"),
    ],
)
def test_what_is_no_event_of_an_order_is_refused(tmp_path: Path, text: str, rule: str):
    path = made(tmp_path, row(0, 1, "created", 5), text)

    with pytest.raises(FileFormatError, match=rule):
        imported(path)


def test_unknown_actions_are_left_out_where_the_mapping_is_given(tmp_path: Path):
    path = made(tmp_path, row(0, 1, "created", 5), row(1, 1, "stolen", 5))

    report = imported(path, skip_bad=True, mapping=MAP)

    assert report.skipped == 1
    assert "must be created, changed or deleted" in report.problems[0]


@given(st.data())
@settings(max_examples=60)
def test_any_events_keep_to_the_book(tmp_path_factory, data: st.DataObject):
    root = tmp_path_factory.mktemp("any")
    events = st.tuples(
        st.integers(1, 5),
        st.sampled_from(["created", "changed", "deleted"]),
        st.integers(0, 4),
        st.sampled_from(["bid", "ask"]),
        st.integers(9, 11),
    )
    rows = data.draw(st.lists(events, min_size=1, max_size=40))
    path = made(
        root, *(row(400 * i, o, a, n, s, p) for i, (o, a, n, s, p) in enumerate(rows))
    )

    report = imported(path, skip_bad=True)

    expected: dict[int, tuple[str, int, int]] = {}
    refused = 0
    for order, action, size, side, price in rows:
        known = expected.get(order)
        if known is not None and (action == "created" or known[0] != side):
            refused += 1
            continue
        expected.pop(order, None)
        if action != "deleted" and size:
            expected[order] = side, price, size
    assert report.skipped == refused
    book = ReferenceBook().take_all(opened(path).records())
    sides = {"bid": BUY, "ask": SELL}
    unit = opened(path).instrument.price_units
    assert book.orders == {
        order: [sides[side], unit(str(price)), size]
        for order, (side, price, size) in expected.items()
    }


@given(st.data())
@settings(max_examples=60)
def test_damaged_events_never_crash_it(tmp_path_factory, data: st.DataObject):
    root = tmp_path_factory.mktemp("fuzz")
    whole = made(root, row(0, 1, "created", 5), row(1, 1, "deleted", 0))
    body = bytearray(whole.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    whole.write_bytes(bytes(body))

    with suppress(RingsideError):
        imported(whole, skip_bad=True, mapping=MAP)
