"""Columns of times turned into nanoseconds since 1970 UTC, exactly."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from app.data.text_columns import scaled

_EPOCH_DIGITS: Final = {"s": 9, "ms": 6, "us": 3, "ns": 0}
TIME_FORMATS: Final = (*_EPOCH_DIGITS, "iso", "ms-of-day")
"""Names of formats; besides, a pattern of strptime such as ``%Y%m%d %H:%M``."""
_DAY_HOURS: Final = 24
_HOUR_NS: Final = 3_600_000_000_000
_OFFSET: Final = re.compile(r"(Z|[+-]\d\d(:?\d\d)?)$")

Times = tuple[NDArray[np.int64], NDArray[np.bool_]]
"""Nanoseconds since 1970 UTC, and where there is no time."""


def times(texts: Any, form: str, zone: str, day: date | None) -> Times:
    """Turn text into times.

    Parameters
    ----------
    texts : pyarrow string array
    form : str
        One of `TIME_FORMATS`, or a pattern of strptime.
    zone : str
        IANA name of the zone of times that carry no offset.
    day : date or None
        The day of ``ms-of-day``.
    """
    if form in _EPOCH_DIGITS:
        return scaled(texts, _EPOCH_DIGITS[form])
    if form == "ms-of-day":
        return _of_day(texts, zone, day)
    return _iso(texts, zone) if form == "iso" else _by_pattern(texts, form, zone)


def _of_day(texts: Any, zone: str, day: date | None) -> Times:
    assert day is not None
    elapsed, bad = scaled(texts, 6)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    naive = int(midnight.timestamp()) * 10**9 + elapsed
    return to_utc(naive, zone), bad | (elapsed < 0)


def _iso(texts: Any, zone: str) -> Times:
    """Read ISO 8601; a text without an offset is of the zone."""
    import pyarrow as pa

    if not len(texts):
        return np.empty(0, np.int64), np.empty(0, np.bool_)
    try:
        if _OFFSET.search(texts[0].as_py()[10:]):
            whole = texts.cast(pa.timestamp("ns", tz="UTC"))
            return _values(whole), np.zeros(len(texts), np.bool_)
        naive = _values(texts.cast(pa.timestamp("ns")))
        return to_utc(naive, zone), np.zeros(len(texts), np.bool_)
    except pa.ArrowInvalid:
        return _one_by_one(texts, zone, datetime.fromisoformat)


def _values(array: Any) -> NDArray[np.int64]:
    values = np.frombuffer(array.buffers()[1], np.int64)
    return values[array.offset : array.offset + len(array)].copy()


def _by_pattern(texts: Any, pattern: str, zone: str) -> Times:
    return _one_by_one(texts, zone, lambda text: datetime.strptime(text, pattern))  # noqa: DTZ007


def _one_by_one(texts: Any, zone: str, read: Any) -> Times:
    found = np.zeros(len(texts), np.int64)
    bad = np.zeros(len(texts), np.bool_)
    home = ZoneInfo(zone)
    for index, text in enumerate(texts.to_pylist()):
        try:
            moment = read(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=home)
            since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
            found[index] = since // timedelta(microseconds=1) * 1000
        except (ValueError, OverflowError):
            bad[index] = True
    return found, bad


def to_utc(naive: NDArray[np.int64], zone: str) -> NDArray[np.int64]:
    """Turn a zone's own times into UTC; offsets are looked up once an hour."""
    if zone == "UTC" or not len(naive):
        return naive
    hours, where = np.unique(naive // _HOUR_NS, return_inverse=True)
    home = ZoneInfo(zone)
    offsets = np.zeros(len(hours), np.int64)
    for index, hour in enumerate(hours.tolist()):
        moment = datetime(1970, 1, 1) + timedelta(hours=hour)  # noqa: DTZ001 - local
        offset = moment.replace(tzinfo=home).utcoffset()
        assert offset is not None
        offsets[index] = offset // timedelta(microseconds=1) * 1000
    return naive - offsets[where]


def _offset(hour: int, zone: str) -> int:
    """How far a zone is ahead of UTC in an hour since 1970, ns."""
    day = hour // _DAY_HOURS * _DAY_HOURS
    first = _offset_at(day, zone)
    # On all but two days of a year it is the same all day long.
    return (
        first if _offset_at(day + _DAY_HOURS, zone) == first else _offset_at(hour, zone)
    )


@lru_cache(maxsize=1 << 12)
def _offset_at(hour: int, zone: str) -> int:
    offset = datetime.fromtimestamp(hour * 3600, ZoneInfo(zone)).utcoffset()
    assert offset is not None
    return offset // timedelta(microseconds=1) * 1000


def from_utc(times_ns: NDArray[np.int64], zone: str) -> NDArray[np.int64]:
    """Turn UTC into a zone's own times; offsets are looked up once an hour."""
    if zone == "UTC" or not len(times_ns):
        return times_ns
    hours = times_ns // _HOUR_NS
    first = np.flatnonzero(np.append(True, hours[1:] != hours[:-1]))
    some, where = np.unique(hours[first], return_inverse=True)
    offsets = np.array([_offset(hour, zone) for hour in some.tolist()], np.int64)
    # Times of one hour mostly stand together: they are told apart once.
    runs = np.diff(np.append(first, len(hours)))
    return times_ns + np.repeat(offsets[where], runs)
