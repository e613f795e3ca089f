"""A row of figures, each under its caption: position, average, P&L."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.theme import Theme, text_font


class Figures(QWidget):
    """Captions with values, painted; nothing is laid out when a value changes.

    Parameters
    ----------
    theme : Theme
    scale : float
        Size of text, times.
    captions : tuple of str
    """

    def __init__(self, theme: Theme, scale: float, captions: tuple[str, ...]) -> None:
        super().__init__()
        self._theme = theme
        self._captions = captions
        self._values = [("", theme.text)] * len(captions)
        self._small: QFont = text_font(scale, 0.82)
        self._large: QFont = text_font(scale, 1.12, bold=True)
        self.setFont(self._large)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_values(self, values: list[tuple[str, str]]) -> None:
        """Show texts with their colours, in the order of the captions."""
        if values != self._values:
            self._values = values
            named = zip(self._captions, values, strict=True)
            self.setAccessibleName(", ".join(f"{c} {v[0]}" for c, v in named))
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(80 * len(self._captions), round(self.fontMetrics().height() * 2.3))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        width = self.width() / len(self._captions)
        half = self.height() * 0.46
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        for i, (text, colour) in enumerate(self._values):
            box = QRectF(i * width + 2, 1, width - 6, half)
            painter.setFont(self._small)
            painter.setPen(QColor(self._theme.muted))
            painter.drawText(box, left, self._captions[i])
            painter.setFont(self._large)
            painter.setPen(QColor(colour))
            metrics = painter.fontMetrics()
            shown = metrics.elidedText(
                text, Qt.TextElideMode.ElideRight, int(width - 6)
            )
            painter.drawText(box.translated(0, half), left, shown)
        painter.end()
