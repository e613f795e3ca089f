"""The user's file of settings keeps every word that is not changed."""

import pytest

from app.errors import ConfigError
from app.settings_file import SettingsFile


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("# mine\n[ui]\ntheme = 'light' # bright office\nscale = 2.0\n")
    return SettingsFile(path, {})


def test_a_change_keeps_comments_and_the_rest(file):
    loaded = file.change({"ui.scale": 1.5, "engine.nap_us": 80})

    text = file.path.read_text()
    assert text.startswith("# mine\n[ui]\ntheme = 'light' # bright office\n")
    assert "scale = 1.5" in text
    assert loaded.settings.ui.scale == 1.5
    assert loaded.settings.engine.nap_us == 80


def test_none_brings_the_default_back(file):
    loaded = file.change({"ui.scale": None, "venue.queue": None})

    assert "scale" not in file.path.read_text()
    assert loaded.settings.ui.scale == 1.0
    assert "ui.scale" not in loaded.sources


def test_a_file_is_made_where_there_is_none(tmp_path):
    file = SettingsFile(tmp_path / "deep" / "config.toml", {})
    assert file.load().settings.ui.theme == "dark"

    loaded = file.change(
        {"ui.theme": "light", "exchange.instruments": ("A", "B"), "sounds.on": False}
    )

    assert loaded.settings.ui.theme == "light"
    assert loaded.settings.exchange.instruments == ("A", "B")
    assert not loaded.settings.sounds.on


def test_a_value_that_breaks_its_rule_leaves_the_file_alone(file):
    before = file.path.read_text()

    with pytest.raises(ConfigError, match=r"ui\.scale must be 0\.5 to 4, was 9"):
        file.change({"ui.scale": 9})

    assert file.path.read_text() == before
    assert [each.name for each in file.path.parent.iterdir()] == ["config.toml"]


def test_a_damaged_file_is_not_written_over(file):
    file.path.write_text("[ui\n")

    with pytest.raises(ConfigError, match="is no TOML"):
        file.change({"ui.scale": 1.5})

    assert file.path.read_text() == "[ui\n"


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "blocked").write_text("a file")
    file = SettingsFile(tmp_path / "blocked" / "config.toml", {})

    with pytest.raises(ConfigError, match="cannot be written"):
        file.change({"ui.scale": 1.5})


def test_what_a_variable_holds_is_named(tmp_path):
    file = SettingsFile(tmp_path / "config.toml", {"RINGSIDE_UI_SCALE": "2"})

    loaded = file.change({"ui.scale": 1.5})

    assert loaded.settings.ui.scale == 2.0
    assert file.overrides(loaded) == {"ui.scale": "RINGSIDE_UI_SCALE"}


@pytest.mark.parametrize("zone", ["local", "UTC", "exchange", "Asia/Kolkata"])
def test_zones_are_taken_by_name(file, zone):
    assert file.change({"ui.time_zone": zone}).settings.ui.time_zone == zone


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", ""])
def test_a_zone_that_is_none_is_told_with_the_rule(file, zone):
    with pytest.raises(ConfigError, match=r"ui\.time_zone must be local, UTC, exch"):
        file.change({"ui.time_zone": zone})
