"""Whatever takes the keyboard has a name that a screen reader can say."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.ui.panel_rows import PANELS, PanelRow
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
