"""Returns by month and year as a heatmap with its values; each cell is a link."""

from typing import Any, Final

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui import theme as themes
from app.ui.formatting import MINUS
from app.ui.items.ink import Ink
from app.ui.theme import Theme

_HEADS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Year"),
)
_STRONGEST: Final = 0.72
_QUANTILE: Final = 0.95


class MonthGrid(QWidget):
    """Years from top to bottom, the newest first; months from left to right.

    Signals
    -------
    picked(int, int)
        Year and month (1 to 12; 0 = the whole year) that were clicked.
    """

    picked = Signal(int, int)

    def __init__(self, theme: Theme, scale: float) -> None:
        super().__init__()
        usual, small = themes.text_font(scale, 0.94), themes.text_font(scale, 0.86)
        self._ink = Ink(theme, usual, themes.text_font(scale, 0.94, bold=True), small)
        self.years: Any = np.empty(0, np.int64)
        self.values: Any = np.empty((0, 13))
        self.at = (-1, -1)
        self._line = round(self._ink.usual.height * 1.5)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Returns by month")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_months(self, years: Any, returns: Any, yearly: Any) -> None:
        """Show returns of (y,) years: (y, 12) by month and (y,) of each, fractions."""
        self.years = years[::-1]
        self.values = np.column_stack([returns, yearly])[::-1]
        told = ", ".join(
            f"{year} {_percent(float(value))}"
            for year, value in zip(self.years, self.values[:, 12], strict=True)
        )
        self.setAccessibleDescription(told)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(520, self._line * (len(self.years) + 1) + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(300, self._line * (len(self.years) + 1) + 4)

    # Places.

    def box(self, row: int, column: int) -> QRectF:
        """A cell's place; row -1 is the heads, column -1 the years."""
        head = self._ink.usual.width("0000") + 12
        each = (self.width() - head) / len(_HEADS)
        left = 0.0 if column < 0 else head + column * each
        width = head if column < 0 else each
        return QRectF(left, (row + 1) * self._line, width, self._line)

    def cell_at(self, x: float, y: float) -> tuple[int, int]:
        """Row and column at a place; (-1, -1) = none."""
        row = int(y // self._line) - 1
        head = self._ink.usual.width("0000") + 12
        column = int((x - head) // ((self.width() - head) / len(_HEADS)))
        is_cell = 0 <= row < len(self.years) and 0 <= column < len(_HEADS)
        return (row, column) if is_cell and x >= head else (-1, -1)

    # The hand.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(self.cell_at(event.position().x(), event.position().y()))

    def leaveEvent(self, event: object) -> None:
        self._point((-1, -1))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._point(self.cell_at(event.position().x(), event.position().y()))
        self._pick()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row, column = max(0, self.at[0]), max(0, self.at[1])
        steps = {
            Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0),
        }  # fmt: skip
        step = steps.get(Qt.Key(event.key()))
        if step is not None and len(self.years):
            if self.at == (-1, -1):
                step = (0, 0)
            row = max(0, min(len(self.years) - 1, row + step[0]))
            column = max(0, min(len(_HEADS) - 1, column + step[1]))
            self._point((row, column))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._pick()
        else:
            super().keyPressEvent(event)

    def _point(self, at: tuple[int, int]) -> None:
        if at != self.at:
            self.at = at
            self.update()

    def _pick(self) -> None:
        row, column = self.at
        if row >= 0 and np.isfinite(self.values[row, column]):
            self.picked.emit(int(self.years[row]), (column + 1) % len(_HEADS))

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, ink, t = QPainter(self), self._ink, self._ink.theme
        ink.begin()
        painter.fillRect(self.rect(), ink.brush(t.panel))
        if not len(self.years):
            painter.end()
            return
        months = np.abs(self.values[:, :12])
        known = months[np.isfinite(months)]
        most = float(np.quantile(known, _QUANTILE)) if len(known) else 0.0
        ink.write_in(painter, ink.small)
        painter.setPen(ink.pen(t.muted))
        for column, name in enumerate(_HEADS):
            ink.small.draw(painter, self.box(-1, column), name, 0.5)
        for row, year in enumerate(self.years.tolist()):
            ink.write_in(painter, ink.usual)
            painter.setPen(ink.pen(t.muted))
            ink.usual.draw(painter, self.box(row, -1), str(year), 0.0, 6)
            for column in range(len(_HEADS)):
                self._paint_cell(painter, row, column, most)
        painter.end()

    def _paint_cell(
        self, painter: QPainter, row: int, column: int, most: float
    ) -> None:
        ink, t, value = self._ink, self._ink.theme, float(self.values[row, column])
        if value != value:
            return
        box, is_year = self.box(row, column), column == len(_HEADS) - 1
        if not is_year:
            shade = QColor(t.change(value))
            strength = min(1.0, abs(value) / most) if most else 0.0
            shade.setAlphaF(_STRONGEST * strength)
            painter.fillRect(box.adjusted(1, 1, -1, -1), shade)
        glyphs = ink.bold if is_year else ink.usual
        words = _percent(value)
        if glyphs.width(words) > box.width() - 2:
            glyphs, words = ink.small, f"{value * 100:.0f}".replace("-", MINUS)
        ink.write_in(painter, glyphs)
        painter.setPen(ink.pen(t.change(value) if is_year else t.text))
        glyphs.draw(painter, box, words, 0.5)
        if (row, column) == self.at:
            painter.setPen(ink.pen(t.accent))
            painter.drawRect(box.adjusted(0, 0, -1, -1))


def _percent(value: float) -> str:
    return f"{value * 100:.1f}".replace("-", MINUS) if value == value else ""
