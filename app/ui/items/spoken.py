"""Values of painted pictures, told to screen readers."""

from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QWidget


def tell(widget: QWidget, words: str) -> None:
    """Let a screen reader say what a widget shows at the keyboard's place.

    It stays as the widget's description, for who asks again.
    """
    widget.setAccessibleDescription(words)
    if words and QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, words))
