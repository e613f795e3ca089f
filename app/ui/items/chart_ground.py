"""What stands still under the bars of a chart: grid, scales, profile; and its times."""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from app.ui import formatting
from app.ui.items import chart_axes as axes
from app.ui.items.chart_paint import span_of
from app.ui.items.chart_scale import Pane
from app.ui.items.plot_picture import PlotPicture, argb
from app.ui.models import chart_ticks

if TYPE_CHECKING:
    from app.ui.items.chart_surface import ChartSurface


class Ground:
    """A picture of the whole chart without bars.

    Attributes
    ----------
    picture : PlotPicture or None
    """

    def __init__(self) -> None:
        self.picture: PlotPicture | None = None
        self._key: Any = None

    def forget(self) -> None:
        """Paint all anew next time."""
        self._key = None

    def bring(self, chart: "ChartSurface", key: Any) -> bool:
        """Paint what changed; False if nothing had to be.

        Parameters
        ----------
        key : anything with ==
            What the picture depends on.
        """
        ratio = chart.span.ratio
        size = round(chart.width() * ratio), round(chart.height() * ratio)
        if self.picture is None or self.picture.size != size:
            self.picture = PlotPicture(*size, ratio, is_opaque=True)
            self._key = None
        if key == self._key:
            return False
        self._key = key
        self._paint(chart, self.picture)
        return True

    def _paint(self, chart: "ChartSurface", picture: PlotPicture) -> None:
        size, ratio = picture.size, chart.span.ratio
        picture.clip_to(0, 0, *size)
        picture.fill(argb(chart.ink.theme.panel))
        if chart.listed is None or not len(chart.shown):
            return
        top, bottom = span_of(chart.panes[0], ratio)
        picture.clip_to(0, top, round(chart.plot.right() * ratio), bottom)
        chart.extras.under(chart, picture)
        picture.clip_to(0, 0, *size)
        painter = picture.painter()
        chart.ink.begin()
        self._frame(chart, painter)
        painter.end()

    def _frame(self, chart: "ChartSurface", painter: QPainter) -> None:
        assert chart.listed is not None
        ink, plot = chart.ink, chart.plot
        for pane in chart.panes:
            if pane.name == "price":
                axes.paint_prices(painter, ink, pane, chart.listed.text, plot.right())
            else:
                labels = _labels(chart, pane)
                axes.paint_values(painter, ink, pane, labels, plot.right())
        quiet = QColor(ink.theme.muted)
        quiet.setAlpha(110)
        painter.setPen(quiet)
        for pane, level in chart.extras.levels(chart):
            y = axes.crisp(float(pane.scale.y(level)), painter)
            if pane.box.top() <= y <= pane.box.bottom():
                painter.drawLine(QLineF(0, y, plot.right(), y))
        painter.setPen(ink.pen(ink.theme.line))
        painter.drawLine(QLineF(plot.right(), 0, plot.right(), plot.bottom()))
        painter.drawLine(QLineF(0, plot.bottom(), chart.width(), plot.bottom()))


def _labels(chart: "ChartSurface", pane: Pane) -> list[tuple[float, str]]:
    assert chart.listed is not None
    room = max(1, int(pane.box.height() / (chart.ink.small.height * 2.4)))
    marks = chart_ticks.value_marks(pane.scale.low, pane.scale.high, room)
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
        chart.times.paint_lines(chart, painter)
        if bars is not None:
            painter.drawImage(QPointF(0, 0), bars.image)
        painter.setClipping(False)
        chart.times.paint_labels(chart, painter)
        painter.end()


class Times:
    """The axis of time: lines at round times, breaks of days, lost data, labels."""

    def __init__(self) -> None:
        self._lines: list[QLineF] = []
        self._breaks: list[QLineF] = []
        self._gaps: list[QLineF] = []
        self._labels: list[tuple[float, str]] = []

    def lay(self, chart: "ChartSurface") -> None:
        """Place them for the columns in view."""
        shown, ink, plot = chart.shown, chart.ink, chart.plot
        rows, xs = shown.rows, shown.xs
        begins = rows["begin"]
        room = ink.small.width("00:00:00") + 26
        marks, step = chart_ticks.time_marks(begins, xs, room)
        breaks = chart_ticks.day_breaks(begins) if step <= chart_ticks.DAY else []
        if len(breaks) * 12 >= plot.width():
            breaks = []
        self._lines = _uprights(chart, [float(xs[i]) for i in marks])
        self._breaks = _uprights(chart, [float(xs[i]) for i in breaks])
        self._gaps = _uprights(chart, axes.gap_places(shown, chart.extras.gaps))
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
        theme = chart.ink.theme
        painter.setPen(axes.grid_pen(chart.ink))
        painter.drawLines(self._lines)
        if self._breaks:
            painter.setPen(QPen(QColor(theme.muted), 1, Qt.PenStyle.DashLine))
            painter.drawLines(self._breaks)

    def paint_gaps(self, chart: "ChartSurface", painter: QPainter) -> None:
        """Paint where data were lost, over the bars."""
        if self._gaps:
            colour = QColor(chart.ink.theme.warning)
            painter.setPen(QPen(colour, 1, Qt.PenStyle.DotLine))
            painter.drawLines(self._gaps)

    def paint_labels(self, chart: "ChartSurface", painter: QPainter) -> None:
        """Paint the times."""
        axes.paint_times(painter, chart.ink, self._labels, chart.plot, chart.height())


def _uprights(chart: "ChartSurface", xs: list[float]) -> list[QLineF]:
    plot = chart.plot
    return [QLineF(x, 0, x, plot.bottom()) for x in xs if 0 <= x < plot.right()]
