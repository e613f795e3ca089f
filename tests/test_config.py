"""Settings: every source, their precedence, and what is refused."""

from pathlib import Path

import pytest

from app import config
from app.config import Settings
from app.errors import ConfigError
from app.settings import declared

REPOSITORY = Path(__file__).resolve().parents[1]


def load(tmp_path, text="", environ=None, options=None):
    file = tmp_path / "ringside.toml"
    file.write_text(text, encoding="utf-8")
    return config.load(file, environ or {}, options)


def refusal(tmp_path, text="", environ=None) -> str:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, environ)
    return str(caught.value)


def test_without_file_or_variable_the_defaults_hold(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    loaded = config.load(None, {})

    assert loaded.settings == Settings()
    assert not loaded.sources


def test_the_users_file_is_read_where_there_is_one(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "ringside").mkdir()
    (tmp_path / "ringside" / "config.toml").write_text("[ui]\nscale = 2.0\n")

    assert config.load(None, {}).settings.ui.scale == 2.0


def test_the_file_named_by_the_variable_is_read(tmp_path):
    file = tmp_path / "other.toml"
    file.write_text("[ui]\nscale = 2\n")

    assert config.load(None, {"RINGSIDE_CONFIG": str(file)}).settings.ui.scale == 2.0


def test_the_named_file_goes_before_the_variables_file(tmp_path):
    named, other = tmp_path / "named.toml", tmp_path / "other.toml"
    named.write_text("[ui]\nscale = 2.0\n")
    other.write_text("[ui]\nscale = 3.0\n")

    loaded = config.load(named, {"RINGSIDE_CONFIG": str(other)})

    assert loaded.settings.ui.scale == 2.0


def test_option_goes_before_variable_before_file_before_default(tmp_path):
    key, text = "session.feed", '[session]\nfeed = "recording:FILE"\n'
    variable = {"RINGSIDE_SESSION_FEED": "recording:VARIABLE"}
    option = {key: "recording:OPTION"}

    by_default = load(tmp_path)
    by_file = load(tmp_path, text)
    by_variable = load(tmp_path, text, variable)
    by_option = load(tmp_path, text, variable, option)

    assert by_default.settings.session.feed == "exchange"
    assert by_file.settings.session.feed == "recording:FILE"
    assert by_variable.settings.session.feed == "recording:VARIABLE"
    assert by_option.settings.session.feed == "recording:OPTION"
    assert by_file.sources[key].endswith("ringside.toml")
    assert by_variable.sources[key] == "RINGSIDE_SESSION_FEED"
    assert by_option.sources[key] == "--feed"


def test_a_variable_is_read_as_the_settings_type(tmp_path):
    environ = {
        "RINGSIDE_ENGINE_NAP_US": "70",
        "RINGSIDE_UI_SCALE": "1.5",
        "RINGSIDE_UI_THEME": "light",
        "RINGSIDE_EXCHANGE_INSTRUMENTS": "ONE, TWO",
        "RINGSIDE_PATHS_DATA": str(tmp_path / "catalog"),
    }

    settings = load(tmp_path, environ=environ).settings

    assert settings.engine.nap_us == 70
    assert settings.ui.scale == 1.5
    assert settings.ui.theme == "light"
    assert settings.exchange.instruments == ("ONE", "TWO")
    assert settings.paths.data == tmp_path / "catalog"


def test_unknown_key_is_refused_with_the_nearest_known_one(tmp_path):
    message = refusal(tmp_path, "[engine]\nnap_uss = 10\n")

    assert "unknown setting engine.nap_uss" in message
    assert message.endswith("engine.nap_us")


def test_unknown_section_is_refused_with_the_nearest_known_one(tmp_path):
    message = refusal(tmp_path, "[exchangee]\nseed = 10\n")

    assert "unknown setting exchangee" in message
    assert message.endswith("exchange")


def test_unknown_variable_is_refused_with_the_nearest_known_one(tmp_path):
    message = refusal(tmp_path, environ={"RINGSIDE_UI_SCAL": "2"})

    assert message == (
        "unknown setting RINGSIDE_UI_SCAL; the nearest known one is RINGSIDE_UI_SCALE"
    )


@pytest.mark.parametrize("name", config.OTHER_VARIABLES)
def test_variables_that_are_no_settings_are_no_mistakes(tmp_path, name):
    assert load(tmp_path, environ={name: "1"}).settings == Settings()


def test_variables_of_other_programs_are_left_alone(tmp_path):
    assert load(tmp_path, environ={"HOME": "x", "UI_SCALE": "y"}).settings == Settings()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("[engine]\nnap_us = 0\n", "engine.nap_us must be 1 to 10000, was 0"),
        ('[engine]\nnap_us = "5"\n', "engine.nap_us must be a whole number, was '5'"),
        ("[engine]\nnap_us = 5.0\n", "engine.nap_us must be a whole number, was 5.0"),
        ("[engine]\nnap_us = true\n", "engine.nap_us must be a whole number, was True"),
        ("[ui]\nscale = nan\n", "ui.scale must be a number, was nan"),
        ("[ui]\nscale = true\n", "ui.scale must be a number, was True"),
        ("[ui]\nscale = 9\n", "ui.scale must be 0.5 to 4, was 9"),
        ('[ui]\ntheme = "blue"\n', "ui.theme must be dark or light, was 'blue'"),
        ("[exchange]\nseed = -1\n", "exchange.seed must be at least 0, was -1"),
        (
            '[session]\nfeed = "recording:"\n',
            "session.feed must be exchange or recording:NAME, was 'recording:'",
        ),
        (
            "[exchange]\ninstruments = [1]\n",
            "exchange.instruments must be a list of texts, was [1]",
        ),
        ('[paths]\ndata = ""\n', "paths.data must be the name of a file or folder"),
        ("engine = 3\n", "engine must be a section, was 3"),
    ],
)
def test_a_bad_value_is_told_with_its_rule(tmp_path, text, rule):
    message = refusal(tmp_path, text)

    assert rule in message
    assert "ringside.toml" in message


def test_a_bad_variable_is_told_by_its_name(tmp_path):
    message = refusal(tmp_path, environ={"RINGSIDE_ENGINE_NAP_US": "soon"})

    assert message == "RINGSIDE_ENGINE_NAP_US must be a whole number, was 'soon'"


def test_a_named_file_must_exist(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.toml cannot be read: No such file"):
        config.load(tmp_path / "absent.toml", {})


def test_a_file_that_is_no_toml_is_told_with_its_line(tmp_path):
    assert "at line 2" in refusal(tmp_path, "[ui]\nscale =\n")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    file = tmp_path / "binary.toml"
    file.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ConfigError, match=r"binary\.toml is no TOML"):
        config.load(file, {})


def test_the_example_holds_every_default(tmp_path):
    loaded = load(tmp_path, config.example())

    assert loaded.settings == Settings()
    assert set(loaded.sources) == {each.key for each in declared(Settings)}


def test_the_example_that_ships_is_the_declared_one():
    shipped = REPOSITORY / "resources" / "config.example.toml"

    assert shipped.read_text(encoding="utf-8") == config.example()


def test_what_is_described_reads_back_as_the_same_settings(tmp_path):
    environ = {
        "RINGSIDE_UI_SCALE": "2.5",
        "RINGSIDE_EXCHANGE_INSTRUMENTS": 'A"B,C\\D',
        "RINGSIDE_PATHS_DATA": "/a path/with \u00e4",
    }
    before = load(tmp_path, environ=environ)

    described = config.described(before)

    assert load(tmp_path, described).settings == before.settings
    assert "scale = 2.5  # from RINGSIDE_UI_SCALE" in described


@pytest.mark.parametrize("each", declared(Settings), ids=lambda each: each.key)
def test_every_setting_says_what_it_is_and_keeps_its_own_rule(each):
    assert len(each.rule.sentence) > 5
    assert each.rule.broken_by(each.default) == ""
    assert not each.choices or each.default in each.choices


def test_no_two_settings_share_a_variable():
    names = [each.variable for each in declared(Settings)]

    assert len(set(names)) == len(names)
