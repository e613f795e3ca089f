"""The machinery of declared settings, on a tree of its own."""

from dataclasses import dataclass, field

import pytest

from app.errors import ConfigError
from app.settings import Text, load, setting, written


@dataclass(frozen=True)
class Kettle:
    """A kettle."""

    is_on: bool = setting(default=False, sentence="Whether it heats")
    cups: int = setting(4, "How many", power_of_two=True, at_least=1)
    litres: float = setting(1.0, "What it holds", unit="l", at_most=2)


@dataclass(frozen=True)
class Kitchen:
    kettle: Kettle = field(default_factory=Kettle)


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("1", True), ("false", False), ("0", False)]
)
def test_a_switch_is_read_from_text(text, value):
    loaded = load(Kitchen, {}, "file", [Text("X", "kettle.is_on", text)])

    assert loaded.settings.kettle.is_on is value


@pytest.mark.parametrize(
    ("key", "text", "rule"),
    [
        ("is_on", "yes", "X must be true or false, was 'yes'"),
        ("cups", "3", "X must be a power of two, was 3"),
        ("cups", "0", "X must be at least 1, was 0"),
        ("litres", "2.5", "X must be at most 2, was 2.5"),
        ("litres", "inf", "X must be a number, was inf"),
    ],
)
def test_a_bad_text_is_told_with_its_rule(key, text, rule):
    with pytest.raises(ConfigError) as caught:
        load(Kitchen, {}, "file", [Text("X", f"kettle.{key}", text)])

    assert str(caught.value) == rule


def test_the_later_of_two_texts_holds():
    texts = [Text("A", "kettle.cups", "2"), Text("B", "kettle.cups", "8")]

    loaded = load(Kitchen, {"kettle": {"cups": 1}}, "file", texts)

    assert loaded.settings.kettle.cups == 8
    assert loaded.sources == {"kettle.cups": "B"}


def test_what_is_written_tells_sentence_unit_rule_and_default():
    text = written(Kitchen, Kitchen(), {"kettle.cups": "file"})

    assert text.splitlines() == [
        "# A kettle.",
        "[kettle]",
        "# Whether it heats (default false)",
        "is_on = false",
        "# How many (at least 1; a power of two; default 4)",
        "cups = 4  # from file",
        "# What it holds (l; at most 2; default 1.0)",
        "litres = 1.0",
    ]
