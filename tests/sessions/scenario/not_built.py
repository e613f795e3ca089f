"""Scenarios of what this version does not do, with the reason, rule by rule."""

from typing import Final

_DAY_ENDS: Final = "orders that follow the hours"
_ICEBERG: Final = "iceberg orders"
_STOPS: Final = "stop orders"
_AUCTIONS: Final = "halts, auctions and auction orders"
_GROUPS: Final = "OCO groups and brackets"
_AT_MATCH: Final = "reduce-only is capped by the gate, not by the venue at the match"

_BY_RULE: Final[dict[int, dict[str, str]]] = {
    13: {_DAY_ENDS: "13-d"},
    16: {_ICEBERG: "16-g 16-h"},
    18: {_ICEBERG: "18-f"},
    20: {_AT_MATCH: "20-f"},
    22: {_STOPS: "22-d"},
    24: {_DAY_ENDS: "24-a 24-c"},
    25: {"orders good till a date": "25-d"},
    26: {_AUCTIONS: "26-a 26-c"},
    28: {_GROUPS: "28-a 28-b 28-c 28-d"},
    29: {_GROUPS: "29-a 29-b 29-c"},
}

NOT_BUILT: Final = {
    name: reason
    for reasons in _BY_RULE.values()
    for reason, names in reasons.items()
    for name in names.split()
}
"""Reason by the scenario's id."""
