"""Numbers to text: the only place in the window that does it.

Prices, quantities and money arrive as integer counts and become text by integer
arithmetic, so that what is shown is what is held. A minus is the sign U+2212, as wide
as a figure; `plain` turns text back for files. What is unknown is
shown as a dash, never as zero.
"""

import math
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from app.clock import utc
from app.engine.group_numbers import LINKED, MEMBERS
from app.engine.records import (
    BUY,
    NO_PRICE,
    OrderStatus,
    OrderType,
    RiskLimit,
    SafetyState,
    TimeInForce,
)
from app.instrument import MONEY_SCALE, Instrument
from app.sessions.session import FIRST_ORDER_ID

DASH: Final = "–"
MINUS: Final = "−"
_DECIMALS: Final[Mapping[str, int]] = {"JPY": 0, "KRW": 0, "BTC": 8, "ETH": 6}
_AFTER_POINT: Final = re.compile(r"\.(\d+)")
_LETTERS: Final = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_QUARTER_S: Final = 900
_MONTH_NS: Final = 28 * 86_400_000_000_000
_SIZE_WIDTH: Final = 6
"""Figures that fit a size cell before a size is shortened."""


def scaled(count: int, decimals: int, *, signed: bool = False) -> str:
    """Write a count of 10**-decimals with its point and thousands.

    >>> scaled(-1234567, 2)
    '−12,345.67'
    """
    sign = MINUS if count < 0 else "+" if signed and count > 0 else ""
    whole, rest = divmod(abs(count), 10**decimals)
    return f"{sign}{whole:,}" + (f".{rest:0{decimals}d}" if decimals else "")


def rounded(count: int, drop: int) -> int:
    """Drop decimal places of a count, half to even."""
    unit: int = 10**drop
    whole, rest = divmod(count, unit)
    is_up = rest * 2 > unit or (rest * 2 == unit and whole % 2 == 1)
    return whole + int(is_up)


def money(amount: int, currency: str = "", *, signed: bool = False) -> str:
    """Write money, counted in 1e-8 of its currency."""
    decimals = _DECIMALS.get(currency, 2)
    places = len(str(MONEY_SCALE)) - 1
    return scaled(rounded(int(amount), places - decimals), decimals, signed=signed)


def round_money(amount: int, currency: str = "") -> str:
    """Write money without decimals where there are none, or where it is large."""
    text = money(amount, currency)
    whole, _, rest = text.partition(".")
    return whole if not rest.strip("0") or len(whole) > 6 else text


def currency(amount: float) -> str:
    """Write an amount of currency held as a float, for curves; NaN is a dash."""
    if not math.isfinite(amount):
        return DASH
    return money(round(amount * MONEY_SCALE), signed=True)


def axis_number(value: float, spacing: float) -> str:
    """Write a tick of an axis with the decimals that its spacing needs."""
    decimals = max(0, min(8, math.ceil(-math.log10(spacing)))) if spacing > 0 else 0
    return f"{value:,.{decimals}f}".replace("-", MINUS)


def axis_texts(texts: Sequence[str]) -> list[str]:
    """Ticks of an axis without the zeros that all end with: ``70.00 %`` is ``70 %``."""
    found = [_AFTER_POINT.search(text) for text in texts]
    parts = [each.group(1) if each else "" for each in found]
    if not parts or not all(parts):
        return list(texts)
    kept = max(len(part.rstrip("0")) for part in parts)
    ends = [f".{part[:kept]}" if kept else "" for part in parts]
    return [
        _AFTER_POINT.sub(end, text, count=1)
        for text, end in zip(texts, ends, strict=True)
    ]


def short_number(value: float) -> str:
    """Write a number in few figures: ``999``, ``1.2k``, ``35M``."""
    sign = MINUS if value < 0 else ""
    value = abs(value)
    for size, letter in _LETTERS:
        if value >= size * 0.9995:
            return f"{sign}{value / size:.3g}{letter}"
    return f"{sign}{value:.3g}" if value < 10 else f"{sign}{value:.4g}"


def narrow_number(value: float) -> str:
    """Write a number from 0 in two figures beside its letter: ``1.6k``, ``16k``."""
    for size, letter in _LETTERS:
        if value >= size:
            part = value / size
            return f"{part:.1f}{letter}" if part < 9.95 else f"{part:.0f}{letter}"
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"


def short_count(count: int, places: int) -> str:
    """Write a count of 10**-places, at least 0, in few figures: ``12.4k``.

    In whole numbers, so that the compiled painter (`engine.raster_numbers`) writes the
    same.

    >>> short_count(1234567, 0), short_count(12345678, 6)
    ('1.23M', '12.35')
    """
    exponent = len(str(count)) - 1 - places
    drop = len(str(count)) - (4 if 1 <= exponent < 3 else 3)
    if drop > 0:
        count = rounded(count, drop) * 10**drop
    exponent = len(str(count)) - 1 - places
    power = min(len(_LETTERS), max(0, exponent) // 3)
    text = scaled(count, places + 3 * power).replace(",", "")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text + (_LETTERS[-power][1] if power else "")


def count(number: int) -> str:
    """Write a count with thousands."""
    return f"{int(number):,}"


def plural(number: int, noun: str) -> str:
    """Write a count of things: ``1 order``, ``no orders``, ``3 orders``."""
    return f"{count(number) if number else 'no'} {noun}{'' if number == 1 else 's'}"


def percent(fraction: float) -> str:
    """Write a fraction in per cent."""
    return f"{fraction * 100:.0f} %".replace("-", MINUS)


def order_number(number: int) -> str:
    """Write an order's number: yours ``12``, the engine's and strategies' ``e12``."""
    if not number:
        return ""
    own = number - FIRST_ORDER_ID
    return str(own) if own > 0 else f"e{number}"


def group_number(number: int) -> str:
    """Write a group's number; those that are linked have a number and a part."""
    if not number & LINKED:
        return str(number) if number else ""
    return f"{(number - LINKED) // MEMBERS + 1}.{number % MEMBERS + 1}"


def percent_change(fraction: float) -> str:
    """Write a change in per cent, signed; NaN is a dash."""
    if not math.isfinite(fraction):
        return DASH
    return f"{scaled(round(fraction * 10_000), 2, signed=True)} %"


def ticks(number: float) -> str:
    """Write a distance in ticks, signed, with a decimal."""
    text = f"{number:+,.1f} ticks" if number else "0 ticks"
    return text.replace("-", MINUS)


def rate(per_second: float) -> str:
    """Write events per second."""
    return f"{short_number(round(per_second))}/s"


def memory(amount: float) -> str:
    """Write bytes as megabytes."""
    return DASH if math.isnan(amount) else f"{amount / 1e6:,.0f} MB"


def duration(ns: float) -> str:
    """Write an interval, in the unit that suits it."""
    if not math.isfinite(ns) or ns < 0:
        return DASH
    for size, unit in ((1, "ns"), (1e3, "µs"), (1e6, "ms")):
        if ns < size * 999.5:
            return f"{ns / size:.3g} {unit}"
    seconds = ns / 1e9
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 100:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


class _Zone:
    """The zone of the times that are shown; one for the window."""

    def __init__(self) -> None:
        self.zone: tzinfo | None = None
        """None = the machine's own."""

    def show(self, zone: tzinfo | None) -> None:
        self.zone = zone
        self.offset.cache_clear()

    @lru_cache(maxsize=4096)  # noqa: B019 - there is one, as long as the program runs
    def offset(self, quarter: int) -> int:
        """Seconds to add to UTC in a quarter of an hour: no zone turns within one."""
        moment = utc(quarter * _QUARTER_S * 1_000_000_000).astimezone(self.zone)
        away = moment.utcoffset()
        return 0 if away is None else round(away.total_seconds())


_ZONE: Final = _Zone()


def use_zone(name: str, exchange: str = "UTC") -> None:
    """Show times in another zone from now on.

    Parameters
    ----------
    name : str
        "local", "UTC", "exchange" or an IANA name, as the setting ``ui.time_zone``.
    exchange : str
        The zone that "exchange" stands for.
    """
    known = {"local": None, "exchange": exchange}
    key = known.get(name, name)
    _ZONE.show(None if key is None else ZoneInfo(key))


def zone_name(ns: int) -> str:
    """Name of the zone that times are shown in, as it is called at an instant."""
    return utc(max(0, int(ns))).astimezone(_ZONE.zone).strftime("%Z") or "local"


def zone_offset(ns: int) -> int:
    """Seconds that the zone in use is ahead of UTC at an instant (ns since 1970)."""
    return _ZONE.offset(max(0, int(ns)) // 1_000_000_000 // _QUARTER_S)


def clock_time(ns: int, *, fine: bool = False) -> str:
    """Write an instant (ns since 1970 UTC) as a time of day, in the zone in use."""
    if ns <= 0:
        return DASH
    whole, rest = divmod(int(ns), 1_000_000_000)
    minutes, seconds = divmod(whole + _ZONE.offset(whole // _QUARTER_S), 60)
    text = f"{minutes // 60 % 24:02d}:{minutes % 60:02d}:{seconds:02d}"
    return f"{text}.{rest // 1_000_000:03d}" if fine else text


def day(ns: int) -> str:
    """Write the date of an instant (ns since 1970 UTC), in the zone in use."""
    return DASH if ns <= 0 else f"{utc(int(ns)).astimezone(_ZONE.zone):%Y-%m-%d}"


def axis_time(ns: int, step_ns: int, *, is_day: bool = False) -> str:
    """Write an instant for an axis whose labels are `step_ns` apart.

    Parameters
    ----------
    ns : int
        Since 1970 UTC.
    step_ns : int
    is_day : bool
        It is the first of its day: the date says more than the time.
    """
    local = utc(int(ns)).astimezone(_ZONE.zone)
    if step_ns >= _MONTH_NS:
        return f"{local:%b %Y}"
    if step_ns >= 86_400_000_000_000:
        return f"{local:%d %b %Y}" if local.day == 1 else f"{local:%d %b}"
    if is_day:
        return f"{local:%d %b}"
    return f"{local:%H:%M:%S}" if step_ns < 60_000_000_000 else f"{local:%H:%M}"


def countdown(ns: int) -> str:
    """Write what is left of an interval: ``4:59``, ``1:02:03``."""
    seconds = max(0, -(-ns // 1_000_000_000))
    hours, rest = divmod(seconds, 3600)
    minutes, second = divmod(rest, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{second:02d}"
    return f"{minutes}:{second:02d}"


def date_time(ns: int) -> str:
    """Write an instant (ns since 1970 UTC) in full, UTC, for files."""
    return utc(int(ns)).isoformat(timespec="microseconds")


def side(value: int) -> str:
    """BUY or SELL."""
    return "BUY" if value == BUY else "SELL"


def plain(text: str) -> str:
    """Turn shown text into text for a file: a number as a program reads it."""
    if text == DASH:
        return ""
    number = text.replace(MINUS, "-").replace(",", "").removeprefix("+")
    return number if number.lstrip("-").replace(".", "", 1).isdigit() else text


def words(name: str) -> str:
    """Turn a constant's name into words: ``PENDING_NEW`` to ``pending new``."""
    return name.replace("_", " ").lower()


_STATUS: Final[Mapping[int, str]] = {
    OrderStatus.PENDING_NEW: "sent",
    OrderStatus.NEW: "working",
    OrderStatus.PARTIALLY_FILLED: "partly filled",
    OrderStatus.PENDING_CANCEL: "cancelling",
    OrderStatus.PENDING_REPLACE: "replacing",
    OrderStatus.INACTIVE: "stop, waiting",
    OrderStatus.HELD: "held",
}


def status(value: int) -> str:
    """Write an order's status."""
    return _STATUS.get(value) or words(OrderStatus(value).name)


_TYPES: Final[Mapping[int, str]] = {
    OrderType.MARKET: "MKT",
    OrderType.LIMIT: "LMT",
    OrderType.STOP: "STP",
    OrderType.STOP_LIMIT: "STP LMT",
    OrderType.TRAILING_STOP: "TRAIL",
    OrderType.TRAILING_STOP_LIMIT: "TRAIL LMT",
}


def order_type(value: int) -> str:
    """Write an order's type as a trader does."""
    return _TYPES[OrderType(value)]


_AUCTIONS: Final[Mapping[tuple[int, int], str]] = {
    (OrderType.MARKET, TimeInForce.AT_THE_CLOSE): "MOC",
    (OrderType.LIMIT, TimeInForce.AT_THE_CLOSE): "LOC",
    (OrderType.MARKET, TimeInForce.AT_THE_OPEN): "MOO",
    (OrderType.LIMIT, TimeInForce.AT_THE_OPEN): "LOO",
}


def order_kind(order: np.void) -> str:
    """Write what an order or a report is: its type, an auction's with the auction.

    ``LMT``, ``STP``, ``MOC`` for a market order at the close; "" where no type is told.
    """
    kind = int(order["order_type"])
    if not kind:
        return ""
    auction = _AUCTIONS.get((kind, int(order["time_in_force"])))
    return auction or order_type(kind)


def time_in_force(value: int) -> str:
    """Write how long an order may live."""
    return TimeInForce(value).name.replace("_", " ")


def state(value: int) -> str:
    """Write a safety state."""
    return SafetyState(value).name


_LIMITS: Final[Mapping[RiskLimit, tuple[str, str]]] = {
    RiskLimit.MAX_ORDER_SIZE: ("Max order size", "quantity"),
    RiskLimit.MAX_ORDER_VALUE: ("Max order value", "money"),
    RiskLimit.MAX_POSITION_SIZE: ("Max position", "quantity"),
    RiskLimit.MAX_SYMBOL_EXPOSURE: ("Max symbol exposure", "money"),
    RiskLimit.MAX_GROSS_EXPOSURE: ("Max gross exposure", "money"),
    RiskLimit.MAX_DAILY_LOSS: ("Max daily loss", "money"),
    RiskLimit.MAX_DRAWDOWN: ("Max drawdown", "money"),
    RiskLimit.COLLAR: ("Price collar", "parts"),
    RiskLimit.MESSAGE_RATE: ("Message rate", "count"),
    RiskLimit.RATE_WINDOW: ("Rate window", "time"),
    RiskLimit.DUPLICATE_ALLOWED: ("Duplicates allowed", "count"),
    RiskLimit.DUPLICATE_WINDOW: ("Duplicate window", "time"),
    RiskLimit.STALE_GUARD: ("Refuse on a stale book", "flag"),
    RiskLimit.STALE_AFTER: ("Stale after silence of", "time"),
    RiskLimit.SESSION_HOURS: ("Refuse outside hours", "flag"),
    RiskLimit.CASH_ACCOUNT: ("Cash account: no borrowing, no shorts", "flag"),
    RiskLimit.MARGIN: ("Ask for initial margin", "flag"),
}


def limit_name(limit: int) -> str:
    """Name of a risk limit."""
    return _LIMITS[RiskLimit(limit)][0]


def limit_kind(limit: int) -> str:
    """In what a limit counts: quantity, money, parts, count, time or flag."""
    return _LIMITS[RiskLimit(limit)][1]


class InstrumentText:
    """Text of one instrument's prices, quantities and money, and the way back.

    Made once per instrument; holds the integer ratios so that no decimal is made per
    cell.
    """

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self._price = _ratio(instrument.price_unit)
        self._quantity = _ratio(instrument.quantity_unit)
        table = instrument.tick_table
        self._starts = [int(band.from_price or 0) for band in table[1:]]
        self._steps = [band.step for band in table]
        self._decimals = [
            _places(band.step * self._price[0], self._price[1]) for band in table
        ]

    def price(self, units: int) -> str:
        """Write a price (price units) with the decimals of its tick, no thousands."""
        if units == NO_PRICE:
            return DASH
        band = self._band(units)
        numerator, places = self._price
        value = units * numerator
        decimals = self._decimals[band]
        if units % self._steps[band]:
            decimals = places  # a midpoint fill: show all of it
        return scaled(value // 10 ** (places - decimals), decimals).replace(",", "")

    @property
    def price_unit(self) -> tuple[int, int]:
        """A price unit as numerator and decimal places."""
        return self._price

    @property
    def quantity_unit(self) -> tuple[int, int]:
        """A quantity unit as numerator and decimal places."""
        return self._quantity

    @property
    def bands(self) -> list[tuple[int, int, int]]:
        """Bands of the tick table: start (price units), step, decimals."""
        starts = [0, *self._starts]
        return list(zip(starts, self._steps, self._decimals, strict=True))

    def _band(self, units: int) -> int:
        return bisect_right(self._starts, units) if self._starts else 0

    def average(self, units: float) -> str:
        """Write an average price (price units, NaN = none), one decimal finer."""
        if not math.isfinite(units):
            return DASH
        decimals = self._decimals[self._band(round(units))] + 1
        return f"{units * self._price[0] / 10 ** self._price[1]:.{decimals}f}".replace(
            "-", MINUS
        )

    def quantity(self, units: int, *, signed: bool = False) -> str:
        """Write a quantity (quantity units), all of it, without trailing zeros."""
        numerator, places = self._quantity
        text = scaled(int(units) * numerator, places, signed=signed)
        return text.rstrip("0").rstrip(".") if places else text

    def size(self, units: int) -> str:
        """Write a size for a narrow cell; long ones are shortened: ``12.4k``."""
        text = self.quantity(units)
        if len(text) <= _SIZE_WIDTH:
            return text
        numerator, places = self._quantity
        sign = MINUS if units < 0 else ""
        return sign + short_count(abs(int(units)) * numerator, places)

    def change(self, units: int) -> str:
        """Write a change of a size for a narrow cell, with its sign; zero is empty."""
        if not units:
            return ""
        return ("+" if units > 0 else MINUS) + self.size(abs(units))

    def money(self, amount: int, *, signed: bool = False) -> str:
        """Write money in the instrument's currency."""
        return money(amount, self.instrument.currency, signed=signed)


def _ratio(unit: object) -> tuple[int, int]:
    """A decimal as numerator and decimal places."""
    text = f"{unit:f}"
    whole, _, rest = text.partition(".")
    return int(whole + rest), len(rest)


def _places(numerator: int, places: int) -> int:
    """Decimal places that a multiple of 10**-places needs; at least 2 where it has."""
    needed = places
    while needed > 0 and numerator % 10 == 0:
        numerator //= 10
        needed -= 1
    return max(needed, min(2, places))


def latency_quantile(histogram: np.ndarray, quantile: float) -> float:
    """Upper edge of the bucket that holds a quantile, ns; NaN without counts.

    Bucket b counts latencies from 2**(b/2) to 2**((b+1)/2) ns (see engine.views).
    """
    total = int(histogram.sum())
    if total == 0:
        return math.nan
    bucket = int(np.searchsorted(np.cumsum(histogram), quantile * total))
    return float(2 ** ((min(bucket, len(histogram) - 1) + 1) / 2))
