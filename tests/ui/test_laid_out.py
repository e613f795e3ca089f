"""Layouts are walked and cleared without the wrappers of their items."""

import gc
from pathlib import Path

import pytest
from PySide6.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
    QWidgetItem,
)
from pytestqt.qtbot import QtBot

import app.ui
from app.ui import tab_order
from app.ui.laid_out import clear, laid_out, take_out
from app.ui.panel_rows import PANELS
from tests.ui.conftest import Stage

pytestmark = pytest.mark.gui


class Wrapped:
    """The wrappers of items that there are, those of other tests' widgets left out."""

    def __init__(self) -> None:
        self._before = self._all()  # held, so that no other gets their identities

    def new(self) -> int:
        """How many there are that were not there before."""
        known = {id(each) for each in self._before}
        return sum(id(each) not in known for each in self._all())

    @staticmethod
    def _all() -> list[object]:
        gc.collect()
        return [each for each in gc.get_objects() if type(each) is QWidgetItem]


def test_it_gives_what_stands_in_a_layout_in_its_order(qtbot: QtBot) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    outer, inner = QVBoxLayout(host), QHBoxLayout()
    last, first, within = QLabel("last"), QLabel("first"), QLabel("within")
    QLabel("in no layout", host)
    outer.addWidget(last)
    outer.insertWidget(0, first)
    outer.insertLayout(1, inner)
    outer.insertStretch(1)
    inner.addWidget(within)

    assert laid_out(outer) == [first, inner, last]
    assert laid_out(inner) == [within]


def test_a_form_gives_its_labels_and_fields(qtbot: QtBot) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    form, field = QFormLayout(host), QLineEdit()
    form.addRow("Price", field)

    label = form.labelForField(field)
    assert laid_out(form) == [label, field]


def test_clearing_leaves_nothing_and_deletes_the_widgets(qtbot: QtBot) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    layout, label = QVBoxLayout(host), QLabel("old")
    layout.addWidget(label)
    layout.addStretch()
    host.show()

    with qtbot.waitSignal(label.destroyed):
        clear(layout)
        assert not label.isVisible()

    assert layout.count() == 0


def test_what_is_taken_out_leaves_no_wrapper_of_its_item(qtbot: QtBot) -> None:
    wrapped = Wrapped()
    host = QWidget()
    qtbot.addWidget(host)
    outer, row, label = QVBoxLayout(host), QHBoxLayout(), QLabel("taken")
    row.addWidget(label)
    outer.addLayout(row)
    assert wrapped.new() == 1, "PySide's own doing, which is why removing is not safe"

    take_out(row, label)

    assert wrapped.new() == 0
    assert row.indexOf(label) == -1


def test_tab_finds_its_way_without_items(qtbot: QtBot, stage: Stage) -> None:
    panels = [row.factory(stage.context) for row in PANELS]
    for panel in panels:
        qtbot.addWidget(panel)
    wrapped = Wrapped()

    for panel in panels:
        tab_order.arrange(panel)

    assert panels
    assert wrapped.new() == 0


def test_no_source_removes_or_asks_for_items() -> None:
    sources = sorted(Path(app.ui.__file__).parent.rglob("*.py"))

    used = [
        f"{path.name}: {name}"
        for path in sources
        for name in (".removeWidget(", ".itemAt(", ".itemAtPosition(", ".removeRow(")
        if name in path.read_text("utf-8")
    ]

    assert len(sources) > 100
    assert used == []
