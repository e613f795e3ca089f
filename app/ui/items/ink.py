"""Pens, brushes and laid-out text of one widget, made once."""

from PySide6.QtGui import QBrush, QColor, QFont, QPainter, QPen

from app.ui.items.glyphs import Glyphs
from app.ui.theme import Theme


class Ink:
    """What a painted widget draws with.

    Parameters
    ----------
    theme : Theme
    usual, bold, small : QFont
    """

    def __init__(self, theme: Theme, usual: QFont, bold: QFont, small: QFont) -> None:
        self.theme = theme
        self.usual = Glyphs(usual)
        self.bold = Glyphs(bold)
        self.small = Glyphs(small)
        self._pens: dict[str, QPen] = {}
        self._brushes: dict[str, QBrush] = {}
        self._current: Glyphs | None = None

    def begin(self) -> None:
        """Forget the painter before: the next one has another font."""
        self._current = None

    def write_in(self, painter: QPainter, glyphs: Glyphs) -> None:
        """Take a font, unless the painter has it: setting one is dear."""
        if self._current is not glyphs:
            self._current = glyphs
            painter.setFont(glyphs.font)

    def pen(self, colour: str) -> QPen:
        """Pen of a colour, one pixel wide."""
        pen = self._pens.get(colour)
        if pen is None:
            pen = self._pens[colour] = QPen(QColor(colour))
        return pen

    def brush(self, colour: str) -> QBrush:
        """Brush of a colour."""
        brush = self._brushes.get(colour)
        if brush is None:
            brush = self._brushes[colour] = QBrush(QColor(colour))
        return brush
