"""How long a resting order may wait: what is ahead of it, by the rate at which it goes.

An expectation, not a promise: it takes the newest minute to go on, and what lies ahead
to stay. Only trades count that would have reached the order, by aggressors of the other
side at its price or through it; half of those whose aggressor is unknown.
"""

from typing import Final

import numpy as np

from app.sessions.history import MarketHistory

SPAN_NS: Final = 60_000_000_000
MOST_TRADES: Final = 5_000
"""Newest trades that are looked at; a quicker market has a shorter span."""
LEAST_NS: Final = 1_000_000_000
"""Shorter spans say nothing."""


def expected_wait(
    history: MarketHistory,
    instrument: int,
    now: int,
    *,
    side: int,
    price: int,
    to_go: int,
) -> float:
    """Expected time until all of an order is filled.

    Parameters
    ----------
    history : MarketHistory
    instrument : int
    now : int
        Received time, ns.
    side, price : int
        BUY or SELL; price units.
    to_go : int
        Queue ahead and what is open of the order, quantity units.

    Returns
    -------
    float
        ns; infinite where nothing traded there in the span, NaN where too little time
        is known to say.
    """
    count = history.trade_count(instrument)
    first = max(history.find_trade(instrument, now - SPAN_NS), count - MOST_TRADES)
    # The span begins where no trade is left out: at one, or a minute ago.
    begins = history.trades(instrument, max(first - 1, 0), count)["ts"][:1]
    span = min(SPAN_NS, now - int(begins[0])) if len(begins) else 0
    if span < LEAST_NS:
        return float("nan")
    size = reached(history.trades(instrument, first, count), side, price)
    return to_go * span / size if size else float("inf")


def reached(trades: np.ndarray, side: int, price: int) -> float:
    """Volume that reached a price from the other side, quantity units."""
    there = trades[side * (price - trades["price"]) >= 0]
    share = (1 - side * there["aggressor"].astype(np.float64)) / 2
    return float((there["size"] * share).sum())
