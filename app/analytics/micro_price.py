"""The micro-price: where the mid is expected to be, fitted to a market's history.

Stoikov (2018), "The micro-price: a high-frequency estimator of future prices",
Quantitative Finance 18(12), 1959-1966. A book is in one of a few states, of its spread
and of its imbalance; the micro-price is the mid and what a state says that the mid will
yet move. `fit_micro_price` finds that table; a strategy keeps it as an array, and
`fitted_microprice` (app.engine.indicators.market) reads it.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_SURE: Final = 1e10
"""Condition number up to which the equations say what the states are worth."""


@dataclass(frozen=True, slots=True)
class MicroPrice:
    """A table that was fitted.

    Attributes
    ----------
    table : (spreads, buckets) float64
        What to add to the mid, ticks: spreads of 1, 2, ... ticks, the last of so many
        or more; imbalances from all asks to all bids. 0 where a state never was.
    first : (spreads, buckets) float64
        The same up to the mid's next move alone, the paper's G1.
    seen : (spreads, buckets) int64
        Books in each state that another one followed, mirrored ones included.
    """

    table: Floats
    first: Floats
    seen: Integers


def fit_micro_price(
    bids: Any,
    bid_sizes: Any,
    asks: Any,
    ask_sizes: Any,
    tick: float,
    *,
    spreads: int = 3,
    buckets: int = 9,
) -> MicroPrice:
    """Fit the micro-price to best bids and asks in order of time.

    Q and T are the chances to go from a state to another with the mid unmoved and
    moved, r is the mid's expected move. The paper has G1 = (1 - Q)^-1 r, B =
    (1 - Q)^-1 T and the micro-price as the mid and G1 + B G1 + B B G1 + ...; that sum
    solves (1 - Q - T) G = r, which is done here. As in the paper every observation
    counts once more with its sides exchanged: so G changes its sign with the imbalance,
    the sum converges, and half of the states say all.

    Parameters
    ----------
    bids, bid_sizes, asks, ask_sizes : (n,)
        Prices in one unit, sizes in one unit. A row without both sides, or with a
        spread below a tick, ends what is observed; the next begins anew.
    tick : float
        Step of prices, in the unit of prices.
    spreads, buckets : int
        How many spreads are told apart; how many imbalances, an odd number, so that the
        middle one stands for as much on either side.

    Raises
    ------
    ValueError
        If buckets is even, or so few observations lie between the states that they do
        not say what these are worth.
    """
    if spreads < 1 or buckets < 3 or buckets % 2 == 0:
        raise ValueError(
            "spreads must be positive and buckets odd, 3 or more; "
            f"were {spreads} and {buckets}"
        )
    books = np.array([bids, bid_sizes, asks, ask_sizes], np.float64)
    states, doubled = _states(books, tick, (spreads, buckets))
    is_pair = (states[:-1] >= 0) & (states[1:] >= 0)
    start, end = states[:-1][is_pair], states[1:][is_pair]
    moves = np.diff(doubled)[is_pair] / 2.0
    stays, leaves, drift, seen = _chances(start, end, moves, (spreads, buckets))
    half = _half(spreads, buckets)
    return MicroPrice(
        table=_worth(stays + leaves, drift, half, (spreads, buckets)),
        first=_worth(stays, drift, half, (spreads, buckets)),
        seen=seen.reshape(spreads, buckets),
    )


def _states(
    books: Floats, tick: float, shape: tuple[int, int]
) -> tuple[Integers, Floats]:
    """State of each book, -1 = none, and twice its mid, ticks; (4, n) books."""
    (bids, bid_sizes, asks, ask_sizes), (spreads, buckets) = books, shape
    spread = np.rint((asks - bids) / tick)
    whole = (spread >= 1) & (bid_sizes > 0) & (ask_sizes > 0)
    rows = np.clip(np.where(whole, spread, 1) - 1, 0, spreads - 1).astype(np.int64)
    # As `imbalance_bucket` has it.
    lean = (bid_sizes - ask_sizes) / np.where(whole, bid_sizes + ask_sizes, 1.0)
    away = np.abs(np.where(whole, lean, 0.0)) * buckets / 2.0 + 0.5
    away = np.minimum(away.astype(np.int64), buckets // 2)
    columns = buckets // 2 + np.sign(np.where(whole, lean, 0.0)).astype(np.int64) * away
    states = np.where(whole, rows * buckets + columns, -1)
    doubled = np.where(whole, np.rint((bids + asks) / tick), 0.0)
    return states, doubled


def _chances(
    start: Integers, end: Integers, moves: Floats, shape: tuple[int, int]
) -> tuple[Floats, Floats, Floats, Integers]:
    """Q, T, expected move and count of each state, every observation mirrored, too."""
    size = shape[0] * shape[1]
    start = np.concatenate([start, _mirrored(start, shape[1])])
    end = np.concatenate([end, _mirrored(end, shape[1])])
    moves = np.concatenate([moves, -moves])
    seen = np.bincount(start, minlength=size)
    each = np.maximum(seen, 1)
    pairs = start * size + end

    def chances(chosen: Any) -> Floats:
        counts = np.bincount(pairs[chosen], minlength=size * size)
        found: Floats = counts.reshape(size, size) / each[:, None]
        return found

    drift = np.bincount(start, moves, minlength=size) / each
    return chances(moves == 0), chances(moves != 0), drift, seen


def _mirrored(states: Integers, buckets: int) -> Integers:
    """States with bids and asks exchanged."""
    found: Integers = states + buckets - 1 - 2 * (states % buckets)
    return found


def _half(spreads: int, buckets: int) -> Integers:
    """States with more bids than asks."""
    states = np.arange(spreads * buckets)
    return states[states % buckets > buckets // 2]


def _worth(
    chances: Floats, drift: Floats, half: Integers, shape: tuple[int, int]
) -> Floats:
    """Solve G = drift + chances G for a G that changes its sign with the imbalance."""
    mirror = _mirrored(half, shape[1])
    odd = chances[np.ix_(half, half)] - chances[np.ix_(half, mirror)]
    equations = np.eye(len(half)) - odd
    if np.linalg.cond(equations) > _SURE:
        raise ValueError(
            "these observations do not say what the states are worth: from some of "
            "them no move, and no balance, was ever reached; give more of them, or "
            "fewer spreads and buckets"
        )
    worth = np.zeros(len(drift))
    worth[half] = np.linalg.solve(equations, drift[half])
    worth[mirror] = -worth[half]
    return worth.reshape(shape)
