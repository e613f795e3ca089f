"""How time is cut for a walk forward: lengths by the calendar, and the windows."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from app.errors import RequestError

_LENGTH: Final = re.compile(r"(\d+)([dwmy])")
_FORM: Final = "IN:OUT or IN:OUT:anchored, like 2y:6m, 90d:30d or 1y:1w:anchored"


@dataclass(frozen=True, slots=True)
class Length:
    """A length of time by the calendar."""

    count: int
    unit: str

    def after(self, day: date, times: int = 1) -> date:
        """The day that lies so many lengths behind another."""
        count = self.count * times
        if self.unit in "dw":
            return day + timedelta(days=count * (7 if self.unit == "w" else 1))
        months = day.year * 12 + day.month - 1 + count * (12 if self.unit == "y" else 1)
        year, month = divmod(months, 12)
        first = date(year, month + 1, 1)
        next_first = date(year + month // 11, (month + 1) % 12 + 1, 1)
        return min(first + timedelta(days=day.day - 1), next_first - timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Scheme:
    """How windows are cut; see `parse_scheme`."""

    inside: Length
    outside: Length
    is_anchored: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """One window; days are included, but `end`, which is the first behind it."""

    start: date
    split: date
    end: date


def parse_scheme(text: str) -> Scheme:
    """Read ``IN:OUT`` or ``IN:OUT:anchored``.

    Raises
    ------
    RequestError
        If it is none.
    """
    parts = text.strip().lower().split(":")
    found = [_LENGTH.fullmatch(each) for each in parts[:2]]
    is_anchored = parts[2:] == ["anchored"]
    if len(parts) < 2 or None in found or not (is_anchored or len(parts) == 2):
        raise RequestError(f"--walk-forward takes {_FORM}, was {text!r}")
    lengths = [Length(int(each[1]), each[2]) for each in found if each is not None]
    if not all(each.count for each in lengths):
        raise RequestError(f"--walk-forward: a length must be positive, was {text!r}")
    return Scheme(lengths[0], lengths[1], is_anchored)


def windows_of(scheme: Scheme, first: date, last: date) -> list[Window]:
    """Cut the days from `first` to `last`, both included; the last part may be short.

    Raises
    ------
    RequestError
        If not even one window fits.
    """
    found: list[Window] = []
    # Counted from the first, so that they lie end to end also where months are short.
    begin = scheme.inside.after(first)
    while (split := scheme.outside.after(begin, len(found))) <= last:
        start = first
        if not scheme.is_anchored:
            start = scheme.outside.after(first, len(found))
        end = scheme.outside.after(begin, len(found) + 1)
        found.append(Window(start, split, min(end, last + timedelta(days=1))))
    if not found:
        raise RequestError(
            f"--walk-forward: the data reach from {first} to {last}, shorter than one "
            "in-sample part"
        )
    return found
