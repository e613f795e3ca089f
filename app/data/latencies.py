"""Measured latencies, for the simulated venue's model of recorded round trips.

A file of them is CSV with a header: `time` (ISO 8601, UTC where it names no zone) when
a request was sent, `order_us` until the venue had it, `report_us` until its answer was
here, microseconds. Times ascend.
"""

import csv
import math
from datetime import datetime
from pathlib import Path
from typing import Final

from app.data.signals import ns_of
from app.errors import FileFormatError

_COLUMNS: Final = ("time", "order_us", "report_us")
_MOST_US: Final = 1e12


def load_latencies(path: Path) -> tuple[tuple[int, int, int], ...]:
    """Read a file of measured latencies.

    Returns
    -------
    tuple of (int, int, int)
        When sent, ns since 1970 UTC; order latency and report latency, ns.

    Raises
    ------
    FileFormatError
        If it cannot be read, or a row breaks a rule; it names file, line and value.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            for name in _COLUMNS:
                if name not in (rows.fieldnames or ()):
                    raise FileFormatError(path, "must be in the header", column=name)
            found = [_measured(path, rows.line_num, row) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileFormatError(path, str(error)) from error
    if not found:
        raise FileFormatError(path, "there must be latencies below the header")
    times = [each[0] for each in found]
    for number in range(1, len(times)):
        if times[number] <= times[number - 1]:
            raise FileFormatError(
                path, "must lie after the row above", row=number + 2, column="time"
            )
    return tuple(found)


def _measured(path: Path, line: int, row: dict[str, str]) -> tuple[int, int, int]:
    def fault(column: str, rule: str) -> FileFormatError:
        told = f"{rule}, was {row.get(column)!r}"
        return FileFormatError(path, told, row=line, column=column)

    try:
        moment = datetime.fromisoformat((row["time"] or "").strip())
    except ValueError as error:
        raise fault("time", "must be ISO 8601") from error
    lasted = []
    for column in _COLUMNS[1:]:
        try:
            value = float(row[column] or math.nan)
        except ValueError as error:
            raise fault(column, "must be a number") from error
        if not 0.0 <= value <= _MOST_US:
            raise fault(column, "must be microseconds, 0 or more")
        lasted.append(round(value * 1000))
    return ns_of(moment), lasted[0], lasted[1]
