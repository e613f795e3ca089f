"""Trading days of exchanges, year by year: from a library, corrected, and kept.

pandas_market_calendars knows holidays and short days; importing it takes up to seconds,
so a year that was asked for once is kept in a folder. What the library has wrong or
leaves out for the CME's equity products stands in this module, with its source.
"""

import hashlib
import logging
import os
import tempfile
import warnings
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from app.errors import CalendarError

_log = logging.getLogger("app.market")
_LIBRARY: Final = "pandas_market_calendars"
_REVISION: Final = 1
"""Grows with every change of what is made of the library's days: names the files."""
_EPOCH: Final = date(1970, 1, 1)
FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2100
_CHICAGO: Final = "America/Chicago"

CME_EQUITY: Final = "CME Globex Equity"
_CME_DATES: Final = "CME_TradeDate"
_CME_PRODUCTS: Final = "cme"
"""Modules of the library whose names begin so describe products of the CME."""
_CME_MOURNING: Final = ("2004-06-11", "2007-01-02", "2018-12-05", "2025-01-09")
"""Days of national mourning: equity products stopped at 8:30, the trade date counted
[CME special executive notices]; the library has them closed, or open all day."""
_CME_GOOD_FRIDAYS: Final = (
    *("2010-04-02", "2012-04-06", "2015-04-03", "2021-04-02", "2023-04-07"),
    "2026-04-03",
)
"""Good Fridays on which the employment report is published: equity products trade until
8:15; on all others they are closed [CME holiday calendar]. The library has every one
since 2023 open."""
_CME_PAUSE_ENDED: Final = date(2021, 6, 27)
"""Until then equity products paused from 15:15 to 15:30 [CME, 28 June 2021]."""


@dataclass(slots=True)
class TradingDay:
    """Hours of one trade date, ns since 1970 UTC; ends are not part of them."""

    date: date
    segments: list[tuple[int, int]]
    """When it trades at all, in order."""
    regular: tuple[int, int] | None
    """From the opening to the closing auction."""
    is_short: bool = False
    """It closes before its usual time."""
    begins: int = 0
    """Since when instants belong to this trade date; 0 = not worked out yet."""


def exchange_days(
    name: str, begin: date, end: date, folder: Path | None = None
) -> list[TradingDay]:
    """Trade dates of an exchange from `begin` to `end`, in order.

    Parameters
    ----------
    name : str
        As the library spells it.
    folder : Path, optional
        Where years are kept; None keeps them in memory alone.

    Raises
    ------
    CalendarError
        If the span leaves `FIRST_YEAR` to `LAST_YEAR`.
    """
    if not FIRST_YEAR <= begin.year <= end.year <= LAST_YEAR:
        raise CalendarError(
            f"days of {name} are known from {FIRST_YEAR} to {LAST_YEAR}, "
            f"{begin} to {end} were asked for"
        )
    years = range(begin.year, end.year + 1)
    every = (day for year in years for day in _year(name, year, folder).days())
    return [day for day in every if begin <= day.date <= end]


def exchange_zone(name: str, year: int, folder: Path | None = None) -> str:
    """IANA name of an exchange's zone."""
    return _year(name, min(max(year, FIRST_YEAR), LAST_YEAR), folder).zone


def library_names() -> list[str]:
    """Names of all exchanges that the library knows."""
    import pandas_market_calendars

    return list(pandas_market_calendars.get_calendar_names())


# A year of an exchange.


@dataclass(frozen=True, slots=True)
class _Year:
    zone: str
    hours: NDArray[np.int64]
    """(n, 4): trade date (days since 1970), regular open and close (ns), short."""
    segments: NDArray[np.int64]
    """(m, 3): trade date, from, to (ns)."""

    def days(self) -> Iterable[TradingDay]:
        found = {
            number: TradingDay(
                _EPOCH + timedelta(days=number), [], (opens, closes), bool(is_short)
            )
            for number, opens, closes, is_short in self.hours.tolist()
        }
        for number, opens, closes in self.segments.tolist():
            found[number].segments.append((opens, closes))
        return found.values()


@cache
def _year(name: str, year: int, folder: Path | None) -> _Year:
    if folder is None:
        return _from_library(name, year)
    file = folder / f"{_file_name(name)}-{year}.npz"
    try:
        return _read(file)
    except FileNotFoundError:
        pass
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        _log.warning("%s is made again: %s", file, error)
    found = _from_library(name, year)
    try:
        _write(file, found)
    except OSError as error:
        _log.warning("%s is not kept: %s", file, error)
    return found


def _file_name(name: str) -> str:
    """Name files by calendar, library and our own part in them."""
    told = f"{name} {version(_LIBRARY)} {_REVISION}"
    plain = "".join(each if each.isalnum() else "_" for each in name)
    return f"{plain}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def _read(file: Path) -> _Year:
    with np.load(file, allow_pickle=False) as content:
        return _Year(str(content["zone"]), content["hours"], content["segments"])


def _write(file: Path, year: _Year) -> None:
    """Write whole or not at all: another program may read it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as target:
        np.savez(target, zone=year.zone, hours=year.hours, segments=year.segments)
    os.replace(target.name, file)


# From the library.


def _from_library(name: str, year: int) -> _Year:
    with warnings.catch_warnings():
        # WORKAROUND pandas_market_calendars 5.5: it uses what pandas 4 takes away.
        warnings.simplefilter("ignore", DeprecationWarning)
        return _worked_out(name, year)


def _worked_out(name: str, year: int) -> _Year:
    import pandas_market_calendars

    calendar = pandas_market_calendars.get_calendar(name)
    days = _sessions(calendar, date(year, 1, 1), date(year, 12, 31))
    if name == CME_EQUITY:
        days = _corrected(days, year)
    if type(calendar).__module__.rpartition(".")[2].startswith(_CME_PRODUCTS):
        days = _on_trade_dates(days, year)
    hours = [
        ((day.date - _EPOCH).days, *(day.regular or (0, 0)), int(day.is_short))
        for day in days
    ]
    segments = [
        ((day.date - _EPOCH).days, *each) for day in days for each in day.segments
    ]
    return _Year(
        str(calendar.tz),
        np.array(hours, np.int64).reshape(-1, 4),
        np.array(segments, np.int64).reshape(-1, 3),
    )


def _sessions(calendar: Any, begin: date, end: date) -> list[TradingDay]:
    """Sessions as the library has them."""
    table = calendar.schedule(begin, end, market_times="all", tz="UTC")
    columns = {
        each: table[each].dt.as_unit("ns").astype("int64").tolist()
        for each in table.columns
    }
    short = set(calendar.early_closes(table).index)
    opens = columns.get("pre", columns["market_open"])
    closes = columns.get("post", columns["market_close"])
    nothing = columns["market_close"]
    days = []
    for row, stamp in enumerate(table.index):
        regular = columns["market_open"][row], columns["market_close"][row]
        pause = (
            columns.get("break_start", nothing)[row],
            columns.get("break_end", nothing)[row],
        )
        segments = _without((opens[row], closes[row]), pause)
        days.append(TradingDay(stamp.date(), segments, regular, stamp in short))
    return days


def _without(whole: tuple[int, int], pause: tuple[int, int]) -> list[tuple[int, int]]:
    opens, closes = whole
    if pause[0] >= pause[1] or pause[0] <= opens or pause[1] >= closes:
        return [whole]
    return [(opens, pause[0]), (pause[1], closes)]


# The CME.


def _corrected(days: list[TradingDay], year: int) -> list[TradingDay]:
    """Put right what the library has wrong of equity products."""
    found = {day.date: day for day in days}
    open_fridays = {date.fromisoformat(each) for each in _CME_GOOD_FRIDAYS}
    friday = _easter(year) - timedelta(days=2)
    if friday in found and friday not in open_fridays:
        del found[friday]
    for each in map(date.fromisoformat, _CME_MOURNING):
        if each.year == year:
            found[each] = _chicago_day(each, time(8, 30))
    for day in found.values():
        if day.date <= _CME_PAUSE_ENDED:
            pause = (
                _chicago_ns(day.date, time(15, 15)),
                _chicago_ns(day.date, time(15, 30)),
            )
            day.segments = _without(day.segments[0], pause)
    return [found[each] for each in sorted(found)]


def _easter(year: int) -> date:
    """Easter Sunday [Meeus, Astronomical Algorithms, 1991, chapter 8]."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 19 * m) // 433
    month = (h + m - 7 * n + 90) // 25
    return date(year, month, (h + m - 7 * n + 33 * month + 19) % 32)


def _chicago_day(day: date, closes: time) -> TradingDay:
    whole = (
        _chicago_ns(day - timedelta(days=1), time(17)),
        _chicago_ns(day, closes),
    )
    return TradingDay(day, [whole], whole, is_short=True)


def _chicago_ns(day: date, at: time) -> int:
    moment = datetime.combine(day, at, ZoneInfo(_CHICAGO))
    return int(moment.timestamp()) * 10**9


def _on_trade_dates(days: list[TradingDay], year: int) -> list[TradingDay]:
    """Give sessions on days that are no trade date to the next one, as the CME does.

    "This is the calendar used for deciding what days are eligible business days for
    contract expiries and trade dates", says the library of its calendar of them.
    """
    import pandas_market_calendars

    calendar = pandas_market_calendars.get_calendar(_CME_DATES)
    valid = calendar.valid_days(date(year, 1, 1), date(year, 12, 31))
    dates = {stamp.date() for stamp in valid}
    dates |= {date.fromisoformat(each) for each in _CME_MOURNING + _CME_GOOD_FRIDAYS}
    found: list[TradingDay] = []
    waiting: list[TradingDay] = []
    for day in days:
        if day.date not in dates:
            waiting.append(day)
            continue
        if waiting:
            day.segments = [part for each in (*waiting, day) for part in each.segments]
            assert day.regular is not None
            day.regular = day.segments[0][0], day.regular[1]
            waiting = []
        found.append(day)
    return found + waiting
