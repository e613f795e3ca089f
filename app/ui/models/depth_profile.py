"""Depth around the touch: what rests up to a price, and what taking it would cost."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from app.sessions.history import MarketHistory
from app.ui.models.market import Listed, Market

LEAST_TICKS: Final = 4
MOST_TICKS: Final = 1 << 20
_FARTHEST: Final = 2**61
"""No price is: what is farther is no market."""


@dataclass(frozen=True, slots=True)
class DepthSide:
    """One side's levels, best first.

    Attributes
    ----------
    side : int
        +1 bids, -1 asks.
    prices, sizes : (n,) int64
        Price units, quantity units.
    sums : (n,) float64
        What rests up to and with each level.
    values : (n,) float64
        Sum of price x size up to and with each level.
    """

    side: int
    prices: np.ndarray
    sizes: np.ndarray
    sums: np.ndarray
    values: np.ndarray

    def upto(self, price: float) -> int:
        """How many levels rest at this price or better."""
        worse = self.side * (self.prices - price) < 0
        return int(len(worse) - np.count_nonzero(worse))

    def average(self, levels: int) -> float:
        """Average price of taking so many levels, price units; NaN for none."""
        if not 0 < levels <= len(self.sums):
            return float("nan")
        return float(self.values[levels - 1] / self.sums[levels - 1])

    def average_of(self, size: float) -> float:
        """Average price of taking a size; NaN where less rests."""
        if not len(self.sums) or not 0 < size <= self.sums[-1]:
            return float("nan")
        last = int(np.searchsorted(self.sums, size))
        before = float(self.sums[last - 1]) if last else 0.0
        value = float(self.values[last - 1]) if last else 0.0
        return (value + (size - before) * float(self.prices[last])) / size


@dataclass(frozen=True, slots=True)
class DepthFrame:
    """Both sides, and the stretch of prices that is shown (price units)."""

    listed: Listed
    bids: DepthSide
    asks: DepthSide
    low: float
    high: float

    @property
    def largest(self) -> float:
        """Most that rests on one side."""
        return max(
            (float(side.sums[-1]) for side in (self.bids, self.asks) if len(side.sums)),
            default=0.0,
        )

    @property
    def imbalance(self) -> float:
        """(bids - asks) / (bids + asks) of what is shown; NaN if nothing rests."""
        bid, ask = (
            float(each.sums[-1]) if len(each.sums) else 0.0
            for each in (self.bids, self.asks)
        )
        return (bid - ask) / (bid + ask) if bid + ask else float("nan")


def side_of(side: int, levels: np.ndarray) -> DepthSide:
    """Sum up VIEW_LEVEL rows of one side, best first."""
    prices = levels["price"].astype(np.int64)
    sizes = levels["size"].astype(np.int64)
    amounts = sizes.astype(np.float64)
    return DepthSide(
        side, prices, sizes, np.cumsum(amounts), np.cumsum(prices * amounts)
    )


def build_depth(
    market: Market, listed: Listed, history: MarketHistory | None, ticks: int
) -> DepthFrame | None:
    """Build a frame; None before the first view, or while nothing rests.

    Parameters
    ----------
    market : Market
    listed : Listed
    history : MarketHistory, optional
        Where it is there every level is shown, else the view's.
    ticks : int
        Shown on each side of the middle.
    """
    part = market.instrument(listed.number)
    if part is None:
        return None
    bids = part["bids"][: int(part["bid_levels"])]
    asks = part["asks"][: int(part["ask_levels"])]
    best = [int(each["price"][0]) for each in (bids, asks) if len(each)]
    if not best or max(map(abs, best)) >= _FARTHEST:
        return None
    middle = sum(best) / len(best)
    index = listed.scale.index(int(middle))
    low, high = listed.scale.price(index - ticks), listed.scale.price(index + ticks + 1)
    if history is not None:
        _, bids, asks = history.depth(listed.number, low, high)
    else:
        bids, asks = bids[bids["price"] >= low], asks[asks["price"] <= high]
    # As far to either side of the middle, which then stands in the picture's.
    reach = max(middle - low, high - middle)
    return DepthFrame(
        listed,
        side_of(1, bids),
        side_of(-1, asks),
        middle - reach,
        middle + reach,
    )
