"""Calendar and hours of a scenario's instrument, however its author words them.

A calendar is a name (XNYS, CME, 24/7) or a table: name, timezone, regular and extended
hours ("09:30-16:00" or a list of the two), holidays and half days. A name that nobody
knows, with hours of its own, means every weekday.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any, Final

from app.calendar import FX, WEEKDAYS, Exceptions, calendar_name
from app.errors import CalendarError
from app.instrument import Hours, InstrumentKind

_ZONE: Final = ("timezone", "time_zone", "tz", "zone")
_REGULAR: Final = ("regular", "regular_hours", "hours")
_EXTENDED: Final = ("extended", "extended_hours", "all", "session")
_HOLIDAYS: Final = ("holidays", "closed")
_SHORT: Final = ("half_days", "early_closes", "early_close", "short_days")
_BY_KIND: Final = {InstrumentKind.FX_SPOT: FX}
"""Calendars of instruments that name none; others trade around the clock."""


@dataclass(frozen=True, slots=True)
class Terms:
    """When an instrument trades."""

    calendar: str | None
    zone: str = "UTC"
    regular: Hours | None = None
    extended: Hours | None = None
    exceptions: Exceptions = field(default_factory=dict)


def hours_of(source: Mapping[str, Any], kind: InstrumentKind) -> Terms:
    """Read an instrument's calendar and hours.

    Raises
    ------
    CalendarError
        If a calendar is named that nobody knows, without hours of its own.
    """
    given = source.get("calendar")
    table, name = source, given
    if isinstance(given, Mapping):
        table, name = {**source, **given}, given.get("name")
    regular, extended = _hours(table, _REGULAR), _hours(table, _EXTENDED)
    calendar = _calendar(name, regular or extended, kind)
    zone = str(_first(table, _ZONE) or "UTC")
    return Terms(calendar, zone, regular, extended, _exceptions(table))


def _calendar(name: Any, hours: Hours | None, kind: InstrumentKind) -> str | None:
    if name is None:
        return WEEKDAYS if hours else _BY_KIND.get(kind)
    plain = str(name).strip().casefold().replace("x", "/")
    if plain in ("24/5", "24-5") and kind is InstrumentKind.FX_SPOT:
        return FX
    try:
        return calendar_name(str(name))
    except CalendarError:
        if hours is None:
            raise
        return WEEKDAYS


def _first(table: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((table[each] for each in names if table.get(each) is not None), None)


def _hours(table: Mapping[str, Any], names: tuple[str, ...]) -> Hours | None:
    given = _first(table, names)
    if given is None:
        return None
    if isinstance(given, Mapping):
        given = list(given.values())
    if isinstance(given, list):
        if given and isinstance(given[0], list):
            given = [given[0][0], given[-1][1]]
        given = "-".join(str(each) for each in given)
    return Hours.parse(given.replace("24:00", "00:00"))


def _exceptions(table: Mapping[str, Any]) -> dict[date, time | None]:
    found: dict[date, time | None] = {
        date.fromisoformat(each): None for each in _first(table, _HOLIDAYS) or ()
    }
    short = _first(table, _SHORT) or {}
    for day, closes in short.items() if isinstance(short, Mapping) else ():
        found[date.fromisoformat(day)] = time.fromisoformat(str(closes))
    return found
