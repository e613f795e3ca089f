"""Facts in two columns, each a caption and a value, painted."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.theme import Theme, text_font

Fact = tuple[str, str, str]
"""Caption, value, its colour ("" = plain)."""
_COLUMNS: Final = 2
_GAP: Final = 14.0


class Facts(QWidget):
    """A grid of captions and values that keeps its size while they change.

    Parameters
    ----------
    theme : Theme
    scale : float
        Size of text, times.
    rows : int
        Lines that room is kept for.
    """

    def __init__(self, theme: Theme, scale: float, rows: int) -> None:
        super().__init__()
        self._theme = theme
        self._rows = rows
        self._facts: Sequence[Fact] = ()
        self._small = text_font(scale, 0.9)
        self._bold = text_font(scale, 0.95, bold=True)
        self.setFont(self._bold)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    @property
    def texts(self) -> dict[str, str]:
        """Values by caption."""
        return {caption: value for caption, value, _ in self._facts}

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """Show other facts; nothing is painted where they are the same."""
        if facts != self._facts:
            self._facts = facts
            told = ", ".join(f"{caption} {value}" for caption, value, _ in facts)
            self.setAccessibleName(told)
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, round(self.row_px * self._rows))

    @property
    def row_px(self) -> float:
        """Height of a row."""
        return self.fontMetrics().height() * 1.32

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        width = (self.width() - _GAP) / _COLUMNS
        line = self.row_px
        middle = Qt.AlignmentFlag.AlignVCenter
        # In a panel that scrolls: half a line is no line.
        end = self.visibleRegion().boundingRect().bottom() + 2
        for i, (caption, value, colour) in enumerate(self._facts):
            row, column = divmod(i, _COLUMNS)
            box = QRectF(column * (width + _GAP), row * line, width, line)
            if box.bottom() > end:
                break
            painter.setFont(self._bold)
            painter.setPen(QColor(colour or self._theme.text))
            painter.drawText(box, middle | Qt.AlignmentFlag.AlignRight, value)
            taken = painter.fontMetrics().horizontalAdvance(value) + 6
            painter.setFont(self._small)
            painter.setPen(QColor(self._theme.muted))
            room = box.adjusted(0, 0, -taken, 0)
            shown = painter.fontMetrics().elidedText(
                caption, Qt.TextElideMode.ElideRight, int(room.width())
            )
            painter.drawText(room, middle | Qt.AlignmentFlag.AlignLeft, shown)
        painter.end()
