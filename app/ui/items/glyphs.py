"""Text that is laid out once: `QStaticText` by string, with its width."""

from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QStaticText

_KEPT: Final = 4096


class Glyphs:
    """Laid-out texts of one font.

    Drawing a known text costs a third of `drawText`. The store is emptied when full;
    what a screen shows is far less.
    """

    def __init__(self, font: QFont) -> None:
        self.font = font
        self.metrics = QFontMetricsF(font)
        self.height = self.metrics.height()
        self._texts: dict[str, tuple[QStaticText, float]] = {}

    def width(self, text: str) -> float:
        """Width of a text, px."""
        return self._laid_out(text)[1]

    def draw(
        self, painter: QPainter, box: QRectF, text: str, align: float, pad: float = 0.0
    ) -> None:
        """Draw a text in a box, vertically centred, in the painter's pen.

        Parameters
        ----------
        painter : QPainter
            Its font must be this one's.
        box : QRectF
        text : str
        align : float
            0 = left, 0.5 = centred, 1 = right.
        pad : float
            Kept free at both sides, px.
        """
        static, width = self._laid_out(text)
        x = box.x() + pad + (box.width() - 2 * pad - width) * align
        y = box.y() + (box.height() - self.height) / 2
        painter.drawStaticText(QPointF(x, y), static)

    def elided(self, text: str, width: float) -> str:
        """Shorten a text to a width, px."""
        return self.metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)

    def _laid_out(self, text: str) -> tuple[QStaticText, float]:
        known = self._texts.get(text)
        if known is None:
            if len(self._texts) >= _KEPT:
                self._texts.clear()
            static = QStaticText(text)
            static.setTextFormat(Qt.TextFormat.PlainText)
            static.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
            static.prepare(font=self.font)
            known = (static, self.metrics.horizontalAdvance(text))
            self._texts[text] = known
        return known
