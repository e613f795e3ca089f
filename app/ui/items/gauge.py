"""A limit's gauge: name, what it stands at of what it allows, and a bar."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.ui.theme import Theme, text_font

_WARN_AT = 0.8


class Gauge(QWidget):
    """Shows one limit; a double click or Enter asks to edit it.

    Signals
    -------
    edit_requested()
    """

    edit_requested = Signal()

    def __init__(self, theme: Theme, scale: float, name: str) -> None:
        super().__init__()
        self._theme = theme
        self._name = name
        self._value = self._short = ""
        self._part: float | None = None
        self._small: QFont = text_font(scale, 0.92)
        self.setFont(self._small)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip("Double click to change")

    def show_value(self, value: str, part: float | None, short: str = "") -> None:
        """Show a value and the used part of the limit; None = there is no bar.

        `short` is shown in its place where both name and value have no room.
        """
        if (value, part) != (self._value, self._part):
            self._value, self._part, self._short = value, part, short
            self.setAccessibleName(f"{self._name}: {value}")
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(180, round(self.fontMetrics().height() * 1.9))

    def paintEvent(self, event: QPaintEvent) -> None:
        t = self._theme
        painter = QPainter(self)
        painter.setFont(self._small)
        box = QRectF(self.rect()).adjusted(2, 1, -2, -7)
        painter.setPen(QColor(t.muted if self._part is None else t.text))
        flags = Qt.AlignmentFlag.AlignVCenter
        metrics, value = painter.fontMetrics(), self._value
        advance = metrics.horizontalAdvance
        if self._short and advance(self._name) + advance(value) + 8 > box.width():
            value = self._short
        room = box.width() - advance(value) - 8
        right = Qt.TextElideMode.ElideRight
        name = metrics.elidedText(self._name, right, int(room))
        painter.drawText(box, flags | Qt.AlignmentFlag.AlignLeft, name)
        painter.setPen(QColor(self._colour(t.text)))
        painter.drawText(box, flags | Qt.AlignmentFlag.AlignRight, value)
        track = QRectF(2, self.height() - 6, self.width() - 4, 3)
        painter.fillRect(track, QColor(t.line))
        if self._part is not None:
            track.setWidth(track.width() * max(0.0, min(1.0, self._part)))
            painter.fillRect(track, QColor(self._colour(t.accent)))
        if self.hasFocus():
            painter.setPen(QColor(t.accent))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.edit_requested.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.edit_requested.emit()
        else:
            super().keyPressEvent(event)

    def _colour(self, usual: str) -> str:
        if self._part is None or self._part < _WARN_AT:
            return usual
        return self._theme.error if self._part >= 1 else self._theme.warning
