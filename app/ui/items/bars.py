"""Bars on a scale: rings and how full they are, threads and what they take."""

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.theme import Theme, text_font


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: a name, a value in words, its part of the scale, whether it is bad."""

    name: str
    words: str
    part: float
    is_bad: bool = False


class Bars(QWidget):
    """Paints rows of bars under a heading."""

    def __init__(self, theme: Theme, scale: float, heading: str) -> None:
        super().__init__()
        self._theme = theme
        self._heading = heading
        self._rows: tuple[Bar, ...] = ()
        self._small = text_font(scale, 0.92)
        self._bold = text_font(scale, bold=True)
        self.setFont(self._small)
        self._height = round(self.fontMetrics().height() * 1.75)
        # Else the panel around it is painted first, by its style sheet.
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_rows(self, rows: tuple[Bar, ...]) -> None:
        """Show these rows."""
        if rows == self._rows:
            return
        is_grown = len(rows) != len(self._rows)
        self._rows = rows
        told = ", ".join(f"{row.name} {row.words}" for row in rows)
        self.setAccessibleName(f"{self._heading}: {told}")
        if is_grown:
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, self._height * (1 + max(1, len(self._rows))) + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, t = QPainter(self), self._theme
        painter.fillRect(self.rect(), QColor(t.panel))
        width, height = float(self.width()), float(self._height)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.setFont(self._bold)
        painter.setPen(QColor(t.text))
        painter.drawText(QRectF(2, 0, width - 4, height), left, self._heading)
        painter.setFont(self._small)
        metrics, elide = painter.fontMetrics(), Qt.TextElideMode.ElideRight
        for i, row in enumerate(self._rows):
            box = QRectF(2, (i + 1) * height, width - 4, height - 5)
            words = metrics.horizontalAdvance(row.words)
            name = metrics.elidedText(row.name, elide, int(box.width() - words - 10))
            painter.setPen(QColor(t.muted))
            painter.drawText(box, left, name)
            painter.setPen(QColor(t.error if row.is_bad else t.text))
            painter.drawText(box, right, row.words)
            track = QRectF(2, box.bottom(), width - 4, 3)
            painter.fillRect(track, QColor(t.line))
            track.setWidth(track.width() * max(0.0, min(1.0, row.part)))
            painter.fillRect(track, QColor(t.error if row.is_bad else t.accent))
        painter.end()
