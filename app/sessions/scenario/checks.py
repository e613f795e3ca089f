"""What a value in a scenario file may be: each check says what rule it breaks, or "".

A check is a function of the value. `one_of`, `table`, `list_of` and their fellows make
checks of others; the first broken rule is told with the key it stands under.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias

Check: TypeAlias = Callable[[Any], str]
"""Says which rule a value breaks; an empty text for none."""

_FRACTION: Final = re.compile(r"-?\d+/\d+")


def whole(value: Any) -> str:
    """Accept an integer."""
    fits = isinstance(value, int) and not isinstance(value, bool)
    return "" if fits else "must be an integer"


def positive(value: Any) -> str:
    """Accept an integer above zero."""
    return "" if not whole(value) and value > 0 else "must be a positive integer"


def text(value: Any) -> str:
    """Accept a text that is not empty."""
    return "" if isinstance(value, str) and value else "must be a text"


def flag(value: Any) -> str:
    """Accept true or false."""
    return "" if isinstance(value, bool) else "must be true or false"


def number(value: Any) -> str:
    """Accept a number, or a text that is a decimal number or a fraction."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return ""
    wrong = "must be a number, or a text of one"
    if not isinstance(value, str):
        return wrong
    if _FRACTION.fullmatch(value):
        return ""
    try:
        return "" if Decimal(value).is_finite() else wrong
    except InvalidOperation:
        return wrong


def moment(value: Any) -> str:
    """Accept a time: an integer, or ISO 8601 in UTC."""
    if not whole(value):
        return ""
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return "must be an integer or an ISO time"
    return ""


def anything(_value: Any) -> str:
    """Accept any value: a comparer reads it."""
    return ""


def nullable(check: Check) -> Check:
    """Accept null as well."""
    return lambda value: "" if value is None else check(value)


def either(*checks: Check) -> Check:
    """Accept what one of several checks accepts; the last one's rule is told."""

    def check(value: Any) -> str:
        broken = [each(value) for each in checks]
        return "" if "" in broken else broken[-1]

    return check


def one_of(*names: str) -> Check:
    """Accept one of a few words."""
    known = ", ".join(names)
    return lambda value: "" if value in names else f"must be one of {known}"


def list_of(check: Check, length: int | None = None) -> Check:
    """Accept a list whose entries pass; of a length where one is given."""

    def of_list(value: Any) -> str:
        if not isinstance(value, list):
            return "must be a list"
        if length is not None and len(value) != length:
            return f"must be a list of {length}"
        return next((rule for rule in map(check, value) if rule), "")

    return of_list


def by_name(check: Check) -> Check:
    """Accept a table of any names whose values pass."""

    def of_table(value: Any) -> str:
        if not isinstance(value, Mapping):
            return "must be a table"
        for name, each in value.items():
            rule = check(each)
            if rule:
                return f"{name} {rule}"
        return ""

    return of_table


def table(required: Mapping[str, Check], optional: Mapping[str, Check]) -> Check:
    """Accept a table of known keys: the required ones and any of the optional."""
    known = {**required, **optional}

    def of_table(value: Any) -> str:
        if not isinstance(value, Mapping):
            return "must be a table"
        for name in value:
            if name not in known:
                return f"must hold known keys ({', '.join(known)}), not {name!r}"
        for name in required:
            if name not in value:
                return f"must hold {name!r}"
        for name, each in value.items():
            rule = known[name](each)
            if rule:
                return f"{name} {rule}"
        return ""

    return of_table
