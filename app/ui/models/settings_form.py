"""The declared settings as a form: texts to edit, judged as they are typed.

It knows no setting by name: what is declared in app/config.py stands in it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

from app.config import Settings
from app.errors import ConfigError
from app.settings import (
    Declared,
    Loaded,
    as_text,
    declared,
    default_text,
    parsed,
    sections,
)

Kind = Literal["switch", "choice", "path", "text"]
WHEN: Final[Mapping[str, str]] = {
    "now": "at once",
    "session": "with the next session",
    "start": "at the next start of the program",
}
_ENDINGS: Final = {"_per_s": " per second", "_us": "", "_ms": "", "_s": ""}
"""Ends of names that are units, and the words for them; the unit has its own place."""
_SECTIONS: Final = {"ui": "Window"}


def section_title(name: str) -> str:
    """The name of a section of the file in words."""
    return _SECTIONS.get(name, name.capitalize())


class SettingRow:
    """One setting: what it is, its text as edited, and where its value came from.

    Attributes
    ----------
    declared : Declared
    text : str
        As edited.
    source : str
        The file, a variable or an option; "" = the default.
    is_held : bool
        A variable or an option holds it: what is written in the file does not.
    """

    def __init__(self, each: Declared, value: object, source: str, file: str) -> None:
        self.declared = each
        self.source = source
        self.is_held = bool(source) and source != file
        self.is_set = bool(source)
        self.default = default_text(each)
        self.before = self.text = self._shown(value)

    @property
    def title(self) -> str:
        """Its name in words."""
        name = self.declared.name
        for ending, words in _ENDINGS.items():
            if name.endswith(ending):
                name = name.removesuffix(ending) + words
                break
        return name.replace("_", " ").capitalize()

    @property
    def kind(self) -> Kind:
        """What edits it."""
        if self.declared.choices:
            return "choice"
        kinds: dict[object, Kind] = {bool: "switch", Path: "path"}
        return kinds.get(self.declared.type, "text")

    @property
    def hint(self) -> str:
        """Unit, bounds, default and when a change of it takes effect."""
        rule = self.declared.rule
        facts = [rule.bounds(), f"default {self.default or 'empty'}"]
        facts.append(f"takes effect {WHEN[rule.applies]}")
        if self.is_held:
            facts.append(f"held by {self.source}: the file does not change it")
        elif self.source:
            facts.append("set in the file")
        return " · ".join(fact for fact in facts if fact)

    @property
    def is_changed(self) -> bool:
        """Whether it was edited."""
        return self.text != self.before

    @property
    def is_default(self) -> bool:
        """Whether its text is the default's."""
        return self.text == self.default

    def wrong(self) -> str:
        """What is wrong with the text, in the words of `ringside config`; "" = good."""
        try:
            self.value()
        except ConfigError as error:
            return str(error)
        return ""

    def value(self) -> object:
        """The edited value.

        Raises
        ------
        ConfigError
            If it breaks the rule.
        """
        return parsed(self.declared, self.text, self.declared.key)

    def matches(self, words: str) -> bool:
        """Whether each of some words stands in its name, sentence or section."""
        each = self.declared
        heap = f"{each.key} {self.title} {each.rule.sentence} {each.rule.unit}".lower()
        return all(word in heap for word in words.lower().split())

    def _shown(self, value: object) -> str:
        is_default = not self.is_set and self.declared.rule.text is not None
        return self.default if is_default else as_text(value)


class SettingsForm:
    """All settings.

    Attributes
    ----------
    rows : dict
        ``section.name`` to its row, in the order of declaration.
    """

    def __init__(self, loaded: Loaded[Settings], file: Path) -> None:
        self.rows = {
            each.key: SettingRow(
                each,
                getattr(getattr(loaded.settings, each.section), each.name),
                loaded.sources.get(each.key, ""),
                str(file),
            )
            for each in declared(Settings)
        }

    def sections(self) -> Iterator[tuple[str, str]]:
        """Names of the sections, each with its sentence."""
        for name, kind in sections(Settings).items():
            yield name, (kind.__doc__ or "").splitlines()[0].rstrip(".")

    def wrong(self) -> dict[str, str]:
        """What is wrong, by setting."""
        told = {key: row.wrong() for key, row in self.rows.items() if row.is_changed}
        return {key: words for key, words in told.items() if words}

    def changes(self) -> dict[str, object | None]:
        """Values to write; None where the default is to hold again.

        Raises
        ------
        ConfigError
            If one breaks its rule.
        """
        return {
            key: None if row.is_default else row.value()
            for key, row in self.rows.items()
            if row.is_changed
        }
