"""Lines over the columns of a chart: session VWAP at any distance, and indicators.

Indicators run the kernels that strategies call, over the bars in view and enough before
them to warm up. Where columns stand for several bars each there is no indicator of the
bars to show, and none is drawn.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from app.engine.indicators.series import INDICATORS, indicator_series
from app.ui.models.chart_bars import ChartBars
from app.ui.models.chart_columns import Columns
from app.ui.models.chart_look import Drawn
from app.ui.models.studies import warm_up

_MOST_BARS: Final = 60_000


def vwap(bars: ChartBars, shown: Columns, anchor: int) -> Any:
    """VWAP since a bar at each column's end, price units; NaN before it.

    Parameters
    ----------
    anchor : int
        Index of the bar at which the session began.

    Returns
    -------
    (n,) float64
    """
    rows = shown.rows
    if not len(rows):
        return np.empty(0)
    is_in = np.arange(len(rows)) >= np.searchsorted(
        _indices(shown), anchor, side="left"
    )
    begin = max(anchor, shown.first)
    _, volume, turnover = np.subtract(bars.sums_before(begin), bars.sums_before(anchor))
    total = volume + np.cumsum(np.where(is_in, rows["volume"], 0))
    worth = turnover + np.cumsum(np.where(is_in, rows["turnover"], 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(is_in & (total > 0), worth / total, np.nan)


def _indices(shown: Columns) -> Any:
    """Index of each column's first bar, about where several are joined."""
    count = len(shown.rows)
    if shown.is_each:
        return np.arange(shown.first, shown.last)
    return shown.first + np.arange(count) * (shown.last - shown.first) / count


def indicator(
    bars: ChartBars, shown: Columns, drawn: Drawn, sessions: Sequence[int]
) -> Any:
    """An indicator at each column.

    Parameters
    ----------
    sessions : sequence of int
        Indices of bars at which a session begins.

    Returns
    -------
    (n, k) float64 or None
        None where columns are not bars.
    """
    if not shown.is_each or not len(shown.rows):
        return None
    first = max(0, shown.first - warm_up(drawn.numbers()))
    if drawn.name == "vwap":
        first = max((each for each in sessions if each <= shown.first), default=0)
    if shown.last - first > _MOST_BARS:
        return None
    rows = np.concatenate([bars.read(first, shown.first), shown.rows])
    resets = [each - first for each in sessions if each >= first]
    made = indicator_series(drawn.name, drawn.parameters, rows, resets)
    return made[shown.first - first :]


def pane_of(drawn: Drawn) -> str:
    """Name of the pane an indicator is drawn in."""
    return "price" if INDICATORS[drawn.name].pane == "price" else drawn.title
