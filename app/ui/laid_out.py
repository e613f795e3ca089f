"""What a layout holds, asked for and taken out without its items.

The wrapper of an item, which `QLayout.itemAt` makes, and PySide itself where a layout
that holds something is put into another, lives as long as the layout's. It is told
nothing when Qt deletes the item, as `removeWidget` does, and then answers for whatever
object is made at that address. So: no `itemAt` and no `removeWidget`. What `takeAt`
gives is Python's to delete, which makes it safe.
"""

from PySide6.QtWidgets import QLayout, QWidget


def laid_out(layout: QLayout) -> list[QWidget | QLayout]:
    """Return the widgets and layouts that stand in a layout itself, in its order."""
    host = layout.parentWidget()
    children = [*layout.children(), *(host.children() if host is not None else ())]
    held = [each for each in children if isinstance(each, QWidget | QLayout)]
    places = [(layout.indexOf(each), each) for each in held]
    placed = sorted((pair for pair in places if pair[0] >= 0), key=lambda pair: pair[0])
    return [each for _, each in placed]


def clear(layout: QLayout) -> None:
    """Take everything out of a layout; its widgets are hidden at once and deleted."""
    for each in laid_out(layout):
        if isinstance(each, QWidget):
            each.hide()
            each.deleteLater()
    while layout.count():
        layout.takeAt(0)  # ours then, and gone with this line


def take_out(layout: QLayout, widget: QWidget) -> None:
    """Take a widget out of the layout that it stands in itself; it stays as it is."""
    layout.takeAt(layout.indexOf(widget))
