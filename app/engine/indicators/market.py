"""Indicators of trades and of the book: VWAP, imbalance, microprice."""

import math
from typing import Any

from app.engine.compile import kernel

VWAP_SIZE = 2
"""Words of a VWAP's state: turnover and volume."""


@kernel
def vwap_open(state: Any) -> None:
    """Begin a volume-weighted average price, at a session's beginning."""
    state[0] = state[1] = 0.0


@kernel
def vwap_step(state: Any, turnover: float, volume: float) -> float:
    """Volume-weighted average price since `vwap_open`; NaN before the first trade.

    Berkowitz, Logue and Noser (1988), "The Total Cost of Transactions on the NYSE".
    """
    state[0] += turnover
    state[1] += volume
    return math.nan if state[1] <= 0.0 else float(state[0] / state[1])


@kernel
def imbalance(bid_size: float, ask_size: float) -> float:
    """(bid size - ask size) / sum, -1 to 1; 0 where both are empty.

    Gould and Bonart (2016), "Queue imbalance as a one-tick-ahead price predictor in a
    limit order book", Market Microstructure and Liquidity 2(2), section 3.
    """
    total = bid_size + ask_size
    return 0.0 if total <= 0.0 else float((bid_size - ask_size) / total)


@kernel
def microprice(bid: float, bid_size: float, ask: float, ask_size: float) -> float:
    """Mid weighted by the size of the other side; the mid where both are empty.

    Gatheral and Oomen (2010), "Zero-intelligence realized variance estimation",
    equation 2. Stoikov (2018), "The micro-price: a high-frequency estimator of future
    prices", Quantitative Finance 18(12), section 1, calls it the weighted mid: W = I A
    + (1 - I) B with I = bid size / (bid size + ask size). His micro-price adds to the
    mid a table that is fitted to a market's history: `fitted_microprice`.
    """
    total = bid_size + ask_size
    if total <= 0.0:
        return (bid + ask) / 2.0
    return float((bid * ask_size + ask * bid_size) / total)


@kernel
def imbalance_bucket(bid_size: float, ask_size: float, buckets: int) -> int:
    """Which of an odd number of equal parts of -1 to 1 the imbalance lies in.

    0 is all asks, the middle one balance; with the sizes exchanged it is as far from
    the other end.
    """
    middle = buckets // 2
    lean = imbalance(bid_size, ask_size)
    away = min(int(abs(lean) * buckets / 2.0 + 0.5), middle)
    return middle + away if lean > 0.0 else middle - away


@kernel
def fitted_microprice(
    table: Any, tick: float, bid: float, bid_size: float, ask: float, ask_size: float
) -> float:
    """Stoikov's (2018) micro-price: the mid and what a fitted table adds to it.

    Parameters
    ----------
    table : (spreads, buckets) float64
        Ticks, of `app.analytics.micro_price.fit_micro_price`.
    tick : float
        Step of prices, in the unit of prices.
    """
    row = min(max(int((ask - bid) / tick + 0.5) - 1, 0), table.shape[0] - 1)
    column = imbalance_bucket(bid_size, ask_size, table.shape[1])
    return float((bid + ask) / 2.0 + table[row, column] * tick)
