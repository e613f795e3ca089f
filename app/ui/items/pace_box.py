"""Pause and pace of a recording; hidden for a market, which waits for no one."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QWidget

from app.sessions.session import SessionStatus
from app.ui.models.pace import SPEEDS, speed_text


class PaceBox(QWidget):
    """Shows the pace that holds, and asks for another.

    Signals
    -------
    pause_pressed()
    speed_chosen(float)
    """

    pause_pressed = Signal()
    speed_chosen = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.pause = QPushButton()
        self.pause.setMinimumWidth(72)
        self.speeds = QComboBox()
        self.speeds.addItems([speed_text(speed) for speed in SPEEDS])
        self.speeds.setToolTip("Pace of the recording, times its own")
        self.speeds.setAccessibleName("Pace of the recording")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.pause)
        layout.addWidget(self.speeds)
        self.pause.clicked.connect(self.pause_pressed)
        self.speeds.activated.connect(self._on_activated)

    def show_status(self, status: SessionStatus) -> None:
        """Show what holds."""
        self.setVisible(status.speed is not None)
        if status.speed is None:
            return
        is_paused, is_over = (status.feed_state == x for x in ("paused", "ended"))
        words = "▶ Play" if is_paused else "❚❚ Pause"
        self.pause.setText("■ Ended" if is_over else words)
        self.pause.setEnabled(not is_over)
        self.speeds.setEnabled(not is_over)
        text = speed_text(status.speed)
        if self.speeds.findText(text) < 0:
            self.speeds.addItem(text)  # a pace from the settings
        self.speeds.setCurrentText(text)

    def _on_activated(self, index: int) -> None:
        if index < len(SPEEDS):
            self.speed_chosen.emit(SPEEDS[index])
