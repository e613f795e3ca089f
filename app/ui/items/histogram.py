"""A latency histogram: counts by half-octave bucket, with quantiles marked."""

from typing import Final

import numpy as np
from PySide6.QtCore import QLineF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui import formatting
from app.ui.items.ink import paint_card, thin_pen
from app.ui.theme import Theme, text_font

_FIRST, _LAST = 12, 58
"""Buckets shown: from 64 ns to half a second."""
_TICKS: Final = ((10, "1 µs"), (20, "1 ms"), (26.6, "100 ms"))
"""Powers of two near round times, and their names."""
_QUANTILES: Final = ((0.5, "p50"), (0.99, "p99"), (0.999, "p99.9"))


class Histogram(QWidget):
    """Paints one histogram; heights go by the square root, so that a tail is seen."""

    def __init__(self, theme: Theme, scale: float, caption: str) -> None:
        super().__init__()
        self._theme = theme
        self._caption = caption
        self._counts = np.zeros(0, np.int64)
        self._small = text_font(scale, 0.85)
        self.setFont(self._small)
        # Else the panel around it is painted first, by its style sheet.
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(170, self.fontMetrics().height() * 6)

    def show_counts(self, counts: np.ndarray) -> None:
        """Show counts by bucket (see engine.views)."""
        if not np.array_equal(counts, self._counts):
            self._counts = counts.copy()
            self.setAccessibleName(f"{self._caption}: {self._words()}")
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, self.fontMetrics().height() * 8)

    def _words(self) -> str:
        if not self._counts.sum():
            return formatting.DASH
        quantile = formatting.latency_quantile
        values = [(quantile(self._counts, q), n) for q, n in _QUANTILES]
        return "  ".join(f"{n} {formatting.duration(value)}" for value, n in values)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, t = QPainter(self), self._theme
        painter.fillRect(self.rect(), QColor(t.panel))
        line = self.fontMetrics().height() * 1.25
        box = QRectF(self.rect()).adjusted(8, 5, -8, -4)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.setFont(self._small)
        painter.setPen(QColor(t.muted))
        painter.drawText(
            QRectF(box.x(), box.y(), box.width(), line), left, self._caption
        )
        painter.setPen(QColor(t.text))
        second = QRectF(box.x(), box.y() + line, box.width(), line)
        painter.drawText(second, left, self._words())
        self._plot(painter, box.adjusted(0, 2.2 * line, 0, -line))
        paint_card(painter, self.rect(), t.line)
        painter.end()

    def _plot(self, painter: QPainter, box: QRectF) -> None:
        t = self._theme
        step = box.width() / (_LAST - _FIRST)
        painter.setPen(thin_pen(t.line))
        painter.drawLine(QLineF(box.left(), box.bottom(), box.right(), box.bottom()))
        for power, name in _TICKS:
            x = box.left() + (2 * power - _FIRST) * step
            painter.setPen(thin_pen(t.line))
            painter.drawLine(QLineF(x, box.top(), x, box.bottom() + 3))
            painter.setPen(QColor(t.muted))
            below = QRectF(x - 40, box.bottom() + 2, 80, self.fontMetrics().height())
            painter.drawText(below, Qt.AlignmentFlag.AlignCenter, name)
        counts = self._counts[_FIRST:_LAST]
        if not len(counts) or not counts.max():
            return
        heights = np.sqrt(counts / counts.max()) * box.height()
        for i in np.nonzero(counts)[0].tolist():
            height = max(1.0, float(heights[i]))
            painter.fillRect(
                QRectF(box.left() + i * step, box.bottom() - height, step - 1, height),
                QColor(t.accent),
            )
