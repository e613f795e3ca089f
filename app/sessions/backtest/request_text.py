"""A backtest's request written as text, JSON or TOML, as `load_request` reads it."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from app.errors import RequestError

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def json_text(table: Mapping[str, Any]) -> str:
    """Write a request as JSON; short lists stand on one line."""
    text = json.dumps(table, indent=2, ensure_ascii=False, default=float)
    return re.sub(r"\[\s+((?:[^\[\]{}\n]+\n?\s*){1,8}?)\s*\]", _on_one_line, text)


def _on_one_line(found: "re.Match[str]") -> str:
    return "[" + " ".join(found[1].split()) + "]"


def toml_text(table: Mapping[str, Any]) -> str:
    """Write a request as TOML.

    Raises
    ------
    RequestError
        If a value is None, which TOML has no word for.
    """
    return "\n".join(_lines(table, "")).strip() + "\n"


def write_request(table: Mapping[str, Any], path: Path) -> None:
    """Write a request to a file, by its suffix.

    Raises
    ------
    RequestError
        If it cannot be written.
    """
    is_toml = path.suffix.lower() == ".toml"
    text = toml_text(table) if is_toml else json_text(table) + "\n"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RequestError(f"{path}: {error}") from error


def _lines(table: Mapping[str, Any], place: str) -> list[str]:
    """Lines of a table: its values, then the tables in it, then its lists of tables."""
    made, tables = [], []
    for name, value in table.items():
        key = name if _BARE.fullmatch(name) else json.dumps(name)
        if isinstance(value, Mapping):
            tables += ["", f"[{place}{key}]", *_lines(value, f"{place}{key}.")]
        elif _are_tables(value):
            for each in value:
                tables += ["", f"[[{place}{key}]]", *_lines(each, f"{place}{key}.")]
        else:
            made.append(f"{key} = {_value(value, f'{place}{key}')}")
    return made + tables


def _are_tables(value: Any) -> bool:
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    return is_list and bool(value) and all(isinstance(x, Mapping) for x in value)


def _value(value: Any, place: str) -> str:
    if value is None:
        raise RequestError(f"{place} is none, which TOML cannot say; write JSON")
    if isinstance(value, str | bool):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Sequence):
        return "[" + ", ".join(_value(each, place) for each in value) + "]"
    return str(value)
