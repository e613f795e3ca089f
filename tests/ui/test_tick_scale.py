"""Tick scale against the instrument's own, plainly stepping, tick table."""

from decimal import Decimal

import numpy as np
from hypothesis import given, strategies as st

from app.instrument import Instrument, InstrumentKind, PriceUnits, TickBand
from app.ui.models.tick_scale import TickScale


def instrument(*bands: tuple[int | None, int]) -> Instrument:
    return Instrument(
        name="X",
        kind=InstrumentKind.STOCK,
        venue="V",
        currency="USD",
        price_unit=Decimal("0.0001"),
        max_price=PriceUnits(10**9),
        tick_table=tuple(
            TickBand(None if low is None else PriceUnits(low), step)
            for low, step in bands
        ),
    )


TABLES = (
    instrument((None, 1)),
    instrument((None, 25)),
    instrument((None, 1), (10_000, 100)),
    instrument((None, 7), (50, 5), (100, 20)),
    instrument((None, 3), (-100, 10), (50, 25)),
)


@given(st.sampled_from(TABLES), st.integers(-3_000, 30_000))
def test_index_is_that_of_the_valid_price_at_or_below(
    made: Instrument, price: int
) -> None:
    scale = TickScale(made)
    below = price if made.is_valid_price(price) else made.previous_valid_price(price)

    assert scale.price(scale.index(price)) == below


@given(st.sampled_from(TABLES), st.integers(-3_000, 30_000))
def test_neighbours_follow_the_tick_table(made: Instrument, price: int) -> None:
    scale = TickScale(made)
    index = scale.index(price)

    assert scale.price(index + 1) == made.next_valid_price(scale.price(index))
    assert scale.price(index - 1) == made.previous_valid_price(scale.price(index))


def test_arrays_and_single_values_agree() -> None:
    scale = TickScale(TABLES[3])
    prices = np.arange(-50, 300)

    assert scale.indices(prices).tolist() == [scale.index(int(p)) for p in prices]
    assert (np.diff(scale.indices(prices)) >= 0).all()
