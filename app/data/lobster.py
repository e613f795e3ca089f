"""LOBSTER files: a day of NASDAQ order messages, and the book after each.

Message columns: seconds after midnight New York with up to nine decimals, type, order
id, shares, US dollars x 10000, direction of the resting order. Types: 1 new, 2 partial
cancel, 3 delete, 4 and 5 execution of a visible or hidden order, 6 cross, 7 halt.
Orderbook columns: ask price, ask size, bid price, bid size, level by level.

Each message becomes one venue event: one or more records, the last with
`RecordFlag.LAST`. With the orderbook file the book follows it row by row
(app/data/lobster_book.py); without it, it starts empty and holds announced orders only.
LOBSTER (2011), "Limit Order Book System: The Efficient Reconstructor".
"""

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from app.data.catalog_writer import Target
from app.data.importing import Import, Sketch, new_records
from app.data.lobster_book import (
    KIND,
    NOTHING,
    PRICE,
    REFERENCE,
    ROW,
    SIDE,
    SIZE,
    BookBuilder,
)
from app.data.lobster_orderbook import PRICE_DIGITS, Messages, OrderbookFile
from app.data.source import Source
from app.data.text_columns import Table, read_table, to_units
from app.engine.records import EventKind, RecordFlag, SessionState, TradeCondition
from app.errors import FileFormatError
from app.instrument import Hours, InstrumentKind

ZONE: Final = "America/New_York"
MESSAGE: Final = ("time", "type", "order id", "size", "price", "direction")
_DAY_SECONDS: Final = 86_400
_CHUNK_ROWS: Final = 1 << 16
_FILE_NAME: Final = re.compile(r"(?P<name>[^_]+)_(?P<date>\d{4}-\d{2}-\d{2})_")
_HALT_STATES: Final = {
    -1: SessionState.HALTED,
    0: SessionState.PRE_OPEN,
    1: SessionState.OPEN,
}
_NEW, _EXECUTED, _HIDDEN, _CROSS, _HALT = 1, 4, 5, 6, 7


class LobsterImporter:
    """Reads one message file and, at best, its orderbook file.

    Parameters
    ----------
    orderbook : Path, optional
        The file with the book after each message.
    day : date, optional
        The trading day; the file's name tells it as a rule.
    """

    name = "lobster"

    def __init__(self, orderbook: Path | None = None, day: date | None = None) -> None:
        self._orderbook = orderbook
        self._day = day

    def sniff(self, path: Path) -> bool:
        """Tell whether a file's name is that of a LOBSTER message file."""
        return bool(_FILE_NAME.match(path.name)) and "message" in path.name

    def read(self, paths: Sequence[Path], run: Import) -> None:
        """Read one message file."""
        if len(paths) != 1:
            rule = f"one message file is imported at a time, were {len(paths)}"
            raise FileFormatError(paths[-1], rule)
        path = paths[0]
        _DayOfMessages(path, self._orderbook, self._named_day(path), run).read()

    def _named_day(self, path: Path) -> date:
        if self._day is not None:
            return self._day
        match = _FILE_NAME.match(path.name)
        try:
            return date.fromisoformat(match["date"] if match else "")
        except ValueError:
            rule = "the name must hold the date as in AMZN_2012-06-21_…, or use --date"
            raise FileFormatError(path, rule) from None


class _DayOfMessages:
    """One import: the message file whole, the orderbook file beside it in chunks."""

    def __init__(
        self, path: Path, orderbook: Path | None, day: date, run: Import
    ) -> None:
        self._path = path
        self._orderbook = orderbook
        self._day = day
        self._run = run
        self._issues = run.issues(path)
        match = _FILE_NAME.match(path.name)
        name = run.options.instrument or (match["name"] if match else None)
        if name is None:
            raise FileFormatError(path, "does not name its instrument: --instrument")
        self._instrument = run.instrument(name, _sketch)

    def read(self) -> None:
        """Read, rebuild and hand over."""
        messages = self._messages()
        if not len(messages.times):
            return
        books = self._books(messages)
        depth = books.depth if books else 0
        target = Target(
            self._instrument, "orders", "orders", window=depth or None, time_zone=ZONE
        )
        strict = not self._run.options.skip_bad
        builder = BookBuilder(messages.orders, depth, strict=strict)
        done = 0
        while done < len(messages.times):
            stop = min(done + _CHUNK_ROWS, len(messages.times))
            rows = books.rows(stop - done) if books else _no_rows(stop - done)
            for out in builder.run(messages.table[done:stop], rows):
                if builder.faults and strict:
                    assert books is not None
                    books.explain(builder, messages)
                self._run.emit(target, self._records(out, messages))
            done = stop
            self._run.progress(0.4 + 0.6 * done / len(messages.times))
        if books:
            books.end()
        self._note(builder, depth, target)

    def _note(self, builder: BookBuilder, depth: int, target: Target) -> None:
        if depth:
            note = (
                f"book of {depth} levels a side, held to {_name(self._orderbook)}; put "
                f"right at its outermost level after {builder.corrected} messages"
            )
        else:
            note = (
                "no orderbook file: the book starts empty and holds announced orders "
                f"only; {builder.unknown} events were of others"
            )
        if builder.faults:
            note += f"; {builder.faults} differences that no message explains"
        target.notes.append(note)
        self._run.notes.append(note)

    def _messages(self) -> Messages:
        issues, source = self._issues, Source(self._path)
        parts: list[NDArray[np.int64]] = []
        row, last = 1, -1
        for block in source.line_blocks():
            names = _names(block, MESSAGE)
            table = read_table(block, names, issues, row)
            part, last = self._checked(table, last)
            parts.append(part)
            row += block.count(b"\n")
            self._run.progress(0.4 * source.read / max(1, source.total))
        if source.damage is not None:
            issues.report(source.damage)
        if not parts:
            return Messages(np.empty((0, 7), np.int64), 0)
        return Messages(np.concatenate(parts), row - 1)

    def _checked(self, table: Table, last: int) -> tuple[NDArray[np.int64], int]:
        """Return row, time, type, id, size, price, direction of the sound rows."""
        good = np.ones(len(table), np.bool_)
        times = table.scaled("time", 9, good)
        kinds, ids, sizes, prices, sides = (
            table.scaled(name, 0, good) for name in MESSAGE[1:]
        )
        beyond = (times < 0) | (times >= _DAY_SECONDS * 10**9)
        table.refuse(beyond, "time", "must lie in [0, 86400) s", good)
        known = (kinds >= _NEW) & (kinds <= _HALT)
        table.refuse(~known, "type", "must be 1 to 7", good)
        visible = kinds < _CROSS
        table.refuse(visible & (sizes <= 0), "size", "must be positive", good)
        table.refuse((sizes < 0), "size", "must not be negative", good)
        table.refuse(visible & (prices <= 0), "price", "must be positive", good)
        table.refuse(np.abs(sides) != 1, "direction", "must be 1 or -1", good)
        state = np.isin(prices, tuple(_HALT_STATES))
        table.refuse((kinds == _HALT) & ~state, "price", "must be -1, 0 or 1", good)
        units, off = self._units(prices)
        off &= kinds != _HALT
        table.refuse(off, "price", f"must be on {self._grid()}", good)
        units[kinds == _HALT] = prices[kinds == _HALT]
        # After the rest: a row that is bad for another reason sets no time.
        latest = np.maximum.accumulate([last, *np.where(good, times, last)])
        table.refuse(times < latest[:-1], "time", "must not go back", good)
        columns = (table.rows, times, kinds, ids, sizes, units, sides)
        kept = times[good]
        return np.column_stack(columns)[good], int(kept[-1]) if len(kept) else last

    def _units(
        self, prices: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        units, off = to_units(prices, PRICE_DIGITS, self._instrument.price_unit)
        return units, off | (np.abs(units) > self._instrument.price_bound)

    def _grid(self) -> str:
        instrument = self._instrument
        bound = instrument.price(instrument.price_bound)
        return f"the price unit {instrument.price_unit} and within {bound} (x 10000)"

    def _books(self, messages: Messages) -> OrderbookFile | None:
        if self._orderbook is None:
            return None
        issues = self._run.issues(self._orderbook)
        return OrderbookFile(self._orderbook, issues, self._instrument, messages)

    def _records(self, out: NDArray[np.int64], messages: Messages) -> NDArray[np.void]:
        """Make records of the builder's rows; the first event becomes a snapshot."""
        records = new_records(len(out))
        rows, kinds, sides = out[:, ROW], out[:, KIND], out[:, SIDE]
        times = messages.times[rows] + _midnight(self._day)
        records["ts_venue"] = records["ts_received"] = times
        records["sequence"] = messages.table_rows[rows]
        records["price"], records["size"] = out[:, PRICE], out[:, SIZE]
        records["reference"], records["side"] = out[:, REFERENCE], sides
        records["kind"] = np.where(kinds > 0, kinds, EventKind.TRADE)
        traded = np.isin(kinds, (EventKind.ORDER_EXECUTE, EventKind.TRADE, -_HIDDEN))
        records["aggressor"] = np.where(traded, -sides, 0)
        records["conditions"][kinds == -_HIDDEN] = TradeCondition.HIDDEN
        records["conditions"][kinds == -_CROSS] = TradeCondition.CROSS
        for code, state in _HALT_STATES.items():
            halts = (kinds == -_HALT) & (out[:, PRICE] == code)
            records["kind"][halts] = EventKind.SESSION
            records["count"][halts] = state
        records["kind"][kinds == NOTHING] = EventKind.TIMER
        for name in ("price", "size", "side"):
            records[name][np.isin(kinds, (NOTHING, -_HALT))] = 0
        return _with_events(records, rows)


def _with_events(
    records: NDArray[np.void], rows: NDArray[np.int64]
) -> NDArray[np.void]:
    """Mark the last record of each message; wrap the first message as a snapshot."""
    last = np.append(rows[1:] != rows[:-1], True)
    records["flags"][last] = RecordFlag.LAST
    if not len(rows) or rows[0] != 0:
        return records
    count = int(np.searchsorted(rows, 1))
    first = records[:count]
    first["flags"] = RecordFlag.SNAPSHOT
    ends = new_records(2)
    for name in ("ts_venue", "ts_received", "sequence"):
        ends[name] = first[name][0]
    ends["kind"] = EventKind.SNAPSHOT_BEGIN, EventKind.SNAPSHOT_END
    ends["flags"] = (
        RecordFlag.SNAPSHOT,
        RecordFlag.SNAPSHOT | RecordFlag.LAST,
    )
    return np.concatenate([ends[:1], first, ends[1:], records[count:]])


def _sketch() -> Sketch:
    return Sketch(
        kind=InstrumentKind.STOCK,
        venue="XNAS",
        currency="USD",
        price_unit=Decimal("0.0001"),
        price_step=100,
        more={
            "calendar": "NASDAQ",
            "time_zone": ZONE,
            "regular_hours": Hours.parse("09:30-16:00"),
            "extended_hours": Hours.parse("04:00-20:00"),
        },
    )


def _names(block: bytes, names: tuple[str, ...]) -> tuple[str, ...]:
    """Newer files carry a seventh column, the attribution; it is not used."""
    width = block.split(b"\n", 1)[0].count(b",") + 1
    return (*names, "attribution") if width == len(names) + 1 else names


def _midnight(day: date) -> int:
    """New York's midnight in ns since 1970 UTC, by the offset that holds at noon."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(ZONE))
    return (int(noon.timestamp()) - 12 * 3600) * 10**9


def _no_rows(count: int) -> NDArray[np.int64]:
    return np.empty((count, 2, 0, 2), np.int64)


def _name(path: Path | None) -> str:
    return path.name if path else "no file"
