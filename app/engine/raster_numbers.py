"""Numbers written as glyphs: sizes, changes and prices, as `ui.formatting` writes them.

Written backwards from an end, digit by digit, so that nothing is allocated and no text
is made: a storm of sizes costs no more than the same sizes again.
"""

from typing import Any, Final

import numpy as np

from app.engine.compile import kernel
from app.engine.memory import view

FIGURES: Final = "0123456789.,−+kMGTP"
"""Characters whose glyphs a NUMBER needs, in the order of its `figures`."""
_POINT, _COMMA, _MINUS, _PLUS = 10, 11, 12, 13
_LETTERS: Final = 13
"""A letter's place is this plus the power of a thousand."""
_MOST_LETTERS: Final = 5
SIZE, CHANGE, PRICE = range(3)
"""Kinds of NUMBER: a size in few figures, the same with its sign, a price."""
SIZE_WIDTH: Final = 6
"""Characters that fit before a size is shortened."""
NUMBER_CODES: Final = 96
_MOST: Final = 2**62

BAND: Final = np.dtype([("start", "<i8"), ("step", "<i8"), ("decimals", "<i8")])
"""A band of the tick table: prices from its start, their step and decimals."""
NUMBER: Final = np.dtype(
    [
        ("figures", "<i8"),  # address of the glyphs of FIGURES in its font, int32
        ("kind", "<i8"),  # SIZE, CHANGE, PRICE
        ("numerator", "<i8"),  # a unit is numerator / 10**places
        ("places", "<i8"),
        ("bands", "<i8"),  # PRICE: address of BANDs
        ("band_count", "<i8"),
        ("suffix", "<i4"),  # run behind the number where there is room; 0 = none
        ("margin", "<i4"),  # kept free at the far side of a number with a suffix, px
    ]
)
"""How a number is written."""


@kernel
def _digits(buffer: Any, end: int, count: int, decimals: int, grouped: bool) -> int:
    """Write a count of 10**-decimals before `end`; return where it begins."""
    at = end
    for _ in range(decimals):
        at -= 1
        buffer[at] = count % 10
        count //= 10
    if decimals:
        at -= 1
        buffer[at] = _POINT
    written = 0
    while True:
        at -= 1
        buffer[at] = count % 10
        count //= 10
        written += 1
        if count <= 0:
            return at
        if grouped and written % 3 == 0:
            at -= 1
            buffer[at] = _COMMA


@kernel
def _plain(buffer: Any, end: int, count: int, decimals: int, grouped: bool) -> int:
    """Write a count of 10**-decimals without trailing zeros."""
    while decimals > 0 and count % 10 == 0:
        count //= 10
        decimals -= 1
    return _digits(buffer, end, count, decimals, grouped)


@kernel
def _length(count: int) -> int:
    length = 1
    while count >= 10:
        count //= 10
        length += 1
    return length


@kernel
def _rounded(count: int, drop: int) -> int:
    """Make the last figures of a count zeros, half to even."""
    unit = 1
    for _ in range(drop):
        unit *= 10
    whole, rest = count // unit, count % unit
    if rest * 2 > unit or (rest * 2 == unit and whole % 2 == 1):
        whole += 1
    return whole * unit


@kernel
def _short(buffer: Any, end: int, count: int, places: int) -> int:
    """Write a count of 10**-places in few figures and a letter (`short_count`)."""
    exponent = _length(count) - 1 - places
    drop = _length(count) - (4 if 1 <= exponent < 3 else 3)
    if drop > 0:
        count = _rounded(count, drop)
    exponent = _length(count) - 1 - places
    letter = min(_MOST_LETTERS, max(0, exponent) // 3)
    at = end
    if letter:
        at -= 1
        buffer[at] = _LETTERS + letter
    return _plain(buffer, at, count, places + 3 * letter, False)


@kernel
def _size(style: Any, value: int, buffer: Any, end: int) -> int:
    """Write a size (quantity units): whole where it fits, else in few figures."""
    count = min(value, _MOST // style["numerator"]) * style["numerator"]
    at = _plain(buffer, end, count, style["places"], True)
    if end - at <= SIZE_WIDTH:
        return at
    return _short(buffer, end, count, style["places"])


@kernel
def _price(style: Any, value: int, buffer: Any, end: int) -> int:
    """Write a price (price units) with the decimals of its tick."""
    bands = view(style["bands"], style["band_count"], BAND)
    band = 0
    while band + 1 < len(bands) and value >= bands[band + 1]["start"]:
        band += 1
    decimals = bands[band]["decimals"]
    if value % bands[band]["step"]:
        decimals = style["places"]  # between two ticks: show all of it
    most = _MOST // style["numerator"]
    count = max(-most, min(value, most)) * style["numerator"]
    for _ in range(style["places"] - decimals):
        count //= 10
    at = _digits(buffer, end, abs(count), decimals, False)
    if count < 0:
        at -= 1
        buffer[at] = _MINUS
    return at


@kernel
def number_codes(style: Any, value: int, buffer: Any, end: int) -> int:
    """Write a value's glyphs before `end`; return where they begin. Zero sizes: none.

    Parameters
    ----------
    style : NUMBER record
    buffer : (NUMBER_CODES,) int32
        Its half before `end` holds the longest number.
    """
    at = end
    if style["kind"] == PRICE:
        at = _price(style, value, buffer, end)
    elif value:
        # Bounded before its sign goes: the least int64 has no positive twin.
        bounded = max(-_MOST, min(value, _MOST))
        at = _size(style, abs(bounded), buffer, end)
        if style["kind"] == CHANGE:
            at -= 1
            buffer[at] = _PLUS if value > 0 else _MINUS
    figures: Any = view(style["figures"], len(FIGURES), np.int32)
    for i in range(at, end):
        buffer[i] = figures[buffer[i]]
    return at
