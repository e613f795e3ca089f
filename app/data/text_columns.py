"""Columns of text turned into integers: vectorised, exact, and exact about errors.

Text is never read through binary floats: "34200.017459617" with nine digits is the
integer 34200017459617. A block that converts as a whole costs no Python per row; only
one that does not is searched row by row for what is wrong.
"""

import csv
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.errors import FileFormatError

_INT64: Final = 2**63
_MOST_REPORTED: Final = 20
_PRINT_ERROR: Final = Decimal("1e-12")


class Issues:
    """What is wrong with a file, row by row.

    Parameters
    ----------
    path : Path
    skip_bad : bool
        Whether bad rows are left out and counted; else the first one raises.
    """

    def __init__(self, path: Path, *, skip_bad: bool = False) -> None:
        self.path = path
        self.skip_bad = skip_bad
        self.count = 0
        self.reported: list[str] = []

    def bad(self, rule: str, row: int | None = None, column: str | None = None) -> None:
        """Report one bad row (or the file's end): what must hold, what was found."""
        self.report(FileFormatError(self.path, rule, row=row, column=column))

    def report(self, error: FileFormatError) -> None:
        """Report one fault: raised, or counted when bad rows are skipped."""
        if not self.skip_bad:
            raise error
        self.count += 1
        if len(self.reported) < _MOST_REPORTED:
            self.reported.append(str(error))


@dataclass(slots=True)
class Table:
    """Rows of text by column, with each row's number in its file."""

    names: Sequence[str]
    columns: list[Any]
    """pyarrow string arrays."""
    rows: NDArray[np.int64]
    """Line of each row, from 1."""
    issues: Issues

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> Any:
        """Text of a column."""
        return self.columns[self.names.index(name)]

    def scaled(
        self, name: str, digits: int, good: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Numbers x 10**digits of a column; `good` is cleared where there is none."""
        values, bad = scaled(self.column(name), digits)
        rule = "a number" if not digits else f"a number of at most {digits} decimals"
        self.refuse(bad, name, f"must be {rule}", good)
        return values

    def refuse(
        self,
        bad: NDArray[np.bool_],
        name: str,
        rule: str,
        good: NDArray[np.bool_],
        shown: Any = None,
    ) -> None:
        """Report the rows that break a rule and clear them in `good`."""
        for index in np.flatnonzero(bad & good):
            text = (self.column(name) if shown is None else shown)[int(index)]
            found = text.as_py() if hasattr(text, "as_py") else text
            self.issues.bad(f"{rule}, was {found!r}", int(self.rows[index]), name)
            good[index] = False


def read_table(
    block: bytes,
    names: Sequence[str],
    issues: Issues,
    first_row: int,
    delimiter: str = ",",
) -> Table:
    """Split whole lines into columns of text; lines of another width are reported.

    A field may be quoted, but a line's end ends the row.
    """
    import pyarrow as pa

    lines = block.count(b"\n") + (not block.endswith(b"\n"))
    split = None
    with suppress(pa.ArrowInvalid, UnicodeDecodeError):
        split = _split(block, names, delimiter)
    if split is None or split[2] != lines:
        # A quote that does not close has swallowed the lines after it.
        split = _split_by_line(block, names, delimiter)
    columns, unfit, count = split
    keep = np.ones(count, np.bool_)
    for index, found in unfit:
        keep[index] = False
        rule = f"a row must have {len(names)} columns, has {found}"
        issues.bad(rule, first_row + index)
    return Table(names, columns, first_row + np.flatnonzero(keep), issues)


def _split(
    block: bytes, names: Sequence[str], delimiter: str
) -> tuple[list[Any], list[tuple[int, int]], int]:
    """Return the columns, the unfit rows with their widths, and how many rows."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    # pyarrow would not tell the handler of a bad row that is no UTF-8.
    block.decode("utf-8")
    unfit: list[tuple[int, int]] = []

    def note(row: Any) -> str:
        unfit.append((row.number - 1, row.actual_columns))
        return "skip"

    table = arrow_csv.read_csv(
        pa.BufferReader(block),
        arrow_csv.ReadOptions(
            use_threads=False, block_size=len(block) + 1, column_names=names
        ),
        arrow_csv.ParseOptions(
            delimiter=delimiter, ignore_empty_lines=False, invalid_row_handler=note
        ),
        arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    columns = [table.column(name).combine_chunks() for name in names]
    return columns, unfit, len(table) + len(unfit)


def _split_by_line(
    block: bytes, names: Sequence[str], delimiter: str
) -> tuple[list[Any], list[tuple[int, int]], int]:
    """Do as `_split`, line by line and slowly."""
    import pyarrow as pa

    text = block.decode("utf-8", "backslashreplace").removesuffix("\n")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    fields = [fields_of(line, delimiter) for line in lines]
    unfit = [(i, len(row)) for i, row in enumerate(fields) if len(row) != len(names)]
    fit = [row for row in fields if len(row) == len(names)]
    columns = [pa.array(column, pa.string()) for column in zip(*fit, strict=True)]
    return columns or [pa.array([], pa.string())] * len(names), unfit, len(lines)


def fields_of(line: str, delimiter: str) -> list[str]:
    """Split a line into its fields, which may be quoted."""
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [""])
    except csv.Error:
        return line.split(delimiter)


def scaled(texts: Any, digits: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Turn decimal text into integers x 10**digits.

    Parameters
    ----------
    texts : pyarrow string array
    digits : int
        Decimals that the integers keep; text with more, other than zeros, is bad.

    Returns
    -------
    values : (n,) int64
        0 where bad.
    bad : (n,) bool
    """
    import pyarrow as pa

    try:
        whole = texts.cast(pa.decimal128(38, digits))
    except pa.ArrowInvalid:
        return _one_by_one(texts.to_pylist(), digits)
    pairs = np.frombuffer(whole.buffers()[1], np.int64).reshape(-1, 2)
    pairs = pairs[whole.offset : whole.offset + len(whole)]
    values, high = pairs[:, 0].copy(), pairs[:, 1]
    bad = high != values >> 63
    values[bad] = 0
    return values, bad


def _one_by_one(
    texts: list[str], digits: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    found = [_scaled(text, digits) for text in texts]
    bad = np.array([each is None for each in found], np.bool_)
    return np.array([each or 0 for each in found], np.int64), bad


def _scaled(text: str, digits: int) -> int | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or text != text.strip() or "_" in text:
        return None
    if number and abs(number.adjusted()) > 40:
        return None
    ratio = Fraction(number) * 10**digits
    value = ratio.numerator
    return value if ratio.denominator == 1 and abs(value) < _INT64 else None


def snapped(text: str, digits: int) -> int | None:
    """Read the print of a binary fraction that stands for a short decimal.

    Programs that compute with floats write ``397787.41249925003`` for
    ``397787.41249925``. What is within a millionth of a millionth of a decimal of so
    many digits is that decimal, x 10**digits; None for any other text.
    """
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number) >= 10 ** (18 - digits):
        return None
    near = number.quantize(Decimal(1).scaleb(-digits))
    if abs(near - number) > abs(number) * _PRINT_ERROR:
        return None
    return int(near.scaleb(digits))


def to_units(
    values: NDArray[np.int64], digits: int, unit: Decimal
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Turn integers x 10**-digits into counts of a unit; bad where off the grid."""
    ratio = Fraction(1, 10**digits) / Fraction(unit)
    up, down = ratio.numerator, ratio.denominator
    bound = (2**62 - 1) // up
    beyond = (values > bound) | (values < -bound)
    grown = np.where(beyond, 0, values) * up
    units = grown // down
    return units, beyond | (units * down != grown)
