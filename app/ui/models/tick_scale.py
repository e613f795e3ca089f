"""The tick table as a number line: price to row and back, in closed form.

Rows of a ladder follow the tick table (SEMANTICS 1). Counting valid prices gives each
of them an *index*, so that scrolling, grouping and distances in ticks are additions.
Index 0 is price 0 in a table of one band.
"""

from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

from app.engine.ladder_rows import TICK_BAND
from app.instrument import Instrument


class TickScale:
    """Index of every valid price of an instrument.

    Invariant: ``scale.index(scale.price(i)) == i`` for every i, and `index` rises with
    the price. A price off the table belongs to the row below it.

    Attributes
    ----------
    table : (n,) TICK_BAND
        The same for compiled code.
    """

    def __init__(self, instrument: Instrument) -> None:
        steps = [band.step for band in instrument.tick_table]
        starts = [
            0 if band.from_price is None else int(band.from_price)
            for band in instrument.tick_table
        ]
        bases = [0]
        for i in range(1, len(steps)):
            # The band before ends below the start of this one.
            span = starts[i] - starts[i - 1]
            bases.append(bases[-1] - (-span // steps[i - 1]))
        self._steps = np.array(steps, np.int64)
        self._starts = np.array(starts, np.int64)
        self._bases = np.array(bases, np.int64)
        self.table = np.array(list(zip(starts, steps, bases, strict=True)), TICK_BAND)
        # One price at a time is quicker without arrays.
        self._bands = list(zip(starts, steps, bases, strict=True))
        self._later_starts, self._later_bases = starts[1:], bases[1:]

    def indices(self, prices: NDArray[np.int64]) -> NDArray[np.int64]:
        """Index of the highest valid price at or below each price (price units)."""
        band = np.searchsorted(self._starts[1:], prices, side="right")
        above = (prices - self._starts[band]) // self._steps[band]
        return np.asarray(self._bases[band] + above, np.int64)

    def prices(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        """Valid price of each index, price units."""
        band = np.searchsorted(self._bases[1:], indices, side="right")
        return np.asarray(
            self._starts[band] + (indices - self._bases[band]) * self._steps[band],
            np.int64,
        )

    def index(self, price: int) -> int:
        """Index of the highest valid price at or below this one."""
        band = bisect_right(self._later_starts, price)
        start, step, base = self._bands[band]
        return base + (price - start) // step

    def price(self, index: int) -> int:
        """Valid price of this index, price units."""
        band = bisect_right(self._later_bases, index)
        start, step, base = self._bands[band]
        return start + (index - base) * step
