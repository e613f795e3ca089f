"""Scenarios of what this version does not do, with the reason, rule by rule."""

from typing import Final

_BY_RULE: Final[dict[int, dict[str, str]]] = {}

NOT_BUILT: Final = {
    name: reason
    for reasons in _BY_RULE.values()
    for reason, names in reasons.items()
    for name in names.split()
}
"""Reason by the scenario's id."""
