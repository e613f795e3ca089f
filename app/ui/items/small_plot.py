"""What small plots of a report share: scale, a line on top, what is pointed at."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QLineF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QWidget

from app.ui import formatting, theme as themes
from app.ui.items.chart_axes import grid_pen
from app.ui.items.ink import Ink
from app.ui.items.time_plot import y_of
from app.ui.models import axis
from app.ui.theme import Theme

_STEPS: Final = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


class SmallPlot(QWidget):
    """A plot with values at its right; one of its things is pointed at.

    Parameters
    ----------
    theme : Theme
    scale : float
    text : callable
        A value in words.
    widest : str
        A value that the scale has room for.
    inset : int
        Px at the left.

    Signals
    -------
    picked(int)
        A thing was clicked, by its place in the arrays.
    """

    picked = Signal(int)

    def __init__(
        self,
        theme: Theme,
        scale: float,
        text: Callable[[float], str],
        widest: str,
        inset: int,
    ) -> None:
        super().__init__()
        usual, small = themes.text_font(scale), themes.text_font(scale, 0.86)
        self._ink = Ink(theme, usual, themes.text_font(scale, bold=True), small)
        self._text, self._inset = text, inset
        self.pointed = -1
        self._axis = round(self._ink.small.width(widest) + 8)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def found_at(self, event: QMouseEvent) -> int:
        """The thing under the pointer; -1 = none."""
        raise NotImplementedError

    def _plot(self) -> QRectF:
        small = self._ink.small.height
        top, foot = small * 1.5, small * 1.4
        width = max(10.0, self.width() - self._axis - self._inset)
        return QRectF(self._inset, top, width, max(10.0, self.height() - top - foot))

    # The hand.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(self.found_at(event))

    def leaveEvent(self, event: QEvent) -> None:
        self._point(-1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = self.found_at(event)
        if event.button() == Qt.MouseButton.LeftButton and at >= 0:
            self.picked.emit(at)

    def step_of(self, event: QKeyEvent) -> int:
        """-1 or +1 for an arrow, else 0."""
        return _STEPS.get(Qt.Key(event.key()), 0)

    def _point(self, at: int) -> None:
        if at != self.pointed:
            self.pointed = at
            self.update()

    # Painting.

    def _begin(self) -> QPainter:
        painter = QPainter(self)
        self._ink.begin()
        painter.fillRect(self.rect(), self._ink.brush(self._ink.theme.panel))
        return painter

    def _end_empty(self, painter: QPainter, words: str) -> None:
        painter.setPen(self._ink.pen(self._ink.theme.muted))
        painter.drawText(self._plot(), Qt.AlignmentFlag.AlignCenter, words)
        painter.end()

    def _paint_scale(
        self, painter: QPainter, plot: QRectF, low: float, high: float
    ) -> None:
        """Lines at round values, and the values right of the plot."""
        ink, small = self._ink, self._ink.small
        ink.write_in(painter, small)
        room = max(3, int(plot.height() / (small.height * 2.0)))
        marks = axis.value_marks(low, high, room)
        texts = formatting.axis_texts([self._text(each) for each in marks])
        for value, text in zip(marks, texts, strict=True):
            y = round(y_of(value, plot, low, high))
            painter.setPen(grid_pen(painter, ink))
            painter.drawLine(QLineF(plot.left(), y, plot.right(), y))
            painter.setPen(ink.pen(ink.theme.muted))
            box = QRectF(plot.right(), y - small.height / 2, self._axis, small.height)
            small.draw(painter, box, text, 0.0, 6)

    def _top_line(self, painter: QPainter, words: str, colour: str, x: float) -> float:
        """Write on the line above the plot; where what is written ends."""
        small = self._ink.small
        self._ink.write_in(painter, small)
        painter.setPen(self._ink.pen(colour))
        box = QRectF(x, 0, max(1.0, self.width() - x - 4), small.height * 1.4)
        shown = small.elided(words, box.width())
        small.draw(painter, box, shown, 0.0)
        return x + float(small.width(shown))
