"""Holds one panel; one that fails gives way to its error and a button to try again."""

from collections.abc import Callable
from typing import Any

import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.ui import tab_order
from app.ui.context import Context
from app.ui.items.panel_area import PanelArea

Factory = Callable[[Context], QWidget]


class PanelHost(QWidget):
    """One panel's place in the window.

    The panel is made when it is first seen, and is hidden while its dock is closed or
    behind another tab, which Qt does not do by itself: so a panel's ``isVisible`` tells
    whether anybody can see it.

    Attributes
    ----------
    title : str
    panel : QWidget or None
        None before it was first seen, and while its error is shown.
    is_waiting : bool
        Until its dock has a place, and while docks are moved about: not made yet.
    """

    def __init__(self, title: str, factory: Factory) -> None:
        super().__init__()
        self.title = title
        self._factory = factory
        self._context: Context | None = None
        self.panel: QWidget | None = None
        self._shown: QWidget | None = None
        self._is_seen = self._is_bare = False
        self.is_waiting = True
        self._state: dict[str, Any] = {}
        self._in_hand: dict[str, Any] = {}
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setProperty("role", "panel")
        self._area = PanelArea()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._area)

    def strip(self) -> None:
        """Take the panel away at once; what it was set to stays for the next `give`.

        So does what is being typed in it, where it can tell (`in_hand`): an order must
        not become another one because the look did.

        Before another style sheet is set: Qt would dress all that is there, only for
        the panel to be made anew.
        """
        if self._shown is not None:
            self._state = self.state()
            self._in_hand = self.in_hand()
            self._area.take()
            shiboken6.delete(self._shown)
            self._shown = self.panel = None
            self._is_bare = True

    def give(self, context: Context) -> None:
        """Take a context; a panel that is there, or was stripped, is made in it."""
        self._context = context
        is_wanted = self._is_seen and not self.is_waiting
        if self._shown is not None or self._is_bare or is_wanted:
            self._is_bare = False
            self.build(context)

    def show_panel(self, is_seen: bool) -> None:
        """Show the panel, which is made if need be, or hide it."""
        self._is_seen = is_seen
        if self._shown is not None:
            self._shown.setVisible(is_seen)
        elif is_seen and self._context is not None and not self.is_waiting:
            self.build(self._context)

    def settle(self) -> None:
        """Make the panel if it is seen, now that the docks stand."""
        self.is_waiting = False
        self.show_panel(self._is_seen)

    def build(self, context: Context) -> None:
        """Make the panel anew; what it is set to stays."""
        self._state = self.state()
        self._context = context
        try:
            panel = self._factory(context)
        except Exception as error:
            self.fail(f"{type(error).__name__}: {error}")
            raise
        self.panel = panel
        self._show(panel)
        if self._state:
            self.restore(self._state)
        self.take_in_hand(self._in_hand)

    def in_hand(self) -> dict[str, Any]:
        """What is being typed in the panel; {} where it cannot tell."""
        tell = getattr(self.panel, "in_hand", None)
        return self._in_hand if tell is None else dict(tell())

    def take_in_hand(self, kept: dict[str, Any]) -> None:
        """Go on with what was being typed; a panel not made yet hears of it then."""
        self._in_hand = kept if self.panel is None else {}
        hear = getattr(self.panel, "take_in_hand", None)
        if kept and hear is not None:
            hear(kept)

    def state(self) -> dict[str, Any]:
        """What the panel is set to: columns, zoom, …; {} where it keeps nothing."""
        tell = getattr(self.panel, "state", None)
        return dict(tell()) if tell is not None else self._state

    def restore(self, state: dict[str, Any]) -> None:
        """Set the panel as it was; one that is not made yet hears of it then."""
        self._state = state
        hear = getattr(self.panel, "restore", None)
        if hear is not None:
            hear(state)

    def forget(self) -> None:
        """Set the panel as it is when new."""
        if self._state or self.state():
            self._state = {}
            self.panel = None  # its state shall not be asked for
            if self._shown is not None and self._context is not None:
                self.build(self._context)

    def fail(self, words: str) -> None:
        """Show an error in the panel's place; the rest of the window lives on."""
        self.panel = None
        card = QWidget()
        layout = QVBoxLayout(card)
        layout.setAlignment(Qt.AlignmentFlag.AlignCenter)
        title = QLabel(f"{self.title} has failed")
        title.setProperty("role", "heading")
        text = QLabel(words)
        text.setWordWrap(True)
        text.setTextFormat(Qt.TextFormat.PlainText)
        text.setProperty("role", "error")
        hint = QLabel("The rest goes on. Help > Crash reports has the traceback.")
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
            self._area.take()
            self._shown.deleteLater()
        self._shown = widget
        self._area.put(widget)
        tab_order.arrange(widget)
        widget.setVisible(self._is_seen)
