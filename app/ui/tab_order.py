"""Where Tab goes in a panel: the way that eyes go, the order of its layouts."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLayout, QScrollArea, QSplitter, QTabWidget, QWidget

from app.ui.laid_out import laid_out

_MOST_OF_IT: Final = 0.4


def arrange(root: QWidget) -> None:
    """Let Tab visit the parts of a widget as they are laid out."""
    stops = [each for each in _in_order(root) if may_stop(each)]
    for before, after in pairwise(stops):
        QWidget.setTabOrder(before, after)


def first_stop(root: QWidget) -> QWidget | None:
    """Where the keyboard begins: at what a panel is for, else at its first stop.

    What a panel is for takes most of its room: a ladder, a table, a chart.
    """
    # Not along Qt's own chain: the bindings tie what it gives to what it was asked of.
    stops = [
        each
        for each in _in_order(root)
        if may_stop(each) and each.isVisible() and each.isEnabled()
    ]
    least = _MOST_OF_IT * root.width() * root.height()
    large = [each for each in stops if each.width() * each.height() > least]
    inner = [
        each
        for each in large
        if not any(each.isAncestorOf(other) for other in large if other is not each)
    ]
    return next(iter(inner or stops), None)


def may_stop(widget: QWidget) -> bool:
    """Whether Tab stops at a widget while it can be used."""
    # One with a proxy, as the field of a choice, passes the focus on.
    wants = widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    return bool(wants) and widget.focusProxy() is None


def _in_order(widget: QWidget) -> Iterator[QWidget]:
    yield widget
    layout = widget.layout()
    if isinstance(widget, QScrollArea):
        inner = widget.widget()
        if inner is not None:
            yield from _in_order(inner)
    elif isinstance(widget, QSplitter | QTabWidget):
        if isinstance(widget, QTabWidget):
            yield widget.tabBar()
        for i in range(widget.count()):
            page = widget.widget(i)
            assert page is not None
            yield from _in_order(page)
    elif layout is not None:
        yield from _of_layout(layout)
    else:
        for child in widget.children():
            if isinstance(child, QWidget) and not child.isWindow():
                yield from _in_order(child)


def _of_layout(layout: QLayout) -> Iterator[QWidget]:
    for each in laid_out(layout):
        if isinstance(each, QWidget):
            yield from _in_order(each)
        else:
            yield from _of_layout(each)
