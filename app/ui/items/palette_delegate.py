"""How the palette paints a row: the letters that were meant, what it is, its key."""

from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app.ui.theme import Theme, text_font

ENTRY_ROLE: Final = Qt.ItemDataRole.UserRole
PLACES_ROLE: Final = Qt.ItemDataRole.UserRole + 1
_MARGIN: Final = 10
Index = QModelIndex | QPersistentModelIndex


class PaletteDelegate(QStyledItemDelegate):
    """A title to the left; the kind and the key to the right."""

    def __init__(self, theme: Theme, scale: float, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._usual, self._bold = text_font(scale), text_font(scale, bold=True)
        self._small = text_font(scale, 0.88)
        self._height = round(QFontMetrics(self._usual).height() * 1.75)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, self._height)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        theme, entry = self._theme, index.data(ENTRY_ROLE)
        rect: QRect = option.rect
        state = option.state
        is_current = bool(state & QStyle.StateFlag.State_Selected)
        if is_current:
            painter.fillRect(rect, QColor(theme.line))
            painter.fillRect(rect.left(), rect.top(), 3, rect.height(), theme.accent)
        inner = rect.adjusted(_MARGIN, 0, -_MARGIN, 0)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.setFont(self._small)
        painter.setPen(QColor(theme.text if is_current else theme.muted))
        words = f"{entry.kind}    {entry.key}" if entry.key else entry.kind
        painter.drawText(inner, right, words)
        room = QFontMetrics(self._small).horizontalAdvance(words) + 2 * _MARGIN
        inner.setRight(inner.right() - room)
        self._title(painter, inner, entry.title, set(index.data(PLACES_ROLE) or ()))

    def _title(
        self, painter: QPainter, rect: QRect, title: str, places: set[int]
    ) -> None:
        """Write a title, the letters that were meant in bold."""
        left, middle = rect.left(), Qt.AlignmentFlag.AlignVCenter
        for is_meant, run in _runs(title, places):
            font = self._bold if is_meant else self._usual
            painter.setFont(font)
            painter.setPen(QColor(self._theme.accent if is_meant else self._theme.text))
            metrics = QFontMetrics(font)
            shown = metrics.elidedText(
                run, Qt.TextElideMode.ElideRight, max(0, rect.right() - left)
            )
            room = QRect(left, rect.top(), rect.right() - left, rect.height())
            painter.drawText(room, middle, shown)
            left += metrics.horizontalAdvance(run)
            if left >= rect.right():
                return


def _runs(text: str, places: set[int]) -> list[tuple[bool, str]]:
    """Split a text where it turns from meant to not meant."""
    runs: list[tuple[bool, str]] = []
    for place, letter in enumerate(text):
        is_meant = place in places
        if runs and runs[-1][0] is is_meant:
            runs[-1] = (is_meant, runs[-1][1] + letter)
        else:
            runs.append((is_meant, letter))
    return runs
