"""Lines of text that never move what is around them."""

from typing import Final

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

_LIGHT: Final = "● "
_GAP_PX: Final = 8


class Line(QWidget):
    """One line in a colour, elided to its width, repainted only when it changes."""

    def __init__(self, *, is_centred: bool = False) -> None:
        super().__init__()
        self._text = self._end = ""
        self._colour = ""
        self._flag = (
            Qt.AlignmentFlag.AlignCenter
            if is_centred
            else Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        )
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    @property
    def text(self) -> str:
        """The whole text."""
        return self._text

    def show_text(self, text: str, colour: str, end: str = "") -> None:
        """Show a text in a colour; an end of it stays where the rest is cut off."""
        if (text, colour, end) != (self._text, self._colour, self._end):
            self._text, self._colour, self._end = text, colour, end
            self.setToolTip(text)
            self.setAccessibleName(text)
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(60, round(self.fontMetrics().height() * 1.5))

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._text:
            return
        painter = QPainter(self)
        painter.setPen(QColor(self._colour))
        room = self.contentsRect()
        painter.drawText(room, self._flag, self.shown(room.width()))
        painter.end()

    def shown(self, wide: int) -> str:
        """What of the text is seen where there are so many pixels."""
        metrics, elide = self.fontMetrics(), Qt.TextElideMode.ElideRight
        if not self._end or metrics.horizontalAdvance(self._text) <= wide:
            return metrics.elidedText(self._text, elide, wide)
        left = wide - metrics.horizontalAdvance(self._end)
        head = self._text.removesuffix(self._end)
        return metrics.elidedText(head, elide, max(left, 0)) + self._end


class Cell(QWidget):
    """One line of a width that only grows, with a light before it or none.

    Signals
    -------
    grown()
        It has become wider: the row that it stands in has less room.

    Parameters
    ----------
    sample : str
        Room is kept for this from the start.
    """

    grown = Signal()

    def __init__(self, sample: str) -> None:
        super().__init__()
        self._sample = sample
        self._shown = ("", "", "")
        self._width = 0
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    @property
    def text(self) -> str:
        """The whole text, without the light."""
        return self._shown[0]

    @property
    def width_kept(self) -> int:
        """Room that it wants, pixels."""
        return max(self._width, self._wide(self._sample))

    def show_text(self, text: str, colour: str) -> None:
        """Show a text in a colour."""
        self.show_light(text, colour, "")

    def show_light(self, text: str, colour: str, light: str) -> None:
        """Show a text in a colour after a light in another; "" = no light."""
        if (text, colour, light) == self._shown:
            return
        self._shown = (text, colour, light)
        self.setAccessibleName(text)
        wide = self._wide(_LIGHT * bool(light) + text)
        if wide > self.width_kept:
            self._width = wide
            self.updateGeometry()
            self.grown.emit()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self.width_kept, self.fontMetrics().height() + 2)

    def _wide(self, text: str) -> int:
        return self.fontMetrics().horizontalAdvance(text) + 2 * _GAP_PX

    def paintEvent(self, event: QPaintEvent) -> None:
        text, colour, light = self._shown
        painter = QPainter(self)
        middle = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        box = self.rect().adjusted(_GAP_PX, 0, 0, 0)
        if light:
            painter.setPen(QColor(light))
            painter.drawText(box, middle, _LIGHT)
            box.setLeft(box.left() + painter.fontMetrics().horizontalAdvance(_LIGHT))
        painter.setPen(QColor(colour))
        painter.drawText(box, middle, text)
        painter.end()


class Words(QWidget):
    """Some lines of text that wrap; room once taken is kept while the width stays.

    Parameters
    ----------
    lines : int
        Room is kept for so many from the start.
    """

    def __init__(self, lines: int) -> None:
        super().__init__()
        self._lines = lines
        self._text = self._colour = ""
        self._height = 0
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    @property
    def text(self) -> str:
        """The whole text."""
        return self._text

    def show_text(self, text: str, colour: str) -> None:
        """Show a text in a colour."""
        if (text, colour) == (self._text, self._colour):
            return
        self._text, self._colour = text, colour
        self.setAccessibleName(text)
        self._take_room()
        self.update()

    def keep(self, lines: int) -> None:
        """Keep room for so many lines, and for no more than the text needs."""
        if lines != self._lines:
            self._lines = lines
            self._height = self._needed()
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(60, max(self._height, self._lines * self.fontMetrics().height()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        if event.size().width() != event.oldSize().width():
            before = self.sizeHint().height()
            self._height = self._needed()
            if self.sizeHint().height() != before:
                self.updateGeometry()

    def _take_room(self) -> None:
        needed = self._needed()
        if needed > self.sizeHint().height():
            self._height = needed
            self.updateGeometry()

    def _needed(self) -> int:
        """Height of the text at this width, pixels."""
        wrapped = Qt.TextFlag.TextWordWrap.value
        room = QRect(QPoint(), QSize(max(self.width(), 1), 1_000_000))
        return self.fontMetrics().boundingRect(room, wrapped, self._text).height()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(QColor(self._colour))
        flags = Qt.TextFlag.TextWordWrap.value | Qt.AlignmentFlag.AlignTop.value
        painter.drawText(self.rect(), flags, self._text)
        painter.end()
