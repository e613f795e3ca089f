"""Timers, trade dates and what is counted by them, against what was expected."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

import numpy as np

from app.sessions.scenario.checks import moment
from app.sessions.scenario.seen import (
    Comparer,
    Difference,
    Found,
    Seen,
    each_instrument,
    number,
    same,
)
from app.sessions.scenario.times import EPOCH, nanoseconds

_TIME: Final = ("t", "at", "time", "fired")
_NAME: Final = ("id", "timer", "name")


def _shown(ts: int, like: Any) -> Any:
    """Show an instant as the scenario does."""
    if isinstance(like, int):
        return ts - EPOCH
    return str(np.datetime64(ts, "ns"))


def _wanted(expected: Any) -> Iterator[tuple[str | None, Any]]:
    """Name and time, either may be open, of each timer that is expected to wake."""
    if isinstance(expected, Mapping):
        for name, value in expected.items():
            for each in value if isinstance(value, list) else [value]:
                yield name, each
        return
    for each in expected if isinstance(expected, list) else [expected]:
        if isinstance(each, Mapping):
            time = next((each[key] for key in _TIME if key in each), None)
            yield next((each[key] for key in _NAME if key in each), None), time
        elif moment(each):
            yield each, None
        else:
            yield None, each


def _timers(expected: Any, seen: Seen) -> Found:
    """Compare what woke: instants, names, or names with instants, in order of time.

    A name with null is a timer that is not to wake.
    """
    names = seen.world.timer_names
    found = [(names[number - 1], ts) for ts, number in seen.world.timers]
    rows = list(_wanted(expected))
    if isinstance(expected, Mapping):
        rows = [row for row in rows if row[1] is not None]
        order = [name for name, _ in rows]
        found.sort(key=lambda each: order.index(each[0]) if each[0] in order else -1)
    matches = len(rows) == len(found) and all(
        (name is None or name == known) and (time is None or nanoseconds(time) == ts)
        for (name, time), (known, ts) in zip(rows, found, strict=True)
    )
    if not matches:
        like = next((time for _, time in rows if time is not None), "")
        told = [{"id": name, "t": _shown(ts, like)} for name, ts in found]
        yield Difference("timers", expected, told)


def _trade_dates(expected: Any, seen: Seen) -> Found:
    """Compare the answers: in order of the questions, or by their ids."""
    if isinstance(expected, Mapping):
        answers = dict(seen.world.trade_dates)
        for name, value in expected.items():
            yield from same(f"trade_dates.{name}", value, answers.get(name))
        return
    wanted = [
        next((each[key] for key in ("date", "trade_date") if key in each), None)
        if isinstance(each, Mapping)
        else each
        for each in expected
    ]
    yield from same("trade_dates", wanted, [date for _, date in seen.world.trade_dates])


def _trade_date(expected: Any, seen: Seen) -> Found:
    for name, instrument, value in each_instrument(seen, "trade_date", expected):
        yield from same(name, value, seen.world.date(instrument))


def _daily_pnl(expected: Any, seen: Seen) -> Found:
    """Compare the P&L of this trade date, or of several by their dates."""
    if not isinstance(expected, Mapping):
        yield from number("daily_pnl", expected, seen.world.day_pnl)
        return
    today = seen.world.date()
    for date, value in expected.items():
        found: Fraction | None = seen.world.daily.get(date)
        found = seen.world.day_pnl if date == today else found
        yield from number(f"daily_pnl.{date}", value, found)


TIME_COMPARERS: Final[Mapping[str, Comparer]] = {
    "timers": _timers,
    "trade_dates": _trade_dates,
    "trade_date": _trade_date,
    "daily_pnl": _daily_pnl,
    "day_pnl": _daily_pnl,
}
"""Keys of `expect` that are about time."""
