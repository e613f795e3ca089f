"""Columns of text as people's programs write them, made plain before they are read.

Decimal commas, a date and a time in two columns, amounts with a currency sign, with
groups of thousands, or in thousands (1.5K), rows of several symbols.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import numpy as np

from app.data.csv_map import CsvMap
from app.data.csv_wide import LEVEL, without_blanks
from app.data.text_columns import Table

NUMBERS: Final = frozenset(
    ("price", "size", "bid_price", "bid_size", "ask_price", "ask_size")
) | frozenset(("open", "high", "low", "close", "volume"))
"""Columns of numbers."""
_DRESSED: Final = re.compile(
    r"\s*([+-]?)\s*[$€£¥₿]?\s*(\d{1,3}(?:[,'\u00a0\u2009 ]\d{3})+|\d+)(\.\d*)?\s*"
    r"([KMB]?)\s*"
)
_POWERS: Final = {"": 0, "K": 3, "M": 6, "B": 9}


def is_number(name: str) -> bool:
    """Whether a column has prices or sizes."""
    match = LEVEL.fullmatch(name)
    return name in NUMBERS if match is None else match[2] != "count"


def tidied(table: Table, mapping: CsvMap) -> Table:
    """Return a table with its date and time in one column and with decimal points.

    Where its rows are whole books, levels that are not there become zeros.
    """
    table = _plain(table, mapping)
    return without_blanks(table) if mapping.kind == "book" else table


def _plain(table: Table, mapping: CsvMap) -> Table:
    if "date" not in mapping.columns and mapping.decimal == ".":
        return table
    import pyarrow.compute as pc

    columns: list[Any] = []
    for name, column in zip(table.names, table.columns, strict=True):
        if name == "time" and "date" in mapping.columns:
            parts = (pc.utf8_trim_whitespace(each) for each in _moment(table, column))
            column = pc.binary_join_element_wise(*parts, " ")
        elif is_number(name) and mapping.decimal == ",":
            plain = pc.replace_substring(column, ".", "")
            column = pc.replace_substring(plain, ",", ".")
        columns.append(column)
    return Table(table.names, columns, table.rows, table.issues)


def _moment(table: Table, time: Any) -> tuple[Any, Any]:
    return table.column("date"), time


def undressed(text: str) -> str | None:
    """Read an amount in its dress; None where it is no number.

    >>> undressed("$1,234.50"), undressed("2.5K")
    ('1234.50', '2500')
    """
    match = _DRESSED.fullmatch(text.upper())
    if match is None:
        return None
    sign, whole, rest, letter = match.groups()
    digits = re.sub(r"\D", "", whole) + (rest or "").rstrip(".")
    if letter:
        digits = f"{Decimal(digits).scaleb(_POWERS[letter]):f}"
        digits = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return f"{sign}{digits}"


def by_symbol(table: Table, mapping: CsvMap) -> Iterator[tuple[str, Table]]:
    """Split a table by its column of symbols; "" where it has none."""
    if "symbol" not in mapping.columns:
        yield "", table
        return
    import pyarrow as pa

    coded = table.column("symbol").dictionary_encode()
    numbers = np.asarray(coded.indices)
    for number, name in enumerate(coded.dictionary.to_pylist()):
        places = np.flatnonzero(numbers == number)
        taken = pa.array(places)
        columns = [each.take(taken) for each in table.columns]
        part = Table(table.names, columns, table.rows[places], table.issues)
        yield name.strip(), part
