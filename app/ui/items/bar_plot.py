"""Bars side by side with their names: returns of years, a histogram, P&L by weekday."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QLineF, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent

from app.ui.items.chart_axes import hairline
from app.ui.items.small_plot import SmallPlot
from app.ui.items.time_plot import range_of, y_of
from app.ui.theme import Theme

_SHARE: Final = 0.74


class BarPlot(SmallPlot):
    """Shows values; one is pointed at by the mouse or the arrows.

    Parameters
    ----------
    theme : Theme
    scale : float
    title : str
        Also its accessible name.
    text : callable
        A value in words.
    is_signed : bool
        Coloured as gains and losses, else all alike.

    Signals
    -------
    picked(int)
        A bar was clicked, or Enter was pressed on it.
    """

    def __init__(
        self,
        theme: Theme,
        scale: float,
        title: str,
        text: Callable[[float], str],
        *,
        is_signed: bool = True,
    ) -> None:
        super().__init__(theme, scale, text, "−1,000,000", 6)
        self._title, self._is_signed = title, is_signed
        self.labels: tuple[str, ...] = ()
        self.notes: tuple[str, ...] = ()
        self.values: Any = np.empty(0)
        self.others: Any = None
        self.setMinimumSize(140, 96)
        self.setAccessibleName(title)

    def sizeHint(self) -> QSize:
        return QSize(320, 170)

    def show_bars(
        self,
        labels: Sequence[str],
        values: Any,
        notes: Sequence[str] = (),
        others: Any = None,
    ) -> None:
        """Show other bars.

        Parameters
        ----------
        notes : sequence of str
            More about each, for the line on top.
        others : (n,) float64, optional
            A mark beside each bar, as of a benchmark; NaN = none.
        """
        self.labels, self.values = tuple(labels), np.asarray(values, np.float64)
        self.notes, self.others, self.pointed = tuple(notes), others, -1
        told = ", ".join(
            f"{name} {self._text(float(value))}"
            for name, value in zip(self.labels[:40], self.values, strict=False)
        )
        self.setAccessibleDescription(told)
        self.update()

    # Places.

    def bar_at(self, x: float) -> int:
        """The bar at a pixel; -1 = none."""
        plot = self._plot()
        if not len(self.values) or not plot.left() <= x < plot.right():
            return -1
        return int((x - plot.left()) / plot.width() * len(self.values))

    def found_at(self, event: QMouseEvent) -> int:
        return self.bar_at(event.position().x())

    # The hand.

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = self.step_of(event)
        if step and len(self.values):
            self._point(max(0, min(len(self.values) - 1, self.pointed + step)))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and (
            0 <= self.pointed < len(self.values)
        ):
            self.picked.emit(self.pointed)
        else:
            super().keyPressEvent(event)

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, plot = self._begin(), self._plot()
        self._paint_title(painter)
        if not len(self.values):
            self._end_empty(painter, "none")
            return
        parts = [self.values] if self.others is None else [self.values, self.others]
        low, high = range_of(parts, 0.0)
        self._paint_values(painter, plot, low, high)
        self._paint_bars(painter, plot, low, high)
        self._paint_labels(painter, plot)
        painter.end()

    def _paint_title(self, painter: QPainter) -> None:
        t, at = self._ink.theme, self.pointed
        x = self._top_line(painter, self._title, t.muted, 8.0)
        if 0 <= at < len(self.values):
            words = f"{self.labels[at]}: {self._text(float(self.values[at]))}"
            note = self.notes[at] if at < len(self.notes) else ""
            self._top_line(painter, f"{words}  {note}", t.text, x + 14)

    def _paint_values(
        self, painter: QPainter, plot: QRectF, low: float, high: float
    ) -> None:
        self._paint_scale(painter, plot, low, high)
        y = round(y_of(0.0, plot, low, high))
        painter.setPen(hairline(painter, self._ink.theme.muted))
        painter.drawLine(QLineF(plot.left(), y, plot.right(), y))

    def _paint_bars(
        self, painter: QPainter, plot: QRectF, low: float, high: float
    ) -> None:
        t, each = self._ink.theme, plot.width() / len(self.values)
        width = max(1.0, each * _SHARE)
        zero = y_of(0.0, plot, low, high)
        for i, value in enumerate(self.values.tolist()):
            if value != value:
                continue
            x = plot.left() + i * each + (each - width) / 2
            y = y_of(value, plot, low, high)
            top, height = min(y, zero), max(1.0, abs(y - zero))
            colour = t.change(value) if self._is_signed else t.accent
            if i == self.pointed:
                room = QRectF(plot.left() + i * each, plot.top(), each, plot.height())
                painter.fillRect(room, self._ink.brush(t.raised))
            box = QRectF(x, top, width, height)
            painter.fillRect(box, self._ink.brush(colour))
            if self.others is not None and np.isfinite(self.others[i]):
                y = y_of(float(self.others[i]), plot, low, high)
                painter.fillRect(
                    QRectF(x - 2, y - 1, width + 4, 2), self._ink.brush(t.text)
                )

    def _paint_labels(self, painter: QPainter, plot: QRectF) -> None:
        """Names below, as many as fit side by side."""
        ink, each = self._ink, plot.width() / len(self.values)
        widest = max(ink.small.width(name) for name in self.labels) + 10
        step = max(1, int(np.ceil(widest / each)))
        ink.write_in(painter, ink.small)
        painter.setPen(ink.pen(ink.theme.muted))
        for i in range(0, len(self.labels), step):
            middle = plot.left() + (i + 0.5) * each
            left = max(0.0, middle - widest / 2)
            box = QRectF(left, plot.bottom(), widest, ink.small.height * 1.4)
            ink.small.draw(painter, box, self.labels[i], 0.5)
