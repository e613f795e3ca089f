"""The course of P&L in a window of its own: zoomed and panned by hand, with pyqtgraph.

What is shown is a copy of the moment: nothing moves while one looks.
"""

from typing import Any, Final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from app.ui.items.equity_chart import Curve
from app.ui.items.time_plots import add_curve, dress, time_axes
from app.ui.models.pnl import drawdown
from app.ui.theme import Theme, text_font

_SIZE: Final = (960, 620)


class Explorer(QDialog):
    """Curves above, drawdown below, on one time axis; the wheel zooms, a drag pans."""

    def __init__(
        self,
        parent: QWidget,
        theme: Theme,
        scale: float,
        times: np.ndarray,
        curves: tuple[Curve, ...],
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._font = text_font(scale, 0.85)
        self.setWindowTitle("P&L, explored")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*_SIZE)
        self.plots = [self._plot(), self._plot()]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(self.plots[0], 3)
        layout.addWidget(self.plots[1], 1)
        self.plots[1].setXLink(self.plots[0])
        self.plots[0].addLegend(offset=(12, 8), labelTextColor=theme.text)
        for curve in curves:
            self._add(self.plots[0], times, curve.values, curve.colour, curve.name)
            self._add(self.plots[1], times, drawdown(curve.values), curve.colour, "")
        self.plots[1].setLabel("left", "drawdown", color=theme.muted)

    def _plot(self) -> Any:
        axes = time_axes()
        plot = pg.PlotWidget(background=self._theme.panel, axisItems=axes)
        dress(plot, axes, self._theme, self._font)
        return plot

    def _add(
        self, plot: Any, times: np.ndarray, values: np.ndarray, colour: str, name: str
    ) -> None:
        add_curve(plot, times, values, colour, name)
