"""Plots over time, dressed in the theme: axes of time and of numbers for pyqtgraph."""

from typing import Any

import pyqtgraph as pg
from PySide6.QtGui import QFont

from app.ui import formatting
from app.ui.theme import Theme

_AXIS_WIDTH = 76


class TimeAxis(pg.AxisItem):
    """Time of day, in as many figures as the spacing needs; values are seconds."""

    def tickStrings(self, values: Any, scale: float, spacing: float) -> list[str]:
        fine = spacing < 1
        return [formatting.clock_time(int(v * 1e9), fine=fine) for v in values]


class NumberAxis(pg.AxisItem):
    """Numbers with thousands, in as many figures as the spacing needs."""

    def tickStrings(self, values: Any, scale: float, spacing: float) -> list[str]:
        return [formatting.axis_number(v, spacing) for v in values]


def time_axes() -> dict[str, Any]:
    """The axes of a plot over time."""
    return {"bottom": TimeAxis("bottom"), "left": NumberAxis("left")}


def dress(plot: Any, axes: dict[str, Any], theme: Theme, font: QFont) -> None:
    """Give a plot the theme's grid and axes."""
    plot.showGrid(x=True, y=True, alpha=0.12)
    plot.hideButtons()  # the menu says it in words: View all
    for axis in axes.values():
        axis.setPen(pg.mkPen(theme.line))
        axis.setTextPen(pg.mkPen(theme.muted))
        axis.setTickFont(font)
    axes["left"].setWidth(_AXIS_WIDTH)


def add_curve(plot: Any, times: Any, values: Any, colour: str, name: str = "") -> Any:
    """Draw a curve whose cost grows with pixels, not with points; times in seconds."""
    # Lines are one pixel wide: wider ones cost ten times as much to draw.
    pen = pg.mkPen(colour, width=1)
    curve = plot.plot(times, values, pen=pen, name=name or None, connect="finite")
    curve.setClipToView(True)
    curve.setDownsampling(auto=True, method="peak")
    return curve
