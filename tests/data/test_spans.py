"""What lies between two dates: bars by their day or their open, the rest by time."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.data.catalog import Recording
from app.data.local_time import begins_ns
from app.data.spans import day_of, rows_between
from app.sessions.backtest.request import parse_request
from tests.bar_catalog import walk, write_bars

HOUR = 3_600_000_000_000
DAY = 24 * HOUR


def recorded(
    folder: Path, ts: Any, *, name: str = "RSTK", stream: str = "bars-1d"
) -> Recording:
    times = np.array(ts, np.int64)
    return write_bars(folder, name, walk(len(times), 3), stream=stream, ts=times).open(
        name, stream
    )


def stamps(recording: Recording, start: str | None, end: str | None) -> list[int]:
    request = parse_request(
        {
            "symbols": ["RSTK"],
            "strategies": [{"name": "SMA Cross"}],
            **({"startDate": start} if start else {}),
            **({"endDate": end} if end else {}),
        }
    )
    rows = rows_between(recording, request.start, request.end)
    return [int(x) for x in recording.column("ts_received")[rows.start : rows.stop]]


def days(first: date, count: int, zone: str, after: int = 0) -> list[int]:
    """When the days from one on end by a zone's clock, and so much later."""
    found = [
        begins_ns(date.fromordinal(first.toordinal() + i + 1), zone)
        for i in range(count)
    ]
    return [each + after for each in found]


@pytest.mark.parametrize("after", [0, -8 * HOUR])
@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2023-12-28", "2023-12-30"),
        ("2023-12-28T00:00:00Z", "2023-12-30T23:59:59Z"),
        ("2023-12-28T15:00:00Z", "2023-12-30T01:00:00Z"),
        ("2023-12-28T00:00:00-08:00", "2023-12-30T23:59:59-08:00"),
    ],
)
def test_bars_of_days_go_by_their_day_wherever_they_close(
    tmp_path: Path, after: int, start: str, end: str
) -> None:
    """Stamped at New York's midnight (05:00 UTC of the next day), or at 16:00."""
    times = days(date(2023, 12, 26), 6, "America/New_York", after)
    recording = recorded(tmp_path, times)

    assert stamps(recording, start, end) == times[2:5]
    assert [day_of(recording, each).day for each in times] == [26, 27, 28, 29, 30, 31]


def test_a_day_whose_clock_is_set_has_its_own_midnight(tmp_path: Path) -> None:
    times = days(date(2023, 3, 11), 3, "America/New_York")
    recording = recorded(tmp_path, times)

    assert np.diff(times).tolist() == [23 * HOUR, DAY]
    assert stamps(recording, "2023-03-12", "2023-03-12") == times[1:2]


def test_bars_of_several_days_lie_within_with_all_their_days(tmp_path: Path) -> None:
    ends = days(date(2023, 12, 1), 20, "America/New_York")
    recording = recorded(tmp_path, ends[4::5], stream="bars-5d")

    assert stamps(recording, "2023-12-06", "2023-12-15") == [ends[9], ends[14]]
    assert stamps(recording, "2023-12-07", "2023-12-14") == []


def test_shorter_bars_go_by_their_open(tmp_path: Path) -> None:
    """The bar of the last minute closes at midnight, that of the day before is out."""
    midnight = int(np.datetime64("2023-12-31", "ns").astype(np.int64))
    minute = 60_000_000_000
    times = [midnight + i * minute for i in range(-1, 3)]
    times += [midnight + DAY + i * minute for i in range(-1, 3)]
    recording = recorded(tmp_path, times, stream="bars-1m")

    inside = times[2:6]
    assert stamps(recording, "2023-12-31", "2023-12-31") == inside
    assert stamps(recording, "2023-12-31T00:00:00Z", "2023-12-31T23:59:59Z") == inside
    assert stamps(recording, None, "2024-01-01T00:00:00Z") == times[:6]
    assert stamps(recording, "2023-12-31T00:00:01Z", None) == times[3:]
    assert day_of(recording, midnight) == date(2023, 12, 30)


def test_what_tells_no_length_goes_by_when_it_came(tmp_path: Path) -> None:
    times = [1_000, 2_000, 3_000]
    recording = recorded(tmp_path, times, stream="trades")

    rows = rows_between(recording)
    assert rows == range(3)
    assert (
        stamps(recording, "1970-01-01T00:00:00.000002Z", "1970-01-01T00:00:00.000002Z")
        == times[1:2]
    )
