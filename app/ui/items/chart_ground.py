"""What stands still under the bars of a chart: grid, scales, profile; and its times."""

from math import ceil
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from app.ui import formatting
from app.ui.items import chart_axes as axes
from app.ui.items.chart_paint import span_of
from app.ui.items.chart_scale import Pane
from app.ui.items.plot_picture import PlotPicture, argb, boxes_of
from app.ui.models import axis

if TYPE_CHECKING:
    from app.ui.items.chart_surface import ChartSurface


_LOST: Final = "data lost"
_DASH: Final = 3


class Ground:
    """A picture of the whole chart without bars.

    The profile, which changes once a second, is laid under the grid of a copy.

    Attributes
    ----------
    picture : PlotPicture or None
    """

    def __init__(self) -> None:
        self.picture: PlotPicture | None = None
        self._bare: PlotPicture | None = None
        self._grid: list[QLineF] = []
        self._look: Any = None
        self._profile: Any = None

    def bring(self, chart: "ChartSurface", look: Any, profile: Any) -> bool:
        """Paint what changed; False if nothing had to be.

        Parameters
        ----------
        look, profile : anything with ==
            What frame and scales, and the profile, depend on.
        """
        ratio = chart.span.ratio
        # A px that is partly ours is ours to paint.
        size = ceil(chart.width() * ratio), ceil(chart.height() * ratio)
        if self._bare is None or self._bare.size != size:
            self.picture = PlotPicture(*size, ratio, is_opaque=True)
            self._bare = PlotPicture(*size, ratio, is_opaque=True)
            self._look = None
        if (look, profile) == (self._look, self._profile):
            return False
        assert self.picture is not None
        if look != self._look:
            self._paint(chart, self._bare)
        self._look, self._profile = look, profile
        self.picture.copy(self._bare)
        if chart.listed is not None and len(chart.shown):
            self._lay_under(chart, self.picture)
        return True

    def _paint(self, chart: "ChartSurface", picture: PlotPicture) -> None:
        picture.fill(argb(chart.ink.theme.panel))
        if chart.listed is None or not len(chart.shown):
            return
        painter = picture.painter()
        chart.ink.begin()
        self._frame(chart, painter)
        painter.end()

    def _lay_under(self, chart: "ChartSurface", picture: PlotPicture) -> None:
        """Paint the profile, and the lines over it again."""
        ratio = chart.span.ratio
        top, bottom = span_of(chart.panes[0], ratio)
        picture.clip_to(0, top, round(chart.plot.right() * ratio), bottom)
        chart.extras.under(chart, picture)
        painter = picture.painter()
        axes.paint_grid(painter, chart.ink, self._grid)
        painter.end()
        picture.clip_to(0, 0, *picture.size)

    def _frame(self, chart: "ChartSurface", painter: QPainter) -> None:
        assert chart.listed is not None
        ink, plot = chart.ink, chart.plot
        for pane in chart.panes:
            if pane.name == "price":
                text = chart.listed.text
                self._grid = axes.paint_prices(painter, ink, pane, text, plot.right())
            else:
                labels = _labels(chart, pane)
                axes.paint_values(painter, ink, pane, labels, plot.right())
        quiet = QColor(ink.theme.muted)
        quiet.setAlpha(110)
        painter.setPen(axes.hairline(painter, quiet))
        for pane, level in chart.extras.levels(chart):
            y = axes.crisp(float(pane.scale.y(level)), painter)
            if pane.box.top() <= y <= pane.box.bottom():
                painter.drawLine(QLineF(0, y, plot.right(), y))
        painter.setPen(axes.hairline(painter, ink.theme.line))
        painter.drawLine(QLineF(plot.right(), 0, plot.right(), plot.bottom()))
        painter.drawLine(QLineF(0, plot.bottom(), chart.width(), plot.bottom()))


def _corner(box: QRectF) -> tuple[float, float]:
    return box.right(), box.bottom()


def _labels(chart: "ChartSurface", pane: Pane) -> list[tuple[float, str]]:
    assert chart.listed is not None
    room = max(1, int(pane.box.height() / (chart.ink.small.height * 2.4)))
    marks = axis.value_marks(pane.scale.low, pane.scale.high, room)
    if pane.name not in ("volume", "delta"):
        room_px = (pane.scale.high - pane.scale.low) / room
        return [(mark, formatting.axis_number(mark, room_px)) for mark in marks]
    text = chart.listed.text
    return [(mark, text.size(round(mark))) for mark in marks]


class Still:
    """What stays while only the newest bar moves, laid over one another once.

    Attributes
    ----------
    picture : PlotPicture or None
    """

    def __init__(self) -> None:
        self.picture: PlotPicture | None = None

    def bring(
        self,
        chart: "ChartSurface",
        ground: PlotPicture | None,
        bars: PlotPicture | None,
    ) -> None:
        """Lay ground, times and closed columns over one another."""
        assert ground is not None
        ratio = chart.span.ratio
        if self.picture is None or self.picture.size != ground.size:
            self.picture = PlotPicture(*ground.size, ratio, is_opaque=True)
        self.picture.copy(ground)
        if chart.listed is None or not len(chart.shown):
            return
        painter = self.picture.painter()
        chart.ink.begin()
        painter.setClipRect(chart.plot)
        chart.extras.paint_bands(chart, painter)
        chart.times.paint_lines(chart, painter)
        if bars is not None:
            painter.drawImage(QPointF(0, 0), bars.image)
        painter.end()
        chart.times.mark_gaps(chart, self.picture)
        painter = self.picture.painter()
        chart.ink.begin()
        chart.times.paint_labels(chart, painter)
        painter.end()


class Times:
    """The axis of time: lines at round times, breaks of days, lost data, labels.

    Attributes
    ----------
    gaps : list of int
        Columns before or within which data were lost, ascending.
    """

    def __init__(self) -> None:
        self._lines: list[QLineF] = []
        self._breaks: list[QLineF] = []
        self.gaps: list[int] = []
        self._labels: list[tuple[float, str]] = []
        self._of: tuple[Any, ...] = None, None, None

    def lay(self, chart: "ChartSurface") -> None:
        """Place them for the columns in view, unless they are those of before."""
        shown, ink, plot = chart.shown, chart.ink, chart.plot
        gaps, end = chart.extras.gaps, shown.rows["end"][-1:].tolist()
        of = shown, gaps, (plot.width(), plot.height(), ink, end)
        if of[0] is self._of[0] and gaps is self._of[1] and of[2] == self._of[2]:
            return
        self._of = of
        rows, xs = shown.rows, shown.xs
        begins = rows["begin"]
        room = ink.small.width("00:00:00") + 26
        marks, step = axis.time_marks(begins, xs, room)
        breaks = axis.day_breaks(begins) if step <= axis.DAY else []
        if len(breaks) * 12 >= plot.width():
            breaks = []
        self._lines = _uprights(chart, [float(xs[i]) for i in marks])
        self._breaks = _uprights(chart, [float(xs[i]) for i in breaks])
        self.gaps = axes.gap_columns(shown, chart.extras.gaps)
        new_days = set(breaks)
        self._labels = [
            (
                float(xs[i]),
                formatting.axis_time(int(begins[i]), step, is_day=i in new_days),
            )
            for i in marks
            if 0 <= xs[i] < plot.right()
        ]

    def paint_lines(self, chart: "ChartSurface", painter: QPainter) -> None:
        """Paint what lies under the bars."""
        painter.setPen(axes.grid_pen(painter, chart.ink))
        painter.drawLines(self._lines)
        if self._breaks:
            muted = chart.ink.theme.muted
            painter.setPen(axes.hairline(painter, muted, Qt.PenStyle.DashLine))
            painter.drawLines(self._breaks)

    def mark_gaps(self, chart: "ChartSurface", picture: PlotPicture) -> None:
        """Mark where data were lost by dashed lines over the bars."""
        shown, plot = chart.shown, chart.plot
        pen = shown.pen
        picture.clip_to(0, 0, *(round(x * shown.ratio) for x in _corner(plot)))
        tops = np.arange(0, picture.clip[3], 2 * _DASH * pen)
        for place in (shown.places[self.gaps] - shown.origin).tolist():
            lefts, bottoms = np.full(len(tops), place), tops + _DASH * pen
            ink = argb(chart.ink.theme.warning)
            picture.boxes(boxes_of(lefts, tops, lefts + pen, bottoms, ink))
        picture.clip_to(0, 0, *picture.size)

    def paint_labels(self, chart: "ChartSurface", painter: QPainter) -> None:
        """Paint the times, and words at lost data where they have room."""
        axes.paint_times(painter, chart.ink, self._labels, chart.plot, chart.height())
        ink, right = chart.ink, chart.plot.right()
        width, y = ink.small.width(_LOST) + 8, chart.panes[0].box.bottom()
        for x in reversed(chart.shown.xs[self.gaps].tolist()):
            if 0 <= x <= right - width:
                box = QRectF(x + 3, y - ink.small.height - 2, width, ink.small.height)
                painter.fillRect(box, ink.brush(ink.theme.panel))
                painter.setPen(ink.pen(ink.theme.warning))
                ink.small.draw(painter, box, _LOST, 0.0, 3.0)
                right = x


def _uprights(chart: "ChartSurface", xs: list[float]) -> list[QLineF]:
    plot = chart.plot
    return [QLineF(x, 0, x, plot.bottom()) for x in xs if 0 <= x < plot.right()]
