"""Regimes of volatility: how wild bars are beside what they were over a longer while.

The ratio of a short to a long average true range (Wilder, 1978, "New Concepts in
Technical Trading Systems"), of closed bars alone as far as each reaches: no band knows
a later bar. The bounds are conventions of ours: a quarter more, a fifth less.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from app.ui.models.chart_bars import ChartBars
from app.ui.models.chart_columns import Columns
from app.ui.models.chart_look import Drawn
from app.ui.models.chart_series import drawn_line

SHORT: Final = Drawn("atr", {"length": 14.0})
LONG: Final = Drawn("atr", {"length": 100.0})
WILD_FROM: Final = 1.25
CALM_TO: Final = 0.8
WILD, CALM = 1, -1
NAMES: Final = {WILD: "wild", CALM: "calm"}


def regimes(short: Any, long: Any) -> Any:
    """Tell the regime of each bar.

    Parameters
    ----------
    short, long : (n,) float64
        Average true ranges; NaN while they warm up.

    Returns
    -------
    (n,) int8
        WILD, CALM, or 0 for what is usual or not known.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(long > 0, short / long, np.nan)
    made = np.zeros(len(ratio), np.int8)
    made[ratio >= WILD_FROM] = WILD
    made[ratio <= CALM_TO] = CALM
    return made


def runs(states: Any) -> list[tuple[int, int, int]]:
    """Stretches of one regime: first, one past the last, state; usual ones left out."""
    if not len(states):
        return []
    cuts = np.flatnonzero(np.diff(states)) + 1
    begins, ends = np.append(0, cuts), np.append(cuts, len(states))
    found = zip(begins.tolist(), ends.tolist(), states[begins].tolist(), strict=True)
    return [each for each in found if each[2]]


def regimes_of(bars: ChartBars, shown: Columns, sessions: Sequence[int]) -> Any:
    """Regimes of the columns in view; none where columns are not bars."""
    made = [drawn_line(bars, shown, drawn, sessions) for drawn in (SHORT, LONG)]
    if made[0] is None or made[1] is None:
        return np.zeros(0, np.int8)
    return regimes(made[0].values[:, 0], made[1].values[:, 0])
