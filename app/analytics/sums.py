"""Sums that statistics are made of: of a curve, of returns and of trades.

`performance.py` makes the statistics; what is added up for them stands here. For the
cells of a sweep a compiled pass (`engine/run_sums.py`) adds up the same, in the same
order, to the last bit.
"""

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
NAN: Final = math.nan


class CurveSums(NamedTuple):
    """What a curve of equity comes to.

    Attributes
    ----------
    count : int
    first_ts, last_ts : int
        ns since 1970 UTC; 0 without values.
    end : float
        The last value; without values the start.
    drawdown : float
        Worst, a positive fraction of the peak.
    below_ns : int
        Longest time from a peak until it was reached again, or the end.
    """

    count: int  # type: ignore[assignment]  # in place of a tuple's own
    first_ts: int
    last_ts: int
    end: float
    drawdown: float
    below_ns: int


class ReturnSums(NamedTuple):
    """What returns add up to.

    Attributes
    ----------
    count : int
    total : float
    squares, cubes, fourths : float
        About their mean.
    losses : float
        Squares of those below 0.
    best, worst : float
        NaN without returns.
    """

    count: int  # type: ignore[assignment]  # in place of a tuple's own
    total: float
    squares: float
    cubes: float
    fourths: float
    losses: float
    best: float
    worst: float


class TradeSums(NamedTuple):
    """What closed trades add up to.

    Attributes
    ----------
    count, winners, losers : int
    gained, lost, pnl : float
        Sums of the profits, of the losses (≤ 0), of both.
    best, worst : float
        NaN without trades.
    win_streak, loss_streak : int
        Longest.
    hold_ns : float
    """

    count: int  # type: ignore[assignment]  # in place of a tuple's own
    winners: int
    losers: int
    gained: float
    lost: float
    pnl: float
    best: float
    worst: float
    win_streak: int
    loss_streak: int
    hold_ns: float


def curve_sums(ts: NDArray[np.int64], equity: Floats, start: float) -> CurveSums:
    """Sum up a curve of equity, which began at `start`."""
    if not len(ts):
        return CurveSums(0, 0, 0, start, 0.0, 0)
    peaks = peaks_of(equity, start)
    return CurveSums(
        count=len(ts),
        first_ts=int(ts[0]),
        last_ts=int(ts[-1]),
        end=float(equity[-1]),
        drawdown=float((1.0 - equity / peaks).max(initial=0.0)),
        below_ns=_longest_below(ts, equity, peaks),
    )


def peaks_of(equity: Floats, start: float) -> Floats:
    """The highest so far."""
    found: Floats = np.maximum.accumulate(np.maximum(equity, start))
    return found


def _longest_below(ts: NDArray[np.int64], equity: Floats, peaks: Floats) -> int:
    at_peak = np.flatnonzero(equity >= peaks)
    if not len(at_peak) or at_peak[0]:
        at_peak = np.concatenate([[0], at_peak])
    # The last value before the next peak, or of all.
    until = np.append(at_peak[1:] - 1, len(ts) - 1)
    return int((ts[until] - ts[at_peak]).max())


def return_sums(returns: Floats) -> ReturnSums:
    """Sum up returns."""
    count = len(returns)
    if not count:
        return ReturnSums(0, 0.0, 0.0, 0.0, 0.0, 0.0, NAN, NAN)
    total = float(np.add.reduce(returns))
    centred = returns - total / count
    # Products: a power of an array costs a call of the C library for each element.
    squares, losses = centred * centred, np.minimum(returns, 0.0)
    return ReturnSums(
        count=count,
        total=total,
        squares=float(np.add.reduce(squares)),
        cubes=float(np.add.reduce(squares * centred)),
        fourths=float(np.add.reduce(squares * squares)),
        losses=float(np.add.reduce(losses * losses)),
        best=float(returns.max()),
        worst=float(returns.min()),
    )


def trade_sums(pnl: Floats, hold_ns: NDArray[Any]) -> TradeSums:
    """Sum up closed trades, in the order in which they closed."""
    wins, losses = pnl > 0, pnl < 0
    won, lost = pnl[wins], pnl[losses]
    return TradeSums(
        count=len(pnl),
        winners=len(won),
        losers=len(lost),
        gained=float(np.add.reduce(won)),
        lost=float(np.add.reduce(lost)),
        pnl=float(np.add.reduce(pnl)),
        best=float(pnl.max()) if len(pnl) else NAN,
        worst=float(pnl.min()) if len(pnl) else NAN,
        win_streak=longest_run(wins),
        loss_streak=longest_run(losses),
        hold_ns=float(np.add.reduce(hold_ns.astype(np.float64))),
    )


def longest_run(flags: NDArray[np.bool_]) -> int:
    """Length of the longest stretch that is true."""
    # Between two that are false, beyond both ends too, all are true.
    bounds = np.flatnonzero(~flags)
    if not len(bounds):
        return len(flags)
    inside = int((bounds[1:] - bounds[:-1]).max(initial=1)) - 1
    return max(inside, int(bounds[0]), len(flags) - 1 - int(bounds[-1]))
