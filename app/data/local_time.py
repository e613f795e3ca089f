"""Days and midnights by the clock of some place; columns: app/data/time_columns.py."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SECOND_NS: Final = 1_000_000_000
DAY_NS: Final = 86_400 * SECOND_NS
_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True)
class Bound:
    """A time as it was written.

    Attributes
    ----------
    ts : int
        ns since 1970 UTC.
    day : date
        Its day, by the zone in which it was written.
    """

    ts: int
    day: date


def is_zone(name: str) -> bool:
    """Whether this is the IANA name of a zone that is known."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def day_ns(day: date) -> int:
    """Nanoseconds from 1970 to a day's midnight, by that day's own clock."""
    return (day - _EPOCH).days * DAY_NS


def midnight_ns(day: date, zone: str) -> int:
    """UTC of a day's midnight in a zone, ns since 1970, by the offset at its noon.

    Times "since midnight" are told by a clock that is set once for the trading day; on
    the two days a year when the offset changes the night, the day's offset holds.
    """
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone))
    return (int(noon.timestamp()) - 12 * 3600) * SECOND_NS


def begins_ns(day: date, zone: str) -> int:
    """When a day begins by a zone's clock, ns since 1970 UTC."""
    begins = datetime.combine(day, time(), ZoneInfo(zone))
    return int(begins.timestamp()) * SECOND_NS


def local_day(ns: int, zone: str) -> date:
    """Day on which an instant, ns since 1970 UTC, falls in a zone."""
    return datetime.fromtimestamp(ns // SECOND_NS, ZoneInfo(zone)).date()


def clock_text(ns: int, zone: str) -> str:
    """Write an instant, ns since 1970 UTC, as a zone's clock shows it."""
    whole, rest = divmod(ns, SECOND_NS)
    moment = datetime.fromtimestamp(whole, UTC).astimezone(ZoneInfo(zone))
    text = f"{moment:%Y-%m-%d %H:%M:%S}"
    return f"{text}.{rest:09d}" if rest else text
