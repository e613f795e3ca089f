"""A line of prices in a table's cell."""

from collections.abc import Callable
from typing import Final

import numpy as np
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF
from PySide6.QtGui import QBrush, QColor, QPainter, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.ui.items.polygon import polygon
from app.ui.theme import Theme

_SELECTED: Final = QStyle.StateFlag.State_Selected
_MOST_POINTS: Final = 120


class SparklineDelegate(QStyledItemDelegate):
    """Paints the line of each row, coloured by whether it rose or fell.

    Parameters
    ----------
    theme : Theme
    parent : QWidget
        The table, whose palette gives the grounds.
    values : callable
        A row to its values, oldest first; NaN = a hole.
    """

    def __init__(
        self, theme: Theme, parent: QWidget, values: Callable[[int], np.ndarray]
    ) -> None:
        super().__init__(parent)
        self._values = values
        role, palette = QPalette.ColorRole, parent.palette()
        self._shade = QBrush(palette.color(role.AlternateBase))
        self._chosen = QBrush(palette.color(role.Mid))
        self._pens = {
            sign: QPen(QColor(theme.change(float(sign))), 1) for sign in (-1, 0, 1)
        }

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        box = QRectF(option.rect)
        if option.state & _SELECTED:
            painter.fillRect(box, self._chosen)
        elif index.row() % 2:
            painter.fillRect(box, self._shade)
        values = self._values(index.row())
        values = values[np.isfinite(values)][-_MOST_POINTS * 8 :]
        if len(values) > 1:
            painter.setPen(self._pens[int(np.sign(values[-1] - values[0]))])
            painter.drawPolyline(line(values, box.adjusted(6, 4, -6, -4)))


def line(values: np.ndarray, box: QRectF) -> QPolygonF:
    """Points of a line that fills a box; a flat one runs through its middle."""
    if len(values) > _MOST_POINTS:
        at = np.linspace(0, len(values) - 1, _MOST_POINTS).astype(int)
        values = values[at]
    low, high = float(values.min()), float(values.max())
    part = (values - low) / (high - low) if high > low else np.full(len(values), 0.5)
    xs = np.linspace(box.left(), box.right(), len(values))
    ys = box.bottom() - part * box.height()
    return polygon(xs, ys)
