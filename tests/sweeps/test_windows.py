"""How time is cut for a walk forward."""

import itertools
from datetime import date

import pytest

from app.errors import RequestError
from app.sweeps.windows import Length, Window, parse_scheme, windows_of


def test_windows_roll() -> None:
    found = windows_of(parse_scheme("1y:6m"), date(2020, 1, 1), date(2021, 12, 31))

    assert found == [
        Window(date(2020, 1, 1), date(2021, 1, 1), date(2021, 7, 1)),
        Window(date(2020, 7, 1), date(2021, 7, 1), date(2022, 1, 1)),
    ]


def test_anchored_windows_grow() -> None:
    found = windows_of(
        parse_scheme("10d:4d:anchored"), date(2020, 1, 1), date(2020, 1, 17)
    )

    assert found == [
        Window(date(2020, 1, 1), date(2020, 1, 11), date(2020, 1, 15)),
        Window(date(2020, 1, 1), date(2020, 1, 15), date(2020, 1, 18)),
    ]


@pytest.mark.parametrize("text", ["1y:1m", "31d:7d", "2m:1w", "5m:1m:anchored"])
def test_parts_out_of_sample_lie_end_to_end(text: str) -> None:
    found = windows_of(parse_scheme(text), date(2019, 1, 31), date(2021, 3, 15))

    for before, after in itertools.pairwise(found):
        assert before.end == after.split
    assert found[-1].end == date(2021, 3, 16)


@pytest.mark.parametrize(
    ("text", "start", "after"),
    [
        ("1m", date(2020, 1, 31), date(2020, 2, 29)),
        ("1y", date(2020, 2, 29), date(2021, 2, 28)),
        ("11m", date(2020, 1, 15), date(2020, 12, 15)),
        ("2w", date(2020, 1, 1), date(2020, 1, 15)),
    ],
)
def test_lengths_go_by_the_calendar(text: str, start: date, after: date) -> None:
    length = Length(int(text[:-1]), text[-1])

    assert length.after(start) == after


@pytest.mark.parametrize("text", ["1y", "1y:0d", "1q:1d", "1y:1d:rolling", "x"])
def test_what_is_no_scheme_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="--walk-forward"):
        parse_scheme(text)
