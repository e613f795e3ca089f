"""A row of figures, each under its caption: position, average, P&L."""

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.items.ink import Ink
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
        large = text_font(scale, 1.12, bold=True)
        self._ink = Ink(theme, large, large, text_font(scale, 0.82))
        self.setFont(large)
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
        painter, ink = QPainter(self), self._ink
        ink.begin()
        width, half = self.width() / len(self._captions), self.height() * 0.46
        boxes = [
            QRectF(i * width + 2, 1, width - 6, half) for i in range(len(self._values))
        ]
        ink.write_in(painter, ink.small)
        painter.setPen(ink.pen(self._theme.muted))
        for box, caption in zip(boxes, self._captions, strict=True):
            ink.small.draw(painter, box, ink.small.elided(caption, box.width()), 0.0)
        ink.write_in(painter, ink.bold)
        for box, (text, colour) in zip(boxes, self._values, strict=True):
            painter.setPen(ink.pen(colour))
            shown = ink.bold.elided(text, box.width())
            ink.bold.draw(painter, box.translated(0, half), shown, 0.0)
        painter.end()
