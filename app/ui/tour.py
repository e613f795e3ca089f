"""The first tour: a card that tells one step, and a frame around what it speaks of.

It takes no focus and no click but on its own buttons; whatever it points at is used
while it points.
"""

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRect, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.ui.models.tour import STEPS, Tour

if TYPE_CHECKING:
    from app.ui.main_window import MainWindow

_FIGURES: Final = 50
_MARGIN_PX: Final = 12
_LOOK_MS: Final = 100


class TourFrame(QWidget):
    """A frame around a widget, through which everything passes."""

    def __init__(self, window: QWidget, colour: str) -> None:
        super().__init__(window)
        self._colour = colour
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(QPen(QColor(self._colour), 3))
        painter.drawRoundedRect(self.rect().adjusted(2, 2, -2, -2), 5, 5)
        painter.end()


class TourCard(QFrame):
    """One window's tour.

    Signals
    -------
    ended()
        By the last step or by the user.
    """

    ended = Signal()

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self.tour = Tour(window.desk)
        self.setProperty("role", "card")
        self.setAccessibleName("Tour")
        self.title = QLabel()
        self.title.setProperty("role", "heading")
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.count = QLabel()
        self.count.setProperty("role", "muted")
        self.go = QPushButton("&Next")
        self.go.clicked.connect(self._on_next)
        self.end = QPushButton("End to&ur")
        self.end.setToolTip("Esc, too; Help > First steps shows it again")
        self.end.clicked.connect(self.close_tour)
        self._lay_out()
        self.ring = TourFrame(window, window.theme.accent)
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()
        window.bridge.session_changed.connect(self.tour.reset)
        self.show()
        self._tell()

    def _lay_out(self) -> None:
        below = QHBoxLayout()
        below.addWidget(self.count)
        below.addStretch(1)
        below.addWidget(self.end)
        below.addWidget(self.go)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 10)
        for widget in (self.title, self.text):
            layout.addWidget(widget)
        layout.addLayout(below)

    def close_tour(self) -> None:
        """End it."""
        self._timer.stop()
        self.ring.hide()
        self.ring.deleteLater()
        self.hide()
        self.ended.emit()
        self.deleteLater()

    def _on_next(self) -> None:
        self.tour.next()
        self._tell()

    def _look(self) -> None:
        if self.tour.look():
            self._tell()
        else:
            self._place()

    def _tell(self) -> None:
        step = self.tour.step
        if step is None:
            self.close_tour()
            return
        self.title.setText(step.title)
        self.text.setText(step.text)
        self.setAccessibleDescription(f"{step.title}. {step.text}")
        self.count.setText(f"{self.tour.at + 1} of {len(STEPS)}")
        is_last = self.tour.at + 1 == len(STEPS)
        self.go.setText(
            "Do&ne" if is_last else "&Next" if not step.is_done else "S&kip"
        )
        self._place()

    def _target(self) -> QWidget | None:
        window, step = self._window, self.tour.step
        ladder = window.ladder()
        known: dict[str, QWidget | None] = {
            "top": window.top_bar,
            "ladder": ladder.view if ladder is not None else None,
            "sizes": ladder.pads if ladder is not None else None,
        }
        found = known.get(step.target) if step is not None else None
        return found if found is not None and found.isVisible() else None

    def _beside_ladder(self) -> int:
        """Where the ladder ends, so that no step hides what is traded; else 0."""
        ladder = self._window.ladder()
        if ladder is None or not ladder.isVisible():
            return 0
        is_outside = ladder.window() is not self._window
        corner = ladder.rect().topRight()
        return 0 if is_outside else ladder.mapTo(self._window, corner).x()

    def _place(self) -> None:
        """Stand beside the target, inside the window, whatever its size."""
        window, target = self._window, self._target()
        width = min(
            self.fontMetrics().averageCharWidth() * _FIGURES,
            window.width() - 2 * _MARGIN_PX,
        )
        layout = self.layout()
        assert layout is not None
        height = layout.totalHeightForWidth(width)
        left = (window.width() - width) // 2
        top = (window.height() - height) // 2
        self.ring.setVisible(target is not None and target.window() is window)
        if target is not None and target.window() is window:
            corner = target.mapTo(window, target.rect().topLeft())
            around = QRect(corner, target.size()).adjusted(-4, -4, 4, 4)
            if around != self.ring.geometry():
                self.ring.setGeometry(around)
            is_wide = around.width() > window.width() // 2
            left = (self._beside_ladder() if is_wide else around.right()) + _MARGIN_PX
            top = around.bottom() + _MARGIN_PX if is_wide else around.top()
        left = max(_MARGIN_PX, min(left, window.width() - width - _MARGIN_PX))
        top = max(_MARGIN_PX, min(top, window.height() - height - _MARGIN_PX))
        where = QRect(left, top, width, height)
        if where != self.geometry():
            self.setGeometry(where)
        self.ring.raise_()
        self.raise_()
