"""The tape, painted: newest on top, a bar behind each size, one widget, cached text."""

from typing import Final

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from app.ui import theme as themes
from app.ui.items.ink import Ink
from app.ui.items.tape_cells import SHARES, TapeCells
from app.ui.models.market import Listed
from app.ui.models.tape import TAPE_ROW
from app.ui.theme import Theme

_NOTCH: Final = 120
_ROWS: Final = 3
_PAD: Final = 6.0
_TITLES: Final = ("Time", "Price", "Size", "Trades")
_SHORT: Final = {"Trades": "×"}
"""In a narrow panel: as its cells have it."""
_KEYS: Final = {
    Qt.Key.Key_Up: -1,
    Qt.Key.Key_Down: 1,
    Qt.Key.Key_PageUp: -20,
    Qt.Key.Key_PageDown: 20,
}


class TapeView(QWidget):
    """Shows rows; scrolled back it stands still until Home or the top is reached.

    Signals
    -------
    price_clicked(object)
        A row was clicked, price units.
    """

    price_clicked = Signal(object)  # prices have 64 bits

    def __init__(self, theme: Theme, scale: float) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        usual, small = themes.text_font(scale), themes.text_font(scale, 0.85)
        self._fonts = usual, themes.text_font(scale, bold=True)
        self._ink = Ink(theme, *self._fonts, small)
        self._cells: TapeCells | None = None
        self._listed: Listed | None = None
        self._rows = np.zeros(0, TAPE_ROW)
        self._large = 0
        self._back = 0
        self._wheel = 0
        self._height = round(self._ink.usual.height * 1.3)
        self._head = round(self._ink.small.height * 1.6)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Time and sales")
        self.setMinimumSize(150, 4 * self._height)

    def sizeHint(self) -> QSize:
        return QSize(260, 20 * self._height)

    @property
    def shown(self) -> int:
        """Rows that fit."""
        return max(1, (self.height() - self._head) // self._height)

    @property
    def is_back(self) -> bool:
        """Whether it is scrolled back and stands still."""
        return self._back > 0

    def is_fed(self, listed: Listed) -> bool:
        """Whether it shows rows of this instrument already."""
        return listed is self._listed

    def show_rows(self, listed: Listed, rows: np.ndarray, large: int) -> None:
        """Show rows, oldest first; sizes from `large` on are heavy."""
        if listed is not self._listed:
            self._back = 0
        elif self._back:
            self._back += _added(self._rows, rows)
        self._listed, self._rows, self._large = listed, rows, large
        self._back = min(self._back, max(0, len(rows) - self.shown))
        self._render()

    def forget(self) -> None:
        """Show nothing."""
        self._listed, self._rows, self._back = None, np.zeros(0, TAPE_ROW), 0
        self.update()

    def scroll(self, rows: int) -> None:  # type: ignore[override]  # a tape has no pixels to scroll
        """Go back (positive) or towards the newest."""
        most = max(0, len(self._rows) - self.shown)
        self._back = max(0, min(most, self._back + rows))
        self._render()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._wheel -= event.angleDelta().y() * _ROWS
        rows = int(self._wheel / _NOTCH)
        self._wheel -= rows * _NOTCH
        self.scroll(rows)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _KEYS:
            self.scroll(_KEYS[key])
        elif key == Qt.Key.Key_Home:
            self.scroll(-len(self._rows))
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = int(event.position().y() - self._head) // self._height
        at = len(self._rows) - 1 - self._back - row
        if event.position().y() >= self._head and 0 <= at < len(self._rows):
            self.price_clicked.emit(int(self._rows["price"][at]))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.scroll(0)
        self.update()

    # Painting.

    def _render(self) -> None:
        """Bring the picture to the rows that are to be seen, and mark what changed."""
        listed, ratio = self._listed, self.devicePixelRatioF()
        if self._cells is None or self._cells.ratio != ratio:
            self._cells = TapeCells(self._ink.theme, self._fonts, ratio)
        if listed is None or not len(self._rows):
            self.update()
            return
        self._cells.arrange(self.width(), self._height, self.shown)
        last = len(self._rows) - self._back
        rows = self._rows[max(0, last - self.shown) : last][::-1]
        changed = self._cells.paint(rows, listed.text, self._large)
        if not changed.isNull():
            self.update(changed.translated(0, self._head))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._cells is None or self._cells.ratio != self.devicePixelRatioF():
            self._render()
        painter, t = QPainter(self), self._ink.theme
        self._ink.begin()
        ground = self._ink.brush(t.panel)
        if self._cells is None or self._listed is None or not len(self._rows):
            painter.fillRect(self.rect(), ground)
            painter.setPen(self._ink.pen(t.muted))
            middle = Qt.AlignmentFlag.AlignCenter
            painter.drawText(self.rect(), middle, "No trades yet.")
            self._heading(painter)
        else:
            painter.drawImage(0, self._head, self._cells.image)
            if event.rect().top() < self._head:
                painter.fillRect(0, 0, self.width(), self._head, ground)
                self._heading(painter)
            below = self._head + self.shown * self._height
            painter.fillRect(0, below, self.width(), self._height, ground)
        painter.end()

    def _heading(self, painter: QPainter) -> None:
        t = self._ink.theme
        self._ink.write_in(painter, self._ink.small)
        painter.setPen(self._ink.pen(t.muted))
        left = 0.0
        for i, (title, share) in enumerate(zip(_TITLES, SHARES, strict=True)):
            box = QRectF(left, 0, self.width() * share, self._head)
            if self._ink.small.width(title) + 2 * _PAD > box.width():
                title = _SHORT.get(title, title)
            self._ink.small.draw(painter, box, title, 0.0 if i == 0 else 1.0, _PAD)
            left += box.width()
        painter.setPen(self._ink.pen(t.line))
        painter.drawLine(0, self._head - 1, self.width(), self._head - 1)


def _added(old: np.ndarray, new: np.ndarray) -> int:
    """Rows that came since, so that a tape that stands still keeps its place."""
    if not len(old) or not len(new):
        return 0
    return int((new["ts"] > old["ts"][-1]).sum())
