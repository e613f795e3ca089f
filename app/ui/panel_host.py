"""Holds one panel; one that fails gives way to its error and a button to try again."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from app.ui.context import Context

Factory = Callable[[Context], QWidget]


class PanelHost(QWidget):
    """One panel's place in the window.

    Attributes
    ----------
    panel : QWidget or None
        None while its error is shown.
    """

    def __init__(self, title: str, factory: Factory) -> None:
        super().__init__()
        self._title = title
        self._factory = factory
        self._context: Context | None = None
        self.panel: QWidget | None = None
        self._shown: QWidget | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setProperty("role", "panel")
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)

    def build(self, context: Context) -> None:
        """Make the panel anew."""
        self._context = context
        try:
            panel = self._factory(context)
        except Exception as error:
            self.fail(f"{type(error).__name__}: {error}")
            raise
        self.panel = panel
        self._show(panel)

    def fail(self, words: str) -> None:
        """Show an error in the panel's place; the rest of the window lives on."""
        self.panel = None
        card = QWidget()
        layout = QVBoxLayout(card)
        layout.setAlignment(Qt.AlignmentFlag.AlignCenter)
        title = QLabel(f"{self._title} has failed")
        title.setProperty("role", "heading")
        text = QLabel(words)
        text.setWordWrap(True)
        text.setTextFormat(Qt.TextFormat.PlainText)
        text.setProperty("role", "error")
        hint = QLabel("The rest goes on. The traceback is in the program's log.")
        hint.setProperty("role", "muted")
        hint.setWordWrap(True)
        retry = QPushButton("Try again")
        retry.clicked.connect(self.retry)
        for widget in (title, text, hint, retry):
            layout.addWidget(widget)
        self._show(card)

    def retry(self) -> None:
        """Make the panel anew after a failure."""
        assert self._context is not None
        self.build(self._context)

    def _show(self, widget: QWidget) -> None:
        if self._shown is not None:
            self._layout.removeWidget(self._shown)
            self._shown.hide()
            self._shown.deleteLater()
        self._shown = widget
        self._layout.addWidget(widget)
