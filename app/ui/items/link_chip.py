"""The coloured letter that says which panels a panel is linked with."""

from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QToolButton

from app.ui.links import GROUPS
from app.ui.theme import Theme, text_font

_OWN_WORDS: Final = "an instrument of its own"


class LinkChip(QToolButton):
    """A letter on its colour, or a ring for a panel on its own; opens a menu."""

    def __init__(self) -> None:
        super().__init__()
        self._theme: Theme | None = None
        self._scale = 1.0
        self._group = ""
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def dress(self, theme: Theme, scale: float) -> None:
        """Take a theme."""
        self._theme, self._scale = theme, scale
        self.setFont(text_font(scale, 0.85, bold=True))
        self.updateGeometry()
        self.update()

    def show_group(self, group: str) -> None:
        """Show a group's letter, or "" for none."""
        self._group = group
        words = f"group {group}" if group else _OWN_WORDS
        self.setAccessibleName(f"Linked: {words}")
        self.setToolTip(
            f"Shows the instrument of {words}; press to link it otherwise"
            if group
            else f"Shows {words}; press to link it"
        )
        self.update()

    def sizeHint(self) -> QSize:
        side = round(16 * self._scale)
        # Around it the ring of the keyboard; no higher than what stands beside it.
        return QSize(side + 6, side + 3)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._theme is None:
            return
        painter = QPainter(self)
        side = round(16 * self._scale)
        top = (self.height() - side) // 2
        box = QRectF(3, top, side, side)
        paint_group(painter, box, self._group, self._theme)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(self._theme.text), 1))
            painter.drawRoundedRect(box.adjusted(-1.5, -0.5, 1.5, 1.5), 4, 4)
        painter.end()


def paint_group(painter: QPainter, box: QRectF, group: str, theme: Theme) -> None:
    """Paint a group's letter on its colour into a box, or a ring for none."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if group:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.link[GROUPS.index(group)]))
        painter.drawRoundedRect(box, 3, 3)
        painter.setPen(QColor(theme.on_link))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, group)
    else:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(theme.muted), 1.5))
        radius = box.width() * 0.28
        painter.drawEllipse(QPointF(box.center()), radius, radius)


def group_icon(group: str, theme: Theme, scale: float) -> QIcon:
    """A group's letter as a menu shows it."""
    side = round(16 * scale)
    picture = QPixmap(2 * side, 2 * side)
    picture.setDevicePixelRatio(2)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setFont(text_font(scale, 0.85, bold=True))
    paint_group(painter, QRectF(0, 0, side, side), group, theme)
    painter.end()
    return QIcon(picture)
