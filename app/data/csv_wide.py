"""Rows that are whole books: a column for each price and size of the best N levels.

The mapping's columns are ``bid_price_1``, ``bid_size_1``, ``bid_count_1`` and so on, 1
the best. In a mapping that is written by hand, one name stands for all
levels: its braces hold the number of the first, as it is written there
(``bids[{0}].price``, ``bid_px_{00}``, ``BidPrice{1}``); or the levels are listed, with
bars between them (``2|6|10``).
"""

import re
from collections.abc import Mapping
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from app.data.book_rows import TRADE, BookRows
from app.data.importing import new_records
from app.data.text_columns import Table, scaled
from app.engine.records import NO_PRICE, EventKind, RecordFlag

MOST_LEVELS: Final = 1000
SIDES: Final = ("bid", "ask")
LEVEL: Final = re.compile(r"(bid|ask)_(price|size|count)_([1-9]\d{0,3})")
"""Names of the columns of a level."""
_ONE: Final = re.compile(r"(bid|ask)_(price|size|count)")
_FIRST: Final = re.compile(r"\{(\d{1,3})\}")
_NOTHING: Final = ("", "nan", "none", "null", "na", "n/a", "-", "<na>")
_ZERO: Final = r"^[+-]?0+(\.0*)?([eE][+-]?\d+)?$"


class Numbers(Protocol):
    """Reads numbers of a table in the units of an instrument."""

    def prices(
        self, table: Table, name: str, good: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Read a column of prices; `good` is cleared where there is none."""
        ...

    def sizes(
        self, table: Table, name: str, good: NDArray[np.bool_], least: int
    ) -> NDArray[np.int64]:
        """Read a column of sizes, each of `least` or more."""
        ...


def each_level(columns: Mapping[str, str], levels: int) -> dict[str, str]:
    """Return a mapping with a column for each level that one name stands for.

    >>> each_level({"bid_price": "b{0}", "ask_price": "3|5"}, 2)
    {'bid_price_1': 'b0', 'bid_price_2': 'b1', 'ask_price_1': '3', 'ask_price_2': '5'}
    """
    told: dict[str, str] = {}
    for ours, theirs in columns.items():
        first = _FIRST.search(theirs)
        if not _ONE.fullmatch(ours):
            told[ours] = theirs
        elif first is None:
            for number, each in enumerate(theirs.split("|"), 1):
                told[f"{ours}_{number}"] = each.strip()
        else:
            head, tail = theirs[: first.start()], theirs[first.end() :]
            digits = first[1]
            for number in range(levels):
                at = f"{int(digits) + number:0{len(digits)}}"
                told[f"{ours}_{number + 1}"] = f"{head}{at}{tail}"
    return told


def levels_of(columns: Mapping[str, str]) -> int:
    """Return how many levels a side some columns tell; 0 where some are missing."""
    found = [match for match in map(LEVEL.fullmatch, columns) if match]
    count = max((int(match[3]) for match in found), default=0)
    if count > MOST_LEVELS:
        return 0
    needed = {
        f"{side}_{what}_{number}"
        for side in SIDES
        for what in ("price", "size")
        for number in range(1, count + 1)
    }
    return count if needed <= set(columns) else 0


def without_blanks(table: Table) -> Table:
    """Return a table with zeros for the price and size of levels that are not there.

    A level is not there where its size is 0 or nothing, or its price is nothing; what
    stands for no price beside a size of 0 is nobody's price.
    """
    import pyarrow.compute as pc

    texts = dict(zip(table.names, table.columns, strict=True))
    for name in table.names:
        match = LEVEL.fullmatch(name)
        if match is None or match[2] != "price":
            continue
        of = {
            what: f"{match[1]}_{what}_{match[3]}" for what in ("price", "size", "count")
        }
        size = texts[of["size"]]
        gone = pc.or_(_blank(texts[name]), _blank(size))
        gone = pc.or_(gone, pc.match_substring_regex(size, _ZERO))
        for each in of.values():
            if each in texts:
                texts[each] = pc.if_else(gone, "0", texts[each])
    if "action" in texts:
        is_trade = _is_trade(texts["action"])
        for each in ("price", "size"):
            texts[each] = pc.if_else(is_trade, texts[each], "0")
    return Table(table.names, list(texts.values()), table.rows, table.issues)


def _blank(texts: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    plain = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    return pc.is_in(plain, value_set=pa.array(_NOTHING, pa.string()))


def _is_trade(texts: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    plain = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    return pc.is_in(plain, value_set=pa.array(("t", "trade"), pa.string()))


class BookColumns:
    """Reads the levels of rows, and the trades that some rows tell of.

    Parameters
    ----------
    depth : int
        Levels a side.
    sides : mapping of str to int
        Words for a trade's aggressor.
    """

    def __init__(self, depth: int, sides: Mapping[str, int]) -> None:
        self._depth = depth
        self._sides = sides
        self._rows = BookRows(depth)
        self._levels = np.empty((0, 2, depth, 3), np.int64)
        self._trades = new_records(0)
        self._traded = np.empty(0, np.bool_)

    def read(
        self,
        table: Table,
        records: NDArray[np.void],
        numbers: Numbers,
        good: NDArray[np.bool_],
    ) -> None:
        """Read a table; `good` is cleared where a row is no book."""
        self._levels = np.zeros((len(table), 2, self._depth, 3), np.int64)
        for side, name in enumerate(SIDES):
            for k in range(self._depth):
                self._read_level(
                    table, name, k, self._levels[:, side, k], numbers, good
                )
            self._check_order(table, name, self._levels[:, side, :, 0], good)
        self._trades = records.copy()
        self._traded = np.zeros(len(table), np.bool_)
        if "action" in table.names:
            self._read_trades(table, numbers, good)

    def _read_level(
        self,
        table: Table,
        side: str,
        k: int,
        level: NDArray[np.int64],
        numbers: Numbers,
        good: NDArray[np.bool_],
    ) -> None:
        number = k + 1
        level[:, 0] = numbers.prices(table, f"{side}_price_{number}", good)
        level[:, 1] = numbers.sizes(table, f"{side}_size_{number}", good, 0)
        name = f"{side}_count_{number}"
        if name in table.names:
            level[:, 2], bad = scaled(table.column(name), 0)
            bad |= (level[:, 2] < 0) | (level[:, 2] >= 2**31)
            table.refuse(bad, name, "must be a number of orders", good)
        level[level[:, 1] == 0] = NO_PRICE, 0, 0

    def _check_order(
        self,
        table: Table,
        side: str,
        prices: NDArray[np.int64],
        good: NDArray[np.bool_],
    ) -> None:
        """Refuse rows whose levels are not in order: their columns are others."""
        rule = "must be below" if side == "bid" else "must be above"
        for k in range(1, self._depth):
            nearer, price = prices[:, k - 1], prices[:, k]
            there = (nearer != NO_PRICE) & (price != NO_PRICE)
            off = price >= nearer if side == "bid" else price <= nearer
            name = f"{side}_price_{k + 1}"
            table.refuse(there & off, name, f"{rule} the level before it", good)

    def _read_trades(
        self, table: Table, numbers: Numbers, good: NDArray[np.bool_]
    ) -> None:
        self._traded = np.asarray(_is_trade(table.column("action")), np.bool_)
        told = self._trades
        told["kind"] = EventKind.TRADE
        told["price"] = numbers.prices(table, "price", good)
        told["size"] = numbers.sizes(table, "size", good, 0)
        empty = self._traded & (told["size"] == 0)
        table.refuse(empty, "size", "a trade's must be positive", good)
        if "side" in table.names:
            words = (each.strip().lower() for each in table.column("side").to_pylist())
            told["aggressor"] = [self._sides.get(word, 0) for word in words]

    def records(
        self, stamps: NDArray[np.void], good: NDArray[np.bool_]
    ) -> NDArray[np.void]:
        """Return the records of what was read: one event a row.

        Parameters
        ----------
        stamps : (n,) MARKET
            Times of each row.
        good : (n,) bool
            Rows that count; a row is a whole book, so those left out leave no gap.
        """
        is_first = not self._rows.has_begun
        told = self._trades[good & self._traded]
        trades = np.flatnonzero(self._traded[good]), TRADE, told
        records, at = self._rows.take(stamps[good], self._levels[good], [trades])
        ends = np.append(at[1:] != at[:-1], True)[: len(at)]
        records["flags"] = np.where(ends, RecordFlag.LAST, 0)
        if is_first:
            records["flags"][at == 0] |= np.uint16(RecordFlag.SNAPSHOT)
        return records
