"""Alt and an underlined letter: the panel that has the keyboard answers first.

Panels are made apart from each other and from the menu bar, so letters meet. Qt does
nothing then but move the focus from one to the next: Alt+S in the ticket chose Sell as
little as it opened the menu.
"""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractButton, QDockWidget, QLabel, QWidget


def bearer(focus: QWidget | None, event: QKeyEvent) -> QWidget | None:
    """Return what Alt and a letter mean in the panel with the focus, if anything.

    Returns
    -------
    QWidget or None
        A button that bears the letter, or the field whose label does.
    """
    if event.modifiers() != Qt.KeyboardModifier.AltModifier:
        return None
    panel = _panel_of(focus)
    if panel is None:
        return None
    for button in panel.findChildren(QAbstractButton):
        if _answers(button, button.text(), event):
            return button
    for label in panel.findChildren(QLabel):
        buddy = label.buddy()
        if _answers(buddy, label.text(), event):
            return buddy
    return None


def press(widget: QWidget) -> None:
    """Do what the letter stands for: go there, and press what is a button."""
    widget.setFocus(Qt.FocusReason.ShortcutFocusReason)
    if isinstance(widget, QAbstractButton):
        widget.click()


def _panel_of(widget: QWidget | None) -> QWidget | None:
    while widget is not None and not isinstance(widget, QDockWidget):
        widget = widget.parentWidget()
    return widget


def _answers(widget: QWidget | None, text: str, event: QKeyEvent) -> bool:
    if (
        widget is None
        or not (widget.isVisible() and widget.isEnabled())
        or "&" not in text
    ):
        return False
    return QKeySequence.mnemonic(text) == QKeySequence(event.keyCombination())
