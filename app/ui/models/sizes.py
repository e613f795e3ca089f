"""Sizes that a ladder offers, in quantity units of its instrument."""

from decimal import Decimal
from typing import Final

from app.engine.records import NO_PRICE
from app.instrument import Instrument, InstrumentKind

STEPS: Final = (1, 2, 5, 10, 25, 50)
_WORTH: Final = Decimal(100)
"""What the first pad of a divisible instrument is about worth, in its currency."""


def size_pads(instrument: Instrument, price: int) -> tuple[int, ...]:
    """Sizes to offer: 1, 2, 5, … times a base that suits the instrument.

    Parameters
    ----------
    instrument : Instrument
    price : int
        About what it trades at, price units; NO_PRICE = unknown.

    Returns
    -------
    tuple of int
        Quantity units, ascending, valid as order quantities where the bounds allow.
    """
    base = _base(instrument, price)
    sizes = (base * step for step in STEPS)
    largest = instrument.order_max
    return tuple(size for size in sizes if largest is None or size <= largest)


def _base(instrument: Instrument, price: int) -> int:
    least = -(-instrument.order_min // instrument.order_step) * instrument.order_step
    if instrument.kind in (InstrumentKind.STOCK, InstrumentKind.ETF):
        return max(least, int(1 / instrument.quantity_unit))
    if instrument.quantity_unit == 1 or price in (NO_PRICE, 0):
        return least
    one = abs(instrument.money(price, 1)) or 1
    wanted = max(1, int(_WORTH * 100_000_000 / one))
    power: int = 10 ** (len(str(wanted)) - 1)
    return max(least, power // instrument.order_step * instrument.order_step)
