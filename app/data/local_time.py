"""Times that files tell in the clock of some place, turned into UTC.

Offsets come from the zone's own rules, looked up once per day or per change: whole
columns are shifted at a time.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

SECOND_NS: Final = 1_000_000_000
DAY_NS: Final = 86_400 * SECOND_NS
_EPOCH: Final = date(1970, 1, 1)


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


def local_day(ns: int, zone: str) -> date:
    """Day on which an instant, ns since 1970 UTC, falls in a zone."""
    return datetime.fromtimestamp(ns // SECOND_NS, ZoneInfo(zone)).date()


def local_to_utc(local: NDArray[np.int64], zone: str) -> NDArray[np.int64]:
    """Turn times of a zone's clock into UTC.

    Parameters
    ----------
    local : (n,) int64
        Nanoseconds since 1970 as the zone's clock shows them.
    zone : str
        IANA name.

    Returns
    -------
    (n,) int64
        ns since 1970 UTC. An hour that the clock shows twice is its first; one that it
        leaps over is read by the offset before the leap.
    """
    if zone == "UTC" or not len(local):
        return local.copy()
    # Offsets change on whole quarters of an hour in every zone in use since 1970.
    quarters, inverse = np.unique(local // (900 * SECOND_NS), return_inverse=True)
    offsets = _offsets(quarters, ZoneInfo(zone))
    return local - offsets[inverse]


def _offsets(quarters: NDArray[np.int64], zone: ZoneInfo) -> NDArray[np.int64]:
    """Offset of a zone, ns, for each quarter of an hour since 1970 by its clock."""
    days, inverse = np.unique(quarters // 96, return_inverse=True)
    by_day: NDArray[np.int64] = np.empty(len(days), np.int64)
    changing: NDArray[np.bool_] = np.zeros(len(days), np.bool_)
    for index, day in enumerate(days.tolist()):
        start = datetime(1970, 1, 1) + timedelta(days=day)  # noqa: DTZ001 - a clock's
        offset = _offset(start, zone)
        by_day[index] = offset
        changing[index] = offset != _offset(start + timedelta(days=1), zone)
    offsets = by_day[inverse]
    for index in np.flatnonzero(changing[inverse]):
        clock = datetime(1970, 1, 1) + timedelta(  # noqa: DTZ001 - a clock's
            minutes=15 * int(quarters[index])
        )
        offsets[index] = _offset(clock, zone)
    return offsets


def _offset(clock: datetime, zone: ZoneInfo) -> int:
    offset = clock.replace(tzinfo=zone).utcoffset() or timedelta(0)
    return round(offset.total_seconds()) * SECOND_NS


def utc_to_local(utc: int, zone: str) -> datetime:
    """Turn ns since 1970 UTC into a zone's date and time, cut to microseconds."""
    whole, rest = divmod(utc, SECOND_NS)
    moment = datetime.fromtimestamp(whole, UTC).replace(microsecond=rest // 1000)
    return moment.astimezone(ZoneInfo(zone))
