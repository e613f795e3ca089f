"""Pens, brushes and laid-out text of one widget, made once."""

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QGuiApplication, QPainter, QPen

from app.ui.items.glyphs import Glyphs
from app.ui.theme import Theme


def thin_pen(colour: str | QColor, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """Pen of whole px of the screen, about a pixel wide.

    At a scale of 1.5 one of a pixel would cover one px of the screen or two, by where
    its line lies. `chart_axes.hairline` does it for the very painter.
    """
    ratio = QGuiApplication.primaryScreen().devicePixelRatio()
    return QPen(QColor(colour), max(1, int(ratio)) / ratio, style)


def paint_card(painter: QPainter, box: QRect, colour: str) -> None:
    """Frame a widget whose left edge may lie between two px of the screen."""
    painter.setPen(thin_pen(colour))
    painter.drawRect(QRectF(box).adjusted(0.4, 0.4, -0.6, -0.6))


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
        """Pen of a colour, one pixel wide: at 1.5 not one here and two there."""
        pen = self._pens.get(colour)
        if pen is None:
            pen = self._pens[colour] = thin_pen(colour)
        return pen

    def brush(self, colour: str) -> QBrush:
        """Brush of a colour."""
        brush = self._brushes.get(colour)
        if brush is None:
            brush = self._brushes[colour] = QBrush(QColor(colour))
        return brush
