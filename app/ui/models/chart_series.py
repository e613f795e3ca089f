"""Lines over the columns of a chart: indicators.

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
_ROUND: Final = 1024


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
    # From a round place on: what a bar has does not change as the window moves.
    first = begin_of(shown, drawn)
    if drawn.name == "vwap":
        first = max((each for each in sessions if each <= shown.first), default=0)
    if shown.last - first > _MOST_BARS:
        return None
    rows = np.concatenate([bars.read(first, shown.first), shown.rows])
    resets = [each - first for each in sessions if each >= first]
    made = indicator_series(drawn.name, drawn.parameters, rows, resets)
    return made[shown.first - first :]


def begin_of(shown: Columns, drawn: Drawn) -> int:
    """From which bar on an indicator is worked out, so that it warms up."""
    return max(0, shown.first - warm_up(drawn.numbers())) // _ROUND * _ROUND


def pane_of(drawn: Drawn) -> str:
    """Name of the pane an indicator is drawn in."""
    return "price" if INDICATORS[drawn.name].pane == "price" else drawn.title
