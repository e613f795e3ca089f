"""The menu of a table's row: what can be done with it, a line each."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu, QWidget

Entry = tuple[str, Callable[[], object] | None]
"""A title and what it does; None = a line that only says something."""


def row_menu(parent: QWidget, entries: Sequence[Entry], place: QPoint) -> QMenu:
    """Show a menu at a place on the screen; it is gone when it closes."""
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for title, does in entries:
        action = menu.addAction(title)
        action.setEnabled(does is not None)
        if does is not None:
            action.triggered.connect(lambda _=False, does=does: does())
    menu.popup(place)
    return menu
