"""Text that is laid out once: `QStaticText` by string, with its width."""

from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QStaticText

_KEPT: Final = 4096
_FIGURES: Final = "0123456789.,:+−–"


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
        self._seen: set[str] = set()
        # Figures have one width and no kerning (`tnum`).
        self._characters = {
            each: self.metrics.horizontalAdvance(each) for each in _FIGURES
        }

    def width(self, text: str) -> float:
        """Width of a text, px."""
        known = self._texts.get(text)
        return known[1] if known is not None else self._advance(text)

    def draw_once(
        self, painter: QPainter, box: QRectF, text: str, align: float, pad: float = 0.0
    ) -> None:
        """Draw a text that may never come again, as `draw` does.

        Laying a text out costs four times as much as drawing it: it is worth it the
        second time.
        """
        if text in self._texts or text in self._seen:
            self.draw(painter, box, text, align, pad)
            return
        if len(self._seen) >= _KEPT:
            self._seen.clear()
        self._seen.add(text)
        width = self._advance(text)
        x = box.x() + pad + (box.width() - 2 * pad - width) * align
        y = box.y() + (box.height() - self.height) / 2 + self.metrics.ascent()
        painter.drawText(QPointF(x, y), text)

    def _advance(self, text: str) -> float:
        """Width of a text, from its characters' own where all of them are known."""
        try:
            return sum(map(self._characters.__getitem__, text))
        except KeyError:
            return self.metrics.horizontalAdvance(text)

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
        if self.width(text) <= width:
            return text
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
