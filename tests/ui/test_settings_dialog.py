"""The settings dialog: every declared setting, judged, written, applied."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QMessageBox
from pytestqt.qtbot import QtBot

from app.clock import SystemClock
from app.config import Settings
from app.settings import declared
from app.settings_file import SettingsFile
from app.ui import formatting
from app.ui.main_window import MainWindow
from app.ui.settings_dialog import SettingsDialog
from tests.ui.scripted_window import opened
from tests.ui.test_window import Opener

pytestmark = pytest.mark.gui
NOON = 1_780_000_000_000_000_000


@pytest.fixture
def file(tmp_path: Path) -> SettingsFile:
    return SettingsFile(tmp_path / "config.toml", {"RINGSIDE_VENUE_QUEUE": "exact"})


@pytest.fixture
def dialog(qtbot: QtBot, file: SettingsFile) -> SettingsDialog:
    made = SettingsDialog(None, file, file.load())
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=False)
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def window(qtbot: QtBot, file: SettingsFile, tmp_path: Path) -> Iterator[MainWindow]:
    sessions = Opener().sessions()
    made = MainWindow(Settings(), sessions, SystemClock(), tmp_path, file)
    qtbot.addWidget(made)
    made.show()
    opened(qtbot, made)
    yield made
    made.close()
    formatting.use_zone("local")


def line(dialog: SettingsDialog, key: str) -> QLineEdit:
    field = dialog.editors[key].field
    assert isinstance(field, QLineEdit)
    return field


def test_every_declared_setting_has_a_field_with_a_name(dialog: SettingsDialog) -> None:
    assert set(dialog.editors) == {each.key for each in declared(Settings)}
    for editor in dialog.editors.values():
        assert editor.field.accessibleName()
        assert editor.field.accessibleDescription()
        assert editor.field.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_fields_are_of_their_type(dialog: SettingsDialog) -> None:
    assert isinstance(dialog.editors["recorder.always"].field, QCheckBox)
    theme = dialog.editors["ui.theme"].field
    assert isinstance(theme, QComboBox)
    assert [theme.itemText(i) for i in range(theme.count())] == ["dark", "light"]


def test_a_value_that_breaks_its_rule_is_told_and_not_saved(
    dialog: SettingsDialog, file: SettingsFile
) -> None:
    line(dialog, "ui.scale").setText("9")

    assert (
        dialog.editors["ui.scale"].wrong.text() == "ui.scale must be 0.5 to 4, was 9.0"
    )
    assert not dialog.save.isEnabled()

    line(dialog, "ui.scale").setText("big")
    assert dialog.words.text() == "ui.scale must be a number, was 'big'"
    assert not file.path.exists()


def test_saving_writes_only_what_was_changed(
    qtbot: QtBot, dialog: SettingsDialog, file: SettingsFile
) -> None:
    assert not dialog.save.isEnabled()
    line(dialog, "engine.nap_us").setText("80")
    line(dialog, "exchange.instruments").setText("A, B")
    assert "with the next session" in dialog.words.text()

    with qtbot.waitSignal(dialog.saved) as told:
        dialog.save.click()

    loaded, changed = told.args
    assert changed == ["engine.nap_us", "exchange.instruments"]
    assert loaded.settings.exchange.instruments == ("A", "B")
    assert file.path.read_text().splitlines() == [
        "[engine]",
        "nap_us = 80",
        "",
        "[exchange]",
        'instruments = ["A", "B"]',
    ]


def test_what_was_not_saved_is_asked_about_before_it_goes(
    qtbot: QtBot, dialog: SettingsDialog, file: SettingsFile
) -> None:
    line(dialog, "ui.scale").setText("1.2")
    for press in (Qt.Key.Key_Escape, Qt.Key.Key_Return):
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
        assert dialog.question is not None
        assert dialog.question.isVisible()
        assert "1 setting changed and not saved" in dialog.question.text()
        qtbot.keyClick(dialog.question, press)
        assert dialog.isVisible()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.question is not None
    dialog.question.button(QMessageBox.StandardButton.Yes).click()
    assert not dialog.isVisible()
    assert not file.path.exists()


def test_without_a_change_escape_closes_at_once(
    qtbot: QtBot, dialog: SettingsDialog
) -> None:
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert dialog.question is None


def test_default_takes_a_setting_out_of_the_file(
    qtbot: QtBot, file: SettingsFile
) -> None:
    file.change({"ui.scale": 2.0})
    dialog = SettingsDialog(None, file, file.load())
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=False)
    qtbot.addWidget(dialog)

    dialog.editors["ui.scale"].back.click()
    dialog.save.click()

    assert "scale" not in file.path.read_text()


def test_what_a_variable_holds_cannot_be_edited_and_says_so(
    dialog: SettingsDialog,
) -> None:
    editor = dialog.editors["venue.queue"]

    assert not editor.field.isEnabled()
    assert "held by RINGSIDE_VENUE_QUEUE" in editor.row.hint


def test_search_looks_at_names_and_sentences_everywhere(dialog: SettingsDialog) -> None:
    dialog.sections.setCurrentRow(1)
    dialog.search.setText("latency order")

    shown = [key for key, each in dialog.editors.items() if not each.isHidden()]
    assert shown == ["venue.order_latency_us"]

    dialog.search.setText("nothing is called so")
    assert not dialog.none.isHidden()


def test_a_section_shows_its_own(dialog: SettingsDialog) -> None:
    dialog.sections.setCurrentRow([*dialog._names].index("ui"))

    shown = {k.split(".")[0] for k, e in dialog.editors.items() if not e.isHidden()}
    assert shown == {"ui"}


def test_saved_settings_hold_at_once(qtbot: QtBot, window: MainWindow) -> None:
    window.commands.run("file.settings")
    dialog = window.amenities.dialog
    theme, zone = dialog.editors["ui.theme"].field, dialog.editors["ui.time_zone"].field
    assert isinstance(theme, QComboBox)
    assert isinstance(zone, QComboBox)
    theme.setCurrentText("light")
    zone.setCurrentText("Asia/Kolkata")
    line(dialog, "ui.frames_per_s").setText("30")
    dialog.save.click()
    qtbot.waitUntil(lambda: window.context.theme.name == "light")

    assert window.context.settings.time_zone == "Asia/Kolkata"
    assert formatting.clock_time(NOON) == "01:56:40"
    assert window.bridge._timer.interval() == 33
    assert window.amenities.settings.ui.frames_per_s == 30


def test_sounds_that_nothing_plays_are_told_where_they_are_set(
    window: MainWindow,
) -> None:
    window.amenities.sound.programs = ()
    window.commands.run("file.settings")
    dialog = window.amenities.dialog
    assert dialog.notes["sounds"].text().startswith("No sound: none of pw-play")
    dialog.search.setText("scale")
    assert dialog.notes["sounds"].isHidden()
    dialog.search.setText("volume")
    assert not dialog.notes["sounds"].isHidden()


def test_what_holds_later_is_told(window: MainWindow) -> None:
    window.commands.run("file.settings")
    dialog = window.amenities.dialog
    line(dialog, "exchange.seed").setText("9")
    dialog.save.click()

    newest = window.desk.messages.newest
    assert newest is not None
    assert "next session" in newest.text


def test_a_damaged_file_is_told_and_no_dialog_opens(
    window: MainWindow, file: SettingsFile
) -> None:
    file.path.write_text("[ui\n")
    window.commands.run("file.settings")

    assert not hasattr(window.amenities, "dialog")
    newest = window.desk.messages.newest
    assert newest is not None
    assert "is no TOML" in newest.text


def test_times_of_the_exchange_follow_the_instrument(
    window: MainWindow, file: SettingsFile
) -> None:
    zone = window.desk.market.listed[0].instrument.time_zone
    window.amenities._on_saved(file.change({"ui.time_zone": "exchange"}), [])

    assert formatting.zone_name(NOON) in (zone, "UTC", "CDT", "EDT")


def another(dialog: SettingsDialog, key: str) -> str:
    """Set a field of the dialog to another value that may be; its text."""
    row, field = dialog.form.rows[key], dialog.editors[key].field
    before = row.text
    if isinstance(field, QCheckBox):
        field.click()
    elif isinstance(field, QComboBox):
        field.setCurrentIndex((field.currentIndex() + 1) % field.count())
    else:
        number = float(before) if row.kind == "text" and _is_number(before) else None
        tried = ("recording:one", "9", "A, B") if number is None else _near(number)
        for text in (each for each in tried if each != before):
            line(dialog, key).setText(text)
            if key not in dialog.form.wrong():
                break
    assert row.text != before, key
    assert key not in dialog.form.wrong(), key
    return row.text


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).lstrip("-").isdigit()


def _near(number: float) -> list[str]:
    return [f"{each:g}" for each in (number + 1, number - 1, number / 2)]


def test_every_setting_is_changed_kept_and_put_back(
    qtbot: QtBot, dialog: SettingsDialog, file: SettingsFile
) -> None:
    free = [key for key, row in dialog.form.rows.items() if not row.is_held]
    given = {key: another(dialog, key) for key in free}
    dialog.save.click()

    again = SettingsDialog(None, file, file.load())
    again.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=False)
    qtbot.addWidget(again)
    assert {key: again.form.rows[key].text for key in free} == given
    for key in free:
        assert again.editors[key].back.isEnabled(), key
        again.editors[key].back.click()
    again.save.click()
    assert "=" not in file.path.read_text()


def test_a_path_is_read_whole_where_there_is_room(dialog: SettingsDialog) -> None:
    for key, editor in dialog.editors.items():
        field = editor.field
        if editor.row.kind == "path" and isinstance(field, QLineEdit):
            text = field.fontMetrics().horizontalAdvance("{user_data}/" + "n" * 30)
            assert field.width() > text, key
