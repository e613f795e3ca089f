"""The calendars of a session: made for its span, and given to its engine."""

import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from app.calendar import Exceptions, Schedule, first_notice, last_trading, schedule_of
from app.engine.arena import Arena
from app.engine.instruments import instrument_records
from app.engine.schedule import load_schedules
from app.folders import cache_folder
from app.instrument import Instrument

YEAR_NS: Final = 366 * 86_400_000_000_000


def calendar_folder() -> Path:
    """Folder that keeps the trading days of exchanges; it can be made again."""
    return cache_folder(os.environ) / "calendars"


_KEPT: Final[OrderedDict[object, Schedule]] = OrderedDict()
_MOST_KEPT: Final = 64


def _schedule(
    terms: object,
    instrument: Instrument,
    span: tuple[int, int],
    folder: Path,
    own: Exceptions,
) -> Schedule:
    """The schedule of an instrument, made once in a process for its terms and span."""
    key = terms, span, folder
    found = _KEPT.get(key)
    if found is None:
        found = schedule_of(instrument, *span, folder, own)
        found.rows.flags.writeable = False
        _KEPT[key] = found
        if len(_KEPT) > _MOST_KEPT:
            _KEPT.popitem(last=False)
    return found


def open_schedules(
    arena: Arena,
    instruments: Sequence[Instrument],
    begin: int,
    end: int,
    exceptions: Mapping[str, Exceptions] = MappingProxyType({}),
) -> None:
    """Give each instrument its sessions, trade dates, expiry and first notice.

    The first instrument that names a calendar governs the session's own trade date, and
    with it the daily loss limit; without one, the first of all.

    Parameters
    ----------
    begin, end : int
        The session's span, ns since 1970 UTC; after it the last session goes on.
    exceptions : mapping, optional
        Closed and short days besides the calendar's, by the instrument's name.

    Raises
    ------
    CalendarError
        If a calendar is unknown.
    """
    folder = calendar_folder()
    named = (i for i, each in enumerate(instruments) if each.calendar is not None)
    governing = next(named, 0)
    numbers = [0] * len(instruments)
    schedules: list[Schedule] = []
    known: dict[object, int] = {}
    for i in sorted(range(len(instruments)), key=lambda i: i != governing):
        each = instruments[i]
        hours = each.regular_hours, each.extended_hours
        own = exceptions.get(each.name, {})
        terms = each.calendar, each.time_zone, hours, tuple(own.items())
        if terms not in known:
            schedules.append(_schedule(terms, each, (begin, end), folder, own))
            known[terms] = len(schedules)
        numbers[i] = known[terms]
    load_schedules(arena, schedules, numbers, begin)
    for record, each in zip(instrument_records(arena), instruments, strict=True):
        record["last_trading"] = last_trading(each, folder)
        record["first_notice"] = first_notice(each, folder)
