"""A figure with its past: caption, value, and a line or two over time."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.items.ink import paint_card, thin_pen
from app.ui.items.polygon import polygon
from app.ui.models.axis import round_step
from app.ui.theme import Theme, text_font

_LEFT: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class Trend(QWidget):
    """Paints one card of a monitor.

    Parameters
    ----------
    theme : Theme
    scale : float
        Size of text, times.
    caption : str
    bound : float, optional
        A value that should not be passed, drawn as a dashed line.
    """

    def __init__(
        self, theme: Theme, scale: float, caption: str, bound: float | None = None
    ) -> None:
        super().__init__()
        self._theme = theme
        self._caption = caption
        self._bound = bound
        self._words = ("", "")
        self._lines: tuple[tuple[np.ndarray, str], ...] = ()
        self._small = text_font(scale, 0.85)
        self._large = text_font(scale, 1.05, bold=True)
        self.setFont(self._large)
        # Else the panel around it is painted first, by its style sheet.
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(150, round(self.fontMetrics().height() * 6))

    def show_lines(
        self, value: str, detail: str, lines: Sequence[tuple[np.ndarray, str]]
    ) -> None:
        """Show the newest value in words, and lines of values with their colours."""
        self._words = (value, detail)
        self._lines = tuple(lines)
        self.setAccessibleName(f"{self._caption}: {value} {detail}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, round(self.fontMetrics().height() * 5.5))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, t = QPainter(self), self._theme
        painter.fillRect(self.rect(), QColor(t.panel))
        box = QRectF(self.rect()).adjusted(8, 5, -8, -6)
        height = self.fontMetrics().height() * 1.25
        painter.setFont(self._small)
        painter.setPen(QColor(t.muted))
        first = QRectF(box.x(), box.y(), box.width(), height)
        painter.drawText(first, _LEFT, self._caption)
        value, detail = self._words
        painter.setFont(self._large)
        painter.setPen(QColor(t.text))
        second = QRectF(box.x(), box.y() + height * 0.95, box.width(), height)
        painter.drawText(second, _LEFT, value)
        taken = painter.fontMetrics().horizontalAdvance(value) + 12
        painter.setFont(self._small)
        painter.setPen(QColor(t.muted))
        room, elide = int(box.width() - taken), Qt.TextElideMode.ElideRight
        painter.drawText(
            second, _RIGHT, painter.fontMetrics().elidedText(detail, elide, room)
        )
        self._plot(painter, box.adjusted(0, 2.1 * height, 0, 0))
        paint_card(painter, self.rect(), t.line)
        painter.end()

    def _plot(self, painter: QPainter, box: QRectF) -> None:
        top = _top(self._lines, self._bound)
        if box.height() < 8 or top <= 0:
            return
        for values, colour in self._lines:
            painter.setPen(thin_pen(colour))
            painter.drawPolyline(_polygon(values, box, top))
        if self._bound is not None:
            painter.setPen(thin_pen(self._theme.warning, Qt.PenStyle.DashLine))
            y = box.bottom() - box.height() * self._bound / top
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))


def _top(lines: Sequence[tuple[np.ndarray, str]], bound: float | None) -> float:
    """Upper end of the axis: the next 1, 2 or 5 times a power of ten."""
    most = max(
        (float(np.nanmax(v)) for v, _ in lines if np.isfinite(v).any()), default=0.0
    )
    most = max(most, 1.1 * (bound or 0.0))
    if not math.isfinite(most) or most <= 0:
        return 0.0
    return round_step(most)


def _polygon(values: np.ndarray, box: QRectF, top: float) -> QPolygonF:
    """The greatest value of each pixel column, as points of a line."""
    width = max(2, int(box.width()))
    step = max(1, -(-len(values) // width))
    padded = np.full(-(-len(values) // step) * step, np.nan)
    padded[len(padded) - len(values) :] = values
    grouped = np.fmax.reduce(padded.reshape(-1, step), axis=1)
    shown = np.nonzero(np.isfinite(grouped))[0]
    span = max(1, len(grouped) - 1)
    xs = box.left() + shown * box.width() / span
    ys = box.bottom() - np.clip(grouped[shown] / top, 0, 1) * box.height()
    return polygon(xs, ys)
