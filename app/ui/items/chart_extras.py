"""What a chart shows beside bars: profile, footprint, VWAP, indicators, drawings."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter

from app.engine.indicators.series import INDICATORS
from app.sessions.history import MarketHistory
from app.ui.items.chart_drawings import DrawingLayer
from app.ui.items.chart_footprint import LEAST_PX, paint_footprint
from app.ui.items.chart_lines import paint_levels, paint_line
from app.ui.items.chart_profile import paint_profile
from app.ui.items.chart_scale import Pane
from app.ui.models.chart_columns import Columns
from app.ui.models.chart_look import Drawn
from app.ui.models.chart_series import indicator, pane_of, vwap

if TYPE_CHECKING:
    from app.ui.items.chart_surface import ChartSurface

_SLIM_PX: Final = 7.0


class ChartExtras:
    """Reads history where the bars do not say enough.

    Attributes
    ----------
    history : MarketHistory or None
    profile : (n,) PROFILE or None
        Volume by price that is shown beside the bars.
    session_begin : int
        ns since 1970 UTC; 0 = unknown.
    drawings : DrawingLayer
    """

    def __init__(self) -> None:
        self.history: MarketHistory | None = None
        self.profile: Any = None
        self.session_begin = 0
        self.drawings = DrawingLayer()
        self._lines: list[tuple[Drawn, Any]] = []
        self._vwap: Any = np.empty(0)

    def is_footprint(self, chart: "ChartSurface") -> bool:
        """Whether bars are wide enough to show what traded at each price."""
        is_wide = chart.shown.width >= LEAST_PX and chart.shown.is_each
        return chart.look.footprint and is_wide and self.history is not None

    def slim(self, chart: "ChartSurface", shown: Columns) -> Columns:
        """The bars as slim as they are beside a footprint."""
        return replace(shown, width=_SLIM_PX) if self.is_footprint(chart) else shown

    def measure(self, chart: "ChartSurface") -> None:
        """Work out every line for the columns in view."""
        shown, anchor = chart.shown, chart.anchor()
        self._vwap = vwap(chart.bars, shown, anchor) if chart.look.vwap else np.empty(0)
        self._lines = []
        for drawn in chart.look.indicators:
            values = indicator(chart.bars, shown, drawn, (anchor,))
            if values is not None:
                self._lines.append((drawn, values))

    def own_range(self, pane: Pane) -> tuple[float, float]:
        """Lowest and highest value of an indicator's own pane."""
        for drawn, values in self._lines:
            if pane_of(drawn) == pane.name and np.isfinite(values).any():
                levels = INDICATORS[drawn.name].levels
                low, high = float(np.nanmin(values)), float(np.nanmax(values))
                return min(low, *levels, low), max(high, *levels, high)
        return np.nan, np.nan

    def under(self, chart: "ChartSurface", painter: QPainter) -> None:
        """Paint what lies under the bars."""
        pane = chart.panes[0]
        if self.profile is not None and len(self.profile) and chart.listed is not None:
            tick = chart.listed.instrument.step_at(int(self.profile["price"][0]))
            painter.save()
            painter.setClipRect(pane.box, Qt.ClipOperation.IntersectClip)
            paint_profile(painter, chart.ink, pane, self.profile, tick)
            painter.restore()
            chart.ink.begin()

    def over(self, chart: "ChartSurface", painter: QPainter) -> None:
        """Paint what lies over the closed bars."""
        painter.save()
        painter.setClipRect(chart.panes[0].box, Qt.ClipOperation.IntersectClip)
        if self.is_footprint(chart):
            closed = len(chart.shown.rows) - int(chart.shown.last >= chart.bars.count)
            self._footprints(chart, painter, 0, closed)
        painter.restore()
        chart.ink.begin()
        self._paint_lines(chart, painter)
        if chart.look.drawings:
            self.drawings.paint(painter, chart)
            chart.ink.begin()

    def live(self, chart: "ChartSurface", painter: QPainter) -> None:
        """Paint the open bar's footprint."""
        if self.is_footprint(chart):
            count = len(chart.shown.rows)
            painter.save()
            painter.setClipRect(chart.panes[0].box, Qt.ClipOperation.IntersectClip)
            self._footprints(chart, painter, count - 1, count)
            painter.restore()
            chart.ink.begin()

    def legend(self, chart: "ChartSurface", at: int) -> list[tuple[str, str]]:
        """Values of a column, with their colours."""
        if chart.listed is None:
            return []
        text, words = chart.listed.text, []
        if at < len(self._vwap):
            value = float(self._vwap[at])
            words.append((f"VWAP {text.average(value)}", chart.ink.theme.accent))
        for i, (drawn, values) in enumerate(self._lines):
            if at < len(values):
                shown = [
                    text.average(each) if drawn.is_over_bars else f"{each:.4g}"
                    for each in values[at].tolist()
                ]
                words.append((f"{drawn.title} {' '.join(shown)}", _colour(chart, i)))
        if chart.look.indicators and not self._lines and len(chart.shown.rows):
            words.append(("zoom in for indicators", chart.ink.theme.muted))
        return words

    def _footprints(
        self, chart: "ChartSurface", painter: QPainter, first: int, last: int
    ) -> None:
        shown, listed = chart.shown, chart.listed
        if listed is None or self.history is None or first >= last:
            return
        rows = shown.rows[first:last]
        if (rows["first_trade"] < 0).any():
            return  # the feed sends bars alone
        edges = np.append(
            rows["first_trade"], rows["first_trade"][-1] + rows["trades"][-1]
        )
        cells, starts = self.history.footprint(listed.number, edges)
        left = chart.plot.left() + shown.xs[first:last]
        width = shown.width - _SLIM_PX - 2
        for i, x in enumerate(left.tolist()):
            box = (x + _SLIM_PX, width)
            part = cells[starts[i] : starts[i + 1]]
            paint_footprint(painter, chart.ink, chart.panes[0], listed.text, part, box)

    def _paint_lines(self, chart: "ChartSurface", painter: QPainter) -> None:
        xs = chart.plot.left() + chart.shown.centres()
        panes = {pane.name: pane for pane in chart.panes}
        if len(self._vwap) == len(xs):
            accent = chart.ink.theme.accent
            paint_line(painter, chart.panes[0], xs, self._vwap, accent, 1.8)
        for i, (drawn, values) in enumerate(self._lines):
            pane = panes.get(pane_of(drawn))
            if pane is None:
                continue
            painter.save()
            painter.setClipRect(pane.box, Qt.ClipOperation.IntersectClip)
            paint_levels(painter, chart.ink, pane, INDICATORS[drawn.name].levels)
            for column in range(values.shape[1]):
                width = 1.5 if column == 0 else 1.0
                paint_line(
                    painter, pane, xs, values[:, column], _colour(chart, i), width
                )
            painter.restore()


def _colour(chart: "ChartSurface", number: int) -> str:
    """Colour of an indicator; the two of the sides come last."""
    curve = chart.ink.theme.curve
    return curve[(2 + number) % len(curve)]
