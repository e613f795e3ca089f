"""The corner where notices stand: over the window, never in the way of the keyboard."""

from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QFrame,
    QLabel,
    QMainWindow,
    QVBoxLayout,
    QWidget,
)

from app.ui import formatting
from app.ui.context import Context
from app.ui.laid_out import take_out
from app.ui.models.messages import Level
from app.ui.models.notices import Notice, Notices
from app.ui.panel_dock import is_in_sight

_MARGIN_PX: Final = 12
_FIGURES: Final = 52
_AXIS: Final = 1.4
"""Height of an axis of time, in heights of text."""
_OVER: Final = (
    ("messages", False),
    ("monitor", False),
    ("pnl", True),
    ("depth", False),
    ("tape", False),
    ("heatmap", True),
    ("chart", True),
)
"""Panels that notices may stand over, the best first; whether at their left."""
_WORDS: Final = {
    Level.INFO: "Alert",
    Level.WARNING: "⚠ Warning",
    Level.ERROR: "✖ Error",
}


class NoticeCard(QFrame):
    """One notice. A click takes it away, and goes no further: nothing is traded by it.

    Signals
    -------
    pressed()
    """

    pressed = Signal()

    def __init__(self, context: Context, notice: Notice) -> None:
        super().__init__()
        theme, message = context.theme, notice.message
        colour = {Level.WARNING: theme.warning, Level.ERROR: theme.error}.get(
            message.level, theme.accent
        )
        self.setProperty("role", "card")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setToolTip("Click to take it away; the log keeps it")
        when = formatting.clock_time(message.ts)
        topic = "" if message.level is Level.INFO else f" · {message.topic}"
        self.head = QLabel(f"{_WORDS[message.level]}{topic} · {when}")
        self.head.setStyleSheet(f"color: {colour}; font-weight: 600;")
        more = f"  (+{formatting.count(notice.left_out)} more in the log)"
        self.text = QLabel(message.text + (more if notice.left_out else ""))
        self.text.setWordWrap(True)
        for label in (self.head, self.text):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.setAccessibleName(f"{self.head.text()}: {self.text.text()}")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 8)
        layout.setSpacing(2)
        layout.addWidget(self.head)
        layout.addWidget(self.text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()
        self.pressed.emit()


class NoticeBoard(QWidget):
    """Stacks the notices where nothing is traded, else in the lower right corner.

    Parameters
    ----------
    window : QMainWindow
        It stands over this one.
    """

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._context: Context | None = None
        self._seen = 0
        self.notices = Notices()
        self.cards: list[NoticeCard] = []
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)
        self.hide()

    def give(self, context: Context) -> None:
        """Take the context of now; what stands is shown in its colours."""
        if self._context is None:
            self._seen = context.desk.messages.total
            context.bridge.message_added.connect(self._on_message)
            context.bridge.pulsed.connect(self._on_pulse)
        self._context = context
        self._show()

    def _on_message(self) -> None:
        context = self._context
        assert context is not None
        messages = context.desk.messages
        new = min(messages.total - self._seen, len(messages.rows))
        self._seen = messages.total
        newest = [messages.rows[-at] for at in range(min(new, 50), 0, -1)]
        now = context.clock.monotonic_ns()
        if self.notices.take(newest, now, context.settings.notices):
            self._show()

    def _on_pulse(self) -> None:
        assert self._context is not None
        if not self.notices.standing:
            return
        if self.notices.expire(self._context.clock.monotonic_ns()):
            self._show()
        else:
            self._place()  # panels come and go

    def _dismiss(self, notice: Notice) -> None:
        self.notices.dismiss(notice)
        self._show()

    def _show(self) -> None:
        for card in self.cards:
            take_out(self._layout, card)
            card.hide()
            card.deleteLater()
        self.cards = []
        assert self._context is not None
        for notice in self.notices.standing:
            card = NoticeCard(self._context, notice)
            card.pressed.connect(lambda each=notice: self._dismiss(each))
            self._layout.addWidget(card)
            card.show()  # at once: Qt shows it later, and a hidden one has no height
            self.cards.append(card)
        self.setVisible(bool(self.cards))
        # Only while notices stand: every event of the window passes through it.
        if self.cards:
            self._window.installEventFilter(self)
        else:
            self._window.removeEventFilter(self)
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        if not self.cards:
            return
        window = self._window
        width = self.fontMetrics().averageCharWidth() * _FIGURES
        width = min(width, window.width() - 2 * _MARGIN_PX)
        self.setFixedWidth(width)
        height = self._layout.totalHeightForWidth(width)
        x, bottom = self._corner(width, height)
        self.setGeometry(x, max(0, bottom - height), width, height)
        self.raise_()

    def _corner(self, width: int, height: int) -> tuple[int, int]:
        """Left edge and bottom of the cards: over a panel that nothing is traded in.

        Of a chart it is the left, above its axis of time: orders' chips and the newest
        bars are at the right.
        """
        window = self._window
        docks = {each.objectName(): each for each in window.findChildren(QDockWidget)}
        for name, is_left in _OVER:
            dock = docks.get(name)
            inner = None if dock is None else dock.widget()
            if dock is None or inner is None or dock.isFloating():
                continue
            place = QRect(inner.mapTo(window, QPoint()), inner.size())
            fits = place.width() > width + 2 * _MARGIN_PX
            fits &= place.height() > height + 2 * _MARGIN_PX
            if fits and is_in_sight(dock):
                right = place.right() + 1 - width - _MARGIN_PX
                x = place.left() + _MARGIN_PX if is_left else right
                axis = round(_AXIS * self.fontMetrics().height()) if is_left else 0
                return x, place.bottom() + 1 - _MARGIN_PX - axis
        below = window.statusBar().height() + _MARGIN_PX
        return window.width() - width - _MARGIN_PX, window.height() - below
