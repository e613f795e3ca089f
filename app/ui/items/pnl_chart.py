"""The P&L chart: pyqtgraph behind a small face; the only place here that imports it.

Lines are one pixel wide, because wider ones cost ten times as much to draw.
"""

import math
from typing import Any, Final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui import formatting
from app.ui.theme import Theme, text_font

_FILL_ALPHA: Final = 38


Spans = tuple[tuple[float, float], tuple[float, float]]


class _TimeAxis(pg.AxisItem):
    """Local time of day, in as many figures as the spacing needs."""

    def tickStrings(self, values: Any, scale: float, spacing: float) -> list[str]:
        fine = spacing < 1
        return [formatting.clock_time(int(v * 1e9), fine=fine) for v in values]


class _MoneyAxis(pg.AxisItem):
    def tickStrings(self, values: Any, scale: float, spacing: float) -> list[str]:
        return [formatting.axis_number(v, spacing) for v in values]


class PnlChart(QWidget):
    """Curves over time, the first one filled to zero, with a crosshair."""

    def __init__(self, theme: Theme, scale: float) -> None:
        super().__init__()
        self._theme = theme
        small = text_font(scale, 0.85)
        axes = {"bottom": _TimeAxis("bottom"), "right": _MoneyAxis("right")}
        self._plot = pg.PlotWidget(background=theme.panel, axisItems=axes)
        self._curves: list[Any] = []
        self._spans: Spans | None = None
        self._dress(axes, small)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot)

    def show_curves(self, curves: list[tuple[np.ndarray, np.ndarray, str]]) -> None:
        """Show curves: times (s since 1970), values, colour; the first is filled."""
        while len(self._curves) < len(curves):
            self._curves.append(self._plot.plot(skipFiniteCheck=True))
        for i, curve in enumerate(self._curves):
            curve.setVisible(i < len(curves))
        for i, (times, values, colour) in enumerate(curves):
            curve = self._curves[i]
            curve.setPen(pg.mkPen(colour, width=1))
            if i == 0:
                self._fill(curve, values)
            curve.setData(times, values)
        self._fit(curves)

    def clear(self) -> None:
        """Show nothing."""
        for curve in self._curves:
            curve.setData([], [])
        self._spans = None
        self._label_axes(False)

    def _fill(self, curve: Any, values: np.ndarray) -> None:
        last = float(values[-1]) if len(values) else 0.0
        shade = QColor(self._theme.change(last))
        shade.setAlpha(_FILL_ALPHA)
        curve.setFillLevel(0.0)
        curve.setBrush(shade)

    def _fit(self, curves: list[tuple[np.ndarray, np.ndarray, str]]) -> None:
        """Show all of the curves, in ranges that move seldom: axes are dear to draw."""
        spans = stepped_ranges(curves)
        if spans is not None and spans != self._spans:
            if self._spans is None:
                self._label_axes(True)
            self._spans = spans
            (left, right), (bottom, top) = spans
            self._plot.setXRange(left, right, padding=0)
            self._plot.setYRange(bottom, top, padding=0)

    def _label_axes(self, is_on: bool) -> None:
        """Ticks without a curve would be numbers about nothing."""
        for name in ("bottom", "right"):
            self._plot.getPlotItem().getAxis(name).setStyle(showValues=is_on)

    def _dress(self, axes: dict[str, Any], font: QFont) -> None:
        t, plot = self._theme, self._plot
        item = plot.getPlotItem()
        item.showAxis("right")
        item.hideAxis("left")
        item.hideButtons()
        item.setMenuEnabled(False)
        item.setMouseEnabled(x=False, y=False)
        item.disableAutoRange()
        item.showGrid(x=True, y=True, alpha=0.12)
        for axis in axes.values():
            axis.setPen(pg.mkPen(t.line))
            axis.setTextPen(pg.mkPen(t.muted))
            axis.setTickFont(font)
            axis.setStyle(tickLength=4, maxTickLevel=0)
        axes["right"].setWidth(58)
        item.addItem(pg.InfiniteLine(pos=0, angle=0, pen=pg.mkPen(t.muted, width=1)))
        dashes = pg.mkPen(t.muted, width=1, style=Qt.PenStyle.DashLine)
        self._cross = pg.InfiniteLine(angle=90, pen=dashes)
        self._cross.hide()
        item.addItem(self._cross, ignoreBounds=True)
        self._label = pg.TextItem(
            color=t.text, fill=pg.mkBrush(t.raised), anchor=(0, 0)
        )
        self._label.setFont(font)
        self._label.hide()
        item.addItem(self._label, ignoreBounds=True)
        plot.scene().sigMouseMoved.connect(self._on_moved)

    def _on_moved(self, position: QPointF) -> None:
        box = self._plot.getPlotItem().getViewBox()
        times, values = self._curves[0].getData() if self._curves else (None, None)
        is_inside = box.sceneBoundingRect().contains(position)
        is_shown = is_inside and times is not None and len(times) > 0
        self._cross.setVisible(is_shown)
        self._label.setVisible(is_shown)
        if not is_shown or times is None or values is None:
            return
        x = box.mapSceneToView(position).x()
        at = min(int(np.searchsorted(times, x)), len(times) - 1)
        self._cross.setPos(float(times[at]))
        when = formatting.clock_time(int(times[at] * 1e9))
        self._label.setText(f"{when}  {formatting.currency(float(values[at]))}")
        (left, right), (_, top) = box.viewRange()
        is_late = x > left + (right - left) * 0.7
        self._label.setAnchor((1, 0) if is_late else (0, 0))
        self._label.setPos(float(times[at]), float(top))


def stepped_ranges(
    curves: list[tuple[np.ndarray, np.ndarray, str]],
) -> Spans | None:
    """Ranges of time and value that hold all curves and zero; None without a point.

    Both grow in steps: time to the next 1, 1.5, 2, 3, 5, 7 times a power of ten of
    seconds, values to the next tenth of their span.
    """
    drawn = [(times, values) for times, values, _ in curves if len(times)]
    if not drawn:
        return None
    left = min(float(times[0]) for times, _ in drawn)
    right = max(float(times[-1]) for times, _ in drawn)
    low = min(0.0, *(float(values.min()) for _, values in drawn))
    high = max(0.0, *(float(values.max()) for _, values in drawn))
    step = step_above(max(high - low, 10.0)) / 10
    bottom = (math.floor(low / step) - 0.5) * step
    top = (math.ceil(high / step) + 0.5) * step
    return (left, left + step_above(max(right - left, 10.0))), (bottom, top)


def step_above(value: float) -> float:
    """The next 1, 1.5, 2, 3, 5 or 7 times a power of ten at or above a value > 0."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(s * power for s in (1, 1.5, 2, 3, 5, 7, 10) if s * power >= value)
