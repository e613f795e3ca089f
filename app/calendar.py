"""Trading calendars: when a venue trades, and to which trade date an instant belongs.

`schedule_of` turns an instrument's calendar and hours into a schedule: rows of session
states and trade dates over a span, exact through half days, holidays and changes of the
clocks (SEMANTICS 13, 24). Trading days of exchanges come from pandas_market_calendars,
imported only when a year of a calendar is not in the cache; always-open markets, plain
weekdays and FX follow rules of their own and need no library.

A trade date begins where the market opens for it: at 17:00 of the evening before in
Chicago and for FX in New York, else at local midnight. Sessions on days that are no
trade date (Thanksgiving at the CME) belong to the next one.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from app.errors import CalendarError
from app.exchange_days import (
    CME_EQUITY,
    TradingDay,
    exchange_days,
    exchange_zone,
    library_names,
)
from app.instrument import Hours, Instrument
from app.session_rows import SESSION_ROW, Phase, SessionFlag

_EPOCH: Final = date(1970, 1, 1)
_SECOND_NS: Final = 1_000_000_000
_HOUR_NS: Final = 3_600 * _SECOND_NS
_LONG_PAUSE_NS: Final = 2 * _HOUR_NS
_MARGIN: Final = timedelta(days=12)
"""No market is closed for longer: so far before a span its first trade date begins."""
_SOME_YEAR: Final = 2024
_MIDNIGHT: Final = time(0)
_UTC: Final = ZoneInfo("UTC")

Exceptions: TypeAlias = Mapping[date, time | None]
"""Days that are closed (None), or close early at a local time."""

ALWAYS: Final = "24/7"
WEEKDAYS: Final = "WEEKDAYS"
FX: Final = "FX"


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """How long before the auction its orders are refused (SEMANTICS 25), ns; 0 = not.

    Between cut-off and auction new auction orders are refused; after it they are for
    the next one.
    """

    market_open: int = 0
    limit_open: int = 0
    market_close: int = 0
    limit_close: int = 0


def _cutoffs(*seconds: int) -> Cutoffs:
    return Cutoffs(*(each * _SECOND_NS for each in seconds))


_CUTOFFS: Final = {
    # "NYSE opening and closing auctions": at the open until it opens, at the close
    # until 15:50; half days the same ten minutes before.
    "NYSE": _cutoffs(0, 0, 600, 600),
    # NYSE Arca Rule 7.35-E: a minute before each auction.
    "NYSE Arca": _cutoffs(60, 60, 60, 60),
    # Nasdaq Equity 4, Rules 4752 and 4754: MOO 9:28, LOO 9:29:30, MOC 15:55, LOC 15:58.
    "NASDAQ": _cutoffs(120, 30, 300, 120),
}
"""Cut-offs of auctions by calendar; elsewhere there are none."""

_NAMES: Final = {
    "NYSE": ("XNYS", "XASE", "AMEX", "NYSE American", "stock", "US", "USA", "SMART"),
    "NYSE Arca": ("ARCX", "ARCA"),
    "NASDAQ": ("XNAS", "XNGS", "XNMS", "XNCM", "ISLAND"),
    CME_EQUITY: (
        *("CME", "XCME", "CMES", "GLOBEX", "CME Globex", "CMEGlobex", "us_futures"),
        *("CME_Equity", "CBOT_Equity", "CMEGlobex_ES", "CME_ES", "CBOT", "XCBT"),
    ),
    "CMEGlobex_EnergyAndMetals": ("NYMEX", "XNYM", "COMEX", "XCEC"),
    FX: ("FOREX", "IDEALPRO", "Spot FX"),
    ALWAYS: ("ALWAYS", "CRYPTO", "BINANCE", "COINBASE", "24x7", "247", "UTC"),
    "24/5": ("24x5", "245"),
    WEEKDAYS: ("MON-FRI", "BUSINESS"),
}
"""Other names of calendars; our own spelling first."""
_BY_RULE: Final = frozenset((ALWAYS, "24/5", FX, WEEKDAYS))
_IN_LIBRARY: Final = {"NYSE Arca": "NYSE"}


def _plain(name: str) -> str:
    return "".join(each for each in name.casefold() if each.isalnum())


_KNOWN: Final = {
    _plain(other): name for name, others in _NAMES.items() for other in (name, *others)
}


def usual_calendars() -> tuple[str, ...]:
    """Return the calendars that have a name of ours; the library knows more."""
    return tuple(_NAMES)


def calendar_name(name: str) -> str:
    """Spell the name of a calendar as this module does.

    Raises
    ------
    CalendarError
        If no calendar has this name; the message says which name is nearest.
    """
    known = _KNOWN.get(_plain(name))
    if known is not None:
        return known
    library = {_plain(each): each for each in library_names()}
    if _plain(name) in library:
        return library[_plain(name)]
    every = {**library, **_KNOWN}
    near = difflib.get_close_matches(_plain(name), _KNOWN, n=1)
    near = near or difflib.get_close_matches(_plain(name), every, n=1, cutoff=0.0)
    raise CalendarError(
        f"calendar must be a known one, was {name!r}; the nearest is {every[near[0]]!r}"
    )


# Schedules.


@dataclass(frozen=True, slots=True)
class Schedule:
    """Sessions and trade dates over a span.

    Attributes
    ----------
    rows : (n,) SESSION_ROW
        In order of time.
    """

    name: str
    zone: str
    rows: NDArray[np.void] = field(repr=False)
    cutoffs: Cutoffs = Cutoffs()

    def row_at(self, ts: int) -> Any:
        """Row that holds at an instant, ns since 1970 UTC.

        Raises
        ------
        CalendarError
            If it lies before the schedule.
        """
        index = int(np.searchsorted(self.rows["ts"], ts, side="right")) - 1
        if index < 0:
            raise CalendarError(f"the schedule of {self.name} begins after {ts} ns")
        return self.rows[index]

    def trade_date_at(self, ts: int) -> date:
        """Trade date that an instant belongs to; before the open, the next one."""
        return _EPOCH + timedelta(days=int(self.row_at(ts)["trade_date"]))

    def state_at(self, ts: int) -> Phase:
        """State of the session at an instant."""
        return Phase(int(self.row_at(ts)["state"]))


def schedule_of(
    instrument: Instrument,
    first: int,
    last: int,
    cache: Path | None = None,
    exceptions: Exceptions = MappingProxyType({}),
) -> Schedule:
    """Make the schedule of an instrument.

    Parameters
    ----------
    first, last : int
        The span, ns since 1970 UTC; rows begin before it and end with it.
    cache : Path, optional
        Folder that keeps the days of exchanges by year.
    exceptions : mapping, optional
        Days that are closed or short besides those that the calendar knows.

    Raises
    ------
    CalendarError
        If the calendar is unknown.
    """
    name = _name_of(instrument)
    begin = _local_date(first, _UTC) - _MARGIN
    end = _local_date(last, _UTC) + timedelta(days=2)
    zone = _zone_of(name, instrument.time_zone, begin.year, cache)
    days = trading_days(instrument, begin, end, cache, exceptions)
    rows = _rows(days)
    rows = rows[rows["ts"] <= last]
    return Schedule(name, zone, rows, _CUTOFFS.get(name, Cutoffs()))


def trading_days(
    instrument: Instrument,
    begin: date,
    end: date,
    cache: Path | None = None,
    exceptions: Exceptions = MappingProxyType({}),
) -> list[TradingDay]:
    """Trade dates of an instrument from `begin` to `end`, with its own hours."""
    name = _name_of(instrument)
    zone = ZoneInfo(_zone_of(name, instrument.time_zone, begin.year, cache))
    if name in _BY_RULE:
        days = _ruled_days(name, instrument, zone, begin, end)
        rolls = _daily_hours(name, instrument)[0].opens
    else:
        days = exchange_days(_IN_LIBRARY.get(name, name), begin, end, cache)
        for day in days:
            _with_own_hours(day, instrument, zone)
        rolls = None
    days = [day for day in days if _is_kept(day, exceptions, zone)]
    _begin_days(days, zone, rolls)
    return days


def last_trading(instrument: Instrument, cache: Path | None = None) -> int:
    """End of the last trading day, ns; 0 for an instrument that does not expire."""
    if instrument.expiry is None:
        return 0
    begin = instrument.expiry - _MARGIN
    days = trading_days(instrument, begin, instrument.expiry, cache)
    if not days:
        raise CalendarError(f"{instrument.name}: no trading day before its expiry")
    return days[-1].segments[-1][1]


def first_notice(instrument: Instrument, cache: Path | None = None) -> int:
    """Begin of the day of first notice, ns; 0 for an instrument without one."""
    if instrument.first_notice is None:
        return 0
    end = instrument.first_notice + _MARGIN
    days = trading_days(instrument, instrument.first_notice - _MARGIN, end, cache)
    return next(day.begins for day in days if day.date >= instrument.first_notice)


def zone_of(instrument: Instrument) -> str:
    """IANA name of the zone in which an instrument's trade dates begin."""
    return _zone_of(_name_of(instrument), instrument.time_zone, _SOME_YEAR, None)


def _name_of(instrument: Instrument) -> str:
    calendar = instrument.calendar
    return ALWAYS if calendar is None else calendar_name(calendar)


def _zone_of(name: str, own: str, year: int, cache: Path | None) -> str:
    """Zone of a calendar; the instrument's own where the calendar has none."""
    if name == FX:
        return "America/New_York"
    if name in _BY_RULE:
        return own
    return exchange_zone(_IN_LIBRARY.get(name, name), year, cache)


def _is_kept(day: TradingDay, exceptions: Exceptions, zone: ZoneInfo) -> bool:
    """Cut a day that closes early; False if it is closed."""
    if day.date not in exceptions:
        return True
    closes = exceptions[day.date]
    if closes is None:
        return False
    bound = day.segments[0][0], _ns(day.date, closes, zone)
    kept = [_within(each, bound) for each in day.segments]
    day.segments = [each for each in kept if each]
    day.regular = None if day.regular is None else _within(day.regular, bound)
    return bool(day.segments)


# Rows.


def _rows(days: Sequence[TradingDay]) -> NDArray[np.void]:
    """Turn days into rows; rows of one instant become one, of the later day."""
    found: dict[int, tuple[int, int, int, int, int]] = {}
    for day in days:
        number = (day.date - _EPOCH).days
        opens, closes = day.regular or (0, 0)
        for ts in _instants(day):
            flags = _flags(day, ts)
            if ts in found:
                flags |= found[ts][4]
            found[ts] = number, opens, closes, _phase(day, ts), flags
    rows = np.zeros(len(found), SESSION_ROW)
    for index, ts in enumerate(sorted(found)):
        number, opens, closes, phase, flags = found[ts]
        rows[index] = ts, number, opens, closes, phase, flags
    return rows


def _instants(day: TradingDay) -> Iterable[int]:
    return sorted({day.begins, *sum(day.segments, ()), *(day.regular or ())})


def _phase(day: TradingDay, ts: int) -> Phase:
    if not any(opens <= ts < closes for opens, closes in day.segments):
        within = day.segments[0][0] <= ts < day.segments[-1][1]
        return Phase.PAUSED if within else Phase.CLOSED
    if day.regular is not None and day.regular[0] <= ts < day.regular[1]:
        return Phase.OPEN
    return Phase.EXTENDED


def _flags(day: TradingDay, ts: int) -> int:
    flags = SessionFlag.DAY_BEGINS if ts == day.begins else 0
    if day.regular is not None:
        flags |= SessionFlag.REGULAR_BEGINS if ts == day.regular[0] else 0
        flags |= SessionFlag.REGULAR_ENDS if ts == day.regular[1] else 0
    flags |= SessionFlag.DAY_ENDS if ts == day.segments[-1][1] else 0
    for (_, closes), (opens, _) in zip(day.segments, day.segments[1:], strict=False):
        if ts == closes and opens - closes > _LONG_PAUSE_NS:
            flags |= SessionFlag.STOPS
    return int(flags)


def _begin_days(days: Sequence[TradingDay], zone: ZoneInfo, rolls: time | None) -> None:
    """Say since when instants belong to each trade date: since the last one's end.

    Parameters
    ----------
    rolls : time, optional
        Time of day at which a market that opens on the evening before rolls; worked
        out from the opening where absent.
    """
    before: TradingDay | None = None
    for day in days:
        opens = day.segments[0][0]
        local = datetime.fromtimestamp(opens // _SECOND_NS, zone)
        overnight = local.date() < day.date
        since = day.date if before is None else before.date + timedelta(days=1)
        if overnight:
            at = local.time() if rolls is None else rolls
            begins = _ns(since - timedelta(days=1), at, zone)
        else:
            begins = _ns(since, _MIDNIGHT, zone)
        closed = 0 if before is None else before.segments[-1][1]
        day.begins = min(opens, max(begins, closed))
        before = day


# Markets that follow a rule.


def _ruled_days(
    name: str, instrument: Instrument, zone: ZoneInfo, begin: date, end: date
) -> list[TradingDay]:
    weekends = name == ALWAYS
    whole, regular = _daily_hours(name, instrument)
    days = []
    for each in _dates(begin, end):
        if weekends or each.weekday() < 5:
            segment = _span(each, whole, zone)
            own = (
                segment
                if regular is None
                else _within(_span(each, regular, zone), segment)
            )
            days.append(TradingDay(each, [segment], own))
    return days


def _daily_hours(name: str, instrument: Instrument) -> tuple[Hours, Hours | None]:
    """From the first to the last minute, and the regular hours where they differ."""
    if name == FX:
        return Hours(time(17), time(17)), None
    if name == "24/5":
        return Hours(_MIDNIGHT, _MIDNIGHT), None
    regular = instrument.regular_hours
    whole = instrument.extended_hours or regular or Hours(_MIDNIGHT, _MIDNIGHT)
    return whole, regular


def _dates(begin: date, end: date) -> Iterator[date]:
    for number in range((end - begin).days + 1):
        yield begin + timedelta(days=number)


def _span(day: date, hours: Hours, zone: ZoneInfo) -> tuple[int, int]:
    """Hours of a trade date; through midnight they begin on the evening before."""
    overnight = hours.closes <= hours.opens
    if overnight and hours.opens == _MIDNIGHT:
        return _ns(day, _MIDNIGHT, zone), _ns(day + timedelta(days=1), _MIDNIGHT, zone)
    opens = _ns(day - timedelta(days=overnight), hours.opens, zone)
    return opens, _ns(day, hours.closes, zone)


def _ns(day: date, at: time, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, at, zone).timestamp()) * _SECOND_NS


def _local_date(ts: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(ts // _SECOND_NS, zone).date()


def _within(inner: tuple[int, int], outer: tuple[int, int]) -> tuple[int, int] | None:
    opens, closes = max(inner[0], outer[0]), min(inner[1], outer[1])
    return (opens, closes) if opens < closes else None


def _with_own_hours(day: TradingDay, instrument: Instrument, zone: ZoneInfo) -> None:
    """Let an instrument's own hours narrow an exchange's day.

    Where the exchange has no hours besides its regular ones, the instrument's extended
    ones are added; not on short days, whose late hours nobody has told us.
    """
    hours = instrument.extended_hours
    if hours is not None:
        whole = day.segments[0][0], day.segments[-1][1]
        if day.regular == whole and not day.is_short:
            own = _span(day.date, hours, zone)
            day.segments[0] = min(own[0], whole[0]), day.segments[0][1]
            day.segments[-1] = day.segments[-1][0], max(own[1], whole[1])
        else:
            # A trade date may take in a holiday's session: hours are those of its end.
            kept = [
                _within(each, _span(_local_date(each[1] - 1, zone), hours, zone))
                for each in day.segments
            ]
            day.segments = [each for each in kept if each] or day.segments
    if instrument.regular_hours is not None and day.regular is not None:
        own = _span(day.date, instrument.regular_hours, zone)
        day.regular = _within(own, day.regular)
