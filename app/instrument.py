"""Instruments: what is traded, and the exact way between currency and integers.

Inside the program a price is a count of price units, a quantity a count of quantity
units, a time a count of nanoseconds, money a count of 1e-8 of its currency (SEMANTICS
1-3). This module is the one place that turns text, decimals and floats into such
counts and back. It never goes through binary rounding: a float means the shortest
decimal that prints as it, and what is off the grid is refused by name.

The file that holds instruments is read and written by `app.data.instrument_master`.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import date, time
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Final, NewType, SupportsFloat, SupportsIndex, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from app.errors import InstrumentError

PriceUnits = NewType("PriceUnits", int)
"""Count of an instrument's price unit."""
QuantityUnits = NewType("QuantityUnits", int)
"""Count of an instrument's quantity unit."""
Nanoseconds = NewType("Nanoseconds", int)
"""Nanoseconds since 1970 UTC."""

MONEY_SCALE: Final = 100_000_000
"""Money amounts are counts of 1e-8 of their currency."""
PRODUCT_BOUND: Final = 2**62
"""|price x quantity|, in units, may not pass this."""
DEFAULT_PRICE_BOUND: Final = 2**34
"""Bound of |price|, price units, where neither prices nor quantities are bounded."""
MOST_SETTLE_DAYS: Final = 7
_MOST_DIGITS: Final = 40

Number: TypeAlias = Decimal | str | SupportsIndex | SupportsFloat


class InstrumentKind(StrEnum):
    """The kinds that can be traded (SEMANTICS 7)."""

    STOCK = "stock"
    ETF = "etf"
    FUTURE = "future"
    FX_SPOT = "fx_spot"
    CRYPTO_SPOT = "crypto_spot"
    PERPETUAL = "perpetual"

    @classmethod
    def named(cls, name: str) -> "InstrumentKind":
        """Return the kind of this name; options, bonds and the rest are refused."""
        try:
            return cls(name)
        except ValueError:
            known = ", ".join(cls)
            raise InstrumentError(
                f"instruments of kind {name!r} are refused; kinds are {known}"
            ) from None


@dataclass(frozen=True, slots=True)
class TickBand:
    """The step of order prices from one price upwards, until the next band."""

    from_price: PriceUnits | None
    """First price of the band, price units; None = from minus infinity."""
    step: int
    """Distance of valid prices, price units; valid prices are its multiples."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Daily hours in the instrument's zone; through midnight if closes <= opens."""

    opens: time
    closes: time

    @classmethod
    def parse(cls, text: str) -> "Hours":
        """Read ``09:30-16:00``."""
        opens, dash, closes = text.partition("-")
        try:
            if not dash:
                raise ValueError
            return cls(
                time.fromisoformat(opens.strip()), time.fromisoformat(closes.strip())
            )
        except ValueError:
            raise InstrumentError(
                f"hours must read like 09:30-16:00, was {text!r}"
            ) from None

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"


@dataclass(frozen=True, slots=True)
class Fees:
    """What a fill costs; positive is paid, negative is a rebate (SEMANTICS 45)."""

    maker: Decimal = Decimal(0)
    """Fraction of the value of a fill that rested."""
    taker: Decimal = Decimal(0)
    """Fraction of the value of a fill that aggressed."""
    per_unit: Decimal = Decimal(0)
    """Currency per whole unit: share, contract, coin."""
    per_order: Decimal = Decimal(0)
    """Currency per order that was filled at all."""
    minimum: Decimal = Decimal(0)
    """Least fee of an order, currency."""
    maximum: Decimal | None = None
    """Largest fee of an order, currency; where the minimum exceeds it, it holds."""
    maximum_share: Decimal | None = None
    """Largest fee of an order, as a fraction of what it traded; the same holds."""


@dataclass(frozen=True, slots=True)
class Margin:
    """What must be held for a position."""

    initial: Decimal = Decimal(1)
    """To open: a fraction of the value, or currency per contract."""
    maintenance: Decimal = Decimal(1)
    """To keep: a fraction of the value, or currency per contract."""
    per_contract: bool = False
    """Whether both are currency per contract."""
    short: Decimal | None = None
    """To keep a short: a fraction of the value; None = as long, stocks at least 0.3."""


_WHOLE: Final = (TickBand(None, 1),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """What is traded: its units, its rules and where they come from (SEMANTICS 1-8).

    Invariants, checked on making one: units, steps and the multiplier are positive;
    the tick table starts at minus infinity and ascends; the bounds of price and
    quantity keep |price x quantity| <= 2**62.
    """

    name: str
    """How the program, its files and its commands call it."""
    kind: InstrumentKind
    venue: str
    currency: str
    """Of its prices and its money; ISO 4217 or a coin."""
    price_unit: Decimal
    """Finest step that can be quoted or filled, currency."""
    quantity_unit: Decimal = Decimal(1)
    """Finest fill, in shares, contracts or coins."""
    multiplier: Decimal = Decimal(1)
    """Money = price x quantity x multiplier."""
    tick_table: tuple[TickBand, ...] = _WHOLE
    """Steps of order prices by band, in price units, ascending."""
    order_step: QuantityUnits = QuantityUnits(1)
    """An order's quantity is a multiple of this, quantity units."""
    order_min: QuantityUnits = QuantityUnits(1)
    """Smallest order, quantity units."""
    order_max: QuantityUnits | None = None
    """Largest order, quantity units."""
    min_value: Decimal | None = None
    """Smallest price x quantity x multiplier of an order, currency."""
    max_price: PriceUnits | None = None
    """Bound of |price|, price units: beyond it data are refused as damaged."""
    price_bands: tuple[PriceUnits, PriceUnits] | None = None
    """Lowest and highest price the venue accepts today, price units."""
    calendar: str | None = None
    """Name of the venue's calendar of trading days; None = every day."""
    time_zone: str = "UTC"
    """IANA name of the zone of `regular_hours` and of the trade date."""
    regular_hours: Hours | None = None
    """None = around the clock."""
    extended_hours: Hours | None = None
    """From the first to the last minute of trading; None = the regular hours."""
    expiry: date | None = None
    """Last trading day, venue's calendar."""
    first_notice: date | None = None
    """First day on which delivery may be announced, venue's calendar."""
    fees: Fees = field(default_factory=Fees)
    margin: Margin = field(default_factory=Margin)
    shortable: bool = True
    located: QuantityUnits | None = None
    """What may be sold short, quantity units; None = no bound."""
    borrow_rate: Decimal = Decimal(0)
    """What a short pays a year, as a fraction of its value."""
    rollover: Decimal = Decimal(0)
    """FX: interest a year on its currency less that on the one it buys; longs pay."""
    settle_days: int | None = None
    """Business days until a trade's cash is settled; None = 1 for stocks, else 0."""
    consolidated: bool = False
    """Its data merge several venues: crossed quotes are normal, and prints that do not
    set the last price neither fill nor trigger."""

    def __post_init__(self) -> None:
        for rule, holds, was in self._rules():
            if not holds:
                raise InstrumentError(f"instrument {self.name!r}: {rule}, was {was}")

    def _rules(self) -> Iterator[tuple[str, bool, object]]:
        """Every rule of one instrument: its words, whether it holds, the value."""
        yield "name must not be empty or padded", self._is_named(), repr(self.name)
        for each in ("price_unit", "quantity_unit", "multiplier"):
            value = getattr(self, each)
            yield f"{each} must be a positive number", _is_positive(value), value
        for each in ("order_step", "order_min"):
            value = getattr(self, each)
            yield f"{each} must be at least one quantity unit", value >= 1, value
        largest = self.order_max
        enough = largest is None or largest >= self.order_min
        yield "order_max must not be below order_min", enough, largest
        bound = self.max_price
        yield "max_price must be positive", bound is None or bound > 0, bound
        bands = self.price_bands
        ascending = bands is None or bands[0] <= bands[1]
        yield "price_bands must be lowest, highest", ascending, bands
        days = self.settlement_days
        yield "settle_days must lie in 0 to 7", 0 <= days <= MOST_SETTLE_DAYS, days
        yield from self._tick_rules()
        yield "time_zone must be an IANA name", _is_zone(self.time_zone), self.time_zone
        yield (
            "bounds of |price x quantity| (max_price or price_bands, order_max) must "
            "stay within 2**62 units",
            self.price_bound * self.quantity_bound <= PRODUCT_BOUND,
            f"{self.price_bound} x {self.quantity_bound}",
        )

    def _is_named(self) -> bool:
        return bool(self.name) and self.name == self.name.strip()

    def _tick_rules(self) -> Iterator[tuple[str, bool, object]]:
        table = self.tick_table
        starts = bool(table) and table[0].from_price is None
        yield "tick_table must start without a from", starts, table
        lows = [band.from_price for band in table[1:]]
        named = all(low is not None for low in lows)
        yield "later bands of tick_table must have a from", named, table
        known = [low for low in lows if low is not None]
        ascending = known == sorted(set(known))
        yield "bands of tick_table must ascend", ascending, known
        for band in table:
            yield "steps of tick_table must be positive", band.step > 0, band.step
            anchored = not (band.from_price or 0) % max(band.step, 1)
            yield "a band must begin on its own step", anchored, band.from_price

    # Bounds.

    @property
    def price_bound(self) -> int:
        """Bound of |price|, price units."""
        if self.max_price is not None:
            return self.max_price
        if self.price_bands is not None:
            return max(1, *map(abs, self.price_bands))
        if self.order_max is not None:
            return min(DEFAULT_PRICE_BOUND, max(1, PRODUCT_BOUND // self.order_max))
        return DEFAULT_PRICE_BOUND

    @property
    def quantity_bound(self) -> int:
        """Bound of an order's quantity, quantity units."""
        if self.order_max is not None:
            return self.order_max
        return PRODUCT_BOUND // self.price_bound

    @property
    def settlement_days(self) -> int:
        """Business days until a trade's cash is settled (SEMANTICS 47)."""
        if self.settle_days is not None:
            return self.settle_days
        return int(self.kind in (InstrumentKind.STOCK, InstrumentKind.ETF))

    # Currency to units.

    def price_units(self, price: Number) -> PriceUnits:
        """Count a price, in currency, in price units.

        Raises
        ------
        InstrumentError
            If it is no number, off the grid or out of bounds.
        """
        units = self._units(price, "price", self.price_unit)
        if abs(units) > self.price_bound:
            raise InstrumentError(
                f"price {price} of {self.name} is beyond its bound "
                f"{self.price(PriceUnits(self.price_bound))}"
            )
        return PriceUnits(units)

    def quantity_units(self, quantity: Number) -> QuantityUnits:
        """Count a quantity (shares, contracts, coins) in quantity units.

        Raises
        ------
        InstrumentError
            If it is no number, off the grid or beyond int64.
        """
        return QuantityUnits(self._units(quantity, "quantity", self.quantity_unit))

    def _units(self, value: Number, what: str, unit: Decimal) -> int:
        try:
            ratio = Fraction(exact(value)) / Fraction(unit)
        except InstrumentError as error:
            raise InstrumentError(f"{what} of {self.name}: {error}") from None
        if ratio.denominator != 1:
            raise InstrumentError(
                f"{what} {value} of {self.name} is not a multiple of its "
                f"{what} unit {plain(unit)}"
            )
        if abs(ratio.numerator) >= PRODUCT_BOUND:
            raise InstrumentError(
                f"{what} {value} of {self.name} is beyond 2**62 units"
            )
        return ratio.numerator

    # Units to currency.

    def price(self, price: int) -> Decimal:
        """Turn price units into currency."""
        return price * self.price_unit

    def quantity(self, quantity: int) -> Decimal:
        """Turn quantity units into shares, contracts or coins."""
        return quantity * self.quantity_unit

    def prices(self, units: NDArray[np.int64]) -> NDArray[np.float64]:
        """Turn price units into the nearest floats of currency."""
        return _floats(units, self.price_unit)

    def quantities(self, units: NDArray[np.int64]) -> NDArray[np.float64]:
        """Turn quantity units into the nearest floats of shares, contracts or coins."""
        return _floats(units, self.quantity_unit)

    @property
    def price_decimals(self) -> int:
        """Decimal places that show every price unit."""
        return _decimals(self.price_unit)

    @property
    def quantity_decimals(self) -> int:
        """Decimal places that show every quantity unit."""
        return _decimals(self.quantity_unit)

    # Money.

    @property
    def money_ratio(self) -> tuple[int, int]:
        """Numerator and denominator of the money of one price unit x quantity unit.

        ``price x quantity x numerator / denominator`` is money in 1e-8 of `currency`.
        """
        return _money_ratio(self.price_unit, self.quantity_unit, self.multiplier)

    def money(self, price: int, quantity: int) -> int:
        """Value of a quantity at a price, 1e-8 currency, rounded half-even."""
        numerator, denominator = self.money_ratio
        return round(Fraction(price * quantity * numerator, denominator))

    # The tick table.

    def step_at(self, price: int) -> int:
        """Step of valid prices in the band of this price, price units."""
        return self.tick_table[self._band(price)].step

    def is_valid_price(self, price: int) -> bool:
        """Whether an order may have this price: it lies on the tick table."""
        return price % self.step_at(price) == 0

    def next_valid_price(self, price: int) -> PriceUnits:
        """Lowest valid price above this one."""
        return self._at_or_above(price + 1)

    def previous_valid_price(self, price: int) -> PriceUnits:
        """Highest valid price below this one."""
        return self._at_or_below(price - 1)

    def nearest_valid_price(self, price: int, side: int) -> PriceUnits:
        """Valid price nearest to this one; of two as near, the less aggressive.

        Parameters
        ----------
        price : int
            Price units.
        side : int
            +1 for a buy, whose lower price is less aggressive, -1 for a sell.
        """
        above, below = self._at_or_above(price), self._at_or_below(price)
        if above - price == price - below:
            return below if side > 0 else above
        return above if above - price < price - below else below

    def _band(self, price: int) -> int:
        lows = [band.from_price for band in self.tick_table[1:]]
        return bisect_right([low for low in lows if low is not None], price)

    def _at_or_above(self, price: int) -> PriceUnits:
        index = self._band(price)
        step = self.tick_table[index].step
        candidate = -(-price // step) * step
        if index + 1 < len(self.tick_table):
            # A band begins on its own step, so its first price is valid.
            start = self.tick_table[index + 1].from_price
            assert start is not None
            candidate = min(candidate, start)
        return PriceUnits(candidate)

    def _at_or_below(self, price: int) -> PriceUnits:
        step = self.tick_table[self._band(price)].step
        return PriceUnits(price // step * step)


def exact(value: Number) -> Decimal:
    """Read a number without binary rounding: a float is what it prints as.

    Raises
    ------
    InstrumentError
        If it is no finite number of reasonable length.
    """
    try:
        if isinstance(value, Decimal | str):
            number = Decimal(value)
        elif isinstance(value, SupportsIndex):
            number = Decimal(int(value))
        else:
            number = Decimal(repr(float(value)))
    except (InvalidOperation, ValueError, OverflowError):
        raise InstrumentError(f"a number is needed, was {value!r}") from None
    if not number.is_finite():
        raise InstrumentError(f"a finite number is needed, was {value}")
    digits = len(number.as_tuple().digits)
    if digits > _MOST_DIGITS or (number and abs(number.adjusted()) > _MOST_DIGITS):
        raise InstrumentError(
            f"a number of {_MOST_DIGITS} digits is needed, was {value}"
        )
    return number


def plain(number: Decimal) -> str:
    """Write a decimal without exponent or trailing zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _is_positive(number: Decimal) -> bool:
    return number.is_finite() and number > 0


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _decimals(unit: Decimal) -> int:
    return len(plain(unit).partition(".")[2])


@lru_cache(maxsize=4096)
def _money_ratio(price: Decimal, quantity: Decimal, by: Decimal) -> tuple[int, int]:
    ratio = MONEY_SCALE * Fraction(price) * Fraction(quantity) * Fraction(by)
    return ratio.numerator, ratio.denominator


def _floats(units: NDArray[np.int64], unit: Decimal) -> NDArray[np.float64]:
    ratio = Fraction(unit)
    # One division of two exact numbers is correctly rounded; x 0.01 would not be.
    if ratio.numerator == 1 or math.log2(ratio.numerator) < 8:
        numerators = np.asarray(units, np.float64) * ratio.numerator
        return np.asarray(numerators / ratio.denominator, np.float64)
    whole = [float(int(each) * ratio) for each in np.asarray(units).ravel()]
    return np.array(whole, np.float64).reshape(np.shape(units))


FIELDS: Final = tuple(each.name for each in fields(Instrument))
"""Names of an instrument's fields, in order."""
