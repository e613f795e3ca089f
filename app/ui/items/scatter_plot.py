"""Points over two values, each a link: how far trades went for and against them."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen

from app.ui import formatting
from app.ui.items.chart_axes import grid_pen
from app.ui.items.small_plot import SmallPlot
from app.ui.items.time_plot import range_of, y_of
from app.ui.models import axis
from app.ui.theme import Theme

_POINT_PX: Final = 3.2
_REACH_PX: Final = 14.0


class ScatterPlot(SmallPlot):
    """Shows points; the one under the mouse is told of, one is chosen.

    Signals
    -------
    picked(int)
        A point was clicked, by its place in the arrays.
    stepped(int)
        +1 or -1: the arrows ask for the next point, or the one before.
    """

    stepped = Signal(int)

    def __init__(
        self,
        theme: Theme,
        scale: float,
        titles: tuple[str, str],
        text: Callable[[float], str],
    ) -> None:
        super().__init__(theme, scale, text, "−100.00 %", 8)
        self.titles = titles
        self.xs: Any = np.empty(0)
        self.ys: Any = np.empty(0)
        self.signs: Any = np.empty(0)
        self.words: Callable[[int], str] = str
        self.chosen = -1
        self.setMinimumSize(160, 110)
        self.setAccessibleName(f"{titles[1]} over {titles[0]}")

    def sizeHint(self) -> QSize:
        return QSize(320, 220)

    def show_points(
        self, xs: Any, ys: Any, signs: Any, words: Callable[[int], str]
    ) -> None:
        """Show other points.

        Parameters
        ----------
        xs, ys : (n,) float64
            NaN: it is not shown.
        signs : (n,) float64
            Coloured as a gain or a loss.
        words : callable
            What is said of a point.
        """
        self.xs, self.ys, self.signs, self.words = xs, ys, signs, words
        self.pointed = -1
        self.update()

    def choose(self, at: int) -> None:
        """Mark a point; -1 = none."""
        if at != self.chosen:
            self.chosen = at
            self.update()

    # Places.

    def _places(self) -> tuple[Any, Any, tuple[float, float], tuple[float, float]]:
        plot = self._plot()
        wide, high = range_of([self.xs], 0.0), range_of([self.ys], 0.0)
        pxs = plot.left() + (self.xs - wide[0]) / (wide[1] - wide[0]) * plot.width()
        return pxs, y_of(self.ys, plot, *high), wide, high

    def point_at(self, at: QPointF) -> int:
        """The point near a place; -1 = none."""
        if not len(self.xs):
            return -1
        pxs, pys, _, _ = self._places()
        away = np.hypot(pxs - at.x(), pys - at.y())
        away[~np.isfinite(away)] = np.inf
        nearest = int(np.argmin(away))
        return nearest if away[nearest] <= _REACH_PX else -1

    def found_at(self, event: QMouseEvent) -> int:
        return self.point_at(event.position())

    # The hand.

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = self.step_of(event)
        if step:
            self.stepped.emit(step)
        else:
            super().keyPressEvent(event)

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, plot, t = self._begin(), self._plot(), self._ink.theme
        if not np.isfinite(self.xs).any():
            self._end_empty(painter, "No trades.")
            return
        pxs, pys, wide, high = self._places()
        self._paint_axes(painter, plot, wide, high)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for is_gain, colour in ((False, t.loss), (True, t.gain)):
            shade = QColor(colour)
            shade.setAlpha(190)
            painter.setBrush(shade)
            here = np.flatnonzero(((self.signs >= 0) == is_gain) & np.isfinite(pys))
            for i in here.tolist():
                painter.drawEllipse(QPointF(pxs[i], pys[i]), _POINT_PX, _POINT_PX)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for at, colour in ((self.chosen, t.accent), (self.pointed, t.text)):
            if 0 <= at < len(pxs) and np.isfinite(pys[at]):
                painter.setPen(QPen(QColor(colour), 1.8))
                painter.drawEllipse(QPointF(pxs[at], pys[at]), 6.5, 6.5)
        self._paint_title(painter)
        painter.end()

    def _paint_axes(
        self,
        painter: QPainter,
        plot: QRectF,
        wide: tuple[float, float],
        high: tuple[float, float],
    ) -> None:
        ink, small = self._ink, self._ink.small
        self._paint_scale(painter, plot, *high)
        marks = axis.value_marks(*wide, max(1, int(plot.width() / 90)))
        texts = formatting.axis_texts([self._text(each) for each in marks])
        for value, text in zip(marks, texts, strict=True):
            part = (value - wide[0]) / (wide[1] - wide[0])
            x = round(plot.left() + part * plot.width())
            painter.setPen(grid_pen(painter, ink))
            painter.drawLine(QLineF(x, plot.top(), x, plot.bottom()))
            painter.setPen(ink.pen(ink.theme.muted))
            box = QRectF(x - 40, plot.bottom(), 80, small.height * 1.4)
            small.draw(painter, box, text, 0.5)

    def _paint_title(self, painter: QPainter) -> None:
        t = self._ink.theme
        words = f"{self.titles[1]} (up) over {self.titles[0]} (across)"
        colour = t.muted
        at = self.pointed if self.pointed >= 0 else self.chosen
        if 0 <= at < len(self.xs):
            words, colour = self.words(at), t.text
        self._top_line(painter, words, colour, 8.0)
