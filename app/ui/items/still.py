"""Changing what a widget says without moving what is around it.

A style sheet that is set is parsed and polished even if it is the same, and a text
that may ask for another width lays out the whole window.
"""

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QWidget

_EDGE_PX = 4


class FigureButton(QPushButton):
    """A button with a figure in a colour: whatever it says, it wants the same room."""

    def __init__(self) -> None:
        super().__init__()
        self._shown = ("", "")

    @property
    def words(self) -> str:
        """What it says."""
        return self._shown[0]

    def show_words(self, words: str, colour: str) -> None:
        """Say something in a colour; it is repainted only where that is new."""
        if (words, colour) != self._shown:
            self._shown = (words, colour)
            self.setAccessibleName(words)
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        words, colour = self._shown
        painter = QPainter(self)
        painter.setPen(QColor(colour))
        box = self.rect().adjusted(_EDGE_PX, 0, -_EDGE_PX, 0)
        metrics = painter.fontMetrics()
        if metrics.horizontalAdvance(words) > box.width():
            # The figure matters, not its caption.
            words = words.partition(" ")[2] or words
        elided = metrics.elidedText(words, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, elided)
        painter.end()


def dress(widget: QWidget, sheet: str) -> None:
    """Set a style sheet where it is another."""
    if widget.styleSheet() != sheet:
        widget.setStyleSheet(sheet)


def keep_room(button: QPushButton, *samples: str) -> None:
    """Fix a button's width to that of the widest of these texts."""
    for text in samples:
        _widen(button, text)


def put_words(button: QPushButton, text: str) -> None:
    """Show other words; the button becomes wider if it must, and never narrower."""
    if button.text() != text:
        _widen(button, text)
        button.setText(text)


def _widen(button: QPushButton, text: str) -> None:
    shown = button.text()
    metrics = button.fontMetrics()
    spare = button.sizeHint().width() - metrics.horizontalAdvance(shown)
    wanted = metrics.horizontalAdvance(text) + spare
    # One width both ways: then Qt does not ask whoever lays it out.
    if button.maximumWidth() != button.minimumWidth() or wanted > button.minimumWidth():
        button.setFixedWidth(max(wanted, button.minimumWidth()))
