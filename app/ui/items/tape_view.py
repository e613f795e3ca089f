"""The tape, painted: newest on top, a bar behind each size, one widget, cached text."""

from typing import Final

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from app.engine.history.records import TapeFlag
from app.ui import formatting, theme as themes
from app.ui.items.ink import Ink
from app.ui.models.market import Listed
from app.ui.models.tape import TAPE_ROW
from app.ui.theme import Theme

_NOTCH: Final = 120
_ROWS: Final = 3
_PAD: Final = 6.0
_TITLES: Final = ("Time", "Price", "Size", "Trades")
_SHARES: Final = (0.36, 0.27, 0.23, 0.14)
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
    price_clicked(int)
        A row was clicked, price units.
    """

    price_clicked = Signal(int)

    def __init__(self, theme: Theme, scale: float) -> None:
        super().__init__()
        usual, small = themes.text_font(scale), themes.text_font(scale, 0.85)
        self._ink = Ink(theme, usual, themes.text_font(scale, bold=True), small)
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
        self.update()

    def forget(self) -> None:
        """Show nothing."""
        self._listed, self._rows, self._back = None, np.zeros(0, TAPE_ROW), 0
        self.update()

    def scroll(self, rows: int) -> None:  # type: ignore[override]  # a tape has no pixels to scroll
        """Go back (positive) or towards the newest."""
        most = max(0, len(self._rows) - self.shown)
        self._back = max(0, min(most, self._back + rows))
        self.update()

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

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, t = QPainter(self), self._ink.theme
        self._ink.begin()
        painter.fillRect(self.rect(), self._ink.brush(t.panel))
        self._heading(painter)
        if self._listed is not None and len(self._rows):
            last = len(self._rows) - self._back
            rows = self._rows[max(0, last - self.shown) : last][::-1]
            self._grounds(painter, rows)
            self._texts(painter, rows, self._listed)
        else:
            painter.setPen(self._ink.pen(t.muted))
            middle = Qt.AlignmentFlag.AlignCenter
            painter.drawText(self.rect(), middle, "No trades yet.")
        painter.end()

    def _heading(self, painter: QPainter) -> None:
        t = self._ink.theme
        self._ink.write_in(painter, self._ink.small)
        painter.setPen(self._ink.pen(t.muted))
        for i, box in enumerate(self._cells(0, self._head)):
            self._ink.small.draw(painter, box, _TITLES[i], _align(i), _PAD)
        painter.setPen(self._ink.pen(t.line))
        painter.drawLine(0, self._head - 1, self.width(), self._head - 1)

    def _cells(self, y: float, height: float) -> list[QRectF]:
        left, boxes = 0.0, []
        for share in _SHARES:
            width = self.width() * share
            boxes.append(QRectF(left, y, width, height))
            left += width
        return boxes

    def _grounds(self, painter: QPainter, rows: np.ndarray) -> None:
        """Bars as long as the size, of what a large trade is."""
        t = self._ink.theme
        full = max(self._large, int(rows["size"].max()), 1)
        left = self.width() * (_SHARES[0] + _SHARES[1])
        room = self.width() * _SHARES[2]
        brushes = {1: QColor(t.bid_bar), -1: QColor(t.ask_bar), 0: QColor(t.raised)}
        for i, (size, side) in enumerate(
            zip(rows["size"].tolist(), rows["aggressor"].tolist(), strict=True)
        ):
            width = max(1.0, room * min(1.0, size / full))
            box = QRectF(
                left + room - width, self._head + i * self._height + 1,
                width, self._height - 2,
            )  # fmt: skip
            painter.fillRect(box, brushes[side])

    def _texts(self, painter: QPainter, rows: np.ndarray, listed: Listed) -> None:
        """Text of all rows, a font at a time: changing it is dear."""
        t, text, ink = self._ink.theme, listed.text, self._ink
        is_large = (rows["size"] >= self._large) & (self._large > 0)
        for glyphs, chosen in ((ink.usual, ~is_large), (ink.bold, is_large)):
            ink.write_in(painter, glyphs)
            for i in np.nonzero(chosen)[0].tolist():
                row = rows[i]
                side = int(row["aggressor"])
                boxes = self._cells(self._head + i * self._height, self._height)
                painter.setPen(ink.pen(t.muted))
                when = formatting.clock_time(int(row["ts"]), fine=True)
                glyphs.draw(painter, boxes[0], when, 0.0, _PAD)
                number = int(row["trades"])
                if number > 1:
                    glyphs.draw(painter, boxes[3], f"×{number}", 1.0, _PAD)
                painter.setPen(ink.pen(t.side(side) if side else t.text))
                words = _arrow(side, int(row["flags"])) + text.price(int(row["price"]))
                glyphs.draw(painter, boxes[1], words, 1.0, _PAD)
                painter.setPen(ink.pen(t.text))
                size = text.size(int(row["size"]))
                glyphs.draw(painter, boxes[2], size, 1.0, _PAD)


def _arrow(side: int, flags: int) -> str:
    """Which side took, as a shape; a question mark where it was inferred."""
    shape = {1: "▴", -1: "▾", 0: "·"}[side]
    return f"{shape}? " if flags & TapeFlag.INFERRED else f"{shape} "


def _align(column: int) -> float:
    return 0.0 if column == 0 else 1.0


def _added(old: np.ndarray, new: np.ndarray) -> int:
    """Rows that came since, so that a tape that stands still keeps its place."""
    if not len(old) or not len(new):
        return 0
    return int((new["ts"] > old["ts"][-1]).sum())
