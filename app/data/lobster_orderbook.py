"""LOBSTER's orderbook file, and the message file it belongs to, row by row."""

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.data.lobster_book import EMPTY, BookBuilder
from app.data.source import Source
from app.data.text_columns import Issues, Table, read_table, to_units
from app.errors import FileFormatError
from app.instrument import Instrument

PRICE_DIGITS: Final = 4
"""Prices are US dollars x 10**4."""
_DUMMY: Final = 9_999_999_999


class Messages:
    """The sound rows of a message file.

    Attributes
    ----------
    times : (n,) int64
        Nanoseconds after midnight.
    table : (n, 5) int64
        Type, node of the order, size, price in units, direction.
    table_rows : (n,) int64
        Line of each in the file.
    orders : (m,) int64
        Order ids, by node.
    lines : int
        Lines of the file, sound or not.
    """

    def __init__(self, rows: NDArray[np.int64], lines: int) -> None:
        self.times = np.ascontiguousarray(rows[:, 1])
        self.table_rows = np.ascontiguousarray(rows[:, 0])
        self.orders, nodes = np.unique(rows[:, 3], return_inverse=True)
        self.lines = lines
        self.table = np.ascontiguousarray(
            np.column_stack([rows[:, 2], nodes, rows[:, 4], rows[:, 5], rows[:, 6]])
        )


class OrderbookFile:
    """The orderbook file, read in step with the messages."""

    def __init__(
        self, path: Path, issues: Issues, instrument: Instrument, messages: Messages
    ) -> None:
        self._path = path
        self._issues = issues
        self._instrument = instrument
        self._messages = messages
        self._source = Source(path)
        self._tables = self._read()
        self._held = np.empty((0, 2, 0, 2), np.int64)
        self._taken = 0
        self._line = 0
        self.depth = 0
        self._fill(1)

    def rows(self, count: int) -> NDArray[np.int64]:
        """Return the rows of the next messages: (count, 2, depth, 2)."""
        self._fill(count)
        if len(self._held) < count:
            have, need = self._line, self._messages.lines
            rule = f"must have a row per message: {have} rows for {need} messages"
            raise FileFormatError(self._path, rule)
        taken, self._held = self._held[:count], self._held[count:]
        self._taken += count
        return np.ascontiguousarray(taken)

    def end(self) -> None:
        """Check that no row is left over."""
        deque(self._tables, maxlen=0)
        left = self._line - self._messages.lines
        if left > 0:
            rule = f"must have a row per message: has {left} more"
            self._issues.bad(rule, self._messages.lines + 1)

    def explain(self, builder: BookBuilder, messages: Messages) -> None:
        """Raise: the file differs from what the messages give."""
        row, side, level, found, expected = builder.fault()
        column = f"{('bid', 'ask')[side]} size {level + 1}"
        raise FileFormatError(
            self._path,
            f"does not follow from the messages: was {found}, they give {expected} "
            "(with --skip-bad the file is believed)",
            row=int(messages.table_rows[row]),
            column=column,
        )

    def _fill(self, count: int) -> None:
        while len(self._held) < count:
            part = next(self._tables, None)
            if part is None:
                return
            self._held = part if not len(self._held) else np.vstack([self._held, part])

    def _read(self) -> Iterator[NDArray[np.int64]]:
        for block in self._source.line_blocks():
            if not self.depth:
                width = block.split(b"\n", 1)[0].count(b",") + 1
                if width % 4:
                    rule = f"must have four columns a level, has {width}"
                    raise FileFormatError(self._path, rule, row=1)
                self.depth = width // 4
            names = [
                f"{name} {k + 1}"
                for k in range(self.depth)
                for name in ("ask price", "ask size", "bid price", "bid size")
            ]
            table = read_table(block, names, self._issues, self._line + 1)
            self._line += block.count(b"\n") + (not block.endswith(b"\n"))
            yield self._levels(table)
        if self._source.damage is not None:
            self._issues.report(self._source.damage)

    def _levels(self, table: Table) -> NDArray[np.int64]:
        good = np.ones(len(table), np.bool_)
        # Only rows whose message was sound have one to belong to.
        wanted = np.isin(table.rows, self._messages.table_rows, assume_unique=True)
        out = np.empty((len(table), 2, self.depth, 2), np.int64)
        unit, bound = self._instrument.price_unit, self._instrument.price_bound
        for k in range(self.depth):
            for side, name in enumerate(("bid", "ask")):
                column = f"{name} price {k + 1}"
                prices = table.scaled(column, 0, good)
                sizes = table.scaled(f"{name} size {k + 1}", 0, good)
                empty = np.abs(prices) == _DUMMY
                units, off = to_units(prices, PRICE_DIGITS, unit)
                off = ~empty & (off | (np.abs(units) > bound))
                table.refuse(off, column, f"must be on the price unit {unit}", good)
                wrong = ~empty & (sizes <= 0)
                table.refuse(wrong, f"{name} size {k + 1}", "must be positive", good)
                out[:, side, k, 0] = np.where(empty, EMPTY, units)
                out[:, side, k, 1] = np.where(empty, 0, sizes)
                if k:
                    before, after = out[:, side, k - 1, 0], out[:, side, k, 0]
                    worse = after < before if name == "bid" else after > before
                    unsorted = (after != EMPTY) & ((before == EMPTY) | ~worse)
                    rule = "must be worse than the level before"
                    table.refuse(unsorted, column, rule, good)
        if not np.all(good[wanted]):
            # A message without its row cannot be held to it: keep the row before.
            for index in np.flatnonzero(~good & wanted):
                out[index] = out[index - 1] if index else EMPTY
        return out[wanted]
