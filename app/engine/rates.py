"""Rates to the base currency: set by hand, or an instrument's mark (SEMANTICS 48).

Every instrument has the number of its currency, 0 being the base. A rate holds for all
instruments of a currency and converts all their money anew: what is held in a foreign
currency is worth what it is worth now. A pair with the base, like EURUSD, gives the
rate by its mark as soon as it has one; USDJPY gives that of JPY by its inverse.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from app.engine.accounts import account_row, set_conversion
from app.engine.arena import Arena, Section
from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.money import CONVERSION_SCALE, money_of
from app.engine.records import NO_PRICE
from app.engine.risk_exposure import refresh_exposure
from app.engine.state import engine, instruments, positions
from app.instrument import Instrument, InstrumentKind

_PAIRS: Final = (InstrumentKind.FX_SPOT, InstrumentKind.CRYPTO_SPOT)


@kernel
def set_rate(arena: int, currency: int, rate: int) -> None:
    """Convert all instruments of a currency at a rate, 1e-9 of the base; 0 = none."""
    for each in range(engine(arena)[0]["instruments"]):
        if instruments(arena)[each]["currency"] == currency:
            set_conversion(arena, integer(each), rate)
            refresh_exposure(arena, integer(each))


@kernel
def rate_of_mark(arena: int, instrument: int) -> int:
    """Rate that an instrument's mark says, 1e-9 of the base; 0 = none."""
    record = instruments(arena)[instrument]
    doubled = positions(arena)[account_row(arena, instrument)]["mark_doubled"]
    if doubled == NO_PRICE or doubled <= 0:
        return 0
    numerator, denominator = record["rate_numerator"], record["rate_denominator"]
    if record["rate_of"] > 0:
        return money_of(doubled, numerator, 1, 2 * denominator)
    return money_of(numerator, 2, 1, doubled * denominator)


@kernel
def follow_rate(arena: int, instrument: int) -> bool:
    """Let the currency that an instrument's mark converts follow it; True if it did."""
    currency = integer(instruments(arena)[instrument]["rate_of"])
    if currency == 0:
        return False
    rate = rate_of_mark(arena, instrument)
    if rate == 0:
        return False
    set_rate(arena, abs(currency), rate)
    return True


def write_rates(arena: Arena, table: Sequence[Instrument], base: str) -> None:
    """Let pairs with the base currency give the rates of the session's currencies.

    Parameters
    ----------
    arena : Arena
        After `load_instruments`.
    base : str
        The base currency.
    """
    records = arena.records(Section.INSTRUMENTS)
    numbers = {
        each.currency: int(record["currency"])
        for each, record in zip(table, records, strict=False)
    }
    for index, each in enumerate(table):
        for currency, number in numbers.items():
            if currency != base and each.kind in _PAIRS:
                _write_rate(records[index], each, (currency, base), number)


def _write_rate(
    record: Any, each: Instrument, pair: tuple[str, str], number: int
) -> None:
    currency, base = pair
    name = "".join(filter(str.isalnum, each.name)).upper()
    unit = Fraction(each.price_unit)
    if each.currency == base and name == f"{currency}{base}":
        sign, rate = 1, CONVERSION_SCALE * unit
    elif each.currency == currency and name == f"{base}{currency}":
        sign, rate = -1, CONVERSION_SCALE / unit
    else:
        return
    record["rate_of"] = sign * number
    record["rate_numerator"] = rate.numerator
    record["rate_denominator"] = rate.denominator
