"""Session marks: a futures market's hours, week by week, also as the clocks change."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, strategies as st

from app.data.catalog import Catalog
from app.data.dbn import DbnImporter
from app.data.importing import new_records, run_import
from app.data.instrument_master import InstrumentMaster, shipped_file
from app.data.session_marks import SessionMarks, is_open
from app.engine.book import BookReplay
from app.engine.records import EventKind, SessionState
from app.instrument import Hours, InstrumentKind
from tests.shared_data import shared_data

CHICAGO = ZoneInfo("America/Chicago")
GLOBEX = Hours.parse("17:00-16:00")
ES = InstrumentMaster.load(shipped_file()).instrument("ESH4")


def ns(text: str, zone: ZoneInfo = CHICAGO) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=zone)
    return round(moment.timestamp()) * 10**9


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-04 15:59:59", True),  # Monday
        ("2024-03-04 16:00:00", False),
        ("2024-03-04 16:59:59", False),
        ("2024-03-04 17:00:00", True),
        ("2024-03-08 15:59:59", True),  # Friday
        ("2024-03-08 16:30:00", False),
        ("2024-03-08 17:30:00", False),
        ("2024-03-09 12:00:00", False),  # Saturday
        ("2024-03-10 12:00:00", False),  # Sunday, the clocks have changed
        ("2024-03-10 16:59:59", False),
        ("2024-03-10 17:00:00", True),
    ],
)
def test_hours_through_midnight_run_from_sunday_to_friday(text: str, expected: bool):
    assert is_open(np.array([ns(text)]), GLOBEX, "America/Chicago").tolist() == [
        expected
    ]


@given(
    st.integers(0, 3 * 366 * 24 * 60), st.sampled_from(["17:00-16:00", "09:30-16:00"])
)
def test_hours_agree_with_a_plain_reading(minutes: int, text: str):
    start = datetime(2023, 1, 1, tzinfo=ZoneInfo("UTC"))
    local = (start + timedelta(minutes=minutes)).astimezone(CHICAGO)
    hours = Hours.parse(text)
    clock, weekday = local.time(), local.weekday()
    if hours.opens < hours.closes:
        expected = hours.opens <= clock < hours.closes and weekday < 5
    elif clock >= hours.opens:
        expected = weekday in (6, 0, 1, 2, 3)
    else:
        expected = clock < hours.closes and weekday in (0, 1, 2, 3, 4)

    time = np.array([round(local.timestamp()) * 10**9])
    assert is_open(time, hours, "America/Chicago").tolist() == [expected]


def test_marks_come_before_what_they_are_about():
    records = new_records(4)
    texts = ["2024-03-04 15:59", "2024-03-04 16:59", "2024-03-04 17:00"]
    records["ts_received"] = [ns(text) for text in [*texts, texts[-1]]]
    records["kind"] = EventKind.LEVEL
    marks = SessionMarks(ES)
    whole = np.concatenate([marks.put(records[:2]), marks.put(records[2:])])

    assert whole["kind"].tolist() == [12, 4, 12, 4, 12, 4, 4]
    states = whole["count"][whole["kind"] == EventKind.SESSION].tolist()
    assert states == [SessionState.OPEN, SessionState.PRE_OPEN, SessionState.OPEN]


def test_only_futures_get_marks():
    records = new_records(2)
    for other in (
        replace(ES, kind=InstrumentKind.STOCK),
        replace(ES, extended_hours=None),
    ):
        assert len(SessionMarks(other).put(records)) == 2


def test_rule_5_a_book_that_is_crossed_before_the_open_is_no_fault(tmp_path: Path):
    path = shared_data("databento", "esh4-glbx-mdp3-20231225.mbo.dbn.zst")
    run_import(DbnImporter(), [path], Catalog(tmp_path))
    recording = Catalog(tmp_path).open("ESH4")
    book = BookReplay("orders")
    opens = recording.search(1_703_545_200 * 10**9)  # 23:00 UTC
    rows = book.apply(recording.records(0, opens), 1)
    both = (rows["bid_size"] > 0) & (rows["ask_size"] > 0)
    crossed = both & (rows["bid_price"] >= rows["ask_price"])

    assert np.count_nonzero(crossed) > 800
    assert int(book.state["crossings"]) == 0
    assert int(book.state["stale"]) == 0
    assert int(book.state["session"]) == SessionState.PRE_OPEN
    book.apply(recording.records(opens), 1)
    assert int(book.state["session"]) == SessionState.OPEN
    assert int(book.state["bad_records"]) == 0
