"""Axes, grids and samples: what is read, what is refused."""

from typing import Any

import pytest

from app.errors import RequestError
from app.sweeps.axes import (
    Axis,
    check_names,
    grid,
    normal_table,
    parse_axis,
    sample,
    with_point,
)


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("lookback=10:25:5", "lookback", (10, 15, 20, 25)),
        ("entryZScore=1:2:0.25", "entry_z_score", (1.0, 1.25, 1.5, 1.75, 2.0)),
        ("one.slow=5:7", "one.slow", (5, 6, 7)),
        ("slow=1,2,5", "slow", (1, 2, 5)),
        ("models.queue=exact,pessimistic", "models.queue", ("exact", "pessimistic")),
        ("is_long=true,false", "is_long", (True, False)),
        ("interval=1m,1d", "interval", ("1m", "1d")),
        ("x=0.1:0.3:0.1", "x", (0.1, 0.2, 0.3)),
    ],
)
def test_an_axis_is_read(text: str, name: str, values: tuple[Any, ...]) -> None:
    axis = parse_axis(text)

    assert (axis.name, axis.values) == (name, values)
    assert [type(each) for each in axis.values] == [type(each) for each in values]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lookback", "NAME=VALUES"),
        ("=1,2", "NAME=VALUES"),
        ("x=5:1:1", "ends before it begins"),
        ("x=1:5:0", "step must be positive"),
        ("x=1:2:3:4", "FIRST:LAST"),
        ("x=1:b", "'b' is no number"),
        ("x=1,,2", "a value is missing"),
        ("x=1,1", "given twice"),
        ("x=1:nan", "no finite number"),
        ("interval=1m,soon", "like 1m"),
        ("x=1:9999999:1", "9,999,999 values"),
    ],
)
def test_what_is_no_axis_is_refused(text: str, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        parse_axis(text)


def test_the_last_axis_varies_fastest() -> None:
    assert grid([Axis("a", (1, 2)), Axis("b", (3, 4))]) == [
        (1, 3),
        (1, 4),
        (2, 3),
        (2, 4),
    ]


def test_a_grid_too_large_says_so() -> None:
    with pytest.raises(RequestError, match="--random N"):
        grid([Axis("a", tuple(range(2000))), Axis("b", tuple(range(2000)))])


def test_a_range_without_a_step_is_for_samples() -> None:
    axis = parse_axis("z=0.5:2.5")

    with pytest.raises(RequestError, match="needs a step"):
        grid([axis])
    drawn = sample([axis], 200, 3)
    assert len(set(drawn)) == 200
    assert all(0.5 <= each <= 2.5 for (each,) in drawn)
    assert 1.3 < sum(each for (each,) in drawn) / 200 < 1.7


def test_a_sample_is_the_same_for_the_same_seed() -> None:
    axes = [Axis("a", tuple(range(50))), Axis("b", tuple(range(50)))]

    assert sample(axes, 40, 1) == sample(axes, 40, 1) != sample(axes, 40, 2)
    assert len(set(sample(axes, 40, 1))) == 40
    assert sample(axes, 10_000, 1) == grid(axes)
    with pytest.raises(RequestError, match="--random"):
        sample(axes, 0, 1)


TABLE = {
    "symbols": ["A"],
    "models": {"orderLatencyUs": 5},
    "strategies": [
        {"name": "SMA Cross", "parameters": {"fast": 3}},
        {"id": "two", "name": "SMA Cross", "allocation": 0.5},
    ],
}


def test_a_point_is_put_into_a_request() -> None:
    axes = [
        Axis("two.slow", (9,)),
        Axis("fast", (4,)),
        Axis("models.participation", (0.5,)),
        Axis("interval", ("1d",)),
        Axis("strategy_1.allocation", (0.25,)),
    ]

    found = with_point(TABLE, axes, (9, 4, 0.5, "1d", 0.25))

    assert found["strategies"][0]["parameters"] == {"fast": 4}
    assert found["strategies"][1]["parameters"] == {"slow": 9, "fast": 4}
    assert found["strategies"][0]["allocation"] == 0.25
    assert found["models"] == {"order_latency_us": 5, "participation": 0.5}
    assert found["interval"] == "1d"
    assert TABLE["strategies"][0]["parameters"] == {"fast": 3}  # type: ignore[index]
    assert normal_table(normal_table(TABLE)) == normal_table(TABLE)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("slwo", "no parameter 'slwo': one has fast, slow"),
        ("other.slow", "no strategy 'other'; there is one"),
    ],
)
def test_an_axis_that_names_nothing_is_refused(name: str, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        check_names([Axis(name, (1,))], {"one": ["fast", "slow"]})


def test_an_axis_is_given_once() -> None:
    with pytest.raises(RequestError, match="varied twice"):
        check_names([Axis("fast", (1,)), Axis("fast", (2,))], {"one": ["fast"]})
