"""Declared settings: how they are read, checked and written, whichever they are.

A *tree* is a frozen dataclass whose fields are *sections*, frozen dataclasses whose
fields are made by `setting`. This module knows the shape only; app/config.py declares
the program's own tree. Precedence: environment, then file, then default.
"""

import difflib
import json
import math
import re
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Generic, Literal, NamedTuple, TypeVar

from app.errors import ConfigError
from app.folders import expand

Tree = TypeVar("Tree")
PREFIX: Final = "RINGSIDE_"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a setting means and which values it takes.

    Attributes
    ----------
    sentence, unit : str
        What it is for, and in what it counts; the unit may be empty.
    at_least, at_most : float
        Bounds, themselves allowed.
    power_of_two : bool
        Whether only 1, 2, 4, 8, … are taken.
    pattern, pattern_says : str
        Regular expression that the whole text must match, and the same in words.
    text : str or None
        The default as it is written in a file, where that differs from its value.
    applies : str
        When a change of it takes effect: "now", with the next "session", or at the
        next "start" of the program.
    judge : callable or None
        Says of a value that passes the other rules what it had to be; "" = it is good.
    """

    sentence: str
    unit: str = ""
    at_least: float = -math.inf
    at_most: float = math.inf
    power_of_two: bool = False
    pattern: str = ""
    pattern_says: str = ""
    text: str | None = None
    applies: Literal["now", "session", "start"] = "start"
    judge: Callable[[Any], str] | None = None

    def broken_by(self, value: object) -> str:
        """Say what `value` had to be, or return "" where it keeps the rule."""
        if isinstance(value, str) and self.pattern:
            kept = re.fullmatch(self.pattern, value) is not None
            return "" if kept else f"must be {self.pattern_says}"
        if isinstance(value, int | float) and not isinstance(value, bool):
            if not self.at_least <= value <= self.at_most:
                return f"must be {self.bounds()}"
            if self.power_of_two and int(value).bit_count() != 1:
                return "must be a power of two"
        return self.judge(value) if self.judge is not None else ""

    def bounds(self) -> str:
        """Say the bounds: "at least 1", "from 1 to 10", or "" without bounds."""
        low, high = f"{self.at_least:.12g}", f"{self.at_most:.12g}"
        if math.isinf(self.at_most):
            return "" if math.isinf(self.at_least) else f"at least {low}"
        return f"at most {high}" if math.isinf(self.at_least) else f"{low} to {high}"


def setting(default: object, sentence: str, **rule: Any) -> Any:
    """Declare one setting: a dataclass field that carries a `Rule`.

    Parameters
    ----------
    default : object or callable
        The value; a callable is asked for it anew for each tree.
    sentence : str
        What the setting is for.
    rule : dict
        The other attributes of `Rule`.
    """
    metadata = {"rule": Rule(sentence, **rule)}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


def path_setting(text: str, sentence: str, **rule: Any) -> Any:
    """Declare a file or folder, its default as `expand` reads it."""
    return setting(lambda: expand(text), sentence, text=text, **rule)


@dataclass(frozen=True, slots=True)
class Declared:
    """One setting with its place in the tree."""

    section: str
    name: str
    type: Any
    default: object
    rule: Rule

    @property
    def key(self) -> str:
        """``section.name``."""
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"{PREFIX}{self.section}_{self.name}".upper()

    @property
    def choices(self) -> tuple[str, ...]:
        """The texts that are taken, where the type lists them."""
        return (
            typing.get_args(self.type)
            if typing.get_origin(self.type) is Literal
            else ()
        )


@dataclass(frozen=True, slots=True)
class Loaded(Generic[Tree]):
    """A tree of settings, and where each value came from.

    Attributes
    ----------
    settings : Tree
        The values.
    sources : mapping
        ``section.name`` to a file's name or a variable's; absent for a default.
    """

    settings: Tree
    sources: Mapping[str, str]


def sections(tree: type) -> dict[str, type]:
    """Return the sections of a tree by name, in the order of declaration."""
    return dict(typing.get_type_hints(tree))


def declared(tree: type) -> list[Declared]:
    """Return every setting of a tree, in the order of declaration."""
    return [
        Declared(section, each.name, hints[each.name], _default(each), rule)
        for section, kind in sections(tree).items()
        for hints in (typing.get_type_hints(kind),)
        for each in fields(kind)
        for rule in (each.metadata["rule"],)
    ]


def _default(each: Field[Any]) -> object:
    if each.default_factory is not MISSING:
        return each.default_factory()
    return each.default


class Text(NamedTuple):
    """A value as text, from the environment or the command line."""

    source: str
    key: str
    text: str


def from_environment(
    tree: type, environ: Mapping[str, str], others: Iterable[str] = ()
) -> list[Text]:
    """Return the settings that are set by variables.

    Parameters
    ----------
    tree : type
        The declarations.
    environ : mapping
        The environment; only names that begin with ``RINGSIDE_`` are looked at.
    others : iterable of str
        Names with that prefix that are no settings and no mistakes.

    Raises
    ------
    ConfigError
        If a name is unknown.
    """
    keys = {each.variable: each.key for each in declared(tree)}
    names = [each for each in sorted(environ) if each.startswith(PREFIX)]
    for name in names:
        if name not in keys and name not in others:
            raise ConfigError(_unknown(name, [*keys, *others]))
    return [Text(name, keys[name], environ[name]) for name in names if name in keys]


def from_options(options: Mapping[str, str]) -> list[Text]:
    """Return the settings that are set by options: ``--name`` for each."""
    return [Text(f"--{k.split('.')[1]}", k, text) for k, text in options.items()]


def load(
    tree: type[Tree], table: Mapping[str, object], file: str, texts: Iterable[Text] = ()
) -> Loaded[Tree]:
    """Make a tree of settings from a file's table and from texts, which win.

    Parameters
    ----------
    tree : type
        The dataclass to make.
    table : mapping
        What a TOML file held: sections of values.
    file : str
        The file's name, for messages.
    texts : iterable of Text
        Values given otherwise; of two for a setting the later one holds.

    Raises
    ------
    ConfigError
        If a key is unknown or a value breaks its rule; the message names the key, the
        rule and the value.
    """
    known = {each.key: each for each in declared(tree)}
    values, sources = {}, {}
    for key, raw in _flattened(tree, table, file):
        if key not in known:
            raise ConfigError(f"{file}: {_unknown(key, known)}")
        values[key] = _checked(known[key], raw, f"{file}: {key}")
        sources[key] = file
    for source, key, text in texts:
        raw = _kind(known[key]).parsed(text)
        values[key] = _checked(known[key], raw, source)
        sources[key] = source
    return Loaded(_tree_of(tree, values), sources)


def _tree_of(tree: type[Tree], values: Mapping[str, object]) -> Tree:
    made = {}
    for section, kind in sections(tree).items():
        prefix = f"{section}."
        own = {
            k.removeprefix(prefix): v for k, v in values.items() if k.startswith(prefix)
        }
        made[section] = kind(**own)
    return tree(**made)


def _flattened(
    tree: type, table: Mapping[str, object], file: str
) -> Iterable[tuple[str, object]]:
    for section, content in table.items():
        if section not in sections(tree):
            raise ConfigError(f"{file}: {_unknown(section, sections(tree))}")
        if not isinstance(content, Mapping):
            raise ConfigError(f"{file}: {section} must be a section, was {content!r}")
        for name, value in content.items():
            yield f"{section}.{name}", value


def _unknown(name: str, known: Iterable[str]) -> str:
    nearest = difflib.get_close_matches(name, list(known), n=1, cutoff=0.0)
    return f"unknown setting {name}; the nearest known one is {nearest[0]}"


def parsed(each: Declared, text: str, place: str) -> object:
    """Read a value of a setting that was typed.

    Raises
    ------
    ConfigError
        If it breaks the setting's rule; the message begins with `place`.
    """
    return _checked(each, _kind(each).parsed(text), place)


def as_text(value: object) -> str:
    """Write a value as `parsed` reads it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def default_text(each: Declared) -> str:
    """Write a setting's default as `parsed` reads it."""
    return as_text(each.default) if each.rule.text is None else each.rule.text


def _checked(each: Declared, raw: object, place: str) -> object:
    """Convert a value to the setting's type, or say what it had to be."""
    kind = _kind(each)
    value = kind.value(raw)
    if value is None:
        raise ConfigError(f"{place} must be {kind.words}, was {raw!r}")
    if each.choices and value not in each.choices:
        raise ConfigError(f"{place} must be {' or '.join(each.choices)}, was {raw!r}")
    broken = each.rule.broken_by(value)
    if broken:
        raise ConfigError(f"{place} {broken}, was {raw!r}")
    return value


@dataclass(frozen=True, slots=True)
class _Kind:
    """A type of setting: its name, and how TOML and a variable's text become it.

    `value` returns None for what does not fit; `parsed` then leaves the text as it is,
    so that the message can show it.
    """

    words: str
    value: Callable[[object], object | None]
    parsed: Callable[[str], object]


def _of(kind: type) -> Callable[[object], object | None]:
    return lambda raw: raw if type(raw) is kind else None


def _real(raw: object) -> float | None:
    is_number = isinstance(raw, int | float) and not isinstance(raw, bool)
    return float(raw) if is_number and math.isfinite(raw) else None  # type: ignore[arg-type]


def _texts(raw: object) -> tuple[str, ...] | None:
    if not isinstance(raw, list) or not all(isinstance(each, str) for each in raw):
        return None
    return tuple(raw)


def _number(kind: type) -> Callable[[str], object]:
    def parsed(text: str) -> object:
        try:
            return kind(text)
        except ValueError:
            return text

    return parsed


_SWITCH: Final = {"true": True, "1": True, "false": False, "0": False}
_KINDS: Final[dict[object, _Kind]] = {
    bool: _Kind("true or false", _of(bool), lambda text: _SWITCH.get(text, text)),
    int: _Kind("a whole number", _of(int), _number(int)),
    float: _Kind("a number", _real, _number(float)),
    str: _Kind("a text", _of(str), str),
    Path: _Kind(
        "the name of a file or folder",
        lambda raw: expand(raw) if isinstance(raw, str) and raw else None,
        str,
    ),
    tuple[str, ...]: _Kind(
        "a list of texts",
        _texts,
        lambda text: [each.strip() for each in text.split(",") if each.strip()],
    ),
}


def _kind(each: Declared) -> _Kind:
    return _KINDS[str if each.choices else each.type]


def written(
    tree: type, settings: object | None = None, sources: Mapping[str, str] | None = None
) -> str:
    """Write a tree of settings as TOML, each with its sentence, unit and rule.

    Parameters
    ----------
    tree : type
        The declarations.
    settings : tree, optional
        The values; without them, the defaults as a user would write them.
    sources : mapping, optional
        Where values came from (`Loaded.sources`); named beside those values.
    """
    lines: list[str] = []
    for section, kind in sections(tree).items():
        lines += ["", f"# {(kind.__doc__ or '').splitlines()[0]}", f"[{section}]"]
        for each in declared(tree):
            if each.section == section:
                lines += _described(each, settings, (sources or {}).get(each.key))
    return "\n".join(lines[1:]) + "\n"


def _described(
    each: Declared, settings: object | None, source: str | None
) -> list[str]:
    default = each.default if each.rule.text is None else each.rule.text
    value: object = default
    if settings is not None:
        value = getattr(getattr(settings, each.section), each.name)
    facts = [each.rule.unit, each.rule.bounds(), " | ".join(each.choices)]
    facts += ["a power of two"] if each.rule.power_of_two else []
    facts += [f"default {_literal(default)}"] if settings is not None else []
    told = "; ".join(fact for fact in facts if fact)
    comment = f"# {each.rule.sentence}" + (f" ({told})" if told else "")
    line = f"{each.name} = {_literal(value)}"
    return [comment, line + (f"  # from {source}" if source else "")]


def _literal(value: object) -> str:
    """Write a value as TOML does."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(_literal(each) for each in value)}]"
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps(str(value), ensure_ascii=False)
