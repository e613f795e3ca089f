"""What a sweep varies: axes, the grid of their values, samples of it.

An axis is `NAME=VALUES`. NAME is a parameter of the strategies (`lookback`), of one of
several (`ID.lookback`), `allocation` or `ID.allocation`, `interval`, or a key of the
request's tables `models` and `fees` (`models.participation`). VALUES is a list
(`1,2,5`) or a range with both ends (`10:60:5`; without a step: by one, or, where an end
has a decimal point, anything between, for random sampling).
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import numpy as np

from app.data.bar_stamps import is_interval
from app.engine.limits import snake_case
from app.errors import RequestError

MOST_CELLS: Final = 1_000_000
_TABLES: Final = ("models", "fees")
_TRIES: Final = 100
_DIGITS: Final = 6
"""Significant digits of a value that is drawn from a continuous axis."""

Point = tuple[Any, ...]
"""A value of each axis."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One thing that varies.

    Attributes
    ----------
    name : str
    values : tuple
        Numbers, flags or texts; none where it is continuous.
    bounds : (float, float) or None
        Between which it is drawn, where it is continuous.
    """

    name: str
    values: tuple[Any, ...]
    bounds: tuple[float, float] | None = None

    @property
    def owner(self) -> str:
        """What stands before the last dot: a strategy's id, a table, or ""."""
        return self.name.rpartition(".")[0]

    @property
    def key(self) -> str:
        """What stands behind it."""
        return self.name.rpartition(".")[2]

    @property
    def is_parameter(self) -> bool:
        """Whether it is a strategy's parameter, and no term of the request."""
        return self.key not in ("allocation", "interval") and self.owner not in _TABLES


def parse_axis(text: str) -> Axis:
    """Read ``NAME=VALUES``.

    Raises
    ------
    RequestError
        If it is none; it is named.
    """
    name, is_given, values = text.partition("=")
    owner, _, key = name.strip().rpartition(".")
    if not is_given or not key or not values.strip():
        raise RequestError(f"--grid takes NAME=VALUES, was {text!r}")
    name = f"{owner}.{snake_case(key)}" if owner else snake_case(key)
    if ":" in values:
        return _range(name, values, text)
    return axis_of(name, [_value(each.strip(), text) for each in values.split(",")])


def axis_of(name: str, values: Sequence[Any]) -> Axis:
    """Make an axis of values.

    Raises
    ------
    RequestError
        If there are none, or one is given twice.
    """
    if not values:
        raise RequestError(f"{name}: an axis has one value at least")
    for place, each in enumerate(values):
        if each in values[:place]:
            raise RequestError(f"{name}: the value {each!r} is given twice")
    axis = Axis(name, tuple(values))
    if axis.key == "interval":
        for each in values:
            if not is_interval(str(each)):
                raise RequestError(
                    f"{name} must be like 1m, 4h or 1d, was {str(each)!r}"
                )
    return axis


def _range(name: str, values: str, text: str) -> Axis:
    parts = [each.strip() for each in values.split(":")]
    if len(parts) not in (2, 3):
        raise RequestError(f"{text}: a range is FIRST:LAST or FIRST:LAST:STEP")
    numbers = [_decimal(each, text) for each in parts]
    first, last = numbers[:2]
    is_whole = all(each == each.to_integral_value() for each in numbers)
    is_whole = is_whole and not any("." in each for each in parts)
    if last < first:
        raise RequestError(f"{text}: the range ends before it begins")
    if len(numbers) == 2 and not is_whole:
        return Axis(name, (), (float(first), float(last)))
    step = numbers[2] if len(numbers) == 3 else Decimal(1)
    if step <= 0:
        raise RequestError(f"{text}: the step must be positive, was {step}")
    count = int((last - first) / step) + 1
    if count > MOST_CELLS:
        raise RequestError(f"{text}: the range has {count:,} values")
    found = [first + step * i for i in range(count)]
    return Axis(name, tuple(int(v) if is_whole else float(v) for v in found))


def _decimal(text: str, whole: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise RequestError(f"{whole}: {text!r} is no number") from error
    if not value.is_finite():
        raise RequestError(f"{whole}: {text!r} is no finite number")
    return value


def _value(text: str, whole: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    try:
        value = Decimal(text)
    except InvalidOperation:
        if not text:
            raise RequestError(f"{whole}: a value is missing") from None
        return text
    if not value.is_finite():
        raise RequestError(f"{whole}: {text!r} is no finite number")
    is_whole = value == value.to_integral_value() and "." not in text
    return int(value) if is_whole else float(value)


def grid(axes: Sequence[Axis]) -> list[Point]:
    """All combinations; the last axis varies fastest.

    Raises
    ------
    RequestError
        If an axis is continuous, or there are too many.
    """
    for each in axes:
        if each.bounds is not None:
            raise RequestError(
                f"{each.name}={each.bounds[0]:g}:{each.bounds[1]:g} needs a step in a "
                "grid; without one it is for --random"
            )
    count = math.prod(len(each.values) for each in axes)
    if count > MOST_CELLS:
        raise RequestError(
            f"the grid has {count:,} cells, {MOST_CELLS:,} are the most; "
            "take --random N of them"
        )
    return [*itertools.product(*(each.values for each in axes))]


def sample(axes: Sequence[Axis], count: int, seed: int) -> list[Point]:
    """Draw different points, evenly; the whole grid if it has no more of them.

    The same seed draws the same points.

    Raises
    ------
    RequestError
        If `count` is not positive, or too large.
    """
    if not 1 <= count <= MOST_CELLS:
        raise RequestError(f"--random must lie in [1, {MOST_CELLS:,}], was {count}")
    if all(each.bounds is None for each in axes):
        total = math.prod(len(each.values) for each in axes)
        if total <= count:
            return grid(axes)
    found: dict[Point, None] = {}
    for point in itertools.islice(_drawn(axes, seed), count * _TRIES):
        found.setdefault(point)
        if len(found) == count:
            break
    return [*found]


def _drawn(axes: Sequence[Axis], seed: int) -> Iterator[Point]:
    random = np.random.Generator(np.random.PCG64(seed))
    while True:
        point = []
        for each in axes:
            if each.bounds is None:
                point.append(each.values[int(random.integers(len(each.values)))])
            else:
                drawn = random.uniform(*each.bounds)
                point.append(float(f"{drawn:.{_DIGITS}g}"))
        yield tuple(point)


# Points put into a request.


def normal_table(table: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a request's table with snake_case keys, ready for values to be put in."""
    found = {snake_case(name): each for name, each in table.items()}
    for name in _TABLES:
        if isinstance(found.get(name), Mapping):
            found[name] = _snake(found[name])
    strategies = []
    for number, each in enumerate(found.get("strategies") or ()):
        row = _snake(each)
        row.setdefault("id", f"strategy_{number + 1}")
        row["parameters"] = _snake(row.get("parameters", {}))
        strategies.append(row)
    found["strategies"] = strategies
    return found


def _snake(table: Mapping[str, Any]) -> dict[str, Any]:
    return {snake_case(name): each for name, each in table.items()}


def with_point(
    table: Mapping[str, Any], axes: Sequence[Axis], point: Point
) -> dict[str, Any]:
    """Put the values of a point into a request's table; see `normal_table`."""
    found = normal_table(table)
    for axis, value in zip(axes, point, strict=True):
        if axis.name == "interval":
            found["interval"] = value
        elif axis.owner in _TABLES:
            found[axis.owner] = {**(found.get(axis.owner) or {}), axis.key: value}
        else:
            for row in found["strategies"]:
                if axis.owner in ("", row["id"]):
                    _put(row, axis, value)
    return found


def _put(row: dict[str, Any], axis: Axis, value: Any) -> None:
    if axis.key == "allocation":
        row["allocation"] = value
    else:
        row["parameters"] = {**row["parameters"], axis.key: value}


def check_names(axes: Sequence[Axis], known: Mapping[str, Sequence[str]]) -> None:
    """Check that each axis names something.

    Parameters
    ----------
    known : mapping of id to names
        Parameters of each strategy.

    Raises
    ------
    RequestError
        If one names nothing, or two name the same.
    """
    for place, axis in enumerate(axes):
        if any(axis.name == each.name for each in axes[:place]):
            raise RequestError(f"{axis.name} is varied twice")
        if axis.owner and axis.owner not in (*known, *_TABLES):
            raise RequestError(
                f"{axis.name}: there is no strategy {axis.owner!r}; "
                f"there is {', '.join(known)}"
            )
        if not axis.is_parameter:
            continue
        owners = [axis.owner] if axis.owner else [*known]
        if not any(axis.key in known[each] for each in owners):
            told = "; ".join(
                f"{each} has {', '.join(known[each]) or 'none'}" for each in owners
            )
            raise RequestError(f"there is no parameter {axis.key!r}: {told}")
