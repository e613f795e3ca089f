"""A banner over a panel: what is wrong, since when, and the way out.

It lies over its parent and moves nothing beneath it, so that no row jumps under a hand.
"""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.ui.models.health import Trouble
from app.ui.theme import Theme

_MARGIN = 10


class Banner(QFrame):
    """Shows a Trouble over its parent.

    Signals
    -------
    command_pressed(str)
        Id of the command that is the way out.
    """

    command_pressed = Signal(str)

    def __init__(self, parent: QWidget, theme: Theme, top: int) -> None:
        super().__init__(parent)
        self._parent = parent
        self._theme = theme
        self._top = top
        self._trouble: Trouble | None = None
        self._title = QLabel()
        self._text = QLabel()
        self._progress = QProgressBar()
        self._button = QPushButton("Restart the session")
        for label in (self._title, self._text):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._progress.setTextVisible(False)
        self._progress.setFixedHeight(8)
        self._button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 12)
        for widget in (self._title, self._text, self._progress, self._button):
            layout.addWidget(widget)
        self._button.clicked.connect(self._on_clicked)
        self.setObjectName("banner")
        self.hide()

    def show_trouble(self, trouble: Trouble | None) -> None:
        """Show what is wrong; None = nothing is."""
        if trouble == self._trouble:
            return
        before, self._trouble = self._trouble, trouble
        self.setVisible(trouble is not None)
        if trouble is None:
            self._parent.removeEventFilter(self)
            return
        # Only while it stands: every paint event of the parent passes through it.
        self._parent.installEventFilter(self)
        if before is None or before.is_grave != trouble.is_grave:
            self._dress(is_grave=trouble.is_grave)
        self._title.setText(trouble.title)
        self._text.setText(trouble.text)
        self._text.setVisible(bool(trouble.text))
        done, total = trouble.progress
        self._progress.setVisible(total > 0)
        self._progress.setRange(0, max(total, 1))
        self._progress.setValue(done)
        self._button.setVisible(bool(trouble.command))
        self._place()

    def _dress(self, *, is_grave: bool) -> None:
        t = self._theme
        colour = t.error if is_grave else t.warning
        self.setStyleSheet(
            f"#banner {{ background: {t.warning_cell}; border: 1px solid {colour};"
            f" border-radius: 6px; }} QLabel {{ color: {t.text}; }}"
        )
        self._title.setStyleSheet(f"color: {colour}; font-weight: 700;")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _place(self) -> None:
        parent = self._parent
        width = max(120, parent.width() - 2 * _MARGIN)
        self.setFixedWidth(width)
        layout = self.layout()
        assert layout is not None
        layout.activate()
        height = layout.heightForWidth(width)
        self.setGeometry(_MARGIN, self._top + _MARGIN, width, height)
        self.raise_()

    def _on_clicked(self) -> None:
        if self._trouble is not None:
            self.command_pressed.emit(self._trouble.command)
