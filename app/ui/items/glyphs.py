"""Text that is laid out once: `QStaticText` by string, with its width."""

from typing import Final
from weakref import WeakValueDictionary

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QStaticText

_KEPT: Final = 1024
_FIGURES: Final = "0123456789.,:+−–"
Laid = tuple[QStaticText, float]
"""A text laid out, and its width, px."""


class Store:
    """Texts of one font that were drawn lately.

    Two generations of `_KEPT` each: what is drawn again moves into the younger one,
    what is not goes with the older. A laid-out text takes a kilobyte, so that a window
    of many panels would keep tens of megabytes of prices that are long gone.
    """

    def __init__(self) -> None:
        self._young: dict[str, Laid] = {}
        self._old: dict[str, Laid] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, text: str) -> Laid | None:
        """Return a text that is kept, or None."""
        known = self._young.get(text)
        if known is None:
            known = self._old.pop(text, None)
            if known is not None:
                self.put(text, known)
        return known

    def put(self, text: str, laid: Laid) -> None:
        """Keep a text."""
        if len(self._young) >= _KEPT:
            self._old, self._young = self._young, {}
        self._young[text] = laid


_STORES: Final[WeakValueDictionary[tuple[str, int], Store]] = WeakValueDictionary()
"""By font (a key leaves its features out): panels share what is laid out."""


class Glyphs:
    """Laid-out texts of one font; drawing a known one costs a third of `drawText`."""

    def __init__(self, font: QFont) -> None:
        self.font = font
        self.metrics = QFontMetricsF(font)
        self.height = self.metrics.height()
        self._texts = _STORES.setdefault((font.key(), len(font.featureTags())), Store())
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
        self, painter: QPainter, left: int, room: int, height: int, text: str, end: bool
    ) -> None:
        """Draw a text that may never come again, at whole pixels.

        Laying a text out costs four times as much as drawing it: it is worth it the
        second time.

        Parameters
        ----------
        painter : QPainter
            Its font must be this one's.
        left, room : int
            Where the text has room, px; one that needs more is elided.
        height : int
            Of the row that begins at 0, px.
        text : str
        end : bool
            Whether it ends at the right, as numbers do.
        """
        laid = self._texts.get(text)
        if laid is None and text in self._seen:
            laid = self._laid_out(text)
        width = laid[1] if laid is not None else self._advance(text)
        if width > room:
            text = self.metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
            laid = self._laid_out(text)
            width = laid[1]
        x = left + int(room - width) if end else left
        top = (height - self.height) / 2
        if laid is not None:
            painter.drawStaticText(x, int(top), laid[0])
            return
        if len(self._seen) >= _KEPT:
            self._seen.clear()
        self._seen.add(text)
        painter.drawText(x, int(top + self.metrics.ascent()), text)

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

    def _laid_out(self, text: str) -> Laid:
        known = self._texts.get(text)
        if known is None:
            static = QStaticText(text)
            static.setTextFormat(Qt.TextFormat.PlainText)
            static.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
            static.prepare(font=self.font)
            known = static, self.metrics.horizontalAdvance(text)
            self._texts.put(text, known)
        return known
