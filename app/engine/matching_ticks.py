"""Steps of the tick table, for the matching engine's protection prices.

A price's band is the last one that begins at or below it; valid prices of a band are
multiples of its step, and a band begins on its own step.
"""

import numpy as np

from app.engine.compile import kernel
from app.engine.matching_state import PRICE_BOUND
from app.engine.state import instruments, tick_bands


@kernel
def _band_at(arena: int, instrument: int, price: int) -> int:
    """Index in TICK_BANDS of the band that holds a price."""
    record = instruments(arena)[instrument]
    band = np.int64(record["first_band"])
    last = band + np.int64(record["bands"]) - 1
    while band < last and tick_bands(arena)[band + 1]["from_price"] <= price:
        band += 1
    return band


@kernel
def _band_end(arena: int, instrument: int, band: int, side: int) -> int:
    """Where a band ends upwards (the next one's first price) or downwards (its own)."""
    table = tick_bands(arena)
    record = instruments(arena)[instrument]
    first = np.int64(record["first_band"])
    outermost = first if side < 0 else first + np.int64(record["bands"]) - 1
    if band == outermost:
        return side * (PRICE_BOUND - 1)
    return table[band + (side > 0)]["from_price"]


@kernel
def price_away(arena: int, instrument: int, price: int, steps: int, side: int) -> int:
    """Valid price so many steps above (+1) or below (-1) a valid one, within bounds."""
    table = tick_bands(arena)
    band = _band_at(arena, instrument, price)
    while steps > 0:
        end = _band_end(arena, instrument, band, side)
        if price == end:
            if abs(end) == PRICE_BOUND - 1:
                return price
            band += side
            end = _band_end(arena, instrument, band, side)
        step = table[band]["step"]
        # The step from one band into the next may be a short one.
        beyond = side * ((side * price) // step + 1) * step
        room = (end - beyond) * side // step
        if room < 0:
            if abs(end) == PRICE_BOUND - 1:
                return price
            price = end
            steps -= 1
        else:
            taken = min(steps - 1, room)
            price = beyond + side * taken * step
            steps -= taken + 1
    return price


@kernel
def protection_price(
    arena: int, instrument: int, side: int, touch: int, ticks: int
) -> int:
    """Worst price of a market order (rule 17): `ticks` steps beyond the touch.

    Parameters
    ----------
    touch : int
        Best opposite price, price units.
    ticks : int
        Steps of the tick table; -1 = the instrument's default, whose -1 is no bound.

    Returns
    -------
    int
        Price units; ``side * PRICE_BOUND`` where nothing bounds it.
    """
    if ticks < 0:
        ticks = instruments(arena)[instrument]["protection_ticks"]
        if ticks < 0:
            return side * PRICE_BOUND
    return price_away(arena, instrument, touch, ticks, side)
