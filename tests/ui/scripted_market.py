"""The scripted walk as market records, which its history is folded of."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.engine.records import BUY, MARKET, SELL, EventKind, RecordFlag


class WalkRecords:
    """Writes what changed in the books since the last call."""

    def __init__(self) -> None:
        self._shown: dict[int, dict[tuple[int, int], int]] = {}
        self._volume: dict[int, int] = {}

    def take(self, now: int, books: Sequence[Any]) -> np.ndarray:
        """Records of one step of all books, (n,) MARKET."""
        rows: list[tuple[int, int, int, int, int, int]] = []
        for number, book in enumerate(books):
            rows += self._of_book(number, book)
        records = np.zeros(len(rows), MARKET)
        if rows:
            columns = np.array(rows, np.int64).T
            names = "instrument", "kind", "side", "price", "size", "aggressor"
            for name, column in zip(names, columns, strict=True):
                records[name] = column
            records["flags"] = RecordFlag.LAST
        records["ts_venue"] = records["ts_received"] = now
        return records

    def _of_book(self, number: int, book: Any) -> list[Any]:
        now = {
            (side, book.price(side, i)): size
            for side, sizes in zip((BUY, SELL), book.sizes.astype(int), strict=True)
            for i, size in enumerate(sizes.tolist())
        }
        shown, self._shown[number] = self._shown.get(number), now
        if shown is None:
            self._volume[number] = book.volume
            added = [
                (number, EventKind.LEVEL, *key, size, 0) for key, size in now.items()
            ]
            begin = (number, EventKind.SNAPSHOT_BEGIN, 0, 0, 0, 0)
            return [begin, *added, (number, EventKind.SNAPSHOT_END, 0, 0, 0, 0)]
        # Levels that went, then those that changed: never crossed in between.
        gone = [
            (number, EventKind.LEVEL, *key, 0, 0) for key in shown if key not in now
        ]
        changed = [
            (number, EventKind.LEVEL, *key, size, 0)
            for key, size in now.items()
            if shown.get(key) != size
        ]
        return [*self._trade(number, book), *gone, *changed]

    def _trade(self, number: int, book: Any) -> list[Any]:
        if book.volume == self._volume[number]:
            return []
        self._volume[number] = book.volume
        side = book.last_side
        return [(number, EventKind.TRADE, 0, book.last, book.last_size, side)]
