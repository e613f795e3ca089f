"""Signals: numbers from outside that a backtest gives to strategies at their times.

A file of them is CSV with a header: `time` (ISO 8601, UTC where it names no zone),
`value`, and, if wanted, `symbol` (blank: about no instrument in particular) and
`number` (which signal it is; 0 by default). A strategy has them in `on_signal`, when
they were known: after the data of the same instant.
"""

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.data.importing import new_records
from app.engine.records import EventKind
from app.errors import FileFormatError

SIGNAL_SCALE: Final = 1_000_000
"""A signal's value is kept in millionths."""
_MOST: Final = 2.0**62
_COLUMNS: Final = ("time", "symbol", "number", "value")


def load_signals(path: Path, symbols: Sequence[str]) -> NDArray[np.void]:
    """Read a file of signals.

    Parameters
    ----------
    path : Path
    symbols : sequence of str
        Instruments of the session; records name them by place.

    Returns
    -------
    (n,) MARKET
        In order of time; those of one time in the order of the file.

    Raises
    ------
    FileFormatError
        If it cannot be read, or a row breaks a rule; it names file, line and value.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            _check_header(path, rows.fieldnames or ())
            found = [_signal(path, rows.line_num, row, symbols) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileFormatError(path, str(error)) from error
    if not found:
        raise FileFormatError(path, "there must be signals below the header")
    records = new_records(len(found))
    ts, number, instrument, value = zip(*found, strict=True)
    records["kind"] = EventKind.SIGNAL
    records["ts_venue"] = records["ts_received"] = ts
    records["reference"], records["instrument"] = number, instrument
    records["price"] = value
    return records[np.argsort(records["ts_received"], kind="stable")]


def _check_header(path: Path, names: Sequence[str]) -> None:
    for name in ("time", "value"):
        if name not in names:
            raise FileFormatError(path, "must be in the header", column=name)
    for name in names:
        if name not in _COLUMNS:
            known = ", ".join(_COLUMNS)
            raise FileFormatError(path, f"must be one of {known}", column=name)


def _signal(
    path: Path, line: int, row: dict[str, str], symbols: Sequence[str]
) -> tuple[int, int, int, int]:
    """Time, number, place of the instrument and value of one row."""

    def fault(column: str, rule: str) -> FileFormatError:
        told = f"{rule}, was {row.get(column)!r}"
        return FileFormatError(path, told, row=line, column=column)

    try:
        moment = datetime.fromisoformat((row["time"] or "").strip())
    except ValueError as error:
        raise fault("time", "must be ISO 8601") from error
    symbol = (row.get("symbol") or "").strip()
    if symbol and symbol not in symbols:
        raise fault("symbol", f"must be one of {', '.join(symbols)}")
    try:
        number = int(row.get("number") or 0)
    except ValueError as error:
        raise fault("number", "must be an integer") from error
    try:
        value = float(row["value"] or "nan") * SIGNAL_SCALE
    except ValueError as error:
        raise fault("value", "must be a number") from error
    if not abs(value) < _MOST:
        raise fault("value", "must be a finite number")
    place = symbols.index(symbol) if symbol else -1
    return ns_of(moment), number, place, round(value)


def ns_of(moment: datetime) -> int:
    """Return a time as ns since 1970 UTC; one without a zone is UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    seconds = since.days * 86_400 + since.seconds
    return (seconds * 1_000_000 + since.microseconds) * 1000


class SignalRecords:
    """Puts signals into a playback's blocks, after the data of their instant.

    Parameters
    ----------
    signals : (n,) MARKET
        In order of time.
    first_ts : int
        Received time of the playback's first record; what was before is over.
    """

    def __init__(self, signals: NDArray[np.void], first_ts: int) -> None:
        self._signals = signals
        self._next = int(np.searchsorted(signals["ts_received"], first_ts))

    def put(self, records: NDArray[np.void]) -> NDArray[np.void]:
        """Return a block with the signals that fall into it."""
        times = self._signals["ts_received"]
        if not len(records) or self._next == len(times):
            return records
        start, last = self._next, int(records["ts_received"][-1])
        # Those of the last instant come before the next block: it may have more of it.
        self._next = int(np.searchsorted(times, last))
        taken = self._signals[start : self._next]
        if not len(taken):
            return records
        places = np.searchsorted(
            records["ts_received"], taken["ts_received"], side="right"
        )
        joined: NDArray[np.void] = np.insert(records, places, taken)
        return joined

    def rest(self, last_ts: int) -> NDArray[np.void]:
        """Return what is left up to a time, included."""
        times, start = self._signals["ts_received"], self._next
        self._next = int(np.searchsorted(times, last_ts, side="right"))
        return self._signals[start : self._next]
