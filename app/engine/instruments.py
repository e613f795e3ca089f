"""The session's instrument table, and tick arithmetic on it.

`load_instruments` writes the numbers of each `Instrument` into INSTRUMENT and TICK_BAND
(state.py). The kernels answer what an order's price may be (SEMANTICS 1, 4, 5, 17);
they agree with the methods of the same names of `app.instrument.Instrument`.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import numpy as np

from app.engine.arena import Arena, Section
from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.money import CONVERSION_SCALE
from app.engine.records import MONEY_SCALE, NO_PRICE, SessionState, Trigger
from app.engine.state import instruments, tick_bands
from app.errors import InstrumentError
from app.instrument import Instrument, InstrumentKind, TickBand

KINDS: Final = tuple(InstrumentKind)
"""INSTRUMENT's `kind` is an index here."""
PROTECTION_TICKS: Final = 20
"""Steps from the touch that a market order may take, unless it says otherwise."""
_CASH_KINDS: Final = (
    InstrumentKind.STOCK,
    InstrumentKind.ETF,
    InstrumentKind.FX_SPOT,
    InstrumentKind.CRYPTO_SPOT,
)
_MOST_NUMERATOR: Final = 2**48
_MOST_DENOMINATOR: Final = 2**61
_STOCKS: Final = (InstrumentKind.STOCK, InstrumentKind.ETF)
"""Their orders work in regular hours alone unless they say so (SEMANTICS 24)."""
_MOST_CONVERSION: Final = 2**62
_PPM: Final = 1_000_000
_SHORT_MAINTENANCE: Final = Decimal("0.3")
_SHORT_FLOOR: Final = Fraction(5)
"""FINRA 4210 (c)(3): 30 per cent of a short's value, at least 5 dollars a share."""


def load_instruments(
    arena: Arena,
    table: Sequence[Instrument],
    *,
    base_currency: str | None = None,
    rates: Mapping[str, Decimal] | None = None,
) -> None:
    """Write the instrument table of a session.

    Books, session states and fees' parameters are left to who opens them: `book`,
    `venue_book` and `fee_model` are 0.

    Parameters
    ----------
    arena : Arena
        With the sections of `state.fixed_layout`.
    table : sequence of Instrument
        In the order of their numbers.
    base_currency : str, optional
        Currency of limits and account; the first instrument's by default.
    rates : mapping, optional
        Currency to base currency for one unit of it. A currency that is missing has no
        rate: its exposure is unknown and new risk in it is refused (SEMANTICS 48).

    Raises
    ------
    InstrumentError
        If an instrument's numbers do not fit the engine's, or there is no room.
    """
    records = arena.records(Section.INSTRUMENTS)
    if not 0 < len(table) <= len(records):
        raise InstrumentError(
            f"a session takes 1 to {len(records)} instruments, was {len(table)}"
        )
    base = table[0].currency if base_currency is None else base_currency
    known = {base: Decimal(1), **(rates or {})}
    numbers = {base: 0}
    bands: list[tuple[int, int]] = []
    for index, each in enumerate(table):
        records[index] = np.zeros((), records.dtype)
        values = _rules(each) | _money(each) | _margin(each) | _unit(each)
        values["first_band"], values["bands"] = len(bands), len(each.tick_table)
        values["conversion"] = _conversion(each, known.get(each.currency))
        values["currency"] = numbers.setdefault(each.currency, len(numbers))
        for name, value in values.items():
            records[index][name] = value
        bands.extend(_band(band) for band in each.tick_table)
    rows = arena.records(Section.TICK_BANDS)
    if len(bands) > len(rows):
        raise InstrumentError(f"{len(bands)} tick bands, there is room for {len(rows)}")
    for index, pair in enumerate(bands):
        rows[index] = pair
    arena.set_used(Section.INSTRUMENTS, len(table))
    arena.set_used(Section.TICK_BANDS, len(bands))
    arena.records(Section.ENGINE)[0]["instruments"] = len(table)


def _rules(each: Instrument) -> dict[str, int]:
    low, high = each.price_bands or (-each.price_bound, each.price_bound)
    touch = each.kind is InstrumentKind.FX_SPOT
    return {
        "kind": KINDS.index(each.kind),
        "order_step": each.order_step,
        "order_min": each.order_min,
        "order_max": each.quantity_bound,
        "price_low": low,
        "price_high": high,
        "protection_ticks": PROTECTION_TICKS,
        "default_trigger": Trigger.TOUCH if touch else Trigger.LAST,
        "shortable": each.shortable,
        "consolidated": each.consolidated,
        "session": SessionState.UNKNOWN,
        "cash_product": each.kind in _CASH_KINDS,
        "borrow_rate": round(Fraction(each.borrow_rate) * _PPM),
        "located": -1 if each.located is None else each.located,
        "rollover": round(Fraction(each.rollover) * _PPM),
        "settle_days": each.settlement_days,
        "always": each.kind not in _STOCKS,
    }


def _margin(each: Instrument) -> dict[str, int]:
    """Margin fields: parts per million of the value, or money per quantity unit."""
    margin, is_stock = each.margin, each.kind in _STOCKS
    short = margin.maintenance if margin.short is None else margin.short
    if margin.short is None and is_stock and not margin.per_contract:
        short = max(short, _SHORT_MAINTENANCE)
    unit = MONEY_SCALE * Fraction(each.quantity_unit)
    floor = _SHORT_FLOOR if is_stock and each.currency == "USD" else Fraction(0)
    money, parts = (unit, 0) if margin.per_contract else (Fraction(0), _PPM)
    return {
        "initial_margin": round(Fraction(margin.initial) * parts),
        "maintenance_margin": round(Fraction(margin.maintenance) * parts),
        "short_maintenance": round(Fraction(short) * parts),
        "initial_per_unit": round(Fraction(margin.initial) * money),
        "maintenance_per_unit": round(Fraction(margin.maintenance) * money),
        "short_floor": round(floor * unit),
    }


def _unit(each: Instrument) -> dict[str, int]:
    numerator, denominator = Fraction(each.quantity_unit).as_integer_ratio()
    price_numerator, price_denominator = Fraction(each.price_unit).as_integer_ratio()
    return {
        "unit_numerator": numerator,
        "unit_denominator": denominator,
        "price_numerator": price_numerator,
        "price_denominator": price_denominator,
    }


def _money(each: Instrument) -> dict[str, int]:
    numerator, denominator = each.money_ratio
    if numerator > _MOST_NUMERATOR or denominator > _MOST_DENOMINATOR:
        raise InstrumentError(
            f"instrument {each.name!r}: units and multiplier make money of "
            f"{numerator}/{denominator}, beyond {_MOST_NUMERATOR}/{_MOST_DENOMINATOR}"
        )
    least = Fraction(each.min_value or 0) * MONEY_SCALE
    return {
        "money_numerator": numerator,
        "money_denominator": denominator,
        "min_value": -(-least.numerator // least.denominator),
    }


def _conversion(each: Instrument, rate: Decimal | None) -> int:
    if rate is None:
        return 0
    count = round(Fraction(rate) * CONVERSION_SCALE)
    if not 0 < count < _MOST_CONVERSION:
        raise InstrumentError(
            f"rate of {each.currency} must be 1e-9 to 4e9, was {rate}"
        )
    return count


def _band(band: TickBand) -> tuple[int, int]:
    return (NO_PRICE if band.from_price is None else band.from_price, band.step)


@kernel
def _band_at(arena: int, instrument: int, price: int) -> int:
    """Index in TICK_BANDS of the band that a price lies in."""
    record = instruments(arena)[instrument]
    every = tick_bands(arena)
    index = integer(record["first_band"])
    last = index + record["bands"] - 1
    while index < last and every[index + 1]["from_price"] <= price:
        index += 1
    return index


@kernel
def step_at(arena: int, instrument: int, price: int) -> int:
    """Step of valid prices in the band of this price, price units."""
    return tick_bands(arena)[_band_at(arena, instrument, price)]["step"]


@kernel
def is_valid_price(arena: int, instrument: int, price: int) -> bool:
    """Tell whether an order may have this price: it lies on the tick table."""
    return price % step_at(arena, instrument, price) == 0


@kernel
def valid_at_or_below(arena: int, instrument: int, price: int) -> int:
    """Highest valid price that is not above this one."""
    step = step_at(arena, instrument, price)
    return price // step * step


@kernel
def valid_at_or_above(arena: int, instrument: int, price: int) -> int:
    """Lowest valid price that is not below this one."""
    band = _band_at(arena, instrument, price)
    step = tick_bands(arena)[band]["step"]
    candidate = -(-price // step) * step
    record = instruments(arena)[instrument]
    if band + 1 < record["first_band"] + record["bands"]:
        # A band begins on its own step, so its first price is valid.
        return min(candidate, tick_bands(arena)[band + 1]["from_price"])
    return candidate


@kernel
def valid_towards(arena: int, instrument: int, price: int, direction: int) -> int:
    """Valid price nearest to this one, itself or above it (+1), or below it (-1)."""
    if direction > 0:
        return valid_at_or_above(arena, instrument, price)
    return valid_at_or_below(arena, instrument, price)


@kernel
def nearest_valid_price(arena: int, instrument: int, price: int, side: int) -> int:
    """Valid price nearest to this one; of two as near, the less aggressive."""
    passive = valid_towards(arena, instrument, price, -side)
    eager = valid_towards(arena, instrument, price, side)
    return eager if abs(eager - price) < abs(passive - price) else passive


@kernel
def step_price(
    arena: int, instrument: int, price: int, steps: int, direction: int
) -> int:
    """Price `steps` valid prices above (+1) or below (-1) this one, across bands.

    `price` itself need not be valid; the first step goes to the next valid price.
    """
    record = instruments(arena)[instrument]
    every = tick_bands(arena)
    while steps > 0:
        # Going down from a band's first price, the next price is in the band below.
        band = _band_at(arena, instrument, price if direction > 0 else price - 1)
        step = every[band]["step"]
        if direction > 0:
            base = price // step * step
            last = band + 1 == record["first_band"] + record["bands"]
            if last or base + steps * step < every[band + 1]["from_price"]:
                return base + steps * step
            price = every[band + 1]["from_price"]
            steps -= -(-(price - base) // step)
        else:
            base = -(-price // step) * step
            start = every[band]["from_price"]
            if start == NO_PRICE or base - steps * step >= start:
                return base - steps * step
            price = start
            steps -= (base - start) // step
    return price


@kernel
def within_bands(arena: int, instrument: int, price: int) -> int:
    """Valid price within the instrument's bands that is nearest to this valid one."""
    record = instruments(arena)[instrument]
    low, high = integer(record["price_low"]), integer(record["price_high"])
    if low != NO_PRICE and price < low:
        return valid_towards(arena, instrument, low, integer(1))
    if high != NO_PRICE and price > high:
        return valid_towards(arena, instrument, high, integer(-1))
    return price


def instrument_records(arena: Arena) -> Any:
    """Return the table's records, writable: books and fees are set there."""
    return arena.records(Section.INSTRUMENTS)[: arena.used(Section.INSTRUMENTS)]
