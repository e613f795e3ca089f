"""DBN records that are not orders: depth, top of book, trades and bars.

A depth record repeats all its levels: app/data/book_rows.py tells what changed.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.data.bar_stamps import at_close
from app.data.book_rows import TRADE, TRADE_LATER, BookRows, Part
from app.data.dbn_rows import LAST, SNAPSHOT, Rows
from app.data.importing import new_records
from app.engine.records import BAR, NO_PRICE, EventKind, RecordFlag
from app.instrument import Instrument

_INT32: Final = 2**31


class TradeTranslator:
    """Trades: each is an event of its own."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument

    def take(self, rows: Rows) -> NDArray[np.void]:
        """Translate rows."""
        good = np.ones(len(rows), np.bool_)
        records = trades(rows, self._instrument, good)
        records["flags"] = RecordFlag.LAST
        return records[good]

    def end(self) -> NDArray[np.void]:
        """Nothing is held back."""
        return new_records(0)

    def notes(self) -> list[str]:
        """Nothing is to be said."""
        return []


def trades(
    rows: Rows,
    instrument: Instrument,
    good: NDArray[np.bool_],
    among: NDArray[np.bool_] | None = None,
) -> NDArray[np.void]:
    """Return a TRADE record per row; `good` is cleared where one cannot be a trade."""
    is_trade = np.ones(len(rows), np.bool_) if among is None else among
    records = rows.records()
    records["kind"] = EventKind.TRADE
    records["price"] = rows.prices("price", instrument, good)
    none = is_trade & (records["price"] == NO_PRICE)
    rows.refuse(none, "price", "a trade must have a price", good)
    records["size"] = rows.data["size"]
    empty = is_trade & (records["size"] <= 0)
    rows.refuse(empty, "size", "must be positive", good)
    records["aggressor"] = rows.sides()
    return records


class BarTranslator:
    """Bars, stamped at the open by Databento and at the close here (SEMANTICS 12)."""

    def __init__(self, instrument: Instrument, bar_ns: int) -> None:
        self._instrument = instrument
        self._bar_ns = bar_ns

    def take(self, rows: Rows) -> NDArray[np.void]:
        """Translate rows."""
        good = np.ones(len(rows), np.bool_)
        opens, highs, lows, closes = (
            rows.prices(name, self._instrument, good)
            for name in ("open", "high", "low", "close")
        )
        rows.refuse(opens == NO_PRICE, "open", "a bar must have prices", good)
        rows.refuse(highs < np.maximum(opens, closes), "high", "is no high", good)
        rows.refuse(lows > np.minimum(opens, closes), "low", "is no low", good)
        wide = np.maximum(highs - opens, opens - lows) >= _INT32
        rows.refuse(wide, "high", "must lie within 2**31 units of the open", good)
        records = new_records(len(rows))
        bars = records.view(BAR)
        opens_at = rows.data["ts_event"].astype(np.int64)
        bars["ts_venue"] = at_close(opens_at, self._bar_ns)
        bars["ts_received"] = bars["ts_venue"]
        bars["kind"] = EventKind.BAR
        bars["flags"] = RecordFlag.LAST
        bars["open"] = opens
        bars["volume"] = rows.data["volume"]
        rows.refuse(bars["volume"] < 0, "volume", "must be below 2**63", good)
        bars["high_offset"] = np.where(good, highs - opens, 0)
        bars["low_offset"] = np.where(good, lows - opens, 0)
        bars["close_offset"] = np.where(good, closes - opens, 0)
        return records[good]

    def end(self) -> NDArray[np.void]:
        """Nothing is held back."""
        return new_records(0)

    def notes(self) -> list[str]:
        """Say that stamps were moved."""
        return [
            f"bars stamped at their close, {self._bar_ns // 10**9} s after the open"
        ]


class LevelTranslator:
    """Depth records: what changed between one and the next.

    Parameters
    ----------
    instrument : Instrument
    depth : int
        Levels a side.
    book_is_before : bool
        Whether a record's levels are those before its trade, not after.
    """

    def __init__(
        self, instrument: Instrument, depth: int, *, book_is_before: bool = False
    ) -> None:
        self._instrument = instrument
        self._depth = depth
        self._book_is_before = book_is_before
        self._changes = BookRows(depth)

    def take(self, rows: Rows) -> NDArray[np.void]:
        """Translate rows."""
        good = np.ones(len(rows), np.bool_)
        levels = self._levels(rows, good)
        traded = rows.data["action"] == b"T"
        told = trades(rows, self._instrument, good, traded)[traded & good]
        rows, levels = rows.where(good), levels[good]
        if not len(rows):
            return new_records(0)
        rank = TRADE_LATER if self._book_is_before else TRADE
        trade: Part = np.flatnonzero(rows.data["action"] == b"T"), rank, told
        records, at = self._changes.take(rows.records(), levels, [trade])
        self._flag(records, rows.data["flags"][at], at)
        return records

    def end(self) -> NDArray[np.void]:
        """Nothing is held back."""
        return new_records(0)

    def notes(self) -> list[str]:
        """Nothing is to be said."""
        return []

    def _levels(self, rows: Rows, good: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return price, size and count of every level: (rows, 2 sides, depth, 3)."""
        levels = np.zeros((len(rows), 2, self._depth, 3), np.int64)
        for side, name in enumerate(("bid", "ask")):
            for k in range(self._depth):
                one = levels[:, side, k]
                one[:, 0] = rows.prices(f"{name}_px_{k:02}", self._instrument, good)
                one[:, 1] = rows.data[f"{name}_sz_{k:02}"]
                one[:, 2] = rows.data[f"{name}_ct_{k:02}"]
                one[(one[:, 0] == NO_PRICE) | (one[:, 1] == 0)] = NO_PRICE, 0, 0
        return levels

    def _flag(
        self,
        records: NDArray[np.void],
        flags: NDArray[np.uint8],
        at: NDArray[np.int64],
    ) -> None:
        """Set the flags of records by those of their rows."""
        ends = np.append(at[1:] != at[:-1], True)
        last = ends & ((flags & LAST != 0) | self._book_is_before)
        records["flags"] = np.where(last, RecordFlag.LAST, 0)
        records["flags"] |= np.where(flags & SNAPSHOT, RecordFlag.SNAPSHOT, 0).astype(
            np.uint16
        )
        # A snapshot carries the time of the last change; the book is of now.
        old = flags & SNAPSHOT != 0
        records["ts_venue"][old] = records["ts_received"][old]
