"""Lines of text that never move what is around them."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget


class Line(QWidget):
    """One line in a colour, elided to its width, repainted only when it changes."""

    def __init__(self, *, is_centred: bool = False) -> None:
        super().__init__()
        self._text = ""
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

    def show_text(self, text: str, colour: str) -> None:
        """Show a text in a colour."""
        if (text, colour) != (self._text, self._colour):
            self._text, self._colour = text, colour
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
        metrics = painter.fontMetrics()
        shown = metrics.elidedText(
            self._text, Qt.TextElideMode.ElideRight, self.width()
        )
        painter.drawText(self.rect(), self._flag, shown)
        painter.end()
