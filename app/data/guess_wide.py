"""Finding the levels of a book among the names of columns, whoever named them.

``asks[0].price``, ``bid_px_00``, ``bid1`` and ``bidsize1``, ``BidPrice1``, ``b1p``,
``level1-ask-volume``: a side, one number, and what the column has of it, a price where
nothing is said.
"""

import re
from collections.abc import Sequence
from typing import Final

from app.data.csv_wide import SIDES, levels_of

_SIDE: Final = r"(?P<{0}>bids?|b|buy|asks?|a|offers?|o|sell)"
_WHAT: Final = (
    r"(?P<{0}>prices?|px|prc|p"
    r"|size|sz|s|volume|vol|v|qty|quantity|q|amount|amt|lots?"
    r"|count|ct|cnt|c|orders?|ordercount|numorders|num|n)"
)
_LEVEL: Final = r"(?:levels?|lvl|lv|l|depth)?"
_NAME: Final = re.compile(
    f"{_LEVEL}(?:{_SIDE.format('side')}{_WHAT.format('what')}?"
    f"|{_WHAT.format('what2')}{_SIDE.format('side2')}){_LEVEL}"
)
_FEWEST: Final = 2


def wide_columns(names: Sequence[str]) -> dict[str, str]:
    """Return the columns of the levels, ours to theirs; nothing where these are none.

    Levels are counted from the first number that is there, 0 or 1; those that lack a
    price or a size of a side, and all beyond, are not read.
    """
    found: dict[tuple[str, str, int], str] = {}
    for name in names:
        parsed = _parsed(name)
        if parsed is not None:
            # Two names for one thing: this is no such table.
            if parsed in found:
                return {}
            found[parsed] = name
    first = min((number for _, _, number in found), default=0)
    columns: dict[str, str] = {}
    number = first
    while first <= 1:
        level = {
            f"{side}_{what}_{number - first + 1}": found.get((side, what, number), "")
            for side in SIDES
            for what in ("price", "size", "count")
        }
        if not all(theirs for ours, theirs in level.items() if "count" not in ours):
            break
        columns |= {ours: theirs for ours, theirs in level.items() if theirs}
        number += 1
    return columns if levels_of(columns) >= _FEWEST else {}


def _parsed(name: str) -> tuple[str, str, int] | None:
    """Return side, what and level of a column; None where it is no level's."""
    parts = re.findall(r"[a-z]+|\d+", name.lower())
    numbers = [part for part in parts if part.isdigit()]
    match = _NAME.fullmatch("".join(part for part in parts if not part.isdigit()))
    if match is None or len(numbers) != 1 or len(numbers[0]) > 3:
        return None
    side = match["side"] or match["side2"]
    what = match["what"] or match["what2"] or "price"
    kind = "size"
    if what.startswith("p"):
        kind = "price"
    elif what[0] in "cn" or what.startswith("order"):
        kind = "count"
    return "bid" if side[0] == "b" else "ask", kind, int(numbers[0])


def ranges_of(columns: dict[str, str]) -> str:
    """Say which columns the levels are: the first and the last of each."""
    depth = levels_of(columns)
    told = []
    for side in SIDES:
        for what in ("price", "size", "count"):
            first, last = (columns.get(f"{side}_{what}_{k}") for k in (1, depth))
            if first and last:
                told.append(f"{side} {what} = {first} … {last}")
    return ", ".join(told)
