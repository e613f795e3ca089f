"""Lines over the columns of a chart: indicators.

Indicators run the kernels that strategies call, over the bars in view and enough before
them to warm up. Where columns stand for several bars each there is no indicator of the
bars to show, and none is drawn.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from app.engine.indicators.series import INDICATORS, IndicatorRun
from app.ui.models.chart_bars import ChartBars
from app.ui.models.chart_columns import Columns
from app.ui.models.chart_look import Drawn
from app.ui.models.studies import warm_up

_MOST_BARS: Final = 60_000
_ROUND: Final = 1024


class DrawnLine:
    """An indicator at each column, and where it stands at the end of closed bars.

    Attributes
    ----------
    drawn : Drawn
    values : (n, k) float64
        By column.
    """

    def __init__(self, drawn: Drawn, values: Any, run: IndicatorRun | None) -> None:
        self.drawn, self.values, self._run = drawn, values, run

    def follow(self, newest: Any, *, begins: bool) -> None:
        """Work the running bar's column out anew, of that bar alone.

        Parameters
        ----------
        newest : (1,) BAR_ROW
        begins : bool
            Whether a session begins with it.
        """
        if self._run is not None and len(self.values):
            self.values[-1:] = self._run.peek(newest, [0] if begins else ())


def drawn_line(
    bars: ChartBars, shown: Columns, drawn: Drawn, sessions: Sequence[int]
) -> DrawnLine | None:
    """An indicator over the columns in view; None where columns are not bars.

    Parameters
    ----------
    sessions : sequence of int
        Indices of bars at which a session begins.
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
    resets = np.array([each - first for each in sessions if each >= first], np.int64)
    run = IndicatorRun(drawn.name, drawn.parameters)
    closed = len(rows) - 1 if shown.last >= bars.count else len(rows)
    made = [run.take(rows[:closed], resets)]
    if closed < len(rows):
        made.append(run.peek(rows[closed:], resets[resets == closed] - closed))
    values = np.concatenate(made)[shown.first - first :]
    return DrawnLine(drawn, values, run if closed < len(rows) else None)


def begin_of(shown: Columns, drawn: Drawn) -> int:
    """From which bar on an indicator is worked out, so that it warms up."""
    return max(0, shown.first - warm_up(drawn.numbers())) // _ROUND * _ROUND


def pane_of(drawn: Drawn) -> str:
    """Name of the pane an indicator is drawn in."""
    return "price" if INDICATORS[drawn.name].pane == "price" else drawn.title
