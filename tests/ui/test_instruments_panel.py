"""The instruments panel: every field of rule 6, judged beside the field, saved."""

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from app.data.instrument_master import InstrumentMaster, shipped_file
from app.instrument import Fees, Instrument, Margin
from app.ui.models.instrument_form import (
    FieldError,
    blank,
    instrument_of,
    sections,
    texts_of,
)
from app.ui.panels.instruments import InstrumentsPanel
from tests.ui.conftest import Stage
from tests.ui.test_data_panel import brought

pytestmark = pytest.mark.gui
LEFT = Qt.MouseButton.LeftButton
SHIPPED = list(InstrumentMaster.load(shipped_file()))


@pytest.mark.parametrize("instrument", SHIPPED, ids=lambda each: each.name)
def test_what_ships_comes_through_the_form_unchanged(instrument: Instrument):
    assert instrument_of(texts_of(instrument)) == instrument


def test_rule_06_every_field_has_its_place_in_the_form():
    keys = [field.key for _, every in sections() for field in every]

    assert len(keys) == len(set(keys))
    parts = {"fees": Fees, "margin": Margin}
    wanted = {each.name for each in fields(Instrument)} - {"name", *parts}
    wanted |= {f"{part}.{each.name}" for part in parts for each in fields(parts[part])}
    assert set(keys) == wanted


@pytest.mark.parametrize(
    ("field", "text", "rule"),
    [
        ("price_unit", "0", "must be a positive number"),
        ("price_unit", "ten", "a number is needed"),
        ("price_unit", "", "is needed"),
        ("venue", "", "is needed"),
        ("tick_table", "0.03; from 1.00: 0.03", "must begin on its own step"),
        ("tick_table", "0.01 from x", "a band reads like"),
        ("order_step", "0.5", "not a multiple of"),
        ("time_zone", "Mars/Olympus", "IANA"),
        ("regular_hours", "9 to 5", "09:30-16:00"),
        ("calendar", "NYSEE", "the nearest is 'NYSE'"),
        ("expiry", "15.3.2024", "a date like 2024-03-15"),
        ("price_bands", "90", "[lowest, highest]"),
        ("fees.taker", "much", "a number is needed"),
        ("order_max", "1e40", "2**62"),
        ("name", "", "must not be empty"),
    ],
)
def test_a_wrong_field_is_named(field: str, text: str, rule: str):
    texts = blank("X") | {"venue": "V", "price_unit": "0.01", field: text}

    with pytest.raises(FieldError) as caught:
        instrument_of(texts, is_final=True)

    assert caught.value.field == field
    assert rule in str(caught.value)


@given(st.dictionaries(st.sampled_from(list(blank("X"))), st.text(max_size=8)))
def test_no_text_breaks_the_form(texts: dict[str, str]):
    broken = ""
    try:
        instrument_of(blank("X") | texts)
    except FieldError as error:
        broken = error.field
    assert broken in {"", *blank("X")}


# The panel.


@pytest.fixture
def panel(qtbot: QtBot, stage: Stage, tmp_path: Path) -> InstrumentsPanel:
    brought(stage, tmp_path)
    made = InstrumentsPanel(stage.context)
    qtbot.addWidget(made)
    made.resize(760, 700)
    made.show()
    return made


def edit(panel: InstrumentsPanel, **texts: str) -> None:
    for key, text in texts.items():
        widget = panel.fields[key.replace("__", ".")]
        if isinstance(widget, QLineEdit):
            widget.setText(text)
        else:
            widget.setCurrentText(text)


def saved(stage: Stage) -> InstrumentMaster:
    return InstrumentMaster.beside(stage.context.library.root)


def choose(panel: InstrumentsPanel, name: str) -> None:
    panel._select(name)
    assert panel.texts()["name"] == name


def test_a_change_is_saved_to_the_users_file(
    qtbot: QtBot, panel: InstrumentsPanel, stage: Stage
):
    choose(panel, "ESU4")
    assert "family ES" in panel._usage.text()
    assert "Ships with the program" in panel._usage.text()
    assert not panel.buttons["save"].isEnabled()

    edit(panel, margin__initial="15000", first_notice="2024-09-18")
    assert panel._head.text() == "ESU4 *"
    qtbot.mouseClick(panel.buttons["save"], LEFT)

    made = saved(stage).instrument("ESU4")
    assert made.margin.initial == Decimal(15000)
    assert made.first_notice == date(2024, 9, 18)
    assert saved(stage).is_users("ESU4")
    assert panel._head.text() == "ESU4"
    assert panel.buttons["delete"].isEnabled()


def test_a_broken_rule_stands_beside_its_field_and_nothing_is_saved(
    qtbot: QtBot, panel: InstrumentsPanel
):
    choose(panel, "AAA")

    edit(panel, price_unit="-1")

    assert panel.errors["price_unit"].isVisible()
    assert "must be a positive number" in panel.errors["price_unit"].text()
    assert not panel.buttons["save"].isEnabled()
    qtbot.mouseClick(panel.buttons["revert"], LEFT)
    assert not panel.errors["price_unit"].isVisible()
    assert panel.texts()["price_unit"] == "0.01"


def test_used_instruments_say_so(panel: InstrumentsPanel, stage: Stage):
    choose(panel, "BBB")
    assert "Used by recordings: trades." in panel._usage.text()

    edit(panel, price_unit="0.001")
    assert "With another price unit they cannot be opened" in panel._usage.text()


def test_a_new_instrument(qtbot: QtBot, panel: InstrumentsPanel, stage: Stage):
    qtbot.mouseClick(panel.buttons["new"], LEFT)
    assert panel.errors["name"].isVisible()
    edit(panel, name="MINE", kind="future", venue="V", price_unit="0.5")
    edit(panel, multiplier="20", expiry="2030-03-15", shortable="no")

    qtbot.mouseClick(panel.buttons["save"], LEFT)

    made = saved(stage).instrument("MINE")
    assert made.multiplier == 20
    assert not made.shortable
    assert panel.list.currentItem().data(Qt.ItemDataRole.UserRole) == "MINE"


def test_a_copy_needs_a_name_of_its_own(
    qtbot: QtBot, panel: InstrumentsPanel, stage: Stage
):
    choose(panel, "AMZN")
    qtbot.mouseClick(panel.buttons["copy"], LEFT)
    assert panel.texts()["name"] == "AMZN-COPY"

    edit(panel, name="RSTK")
    assert "is there already" in panel.errors["name"].text()
    edit(panel, name="AMZN2")
    qtbot.mouseClick(panel.buttons["save"], LEFT)

    made = saved(stage)
    assert replace(made.instrument("AMZN2"), name="AMZN") == made.instrument("AMZN")


def test_delete_asks_and_says_who_loses(
    qtbot: QtBot, panel: InstrumentsPanel, stage: Stage
):
    choose(panel, "RSTK")
    assert not panel.buttons["delete"].isEnabled()
    choose(panel, "BBB")

    qtbot.mouseClick(panel.buttons["delete"], LEFT)
    assert panel._question is not None
    assert "Its recordings (trades) stay" in panel._question.text()
    qtbot.mouseClick(panel._question.button(QMessageBox.StandardButton.Cancel), LEFT)
    assert "BBB" in saved(stage)
    qtbot.mouseClick(panel.buttons["delete"], LEFT)
    qtbot.mouseClick(panel._question.button(QMessageBox.StandardButton.Yes), LEFT)

    assert "BBB" not in saved(stage)
    assert panel.texts()["name"] != "BBB"


def test_what_is_not_saved_is_not_lost_by_a_click(
    panel: InstrumentsPanel, stage: Stage
):
    choose(panel, "AAA")
    edit(panel, venue="OTHER")

    panel._select("BBB")

    assert panel.texts()["name"] == "AAA"
    assert panel.texts()["venue"] == "OTHER"
    newest = stage.desk.messages.newest
    assert newest is not None
    assert newest.text == "AAA is not saved: Save or Revert first"
    assert panel.list.currentItem().data(Qt.ItemDataRole.UserRole) == "AAA"


def test_a_rename_moves_the_entry(qtbot: QtBot, panel: InstrumentsPanel, stage: Stage):
    choose(panel, "AAA")
    edit(panel, name="AAB")
    assert "With another name they cannot be opened" in panel._usage.text()

    qtbot.mouseClick(panel.buttons["save"], LEFT)

    assert ("AAA" in saved(stage), "AAB" in saved(stage)) == (False, True)


def test_the_filter_hides_the_others(panel: InstrumentsPanel):
    panel.filter.setText("future es")

    shown = [
        panel.list.item(row).data(Qt.ItemDataRole.UserRole)
        for row in range(panel.list.count())
        if not panel.list.item(row).isHidden()
    ]
    assert shown == ["ESH4", "ESU4"]


def test_every_field_is_reached_by_tab_and_has_a_name(
    qtbot: QtBot, panel: InstrumentsPanel
):
    assert all(widget.accessibleName() for widget in panel.fields.values())
    panel.activateWindow()
    panel.fields["name"].setFocus()
    order: list[QWidget] = []
    widget: QWidget | None = panel.fields["name"]
    while widget is not None and widget not in order:
        order.append(widget)
        widget = widget.nextInFocusChain()

    ours = list(panel.fields.values())
    assert [each for each in order if each in ours] == ours
