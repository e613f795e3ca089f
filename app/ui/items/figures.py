"""A row of figures, each under its caption: position, average, P&L."""

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.items.ink import Ink
from app.ui.theme import Theme, text_font


class Figures(QWidget):
    """Captions with values, painted; nothing is laid out when a value changes.

    Where they do not fit side by side they stand in two rows.

    Parameters
    ----------
    theme : Theme
    scale : float
        Size of text, times.
    captions : tuple of str
    digits : int
        Figures that each value must have room for; 0 = they stay side by side.
    """

    def __init__(
        self, theme: Theme, scale: float, captions: tuple[str, ...], digits: int = 0
    ) -> None:
        super().__init__()
        self._theme = theme
        self._captions, self._digits = captions, digits
        self._values = [("", theme.text)] * len(captions)
        self._columns = len(captions)
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
        rows = -(-len(self._captions) // self._columns)
        return QSize(
            80 * len(self._captions), rows * round(self.fontMetrics().height() * 2.3)
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        digits = self.fontMetrics().horizontalAdvance("0") * self._digits
        count = len(self._captions)
        columns = count if event.size().width() >= digits * count else -(-count // 2)
        if columns != self._columns:
            self._columns = columns
            self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, ink = QPainter(self), self._ink
        ink.begin()
        rows = -(-len(self._captions) // self._columns)
        width, tall = self.width() / self._columns, self.height() / rows
        half = tall * 0.46
        boxes = [
            QRectF(i % self._columns * width + 2, i // self._columns * tall + 1,
                   width - 6, half)
            for i in range(len(self._values))
        ]  # fmt: skip
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
