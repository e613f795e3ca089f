"""The bars of a chart as columns on the screen: read, joined where pixels are fewer."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from app.engine.history.records import BAR_ROW
from app.ui.models.chart_bars import FACTOR, ChartBars, joined
from app.ui.models.chart_window import ChartWindow

THIN_PX: Final = 2.5
"""A bar below this width is a line from low to high."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What a chart paints from left to right.

    Attributes
    ----------
    rows : (n,) BAR_ROW
    first : int
        Index of the first bar.
    last : int
        Past the last bar.
    xs : (n,) float64
        Left edges, px from the plot's left edge.
    width : float
        Of a column, px.
    is_thin : bool
        A column is a line; it may stand for several bars.
    cumulative : (n,) float64
        Delta of everything before each column, from `anchor` on.
    """

    rows: Any
    first: int
    last: int
    xs: Any
    width: float
    is_thin: bool
    cumulative: Any

    @property
    def is_each(self) -> bool:
        """Whether a column is a bar."""
        return len(self.rows) == self.last - self.first

    def centres(self) -> Any:
        """Middles of the columns, px."""
        return self.xs + self.width / 2


def columns(bars: ChartBars, window: ChartWindow, anchor: int = 0) -> Columns:
    """Read what a window shows.

    Parameters
    ----------
    bars : ChartBars
    window : ChartWindow
    anchor : int
        Bar at which the cumulative delta begins.
    """
    level = window.level()
    size = FACTOR**level
    first, last = window.visible()
    first -= first % size
    rows = bars.read_joined(first, last, level)
    lefts = window.width - (
        window.right - (first + size * np.arange(len(rows), dtype=np.float64))
    ) * np.float64(window.bar_px)
    width, is_thin = window.bar_px * size, window.bar_px < THIN_PX
    if is_thin and len(rows):
        pixels = np.floor(lefts)
        starts = np.append(0, np.flatnonzero(np.diff(pixels)) + 1)
        if len(starts) < len(rows):
            rows = joined(rows, starts)
        lefts, width = pixels[starts], 1.0
    return Columns(
        rows, first, last, lefts, width, is_thin, _cumulative(bars, rows, first, anchor)
    )


def _cumulative(bars: ChartBars, rows: Any, first: int, anchor: int) -> Any:
    delta = (rows["buys"] - rows["sells"]).astype(np.float64)
    base = bars.sums_before(first)[0] - bars.sums_before(anchor)[0] if first else 0.0
    return base + np.cumsum(delta) - delta


NO_COLUMNS: Final = Columns(
    np.empty(0, BAR_ROW), 0, 0, np.empty(0), 1.0, False, np.empty(0)
)
