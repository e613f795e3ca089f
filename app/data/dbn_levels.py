"""DBN records that are not orders: depth, top of book, trades and bars.

A depth record repeats all its levels; only what changed since the one before becomes a
LEVEL record. A level that leaves the window is taken out, so the book always holds
exactly the window.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.data.bar_stamps import at_close
from app.data.dbn_rows import LAST, SNAPSHOT, Rows
from app.data.importing import new_records
from app.engine.records import BAR, NO_PRICE, EventKind, RecordFlag
from app.instrument import Instrument

_INT32: Final = 2**31
_Part = tuple[NDArray[np.int64], int, NDArray[np.void]]
"""Row of each record, rank within its row, the records."""
_BEGIN, _TRADE, _LEFT, _CHANGED, _END, _TRADE_LATER = range(6)
_ENDS: Final = ((_BEGIN, EventKind.SNAPSHOT_BEGIN), (_END, EventKind.SNAPSHOT_END))


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
        self._before: NDArray[np.int64] | None = None

    def take(self, rows: Rows) -> NDArray[np.void]:
        """Translate rows."""
        good = np.ones(len(rows), np.bool_)
        levels = self._levels(rows, good)
        traded = rows.data["action"] == b"T"
        told = trades(rows, self._instrument, good, traded)[traded & good]
        rows, levels = rows.where(good), levels[good]
        if not len(rows):
            return new_records(0)
        is_first = self._before is None
        before = _nothing(self._depth) if self._before is None else self._before
        parts = _changes(rows, np.concatenate([before, levels[:-1]]), levels)
        self._before = levels[-1:]
        at = np.flatnonzero(rows.data["action"] == b"T")
        parts.append((at, _TRADE_LATER if self._book_is_before else _TRADE, told))
        if is_first:
            for rank, kind in _ENDS:
                end = rows.records(np.zeros(1, np.int64))
                end["kind"] = kind
                parts.append((np.zeros(1, np.int64), rank, end))
        return self._joined(rows, parts)

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

    def _joined(self, rows: Rows, parts: list[_Part]) -> NDArray[np.void]:
        """Put the parts in order; a row that changes nothing becomes a tick of time."""
        silent = np.ones(len(rows), np.bool_)
        for at, _, _ in parts:
            silent[at] = False
        quiet = np.flatnonzero(silent)
        ticks = rows.records(quiet)
        ticks["kind"] = EventKind.TIMER
        parts.append((quiet, _TRADE, ticks))
        at = np.concatenate([part[0] for part in parts])
        ranks = np.concatenate([np.full(len(part[0]), part[1]) for part in parts])
        order = np.lexsort((ranks, at))
        records, at = np.concatenate([part[2] for part in parts])[order], at[order]
        flags = rows.data["flags"][at]
        ends = np.append(at[1:] != at[:-1], True)
        last = ends & ((flags & LAST != 0) | self._book_is_before)
        records["flags"] = np.where(last, RecordFlag.LAST, 0)
        records["flags"] |= np.where(flags & SNAPSHOT, RecordFlag.SNAPSHOT, 0).astype(
            np.uint16
        )
        # A snapshot carries the time of the last change; the book is of now.
        old = flags & SNAPSHOT != 0
        records["ts_venue"][old] = records["ts_received"][old]
        return records


def _nothing(depth: int) -> NDArray[np.int64]:
    """Return the levels of an empty book."""
    levels = np.zeros((1, 2, depth, 3), np.int64)
    levels[..., 0] = NO_PRICE
    return levels


def _changes(
    rows: Rows, before: NDArray[np.int64], after: NDArray[np.int64]
) -> list[_Part]:
    """Return LEVEL records: what left, then what is new or different."""
    parts: list[_Part] = []
    for side, sign in ((0, 1), (1, -1)):
        old, new = before[:, side], after[:, side]
        price = old[:, :, None, 0] == new[:, None, :, 0]
        equal = price & np.all(old[:, :, None, 1:] == new[:, None, :, 1:], axis=3)
        left = (old[..., 0] != NO_PRICE) & ~price.any(axis=2)
        changed = (new[..., 0] != NO_PRICE) & ~equal.any(axis=1)
        for rank, where, levels in ((_LEFT, left, old), (_CHANGED, changed, new)):
            at, k = np.nonzero(where)
            records = rows.records(at)
            records["kind"], records["side"] = EventKind.LEVEL, sign
            records["price"] = levels[at, k, 0]
            if rank == _CHANGED:
                records["size"], records["count"] = levels[at, k, 1], levels[at, k, 2]
            parts.append((at, rank, records))
    return parts
