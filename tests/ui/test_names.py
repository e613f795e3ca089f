"""Whatever takes the keyboard has a name that a screen reader can say."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.ui.panel_host import PanelHost
from app.ui.panel_rows import BY_NAME, PANELS, PanelRow
from app.ui.tab_order import first_stop, may_stop
from tests.ui.conftest import Stage

pytestmark = pytest.mark.gui
ASKED = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
)


def nameless(panel: QWidget) -> Iterator[str]:
    for widget in (panel, *panel.findChildren(QWidget)):
        takes_keys = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
        parent = widget.parentWidget()
        if not takes_keys or is_part(widget):
            continue
        if not isinstance(widget, ASKED):
            continue
        name = widget.accessibleName()
        if isinstance(widget, QAbstractButton):
            name = name or widget.text()
        buddies = [
            each for each in panel.findChildren(QWidget) if buddy(each) is widget
        ]
        if not name.strip() and not buddies:
            yield f"{type(widget).__name__} in {type(parent).__name__}"


def is_part(widget: QWidget) -> bool:
    """Whether it belongs to a field of Qt's own: its list, its editor, its viewport."""
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QComboBox | QAbstractSpinBox):
            return True
        parent = parent.parentWidget()
    return widget.objectName().startswith("qt_")


def buddy(widget: QWidget) -> QWidget | None:
    of = getattr(widget, "buddy", None)
    return of() if of is not None else None


@pytest.mark.parametrize("row", PANELS, ids=lambda row: row.name)
def test_every_field_and_button_of_a_panel_has_a_name(
    qtbot: QtBot, stage: Stage, row: PanelRow
) -> None:
    panel = row.factory(stage.context)
    qtbot.addWidget(panel)
    panel.show()
    stage.pulse()

    assert list(nameless(panel)) == []


def hosted(qtbot: QtBot, stage: Stage, row: PanelRow) -> tuple[QWidget, PanelHost]:
    """A panel in its place, as large as it likes to be, in a living market."""
    host = PanelHost(row.title, row.factory)
    # Tab goes in a ring: only beside something else a panel has a beginning.
    window = QWidget()
    qtbot.addWidget(window)
    layout = QVBoxLayout(window)
    layout.addWidget(QPushButton("Before"))
    layout.addWidget(host)
    window.resize(900, 700)
    host.give(stage.context)
    host.show_panel(True)
    host.settle()
    window.show()
    stage.pulse()
    return window, host


def tab_stops(root: QWidget) -> list[QWidget]:
    """What Tab stops at, in Qt's own order."""
    stops: list[QWidget] = []
    widget = root.nextInFocusChain()
    while widget is not None and widget is not root:
        is_open = widget.isVisible() and widget.isEnabled()
        if is_open and may_stop(widget) and root.isAncestorOf(widget):
            stops.append(widget)
        widget = widget.nextInFocusChain()
    return stops


def goes_back(root: QWidget, before: QWidget, after: QWidget) -> bool:
    """Whether eyes meet the second one first: left in a row, above in a column."""
    one, two = (
        QRect(each.mapTo(root, QPoint()), each.size()) for each in (before, after)
    )
    is_row = one.top() < two.center().y() < one.bottom()
    is_column = two.right() > one.left() and two.left() < one.right()
    return (
        two.right() <= one.left() if is_row else is_column and two.bottom() <= one.top()
    )


@pytest.mark.parametrize("row", PANELS, ids=lambda row: row.name)
def test_tab_goes_the_way_that_eyes_go(
    qtbot: QtBot, stage: Stage, row: PanelRow
) -> None:
    _window, host = hosted(qtbot, stage, row)
    stops = tab_stops(host)

    assert stops
    assert [type(each).__name__ for each in stops if not named(each)] == []
    back = [
        (one.accessibleName(), two.accessibleName())
        for one, two in pairwise(stops)
        if goes_back(host, one, two)
    ]
    assert back == []


def named(widget: QWidget) -> str:
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    return widget.accessibleName().strip() or text


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("ladder", "Ladder"),
        ("orders", "Orders"),
        ("chart", "Chart"),
        ("messages", "Log"),
        ("data", "Recordings"),
        ("ticket", "Side Buy"),
    ],
)
def test_the_keyboard_begins_at_what_a_panel_is_for(
    qtbot: QtBot, stage: Stage, name: str, begins: str
) -> None:
    _window, host = hosted(qtbot, stage, BY_NAME[name])
    assert host.panel is not None
    first = first_stop(host.panel)

    assert first is not None
    assert first.accessibleName() == begins
