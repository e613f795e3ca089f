"""What a chart shows beside bars: profile, footprint, VWAP, indicators, drawings."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter

from app.engine.history.footprints import GrowingFootprint
from app.engine.indicators.series import INDICATORS
from app.sessions.history import MarketHistory
from app.ui.items.chart_drawings import DrawingLayer
from app.ui.items.chart_footprint import LEAST_PX, paint_footprint
from app.ui.items.chart_profile import paint_profile
from app.ui.items.chart_scale import Pane
from app.ui.items.plot_picture import PlotPicture
from app.ui.models.chart_columns import Columns
from app.ui.models.chart_regimes import NAMES, WILD, regimes_of, runs
from app.ui.models.chart_series import DrawnLine, begin_of, drawn_line, pane_of

if TYPE_CHECKING:
    from app.ui.items.chart_surface import ChartSurface

_SLIM_PX: Final = 7.0
_VEIL: Final = 22
_WILD_PX: Final = 4.0
_CALM_PX: Final = 2.0
"""A wild stretch has the thicker stripe along its foot."""
_VWAP: Final = 5
"""Which of the theme's curves it is."""


class ChartExtras:
    """Reads history where the bars do not say enough.

    Attributes
    ----------
    history : MarketHistory or None
    profile : (n,) PROFILE or None
        Volume by price that is shown beside the bars.
    profile_number : int
        Changes with the profile.
    gaps : (n,) int64
        When trades came after lost data, ns since 1970 UTC.
    trade_dates : (n,) int64
        When sessions begin, ns since 1970 UTC.
    is_reading : bool
        Whether older bars than there are are on their way.
    drawings : DrawingLayer
    """

    def __init__(self) -> None:
        self.history: MarketHistory | None = None
        self.profile: Any = None
        self.profile_number = 0
        self.gaps: Any = np.empty(0, np.int64)
        self.trade_dates: Any = np.empty(0, np.int64)
        self.is_reading = False
        self.drawings = DrawingLayer()
        self._lines: list[DrawnLine] = []
        self._running = GrowingFootprint()
        self._vwap: Any = np.empty(0)
        self._regimes: Any = np.empty(0, np.int8)

    def take_profile(self, profile: Any) -> None:
        """Show another profile, or none."""
        self.profile = profile
        self.profile_number += 1

    def is_footprint(self, chart: "ChartSurface") -> bool:
        """Whether bars are wide enough to show what traded at each price."""
        is_wide = chart.shown.width >= LEAST_PX and chart.shown.is_each
        return chart.look.footprint and is_wide and self.history is not None

    def slim(self, chart: "ChartSurface", shown: Columns) -> float | None:
        """Width of bars beside a footprint, px of the device; None = as usual."""
        return _SLIM_PX * shown.ratio if self.is_footprint(chart) else None

    def measure(self, chart: "ChartSurface") -> None:
        """Work out every line for the columns in view."""
        shown, look = chart.shown, chart.look
        self._vwap = shown.vwap if look.vwap else np.empty(0)
        self._regimes = self._regimes[:0]
        if look.regimes:
            self._regimes = regimes_of(chart.bars, shown, chart.begins)
        self._lines = []
        for drawn in look.indicators:
            line = drawn_line(chart.bars, shown, drawn, chart.begins)
            if line is not None:
                self._lines.append(line)

    def measure_newest(self, chart: "ChartSurface") -> None:
        """Work out the lines of the newest column alone."""
        if len(self._vwap):
            self._vwap[-1] = chart.shown.newest_vwap()
        newest, last = chart.shown.rows[-1:], chart.bars.count - 1
        begins = len(chart.begins) > 0 and int(chart.begins[-1]) == last
        for line in self._lines:
            line.follow(newest, begins=begins)

    def begin_keys(self, chart: "ChartSurface") -> tuple[int, ...]:
        """What lines depend on beside the bars: from where on they are worked out."""
        return tuple(begin_of(chart.shown, each) for each in chart.look.indicators)

    def own_range(self, pane: Pane) -> tuple[float, float]:
        """Lowest and highest value of an indicator's own pane."""
        for line in self._lines:
            drawn, values = line.drawn, line.values
            if pane_of(drawn) == pane.name and np.isfinite(values).any():
                levels = INDICATORS[drawn.name].levels
                low, high = float(np.nanmin(values)), float(np.nanmax(values))
                return min(low, *levels, low), max(high, *levels, high)
        return np.nan, np.nan

    def under(self, chart: "ChartSurface", picture: PlotPicture) -> None:
        """Paint what lies under the bars and does not move with them: the profile."""
        if self.profile is not None and len(self.profile) and chart.listed is not None:
            tick = chart.listed.instrument.step_at(int(self.profile["price"][0]))
            paint_profile(picture, chart.ink, chart.panes[0], self.profile, tick)

    def paint_bands(self, chart: "ChartSurface", painter: QPainter) -> None:
        """Paint regimes as bands behind the bars, with a stripe along their foot."""
        shown, pane, t = chart.shown, chart.panes[0].box, chart.ink.theme
        for first, last, state in runs(self._regimes):
            left, right = float(shown.xs[first]), float(shown.xs[last - 1])
            band = QRectF(left, pane.top(), right + shown.width - left, pane.height())
            veil = QColor(t.warning if state == WILD else t.accent)
            veil.setAlpha(_VEIL)
            painter.fillRect(band, veil)
            veil.setAlpha(255)
            height = _WILD_PX if state == WILD else _CALM_PX
            foot = pane.bottom() - height
            painter.fillRect(QRectF(left, foot, band.width(), height), veil)

    def levels(self, chart: "ChartSurface") -> list[tuple[Pane, float]]:
        """Levels that indicators are read by."""
        panes = {pane.name: pane for pane in chart.panes}
        return [
            (panes[pane_of(line.drawn)], level)
            for line in self._lines
            for level in INDICATORS[line.drawn.name].levels
            if pane_of(line.drawn) in panes
        ]

    def lines(
        self, chart: "ChartSurface", near: Columns
    ) -> list[tuple[Pane, Any, str, float]]:
        """Lines through some of the columns in view: pane, values, colour, width."""
        first = int(np.searchsorted(chart.shown.starts, near.first))
        part = slice(first, first + len(near))
        panes = {pane.name: pane for pane in chart.panes}
        found: list[tuple[Pane, Any, str, float]] = []
        for i, line in enumerate(self._lines):
            pane, values = panes.get(pane_of(line.drawn)), line.values
            if pane is not None:
                for column in range(values.shape[1]):
                    width = 1.5 if column == 0 else 1.0
                    found.append((pane, values[part, column], _colour(chart, i), width))
        if len(self._vwap):
            colour = chart.ink.theme.curve[_VWAP]
            found.append((chart.panes[0], self._vwap[part], colour, 1.8))
        return found

    def legend(self, chart: "ChartSurface", at: int) -> list[tuple[str, str]]:
        """Values of a column, with their colours."""
        if chart.listed is None:
            return []
        text, words = chart.listed.text, []
        if at < len(self._vwap):
            value = float(self._vwap[at])
            if value == value:  # NaN: nothing traded in this session so far
                colour = chart.ink.theme.curve[_VWAP]
                words.append((f"VWAP {text.average(value)}", colour))
        for i, line in enumerate(self._lines):
            drawn, values = line.drawn, line.values
            if at < len(values):
                shown = [
                    text.average(each) if drawn.is_over_bars else f"{each:.4g}"
                    for each in values[at].tolist()
                ]
                words.append((f"{drawn.title} {' '.join(shown)}", _colour(chart, i)))
        if at < len(self._regimes) and self._regimes[at]:
            state = int(self._regimes[at])
            colour = (
                chart.ink.theme.warning if state == WILD else chart.ink.theme.accent
            )
            words.append((NAMES[state], colour))
        if chart.look.indicators and not self._lines and len(chart.shown.rows):
            words.append(("zoom in for indicators", chart.ink.theme.muted))
        return words

    def footprints(
        self, chart: "ChartSurface", picture: PlotPicture, shown: Columns
    ) -> None:
        """Paint what traded at each price of some columns."""
        listed = chart.listed
        if not self.is_footprint(chart) or not len(shown) or listed is None:
            return
        rows = shown.rows
        if self.history is None or (rows["first_trade"] < 0).any():
            return  # the feed sends bars alone
        cells, starts = self._cells(chart, rows, listed.number)
        painter = picture.painter()
        chart.ink.begin()
        slim = round(_SLIM_PX * shown.ratio)
        width = int(shown.scale) - slim - 2 * shown.pen
        pane, text = chart.panes[0], listed.text
        for i, place in enumerate((shown.places - shown.origin).tolist()):
            box = (place + slim, width)
            part = cells[starts[i] : starts[i + 1]]
            paint_footprint(picture, painter, chart.ink, pane, text, part, box)
        painter.end()

    def _cells(self, chart: "ChartSurface", rows: Any, number: int) -> Any:
        """Profiles of some bars one behind another, and where each begins."""
        assert self.history is not None
        first, last = int(rows["first_trade"][0]), int(rows["first_trade"][-1])
        last += int(rows["trades"][-1])
        if len(rows) == 1 and rows["begin"][0] == chart.shown.rows["begin"][-1]:
            cells = self._running.up_to(self.history, number, first, last)
            return cells, [0, len(cells)]
        return self.history.footprint(number, np.append(rows["first_trade"], last))


def _colour(chart: "ChartSurface", number: int) -> str:
    """Colour of an indicator; the two of the sides come last, and none is VWAP's."""
    curve = chart.ink.theme.curve
    return curve[(2 + number) % _VWAP]
